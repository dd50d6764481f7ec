//! A folder that is watched: something below it changes, and whoever waits is told.
//!
//! On Linux the kernel tells (inotify), which costs nothing while nothing changes. Where it cannot, on other systems, on file
//! systems of other machines, and when the kernel has no room for another watch, the folder is looked at again and again.

#[cfg(target_os = "linux")]
mod inotify;
mod poll;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::FsError;

/// So long nothing may happen before changes are told: a program that writes files writes several.
const QUIET: Duration = Duration::from_millis(200);
/// So long they are held back at most when it never gets quiet.
const LONGEST_QUIET: Duration = Duration::from_secs(2);
/// More paths are not named one by one.
const MAX_PATHS: usize = 1_024;
/// Folders below each other that are looked at.
const MAX_DEPTH: usize = 64;
/// How often a folder is looked at where nobody tells.
const POLL_EVERY: Duration = Duration::from_secs(5);

/// What has changed since the last time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// What appeared, changed or went, as far as it is known by name.
    pub paths: BTreeSet<PathBuf>,
    /// Anything else may have changed, too: look at everything. After folders and links have changed, and after more changes
    /// than are counted.
    pub everything: bool,
}

impl Changes {
    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty() && !self.everything
    }

    fn add(&mut self, path: PathBuf) {
        if self.paths.len() < MAX_PATHS || self.paths.contains(&path) {
            self.paths.insert(path);
        } else {
            self.everything = true;
        }
    }
}

/// Watches a folder and all folders below it, whether or not it is there yet. `.git` is left out, and links to folders are not
/// followed, except those that lead to the folder itself.
#[derive(Debug)]
pub struct Watcher {
    root: PathBuf,
    source: Source,
}

#[derive(Debug)]
enum Source {
    #[cfg(target_os = "linux")]
    Kernel(inotify::Inotify),
    Polling(poll::Poll),
}

/// Ends a [`Watcher::wait`] of another thread, or the next one.
#[derive(Clone, Debug)]
pub struct Waker(WakerKind);

#[derive(Clone, Debug)]
enum WakerKind {
    #[cfg(target_os = "linux")]
    Kernel(Arc<std::os::fd::OwnedFd>),
    Polling(Arc<poll::Bell>),
}

impl Waker {
    /// Wakes.
    pub fn wake(&self) {
        match &self.0 {
            #[cfg(target_os = "linux")]
            WakerKind::Kernel(event) => inotify::ring(event),
            WakerKind::Polling(bell) => bell.ring(),
        }
    }
}

impl Watcher {
    /// Watches from now on; what is there already is no change.
    ///
    /// # Errors
    /// [`FsError::Io`] when the current folder of a relative `path` is gone.
    pub fn new(path: &Path) -> Result<Self, FsError> {
        #[cfg(target_os = "linux")]
        {
            let root = absolute(path)?;
            if let Some(kernel) = inotify::Inotify::new(&root) {
                return Ok(Self { root, source: Source::Kernel(kernel) });
            }
        }
        Self::polling(path, POLL_EVERY)
    }

    /// Looks at the folder once in `every`, and asks nothing of the kernel.
    ///
    /// # Errors
    /// [`FsError::Io`] when the current folder of a relative `path` is gone.
    pub fn polling(path: &Path, every: Duration) -> Result<Self, FsError> {
        let root = absolute(path)?;
        let source = Source::Polling(poll::Poll::new(&root, every, Arc::default()));
        Ok(Self { root, source })
    }

    /// Whether the folder is looked at again and again, which may be worth a word in the log.
    pub fn is_polling(&self) -> bool {
        matches!(self.source, Source::Polling(_))
    }

    /// What wakes a wait. It is of use as long as the watcher lives.
    pub fn waker(&self) -> Waker {
        Waker(match &self.source {
            #[cfg(target_os = "linux")]
            Source::Kernel(kernel) => WakerKind::Kernel(kernel.waker()),
            Source::Polling(poll) => WakerKind::Polling(poll.bell()),
        })
    }

    /// Waits until something changes and it is quiet again, until somebody wakes us, or until `timeout` is over. Empty in the
    /// last two cases, if nothing has changed.
    pub fn wait(&mut self, timeout: Duration) -> Changes {
        let end = Instant::now().checked_add(timeout);
        let mut changes = Changes::default();
        let woken = self.collect(end, &mut changes);
        if changes.is_empty() || woken {
            return changes;
        }
        let latest = Instant::now() + LONGEST_QUIET;
        while Instant::now() < latest {
            let quiet = (Instant::now() + QUIET).min(latest);
            let mut more = Changes::default();
            let woken = self.collect(Some(quiet), &mut more);
            if more.is_empty() {
                break;
            }
            more.paths.into_iter().for_each(|path| changes.add(path));
            changes.everything |= more.everything;
            if woken {
                break;
            }
        }
        changes
    }

    /// Waits for the first change until `end` (without it, for ever). Whether somebody has woken us.
    fn collect(&mut self, end: Option<Instant>, changes: &mut Changes) -> bool {
        match &mut self.source {
            #[cfg(target_os = "linux")]
            Source::Kernel(kernel) => match kernel.collect(&self.root, end, changes) {
                inotify::Outcome::Waited => false,
                inotify::Outcome::Woken => true,
                inotify::Outcome::NoRoom => {
                    // the wakers that were given out stay with the kernel's event, so it is not dropped but asked in passing
                    kernel.look_instead(&self.root, POLL_EVERY);
                    changes.everything = true;
                    false
                }
            },
            Source::Polling(poll) => poll.collect(&self.root, end, changes),
        }
    }
}

fn absolute(path: &Path) -> Result<PathBuf, FsError> {
    std::path::absolute(path).map_err(|error| FsError::io("find", path, error))
}

#[cfg(test)]
mod tests;
