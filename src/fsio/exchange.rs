//! A program that gets input and gives output: both bounded, and in bounded time. Never through a shell.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::child::ChildError;
use super::env::Var;
use super::read::{Wiped, read_wiped};

/// How long whatever the program has left behind may keep its output open.
const LEFT_BEHIND: Duration = Duration::from_secs(2);
/// How often we look whether the program has ended without closing its output.
const LOOK: Duration = Duration::from_millis(100);

/// What is run. Arguments are seen by everybody on the machine: secrets go into `input`.
#[derive(Debug)]
pub struct Exchange<'a> {
    /// The program, looked for in `PATH` when it has no slash.
    pub program: &'a OsStr,
    /// Its arguments.
    pub arguments: &'a [&'a str],
    /// Variables that it gets on top of ours.
    pub variables: &'a [(&'a str, OsString)],
    /// How long it may take.
    pub deadline: Duration,
    /// How much it may print, on each of its two streams.
    pub limit: u64,
}

/// What it did.
#[derive(Debug)]
pub struct Exchanged {
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output.
    pub stdout: Wiped,
    /// Standard error.
    pub stderr: Wiped,
}

/// One of the two streams.
type Piece = (bool, std::io::Result<Option<Wiped>>);

impl Exchange<'_> {
    /// Gives the program `input` and takes what it prints. It does not get the variables that hold secrets of ours.
    ///
    /// # Errors
    /// [`ChildError`]; an end with an error code is none.
    pub fn run(&self, input: Wiped) -> Result<Exchanged, ChildError> {
        let program = self.program.to_string_lossy().into_owned();
        let mut command = Command::new(self.program);
        command.args(self.arguments);
        for var in [Var::SopsAgeKey, Var::VaultToken] {
            command.env_remove(var.name());
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let begin = Instant::now();
        let mut child =
            command.spawn().map_err(|source| ChildError::NotStarted { program: program.clone(), source })?;
        if let Some(mut stdin) = child.stdin.take() {
            // a program that reads nothing is no error
            thread::spawn(move || _ = stdin.write_all(&input));
        }
        let (send, receive) = mpsc::channel();
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        self.take(stdout, true, &send);
        self.take(stderr, false, &send);
        drop(send);
        let pieces = self.collect(&mut child, &receive, begin);
        if pieces.is_err() {
            // it may be waiting for us to read on
            _ = child.kill();
        }
        let unreadable = |source| ChildError::Unreadable { program: program.clone(), source };
        let status = child.wait();
        let [stdout, stderr] = pieces.map_err(|trouble| match trouble {
            Trouble::TooLate => ChildError::TooLate { program: program.clone(), seconds: self.deadline.as_secs() },
            Trouble::TooLarge => ChildError::TooLarge { program: program.clone(), limit: self.limit },
            Trouble::Unreadable(source) => unreadable(source),
        })?;
        Ok(Exchanged { status: status.map_err(unreadable)?, stdout, stderr })
    }

    /// Reads a stream in a thread of its own, which is left alone when the program does not end in time.
    fn take(&self, stream: Option<impl Read + Send + 'static>, is_stdout: bool, send: &mpsc::Sender<Piece>) {
        let (limit, send) = (self.limit, send.clone());
        thread::spawn(move || {
            let read = match stream {
                Some(mut stream) => read_wiped(&mut stream, limit, 0),
                None => Ok(Some(Wiped::default())),
            };
            // nobody waits any more after the deadline
            _ = send.send((is_stdout, read));
        });
    }

    /// Both streams, unless time is up.
    fn collect(
        &self,
        child: &mut Child,
        receive: &mpsc::Receiver<Piece>,
        begin: Instant,
    ) -> Result<[Wiped; 2], Trouble> {
        let mut streams = [None, None];
        let mut ended: Option<Instant> = None;
        while streams.iter().any(Option::is_none) {
            match receive.recv_timeout(LOOK) {
                Ok((is_stdout, Ok(Some(bytes)))) => streams[usize::from(!is_stdout)] = Some(bytes),
                Ok((_, Ok(None))) => return Err(Trouble::TooLarge),
                Ok((_, Err(source))) => return Err(Trouble::Unreadable(source)),
                Err(RecvTimeoutError::Disconnected) => return Err(Trouble::TooLate),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if ended.is_none() && child.try_wait().is_ok_and(|status| status.is_some()) {
                ended = Some(Instant::now());
            }
            let is_left = ended.is_some_and(|at| at.elapsed() > LEFT_BEHIND);
            if streams.iter().any(Option::is_none) && (is_left || begin.elapsed() > self.deadline) {
                return Err(Trouble::TooLate);
            }
        }
        Ok(streams.map(Option::unwrap_or_default))
    }
}

/// Why there is no output.
enum Trouble {
    TooLate,
    TooLarge,
    Unreadable(std::io::Error),
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn run(script: &str, input: &[u8], milliseconds: u64) -> Result<Exchanged, ChildError> {
        let arguments = ["-c", script];
        let variables = [("GIVEN", OsString::from("a b"))];
        let deadline = Duration::from_millis(milliseconds);
        let exchange =
            Exchange { program: "sh".as_ref(), arguments: &arguments, variables: &variables, deadline, limit: 100_000 };
        exchange.run(Wiped::new(input.to_vec()))
    }

    #[test]
    fn input_goes_in_and_both_streams_come_out() {
        let ran = run("cat; echo \"$GIVEN\" >&2; exit 3", b"x\0y", 20_000).unwrap();
        assert_eq!((ran.stdout.as_slice(), ran.stderr.as_slice()), (&b"x\0y"[..], &b"a b\n"[..]));
        assert_eq!(ran.status.code(), Some(3));
        // more than a pipe holds, in both directions, and nobody who reads it
        let much = vec![b'x'; 90_000];
        assert_eq!(run("cat", &much, 20_000).unwrap().stdout.len(), 90_000);
        assert!(run("exit 0", &much, 20_000).unwrap().status.success());
    }

    #[test]
    fn nothing_is_waited_for_without_end() {
        let begin = Instant::now();
        assert!(matches!(run("exec sleep 60", b"", 200), Err(ChildError::TooLate { .. })));
        // the program has ended, and what it started holds its output open
        assert!(matches!(run("sleep 60 & exit 0", b"", 20_000), Err(ChildError::TooLate { .. })));
        assert!(matches!(run("yes", b"", 20_000), Err(ChildError::TooLarge { .. })));
        assert!(begin.elapsed() < Duration::from_secs(15));
    }
}
