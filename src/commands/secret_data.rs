//! A Kubernetes Secret with the base64 of its `data` decoded, for people; and encoded again, exactly as it was where nothing
//! changed (Kubernetes API, `Secret.data`).

mod spelling;

use base64_simd::STANDARD;
use zeroize::Zeroizing;

use crate::document::path::{KeyPath, Step};
use crate::document::tree::{Kind as NodeShape, Node};
use crate::document::value::Value;
use crate::document::yaml::{Document, NodeId, NodeKind};
use crate::failure::{Failure, Kind};
use crate::sops::file::{FileError, Plain};
use spelling::{Entry, Swap, restored, untouched};

/// The name of the map whose values are base64.
const DATA: &str = "data";

/// One value of `data` that is shown as it is.
struct Kept {
    document: usize,
    key: String,
    text: Option<Zeroizing<String>>,
}

/// A text with decoded values, and what is needed to undo it.
pub struct SecretData {
    text: Zeroizing<String>,
    entries: Vec<Entry>,
    /// Values that stay as they are, because they are not text.
    kept: Vec<Kept>,
}

impl SecretData {
    /// Decodes every Secret of a plain YAML text; `None` when there is none.
    ///
    /// # Errors
    /// Not YAML.
    pub fn decode(plain: &str) -> Result<Option<Self>, FileError> {
        let mut document = Document::parse(plain.to_owned())?;
        let (mut entries, mut kept, mut any) = (Vec::new(), Vec::new(), false);
        for index in 0..document.documents() {
            let Some(keys) = data_keys(&document, index) else { continue };
            any = true;
            for key in keys {
                let path = path_of(&key);
                let Ok(id) = document.find(index, &path) else { continue };
                let text = text_of(&document, id);
                let Some(decoded) = text.as_ref().and_then(|text| decode_text(text)) else {
                    kept.push(Kept { document: index, key, text });
                    continue;
                };
                let raw = Zeroizing::new(document.text()[document.span(id)].to_owned());
                let Ok(change) = document.set(index, &path, &Node::text(decoded.as_str())) else {
                    kept.push(Kept { document: index, key, text });
                    continue;
                };
                let decoded_document = again(&document.with(&change))?;
                let before = std::mem::replace(&mut document, decoded_document);
                let Ok(id) = document.find(index, &path) else { continue };
                let swap = Swap::between(&before, &document, id);
                entries.push(Entry { document: index, key, raw, decoded, swap });
            }
        }
        Ok(any.then(|| Self { text: document.into_text(), entries, kept }))
    }

    /// What is shown.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The edited text with its values encoded again.
    ///
    /// # Errors
    /// Not YAML, and a value that was not text and is no base64 any more.
    pub fn encode(&self, edited: String) -> Result<String, FileError> {
        let mut document = Document::parse(edited)?;
        for index in 0..document.documents() {
            for key in data_keys(&document, index).unwrap_or_default() {
                let path = path_of(&key);
                let Ok(id) = document.find(index, &path) else { continue };
                let Some(text) = text_of(&document, id) else { continue };
                if let Some(kept) = self.kept.iter().find(|kept| kept.document == index && kept.key == key) {
                    let same = kept.text.as_ref().is_some_and(|before| **before == *text);
                    if !same && STANDARD.decode_to_vec(compact(&text).as_bytes()).is_err() {
                        return Err(bad(&document, id, path, "the value was not text, and has to stay base64"));
                    }
                    continue;
                }
                let before = self.entries.iter().find(|entry| {
                    entry.document == index && entry.key == key && entry.decoded.as_str() == text.as_str()
                });
                let old = before.and_then(|entry| {
                    untouched(&document, index, id, &path, entry)
                        .or_else(|| restored(&document, index, id, &path, entry))
                });
                if let Some(old) = old {
                    document = old;
                    continue;
                }
                let base64 = Zeroizing::new(STANDARD.encode_to_string(text.as_bytes()));
                let change = document
                    .set(index, &path, &Node::text(base64.as_str()))
                    .map_err(|_| bad(&document, id, path.clone(), "the value cannot be encoded in place"))?;
                document = again(&document.with(&change))?;
            }
        }
        Ok(std::mem::take(&mut *document.into_text()))
    }
}

/// The base64 of a value, as Kubernetes wants it.
pub fn encode_value(value: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(STANDARD.encode_to_string(value))
}

/// The bytes of a value of `data`; `None` when it is not base64.
pub fn decode_value(base64: &str) -> Option<Zeroizing<Vec<u8>>> {
    STANDARD.decode_to_vec(compact(base64).as_bytes()).ok().map(Zeroizing::new)
}

/// Fails unless `path` is a value of a Secret's `data`.
///
/// # Errors
/// [`Kind::ConflictingOptions`].
pub fn require(plain: &Plain, name: &str, path: &KeyPath) -> Result<(), Failure> {
    let is_secret = plain.tree().is_ok_and(|tree| tree.get("kind").is_some_and(|kind| is_text(kind, "Secret")));
    let in_data = matches!(path.0.as_slice(), [Step::Key(first), Step::Key(_)] if first == DATA);
    if is_secret && in_data {
        return Ok(());
    }
    let text = format!("{name}: --decode-data is for data.NAME of a Kubernetes Secret, not for {path}");
    Err(Failure::new(Kind::ConflictingOptions, text))
}

fn is_text(node: &Node, wanted: &str) -> bool {
    matches!(&node.kind, NodeShape::Str(text) if text == wanted)
}

/// The content of a value of `data`; `None` when it is not base64 of text.
fn decode_text(base64: &str) -> Option<Zeroizing<String>> {
    let bytes = STANDARD.decode_to_vec(compact(base64).as_bytes()).ok()?;
    match String::from_utf8(bytes) {
        // what an editor would not show, or would lose
        Ok(text) if !text.contains(|letter: char| letter.is_control() && !matches!(letter, '\n' | '\t')) => {
            Some(Zeroizing::new(text))
        }
        Ok(text) => {
            drop(Zeroizing::new(text)); // wiped
            None
        }
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            None
        }
    }
}

/// Kubernetes takes base64 in several lines.
fn compact(base64: &str) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(base64.len()));
    out.extend(base64.chars().filter(|letter| !matches!(letter, '\n' | '\r')));
    out
}

fn path_of(key: &str) -> KeyPath {
    KeyPath(vec![Step::Key(DATA.to_owned()), Step::Key(key.to_owned())])
}

/// The keys of `data`, when the document is a Secret.
fn data_keys(document: &Document, index: usize) -> Option<Vec<String>> {
    let root = document.root(index);
    let under = |name: &str| {
        let root = (document.kind(root) == NodeKind::Map).then_some(root)?;
        document.entries(root).find(|(key, _)| document.key_text(*key) == name).map(|(_, value)| value)
    };
    let is_secret =
        under("kind").is_some_and(|id| document.kind(id) == NodeKind::Scalar && document.scalar_text(id) == "Secret");
    let data = under(DATA).filter(|id| is_secret && document.kind(*id) == NodeKind::Map)?;
    Some(document.entries(data).map(|(key, _)| document.key_text(key).into_owned()).collect())
}

fn text_of(document: &Document, id: NodeId) -> Option<Zeroizing<String>> {
    if document.kind(id) != NodeKind::Scalar {
        return None;
    }
    match document.value(id) {
        Ok(Value::Str(text)) => Some(Zeroizing::new(text.into_owned())),
        // letters and digits alone may read as a number, and are base64 all the same
        Ok(Value::Int(_) | Value::Float(_) | Value::Bool(_)) => {
            Some(Zeroizing::new(document.text()[document.span(id)].to_owned()))
        }
        _ => None,
    }
}

fn again(text: &str) -> Result<Document, FileError> {
    Ok(Document::parse(text.to_owned())?)
}

fn bad(document: &Document, id: NodeId, path: KeyPath, what: &'static str) -> FileError {
    FileError::NotAValue { path, line: document.position(document.span(id).start).0, what }
}

#[cfg(test)]
mod tests;
