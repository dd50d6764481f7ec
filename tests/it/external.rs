//! `render` and `sync`: ExternalSecrets as the documentation of External Secrets Operator has them, with real stores and a real
//! API server, and the values that its own code printed.

mod aws_docs;
#[cfg(target_os = "linux")]
mod cluster;
mod forms;
mod golden;
#[cfg(target_os = "linux")]
mod owners;
#[cfg(target_os = "linux")]
mod policies;
mod vault_docs;
mod verbs;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sealant::manifest::{self, Secret};

use crate::vault::bao::ROOT;
use crate::vault::identity;

/// Every secret value of these tests begins so, unless a golden vector gives it.
pub const CANARY: &str = "canary-value";
/// Whatever is logged in with.
const CREDENTIALS: [&str; 5] =
    [ROOT, "canary-token", "canary-secret-id", "AKIACANARYCANARYCANA", "canary-secret-access-key"];

/// No value, token or key is in it, neither as it is nor in base64.
#[track_caller]
pub fn assert_quiet(said: &str) {
    for secret in CREDENTIALS.iter().chain([&CANARY]) {
        assert!(!said.contains(secret), "says {secret}:\n{said}");
        // base64 of a text depends on where it begins in a group of three
        for before in ["", "x", "xx"] {
            let text = base64_simd::STANDARD.encode_to_string(format!("{before}{secret}"));
            let inner = &text[4.min(text.len())..text.len() - 4];
            assert!(!said.contains(inner), "says {secret} in base64:\n{said}");
        }
    }
}

/// A folder with manifests, and a home of its own.
pub struct World {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    #[track_caller]
    pub fn code(self, wanted: i32) -> Self {
        assert_eq!(self.code, Some(wanted), "{}{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub fn says(self, what: &str) -> Self {
        assert!(
            self.stderr.contains(what) || self.stdout.contains(what),
            "no {what:?} in\n{}{}",
            self.stdout,
            self.stderr
        );
        self
    }
}

impl World {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new() };
        fs::create_dir(world.path("home")).unwrap();
        files.iter().for_each(|(name, text)| world.write(name, text));
        world
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn replace(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name} does not hold {from}");
        self.write(name, &text.replace(from, to));
    }

    /// A program with nothing of the user's environment.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path("home"))
            .env("SOPS_AGE_KEY_FILE", identity())
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs sealant, whose words must hold no secret.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = self.command(Path::new(env!("CARGO_BIN_EXE_sealant")));
        command.args(arguments);
        quiet(command, "")
    }

    /// The data of a Secret in a file.
    #[track_caller]
    pub fn data(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        let objects = manifest::read(&fs::read(self.path(name)).unwrap()).unwrap();
        let secret = Secret::from_object(&objects[0]).unwrap();
        secret.data.iter().map(|(key, value)| (key.clone(), value.expose().to_vec())).collect()
    }

    /// The same, as texts.
    #[track_caller]
    pub fn texts(&self, name: &str) -> BTreeMap<String, String> {
        self.data(name).into_iter().map(|(key, value)| (key, String::from_utf8(value).unwrap())).collect()
    }
}

/// Runs a command, whose words must hold no secret.
#[track_caller]
pub fn quiet(mut command: Command, input: &str) -> Ended {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // it may not read it at all
    _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let ended = Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    assert_quiet(&format!("{}{}", ended.stdout, ended.stderr));
    ended
}

/// Texts by their keys.
pub fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect()
}

/// A text as JSON, which is YAML as well.
pub fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}
