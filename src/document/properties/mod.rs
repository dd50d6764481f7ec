//! Java's `.properties`, with every byte kept: flat keys (dots are part of them) and text.

mod parse;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write;
use std::ops::Range;

use zeroize::Zeroizing;

use super::edits::Edits;
use super::flatten::{flatten, unflatten};
use super::format::{Change, Event, Format, FormatError, PathError, Unspellable};
use super::outline::compare::check_change;
use super::outline::lines::{Lines, append_block, body_start, cut_block, line_end};
use super::outline::{Outline, ROOT};
use super::path::{KeyPath, Step};
use super::tree::{Kind, Node};
use super::value::Value;
use parse::Row;

/// What the names of the metadata begin with.
const SOPS: &str = "sops_";
/// Most entries of metadata that are read: far above any real file, and a bound on the work.
const MOST_ROWS: usize = 10_000;

/// A properties document.
pub struct Properties {
    text: Zeroizing<String>,
    outline: Outline,
    rows: Vec<Row>,
    events: Vec<Event>,
}

impl Properties {
    /// Reads a document.
    ///
    /// # Errors
    /// [`FormatError`] where the text is not what Java would read, or has a key twice.
    pub fn parse(text: String) -> Result<Self, FormatError> {
        let text = Zeroizing::new(text);
        let parse::Parts { outline, rows } = parse::parse(&text)?;
        let events = outline.events(|key| key.starts_with(SOPS));
        Ok(Self { text, outline, rows, events })
    }

    fn raw(&self, leaf: usize) -> &str {
        &self.text[self.outline.span(leaf)]
    }

    fn text_of(&self, leaf: usize) -> Cow<'_, str> {
        // The escapes were checked when the document was read.
        parse::decode(self.raw(leaf)).unwrap_or_default()
    }

    /// The leaves of the metadata: each entry has one, of its own number.
    fn metadata_leaves(&self) -> impl Iterator<Item = usize> {
        (0..self.rows.len()).filter(|leaf| self.outline.key(*leaf).starts_with(SOPS))
    }

    /// The lines of the metadata; those that follow each other are one span.
    fn metadata_lines(&self) -> Vec<Range<usize>> {
        let mut spans: Vec<Range<usize>> = Vec::new();
        for leaf in self.metadata_leaves() {
            let row = &self.rows[leaf];
            match spans.last_mut() {
                Some(last) if last.end == row.start => last.end = row.end,
                _ => spans.push(row.start..row.end),
            }
        }
        spans
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Properties({} events)", self.events.len())
    }
}

impl Format for Properties {
    fn text(&self) -> &str {
        &self.text
    }

    fn into_text(self: Box<Self>) -> Zeroizing<String> {
        self.text
    }

    fn reparse(&self, text: String, _reading: Option<&str>) -> Result<Box<dyn Format>, FormatError> {
        Ok(Box::new(Self::parse(text)?))
    }

    fn events(&self) -> &[Event] {
        &self.events
    }

    fn key(&self, key: usize) -> &str {
        self.outline.key(key)
    }

    fn value(&self, leaf: usize) -> Value<'_> {
        Value::Str(self.text_of(leaf))
    }

    fn span(&self, leaf: usize) -> Range<usize> {
        self.outline.span(leaf)
    }

    fn spell(&self, leaf: usize, value: &Value<'_>, out: &mut String) -> Result<(), Unspellable> {
        let Value::Str(text) = value else {
            return Err(Unspellable("a properties file holds only text"));
        };
        let separator = &self.text[self.rows[leaf].separator.clone()];
        if text.is_empty() && separator.ends_with('\r') {
            // The line feed that may follow would join that return, and the next line this one.
            return Err(Unspellable("an empty value has no place behind a continued line that ends in a lone return"));
        }
        if separator.is_empty() && !text.is_empty() {
            out.push('=');
        }
        let written = separator.is_empty() || separator.contains(['=', ':']);
        spell_value(text, !written, out);
        Ok(())
    }

    fn repeats_paths(&self) -> bool {
        false
    }

    fn comment(&self, comment: usize) -> Range<usize> {
        self.outline.comment_span(comment)
    }

    fn comment_text(&self, comment: usize) -> Cow<'_, str> {
        Cow::Borrowed(&self.text[self.outline.comment_span(comment)])
    }

    fn spell_comment(&self, _comment: usize, text: &str, out: &mut String) {
        // A comment ends with its line; what is no text of one cannot have been read from one.
        out.extend(text.chars().map(|c| if matches!(c, '\n' | '\r' | '\0') { ' ' } else { c }));
    }

    fn metadata(&self) -> Result<Option<Node>, FormatError> {
        let mut leaves = self.metadata_leaves().peekable();
        let Some(first) = leaves.peek().copied() else {
            return Ok(None);
        };
        let lines = Lines::new(&self.text);
        let rows = leaves.map(|leaf| {
            let name = self.outline.key(leaf).strip_prefix(SOPS).unwrap_or_default();
            (name, self.text_of(leaf).into_owned(), lines.of(self.outline.span(leaf).start))
        });
        let wrong = || {
            FormatError::at(&self.text, self.rows[first].start, "the names of the sops metadata contradict each other")
        };
        if self.metadata_leaves().count() > MOST_ROWS {
            return Err(FormatError::at(
                &self.text,
                self.rows[first].start,
                "there are too many entries of sops metadata",
            ));
        }
        unflatten(rows).map(Some).map_err(|_| wrong())
    }

    fn insert_metadata(&self, metadata: &Node, edits: &mut Edits) {
        append_block(&self.text, edits, 0, |line_end, out| {
            // Metadata that cannot be flattened is left out, and the file does not open again.
            for (name, value) in flatten(metadata).unwrap_or_default() {
                out.push_str(SOPS);
                spell_key(&name, out);
                out.push('=');
                spell_value(&value, false, out);
                out.push_str(line_end);
            }
        });
    }

    fn remove_metadata(&self, edits: &mut Edits) {
        for span in self.metadata_lines() {
            edits.replace(cut_block(&self.text, span), "");
        }
    }

    fn set(&self, path: &KeyPath, value: &Node) -> Result<Change, PathError> {
        let key = one_key(path)?;
        let value = &as_text(value)?;
        let mut text = Zeroizing::new(String::with_capacity(4096));
        let spelled = match &value.kind {
            Kind::Str(text) => text.as_str(),
            _ => "",
        };
        if let Some(node) = self.outline.get(ROOT, key) {
            // The first entry is node 1, leaf 0.
            let leaf = node - 1;
            // What is written is text, which has a spelling.
            self.spell(leaf, &Value::Str(spelled.into()), &mut text)
                .map_err(|Unspellable(why)| PathError::NoPlace(why))?;
            return check_change(self, path, Some(value), Change { span: self.outline.span(leaf), text });
        }
        let metadata = self.metadata_lines().pop().filter(|span| span.end == self.text.len());
        let at = metadata.map_or(self.text.len(), |span| cut_block(&self.text, span).start);
        // What is continued by nothing ends at an empty line.
        let continued = self.rows.iter().any(|row| row.end == at && self.ends_continued(row));
        let break_ = line_end(&self.text);
        let open = at > body_start(&self.text) && !self.text[..at].ends_with(['\n', '\r']);
        text.push_str(if open { break_ } else { "" });
        text.push_str(if continued { break_ } else { "" });
        spell_key(key, &mut text);
        let spaced = self.rows.last().is_some_and(|row| self.text[row.separator.clone()].starts_with(' '));
        text.push_str(if spaced { " = " } else { "=" });
        spell_value(spelled, false, &mut text);
        text.push_str(if open { "" } else { break_ });
        check_change(self, path, Some(value), Change { span: at..at, text })
    }

    fn unset(&self, path: &KeyPath) -> Result<Change, PathError> {
        one_key(path)?;
        let row = &self.rows[self.outline.find(path)? - 1];
        check_change(self, path, None, Change { span: row.start..row.end, text: Zeroizing::default() })
    }
}

impl Properties {
    /// Whether the last line of an entry ends in a backslash that continues it by nothing.
    fn ends_continued(&self, row: &Row) -> bool {
        let line = self.text[row.start..row.end].trim_end_matches(['\n', '\r', ' ', '\t', '\u{C}']);
        (line.len() - line.trim_end_matches('\\').len()) % 2 == 1
    }
}

fn one_key(path: &KeyPath) -> Result<&str, PathError> {
    match path.0.as_slice() {
        [Step::Key(key)] if key.starts_with(SOPS) => {
            Err(PathError::NoPlace("names with `sops_` are those of the metadata"))
        }
        [Step::Key(key)] => Ok(key),
        [Step::Index(_)] => Err(PathError::NotThere { at: 0 }),
        _ => Err(PathError::BadPath),
    }
}

/// What a value is in a format that has only text.
fn as_text(node: &Node) -> Result<Node, PathError> {
    Ok(Node::text(match &node.kind {
        Kind::Bool(value) => value.to_string(),
        Kind::Int(value) => value.to_string(),
        Kind::Float(value) => value.to_string(),
        Kind::Time(text) | Kind::Str(text) => text.clone(),
        Kind::Null | Kind::List(_) | Kind::Map(_) => {
            return Err(PathError::NoPlace("a properties file holds only text"));
        }
    }))
}

fn spell_key(text: &str, out: &mut String) {
    for (at, c) in text.chars().enumerate() {
        match c {
            ' ' | '=' | ':' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '#' | '!' if at == 0 => {
                out.push('\\');
                out.push(c);
            }
            c => push(c, out),
        }
    }
}

/// Appends a value; `bare` when only blanks stand before it, so that a first `=` or `:` would be the separator.
fn spell_value(text: &str, bare: bool, out: &mut String) {
    for (at, c) in text.chars().enumerate() {
        match c {
            '\\' => out.push_str("\\\\"),
            ' ' if at == 0 => out.push_str("\\ "),
            '=' | ':' if at == 0 && bare => {
                out.push('\\');
                out.push(c);
            }
            c => push(c, out),
        }
    }
}

fn push(c: char, out: &mut String) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{C}' => out.push_str("\\f"),
        // Writing to memory cannot fail.
        c if c.is_control() => drop(write!(out, "\\u{:04x}", u32::from(c))),
        c => out.push(c),
    }
}
