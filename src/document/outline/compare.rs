//! Whether a change did what it should: every other leaf says what it said, and the changed path says what was asked for.

use zeroize::Zeroizing;

use crate::document::format::{Change, Event, Format, PathError, Shape};
use crate::document::path::{KeyPath, Step};
use crate::document::scalar::{append_plain_bytes, type_word};
use crate::document::tree::{Kind, Node};
use crate::document::value::Value;

/// What is said where a splice would change something else.
pub(in crate::document) const NO_PLACE: PathError =
    PathError::NoPlace("the text around this value is written in a way that cannot be changed in place: edit the file");

type Rows = Vec<Zeroizing<Vec<u8>>>;

/// Refuses a change that does anything but put `value` at `path`, or take it away.
pub(in crate::document) fn check_change(
    document: &dyn Format,
    path: &KeyPath,
    value: Option<&Node>,
    change: Change,
) -> Result<Change, PathError> {
    let text = document.text();
    let mut changed = String::with_capacity(text.len() + change.text.len());
    changed.push_str(&text[..change.span.start]);
    changed.push_str(&change.text);
    changed.push_str(&text[change.span.end..]);
    let after = document.reparse(changed, None).map_err(|_| NO_PLACE)?;
    let (others_before, _) = rows(document, Some(path), value.is_none());
    let (others_after, inside) = rows(after.as_ref(), value.map(|_| path), false);
    drop(after.into_text());
    let wanted = value.map(|value| {
        let mut rows = Vec::new();
        flatten(value, &mut Vec::new(), &mut rows);
        sort(&mut rows);
        rows
    });
    let same = others_before == others_after && wanted.is_none_or(|wanted| wanted == inside);
    if same { Ok(change) } else { Err(NO_PLACE) }
}

/// Every leaf as its path and its value: those outside `path`, and those at and below it, with their paths from there. Where the
/// value is to be removed from a list, later positions count as if it were gone already.
fn rows(document: &dyn Format, path: Option<&KeyPath>, removed: bool) -> (Rows, Rows) {
    let (mut outside, mut inside) = (Vec::new(), Vec::new());
    let mut steps: Vec<Step> = Vec::new();
    let mut positions: Vec<usize> = Vec::new();
    let mut gone = false;
    let is_at = |steps: &[Step]| path.is_some_and(|path| steps.get(..path.0.len()) == Some(&path.0[..]));
    for event in document.events() {
        match *event {
            Event::Comment(_) => {}
            Event::Open(shape) => {
                let marker = matches!(shape, Shape::List).then_some(b"[]".as_slice());
                if let (Some(path), true) = (path, is_at(&steps) && !gone) {
                    inside.push(row(&steps[path.0.len()..], marker.unwrap_or(b"{}")));
                }
                positions.push(0);
            }
            Event::Close => {
                positions.pop();
                gone |= leave(&mut steps, path, removed);
            }
            Event::Key(key) => steps.push(Step::Key(document.key(key).to_owned())),
            Event::Item => {
                let position = positions.last_mut();
                let at = position.as_ref().map_or(0, |position| **position);
                steps.push(Step::Index(at));
                let skip = removed && !gone && path.is_some_and(|path| path.0 == steps);
                if let Some(position) = position
                    && !skip
                {
                    *position += 1;
                }
            }
            Event::Scalar(leaf) => {
                match path {
                    Some(path) if is_at(&steps) && !gone => {
                        inside.push(scalar_row(&steps[path.0.len()..], &document.value(leaf)));
                    }
                    _ => outside.push(scalar_row(&steps, &document.value(leaf))),
                }
                gone |= leave(&mut steps, path, removed);
            }
        }
    }
    sort(&mut outside);
    sort(&mut inside);
    (outside, inside)
}

fn leave(steps: &mut Vec<Step>, path: Option<&KeyPath>, removed: bool) -> bool {
    let left = removed && path.is_some_and(|path| path.0 == *steps);
    steps.pop();
    left
}

fn row(steps: &[Step], value: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut id = Vec::with_capacity(value.len() + 64 * steps.len());
    for step in steps {
        match step {
            Step::Key(key) => {
                id.extend_from_slice(format!("/{}:", key.len()).as_bytes());
                id.extend_from_slice(key.as_bytes());
            }
            Step::Index(index) => id.extend_from_slice(format!("#{index}").as_bytes()),
        }
    }
    id.push(b' ');
    id.extend_from_slice(value);
    Zeroizing::new(id)
}

fn scalar_row(steps: &[Step], value: &Value<'_>) -> Zeroizing<Vec<u8>> {
    let length = if let Value::Str(text) = value { text.len() } else { 512 };
    let mut bytes = Zeroizing::new(Vec::with_capacity(length + 16));
    bytes.extend_from_slice(type_word(value).as_str().as_bytes());
    bytes.push(b' ');
    if !append_plain_bytes(value, &mut bytes) {
        bytes.extend_from_slice(b"null");
        bytes.insert(0, b'!');
    }
    row(steps, &bytes)
}

fn flatten(node: &Node, steps: &mut Vec<Step>, rows: &mut Rows) {
    let value = match &node.kind {
        Kind::Null => Value::Null,
        Kind::Bool(value) => Value::Bool(*value),
        Kind::Int(value) => Value::Int(*value),
        Kind::Float(value) => Value::Float(*value),
        Kind::Time(text) => Value::Time(text.clone()),
        Kind::Str(text) => Value::Str(text.as_str().into()),
        Kind::List(items) => {
            rows.push(row(steps, b"[]"));
            for (at, item) in items.iter().enumerate() {
                steps.push(Step::Index(at));
                flatten(item, steps, rows);
                steps.pop();
            }
            return;
        }
        Kind::Map(entries) => {
            rows.push(row(steps, b"{}"));
            for (key, value) in entries {
                steps.push(Step::Key(key.name.clone()));
                flatten(value, steps, rows);
                steps.pop();
            }
            return;
        }
    };
    rows.push(scalar_row(steps, &value));
}

fn sort(rows: &mut Rows) {
    rows.sort_by(|left, right| left.as_slice().cmp(right.as_slice()));
}
