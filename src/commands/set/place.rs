//! What `set` and `unset` share: the place in the plain text, the splice, the checks around it, and saving.

use zeroize::Zeroizing;

use super::value::Present;
use crate::commands::json::no_paths;
use crate::commands::session::Session;
use crate::commands::sopsfile::Change;
use crate::document::gather;
use crate::document::kind::DocumentKind;
use crate::document::open::Reading;
use crate::document::path::KeyPath;
use crate::document::tree::{Kind as NodeKind, Node};
use crate::document::value::Value;
use crate::document::yaml::change::ChangeError;
use crate::document::yaml::{Document, NodeId, NodeKind as Shape};
use crate::failure::{Failure, Kind};
use crate::fsio::output;
use crate::sops::cipher::is_encrypted;
use crate::sops::file::{Encrypted, Plain};

/// Parses a plain text of the file that is being changed.
///
/// # Errors
/// Not of the file's format, or of one without places.
pub fn parse(change: &Change, text: &str) -> Result<Plain, Failure> {
    let plain = change.parse(text.to_owned()).map_err(|error| change.failure(&error))?;
    match plain.kind() {
        DocumentKind::Binary => {
            let name = &change.opened.name;
            let failure = no_paths(name).hint(format!("change it with: sealant edit {name}"));
            Err(failure.hint(format!("or take a new content over with: sealant encrypt --onto {name} NEW -i")))
        }
        _ => Ok(plain),
    }
}

/// What stands at `path`.
///
/// # Errors
/// [`ChangeError::NoDocument`]; what is not there is no error.
pub fn present(plain: &Plain, path: &KeyPath) -> Result<Present, ChangeError> {
    let Some(document) = plain.yaml() else {
        let tree = plain.tree().map_err(|_| ChangeError::NoDocument)?;
        return Ok(gather::find(&tree, path).map_or(Present::Nothing, present_node));
    };
    let id = match document.find(0, path) {
        Ok(id) => document.resolve_alias(id),
        Err(ChangeError::NoDocument) => return Err(ChangeError::NoDocument),
        Err(_) => return Ok(Present::Nothing),
    };
    Ok(match document.kind(id) {
        Shape::Map => Present::Map,
        Shape::List => Present::List,
        _ => document.value(id).map_or(Present::Nothing, |value| Present::of(&value)),
    })
}

fn present_node(node: &Node) -> Present {
    match &node.kind {
        NodeKind::Map(_) => Present::Map,
        NodeKind::List(_) => Present::List,
        NodeKind::Null => Present::of(&Value::Null),
        NodeKind::Bool(value) => Present::of(&Value::Bool(*value)),
        NodeKind::Int(value) => Present::of(&Value::Int(*value)),
        NodeKind::Float(value) => Present::of(&Value::Float(*value)),
        NodeKind::Time(text) => Present::of(&Value::Time(text.clone())),
        NodeKind::Str(text) => Present::of(&Value::Str(text.as_str().into())),
    }
}

fn failure_of_alias(path: &KeyPath) -> Failure {
    Failure::of(Kind::BadSetValue, &ChangeError::Referred).about(path).hint("change those first, or use sealant edit")
}

/// A path that cannot be changed, for people.
pub fn refused(error: &ChangeError, path: &KeyPath) -> Failure {
    let (kind, at) = match error {
        ChangeError::Missing { at } => (Kind::NoSuchPath, Some(*at)),
        ChangeError::BeyondEnd { at, .. } | ChangeError::NotThere { at } => (Kind::NoSuchPath, Some(*at)),
        ChangeError::BadPath => (Kind::BadPath, None),
        ChangeError::NoPlace | ChangeError::Format(_) => (Kind::BadSetValue, None),
        ChangeError::Referred => return failure_of_alias(path),
        ChangeError::NoDocument => (Kind::NoDocument, None),
    };
    let failure = Failure::of(kind, error).about(path);
    match at {
        Some(at) if at < path.0.len() && at > 0 => {
            let there = KeyPath(path.0[..at].to_vec());
            failure.hint(format!("the path exists up to {there}"))
        }
        Some(_) => failure.hint("the path does not even begin in this file: check its first key"),
        None => failure,
    }
}

/// Whether a value at or below `path` of an encrypted text stands in clear.
pub fn shows_clear(kind: DocumentKind, text: &str, path: &KeyPath) -> bool {
    // `export NAME` is `NAME` in one reading of a .env file only, and nobody says here which one the path is of.
    let readings: &[bool] = if kind == DocumentKind::Dotenv { &[false, true] } else { &[false] };
    readings.iter().any(|faithful_dotenv| shows_clear_as(kind, text, path, *faithful_dotenv))
}

fn shows_clear_as(kind: DocumentKind, text: &str, path: &KeyPath, faithful_dotenv: bool) -> bool {
    let bytes = Zeroizing::new(text.as_bytes().to_vec());
    let Ok(plain) = Plain::parse(kind, bytes, Reading { commented_json: true, faithful_dotenv }) else {
        return false;
    };
    let Some(document) = plain.yaml() else {
        let tree = plain.tree();
        return tree.is_ok_and(|tree| gather::find(&tree, path).is_ok_and(has_clear));
    };
    let Ok(id) = document.find(0, path) else {
        return false;
    };
    let (mut clear, mut secret) = (0, 0);
    count(document, id, &mut clear, &mut secret);
    clear > 0
}

fn has_clear(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Map(entries) => entries.iter().any(|(_, value)| has_clear(value)),
        NodeKind::List(items) => items.iter().any(has_clear),
        NodeKind::Str(text) => !text.is_empty() && !is_encrypted(text),
        NodeKind::Null => false,
        _ => true,
    }
}

fn count(document: &Document, id: NodeId, clear: &mut usize, secret: &mut usize) {
    match document.kind(id) {
        Shape::Map => document.entries(id).for_each(|(_, value)| count(document, value, clear, secret)),
        Shape::List => document.items(id).for_each(|item| count(document, item, clear, secret)),
        Shape::Scalar => {
            let text = document.scalar_text(id);
            if is_encrypted(&text) {
                *secret += 1;
            } else if !text.is_empty() && present_value(document, id) {
                *clear += 1;
            }
        }
        Shape::Alias => {}
    }
}

/// Null is never encrypted.
fn present_value(document: &Document, id: NodeId) -> bool {
    document.value(id).is_ok_and(|value| Present::of(&value) != Present::Nothing)
}

/// What became of a change.
pub struct Outcome(Option<Encrypted>);

/// Encrypts the new text; what did not change keeps its ciphertext.
///
/// # Errors
/// A text that cannot be encrypted.
pub fn save(session: &Session, change: &mut Change, text: String) -> Result<Outcome, Failure> {
    change.settings.now = session.now();
    match change.prepare(text) {
        Ok(encrypted) => Ok(Outcome(encrypted)),
        Err(error) => Err(change.failure(&error)),
    }
}

impl Outcome {
    /// Whether a value at or below `path` will stand in clear.
    pub fn shows_clear(&self, kind: DocumentKind, path: &KeyPath) -> bool {
        self.0.as_ref().is_some_and(|encrypted| shows_clear(kind, &encrypted.text, path))
    }

    /// Replaces the file, unless nothing changed, and says what was done.
    ///
    /// # Errors
    /// What keeps the file from being written.
    pub fn finish(
        self,
        session: &Session,
        change: Change,
        done: impl FnOnce(&Encrypted) -> String,
    ) -> Result<(), Failure> {
        let name = change.opened.name.clone();
        let changed = self.0.is_some();
        match self.0 {
            None => session.say(&format!("{name}: unchanged")),
            Some(encrypted) => {
                change.commit(session, &encrypted)?;
                session.say(&format!("{name}: {}", done(&encrypted)));
            }
        }
        if session.json() {
            let result = serde_json::json!({"file": name, "changed": changed});
            output::data(format!("{result}\n").as_bytes())?;
        }
        Ok(())
    }
}
