//! A document of any format as a neutral tree, for those who look values up and write nothing.

use std::collections::HashMap;

use super::format::{Event, Format, PathError, Shape};
use super::path::{KeyPath, Step};
use super::tree::{Key, Kind, Node};
use super::value::Value;

/// A collection that is being gathered.
struct Open {
    node: Node,
    key: Option<usize>,
    /// Where each key stands, so that a table that is opened again is found.
    index: HashMap<String, usize>,
}

/// The whole document. What stands under one path in several places (tables that are opened again) is joined.
pub fn tree(document: &dyn Format) -> Node {
    let mut stack: Vec<Open> = Vec::new();
    let mut root = Node::new(Kind::Map(Vec::new()));
    let mut key = None;
    for event in document.events() {
        let (done, under) = match *event {
            Event::Key(at) => {
                key = Some(at);
                continue;
            }
            Event::Item | Event::Comment(_) => continue,
            Event::Open(shape) => {
                let open = stack.last_mut().and_then(|parent| parent.open_again(document, key, shape));
                let node = open.unwrap_or_else(|| Node::new(empty(shape)));
                let index = index_of(&node);
                stack.push(Open { node, key: key.take(), index });
                continue;
            }
            Event::Scalar(leaf) => (Node::new(scalar(document.value(leaf))), key.take()),
            Event::Close => match stack.pop() {
                Some(done) => (done.node, done.key),
                None => continue,
            },
        };
        match stack.last_mut() {
            Some(parent) => parent.add(under.map(|at| document.path_key(at)), done),
            None => root = done,
        }
    }
    root
}

fn empty(shape: Shape) -> Kind {
    match shape {
        Shape::Map => Kind::Map(Vec::new()),
        Shape::List => Kind::List(Vec::new()),
    }
}

fn index_of(node: &Node) -> HashMap<String, usize> {
    match &node.kind {
        Kind::Map(entries) => entries.iter().enumerate().map(|(at, (key, _))| (key.name.clone(), at)).collect(),
        _ => HashMap::new(),
    }
}

impl Open {
    /// What stands under `key` already, taken out to be added to.
    fn open_again(&mut self, document: &dyn Format, key: Option<usize>, shape: Shape) -> Option<Node> {
        let Kind::Map(entries) = &mut self.node.kind else { return None };
        let at = *self.index.get(document.path_key(key?))?;
        let kind = &mut entries[at].1.kind;
        let same = matches!((&*kind, shape), (Kind::Map(_), Shape::Map) | (Kind::List(_), Shape::List));
        same.then(|| Node::new(std::mem::replace(kind, Kind::Null)))
    }

    fn add(&mut self, key: Option<&str>, child: Node) {
        match (&mut self.node.kind, key) {
            (Kind::List(items), _) => items.push(child),
            (Kind::Map(entries), Some(name)) => match self.index.get(name) {
                Some(at) => entries[*at].1 = child,
                None => {
                    self.index.insert(name.to_owned(), entries.len());
                    entries.push((Key { name: name.to_owned(), line: 0 }, child));
                }
            },
            _ => {}
        }
    }
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
