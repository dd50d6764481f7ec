//! Reading a tree while collecting everything that is wrong with it.

use super::problem::Problem;
use crate::document::near::nearest;
use crate::document::tree::{Key, Kind, Node};

/// What was found so far.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) problems: Vec<(usize, Problem)>,
    pub(super) warnings: Vec<(usize, String)>,
}

/// A mapping's entries. Names are told apart by case, as the YAML library of sops does.
pub(super) struct Mapping<'a> {
    pub(super) items: &'a [(Key, Node)],
}

impl<'a> Mapping<'a> {
    /// The entry, unless it is missing or null.
    pub(super) fn entry(&self, name: &str) -> Option<(&'a Key, &'a Node)> {
        self.items.iter().find(|(key, node)| key.name == name && node.kind != Kind::Null).map(|(key, node)| (key, node))
    }

    /// The value, unless it is missing or null.
    pub(super) fn get(&self, name: &str) -> Option<&'a Node> {
        self.entry(name).map(|(_, node)| node)
    }
}

impl Reader {
    pub(super) fn problem(&mut self, line: usize, problem: Problem) {
        self.problems.push((line, problem));
    }

    pub(super) fn wrong_type(&mut self, line: usize, field: &str, expected: &'static str) {
        self.problem(line, Problem::WrongType { field: field.to_owned(), expected });
    }

    pub(super) fn warn(&mut self, line: usize, text: String) {
        self.warnings.push((line, text));
    }

    /// Names that sops would ignore. `others` are names that mean something elsewhere, with the one that is right here.
    pub(super) fn warn_unknown(&mut self, mapping: &Mapping<'_>, known: &[&str], others: &[(&str, &str)]) {
        for (key, _) in mapping.items {
            if known.contains(&key.name.as_str()) {
                continue;
            }
            let elsewhere = others.iter().find(|(name, _)| *name == key.name).map(|(_, right)| *right);
            let hint = match elsewhere.or_else(|| nearest(&key.name, known)) {
                Some(name) => format!("; did you mean `{name}`?"),
                None => String::new(),
            };
            self.warn(key.line, format!("`{}` is unknown and is ignored{hint}", key.name));
        }
    }

    /// A mapping; null is an empty one.
    pub(super) fn mapping<'a>(&mut self, node: &'a Node, field: &str) -> Option<Mapping<'a>> {
        match &node.kind {
            Kind::Map(items) => Some(Mapping { items }),
            Kind::Null => Some(Mapping { items: &[] }),
            _ => {
                self.wrong_type(node.line, field, "a mapping");
                None
            }
        }
    }

    /// A list; null is an empty one.
    pub(super) fn list<'a>(&mut self, node: &'a Node, field: &str) -> &'a [Node] {
        match &node.kind {
            Kind::List(nodes) => nodes,
            Kind::Null => &[],
            _ => {
                self.wrong_type(node.line, field, "a list");
                &[]
            }
        }
    }

    /// Text that is not empty.
    pub(super) fn text(&mut self, mapping: &Mapping<'_>, field: &str) -> Option<String> {
        let node = mapping.get(field)?;
        match &node.kind {
            Kind::Str(text) if text.is_empty() => None,
            Kind::Str(text) => Some(text.clone()),
            _ => {
                self.wrong_type(node.line, field, "text (put it in quotes)");
                None
            }
        }
    }

    /// A yes or no; no when missing.
    pub(super) fn flag(&mut self, mapping: &Mapping<'_>, field: &str) -> bool {
        match mapping.get(field).map(|node| (node.line, &node.kind)) {
            None => false,
            Some((_, Kind::Bool(value))) => *value,
            Some((line, _)) => {
                self.wrong_type(line, field, "true or false");
                false
            }
        }
    }

    /// A number that is not negative; 0 when missing.
    pub(super) fn number(&mut self, mapping: &Mapping<'_>, field: &str) -> usize {
        let Some(node) = mapping.get(field) else {
            return 0;
        };
        let number = match &node.kind {
            Kind::Int(number) => usize::try_from(*number).ok(),
            _ => None,
        };
        number.unwrap_or_else(|| {
            self.wrong_type(node.line, field, "a number that is not negative");
            0
        })
    }

    /// Keys as text with their lines: one string with commas, or a list of such strings. Blanks around them and empty
    /// ones are dropped.
    pub(super) fn key_texts<'a>(&mut self, node: &'a Node, field: &str) -> Vec<(usize, &'a str)> {
        let strings: &[Node] = match &node.kind {
            Kind::List(nodes) => nodes,
            Kind::Str(_) => std::slice::from_ref(node),
            _ => {
                self.wrong_type(node.line, field, "text or a list of texts");
                &[]
            }
        };
        let mut texts = vec![];
        for string in strings {
            match &string.kind {
                Kind::Str(text) => {
                    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                    texts.extend(parts.map(|part| (string.line, part)));
                }
                _ => self.wrong_type(string.line, field, "a list of texts (put them in quotes)"),
            }
        }
        texts
    }
}
