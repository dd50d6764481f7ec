//! Rows of `docs/compatibility.md` that no document alone can show: they need a setting, or more than one step. The
//! real program is run beside ours, so that a row about it that is no longer true is noticed.

use std::fs;
use std::path::Path;

use crate::peers::{self, Peers, Ran};

const RECIPIENT: &str = "age1xtmwzjc3jq06pkcnhy47hk8n4eyq7wcjxerj6pv7tckvd9gapdqqjj7tjp";
/// sops 3.13.2 and we: the MAC does not match.
const MAC_MISMATCH: i32 = 51;

struct World {
    dir: tempfile::TempDir,
}

impl World {
    fn new(plain: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("plain.yaml"), plain).unwrap();
        Self { dir }
    }

    fn run(&self, program: &Path, arguments: &[&str]) -> Ran {
        let identity = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/identity.txt");
        peers::run(program, self.dir.path(), &identity, arguments)
    }

    fn ours(&self, arguments: &[&str]) -> Ran {
        self.run(Path::new(env!("CARGO_BIN_EXE_sealant")), arguments)
    }

    fn good(&self, program: &Path, arguments: &[&str]) -> String {
        let ran = self.run(program, arguments);
        assert!(ran.ok(), "{arguments:?}: {}", ran.last_words());
        ran.text()
    }

    fn we(&self, arguments: &[&str]) -> String {
        self.good(Path::new(env!("CARGO_BIN_EXE_sealant")), arguments)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.dir.path().join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.dir.path().join(name)).unwrap()
    }

    /// `plain.yaml` encrypted by both, as `theirs.yaml` and `ours.yaml`.
    fn encrypt(&self, peers: &Peers) {
        let arguments = ["encrypt", "--age", RECIPIENT, "plain.yaml"];
        self.write("theirs.yaml", &self.good(&peers.sops, &arguments));
        self.write("ours.yaml", &self.we(&arguments));
    }
}

fn ciphertext<'a>(file: &'a str, key: &str) -> &'a str {
    file.lines().find_map(|line| line.trim_start().strip_prefix(key)).unwrap_or_else(|| panic!("no {key} in {file}"))
}

/// sops cannot open its own file, but opens ours; we give every byte back.
#[test]
fn files_that_only_sops_breaks() {
    let Some(peers) = peers::locate("files_that_only_sops_breaks") else {
        return;
    };
    for text in ["a:\n  # about b\n  - b\n", "a: x\nb_unencrypted: -0.0\n", "a: x\nb_unencrypted: \"\\tone\\ntwo\"\n"] {
        let world = World::new(text);
        world.encrypt(&peers);
        let own = world.run(&peers.sops, &["decrypt", "theirs.yaml"]);
        assert_eq!(own.status.code(), Some(MAC_MISMATCH), "{text}: {}", own.last_words());
        world.good(&peers.sops, &["decrypt", "ours.yaml"]);
        assert_eq!(world.we(&["decrypt", "ours.yaml"]), text);
    }
}

#[test]
fn list_comments_of_sops_open() {
    let Some(peers) = peers::locate("list_comments_of_sops_open") else {
        return;
    };
    let world = World::new("a:\n    # about b\n    - b\n");
    world.encrypt(&peers);
    assert_eq!(world.we(&["decrypt", "theirs.yaml"]), world.read("plain.yaml"));
}

#[test]
fn empty_comments_in_lists_are_no_items() {
    let Some(peers) = peers::locate("empty_comments_in_lists_are_no_items") else {
        return;
    };
    let world = World::new("a:\n    - b\n    #\n    - c\n");
    world.encrypt(&peers);
    let read = |program: &Path, file: &str| world.good(program, &["decrypt", "--output-type", "json", file]);
    let list = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["a"].as_array().unwrap().len();
    assert_eq!(list(&read(&peers.old_sops, "theirs.yaml")), 3);
    assert_eq!(list(&read(&peers.sops, "ours.yaml")), 2);
    assert_eq!(list(&read(&peers.old_sops, "ours.yaml")), 2);
    assert_eq!(world.we(&["decrypt", "ours.yaml"]), world.read("plain.yaml"));
    assert!(world.we(&["decrypt", "theirs.yaml"]).contains("- \"\"\n"));
}

#[test]
fn invalid_patterns_do_not_leave_secrets_in_clear() {
    let Some(peers) = peers::locate("invalid_patterns_do_not_leave_secrets_in_clear") else {
        return;
    };
    let world = World::new("password: hunter2\n");
    let arguments = ["encrypt", "--age", RECIPIENT, "--encrypted-regex", "(password", "plain.yaml"];
    assert!(world.good(&peers.sops, &arguments).contains("hunter2"));
    let ran = world.ours(&arguments);
    assert_eq!(ran.status.code(), Some(213));
    assert!(ran.stdout.is_empty() && ran.stderr.contains("invalid regular expression"), "{}", ran.stderr);
}

/// A short pattern is in some ciphertexts by chance, a word of their form in all of them.
#[test]
fn comment_patterns_that_match_ciphertexts() {
    let Some(peers) = peers::locate("comment_patterns_that_match_ciphertexts") else {
        return;
    };
    let world = World::new("# about a\na: x\n# clear\nb: w\n");
    let encrypt = |program: &Path, pattern: &str| {
        let rule = format!("creation_rules:\n  - age: {RECIPIENT}\n    unencrypted_comment_regex: {pattern}\n");
        world.write(".sops.yaml", &rule);
        world.run(program, &["encrypt", "plain.yaml"])
    };
    for pattern in ["ENC|clear", "type.comment|clear"] {
        let theirs = encrypt(&peers.sops, pattern);
        assert!(theirs.stderr.contains("matches UnencryptedCommentRegex"), "{}", theirs.stderr);
        let ours = encrypt(Path::new(env!("CARGO_BIN_EXE_sealant")), pattern);
        assert_eq!(ours.status.code(), Some(213), "{}", ours.stderr);
        assert!(ours.stderr.contains("`unencrypted_comment_regex` also matches"), "{}", ours.stderr);
    }
    // More than one ciphertext in three holds two such digits.
    for _ in 0..8 {
        let ours = encrypt(Path::new(env!("CARGO_BIN_EXE_sealant")), "'[0-4]{2}|clear'");
        assert!(ours.ok(), "{}", ours.last_words());
        world.write("ours.yaml", &ours.text());
        assert_eq!(world.good(&peers.sops, &["decrypt", "ours.yaml"]), world.read("plain.yaml"));
    }
}

#[test]
fn whole_numbers_stay_whole() {
    let Some(peers) = peers::locate("whole_numbers_stay_whole") else {
        return;
    };
    let world = World::new("a: 5\n");
    world.encrypt(&peers);
    world.good(&peers.sops, &["set", "theirs.yaml", "[\"a\"]", "7"]);
    assert!(ciphertext(&world.read("theirs.yaml"), "a: ").ends_with("type:float]"));
    world.write("value", "7");
    world.we(&["set", "ours.yaml", "a", "--value-file", "value"]);
    assert!(ciphertext(&world.read("ours.yaml"), "a: ").ends_with("type:int]"));
    assert_eq!(world.good(&peers.sops, &["decrypt", "ours.yaml"]), "a: 7\n");
}

#[test]
fn odd_files_are_read() {
    let Some(peers) = peers::locate("odd_files_are_read") else {
        return;
    };
    let world = World::new("a: text\n");
    world.encrypt(&peers);
    let written = world.read("theirs.yaml");
    let date = ciphertext(&written, "lastmodified: ");
    let value = ciphertext(&written, "a: ");
    for odd in [
        written.replace(date, date.trim_matches('"')),
        written.replace(value, &value.replace("type:str", "type:bytes")),
    ] {
        assert_ne!(odd, written);
        world.write("odd.yaml", &odd);
        assert!(!world.run(&peers.sops, &["decrypt", "odd.yaml"]).ok());
        assert_eq!(world.we(&["decrypt", "odd.yaml"]), "a: text\n");
    }
}

#[test]
#[cfg(unix)]
fn files_are_replaced_and_not_truncated() {
    use std::os::unix::fs::MetadataExt;

    let Some(peers) = peers::locate("files_are_replaced_and_not_truncated") else {
        return;
    };
    let world = World::new("a: 5\n");
    let number = |name: &str| fs::metadata(world.dir.path().join(name)).unwrap().ino();
    for (program, name, keeps) in
        [(peers.sops.as_path(), "theirs.yaml", true), (Path::new(env!("CARGO_BIN_EXE_sealant")), "ours.yaml", false)]
    {
        world.write(name, "a: 5\n");
        let before = number(name);
        world.good(program, &["encrypt", "-i", "--age", RECIPIENT, name]);
        assert_eq!(number(name) == before, keeps, "{name}");
    }
}

/// Refused with a setting; sops takes them.
#[test]
fn refused_under_a_rule() {
    let peers = peers::locate("refused_under_a_rule");
    for (text, rule, words) in [
        ("a: 1\nb_unencrypted: |\n  text", "", "does not end with a line break"),
        (
            "a: &k\n  x: 1 # secret\nb:\n  <<: *k\n  y: 2\n",
            "    encrypted_comment_regex: secret\n",
            "a comment would be read elsewhere",
        ),
    ] {
        let world = World::new(text);
        world.write(".sops.yaml", &format!("creation_rules:\n  - age: {RECIPIENT}\n{rule}"));
        let ran = world.ours(&["encrypt", "plain.yaml"]);
        assert_eq!(ran.status.code(), Some(216), "{text}: {}", ran.last_words());
        assert!(ran.stdout.is_empty() && ran.stderr.contains(words), "{}", ran.stderr);
        let ran = world.ours(&["encrypt", "--allow-unrepresentable", "plain.yaml"]);
        assert_eq!(ran.status.code(), Some(216), "{text}");
        if let Some(peers) = &peers {
            world.good(&peers.sops, &["encrypt", "plain.yaml"]);
        }
    }
}

#[test]
fn moved_items_keep_their_ciphertext_and_renamed_parents_do_not() {
    let world = World::new("list:\n  - one\n  - two\nparent:\n  child: value\nstays: here\n");
    world.write("old.yaml", &world.we(&["encrypt", "--age", RECIPIENT, "plain.yaml"]));
    world.write("new.yaml", "list:\n  - two\n  - one\nrenamed:\n  child: value\nstays: here\n");
    let (old, new) = (world.read("old.yaml"), world.we(&["encrypt", "--onto", "old.yaml", "new.yaml"]));
    let items =
        |text: &str| text.lines().filter_map(|line| line.strip_prefix("  - ")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(items(&new), items(&old).into_iter().rev().collect::<Vec<_>>());
    assert_eq!(ciphertext(&new, "stays: "), ciphertext(&old, "stays: "));
    let part = |text: &str, part: &str| {
        let found = ciphertext(text, "child: ").split(part).nth(1).unwrap();
        found.split(',').next().unwrap().to_owned()
    };
    assert_ne!(part(&new, "iv:"), part(&old, "iv:"));
}

/// A tool that drops the layout costs the spelling, never the value.
#[test]
fn the_layout_can_be_dropped() {
    let text = "a: &x secret\nb: *x\nc: 0x1F\nd: {e: word}\n";
    let world = World::new(text);
    let encrypted = world.we(&["encrypt", "--age", RECIPIENT, "plain.yaml"]);
    assert!(encrypted.contains("\nb: \"ENC[") && encrypted.contains("{e: \"ENC["), "{encrypted}");
    world.write("whole.yaml", &encrypted);
    assert_eq!(world.we(&["decrypt", "whole.yaml"]), text);
    let lines = encrypted.split_inclusive('\n').filter(|line| !line.contains("sealant_layout"));
    world.write("dropped.yaml", &lines.collect::<String>());
    let plain = world.we(&["decrypt", "dropped.yaml"]);
    assert_eq!(plain, "a: &x secret\nb: \"secret\"\nc: 31\nd: {e: \"word\"}\n");
}

/// Where the metadata goes in a stream.
#[test]
fn each_document_has_metadata() {
    for (text, documents) in [
        ("a: b\n---\nc: d\n", vec![true, true]),
        ("a: b\n---\nnull\n---\nc: d\n", vec![true, false, true]),
        ("a: b\n---\n- c\n", vec![false, false, true]),
    ] {
        let world = World::new(text);
        let encrypted = world.we(&["encrypt", "--allow-unrepresentable", "--age", RECIPIENT, "plain.yaml"]);
        let found: Vec<bool> = encrypted.split("\n---\n").map(|part| part.contains("sops:\n")).collect();
        assert_eq!(found, documents, "{encrypted}");
        world.write("ours.yaml", &encrypted);
        assert_eq!(world.we(&["decrypt", "ours.yaml"]), text);
    }
}
