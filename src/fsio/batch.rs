//! Many replacements, all or nothing: everything is written and on disk, and no original has changed, before the
//! first name is.
//!
//! Renaming many files is not one operation of any file system: when the machine stops in the middle, some files
//! are the old and some the new ones, each of them whole.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::lock::LockGuard;
use super::read::Stamp;
use super::write::{Staged, remove_leftovers, sync_folder};
use super::{FsError, harden, signals};

/// Threads that wait for the disk. More does not help: they wait for the same journal. One sync of the whole file system would be
/// quicker on an idle machine, but waits for what every other program has written, too.
const SYNC_THREADS: usize = 16;

/// Files that are to be replaced together.
#[derive(Debug, Default)]
pub struct Batch {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    staged: Staged,
    /// The original as it was read; `None` for a new file.
    stamp: Option<Stamp>,
    lock: Option<LockGuard>,
}

/// A batch that failed, and how far it had come.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// Nothing was changed.
    #[error(transparent)]
    Nothing(#[from] FsError),
    /// The rename of one file failed after others had been renamed.
    #[error("{done} of {total} files were replaced, then: {source}")]
    Partly {
        /// Files that have their new content.
        done: usize,
        /// Files there were.
        total: usize,
        /// Why the next one has not.
        source: FsError,
    },
    /// Everything was replaced, but the disk did not confirm that the names are durable.
    #[error("all files were replaced, then: {0}")]
    NotDurable(FsError),
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds new content. `stamp` is what the file was when it was read (none for a new file, or to overwrite whatever
    /// is there); `lock` is a lock on it that the caller holds already.
    pub fn add(&mut self, staged: Staged, stamp: Option<Stamp>, lock: Option<LockGuard>) {
        self.entries.push(Entry { staged, stamp, lock });
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Replaces all files and returns when that is durable.
    ///
    /// # Errors
    /// [`BatchError::Nothing`] in all cases but two: see there.
    pub fn commit(mut self) -> Result<(), BatchError> {
        self.refuse_twins()?;
        let room = harden::room_for_files(self.entries.len());
        for (at, entry) in self.entries.iter_mut().enumerate() {
            if entry.lock.is_none() {
                // a lock costs an open file. Beyond what the system allows it is let go at once: whoever is writing now is
                // noticed by it, and whoever writes later by the stamp
                entry.lock = LockGuard::acquire(entry.staged.target())?.filter(|_| at < room);
            }
        }
        let folders = self.folders();
        for folder in &folders {
            remove_leftovers(folder);
        }
        self.sync_all()?;
        for entry in &self.entries {
            if let Some(stamp) = &entry.stamp {
                stamp.check(&entry.staged.target().named)?;
            }
        }
        signals::finish_first(|| self.rename_all())?;
        in_parallel(&folders, |folder| sync_folder(folder)).map_err(BatchError::NotDurable)
    }

    fn rename_all(self) -> Result<(), BatchError> {
        let total = self.entries.len();
        // locks are let go only when all names are in place
        let mut locks = Vec::with_capacity(total);
        for (done, entry) in self.entries.into_iter().enumerate() {
            locks.push(entry.lock);
            match entry.staged.rename() {
                Ok(()) => {}
                Err(error) if done == 0 => return Err(BatchError::Nothing(error)),
                Err(source) => {
                    return Err(BatchError::Partly { done, total, source });
                }
            }
        }
        Ok(())
    }

    /// Two results for one file, perhaps under two names, would lose one of them.
    fn refuse_twins(&self) -> Result<(), FsError> {
        let mut real: BTreeMap<&Path, PathBuf> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for entry in &self.entries {
            let target = entry.staged.target();
            if !real.contains_key(target.folder()) {
                let folder = std::fs::canonicalize(target.folder())
                    .map_err(|error| FsError::io("write", &target.named, error))?;
                real.insert(target.folder(), folder);
            }
            let folder = real.get(target.folder()).cloned();
            if !seen.insert((folder, target.real.file_name())) {
                return Err(FsError::Twice(target.named.clone()));
            }
        }
        Ok(())
    }

    fn folders(&self) -> Vec<PathBuf> {
        let folders: BTreeSet<&Path> = self.entries.iter().map(|entry| entry.staged.target().folder()).collect();
        folders.into_iter().map(Path::to_owned).collect()
    }

    fn sync_all(&self) -> Result<(), FsError> {
        in_parallel(&self.entries, |entry| entry.staged.sync())
    }
}

/// Does `work` for every item on a few threads; the first error (in item order) wins.
fn in_parallel<T: Sync>(items: &[T], work: impl Fn(&T) -> Result<(), FsError> + Sync) -> Result<(), FsError> {
    if items.len() < 2 {
        return items.iter().try_for_each(work);
    }
    let next = AtomicUsize::new(0);
    let first_error: Mutex<Option<(usize, FsError)>> = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..items.len().min(SYNC_THREADS) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { return };
                    if let Err(error) = work(item) {
                        let mut first = signals::lock(&first_error);
                        if first.as_ref().is_none_or(|(before, _)| at < *before) {
                            *first = Some((at, error));
                        }
                    }
                }
            });
        }
    });
    let first = signals::lock(&first_error).take();
    first.map_or(Ok(()), |(_, error)| Err(error))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::fsio::read::read_bounded;
    use crate::fsio::target::Target;
    use crate::fsio::write::NewMode;

    fn add(batch: &mut Batch, path: &Path, content: &str) {
        let stamp = read_bounded(path, 1000).ok().map(|original| original.stamp);
        let target = Target::resolve(path).unwrap();
        let staged = Staged::new(target, content.as_bytes(), NewMode::Public).unwrap();
        batch.add(staged, stamp, None);
    }

    fn some_files(dir: &Path, count: usize) -> Vec<PathBuf> {
        (0..count)
            .map(|number| {
                let folder = dir.join(format!("d{}", number % 3));
                std::fs::create_dir_all(&folder).unwrap();
                let path = folder.join(format!("f{number}"));
                std::fs::write(&path, "old").unwrap();
                path
            })
            .collect()
    }

    fn count(dir: &Path) -> usize {
        std::fs::read_dir(dir)
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                if path.is_dir() { count(&path) } else { 1 }
            })
            .sum()
    }

    fn all_are(files: &[PathBuf], content: &str) -> bool {
        files.iter().all(|path| std::fs::read_to_string(path).unwrap() == content)
    }

    #[test]
    fn replaces_all() {
        for number in [0, 1, 5, 100] {
            let dir = tempfile::tempdir().unwrap();
            let files = some_files(dir.path(), number);
            let mut batch = Batch::new();
            files.iter().for_each(|path| add(&mut batch, path, "new"));
            add(&mut batch, &dir.path().join("created"), "new");
            assert_eq!(batch.len(), number + 1);
            batch.commit().unwrap();
            assert!(all_are(&files, "new"));
            assert_eq!(count(dir.path()), number + 1);
        }
    }

    #[test]
    fn one_changed_original_stops_all() {
        let dir = tempfile::tempdir().unwrap();
        let files = some_files(dir.path(), 5);
        let mut batch = Batch::new();
        files.iter().for_each(|path| add(&mut batch, path, "new"));
        std::fs::write(&files[3], "odd").unwrap();
        let error = batch.commit().unwrap_err();
        assert!(matches!(&error, BatchError::Nothing(FsError::Changed(path)) if *path == files[3]));
        assert!(all_are(&files[..3], "old"));
        assert_eq!(count(dir.path()), 5);
    }

    #[test]
    fn one_locked_file_stops_all() {
        let dir = tempfile::tempdir().unwrap();
        let files = some_files(dir.path(), 3);
        let _held = LockGuard::acquire(&Target::resolve(&files[2]).unwrap()).unwrap();
        let mut batch = Batch::new();
        files.iter().for_each(|path| add(&mut batch, path, "new"));
        assert!(matches!(batch.commit(), Err(BatchError::Nothing(FsError::Locked(_)))));
        assert!(all_are(&files, "old"));
    }

    #[test]
    fn a_lock_of_our_own_is_no_obstacle() {
        let dir = tempfile::tempdir().unwrap();
        let path = some_files(dir.path(), 1).remove(0);
        let target = Target::resolve(&path).unwrap();
        let lock = LockGuard::acquire(&target).unwrap();
        let mut batch = Batch::new();
        batch.add(Staged::new(target, b"new", NewMode::Public).unwrap(), None, lock);
        batch.commit().unwrap();
        assert!(all_are(&[path], "new"));
    }

    #[test]
    fn the_same_file_twice_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = some_files(dir.path(), 1).remove(0);
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let mut batch = Batch::new();
        add(&mut batch, &path, "one");
        add(&mut batch, &link, "two");
        assert!(matches!(batch.commit(), Err(BatchError::Nothing(FsError::Twice(_)))));
        assert!(all_are(&[path], "old"));
    }

    #[test]
    fn a_dropped_batch_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let files = some_files(dir.path(), 4);
        let mut batch = Batch::new();
        files.iter().for_each(|path| add(&mut batch, path, "new"));
        drop(batch);
        assert_eq!(count(dir.path()), 4);
    }

    #[test]
    fn the_first_error_in_order_wins() {
        let items: Vec<usize> = (0..200).collect();
        let error = in_parallel(&items, |n| if *n < 50 { Ok(()) } else { Err(FsError::Missing(n.to_string().into())) });
        assert!(matches!(error, Err(FsError::Missing(path)) if path == Path::new("50")));
    }
}
