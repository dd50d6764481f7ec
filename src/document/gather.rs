//! A document of any format as a neutral tree, for those who look values up and write nothing.

use super::format::{Event, Format, PathError, Shape};
use super::path::{KeyPath, Step};
use super::tree::{Key, Kind, Node};
use super::value::Value;

/// The whole document. What stands under one path in several places (tables that are opened again) is joined.
pub fn tree(document: &dyn Format) -> Node {
    let mut stack: Vec<(Node, Option<usize>)> = Vec::new();
    let mut root = Node::new(Kind::Map(Vec::new()));
    let mut key = None;
    for event in document.events() {
        let done = match *event {
            Event::Key(at) => {
                key = Some(at);
                continue;
            }
            Event::Item | Event::Comment(_) => continue,
            Event::Open(shape) => {
                let kind = match shape {
                    Shape::Map => Kind::Map(Vec::new()),
                    Shape::List => Kind::List(Vec::new()),
                };
                stack.push((Node::new(kind), key.take()));
                continue;
            }
            Event::Scalar(leaf) => (Node::new(scalar(document.value(leaf))), key.take()),
            Event::Close => match stack.pop() {
                Some(done) => done,
                None => continue,
            },
        };
        match stack.last_mut() {
            Some((parent, _)) => add(parent, done.1.map(|at| document.path_key(at)), done.0),
            None => root = done.0,
        }
    }
    root
}

fn scalar(value: Value<'_>) -> Kind {
    match value {
        Value::Null => Kind::Null,
        Value::Bool(value) => Kind::Bool(value),
        Value::Int(value) => Kind::Int(value),
        Value::BigInt(value) => Kind::Str(value.to_string()),
        Value::Float(value) => Kind::Float(value),
        Value::Time(text) => Kind::Time(text),
        Value::Str(text) => Kind::Str(text.into_owned()),
        Value::Bytes(bytes) => Kind::Str(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

fn add(parent: &mut Node, key: Option<&str>, child: Node) {
    match (&mut parent.kind, key) {
        (Kind::List(items), _) => items.push(child),
        (Kind::Map(entries), Some(name)) => {
            let same = entries.iter_mut().find(|(key, _)| key.name == name).map(|(_, node)| node);
            match (same.map(|node| &mut node.kind), child.kind) {
                (Some(Kind::Map(old)), Kind::Map(new)) => {
                    for (key, node) in new {
                        let mut parent = Node::new(Kind::Map(std::mem::take(old)));
                        add(&mut parent, Some(&key.name), node);
                        if let Kind::Map(joined) = parent.kind {
                            *old = joined;
                        }
                    }
                }
                (Some(Kind::List(old)), Kind::List(new)) => old.extend(new),
                (_, kind) => entries.push((Key { name: name.to_owned(), line: 0 }, Node::new(kind))),
            }
        }
        _ => {}
    }
}

/// What stands at `path`.
///
/// # Errors
/// [`PathError`], with how far the path goes.
pub fn find<'a>(root: &'a Node, path: &KeyPath) -> Result<&'a Node, PathError> {
    let mut node = root;
    for (at, step) in path.0.iter().enumerate() {
        node = match (&node.kind, step) {
            (Kind::Map(_), Step::Key(name)) => node.get(name).ok_or(PathError::Missing { at })?,
            (Kind::List(items), Step::Index(index)) => {
                items.get(*index).ok_or(PathError::BeyondEnd { at, len: items.len() })?
            }
            _ => return Err(PathError::NotThere { at }),
        };
    }
    Ok(node)
}
