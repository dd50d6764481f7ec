//! Programs we start: commands that print keys, and editors. Never through a shell.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

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
    /// The program did not end in time.
    #[error("{program} did not end within {seconds} seconds")]
    TooLate {
        /// The first word of the command.
        program: String,
        /// How long we have waited.
        seconds: u64,
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

/// The names that the program of a command goes by: what it is behind its links (`vi` may be `vim.basic`), then
/// what the command calls it.
pub fn program_names(env: &Env, command: &str) -> Vec<String> {
    let Ok((program, _)) = split(command) else {
        return Vec::new();
    };
    let named = PathBuf::from(&program);
    let path = if named.components().count() > 1 { Some(named.clone()) } else { in_path(env, &program) };
    let real = path.and_then(|path| std::fs::canonicalize(path).ok());
    let name_of = |path: &Path| Some(path.file_name()?.to_string_lossy().into_owned());
    [real.as_deref(), Some(&named)].into_iter().flatten().filter_map(name_of).collect()
}

/// Runs the editor with `arguments` after its own, waits for it, and says how long it took. Ctrl-C is the editor's
/// meanwhile.
///
/// # Errors
/// [`ChildError`]: not started, or ended with an error.
pub fn run_editor(command: &str, arguments: &[OsString]) -> Result<Duration, ChildError> {
    let (program, own) = split(command)?;
    let _keyboard = KeyboardBelongsToChild::new();
    let begin = Instant::now();
    // an editor and its extensions have no use for the private key
    let key = Var::SopsAgeKey.name();
    let status = Command::new(&program).args(own).args(arguments).env_remove(key).status();
    match status {
        Ok(status) if status.success() => Ok(begin.elapsed()),
        Ok(status) => Err(ChildError::Failed { program, status }),
        Err(source) => Err(ChildError::NotStarted { program, source }),
    }
}

/// Where our own program is.
///
/// # Errors
/// [`ChildError::NotStarted`] when the system does not say.
pub fn own_program() -> Result<PathBuf, ChildError> {
    std::env::current_exe().map_err(|source| ChildError::NotStarted { program: "sealant".into(), source })
}

/// How a run of our own program ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it printed on standard output.
    pub stdout: Wiped,
    /// What it printed on standard error.
    pub stderr: Wiped,
}

/// Runs this very program in `folder` with only the variables given (and `PATH`), `input` as standard input.
///
/// # Errors
/// [`ChildError`] when it cannot be started or printed more than `limit`.
pub fn run_self(
    arguments: &[&str],
    folder: &Path,
    variables: &[(&str, &OsStr)],
    input: &[u8],
    limit: u64,
) -> Result<Ended, ChildError> {
    let program = String::from("sealant");
    let fail = |source| ChildError::NotStarted { program: program.clone(), source };
    let mut command = Command::new(own_program()?);
    command.args(arguments).current_dir(folder).env_clear();
    // Windows programs do not start without it
    for name in ["PATH", "SystemRoot"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    command.envs(variables.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().map_err(fail)?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let read = |pipe: Option<&mut dyn Read>| match pipe {
        Some(pipe) => read_wiped(pipe, limit, 0),
        None => Ok(Some(Wiped::default())),
    };
    let (stdout, stderr) = std::thread::scope(|scope| {
        let mut stdout = stdout;
        let mut stderr = stderr;
        let reader = scope.spawn(move || read(stdout.as_mut().map(|pipe| pipe as _)));
        if let Some(mut stdin) = stdin {
            // a child that reads nothing is no error
            _ = stdin.write_all(input);
        }
        let stderr = read(stderr.as_mut().map(|pipe| pipe as _));
        let stdout = reader.join();
        (stdout.unwrap_or_else(|_| Ok(None)), stderr)
    });
    let unreadable = |source| ChildError::Unreadable { program: program.clone(), source };
    let too_large = || ChildError::TooLarge { program: program.clone(), limit };
    let status = child.wait().map_err(unreadable)?;
    Ok(Ended {
        code: status.code(),
        stdout: stdout.map_err(unreadable)?.ok_or_else(too_large)?,
        stderr: stderr.map_err(unreadable)?.ok_or_else(too_large)?,
    })
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
        let argument = [file.clone().into_os_string()];
        run_editor("sh -c 'echo edited > \"$0\"'", &argument).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"edited\n");
        assert!(matches!(run_editor("false", &argument), Err(ChildError::Failed { .. })));
    }

    #[test]
    fn programs_are_known_behind_links() {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().join("vim.basic");
        std::fs::write(&real, "").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(&real, mode).unwrap();
        std::os::unix::fs::symlink(&real, dir.path().join("vi")).unwrap();
        let env = Env::from_pairs([(Var::Path, dir.path())]);
        assert_eq!(program_names(&env, "vi -R"), ["vim.basic", "vi"]);
        let path = format!("'{}'", dir.path().join("vi").display());
        assert_eq!(program_names(&env, &path), ["vim.basic", "vi"]);
        assert_eq!(program_names(&env, "emacs"), ["emacs"]);
    }
}
