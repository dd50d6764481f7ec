//! A plain document of any format: what can be encrypted, looked into and changed.

use std::fmt;

use zeroize::Zeroizing;

use super::decrypt::is_encrypted_file;
use super::encrypt::{Encrypted, Settings, encrypt};
use super::error::FileError;
use super::reuse::Reuse;
use super::{binary, leaves};
use crate::document::format::{Change, Event, Format, FormatError, PathError};
use crate::document::gather;
use crate::document::kind::DocumentKind;
use crate::document::open::{Reading, open};
use crate::document::path::KeyPath;
use crate::document::tree::Node;
use crate::document::yaml::change::ChangeError;
use crate::document::yaml::{Document, NodeId, NodeKind};
use crate::sops::key::DataKey;

/// A parsed document.
pub struct Plain {
    kind: DocumentKind,
    content: Content,
}

pub(super) enum Content {
    Yaml(Document),
    Leaves(Box<dyn Format>),
    Binary(Zeroizing<Vec<u8>>),
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plain({}, {} bytes)", self.kind.word(), self.bytes().len())
    }
}

impl Plain {
    /// Parses bytes of a known format; an encrypted file of it as well.
    ///
    /// # Errors
    /// [`FileError::Yaml`] and [`FileError::Format`].
    pub fn parse(kind: DocumentKind, bytes: Zeroizing<Vec<u8>>, reading: Reading) -> Result<Self, FileError> {
        let content = match kind {
            DocumentKind::Yaml => Content::Yaml(Document::from_bytes(take(bytes))?),
            DocumentKind::Binary => Content::Binary(bytes),
            _ => Content::Leaves(open(kind, utf8(bytes)?, reading)?),
        };
        Ok(Self { kind, content })
    }

    /// Parses bytes whose format no name says: JSON or YAML when they are a mapping or a list, else any bytes, as sops takes
    /// everything that it does not know (3.13.2 `cmd/sops/formats`).
    ///
    /// # Errors
    /// [`FileError::Yaml`] for a text that begins as a YAML mapping and is none: it would be hidden as a whole.
    pub fn guess(bytes: Zeroizing<Vec<u8>>) -> Result<Self, FileError> {
        let binary = |bytes| Ok(Self { kind: DocumentKind::Binary, content: Content::Binary(bytes) });
        let Ok(text) = std::str::from_utf8(&bytes) else { return binary(bytes) };
        if text.trim_start().starts_with(['{', '['])
            && let Ok(document) = open(DocumentKind::Json, text.to_owned(), Reading::default())
        {
            return Ok(Self { kind: DocumentKind::Json, content: Content::Leaves(document) });
        }
        match Document::parse(text.to_owned()) {
            Ok(document) if has_places(&document) => {
                Ok(Self { kind: DocumentKind::Yaml, content: Content::Yaml(document) })
            }
            Err(error) if begins_as_mapping(text) => Err(error.into()),
            _ => binary(bytes),
        }
    }

    /// The format.
    pub fn kind(&self) -> DocumentKind {
        self.kind
    }

    /// The whole content.
    pub fn bytes(&self) -> &[u8] {
        match &self.content {
            Content::Yaml(document) => document.text().as_bytes(),
            Content::Leaves(document) => document.text().as_bytes(),
            Content::Binary(bytes) => bytes,
        }
    }

    pub(super) fn into_content(self) -> (DocumentKind, Content) {
        (self.kind, self.content)
    }

    pub(super) fn content(&self) -> &Content {
        &self.content
    }

    /// The document when it is YAML.
    pub fn yaml(&self) -> Option<&Document> {
        match &self.content {
            Content::Yaml(document) => Some(document),
            _ => None,
        }
    }

    /// The document when it is of another format, with leaves.
    pub fn leaves(&self) -> Option<&dyn Format> {
        match &self.content {
            Content::Leaves(document) => Some(document.as_ref()),
            _ => None,
        }
    }

    /// Whether it holds the metadata of an encrypted file.
    pub fn is_encrypted(&self) -> bool {
        match &self.content {
            Content::Yaml(document) => is_encrypted_file(document),
            Content::Leaves(document) => !matches!(document.metadata(), Ok(None)),
            Content::Binary(bytes) => DocumentKind::of_encrypted(bytes) == Some(DocumentKind::Json),
        }
    }

    /// Whether it has shapes that sops cannot represent.
    pub fn is_odd(&self) -> bool {
        match &self.content {
            Content::Yaml(document) => !document.problems().is_empty(),
            Content::Leaves(document) => !document.unrepresentable().is_empty(),
            Content::Binary(_) => false,
        }
    }

    /// Encrypts it under `key`; ciphertexts of `reuse` are kept for values that did not change.
    ///
    /// # Errors
    /// [`FileError`] for shapes that cannot be represented, a rule that selects nothing, and anything that would not open
    /// again.
    pub fn encrypt(
        &self,
        key: &DataKey,
        settings: &Settings,
        reuse: Option<&mut Reuse>,
    ) -> Result<Encrypted, FileError> {
        match &self.content {
            Content::Yaml(document) => encrypt(document, key, settings, reuse),
            Content::Leaves(document) => leaves::encrypt::encrypt(document.as_ref(), key, settings, reuse),
            Content::Binary(bytes) => binary::encrypt(bytes, key, settings, reuse),
        }
    }

    /// The (first) document as a tree, to be wiped; bytes have none.
    ///
    /// # Errors
    /// [`FileError::Yaml`] when aliases expand without bound.
    pub fn tree(&self) -> Result<Zeroizing<Node>, FileError> {
        Ok(Zeroizing::new(match &self.content {
            Content::Yaml(document) if document.documents() == 0 => Node::new(crate::document::tree::Kind::Null),
            Content::Yaml(document) => document.tree(document.root(0))?,
            Content::Leaves(document) => gather::tree(document.as_ref()),
            Content::Binary(_) => Node::new(crate::document::tree::Kind::Null),
        }))
    }

    /// Every value as the text spells it, without what surrounds it: quotes, the header of a block. A name, a reference to
    /// another place and bytes have no such spelling.
    pub fn spellings(&self) -> Vec<Zeroizing<String>> {
        let bare = |raw: &str| Zeroizing::new(without_quotes(raw.trim()).to_owned());
        match &self.content {
            Content::Yaml(document) => {
                let of = |id| bare(yaml_spelling(document, id));
                yaml_values(document).into_iter().map(of).collect()
            }
            Content::Leaves(document) => {
                let of = |event: &Event| match event {
                    Event::Scalar(leaf) => Some(bare(&document.text()[document.span(*leaf)])),
                    _ => None,
                };
                document.events().iter().filter_map(of).collect()
            }
            Content::Binary(_) => Vec::new(),
        }
    }

    /// Sets the value at `path`, and gives the new text.
    ///
    /// # Errors
    /// [`ChangeError`] when the path leads through a value that cannot hold it.
    pub fn set(&self, path: &KeyPath, value: &Node) -> Result<Zeroizing<String>, ChangeError> {
        match &self.content {
            Content::Yaml(document) => document.set(0, path, value).map(|change| document.with(&change)),
            Content::Leaves(document) => changed(document.as_ref(), document.set(path, value)),
            Content::Binary(_) => Err(ChangeError::BadPath),
        }
    }

    /// Removes what is at `path`, and gives the new text.
    ///
    /// # Errors
    /// [`ChangeError`] when nothing is there.
    pub fn unset(&self, path: &KeyPath) -> Result<Zeroizing<String>, ChangeError> {
        match &self.content {
            Content::Yaml(document) => document.unset(0, path).map(|change| document.with(&change)),
            Content::Leaves(document) => changed(document.as_ref(), document.unset(path)),
            Content::Binary(_) => Err(ChangeError::BadPath),
        }
    }
}

/// The scalars that are values, and those that an alias stands for.
fn yaml_values(document: &Document) -> Vec<NodeId> {
    let mut found = Vec::new();
    let mut open: Vec<NodeId> = (0..document.documents()).map(|index| document.root(index)).collect();
    while let Some(id) = open.pop() {
        match document.kind(id) {
            NodeKind::Map => open.extend(document.entries(id).map(|(_, value)| value)),
            NodeKind::List => open.extend(document.items(id)),
            NodeKind::Scalar => found.push(id),
            NodeKind::Alias => {
                let target = document.resolve_alias(id);
                found.extend((document.kind(target) == NodeKind::Scalar).then_some(target));
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn yaml_spelling(document: &Document, id: NodeId) -> &str {
    let raw = &document.text()[document.span(id)];
    if !document.style(id).is_block() {
        return raw;
    }
    raw.split_once('\n').map_or("", |(_, lines)| lines)
}

/// Without the quotes, of whichever kind the formats have, or the first and last line of a heredoc.
fn without_quotes(raw: &str) -> &str {
    if let Some((first, lines)) = raw.split_once('\n')
        && first.starts_with("<<")
    {
        return lines.rsplit_once('\n').map_or("", |(lines, _)| lines.trim());
    }
    let quotes = ["\"\"\"", "'''", "\"", "'", "`"];
    quotes.iter().find_map(|quote| raw.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(raw)
}

fn changed(document: &dyn Format, change: Result<Change, PathError>) -> Result<Zeroizing<String>, ChangeError> {
    let change = change?;
    let text = document.text();
    let mut out = Zeroizing::new(String::with_capacity(text.len() + change.text.len()));
    out.push_str(&text[..change.span.start]);
    out.push_str(&change.text);
    out.push_str(&text[change.span.end..]);
    Ok(out)
}

/// Whether there is a mapping or a list in the first document.
fn has_places(document: &Document) -> bool {
    document.documents() > 0 && matches!(document.kind(document.root(0)), NodeKind::Map | NodeKind::List)
}

/// Whether the first line that says something is a key of YAML.
fn begins_as_mapping(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with(['#', '%']) && *line != "---");
    let key = first.and_then(|line| line.trim_end().split_once(':'));
    let is_name = |key: &str| key.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.'));
    key.is_some_and(|(key, rest)| !key.is_empty() && is_name(key) && (rest.is_empty() || rest.starts_with(' ')))
}

fn take(mut bytes: Zeroizing<Vec<u8>>) -> Vec<u8> {
    std::mem::take(&mut *bytes)
}

fn utf8(bytes: Zeroizing<Vec<u8>>) -> Result<String, FormatError> {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(FormatError { line: 1, column: 1, what: "the text is UTF-16 or UTF-32; convert it to UTF-8" });
    }
    String::from_utf8(take(bytes)).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bytes = Zeroizing::new(error.into_bytes());
        let text = String::from_utf8_lossy(&bytes[..at]);
        FormatError::at(&Zeroizing::new(text.into_owned()), at, "the text is not UTF-8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_without_a_name_is_what_it_looks_like() {
        for (text, kind) in [
            ("a: 1\n", Some(DocumentKind::Yaml)),
            ("# note\n- a\n", Some(DocumentKind::Yaml)),
            ("{a: 1}\n", Some(DocumentKind::Yaml)),
            ("{\"a\": 1}\n", Some(DocumentKind::Json)),
            (" [1, 2]", Some(DocumentKind::Json)),
            ("-----BEGIN PRIVATE KEY-----\nMIG=\n", Some(DocumentKind::Binary)),
            ("just a password", Some(DocumentKind::Binary)),
            ("", Some(DocumentKind::Binary)),
            ("a b: c: d\n", Some(DocumentKind::Binary)),
            ("{\"a\": 1,, 2}", Some(DocumentKind::Binary)),
            // a mistake in a YAML file must not hide it as a whole
            ("# note\nuser: shop\npassword: [x\n", None),
            ("---\ndb:\n\tport: 1\n", None),
        ] {
            let found = Plain::guess(Zeroizing::new(text.as_bytes().to_vec()));
            assert_eq!(found.ok().map(|plain| plain.kind()), kind, "{text:?}");
        }
        assert_eq!(Plain::guess(Zeroizing::new(vec![0xFF])).unwrap().kind(), DocumentKind::Binary);
    }

    #[test]
    fn spellings_are_what_stands_in_the_text() {
        for (kind, text, expected) in [
            (
                DocumentKind::Yaml,
                "a: 'it''s x'\nb: 0x1F\nc: >- # why\n  one\n  two\nd: &e \"\\x41\"\nf: [*e, y]\n---\ng: h\n",
                &["it''s x", "0x1F", "one\n  two", "\\x41", "y", "h"][..],
            ),
            (DocumentKind::Json, r#"{"a": "pass\u0041", "b": [1.0]}"#, &[r"pass\u0041", "1.0"]),
            (DocumentKind::Dotenv, "A=\"a\\$b\"\nB=c\n", &["a\\$b", "c"]),
            (DocumentKind::Properties, "a = pass\\u0041\n", &["pass\\u0041"]),
            (DocumentKind::Hcl, "a = \"x\\u0041\"\nb = <<EOT\n  one\n  two\nEOT\n", &["x\\u0041", "one\n  two"]),
            (DocumentKind::Toml, "a = '''x'y'''\nb = 0x1F\n", &["x'y", "0x1F"]),
        ] {
            let plain = Plain::parse(kind, Zeroizing::new(text.as_bytes().to_vec()), Reading::default()).unwrap();
            let found = plain.spellings();
            assert_eq!(found.iter().map(|found| found.as_str()).collect::<Vec<_>>(), expected, "{kind:?}");
        }
    }
}
