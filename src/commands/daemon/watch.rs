//! Changes in the folders: a thread for each waits for them, and wakes the one that works.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::commands::session::Session;
use crate::daemon::stop::Stop;
use crate::failure::Failure;
use crate::fsio::folder;
use crate::fsio::watch::{Waker, Watcher};

/// Longest wait at a time; whoever wants an end sooner wakes us.
const LONG: Duration = Duration::from_secs(3600);

/// See the file's description.
pub struct Watching {
    changed: Arc<AtomicBool>,
    threads: Vec<(Waker, JoinHandle<()>)>,
}

/// Watches `folder` and `others`, which may be files, from now on.
///
/// # Errors
/// What the system says.
pub fn start(session: &Session, folder: &Path, others: &[PathBuf], stop: &Stop) -> Result<Watching, Failure> {
    let changed = Arc::new(AtomicBool::new(false));
    let mut threads = Vec::new();
    for path in std::iter::once(folder).chain(others.iter().map(PathBuf::as_path)) {
        let path = folder::absolute(session.cwd(), path);
        // a file is replaced by renaming another: its folder tells
        let (path, only) = match path.parent() {
            Some(above) if !folder::is_folder(&path) => (above.to_owned(), Some(path)),
            _ => (path, None),
        };
        let mut watcher = Watcher::new(&path)?;
        let waker = watcher.waker();
        let (changed, stop) = (changed.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            while !stop.is_set() {
                let changes = watcher.wait(LONG);
                let is_meant = only.as_ref().is_none_or(|file| changes.everything || changes.paths.contains(file));
                if is_meant && !changes.is_empty() {
                    changed.store(true, Ordering::Relaxed);
                    stop.call();
                }
            }
        });
        threads.push((waker, thread));
    }
    Ok(Watching { changed, threads })
}

impl Watching {
    /// Whether anything changed since the last time it was asked.
    pub fn take(&self) -> bool {
        self.changed.swap(false, Ordering::Relaxed)
    }

    /// Ends the threads; the stop has been set.
    pub fn end(self) {
        for (waker, thread) in self.threads {
            waker.wake();
            // nothing in it panics, and there would be nothing to do
            _ = thread.join();
        }
    }
}
