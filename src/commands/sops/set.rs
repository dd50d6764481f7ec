//! `sops set`, and `--set`.

use std::path::Path;

use zeroize::Zeroizing;

use super::call::{Call, must_be_readable, read};
use super::exit::Exit;
use super::path;
use super::store::{self, Store};
use crate::commands::set::{place, value};
use crate::commands::sopsfile::{Change, Source};
use crate::document::gather;
use crate::document::path::{KeyPath, Step};
use crate::document::tree::{Kind as NodeKind, Node};
use crate::document::yaml::change::ChangeError;
use crate::failure::Kind;
use crate::fsio::folder;
use crate::sops::file::Plain;

/// Runs it.
///
/// # Errors
/// As sops.
pub fn run(call: &Call) -> Result<u8, Exit> {
    let given = &call.given;
    let (from_file, from_stdin) = (given.is_on("value-file"), given.is_on("value-stdin"));
    if from_file && from_stdin {
        return Err(Exit::new(1, "Error: cannot use both --value-file and --value-stdin"));
    }
    let wanted = if from_stdin { 2 } else { 3 };
    if given.rest.len() != wanted {
        let text = "Error: no file specified, or index and value are missing. Need precisely";
        return Err(Exit::new(Kind::NoFile.code(), format!("{text} {wanted} positional arguments.")));
    }
    let file = Path::new(&given.rest[0]);
    must_be_readable(&folder::absolute(call.session.cwd(), file))?;
    let at = steps(&given.rest[1].to_string_lossy())?;
    let bytes = match given.rest.get(2) {
        None => Source::stdin()?.bytes,
        Some(value) if from_file => read(Path::new(value))?.bytes,
        Some(value) => Zeroizing::new(value.clone().into_encoded_bytes()),
    };
    change(call, file, &at, &bytes)
}

/// `--set '["key"] JSON'`.
///
/// # Errors
/// As sops.
pub fn run_legacy(call: &Call) -> Result<u8, Exit> {
    let file = call.existing()?;
    let text = call.given.text("set").unwrap_or_default();
    let invalid = || Exit::new(Kind::BadSetValue.code(), "Invalid --set format");
    let (at, value) = text.split_once("] ").ok_or_else(invalid)?;
    let at = path::parse(&format!("{at}]")).map_err(|_| invalid())?;
    change(call, file, &at, value.as_bytes())
}

fn steps(text: &str) -> Result<KeyPath, Exit> {
    path::parse(text).map_err(|_| Exit::new(Kind::BadSetValue.code(), "Invalid set index format"))
}

fn change(call: &Call, file: &Path, at: &KeyPath, bytes: &[u8]) -> Result<u8, Exit> {
    let not_json = || Exit::new(Kind::BadSetValue.code(), "Value for --set is not valid JSON");
    let text = std::str::from_utf8(bytes).map_err(|_| not_json())?;
    let new = value::typed(text, value::Type::Json).map_err(|_| not_json())?;
    call.check_config()?;
    let format = call.input(file);
    let session = &call.session;
    let change = Change::begin_as(session, file, Some(format.kind()), !call.given.is_on("ignore-mac"))?;
    let plain = place::parse(&change, change.plain())?;
    let mut text = set(&plain, at, new).map_err(|error| refused(&error, at))?;
    let text = std::mem::take(&mut *text);
    save(call, change, text, call.output(file))
}

/// Encrypts and writes the new text, as a file of that format, unless nothing changed.
///
/// # Errors
/// What keeps it from being encrypted and written.
pub fn save(call: &Call, mut change: Change, text: String, output: Store) -> Result<u8, Exit> {
    change.settings.now = call.session.now();
    change.settings.allow_empty = true;
    let encrypted = if output.kind() == change.opened.file.kind() {
        change.prepare(text)
    } else {
        let plain = change.parse(text).map_err(|error| Exit::encrypting(&change.failure(&error)))?;
        let plain = store::rewritten(&change.opened.name, plain, None, output, call.style(output)?)?;
        change.prepare_document(&plain).map(Some)
    };
    let encrypted = encrypted.map_err(|error| Exit::encrypting(&change.failure(&error)))?;
    if let Some(encrypted) = encrypted {
        change.commit(&call.session, &encrypted)?;
    }
    Ok(0)
}

/// As sops: a position beyond the end appends, and a single value on the way is replaced by what the path needs.
fn set(plain: &Plain, at: &KeyPath, new: Node) -> Result<Zeroizing<String>, ChangeError> {
    let steps = &at.0;
    let tree = plain.tree().map_err(|_| ChangeError::NoDocument)?;
    let there = |length: usize| gather::find(&tree, &KeyPath(steps[..length].to_vec())).ok();
    let known = (0..=steps.len()).rev().find(|length| there(*length).is_some());
    let Some(known) = known.filter(|known| *known < steps.len()) else {
        return plain.set(at, &new);
    };
    let mut place = steps[..known].to_vec();
    let below = match (there(known).map(|node| &node.kind), &steps[known]) {
        (Some(NodeKind::Map(_)), Step::Key(_)) => {
            place.push(steps[known].clone());
            &steps[known + 1..]
        }
        (Some(NodeKind::List(items)), Step::Index(_)) => {
            place.push(Step::Index(items.len()));
            &steps[known + 1..]
        }
        (Some(NodeKind::Map(_) | NodeKind::List(_)) | None, _) => return plain.set(at, &new),
        _ if known > 0 => &steps[known..],
        _ => return plain.set(at, &new),
    };
    plain.set(&KeyPath(place), &path::nest(below, new))
}

/// A path that cannot be changed.
pub fn refused(error: &ChangeError, at: &KeyPath) -> Exit {
    let failure = place::refused(error, at);
    let code = if failure.kind() == Kind::NoSuchPath { 1 } else { Kind::BadSetValue.code() };
    Exit::from(failure).with_code(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(plain: &str, at: &str, new: &str) -> String {
        let document = Plain::guess(Zeroizing::new(plain.as_bytes().to_vec())).unwrap();
        let new = value::typed(new, value::Type::Json).unwrap();
        match set(&document, &path::parse(at).unwrap(), new) {
            Ok(text) => text.to_string(),
            Err(error) => error.to_string(),
        }
    }

    /// As sops 3.13.2 does it.
    #[test]
    fn places_are_made() {
        let plain = "a: hello\nl:\n    - x\n    - y\nm:\n    n: deep\n";
        let has = |at: &str, expected: &str| {
            let text = after(plain, at, "\"v\"");
            assert!(text.contains(expected), "{at}: {text}");
        };
        has("[\"a\"][0]", "a: [v]\n");
        has("[\"a\"][\"b\"]", "a: {b: v}\n");
        has("[\"l\"][77]", "    - y\n    - v\n");
        has("[\"l\"][0][1]", "    - [v]\n");
        has("[\"new\"][3][\"x\"]", "new: [{x: v}]\n");
        has("[\"m\"][\"n\"]", "n: v\n");
    }
}
