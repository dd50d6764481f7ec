//! Bounded reads, and the stamp that shows whether a file changed since.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use ring::digest;
use zeroize::Zeroizing;

use super::FsError;

/// Largest document we read: far above real files, and a bound on memory.
pub const DOCUMENT_LIMIT: u64 = 512 * 1024 * 1024;
/// Largest identity file, recipients file or key command output, as in age and sops.
pub const KEY_LIMIT: u64 = 16 * 1024 * 1024;
/// Files modified this recently may change again without their time stamp showing it.
const COARSE_CLOCK: Duration = Duration::from_secs(2);

/// Bytes that are wiped when dropped.
pub type Wiped = Zeroizing<Vec<u8>>;

/// A file's content, and what it takes to tell later whether it is still the same.
pub struct Original {
    /// The content.
    pub bytes: Wiped,
    /// To be compared before the file is replaced.
    pub stamp: Stamp,
}

impl std::fmt::Debug for Original {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Original([REDACTED])")
    }
}

/// Which file was read and in which state: device, number, size and times; for a file that was just written,
/// whose times would not show another change, also a digest of the content (which is never printed).
#[derive(Clone, PartialEq, Eq)]
pub struct Stamp {
    facts: Facts,
    digest: Option<[u8; 32]>,
}

impl std::fmt::Debug for Stamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stamp(..)")
    }
}

#[derive(Clone, PartialEq, Eq)]
struct Facts {
    /// Device and number where the system has them.
    identity: Option<(u64, u64)>,
    size: u64,
    modified: Option<SystemTime>,
    /// Seconds and nanoseconds of the last change of content, name or mode.
    changed: Option<(i64, i64)>,
}

impl Facts {
    fn new(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let (identity, changed) = {
            use std::os::unix::fs::MetadataExt;
            let changed = (metadata.ctime(), metadata.ctime_nsec());
            (Some((metadata.dev(), metadata.ino())), Some(changed))
        };
        #[cfg(not(unix))]
        let (identity, changed) = (None, None);
        Self { identity, size: metadata.len(), modified: metadata.modified().ok(), changed }
    }
}

impl Stamp {
    fn new(metadata: &Metadata, bytes: &[u8]) -> Self {
        let facts = Facts::new(metadata);
        let settled = facts
            .modified
            .and_then(|at| SystemTime::now().duration_since(at).ok())
            .is_some_and(|age| age > COARSE_CLOCK);
        Self { facts, digest: (!settled).then(|| digest_of(bytes)) }
    }

    /// Whether `path` is still the file that was read, in the state it was read in.
    ///
    /// # Errors
    /// [`FsError::Changed`] when it is not, or is gone.
    pub fn check(&self, path: &Path) -> Result<(), FsError> {
        let changed = || FsError::Changed(path.to_owned());
        let metadata = std::fs::metadata(path).map_err(|_| changed())?;
        if Facts::new(&metadata) != self.facts {
            return Err(changed());
        }
        if let Some(digest) = &self.digest {
            // one byte more than there was shows growth
            let now = read_bounded(path, self.facts.size.saturating_add(1)).map_err(|_| changed())?;
            if digest_of(&now.bytes) != *digest {
                return Err(changed());
            }
        }
        Ok(())
    }
}

fn digest_of(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

/// The whole of a regular file of at most `limit` bytes.
///
/// # Errors
/// [`FsError`]: missing, not a file, too large, changed while it was read, or what the system says.
pub fn read_bounded(path: &Path, limit: u64) -> Result<Original, FsError> {
    let failed = |error| FsError::io("read", path, error);
    // asking first keeps us from waiting on a pipe that nobody writes to
    let before = std::fs::metadata(path).map_err(failed)?;
    if !before.is_file() {
        return Err(FsError::NotAFile(path.to_owned()));
    }
    let mut file = File::open(path).map_err(failed)?;
    let before = file.metadata().map_err(failed)?;
    let bytes = read_wiped(&mut file, limit, before.len())
        .map_err(failed)?
        .ok_or_else(|| FsError::TooLarge { path: path.to_owned(), limit })?;
    let after = file.metadata().map_err(failed)?;
    if Facts::new(&before) != Facts::new(&after) {
        return Err(FsError::Changed(path.to_owned()));
    }
    Ok(Original { stamp: Stamp::new(&after, &bytes), bytes })
}

/// Like [`read_bounded`], but pipes and devices will do: for identity files such as `<(command)`.
///
/// # Errors
/// [`FsError`]: missing, a folder, too large, or what the system says.
pub fn read_stream(path: &Path, limit: u64) -> Result<Wiped, FsError> {
    let failed = |error| FsError::io("read", path, error);
    let mut file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(FsError::NotAFile(path.to_owned()));
    }
    read_wiped(&mut file, limit, metadata.len())
        .map_err(failed)?
        .ok_or_else(|| FsError::TooLarge { path: path.to_owned(), limit })
}

/// All of standard input, at most `limit` bytes.
///
/// # Errors
/// [`FsError`]: too large, or what the system says.
pub fn read_stdin(limit: u64) -> Result<Wiped, FsError> {
    let path = PathBuf::from("standard input");
    match read_wiped(&mut io::stdin().lock(), limit, 0) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(FsError::TooLarge { path, limit }),
        Err(source) => Err(FsError::Io { action: "read", path, source }),
    }
}

/// Reads to the end without leaving unwiped copies behind when the buffer grows. `None` above `limit`.
///
/// # Errors
/// What the reader says.
pub fn read_wiped(reader: &mut dyn Read, limit: u64, expected: u64) -> io::Result<Option<Wiped>> {
    let room = usize::try_from(expected.min(limit)).unwrap_or(0) + 1;
    let mut bytes = Zeroizing::new(vec![0; room.max(4096)]);
    let mut length = 0;
    loop {
        if length == bytes.len() {
            // a Vec that grows by itself frees the old block without wiping it
            let mut larger = Zeroizing::new(vec![0; length * 2]);
            larger[..length].copy_from_slice(&bytes);
            bytes = larger;
        }
        match reader.read(&mut bytes[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if length as u64 > limit {
            return Ok(None);
        }
    }
    bytes.truncate(length);
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_whole_files_up_to_the_limit() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let content = vec![7; 10_000];
        std::fs::write(&path, &content).unwrap();
        assert_eq!(*read_bounded(&path, 10_000).unwrap().bytes, content);
        assert!(matches!(read_bounded(&path, 9_999), Err(FsError::TooLarge { limit: 9_999, .. })));
        assert!(matches!(read_bounded(dir.path(), 10), Err(FsError::NotAFile(_))));
        assert!(matches!(read_bounded(&dir.path().join("b"), 10), Err(FsError::Missing(_))));
        assert!(matches!(read_stream(dir.path(), 10), Err(FsError::NotAFile(_))));
    }

    #[test]
    fn wiped_reads_grow() {
        let data: Vec<u8> = (0..100_000u32).map(|n| n.to_le_bytes()[0]).collect();
        let read = read_wiped(&mut &data[..], 100_000, 0).unwrap().unwrap();
        assert_eq!(*read, data);
        assert!(read_wiped(&mut &data[..], 99_999, 0).unwrap().is_none());
        assert!(read_wiped(&mut io::empty(), 0, 0).unwrap().unwrap().is_empty());
    }

    #[test]
    fn a_stamp_sees_every_kind_of_change() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, "old").unwrap();
        let stamp = read_bounded(&path, 100).unwrap().stamp;
        stamp.check(&path).unwrap();
        // same size, perhaps within one tick of the clock
        std::fs::write(&path, "new").unwrap();
        assert!(matches!(stamp.check(&path), Err(FsError::Changed(_))));
        let stamp = read_bounded(&path, 100).unwrap().stamp;
        std::fs::write(dir.path().join("b"), "new").unwrap();
        std::fs::rename(dir.path().join("b"), &path).unwrap();
        assert!(matches!(stamp.check(&path), Err(FsError::Changed(_))));
        let stamp = read_bounded(&path, 100).unwrap().stamp;
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(stamp.check(&path), Err(FsError::Changed(_))));
    }

    #[test]
    fn a_settled_file_needs_no_digest() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, "old").unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
        let stamp = read_bounded(&path, 100).unwrap().stamp;
        assert!(stamp.digest.is_none());
        stamp.check(&path).unwrap();
    }

    #[test]
    fn debug_is_redacted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, "hunter2").unwrap();
        let original = read_bounded(&path, 100).unwrap();
        assert_eq!(format!("{original:?} {:?}", original.stamp), "Original([REDACTED]) Stamp(..)");
    }
}
