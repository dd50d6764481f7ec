//! `sops unset`.

use std::path::Path;

use super::call::{Call, must_be_readable};
use super::exit::Exit;
use super::{path, set};
use crate::commands::set::place;
use crate::commands::sopsfile::Change;
use crate::document::path::{KeyPath, Step};
use crate::document::yaml::change::ChangeError;
use crate::failure::Kind;
use crate::fsio::folder;

/// Runs it.
///
/// # Errors
/// As sops.
pub fn run(call: &Call) -> Result<u8, Exit> {
    let [file, index] = call.given.rest.as_slice() else {
        return Err(Exit::new(Kind::NoFile.code(), "Error: no file specified, or index is missing"));
    };
    let file = Path::new(file);
    must_be_readable(&folder::absolute(call.session.cwd(), file))?;
    let at = path::parse(&index.to_string_lossy())
        .map_err(|_| Exit::new(Kind::BadSetValue.code(), "Invalid unset index format"))?;
    call.check_config()?;
    let format = call.input(file);
    let change = Change::begin_as(&call.session, file, Some(format.kind()), !call.given.is_on("ignore-mac"))?;
    let plain = place::parse(&change, change.plain())?;
    match plain.unset(&at) {
        Ok(mut text) => {
            let text = std::mem::take(&mut *text);
            set::save(call, change, text, call.output(file))
        }
        Err(ChangeError::Missing { .. } | ChangeError::BeyondEnd { .. } | ChangeError::NotThere { .. })
            if call.given.is_on("idempotent") =>
        {
            Ok(0)
        }
        Err(error) => Err(missing(&error, &at).unwrap_or_else(|| set::refused(&error, &at))),
    }
}

fn missing(error: &ChangeError, path: &KeyPath) -> Option<Exit> {
    let text = match error {
        ChangeError::Missing { at } => match path.0.get(*at)? {
            Step::Key(name) => format!("Key not found: {name}"),
            Step::Index(at) => format!("Index {at} out of bounds"),
        },
        ChangeError::BeyondEnd { at, .. } => match path.0.get(*at)? {
            Step::Index(at) => format!("Index {at} out of bounds"),
            Step::Key(name) => format!("Key not found: {name}"),
        },
        _ => return None,
    };
    Some(Exit::new(1, text))
}
