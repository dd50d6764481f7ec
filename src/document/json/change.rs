//! Setting and removing one value by splicing, in the style of what stands around it. Every outcome is read again before it is
//! handed out.

use zeroize::Zeroizing;

use super::document::JsonDocument;
use super::emit::Layout;
use super::gap::Gap;
use super::place::KEY;
use super::scan::TOO_DEEP;
use super::style::Child;
use crate::document::format::{Change, Event, Format, MAX_DEPTH, PathError, Shape};
use crate::document::path::{KeyPath, Step};
use crate::document::tree::{Key, Kind, Node};
use crate::document::value::Value;

const RESERVED: PathError =
    PathError::NoPlace("the top-level key \"sops\" is reserved for the metadata of encrypted files");

/// How far a path goes.
struct Found<'d> {
    /// The step of the deepest value on it.
    value: usize,
    /// The indentation of the line that value begins; `None` when something stands before it there.
    indent: Option<&'d str>,
    /// The collection around it, and its position there.
    parent: Option<(usize, usize)>,
    /// How many steps of the path exist.
    at: usize,
}

/// Replaces or adds the value at `path`.
pub(super) fn set(document: &JsonDocument, path: &KeyPath, value: &Node) -> Result<Change, PathError> {
    check_path(document, path)?;
    if !within(value, MAX_DEPTH) {
        return Err(PathError::BadPath);
    }
    let found = document.follow(path);
    let Some(step) = path.0.get(found.at) else {
        return document.check(document.replace_value(&found, value)?);
    };
    let rest = &path.0[found.at + 1..];
    let change = match (document.shape(found.value), step) {
        (Some(Shape::Map), Step::Key(key)) => document.add(&found, Some(key), &nest(rest, value, found.at)?)?,
        (Some(Shape::List), Step::Index(index)) if *index == document.visible(found.value).len() => {
            document.add(&found, None, &nest(rest, value, found.at)?)?
        }
        (None, Step::Key(_)) if document.is_null(found.value) => {
            document.replace_value(&found, &nest(&path.0[found.at..], value, found.at)?)?
        }
        _ => return Err(document.why_not(&found, step)),
    };
    document.check(change)
}

/// Removes what is at `path`.
pub(super) fn unset(document: &JsonDocument, path: &KeyPath) -> Result<Change, PathError> {
    check_path(document, path)?;
    let found = document.follow(path);
    if let Some(step) = path.0.get(found.at) {
        return Err(document.why_not(&found, step));
    }
    let (open, at) = found.parent.ok_or(PathError::BadPath)?;
    document.check(document.remove(open, at))
}

fn check_path(document: &JsonDocument, path: &KeyPath) -> Result<(), PathError> {
    match path.0.first() {
        Some(Step::Key(key)) if key == KEY && document.shape(0) == Some(Shape::Map) => Err(RESERVED),
        Some(_) if path.0.len() <= MAX_DEPTH => Ok(()),
        _ => Err(PathError::BadPath),
    }
}

/// Whether `node` is nested no deeper than `limit`.
fn within(node: &Node, limit: usize) -> bool {
    match &node.kind {
        Kind::Map(entries) => limit > 0 && entries.iter().all(|(_, value)| within(value, limit - 1)),
        Kind::List(items) => limit > 0 && items.iter().all(|item| within(item, limit - 1)),
        _ => true,
    }
}

/// `value` under the keys of `steps`.
fn nest(steps: &[Step], value: &Node, at: usize) -> Result<Node, PathError> {
    let mut node = value.clone();
    for step in steps.iter().rev() {
        node = Node::new(match step {
            Step::Key(key) => Kind::Map(vec![(Key { name: key.clone(), line: 0 }, node)]),
            Step::Index(0) => Kind::List(vec![node]),
            Step::Index(_) => return Err(PathError::BeyondEnd { at, len: 0 }),
        });
    }
    Ok(node)
}

impl JsonDocument {
    fn follow(&self, path: &KeyPath) -> Found<'_> {
        let start = self.steps()[0].span().start;
        let mut found = Found { value: 0, indent: Some(self.line_indent(start)), parent: None, at: 0 };
        for step in &path.0 {
            let children = self.children(found.value);
            let position = match step {
                Step::Key(name) => children.iter().position(|child| self.key_of(child) == Some(name)),
                Step::Index(index) => Some(*index).filter(|index| {
                    self.shape(found.value) == Some(Shape::List) && *index < self.visible(found.value).len()
                }),
            };
            let Some(position) = position else { break };
            let gap = self.gap_before(found.value, &children, position);
            found = Found {
                value: children[position].value(),
                indent: self.indent_of(&gap),
                parent: Some((found.value, position)),
                at: found.at + 1,
            };
        }
        found
    }

    fn key_of(&self, child: &Child) -> Option<&str> {
        match self.steps()[child.step].event {
            Event::Key(key) => Some(self.key(key)),
            _ => None,
        }
    }

    fn is_null(&self, step: usize) -> bool {
        matches!(self.steps()[step].event, Event::Scalar(leaf) if matches!(self.value(leaf), Value::Null))
    }

    fn is_metadata(&self, child: &Child) -> bool {
        self.metadata_steps().is_some_and(|range| range.start == child.step)
    }

    /// What is in a collection, metadata aside. (The metadata of an array is last, so that positions are the same.)
    fn visible(&self, open: usize) -> Vec<Child> {
        let mut children = self.children(open);
        children.retain(|child| !self.is_metadata(child));
        children
    }

    fn why_not(&self, found: &Found<'_>, step: &Step) -> PathError {
        match (self.shape(found.value), step) {
            (Some(Shape::Map), Step::Key(_)) => PathError::Missing { at: found.at },
            (Some(Shape::List), Step::Index(_)) => {
                PathError::BeyondEnd { at: found.at, len: self.visible(found.value).len() }
            }
            _ => PathError::NotThere { at: found.at },
        }
    }

    /// The outcome of `change` has to be JSON, with metadata exactly where there was some.
    fn check(&self, change: Change) -> Result<Change, PathError> {
        let mut text = self.with(&change);
        match self.again(std::mem::take(&mut *text)) {
            Ok(changed) if changed.metadata_steps().is_some() == self.metadata_steps().is_some() => Ok(change),
            Ok(_) => Err(RESERVED),
            Err(error) if error.what == TOO_DEEP => Err(PathError::BadPath),
            Err(_) => Err(PathError::NoPlace("the value cannot be written as JSON: it has a key twice")),
        }
    }

    fn replace_value(&self, found: &Found<'_>, value: &Node) -> Result<Change, PathError> {
        let span = self.steps()[found.value].span();
        let old = if self.shape(found.value).is_some() { self.children(found.value) } else { Vec::new() };
        // A collection stays on one line or on several; a single value does as those around it do.
        let lines =
            if old.is_empty() { found.indent.is_some() } else { self.gap_before(found.value, &old, 0).line.is_some() };
        let layout = self.layout(lines.then(|| self.line_indent(span.start)));
        let mut text = room(&layout, value, 0);
        spelled(layout.node(value, 0, &mut text))?;
        Ok(Change { span, text })
    }

    fn add(&self, found: &Found<'_>, key: Option<&String>, value: &Node) -> Result<Change, PathError> {
        let open = found.value;
        let children = self.children(open);
        let Some(last) = children.iter().rposition(|child| !self.is_metadata(child)) else {
            return self.add_first(found, &children, key, value);
        };
        let layout = self.layout(self.indent_of(&self.gap_before(open, &children, last)));
        let gap = self.gap_before(open, &children, last + 1);
        let end = children[last].span.end;
        let between = &self.text()[end..gap.last];
        let mut text = room(&layout, value, between.len() + key.map_or(0, |key| key.len() * 6));
        let span = if gap.comma.is_some() {
            gap.last..gap.last
        } else {
            // The comma belongs to the entry before, the comments stay behind it.
            text.push(',');
            text.push_str(between);
            end..gap.last
        };
        self.start(&layout, &gap, true, &mut text);
        write(&layout, key, value, &mut text)?;
        if gap.comma.is_some() {
            text.push(',');
        }
        Ok(Change { span, text })
    }

    /// What stands before an entry put in behind `gap`.
    fn start(&self, layout: &Layout<'_>, gap: &Gap, blank: bool, text: &mut String) {
        if layout.lines.is_some() {
            layout.separate(false, 0, text);
        } else if gap.open_comment {
            text.push_str(self.line_end());
        } else if blank && !layout.tight {
            text.push(' ');
        }
    }

    /// Into a collection that holds nothing, or nothing but metadata.
    fn add_first(
        &self,
        found: &Found<'_>,
        children: &[Child],
        key: Option<&String>,
        value: &Node,
    ) -> Result<Change, PathError> {
        let gap = self.gap_before(found.value, children, 0);
        let inside = self.inside(found.value);
        let alone = children.is_empty();
        let base = match found.indent {
            Some(outer) if alone => Some(format!("{outer}{}", self.unit())),
            None if alone => None,
            _ => self.indent_of(&gap).map(str::to_owned),
        };
        let layout = self.layout(base.as_deref());
        let mut text = room(&layout, value, key.map_or(0, |key| key.len() * 6) + found.indent.map_or(0, str::len));
        self.start(&layout, &gap, false, &mut text);
        write(&layout, key, value, &mut text)?;
        let span = if gap.comments || !alone { gap.last..gap.last } else { inside.clone() };
        if !alone {
            text.push(',');
        } else if let Some(outer) = found.indent
            && !self.text()[span.end..inside.end].contains(['\n', '\r'])
        {
            text.push_str(self.line_end());
            text.push_str(outer);
        }
        Ok(Change { span, text })
    }

    fn remove(&self, open: usize, at: usize) -> Change {
        let children = self.children(open);
        let before = self.gap_before(open, &children, at);
        let after = self.gap_before(open, &children, at + 1);
        let text = self.text();
        let change = |span, text: &[&str]| Change { span, text: Zeroizing::new(text.concat()) };
        if children.len() == 1 && !before.comments && !after.comments {
            return change(self.inside(open), &[]);
        }
        let span = children[at].span.clone();
        if let (Some(line), Some(next)) = (before.line, after.next_line) {
            return match before.comma.filter(|_| after.comma.is_none()) {
                // The last of several: the comma before it goes too.
                Some(comma) => change(comma..next, &[&text[comma + 1..line]]),
                None => change(line..next, &[]),
            };
        }
        // Comments that are not on a line of its own stay, and the line break that ends one.
        let start = if before.open_comment { span.start } else { before.last };
        match (after.comma, before.comma) {
            (Some(comma), _) => {
                let kept = if after.before_comma > span.end { &text[span.end..comma] } else { "" };
                let is_last = at + 1 == children.len();
                let rest = &text[comma + 1..];
                let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
                let end = comma + 1 + if kept.is_empty() && !is_last { blanks } else { 0 };
                change(if is_last { start } else { span.start }..end, &[kept])
            }
            (None, Some(comma)) => {
                let end = children[at - 1].span.end;
                let kept = if before.before_comma > end { &text[end..comma] } else { "" };
                change(end..span.end, &[kept, &text[comma + 1..start.max(comma + 1)]])
            }
            (None, None) => change(start..span.end, &[]),
        }
    }
}

fn write(layout: &Layout<'_>, key: Option<&String>, value: &Node, text: &mut String) -> Result<(), PathError> {
    spelled(match key {
        Some(key) => layout.entry(key, value, 0, text),
        None => layout.node(value, 0, text),
    })
}

fn spelled(outcome: Result<(), crate::document::format::Unspellable>) -> Result<(), PathError> {
    outcome.map_err(|error| PathError::NoPlace(error.0))
}

/// A buffer that `value` and `more` bytes fit in.
fn room(layout: &Layout<'_>, value: &Node, more: usize) -> Zeroizing<String> {
    Zeroizing::new(String::with_capacity(layout.room(value, 1) + more + 256))
}
