//! One writer per file: an advisory lock on the target itself, so that no lock file is ever left.
//!
//! A lock belongs to the file, not to its name, and a replacement gives the name another file. So after a lock
//! was taken the name is looked at again, and the lock taken anew when it leads elsewhere by now. Locks end with
//! the process, however it ends. Where the file system has no locks there is none: the comparison with what was
//! read ([`super::read::Stamp`]) still finds the other writer. New files need no lock: making them never
//! replaces anything, so that the second writer fails.

use std::fs::{File, TryLockError};
use std::io;

use super::FsError;
use super::target::Target;

/// How often we run after a name that is being replaced.
const ATTEMPTS: usize = 16;

/// Held while one file is read, changed and replaced. Dropping it lets others write.
#[derive(Debug)]
pub struct LockGuard {
    _file: File,
}

impl LockGuard {
    /// Locks the file behind `target`, without waiting. `None` when it does not exist yet.
    ///
    /// # Errors
    /// [`FsError::Locked`] when somebody else holds the lock, [`FsError::Io`] when it cannot be opened.
    pub fn acquire(target: &Target) -> Result<Option<Self>, FsError> {
        if target.existing.is_none() || cfg!(not(unix)) {
            // elsewhere locks are not advisory: they would keep ourselves from reading
            return Ok(None);
        }
        for _ in 0..ATTEMPTS {
            let file = match File::open(&target.real) {
                Ok(file) => file,
                // a file we may write but not read: it could only be locked through a handle that may write
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    let opened = File::options().write(true).open(&target.real);
                    opened.map_err(|error| FsError::io("lock", &target.named, error))?
                }
                Err(error) => return Err(FsError::io("lock", &target.named, error)),
            };
            match file.try_lock() {
                Ok(()) if same_file(&file, target) => return Ok(Some(Self { _file: file })),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(FsError::Locked(target.named.clone()));
                }
                // no locks on this file system
                Err(TryLockError::Error(_)) => return Ok(Some(Self { _file: file })),
            }
        }
        Err(FsError::Locked(target.named.clone()))
    }
}

#[cfg(unix)]
fn same_file(file: &File, target: &Target) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(held), Ok(named)) = (file.metadata(), std::fs::symlink_metadata(&target.real)) else {
        return false;
    };
    (held.dev(), held.ino()) == (named.dev(), named.ino())
}

#[cfg(not(unix))]
fn same_file(_: &File, _: &Target) -> bool {
    true
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::fsio::write::{NewMode, write_atomic};

    #[test]
    fn the_second_writer_fails_until_the_first_is_done() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.yaml");
        std::fs::write(&path, "x").unwrap();
        let target = Target::resolve(&path).unwrap();
        let first = LockGuard::acquire(&target).unwrap();
        assert!(first.is_some());
        let error = LockGuard::acquire(&target).unwrap_err();
        assert!(error.to_string().contains("a.yaml"));
        drop(first);
        assert!(LockGuard::acquire(&target).unwrap().is_some());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_lock_on_the_replaced_file_does_not_count() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, "x").unwrap();
        let target = Target::resolve(&path).unwrap();
        let _old = LockGuard::acquire(&target).unwrap();
        write_atomic(&path, b"y", NewMode::Public).unwrap();
        let guard = LockGuard::acquire(&target).unwrap().unwrap();
        assert!(same_file(&guard._file, &target));
    }

    #[test]
    fn new_files_have_nothing_to_lock() {
        let dir = tempfile::tempdir().unwrap();
        let target = Target::resolve(&dir.path().join("new")).unwrap();
        assert!(LockGuard::acquire(&target).unwrap().is_none());
    }
}
