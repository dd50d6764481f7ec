//! Where a write really goes: links are followed and kept, odd things and read-only files refused.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

use super::FsError;

/// Links that lead to links: as many as Linux follows.
const MAX_LINKS: usize = 40;

/// Where bytes will be written: the real file behind any links.
#[derive(Clone, Debug)]
pub struct Target {
    /// As the user named it: for messages.
    pub named: PathBuf,
    /// The file itself, no link in its last component.
    pub real: PathBuf,
    /// Facts of the file that is there; `None` for a new one.
    pub existing: Option<Metadata>,
}

impl Target {
    /// Resolves `path`, whether or not there is a file.
    ///
    /// # Errors
    /// [`FsError`]: a dangling link, not a regular file, read-only.
    pub fn resolve(path: &Path) -> Result<Self, FsError> {
        let real = follow(path)?;
        let existing = match std::fs::symlink_metadata(&real) {
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound && real == path => None,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(FsError::Dangling { link: path.to_owned(), to: real });
            }
            Err(error) => return Err(FsError::io("write", path, error)),
        };
        if let Some(metadata) = &existing {
            if !metadata.is_file() {
                return Err(FsError::NotAFile(path.to_owned()));
            }
            if metadata.permissions().readonly() || !may_write(&real) {
                return Err(FsError::ReadOnly(path.to_owned()));
            }
        }
        Ok(Self { named: path.to_owned(), real, existing })
    }

    /// Resolves the path of a file that must not exist yet.
    ///
    /// # Errors
    /// [`FsError::Exists`] when anything, even a dangling link, has that name.
    pub fn new_file(path: &Path) -> Result<Self, FsError> {
        match std::fs::symlink_metadata(path) {
            Ok(_) => Err(FsError::Exists(path.to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Self { named: path.to_owned(), real: path.to_owned(), existing: None })
            }
            Err(error) => Err(FsError::io("write", path, error)),
        }
    }

    /// Checks that something new can be put into the folder, or made where the folder is missing: before somebody works
    /// for nothing.
    ///
    /// # Errors
    /// [`FsError::ReadOnlyFolder`].
    pub fn check_folder(&self) -> Result<(), FsError> {
        let there =
            self.folder().ancestors().map(|folder| if folder == Path::new("") { Path::new(".") } else { folder });
        let nearest = there.into_iter().find(|folder| folder.is_dir());
        match nearest {
            Some(folder) if !may_make_files(folder) => {
                Err(FsError::ReadOnlyFolder { path: self.named.clone(), folder: folder.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// The folder the file is in.
    pub fn folder(&self) -> &Path {
        folder_of(&self.real)
    }
}

/// The folder `path` is in; `.` for a bare name.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Follows links in the last component. A link's own target is taken relative to the folder the link is in.
fn follow(path: &Path) -> Result<PathBuf, FsError> {
    let mut at = path.to_owned();
    for _ in 0..MAX_LINKS {
        match std::fs::symlink_metadata(&at) {
            Ok(metadata) if metadata.is_symlink() => {
                let to = std::fs::read_link(&at).map_err(|e| FsError::io("write", path, e))?;
                at = folder_of(&at).join(to);
            }
            _ => return Ok(at),
        }
    }
    let looped = io::Error::new(io::ErrorKind::InvalidInput, "too many links");
    Err(FsError::io("write", path, looped))
}

/// Whether the system would let us write: permission bits say nothing about ACLs or a read-only mount.
#[cfg(unix)]
fn may_write(path: &Path) -> bool {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    accessat(CWD, path, Access::WRITE_OK, AtFlags::EACCESS).is_ok()
}

#[cfg(not(unix))]
fn may_write(_: &Path) -> bool {
    true
}

#[cfg(unix)]
fn may_make_files(folder: &Path) -> bool {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    accessat(CWD, folder, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS).is_ok()
}

#[cfg(not(unix))]
fn may_make_files(_: &Path) -> bool {
    true
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn links_lead_to_the_real_file() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        std::fs::create_dir(root.join("sub")).unwrap();
        std::fs::write(root.join("sub/real"), "x").unwrap();
        symlink("sub/real", root.join("one")).unwrap();
        symlink(root.join("one"), root.join("two")).unwrap();
        let target = Target::resolve(&root.join("two")).unwrap();
        assert_eq!(target.real, root.join("sub/real"));
        assert_eq!(target.folder(), root.join("sub"));
        assert!(target.existing.is_some());
    }

    #[test]
    fn odd_targets_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        symlink("nowhere", root.join("dangling")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        let resolve = |name: &str| Target::resolve(&root.join(name));
        assert!(matches!(resolve("dangling"), Err(FsError::Dangling { .. })));
        assert!(matches!(resolve("loop"), Err(FsError::Io { .. })));
        assert!(matches!(Target::resolve(root), Err(FsError::NotAFile(_))));
        assert!(matches!(Target::resolve(Path::new("/dev/null")), Err(FsError::NotAFile(_))));
        assert!(matches!(Target::new_file(&root.join("dangling")), Err(FsError::Exists(_))));
        assert!(resolve("new").unwrap().existing.is_none());
    }

    #[test]
    fn read_only_files_are_refused_even_for_root() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, "x").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).unwrap();
        assert!(matches!(Target::resolve(&path), Err(FsError::ReadOnly(_))));
    }

    #[test]
    fn bare_names_are_in_the_current_folder() {
        assert_eq!(folder_of(Path::new("a")), Path::new("."));
        assert_eq!(folder_of(Path::new("/a")), Path::new("/"));
    }
}
