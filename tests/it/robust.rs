//! What must not happen, whatever happens: a lost file, half a file, a secret where it does not belong.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use sealant::commands::identities::age_keys;
use sealant::fsio::env::Env;
use sealant::keyservice::KeyRing;
use sealant::sops::file::EncryptedFile;

mod canary;
mod failures;
#[cfg(target_os = "linux")]
mod full_disk;
#[cfg(unix)]
mod kill;

/// A folder of its own, with a rule, a key and nothing else of the user's.
pub struct Place {
    dir: tempfile::TempDir,
}

/// The throw-away key of the tests.
fn tester() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("keys/private/tester.txt")
}

fn recipient() -> String {
    let text = fs::read_to_string(tester()).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("# public key: "));
    line.unwrap().to_owned()
}

impl Place {
    pub fn new() -> Self {
        let place = Self { dir: tempfile::tempdir().unwrap() };
        for folder in ["repo", "home", "tmp", "run"] {
            fs::create_dir(place.path(folder)).unwrap();
        }
        place.write_rule(&place.repo());
        place
    }

    fn write_rule(&self, folder: &Path) {
        let rule = format!(
            "creation_rules:\n  - path_regex: \\.yaml$\n    encrypted_regex: ^(secret|list)\n    age: {}\n",
            recipient()
        );
        fs::write(folder.join(".sops.yaml"), rule).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn repo(&self) -> PathBuf {
        self.path("repo")
    }

    /// sealant with these arguments in `folder`, with its own environment only.
    pub fn command(&self, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealant"));
        command.args(arguments).current_dir(folder).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.path("home")).env("TMPDIR", self.path("tmp"));
        command.env("XDG_RUNTIME_DIR", self.path("run"));
        command.env("SOPS_AGE_KEY_FILE", tester());
        command
    }

    /// Runs it to the end.
    pub fn run(&self, folder: &Path, arguments: &[&str], input: &str) -> Output {
        start(self.command(folder, arguments), input).wait_with_output().unwrap()
    }

    /// Runs it in the repository, where it has to succeed.
    pub fn done(&self, arguments: &[&str], input: &str) -> Output {
        let output = self.run(&self.repo(), arguments, input);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }
}

/// Starts a program and writes its whole input; one that does not read it is no error.
fn start(mut command: Command, input: &str) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child
}

/// The plain text of an encrypted file.
fn open(text: &str) -> Result<String, String> {
    let file = EncryptedFile::parse(text.to_owned()).map_err(|error| error.to_string())?;
    let ring = KeyRing::new(vec![Arc::new(age_keys(&Arc::new(Env::default()), &[tester()]))]);
    let key = ring.unwrap(&file.metadata.groups, file.metadata.shamir_threshold);
    let key = key.map_err(|_| "no key opens it".to_owned())?;
    let decrypted = file.decrypt(&key, false).map_err(|error| error.to_string())?;
    Ok(decrypted.text.as_str().to_owned())
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
