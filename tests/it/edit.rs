//! `edit`, with editors that are shell scripts: what they see, what is written, and that nothing stays behind.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::sandbox::{Ended, PLAIN, Sandbox, only_value_and_metadata, without_privileges};

const FILE: &str = "secret/app.yaml";

#[test]
fn one_value_changes_one_line() {
    let sandbox = Sandbox::encrypted();
    let before = sandbox.read(FILE);
    // sed -i replaces the file: another one under the same name
    let script = "sed -i.bak s/canary-one/canary-new/ \"$file\"";
    sandbox.edit(script, FILE).code(0).says("saved, 1 of ").says("encrypted values changed");
    only_value_and_metadata(&before, &sandbox.read(FILE), "password: 'ENC[");
    assert_eq!(sandbox.plain(FILE), PLAIN.replace("canary-one", "canary-new"));
    sandbox.nothing_left();
}

#[test]
fn the_folder_is_private_and_the_file_keeps_its_name() {
    let sandbox = Sandbox::encrypted();
    sandbox.edit("echo 'new: 1' >> \"$file\"", FILE).code(0);
    let listing = sandbox.listing();
    let mut lines = listing.lines();
    assert!(lines.next().unwrap().starts_with("drwx------"), "{listing}");
    let file = lines.next().unwrap();
    assert!(file.starts_with("-rw-------"), "{listing}");
    assert!(file.ends_with("/app.yaml"), "{listing}");
    let shm = Command::new("stat").args(["-f", "-c", "%T", "/dev/shm"]).output();
    if shm.is_ok_and(|output| output.stdout == b"tmpfs\n") {
        assert!(sandbox.folders()[0].starts_with("/dev/shm"));
    }
}

#[test]
fn an_unchanged_text_writes_nothing() {
    let sandbox = Sandbox::encrypted();
    let before = std::fs::metadata(sandbox.path(FILE)).unwrap();
    sandbox.edit("touch \"$file\"", FILE).code(200).says("not changed");
    let after = std::fs::metadata(sandbox.path(FILE)).unwrap();
    assert_eq!(before.modified().unwrap(), after.modified().unwrap());
    assert_eq!(std::os::unix::fs::MetadataExt::ino(&before), std::os::unix::fs::MetadataExt::ino(&after));
    sandbox.nothing_left();
}

/// There is no text to show: an empty one would take the place of the bytes.
#[test]
fn bytes_that_are_not_text_are_not_edited() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path("secret/tls.p12"), b"a\xFFb").unwrap();
    sandbox.run(&["encrypt", "-i", "secret/tls.p12"]).code(0);
    let before = sandbox.read("secret/tls.p12");
    sandbox.edit("echo text > \"$file\"", "secret/tls.p12").code(4).says("not text").says("--onto");
    assert_eq!(sandbox.read("secret/tls.p12"), before);
    assert!(sandbox.folders().is_empty());
}

#[test]
fn a_failing_editor_writes_nothing() {
    let sandbox = Sandbox::encrypted();
    let before = sandbox.read(FILE);
    let ended = sandbox.edit("echo canary-four > \"$file\"; exit 3", FILE).code(201);
    assert!(!ended.stderr.contains("canary"));
    assert_eq!(sandbox.read(FILE), before);
    sandbox.nothing_left();

    sandbox.edit("rm \"$file\"", FILE).code(201).says("removed");
    assert_eq!(sandbox.read(FILE), before);
    let missing = sandbox.command(&["edit", FILE]).env("EDITOR", "/no/such/editor").output().unwrap();
    assert_eq!(missing.status.code(), Some(201));
}

#[test]
fn a_text_that_cannot_be_encrypted_changes_nothing() {
    let sandbox = Sandbox::encrypted();
    let before = sandbox.read(FILE);
    for (script, code, message) in [
        ("printf 'a: [1\\nb: canary-four\\n' > \"$file\"", 2, "app.yaml:"),
        ("printf 'a: 1\\na: canary-four\\n' > \"$file\"", 214, "app.yaml:2"),
        ("printf 'a: \\377\\n' > \"$file\"", 2, "UTF-8"),
        ("printf 'host: canary-four\\n' > \"$file\"", 211, "selects no value"),
        (": > \"$file\"", 92, "nothing in it"),
    ] {
        let ended = sandbox.edit(script, FILE).code(code).says(message);
        assert!(!ended.stderr.contains("canary"), "{}", ended.stderr);
        assert_eq!(sandbox.read(FILE), before);
    }
    sandbox.nothing_left();
}

#[test]
fn a_change_by_somebody_else_is_found() {
    let sandbox = Sandbox::encrypted();
    let other = sandbox.read(FILE).replace("# settings", "# Settings");
    let script = format!(
        "sed -i.bak s/canary-one/canary-new/ \"$file\"; sed -i.bak 's/# settings/# Settings/' '{}'",
        sandbox.path(FILE).display()
    );
    let ended = sandbox.edit(&script, FILE).code(217).says("app.yaml.edited");
    assert!(!ended.stderr.contains("canary"));
    assert_eq!(sandbox.read(FILE), other);
    // the edit is kept, encrypted
    assert!(!sandbox.read("secret/app.yaml.edited").contains("canary"));
    assert!(sandbox.plain("secret/app.yaml.edited").contains("canary-new"));
    sandbox.nothing_left();
}

/// The file itself may be written, but not replaced: that is said before anybody works for nothing.
#[test]
fn a_read_only_folder_is_found_before_the_editor_opens() {
    let sandbox = Sandbox::encrypted();
    sandbox.write("plain.yaml", "db:\n  password: x\n");
    let before = sandbox.read(FILE);
    sandbox.mode("secret", 0o555);
    for mut command in [
        sandbox.edit_command("exit 9", FILE),
        sandbox.edit_command("exit 9", "secret/new.yaml"),
        sandbox.edit_command("exit 9", "secret/deep/new.yaml"),
        sandbox.command(&["set", FILE, "db.password", "x"]),
        sandbox.command(&["unset", FILE, "db.password"]),
        sandbox.command(&["rotate", "-i", FILE]),
        sandbox.command(&["decrypt", "-i", "secret"]),
        sandbox.command(&["decrypt", FILE, "-o", "secret/plain.yaml"]),
        sandbox.command(&["decrypt", FILE, "--output-dir", "secret/deep"]),
        sandbox.command(&["encrypt", "--onto", FILE, "-i", "plain.yaml"]),
    ] {
        let ended: Ended = without_privileges(&mut command).output().unwrap().into();
        ended.code(219).says("secret is read-only").says("hint: make the folder writable first: chmod u+w secret");
    }
    sandbox.mode("secret", 0o755);
    assert!(sandbox.folders().is_empty(), "the editor was opened");
    assert_eq!(sandbox.read(FILE), before);
}

/// What cannot be written beside the file any more is kept elsewhere, encrypted.
#[test]
fn an_edit_is_rescued_outside_of_a_folder_that_became_read_only() {
    let sandbox = Sandbox::encrypted();
    let before = sandbox.read(FILE);
    let folder = sandbox.path("secret");
    let script = format!("sed -i.bak s/canary-one/canary-new/ \"$file\"; chmod 555 '{}'", folder.display());
    let tmp = sandbox.path("../tmp").canonicalize().unwrap();
    for kept in [tmp.join("app.yaml.edited"), tmp.join("app.yaml.edited-2"), sandbox.home().join("app.yaml.edited")] {
        let mut command = sandbox.edit_command(&script, FILE);
        command.env("TMPDIR", &tmp);
        if kept.starts_with(sandbox.home()) {
            command.env("TMPDIR", "/no/such/folder");
        }
        let ended: Ended = without_privileges(&mut command).output().unwrap().into();
        sandbox.mode("secret", 0o755);
        let ended = ended.code(3).says(&format!("your edit is not lost: it is in {}, encrypted", kept.display()));
        assert!(!ended.stderr.contains("canary"), "{}", ended.stderr);
        assert_eq!(sandbox.read(FILE), before);
        let text = std::fs::read_to_string(&kept).unwrap();
        assert!(!text.contains("canary"), "{text}");
        assert_eq!(sandbox.plain(kept.to_str().unwrap()), PLAIN.replace("canary-one", "canary-new"));
        let mode = std::fs::metadata(&kept).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert!(sandbox.folders().iter().all(|folder| !folder.exists()));
}

#[test]
fn allow_empty_takes_a_text_without_secrets_as_the_hint_says() {
    let sandbox = Sandbox::encrypted();
    let script = "printf 'host: x\\n' > \"$file\"";
    sandbox.edit(script, FILE).code(211).says("pass --allow-empty");
    for file in [FILE, "secret/new.yaml"] {
        let mut command = sandbox.edit_command(script, file);
        Ended::from(command.arg("--allow-empty").output().unwrap()).code(0).says("saved, 0 values encrypted");
        assert_eq!(sandbox.plain(file), "host: x\n");
    }
    let mut command = sandbox.edit_command("printf '1: x\\npin: 2\\n' > \"$file\"", FILE);
    Ended::from(command.output().unwrap()).code(216).says("pass --allow-unrepresentable");
    Ended::from(command.arg("--allow-unrepresentable").output().unwrap()).code(0);
    sandbox.nothing_left();
}

#[test]
fn json_says_which_file_was_saved() {
    let sandbox = Sandbox::encrypted();
    for file in [FILE, "secret/new.yaml"] {
        let mut command = sandbox.edit_command("echo 'pin: 1' > \"$file\"", file);
        let ended = Ended::from(command.args(["--json", "-q"]).output().unwrap()).code(0);
        assert_eq!(ended.stdout, format!("{{\"changed\":true,\"file\":\"{file}\"}}\n"));
        assert_eq!(ended.stderr, "");
        // the same text again is an error, and no result
        let ended = Ended::from(command.output().unwrap()).code(200);
        assert_eq!(ended.stdout, "");
    }
}

#[test]
fn another_sealant_has_to_wait() {
    let sandbox = Sandbox::encrypted();
    let script = format!(
        "cd '{}'; '{}' unset {FILE} users && exit 9; sed -i.bak s/canary-one/canary-new/ \"$file\"",
        sandbox.path("").display(),
        env!("CARGO_BIN_EXE_sealant")
    );
    sandbox.edit(&script, FILE).code(0).says("another sealant");
    assert!(sandbox.plain(FILE).contains("canary-three"));
}

#[test]
fn a_new_file_is_made_by_its_rule() {
    let sandbox = Sandbox::new();
    let script = "grep -q '^# Replace' \"$file\"; echo 'password: canary-one' > \"$file\"";
    sandbox.edit(script, "secret/deep/new.yaml").code(0);
    assert!(sandbox.read("secret/deep/new.yaml").starts_with("password: ENC["));
    assert_eq!(sandbox.plain("secret/deep/new.yaml"), "password: canary-one\n");
    sandbox.edit(":", "secret/other.yaml").code(200);
    assert!(!sandbox.exists("secret/other.yaml"));
    sandbox.edit(script, "elsewhere/new.yaml").code(210);
    assert!(!sandbox.exists("elsewhere"));
    sandbox.nothing_left();
}

#[test]
fn a_plain_file_is_not_edited() {
    let sandbox = Sandbox::new();
    sandbox.write("secret/plain.yaml", PLAIN);
    sandbox.edit("exit 9", "secret/plain.yaml").code(225);
    assert!(sandbox.folders().is_empty());
}

/// Starts an editor that stays open, sends a signal, and returns the exit code.
fn interrupted(sandbox: &Sandbox, signal: &str, whole_group: bool) -> Option<i32> {
    let ready = sandbox.path("ready");
    let script = format!("touch '{}'; sleep 20", ready.display());
    let mut child = sandbox
        .edit_command(&script, FILE)
        .process_group(0)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    while !ready.exists() {
        assert!(begin.elapsed() < Duration::from_secs(20), "no editor");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(sandbox.folders()[0].join("app.yaml").exists());
    let minus = if whole_group { "-" } else { "" };
    let target = format!("{minus}{}", child.id());
    let kill = |signal: &str, target: &str| {
        let arguments = ["-s", signal, "--", target];
        Command::new("kill").args(arguments).stderr(Stdio::null()).status().unwrap()
    };
    assert!(kill(signal, &target).success());
    let code = child.wait().unwrap().code();
    // an editor that was left alone
    kill("KILL", &format!("-{}", child.id()));
    code
}

#[test]
fn signals_leave_nothing_behind() {
    for (signal, whole_group, code) in [
        ("TERM", false, 128 + 15),
        ("HUP", false, 128 + 1),
        // Ctrl-C goes to the editor too, which has the terminal
        ("INT", true, 128 + 2),
        ("TERM", true, 128 + 15),
    ] {
        let sandbox = Sandbox::encrypted();
        let before = sandbox.read(FILE);
        let ended = interrupted(&sandbox, signal, whole_group);
        if whole_group {
            // whichever is first: the editor's end or our own
            assert!(ended == Some(code) || ended == Some(201), "{signal}: {ended:?}");
        } else {
            assert_eq!(ended, Some(code), "{signal}");
        }
        assert_eq!(sandbox.read(FILE), before);
        sandbox.nothing_left();
    }
}

/// With a terminal, bad text opens the editor again where the error is, with the work still in it.
#[cfg(target_os = "linux")]
#[test]
fn bad_text_opens_the_editor_again_at_the_error() {
    let sandbox = Sandbox::encrypted();
    // a name that stands for a way to say the line
    let nano = sandbox.path("../nano");
    let script = "if [ -e \"$file.seen\" ]; then echo \"$@\" > ../again; sed -i 's/ \\[bad$/ good/' \"$file\"; \
                  else touch \"$file.seen\"; echo 'more: [bad' >> \"$file\"; fi";
    std::fs::rename(sandbox.editor(script), &nano).unwrap();
    let line = format!("{} edit {FILE}", env!("CARGO_BIN_EXE_sealant"));
    let terminal = |input: &str| {
        use std::io::Write;
        let mut command = sandbox.command(&[]);
        let mut script = Command::new("script");
        script.args(["-qec", &line, "/dev/null"]).current_dir(sandbox.path("")).env_clear();
        script.envs(command.env("EDITOR", &nano).get_envs().filter_map(|(name, value)| Some((name, value?))));
        let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("util-linux has script");
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let before = sandbox.read(FILE);
    let (code, shown) = terminal("");
    assert_eq!((code, sandbox.read(FILE)), (Some(2), before), "{shown}");
    assert!(shown.contains("given up"), "{shown}");

    let (code, shown) = terminal("\n");
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("app.yaml:") && shown.contains("press Enter"), "{shown}");
    assert_eq!(sandbox.plain(FILE), format!("{PLAIN}more: good\n"));
    let again = std::fs::read_to_string(sandbox.path("../again")).unwrap();
    assert!(again.starts_with("-R +1") && again.ends_with("/app.yaml\n"), "{again}");
    sandbox.nothing_left();
}

/// A renamed key that the rule does not select left its secret in clear, and nothing was said.
#[test]
fn a_secret_that_comes_to_stand_in_clear_is_told_of() {
    let sandbox = Sandbox::encrypted();
    let ended = sandbox
        .edit("sed -i.bak s/password:/passphrase:/ \"$file\"", FILE)
        .code(0)
        .says("IN CLEAR now: db.passphrase;");
    assert!(!ended.stderr.contains("canary"), "{}", ended.stderr);
    let ended = sandbox.edit("echo 'new: other' >> \"$file\"", FILE).code(0);
    assert!(!ended.stderr.contains("CLEAR"), "{}", ended.stderr);
    sandbox.nothing_left();
}

/// A value of several lines came back as a block when another one was edited.
#[test]
fn decoded_values_that_nobody_touched_keep_their_lines() {
    let sandbox = Sandbox::new();
    let plain = "kind: Secret\ndata:\n  pem: YQpiCg== # a key\n  password: aHVudGVyMg==\n";
    std::fs::write(sandbox.path("secret/k.yaml"), plain).unwrap();
    sandbox.run(&["encrypt", "-i", "secret/k.yaml"]).code(0);
    let before = sandbox.read("secret/k.yaml");
    let script = "sed -i.bak s/hunter2/hunter3/ \"$file\"";
    let mut command = sandbox.edit_command(script, "secret/k.yaml");
    Ended::from(command.arg("--decode-data").output().unwrap()).code(0);
    assert_eq!(sandbox.plain("secret/k.yaml"), plain.replace("aHVudGVyMg==", "aHVudGVyMw=="));
    only_value_and_metadata(&before, &sandbox.read("secret/k.yaml"), "password: ENC[");

    std::fs::write(sandbox.path("secret/k.json"), "{\"kind\": \"Secret\", \"data\": {\"password\": \"YQ==\"}}\n")
        .unwrap();
    sandbox.run(&["encrypt", "-i", "secret/k.json"]).code(0);
    let mut command = sandbox.edit_command(script, "secret/k.json");
    Ended::from(command.arg("--decode-data").output().unwrap()).code(8).says("in YAML only");
}
