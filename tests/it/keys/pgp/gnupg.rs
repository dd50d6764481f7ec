//! A keyring of gpg that lasts for one test, with keys made for it and a pinentry that is a shell script.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The passphrase of keys that have one.
const PASSPHRASE: &str = "canary passphrase";
/// Where distributions put it: it is not meant to be in `PATH`.
const PRESET: [&str; 3] = [
    "/usr/lib/gnupg/gpg-preset-passphrase",
    "/usr/libexec/gpg-preset-passphrase",
    "/usr/lib/gnupg2/gpg-preset-passphrase",
];

/// How the secret half is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    None,
    Passphrase,
}

/// A key that can encrypt.
pub struct Key {
    pub primary: String,
    pub subkey: String,
    keygrips: Vec<String>,
}

/// The keyring; its agent ends with it.
pub struct Gnupg {
    folder: tempfile::TempDir,
}

impl Gnupg {
    /// An empty keyring; `None`, with a line on standard error, when gpg is not installed.
    pub fn locate(test: &str) -> Option<Self> {
        if Command::new("gpg").arg("--version").output().is_err() {
            let required = std::env::var_os("SEALANT_REQUIRE_PEERS").is_some_and(|value| value == "1");
            assert!(!required, "{test}: SEALANT_REQUIRE_PEERS=1, and gpg is missing");
            eprintln!("SKIP {test}: gpg is not installed (tests/peers tells how to install it)");
            return None;
        }
        // sockets have short paths
        let folder = tempfile::Builder::new().prefix("g").tempdir_in("/tmp").unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let this = Self { folder };
        // a passphrase that is turned into a key the fast way will do
        let agent =
            format!("allow-preset-passphrase\ns2k-count 65536\npinentry-program {}\n", this.pinentry().display());
        fs::write(this.home().join("gpg-agent.conf"), agent).unwrap();
        // as where there is no terminal
        this.pinentry_says("ERR 83918950 Inappropriate ioctl for device");
        Some(this)
    }

    pub fn home(&self) -> &Path {
        self.folder.path()
    }

    fn pinentry(&self) -> PathBuf {
        self.home().join("pinentry")
    }

    fn script(&self, lines: &str) {
        fs::write(self.pinentry(), format!("#!/bin/sh\n{lines}\n")).unwrap();
        fs::set_permissions(self.pinentry(), fs::Permissions::from_mode(0o700)).unwrap();
    }

    /// A pinentry that counts questions, and answers them all alike.
    fn pinentry_says(&self, answer: &str) {
        let home = self.home().display();
        self.script(&format!(
            "echo 'OK hello'\nwhile read -r word rest; do\n  case $word in\n    GETPIN) echo >>{home}/asked; printf '%s\\n' \
             '{answer}' ;;\n    BYE) echo OK; exit ;;\n    *) echo OK ;;\n  esac\ndone"
        ));
    }

    /// From now on somebody types a passphrase when asked.
    pub fn answers(&self, which: &str) {
        let typed = if which == "right" { PASSPHRASE } else { "something else" };
        self.pinentry_says(&format!("D {typed}\nOK"));
    }

    /// From now on somebody cancels when asked.
    pub fn cancels(&self) {
        self.pinentry_says("ERR 83886179 Operation cancelled <Pinentry>");
    }

    /// How often somebody was asked since the last call.
    pub fn questions(&self) -> usize {
        let asked = fs::read_to_string(self.home().join("asked")).unwrap_or_default().len();
        _ = fs::remove_file(self.home().join("asked"));
        asked
    }

    /// Runs gpg, which has to succeed.
    pub fn gpg(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let mut child = Command::new("gpg")
            .args(["--batch", "--quiet", "--no-tty"])
            .args(arguments)
            .env("GNUPGHOME", self.home())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "gpg {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    fn make(&self, arguments: &[&str], protection: Protection) {
        let passphrase = if protection == Protection::None { "" } else { PASSPHRASE };
        self.gpg(&[&["--pinentry-mode", "loopback", "--passphrase", passphrase], arguments].concat(), b"");
    }

    /// A key with a subkey for encryption.
    pub fn key(&self, owner: &str, kind: &str, protection: Protection) -> Key {
        self.make(&["--quick-gen-key", owner, kind, "sign", "0"], protection);
        let (primary, _) = self.parts(owner, 0);
        let subkey = if kind == "ed25519" { "cv25519" } else { kind };
        self.make(&["--quick-add-key", &primary, subkey, "encr", "0"], protection);
        self.found(owner)
    }

    /// A key that expired in 2020, on the eleventh of January.
    pub fn expired(&self, owner: &str) -> Key {
        let then = "--faked-system-time=20200101T000000";
        self.make(&[then, "--quick-gen-key", owner, "ed25519", "sign", "10d"], Protection::None);
        let (primary, _) = self.parts(owner, 0);
        self.make(&[then, "--quick-add-key", &primary, "cv25519", "encr", "10d"], Protection::None);
        self.found(owner)
    }

    /// The fingerprint of a key that cannot encrypt.
    pub fn signing_key(&self, owner: &str) -> String {
        self.make(&["--quick-gen-key", owner, "ed25519", "sign", "0"], Protection::None);
        self.parts(owner, 0).0
    }

    /// Revokes a key.
    pub fn revoke(&self, key: &Key) {
        let path = self.home().join(format!("openpgp-revocs.d/{}.rev", key.primary));
        let certificate = fs::read_to_string(path).unwrap().replace(":-----BEGIN", "-----BEGIN");
        self.gpg(&["--import"], certificate.as_bytes());
    }

    fn found(&self, owner: &str) -> Key {
        let (primary, first) = self.parts(owner, 0);
        let (subkey, second) = self.parts(owner, 1);
        Key { primary, subkey, keygrips: vec![first, second] }
    }

    /// Fingerprint and keygrip of the key, or of one of its subkeys.
    fn parts(&self, owner: &str, at: usize) -> (String, String) {
        let listing = self.gpg(&["--with-colons", "--with-keygrip", "--list-keys", owner], b"");
        let listing = String::from_utf8(listing).unwrap();
        let nth = |kind: &str| {
            let mut lines = listing.lines().filter(|line| line.starts_with(kind));
            lines.nth(at).unwrap().split(':').nth(9).unwrap().to_owned()
        };
        (nth("fpr"), nth("grp"))
    }

    /// Gives the agent the passphrase of a key, as one does on a machine where nobody types it.
    pub fn preset(&self, key: &Key) {
        let program = PRESET.iter().find(|path| Path::new(path).is_file()).unwrap();
        self.connect("/bye");
        for keygrip in &key.keygrips {
            let mut child = Command::new(program)
                .args(["--preset", keygrip])
                .env("GNUPGHOME", self.home())
                .stdin(Stdio::piped())
                .spawn()
                .unwrap();
            child.stdin.take().unwrap().write_all(PASSPHRASE.as_bytes()).unwrap();
            assert!(child.wait().unwrap().success());
        }
    }

    /// The agent knows no passphrase any more.
    pub fn forget_passphrases(&self) {
        self.connect("reloadagent");
    }

    fn connect(&self, command: &str) {
        let status = Command::new("gpg-connect-agent")
            .args([command, "/bye"])
            .env("GNUPGHOME", self.home())
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
    }
}

impl Drop for Gnupg {
    fn drop(&mut self) {
        // an agent that is not there is as good
        _ = Command::new("gpgconf").args(["--kill", "all"]).env("GNUPGHOME", self.home()).output();
    }
}
