//! Folders, and what is there.

use std::io;
use std::path::{Component, Path, PathBuf};

use super::FsError;

/// The folder we were started in.
///
/// # Errors
/// [`FsError::Io`] when it is gone or may not be read.
pub fn current() -> Result<PathBuf, FsError> {
    std::env::current_dir().map_err(|error| FsError::io("find", Path::new("."), error))
}

/// Whether anything is there; links are followed.
pub fn exists(path: &Path) -> bool {
    path.exists()
}

/// Whether the name is taken, if only by a link that leads nowhere or by something that cannot be looked at.
pub fn is_taken(path: &Path) -> bool {
    !matches!(path.symlink_metadata(), Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory))
}

/// Whether it is a folder, or a link to one.
pub fn is_folder(path: &Path) -> bool {
    path.is_dir()
}

/// The folder's one true name, without links, `.` and `..`; as it is when there is none.
pub fn real(folder: &Path) -> PathBuf {
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}

/// Whether `path` is a device or a pipe, such as `/dev/stdin`: to be read once, and with nothing to replace.
pub fn is_stream(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// The files of a folder with this extension, by name. No such folder: none.
///
/// # Errors
/// [`FsError::Io`] when the folder is there but cannot be listed.
pub fn sorted_files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, FsError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(FsError::io("list", folder, error)),
    };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    Ok(files)
}

/// The regular files of a folder, by name; what is no such file, or only a link to one, is left out.
///
/// # Errors
/// [`FsError::Io`] when the folder cannot be listed.
pub fn regular_files(folder: &Path) -> Result<Vec<PathBuf>, FsError> {
    let entries = std::fs::read_dir(folder).map_err(|error| FsError::io("list", folder, error))?;
    let is_file = |entry: &std::fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_file());
    let mut files: Vec<PathBuf> = entries.flatten().filter(is_file).map(|entry| entry.path()).collect();
    files.sort();
    Ok(files)
}

/// Makes a folder and those it is in, as far as they are not there yet; new ones are only for us when `private`.
///
/// # Errors
/// [`FsError::Io`], also when something else has that name.
pub fn make(path: &Path, private: bool) -> Result<(), FsError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    if private {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    #[cfg(not(unix))]
    let _ = private;
    builder.create(path).map_err(|error| FsError::io("make", path, error))
}

/// `path` seen from `base`, without `.` and `..`: by the text alone, as Go's `filepath.Abs` does it.
pub fn absolute(base: &Path, path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in base.join(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_by_their_text() {
        for (path, wanted) in [
            ("x", "/a/b/x"),
            ("./x/./y", "/a/b/x/y"),
            ("../x", "/a/x"),
            ("../../../x", "/x"),
            ("/c/../d", "/d"),
            (".", "/a/b"),
        ] {
            assert_eq!(absolute(Path::new("/a/b"), Path::new(path)), Path::new(wanted));
        }
    }

    #[test]
    fn files_are_listed_by_extension() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.pub", "a.pub", "c.txt"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let found = sorted_files(dir.path(), "pub").unwrap();
        let wanted = ["a.pub", "b.pub"].map(|name| dir.path().join(name));
        assert_eq!(found, wanted);
        assert!(sorted_files(&dir.path().join("no"), "pub").unwrap().is_empty());
        assert!(sorted_files(&dir.path().join("c.txt"), "pub").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn new_folders_may_be_private() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b");
        make(&path, true).unwrap();
        make(&path, true).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert!(exists(&path) && is_folder(&path));
    }
}
