//! A change is made on trial before it is handed out: the text must still be YAML, the value must be what was asked for, and
//! every other value must be what it was. YAML has places where a splice cannot do that (`? key` without its value, a block
//! scalar without a line); there the change is refused instead.

use zeroize::Zeroizing;

use super::change::ChangeError;
use super::document::Document;
use super::walk::Visit;
use crate::document::format::Change;
use crate::document::path::{KeyPath, Step};
use crate::document::scalar::{TypeWord, type_word, write_plain_bytes};
use crate::document::trail::Trail;
use crate::document::tree::{Kind, Node};
use crate::document::value::Value;

impl Document {
    /// The text with `change` made.
    pub fn with(&self, change: &Change) -> Zeroizing<String> {
        let text = self.text();
        let (before, after) = (&text[..change.span.start], &text[change.span.end..]);
        let mut out = Zeroizing::new(String::with_capacity(before.len() + change.text.len() + after.len()));
        out.push_str(before);
        out.push_str(&change.text);
        out.push_str(after);
        out
    }

    /// Tries `change`, which sets `path` of document `index` to `wanted` or removes it.
    pub(super) fn check_change(
        &self,
        index: usize,
        path: &KeyPath,
        wanted: Option<&Node>,
        change: &Change,
    ) -> Result<(), ChangeError> {
        let mut text = self.with(change);
        let changed = Self::parse(std::mem::take(&mut *text)).map_err(|error| {
            if error.problem.contains("alias") { ChangeError::Referred } else { ChangeError::NoPlace }
        })?;
        if changed.documents() != self.documents() {
            return Err(ChangeError::NoPlace);
        }
        if let Some(wanted) = wanted {
            let found = changed.find(index, path).map_err(|_| ChangeError::NoPlace)?;
            let read = Zeroizing::new(changed.tree(found).map_err(|_| ChangeError::NoPlace)?);
            if !same(&read, wanted) {
                return Err(ChangeError::NoPlace);
            }
        }
        let removed = wanted.is_none();
        for document in 0..self.documents() {
            let path = (document == index).then_some(path);
            let before = self.rest(document, path, removed);
            let after = changed.rest(document, path.filter(|_| !removed), false);
            if before.is_none() || before != after {
                return Err(ChangeError::NoPlace);
            }
        }
        Ok(())
    }

    /// Every value with its place, without those that a change of `path` is about; `None` for an alias bomb.
    fn rest(&self, document: usize, path: Option<&KeyPath>, removed: bool) -> Option<Vec<Rest>> {
        let mut trail = Trail::default();
        let mut rest = Vec::new();
        let walked = self.walk::<ChangeError>(document, |visit| {
            match visit {
                Visit::EnterKey(key, _) => trail.enter_key(key),
                Visit::EnterItem(at) => trail.enter_item(at),
                Visit::Leave => drop(trail.leave()),
                Visit::Scalar { id, copy: false } => {
                    let Some(place) = place_after(trail.path(), path, removed) else {
                        return Ok(());
                    };
                    let value = Zeroizing::new(self.value(id).unwrap_or(Value::Null));
                    let mut plain = Zeroizing::default();
                    let counted = write_plain_bytes(&value, &mut plain);
                    rest.push((place, counted.then(|| (type_word(&value), plain))));
                }
                _ => {}
            }
            Ok(())
        });
        walked.is_ok().then_some(rest)
    }
}

/// A value and where it is; nothing but the place for null.
type Rest = (KeyPath, Option<(TypeWord, Zeroizing<Vec<u8>>)>);

/// Where the value at `place` is after a change of `path`; `None` when the change is about it.
fn place_after(mut place: KeyPath, path: Option<&KeyPath>, removed: bool) -> Option<KeyPath> {
    let Some(path) = path else { return Some(place) };
    if place.0.starts_with(&path.0) || (!removed && path.0.starts_with(&place.0)) {
        return None;
    }
    if removed
        && let Some((Step::Index(gone), parent)) = path.0.split_last()
        && place.0.starts_with(parent)
        && let Some(Step::Index(at)) = place.0.get_mut(parent.len())
        && *at > *gone
    {
        *at -= 1;
    }
    Some(place)
}

/// Equality without regard to lines; a NaN is itself.
fn same(left: &Node, right: &Node) -> bool {
    match (&left.kind, &right.kind) {
        (Kind::Float(left), Kind::Float(right)) => left == right || left.is_nan() && right.is_nan(),
        (Kind::List(left), Kind::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| same(l, r))
        }
        (Kind::Map(left), Kind::Map(right)) => {
            let entry = |((left, l), (right, r)): (&(_, Node), &(_, Node))| {
                let (left, right): (&crate::document::tree::Key, &crate::document::tree::Key) = (left, right);
                left.name == right.name && same(l, r)
            };
            left.len() == right.len() && left.iter().zip(right).all(entry)
        }
        (left, right) => left == right,
    }
}
