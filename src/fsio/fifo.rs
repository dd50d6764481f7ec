//! A FIFO that gives its content to the first who reads it: plaintext that never is in a file.

use std::path::Path;
#[cfg(unix)]
use std::path::PathBuf;
#[cfg(unix)]
use std::sync::Arc;

use zeroize::Zeroizing;

use super::FsError;

/// A FIFO and the thread that waits for its reader. Dropping it ends both.
#[derive(Debug)]
pub struct Fifo {
    #[cfg(unix)]
    place: Arc<Place>,
    #[cfg(unix)]
    writer: Option<std::thread::JoinHandle<()>>,
}

impl Fifo {
    /// Makes a FIFO with mode 0600 at `path`, for `owner` when one is named. `None` on a system that has none.
    ///
    /// # Errors
    /// [`FsError::Io`].
    #[cfg(all(unix, not(target_vendor = "apple")))]
    pub fn new(
        path: &Path,
        bytes: Zeroizing<Vec<u8>>,
        owner: Option<&super::user::User>,
    ) -> Result<Option<Self>, FsError> {
        use std::io::Write as _;

        use rustix::fs::{CWD, Mode, OFlags, mkfifoat};

        let failed = |error| FsError::io("make a FIFO at", path, error);
        mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR).map_err(|error| failed(error.into()))?;
        let place = Arc::new(Place::of(path).map_err(|error| failed(error.into()))?);
        if let Some(owner) = owner {
            super::user::give(path, owner).map_err(failed)?;
        }
        let at = Arc::clone(&place);
        let writer = std::thread::Builder::new().name("fifo".into()).spawn(move || {
            // waits for a reader; one who goes away early has seen enough
            if let Some(file) = at.open(OFlags::WRONLY) {
                _ = std::fs::File::from(file).write_all(&bytes);
            }
        });
        let writer = writer.map_err(failed)?;
        Ok(Some(Self { place, writer: Some(writer) }))
    }

    /// Not on this system.
    ///
    /// # Errors
    /// None.
    #[cfg(not(all(unix, not(target_vendor = "apple"))))]
    pub fn new(_: &Path, _: Zeroizing<Vec<u8>>, _: Option<&super::user::User>) -> Result<Option<Self>, FsError> {
        Ok(None)
    }
}

/// Where the FIFO is, and what tells it from anything else that is put in its place.
#[cfg(unix)]
#[derive(Debug)]
struct Place {
    path: PathBuf,
    /// A descriptor that neither reads nor writes: through it the FIFO is found wherever it was moved.
    #[cfg(target_os = "linux")]
    anchor: std::os::fd::OwnedFd,
    identity: (u64, u64),
}

#[cfg(unix)]
impl Place {
    #[cfg(not(target_vendor = "apple"))]
    fn of(path: &Path) -> rustix::io::Result<Self> {
        use rustix::fs::{AtFlags, CWD, statat};
        Ok(Self {
            path: path.to_owned(),
            #[cfg(target_os = "linux")]
            anchor: {
                use rustix::fs::{Mode, OFlags, openat};
                openat(CWD, path, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?
            },
            identity: identity(&statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW)?),
        })
    }

    /// Opens the FIFO that was made and nothing else. `None` when it cannot be found any more.
    fn open(&self, flags: rustix::fs::OFlags) -> Option<std::os::fd::OwnedFd> {
        use rustix::fs::{CWD, Mode, OFlags, fstat, openat};
        let flags = flags | OFlags::CLOEXEC;
        #[cfg(target_os = "linux")]
        {
            use std::os::fd::AsRawFd as _;
            let link = format!("/proc/self/fd/{}", self.anchor.as_raw_fd());
            if let Ok(file) = openat(CWD, link.as_str(), flags, Mode::empty()) {
                return Some(file);
            }
        }
        let file = openat(CWD, &self.path, flags | OFlags::NOFOLLOW, Mode::empty()).ok()?;
        fstat(&file).is_ok_and(|stat| identity(&stat) == self.identity).then_some(file)
    }
}

/// Device and number: their types differ between systems.
#[cfg(unix)]
#[allow(clippy::useless_conversion, clippy::unnecessary_cast)]
fn identity(stat: &rustix::fs::Stat) -> (u64, u64) {
    (stat.st_dev as u64, stat.st_ino as u64)
}

#[cfg(unix)]
impl Drop for Fifo {
    fn drop(&mut self) {
        use rustix::fs::OFlags;
        let Some(writer) = self.writer.take() else {
            return;
        };
        // Nobody has read it: with a reader the thread's open returns, be it called before or after ours, and what it
        // writes has to go somewhere until it ends. Where the program moved the FIFO out of reach, the thread stays where
        // it is until we end: waiting for it would be for ever.
        if let Some(reader) = self.place.open(OFlags::RDONLY | OFlags::NONBLOCK) {
            let mut sink = Zeroizing::new([0_u8; 65_536]);
            while !writer.is_finished() {
                if !matches!(rustix::io::read(&reader, sink.as_mut_slice()), Ok(read) if read > 0) {
                    std::thread::sleep(std::time::Duration::from_millis(1));
                }
            }
            _ = writer.join();
        }
        _ = std::fs::remove_file(&self.place.path);
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};

    use super::*;

    #[test]
    fn gives_its_content_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tmp-file");
        // more than a pipe holds
        let content = vec![7; 300_000];
        let fifo = Fifo::new(&path, Zeroizing::new(content.clone()), None).unwrap().unwrap();
        let metadata = std::fs::metadata(&path).unwrap();
        assert!(metadata.file_type().is_fifo());
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read(&path).unwrap(), content);
        drop(fifo);
        assert!(!path.exists());
    }

    #[test]
    fn nobody_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tmp-file");
        drop(Fifo::new(&path, Zeroizing::new(vec![7; 300_000]), None).unwrap());
        assert!(!path.exists());
    }

    #[test]
    fn something_else_is_in_its_place() {
        for read in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("tmp-file");
            let (ended, end) = std::sync::mpsc::channel();
            let fifo = Fifo::new(&path, Zeroizing::new(vec![7; 300_000]), None).unwrap().unwrap();
            let other = dir.path().join("other");
            std::fs::write(&other, "x").unwrap();
            if read {
                // a reader who took a part and keeps the rest waiting
                use std::io::Read;
                std::fs::File::open(&path).unwrap().read_exact(&mut [0; 10]).unwrap();
            }
            std::fs::rename(&other, &path).unwrap();
            std::fs::hard_link(&path, &other).unwrap();
            std::thread::spawn(move || {
                drop(fifo);
                ended.send(()).unwrap();
            });
            end.recv_timeout(std::time::Duration::from_secs(20)).expect("it waits for ever");
            // the content went nowhere else
            assert_eq!(std::fs::read(&other).unwrap(), b"x");
        }
    }
}
