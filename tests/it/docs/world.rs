//! Where the commands of a page are run: a new folder with a home and a repository of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::blocks::{Block, Step, fits};
use super::root;

/// What the reader of the README already has.
const YOURS: &str = "\
db:
  host: db.internal # the primary
  password: \"correct horse\"
  users:
    - name: eve
      token: 0x1F
";
/// Stands in for a person who changes a line, and for an editor that puts a new file in the place of the old one.
const EDITOR: &str = r#"#!/bin/sh
sed -e 's/horse/donkey/' -e 's/replace me/hunter2/' -e 's/lifetime_minutes: 30/lifetime_minutes: 45/' "$1" >"$1.new" &&
    mv "$1.new" "$1"
"#;
const SEPARATOR: char = '\u{1}';

/// The folder, removed when this is dropped.
pub struct World {
    folder: tempfile::TempDir,
    /// Where the session begins.
    start: PathBuf,
    /// Folders with more programs.
    programs: Vec<PathBuf>,
    /// What is written otherwise here than on the page: the number of a port that may be taken.
    port: Option<(&'static str, String)>,
}

impl World {
    /// A new world, as the page takes it for granted.
    pub fn new(page: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        let home = path.join("home/alice");
        fs::create_dir_all(&home).unwrap();
        fs::write(path.join("editor"), EDITOR).unwrap();
        executable(&path.join("editor"));
        let start = path.join("start");
        if page.starts_with("examples/") {
            // a checkout of ours
            copy(&root().join("examples"), &start.join("examples"));
        } else {
            let repository = start.join("my-repository");
            fs::create_dir_all(repository.join("config")).unwrap();
            let init = Command::new("git").args(["init", "-q"]).current_dir(&repository).status().unwrap();
            assert!(init.success(), "git init");
            if page == "README.md" {
                fs::write(repository.join("config/prod.yaml"), YOURS).unwrap();
            }
        }
        Self { folder, start, programs: Vec::new(), port: None }
    }

    /// The same with programs that the page takes for installed, and with another number for the port of the server that it
    /// starts: in its commands, and in the manifests beside it.
    #[cfg(all(unix, feature = "vault", feature = "aws"))]
    pub fn with_server(page: &str, programs: Vec<PathBuf>, port: (&'static str, u16)) -> Self {
        let mut world = Self::new(page);
        let port = (port.0, port.1.to_string());
        let folder = world.start.join(page).parent().unwrap().to_owned();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            if path.ends_with("store.yaml") {
                fs::write(&path, text.replace(port.0, &port.1)).unwrap();
            }
        }
        world.programs = programs;
        world.port = Some(port);
        world
    }

    /// A folder for programs of the test's own.
    #[cfg(all(unix, feature = "vault", feature = "aws"))]
    pub fn program(&mut self, name: &str, text: &str) {
        let folder = self.folder.path().canonicalize().unwrap().join("programs");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), text).unwrap();
        executable(&folder.join(name));
        self.programs.insert(0, folder);
    }

    /// Runs the commands of all blocks as one session; what is wrong first.
    pub fn run<'a>(&self, blocks: &[&'a Block]) -> Option<(&'a Block, String)> {
        let steps: Vec<(&Block, Step)> =
            blocks.iter().flat_map(|block| block.steps().into_iter().map(|step| (*block, step))).collect();
        let printed = self.session(steps.iter().map(|(_, step)| step));
        let mut parts = printed.split(SEPARATOR);
        for (block, step) in steps {
            let (Some(out), Some(code)) = (parts.next(), parts.next()) else {
                return Some((block, format!("the session ended with: {}\n{printed}", step.command)));
            };
            let code: i32 = code.parse().unwrap();
            if step.succeeds && code != 0 {
                return Some((block, format!("{} fails with {code}\n{out}", step.command)));
            }
            let lines: Vec<&str> = out.lines().collect();
            if step.expected.as_ref().is_some_and(|expected| !fits(&lines, expected)) {
                return Some((block, format!("{} prints\n{out}", step.command)));
            }
        }
        None
    }

    /// Output of each command and its exit code, each followed by the separator.
    fn session<'a>(&self, steps: impl Iterator<Item = &'a Step>) -> String {
        // a server that the page starts is gone with the session, whatever happened
        let mut script = "exec 2>&1\ntrap '[ -z \"$!\" ] || kill $! 2>/dev/null' EXIT\n".to_owned();
        for step in steps {
            let command = match &self.port {
                Some((from, to)) => step.command.replace(from, to),
                None => step.command.clone(),
            };
            script.push_str(&format!("{command}\ncode=$?\nprintf '\\001%s\\001' $code\n(exit $code)\n"));
        }
        let folder = self.folder.path().canonicalize().unwrap();
        let binary = Path::new(env!("CARGO_BIN_EXE_sealant")).parent().unwrap();
        let search = std::env::var_os("PATH").unwrap_or_default();
        let first = [binary.to_owned()].into_iter().chain(self.programs.iter().cloned());
        let path = std::env::join_paths(first.chain(std::env::split_paths(&search))).unwrap();
        let script_file = folder.join("session");
        fs::write(&script_file, script).unwrap();
        let ran = Command::new("sh")
            .arg(&script_file)
            .current_dir(&self.start)
            .env_clear()
            .env("PATH", path)
            .env("HOME", folder.join("home/alice"))
            .env("TMPDIR", &folder)
            .env("EDITOR", folder.join("editor"))
            .env("PAGER", "cat")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"].map(|name| (name, "Alice")))
            .envs(["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"].map(|name| (name, "alice@example.org")))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        String::from_utf8_lossy(&ran.stdout).into_owned()
    }
}

/// A folder with all it holds.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

#[cfg(unix)]
fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(not(unix))]
fn executable(_: &Path) {}
