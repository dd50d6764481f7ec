//! The tree of a parsed text, for formats whose document is one mapping: keys, leaves and comments by number, and where they are.
//!
//! A collection that the text writes in several pieces (TOML tables, HCL blocks of one type) is one node here, at the place of its
//! first piece: so every collection is opened once, and positions in lists are right.

pub(super) mod compare;
pub(super) mod lines;
#[cfg(test)]
pub(super) mod trial;

use std::collections::HashMap;
use std::ops::Range;

use super::format::{Event, FormatError, MAX_DEPTH, PathError, Shape};
use super::path::{KeyPath, Step};
use super::tree::{Key, Kind, Node};
use super::value::Value;
use lines::Lines;

/// A node by number; 0 is the root.
pub(super) type NodeId = usize;

/// The root mapping.
pub(super) const ROOT: NodeId = 0;

/// What stands in a collection.
#[derive(Clone, Copy)]
pub(super) enum Child {
    /// A key and its value.
    Entry { key: usize, node: NodeId },
    /// An item of a list.
    Item(NodeId),
    /// A comment.
    Comment(usize),
}

/// What a node is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A collection.
    Collection(Shape),
    /// A leaf, by number.
    Leaf(usize),
}

struct Branch {
    role: Role,
    depth: usize,
    parent: NodeId,
    children: Vec<Child>,
    /// The comments that belong to it; they stand before it.
    comments: Vec<usize>,
}

/// The tree.
pub(super) struct Outline {
    nodes: Vec<Branch>,
    keys: Vec<String>,
    leaves: Vec<Range<usize>>,
    comments: Vec<Range<usize>>,
    index: HashMap<(NodeId, String), NodeId>,
}

impl Outline {
    /// An empty mapping.
    pub(super) fn new() -> Self {
        let root = Branch {
            role: Role::Collection(Shape::Map),
            depth: 0,
            parent: ROOT,
            children: Vec::new(),
            comments: Vec::new(),
        };
        Self { nodes: vec![root], keys: Vec::new(), leaves: Vec::new(), comments: Vec::new(), index: HashMap::new() }
    }

    fn add(&mut self, parent: NodeId, role: Option<Shape>) -> NodeId {
        let role = match role {
            Some(shape) => Role::Collection(shape),
            None => {
                self.leaves.push(0..0);
                Role::Leaf(self.leaves.len() - 1)
            }
        };
        let depth = self.nodes[parent].depth + 1;
        self.nodes.push(Branch { role, depth, parent, children: Vec::new(), comments: Vec::new() });
        self.nodes.len() - 1
    }

    /// A new entry of a mapping; `None` for a shape is a leaf. The key must not be there yet.
    pub(super) fn entry(&mut self, map: NodeId, key: String, shape: Option<Shape>) -> NodeId {
        let node = self.add(map, shape);
        self.index.insert((map, key.clone()), node);
        self.keys.push(key);
        self.nodes[map].children.push(Child::Entry { key: self.keys.len() - 1, node });
        node
    }

    /// A new item of a list.
    pub(super) fn item(&mut self, list: NodeId, shape: Option<Shape>) -> NodeId {
        let node = self.add(list, shape);
        self.nodes[list].children.push(Child::Item(node));
        node
    }

    /// A comment of a collection, behind all that is in it so far.
    pub(super) fn comment(&mut self, collection: NodeId, span: Range<usize>) {
        self.comments.push(span);
        self.nodes[collection].children.push(Child::Comment(self.comments.len() - 1));
    }

    /// A comment of the value or collection `node`, wherever it is written. It stands before it in the collection around, so that
    /// a rule that goes by comments takes it for that one's, with all that is in it, and for no other's.
    pub(super) fn comment_on(&mut self, node: NodeId, span: Range<usize>) {
        self.comments.push(span);
        self.nodes[node].comments.push(self.comments.len() - 1);
    }

    /// Says where a leaf is.
    pub(super) fn locate(&mut self, node: NodeId, span: Range<usize>) {
        if let Role::Leaf(leaf) = self.nodes[node].role {
            self.leaves[leaf] = span;
        }
    }

    /// Refuses nodes that are too deep.
    pub(super) fn check_depth(&self, node: NodeId, text: &str, at: usize) -> Result<(), FormatError> {
        if self.nodes[node].depth > MAX_DEPTH {
            return Err(FormatError::at(text, at, "this is nested too deeply"));
        }
        Ok(())
    }

    /// The value of a key.
    pub(super) fn get(&self, map: NodeId, key: &str) -> Option<NodeId> {
        self.index.get(&(map, key.to_owned())).copied()
    }

    /// The last item of a list.
    pub(super) fn last_item(&self, list: NodeId) -> Option<NodeId> {
        self.nodes[list].children.iter().rev().find_map(|child| match child {
            Child::Item(node) => Some(*node),
            _ => None,
        })
    }

    /// How many items a list has.
    pub(super) fn len(&self, list: NodeId) -> usize {
        self.nodes[list].children.iter().filter(|child| matches!(child, Child::Item(_))).count()
    }

    /// What a node is.
    pub(super) fn role(&self, node: NodeId) -> Role {
        self.nodes[node].role
    }

    /// The collection around; the root's is itself.
    pub(super) fn parent(&self, node: NodeId) -> NodeId {
        self.nodes[node].parent
    }

    /// Keys, items and comments.
    pub(super) fn children(&self, node: NodeId) -> &[Child] {
        &self.nodes[node].children
    }

    /// Values and items, comments aside.
    pub(super) fn values(&self, node: NodeId) -> impl DoubleEndedIterator<Item = NodeId> {
        self.nodes[node].children.iter().filter_map(|child| match child {
            Child::Entry { node, .. } | Child::Item(node) => Some(*node),
            Child::Comment(_) => None,
        })
    }

    /// Whether `node` is `ancestor` or below it.
    pub(super) fn is_below(&self, mut node: NodeId, ancestor: NodeId) -> bool {
        while node != ancestor && node != ROOT {
            node = self.nodes[node].parent;
        }
        node == ancestor
    }

    /// The text of a key.
    pub(super) fn key(&self, key: usize) -> &str {
        &self.keys[key]
    }

    /// Where a leaf is.
    pub(super) fn span(&self, leaf: usize) -> Range<usize> {
        self.leaves[leaf].clone()
    }

    /// Where a comment is.
    pub(super) fn comment_span(&self, comment: usize) -> Range<usize> {
        self.comments[comment].clone()
    }

    /// The steps through the document; entries of the root that `hidden` knows are left out.
    pub(super) fn events(&self, hidden: impl Fn(&str) -> bool) -> Vec<Event> {
        let mut events = vec![Event::Open(Shape::Map)];
        let mut stack = vec![(ROOT, 0)];
        while let Some((node, at)) = stack.pop() {
            let Some(child) = self.nodes[node].children.get(at) else {
                events.push(Event::Close);
                continue;
            };
            stack.push((node, at + 1));
            let value = match *child {
                Child::Comment(comment) => {
                    events.push(Event::Comment(comment));
                    continue;
                }
                Child::Entry { key, node: value } => {
                    events.extend(self.nodes[value].comments.iter().copied().map(Event::Comment));
                    if node == ROOT && hidden(&self.keys[key]) {
                        continue;
                    }
                    events.push(Event::Key(key));
                    value
                }
                Child::Item(value) => {
                    events.extend(self.nodes[value].comments.iter().copied().map(Event::Comment));
                    events.push(Event::Item);
                    value
                }
            };
            match self.nodes[value].role {
                Role::Leaf(leaf) => events.push(Event::Scalar(leaf)),
                Role::Collection(shape) => {
                    events.push(Event::Open(shape));
                    stack.push((value, 0));
                }
            }
        }
        events
    }

    /// The deepest node on the path that exists, and how many steps lead there.
    pub(super) fn follow(&self, path: &KeyPath) -> (NodeId, usize) {
        let mut node = ROOT;
        for (at, step) in path.0.iter().enumerate() {
            let next = match (self.nodes[node].role, step) {
                (Role::Collection(Shape::Map), Step::Key(key)) => self.get(node, key),
                (Role::Collection(Shape::List), Step::Index(index)) => self.values(node).nth(*index),
                _ => None,
            };
            match next {
                Some(next) => node = next,
                None => return (node, at),
            }
        }
        (node, path.0.len())
    }

    /// Why the path ends at `node`.
    pub(super) fn why_not(&self, node: NodeId, path: &KeyPath, at: usize) -> PathError {
        match (self.nodes[node].role, path.0.get(at)) {
            (Role::Collection(Shape::Map), Some(Step::Key(_))) => PathError::Missing { at },
            (Role::Collection(Shape::List), Some(Step::Index(_))) => PathError::BeyondEnd { at, len: self.len(node) },
            _ => PathError::NotThere { at },
        }
    }

    /// The node at `path`, which is not empty.
    pub(super) fn find(&self, path: &KeyPath) -> Result<NodeId, PathError> {
        if path.is_root() || path.0.len() > MAX_DEPTH {
            return Err(PathError::BadPath);
        }
        let (node, at) = self.follow(path);
        if at == path.0.len() { Ok(node) } else { Err(self.why_not(node, path, at)) }
    }

    /// What is at and below a node. Nesting is bounded by [`MAX_DEPTH`].
    pub(super) fn tree<'a>(&self, node: NodeId, lines: &Lines, value: &impl Fn(usize) -> Value<'a>) -> Node {
        let shape = match self.nodes[node].role {
            Role::Leaf(leaf) => {
                return Node { line: lines.of(self.leaves[leaf].start), kind: kind_of(value(leaf)) };
            }
            Role::Collection(shape) => shape,
        };
        let mut line = 0;
        let mut entries = Vec::new();
        let mut items = Vec::new();
        for child in &self.nodes[node].children {
            match *child {
                Child::Comment(_) => {}
                Child::Entry { key, node } => {
                    let value = self.tree(node, lines, value);
                    line = if line == 0 { value.line } else { line };
                    entries.push((Key { name: self.keys[key].clone(), line: value.line }, value));
                }
                Child::Item(node) => {
                    let value = self.tree(node, lines, value);
                    line = if line == 0 { value.line } else { line };
                    items.push(value);
                }
            }
        }
        Node { line, kind: if shape == Shape::Map { Kind::Map(entries) } else { Kind::List(items) } }
    }
}

fn kind_of(value: Value<'_>) -> Kind {
    match value {
        Value::Null => Kind::Null,
        Value::Bool(value) => Kind::Bool(value),
        Value::Int(value) => Kind::Int(value),
        Value::BigInt(value) => Kind::Str(value.to_string()),
        Value::Float(value) => Kind::Float(value),
        Value::Time(text) => Kind::Time(text),
        Value::Str(text) => Kind::Str(text.into_owned()),
        Value::Bytes(_) => Kind::Null,
    }
}

/// `value` under the keys of `steps`.
pub(super) fn nest(steps: &[Step], value: &Node) -> Result<Node, PathError> {
    steps.iter().rev().try_fold(value.clone(), |inner, step| match step {
        Step::Key(name) => Ok(Node::new(Kind::Map(vec![(Key { name: name.clone(), line: 0 }, inner)]))),
        Step::Index(0) => Ok(Node::new(Kind::List(vec![inner]))),
        Step::Index(_) => Err(PathError::BeyondEnd { at: 0, len: 0 }),
    })
}

/// How deep a tree is: 1 for a leaf. Used before anything is written, which recurses.
pub(super) fn depth(node: &Node) -> usize {
    let mut deepest = 0;
    let mut stack = vec![(node, 1)];
    while let Some((node, level)) = stack.pop() {
        deepest = deepest.max(level);
        match &node.kind {
            Kind::List(items) => stack.extend(items.iter().map(|item| (item, level + 1))),
            Kind::Map(entries) => stack.extend(entries.iter().map(|(_, value)| (value, level + 1))),
            _ => {}
        }
    }
    deepest
}
