//! Files below folders, in a stable order. Links are not followed, `.git` is not entered, nothing else is hidden.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use super::FsError;

/// How a walk is bounded.
#[derive(Clone, Copy, Debug)]
pub struct Walk {
    /// Most files in all.
    pub max_files: usize,
    /// Most folders below each other.
    pub max_depth: usize,
    /// Whether files that Git ignores are left out.
    pub skip_git_ignored: bool,
}

impl Default for Walk {
    fn default() -> Self {
        Self { max_files: 1_000_000, max_depth: 256, skip_git_ignored: false }
    }
}

/// The files `paths` name: a file (or a link to one) as it is, a folder as all regular files below it. Every path
/// appears once; the order is that of `paths`, within a folder that of the names' bytes.
///
/// # Errors
/// [`FsError`]: missing, not a file, too many, or what the system says about a folder.
pub fn walk(paths: &[PathBuf], limits: Walk) -> Result<Vec<PathBuf>, FsError> {
    let mut files = Vec::new();
    let mut seen = BTreeSet::new();
    for path in paths {
        let metadata = std::fs::metadata(path).map_err(|error| FsError::io("read", path, error))?;
        if metadata.is_dir() {
            walk_folder(path, limits, &mut |file| {
                if seen.insert(file.clone()) {
                    files.push(file);
                }
                files.len() <= limits.max_files
            })?;
        } else if metadata.is_file() {
            if seen.insert(path.clone()) {
                files.push(path.clone());
            }
        } else {
            return Err(FsError::NotAFile(path.clone()));
        }
        if files.len() > limits.max_files {
            return Err(FsError::TooMany { path: path.clone(), limit: limits.max_files });
        }
    }
    Ok(files)
}

/// Hands every regular file below `folder` to `take` until that says stop.
fn walk_folder(folder: &Path, limits: Walk, take: &mut dyn FnMut(PathBuf) -> bool) -> Result<(), FsError> {
    let mut builder = WalkBuilder::new(folder);
    builder
        .standard_filters(false)
        .follow_links(false)
        .max_depth(Some(limits.max_depth))
        .sort_by_file_path(Path::cmp)
        .filter_entry(|entry| entry.file_name() != ".git");
    if limits.skip_git_ignored {
        builder.git_ignore(true).git_exclude(true).parents(true).require_git(true);
    }
    for entry in builder.build() {
        let entry = entry.map_err(|error| walk_error(folder, error))?;
        if entry.file_type().is_some_and(|kind| kind.is_file()) && !take(entry.into_path()) {
            break;
        }
    }
    Ok(())
}

/// The walker's error as ours, with the path it is about when it knows it.
fn walk_error(folder: &Path, error: ignore::Error) -> FsError {
    let mut path = folder.to_owned();
    let mut inner = &error;
    loop {
        inner = match inner {
            ignore::Error::WithPath { path: about, err } => {
                path.clone_from(about);
                err
            }
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => err,
            _ => break,
        };
    }
    let source = error.into_io_error().unwrap_or_else(|| std::io::ErrorKind::Other.into());
    FsError::Io { action: "list", path, source }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn tree() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for path in ["b/z.yaml", "b/.hidden.yaml", "a.yaml", ".git/config", "b/c/d.yaml", "b.yaml"] {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        std::os::unix::fs::symlink("../b", dir.path().join("b/loop")).unwrap();
        std::os::unix::fs::symlink("a.yaml", dir.path().join("link.yaml")).unwrap();
        dir
    }

    fn names(dir: &Path, files: &[PathBuf]) -> Vec<String> {
        files.iter().map(|file| file.strip_prefix(dir).unwrap().to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn finds_regular_files_once_in_order() {
        let dir = tree();
        let root = dir.path();
        let files = walk(&[root.join("b/z.yaml"), root.to_owned()], Walk::default()).unwrap();
        assert_eq!(names(root, &files), ["b/z.yaml", "a.yaml", "b/.hidden.yaml", "b/c/d.yaml", "b.yaml"]);
    }

    #[test]
    fn a_named_link_is_taken_as_it_is() {
        let dir = tree();
        let link = dir.path().join("link.yaml");
        assert_eq!(walk(std::slice::from_ref(&link), Walk::default()).unwrap(), [link]);
    }

    #[test]
    fn git_ignored_files_may_be_left_out() {
        let dir = tree();
        std::fs::write(dir.path().join(".gitignore"), "b/\n").unwrap();
        let limits = Walk { skip_git_ignored: true, ..Walk::default() };
        let files = walk(&[dir.path().to_owned()], limits).unwrap();
        assert_eq!(names(dir.path(), &files), [".gitignore", "a.yaml", "b.yaml"]);
    }

    #[test]
    fn bounds_and_odd_paths_are_errors() {
        let dir = tree();
        let limits = Walk { max_files: 2, ..Walk::default() };
        let result = walk(&[dir.path().to_owned()], limits);
        assert!(matches!(result, Err(FsError::TooMany { limit: 2, .. })));
        assert!(matches!(walk(&[dir.path().join("no")], limits), Err(FsError::Missing(_))));
        assert!(matches!(walk(&["/dev/null".into()], limits), Err(FsError::NotAFile(_))));
    }
}
