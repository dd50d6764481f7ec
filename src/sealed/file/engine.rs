//! The two lossless engines behind one face: nodes of maps, lists and texts, by handle.

use std::borrow::Cow;
use std::ops::Range;

use zeroize::{Zeroize, Zeroizing};

use super::FileError;
use crate::document::format::{Event, Format, FormatError, Shape};
use crate::document::json::{self, Dialect, JsonDocument};
use crate::document::value::Value;
use crate::document::yaml::{Document, NodeKind, YamlError};

/// A node: the document of the stream, and the node in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At {
    pub(super) part: usize,
    pub(super) node: u32,
}

/// A parsed text.
#[derive(Debug)]
pub(super) enum Engine {
    Yaml(Document),
    Json(Stream),
}

/// JSON values, one after the other.
#[derive(Debug)]
pub(super) struct Stream {
    text: Zeroizing<String>,
    parts: Vec<Part>,
}

/// One JSON value of a stream.
#[derive(Debug)]
pub(super) struct Part {
    /// Where its text begins in that of the stream.
    pub(super) start: usize,
    pub(super) document: JsonDocument,
    /// For every event that opens a collection, the one that closes it.
    ends: Vec<u32>,
}

/// A key, where it stands, and its value.
pub(super) type Entry<'e> = (Cow<'e, str>, usize, At);

impl From<YamlError> for FileError {
    fn from(error: YamlError) -> Self {
        Self { line: error.line, column: error.column, problem: error.problem }
    }
}

impl From<FormatError> for FileError {
    fn from(error: FormatError) -> Self {
        Self { line: error.line, column: error.column, problem: error.what }
    }
}

impl Engine {
    /// JSON where the text begins like it and is it, else YAML.
    pub(super) fn read(bytes: Vec<u8>) -> Result<Self, FileError> {
        let json = match std::str::from_utf8(&bytes).ok().and_then(split) {
            Some(ranges) => Stream::read(&bytes, &ranges),
            None => return Ok(Self::Yaml(Document::from_bytes(bytes)?)),
        };
        match json {
            Ok(mut stream) => {
                // the split has read it as text
                stream.text = Zeroizing::new(String::from_utf8(bytes).unwrap_or_default());
                Ok(Self::Json(stream))
            }
            // `{a: 1}` begins like JSON, too
            Err(error) => Document::from_bytes(bytes).map(Self::Yaml).map_err(|_| error),
        }
    }

    pub(super) fn text(&self) -> &str {
        match self {
            Self::Yaml(document) => document.text(),
            Self::Json(stream) => &stream.text,
        }
    }

    pub(super) fn roots(&self) -> Vec<At> {
        match self {
            Self::Yaml(document) => {
                (0..document.documents()).map(|part| At { part, node: document.root(part) }).collect()
            }
            Self::Json(stream) => (0..stream.parts.len()).map(|part| At { part, node: 0 }).collect(),
        }
    }

    /// The entries of a mapping, aliases followed; none of anything else.
    pub(super) fn entries(&self, at: At) -> Vec<Entry<'_>> {
        match self {
            Self::Yaml(document) => {
                let map = document.resolve_alias(at.node);
                if document.kind(map) != NodeKind::Map {
                    return Vec::new();
                }
                let entry = |(key, value)| {
                    (document.key_text(key), document.full_span(key).start, At { part: at.part, node: value })
                };
                document.entries(map).map(entry).collect()
            }
            Self::Json(stream) => stream.parts[at.part].entries(at),
        }
    }

    /// The items of a list, aliases not followed; none of anything else.
    pub(super) fn items(&self, at: At) -> Vec<At> {
        match self {
            Self::Yaml(document) if document.kind(at.node) == NodeKind::List => {
                document.items(at.node).map(|node| At { part: at.part, node }).collect()
            }
            Self::Yaml(_) => Vec::new(),
            Self::Json(stream) => stream.parts[at.part].items(at),
        }
    }

    pub(super) fn is_map(&self, at: At) -> bool {
        match self {
            Self::Yaml(document) => document.kind(document.resolve_alias(at.node)) == NodeKind::Map,
            Self::Json(stream) => {
                stream.parts[at.part].document.events().get(at.node as usize) == Some(&Event::Open(Shape::Map))
            }
        }
    }

    /// The text of a scalar that is text; `None` of any other.
    pub(super) fn string(&self, at: At) -> Option<Cow<'_, str>> {
        match self.value(at)? {
            Value::Str(text) => Some(text),
            mut other => {
                other.zeroize();
                None
            }
        }
    }

    /// What a text field becomes when a scalar of any type stands there; `None` of null and of collections.
    pub(super) fn coerced(&self, at: At) -> Option<String> {
        match self.value(at)? {
            Value::Str(text) => Some(text.into_owned()),
            Value::Bool(value) => Some(value.to_string()),
            Value::Null => None,
            mut other => {
                other.zeroize();
                match self {
                    Self::Yaml(document) => Some(document.scalar_text(document.resolve_alias(at.node)).into_owned()),
                    Self::Json(_) => Some(self.text()[self.span(at)].to_owned()),
                }
            }
        }
    }

    fn value(&self, at: At) -> Option<Value<'_>> {
        match self {
            Self::Yaml(document) => {
                let node = document.resolve_alias(at.node);
                let is_scalar = document.kind(node) == NodeKind::Scalar;
                is_scalar.then(|| document.value(node).ok()).flatten()
            }
            Self::Json(stream) => {
                let document = &stream.parts[at.part].document;
                match document.events().get(at.node as usize) {
                    Some(Event::Scalar(leaf)) => Some(document.value(*leaf)),
                    _ => None,
                }
            }
        }
    }

    /// The bytes of a node.
    pub(super) fn span(&self, at: At) -> Range<usize> {
        match self {
            Self::Yaml(document) => document.span(at.node),
            Self::Json(stream) => stream.parts[at.part].span(at.node as usize),
        }
    }

    /// Whether SOPS encrypted the document that `part` is.
    pub(super) fn is_sops(&self, part: usize, root: At) -> bool {
        match self {
            Self::Yaml(_) => self.entries(root).iter().any(|(key, _, value)| key == "sops" && self.is_map(*value)),
            Self::Json(stream) => !matches!(stream.parts[part].document.metadata(), Ok(None)),
        }
    }

    pub(super) fn part(&self, part: usize) -> Option<&Part> {
        match self {
            Self::Yaml(_) => None,
            Self::Json(stream) => stream.parts.get(part),
        }
    }
}

impl Stream {
    fn read(bytes: &[u8], ranges: &[Range<usize>]) -> Result<Self, FileError> {
        let mut parts = Vec::with_capacity(ranges.len());
        for range in ranges {
            let text = String::from_utf8_lossy(&bytes[range.clone()]).into_owned();
            let document = json::parse(text, Dialect::Strict).map_err(|error| {
                let lines = memchr::memchr_iter(b'\n', &bytes[..range.start]).count();
                FileError { line: error.line + lines, ..error.into() }
            })?;
            parts.push(Part::new(range.start, document));
        }
        Ok(Self { text: Zeroizing::default(), parts })
    }
}

impl Part {
    fn new(start: usize, document: JsonDocument) -> Self {
        let mut ends = vec![0; document.events().len()];
        let mut open = Vec::new();
        for (at, event) in document.events().iter().enumerate() {
            match event {
                Event::Open(_) => open.push(at),
                Event::Close => {
                    if let Some(begin) = open.pop() {
                        // offsets fit: the text is shorter than 1 GiB
                        ends[begin] = u32::try_from(at).unwrap_or(u32::MAX);
                    }
                }
                _ => {}
            }
        }
        Self { start, document, ends }
    }

    /// The bytes of an event, in the text of the stream.
    pub(super) fn span(&self, event: usize) -> Range<usize> {
        let span = self.document.place(event);
        self.start + span.start..self.start + span.end
    }

    /// The event after the value that begins at `event`.
    fn after(&self, event: usize) -> usize {
        match self.document.events().get(event) {
            Some(Event::Open(_)) => self.ends[event] as usize + 1,
            _ => event + 1,
        }
    }

    fn children(&self, at: At, shape: Shape) -> impl Iterator<Item = usize> + '_ {
        let events = self.document.events();
        let mut next = at.node as usize + 1;
        let is_open = events.get(at.node as usize) == Some(&Event::Open(shape));
        std::iter::from_fn(move || {
            let child = next;
            match events.get(child) {
                Some(Event::Key(_) | Event::Item) if is_open => {
                    next = self.after(child + 1);
                    Some(child)
                }
                _ => None,
            }
        })
    }

    fn entries(&self, at: At) -> Vec<Entry<'_>> {
        let entry = |child: usize| match self.document.events().get(child) {
            Some(Event::Key(key)) => {
                let value = At { part: at.part, node: child as u32 + 1 };
                Some((Cow::Borrowed(self.document.key(*key)), self.span(child).start, value))
            }
            _ => None,
        };
        self.children(at, Shape::Map).filter_map(entry).collect()
    }

    fn items(&self, at: At) -> Vec<At> {
        self.children(at, Shape::List).map(|child| At { part: at.part, node: child as u32 + 1 }).collect()
    }
}

/// Where the values of a text that looks like JSON are, blanks before them included; `None` when it does not.
fn split(text: &str) -> Option<Vec<Range<usize>>> {
    let bytes = text.as_bytes();
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    let mut at = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
    loop {
        at += bytes[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if at == bytes.len() {
            if let Some(last) = ranges.last_mut() {
                last.end = at;
            }
            return (!ranges.is_empty()).then_some(ranges);
        }
        if !matches!(bytes[at], b'{' | b'[') {
            return None;
        }
        at = value_end(bytes, at)?;
        ranges.push(start..at);
        start = at;
    }
}

/// The end of the collection that begins at `at`.
fn value_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    let (mut depth, mut quoted) = (0_usize, false);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}
