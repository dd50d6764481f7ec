//! What a document format offers the SOPS file: its leaves in order, how each is spelled, and where the metadata goes.
//!
//! YAML has an engine of its own (aliases, several documents, comments that move); every other format is one of these.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use zeroize::Zeroizing;

use super::edits::Edits;
use super::path::KeyPath;
use super::tree::Node;
use super::value::Value;

/// The two collections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Keys and values.
    Map,
    /// Values by position.
    List,
}

/// One step through a document, in the order of its text. The metadata of an encrypted file is no part of it.
///
/// The root is `Open … Close`. In a mapping stand `Key`s, each followed by its value; in a list `Item`s, each followed by its
/// value; a value is a `Scalar` or `Open … Close`. `Comment`s stand anywhere between them, and belong to the collection around.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A collection begins.
    Open(Shape),
    /// It ends.
    Close,
    /// A key, by number (see [`Format::key`]).
    Key(usize),
    /// An item of a list.
    Item,
    /// A leaf, by number (see [`Format::value`]).
    Scalar(usize),
    /// A comment, by number (see [`Format::comment`]).
    Comment(usize),
}

/// Why a text is not a document of its format. Never holds a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
pub struct FormatError {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, in characters.
    pub column: usize,
    /// What was expected or is wrong, for a person.
    pub what: &'static str,
}

impl FormatError {
    /// An error at a byte of `text`.
    pub fn at(text: &str, offset: usize, what: &'static str) -> Self {
        let before = &text[..text.floor_char_boundary(offset)];
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = memchr::memchr_iter(b'\n', before.as_bytes()).count() + 1;
        Self { line, column: before[start..].chars().count() + 1, what }
    }
}

/// Something that sops cannot read, or would read as something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unrepresentable {
    /// Where, in bytes.
    pub offset: usize,
    /// What, for a person: lower case, no full stop, no value.
    pub what: &'static str,
    /// Whether no flag allows it, because a value would be in doubt.
    pub is_final: bool,
}

/// A value that the format has no spelling for at this place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unspellable(pub &'static str);

/// Why a path cannot be set or removed. `at` is how many steps of the path exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Nothing is there.
    #[error("there is no value at this path")]
    Missing {
        /// Steps that exist.
        at: usize,
    },
    /// A position beyond the end of the list.
    #[error("the list has only {len} items")]
    BeyondEnd {
        /// Steps that exist.
        at: usize,
        /// Its length.
        len: usize,
    },
    /// A key of a list, a position of a mapping, or anything below a value.
    #[error("the path goes through something that has no such part")]
    NotThere {
        /// Steps that exist.
        at: usize,
    },
    /// The path is empty, or too deep for the format.
    #[error("the path is empty or too deep for this format")]
    BadPath,
    /// The format cannot hold it there.
    #[error("{0}")]
    NoPlace(&'static str),
}

/// A parsed text of one format: the original bytes, and its leaves with byte spans. Edits are replacements of spans, so bytes
/// that nobody asked to change cannot change.
///
/// Implementations are parsed by their own `parse`, refuse nesting deeper than [`MAX_DEPTH`] and never panic.
pub trait Format: fmt::Debug + Send + Sync {
    /// The whole text.
    fn text(&self) -> &str;

    /// Gives the text back.
    fn into_text(self: Box<Self>) -> Zeroizing<String>;

    /// Another text of this format, read in the reading of that name (see [`Format::reading`]).
    ///
    /// # Errors
    /// [`FormatError`] when it is not a document of this format.
    fn reparse(&self, text: String, reading: Option<&str>) -> Result<Box<dyn Format>, FormatError>;

    /// The steps through the document.
    fn events(&self) -> &[Event];

    /// The text of a key, decoded, as sops binds values to it.
    fn key(&self, key: usize) -> &str;

    /// The key as people write it in a path, where that differs (`export NAME` is `NAME`).
    fn path_key(&self, key: usize) -> &str {
        self.key(key)
    }

    /// The value of a leaf, typed as sops types it.
    fn value(&self, leaf: usize) -> Value<'_>;

    /// The value that sops reads, and counts in its MAC, where the leaf stays in clear; differs from [`Format::value`] where this
    /// format is read more faithfully than sops reads it.
    fn clear_value(&self, leaf: usize) -> Value<'_> {
        self.value(leaf)
    }

    /// Why sops could not read the file if this leaf stayed in clear; `None` when it could.
    fn unrepresentable_in_clear(&self, _leaf: usize) -> Option<&'static str> {
        None
    }

    /// The bytes that spell a leaf, quotes included: what is replaced. A selected leaf whose value is empty while
    /// [`Format::clear_value`] is not (`""` where quotes mean something) is replaced too, by nothing: sops would take what stands
    /// there for a ciphertext.
    fn span(&self, leaf: usize) -> Range<usize>;

    /// Appends the canonical spelling of `value` where `leaf` stands, in the style (kind of quotes) that the leaf has where that can
    /// carry it. Ciphertexts are spelled by it as well: as text of the format, always.
    ///
    /// For every value `v` that it spells, the text with the leaf's span replaced reads back as exactly `v` there.
    ///
    /// # Errors
    /// [`Unspellable`] when the format cannot carry the value.
    fn spell(&self, leaf: usize, value: &Value<'_>, out: &mut String) -> Result<(), Unspellable>;

    /// The same where the leaf stands in an encrypted file, which sops reads: differs where this format is read more faithfully.
    ///
    /// # Errors
    /// As [`Format::spell`].
    fn spell_in_file(&self, leaf: usize, value: &Value<'_>, out: &mut String) -> Result<(), Unspellable> {
        self.spell(leaf, value, out)
    }

    /// Whether several leaves can have the same path.
    fn repeats_paths(&self) -> bool {
        true
    }

    /// The bytes of a comment that are replaced when it is encrypted.
    fn comment(&self, comment: usize) -> Range<usize>;

    /// What the comment says, as sops reads it.
    fn comment_text(&self, comment: usize) -> Cow<'_, str>;

    /// Appends the canonical spelling of `text` as that comment.
    fn spell_comment(&self, comment: usize, text: &str, out: &mut String);

    /// The metadata of an encrypted file, nested as in YAML; `None` when it holds none.
    ///
    /// # Errors
    /// [`FormatError`] when there is some, but it is not complete enough to be read.
    fn metadata(&self) -> Result<Option<Node>, FormatError>;

    /// The line on which the metadata begins; 1 where that is not known.
    fn metadata_line(&self) -> usize {
        1
    }

    /// Adds the metadata. `remove_metadata` of the outcome gives back exactly this text.
    fn insert_metadata(&self, metadata: &Node, edits: &mut Edits);

    /// Takes the metadata out again.
    fn remove_metadata(&self, edits: &mut Edits);

    /// What sops cannot represent.
    fn unrepresentable(&self) -> &[Unrepresentable] {
        &[]
    }

    /// Why a leaf is no value that sops could carry: a reference, a template, a local date. Such a leaf cannot be encrypted; in
    /// clear its [`Format::value`] is the text that spells it, which the MAC covers as text. Never holds the value.
    fn not_a_value(&self, _leaf: usize) -> Option<&'static str> {
        None
    }

    /// The keys inside a leaf that is a piece of program, where it may hold values in clear: no rule sees them, since they are no
    /// part of the document. In any order, from any depth.
    fn hidden_keys(&self, _leaf: usize) -> Vec<String> {
        Vec::new()
    }

    /// What has to be known to read the plain text again as it was read now, and is recorded with the file: the name of the
    /// reading, where the format has more than one.
    fn reading(&self) -> Option<&'static str> {
        None
    }

    /// Replaces or adds the value at `path`; missing mappings on the way are made, and a position one past the end appends.
    ///
    /// # Errors
    /// [`PathError`] when the path leads through a value that cannot hold it, or the format cannot hold the value there.
    fn set(&self, path: &KeyPath, value: &Node) -> Result<Change, PathError>;

    /// Removes what is at `path`, with the comments on its own line and no others.
    ///
    /// # Errors
    /// [`PathError`] when nothing is there.
    fn unset(&self, path: &KeyPath) -> Result<Change, PathError>;
}

/// Deepest nesting that is read.
pub const MAX_DEPTH: usize = 256;

/// A text that is replaced in a document.
pub struct Change {
    /// The bytes.
    pub span: Range<usize>,
    /// What they become.
    pub text: Zeroizing<String>,
}
