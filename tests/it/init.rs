//! `init` and `keys`: everything is made once, nothing is overwritten, private keys are private.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::sandbox::{Ended, Sandbox};

/// A folder with a Git repository, and a home without keys.
struct Fresh {
    dir: tempfile::TempDir,
}

impl Fresh {
    fn new() -> Self {
        let fresh = Self { dir: tempfile::tempdir().unwrap() };
        std::fs::create_dir_all(fresh.repo().join("config")).unwrap();
        std::fs::create_dir(fresh.home()).unwrap();
        assert!(fresh.git(&["init", "-q"]).status.success());
        fresh
    }

    fn repo(&self) -> PathBuf {
        self.dir.path().join("repo")
    }

    fn home(&self) -> PathBuf {
        self.dir.path().join("alice")
    }

    fn git(&self, arguments: &[&str]) -> std::process::Output {
        let program = Path::new(env!("CARGO_BIN_EXE_sealant"));
        let mut paths = vec![program.parent().unwrap().to_owned()];
        paths.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
        Command::new("git")
            .args(["-c", "user.name=x", "-c", "user.email=x@x"])
            .args(arguments)
            .current_dir(self.repo())
            .env("HOME", self.home())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("PATH", std::env::join_paths(paths).unwrap())
            .output()
            .unwrap()
    }

    fn sealant_in(&self, folder: &Path, arguments: &[&str]) -> Ended {
        Command::new(env!("CARGO_BIN_EXE_sealant"))
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.home())
            .output()
            .unwrap()
            .into()
    }

    fn sealant(&self, arguments: &[&str]) -> Ended {
        self.sealant_in(&self.repo(), arguments)
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.repo().join(path)).unwrap()
    }

    fn write(&self, path: &str, text: &str) {
        std::fs::write(self.repo().join(path), text).unwrap();
    }

    fn key_file(&self) -> PathBuf {
        self.home().join(".config/sops/age/keys.txt")
    }

    /// Every file and its content.
    fn everything(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        fn walk(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, found);
                } else {
                    let content = std::fs::read(&path).unwrap();
                    found.insert(path, content);
                }
            }
        }
        let mut found = BTreeMap::new();
        walk(self.dir.path(), &mut found);
        found
    }
}

#[test]
fn init_makes_a_repository_that_works() {
    let fresh = Fresh::new();
    // from a folder below, too, it is the repository that is made ready
    let ended = fresh.sealant_in(&fresh.repo().join("config"), &["init"]);
    ended.code(0).says("next:");
    assert!(fresh.read("keys/alice.pub").starts_with("# alice\nage1"));
    let key = std::fs::metadata(fresh.key_file()).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
    let folder = std::fs::metadata(fresh.key_file().parent().unwrap()).unwrap();
    assert_eq!(folder.permissions().mode() & 0o777, 0o700);

    fresh.write("config/prod.yaml", "db:\n  host: x\n  password: canary-one\n");
    fresh.sealant(&["encrypt", "-i", "config/prod.yaml"]).code(0);
    let encrypted = fresh.read("config/prod.yaml");
    assert!(encrypted.starts_with("db:\n  host: x\n  password: ENC["), "{encrypted}");
    let plain = fresh.sealant(&["decrypt", "config/prod.yaml"]).code(0).stdout;
    assert_eq!(plain, "db:\n  host: x\n  password: canary-one\n");
}

#[test]
fn a_second_init_changes_nothing() {
    let fresh = Fresh::new();
    fresh.sealant(&["init"]).code(0);
    let before = fresh.everything();
    fresh.sealant(&["init"]).code(0).says("nothing to do");
    fresh.sealant(&["init", "--name", "somebody"]).code(0).says("nothing to do");
    assert_eq!(fresh.everything(), before);
}

#[test]
fn init_overwrites_nothing() {
    let fresh = Fresh::new();
    fresh.write(".sops.yaml", "creation_rules: []\n");
    fresh.write(".gitattributes", "*.png binary");
    fresh.sealant(&["init"]).code(0).says("does not name your recipient");
    assert_eq!(fresh.read(".sops.yaml"), "creation_rules: []\n");
    assert!(fresh.read(".gitattributes").starts_with("*.png binary\n"));

    let other = Fresh::new();
    std::fs::create_dir(other.repo().join("keys")).unwrap();
    let taken = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p\n";
    other.write("keys/alice.pub", taken);
    other.sealant(&["init"]).code(224).says("--name");
    assert!(!other.key_file().exists(), "a private key without a name");
    assert_eq!(other.read("keys/alice.pub"), taken);
    other.sealant(&["init", "--name", "alice2"]).code(0);
    other.sealant(&["init", "--name", "../x"]).code(1);
}

/// Whom the rules do not name yet cannot edit or decrypt anything.
#[test]
fn init_in_a_clone_says_whom_to_ask() {
    let fresh = Fresh::new();
    std::fs::create_dir(fresh.repo().join("keys")).unwrap();
    let zoe = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    let rules = format!("creation_rules:\n  - age: {zoe}\n");
    fresh.write(".sops.yaml", &rules);
    let ended = fresh.sealant(&["init", "--name", "bob"]).code(0).says("commit keys/bob.pub");
    let ended = ended.says("ask whoever can open the files to add").says("sealant updatekeys --yes .");
    assert!(!ended.stderr.contains("sealant edit"), "{}", ended.stderr);
    fresh.write("keys/zoe.pub", zoe);
    fresh.sealant(&["init"]).code(0).says("ask zoe to add your recipient");
    // what is encrypted here now is for others
    fresh.write("a.yaml", "a: 1\n");
    fresh.sealant(&["encrypt", "-i", "a.yaml"]).code(0).says("warning: .sops.yaml:2: you are not among the recipients");
    let added = format!("{rules}, {}", fresh.sealant(&["keys", "show"]).code(0).stdout.trim()).replace("\n,", ",");
    fresh.write(".sops.yaml", &added);
    fresh.write("b.yaml", "b: 1\n");
    let ended = fresh.sealant(&["encrypt", "-i", "b.yaml"]).code(0);
    assert_eq!(ended.stderr, "encrypted b.yaml (1 value)\n");
    fresh.sealant(&["init"]).code(0).says("sealant edit");
}

/// What the rules leave out is told of, so that nobody commits it in clear without knowing; what Git ignores is not.
#[test]
fn encrypt_names_files_without_a_rule() {
    let fresh = Fresh::new();
    fresh.sealant(&["init"]).code(0);
    fresh.write(".gitignore", "build/\n");
    std::fs::create_dir(fresh.repo().join("build")).unwrap();
    fresh.write("build/x.yaml", "a: 1\n");
    fresh.write("config/app.yaml", "password: x\n");
    fresh.write(".env.prod", "A=1\n");
    let all = |count: usize| (0..count).for_each(|at| fresh.write(&format!("f{at:02}.txt"), "x\n"));
    all(2);
    let ended = fresh.sealant(&["encrypt", "-i", "."]).code(0);
    assert_eq!(ended.stderr, "encrypted 2 files (2 values); 2 without a rule: f00.txt, f01.txt\n");
    assert!(fresh.read(".env.prod").starts_with("A=ENC["));
    all(12);
    let ended = fresh.sealant(&["encrypt", "-i", "--json", "."]).code(0);
    assert!(ended.stderr.starts_with("nothing to encrypt: 2 already encrypted; 12 without a rule: f00.txt, "));
    assert!(ended.stderr.ends_with("f09.txt and 2 more\n"), "{}", ended.stderr);
    let rows: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let is_without = |row: &&serde_json::Value| row["action"] == "no rule";
    assert_eq!(rows.as_array().unwrap().iter().filter(is_without).count(), 12);
}

#[test]
fn init_in_a_bare_repository_says_so_and_makes_nothing() {
    let fresh = Fresh::new();
    assert!(fresh.git(&["commit", "-q", "--allow-empty", "-m", "first"]).status.success());
    assert!(fresh.git(&["clone", "-q", "--bare", ".", "../shop.git"]).status.success());
    let bare = fresh.repo().join("../shop.git").canonicalize().unwrap();
    let before = fresh.everything();
    for (folder, message) in [
        (bare.clone(), "shop.git is a bare Git repository"),
        (bare.join("hooks"), "shop.git is a bare Git repository"),
        (fresh.repo().join(".git"), "repo/.git is Git's own folder"),
    ] {
        fresh.sealant_in(&folder, &["init"]).code(223).says(message).says("hint: run sealant init in a clone");
    }
    assert_eq!(fresh.everything(), before);
    // a worktree of a bare repository has files
    let added = fresh.git(&["-C", "../shop.git", "worktree", "add", "-q", "-b", "work", "work"]);
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    fresh.sealant_in(&bare.join("work"), &["init"]).code(0);
    assert!(bare.join("work/.sops.yaml").exists());
}

#[test]
fn git_diff_shows_plain_text_to_who_holds_a_key() {
    let fresh = Fresh::new();
    fresh.sealant(&["init"]).code(0);
    fresh.write("config/prod.yaml", "password: canary-one\n");
    fresh.write("config/clear.yaml", "host: one\n");
    fresh.sealant(&["encrypt", "-i", "config/prod.yaml"]).code(0);
    assert!(fresh.git(&["add", "."]).status.success());
    assert!(fresh.git(&["commit", "-qm", "first"]).status.success());
    fresh.sealant(&["set", "config/prod.yaml", "password", "canary-two"]).code(0);
    fresh.write("config/clear.yaml", "host: two\n");
    let diff = fresh.git(&["diff"]);
    let text = String::from_utf8(diff.stdout).unwrap();
    for line in ["-password: canary-one", "+password: canary-two", "-host: one", "+host: two"] {
        assert!(text.lines().any(|found| found == line), "{text}");
    }
    assert!(!text.contains("ENC["), "{text}");
    // without the key: ciphertext, and git still succeeds
    std::fs::remove_file(fresh.key_file()).unwrap();
    let diff = fresh.git(&["diff"]);
    assert!(diff.status.success());
    let text = String::from_utf8(diff.stdout).unwrap();
    assert!(text.contains("+password: ENC[") && !text.contains("canary"), "{text}");
}

/// Every format, as `init` leaves the repository: its rules select the password, and its diff driver shows it.
#[test]
fn git_diff_shows_plain_text_in_every_format() {
    let fresh = Fresh::new();
    fresh.sealant(&["init"]).code(0);
    std::fs::create_dir(fresh.repo().join("secrets")).unwrap();
    let files = [
        ("config/app.yaml", "host: db\npassword: canary-one\n"),
        ("config/app.json", "{\"host\": \"db\", \"password\": \"canary-one\"}\n"),
        ("config/app.env", "HOST=db\nPASSWORD=canary-one\n"),
        ("secrets/.env", "HOST=db\nPASSWORD=canary-one\n"),
        ("config/app.ini", "[db]\nhost = db\npassword = canary-one\n"),
        ("config/app.toml", "host = \"db\"\npassword = \"canary-one\"\n"),
        ("config/app.tfvars", "host = \"db\"\npassword = \"canary-one\"\n"),
        ("config/app.hcl", "host = \"db\"\npassword = \"canary-one\"\n"),
        ("config/app.properties", "host=db\npassword=canary-one\n"),
        ("secrets/tls.key", "canary-one\n"),
    ];
    for (path, text) in files {
        fresh.write(path, text);
    }
    fresh.sealant(&["encrypt", "-i", "config", "secrets"]).code(0).says("10 files");
    assert!(fresh.git(&["add", "."]).status.success());
    assert!(fresh.git(&["commit", "-qm", "first"]).status.success());
    for (path, text) in files {
        let text = text.replace("one", "two");
        fresh.write("plain", &text);
        fresh.sealant(&["encrypt", "--onto", path, "plain", "-i"]).code(0);
    }
    std::fs::remove_file(fresh.repo().join("plain")).unwrap();
    for (path, text) in files {
        let diff = fresh.git(&["diff", path]);
        let shown = String::from_utf8(diff.stdout).unwrap();
        let old = text.lines().find(|line| line.contains("canary")).unwrap();
        for line in [format!("-{old}"), format!("+{}", old.replace("one", "two"))] {
            assert!(shown.lines().any(|found| found == line), "{path}: {shown}");
        }
        assert!(!shown.contains("ENC["), "{path}: {shown}");
    }
}

#[test]
fn textconv_never_fails() {
    let sandbox = Sandbox::encrypted();
    let sound = sandbox.read("secret/app.yaml");
    let shown = |path: &str| sandbox.run(&["textconv", path]).code(0);
    assert!(shown("secret/app.yaml").stdout.contains("canary-one"));
    sandbox.write("damaged", &sound.replace("port: 5432", "port: 5433"));
    let damaged = shown("damaged");
    assert_eq!(damaged.stdout, sandbox.read("damaged"));
    for text in ["", "a: [", "sops: 1\n", "sops: {}\n", "plain\n"] {
        sandbox.write("odd", text);
        assert_eq!(shown("odd").stdout, text);
    }
    assert_eq!(shown("not-there").stdout, "");
}

#[test]
fn new_keys_never_replace_others() {
    let fresh = Fresh::new();
    let first = fresh.sealant(&["keys", "new"]).code(0);
    assert!(first.stdout.starts_with("age1") && !first.stderr.contains("AGE-SECRET-KEY"));
    let key = std::fs::read(fresh.key_file()).unwrap();
    let second = fresh.sealant(&["keys", "new", "second"]).code(0).says("second.txt");
    assert_ne!(first.stdout, second.stdout);
    fresh.sealant(&["keys", "new", "second"]).code(224);
    fresh.sealant(&["keys", "new", "keys"]).code(224);
    fresh.write("here.txt", "mine");
    fresh.sealant(&["keys", "new", "x", "--output", "here.txt"]).code(224);
    assert_eq!(fresh.read("here.txt"), "mine");
    assert_eq!(std::fs::read(fresh.key_file()).unwrap(), key);
    fresh.sealant(&["keys", "new", "a/b"]).code(1);

    std::fs::create_dir(fresh.repo().join("keys")).unwrap();
    fresh.sealant(&["keys", "new", "ci", "--output", "ci.txt"]).code(0);
    assert!(fresh.read("keys/ci.pub").contains("age1"));
    let mode = std::fs::metadata(fresh.repo().join("ci.txt")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // the name is taken: no private key is made either
    fresh.sealant(&["keys", "new", "ci", "--output", "ci2.txt"]).code(224);
    assert!(!fresh.repo().join("ci2.txt").exists());
}

#[test]
fn keys_are_listed_by_name() {
    let fresh = Fresh::new();
    fresh.sealant(&["keys", "list"]).code(0).says("there is no key");
    fresh.sealant(&["keys", "show"]).code(100);
    fresh.sealant(&["init"]).code(0);
    let other = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    fresh.write("keys/zoe.pub", &format!("{other}\n"));
    let mine = fresh.sealant(&["keys", "show"]).code(0).stdout;
    let listed = fresh.sealant(&["keys", "list"]).code(0).stdout;
    let expected = format!("alice  {}  yours\nzoe    {other}\n", mine.trim());
    assert_eq!(listed, expected);
    let json = fresh.sealant(&["keys", "list", "--json"]).code(0).stdout;
    assert!(json.contains("\"name\":\"zoe\"") && json.contains("\"yours\":true"), "{json}");
    assert_eq!(fresh.sealant(&["keys", "show", "zoe"]).code(0).stdout.trim(), other);
    fresh.sealant(&["keys", "show", "nobody"]).code(100);
    let private = fresh.sealant(&["keys", "show", "--private"]).code(0).says("warning");
    assert_eq!(private.stdout.as_bytes(), std::fs::read(fresh.key_file()).unwrap());
}
