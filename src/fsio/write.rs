//! One atomic replacement: a temporary file in the same folder, made durable, then renamed over the target.
//!
//! Whatever happens, the target is the old file or the new one, whole. The new file gets the old one's mode, unless it is to
//! be for its owner only, and where the system lets us its owner. A file with several hard links is replaced under this
//! one name only.

use std::fs::{File, Metadata, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempPath;

use super::target::{Target, folder_of};
use super::{FsError, signals};

/// Temporary files are called `.sealant-PID-XXXXXX.tmp`.
const PREFIX: &str = ".sealant-";
const SUFFIX: &str = ".tmp";
/// A temporary file of a process that is gone is left alone for this long: it might be another container's.
const LEFTOVER_AGE: Duration = Duration::from_secs(60);

/// What a file's mode is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NewMode {
    /// For keys, and plaintext in the place of its ciphertext: 0600; a file that is replaced keeps its mode.
    Private,
    /// For plaintext in a file of its own: 0600, whatever the mode was of a file that is replaced.
    OwnerOnly,
    /// For ciphertext: 0644 as the umask allows; a file that is replaced keeps its mode.
    Public,
}

/// Replaces or creates the file at `path` (links are followed) and returns when it is on disk.
///
/// # Errors
/// [`FsError`]; the target is untouched then, and no temporary file is left.
pub fn write_atomic(path: &Path, bytes: &[u8], new_mode: NewMode) -> Result<(), FsError> {
    let target = Target::resolve(path)?;
    remove_leftovers(target.folder());
    Staged::new(target, bytes, new_mode)?.finish()
}

/// Creates a file that must not exist yet and returns when it is on disk.
///
/// # Errors
/// [`FsError::Exists`] when anything has that name, also when it appears meanwhile.
pub fn create_new(path: &Path, bytes: &[u8], new_mode: NewMode) -> Result<(), FsError> {
    Staged::new(Target::new_file(path)?, bytes, new_mode)?.finish()
}

/// New content in a temporary file beside its target, not yet on disk for certain. Dropping it removes it.
#[derive(Debug)]
pub struct Staged {
    target: Target,
    temp: Temp,
    on_disk: bool,
}

impl Staged {
    /// Writes `bytes` beside `target`. May be called from any thread.
    ///
    /// # Errors
    /// [`FsError`]; nothing is left behind then.
    pub fn new(target: Target, bytes: &[u8], new_mode: NewMode) -> Result<Self, FsError> {
        Self::with(target, new_mode, |file| file.write_all(bytes))
    }

    fn with(
        target: Target,
        new_mode: NewMode,
        write: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<Self, FsError> {
        let failed = |error| FsError::io("write", &target.named, error);
        let (mut file, temp) = Temp::new(&target, new_mode).map_err(failed)?;
        write(&mut file).and_then(|()| file.flush()).map_err(failed)?;
        if let Some(old) = &target.existing {
            let mask = if new_mode == NewMode::OwnerOnly { 0o600 } else { 0o7777 };
            copy_owner_and_mode(&file, old, mask).map_err(failed)?;
        }
        Ok(Self { target, temp, on_disk: false })
    }

    /// Where the content will go.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Waits until the temporary file's content is on disk.
    ///
    /// # Errors
    /// [`FsError::Io`] when the disk says no.
    pub fn sync(&self) -> Result<(), FsError> {
        if self.on_disk {
            return Ok(());
        }
        // a second handle will do: the content belongs to the file, not to the handle
        File::options()
            .write(true)
            .open(self.temp.path())
            .and_then(|file| file.sync_all())
            .map_err(|error| FsError::io("write", &self.target.named, error))
    }

    /// The same now and not later: for whoever has other work to do while a thread waits for the disk.
    ///
    /// # Errors
    /// As [`Staged::sync`]; nothing is left behind then.
    pub fn synced(mut self) -> Result<Self, FsError> {
        self.sync()?;
        self.on_disk = true;
        Ok(self)
    }

    /// Puts the content in place. The folder still has to be synced.
    ///
    /// # Errors
    /// [`FsError`]; the temporary file is removed then.
    pub fn rename(self) -> Result<(), FsError> {
        let Self { target, temp, .. } = self;
        let new = target.existing.is_none();
        temp.persist(&target.real, new).map_err(|error| {
            if new && error.kind() == io::ErrorKind::AlreadyExists {
                return FsError::Exists(target.named.clone());
            }
            FsError::io("replace", &target.named, error)
        })
    }

    /// The last steps for a single file: sync, rename, sync the folder.
    fn finish(self) -> Result<(), FsError> {
        self.sync()?;
        let folder = self.target.folder().to_owned();
        signals::finish_first(|| self.rename())?;
        sync_folder(&folder)
    }
}

/// Removes a file; one that is not there is removed already.
///
/// # Errors
/// What the system says.
pub fn remove(path: &Path) -> Result<(), FsError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done.map_err(|error| FsError::io("remove", path, error)),
    }
}

/// Makes the names in `folder` durable.
///
/// # Errors
/// [`FsError::Io`] when the disk says no.
pub fn sync_folder(folder: &Path) -> Result<(), FsError> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        // some network and FUSE file systems have no such operation: the rename itself has worked
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(()),
        // a folder we may write but not read
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        other => other.map_err(|error| FsError::io("sync", folder, error)),
    }
}

/// Removes temporary files that killed processes left in `folder`. Best effort: says nothing.
pub fn remove_leftovers(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(owner) = name.to_str().and_then(temp_owner) else {
            continue;
        };
        let old = entry
            .metadata()
            .ok()
            .filter(Metadata::is_file)
            .and_then(|metadata| metadata.modified().ok())
            .and_then(|at| SystemTime::now().duration_since(at).ok())
            .is_some_and(|age| age > LEFTOVER_AGE);
        if old && !is_alive(owner) {
            _ = std::fs::remove_file(entry.path());
        }
    }
}

/// The process that made the temporary file `name`; `None` when it is not one of ours.
fn temp_owner(name: &str) -> Option<i32> {
    let middle = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    middle.split_once('-')?.0.parse().ok().filter(|pid| *pid > 0)
}

#[cfg(unix)]
fn is_alive(process: i32) -> bool {
    use rustix::process::{Pid, test_kill_process};
    let Some(pid) = Pid::from_raw(process) else {
        return true;
    };
    test_kill_process(pid) != Err(rustix::io::Errno::SRCH)
}

#[cfg(not(unix))]
fn is_alive(_: i32) -> bool {
    true
}

/// A temporary file that a signal, too, removes.
#[derive(Debug)]
struct Temp {
    path: Option<TempPath>,
    registered: PathBuf,
}

impl Temp {
    fn new(target: &Target, new_mode: NewMode) -> io::Result<(File, Self)> {
        let prefix = format!("{PREFIX}{}-", std::process::id());
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(SUFFIX);
        // Public content gets its mode from the kernel, which knows the umask. What replaces a file starts private.
        if target.existing.is_none() && new_mode == NewMode::Public {
            allow_reading(&mut builder);
        }
        let (file, path) = builder.tempfile_in(folder_of(&target.real))?.into_parts();
        let registered = path.to_path_buf();
        signals::remove_on_signal(&registered);
        Ok((file, Self { path: Some(path), registered }))
    }

    fn path(&self) -> &Path {
        &self.registered
    }

    fn persist(mut self, to: &Path, must_be_new: bool) -> io::Result<()> {
        let Some(path) = self.path.take() else {
            return Ok(());
        };
        let result = if must_be_new { path.persist_noclobber(to) } else { path.persist(to) };
        result.map_err(|error| error.error)
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        // the file first: a signal in between must still find it registered
        drop(self.path.take());
        signals::forget(&self.registered);
    }
}

#[cfg(unix)]
fn allow_reading(builder: &mut tempfile::Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(Permissions::from_mode(0o644));
}

#[cfg(not(unix))]
fn allow_reading(_: &mut tempfile::Builder<'_, '_>) {}

/// Owner before mode: a change of owner may clear mode bits. Failing to give a file away is no error,
/// but then the mode must not give the wrong group what the old group had.
#[cfg(unix)]
fn copy_owner_and_mode(file: &File, old: &Metadata, mask: u32) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

    let mine = file.metadata()?;
    let mut mode = old.mode() & mask;
    if mine.gid() != old.gid() && fchown(file, None, Some(old.gid())).is_err() {
        mode &= !0o2070;
    }
    if mine.uid() != old.uid() && fchown(file, Some(old.uid()), None).is_err() {
        mode &= !0o4000;
    }
    file.set_permissions(Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn copy_owner_and_mode(file: &File, old: &Metadata, _: u32) -> io::Result<()> {
    file.set_permissions(old.permissions())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn new_files_get_the_asked_mode() {
        let dir = tempfile::tempdir().unwrap();
        let private = dir.path().join("private");
        let public = dir.path().join("public");
        write_atomic(&private, b"x", NewMode::Private).unwrap();
        write_atomic(&public, b"x", NewMode::Public).unwrap();
        assert_eq!(mode(&private), 0o600);
        // whatever the umask of the test run is, the owner can write and nobody else
        assert_eq!(mode(&public) & 0o733, 0o600);
        assert_eq!(names(dir.path()), ["private", "public"]);
    }

    #[test]
    fn replacing_keeps_mode_and_owner_and_changes_the_inode() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        // only root can give a file away: for others this changes nothing
        _ = std::os::unix::fs::chown(&path, Some(4321), Some(1234));
        let before = std::fs::metadata(&path).unwrap();
        write_atomic(&path, b"new", NewMode::Private).unwrap();
        let after = std::fs::metadata(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!((after.mode(), after.uid(), after.gid()), (before.mode(), before.uid(), before.gid()));
        assert_ne!(after.ino(), before.ino());
    }

    #[test]
    fn plaintext_over_a_file_that_others_may_read_is_for_its_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        for old in [0o644, 0o2755, 0o666, 0o200] {
            std::fs::write(&path, "old").unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(old)).unwrap();
            write_atomic(&path, b"new", NewMode::OwnerOnly).unwrap();
            assert_eq!(mode(&path), old & 0o600);
        }
    }

    #[test]
    fn links_stay_links() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("sub")).unwrap();
        std::fs::write(dir.path().join("sub/real"), "old").unwrap();
        let link = dir.path().join("link");
        symlink("sub/real", &link).unwrap();
        write_atomic(&link, b"new", NewMode::Public).unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read(dir.path().join("sub/real")).unwrap(), b"new");
    }

    #[test]
    fn a_full_disk_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, "old").unwrap();
        let target = Target::resolve(&path).unwrap();
        let error = Staged::with(target, NewMode::Private, |file| {
            file.write_all(b"half")?;
            Err(io::ErrorKind::StorageFull.into())
        })
        .unwrap_err();
        assert!(error.is_full());
        assert_eq!(names(dir.path()), ["a"]);
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
    }

    #[test]
    fn new_files_never_replace() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let staged = Staged::new(Target::new_file(&path).unwrap(), b"ours", NewMode::Private).unwrap();
        std::fs::write(&path, "theirs").unwrap();
        assert!(matches!(staged.finish(), Err(FsError::Exists(_))));
        assert_eq!(std::fs::read(&path).unwrap(), b"theirs");
        assert_eq!(names(dir.path()), ["a"]);
        assert!(matches!(create_new(&path, b"", NewMode::Private), Err(FsError::Exists(_))));
    }

    #[test]
    fn leftovers_of_the_dead_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let old = SystemTime::now() - Duration::from_secs(3600);
        let make = |name: &str, at: SystemTime| {
            let file = File::create(dir.path().join(name)).unwrap();
            file.set_modified(at).unwrap();
        };
        make(".sealant-999999999-abc.tmp", old);
        make(".sealant-999999998-abc.tmp", SystemTime::now());
        make(&format!(".sealant-{}-abc.tmp", std::process::id()), old);
        make(".sealant-notes.tmp", old);
        remove_leftovers(dir.path());
        assert_eq!(names(dir.path()).len(), 3);
        assert!(!dir.path().join(".sealant-999999999-abc.tmp").exists());
    }

    #[test]
    fn a_missing_folder_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("no/such");
        assert!(matches!(write_atomic(&path, b"x", NewMode::Public), Err(FsError::Io { .. })));
    }
}
