//! Flow style: `[…]` and `{…}`, on one line or on many.

use super::block;
use super::keys;
use super::scalars::{self, Place};
use super::writer::{Anchor, Anchored, Writer};
use std::collections::HashSet;

/// How one collection is laid out.
#[derive(Clone, Copy, Debug)]
struct Layout {
    /// the least column of lines that continue a scalar
    base: usize,
    /// the column of the items, when each is on a line of its own
    lines: Option<usize>,
    /// the column of the closing bracket then
    close: usize,
    /// no space after commas and inside brackets
    tight: bool,
}

/// Writes a flow collection if the dice say so; `parent` is the column of the block collection around it.
pub fn maybe(w: &mut Writer, parent: usize, depth: usize) -> bool {
    if w.want("flow-sequence", 12) {
        anchored(w, parent, depth, true);
        return true;
    }
    if w.want("flow-map", 12) {
        anchored(w, parent, depth, false);
        return true;
    }
    if w.want("empty-collections", 5) {
        w.leaves += 1;
        w.put_one(&["{}", "[]", "[ ]", "{ }"]);
        return true;
    }
    false
}

fn anchored(w: &mut Writer, parent: usize, depth: usize, is_list: bool) {
    let start = w.leaves;
    let (feature, kind) = if is_list { ("anchor-list", Anchored::List) } else { ("anchor-map", Anchored::Map) };
    let anchor = w.want(feature, 15).then(|| w.anchor_name());
    if let Some(name) = &anchor {
        w.put(&format!("&{name} "));
    }
    if w.want("tag-collection", 8) {
        let standard = if is_list { "!!seq" } else { "!!map" };
        w.put_one(&[standard, "!custom"]);
        w.put(" ");
    }
    let lines = w.want("flow-multi-line", 55).then(|| parent + 2);
    let close = if w.want("flow-outdented-close", 50) { 0 } else { parent + 1 };
    let tight = lines.is_none() && w.want("flow-no-spaces", 40);
    collection(w, depth, is_list, Layout { base: parent + 1, lines, close, tight });
    if let Some(name) = anchor {
        w.anchors.push(Anchor { name, kind, weight: w.leaves - start });
    }
}

/// A flow mapping at the start of a document.
pub fn root_map(w: &mut Writer) {
    let lines = w.want("flow-multi-line", 60).then_some(2);
    collection(w, 0, false, Layout { base: 1, lines, close: 0, tight: false });
}

fn collection(w: &mut Writer, depth: usize, is_list: bool, layout: Layout) {
    w.note(if is_list { "flow-sequence" } else { "flow-map" });
    w.put(if is_list { "[" } else { "{" });
    let mut used = HashSet::new();
    let count = if w.leaves >= w.budget { w.rng.below(2) } else { w.rng.below(5) };
    for index in 0..count {
        separate(w, index, layout);
        if is_list {
            item(w, depth, layout);
        } else {
            pair(w, depth, layout, &mut used);
        }
    }
    if count == 0 {
        w.leaves += 1;
    } else if w.want("flow-trailing-comma", 30) {
        w.put(",");
    }
    if let Some(column) = layout.lines {
        break_line(w, column);
        w.spaces(layout.close);
    } else if !layout.tight && w.rng.percent(20) {
        w.put(" ");
    }
    w.put(if is_list { "]" } else { "}" });
}

/// What stands between the items, or between the bracket and the first item.
fn separate(w: &mut Writer, index: usize, layout: Layout) {
    if index > 0 {
        w.put(",");
    }
    if let Some(column) = layout.lines {
        break_line(w, column);
        w.spaces(column);
    } else if !layout.tight && (index > 0 || w.rng.percent(20)) {
        w.put(" ");
    }
}

fn break_line(w: &mut Writer, column: usize) {
    if w.want("comment-in-flow", 35) {
        let text = block::comment(w);
        w.put(" ");
        w.put(&text);
    }
    w.put("\n");
    if w.want("comment-in-flow", 10) {
        w.spaces(column);
        let text = block::comment(w);
        w.put(&text);
        w.put("\n");
    }
    if w.want("blank-lines", 8) {
        w.put("\n");
    }
}

fn nested(w: &mut Writer, depth: usize, layout: Layout) -> bool {
    if depth < 4 && w.leaves < w.budget && w.want("flow-nested", 25) {
        let is_list = w.rng.percent(50);
        let deeper = layout.lines.filter(|_| w.rng.percent(50)).map(|column| column + 2);
        let close = deeper.map_or(0, |column| column - 2);
        collection(w, depth + 1, is_list, Layout { base: layout.base, lines: deeper, close, tight: layout.tight });
        return true;
    }
    false
}

fn place(layout: Layout) -> Place {
    Place::Flow(layout.lines.unwrap_or(layout.base))
}

fn item(w: &mut Writer, depth: usize, layout: Layout) {
    if nested(w, depth, layout) {
        return;
    }
    if w.want("flow-single-pair", 15) {
        let key = keys::simple(w, &mut HashSet::new());
        w.put(&format!("{key}: "));
        scalars::write(w, place(layout));
        return;
    }
    if w.want("alias", 10) && block::alias(w) {
        return;
    }
    scalars::write(w, place(layout));
}

fn pair(w: &mut Writer, depth: usize, layout: Layout, used: &mut HashSet<String>) {
    if w.want("flow-json", 30) {
        let key = keys::simple(w, used);
        w.put(&format!("\"{key}\":"));
        w.leaves += 1;
        w.put_one(&["1", "\"x\"", "true", "[]", "{\"k\":null}", "-1.5"]);
        return;
    }
    keys::write(w, used, true);
    if w.want("empty-values", 10) {
        w.leaves += 1;
        if w.rng.percent(50) {
            w.put(": ");
        }
        return;
    }
    w.put(": ");
    if nested(w, depth, layout) {
        return;
    }
    if w.want("alias", 10) && block::alias(w) {
        return;
    }
    scalars::write(w, place(layout));
}
