//! Programs that call `sops`, with our link as the only `sops` in their PATH, and programs that have sops built in, with
//! files of ours. `docs/sops.md` lists what was tried and how.
//!
//! Where the program itself cannot be had, the command lines that it is documented to run are run instead.

mod ansible;
mod git;
mod go;
mod helm;
mod scripts;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A repository with one rule, and a PATH in which `sops` is ours.
struct World {
    _folder: tempfile::TempDir,
    root: PathBuf,
    variables: Vec<(&'static str, OsString)>,
}

/// How a script ended.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ended {
    #[track_caller]
    fn code(self, wanted: i32) -> Self {
        assert_eq!(self.code, Some(wanted), "{}\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    fn prints(self, wanted: &str) -> Self {
        assert_eq!(self.stdout, wanted, "{}", self.stderr);
        self
    }
}

fn identity() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/identity.txt")
}

fn recipient() -> String {
    let text = fs::read_to_string(identity()).unwrap();
    text.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap().to_owned()
}

/// The folders of PATH that hold no `sops`.
fn other_programs() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).filter(|folder| !folder.join("sops").exists()).collect()
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for name in ["bin", "home", "tmp", "repo"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        for name in ["sops", "sealant"] {
            symlink(env!("CARGO_BIN_EXE_sealant"), root.join("bin").join(name)).unwrap();
        }
        let world = Self { _folder: folder, root, variables: Vec::new() };
        world.write(".sops.yaml", format!("creation_rules:\n  - age: {}\n", recipient()));
        let found = world.sh("command -v sops").code(0).stdout;
        assert_eq!(Path::new(found.trim_end()), world.root.join("bin/sops"));
        world
    }

    /// The same with a variable for all scripts.
    fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join("repo").join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// An editor that changes the file it is given with a shell script.
    fn editor(&self, script: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.root.join("bin/editor");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs a shell script in the repository; nothing may stay behind in the folder for temporary files.
    fn sh(&self, script: &str) -> Ended {
        let bin = self.root.join("bin");
        let path = env::join_paths([bin].into_iter().chain(other_programs())).unwrap();
        let output = Command::new("timeout")
            .args(["60", "/bin/sh", "-c", script])
            .current_dir(self.root.join("repo"))
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.root.join("home"))
            .env("TMPDIR", self.root.join("tmp"))
            .env("SOPS_AGE_KEY_FILE", identity())
            .env("EDITOR", "editor")
            .env("R", recipient())
            .env("LINK", self.root.join("bin/sops"))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let ended = Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        let left: Vec<_> =
            fs::read_dir(self.root.join("tmp")).unwrap().flatten().map(|entry| entry.file_name()).collect();
        assert!(left.is_empty(), "left behind: {left:?}\n{script}\n{ended:?}");
        ended
    }
}
