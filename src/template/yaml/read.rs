//! From YAML to values: go-yaml's tree, and what JSON leaves of it.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::YamlError;
use super::resolve::{Meaning, is_time, resolve};
use crate::document::yaml::{Document, NodeId, NodeKind};
use crate::template::encoding::decode_base64;
use crate::template::format::MAX_NESTING;
use crate::template::text::Text;
use crate::template::unicode::Runes;
use crate::template::value::{Element, Map, Value};

/// What becomes of numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::template) enum Numbers {
    /// All are floats, as Go's JSON has them.
    Floats,
    /// Integers of 64 bits with a sign stay what they are.
    Kept,
}

/// Brackets that are tried as the end of a document.
const MAX_BRACKETS: usize = 64;

/// Most values that aliases may make.
const MAX_COPIES: usize = 100_000;

/// The first document as any value; `more` is told of every value, and may refuse it.
pub(in crate::template) fn value(
    text: &[u8],
    numbers: Numbers,
    more: &dyn Fn(usize) -> bool,
) -> Result<Value, YamlError> {
    let document = document(text)?;
    if document.documents() == 0 {
        return Ok(Value::Nil);
    }
    Reader { document: &document, numbers, more, copies: 0, copied: 0 }.value(document.root(0), 0)
}

/// The first document as a `map[string]interface {}`; an empty one is an empty map.
pub(in crate::template) fn dict(text: &[u8], more: &dyn Fn(usize) -> bool) -> Result<Value, YamlError> {
    match value(text, Numbers::Floats, more)? {
        Value::Nil => Ok(Value::Map(Map::new(Element::Any, BTreeMap::new()))),
        map @ Value::Map(_) => Ok(map),
        other => Err(YamlError::Kind { line: 1, found: found(&other), wanted: "a mapping" }),
    }
}

fn found(value: &Value) -> &'static str {
    match value {
        Value::List(_) => "a list",
        Value::Map(_) => "a mapping",
        Value::Bool(_) => "a boolean",
        Value::Text(_) => "a text",
        _ => "a number",
    }
}

/// The first document as a `map[string]string`.
pub(super) fn texts(text: &[u8]) -> Result<BTreeMap<String, Text>, YamlError> {
    let document = document(text)?;
    if document.documents() == 0 {
        return Ok(BTreeMap::new());
    }
    let mut reader = Reader { document: &document, numbers: Numbers::Kept, more: &|_| true, copies: 0, copied: 0 };
    reader.texts(document.root(0))
}

/// The stream, or as much of it as holds the first document: go-yaml never looks at what follows.
fn document(text: &[u8]) -> Result<Document, YamlError> {
    let error = match Document::from_bytes(text.to_vec()) {
        Ok(document) => return Ok(document),
        Err(error) => error,
    };
    // a document in brackets ends with them
    let brackets = text.iter().enumerate().filter(|(_, byte)| matches!(byte, b'}' | b']')).take(MAX_BRACKETS);
    let mut ends = brackets.filter_map(|(at, _)| Document::from_bytes(text[..=at].to_vec()).ok());
    if let Some(first) = ends.find(|first| first.documents() > 0 && first.is_flow(first.root(0))) {
        return Ok(first);
    }
    // any other ends where something stands that no document can hold; after `%` go-yaml wants a directive
    if error.problem.starts_with("expected the start of a document") {
        let end = offset(text, error.line, error.column).filter(|end| text.get(*end) != Some(&b'%'));
        let first = end.and_then(|end| Document::from_bytes(text[..end].to_vec()).ok());
        if let Some(first) = first.filter(|first| first.documents() > 0) {
            return Ok(first);
        }
    }
    let whole = YamlError::Syntax { line: error.line, problem: error.problem };
    let mut from = 0;
    while let Some(line) = memchr::memchr(b'\n', &text[from..]) {
        from += line + 1;
        if text[from..].starts_with(b"---") || text[from..].starts_with(b"...") {
            match Document::from_bytes(text[..from].to_vec()) {
                Ok(first) if first.documents() > 0 => return Ok(first),
                Ok(_) => {}
                // what does not end here may still be whole at the next marker, but is rarely so: one try is enough
                Err(_) => break,
            }
        }
    }
    Err(whole)
}

/// The offset of a line and a column, both from 1.
fn offset(text: &[u8], line: usize, column: usize) -> Option<usize> {
    let start = match line {
        1 => 0,
        _ => memchr::memchr_iter(b'\n', text).nth(line.checked_sub(2)?)? + 1,
    };
    let characters = std::str::from_utf8(&text[start..]).ok()?.char_indices();
    Some(start + characters.map(|(at, _)| at).nth(column.checked_sub(1)?)?)
}

struct Reader<'d> {
    document: &'d Document,
    numbers: Numbers,
    more: &'d dyn Fn(usize) -> bool,
    copies: usize,
    copied: usize,
}

impl Reader<'_> {
    fn line(&self, id: NodeId) -> usize {
        self.document.position(self.document.span(id).start).0
    }

    fn syntax<T>(&self, id: NodeId, problem: &'static str) -> Result<T, YamlError> {
        Err(YamlError::Syntax { line: self.line(id), problem })
    }

    fn kind<T>(&self, id: NodeId, found: &'static str, wanted: &'static str) -> Result<T, YamlError> {
        Err(YamlError::Kind { line: self.line(id), found, wanted })
    }

    fn enter(&mut self, id: NodeId, depth: usize) -> Result<(), YamlError> {
        self.copied += usize::from(self.copies > 0);
        if depth > MAX_NESTING || self.copied > MAX_COPIES || !(self.more)(1) {
            return Err(YamlError::TooMuch { line: self.line(id) });
        }
        Ok(())
    }

    fn value(&mut self, id: NodeId, depth: usize) -> Result<Value, YamlError> {
        self.enter(id, depth)?;
        let document = self.document;
        match document.kind(id) {
            NodeKind::Alias => {
                self.copies += 1;
                let value = self.value(document.resolve_alias(id), depth + 1)?;
                self.copies -= 1;
                Ok(value)
            }
            NodeKind::List => {
                let items = document.items(id).map(|item| self.value(item, depth + 1)).collect::<Result<_, _>>()?;
                Ok(Value::list(items))
            }
            NodeKind::Map => {
                let mut entries = BTreeMap::new();
                self.entries(id, depth, &mut |reader, name, node| {
                    entries.insert(name.into(), reader.value(node, depth + 1)?);
                    Ok(())
                })?;
                Ok(Value::Map(Map::new(Element::Any, entries)))
            }
            NodeKind::Scalar => self.scalar_value(id),
        }
    }

    fn scalar_value(&self, id: NodeId) -> Result<Value, YamlError> {
        let (meaning, text) = self.scalar(id)?;
        let kept = self.numbers == Numbers::Kept;
        Ok(match meaning {
            Meaning::Null => Value::Nil,
            Meaning::Bool(value) => Value::Bool(value),
            Meaning::Int(value) if kept => Value::Int64(value),
            Meaning::Int(value) => Value::Float(value as f64),
            Meaning::Uint(value) => Value::Float(value as f64),
            Meaning::Float(value) if value.is_finite() => Value::Float(value),
            Meaning::Float(_) => return self.syntax(id, "JSON has no such number"),
            Meaning::Time | Meaning::Text => Value::Text(text),
        })
    }

    /// The meaning of a scalar, and its text as JSON can carry it.
    fn scalar(&self, id: NodeId) -> Result<(Meaning, Text), YamlError> {
        let text = self.document.scalar_text(id);
        let owned = |text: &str| Text::new(text.as_bytes().to_vec());
        let implicit = !self.document.span(id).is_empty() && !self.document.is_plain(id);
        let tag = match self.document.tag(id) {
            None if implicit => return Ok((Meaning::Text, owned(&text))),
            None => return Ok((resolve(&text), owned(&text))),
            Some(tag) => tag,
        };
        let meaning = resolve(&text);
        let fits = match (tag, meaning) {
            ("!!null", Meaning::Null)
            | ("!!bool", Meaning::Bool(_))
            | ("!!int", Meaning::Int(_) | Meaning::Uint(_))
            | ("!!float", Meaning::Float(_)) => meaning,
            ("!!float", Meaning::Int(value)) => Meaning::Float(value as f64),
            ("!!timestamp", _) if is_time(&text) => Meaning::Time,
            ("!!null" | "!!bool" | "!!int" | "!!float" | "!!timestamp", _) => {
                return self.syntax(id, "the value contradicts its tag");
            }
            ("!!binary", _) => {
                let Ok(bytes) = decode_base64(text.as_bytes()) else {
                    return self.syntax(id, "that is no base64");
                };
                return Ok((Meaning::Text, Text::new(lossy(&bytes))));
            }
            _ => Meaning::Text,
        };
        Ok((fits, owned(&text)))
    }

    /// Gives every entry to `entry`, merged ones where they are merged; what comes later replaces what was there.
    fn entries(
        &mut self,
        id: NodeId,
        depth: usize,
        entry: &mut dyn FnMut(&mut Self, String, NodeId) -> Result<(), YamlError>,
    ) -> Result<(), YamlError> {
        let document = self.document;
        for (key, value) in document.entries(id) {
            let merges = document.kind(key) == NodeKind::Scalar
                && matches!(document.tag(key), None | Some("!" | "!!merge"))
                && (document.is_plain(key) || document.tag(key).is_some())
                && document.scalar_text(key) == "<<";
            if merges {
                self.merge(value, depth + 1, entry)?;
                continue;
            }
            let name = self.key(key)?;
            entry(self, name, value)?;
        }
        Ok(())
    }

    fn merge(
        &mut self,
        id: NodeId,
        depth: usize,
        entry: &mut dyn FnMut(&mut Self, String, NodeId) -> Result<(), YamlError>,
    ) -> Result<(), YamlError> {
        const WANTED: &str = "a map merge requires a mapping or a list of mappings";
        self.enter(id, depth)?;
        let document = self.document;
        self.copies += 1;
        match document.kind(document.resolve_alias(id)) {
            NodeKind::Map => self.entries(document.resolve_alias(id), depth, entry)?,
            NodeKind::List if document.kind(id) == NodeKind::List => {
                let items: Vec<_> = document.items(id).collect();
                for item in items.into_iter().rev() {
                    let map = document.resolve_alias(item);
                    if document.kind(map) != NodeKind::Map {
                        return self.syntax(item, WANTED);
                    }
                    self.enter(item, depth)?;
                    self.entries(map, depth + 1, entry)?;
                }
            }
            _ => return self.syntax(id, WANTED),
        }
        self.copies -= 1;
        Ok(())
    }

    fn key(&mut self, id: NodeId) -> Result<String, YamlError> {
        let id = self.document.resolve_alias(id);
        if self.document.kind(id) != NodeKind::Scalar {
            return self.syntax(id, "a key is a mapping or a list");
        }
        let (meaning, text) = self.scalar(id)?;
        Ok(match meaning {
            Meaning::Null | Meaning::Uint(_) => return self.syntax(id, "a key is of a type that JSON has no keys of"),
            Meaning::Float(value) => match short(value).as_str() {
                "+Inf" => ".inf".into(),
                "-Inf" => "-.inf".into(),
                "NaN" => ".nan".into(),
                text => text.into(),
            },
            meaning => String::from_utf8_lossy(as_text(meaning, &text).bytes()).into_owned(),
        })
    }

    fn texts(&mut self, id: NodeId) -> Result<BTreeMap<String, Text>, YamlError> {
        let id = self.document.resolve_alias(id);
        match self.document.kind(id) {
            NodeKind::Map => {}
            NodeKind::List => return self.kind(id, "a list", "a mapping"),
            _ => {
                return match self.scalar(id)?.0 {
                    Meaning::Null => Ok(BTreeMap::new()),
                    Meaning::Bool(_) => self.kind(id, "a boolean", "a mapping"),
                    Meaning::Text | Meaning::Time => self.kind(id, "a text", "a mapping"),
                    _ => self.kind(id, "a number", "a mapping"),
                };
            }
        }
        let mut entries = BTreeMap::new();
        // a list or mapping that a later entry replaces does no harm
        let mut nested: BTreeMap<String, YamlError> = BTreeMap::new();
        self.entries(id, 0, &mut |reader, name, node| {
            let node = reader.document.resolve_alias(node);
            if reader.document.kind(node) == NodeKind::Scalar {
                let (meaning, text) = reader.scalar(node)?;
                nested.remove(&name);
                entries.insert(name, as_text(meaning, &text));
            } else {
                let found = found(&reader.value(node, 1)?);
                nested.insert(name, YamlError::Kind { line: reader.line(node), found, wanted: "a text" });
            }
            Ok(())
        })?;
        nested.into_values().next().map_or(Ok(entries), Err)
    }
}

/// What a scalar is as a Go string.
fn as_text(meaning: Meaning, text: &Text) -> Text {
    match meaning {
        Meaning::Null => Text::default(),
        Meaning::Bool(true) => "true".into(),
        Meaning::Bool(false) => "false".into(),
        Meaning::Int(value) => value.to_string().into(),
        Meaning::Uint(value) => value.to_string().into(),
        Meaning::Float(value) => short(value).into(),
        Meaning::Time | Meaning::Text => text.clone(),
    }
}

/// `strconv.FormatFloat(value, 'g', -1, 32)`: what a float of 32 bits does not hold is lost.
fn short(value: f64) -> String {
    #[allow(clippy::cast_possible_truncation, reason = "it is what the peer does")]
    let value = value as f32;
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    match scientific.split_once('e').map(|(digits, power)| (digits, power.parse::<i32>().unwrap_or_default())) {
        Some((digits, power)) if !(-4..6).contains(&power) => {
            format!("{digits}e{}{:02}", if power < 0 { '-' } else { '+' }, power.unsigned_abs())
        }
        _ => value.to_string(),
    }
}

/// As UTF-8, with the replacement character for each byte that is none.
fn lossy(bytes: &[u8]) -> Vec<u8> {
    let mut out = Zeroizing::new(Vec::with_capacity(bytes.len() * 3));
    for (next, _) in Runes(bytes) {
        out.extend_from_slice(next.encode_utf8(&mut [0; 4]).as_bytes());
    }
    std::mem::take(&mut *out)
}
