//! What is removed when a signal ends us: temporary files and the folders that hold plaintext.
//!
//! One thread waits for SIGINT, SIGTERM, SIGHUP and SIGQUIT. It lets renames that have begun finish, removes what
//! is registered, gives the terminal its echo back and exits with 128 + the signal's number.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

static REGISTERED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
/// Read-held while names are being changed, write-held for ever once a signal came.
static BUSY: RwLock<()> = RwLock::new(());
static ON_STOP: Mutex<Option<Box<dyn FnOnce() + Send>>> = Mutex::new(None);
static ON_RELOAD: Mutex<Option<Box<dyn Fn() + Send>>> = Mutex::new(None);

/// Locks, whatever a thread that panicked has left: our sets and counters are valid after every single step.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Registers a file or folder that must not survive us.
pub fn remove_on_signal(path: &Path) {
    lock(&REGISTERED).insert(path.to_owned());
}

/// Takes back [`remove_on_signal`].
pub fn forget(path: &Path) {
    lock(&REGISTERED).remove(path);
}

/// Runs steps that a signal must not cut in two. Keep them short.
pub fn finish_first<T>(steps: impl FnOnce() -> T) -> T {
    let _busy = BUSY.read().unwrap_or_else(PoisonError::into_inner);
    steps()
}

/// The next SIGINT, SIGTERM or SIGHUP calls `stop` instead of ending us: a server finishes what it has begun. The signal after
/// that ends us as usual.
pub fn on_stop(stop: impl FnOnce() + Send + 'static) {
    *lock(&ON_STOP) = Some(Box::new(stop));
}

/// Every SIGHUP from now on calls `reload` and ends nothing.
pub fn on_reload(reload: impl Fn() + Send + 'static) {
    *lock(&ON_RELOAD) = Some(Box::new(reload));
}

/// Removes everything registered. Best effort: there is nobody left to tell.
fn remove_registered() {
    for path in std::mem::take(&mut *lock(&REGISTERED)) {
        if std::fs::remove_file(&path).is_err() {
            _ = std::fs::remove_dir_all(&path);
        }
    }
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
    use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

    use rustix::process::{Pid, Signal, kill_process};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    use signal_hook::iterator::Signals;

    /// How many editors are running: they get the keyboard's signals themselves.
    static CHILDREN: AtomicUsize = AtomicUsize::new(0);

    /// The program that signals are handed on to; 0 when there is none.
    static COMMAND: AtomicI32 = AtomicI32::new(0);

    /// Starts the thread that waits for signals. Further calls do nothing.
    ///
    /// # Errors
    /// What the system says when handlers cannot be set.
    pub fn install() -> io::Result<()> {
        static INSTALLED: OnceLock<Result<(), io::ErrorKind>> = OnceLock::new();
        let result = INSTALLED.get_or_init(|| {
            let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGQUIT]).map_err(|error| error.kind())?;
            std::thread::Builder::new()
                .name("signals".into())
                .spawn(move || {
                    for signal in signals.forever() {
                        on_signal(signal);
                    }
                })
                .map(drop)
                .map_err(|error| error.kind())
        });
        result.map_err(io::Error::from)
    }

    /// Held while a program is being started: a signal waits until it is known whom it is for.
    static STARTING: Mutex<()> = Mutex::new(());

    fn on_signal(signal: i32) {
        let _started = super::lock(&STARTING);
        let from_keyboard = matches!(signal, SIGINT | SIGQUIT);
        if from_keyboard && CHILDREN.load(Ordering::SeqCst) > 0 {
            return;
        }
        if let Some(command) = Pid::from_raw(COMMAND.load(Ordering::SeqCst)) {
            // the terminal sends its signals to everybody who runs in it: once is enough
            if !(from_keyboard && has_terminal()) {
                let signal = match signal {
                    SIGINT => Signal::INT,
                    SIGQUIT => Signal::QUIT,
                    SIGHUP => Signal::HUP,
                    _ => Signal::TERM,
                };
                _ = kill_process(command, signal);
            }
            return;
        }
        if signal == SIGHUP
            && let Some(reload) = &*super::lock(&super::ON_RELOAD)
        {
            return reload();
        }
        if signal != SIGQUIT
            && let Some(stop) = super::lock(&super::ON_STOP).take()
        {
            return stop();
        }
        // never let go: no rename begins any more
        let _no_more_renames = super::BUSY.write().unwrap_or_else(PoisonError::into_inner);
        super::remove_registered();
        crate::fsio::terminal::restore_echo();
        std::process::exit(128 + signal);
    }

    /// Whether we run in the foreground of a terminal.
    fn has_terminal() -> bool {
        let terminal = std::fs::File::open("/dev/tty");
        let foreground = terminal.ok().and_then(|terminal| rustix::termios::tcgetpgrp(terminal).ok());
        foreground == Some(rustix::process::getpgrp())
    }

    /// While it lives, every signal goes to a program that we wait for, and does not end us: when the program ends, we do.
    #[derive(Debug)]
    pub struct HandedOn(());

    /// A program is about to be started; signals wait.
    #[derive(Debug)]
    pub struct Starting(MutexGuard<'static, ()>);

    impl Starting {
        /// From now on. A signal between the start and [`Starting::to`] would end us and leave the program alone.
        #[expect(clippy::new_without_default, reason = "making one has an effect")]
        pub fn new() -> Self {
            Self(super::lock(&STARTING))
        }

        /// It has started, and signals go to the program with this number.
        pub fn to(self, program: u32) -> HandedOn {
            COMMAND.store(i32::try_from(program).unwrap_or(0), Ordering::SeqCst);
            drop(self.0);
            HandedOn(())
        }
    }

    impl Drop for HandedOn {
        fn drop(&mut self) {
            COMMAND.store(0, Ordering::SeqCst);
        }
    }

    /// While it lives, SIGINT and SIGQUIT are left to a child program that has the terminal.
    #[derive(Debug)]
    pub struct KeyboardBelongsToChild(());

    impl KeyboardBelongsToChild {
        /// From now on.
        #[expect(clippy::new_without_default, reason = "making one has an effect")]
        pub fn new() -> Self {
            CHILDREN.fetch_add(1, Ordering::SeqCst);
            Self(())
        }
    }

    impl Drop for KeyboardBelongsToChild {
        fn drop(&mut self) {
            CHILDREN.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

#[cfg(unix)]
pub use unix::{HandedOn, KeyboardBelongsToChild, Starting, install};

/// Nothing to install: this system has no such signals.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn install() -> std::io::Result<()> {
    Ok(())
}

/// Without signals there is nothing to hand on.
#[cfg(not(unix))]
#[derive(Debug)]
pub struct HandedOn(());

/// Without signals there is nothing to wait for.
#[cfg(not(unix))]
#[derive(Debug)]
pub struct Starting(());

#[cfg(not(unix))]
impl Starting {
    /// From now on.
    pub fn new() -> Self {
        Self(())
    }

    /// It has started.
    pub fn to(self, _: u32) -> HandedOn {
        HandedOn(())
    }
}

/// Without signals there is nothing to hold back.
#[cfg(not(unix))]
#[derive(Debug)]
pub struct KeyboardBelongsToChild(());

#[cfg(not(unix))]
impl KeyboardBelongsToChild {
    /// From now on.
    #[expect(clippy::new_without_default, reason = "the same shape as where it has an effect")]
    pub fn new() -> Self {
        Self(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registered_things_are_forgotten_or_removed() {
        let dir = tempfile::tempdir().unwrap();
        let kept = dir.path().join("kept");
        std::fs::write(&kept, "x").unwrap();
        remove_on_signal(&kept);
        forget(&kept);
        // other tests register things of their own at the same time, so only ours may go
        assert!(!lock(&REGISTERED).contains(&kept));
        assert_eq!(finish_first(|| 7), 7);
    }

    #[cfg(unix)]
    mod whole_process {
        use std::io::{BufRead, BufReader};
        use std::process::{Command, Stdio};

        use rustix::process::{Pid, Signal, kill_process};

        use crate::fsio::private::PrivateDir;
        use crate::fsio::signals::{KeyboardBelongsToChild, install};
        use crate::fsio::target::Target;
        use crate::fsio::write::{NewMode, Staged};

        const FOLDER: &str = "SEALANT_TEST_SIGNAL_FOLDER";
        const EDITING: &str = "SEALANT_TEST_SIGNAL_EDITING";

        /// What the test below runs in a process of its own; nothing in an ordinary run.
        #[test]
        fn waits_for_a_signal() {
            let Some(folder) = std::env::var_os(FOLDER) else {
                return;
            };
            install().unwrap();
            let _private = PrivateDir::within(std::path::Path::new(&folder), false).unwrap();
            let path = std::path::Path::new(&folder).join("target");
            let _staged = Staged::new(Target::resolve(&path).unwrap(), b"x", NewMode::Private).unwrap();
            let _editing = std::env::var_os(EDITING).map(|_| KeyboardBelongsToChild::new());
            eprintln!("ready");
            std::thread::sleep(std::time::Duration::from_secs(30));
        }

        fn run(signals: &[Signal], editing: bool) -> (Option<i32>, usize) {
            let dir = tempfile::tempdir().unwrap();
            let mut command = Command::new(std::env::current_exe().unwrap());
            command
                .args(["--exact", "--nocapture"])
                .arg("fsio::signals::tests::whole_process::waits_for_a_signal")
                .env(FOLDER, dir.path())
                .stdout(Stdio::null())
                .stderr(Stdio::piped());
            if editing {
                command.env(EDITING, "1");
            }
            let mut child = command.spawn().unwrap();
            let mut line = String::new();
            BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
            assert_eq!(line, "ready\n");
            assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
            let pid = Pid::from_child(&child);
            for signal in signals {
                kill_process(pid, *signal).unwrap();
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            let code = child.wait().unwrap().code();
            (code, std::fs::read_dir(dir.path()).unwrap().count())
        }

        #[test]
        fn signals_remove_and_exit() {
            assert_eq!(run(&[Signal::TERM], false), (Some(143), 0));
            assert_eq!(run(&[Signal::INT], false), (Some(130), 0));
        }

        #[test]
        fn the_keyboard_is_left_to_an_editor() {
            assert_eq!(run(&[Signal::INT, Signal::HUP], true), (Some(129), 0));
        }
    }
}
