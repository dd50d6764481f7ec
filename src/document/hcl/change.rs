//! Setting and removing one value of an HCL document by a splice.

use std::ops::Range;

use zeroize::Zeroizing;

use super::token::name_length;
use super::{Hcl, How, SOPS, literal};
use crate::document::format::{Change, MAX_DEPTH, PathError, Shape, Unspellable};
use crate::document::outline::compare::{NO_PLACE, check_change};
use crate::document::outline::lines::{body_start, cut_block, indent, line_end, line_start, next_line};
use crate::document::outline::{NodeId, ROOT, Role, depth, nest};
use crate::document::path::{KeyPath, Step};
use crate::document::tree::{Kind, Node};

const BLOCK: PathError = PathError::NoPlace("this is a block: set the values in it one by one, or edit the file");
const NAME: PathError = PathError::NoPlace("outside objects, HCL's names are words without quotes");
const RESERVED: PathError = PathError::NoPlace("`sops` is the name of the metadata");

/// Sets the value at `path`.
pub(super) fn set(hcl: &Hcl, path: &KeyPath, value: &Node) -> Result<Change, PathError> {
    if path.is_root() || path.0.len() + depth(value) > MAX_DEPTH {
        return Err(PathError::BadPath);
    }
    if path.0[0] == Step::Key(SOPS.to_owned()) {
        return Err(RESERVED);
    }
    let change = plan_set(hcl, path, value)?;
    // HCL has no times: they are written as text.
    check_change(hcl, path, Some(&as_text(value)), change)
}

fn as_text(node: &Node) -> Node {
    Node::new(match &node.kind {
        Kind::Time(text) => Kind::Str(text.clone()),
        Kind::List(items) => Kind::List(items.iter().map(as_text).collect()),
        Kind::Map(entries) => Kind::Map(entries.iter().map(|(key, value)| (key.clone(), as_text(value))).collect()),
        other => other.clone(),
    })
}

fn plan_set(hcl: &Hcl, path: &KeyPath, value: &Node) -> Result<Change, PathError> {
    let (found, at) = hcl.outline.follow(path);
    let site = &hcl.sites[found];
    if at == path.0.len() {
        return match site.how {
            How::Value => write(site.span.clone(), |out| literal::inline(value, out)),
            _ => Err(BLOCK),
        };
    }
    let rest = &path.0[at + 1..];
    match (hcl.outline.role(found), &path.0[at], site.how) {
        (Role::Collection(Shape::Map), Step::Key(key), How::Body) => {
            add_attribute(hcl, found, key, &nest(rest, value)?)
        }
        (Role::Collection(Shape::Map), Step::Key(key), How::Value) => {
            let value = nest(rest, value)?;
            add_element(hcl, found, |out| {
                literal::key(key, out);
                out.push_str(" = ");
                literal::inline(&value, out)
            })
        }
        (Role::Collection(Shape::List), Step::Index(position), How::Value) if *position == hcl.outline.len(found) => {
            let value = nest(rest, value)?;
            add_element(hcl, found, |out| literal::inline(&value, out))
        }
        (_, _, How::Labels) => Err(BLOCK),
        (_, Step::Index(position), How::Blocks) if *position == hcl.outline.len(found) => Err(BLOCK),
        _ => Err(hcl.outline.why_not(found, path, at)),
    }
}

fn write(span: Range<usize>, write: impl FnOnce(&mut String) -> Result<(), Unspellable>) -> Result<Change, PathError> {
    let mut text = Zeroizing::new(String::with_capacity(4096));
    write(&mut text).map_err(|Unspellable(why)| PathError::NoPlace(why))?;
    Ok(Change { span, text })
}

fn add_attribute(hcl: &Hcl, body: NodeId, name: &str, value: &Node) -> Result<Change, PathError> {
    if name.is_empty() || name_length(name) != name.len() {
        return Err(NAME);
    }
    let text = &hcl.text;
    let metadata = hcl.metadata_lines();
    let own = |site: &&super::Site| {
        site.how == How::Value && metadata.as_ref().is_none_or(|span| !span.contains(&site.entry))
    };
    let last = hcl.outline.values(body).map(|node| &hcl.sites[node]).filter(own).max_by_key(|site| site.entry);
    let inside = hcl.sites[body].body.clone();
    let (at, blanks) = match last {
        Some(last) => (next_line(text, last.span.end), indent(text, last.entry).ok_or(NO_PLACE)?.to_owned()),
        None if body == ROOT => match &metadata {
            Some(span) => (cut_block(text, span.clone()).start, String::new()),
            None => (text.len(), String::new()),
        },
        None if text[inside.clone()].trim().is_empty() && !text[inside.clone()].contains('\n') => {
            return write(inside, |out| attribute(" ", name, value, " ", out));
        }
        None => {
            let outer = indent(text, hcl.sites[body].entry).ok_or(NO_PLACE)?;
            (next_line(text, inside.start), format!("{outer}  "))
        }
    };
    write(at..at, |out| {
        let break_ = line_end(text);
        let open = at > body_start(text) && !text[..at].ends_with('\n');
        out.push_str(if open { break_ } else { "" });
        attribute(&blanks, name, value, if open { "" } else { break_ }, out)
    })
}

fn attribute(before: &str, name: &str, value: &Node, after: &str, out: &mut String) -> Result<(), Unspellable> {
    out.push_str(before);
    out.push_str(name);
    out.push_str(" = ");
    literal::inline(value, out)?;
    out.push_str(after);
    Ok(())
}

/// Entries or items: where each begins and ends.
fn elements(hcl: &Hcl, collection: NodeId) -> Vec<(NodeId, Range<usize>)> {
    let values = hcl.outline.values(collection);
    values.map(|node| (node, hcl.sites[node].entry..hcl.sites[node].span.end)).collect()
}

/// The `,` behind `at`, past blanks, breaks and comments.
fn comma(text: &str, mut at: usize) -> Option<usize> {
    loop {
        let rest = text[at..].trim_start_matches([' ', '\t', '\r', '\n']);
        at = text.len() - rest.len();
        if rest.starts_with(',') {
            return Some(at);
        } else if rest.starts_with('#') || rest.starts_with("//") {
            at = next_line(text, at);
        } else if rest.starts_with("/*") {
            at += rest.find("*/")? + 2;
        } else {
            return None;
        }
    }
}

/// Whether nothing but a comment to the end of the line stands from `at` on.
fn ends_line(text: &str, at: usize) -> bool {
    let rest = text[at..next_line(text, at)].trim();
    rest.is_empty() || rest.starts_with('#') || rest.starts_with("//")
}

fn add_element(
    hcl: &Hcl,
    collection: NodeId,
    what: impl FnOnce(&mut String) -> Result<(), Unspellable>,
) -> Result<Change, PathError> {
    let text = &hcl.text;
    let span = hcl.sites[collection].span.clone();
    let close = span.end - 1;
    let map = hcl.outline.role(collection) == Role::Collection(Shape::Map);
    let Some((_, last)) = elements(hcl, collection).pop() else {
        let at = span.start + 1;
        let pad = if map { " " } else { "" };
        let behind = if text[at..close].is_empty() { pad } else { "" };
        return write(at..at, |out| {
            out.push_str(pad);
            what(out)?;
            out.push_str(behind);
            Ok(())
        });
    };
    let comma = comma(text, last.end);
    let end = comma.map_or(last.end, |comma| comma + 1);
    let own_line = indent(text, last.start);
    if let Some(blanks) = own_line
        && (comma.is_some() || map)
        && ends_line(text, end)
        && next_line(text, end) <= close
    {
        return write(next_line(text, end)..next_line(text, end), |out| {
            out.push_str(blanks);
            what(out)?;
            out.push_str(if comma.is_some() { "," } else { "" });
            out.push_str(line_end(text));
            Ok(())
        });
    }
    write(last.end..last.end, |out| {
        // A heredoc needs its line for itself.
        out.push_str(if text[last.clone()].contains('\n') { line_end(text) } else { "" });
        out.push(',');
        match own_line {
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
pub(super) fn unset(hcl: &Hcl, path: &KeyPath) -> Result<Change, PathError> {
    let node = hcl.outline.find(path)?;
    if path.0[0] == Step::Key(SOPS.to_owned()) {
        return Err(RESERVED);
    }
    let text = &hcl.text;
    let parent = hcl.outline.parent(node);
    let cuts = match (hcl.sites[node].how, hcl.sites[parent].how) {
        (How::Value, How::Value) => {
            let elements = elements(hcl, parent);
            let at = elements.iter().position(|(element, _)| *element == node).ok_or(NO_PLACE)?;
            vec![cut_element(text, &elements, at, hcl.sites[parent].span.end - 1)]
        }
        (How::Value, _) => {
            let span = hcl.sites[node].entry..hcl.sites[node].span.end;
            // `name { key = value }` keeps its braces.
            let alone = indent(text, span.start).is_some();
            vec![if alone { line_start(text, span.start)..next_line(text, span.end) } else { span }]
        }
        _ => blocks(hcl, node).into_iter().map(|block| cut_block(text, block)).collect(),
    };
    let (Some(first), Some(last)) = (cuts.first(), cuts.last()) else {
        return Err(NO_PLACE);
    };
    let span = first.start..last.end;
    let mut kept = Zeroizing::new(String::with_capacity(span.len()));
    for pair in cuts.windows(2) {
        kept.push_str(text.get(pair[0].end..pair[1].start).ok_or(NO_PLACE)?);
    }
    check_change(hcl, path, None, Change { span, text: kept })
}

/// The lines of all blocks at and below a node.
fn blocks(hcl: &Hcl, node: NodeId) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut stack = vec![node];
    while let Some(node) = stack.pop() {
        let site = &hcl.sites[node];
        match site.how {
            How::Body => found.push(line_start(&hcl.text, site.span.start)..next_line(&hcl.text, site.span.end)),
            _ => stack.extend(hcl.outline.values(node)),
        }
    }
    found.sort_by_key(|span| span.start);
    found
}

fn cut_element(text: &str, elements: &[(NodeId, Range<usize>)], at: usize, close: usize) -> Range<usize> {
    let span = elements[at].1.clone();
    let next = elements.get(at + 1).map(|(_, next)| next.start);
    let end = comma(text, span.end).map_or(span.end, |comma| comma + 1);
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
