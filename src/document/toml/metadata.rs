//! The metadata: a table `sops` behind everything else.

use std::ops::Range;

use super::{How, SOPS, Toml, spell};
use crate::document::edits::Edits;
use crate::document::format::FormatError;
use crate::document::outline::lines::{self, Lines, append_block, cut_block};
use crate::document::outline::{NodeId, ROOT};
use crate::document::tree::{Key, Kind, Node};

/// The metadata as a tree.
pub(super) fn read(toml: &Toml) -> Result<Option<Node>, FormatError> {
    let Some(node) = toml.outline.get(ROOT, SOPS) else {
        return Ok(None);
    };
    let lines = Lines::new(&toml.text);
    Ok(Some(toml.outline.tree(node, &lines, &|leaf| super::scalar::value(toml.raw(leaf), toml.kinds[leaf]))))
}

/// Appends the table.
pub(super) fn insert(text: &str, metadata: &Node, edits: &mut Edits) {
    append_block(text, edits, 0, |line_end, out| {
        let Kind::Map(entries) = &metadata.kind else {
            return;
        };
        header("[", &[SOPS], "]", line_end, out);
        let is_table = |node: &Node| match &node.kind {
            Kind::Map(_) => true,
            Kind::List(items) => !items.is_empty() && items.iter().all(|item| matches!(item.kind, Kind::Map(_))),
            _ => false,
        };
        self::entries(entries.iter().filter(|(_, node)| !is_table(node)), line_end, out);
        for (key, node) in entries.iter().filter(|(_, node)| is_table(node)) {
            let (open, close, tables) = match &node.kind {
                Kind::List(items) => ("[[", "]]", items.as_slice()),
                _ => ("[", "]", std::slice::from_ref(node)),
            };
            for table in tables {
                out.push_str(line_end);
                header(open, &[SOPS, &key.name], close, line_end, out);
                if let Kind::Map(inside) = &table.kind {
                    self::entries(inside.iter(), line_end, out);
                }
            }
        }
    });
}

fn header(open: &str, keys: &[&str], close: &str, line_end: &str, out: &mut String) {
    out.push_str(open);
    spell::keys(keys, out);
    out.push_str(close);
    out.push_str(line_end);
}

/// One line an entry. A null is left out: TOML has none, and a field that is not there means the same.
fn entries<'a>(entries: impl Iterator<Item = &'a (Key, Node)>, line_end: &str, out: &mut String) {
    for (key, node) in entries {
        let start = out.len();
        spell::key(&key.name, out);
        out.push_str(" = ");
        let written = match &node.kind {
            // What age wraps has several lines.
            Kind::Str(text) if text.trim_end().contains('\n') && !text.contains('\r') => {
                let style = spell::Style::MultiBasic(line_end);
                // The text has line feeds; with other line ends the file would have both.
                let style = if line_end == "\n" { style } else { spell::Style::Basic };
                spell::inline(node, style, out)
            }
            // A time that is not one stays text.
            Kind::Time(text) => spell::inline(node, spell::Style::Basic, out).or_else(|_| {
                spell::basic(text, out);
                Ok(())
            }),
            _ => spell::inline(node, spell::Style::Basic, out),
        };
        match written {
            Ok(()) => out.push_str(line_end),
            Err(_) => out.truncate(start),
        }
    }
}

/// Takes the table out.
pub(super) fn remove(toml: &Toml, edits: &mut Edits) {
    if let Some(node) = toml.outline.get(ROOT, SOPS) {
        for piece in pieces(toml, node) {
            edits.replace(cut_block(&toml.text, piece), "");
        }
    }
}

/// The whole lines that make `node`, which is not inside an inline table or an array.
pub(super) fn pieces(toml: &Toml, node: NodeId) -> Vec<Range<usize>> {
    let text = &toml.text;
    let lines_of = |span: Range<usize>| lines::line_start(text, span.start)..lines::next_line(text, span.end);
    let mut pieces = Vec::new();
    let mut stack = vec![node];
    while let Some(node) = stack.pop() {
        match toml.sites[node].how {
            How::Value | How::Inline => pieces.push(lines_of(toml.sites[node].entry..toml.sites[node].span.end)),
            How::Dotted => stack.extend(toml.outline.values(node)),
            _ => {}
        }
    }
    let mut before: Option<usize> = None;
    for (at, section) in toml.sections.iter().enumerate().skip(1) {
        if !toml.outline.is_below(section.node, node) {
            continue;
        }
        let mut span = lines_of(section.start..section.end);
        if let (Some(last), true) = (pieces.last(), before.is_some_and(|before| before + 1 == at)) {
            // What stands between two of our sections goes with them.
            span.start = last.start;
            pieces.pop();
        }
        before = Some(at);
        pieces.push(span);
    }
    pieces.sort_by_key(|piece| piece.start);
    let mut joined: Vec<Range<usize>> = Vec::new();
    for piece in pieces {
        match joined.last_mut() {
            Some(last) if last.end >= piece.start => last.end = last.end.max(piece.end),
            _ => joined.push(piece),
        }
    }
    joined
}
