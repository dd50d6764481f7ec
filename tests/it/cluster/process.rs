//! Processes that end with the test program, however that ends.

use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::peers::Ran;

/// How long anything may take to come up on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(90);

type Order = (Command, mpsc::Sender<io::Result<Child>>);

/// The kernel kills such a process when the *thread* that started it ends, and the thread of a test ends with the
/// test. So one thread that ends with the program starts them all.
fn spawn(command: Command) -> Child {
    static KEEPER: OnceLock<mpsc::Sender<Order>> = OnceLock::new();
    let keeper = KEEPER.get_or_init(|| {
        let (send, orders) = mpsc::channel::<Order>();
        thread::spawn(move || {
            for (mut command, answer) in orders {
                _ = answer.send(command.spawn());
            }
        });
        send
    });
    let (answer, child) = mpsc::channel();
    keeper.send((command, answer)).unwrap();
    child.recv().unwrap().unwrap()
}

/// A server: killed when this is dropped, and when the test program ends without dropping it.
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command`, which must run its program through [`DIES_WITH_US`]; what it says goes to `log`.
    pub fn start(mut command: Command, log: PathBuf) -> Self {
        let said = File::create(&log).unwrap();
        command.stdin(Stdio::null()).stdout(said.try_clone().unwrap()).stderr(said);
        Self { child: spawn(command), log }
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Everything that it said.
    pub fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Sends a signal, by its name without `SIG`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // one that has ended already is as good
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// The words before a program that make it die with the test program.
pub const DIES_WITH_US: [&str; 4] = ["setpriv", "--pdeathsig", "KILL", "--"];

/// A command for `program` with nothing of the user's environment but the search path.
pub fn bare(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// The same, for [`Process::start`].
pub fn server(program: &Path) -> Command {
    let mut command = bare(DIES_WITH_US[0]);
    command.args(&DIES_WITH_US[1..]).arg(program);
    command
}

/// Runs a command to its end with `input` as its standard input.
pub fn run(mut command: Command, input: &str) -> Ran {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(input.as_bytes()).unwrap();
    file.rewind().unwrap();
    let output = command.stdin(file).output().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    Ran { status: output.status, stdout: output.stdout, stderr }
}

/// Asks again and again until there is an answer; `None` when patience ends.
pub fn wait_for<T>(mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let begin = Instant::now();
    let mut pause = Duration::from_millis(10);
    while begin.elapsed() < PATIENCE {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        thread::sleep(pause);
        pause = (pause * 3 / 2).min(Duration::from_millis(200));
    }
    None
}

/// Removes a folder when the test program ends without dropping what it started.
pub struct Sweeper(Child);

impl Sweeper {
    pub fn of(folder: &Path) -> Self {
        // its standard input ends when we do; a signal from the terminal is for us and not for it
        let script = "trap '' INT TERM HUP; cat; for i in 1 2 3 4 5; do rm -rf -- \"$1\" && break; sleep 0.2; done";
        let mut command = bare("sh");
        command.args(["-c", script, "sh"]).arg(folder).current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        _ = self.0.wait();
    }
}
