//! Replacing spans of a text: the only way in which a document changes.

use std::ops::Range;

use zeroize::Zeroizing;

/// A list of replacements for one text. What is put in is wiped on drop.
#[derive(Default)]
pub struct Edits {
    text: Zeroizing<String>,
    list: Vec<Edit>,
}

#[derive(Clone, Copy)]
struct Edit {
    start: usize,
    end: usize,
    from: usize,
    to: usize,
}

impl Edits {
    /// An empty list, with room for `capacity` bytes of new text.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { text: Zeroizing::new(String::with_capacity(capacity)), list: Vec::new() }
    }

    /// Replaces `span` by what `write` appends.
    pub fn replace<T>(&mut self, span: Range<usize>, write: impl FnOnce(&mut String) -> T) -> T {
        let from = self.text.len();
        let result = write(&mut self.text);
        self.list.push(Edit { start: span.start, end: span.end, from, to: self.text.len() });
        result
    }

    /// Like [`Edits::replace`], where writing tells which span it is for.
    pub fn replace_with(&mut self, write: impl FnOnce(&mut String) -> Range<usize>) {
        let from = self.text.len();
        let span = write(&mut self.text);
        self.list.push(Edit { start: span.start, end: span.end, from, to: self.text.len() });
    }

    /// Whether a replacement covers the byte at `offset`, or starts there.
    pub fn covers(&self, offset: usize) -> bool {
        self.list.iter().any(|edit| edit.start == offset || (edit.start..edit.end).contains(&offset))
    }

    /// How many replacements there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The text with every replacement made. A replacement inside another one is dropped; insertions at one place keep their order.
    pub fn apply(mut self, text: &str) -> Zeroizing<String> {
        self.list.sort_by_key(|edit| (edit.start, std::cmp::Reverse(edit.end)));
        let grown: usize = self.list.iter().map(|edit| edit.to - edit.from).sum();
        let mut out = Zeroizing::new(String::with_capacity(text.len() + grown));
        let mut done = 0;
        for edit in &self.list {
            if edit.start < done {
                continue;
            }
            out.push_str(&text[done..edit.start]);
            out.push_str(&self.text[edit.from..edit.to]);
            done = edit.end;
        }
        out.push_str(&text[done..]);
        out
    }
}
