//! Setting and removing one value of a plain document, by splicing: everything else keeps its bytes.

use super::chars::{BREAKS, first_break_len};
use super::document::Document;
use super::node::{NodeId, NodeKind, ScalarStyle};
use super::scan::MAX_DEPTH;
use crate::document::format::{Change, PathError};
use crate::document::path::{KeyPath, Step};
use crate::document::scalar::{Context, Style, spell};
use crate::document::tree::{Kind, Node};
use crate::document::value::Value;

/// Why a path cannot be set or removed. `at` is how many steps of the path exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// Nothing is there.
    #[error("there is no value at this path")]
    Missing {
        /// Steps that exist.
        at: usize,
    },
    /// A position beyond the end of the list.
    #[error("the list has only {len} items")]
    BeyondEnd {
        /// Steps that exist.
        at: usize,
        /// Its length.
        len: usize,
    },
    /// A key of a list, a position of a mapping, or anything below a value.
    #[error("the path goes through something that has no such part")]
    NotThere {
        /// Steps that exist.
        at: usize,
    },
    /// The path is empty or too long.
    #[error("the path is empty or too deep")]
    BadPath,
    /// A splice there would change something else, or leave something that is not YAML.
    #[error("the YAML around this value is written in a way that cannot be changed in place: edit the file")]
    NoPlace,
    /// Aliases elsewhere stand for this value.
    #[error("other values refer to it by an alias")]
    Referred,
    /// The format cannot hold it there.
    #[error("{0}")]
    Format(&'static str),
    /// The stream has no document.
    #[error("there is no document")]
    NoDocument,
}

impl From<PathError> for ChangeError {
    fn from(error: PathError) -> Self {
        match error {
            PathError::Missing { at } => Self::Missing { at },
            PathError::BeyondEnd { at, len } => Self::BeyondEnd { at, len },
            PathError::NotThere { at } => Self::NotThere { at },
            PathError::BadPath => Self::BadPath,
            PathError::NoPlace(why) => Self::Format(why),
        }
    }
}

impl Document {
    /// The node at `path` in document `index`, aliases followed below the root.
    ///
    /// # Errors
    /// [`ChangeError`], with how far the path goes.
    pub fn find(&self, index: usize, path: &KeyPath) -> Result<NodeId, ChangeError> {
        let (found, at) = self.follow(index, path)?;
        if at == path.0.len() { Ok(found) } else { Err(self.why_not(found, path, at)) }
    }

    /// The deepest node on the path that exists, and how many steps lead there.
    fn follow(&self, index: usize, path: &KeyPath) -> Result<(NodeId, usize), ChangeError> {
        if index >= self.documents() {
            return Err(ChangeError::NoDocument);
        }
        let mut id = self.root(index);
        for (at, step) in path.0.iter().enumerate() {
            match self.step(self.resolve_alias(id), step) {
                Some(next) => id = next,
                None => return Ok((id, at)),
            }
        }
        Ok((id, path.0.len()))
    }

    fn step(&self, id: NodeId, step: &Step) -> Option<NodeId> {
        match (self.kind(id), step) {
            (NodeKind::Map, Step::Key(name)) => {
                self.entries(id).find(|(key, _)| self.key_text(*key) == name.as_str()).map(|(_, value)| value)
            }
            (NodeKind::List, Step::Index(index)) => self.items(id).nth(*index),
            _ => None,
        }
    }

    fn why_not(&self, found: NodeId, path: &KeyPath, at: usize) -> ChangeError {
        let id = self.resolve_alias(found);
        match (self.kind(id), path.0.get(at)) {
            (NodeKind::Map, Some(Step::Key(_))) => ChangeError::Missing { at },
            (NodeKind::List, Some(Step::Index(_))) => ChangeError::BeyondEnd { at, len: self.items(id).count() },
            _ => ChangeError::NotThere { at },
        }
    }

    /// Sets the value at `path`; missing mappings on the way are made, and a position one past the end appends.
    ///
    /// # Errors
    /// [`ChangeError`] when the path leads through a value that cannot hold it.
    pub fn set(&self, index: usize, path: &KeyPath, value: &Node) -> Result<Change, ChangeError> {
        let change = self.plan_set(index, path, value)?;
        self.check_change(index, path, Some(value), &change)?;
        Ok(change)
    }

    fn plan_set(&self, index: usize, path: &KeyPath, value: &Node) -> Result<Change, ChangeError> {
        if path.0.is_empty() || path.0.len() > MAX_DEPTH {
            return Err(ChangeError::BadPath);
        }
        let (found, at) = self.follow(index, path)?;
        if at == path.0.len() {
            return Ok(self.replace_value(found, value));
        }
        let missing = &path.0[at..];
        let null = self.kind(found) == NodeKind::Scalar
            && matches!(self.value(found).map(zeroize::Zeroizing::new).as_deref(), Ok(Value::Null));
        match (self.kind(found), &missing[0]) {
            (NodeKind::Map, Step::Key(key)) => self.add_entry(found, key, &nest(&missing[1..], value)?),
            (NodeKind::List, Step::Index(position)) if *position == self.items(found).count() => {
                Ok(self.add_item(found, &nest(&missing[1..], value)?))
            }
            (NodeKind::Scalar, Step::Key(_)) if null && at > 0 => Ok(self.replace_value(found, &nest(missing, value)?)),
            _ => Err(self.why_not(found, path, at)),
        }
    }

    fn replace_value(&self, id: NodeId, value: &Node) -> Change {
        let collection = matches!(self.kind(id), NodeKind::Map | NodeKind::List);
        let style = if self.kind(id) == NodeKind::Scalar { self.style(id) } else { ScalarStyle::Plain };
        let mut text = zeroize::Zeroizing::new(String::new());
        let span = if collection && !self.is_flow(id) {
            // A block collection stands on lines of its own: the new value moves up behind its key or dash.
            let start = self.before(self.full_span(id).start);
            if start > 0 && !self.text()[..start].ends_with([' ', '\n']) {
                text.push(' ');
            }
            start..self.last_leaf_end(id)
        } else if self.style(id).is_block() && self.kind(id) == NodeKind::Scalar {
            self.full_span(id).start..self.spot(id).span.end
        } else {
            self.full_span(id)
        };
        if span.is_empty() && span.start > 0 {
            if self.in_flow(id) && !self.text()[..self.before(span.start)].ends_with([':', ',', '[', '{']) {
                // A key that stands alone: `{key}`.
                text.push(':');
            }
            if !text.is_empty() || !self.text()[..span.start].ends_with([' ', '\n']) {
                text.push(' ');
            }
        }
        if let Some(anchor) = self.anchor(id) {
            // Others may refer to it, and go on to do so.
            text.push_str(anchor);
            text.push(' ');
        }
        let rest = &self.text()[span.end..];
        let start = text.len();
        self.write_value(id, value, style, rest.starts_with(['\n', '\r']), &mut text);
        let comment = self.header_comment(id);
        // Behind the new header, or behind a value that is no block and so is on one line.
        let first_end = text[start..].find(['\n', '\r']).map_or(text.len(), |at| start + at);
        text.insert_str(first_end, comment);
        if rest.starts_with('#') {
            text.push(' ');
        }
        Change { span, text }
    }

    /// The comment behind the indicator of a block scalar, with the blanks before it.
    fn header_comment(&self, id: NodeId) -> &str {
        if self.kind(id) != NodeKind::Scalar || !self.style(id).is_block() {
            return "";
        }
        let header = &self.text()[self.span(id).start..self.spot(id).span.start];
        let header = header.trim_end_matches(BREAKS);
        let indicator = header.find('#').map(|at| header[..at].trim_end_matches([' ', '\t']).len());
        indicator.map_or("", |at| &header[at..])
    }

    /// The end of what stands before `offset`, blanks, breaks and comments aside.
    fn before(&self, offset: usize) -> usize {
        let mut end = self.text()[..offset].trim_end().len();
        while let Some(comment) = (0..self.comments() as u32).map(|row| self.comment(row)).find(|span| span.end == end)
        {
            end = self.text()[..comment.start].trim_end().len();
        }
        end
    }

    fn write_value(&self, id: NodeId, value: &Node, style: ScalarStyle, at_line_end: bool, out: &mut String) {
        let written = self.kind(id) == NodeKind::Scalar && !self.span(id).is_empty();
        let parent_indent = if written { self.parent_indent(id) } else { self.indent(id) };
        let mut context = Context {
            in_flow: self.in_flow(id),
            is_key: false,
            parent_indent,
            crlf: self.line_end() == "\r\n",
            str_tag: false,
        };
        let blocks = at_line_end && written && !context.in_flow;
        // A block scalar is only written where nothing but a line break follows.
        context.in_flow |= !blocks;
        let style = match style {
            ScalarStyle::Single => Style::Single,
            ScalarStyle::Double => Style::Double,
            ScalarStyle::Literal | ScalarStyle::Folded if blocks => Style::Literal,
            _ => Style::Plain,
        };
        write_node(value, style, &context, out);
    }

    fn add_entry(&self, map: NodeId, key: &str, value: &Node) -> Result<Change, ChangeError> {
        let mut text = zeroize::Zeroizing::new(String::new());
        let flow = self.is_flow(map);
        if flow && !self.text()[self.span(map)].starts_with('{') {
            // The one entry of a mapping without braces: `[key: value]`.
            return Err(ChangeError::NoPlace);
        }
        let context = Context { in_flow: true, is_key: true, parent_indent: -1, crlf: false, str_tag: false };
        let entry = |out: &mut String| {
            spell(&Value::Str(key.into()), Style::Plain, &context, out);
            out.push_str(": ");
            write_node(value, Style::Plain, &Context { is_key: false, ..context }, out);
        };
        if flow {
            let brace = self.span(map).end - 1;
            let last = self.last_child(map).map(|last| self.full_span(last).end);
            let start = last.unwrap_or(brace);
            if last.is_some() {
                text.push_str(", ");
            }
            entry(&mut text);
            return Ok(Change { span: start..start, text });
        }
        let (at, open) = self.line_after(self.last_leaf_end(map));
        let line_end = self.line_end();
        if open {
            text.push_str(line_end);
        }
        text.extend(std::iter::repeat_n(' ', usize::try_from(self.indent(map)).unwrap_or(0)));
        entry(&mut text);
        if !open {
            text.push_str(line_end);
        }
        Ok(Change { span: at..at, text })
    }

    fn add_item(&self, list: NodeId, value: &Node) -> Change {
        let mut text = zeroize::Zeroizing::new(String::new());
        let context = Context { in_flow: true, is_key: false, parent_indent: -1, crlf: false, str_tag: false };
        if self.is_flow(list) {
            let last = self.last_child(list).map(|last| self.full_span(last).end);
            let at = last.unwrap_or(self.span(list).end - 1);
            if last.is_some() {
                text.push_str(", ");
            }
            write_node(value, Style::Plain, &context, &mut text);
            return Change { span: at..at, text };
        }
        let (at, open) = self.line_after(self.last_leaf_end(list));
        let line_end = self.line_end();
        if open {
            text.push_str(line_end);
        }
        text.extend(std::iter::repeat_n(' ', usize::try_from(self.indent(list)).unwrap_or(0)));
        text.push_str("- ");
        write_node(value, Style::Plain, &context, &mut text);
        if !open {
            text.push_str(line_end);
        }
        Change { span: at..at, text }
    }

    /// The start of the line after `offset`; true when the text ends without a line break there.
    fn line_after(&self, offset: usize) -> (usize, bool) {
        let text = self.text();
        if text[..offset].ends_with(BREAKS) {
            return (offset, false);
        }
        match text[offset..].find(BREAKS) {
            Some(at) => (offset + at + first_break_len(&text[offset + at..]), false),
            None => (text.len(), true),
        }
    }

    /// Removes the value at `path`, with its key or its dash.
    ///
    /// # Errors
    /// [`ChangeError`] when nothing is there.
    pub fn unset(&self, index: usize, path: &KeyPath) -> Result<Change, ChangeError> {
        let change = self.plan_unset(index, path)?;
        self.check_change(index, path, None, &change)?;
        Ok(change)
    }

    fn plan_unset(&self, index: usize, path: &KeyPath) -> Result<Change, ChangeError> {
        let Some((last, parents)) = path.0.split_last() else {
            return Err(ChangeError::BadPath);
        };
        let found = self.find(index, path)?;
        let parent = self.find(index, &KeyPath(parents.to_vec()))?;
        if self.kind(parent) == NodeKind::Alias {
            return Err(ChangeError::NotThere { at: parents.len() });
        }
        let children: Vec<(NodeId, NodeId)> = match last {
            Step::Key(_) => self.entries(parent).collect(),
            Step::Index(_) => self.items(parent).map(|item| (item, item)).collect(),
        };
        let position = children.iter().position(|(_, value)| *value == found);
        let position = position.ok_or(ChangeError::Missing { at: parents.len() })?;
        if children.len() == 1 {
            return Ok(self.empty(parent, parents.is_empty()));
        }
        Ok(if self.is_flow(parent) {
            self.remove_flow(&children, position)
        } else {
            self.remove_block(&children, position)
        })
    }

    fn empty(&self, id: NodeId, root: bool) -> Change {
        let kind = if self.kind(id) == NodeKind::Map { Kind::Map(Vec::new()) } else { Kind::List(Vec::new()) };
        let mut change = self.replace_value(id, &Node::new(kind));
        if root && !self.is_flow(id) {
            change.span = self.full_span(id).start..self.last_leaf_end(id);
            *change.text = change.text.trim_start().to_owned();
        }
        change
    }

    fn remove_flow(&self, children: &[(NodeId, NodeId)], position: usize) -> Change {
        let start = |at: usize| self.full_span(children[at].0).start;
        let end = |at: usize| self.full_span(children[at].1).end;
        let span = if position > 0 { end(position - 1)..end(position) } else { start(0)..start(1) };
        Change { span, text: zeroize::Zeroizing::default() }
    }

    fn remove_block(&self, children: &[(NodeId, NodeId)], position: usize) -> Change {
        let head = |at: usize| {
            let (key, value) = children[at];
            let start = self.full_span(key).start;
            if key != value {
                return start;
            }
            // An item begins at its dash.
            self.text()[..start].rfind('-').unwrap_or(start)
        };
        let start = head(position);
        let before = &self.text()[..start];
        let line_start = before.rfind(BREAKS).map_or(0, |at| at + first_break_len(&before[at..]));
        let own_line = self.text()[line_start..start].trim().is_empty();
        let span = if own_line {
            line_start
                ..self
                    .line_after(self.last_leaf_end(children[position].1).max(self.full_span(children[position].0).end))
                    .0
        } else if position + 1 < children.len() {
            // The first entry shares its line with a dash.
            start..head(position + 1)
        } else {
            start..self.last_leaf_end(children[position].1)
        };
        Change { span, text: zeroize::Zeroizing::default() }
    }
}

/// `value` under the keys of `steps`.
fn nest(steps: &[Step], value: &Node) -> Result<Node, ChangeError> {
    let mut node = value.clone();
    for step in steps.iter().rev() {
        node = Node::new(match step {
            Step::Key(key) => Kind::Map(vec![(crate::document::tree::Key { name: key.clone(), line: 0 }, node)]),
            Step::Index(0) => Kind::List(vec![node]),
            Step::Index(_) => return Err(ChangeError::BeyondEnd { at: 0, len: 0 }),
        });
    }
    Ok(node)
}

/// Scalars in `style`, collections in flow style.
fn write_node(node: &Node, style: Style, context: &Context, out: &mut String) {
    let inner = Context { in_flow: true, is_key: false, ..*context };
    match &node.kind {
        Kind::Map(entries) => {
            out.push('{');
            for (index, (key, value)) in entries.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                spell(&Value::Str(key.name.as_str().into()), Style::Plain, &Context { is_key: true, ..inner }, out);
                out.push_str(": ");
                write_node(value, Style::Plain, &inner, out);
            }
            out.push('}');
        }
        Kind::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write_node(item, Style::Plain, &inner, out);
            }
            out.push(']');
        }
        scalar => {
            let value = scalar_value(scalar);
            spell(&value, style, context, out);
        }
    }
}

fn scalar_value(kind: &Kind) -> Value<'_> {
    match kind {
        Kind::Bool(value) => Value::Bool(*value),
        Kind::Int(value) => Value::Int(*value),
        Kind::Float(value) => Value::Float(*value),
        Kind::Time(value) => Value::Time(value.clone()),
        Kind::Str(value) => Value::Str(value.as_str().into()),
        Kind::Null | Kind::List(_) | Kind::Map(_) => Value::Null,
    }
}
