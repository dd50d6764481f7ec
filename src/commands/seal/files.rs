//! The files of a repository that hold SealedSecrets, found by what is in them.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::inplace::unreadable;
use crate::commands::parallel;
use crate::commands::session::Session;
use crate::failure::Failure;
use crate::fsio::folder;
use crate::fsio::read::{DOCUMENT_LIMIT, Stamp, read_bounded};
use crate::fsio::walk::{Walk, walk};
use crate::sealed::file::{FileError, SealedFile, may_hold};

/// A file that was read.
pub struct Read {
    /// Where it is.
    pub path: PathBuf,
    /// The name for messages.
    pub name: String,
    /// What is in it.
    pub file: SealedFile,
    /// What it was when it was read.
    pub stamp: Stamp,
}

/// A manifest below a folder that cannot be read, or looks like ours and is none.
pub struct Broken {
    /// The name for messages.
    pub name: String,
    /// The line, from 1.
    pub line: usize,
    /// Why not; never any of it.
    pub problem: String,
    /// Whether it is a template, which is no YAML before it is rendered.
    pub is_template: bool,
}

/// What was found.
#[derive(Default)]
pub struct Found {
    /// The files with SealedSecrets or Secrets, in the order in which they were named, below folders by name.
    pub files: Vec<Read>,
    /// Those that could not be read.
    pub broken: Vec<Broken>,
}

enum One {
    Ours(Box<Read>),
    Broken(Broken),
    Nothing,
}

/// The files that are named, and of folders those that Git does not ignore; without any name those of the working folder.
///
/// # Errors
/// A file that was named and cannot be read.
pub fn find(session: &Session, named: &[PathBuf]) -> Result<Found, Failure> {
    let mut paths: Vec<(PathBuf, bool)> = Vec::new();
    let here = [PathBuf::from(".")];
    for path in if named.is_empty() { &here } else { named } {
        if !folder::is_folder(path) {
            paths.push((path.clone(), false));
            continue;
        }
        let limits = Walk { skip_git_ignored: true, ..Walk::default() };
        let below = walk(std::slice::from_ref(path), limits)?.files;
        // as people write them
        let short = |file: PathBuf| file.strip_prefix(".").map(PathBuf::from).unwrap_or(file);
        paths.extend(below.into_iter().map(|file| (short(file), true)));
    }
    let mut seen = HashSet::new();
    paths.retain(|(path, _)| seen.insert(folder::absolute(session.cwd(), path)));
    let mut found = Found::default();
    for one in parallel::map(&paths, |(path, below)| read(path.clone(), *below), |_, _| {}) {
        match one? {
            One::Ours(read) => found.files.push(*read),
            One::Broken(broken) => found.broken.push(broken),
            One::Nothing => {}
        }
    }
    Ok(found)
}

fn read(path: PathBuf, below: bool) -> Result<One, Failure> {
    let name = path.display().to_string();
    let mut original = match read_bounded(&path, DOCUMENT_LIMIT) {
        Ok(original) if below && !may_hold(&original.bytes) => return Ok(One::Nothing),
        Ok(original) => original,
        // nobody said that it is ours, but nobody can say that it is not
        Err(error) if below && is_manifest(&path) => {
            let problem = error.to_string();
            return Ok(One::Broken(Broken { name, line: 1, problem, is_template: false }));
        }
        Err(_) if below => return Ok(One::Nothing),
        Err(error) => return Err(error.into()),
    };
    let has = |needle: &[u8]| memchr::memmem::find(&original.bytes, needle).is_some();
    let (is_template, is_ours) = (has(b"{{"), has(b"kind: SealedSecret") || has(b"\"SealedSecret\""));
    match SealedFile::read(std::mem::take(&mut *original.bytes)) {
        Ok(file) if below && file.objects().is_empty() && file.secrets().is_empty() => Ok(One::Nothing),
        Ok(file) => Ok(One::Ours(Box::new(Read { path, name, file, stamp: original.stamp }))),
        Err(error) if below && is_ours && is_manifest(&path) => {
            let FileError { line, problem, .. } = error;
            Ok(One::Broken(Broken { name, line, problem: problem.to_owned(), is_template }))
        }
        Err(_) if below => Ok(One::Nothing),
        Err(error) => Err(unreadable(&name, &error)),
    }
}

/// Whether a file is called like a manifest or a template of one: a page that shows one is none.
fn is_manifest(path: &Path) -> bool {
    path.extension()
        .is_some_and(|end| ["yaml", "yml", "json", "tpl", "tmpl", "gotmpl"].iter().any(|known| end == *known))
}
