//! Fields of a mapping, read as weakly as sops does (the mapstructure library with `WeaklyTypedInput`).

use std::borrow::Cow;

use super::MetadataError;
use crate::document::tree::{Key, Kind, Node};

/// A mapping of the metadata and where it is.
pub(super) struct Fields<'a> {
    items: &'a [(Key, Node)],
    /// `age[0].` and the like, for messages.
    place: String,
}

impl<'a> Fields<'a> {
    /// The whole block.
    pub(super) fn top(items: &'a [(Key, Node)]) -> Self {
        Self { items, place: String::new() }
    }

    /// A field's name with its place.
    pub(super) fn path(&self, name: &str) -> String {
        format!("{}{name}", self.place)
    }

    /// The exact name wins over one in other letters.
    pub(super) fn get(&self, name: &str) -> Option<&'a Node> {
        let exact = self.items.iter().find(|(key, _)| key.name == name);
        exact.or_else(|| self.items.iter().find(|(key, _)| key.name.eq_ignore_ascii_case(name))).map(|(_, value)| value)
    }

    fn wrong(&self, name: &str, expected: &'static str, node: &Node) -> MetadataError {
        MetadataError::WrongType { field: self.path(name), expected, line: node.line }
    }

    /// Text; empty when missing.
    pub(super) fn text(&self, name: &str) -> Result<String, MetadataError> {
        Ok(self.text_and_line(name)?.0)
    }

    /// Text and its line; empty, on line 0, when missing.
    pub(super) fn text_and_line(&self, name: &str) -> Result<(String, usize), MetadataError> {
        let Some(node) = self.get(name) else {
            return Ok((String::new(), 0));
        };
        match scalar_text(node) {
            Some(text) => Ok((text.into_owned(), node.line)),
            None => Err(self.wrong(name, "text", node)),
        }
    }

    /// A number that is not negative; 0 when missing.
    pub(super) fn number(&self, name: &str) -> Result<usize, MetadataError> {
        let Some(node) = self.get(name) else {
            return Ok(0);
        };
        let number = match &node.kind {
            Kind::Null => Some(0),
            Kind::Bool(value) => Some(usize::from(*value)),
            Kind::Int(value) => usize::try_from(*value).ok(),
            Kind::Float(value) if value.fract() == 0.0 && (0.0..1e9).contains(value) => format!("{value}").parse().ok(),
            Kind::Str(text) if text.is_empty() => Some(0),
            Kind::Str(text) => text.parse().ok(),
            _ => None,
        };
        number.ok_or_else(|| self.wrong(name, "a number that is not negative", node))
    }

    /// A yes or no; no when missing.
    pub(super) fn flag(&self, name: &str) -> Result<bool, MetadataError> {
        let Some(node) = self.get(name) else {
            return Ok(false);
        };
        let flag = match &node.kind {
            Kind::Null => Some(false),
            Kind::Bool(value) => Some(*value),
            Kind::Int(value) => Some(*value != 0),
            Kind::Float(value) => Some(*value != 0.0),
            // the spellings of Go's ParseBool
            Kind::Str(text) => match text.as_str() {
                "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
                "" | "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
                _ => None,
            },
            _ => None,
        };
        flag.ok_or_else(|| self.wrong(name, "true or false", node))
    }

    /// A list of mappings. Null, `{}` and a missing field are an empty list; one mapping is a list of one.
    pub(super) fn list(&self, name: &str) -> Result<Vec<Fields<'a>>, MetadataError> {
        let Some(node) = self.get(name) else {
            return Ok(vec![]);
        };
        let inner =
            |at: usize, items: &'a [(Key, Node)]| Fields { items, place: format!("{}[{at}].", self.path(name)) };
        match &node.kind {
            Kind::Null => Ok(vec![]),
            Kind::Map(items) if items.is_empty() => Ok(vec![]),
            Kind::Map(items) => Ok(vec![inner(0, items)]),
            Kind::List(nodes) => nodes
                .iter()
                .enumerate()
                .map(|(at, node)| match &node.kind {
                    Kind::Map(items) => Ok(inner(at, items)),
                    Kind::Null => Ok(inner(at, &[])),
                    _ => Err(self.wrong(&format!("{name}[{at}]"), "a mapping", node)),
                })
                .collect(),
            _ => Err(self.wrong(name, "a list", node)),
        }
    }

    /// A mapping of names to text. Nulls are left out, as they are before use.
    pub(super) fn pairs(&self, name: &str) -> Result<Vec<(String, String)>, MetadataError> {
        let wrong = |node| Err(self.wrong(name, "a mapping of names to text", node));
        let Some(node) = self.get(name) else {
            return Ok(vec![]);
        };
        let items = match &node.kind {
            Kind::Map(items) => items,
            Kind::Null => return Ok(vec![]),
            Kind::List(nodes) if nodes.is_empty() => return Ok(vec![]),
            _ => return wrong(node),
        };
        let mut pairs = Vec::with_capacity(items.len());
        for (key, value) in items {
            match (&value.kind, scalar_text(value)) {
                (Kind::Null, _) => {}
                (_, Some(text)) => pairs.push((key.name.clone(), text.into_owned())),
                (_, None) => return wrong(value),
            }
        }
        Ok(pairs)
    }
}

/// A scalar as text: whole numbers and floats in decimal, booleans as `1` and `0`, null as nothing.
fn scalar_text(node: &Node) -> Option<Cow<'_, str>> {
    Some(match &node.kind {
        Kind::Null => Cow::Borrowed(""),
        Kind::Bool(value) => Cow::Borrowed(if *value { "1" } else { "0" }),
        Kind::Int(value) => Cow::Owned(value.to_string()),
        Kind::Float(value) => Cow::Owned(value.to_string()),
        Kind::Time(text) | Kind::Str(text) => Cow::Borrowed(text),
        Kind::List(nodes) if nodes.is_empty() => Cow::Borrowed(""),
        Kind::List(_) | Kind::Map(_) => return None,
    })
}
