//! A JSON text and its steps, as the SOPS file sees it.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use zeroize::Zeroizing;

use super::emit::spell_scalar;
use super::scan::{KeyText, Scanned, Step, scan};
use super::{Dialect, change, literal, place};
use crate::document::edits::Edits;
use crate::document::format::{Change, Event, Format, FormatError, PathError, Unrepresentable, Unspellable};
use crate::document::path::KeyPath;
use crate::document::scalar::whole;
use crate::document::tree::Node;
use crate::document::value::Value;

/// The original text of a JSON document and what is where in it. The text is wiped on drop.
pub struct JsonDocument {
    text: Zeroizing<String>,
    dialect: Dialect,
    steps: Vec<Step>,
    events: Vec<Event>,
    keys: Vec<KeyText>,
    leaves: Vec<u32>,
    problems: Vec<Unrepresentable>,
    /// The steps of the metadata.
    metadata: Option<Range<usize>>,
}

impl fmt::Debug for JsonDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JsonDocument({} bytes)", self.text.len())
    }
}

impl JsonDocument {
    pub(super) fn parse(text: String, dialect: Dialect) -> Result<Self, FormatError> {
        let text = Zeroizing::new(text);
        let Scanned { steps, keys, leaves, problems } = scan(&text, dialect)?;
        let mut document = Self { text, dialect, steps, events: Vec::new(), keys, leaves, problems, metadata: None };
        let metadata = place::find(&document);
        let kept = |at: usize| metadata.as_ref().is_none_or(|range| !range.contains(&at));
        document.events =
            document.steps.iter().enumerate().filter(|(at, _)| kept(*at)).map(|(_, step)| step.event).collect();
        document.metadata = metadata;
        Ok(document)
    }

    /// Every step, those of the metadata included.
    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Which of them are the metadata's: a key and its value, or an item.
    pub(super) fn metadata_steps(&self) -> Option<Range<usize>> {
        self.metadata.clone()
    }

    /// The text with `change` made.
    pub(super) fn with(&self, change: &Change) -> Zeroizing<String> {
        let (before, after) = (&self.text[..change.span.start], &self.text[change.span.end..]);
        let mut out = Zeroizing::new(String::with_capacity(before.len() + change.text.len() + after.len()));
        out.push_str(before);
        out.push_str(&change.text);
        out.push_str(after);
        out
    }

    /// The bytes of an event: of a collection from bracket to bracket, of a key with its quotes.
    pub fn place(&self, event: usize) -> Range<usize> {
        let skipped = self.metadata.as_ref().filter(|range| event >= range.start).map_or(0, ExactSizeIterator::len);
        self.steps[event + skipped].span()
    }

    /// Another text, read as this one was.
    pub(super) fn again(&self, text: String) -> Result<Self, FormatError> {
        Self::parse(text, self.dialect)
    }
}

impl Format for JsonDocument {
    fn text(&self) -> &str {
        &self.text
    }

    fn into_text(self: Box<Self>) -> Zeroizing<String> {
        self.text
    }

    fn reparse(&self, text: String, _reading: Option<&str>) -> Result<Box<dyn Format>, FormatError> {
        Ok(Box::new(self.again(text)?))
    }

    fn events(&self) -> &[Event] {
        &self.events
    }

    fn key(&self, key: usize) -> &str {
        let key = &self.keys[key];
        key.decoded.as_deref().unwrap_or(&self.text[key.inner.clone()])
    }

    fn value(&self, leaf: usize) -> Value<'_> {
        literal::value(&self.text[self.span(leaf)])
    }

    fn span(&self, leaf: usize) -> Range<usize> {
        self.steps[self.leaves[leaf] as usize].span()
    }

    fn spell(&self, _leaf: usize, value: &Value<'_>, out: &mut String) -> Result<(), Unspellable> {
        spell_scalar(whole(value).as_ref().unwrap_or(value), out)
    }

    // sops knows no comments in JSON, and an event for one would let a rule select it: they stay what they are.
    fn repeats_paths(&self) -> bool {
        false
    }

    fn comment(&self, _comment: usize) -> Range<usize> {
        0..0
    }

    fn comment_text(&self, _comment: usize) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn spell_comment(&self, _comment: usize, _text: &str, _out: &mut String) {}

    fn metadata(&self) -> Result<Option<Node>, FormatError> {
        place::read(self)
    }

    fn insert_metadata(&self, metadata: &Node, edits: &mut Edits) {
        place::insert(self, metadata, edits);
    }

    fn remove_metadata(&self, edits: &mut Edits) {
        place::remove(self, edits);
    }

    fn unrepresentable(&self) -> &[Unrepresentable] {
        &self.problems
    }

    fn set(&self, path: &KeyPath, value: &Node) -> Result<Change, PathError> {
        change::set(self, path, value)
    }

    fn unset(&self, path: &KeyPath) -> Result<Change, PathError> {
        change::unset(self, path)
    }
}
