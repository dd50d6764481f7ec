//! Programs we start: commands that print keys, and editors. Never through a shell.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use super::env::{Env, Var};
use super::read::{Wiped, read_wiped};
use super::signals::KeyboardBelongsToChild;

/// Editors that are tried when no variable names one, as in sops.
const EDITORS: [&str; 3] = ["vim", "nano", "vi"];

/// A program that could not be run, or failed. Never holds arguments or output: they may be secret.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// The command is empty or a quote in it is not closed.
    #[error("the command cannot be split into words")]
    BadCommand,
    /// The program did not start.
    #[error("cannot run {program}: {source}")]
    NotStarted {
        /// The first word of the command.
        program: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The program's output could not be read.
    #[error("cannot read what {program} prints: {source}")]
    Unreadable {
        /// The first word of the command.
        program: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The program printed more than we take.
    #[error("{program} printed more than {limit} bytes")]
    TooLarge {
        /// The first word of the command.
        program: String,
        /// What we would have taken.
        limit: u64,
    },
    /// The program ended with an error.
    #[error("{program} failed: {status}")]
    Failed {
        /// The first word of the command.
        program: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// No variable names an editor, and none of the usual ones is installed.
    #[error("no editor found: set SOPS_EDITOR, VISUAL or EDITOR, or install vim, nano or vi")]
    NoEditor,
}

/// A command split into words as a shell would, without its expansions.
fn split(command: &str) -> Result<(String, Vec<String>), ChildError> {
    let mut words = shlex::split(command).ok_or(ChildError::BadCommand)?;
    if words.is_empty() {
        return Err(ChildError::BadCommand);
    }
    let program = words.remove(0);
    Ok((program, words))
}

/// Runs `command` and takes what it prints. It gets our environment and `variables`, no input, our standard error.
///
/// # Errors
/// [`ChildError`].
pub fn output_of(command: &str, variables: &[(&str, &str)], limit: u64) -> Result<Wiped, ChildError> {
    let (program, arguments) = split(command)?;
    let started = Command::new(&program)
        .args(arguments)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(source) => return Err(ChildError::NotStarted { program, source }),
    };
    let output = match child.stdout.take() {
        Some(mut stdout) => read_wiped(&mut stdout, limit, 0),
        None => Ok(Some(Wiped::default())),
    };
    if !matches!(output, Ok(Some(_))) {
        // it may be waiting for us to read on
        _ = child.kill();
    }
    let status = child.wait();
    let bytes = match output {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Err(ChildError::TooLarge { program, limit }),
        Err(source) => return Err(ChildError::Unreadable { program, source }),
    };
    match status {
        Ok(status) if status.success() => Ok(bytes),
        Ok(status) => Err(ChildError::Failed { program, status }),
        Err(source) => Err(ChildError::Unreadable { program, source }),
    }
}

/// The editor's command line: `SOPS_EDITOR`, `VISUAL`, `EDITOR`, else the first usual one in `PATH`.
///
/// # Errors
/// [`ChildError::NoEditor`].
pub fn find_editor(env: &Env) -> Result<String, ChildError> {
    for var in [Var::SopsEditor, Var::Visual, Var::Editor] {
        if let Some(command) = env.text(var).filter(|command| !command.trim().is_empty()) {
            return Ok(command.to_owned());
        }
    }
    EDITORS.into_iter().find(|name| in_path(env, name).is_some()).map(ToOwned::to_owned).ok_or(ChildError::NoEditor)
}

/// Where in `PATH` a program is.
fn in_path(env: &Env, name: &str) -> Option<PathBuf> {
    let file = if cfg!(windows) { format!("{name}.exe") } else { name.to_owned() };
    std::env::split_paths(env.os(Var::Path)?).map(|folder| folder.join(&file)).find(|path| is_executable(path))
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    path.is_file() && accessat(CWD, path, Access::EXEC_OK, AtFlags::EACCESS).is_ok()
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

/// Runs the editor on `file` and waits for it. Ctrl-C is the editor's meanwhile.
///
/// # Errors
/// [`ChildError`]: not started, or ended with an error.
pub fn run_editor(command: &str, file: &Path) -> Result<(), ChildError> {
    let (program, arguments) = split(command)?;
    let _keyboard = KeyboardBelongsToChild::new();
    let status = Command::new(&program).args(arguments).arg(file).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(ChildError::Failed { program, status }),
        Err(source) => Err(ChildError::NotStarted { program, source }),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn output_is_taken_without_a_shell() {
        let output = output_of("printf '%s|%s' 'a b' $HOME", &[], 100).unwrap();
        assert_eq!(output.as_slice(), b"a b|$HOME");
        let output = output_of("sh -c 'echo $SOPS_AGE_RECIPIENT'", &[("SOPS_AGE_RECIPIENT", "age1x")], 9);
        assert_eq!(output.unwrap().as_slice(), b"age1x\n");
    }

    #[test]
    fn failures_are_told_apart_and_say_no_arguments() {
        let error = |command: &str| output_of(command, &[], 10).unwrap_err();
        assert!(matches!(error(""), ChildError::BadCommand));
        assert!(matches!(error("echo 'open"), ChildError::BadCommand));
        assert!(matches!(error("/no/such/program hunter2"), ChildError::NotStarted { .. }));
        assert!(matches!(error("sh -c 'exit 3' hunter2"), ChildError::Failed { .. }));
        assert!(matches!(error("yes hunter2"), ChildError::TooLarge { .. }));
        for command in ["/no/such/program hunter2", "sh -c 'exit 3' hunter2", "yes hunter2"] {
            assert!(!error(command).to_string().contains("hunter2"));
        }
    }

    #[test]
    fn editors_are_found_in_order() {
        let all = [(Var::Editor, "ed"), (Var::Visual, "vis -w"), (Var::SopsEditor, "sed")];
        assert_eq!(find_editor(&Env::from_pairs(all)).unwrap(), "sed");
        assert_eq!(find_editor(&Env::from_pairs(all[..2].to_vec())).unwrap(), "vis -w");
        let dir = tempfile::tempdir().unwrap();
        let env = Env::from_pairs([(Var::Path, dir.path())]);
        assert!(matches!(find_editor(&env), Err(ChildError::NoEditor)));
        // a file that cannot be run is no editor
        std::fs::write(dir.path().join("vi"), "").unwrap();
        assert!(find_editor(&env).is_err());
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(dir.path().join("vi"), mode).unwrap();
        assert_eq!(find_editor(&env).unwrap(), "vi");
    }

    #[test]
    fn the_editor_gets_the_file_as_last_word() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a b");
        std::fs::write(&file, "").unwrap();
        run_editor("sh -c 'echo edited > \"$0\"'", &file).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"edited\n");
        assert!(matches!(run_editor("false", &file), Err(ChildError::Failed { .. })));
    }
}
