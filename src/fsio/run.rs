//! The program that gets the secrets: started with variables of its own, given every signal, and its end is ours.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};

use zeroize::Zeroizing;

use super::child::ChildError;
use super::env::Var;
use super::signals::{self, Starting};
use super::user::User;

/// What is run.
#[derive(Clone, Debug)]
pub enum What {
    /// A line for the shell.
    Shell(OsString),
    /// A program and its arguments.
    Program(Vec<OsString>),
}

/// How it is run. Values of variables are secret and never printed.
pub struct Run<'a> {
    /// What.
    pub what: What,
    /// Variables it gets on top of ours, or alone.
    pub variables: &'a [(String, Zeroizing<String>)],
    /// It gets nothing of our environment.
    pub pristine: bool,
    /// It does not get the variables that hold private keys.
    pub keep_keys: bool,
    /// As whom.
    pub user: Option<&'a User>,
}

/// How it ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// With this exit code.
    Code(u8),
    /// By this signal.
    Signal(u8),
}

impl Ended {
    fn of(status: ExitStatus) -> Self {
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
            return Self::Signal(u8::try_from(signal).unwrap_or(0));
        }
        // Windows has larger ones: what is left of them must not look like success
        Self::Code(status.code().map_or(1, |code| u8::try_from(code).unwrap_or(255)))
    }

    /// The exit code that a shell would give.
    pub fn code(self) -> u8 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => 128_u8.saturating_add(signal),
        }
    }
}

/// What a stream of output goes through before anybody sees it.
pub trait Filter: Send {
    /// Takes a piece and appends to `out` what may be seen so far.
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>);

    /// No more comes: appends the rest.
    fn finish(&mut self, out: &mut Vec<u8>);
}

impl Run<'_> {
    fn command(&self) -> Result<Command, ChildError> {
        let mut command = match &self.what {
            What::Shell(line) => shell(line),
            What::Program(words) => {
                let mut words = words.iter();
                let mut command = Command::new(words.next().ok_or(ChildError::BadCommand)?);
                command.args(words);
                command
            }
        };
        if self.pristine {
            command.env_clear();
        } else if !self.keep_keys {
            for var in [Var::SopsAgeKey, Var::SopsAgeKeyCmd, Var::SopsAgeSshPrivateKeyCmd] {
                command.env_remove(var.name());
            }
        }
        if let Some(user) = self.user {
            become_user(&mut command, user);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value.as_str())));
        Ok(command)
    }

    fn name(&self) -> String {
        match &self.what {
            What::Shell(_) => SHELL.to_owned(),
            What::Program(words) => words.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default(),
        }
    }

    fn not_started(&self, source: io::Error) -> ChildError {
        ChildError::NotStarted { program: self.name(), source }
    }

    /// Starts it and waits for its end; it gets our signals meanwhile.
    ///
    /// # Errors
    /// [`ChildError`] when it does not start.
    pub fn wait(&self) -> Result<Ended, ChildError> {
        // without handlers a signal ends us alone: no reason not to work
        _ = signals::install();
        let mut command = self.command()?;
        let starting = Starting::new();
        let mut child = command.spawn().map_err(|error| self.not_started(error))?;
        let _signals = starting.to(child.id());
        self.end(&mut child)
    }

    /// The same, with everything it prints going through filters first: one for each of its two streams.
    ///
    /// # Errors
    /// As [`Run::wait`].
    pub fn wait_filtered(&self, filters: [Box<dyn Filter + '_>; 2]) -> Result<Ended, ChildError> {
        _ = signals::install();
        let mut command = self.command()?;
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let starting = Starting::new();
        let mut child = command.spawn().map_err(|error| self.not_started(error))?;
        let _signals = starting.to(child.id());
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let [of_stdout, of_stderr] = filters;
        std::thread::scope(|scope| {
            if let Some(stdout) = stdout {
                scope.spawn(move || pump(stdout, io::stdout(), of_stdout));
            }
            if let Some(stderr) = stderr {
                scope.spawn(move || pump(stderr, io::stderr(), of_stderr));
            }
            self.end(&mut child)
        })
    }

    fn end(&self, child: &mut Child) -> Result<Ended, ChildError> {
        let status = child.wait().map_err(|source| ChildError::Unreadable { program: self.name(), source })?;
        Ok(Ended::of(status))
    }

    /// Starts it and does not wait.
    ///
    /// # Errors
    /// [`ChildError`] when it does not start.
    pub fn leave(&self) -> Result<(), ChildError> {
        self.command()?.spawn().map(drop).map_err(|error| self.not_started(error))
    }

    /// Becomes it. Returns only when that is impossible.
    #[cfg(unix)]
    pub fn become_it(&self) -> ChildError {
        use std::os::unix::process::CommandExt;
        match self.command() {
            Ok(mut command) => self.not_started(command.exec()),
            Err(error) => error,
        }
    }

    /// Not on this system.
    #[cfg(not(unix))]
    pub fn become_it(&self) -> ChildError {
        self.not_started(io::ErrorKind::Unsupported.into())
    }
}

impl std::fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Run({}, {} variables)", self.name(), self.variables.len())
    }
}

#[cfg(not(windows))]
const SHELL: &str = "/bin/sh";
#[cfg(windows)]
const SHELL: &str = "cmd.exe";

fn shell(line: &OsStr) -> Command {
    let mut command = Command::new(SHELL);
    command.arg(if cfg!(windows) { "/C" } else { "-c" }).arg(line);
    command
}

#[cfg(unix)]
fn become_user(command: &mut Command, user: &User) {
    use std::os::unix::process::CommandExt;
    command.gid(user.gid).uid(user.uid);
    command.env("HOME", &user.home).env("USER", &user.name).env("LOGNAME", &user.name);
}

#[cfg(not(unix))]
fn become_user(_: &mut Command, _: &User) {}

/// Hands on what is printed, as soon as it is, through the filter.
fn pump(mut from: impl Read, mut to: impl Write, mut filter: Box<dyn Filter + '_>) {
    let mut bytes = Zeroizing::new([0_u8; 8192]);
    let mut out = Vec::new();
    loop {
        match from.read(bytes.as_mut_slice()) {
            Ok(0) => break,
            Ok(read) => filter.push(&bytes[..read], &mut out),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
        // a reader who has gone away ends the program the way it would without us: nobody reads its pipe any more
        if to.write_all(&out).and_then(|()| to.flush()).is_err() {
            return;
        }
        out.clear();
    }
    filter.finish(&mut out);
    _ = to.write_all(&out).and_then(|()| to.flush());
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn run(line: &str, variables: &[(String, Zeroizing<String>)], pristine: bool) -> Ended {
        let what = What::Shell(line.into());
        Run { what, variables, pristine, keep_keys: true, user: None }.wait().unwrap()
    }

    #[test]
    fn its_end_is_ours() {
        assert_eq!(run("exit 7", &[], false), Ended::Code(7));
        assert_eq!(run("kill -9 $$", &[], false), Ended::Signal(9));
        assert_eq!(Ended::Signal(9).code(), 137);
    }

    #[test]
    fn variables_are_set_and_others_can_be_left_out() {
        let variables = [("SECRET".to_owned(), Zeroizing::new("a\nb".to_owned()))];
        let given = "[ \"$SECRET\" = 'a\nb' ]";
        assert_eq!(run(given, &variables, false), Ended::Code(0));
        assert_eq!(run(&format!("{given} && [ -n \"$HOME$USER$CARGO\" ]"), &variables, false), Ended::Code(0));
        assert_eq!(run(&format!("{given} && [ -z \"$HOME$USER$CARGO\" ]"), &variables, true), Ended::Code(0));
    }

    #[test]
    fn nothing_secret_is_printed() {
        let variables = [("SECRET".to_owned(), Zeroizing::new("hunter2".to_owned()))];
        let what = What::Program(vec!["/no/such/program".into()]);
        let run = Run { what, variables: &variables, pristine: true, keep_keys: false, user: None };
        assert!(!format!("{run:?} {}", run.wait().unwrap_err()).contains("hunter2"));
    }
}
