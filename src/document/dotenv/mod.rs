//! dotenv files: one `NAME=value` a line, read as sops reads them or as shells and dotenv libraries mean them.
//!
//! sops 3.13.2 (`stores/dotenv/store.go`) takes a line as it stands: everything before the first `=` is the key, everything after
//! it the value, quotes and all. The faithful reading gives a value as programs see it, and still writes a file that sops reads:
//! keys are bound as they stand, and a value is replaced with its quotes, its inline comment and its further lines.

mod change;
mod emit;
mod parse;
mod quoted;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use zeroize::Zeroizing;

use super::edits::Edits;
use super::flatten::{flatten, unflatten};
use super::format::{Change, Event, Format, FormatError, PathError, Unrepresentable, Unspellable};
use super::intake;
use super::path::KeyPath;
use super::tree::Node;
use super::value::Value;

pub use emit::{EmitError, emit, push_comment, push_entry};
use quoted::Content;

/// What metadata keys begin with.
const PREFIX: &str = "sops_";

/// How lines are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// As sops does: nothing but `=`, `#` in the first column and `\n` means anything.
    Literal,
    /// As shells and dotenv libraries do: `export`, blanks, quotes, escapes, inline comments, values of several lines.
    Faithful,
}

/// The name under which [`Reading::Faithful`] is recorded.
pub const FAITHFUL: &str = "faithful";

/// The name in the text before a `=`, as shells see it: without `export` and the blanks around it.
pub fn bare_name(key: &str) -> &str {
    &key[parse::name(key, 0..key.len())]
}

/// A parsed dotenv text.
pub struct DotenvDocument {
    text: Zeroizing<String>,
    reading: Reading,
    events: Vec<Event>,
    leaves: Vec<Leaf>,
    /// From the `#` to the end of the text.
    comments: Vec<Comment>,
    metadata: Vec<MetadataLine>,
    problems: Vec<Unrepresentable>,
    /// Whether the literal reading would give anything else.
    differs: bool,
    /// Whether a key stands twice.
    repeats: bool,
}

/// One line with a value. Its number is also the number of its key.
struct Leaf {
    /// The text before the `=`.
    key: Range<usize>,
    /// The part of it that people call the key.
    name: Range<usize>,
    /// What is replaced.
    span: Range<usize>,
    /// The part of it that spells the value.
    spelled: Range<usize>,
    content: Content,
    /// What sops takes for the value: the rest of the first line.
    literal: Range<usize>,
    /// The whole lines, with the last line break.
    lines: Range<usize>,
}

struct Comment {
    span: Range<usize>,
    text: Range<usize>,
}

struct MetadataLine {
    key: Range<usize>,
    value: Range<usize>,
    line: Range<usize>,
}

/// Reads a text.
///
/// # Errors
/// [`FormatError`] for a line that is neither empty, a comment nor a `NAME=value`, and in the faithful reading for a quote
/// without an end.
pub fn parse(text: String, reading: Reading) -> Result<DotenvDocument, FormatError> {
    let text = Zeroizing::new(text);
    intake::check(&text)?;
    let mut document = parse::Parser::new(&text, reading).run()?;
    document.text = text;
    Ok(document)
}

impl fmt::Debug for DotenvDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DotenvDocument({:?}, {} values)", self.reading, self.leaves.len())
    }
}

/// The two characters `\n` are a line break to sops.
fn with_breaks(text: &str) -> Cow<'_, str> {
    if text.contains("\\n") { Cow::Owned(text.replace("\\n", "\n")) } else { Cow::Borrowed(text) }
}

impl Format for DotenvDocument {
    fn text(&self) -> &str {
        &self.text
    }

    fn into_text(self: Box<Self>) -> Zeroizing<String> {
        self.text
    }

    fn reparse(&self, text: String, reading: Option<&str>) -> Result<Box<dyn Format>, FormatError> {
        let reading = if reading.is_some() { Reading::Faithful } else { Reading::Literal };
        Ok(Box::new(parse(text, reading)?))
    }

    fn events(&self) -> &[Event] {
        &self.events
    }

    fn key(&self, key: usize) -> &str {
        &self.text[self.leaves[key].key.clone()]
    }

    fn path_key(&self, key: usize) -> &str {
        &self.text[self.leaves[key].name.clone()]
    }

    fn value(&self, leaf: usize) -> Value<'_> {
        Value::Str(match &self.leaves[leaf].content {
            Content::Literal => with_breaks(&self.text[self.leaves[leaf].literal.clone()]),
            Content::Span(span) => Cow::Borrowed(&self.text[span.clone()]),
            Content::Decoded(text) => Cow::Borrowed(text.as_str()),
        })
    }

    fn clear_value(&self, leaf: usize) -> Value<'_> {
        Value::Str(with_breaks(&self.text[self.leaves[leaf].literal.clone()]))
    }

    fn unrepresentable_in_clear(&self, leaf: usize) -> Option<&'static str> {
        let leaf = &self.leaves[leaf];
        let several = self.text[leaf.span.clone()].contains('\n');
        several.then_some("sops would read each line of this value as a line of its own")
    }

    fn span(&self, leaf: usize) -> Range<usize> {
        self.leaves[leaf].span.clone()
    }

    fn spell(&self, _leaf: usize, value: &Value<'_>, out: &mut String) -> Result<(), Unspellable> {
        let text = quoted::text_of(value)?;
        match self.reading {
            Reading::Literal => quoted::spell_literal(&text, out),
            Reading::Faithful => quoted::spell_faithful(&text, None, out),
        }
    }

    fn spell_in_file(&self, _leaf: usize, value: &Value<'_>, out: &mut String) -> Result<(), Unspellable> {
        quoted::spell_literal(&quoted::text_of(value)?, out)
    }

    fn repeats_paths(&self) -> bool {
        self.repeats
    }

    fn comment(&self, comment: usize) -> Range<usize> {
        self.comments[comment].span.clone()
    }

    fn comment_text(&self, comment: usize) -> Cow<'_, str> {
        Cow::Borrowed(&self.text[self.comments[comment].text.clone()])
    }

    fn spell_comment(&self, _comment: usize, text: &str, out: &mut String) {
        // A comment is one line here; one of several lines can only come from another format.
        for (at, line) in text.split('\n').enumerate() {
            out.push_str(if at > 0 { "\n#" } else { "#" });
            out.push_str(line);
        }
    }

    fn metadata(&self) -> Result<Option<Node>, FormatError> {
        if self.metadata.is_empty() {
            return Ok(None);
        }
        let (mut line, mut at) = (1, 0);
        let rows: Vec<(&str, String, usize)> = self
            .metadata
            .iter()
            .map(|row| {
                line += memchr::memchr_iter(b'\n', &self.text.as_bytes()[at..row.line.start]).count();
                at = row.line.start;
                let value = self.text[row.value.clone()].trim_end_matches('\r');
                (&self.text[row.key.start + PREFIX.len()..row.key.end], with_breaks(value).into_owned(), line)
            })
            .collect();
        match unflatten(rows) {
            Ok(node) => Ok(Some(node)),
            Err(error) => Err(FormatError { line: error.line().max(1), column: 1, what: error.what() }),
        }
    }

    fn insert_metadata(&self, metadata: &Node, edits: &mut Edits) {
        // Metadata that cannot be flattened is left out, and the file does not open again.
        let rows = flatten(metadata).unwrap_or_default();
        let open = !self.text.is_empty() && !self.text.ends_with('\n');
        let mut block = String::new();
        if open {
            block.push('\n');
        }
        for (key, value) in rows {
            // sops takes a carriage return for a part of the value, so that these lines never have one.
            block.push_str(PREFIX);
            block.push_str(&key);
            block.push('=');
            block.push_str(&value.replace('\n', "\\n"));
            block.push('\n');
        }
        if open {
            // A file without a final line break stays without one: that is how the break above is known to be ours.
            block.pop();
        }
        let end = self.text.len();
        edits.replace(end..end, &block);
    }

    fn remove_metadata(&self, edits: &mut Edits) {
        let open = !self.text.ends_with('\n');
        let mut run: Option<Range<usize>> = None;
        for row in &self.metadata {
            match &mut run {
                Some(run) if run.end == row.line.start => run.end = row.line.end,
                _ => {
                    if let Some(done) = run.replace(row.line.clone()) {
                        edits.replace(done, "");
                    }
                }
            }
        }
        if let Some(mut last) = run {
            if open && last.end == self.text.len() && last.start > 0 {
                last.start -= 1;
            }
            edits.replace(last, "");
        }
    }

    fn unrepresentable(&self) -> &[Unrepresentable] {
        &self.problems
    }

    fn reading(&self) -> Option<&'static str> {
        (self.reading == Reading::Faithful && self.differs).then_some(FAITHFUL)
    }

    fn set(&self, path: &KeyPath, value: &Node) -> Result<Change, PathError> {
        change::set(self, path, value)
    }

    fn unset(&self, path: &KeyPath) -> Result<Change, PathError> {
        change::unset(self, path)
    }
}
