//! A neutral tree with line numbers: what configuration and metadata readers consume, and what metadata writers produce.
//! Aliases are expanded and merge keys resolved before a tree is handed out. Never used on the lossless path.

use std::fmt;

use zeroize::Zeroize;

/// One value and the line (from 1; 0 when it was not read from a file) it starts on.
#[derive(Clone, PartialEq)]
pub struct Node {
    /// Line of the first character, from 1.
    pub line: usize,
    /// What the value is.
    pub kind: Kind,
}

/// The kinds of value a SOPS tree knows.
#[derive(Clone, PartialEq)]
pub enum Kind {
    /// `null`, `~` or nothing at all.
    Null,
    /// A boolean.
    Bool(bool),
    /// A 64-bit signed integer.
    Int(i64),
    /// A 64-bit float.
    Float(f64),
    /// A timestamp, in RFC 3339 with the original offset.
    Time(String),
    /// Text.
    Str(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in document order.
    Map(Vec<(Key, Node)>),
}

/// A mapping key and the line it stands on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key {
    /// The key's text.
    pub name: String,
    /// Line, from 1.
    pub line: usize,
}

impl Node {
    /// A node that was not read from a file.
    pub fn new(kind: Kind) -> Self {
        Self { line: 0, kind }
    }

    /// Text that was not read from a file.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(Kind::Str(text.into()))
    }

    /// The value under `name` when this is a mapping that has it.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match &self.kind {
            Kind::Map(items) => items.iter().find(|(key, _)| key.name == name).map(|(_, node)| node),
            _ => None,
        }
    }
}

/// Wipes every value below, and leaves null. Keys are no secrets. Trees are as deep as the reader lets them be.
impl Zeroize for Node {
    fn zeroize(&mut self) {
        match &mut self.kind {
            Kind::Bool(state) => state.zeroize(),
            Kind::Int(number) => number.zeroize(),
            Kind::Float(number) => number.zeroize(),
            Kind::Time(text) | Kind::Str(text) => text.zeroize(),
            Kind::List(items) => items.iter_mut().for_each(Zeroize::zeroize),
            Kind::Map(items) => items.iter_mut().for_each(|(_, node)| node.zeroize()),
            Kind::Null => {}
        }
        self.kind = Kind::Null;
    }
}

/// Trees may hold secrets: only the shape is printed.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape = match &self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "bool",
            Kind::Int(_) => "int",
            Kind::Float(_) => "float",
            Kind::Time(_) => "time",
            Kind::Str(_) => "str",
            Kind::List(_) => "list",
            Kind::Map(_) => "map",
        };
        write!(f, "Node({shape} at line {})", self.line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree that `set` reads again was dropped without being wiped.
    #[test]
    fn a_tree_is_wiped() {
        let key = Key { name: "key".into(), line: 1 };
        let mut tree = Node::new(Kind::Map(vec![(key, Node::new(Kind::List(vec![Node::text("secret")])))]));
        tree.zeroize();
        assert!(tree.kind == Kind::Null);
    }
}
