//! Called as kubeseal: the same as the real kubeseal 0.27.1 in the same run, better where that has defects, and the other way
//! round with the real controller.

mod cluster;
mod fixes;
mod output;
mod table;
mod unseal;

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::peers;
use crate::sandbox::Ended;

/// A throw-away certificate or key.
pub fn vector(name: &str) -> String {
    format!("{}/tests/vectors/sealed/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The real program; `None`, said on standard error, when it is not there.
pub fn real(test: &str) -> Option<PathBuf> {
    peers::locate_all(test, &["bin/kubeseal"]).map(|mut found| found.remove(0))
}

/// Ours.
pub fn ours() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_sealant"))
}

/// A folder to work in, with a home that has no kubeconfig.
pub struct World {
    dir: TempDir,
}

impl World {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("home")).unwrap();
        Self { dir }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs a program that thinks it is called `kubeseal`.
    pub fn run(&self, program: &Path, arguments: &[&str], input: &[u8]) -> Ended {
        self.run_with(program, arguments, input, &[])
    }

    pub fn run_with(&self, program: &Path, arguments: &[&str], input: &[u8], variables: &[(&str, &str)]) -> Ended {
        let mut child = Command::new(program)
            .arg0("kubeseal")
            .args(arguments)
            .current_dir(self.dir.path())
            .env_clear()
            .env("HOME", self.path("home"))
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // a program that does not want its input may be gone already
        _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap().into()
    }
}

/// Output without what differs between any two runs: ciphertexts; and without `creationTimestamp: null`, which upstream has not
/// printed any more since apimachinery 0.34.
pub fn without_chance(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        if line.trim_start().trim_start_matches('"').starts_with("creationTimestamp") && line.contains("null") {
            // it may have been the last of its object
            if let Some(before) = lines.last_mut().filter(|_| !line.ends_with(',')) {
                *before = before.trim_end_matches(',').to_owned();
            }
            continue;
        }
        let is_base64 = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '/' | '=');
        let words = line.split_inclusive(|letter| !is_base64(letter));
        lines.push(words.map(|word| if word.len() > 300 { "[CIPHERTEXT]" } else { word }).collect());
    }
    let mut out = lines.join("\n");
    out.extend(text.ends_with('\n').then_some('\n'));
    out
}
