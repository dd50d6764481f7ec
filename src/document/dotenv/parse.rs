//! Lines of a dotenv text.

use std::collections::HashMap;
use std::ops::Range;

use zeroize::Zeroizing;

use super::quoted::{self, Content};
use super::{Comment, DotenvDocument, Leaf, MetadataLine, PREFIX, Reading};
use crate::document::format::{Event, FormatError, Shape, Unrepresentable};
use crate::document::intake::{CONFLICT, is_middle_marker, line_end};

/// What the faithful reading skips around keys and values.
pub(super) const BLANKS: [char; 2] = [' ', '\t'];
const BOM: char = '\u{FEFF}';

pub(super) struct Parser<'a> {
    text: &'a str,
    reading: Reading,
    document: DotenvDocument,
    /// The last leaf of each name.
    names: HashMap<&'a str, usize>,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, reading: Reading) -> Self {
        let document = DotenvDocument {
            text: Zeroizing::default(),
            reading,
            events: vec![Event::Open(Shape::Map)],
            leaves: Vec::new(),
            comments: Vec::new(),
            metadata: Vec::new(),
            problems: Vec::new(),
            differs: false,
            repeats: false,
        };
        Self { text, reading, document, names: HashMap::new() }
    }

    pub(super) fn run(mut self) -> Result<DotenvDocument, FormatError> {
        let mut at = 0;
        while at < self.text.len() {
            at = self.line(at)?;
        }
        self.document.events.push(Event::Close);
        Ok(self.document)
    }

    fn error(&self, at: usize, what: &'static str) -> FormatError {
        FormatError::at(self.text, at, what)
    }

    fn problem(&mut self, offset: usize, what: &'static str, is_final: bool) {
        self.document.problems.push(Unrepresentable { offset, what, is_final });
    }

    /// Reads the line at `at`, and gives the start of the next one.
    fn line(&mut self, at: usize) -> Result<usize, FormatError> {
        let next = line_end(self.text, at);
        let end = if self.text[at..next].ends_with('\n') { next - 1 } else { next };
        let line = &self.text[at..end];
        if line.is_empty() {
            return Ok(next);
        }
        if line.starts_with('#') {
            self.comment(at..end, at + 1);
            return Ok(next);
        }
        if is_middle_marker(line) {
            return Err(self.error(at, CONFLICT));
        }
        if self.beyond_sops(at, line) {
            return Ok(next);
        }
        let Some(equals) = line.find('=').map(|equals| at + equals) else {
            // The line may be a part of a value, so it is not shown.
            return Err(self.error(at, "expected a line of the form NAME=value"));
        };
        if line.starts_with(PREFIX) {
            let row = MetadataLine { key: at..equals, value: equals + 1..end, line: at..next };
            self.document.metadata.push(row);
            return Ok(next);
        }
        self.entry(at, equals, end, next)
    }

    fn comment(&mut self, span: Range<usize>, start: usize) {
        self.document.events.push(Event::Comment(self.document.comments.len()));
        let text = start..span.end;
        self.document.comments.push(Comment { span, text });
    }

    /// Blank lines that are not empty and indented comments: sops knows neither, but an encrypted file that is not for sops can
    /// have them.
    fn beyond_sops(&mut self, at: usize, line: &str) -> bool {
        let rest = line.trim_start_matches([' ', '\t', '\r', BOM]);
        let start = at + line.len() - rest.len();
        if rest.is_empty() {
            self.problem(at, "sops cannot read a line that holds only blanks", false);
        } else if rest.starts_with('#') {
            if rest.contains('=') && self.reading == Reading::Literal {
                return false;
            }
            if rest.contains('=') {
                self.problem(at, "sops reads an indented comment with a \"=\" as a value", true);
            } else {
                self.problem(at, "sops cannot read an indented comment", false);
            }
            self.comment(at..at + line.len(), start + 1);
        } else {
            return false;
        }
        self.document.differs = true;
        true
    }

    fn entry(&mut self, at: usize, equals: usize, end: usize, next: usize) -> Result<usize, FormatError> {
        let key = at..equals;
        let leaf = match self.reading {
            Reading::Literal => Leaf {
                name: key.clone(),
                key,
                span: equals + 1..end,
                spelled: equals + 1..end,
                content: Content::Literal,
                literal: equals + 1..end,
                lines: at..next,
            },
            Reading::Faithful => self.faithful(at, equals, end)?,
        };
        let next = leaf.lines.end;
        let index = self.document.leaves.len();
        let name = &self.text[leaf.name.clone()];
        if self.names.insert(name, index).is_some() {
            self.document.repeats = true;
            self.problem(at, "the key stands twice", false);
        }
        self.document.leaves.push(leaf);
        self.document.events.extend([Event::Key(index), Event::Scalar(index)]);
        Ok(next)
    }

    fn faithful(&mut self, at: usize, equals: usize, end: usize) -> Result<Leaf, FormatError> {
        let name = name(self.text, at..equals);
        if name.is_empty() {
            return Err(self.error(at, "expected a name before the \"=\""));
        }
        let value = quoted::read(self.text, equals + 1).map_err(|what| self.error(equals + 1, what))?;
        let content = match &value.content {
            Content::Decoded(text) => text.as_str(),
            Content::Span(span) => &self.text[span.clone()],
            Content::Literal => "",
        };
        let literal = equals + 1..end;
        self.document.differs |= content != super::with_breaks(&self.text[literal.clone()]) || name != (at..equals);
        if content.contains("\\n") {
            self.problem(equals + 1, "sops prints a backslash before an n as a line break", false);
        }
        // To sops a carriage return is a part of the value, so that it is replaced with the rest of the line.
        let last_line = quoted::line_without_break(self.text, value.spelled.end);
        Ok(Leaf {
            key: at..equals,
            name,
            span: equals + 1..last_line,
            spelled: value.spelled,
            content: value.content,
            literal,
            lines: at..line_end(self.text, last_line),
        })
    }
}

/// The name in the text before a `=`: blanks and `export` do not count.
pub(super) fn name(text: &str, key: Range<usize>) -> Range<usize> {
    let raw = &text[key.clone()];
    let trimmed = raw.trim_start_matches([' ', '\t', BOM]);
    let bare = trimmed.strip_prefix("export").filter(|rest| rest.starts_with(BLANKS)).map(str::trim_start);
    let name = bare.filter(|rest| !rest.is_empty()).unwrap_or(trimmed);
    let start = key.end - name.len();
    start..start + name.trim_end_matches(BLANKS).len()
}
