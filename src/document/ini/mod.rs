//! INI files as sops reads them: by gopkg.in/ini.v1, with sections as mappings and every value a text (sops 3.13.2
//! `stores/ini/store.go`).
//!
//! The text keeps its bytes: a value is replaced with its quotes and further lines, a comment where it stands. What sops would
//! lose on the way through its own tree is told by [`Format::unrepresentable`].

mod change;
mod emit;
mod parse;
mod place;
mod read;
mod spell;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use zeroize::Zeroizing;

use super::edits::Edits;
use super::flatten::unflatten;
use super::format::{Change, Event, Format, FormatError, PathError, Unrepresentable, Unspellable};
use super::intake;
use super::path::KeyPath;
use super::tree::Node;
use super::value::Value;

pub use emit::{EmitError, Entry, Section, emit, emit_sections};
use read::{Content, Style};

/// The section that holds the metadata.
const METADATA: &str = "sops";
/// The section of the keys before any header.
const DEFAULT: &str = "DEFAULT";

/// A parsed INI text.
pub struct IniDocument {
    text: Zeroizing<String>,
    line_break: &'static str,
    events: Vec<Event>,
    /// Names of sections and keys, by the numbers of the events.
    keys: Vec<String>,
    sections: Vec<SectionSpan>,
    leaves: Vec<Leaf>,
    comments: Vec<Comment>,
    metadata: Vec<Metadata>,
    problems: Vec<Unrepresentable>,
}

/// A section of values. The first is the one before any header.
struct SectionSpan {
    /// Its name, among the keys.
    key: usize,
    /// From the first comment above its header; empty for the first one.
    start: usize,
    /// After the line of its header, or where the text of a first section begins.
    header_end: usize,
    /// After the line of its last value.
    end: usize,
    leaves: Range<usize>,
}

/// One value.
struct Leaf {
    key: usize,
    /// Where its line begins.
    line: usize,
    /// Where the name of the key begins, and where the delimiter ends.
    name: Range<usize>,
    span: Range<usize>,
    content: Content,
    style: Style,
    /// After its last line.
    lines_end: usize,
}

/// A comment.
struct Comment {
    span: Range<usize>,
    text: Zeroizing<String>,
    kind: CommentKind,
}

enum CommentKind {
    /// On lines of its own.
    Lines,
    /// Behind a value.
    Inline,
    /// Of a section, whose header is a part of the span: nothing with a `]` may stand behind a header.
    Header(Range<usize>),
}

/// The section of the metadata.
struct Metadata {
    /// From its header to after its last line.
    span: Range<usize>,
    entries: Vec<(String, Content, usize)>,
}

/// Reads a text.
///
/// # Errors
/// [`FormatError`] for what gopkg.in/ini.v1 refuses, and for a key that stands twice in a section, of which it would keep one.
pub fn parse(text: String) -> Result<IniDocument, FormatError> {
    let text = Zeroizing::new(text);
    intake::check(&text)?;
    let mut document = parse::Parser::new(&text).run()?;
    document.text = text;
    Ok(document)
}

impl fmt::Debug for IniDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IniDocument({} values)", self.leaves.len())
    }
}

impl IniDocument {
    fn content<'a>(&'a self, leaf: &'a Leaf) -> &'a str {
        leaf.content.text(&self.text)
    }

    fn section_name(&self, section: &SectionSpan) -> &str {
        &self.keys[section.key]
    }
}

impl Format for IniDocument {
    fn text(&self) -> &str {
        &self.text
    }

    fn into_text(self: Box<Self>) -> Zeroizing<String> {
        self.text
    }

    fn reparse(&self, text: String, _reading: Option<&str>) -> Result<Box<dyn Format>, FormatError> {
        Ok(Box::new(parse(text)?))
    }

    fn events(&self) -> &[Event] {
        &self.events
    }

    fn key(&self, key: usize) -> &str {
        &self.keys[key]
    }

    fn value(&self, leaf: usize) -> Value<'_> {
        Value::Str(Cow::Borrowed(self.content(&self.leaves[leaf])))
    }

    fn span(&self, leaf: usize) -> Range<usize> {
        self.leaves[leaf].span.clone()
    }

    fn spell(&self, leaf: usize, value: &Value<'_>, out: &mut String) -> Result<(), Unspellable> {
        let leaf = &self.leaves[leaf];
        let rest = &self.text[leaf.span.end..intake::line_end(&self.text, leaf.span.end)];
        spell::value(&spell::text_of(value)?, leaf.style, rest, out)
    }

    fn comment(&self, comment: usize) -> Range<usize> {
        self.comments[comment].span.clone()
    }

    fn comment_text(&self, comment: usize) -> Cow<'_, str> {
        Cow::Borrowed(&self.comments[comment].text)
    }

    fn spell_comment(&self, comment: usize, text: &str, out: &mut String) {
        let comment = &self.comments[comment];
        spell::comment(text, &self.text[comment.span.clone()], self.line_break, out);
        if let CommentKind::Header(header) = &comment.kind {
            out.push_str(self.line_break);
            out.push_str(&self.text[header.clone()]);
        }
    }

    fn metadata(&self) -> Result<Option<Node>, FormatError> {
        let Some(metadata) = self.metadata.first() else {
            return Ok(None);
        };
        if let Some(second) = self.metadata.get(1) {
            return Err(FormatError::at(&self.text, second.span.start, "the section [sops] stands twice"));
        }
        let (mut line, mut at) = (1, 0);
        let rows = metadata.entries.iter().map(|(key, content, start)| {
            line += memchr::memchr_iter(b'\n', &self.text.as_bytes()[at..*start]).count();
            at = *start;
            (key.as_str(), content.text(&self.text).replace("\\n", "\n"), line)
        });
        let rows: Vec<_> = rows.collect();
        match unflatten(rows) {
            Ok(node) => Ok(Some(node)),
            Err(error) => Err(FormatError { line: error.line().max(1), column: 1, what: error.what() }),
        }
    }

    fn insert_metadata(&self, metadata: &Node, edits: &mut Edits) {
        place::insert(self, metadata, edits);
    }

    fn remove_metadata(&self, edits: &mut Edits) {
        place::remove(self, edits);
    }

    fn unrepresentable(&self) -> &[Unrepresentable] {
        &self.problems
    }

    fn set(&self, path: &KeyPath, value: &Node) -> Result<Change, PathError> {
        change::set(self, path, value)
    }

    fn unset(&self, path: &KeyPath) -> Result<Change, PathError> {
        change::unset(self, path)
    }
}
