//! The end, a reload, and news: one thing that everybody who waits waits on.

use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::fsio::{clock, signals};

/// What is to be told to those who wait for something else than a [`Stop`], a socket for example.
type Hook = Box<dyn Fn() + Send>;

/// Shared by all threads of one program. Clones are the same thing.
#[derive(Clone, Default)]
pub struct Stop(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    hooks: Mutex<Vec<Hook>>,
}

#[derive(Default)]
struct State {
    stopped: bool,
    reload: bool,
    called: bool,
}

/// What [`Stop::wait_for_news`] has seen; nothing of it when the time was up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// It is time to end. Stays so.
    pub stopped: bool,
    /// Everything is to be read anew; told once.
    pub reload: bool,
    /// Somebody has called [`Stop::call`]; told once.
    pub called: bool,
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stop").field("stopped", &self.is_set()).finish_non_exhaustive()
    }
}

impl Stop {
    /// Not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// It is time to end: wakes everybody, now and for ever.
    pub fn set(&self) {
        self.change(|state| state.stopped = true);
    }

    /// Whether it is time to end.
    pub fn is_set(&self) -> bool {
        self.state().stopped
    }

    /// Everything is to be read anew: wakes the one that waits for news.
    pub fn reload(&self) {
        self.change(|state| state.reload = true);
    }

    /// Wakes the one that waits for news, for whatever reason.
    pub fn call(&self) {
        self.change(|state| state.called = true);
    }

    /// Waits until it is time to end, or `timeout` is over. Whether it is time to end. Reloads and calls do not wake.
    pub fn wait(&self, timeout: Duration) -> bool {
        self.sleep(timeout, |state| state.stopped).stopped
    }

    /// Waits for the end, a reload or a call, or until `timeout` is over. Reloads and calls are told to one caller only: this
    /// is for the loop that drives everything.
    pub fn wait_for_news(&self, timeout: Duration) -> News {
        let mut state = self.sleep(timeout, |state| state.stopped || state.reload || state.called);
        News {
            stopped: state.stopped,
            reload: std::mem::take(&mut state.reload),
            called: std::mem::take(&mut state.called),
        }
    }

    /// Calls `hook` whenever the end, a reload or a call comes; at once when the end has come already. It runs in the thread
    /// that brings the news and must not wait, nor call this again.
    pub fn on_news(&self, hook: impl Fn() + Send + 'static) {
        let mut hooks = self.0.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        // under the lock of the hooks: an end that comes now finds the new hook
        if self.is_set() {
            hook();
        }
        hooks.push(Box::new(hook));
    }

    /// SIGTERM and SIGINT set this, and the second of them ends the process at once; SIGHUP asks for a reload.
    ///
    /// # Errors
    /// What the system says when signals cannot be received.
    pub fn listen_to_signals(&self) -> io::Result<()> {
        let (stop, reload) = (self.clone(), self.clone());
        signals::on_stop(move || stop.set());
        signals::on_reload(move || reload.reload());
        signals::install()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // three flags are valid whatever happened
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.0.changed.notify_all();
        for hook in &*self.0.hooks.lock().unwrap_or_else(PoisonError::into_inner) {
            hook();
        }
    }

    fn sleep(&self, timeout: Duration, until: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let limit = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        let start = clock::monotonic_millis();
        let mut state = self.state();
        while !until(&state) {
            let passed = clock::monotonic_millis().saturating_sub(start);
            // a day at a time: a system may refuse what lies too far ahead
            let left = limit.saturating_sub(passed).min(86_400_000);
            if left == 0 {
                break;
            }
            let waited = self.0.changed.wait_timeout(state, Duration::from_millis(left));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn news_are_told_once_and_the_end_for_ever() {
        let stop = Stop::new();
        assert_eq!(stop.wait_for_news(Duration::ZERO), News::default());
        assert!(!stop.wait(Duration::from_millis(1)));
        stop.reload();
        stop.call();
        assert!(!stop.wait(Duration::ZERO));
        assert_eq!(stop.wait_for_news(LONG), News { stopped: false, reload: true, called: true });
        assert_eq!(stop.wait_for_news(Duration::ZERO), News::default());
        stop.clone().set();
        assert!(stop.is_set() && stop.wait(LONG) && stop.wait(LONG));
        assert_eq!(stop.wait_for_news(LONG), News { stopped: true, ..News::default() });
        assert_eq!(format!("{stop:?}"), "Stop { stopped: true, .. }");
    }

    #[test]
    fn everybody_who_waits_is_woken() {
        let stop = Stop::new();
        let (here, there) = mpsc::channel();
        let threads: Vec<_> = (0..3)
            .map(|n| {
                let (stop, here) = (stop.clone(), here.clone());
                std::thread::spawn(move || {
                    here.send(()).unwrap();
                    if n == 0 { stop.wait_for_news(LONG).stopped } else { stop.wait(LONG) }
                })
            })
            .collect();
        for _ in 0..3 {
            there.recv().unwrap();
        }
        stop.set();
        assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    }

    #[test]
    fn hooks_hear_everything() {
        let stop = Stop::new();
        let heard = Arc::new(AtomicUsize::new(0));
        let hook = |heard: &Arc<AtomicUsize>| {
            let heard = Arc::clone(heard);
            move || _ = heard.fetch_add(1, Ordering::SeqCst)
        };
        stop.on_news(hook(&heard));
        assert_eq!(heard.load(Ordering::SeqCst), 0);
        stop.call();
        stop.reload();
        stop.set();
        assert_eq!(heard.load(Ordering::SeqCst), 3);
        // too late for the news, and told all the same
        stop.on_news(hook(&heard));
        assert_eq!(heard.load(Ordering::SeqCst), 4);
    }

    #[cfg(unix)]
    mod whole_process {
        use std::io::{BufRead, BufReader};
        use std::process::{Command, Stdio};

        use rustix::process::{Pid, Signal, kill_process};

        use crate::daemon::stop::Stop;

        const CHILD: &str = "SEALANT_TEST_STOP";

        /// What the test below runs in a process of its own; nothing in an ordinary run.
        #[test]
        fn says_what_it_hears() {
            if std::env::var_os(CHILD).is_none() {
                return;
            }
            let stop = Stop::new();
            stop.listen_to_signals().unwrap();
            eprintln!("ready");
            loop {
                let news = stop.wait_for_news(super::LONG);
                eprintln!("reload {} stopped {}", news.reload, news.stopped);
                if news.stopped {
                    break;
                }
            }
            // work that does not end
            std::thread::sleep(super::LONG);
        }

        #[test]
        fn signals_reload_and_stop_and_the_second_ends() {
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "--nocapture", "daemon::stop::tests::whole_process::says_what_it_hears"])
                .env(CHILD, "1")
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
            let pid = Pid::from_child(&child);
            assert_eq!(lines.next().unwrap(), "ready");
            for _ in 0..2 {
                kill_process(pid, Signal::HUP).unwrap();
                assert_eq!(lines.next().unwrap(), "reload true stopped false");
            }
            kill_process(pid, Signal::TERM).unwrap();
            assert_eq!(lines.next().unwrap(), "reload false stopped true");
            assert!(child.try_wait().unwrap().is_none());
            kill_process(pid, Signal::INT).unwrap();
            assert_eq!(child.wait().unwrap().code(), Some(130));
        }
    }
}
