//! Setting and removing one value of a TOML document by a splice.

use std::ops::Range;

use zeroize::Zeroizing;

use super::metadata::pieces;
use super::spell::{self, Style};
use super::{How, SOPS, Site, Toml};
use crate::document::format::{Change, MAX_DEPTH, PathError, Shape, Unspellable};
use crate::document::outline::compare::{NO_PLACE, check_change};
use crate::document::outline::lines::{body_start, cut_block, indent, line_end, line_start, next_line};
use crate::document::outline::{Child, NodeId, ROOT, Role, depth, nest};
use crate::document::path::{KeyPath, Step};
use crate::document::tree::{Kind, Node};

const TABLE: PathError =
    PathError::NoPlace("this is a table of its own: set the values in it one by one, or remove it first");
const RESERVED: PathError = PathError::NoPlace("`sops` is the name of the metadata");

/// Sets the value at `path`.
pub(super) fn set(toml: &Toml, path: &KeyPath, value: &Node) -> Result<Change, PathError> {
    if path.is_root() || path.0.len() + depth(value) > MAX_DEPTH {
        return Err(PathError::BadPath);
    }
    if path.0[0] == Step::Key(SOPS.to_owned()) {
        return Err(RESERVED);
    }
    let change = plan_set(toml, path, value)?;
    check_change(toml, path, Some(value), change)
}

fn plan_set(toml: &Toml, path: &KeyPath, value: &Node) -> Result<Change, PathError> {
    let (found, at) = toml.outline.follow(path);
    let site = &toml.sites[found];
    if at == path.0.len() {
        return match site.how {
            How::Value | How::Inline => write(site.span.clone(), |out| spell::inline(value, style(toml, found), out)),
            _ => Err(TABLE),
        };
    }
    let rest = &path.0[at + 1..];
    match (toml.outline.role(found), &path.0[at]) {
        (Role::Collection(Shape::Map), Step::Key(key)) => add_entry(toml, found, key, &nest(rest, value)?),
        (Role::Collection(Shape::List), Step::Index(position)) if *position == toml.outline.len(found) => {
            add_item(toml, found, &nest(rest, value)?)
        }
        _ => Err(toml.outline.why_not(found, path, at)),
    }
}

fn style(toml: &Toml, node: NodeId) -> Style<'_> {
    match toml.outline.role(node) {
        Role::Leaf(leaf) => Style::of(toml.raw(leaf), toml.kinds[leaf]),
        Role::Collection(_) => Style::Basic,
    }
}

fn write(span: Range<usize>, write: impl FnOnce(&mut String) -> Result<(), Unspellable>) -> Result<Change, PathError> {
    let mut text = Zeroizing::new(String::with_capacity(4096));
    write(&mut text).map_err(|Unspellable(why)| PathError::NoPlace(why))?;
    Ok(Change { span, text })
}

fn insert(at: usize, what: impl FnOnce(&mut String) -> Result<(), Unspellable>) -> Result<Change, PathError> {
    write(at..at, what)
}

/// The keys from the root to `node`, positions left out.
fn names(toml: &Toml, mut node: NodeId, stop: impl Fn(&Site) -> bool) -> Vec<&str> {
    let mut names = Vec::new();
    while node != ROOT && !stop(&toml.sites[node]) {
        let parent = toml.outline.parent(node);
        names.extend(toml.outline.children(parent).iter().find_map(|child| match child {
            Child::Entry { key, node: value } if *value == node => Some(toml.outline.key(*key)),
            _ => None,
        }));
        node = parent;
    }
    names.reverse();
    names
}

fn add_entry(toml: &Toml, map: NodeId, key: &str, value: &Node) -> Result<Change, PathError> {
    let as_table = matches!(&value.kind, Kind::Map(entries) if !entries.is_empty());
    match toml.sites[map].how {
        How::Inline => add_inline(toml, map, |out| entry(&[key], value, out)),
        How::Dotted => {
            let mut keys = names(toml, map, |site| site.how != How::Dotted);
            keys.push(key);
            let outer = container(toml, map);
            if toml.sites[outer].how == How::Inline {
                return add_inline(toml, outer, |out| entry(&keys, value, out));
            }
            let Some(last) = pieces(toml, map).into_iter().next_back() else {
                return Err(NO_PLACE);
            };
            add_line(toml, last.start, last.end, |out| entry(&keys, value, out))
        }
        _ if as_table => add_table(toml, map, "[", &[key], "]", value),
        How::Header => {
            let section = &toml.sections[toml.sites[map].section];
            if section.end > section.head_end {
                let last = last_entry(toml, map).unwrap_or(section.end);
                return add_line(toml, last, next_line(&toml.text, section.end), |out| entry(&[key], value, out));
            }
            if map == ROOT {
                return add_first(toml, key, value);
            }
            add_line(toml, section.start, next_line(&toml.text, section.end), |out| entry(&[key], value, out))
        }
        How::Implicit => {
            let first = toml.sections.iter().skip(1).find(|section| toml.outline.is_below(section.node, map));
            let at = line_start(&toml.text, first.ok_or(NO_PLACE)?.start);
            insert(at, |out| section(toml, "[", &names(toml, map, |_| false), "]", &[(key, value)], true, out))
        }
        How::Value | How::Tables => Err(NO_PLACE),
    }
}

/// The table or inline table around a dotted one.
fn container(toml: &Toml, mut map: NodeId) -> NodeId {
    while toml.sites[map].how == How::Dotted {
        map = toml.outline.parent(map);
    }
    map
}

/// Where the last entry of a table begins.
fn last_entry(toml: &Toml, map: NodeId) -> Option<usize> {
    let entries = toml.outline.values(map).map(|node| &toml.sites[node]);
    entries.filter(|site| matches!(site.how, How::Value | How::Inline | How::Dotted)).map(|site| site.entry).max()
}

fn entry(keys: &[&str], value: &Node, out: &mut String) -> Result<(), Unspellable> {
    spell::keys(keys, out);
    out.push_str(" = ");
    spell::inline(value, Style::Basic, out)
}

/// A line behind `after`, indented like the one of `like`.
fn add_line(
    toml: &Toml,
    like: usize,
    after: usize,
    what: impl FnOnce(&mut String) -> Result<(), Unspellable>,
) -> Result<Change, PathError> {
    let text = &toml.text;
    let like = like + text[like..].len() - text[like..].trim_start_matches([' ', '\t']).len();
    insert(after, |out| {
        let open = after > body_start(text) && !text[..after].ends_with(['\n', '\r']);
        out.push_str(if open { line_end(text) } else { "" });
        out.push_str(indent(text, like).unwrap_or_default());
        what(out)?;
        out.push_str(if open { "" } else { line_end(text) });
        Ok(())
    })
}

/// The first entry of the root, before the first table and the comments on it.
fn add_first(toml: &Toml, key: &str, value: &Node) -> Result<Change, PathError> {
    let text = &toml.text;
    let Some(first) = toml.sections.get(1) else {
        return add_line(toml, text.len(), text.len(), |out| entry(&[key], value, out));
    };
    let mut at = line_start(text, first.start);
    while at > body_start(text) {
        let before = line_start(text, at - 1 - usize::from(text[..at].ends_with("\r\n")));
        if !text[before..at].trim_start().starts_with('#') {
            break;
        }
        at = before;
    }
    insert(at, |out| {
        entry(&[key], value, out)?;
        out.push_str(line_end(text));
        out.push_str(line_end(text));
        Ok(())
    })
}

/// A header with entries; an empty line before it, or behind it.
fn section(
    toml: &Toml,
    open: &str,
    keys: &[&str],
    close: &str,
    entries: &[(&str, &Node)],
    blank_behind: bool,
    out: &mut String,
) -> Result<(), Unspellable> {
    let line_end = line_end(&toml.text);
    out.push_str(open);
    spell::keys(keys, out);
    out.push_str(close);
    for (key, value) in entries {
        out.push_str(line_end);
        entry(&[key], value, out)?;
    }
    out.push_str(line_end);
    out.push_str(if blank_behind { line_end } else { "" });
    Ok(())
}

/// A new table below `parent`, behind all of its own.
fn add_table(
    toml: &Toml,
    parent: NodeId,
    open: &str,
    keys: &[&str],
    close: &str,
    value: &Node,
) -> Result<Change, PathError> {
    let text = &toml.text;
    let mut keys = [names(toml, parent, |_| false), keys.to_vec()].concat();
    let mut value = value;
    // `[a.b.c]` for tables that hold one table only.
    while let Kind::Map(entries) = &value.kind
        && let [(key, inner)] = entries.as_slice()
        && matches!(&inner.kind, Kind::Map(inside) if !inside.is_empty())
        && open == "["
    {
        keys.push(&key.name);
        value = inner;
    }
    let Kind::Map(entries) = &value.kind else {
        return Err(TABLE);
    };
    let entries: Vec<(&str, &Node)> = entries.iter().map(|(key, value)| (key.name.as_str(), value)).collect();
    let metadata = toml.outline.get(ROOT, SOPS).map(|node| pieces(toml, node));
    let metadata = metadata.and_then(|pieces| pieces.first().map(|piece| piece.start));
    if let (ROOT, Some(at)) = (parent, metadata.filter(|at| text[*at..].trim_start().starts_with('['))) {
        return insert(at, |out| section(toml, open, &keys, close, &entries, true, out));
    }
    let mut below = toml.sections.iter().filter(|section| toml.outline.is_below(section.node, parent));
    let at = if parent == ROOT {
        text.len()
    } else {
        below.next_back().map_or(text.len(), |last| next_line(text, last.end))
    };
    insert(at, |out| {
        let empty = at == body_start(text);
        let is_open = !empty && !text[..at].ends_with(['\n', '\r']);
        out.push_str(if is_open { line_end(text) } else { "" });
        out.push_str(if empty { "" } else { line_end(text) });
        section(toml, open, &keys, close, &entries, false, out)?;
        if is_open {
            out.truncate(out.len() - line_end(text).len());
        }
        Ok(())
    })
}

fn add_item(toml: &Toml, list: NodeId, value: &Node) -> Result<Change, PathError> {
    if toml.sites[list].how == How::Tables {
        return add_table(toml, list, "[[", &[], "]]", value);
    }
    add_inline(toml, list, |out| spell::inline(value, Style::Basic, out))
}

/// The entries of an inline table, or the items of an array: where each begins and ends.
fn elements(toml: &Toml, collection: NodeId) -> Vec<(NodeId, Range<usize>)> {
    let mut found = Vec::new();
    let mut stack: Vec<NodeId> = toml.outline.values(collection).collect();
    while let Some(node) = stack.pop() {
        let site = &toml.sites[node];
        match site.how {
            How::Dotted => stack.extend(toml.outline.values(node)),
            _ => found.push((node, site.entry..site.span.end)),
        }
    }
    found.sort_by_key(|(_, span)| span.start);
    found
}

/// The `,` behind `at`, past blanks, breaks and comments.
fn comma(text: &str, mut at: usize) -> Option<usize> {
    loop {
        let rest = text[at..].trim_start_matches([' ', '\t', '\r', '\n']);
        at = text.len() - rest.len();
        match rest.bytes().next() {
            Some(b',') => return Some(at),
            Some(b'#') => at = next_line(text, at),
            _ => return None,
        }
    }
}

fn add_inline(
    toml: &Toml,
    collection: NodeId,
    what: impl FnOnce(&mut String) -> Result<(), Unspellable>,
) -> Result<Change, PathError> {
    let text = &toml.text;
    let close = toml.sites[collection].span.end - 1;
    let map = toml.outline.role(collection) == Role::Collection(Shape::Map);
    let Some((_, last)) = elements(toml, collection).pop() else {
        let at = toml.sites[collection].span.start + 1;
        let (before, after) = if map && text[at..close].is_empty() { (" ", " ") } else { ("", "") };
        return insert(at, |out| {
            out.push_str(before);
            what(out)?;
            out.push_str(after);
            Ok(())
        });
    };
    if let Some(blanks) = indent(text, last.start)
        && let Some(comma) = comma(text, last.end)
        && next_line(text, comma) <= close
        && text[comma + 1..next_line(text, comma)].trim_start().chars().next().is_none_or(|c| c == '#')
    {
        // One item a line, each with its comma.
        return insert(next_line(text, comma), |out| {
            out.push_str(blanks);
            what(out)?;
            out.push(',');
            out.push_str(line_end(text));
            Ok(())
        });
    }
    let blanks = indent(text, last.start);
    insert(last.end, |out| {
        out.push(',');
        match blanks {
            Some(blanks) => {
                out.push_str(line_end(text));
                out.push_str(blanks);
            }
            None => out.push(' '),
        }
        what(out)
    })
}

/// Removes what is at `path`.
pub(super) fn unset(toml: &Toml, path: &KeyPath) -> Result<Change, PathError> {
    let node = toml.outline.find(path)?;
    if path.0[0] == Step::Key(SOPS.to_owned()) {
        return Err(RESERVED);
    }
    let text = &toml.text;
    let outer = container(toml, toml.outline.parent(node));
    let inside = matches!(toml.sites[outer].how, How::Inline | How::Value);
    let cuts: Vec<Range<usize>> = if inside {
        elements(toml, outer)
            .iter()
            .enumerate()
            .filter(|(_, (element, _))| toml.outline.is_below(*element, node))
            .map(|(at, _)| cut_element(toml, outer, at))
            .collect()
    } else {
        let tables = !matches!(toml.sites[node].how, How::Value | How::Inline | How::Dotted);
        let cut = |piece: Range<usize>| if tables { cut_first(text, cut_block(text, piece)) } else { piece };
        pieces(toml, node).into_iter().map(cut).collect()
    };
    let (Some(first), Some(last)) = (cuts.first(), cuts.last()) else {
        return Err(NO_PLACE);
    };
    let span = first.start..last.end;
    let mut kept = Zeroizing::new(String::with_capacity(span.len()));
    for pair in cuts.windows(2) {
        kept.push_str(text.get(pair[0].end..pair[1].start).ok_or(NO_PLACE)?);
    }
    check_change(toml, path, None, Change { span, text: kept })
}

/// A block at the very top has its empty line behind it.
fn cut_first(text: &str, span: Range<usize>) -> Range<usize> {
    let behind = next_line(text, span.end);
    let blank = text[span.end..behind].trim().is_empty();
    if span.start == body_start(text) && blank { span.start..behind } else { span }
}

fn cut_element(toml: &Toml, collection: NodeId, at: usize) -> Range<usize> {
    let text = &toml.text;
    let elements = elements(toml, collection);
    let span = elements[at].1.clone();
    let close = toml.sites[collection].span.end - 1;
    let comma = comma(text, span.end);
    let next = elements.get(at + 1).map(|(_, next)| next.start);
    let end = comma.map_or(span.end, |comma| comma + 1);
    let line = next_line(text, end);
    if indent(text, span.start).is_some() && next.unwrap_or(close) >= line {
        return line_start(text, span.start)..line;
    }
    match (next, at.checked_sub(1)) {
        (Some(next), _) => span.start..next,
        (None, Some(before)) => elements[before].1.end..span.end,
        (None, None) => span.start..end,
    }
}
