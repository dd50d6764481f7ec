//! Where the metadata stands: the last entry of the top-level object, or the last item of a top-level array, put in and taken
//! out again without a trace.

use std::ops::Range;

use super::document::JsonDocument;
use super::emit::Layout;
use super::literal;
use super::style::Child;
use crate::document::edits::Edits;
use crate::document::format::{Event, Format, FormatError, Shape};
use crate::document::tree::{Key, Kind, Node};
use crate::document::value::Value;

/// The reserved key.
pub(super) const KEY: &str = "sops";

/// The steps of the metadata: a key and its value in an object, wherever it is; an item in an array, where it is last.
pub(super) fn find(document: &JsonDocument) -> Option<Range<usize>> {
    let steps = document.steps();
    let is_ours = |child: &Child| matches!(steps[child.step].event, Event::Key(key) if document.key(key) == KEY);
    let children = document.children(0);
    let child = match document.shape(0)? {
        Shape::Map => children.iter().find(|child| is_ours(child))?,
        Shape::List => {
            let last = children.last()?;
            let entry = (document.shape(last.value()) == Some(Shape::Map)).then(|| document.children(last.value()))?;
            let [entry] = entry.as_slice() else { return None };
            // Anything but an object is somebody's value.
            (is_ours(entry) && document.shape(entry.value()) == Some(Shape::Map)).then_some(last)?
        }
    };
    Some(child.step..steps[child.value()].next())
}

/// The metadata as a tree.
pub(super) fn read(document: &JsonDocument) -> Result<Option<Node>, FormatError> {
    let Some(range) = document.metadata_steps() else { return Ok(None) };
    // In an array: item, `{`, key, value.
    let value = if document.shape(0) == Some(Shape::List) { range.start + 3 } else { range.start + 1 };
    if document.shape(value) != Some(Shape::Map) {
        let start = document.steps()[value].span().start;
        return Err(FormatError::at(document.text(), start, "the \"sops\" entry is not an object"));
    }
    let start = document.steps()[value].span().start;
    let line = memchr::memchr_iter(b'\n', &document.text().as_bytes()[..start]).count() + 1;
    Ok(Some(Builder { document, counted: start, line }.node(value)))
}

impl JsonDocument {
    /// The whole document as a tree.
    pub fn tree(&self) -> Node {
        Builder { document: self, counted: 0, line: 1 }.node(0)
    }
}

struct Builder<'d> {
    document: &'d JsonDocument,
    /// Up to where line breaks are counted.
    counted: usize,
    line: usize,
}

impl Builder<'_> {
    /// The line of a place further on.
    fn line(&mut self, offset: usize) -> usize {
        self.line += memchr::memchr_iter(b'\n', &self.document.text().as_bytes()[self.counted..offset]).count();
        self.counted = offset;
        self.line
    }

    /// Deep as the document at most, which has a limit.
    fn node(&mut self, step: usize) -> Node {
        let document = self.document;
        let line = self.line(document.steps()[step].span().start);
        let Some(shape) = document.shape(step) else {
            return Node { line, kind: scalar(&document.text()[document.steps()[step].span()]) };
        };
        let mut entries = Vec::new();
        let mut items = Vec::new();
        for child in document.children(step) {
            if let Event::Key(key) = document.steps()[child.step].event {
                let line = self.line(child.span.start);
                entries.push((Key { name: document.key(key).to_owned(), line }, self.node(child.value())));
            } else {
                items.push(self.node(child.value()));
            }
        }
        Node { line, kind: if shape == Shape::Map { Kind::Map(entries) } else { Kind::List(items) } }
    }
}

fn scalar(token: &str) -> Kind {
    match literal::value(token) {
        Value::Bool(value) => Kind::Bool(value),
        Value::Int(value) => Kind::Int(value),
        Value::Float(value) => Kind::Float(value),
        Value::Str(text) => Kind::Str(text.into_owned()),
        _ => Kind::Null,
    }
}

/// Adds the metadata behind everything that stands before the closing bracket. A comma joins it to the last entry; where one
/// stands there already the metadata gets one behind it: that is how it is known later whose comma it was.
pub(super) fn insert(document: &JsonDocument, metadata: &Node, edits: &mut Edits) {
    let children = document.children(0);
    let gap = document.gap_before(0, &children, children.len());
    let own_line = match children.len() {
        0 => gap.line.map(|_| document.unit()),
        count => document.indent_of(&document.gap_before(0, &children, count - 1)),
    };
    let layout = Layout { go: true, ..document.layout(own_line) };
    let joined = !children.is_empty() && gap.comma.is_none();
    if let Some(last) = children.last().filter(|_| joined) {
        edits.replace(last.span.end..last.span.end, ",");
    }
    let mut text = String::new();
    if own_line.is_some() {
        layout.separate(false, 0, &mut text);
    } else if gap.open_comment {
        text.push_str(document.line_end());
    } else if !children.is_empty() && !layout.tight {
        text.push(' ');
    }
    // Metadata holds no number that JSON could not spell.
    let _ = match document.shape(0) {
        Some(Shape::List) => {
            let entry = (Key { name: KEY.to_owned(), line: 0 }, metadata.clone());
            layout.node(&Node::new(Kind::Map(vec![entry])), 0, &mut text)
        }
        _ => layout.entry(KEY, metadata, 0, &mut text),
    };
    if gap.comma.is_some() {
        text.push(',');
    }
    edits.replace(gap.last..gap.last, &text);
}

/// Takes it out, wherever in the object it stands.
pub(super) fn remove(document: &JsonDocument, edits: &mut Edits) {
    let Some(range) = document.metadata_steps() else { return };
    let children = document.children(0);
    let Some(at) = children.iter().position(|child| child.step == range.start) else { return };
    let before = document.gap_before(0, &children, at);
    let after = document.gap_before(0, &children, at + 1);
    let span = children[at].span.clone();
    // Its own comma goes with it, else the one that joined it to the entry before.
    let (end, comma) = match after.comma {
        Some(comma) if after.before_comma == span.end => (comma + 1, None),
        Some(comma) => (span.end, Some(comma)),
        None => (span.end, before.comma),
    };
    // A line comment before it must not swallow what comes next.
    let swallows = before.open_comment && !document.text()[end..].starts_with(['\n', '\r']);
    let start = if swallows { span.start } else { before.last };
    match comma {
        Some(comma) if comma + 1 == start => edits.replace(comma..end, ""),
        Some(comma) => {
            edits.replace(comma..comma + 1, "");
            edits.replace(start..end, "");
        }
        None => edits.replace(start..end, ""),
    }
}
