//! Setting and removing one line.

use zeroize::Zeroizing;

use super::parse::name;
use super::{DotenvDocument, Leaf, PREFIX, Reading, quoted};
use crate::document::format::{Change, PathError};
use crate::document::intake::line_break;
use crate::document::path::{KeyPath, Step};
use crate::document::scalar::go_text;
use crate::document::tree::{Kind, Node};

const TWICE: PathError = PathError::NoPlace("the key stands twice: edit the file");

/// The key that a path names, and its line.
fn find<'a>(document: &'a DotenvDocument, path: &'a KeyPath) -> Result<(&'a str, Option<&'a Leaf>), PathError> {
    let key = match path.0.as_slice() {
        [Step::Key(key)] => key.as_str(),
        [Step::Key(key), ..] if leaf(document, key)?.is_some() => return Err(PathError::NotThere { at: 1 }),
        [] => return Err(PathError::BadPath),
        [Step::Index(_), ..] => return Err(PathError::NotThere { at: 0 }),
        [_, ..] => return Err(PathError::NoPlace("a dotenv file has no nested values")),
    };
    Ok((key, leaf(document, key)?))
}

fn leaf<'a>(document: &'a DotenvDocument, key: &str) -> Result<Option<&'a Leaf>, PathError> {
    let mut found = document.leaves.iter().filter(|leaf| &document.text[leaf.name.clone()] == key);
    let first = found.next();
    if found.next().is_some() { Err(TWICE) } else { Ok(first) }
}

pub(super) fn set(document: &DotenvDocument, path: &KeyPath, value: &Node) -> Result<Change, PathError> {
    let (key, leaf) = find(document, path)?;
    let value = match &value.kind {
        Kind::Null => return Err(PathError::NoPlace("this format has no null")),
        kind => go_text(kind).ok_or(PathError::NoPlace("a dotenv file has no nested values"))?,
    };
    let mut text = Zeroizing::new(String::with_capacity(key.len() + value.len() * 2 + 8));
    let Some(leaf) = leaf else {
        return add(document, key, &value, text);
    };
    spell(document, Some(leaf), &value, &mut text)?;
    Ok(Change { span: leaf.spelled.clone(), text })
}

fn spell(document: &DotenvDocument, leaf: Option<&Leaf>, value: &str, out: &mut String) -> Result<(), PathError> {
    let quote = leaf.and_then(|leaf| document.text[leaf.spelled.clone()].chars().next());
    let spelled = match document.reading {
        Reading::Literal => quoted::spell_literal(value, out),
        Reading::Faithful => quoted::spell_faithful(value, quote.filter(|quote| matches!(quote, '"' | '\'')), out),
    };
    spelled.map_err(|error| PathError::NoPlace(error.0))
}

fn add(document: &DotenvDocument, key: &str, value: &str, mut text: Zeroizing<String>) -> Result<Change, PathError> {
    check_key(document, key)?;
    // In the literal reading a carriage return would be a part of the value.
    let line_break = if document.reading == Reading::Literal { "\n" } else { line_break(&document.text) };
    let end = document.text.len();
    let open = end > 0 && !document.text.ends_with('\n');
    if open {
        text.push_str(line_break);
    }
    text.push_str(key);
    text.push('=');
    spell(document, None, value, &mut text)?;
    if !open {
        text.push_str(line_break);
    }
    Ok(Change { span: end..end, text })
}

fn check_key(document: &DotenvDocument, key: &str) -> Result<(), PathError> {
    if key.starts_with(PREFIX) {
        return Err(PathError::NoPlace("keys that begin with sops_ are reserved for the metadata of SOPS"));
    }
    let unwritable = key.is_empty() || key.starts_with('#') || key.contains(['=', '\n', '\r', '\0']);
    let odd = document.reading == Reading::Faithful
        && (name(key, 0..key.len()) != (0..key.len())
            || key.contains(char::is_whitespace)
            || key.contains(['"', '\'']));
    if unwritable || odd { Err(PathError::NoPlace("a dotenv file cannot hold this key")) } else { Ok(()) }
}

pub(super) fn unset(document: &DotenvDocument, path: &KeyPath) -> Result<Change, PathError> {
    let (_, leaf) = find(document, path).map_err(|error| match error {
        PathError::NoPlace(_) if error != TWICE => PathError::Missing { at: 0 },
        error => error,
    })?;
    let leaf = leaf.ok_or(PathError::Missing { at: 0 })?;
    let mut span = leaf.lines.clone();
    // Without a last line its break goes too; a carriage return before it is a part of the value or comment there.
    if span.start > 0 && span.end == document.text.len() && !document.text.ends_with('\n') {
        span.start -= 1;
    }
    Ok(Change { span, text: Zeroizing::default() })
}
