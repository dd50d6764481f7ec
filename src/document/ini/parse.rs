//! Lines of an INI text: sections, keys, and the comments that belong to them.

use std::collections::HashSet;
use std::ops::Range;

use zeroize::Zeroizing;

use super::read::{self, COMMENT, ReadValue};
use super::{Comment, CommentKind, DEFAULT, IniDocument, Leaf, METADATA, Metadata, SectionSpan, spell};
use crate::document::format::{Event, FormatError, Shape, Unrepresentable};
use crate::document::intake::{CONFLICT, is_middle_marker, line_break, line_end, line_start};

const BOM: char = '\u{FEFF}';
const EMPTY_FIRST: &str = "sops stops with an error at a comment that begins with an empty line";

pub(super) struct Parser<'a> {
    text: &'a str,
    document: IniDocument,
    /// Comment lines whose owner is not known yet.
    pending: Vec<Range<usize>>,
    /// Comment lines that have no owner.
    orphans: Vec<Vec<Range<usize>>>,
    /// Keys of the current section.
    names: HashSet<String>,
    /// Keys called `-` in the current section.
    counted: usize,
    in_metadata: bool,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let document = IniDocument {
            text: Zeroizing::default(),
            line_break: line_break(text),
            events: vec![Event::Open(Shape::Map)],
            keys: Vec::new(),
            sections: Vec::new(),
            leaves: Vec::new(),
            comments: Vec::new(),
            metadata: Vec::new(),
            problems: Vec::new(),
        };
        Self {
            text,
            document,
            pending: Vec::new(),
            orphans: Vec::new(),
            names: HashSet::new(),
            counted: 0,
            in_metadata: false,
        }
    }

    pub(super) fn run(mut self) -> Result<IniDocument, FormatError> {
        let mut at = if self.text.starts_with(BOM) { BOM.len_utf8() } else { 0 };
        self.open_section(DEFAULT, at..at);
        while at < self.text.len() {
            at = self.line(at)?;
        }
        self.finish();
        Ok(self.document)
    }

    fn finish(&mut self) {
        let last = std::mem::take(&mut self.pending);
        self.orphans.push(last);
        for lines in std::mem::take(&mut self.orphans) {
            // sops loses a comment that no key or section follows, as it loses blank lines; values are not touched.
            self.comment(&lines, None, CommentKind::Lines);
        }
        self.document.events.extend([Event::Close, Event::Close]);
    }

    fn error(&self, at: usize, what: &'static str) -> FormatError {
        FormatError::at(self.text, at, what)
    }

    fn problem(&mut self, offset: usize, what: &'static str) {
        self.document.problems.push(Unrepresentable { offset, what, is_final: false });
    }

    fn open_section(&mut self, name: &str, header: Range<usize>) {
        let key = self.document.keys.len();
        self.document.keys.push(name.to_owned());
        let leaves = self.document.leaves.len()..self.document.leaves.len();
        let (start, end) = (header.start, header.end);
        self.document.sections.push(SectionSpan { key, start, header_end: end, end, leaves });
        self.document.events.extend([Event::Key(key), Event::Open(Shape::Map)]);
    }

    /// Reads the line at `at`, and gives the start of what is read next.
    fn line(&mut self, at: usize) -> Result<usize, FormatError> {
        let end = line_end(self.text, at);
        let start = end - self.text[at..end].trim_start().len();
        let line = &self.text[start..end];
        if line.is_empty() {
            return Ok(end);
        }
        if line.starts_with(COMMENT) {
            self.pending.push(start..start + line.trim_end().len());
            return Ok(end);
        }
        if is_middle_marker(&self.text[at..end]) {
            return Err(self.error(at, CONFLICT));
        }
        if line.starts_with('[') {
            self.header(at, start, end)?;
            return Ok(end);
        }
        self.entry(at, start, end)
    }

    fn header(&mut self, at: usize, start: usize, end: usize) -> Result<(), FormatError> {
        let close =
            self.text[start..end].rfind(']').ok_or_else(|| self.error(start, "the section has no closing bracket"))?;
        let header = start..start + close + 1;
        let name = &self.text[header.start + 1..header.end - 1];
        if name.is_empty() {
            return Err(self.error(start, "the section has no name"));
        }
        self.names.clear();
        self.counted = 0;
        let above = std::mem::take(&mut self.pending);
        self.in_metadata = name == METADATA;
        if self.in_metadata {
            self.orphans.push(above);
            self.document.metadata.push(Metadata { span: at..end, entries: Vec::new() });
            return Ok(());
        }
        self.document.events.push(Event::Close);
        let comment = self.text[header.end..end].find(COMMENT).map(|found| header.end + found);
        let comment = comment.map(|found| found..found + self.text[found..end].trim_end().len());
        let between = header.end..comment.as_ref().map_or(end, |comment| comment.start);
        if !self.text[between.clone()].trim().is_empty() {
            self.problem(between.start, "sops loses the text behind the header of a section");
        }
        let line = above.first().map_or(at, |first| line_start(self.text, first.start));
        self.open_section(name, line..end);
        self.comment(&above, comment.as_ref(), CommentKind::Header(header));
        Ok(())
    }

    fn entry(&mut self, at: usize, start: usize, end: usize) -> Result<usize, FormatError> {
        let line = &self.text[start..end];
        let key = read::key(line).map_err(|(offset, what)| self.error(start + offset, what))?;
        let name = if key.name == "-" {
            self.counted += 1;
            format!("#{}", self.counted)
        } else {
            key.name.to_owned()
        };
        let value = read::value(self.text, start + key.end, end).map_err(|(at, what)| self.error(at, what))?;
        if !self.names.insert(name.clone()) {
            return Err(self.error(start, "the key stands twice in its section"));
        }
        let next = value.next;
        let above = std::mem::take(&mut self.pending);
        if self.in_metadata {
            if let Some(metadata) = self.document.metadata.last_mut() {
                metadata.span.end = value.lines_end;
                metadata.entries.push((name, value.content, start));
            }
            return Ok(next);
        }
        self.check_entry(&name, start, &value, key.drops_text);
        self.leaf(name, at, start..start + key.end, value, &above);
        Ok(next)
    }

    /// Notes what sops would lose or print as something else.
    fn check_entry(&mut self, name: &str, start: usize, value: &ReadValue, drops_text: bool) {
        if drops_text {
            self.problem(start, "sops loses the text between a quoted key and what follows it");
        }
        if value.drops_text {
            self.problem(value.span.start, "sops loses the text behind a quoted value");
        }
        if !spell::sops_prints_key(name) {
            self.problem(start, "sops prints this key in a way that it reads as something else");
        }
        if !spell::sops_prints_value(value.content.text(self.text)) {
            self.problem(value.span.start, "sops prints this value in a way that it reads as another");
        }
    }

    fn leaf(&mut self, name: String, at: usize, name_span: Range<usize>, value: ReadValue, above: &[Range<usize>]) {
        let (key, leaf) = (self.document.keys.len(), self.document.leaves.len());
        self.document.keys.push(name);
        self.document.events.extend([Event::Key(key), Event::Scalar(leaf)]);
        if let Some(section) = self.document.sections.last_mut() {
            section.end = value.lines_end;
            section.leaves.end = leaf + 1;
        }
        // sops reads the comment above a key and the one behind its value as one, which it then leaves encrypted.
        let says_nothing = |line: &Range<usize>| stripped(self.text[line.clone()].trim()).is_empty();
        if let Some(first) = above.first().filter(|first| value.comment.is_some() && says_nothing(first)) {
            self.problem(first.start, EMPTY_FIRST);
        }
        self.document.leaves.push(Leaf {
            key,
            line: at,
            name: name_span,
            span: value.span,
            content: value.content,
            style: value.style,
            lines_end: value.lines_end,
        });
        self.comment(above, None, CommentKind::Lines);
        self.comment(&[], value.comment.as_ref(), CommentKind::Inline);
    }

    /// Notes one comment: lines above something, and the one behind it.
    fn comment(&mut self, above: &[Range<usize>], behind: Option<&Range<usize>>, kind: CommentKind) {
        let Some(first) = above.first().or(behind) else {
            return;
        };
        // Each line as it stands but for its indentation, joined as they are.
        let length = above.iter().map(|line| line.len() + 2).sum::<usize>() + behind.map_or(0, Range::len);
        let mut text = Zeroizing::new(String::with_capacity(length));
        for line in above {
            text.push_str(&self.text[line.start..line_end(self.text, line.end)]);
        }
        text.push_str(behind.map_or("", |behind| &self.text[behind.clone()]));
        let said = stripped(text.trim());
        let last_end = above.last().or(behind).map_or(first.end, |last| last.end);
        let span = match &kind {
            CommentKind::Header(header) => {
                let end = behind.map_or(header.end, |behind| behind.end);
                if above.is_empty() { header.start..end } else { first.start..end }
            }
            CommentKind::Lines | CommentKind::Inline => first.start..last_end,
        };
        if said.split('\n').any(str::is_empty) && !said.is_empty() {
            self.problem(first.start, EMPTY_FIRST);
        }
        let text = Zeroizing::new(said.to_owned());
        self.document.events.push(Event::Comment(self.document.comments.len()));
        self.document.comments.push(Comment { span, text, kind });
    }
}

/// Without the leading run of its own mark and spaces (sops 3.13.2 `stores/ini/store.go`, `stripCommentChar`).
fn stripped(text: &str) -> &str {
    match text.as_bytes().first() {
        Some(b';') => text.trim_start_matches([';', ' ']),
        Some(b'#') => text.trim_start_matches(['#', ' ']),
        _ => text,
    }
}
