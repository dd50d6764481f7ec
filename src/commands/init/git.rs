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

/// The folder that Git keeps its own things in, when `inside` is in one: there are no files to work on.
pub fn store(inside: &Path) -> Option<PathBuf> {
    let is_store = |folder: &&Path| {
        folder::is_folder(&folder.join("objects"))
            && folder::is_folder(&folder.join("refs"))
            && folder::exists(&folder.join("HEAD"))
    };
    // a folder with files checked out may well be in a bare repository
    let up_to_root = inside.ancestors().take_while(|folder| !folder::exists(&folder.join(".git")));
    let mut stores = up_to_root.filter(is_store);
    stores.next().map(Path::to_owned)
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
    fn a_store_has_no_files_to_work_on() {
        let dir = tempfile::tempdir().unwrap();
        let bare = dir.path().join("shop.git");
        for folder in ["objects", "refs", "hooks", "work/config"] {
            std::fs::create_dir_all(bare.join(folder)).unwrap();
        }
        assert_eq!(store(&bare), None);
        std::fs::write(bare.join("HEAD"), "ref: refs/heads/main\n").unwrap();
        std::fs::write(bare.join("work/.git"), "gitdir: ../worktrees/work\n").unwrap();
        assert_eq!(store(&bare.join("hooks")).as_ref(), Some(&bare));
        assert_eq!(store(&bare.join("work/config")), None);
        assert_eq!(store(dir.path()), None);
    }

    #[test]
    fn no_repository_no_driver() {
        let dir = tempfile::tempdir().unwrap();
        // with or without git: nothing can be set in a folder that is not there
        assert_eq!(set_driver(&dir.path().join("it's gone")), Driver::NoGit);
    }
}
