//! All kinds of age keys: {encrypt, rotate, updatekeys} by ours and by sops, each opened by the other; and what goes wrong.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::peers;

const SOURCE: &str = "a: secret\nb: 7\n";
const PQ: &str = "pq";

/// A key of one kind: its recipient, and the variable that names the private half.
struct Key {
    kind: &'static str,
    recipient: String,
    variable: &'static str,
    file: PathBuf,
}

/// A folder with a key of each kind, and the programs.
struct World {
    folder: tempfile::TempDir,
    sops: PathBuf,
    age: PathBuf,
    keygen: PathBuf,
    plugin: PathBuf,
}

fn world(test: &str) -> Option<World> {
    let names = ["bin/sops", "bin/age", "bin/age-keygen", "bin/age-plugin-sealanttest"];
    let mut found = peers::locate_all(test, &names)?.into_iter();
    let mut next = || found.next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    Some(World { folder, sops: next(), age: next(), keygen: next(), plugin: next() })
}

fn ours() -> PathBuf {
    crate::interop::sealant()
}

fn vectors(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/age/ssh").join(name)
}

fn text(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

impl World {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a program with `key` and nothing else of ours.
    fn try_run(&self, program: &Path, key: Option<&Key>, arguments: &[&str]) -> Output {
        let folder = self.plugin.parent().unwrap().to_owned();
        let rest = std::env::var_os("PATH").unwrap_or_default();
        let path: OsString = std::env::join_paths([folder].into_iter().chain(std::env::split_paths(&rest))).unwrap();
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.folder.path()).env_clear().env("PATH", path);
        command.env("HOME", self.folder.path()).env("SOPS_DISABLE_VERSION_CHECK", "1");
        command.envs(key.map(|key| (key.variable, &key.file)));
        command.stdin(std::process::Stdio::null()).output().unwrap()
    }

    fn run(&self, program: &Path, key: Option<&Key>, arguments: &[&str]) -> String {
        text(self.try_run(program, key, arguments))
    }

    fn key(&self, kind: &'static str) -> Key {
        let file = self.path(&format!("{kind}.key"));
        let variable = "SOPS_AGE_KEY_FILE";
        let generated = |arguments: &[&str]| {
            let made = self.run(&self.keygen, None, arguments);
            fs::write(&file, &made).unwrap();
            made.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap().to_owned()
        };
        let ssh = |name: &str| {
            let public = fs::read_to_string(vectors(&format!("{name}.pub"))).unwrap();
            (public.trim().to_owned(), vectors(name))
        };
        let (recipient, variable, file) = match kind {
            "x25519" | "base" => (generated(&[]), variable, file),
            PQ => (generated(&["-pq"]), variable, file),
            "plugin" => {
                let made = self.run(&self.plugin, None, &["-generate", "some text"]);
                let (recipient, identity) = made.split_once('\n').unwrap();
                fs::write(&file, identity).unwrap();
                (recipient.to_owned(), variable, file)
            }
            _ => {
                let (recipient, file) = ssh(kind);
                (recipient, "SOPS_AGE_SSH_PRIVATE_KEY_FILE", file)
            }
        };
        Key { kind, recipient, variable, file }
    }

    fn decrypts(&self, program: &Path, key: &Key, file: &str) {
        let plain = self.run(program, Some(key), &["decrypt", file]);
        assert_eq!(plain, SOURCE, "{} with {}", program.display(), key.kind);
    }

    /// Encrypts for `key` with one program, reads with the other.
    fn matrix(&self, key: &Key, writer: &Path, reader: &Path) {
        fs::write(self.path("plain.yaml"), SOURCE).unwrap();
        let encrypted = self.run(writer, None, &["encrypt", "--age", &key.recipient, "plain.yaml"]);
        fs::write(self.path("one.yaml"), &encrypted).unwrap();
        assert!(encrypted.contains(&key.recipient) && !encrypted.contains("secret"));
        self.decrypts(reader, key, "one.yaml");
        self.decrypts(writer, key, "one.yaml");

        // the other one gives it a new data key
        self.run(reader, Some(key), &["rotate", "-i", "one.yaml"]);
        assert_ne!(fs::read_to_string(self.path("one.yaml")).unwrap(), encrypted);
        self.decrypts(writer, key, "one.yaml");
        self.decrypts(reader, key, "one.yaml");

        // from one key to another by the rules
        let base = self.key("base");
        let encrypted = self.run(reader, None, &["encrypt", "--age", &base.recipient, "plain.yaml"]);
        fs::write(self.path("two.yaml"), encrypted).unwrap();
        let rules = format!("creation_rules:\n  - age: '{}'\n", key.recipient);
        fs::write(self.path(".sops.yaml"), rules).unwrap();
        self.run(writer, Some(&base), &["updatekeys", "--yes", "two.yaml"]);
        fs::remove_file(self.path(".sops.yaml")).unwrap();
        self.decrypts(reader, key, "two.yaml");
        self.decrypts(writer, key, "two.yaml");
        assert!(!self.try_run(&ours(), Some(&base), &["decrypt", "two.yaml"]).status.success());
    }
}

/// Both ways, for one kind.
fn both(test: &str, kind: &'static str) {
    let Some(world) = world(test) else { return };
    let key = world.key(kind);
    let (ours, sops) = (ours(), world.sops.clone());
    world.matrix(&key, &ours, &sops);
    world.matrix(&key, &sops, &ours);
}

#[test]
fn x25519() {
    both("x25519", "x25519");
}

#[test]
fn ssh_ed25519() {
    both("ssh_ed25519", "ed");
}

#[test]
fn ssh_rsa() {
    both("ssh_rsa", "rsa");
}

#[test]
fn post_quantum() {
    both("post_quantum", PQ);
}

#[test]
fn plugin() {
    both("plugin", "plugin");
}

/// The wrapped key is an age file that age itself opens.
#[test]
fn age_opens_what_we_wrap() {
    let Some(world) = world("age_opens_what_we_wrap") else { return };
    fs::write(world.path("plain.yaml"), SOURCE).unwrap();
    for kind in ["x25519", "ed", "rsa", "rsapem", PQ, "plugin"] {
        let key = world.key(kind);
        let yaml = world.run(&ours(), None, &["encrypt", "--age", &key.recipient, "plain.yaml"]);
        let lines = yaml.lines().map(str::trim).skip_while(|line| !line.starts_with("-----BEGIN AGE"));
        let mut armor: Vec<&str> = lines.collect();
        armor.truncate(1 + armor.iter().position(|line| line.starts_with("-----END AGE")).unwrap());
        fs::write(world.path("key.age"), armor.join("\n")).unwrap();
        let file = key.file.display().to_string();
        let opened = world.try_run(&world.age, None, &["-d", "-i", &file, "key.age"]);
        assert!(opened.status.success(), "{kind}: {}", String::from_utf8_lossy(&opened.stderr));
        assert_eq!(opened.stdout.len(), 32);
        // an identity of any kind can be named on the command line
        fs::write(world.path("one.yaml"), yaml).unwrap();
        assert_eq!(world.run(&ours(), None, &["decrypt", "--identity", &file, "one.yaml"]), SOURCE);
    }
}

/// `~/.ssh` as sops looks at it: a broken key there is nobody's trouble.
#[test]
fn keys_of_the_home_folder() {
    let Some(world) = world("keys_of_the_home_folder") else { return };
    fs::create_dir(world.path(".ssh")).unwrap();
    fs::write(world.path(".ssh/id_ed25519"), "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n").unwrap();
    fs::copy(vectors("rsa"), world.path(".ssh/id_rsa")).unwrap();
    fs::write(world.path("plain.yaml"), SOURCE).unwrap();
    for kind in ["rsa", "x25519"] {
        let key = world.key(kind);
        let encrypted = world.run(&world.sops, None, &["encrypt", "--age", &key.recipient, "plain.yaml"]);
        fs::write(world.path("one.yaml"), encrypted).unwrap();
        let with = (kind != "rsa").then_some(&key);
        assert_eq!(world.run(&ours(), with, &["decrypt", "one.yaml"]), SOURCE);
        assert_eq!(world.run(&world.sops, with, &["decrypt", "one.yaml"]), SOURCE);
    }
}

/// A key that we make, for sops and age.
#[test]
fn our_own_post_quantum_keys() {
    let Some(world) = world("our_own_post_quantum_keys") else { return };
    let made = world.run(&ours(), None, &["keys", "new", "me", "--post-quantum", "--output", "me.key"]);
    let file = world.path("me.key");
    let recipient = world.run(&world.keygen, None, &["-y", "me.key"]);
    assert_eq!(made, recipient);
    let key = Key { kind: PQ, recipient: recipient.trim().into(), variable: "SOPS_AGE_KEY_FILE", file };
    world.matrix(&key, &world.sops, &ours());
}

#[test]
fn what_goes_wrong_is_said() {
    let Some(world) = world("what_goes_wrong_is_said") else { return };
    fs::write(world.path("plain.yaml"), SOURCE).unwrap();
    let fails = |key: Option<&Key>, arguments: &[&str], wanted: &[&str]| {
        let output = world.try_run(&ours(), key, arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{said}");
        wanted.iter().for_each(|text| assert!(said.contains(text), "wanted {text} in:\n{said}"));
    };
    let missing = "age1nonexistentplugin1pt5d8z";
    fails(None, &["encrypt", "--age", missing, "plain.yaml"], &["age-plugin-nonexistentplugin is not installed"]);
    fails(None, &["encrypt", "--age", "ssh-ed25519 AAAA", "plain.yaml"], &["not a valid SSH public key"]);
    fails(None, &["encrypt", "--age", "age1pq1qqqq", "plain.yaml"], &["not a valid age recipient"]);
    // it fits, but there is nobody to ask for its passphrase
    let locked = world.key("edp");
    let encrypted = world.run(&world.sops, None, &["encrypt", "--age", &locked.recipient, "plain.yaml"]);
    fs::write(world.path("one.yaml"), encrypted).unwrap();
    fails(Some(&locked), &["decrypt", "one.yaml"], &["fits, but: it needs a passphrase", "nobody to ask"]);
    // a plugin that is not installed, for a file of its own
    let plugin = world.key("plugin");
    let encrypted = world.run(&world.sops, None, &["encrypt", "--age", &plugin.recipient, "plain.yaml"]);
    fs::write(world.path("one.yaml"), encrypted).unwrap();
    let without = Command::new(ours())
        .args(["decrypt", "one.yaml"])
        .current_dir(world.folder.path())
        .env_clear()
        .env("PATH", "/nonexistent")
        .env(plugin.variable, &plugin.file)
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&without.stderr).contains("age-plugin-sealanttest is not installed"));
}
