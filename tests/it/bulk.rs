//! Many files in one call: what they are taken for, what becomes of their modes, and what is left out.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::sandbox::{Ended, PLAIN, Sandbox};

const FILE: &str = "secret/app.yaml";

fn mode(sandbox: &Sandbox, path: &str) -> u32 {
    std::fs::metadata(sandbox.path(path)).unwrap().permissions().mode() & 0o7777
}

#[test]
fn decrypt_output_over_a_file_that_others_may_read_is_not_left_open() {
    let sandbox = Sandbox::encrypted();
    std::fs::create_dir(sandbox.path("out")).unwrap();
    for path in ["plain.yaml", "value", "out/app.yaml"] {
        sandbox.write(path, "old");
        sandbox.mode(path, 0o644);
    }
    sandbox.run(&["decrypt", "-o", "plain.yaml", FILE]).code(0);
    sandbox.run(&["decrypt", "--extract", "db.password", "-o", "value", FILE]).code(0);
    sandbox.run(&["decrypt", "--output-dir", "out", FILE]).code(0);
    assert_eq!(sandbox.read("plain.yaml"), PLAIN);
    assert_eq!(sandbox.read("value"), "canary-one");
    for path in ["plain.yaml", "value", "out/app.yaml"] {
        assert_eq!(mode(&sandbox, path), 0o600, "{path}");
    }
    // in place it is the user's file, as with sops; and ciphertext hides nothing from who may read the file
    sandbox.mode(FILE, 0o640);
    sandbox.run(&["decrypt", "-i", FILE]).code(0);
    assert_eq!((sandbox.read(FILE).as_str(), mode(&sandbox, FILE)), (PLAIN, 0o640));
    sandbox.write("enc.yaml", "old");
    sandbox.mode("enc.yaml", 0o644);
    sandbox.run(&["encrypt", "-o", "enc.yaml", FILE]).code(0);
    assert_eq!(mode(&sandbox, "enc.yaml"), 0o644);
}

#[test]
fn a_file_under_two_spellings_is_taken_once() {
    let sandbox = Sandbox::new();
    let absolute = sandbox.path(FILE);
    for (arguments, name) in [
        (&[FILE, FILE][..], FILE),
        (&[FILE, "./secret/app.yaml"], FILE),
        (&["secret/../secret/app.yaml", FILE], "secret/../secret/app.yaml"),
        (&[FILE, "."], FILE),
        (&[".", FILE], FILE),
        (&["secret", "."], "secret/app.yaml"),
        (&[FILE, absolute.to_str().unwrap()], FILE),
    ] {
        sandbox.write(FILE, PLAIN);
        let ended = sandbox.run(&[&["encrypt", "-i"], arguments].concat()).code(0);
        assert_eq!(ended.stderr, format!("encrypted {name} (3 values)\n"), "{arguments:?}");
        let ended = sandbox.run(&[&["decrypt", "--output-dir", "out"], arguments].concat()).code(0);
        assert!(ended.stderr.starts_with("decrypted "), "{}", ended.stderr);
        let found = ["out/app.yaml", "out/secret/app.yaml"].map(|path| sandbox.exists(path));
        assert!(found[0] != found[1], "{arguments:?}");
        std::fs::remove_dir_all(sandbox.path("out")).unwrap();
        assert_eq!(sandbox.run(&[&["decrypt", "-i"], arguments].concat()).code(0).stdout, "");
        assert_eq!(sandbox.read(FILE), PLAIN);
    }
    // a link and its file may have two rules: which one counts would be a guess
    std::os::unix::fs::symlink("app.yaml", sandbox.path("secret/link.yaml")).unwrap();
    sandbox.run(&["encrypt", "-i", FILE, "secret/link.yaml"]).code(223).says("is named twice");
    assert_eq!(sandbox.read(FILE), PLAIN);
    // two files of the same name are two files
    std::fs::create_dir(sandbox.path("secret/b")).unwrap();
    sandbox.write("secret/b/app.yaml", PLAIN);
    sandbox.run(&["encrypt", "-i", FILE, "secret/b/app.yaml"]).code(0).says("encrypted 2 files");
}

/// Deeper than we look is an error: what is down there would stay in clear without a word.
#[test]
fn a_folder_that_is_nested_too_deep_is_an_error() {
    let sandbox = Sandbox::encrypted();
    let before = sandbox.read(FILE);
    let deep = format!("secret/{}", "d/".repeat(255));
    std::fs::create_dir_all(sandbox.path(&deep)).unwrap();
    sandbox.write(&format!("{deep}/app.yaml"), PLAIN);
    for arguments in [&["encrypt", "-i", "."][..], &["decrypt", "-i", "."]] {
        sandbox.run(arguments).code(221).says("is nested deeper than 256 folders");
    }
    assert_eq!(sandbox.read(FILE), before);
    // at the bound they are taken
    sandbox.run(&["encrypt", "-i", "secret"]).code(0).says("encrypted 1 file ");
}

/// Each file is locked until all are replaced, which costs an open file each.
#[test]
fn more_files_than_may_be_open_at_once_are_taken() {
    let sandbox = Sandbox::new();
    for number in 0..200 {
        sandbox.write(&format!("secret/{number}.yaml"), "password: canary\n");
    }
    let limited = |limit: &str, arguments: &str| {
        let line = format!("ulimit -n {limit} && exec '{}' {arguments}", env!("CARGO_BIN_EXE_sealant"));
        let mut command = sandbox.command(&[]);
        let mut shell = Command::new("sh");
        shell.args(["-c", &line]).current_dir(sandbox.path("")).env_clear();
        shell.envs(command.env("LC_ALL", "C").get_envs().filter_map(|(name, value)| Some((name, value?))));
        Ended::from(shell.output().unwrap())
    };
    // soft and hard limit, then one that may be raised
    limited("64", "encrypt -i secret").code(0).says("encrypted 200 files (200 values)");
    limited("-S 64", "decrypt -i secret").code(0).says("decrypted 200 files (200 values)");
    limited("64", "encrypt --output-dir out secret").code(0);
    limited("64", "decrypt -i out").code(0).says("decrypted 200 files");
    assert_eq!(std::fs::read_dir(sandbox.path("secret")).unwrap().count(), 200);
    assert_eq!(sandbox.read("secret/199.yaml"), "password: canary\n");
}
