//! A repository of its own for one test: rules, a key, an editor that is a shell script, and the real program.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The plain text that the tests encrypt. Every line matters: comments, quotes, an anchor, types.
pub const PLAIN: &str = "\
# settings, not secret
host: db.example # here
db:
  password: 'canary-one'
  port: 5432
  ratio: 1.5
  enabled: true
  since: 2026-01-15
  shared_key: &shared canary-two
  other_key: *shared
  empty_secret:
users:
  - name: eve
    token: canary-three
";

const RULES: &str = "\
creation_rules:
  - path_regex: ^secret/
    encrypted_regex: ^(password|token|.*_(key|secret)|pin)$
    age: RECIPIENT
";

pub struct Sandbox {
    dir: TempDir,
}

/// How a run ended.
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ended {
    #[track_caller]
    pub fn code(self, wanted: i32) -> Self {
        assert_eq!(self.code, Some(wanted), "{}{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub fn says(self, what: &str) -> Self {
        assert!(self.stderr.contains(what), "{}", self.stderr);
        self
    }
}

impl Sandbox {
    /// Rules, the tester's key, nothing encrypted yet.
    pub fn new() -> Self {
        let sandbox = Self { dir: tempfile::tempdir().unwrap() };
        for folder in ["repo/keys", "repo/secret", "home", "tmp"] {
            std::fs::create_dir_all(sandbox.dir.path().join(folder)).unwrap();
        }
        let public = fixture("tester.pub");
        let recipient = public.lines().find(|line| line.starts_with("age1")).unwrap();
        sandbox.write(".sops.yaml", &RULES.replace("RECIPIENT", recipient));
        sandbox.write("keys/tester.pub", &public);
        sandbox.write("../tester.txt", &fixture("private/tester.txt"));
        sandbox
    }

    /// The same with [`PLAIN`], encrypted, as `secret/app.yaml`.
    pub fn encrypted() -> Self {
        let sandbox = Self::new();
        sandbox.write("secret/app.yaml", PLAIN);
        sandbox.run(&["encrypt", "-i", "secret/app.yaml"]).code(0);
        sandbox
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join("repo").join(path)
    }

    pub fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    pub fn write(&self, path: &str, text: &str) {
        std::fs::write(self.path(path), text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap()
    }

    pub fn mode(&self, path: &str, mode: u32) {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(self.path(path), mode).unwrap();
    }

    pub fn exists(&self, path: &str) -> bool {
        std::fs::symlink_metadata(self.path(path)).is_ok()
    }

    /// The program with the tester's key and nothing else of our environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealant"));
        command
            .args(arguments)
            .current_dir(self.path(""))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.home())
            .env("TMPDIR", self.dir.path().join("tmp"))
            .env("SOPS_AGE_KEY_FILE", self.dir.path().join("tester.txt"))
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ended {
        self.command(arguments).output().unwrap().into()
    }

    pub fn run_with(&self, input: &str, arguments: &[&str]) -> Ended {
        use std::io::Write;
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // a program that refuses its arguments does not read
        _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap().into()
    }

    /// The plain text of a file as it is now.
    #[track_caller]
    pub fn plain(&self, path: &str) -> String {
        self.run(&["decrypt", path]).code(0).stdout
    }

    /// An editor: a shell script that gets the file as `$1`. It notes the folder it was called in.
    pub fn editor(&self, script: &str) -> PathBuf {
        let path = self.dir.path().join("my editor");
        let notes = self.notes();
        let text = format!(
            "#!/bin/sh\nset -e\nfor file; do :; done\ndirname \"$file\" >> '{0}'\n\
             ls -ld \"$(dirname \"$file\")\" \"$file\" >> '{0}.ls'\n{script}\n",
            notes.display()
        );
        std::fs::write(&path, text).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(&path, mode).unwrap();
        path
    }

    fn notes(&self) -> PathBuf {
        self.dir.path().join("notes")
    }

    /// The command that edits with this script.
    pub fn edit_command(&self, script: &str, file: &str) -> Command {
        let editor = self.editor(script);
        let mut command = self.command(&["edit", file]);
        command.env("SOPS_EDITOR", format!("'{}'", editor.display()));
        command
    }

    pub fn edit(&self, script: &str, file: &str) -> Ended {
        self.edit_command(script, file).output().unwrap().into()
    }

    /// The folders that the editor saw.
    pub fn folders(&self) -> Vec<PathBuf> {
        let text = std::fs::read_to_string(self.notes()).unwrap_or_default();
        text.lines().map(PathBuf::from).collect()
    }

    /// What `ls -ld` said of the folder and the file when the editor was called.
    pub fn listing(&self) -> String {
        std::fs::read_to_string(self.notes().with_extension("ls")).unwrap()
    }

    /// No plain text is left where the editor was, nor in the folder for temporary files.
    #[track_caller]
    pub fn nothing_left(&self) {
        let folders = self.folders();
        assert!(!folders.is_empty(), "the editor was not called");
        for folder in folders {
            assert!(!folder.exists(), "{} is still there", folder.display());
        }
        let tmp = std::fs::read_dir(self.dir.path().join("tmp")).unwrap();
        assert_eq!(tmp.count(), 0);
        let repo = std::fs::read_dir(self.path("secret")).unwrap();
        let names: Vec<_> = repo.map(|entry| entry.unwrap().file_name()).collect();
        assert!(names.iter().all(|name| !name.to_string_lossy().contains(".sealant-")), "{names:?}");
    }
}

/// The same command where permissions count: root gives up the privilege to write everywhere.
pub fn without_privileges(command: &mut Command) -> Command {
    let id = Command::new("id").arg("-u").output().unwrap();
    if id.stdout != b"0\n" {
        return copied(Command::new(command.get_program()), command);
    }
    let mut plain = Command::new("setpriv");
    plain.args(["--bounding-set", "-dac_override", "--inh-caps", "-dac_override", "--"]);
    plain.arg(command.get_program());
    copied(plain, command)
}

fn copied(mut to: Command, from: &Command) -> Command {
    to.args(from.get_args()).env_clear().stdin(Stdio::null());
    to.envs(from.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if let Some(folder) = from.get_current_dir() {
        to.current_dir(folder);
    }
    to
}

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("keys").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// The lines of `new` that are not the same line of `old`. Both have as many lines.
#[track_caller]
pub fn differing(old: &str, new: &str) -> Vec<String> {
    assert_eq!(old.lines().count(), new.lines().count(), "{new}");
    let pairs = old.lines().zip(new.lines());
    pairs.filter(|(old, new)| old != new).map(|(_, new)| new.trim().to_owned()).collect()
}

/// Whether nothing differs but one value and the metadata that follows from it.
#[track_caller]
pub fn only_value_and_metadata(old: &str, new: &str, value_line: &str) {
    let lines = differing(old, new);
    let (values, metadata): (Vec<&String>, Vec<&String>) =
        lines.iter().partition(|line| !line.starts_with("lastmodified: ") && !line.starts_with("mac: "));
    assert_eq!(values.len(), 1, "{lines:?}");
    assert!(values[0].contains(value_line), "{lines:?}");
    assert!(metadata.iter().any(|line| line.starts_with("mac: ")));
}
