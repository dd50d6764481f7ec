//! Tests of the JSON engine.

mod change;
mod emit;
mod generate;
mod hostile;
mod metadata;
mod properties;
mod reading;

use super::{Dialect, JsonDocument, parse};
use crate::document::edits::Edits;
use crate::document::format::{Event, Format, Shape};
use crate::document::tree::{Key, Kind, Node};
use crate::document::value::Value;

fn strict(text: &str) -> JsonDocument {
    parse(text.to_owned(), Dialect::Strict).unwrap()
}

fn commented(text: &str) -> JsonDocument {
    parse(text.to_owned(), Dialect::Commented).unwrap()
}

fn kind(value: Value<'_>) -> Kind {
    match value {
        Value::Null => Kind::Null,
        Value::Bool(value) => Kind::Bool(value),
        Value::Int(value) => Kind::Int(value),
        Value::Float(value) => Kind::Float(value),
        Value::Str(text) => Kind::Str(text.into_owned()),
        _ => panic!("JSON has no such value"),
    }
}

/// The document as its events tell it, without lines.
fn tree(document: &dyn Format) -> Node {
    let mut events = document.events().iter();
    let root = node(document, *events.next().unwrap(), &mut events);
    assert!(events.next().is_none(), "one root");
    root
}

fn node<'e>(document: &dyn Format, event: Event, events: &mut impl Iterator<Item = &'e Event>) -> Node {
    let Event::Open(shape) = event else {
        let Event::Scalar(leaf) = event else { panic!("a value") };
        return Node::new(kind(document.value(leaf)));
    };
    let (mut entries, mut items) = (Vec::new(), Vec::new());
    loop {
        let event = *events.next().unwrap();
        match event {
            Event::Close => break,
            Event::Key(key) => {
                assert_eq!(shape, Shape::Map);
                let name = document.key(key).to_owned();
                let value = node(document, *events.next().unwrap(), events);
                entries.push((Key { name, line: 0 }, value));
            }
            Event::Item => {
                assert_eq!(shape, Shape::List);
                items.push(node(document, *events.next().unwrap(), events));
            }
            other => panic!("unexpected {other:?}"),
        }
    }
    Node::new(if shape == Shape::Map { Kind::Map(entries) } else { Kind::List(items) })
}

fn without_lines(node: &Node) -> Node {
    Node::new(match &node.kind {
        Kind::Map(entries) => Kind::Map(
            entries
                .iter()
                .map(|(key, value)| (Key { name: key.name.clone(), line: 0 }, without_lines(value)))
                .collect(),
        ),
        Kind::List(items) => Kind::List(items.iter().map(without_lines).collect()),
        other => other.clone(),
    })
}

/// A tree, for assertions that may show it: nothing here is secret.
fn show(node: &Node) -> String {
    let mut out = String::new();
    match &node.kind {
        Kind::Float(value) => out.push_str(&format!("{value:?}f")),
        Kind::Map(entries) => {
            entries.iter().for_each(|(key, value)| out.push_str(&format!("{:?}:{},", key.name, show(value))));
            out = format!("{{{out}}}");
        }
        Kind::List(items) => {
            items.iter().for_each(|item| out.push_str(&format!("{},", show(item))));
            out = format!("[{out}]");
        }
        Kind::Str(text) => out = format!("{text:?}"),
        Kind::Int(value) => out = value.to_string(),
        Kind::Bool(value) => out = value.to_string(),
        Kind::Null => out.push_str("null"),
        Kind::Time(text) => out = format!("time {text}"),
    }
    out
}

fn map(entries: Vec<(&str, Node)>) -> Node {
    Node::new(Kind::Map(entries.into_iter().map(|(name, node)| (Key { name: name.into(), line: 0 }, node)).collect()))
}

fn list(items: Vec<Node>) -> Node {
    Node::new(Kind::List(items))
}

fn int(value: i64) -> Node {
    Node::new(Kind::Int(value))
}

fn sample_metadata() -> Node {
    let age = map(vec![("enc", Node::text("-----BEGIN\nabc\n-----END\n")), ("recipient", Node::text("age1xyz"))]);
    map(vec![
        ("age", list(vec![age])),
        ("encrypted_regex", Node::text("^<&>$")),
        ("kms", Node::new(Kind::Null)),
        ("lastmodified", Node::text("2025-01-01T00:00:00Z")),
        ("pgp", list(vec![])),
        ("shamir_threshold", int(2)),
    ])
}

fn with_metadata(document: &dyn Format, metadata: &Node) -> String {
    let mut edits = Edits::default();
    document.insert_metadata(metadata, &mut edits);
    edits.apply(document.text()).to_string()
}

fn without_metadata(document: &dyn Format) -> String {
    let mut edits = Edits::default();
    document.remove_metadata(&mut edits);
    edits.apply(document.text()).to_string()
}
