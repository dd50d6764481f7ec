//! What can go wrong with files. Messages name the file and never its content.

use std::io;
use std::path::{Path, PathBuf};

/// A file operation that failed.
#[derive(Debug, thiserror::Error)]
pub enum FsError {
    /// The file is not there.
    #[error("{} does not exist", .0.display())]
    Missing(PathBuf),
    /// A new file was to be made, but something has that name already.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// A folder, a socket, a device or another thing that is not a file.
    #[error("{} is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// A symbolic link that leads nowhere.
    #[error("{} is a link to {}, which does not exist", .link.display(), .to.display())]
    Dangling {
        /// The link.
        link: PathBuf,
        /// Where it leads.
        to: PathBuf,
    },
    /// Nobody, or not we, may write to the file.
    #[error("{} is read-only", .0.display())]
    ReadOnly(PathBuf),
    /// The file may be written, but nothing new may be made in its folder: it cannot be replaced.
    #[error("{} cannot be replaced: its folder {} is read-only", .path.display(), .folder.display())]
    ReadOnlyFolder {
        /// The file.
        path: PathBuf,
        /// The folder, or the one it would be made in.
        folder: PathBuf,
    },
    /// The file is longer than we read.
    #[error("{} is larger than {limit} bytes", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What we would have read at most.
        limit: u64,
    },
    /// More files than we take in one call.
    #[error("{} holds more than {limit} files", .path.display())]
    TooMany {
        /// The folder.
        path: PathBuf,
        /// How many we would have taken.
        limit: usize,
    },
    /// Folders in folders beyond our bound.
    #[error("{} is nested deeper than {limit} folders", .path.display())]
    TooDeep {
        /// The folder.
        path: PathBuf,
        /// How deep we would have looked.
        limit: usize,
    },
    /// The file is not the one that was read.
    #[error("{} was changed by somebody else meanwhile", .0.display())]
    Changed(PathBuf),
    /// Another writer is at work.
    #[error("{} is being written by another sealant", .0.display())]
    Locked(PathBuf),
    /// Two results would go to the same file.
    #[error("{} is named twice", .0.display())]
    Twice(PathBuf),
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", .path.display())]
    Io {
        /// What we tried: a verb.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

impl FsError {
    /// An operating system error with what we tried; a missing file becomes [`FsError::Missing`].
    pub fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::NotFound && action == "read" {
            return Self::Missing(path.to_owned());
        }
        Self::Io { action, path: path.to_owned(), source }
    }

    /// Whether this process, or the system, has as many files open as it may.
    pub fn is_too_many_open(&self) -> bool {
        #[cfg(unix)]
        if let Self::Io { source, .. } = self {
            use rustix::io::Errno;
            let code = source.raw_os_error();
            return [Errno::MFILE, Errno::NFILE].iter().any(|error| code == Some(error.raw_os_error()));
        }
        false
    }

    /// Whether the disk, or the quota, is full.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Io { source, .. } if matches!(
            source.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        ))
    }
}
