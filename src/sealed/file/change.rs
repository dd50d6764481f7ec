//! Changing items by splicing. Whatever is handed out was read again: every object and item is what it was, but for those that
//! were to change.

use std::ops::Range;

use zeroize::Zeroizing;

use super::engine::{At, Engine};
use super::{Item, Object, SealedFile};
use crate::document::edits::Edits;
use crate::document::format::{self, Format, PathError};
use crate::document::path::{KeyPath, Step};
use crate::document::scalar::{Context, Style, spell};
use crate::document::tree::Node;
use crate::document::value::Value;
use crate::document::yaml::change::ChangeError as YamlChange;
use crate::document::yaml::{Document, NodeId, NodeKind, ScalarStyle};

/// What is to become of one item.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// The object, by its position in [`SealedFile::objects`].
    pub object: usize,
    /// The key of the item.
    pub key: &'a str,
    /// The base64 of the new value, for an item that is there or a new one; `None` removes it.
    pub to: Option<&'a str>,
}

/// An item that cannot be changed in place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// There is none.
    #[error("there is no item {key}")]
    NoSuchItem {
        /// Its key.
        key: String,
    },
    /// The key stands twice.
    #[error("line {line}: the key {key} stands twice")]
    Twice {
        /// The key.
        key: String,
        /// The line of the second one.
        line: usize,
    },
    /// Aliases elsewhere stand for its value.
    #[error("line {line}: other values refer to that of {key} by an alias")]
    Referred {
        /// The key.
        key: String,
        /// The line of the item.
        line: usize,
    },
    /// A splice there would change something else.
    #[error("line {line}: the text around {key} is written in a way that cannot be changed in place")]
    NoPlace {
        /// The key.
        key: String,
        /// The line of the item, or of the object.
        line: usize,
    },
}

/// Makes all changes: replacements in one go, then the others one by one.
pub(super) fn all(file: &SealedFile, changes: &[Change<'_>]) -> Result<Zeroizing<String>, ChangeError> {
    let mut edits = Edits::default();
    let mut others = Vec::new();
    for change in changes {
        let object = object(file, change)?;
        let item = only(object, change.key)?;
        match (item, change.to) {
            (Some(item), Some(text)) => match replacement(&file.engine, item, text)? {
                Some((span, text)) => edits.replace(span, &text),
                None => others.push(change),
            },
            (None, None) => return Err(ChangeError::NoSuchItem { key: change.key.to_owned() }),
            _ => others.push(change),
        }
    }
    let mut text = edits.apply(file.text());
    for change in &others {
        let current = again(text, file, change)?;
        text = single(&current, change)?;
    }
    verify(file, changes, text)
}

fn object<'f>(file: &'f SealedFile, change: &Change<'_>) -> Result<&'f Object, ChangeError> {
    file.objects.get(change.object).ok_or_else(|| ChangeError::NoSuchItem { key: change.key.to_owned() })
}

/// The item of that key, of which there is at most one.
fn only<'o>(object: &'o Object, key: &str) -> Result<Option<&'o Item>, ChangeError> {
    let mut items = object.items.iter().filter(|item| item.key == key);
    let first = items.next();
    match items.next() {
        Some(second) => Err(ChangeError::Twice { key: key.to_owned(), line: second.line }),
        None => Ok(first),
    }
}

fn no_place(file: &SealedFile, change: &Change<'_>) -> ChangeError {
    let object = file.objects.get(change.object);
    let item = object.and_then(|object| object.item(change.key));
    let line = item.map(|item| item.line).or_else(|| object.map(|object| object.line)).unwrap_or(1);
    ChangeError::NoPlace { key: change.key.to_owned(), line }
}

fn again(mut text: Zeroizing<String>, file: &SealedFile, change: &Change<'_>) -> Result<SealedFile, ChangeError> {
    let bytes = std::mem::take(&mut *text).into_bytes();
    SealedFile::read(bytes).map_err(|_| no_place(file, change))
}

/// The bytes that spell the value of an item, and how `text` is spelled there; `None` where that takes more than a splice.
fn replacement(engine: &Engine, item: &Item, text: &str) -> Result<Option<(Range<usize>, String)>, ChangeError> {
    let Engine::Yaml(document) = engine else {
        let span = engine.span(item.at);
        let is_scalar = !engine.text()[span.clone()].starts_with(['{', '[']);
        return Ok(is_scalar.then(|| (span, format!("\"{text}\""))));
    };
    let id = item.at.node;
    if document.anchor(id).is_some() && is_referred(document, id) {
        return Err(ChangeError::Referred { key: item.key.clone(), line: item.line });
    }
    let span = document.span(id);
    Ok(match (document.kind(id), document.style(id)) {
        (NodeKind::Alias, _) => Some((span, text.to_owned())),
        (NodeKind::Scalar, _) if document.tag(id).is_some_and(|tag| tag != "!!str") || span.is_empty() => None,
        (NodeKind::Scalar, ScalarStyle::Plain) => Some((span, text.to_owned())),
        (NodeKind::Scalar, ScalarStyle::Single) => Some((span, format!("'{text}'"))),
        (NodeKind::Scalar, ScalarStyle::Double) => Some((span, format!("\"{text}\""))),
        (NodeKind::Scalar, style) => in_block(document, id, style, text),
        _ => None,
    })
}

fn is_referred(document: &Document, id: NodeId) -> bool {
    let nodes = 0..NodeId::try_from(document.nodes()).unwrap_or(NodeId::MAX);
    document.has_aliases()
        && nodes.into_iter().any(|node| document.kind(node) == NodeKind::Alias && document.resolve_alias(node) == id)
}

/// The lines of a block scalar: as wide as they were where several are allowed. (Folding would put blanks into the base64.)
fn in_block(document: &Document, id: NodeId, style: ScalarStyle, text: &str) -> Option<(Range<usize>, String)> {
    let span = document.spot(id).span;
    let old = &document.text()[span.clone()];
    let body = old.trim_end_matches(['\n', '\r']);
    let first = body.lines().next()?;
    let lead = first.len() - first.trim_start_matches(' ').len();
    let width = first.trim().len();
    let several = style == ScalarStyle::Literal && body.lines().count() > 1 && width > 0;
    let width = if several { width } else { text.len() };
    let indent = " ".repeat(usize::try_from(document.indent(id)).ok()?);
    let mut out = " ".repeat(lead);
    for at in (0..text.len()).step_by(width.max(1)) {
        if at > 0 {
            out.push_str(document.line_end());
            out.push_str(&indent);
        }
        // base64 is ASCII
        out.push_str(text.get(at..text.len().min(at + width))?);
    }
    out.push_str(&old[body.len()..]);
    Some((span, out))
}

/// Adds or removes an item, or replaces one whose value is no scalar.
fn single(file: &SealedFile, change: &Change<'_>) -> Result<Zeroizing<String>, ChangeError> {
    let object = object(file, change)?;
    if let (None, Some(text)) = (object.item(change.key), change.to)
        && let Some((at, text)) = in_order(file, object, change.key, text)
    {
        let mut edits = Edits::default();
        edits.replace(at..at, &text);
        return Ok(edits.apply(file.text()));
    }
    let path = path(object, change.key);
    let refused = |error: YamlChange| match error {
        YamlChange::Missing { .. } => ChangeError::NoSuchItem { key: change.key.to_owned() },
        YamlChange::Referred => {
            let line = object.item(change.key).map_or(object.line, |item| item.line);
            ChangeError::Referred { key: change.key.to_owned(), line }
        }
        _ => no_place(file, change),
    };
    let part = object.place.part;
    match &file.engine {
        Engine::Yaml(document) => {
            let made = match change.to {
                Some(text) => document.set(part, &path, &Node::text(text)),
                None => document.unset(part, &path),
            };
            match made {
                Err(YamlChange::NoPlace) if change.to.is_none() => {
                    emptied(file, document, object).ok_or_else(|| no_place(file, change))
                }
                made => Ok(document.with(&made.map_err(refused)?)),
            }
        }
        Engine::Json(_) => {
            let place = file.engine.part(part).ok_or_else(|| no_place(file, change))?;
            let made = match change.to {
                Some(text) => place.document.set(&path, &Node::text(text)),
                None => place.document.unset(&path),
            };
            let made: format::Change = made.map_err(|error: PathError| refused(error.into()))?;
            let mut edits = Edits::default();
            edits.replace(place.start + made.span.start..place.start + made.span.end, &made.text);
            Ok(edits.apply(file.text()))
        }
    }
}

/// The only item is a block scalar, whose empty lines at the end the mapping that stays behind must not take.
fn emptied(file: &SealedFile, document: &Document, object: &Object) -> Option<Zeroizing<String>> {
    let data = object.place.data?;
    let [item] = object.items.as_slice() else {
        return None;
    };
    let text = document.text();
    let key = file.engine.entries(data).first()?.1;
    let span = document.span(item.at.node);
    let end = span.start + text[span].trim_end().len();
    let mut above = text[..key].trim_end();
    while let Some(line) = above.lines().next_back().filter(|line| line.trim_start().starts_with('#')) {
        above = above[..above.len() - line.len()].trim_end();
    }
    let line = text[..key].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
    let mut edits = Edits::default();
    edits.replace(above.len()..above.len(), " {}");
    edits.replace(line..line_end, "");
    above.ends_with(':').then(|| edits.apply(text))
}

fn path(object: &Object, key: &str) -> KeyPath {
    let member = object.place.member.map(|at| [Step::Key("items".into()), Step::Index(at)]);
    let keys = ["spec", "encryptedData", key].map(|key| Step::Key(key.to_owned()));
    KeyPath(member.into_iter().flatten().chain(keys).collect())
}

/// Where a new item goes and what is put in, when the keys are in order and it is not the last: its line stands alone then, and
/// no other changes. kubeseal writes them in that order.
fn in_order(file: &SealedFile, object: &Object, key: &str, text: &str) -> Option<(usize, String)> {
    if !object.items.is_sorted_by(|one, other| one.key < other.key) {
        return None;
    }
    let next = object.items.iter().find(|item| item.key.as_str() > key)?;
    let entries = file.engine.entries(object.place.data?);
    let (_, start, value) = entries.into_iter().find(|(name, _, _)| *name == next.key)?;
    match &file.engine {
        Engine::Yaml(document) => before_in_yaml(document, start, key, text),
        Engine::Json(_) => before_in_json(file, start, value, key, text),
    }
}

fn before_in_yaml(document: &Document, start: usize, key: &str, text: &str) -> Option<(usize, String)> {
    let before = &document.text()[..start];
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let indent = &before[line..];
    let above = before[..line].lines().next_back()?.trim_start();
    if indent.is_empty() || !indent.bytes().all(|byte| byte == b' ') || above.starts_with('#') {
        // it shares its line, or the comment above is about it
        return None;
    }
    let mut out = indent.to_owned();
    let context = Context { in_flow: false, is_key: true, parent_indent: -1, crlf: false, str_tag: false };
    spell(&Value::Str(key.into()), Style::Plain, &context, &mut out);
    out.push_str(": ");
    out.push_str(text);
    out.push_str(document.line_end());
    Some((line, out))
}

fn before_in_json(file: &SealedFile, start: usize, value: At, key: &str, text: &str) -> Option<(usize, String)> {
    let all = file.text();
    let before = all[..start].trim_end();
    if !before.ends_with(['{', ',']) {
        return None;
    }
    let gap = &all[before.len()..start];
    let key_end = start + 1 + all[start + 1..].find('"')? + 1;
    let colon = all[key_end..file.engine.span(value).start].trim_start_matches(|c| c != ':');
    let key = serde_json::to_string(key).ok()?;
    Some((start, format!("{key}{colon}\"{text}\",{gap}")))
}

/// Reads the outcome and compares.
fn verify(
    file: &SealedFile,
    changes: &[Change<'_>],
    text: Zeroizing<String>,
) -> Result<Zeroizing<String>, ChangeError> {
    let Some(first) = changes.first() else {
        return Ok(text);
    };
    let read = again(text.clone(), file, first)?;
    let wanted = |at: usize, object: &Object| {
        let mut items = contents(object);
        for change in changes.iter().filter(|change| change.object == at) {
            items.retain(|(key, _)| *key != change.key);
            items.extend(change.to.map(|to| (change.key.to_owned(), Some(to.to_owned()))));
        }
        items.sort();
        items
    };
    let same = read.objects.len() == file.objects.len()
        && read.secrets.len() == file.secrets.len()
        && file.objects.iter().zip(&read.objects).enumerate().all(|(at, (old, new))| {
            let mut items = contents(new);
            items.sort();
            old.label() == new.label() && old.title() == new.title() && wanted(at, old) == items
        });
    if same { Ok(text) } else { Err(no_place(file, first)) }
}

/// Keys and values, without the line ends that base64 may hold.
fn contents(object: &Object) -> Vec<(String, Option<String>)> {
    let text = |item: &Item| item.text.as_ref().map(|text| text.replace(['\n', '\r'], ""));
    object.items.iter().map(|item| (item.key.clone(), text(item))).collect()
}
