//! `publish`: to a real OpenBao, side by side with the real sops, and to servers that misbehave.

pub mod bao;
mod faults;
pub mod faulty;
mod real;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Stands for every secret value; it is looked for where it must not be.
pub const CANARY: &str = "canary-value";
/// The same for the token.
pub const TOKEN: &str = "canary-token";

/// A folder with a configuration, encrypted files, and a home of its own.
pub struct World {
    _folder: tempfile::TempDir,
    pub root: PathBuf,
    variables: Vec<(String, String)>,
}

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

pub fn identity() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/identity.txt")
}

pub fn sealant() -> PathBuf {
    env!("CARGO_BIN_EXE_sealant").into()
}

impl World {
    /// With these destination rules and files; everything in the files is encrypted.
    pub fn new(destinations: &str, files: &[(&str, &str)]) -> Self {
        let text = fs::read_to_string(identity()).unwrap();
        let recipient = text.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap();
        let rules = format!("creation_rules:\n  - age: {recipient}\ndestination_rules:\n{destinations}");
        let world = Self::bare(&rules);
        for (name, text) in files {
            let path = world.root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
            let ended = world.run(&sealant(), &["encrypt", "-i", "--allow-empty", name], "");
            assert_eq!(ended.code, Some(0), "{ended:?}");
        }
        world
    }

    /// With this configuration and nothing else.
    pub fn bare(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir(root.join("home")).unwrap();
        fs::write(root.join(".sops.yaml"), config).unwrap();
        Self { _folder: folder, root, variables: Vec::new() }
    }

    /// The same with a variable for all runs.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set(name, value);
        self
    }

    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.into()));
    }

    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// Runs a program with nothing of the user's environment, and looks for secrets in what it says.
    pub fn run(&self, program: &Path, arguments: &[&str], input: &str) -> Ended {
        let mut child = Command::new(program)
            .args(arguments)
            .current_dir(&self.root)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home())
            .env("SOPS_AGE_KEY_FILE", identity())
            .env("SOPS_DISABLE_VERSION_CHECK", "1")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // it may not read it at all
        _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let ended = Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        for secret in [CANARY, TOKEN, bao::ROOT] {
            let said = format!("{}{}", ended.stdout, ended.stderr);
            assert!(!said.contains(secret), "{program:?} {arguments:?} says {secret}\n{said}");
        }
        ended
    }

    /// `sealant publish`.
    fn publish(&self, arguments: &[&str]) -> Ended {
        self.run(&sealant(), &[&["publish"], arguments].concat(), "")
    }
}
