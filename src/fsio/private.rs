//! A folder for plaintext: only for us, in memory where the system has such a place, gone afterwards.
//!
//! "In memory" is a tmpfs or ramfs; a tmpfs may still be swapped out, so encrypted swap is the reader's job.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::env::{Env, Var};
use super::{FsError, signals};

/// A folder with mode 0700 that is removed with all it holds when dropped, and by the signals of [`signals`].
#[derive(Debug)]
pub struct PrivateDir {
    folder: Option<TempDir>,
    path: PathBuf,
    in_memory: bool,
}

impl PrivateDir {
    /// Makes the folder: in `$XDG_RUNTIME_DIR` or `/dev/shm` when that is memory, else in `$TMPDIR`.
    ///
    /// # Errors
    /// [`FsError::Io`] when no place takes it.
    pub fn new(env: &Env) -> Result<Self, FsError> {
        for place in [env.path(Var::XdgRuntimeDir), Some(Path::new("/dev/shm"))].into_iter().flatten() {
            if place.is_absolute()
                && is_memory(place)
                && let Ok(made) = Self::within(place, true)
            {
                return Ok(made);
            }
        }
        let place = env.temp_folder();
        Self::within(&place, false).map_err(|error| FsError::io("make a private folder in", &place, error))
    }

    pub(super) fn within(place: &Path, in_memory: bool) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("sealant-");
        only_for_us(&mut builder);
        let folder = builder.tempdir_in(place)?;
        let path = folder.path().to_owned();
        signals::remove_on_signal(&path);
        Ok(Self { folder: Some(folder), path, in_memory })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the folder to another user, who is to find something in it.
    ///
    /// # Errors
    /// What the system says.
    pub fn give_to(&self, owner: &super::user::User) -> io::Result<()> {
        super::user::give(&self.path, owner)
    }

    /// Lets the folder outlive us: from now on it is the user's.
    pub fn keep(mut self) -> PathBuf {
        if let Some(folder) = self.folder.take() {
            _ = folder.keep();
        }
        self.path.clone()
    }

    /// Whether what is written here stays in memory.
    pub fn in_memory(&self) -> bool {
        self.in_memory
    }
}

impl Drop for PrivateDir {
    fn drop(&mut self) {
        // the folder first: a signal in between must still find it registered
        drop(self.folder.take());
        signals::forget(&self.path);
    }
}

#[cfg(unix)]
fn only_for_us(builder: &mut tempfile::Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(std::fs::Permissions::from_mode(0o700));
}

#[cfg(not(unix))]
fn only_for_us(_: &mut tempfile::Builder<'_, '_>) {}

#[cfg(target_os = "linux")]
fn is_memory(place: &Path) -> bool {
    /// `statfs(2)`: TMPFS_MAGIC and RAMFS_MAGIC.
    const MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];
    // the type of f_type differs between architectures; the magic numbers fit in 32 bits everywhere
    rustix::fs::statfs(place).is_ok_and(|facts| MEMORY.contains(&(facts.f_type as u64 & 0xffff_ffff)))
}

#[cfg(not(target_os = "linux"))]
fn is_memory(_: &Path) -> bool {
    false
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn is_private_and_gone_afterwards() {
        let dir = tempfile::tempdir().unwrap();
        let env = Env::from_pairs([(Var::TmpDir, dir.path())]);
        let made = PrivateDir::new(&env).unwrap();
        let path = made.path().to_owned();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        std::fs::create_dir(path.join("sub")).unwrap();
        std::fs::write(path.join("sub/plain"), "x").unwrap();
        drop(made);
        assert!(!path.exists());
    }

    #[test]
    fn is_kept_on_request() {
        let dir = tempfile::tempdir().unwrap();
        let kept = PrivateDir::within(dir.path(), false).unwrap().keep();
        assert!(kept.is_dir());
    }

    #[test]
    fn says_whether_it_is_in_memory() {
        let dir = tempfile::tempdir().unwrap();
        // a folder on disk is no memory, whatever the variable is called
        let env = Env::from_pairs([(Var::XdgRuntimeDir, dir.path()), (Var::TmpDir, dir.path())]);
        let made = PrivateDir::new(&env).unwrap();
        assert_eq!(made.in_memory(), is_memory(made.path()));
        assert_eq!(made.path().starts_with(dir.path()), made.in_memory() == is_memory(dir.path()));
    }

    #[test]
    fn no_place_is_an_error() {
        assert!(PrivateDir::within(Path::new("/no/such/place"), false).is_err());
    }
}
