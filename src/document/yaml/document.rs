//! A YAML text and its nodes: byte spans over the original, values on request.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use zeroize::Zeroizing;

use super::conflict;
use super::error::{YamlError, position};
use super::node::{Extra, NONE, Node, NodeId, NodeKind, ScalarStyle};
use super::parse::{self, Parsed};
use super::scalar_text::{block_text, decode_flow};
use super::shape::{self, Problem};
use crate::document::scalar::{TagMismatch, resolve_plain, resolve_tagged};
use crate::document::value::Value;

/// Largest text that is read: offsets are 32 bits wide, and a file of secrets is never this big by intent.
pub const MAX_TEXT: usize = 1 << 30;

/// The original text of a YAML stream and what is where in it. The text is wiped on drop.
pub struct Document {
    text: Zeroizing<String>,
    parsed: Parsed,
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({} bytes)", self.text.len())
    }
}

impl Document {
    /// Parses a whole stream.
    ///
    /// # Errors
    /// [`YamlError`] with line and column for text that is not YAML, not UTF-8, or beyond a limit.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, YamlError> {
        // Its first bytes are also those of UTF-16.
        if bytes.starts_with(&[0xFF, 0xFE, 0, 0]) || bytes.starts_with(&[0, 0, 0xFE, 0xFF]) {
            return Err(YamlError { line: 1, column: 1, problem: "the text is UTF-32; convert it to UTF-8" });
        }
        if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
            return Err(YamlError { line: 1, column: 1, problem: "the text is UTF-16; convert it to UTF-8" });
        }
        match String::from_utf8(bytes) {
            Ok(text) => Self::parse(text),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let bytes = Zeroizing::new(error.into_bytes());
                Err(YamlError::at(&bytes, at, "the text is not UTF-8"))
            }
        }
    }

    /// Parses a whole stream.
    ///
    /// # Errors
    /// As [`Document::from_bytes`].
    pub fn parse(text: String) -> Result<Self, YamlError> {
        let text = Zeroizing::new(text);
        if text.len() >= MAX_TEXT {
            return Err(YamlError { line: 1, column: 1, problem: "the text is larger than 1 GiB" });
        }
        if let Some(at) = control_character(text.as_bytes()) {
            return Err(YamlError::at(text.as_bytes(), at, "found a control character"));
        }
        let start = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
        let parsed = parse::parse(&text, start).map_err(|error| conflict::in_broken(&text).unwrap_or(error))?;
        match conflict::in_document(&text) {
            Some(error) => Err(error),
            None => Ok(Self { text, parsed }),
        }
    }

    /// The original text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Takes the text back.
    pub fn into_text(self) -> Zeroizing<String> {
        self.text
    }

    pub(super) fn parsed(&self) -> &Parsed {
        &self.parsed
    }

    fn node(&self, id: NodeId) -> &Node {
        &self.parsed.nodes[id as usize]
    }

    pub(super) fn extra(&self, id: NodeId) -> Option<&Extra> {
        let row = self.node(id).extra;
        (row != NONE).then(|| &self.parsed.extras[row as usize])
    }

    /// How many documents the stream has.
    pub fn documents(&self) -> usize {
        self.parsed.roots.len()
    }

    /// The root node of a document.
    pub fn root(&self, document: usize) -> NodeId {
        self.parsed.roots[document].node
    }

    /// First byte of a document: after the end marker of the one before it.
    pub fn start(&self, document: usize) -> usize {
        self.parsed.roots[document].start
    }

    /// Where a document's content ends: the line of the next marker, or the end of the text.
    pub fn content_end(&self, document: usize) -> usize {
        self.parsed.roots[document].end
    }

    /// Whether a document is opened by `---`.
    pub fn has_marker(&self, document: usize) -> bool {
        self.parsed.roots[document].marker
    }

    /// End of the last scalar or alias of a node.
    pub fn last_leaf_end(&self, id: NodeId) -> usize {
        let node = self.node(id);
        match node.kind {
            NodeKind::Scalar | NodeKind::Alias => node.end as usize,
            _ if node.flow => node.end as usize,
            _ => self.children(id).last().map_or(node.start as usize, |last| self.last_leaf_end(last)),
        }
    }

    /// How many nodes there are; ids are below this.
    pub fn nodes(&self) -> usize {
        self.parsed.nodes.len()
    }

    /// Whether any alias occurs.
    pub fn has_aliases(&self) -> bool {
        self.parsed.aliases > 0
    }

    /// What a node is.
    pub fn kind(&self, id: NodeId) -> NodeKind {
        self.node(id).kind
    }

    /// The node's bytes, properties (tag, anchor) excluded; of a block scalar with its trailing empty lines.
    pub fn span(&self, id: NodeId) -> Range<usize> {
        let node = self.node(id);
        node.start as usize..node.end as usize
    }

    /// From the first property (tag or anchor) of the node to its end.
    pub fn full_span(&self, id: NodeId) -> Range<usize> {
        let span = self.span(id);
        let first = self
            .extra(id)
            .and_then(|extra| [&extra.anchor, &extra.tag].into_iter().flatten().map(|range| range.start).min());
        first.unwrap_or(span.start).min(span.start)..span.end
    }

    /// How a scalar is written.
    pub fn style(&self, id: NodeId) -> ScalarStyle {
        self.node(id).style
    }

    /// Whether the node stands inside a flow collection.
    pub fn in_flow(&self, id: NodeId) -> bool {
        self.node(id).in_flow
    }

    /// Whether a collection is written in flow style.
    pub fn is_flow(&self, id: NodeId) -> bool {
        self.node(id).flow
    }

    /// Block scalars: column of the content. Collections: column of their first token. Other scalars: indentation of the enclosing block, -1 at the root.
    pub fn indent(&self, id: NodeId) -> i32 {
        self.node(id).indent
    }

    /// A plain scalar that is really written (not an absent one).
    pub fn is_plain(&self, id: NodeId) -> bool {
        self.node(id).style == ScalarStyle::Plain
    }

    /// Indentation of the block that encloses a written scalar, -1 at the root.
    pub fn parent_indent(&self, id: NodeId) -> i32 {
        self.node(id).first as i32
    }

    /// The tag in short form.
    pub fn tag(&self, id: NodeId) -> Option<&str> {
        self.extra(id)?.tag_name.as_deref()
    }

    /// The text of the anchor with its `&`.
    pub fn anchor(&self, id: NodeId) -> Option<&str> {
        self.extra(id)?.anchor.clone().map(|range| &self.text[range])
    }

    /// The scalar's text after escapes and folding.
    pub fn scalar_text(&self, id: NodeId) -> Cow<'_, str> {
        let node = self.node(id);
        let raw = &self.text[self.span(id)];
        if !node.lines && node.style == ScalarStyle::Plain {
            Cow::Borrowed(raw)
        } else if node.style.is_block() {
            Cow::Owned(block_text(raw, usize::try_from(node.indent).unwrap_or(0)))
        } else {
            decode_flow(raw, node.style)
        }
    }

    /// The scalar's value as sops's reader resolves it. Text of several lines, or with escapes, is a copy: wipe it.
    ///
    /// # Errors
    /// [`TagMismatch`] when a tag contradicts the text.
    pub fn value(&self, id: NodeId) -> Result<Value<'_>, TagMismatch> {
        let text = self.scalar_text(id);
        let plain = self.is_plain(id);
        match (self.tag(id), text) {
            (Some(tag), text) => resolve_tagged(text, tag, plain),
            (None, Cow::Borrowed(text)) if plain => Ok(resolve_plain(text)),
            (None, text) if plain => resolve_tagged(text, "", true),
            (None, text) => Ok(Value::Str(text)),
        }
    }

    /// The node an alias stands for; the node itself otherwise.
    pub fn resolve_alias(&self, id: NodeId) -> NodeId {
        let node = self.node(id);
        if node.kind == NodeKind::Alias { node.first } else { id }
    }

    /// Children in order: items of a list, keys and values in turn of a mapping.
    fn children(&self, id: NodeId) -> Children<'_> {
        let node = self.node(id);
        let next = if matches!(node.kind, NodeKind::Map | NodeKind::List) { node.first } else { NONE };
        Children { document: self, next }
    }

    pub(super) fn last_child(&self, id: NodeId) -> Option<NodeId> {
        self.children(id).last()
    }

    /// Items of a list.
    pub fn items(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.children(id)
    }

    /// Keys and values of a mapping.
    pub fn entries(&self, id: NodeId) -> impl Iterator<Item = (NodeId, NodeId)> + '_ {
        let mut children = self.children(id);
        std::iter::from_fn(move || Some((children.next()?, children.next()?)))
    }

    /// The text of a key; aliases are followed.
    pub fn key_text(&self, key: NodeId) -> Cow<'_, str> {
        self.scalar_text(self.resolve_alias(key))
    }

    /// Bytes of a comment, from its `#` to the end of its line.
    pub fn comment(&self, row: u32) -> Range<usize> {
        let (start, end) = self.parsed.comments[row as usize];
        start as usize..end as usize
    }

    /// The text of a comment, without its `#`.
    pub fn comment_text(&self, row: u32) -> &str {
        let span = self.comment(row);
        &self.text[span.start + 1..span.end]
    }

    /// How many comment lines there are.
    pub fn comments(&self) -> usize {
        self.parsed.comments.len()
    }

    /// Line and column, both from 1, of a byte offset.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        position(self.text.as_bytes(), offset)
    }

    /// The lines, from 1, of byte offsets in the order of the text: one pass for all of them.
    pub fn lines(&self, mut offsets: Vec<usize>) -> Vec<usize> {
        offsets.sort_unstable();
        let (mut counted, mut line) = (0, 1);
        for offset in &mut offsets {
            let from = std::mem::replace(&mut counted, *offset);
            line += memchr::memchr_iter(b'\n', &self.text.as_bytes()[from..counted]).count();
            *offset = line;
        }
        offsets
    }

    /// Shapes that sops cannot represent, in the order of the text.
    pub fn problems(&self) -> Vec<Problem> {
        shape::find(self)
    }

    /// The line ending of the file: that of its first line.
    pub fn line_end(&self) -> &'static str {
        match memchr::memchr(b'\n', self.text.as_bytes()) {
            Some(at) if at > 0 && self.text.as_bytes()[at - 1] == b'\r' => "\r\n",
            _ => "\n",
        }
    }
}

struct Children<'a> {
    document: &'a Document,
    next: NodeId,
}

impl Iterator for Children<'_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        if self.next == NONE {
            return None;
        }
        let id = self.next;
        self.next = self.document.node(id).next;
        Some(id)
    }
}

/// The characters that YAML streams may not hold (YAML 1.1 §5.1; go-yaml `readerc.go`): the offset of the first.
fn control_character(text: &[u8]) -> Option<usize> {
    let bad_ascii = |byte: u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r') || byte == 0x7F;
    let clean = |chunk: &[u8]| chunk.iter().fold(false, |bad, byte| bad | bad_ascii(*byte) | (*byte >= 0xC2));
    for (index, chunk) in text.chunks(4096).enumerate() {
        if !clean(chunk) {
            continue;
        }
        for (offset, byte) in chunk.iter().enumerate() {
            let at = index * 4096 + offset;
            let bad = match byte {
                0xC2 => text.get(at + 1).is_some_and(|next| (0x80..0xA0).contains(next) && *next != 0x85),
                0xEF => matches!(text.get(at + 1..at + 3), Some([0xBF, 0xBE | 0xBF])),
                byte => bad_ascii(*byte),
            };
            if bad {
                return Some(at);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// UTF-32 was called a control character, or UTF-16.
    #[test]
    fn wide_encodings_are_named() {
        let problem = |bytes: &[u8]| Document::from_bytes(bytes.to_vec()).unwrap_err().problem;
        for utf_32 in [&b"\xFF\xFE\0\0a\0\0\0"[..], b"\0\0\xFE\xFF\0\0\0a"] {
            assert_eq!(problem(utf_32), "the text is UTF-32; convert it to UTF-8");
        }
        for utf_16 in [&b"\xFF\xFEa\0"[..], b"\xFE\xFF\0a"] {
            assert_eq!(problem(utf_16), "the text is UTF-16; convert it to UTF-8");
        }
    }

    /// Lines were counted from the start of the text for each warning: hours for so many.
    #[test]
    fn many_lines_are_counted_in_one_pass() {
        let document = Document::parse("# text of a comment\n\n".repeat(300_000)).unwrap();
        let offsets: Vec<usize> =
            (0..document.comments() as u32).rev().map(|row| document.comment(row).start).collect();
        let last = *offsets.iter().max().unwrap();
        let lines = document.lines(offsets);
        assert_eq!(lines.len(), document.comments());
        assert_eq!((lines[0], lines[1], *lines.last().unwrap()), (1, 3, document.position(last).0));
        assert!(document.lines(Vec::new()).is_empty());
    }
}
