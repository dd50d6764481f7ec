//! Who may open files, changed by ours and opened by the real sops, and the other way round.

use std::fs;
use std::path::{Path, PathBuf};

use super::peers::{self, Ran, locate, run};

/// A folder with files for alice, and everybody's keys.
struct World {
    folder: tempfile::TempDir,
    peers: peers::Peers,
}

const FILES: [(&str, &str); 4] = [
    ("c/a.yaml", "# why\nx: hello # here\ny: [1, 2.50]\n"),
    ("c/b.json", "{\n\t\"x\": \"hello\"\n}\n"),
    ("c/d/e.env", "X=hello\n"),
    ("c/d/f.ini", "[s]\nx = hello\n"),
];

fn keys() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/multi-environment/keys")
}

fn recipient(name: &str) -> String {
    let text = fs::read_to_string(keys().join(format!("{name}.pub"))).unwrap();
    text.lines().find(|line| line.starts_with("age1")).unwrap().to_owned()
}

fn private(name: &str) -> String {
    fs::read_to_string(keys().join(format!("private/{name}.txt"))).unwrap()
}

/// What nobody may touch when keys change: ciphertexts and MAC.
fn ciphertexts(text: &str) -> Vec<String> {
    text.split("ENC[").skip(1).map(|rest| rest.split(']').next().unwrap_or_default().to_owned()).collect()
}

impl World {
    fn new(test: &str) -> Option<Self> {
        let peers = locate(test)?;
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in FILES {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let world = Self { folder, peers };
        world.rule(&["alice"]);
        assert!(world.ours(&["alice"], &["encrypt", "-i", "c"]).ok());
        Some(world)
    }

    fn rule(&self, names: &[&str]) {
        let all: Vec<String> = names.iter().map(|name| recipient(name)).collect();
        self.write(".sops.yaml", &format!("creation_rules:\n  - path_regex: ^c/\n    age: {}\n", all.join(",")));
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    fn with(&self, who: &[&str], program: &Path, arguments: &[&str]) -> Ran {
        let identity = self.folder.path().join("identity.txt");
        fs::write(&identity, who.iter().map(|name| private(name)).collect::<String>()).unwrap();
        run(program, self.folder.path(), &identity, arguments)
    }

    fn ours(&self, who: &[&str], arguments: &[&str]) -> Ran {
        self.with(who, Path::new(env!("CARGO_BIN_EXE_sealant")), arguments)
    }

    fn sops(&self, who: &[&str], arguments: &[&str]) -> Ran {
        self.with(who, &self.peers.sops, arguments)
    }

    fn done(ran: &Ran) {
        assert!(ran.ok(), "{}", ran.last_words());
    }
}

#[test]
fn a_folder_with_other_recipients_opens_with_both() {
    let Some(world) = World::new("a_folder_with_other_recipients_opens_with_both") else { return };
    let before = FILES.map(|(name, _)| ciphertexts(&world.read(name)));
    world.rule(&["alice", "bob"]);
    World::done(&world.ours(&["alice"], &["updatekeys", "--yes", "c"]));
    let after = FILES.map(|(name, _)| ciphertexts(&world.read(name)));
    assert_eq!(before, after);
    for (name, text) in FILES {
        let theirs = world.sops(&["bob"], &["decrypt", name]);
        assert!(theirs.ok() && theirs.text().contains("hello"), "{name}: {}", theirs.last_words());
        assert_eq!(world.ours(&["bob"], &["decrypt", name]).text(), text);
    }
    // and from sops to us
    world.rule(&["bob", "carol"]);
    assert!(!world.ours(&[], &["updatekeys", "--check", "c"]).ok());
    for (name, _) in FILES {
        World::done(&world.sops(&["alice"], &["updatekeys", "-y", name]));
        assert!(world.ours(&["carol"], &["decrypt", name]).text().contains("hello"), "{name}");
    }
    World::done(&world.ours(&[], &["updatekeys", "--check", "c"]));
    assert_eq!(world.ours(&["alice"], &["why", "c"]).status.code(), Some(128));
    World::done(&world.ours(&["carol"], &["why", "c"]));
}

#[test]
fn groups_of_one_open_with_the_other() {
    let Some(world) = World::new("groups_of_one_open_with_the_other") else { return };
    for (name, text) in FILES {
        World::done(&world.ours(&["alice"], &["groups", "add", "--yes", name, &recipient("bob")]));
        assert_eq!(world.sops(&["alice"], &["decrypt", name]).status.code(), Some(128), "{name}");
        let theirs = world.sops(&["alice", "bob"], &["decrypt", name]);
        assert!(theirs.text().contains("hello"), "{name}: {}", theirs.last_words());
        let add = ["groups", "add", "--file", name, "-i", "--age", &recipient("carol")];
        World::done(&world.sops(&["alice", "bob"], &add));
        // sops has kept the threshold of 2
        assert_eq!(world.ours(&["bob", "carol"], &["decrypt", name]).status.code(), Some(0), "{name}");
        assert_eq!(world.ours(&["carol"], &["why", name]).status.code(), Some(128), "{name}");
        World::done(&world.ours(&["alice", "carol"], &["groups", "delete", "--yes", name, "2"]));
        let theirs = world.sops(&["alice", "carol"], &["decrypt", name]);
        assert!(theirs.text().contains("hello"), "{name}: {}", theirs.last_words());
        World::done(&world.ours(&["alice", "carol"], &["groups", "delete", "--yes", "--threshold", "1", name, "2"]));
        assert!(world.sops(&["alice"], &["decrypt", name]).text().contains("hello"), "{name}");
        // sops has rewritten the files once, so that comments and spaces may be elsewhere
        assert!(world.ours(&["alice"], &["decrypt", name]).text().contains("hello"), "{text}");
    }
}

/// The rule's threshold counts, not the file's.
#[test]
fn a_rule_with_a_threshold_is_followed() {
    let Some(world) = World::new("a_rule_with_a_threshold_is_followed") else { return };
    let groups: String =
        ["alice", "bob", "carol"].iter().map(|name| format!("      - age: [{}]\n", recipient(name))).collect();
    world.write(
        ".sops.yaml",
        &format!("creation_rules:\n  - path_regex: ^c/\n    shamir_threshold: 2\n    key_groups:\n{groups}"),
    );
    World::done(&world.ours(&["alice"], &["updatekeys", "--yes", "c"]));
    for (name, text) in FILES {
        for two in [["alice", "bob"], ["bob", "carol"]] {
            assert!(world.sops(&two, &["decrypt", name]).text().contains("hello"), "{name}");
            assert_eq!(world.ours(&two, &["decrypt", name]).text(), text);
        }
        assert!(!world.sops(&["alice"], &["decrypt", name]).ok(), "{name}");
    }
    world.rule(&["bob"]);
    World::done(&world.ours(&["alice", "carol"], &["updatekeys", "--yes", "c"]));
    for (name, _) in FILES {
        assert!(world.sops(&["bob"], &["decrypt", name]).text().contains("hello"), "{name}");
    }
}
