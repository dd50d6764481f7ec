//! The metadata as flat names, as sops spells it in formats without nesting (sops 3.13.2 `stores/flatten.go`):
//! `sops_age__list_0__map_enc`.

use crate::document::format::MAX_DEPTH;
use crate::document::tree::{Key, Kind, Node};

const LIST: &str = "__list_";
const MAP: &str = "__map_";

/// Every leaf with its name; a null is left out, and so is an empty collection.
pub(super) fn flatten(prefix: &str, metadata: &Node) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    if let Kind::Map(entries) = &metadata.kind {
        for (key, value) in entries {
            walk(format!("{prefix}{}", key.name), value, MAX_DEPTH, &mut rows);
        }
    }
    rows
}

fn walk(name: String, node: &Node, depth: usize, rows: &mut Vec<(String, String)>) {
    let text = match &node.kind {
        Kind::Null => return,
        Kind::Bool(value) => value.to_string(),
        Kind::Int(value) => value.to_string(),
        Kind::Float(value) => value.to_string(),
        Kind::Time(text) | Kind::Str(text) => text.clone(),
        Kind::List(_) | Kind::Map(_) if depth == 0 => return,
        Kind::List(items) => {
            for (at, item) in items.iter().enumerate() {
                walk(format!("{name}{LIST}{at}"), item, depth - 1, rows);
            }
            return;
        }
        Kind::Map(entries) => {
            for (key, item) in entries {
                walk(format!("{name}{MAP}{}", key.name), item, depth - 1, rows);
            }
            return;
        }
    };
    rows.push((name, text));
}

/// Puts names (without prefix), values and their lines together again; `None` where they contradict each other.
pub(super) fn unflatten<'a>(rows: impl Iterator<Item = (&'a str, String, usize)>) -> Option<Node> {
    let mut root = Node::new(Kind::Map(Vec::new()));
    for (name, value, line) in rows {
        let mut node = &mut root;
        let mut rest = name;
        let (first, behind) = rest.split_at(next(rest));
        rest = behind;
        node = entry(node, first, line)?;
        for _ in 0..MAX_DEPTH {
            if let Some(behind) = rest.strip_prefix(LIST) {
                let (position, behind) = behind.split_at(next(behind));
                rest = behind;
                node = item(node, position.parse().ok()?, line)?;
            } else if let Some(behind) = rest.strip_prefix(MAP) {
                let (key, behind) = behind.split_at(next(behind));
                rest = behind;
                node = entry(node, key, line)?;
            }
        }
        if !rest.is_empty() || !is_new(node) {
            return None;
        }
        *node = Node { line, kind: Kind::Str(value) };
    }
    Some(root)
}

/// Where the next step begins.
fn next(text: &str) -> usize {
    [LIST, MAP].iter().filter_map(|step| text.find(step)).min().unwrap_or(text.len())
}

fn is_new(node: &Node) -> bool {
    matches!(node.kind, Kind::Null)
}

fn entry<'a>(node: &'a mut Node, name: &str, line: usize) -> Option<&'a mut Node> {
    if is_new(node) {
        *node = Node { line, kind: Kind::Map(Vec::new()) };
    }
    let Kind::Map(entries) = &mut node.kind else {
        return None;
    };
    let at = entries.iter().position(|(key, _)| key.name == name).unwrap_or(entries.len());
    if at == entries.len() {
        entries.push((Key { name: name.to_owned(), line }, Node { line, kind: Kind::Null }));
    }
    entries.get_mut(at).map(|(_, node)| node)
}

/// Positions are made in order: one far beyond the end is no list of ours.
fn item(node: &mut Node, at: usize, line: usize) -> Option<&mut Node> {
    if is_new(node) {
        *node = Node { line, kind: Kind::List(Vec::new()) };
    }
    let Kind::List(items) = &mut node.kind else {
        return None;
    };
    if at == items.len() {
        items.push(Node { line, kind: Kind::Null });
    }
    items.get_mut(at)
}
