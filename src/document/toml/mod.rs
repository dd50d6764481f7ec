//! TOML, with every byte kept. Reads 1.0 and 1.1; writes what 1.0 reads.
//!
//! A table that stands in several pieces of the text is one mapping, at the place of its first piece, as every reader of TOML sees it.

mod change;
mod metadata;
mod parse;
mod scalar;
mod spell;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use zeroize::Zeroizing;

use super::edits::Edits;
use super::format::{Change, Event, Format, FormatError, PathError, Unspellable};
use super::outline::{NodeId, Outline};
use super::path::KeyPath;
use super::tree::Node;
use super::value::Value;
use scalar::Scalar;

/// The key of the metadata.
const SOPS: &str = "sops";

/// How the text makes a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum How {
    /// `[a]`, an item of `[[a]]`, and the root.
    Header,
    /// The `a` of `[a.b]`.
    Implicit,
    /// The `a` of `a.b = 1`.
    Dotted,
    /// `{ … }`
    Inline,
    /// A scalar, or `[ … ]`.
    Value,
    /// The list that `[[a]]` makes.
    Tables,
}

/// Where a node is.
struct Site {
    how: How,
    /// Its value; empty for tables of several lines.
    span: Range<usize>,
    /// Where its key begins, first part of a dotted one.
    entry: usize,
    kind: Scalar,
    section: usize,
}

/// A header and the entries below it; the first one is the root's, without header.
struct Section {
    node: NodeId,
    start: usize,
    head_end: usize,
    /// The end of the last entry.
    end: usize,
}

/// A TOML document.
pub struct Toml {
    text: Zeroizing<String>,
    outline: Outline,
    sites: Vec<Site>,
    sections: Vec<Section>,
    /// By leaf.
    kinds: Vec<Scalar>,
    events: Vec<Event>,
}

impl Toml {
    /// Reads a document.
    ///
    /// # Errors
    /// [`FormatError`] where the text is not TOML.
    pub fn parse(text: String) -> Result<Self, FormatError> {
        let text = Zeroizing::new(text);
        let parse::Parts { outline, sites, sections, kinds } = parse::parse(&text)?;
        let events = outline.events(|key| key == SOPS);
        Ok(Self { text, outline, sites, sections, kinds, events })
    }

    fn raw(&self, leaf: usize) -> &str {
        &self.text[self.outline.span(leaf)]
    }
}

impl fmt::Debug for Toml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Toml({} events)", self.events.len())
    }
}

impl Format for Toml {
    fn text(&self) -> &str {
        &self.text
    }

    fn into_text(self: Box<Self>) -> Zeroizing<String> {
        self.text
    }

    fn reparse(&self, text: String, _reading: Option<&str>) -> Result<Box<dyn Format>, FormatError> {
        Ok(Box::new(Self::parse(text)?))
    }

    fn events(&self) -> &[Event] {
        &self.events
    }

    fn key(&self, key: usize) -> &str {
        self.outline.key(key)
    }

    fn value(&self, leaf: usize) -> Value<'_> {
        scalar::value(self.raw(leaf), self.kinds[leaf])
    }

    fn not_a_value(&self, leaf: usize) -> Option<&'static str> {
        (self.kinds[leaf] == Scalar::Local).then_some(scalar::LOCAL)
    }

    fn span(&self, leaf: usize) -> Range<usize> {
        self.outline.span(leaf)
    }

    fn spell(&self, leaf: usize, value: &Value<'_>, out: &mut String) -> Result<(), Unspellable> {
        spell::value(value, spell::Style::of(self.raw(leaf), self.kinds[leaf]), out)
    }

    fn repeats_paths(&self) -> bool {
        false
    }

    fn comment(&self, comment: usize) -> Range<usize> {
        self.outline.comment_span(comment)
    }

    fn comment_text(&self, comment: usize) -> Cow<'_, str> {
        Cow::Borrowed(&self.text[self.outline.comment_span(comment)])
    }

    fn spell_comment(&self, _comment: usize, text: &str, out: &mut String) {
        // A comment ends with its line; what is no text of one cannot have been read from one.
        out.extend(text.chars().map(|c| if c != '\t' && c.is_ascii_control() { ' ' } else { c }));
    }

    fn metadata(&self) -> Result<Option<Node>, FormatError> {
        metadata::read(self)
    }

    fn insert_metadata(&self, metadata: &Node, edits: &mut Edits) {
        metadata::insert(&self.text, metadata, edits);
    }

    fn remove_metadata(&self, edits: &mut Edits) {
        metadata::remove(self, edits);
    }

    fn set(&self, path: &KeyPath, value: &Node) -> Result<Change, PathError> {
        change::set(self, path, value)
    }

    fn unset(&self, path: &KeyPath) -> Result<Change, PathError> {
        change::unset(self, path)
    }
}
