//! The terminal: is there one, prompts without echo, one line of progress.

use std::ffi::OsString;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::time::{Duration, Instant};

use super::printable::sanitize;
use crate::secret::SecretText;

/// No answer to a question is longer.
const LONGEST_LINE: u64 = 4096;

/// Whether a person types our standard input.
pub fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// Whether a person reads our standard output.
pub fn stdout_is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether a person reads our standard error.
pub fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// The device of the terminal that a person types our standard input at, or reads our standard error on.
#[cfg(unix)]
pub fn device() -> Option<OsString> {
    use rustix::termios::ttyname;
    let name = ttyname(io::stdin(), Vec::new()).or_else(|_| ttyname(io::stderr(), Vec::new()));
    Some(std::os::unix::ffi::OsStringExt::from_vec(name.ok()?.into_bytes()))
}

/// Not on this system.
#[cfg(not(unix))]
pub fn device() -> Option<OsString> {
    None
}

/// Asks for a secret on the terminal itself (not standard input), without echo.
///
/// # Errors
/// What the system says, also when there is no terminal.
pub fn prompt_secret(prompt: &str) -> io::Result<SecretText> {
    // Ctrl-C must not leave the terminal without echo; without handlers the prompt still works
    _ = super::signals::install();
    echo::remember();
    let answer = rpassword::prompt_password(sanitize(prompt));
    echo::forget();
    answer.map(SecretText::new)
}

/// Asks a question on standard error, to be answered on standard input by `y` or `yes`; anything else is no.
///
/// # Errors
/// What the system says; the end of input is an error, not an answer.
pub fn confirm(question: &str) -> io::Result<bool> {
    let mut err = io::stderr().lock();
    write!(err, "{} (y/n): ", sanitize(question))?;
    err.flush()?;
    // others may have something to say while somebody thinks
    drop(err);
    read_answer()
}

/// Reads the answer to a question from standard input: `y` or `yes`; anything else is no.
///
/// # Errors
/// What the system says; the end of input is an error, not an answer.
pub fn read_answer() -> io::Result<bool> {
    let mut answer = String::new();
    if io::stdin().read_line(&mut answer)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Reads one line of standard input, without its end.
///
/// # Errors
/// What the system says; the end of input is an error, not a line.
pub fn read_line() -> io::Result<String> {
    let mut line = String::new();
    if io::stdin().lock().take(LONGEST_LINE).read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

/// Says something on standard error and waits for Enter on standard input. `false` at the end of input (Ctrl-D).
///
/// # Errors
/// What the system says.
pub fn wait_for_enter(text: &str) -> io::Result<bool> {
    let mut err = io::stderr().lock();
    write!(err, "{} ", sanitize(text))?;
    err.flush()?;
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer)?;
    if read == 0 {
        // what follows begins on a line of its own
        writeln!(err)?;
    }
    Ok(read > 0)
}

/// Gives the terminal back what a prompt that was cut off by a signal had taken.
pub(super) fn restore_echo() {
    echo::restore();
}

#[cfg(unix)]
mod echo {
    use std::fs::File;
    use std::sync::Mutex;

    use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

    use crate::fsio::signals::lock;

    static BEFORE: Mutex<Option<(File, Termios)>> = Mutex::new(None);

    pub(super) fn remember() {
        let Ok(terminal) = File::options().read(true).write(true).open("/dev/tty") else {
            return;
        };
        if let Ok(settings) = tcgetattr(&terminal) {
            *lock(&BEFORE) = Some((terminal, settings));
        }
    }

    pub(super) fn forget() {
        lock(&BEFORE).take();
    }

    pub(super) fn restore() {
        if let Some((terminal, settings)) = lock(&BEFORE).take() {
            _ = tcsetattr(&terminal, OptionalActions::Now, &settings);
        }
    }
}

#[cfg(not(unix))]
mod echo {
    pub(super) fn remember() {}
    pub(super) fn forget() {}
    pub(super) fn restore() {}
}

/// One line on standard error that says how far we are; nothing at all when no person reads it.
#[derive(Debug)]
pub struct Progress {
    visible: bool,
    shown: Option<Instant>,
}

/// Faster than this nobody can read.
const REDRAW: Duration = Duration::from_millis(80);

impl Progress {
    /// Visible when standard error is a terminal that can redraw a line.
    pub fn new(env: &super::env::Env) -> Self {
        let dumb = env.text(super::env::Var::Term) == Some("dumb");
        Self { visible: stderr_is_terminal() && !dumb, shown: None }
    }

    /// Shows `done` of `total` and what is being worked on, if it is time to.
    pub fn show(&mut self, done: usize, total: usize, what: &str) {
        if !self.visible || self.shown.is_some_and(|at| at.elapsed() < REDRAW) {
            return;
        }
        let mut err = io::stderr().lock();
        // a line that wraps could not be redrawn
        _ = write!(err, "{}", line(done, total, what));
        _ = err.flush();
        self.shown = Some(Instant::now());
    }

    /// Removes the line.
    pub fn clear(&mut self) {
        if self.shown.take().is_some() {
            _ = io::stderr().write_all(b"\r\x1b[K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

fn line(done: usize, total: usize, what: &str) -> String {
    let what: String = sanitize(what).chars().take(50).collect();
    format!("\r\x1b[K{done}/{total} {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_short_and_safe() {
        assert_eq!(line(3, 10, "a\x1b[1m"), "\r\x1b[K3/10 a\\u{1b}[1m");
        assert!(line(1, 2, &"x".repeat(500)).len() < 70);
    }

    #[test]
    fn invisible_progress_prints_nothing() {
        let mut progress = Progress { visible: false, shown: None };
        progress.show(1, 2, "a");
        assert!(progress.shown.is_none());
    }
}
