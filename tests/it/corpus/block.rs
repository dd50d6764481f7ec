//! Block style: mappings and sequences, what may follow a colon or a dash, and comments around it all.

use super::flow;
use super::keys;
use super::quoted;
use super::scalars::{self, Place};
use super::writer::{Anchor, Anchored, Writer};
use std::collections::HashSet;

/// What a value comes after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    /// the colon after a key on the same line
    Colon,
    /// the colon of an entry that began with `?`
    Question,
    /// the dash of a sequence
    Dash,
}

/// A comment from its `#` to its last character.
pub fn comment(w: &mut Writer) -> String {
    if w.want("comment-empty", 10) {
        return "#".to_owned();
    }
    let mut text = if w.want("comment-many-hashes", 20) { "###".to_owned() } else { "#".to_owned() };
    text.push_str(
        w.rng.pick(&[" ", " ", " ", "", "  ", "!", " - ", " key: ", " \"", " 'x ", " [", " %", " & * ", ": "]),
    );
    text.push_str(&quoted::words(w, 4));
    if w.want("trailing-spaces", 8) {
        text.push_str("  ");
    }
    text
}

/// The end of a line that holds content: spaces, perhaps a comment, the line break.
pub fn end_line(w: &mut Writer) {
    if w.want("comment-line", 14) {
        let text = comment(w);
        let gap = if w.want("tabs", 20) { "\t" } else { w.rng.pick(&[" ", " ", "  ", "    "]) };
        w.put(gap);
        w.put(&text);
    } else if w.want("trailing-spaces", 10) {
        w.put(" ");
    } else if w.want("tabs", 5) {
        w.put("\t");
    }
    w.put("\n");
}

/// Comment lines at `column`, or nearly.
pub fn comment_lines(w: &mut Writer, column: usize) {
    for _ in 0..w.rng.range(1, 3) {
        let mut place = column;
        if w.want("comment-odd-indent", 40) {
            place = w.rng.below(column + 5);
        }
        if place >= w.floor {
            place = w.floor - 1;
        }
        let text = comment(w);
        w.spaces(place);
        w.put(&text);
        w.put("\n");
        // a comment ends a block scalar: what follows it is no longer content
        w.floor = usize::MAX;
        if w.want("blank-lines", 12) {
            w.put("\n");
        }
    }
}

/// Blank lines and comments between two entries at `column`.
fn gap(w: &mut Writer, column: usize, in_list: bool) {
    if w.floor < usize::MAX && w.want("comment-after-block-scalar", 40) {
        comment_lines(w, column);
    }
    if w.want("blank-lines", 15) {
        for _ in 0..w.rng.range(1, 2) {
            if w.floor == usize::MAX && w.want("trailing-spaces", 20) {
                w.spaces(column);
            }
            w.put("\n");
        }
    }
    let feature = if in_list { "comment-in-list" } else { "comment-head" };
    if w.want(feature, 14) {
        comment_lines(w, column);
        if w.want("blank-lines", 10) {
            w.put("\n");
        }
    }
}

/// Comment lines below the last entry of a collection at `column`.
fn foot(w: &mut Writer, column: usize) {
    if w.want("comment-foot", 12) {
        if w.want("blank-lines", 20) {
            w.put("\n");
        }
        comment_lines(w, column);
    }
}

fn how_many(w: &mut Writer, depth: usize) -> usize {
    if w.leaves >= w.budget {
        return 1;
    }
    match depth {
        0 => w.rng.range(2, 8),
        1 => w.rng.range(1, 5),
        _ => w.rng.range(1, 3),
    }
}

/// A block mapping at `column`; its first key is written where the cursor is when `inline`.
pub fn map(w: &mut Writer, column: usize, depth: usize, inline: bool) {
    let mut used = HashSet::new();
    for index in 0..how_many(w, depth) {
        if !(inline && index == 0) {
            gap(w, column, false);
            w.spaces(column);
        }
        w.floor = usize::MAX;
        entry(w, column, depth, &mut used);
        if depth == 0 && w.leaves >= w.budget * 2 {
            break;
        }
    }
    foot(w, column);
}

fn entry(w: &mut Writer, column: usize, depth: usize, used: &mut HashSet<String>) {
    if w.anchors.iter().any(|anchor| anchor.kind == Anchored::Map)
        && w.want("merge-key", 40)
        && used.insert("<<".to_owned())
    {
        merge(w);
        return;
    }
    if w.want("explicit-key-block", 8) {
        let key = keys::simple(w, used);
        w.put("? |\n");
        w.spaces(column + 2);
        w.put(&format!("{key} one\n"));
        w.spaces(column + 2);
        w.put("two\n");
        w.spaces(column);
    } else if w.want("explicit-key", 10) {
        w.put("? ");
        keys::write(w, used, true);
        if w.rng.percent(20) {
            // no value at all
            end_line(w);
            return;
        }
        end_line(w);
        w.spaces(column);
    } else {
        keys::write(w, used, false);
        w.put(":");
        value(w, column, depth, After::Colon);
        return;
    }
    w.put(":");
    value(w, column, depth, After::Question);
}

fn merge(w: &mut Writer) {
    let maps: Vec<String> =
        w.anchors.iter().filter(|anchor| anchor.kind == Anchored::Map).map(|anchor| anchor.name.clone()).collect();
    let first = maps[w.rng.below(maps.len())].clone();
    w.leaves += 1;
    if w.rng.percent(25) {
        let last = &maps[maps.len() - 1];
        w.put(&format!("<<: [*{first}, *{last}]"));
    } else {
        w.put(&format!("<<: *{first}"));
    }
    end_line(w);
}

/// A block sequence at `column`; its first dash is written where the cursor is when `inline`.
pub fn list(w: &mut Writer, column: usize, depth: usize, inline: bool) {
    w.note("sequence");
    for index in 0..how_many(w, depth) {
        if !(inline && index == 0) {
            gap(w, column, true);
            w.spaces(column);
        }
        w.floor = usize::MAX;
        w.put("-");
        value(w, column, depth, After::Dash);
    }
    foot(w, column);
}

/// Whatever comes after a colon or a dash of the collection at `parent`, with the line break that ends it.
fn value(w: &mut Writer, parent: usize, depth: usize, after: After) {
    let room = depth < 5 && w.leaves < w.budget;
    if room && w.rng.percent(if depth == 0 { 45 } else { 30 }) {
        container(w, parent, depth + 1, after);
        return;
    }
    if w.want("empty-values", 8) {
        w.leaves += 1;
        if after != After::Colon {
            // go-yaml takes no tab after a dash, nor after a colon that begins a line
            w.put_one(&["\n", "\n", " \n", " # nothing\n"]);
        } else {
            end_line(w);
        }
        return;
    }
    let tab = after == After::Colon && w.want("tabs", 10);
    w.put_one(if tab { &["\t"] } else { &[" ", " ", " ", " ", "  ", "    "] });
    if w.want("alias", 25) && alias(w) {
        end_line(w);
        return;
    }
    if (w.want("literal", 14) || w.want("folded", 10)) && !tab {
        block_scalar(w, parent);
        return;
    }
    if flow::maybe(w, parent, depth) {
        end_line(w);
        return;
    }
    scalars::write(w, Place::Block(parent + 1));
    end_line(w);
}

fn block_scalar(w: &mut Writer, parent: usize) {
    w.leaves += 1;
    let anchor = w.want("anchor-scalar", 12).then(|| w.anchor_name());
    if let Some(name) = &anchor {
        w.put(&format!("&{name} "));
    }
    if w.want("tag-str", 6) {
        w.put("!!str ");
    } else if w.want("tag-custom", 6) {
        w.put("!vault ");
    }
    w.floor = quoted::block(w, parent);
    if let Some(name) = anchor {
        w.anchors.push(Anchor { name, kind: Anchored::Text, weight: 1 });
    }
}

/// An alias to a finished node, if there is one that does not bring in too much.
pub fn alias(w: &mut Writer) -> bool {
    let choices: Vec<Anchor> =
        w.anchors.iter().filter(|anchor| w.leaves + anchor.weight < w.budget * 4).cloned().collect();
    if choices.is_empty() {
        return false;
    }
    let chosen = &choices[w.rng.below(choices.len())];
    w.put(&format!("*{}", chosen.name));
    w.leaves += chosen.weight;
    true
}

fn container(w: &mut Writer, parent: usize, depth: usize, after: After) {
    let is_list = w.want("sequence", if after == After::Dash { 30 } else { 45 })
        && (after != After::Dash || w.want("sequence-in-sequence", 70));
    if !is_list && after == After::Dash {
        w.note("map-in-sequence");
    }
    let start = w.leaves;
    let (anchor_feature, kind) = if is_list { ("anchor-list", Anchored::List) } else { ("anchor-map", Anchored::Map) };
    let anchor = w.want(anchor_feature, 25).then(|| w.anchor_name());
    let tag = w.want("tag-collection", 10).then(|| {
        let standard = if is_list { "!!seq" } else { "!!map" };
        w.rng.pick(&[standard, standard, "!custom"]).to_owned()
    });
    let compact = after == After::Dash && anchor.is_none() && tag.is_none() && !w.want("dash-newline", 30);
    if compact {
        let gap = if w.want("wide-indent", 25) { w.rng.range(1, 4) } else { 1 };
        w.spaces(gap);
        inner(w, is_list, parent + 1 + gap, depth, true);
    } else {
        if let Some(name) = &anchor {
            w.put(&format!(" &{name}"));
        }
        if let Some(tag) = &tag {
            w.put(&format!(" {tag}"));
        }
        let column = child_column(w, parent, is_list, after);
        open_line(w, column, after);
        inner(w, is_list, column, depth, false);
    }
    if let Some(name) = anchor {
        w.anchors.push(Anchor { name, kind, weight: w.leaves - start });
    }
}

fn inner(w: &mut Writer, is_list: bool, column: usize, depth: usize, inline: bool) {
    if is_list {
        list(w, column, depth, inline);
    } else {
        map(w, column, depth, inline);
    }
}

fn child_column(w: &mut Writer, parent: usize, is_list: bool, after: After) -> usize {
    if is_list && after != After::Dash && w.want("indentless-sequence", 50) {
        return parent;
    }
    let step = if w.want("uneven-indent", 40) {
        w.rng.range(1, 7)
    } else if w.want("wide-indent", 60) {
        4
    } else {
        2
    };
    parent + step
}

/// The rest of the line of a key or dash whose value starts on a line of its own.
fn open_line(w: &mut Writer, column: usize, after: After) {
    let feature = if after == After::Dash { "comment-after-dash" } else { "comment-after-key" };
    if w.want(feature, 30) {
        let text = comment(w);
        w.put(" ");
        w.put(&text);
    } else if w.want("trailing-spaces", 10) {
        w.put("  ");
    }
    w.put("\n");
    if w.want("comment-after-key", 10) {
        comment_lines(w, column);
    }
}
