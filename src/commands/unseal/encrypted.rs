//! A Secret that is written encrypted with SOPS. Its plain text stays in memory.

use std::path::Path;

use zeroize::Zeroizing;

use crate::commands::selection::SelectionArgs;
use crate::commands::session::Session;
use crate::commands::sopsfile::{self, Change};
use crate::commands::{filestatus, size};
use crate::failure::{Failure, Kind};
use crate::fsio::folder;
use crate::fsio::write::{NewMode, create_new};

/// Writes it, and says so. A file that is there keeps its data key, and the ciphertexts of values that did not change.
///
/// # Errors
/// No creation rule, a file in clear in its place, what the file system says.
pub fn write(session: &Session, path: &Path, text: &Zeroizing<String>) -> Result<(), Failure> {
    let line = match write_quietly(session, path, text)? {
        Some(values) => format!("encrypted {values} values"),
        None => "nothing has changed".to_owned(),
    };
    session.say(&format!("{}: {line}", path.display()));
    Ok(())
}

/// Whether nothing in clear is there, which would be lost.
///
/// # Errors
/// [`Kind::Exists`].
pub fn may_be_replaced(path: &Path) -> Result<(), Failure> {
    if filestatus::looks_encrypted(path) {
        return Ok(());
    }
    let text = format!("{} exists, is not encrypted with SOPS, and is not overwritten", path.display());
    Err(Failure::new(Kind::Exists, text).hint("take another name, or move the file away first"))
}

/// Writes it; returns how many values were encrypted, or nothing when the file says the same already.
///
/// # Errors
/// As [`write`].
pub fn write_quietly(session: &Session, path: &Path, text: &Zeroizing<String>) -> Result<Option<usize>, Failure> {
    if folder::is_taken(path) {
        may_be_replaced(path)?;
        let mut change = Change::begin(session, path)?;
        let encrypted = change.prepare(text.to_string()).map_err(|error| change.failure(&error))?;
        return match encrypted {
            Some(encrypted) => {
                change.commit(session, &encrypted)?;
                Ok(Some(encrypted.values))
            }
            None => Ok(None),
        };
    }
    create(session, path, text, |_| Ok(())).map(Some)
}

/// Writes a new file, if `check` has nothing against its encrypted text; returns how many values were encrypted.
///
/// # Errors
/// No creation rule, what `check` says, what the file system says.
pub fn create(
    session: &Session,
    path: &Path,
    text: &Zeroizing<String>,
    check: impl Fn(&str) -> Result<(), Failure>,
) -> Result<usize, Failure> {
    let name = path.display().to_string();
    let recipe = SelectionArgs::default().recipe(session, path)?;
    let (key, settings) = recipe.prepare(session, &session.now())?;
    let encrypted = sopsfile::encrypt_text(&name, text.to_string(), &key, &settings)?;
    check(&encrypted.text)?;
    size::check(&name, encrypted.text.len())?;
    session.guard_files();
    if let Some(folder) = path.parent().filter(|folder| *folder != Path::new("")) {
        folder::make(folder, false)?;
    }
    create_new(path, encrypted.text.as_bytes(), NewMode::Public)?;
    Ok(encrypted.values)
}
