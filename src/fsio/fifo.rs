//! A FIFO that gives its content to the first who reads it: plaintext that never is in a file.

use std::path::Path;
#[cfg(unix)]
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::FsError;

/// A FIFO and the thread that waits for its reader. Dropping it ends both.
#[derive(Debug)]
pub struct Fifo {
    #[cfg(unix)]
    path: PathBuf,
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

        use rustix::fs::{CWD, Mode, mkfifoat};

        let failed = |error| FsError::io("make a FIFO at", path, error);
        mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR).map_err(|error| failed(error.into()))?;
        if let Some(owner) = owner {
            super::user::give(path, owner).map_err(failed)?;
        }
        let at = path.to_owned();
        let writer = std::thread::Builder::new().name("fifo".into()).spawn(move || {
            // waits for a reader; one who goes away early has seen enough
            if let Ok(mut file) = std::fs::File::options().write(true).open(&at) {
                _ = file.write_all(&bytes);
            }
        });
        let writer = writer.map_err(failed)?;
        Ok(Some(Self { path: path.to_owned(), writer: Some(writer) }))
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

#[cfg(unix)]
impl Drop for Fifo {
    fn drop(&mut self) {
        use rustix::fs::{CWD, Mode, OFlags, openat};
        let Some(writer) = self.writer.take() else {
            return;
        };
        // Nobody has read it: with a reader the thread's open returns, be it called before or after ours, and what it
        // writes has to go somewhere until it ends.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        if let Ok(reader) = openat(CWD, &self.path, flags, Mode::empty()) {
            let mut sink = Zeroizing::new([0_u8; 65_536]);
            while !writer.is_finished() {
                if !matches!(rustix::io::read(&reader, sink.as_mut_slice()), Ok(read) if read > 0) {
                    std::thread::sleep(std::time::Duration::from_millis(1));
                }
            }
            _ = writer.join();
        }
        _ = std::fs::remove_file(&self.path);
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
}
