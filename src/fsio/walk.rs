//! Files below folders, in a stable order. Links are not followed but told of, `.git` is not entered, nothing else is hidden.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use super::FsError;

/// How a walk is bounded.
#[derive(Clone, Copy, Debug)]
pub struct Walk {
    /// Most files in all.
    pub max_files: usize,
    /// Most folders below each other; more are an error.
    pub max_depth: usize,
    /// Whether files that Git ignores are left out.
    pub skip_git_ignored: bool,
}

impl Default for Walk {
    fn default() -> Self {
        Self { max_files: 1_000_000, max_depth: 256, skip_git_ignored: false }
    }
}

/// What a walk found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The files.
    pub files: Vec<PathBuf>,
    /// Symbolic links below folders, to whatever: they are not followed.
    pub links: Vec<PathBuf>,
}

/// The files `paths` name: a file (or a link to one) as it is, a folder as all regular files below it. Every path
/// appears once; the order is that of `paths`, within a folder that of the names' bytes.
///
/// # Errors
/// [`FsError`]: missing, not a file, too many, too deep, or what the system says about a folder.
pub fn walk(paths: &[PathBuf], limits: Walk) -> Result<Found, FsError> {
    let mut files = Vec::new();
    let mut links = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for path in paths {
        let metadata = std::fs::metadata(path).map_err(|error| FsError::io("read", path, error))?;
        if metadata.is_dir() {
            walk_folder(path, limits, &mut |entry, is_link| {
                if is_link {
                    links.insert(entry);
                } else if seen.insert(entry.clone()) {
                    files.push(entry);
                }
                files.len().max(links.len()) <= limits.max_files
            })?;
        } else if metadata.is_file() {
            if seen.insert(path.clone()) {
                files.push(path.clone());
            }
        } else {
            return Err(FsError::NotAFile(path.clone()));
        }
        if files.len().max(links.len()) > limits.max_files {
            return Err(FsError::TooMany { path: path.clone(), limit: limits.max_files });
        }
    }
    Ok(Found { files, links: links.into_iter().collect() })
}

/// Hands every regular file and every link (`true`) below `folder` to `take` until that says stop.
fn walk_folder(folder: &Path, limits: Walk, take: &mut dyn FnMut(PathBuf, bool) -> bool) -> Result<(), FsError> {
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
        let Some(kind) = entry.file_type() else { continue };
        // the walker would not look into it, and say nothing
        if kind.is_dir() && entry.depth() >= limits.max_depth {
            return Err(FsError::TooDeep { path: entry.into_path(), limit: limits.max_depth });
        }
        let is_link = kind.is_symlink() && entry.depth() > 0;
        if (kind.is_file() || is_link) && !take(entry.into_path(), is_link) {
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
        let found = walk(&[root.join("b/z.yaml"), root.to_owned()], Walk::default()).unwrap();
        assert_eq!(names(root, &found.links), ["b/loop", "link.yaml"]);
        assert_eq!(names(root, &found.files), ["b/z.yaml", "a.yaml", "b/.hidden.yaml", "b/c/d.yaml", "b.yaml"]);
    }

    #[test]
    fn a_named_link_is_taken_as_it_is() {
        let dir = tree();
        let link = dir.path().join("link.yaml");
        let found = walk(std::slice::from_ref(&link), Walk::default()).unwrap();
        assert_eq!((found.files, found.links), (vec![link], vec![]));
        // a folder that is a link, too
        let found = walk(&[dir.path().join("b/loop")], Walk::default()).unwrap();
        assert_eq!(names(&dir.path().join("b/loop"), &found.files), [".hidden.yaml", "c/d.yaml", "z.yaml"]);
    }

    #[test]
    fn git_ignored_files_may_be_left_out() {
        let dir = tree();
        std::fs::write(dir.path().join(".gitignore"), "b/\n").unwrap();
        let limits = Walk { skip_git_ignored: true, ..Walk::default() };
        let found = walk(&[dir.path().to_owned()], limits).unwrap();
        assert_eq!(names(dir.path(), &found.files), [".gitignore", "a.yaml", "b.yaml"]);
    }

    #[test]
    fn bounds_and_odd_paths_are_errors() {
        let dir = tree();
        let limits = Walk { max_files: 2, ..Walk::default() };
        let result = walk(&[dir.path().to_owned()], limits);
        assert!(matches!(result, Err(FsError::TooMany { limit: 2, .. })));
        let depth = |max_depth| walk(&[dir.path().to_owned()], Walk { max_depth, ..Walk::default() });
        assert!(matches!(depth(2), Err(FsError::TooDeep { limit: 2, path }) if path.ends_with("b/c")));
        assert_eq!(depth(3).unwrap().files.len(), 5);
        assert!(matches!(walk(&[dir.path().join("no")], limits), Err(FsError::Missing(_))));
        assert!(matches!(walk(&["/dev/null".into()], limits), Err(FsError::NotAFile(_))));
    }
}
