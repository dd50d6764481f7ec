//! The little that `init` has to do with git: where the repository begins, and the diff driver in its configuration.

use std::path::{Path, PathBuf};

use super::texts::TEXTCONV;
use crate::fsio::child::{self, ChildError};
use crate::fsio::folder;

const SETTING: &str = "diff.sealant.textconv";
/// A setting is one line.
const LIMIT: u64 = 64 * 1024;

/// The folder of the repository that `inside` is in.
pub fn root(inside: &Path) -> Option<PathBuf> {
    inside.ancestors().find(|folder| folder::exists(&folder.join(".git"))).map(Path::to_owned)
}

/// What became of the diff driver.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Driver {
    /// It was set.
    Set,
    /// It had been set.
    Kept,
    /// It had been set to something else, and was left so.
    Different,
    /// The program `git` is not there, or refused.
    NoGit,
}

/// Sets the diff driver of the repository at `root`, unless there is one.
pub fn set_driver(root: &Path) -> Driver {
    let git = |arguments: &str| {
        let folder = root.to_string_lossy();
        let Ok(folder) = shlex::try_quote(&folder) else {
            return Err(ChildError::BadCommand);
        };
        child::output_of(&format!("git -C {folder} config {arguments}"), &[], LIMIT)
    };
    match git(&format!("--get {SETTING}")) {
        Ok(value) if value.trim_ascii() == TEXTCONV.as_bytes() => return Driver::Kept,
        Ok(_) => return Driver::Different,
        // no value
        Err(ChildError::Failed { .. }) => {}
        Err(_) => return Driver::NoGit,
    }
    match git(&format!("--local {SETTING} '{TEXTCONV}'")) {
        Ok(_) => Driver::Set,
        Err(_) => Driver::NoGit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_above() {
        let dir = tempfile::tempdir().unwrap();
        let inside = dir.path().join("a/b");
        std::fs::create_dir_all(&inside).unwrap();
        std::fs::create_dir(dir.path().join(".git")).unwrap();
        assert_eq!(root(&inside).as_deref(), Some(dir.path()));
        assert_eq!(root(dir.path()).as_deref(), Some(dir.path()));
    }

    #[test]
    fn no_repository_no_driver() {
        let dir = tempfile::tempdir().unwrap();
        // with or without git: nothing can be set in a folder that is not there
        assert_eq!(set_driver(&dir.path().join("it's gone")), Driver::NoGit);
    }
}
