//! A node as a neutral tree: aliases expanded, merge keys resolved. For configuration and metadata, never for the lossless path.

use std::collections::HashSet;

use super::document::Document;
use super::error::YamlError;
use super::node::{NodeId, NodeKind};
use super::walk::MAX_ALIAS_VISITS;
use crate::document::tree::{Key, Kind, Node};
use crate::document::value::Value;

/// Who decides what a plain scalar means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scalars {
    /// go-yaml v3, the reader inside sops.
    Sops,
    /// go-yaml v2, the reader of Kubernetes: `yes` and `on` are booleans, dates are text, keys may be numbers.
    Kubernetes,
}

struct Builder<'d> {
    document: &'d Document,
    scalars: Scalars,
    /// A byte and its line, to count on from.
    counted: (usize, usize),
    copies: usize,
    copied: usize,
    depth: usize,
}

impl Document {
    /// The tree below `id`.
    ///
    /// # Errors
    /// [`YamlError`] for a tag that contradicts its value, an integer beyond 64 bits, and aliases that expand without bound.
    pub fn tree(&self, id: NodeId) -> Result<Node, YamlError> {
        self.tree_as(id, Scalars::Sops)
    }

    /// [`Self::tree`], with scalars read as somebody else reads them.
    ///
    /// # Errors
    /// As [`Self::tree`].
    pub fn tree_as(&self, id: NodeId, scalars: Scalars) -> Result<Node, YamlError> {
        let start = self.span(id).start;
        let counted = (start, self.position(start).0);
        Builder { document: self, scalars, counted, copies: 0, copied: 0, depth: 0 }.node(id)
    }
}

impl Builder<'_> {
    fn fail<T>(&self, id: NodeId, problem: &'static str) -> Result<T, YamlError> {
        Err(YamlError::at(self.document.text().as_bytes(), self.document.span(id).start, problem))
    }

    /// The line of a node; cheap in the order of the text.
    fn line(&mut self, id: NodeId) -> usize {
        let (from, line) = self.counted;
        let to = self.document.span(id).start;
        let text = self.document.text().as_bytes();
        let line = if to >= from {
            line + memchr::memchr_iter(b'\n', &text[from..to]).count()
        } else {
            line - memchr::memchr_iter(b'\n', &text[to..from]).count()
        };
        self.counted = (to, line);
        line
    }

    fn node(&mut self, id: NodeId) -> Result<Node, YamlError> {
        self.depth += 1;
        self.copied += usize::from(self.copies > 0);
        if self.copied > MAX_ALIAS_VISITS || self.depth > 1024 {
            return self.fail(id, "aliases expand to more values than are allowed");
        }
        let line = self.line(id);
        let kind = match self.document.kind(id) {
            NodeKind::Scalar => self.scalar(id)?,
            NodeKind::List => {
                let document = self.document;
                Kind::List(document.items(id).map(|item| self.node(item)).collect::<Result<_, _>>()?)
            }
            NodeKind::Map => Kind::Map(self.map(id)?),
            NodeKind::Alias => {
                self.copies += 1;
                let node = self.node(self.document.resolve_alias(id))?;
                self.copies -= 1;
                node.kind
            }
        };
        self.depth -= 1;
        Ok(Node { line, kind })
    }

    fn scalar(&self, id: NodeId) -> Result<Kind, YamlError> {
        if self.scalars == Scalars::Kubernetes {
            return self.kubernetes_scalar(id);
        }
        Ok(match self.document.value(id) {
            Ok(Value::Null) => Kind::Null,
            Ok(Value::Bool(value)) => Kind::Bool(value),
            Ok(Value::Int(value)) => Kind::Int(value),
            Ok(Value::BigInt(_)) => return self.fail(id, "the integer is too large"),
            Ok(Value::Float(value)) => Kind::Float(value),
            Ok(Value::Time(value)) => Kind::Time(value),
            Ok(Value::Str(value)) => Kind::Str(value.into_owned()),
            Ok(Value::Bytes(_)) => return self.fail(id, "the value is not text"),
            Err(_) => return self.fail(id, "the value contradicts its tag"),
        })
    }

    /// go-yaml v2.4 `resolve`, as far as it differs.
    fn kubernetes_scalar(&self, id: NodeId) -> Result<Kind, YamlError> {
        let text = self.document.scalar_text(id);
        if self.document.is_plain(id) && self.document.tag(id).is_none() {
            match text.as_ref() {
                "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Ok(Kind::Bool(true)),
                "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => return Ok(Kind::Bool(false)),
                _ => {}
            }
        }
        Ok(match self.document.value(id) {
            Ok(Value::Null) => Kind::Null,
            Ok(Value::Bool(value)) => Kind::Bool(value),
            Ok(Value::Int(value)) => Kind::Int(value),
            Ok(Value::BigInt(value)) => Kind::Str(value.to_string()),
            Ok(Value::Float(value)) => Kind::Float(value),
            Ok(Value::Time(_)) => Kind::Str(text.into_owned()),
            Ok(Value::Str(value)) => Kind::Str(value.into_owned()),
            Ok(Value::Bytes(_)) => return self.fail(id, "the value is not text"),
            Err(_) => return self.fail(id, "the value contradicts its tag"),
        })
    }

    /// A key's text; with Kubernetes' reader, a number or boolean in the one spelling that it gives it.
    fn key(&self, key: NodeId) -> Result<String, YamlError> {
        if self.scalars == Scalars::Sops || self.document.kind(key) != NodeKind::Scalar {
            return Ok(self.document.key_text(key).into_owned());
        }
        Ok(match self.kubernetes_scalar(key)? {
            Kind::Bool(value) => value.to_string(),
            Kind::Int(value) => value.to_string(),
            Kind::Null => return self.fail(key, "a key is empty"),
            Kind::Str(text) => text,
            _ => self.document.key_text(key).into_owned(),
        })
    }

    fn map(&mut self, id: NodeId) -> Result<Vec<(Key, Node)>, YamlError> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut merged: Vec<(Key, Node)> = Vec::new();
        let mut names: HashSet<String> = HashSet::new();
        let document = self.document;
        for (key, value) in document.entries(id) {
            let name = self.key(key)?;
            let line = self.line(key);
            let node = self.node(value)?;
            if name == "<<" && self.document.is_plain(key) {
                merge(node, &mut merged);
            } else if !names.insert(name.clone()) {
                return self.fail(key, "a key stands twice in one mapping");
            } else {
                entries.push((Key { name, line }, node));
            }
        }
        for (key, node) in merged {
            if names.insert(key.name.clone()) {
                entries.push((key, node));
            }
        }
        Ok(entries)
    }
}

/// What comes first wins; the caller sees to that.
fn merge(node: Node, merged: &mut Vec<(Key, Node)>) {
    match node.kind {
        Kind::Map(entries) => merged.extend(entries),
        Kind::List(items) => items.into_iter().for_each(|item| merge(item, merged)),
        _ => {}
    }
}
