//! A folder that is looked at again and again.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::{Changes, MAX_DEPTH};

/// So many names are compared; what is beyond is not seen.
const MAX_NAMES: usize = 100_000;

/// Rung by whoever wants to end a wait.
#[derive(Debug, Default)]
pub(super) struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Bell {
    pub(super) fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    /// Waits until it rings, `true`, or for `time`.
    fn wait(&self, time: Duration) -> bool {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(rung, time, |rung| !*rung);
        let (mut rung, _) = waited.unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *rung)
    }
}

/// What was there when it was looked at last.
#[derive(Debug)]
pub(super) struct Poll {
    seen: BTreeMap<PathBuf, Facts>,
    every: Duration,
    bell: Arc<Bell>,
}

#[derive(Debug, PartialEq, Eq)]
struct Facts {
    is_file: bool,
    size: u64,
    modified: Option<SystemTime>,
    /// Device, number, and the last change of content, name or mode.
    identity: Option<(u64, u64, i64, i64)>,
    /// Of a link: itself, and what it leads to.
    target: Option<Box<Facts>>,
}

impl Facts {
    fn new(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let identity = {
            use std::os::unix::fs::MetadataExt;
            Some((metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec()))
        };
        #[cfg(not(unix))]
        let identity = None;
        let (size, modified) = (metadata.len(), metadata.modified().ok());
        Self { is_file: metadata.is_file(), size, modified, identity, target: None }
    }

    /// Of a folder only that it is there, and which: what is in it speaks for itself.
    fn folder(metadata: &Metadata) -> Self {
        let all = Self::new(metadata);
        let identity = all.identity.map(|(device, number, ..)| (device, number, 0, 0));
        Self { size: 0, modified: None, identity, ..all }
    }
}

impl Poll {
    /// What is there now is no change.
    pub(super) fn new(root: &Path, every: Duration, bell: Arc<Bell>) -> Self {
        Self { seen: look(root), every, bell }
    }

    pub(super) fn bell(&self) -> Arc<Bell> {
        Arc::clone(&self.bell)
    }

    /// Looks, and once in a while again, until there is a change, the bell rings (`true`) or the end has come.
    pub(super) fn collect(&mut self, root: &Path, end: Option<Instant>, changes: &mut Changes) -> bool {
        loop {
            let left = end.map_or(self.every, |end| end.saturating_duration_since(Instant::now()));
            let woken = self.bell.wait(left.min(self.every));
            self.compare(root, changes);
            if woken || !changes.is_empty() || left <= self.every {
                return woken;
            }
        }
    }

    /// Looks once.
    pub(super) fn compare(&mut self, root: &Path, changes: &mut Changes) {
        let mut before = std::mem::replace(&mut self.seen, look(root));
        for (path, facts) in &self.seen {
            let old = before.remove(path);
            if old.as_ref() != Some(facts) {
                changes.everything |= !facts.is_file;
                changes.add(path.clone());
            }
        }
        for (path, facts) in before {
            changes.everything |= !facts.is_file;
            changes.add(path);
        }
    }
}

/// What is there, `root` included. What cannot be looked at is not there.
fn look(root: &Path) -> BTreeMap<PathBuf, Facts> {
    let mut seen = BTreeMap::new();
    let Ok(metadata) = std::fs::metadata(root) else {
        return seen;
    };
    seen.insert(root.to_owned(), Facts::folder(&metadata));
    let mut folders = vec![(root.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            let Ok(metadata) = path.symlink_metadata() else { continue };
            let facts = if metadata.is_dir() {
                if entry.file_name() == ".git" || depth >= MAX_DEPTH {
                    continue;
                }
                folders.push((path.clone(), depth + 1));
                Facts::folder(&metadata)
            } else if metadata.is_symlink() {
                let target = std::fs::metadata(&path).ok().map(|target| match target.is_dir() {
                    true => Box::new(Facts::folder(&target)),
                    false => Box::new(Facts::new(&target)),
                });
                Facts { target, ..Facts::new(&metadata) }
            } else {
                Facts::new(&metadata)
            };
            seen.insert(path, facts);
            if seen.len() >= MAX_NAMES {
                return seen;
            }
        }
    }
    seen
}
