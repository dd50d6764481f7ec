//! The SealedSecrets of a repository: found by what files hold, not by how they are called.

use std::path::{Path, PathBuf};

use super::session::Session;
use crate::failure::{Failure, Kind};
use crate::fsio::read::{DOCUMENT_LIMIT, read_bounded};
use crate::fsio::walk::{Walk, walk};
use crate::sealed::SealedSecret;
use crate::sealed::manifest::{self, ManifestError, Object};
use crate::sealed::resource::KIND;

/// One SealedSecret and where it is.
#[derive(Debug)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// Line of the object, from 1.
    pub line: usize,
    /// What it says.
    pub sealed: SealedSecret,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// The SealedSecrets, in the order of the files.
    pub places: Vec<Place>,
    /// Files that mention a SealedSecret and cannot be read as manifests: a line each.
    pub unreadable: Vec<String>,
}

/// Every SealedSecret in the files `paths` name; below folders what Git ignores is left out.
///
/// # Errors
/// A path that cannot be read.
pub fn find(session: &Session, paths: &[PathBuf]) -> Result<Found, Failure> {
    let mut found = Found::default();
    for path in walk(paths, Walk { skip_git_ignored: true, ..Walk::default() })?.files {
        let named = paths.contains(&path);
        let may_hold = path.extension().is_some_and(|end| ["yaml", "yml", "json"].iter().any(|known| end == *known));
        if !named && !may_hold {
            continue;
        }
        let original = read_bounded(&path, DOCUMENT_LIMIT)?;
        if !named && memchr::memmem::find(&original.bytes, KIND.as_bytes()).is_none() {
            continue;
        }
        match sealed_secrets(&original.bytes) {
            Ok(all) => {
                found.places.extend(all.into_iter().map(|(line, sealed)| Place { path: path.clone(), line, sealed }))
            }
            Err(problem) => found.unreadable.push(format!("{}: {problem}", session.shown(&path))),
        }
    }
    Ok(found)
}

/// The SealedSecrets of one text, with their lines; members of lists, too.
fn sealed_secrets(text: &[u8]) -> Result<Vec<(usize, SealedSecret)>, String> {
    let mut all = Vec::new();
    let mut take = |object: &Object| -> Result<(), String> {
        if SealedSecret::is_one(object) {
            all.push((object.line(), SealedSecret::from_object(object).map_err(|error| error.to_string())?));
        }
        Ok(())
    };
    for object in manifest::read(text).map_err(|error: ManifestError| error.to_string())? {
        match object.into_members() {
            Ok(members) => members.iter().try_for_each(&mut take)?,
            Err(object) => take(&object)?,
        }
    }
    Ok(all)
}

/// No SealedSecret is no success: most likely the folder is the wrong one.
pub fn none_found(paths: &[PathBuf]) -> Failure {
    let place = paths.first().map_or(Path::new("."), PathBuf::as_path).display();
    Failure::new(Kind::NoFile, format!("there is no SealedSecret in {place}")).hint("name the folder they are in")
}
