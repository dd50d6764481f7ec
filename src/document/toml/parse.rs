//! TOML's structure: tables in pieces, dotted keys, arrays. Accepts TOML 1.0 and 1.1.

use std::ops::Range;

use super::scalar::{self, Scalar};
use super::{How, SOPS, Section, Site};
use crate::document::format::{FormatError, Shape};
use crate::document::outline::{NodeId, Outline, ROOT, Role, lines};

const TWICE: &str = "this key is there twice";
const VALUE_ALREADY: &str = "this key has a value already, which is not a table that can be extended";
const LINE_END: &str = "expected the end of the line";

/// What was read.
pub(super) struct Parts {
    pub(super) outline: Outline,
    pub(super) sites: Vec<Site>,
    pub(super) sections: Vec<Section>,
    pub(super) kinds: Vec<Scalar>,
}

/// Reads a document.
pub(super) fn parse(text: &str) -> Result<Parts, FormatError> {
    lines::check_text(text)?;
    let start = lines::body_start(text);
    let root = Section { node: ROOT, start, head_end: start, end: start };
    let site = Site { how: How::Header, span: start..start, entry: start, kind: Scalar::Basic, section: 0 };
    let mut parser = Parser {
        text,
        at: start,
        outline: Outline::new(),
        sites: vec![site],
        sections: vec![root],
        kinds: Vec::new(),
        table: ROOT,
        owner: None,
        above: Vec::new(),
    };
    parser.document()?;
    Ok(parser.finish())
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    outline: Outline,
    sites: Vec<Site>,
    sections: Vec<Section>,
    kinds: Vec<Scalar>,
    /// The table that entries go to.
    table: NodeId,
    /// What ended on this line, or the table or array whose header or bracket did: a comment here is its own.
    owner: Option<NodeId>,
    /// The comments since then, which belong to what follows.
    above: Vec<Range<usize>>,
}

type Parsed<T> = Result<T, FormatError>;

impl Parser<'_> {
    fn finish(self) -> Parts {
        Parts { outline: self.outline, sites: self.sites, sections: self.sections, kinds: self.kinds }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn error<T>(&self, at: usize, what: &'static str) -> Parsed<T> {
        Err(FormatError::at(self.text, at, what))
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    /// Past one line break, if there is one.
    fn line_break(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let length = if rest.starts_with('\n') { 1 } else { 2 * usize::from(rest.starts_with("\r\n")) };
        self.at += length;
        if length > 0 {
            self.owner = None;
        }
        length > 0
    }

    /// A comment, if one begins here: that of what ended before it on its line, else that of what follows.
    fn comment(&mut self) -> Parsed<bool> {
        if self.peek() != Some(b'#') {
            return Ok(false);
        }
        let start = self.at + 1;
        let rest = &self.text[start..];
        let line = &rest[..memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len())];
        let line = if rest[line.len()..].is_empty() { line } else { line.strip_suffix('\r').unwrap_or(line) };
        if let Some(bad) = line.find(|c: char| c != '\t' && c.is_ascii_control()) {
            return self.error(start + bad, "a comment cannot hold control characters");
        }
        let span = start..start + line.len();
        match self.owner {
            Some(node) => self.outline.comment_on(node, span),
            None => self.above.push(span),
        }
        self.at = start + line.len();
        Ok(true)
    }

    /// Gives the comments above to `node`, which follows them.
    fn claim(&mut self, node: NodeId) {
        for comment in self.above.drain(..) {
            self.outline.comment_on(node, comment);
        }
    }

    /// Leaves the comments above, or the first `count` of them, to the collection they stand in.
    fn leave(&mut self, count: usize, collection: NodeId) {
        for comment in self.above.drain(..count) {
            self.outline.comment(collection, comment);
        }
    }

    /// How many of the comments above are not on the lines directly above `start`.
    fn apart(&self, mut start: usize) -> usize {
        let near = self.above.iter().rev().take_while(|comment| {
            let lines = memchr::memchr_iter(b'\n', &self.text.as_bytes()[comment.end..start]).count();
            start = comment.start;
            lines == 1
        });
        self.above.len() - near.count()
    }

    /// Whether this is the metadata, whose comments are no part of the document.
    fn is_metadata(&self, node: NodeId) -> bool {
        self.outline.get(ROOT, SOPS) == Some(node)
    }

    fn document(&mut self) -> Parsed<()> {
        loop {
            self.skip_blanks();
            match self.peek() {
                None => {
                    self.leave(self.above.len(), self.table);
                    return Ok(());
                }
                Some(b'\n' | b'\r') if self.line_break() => continue,
                Some(b'#') => {}
                Some(b'[') => self.header()?,
                Some(_) => self.top_entry()?,
            }
            self.skip_blanks();
            self.comment()?;
            if self.at < self.text.len() && !self.line_break() {
                return self.error(self.at, LINE_END);
            }
        }
    }

    fn top_entry(&mut self) -> Parsed<()> {
        if lines::is_conflict(&self.text[self.at..lines::next_line(self.text, self.at)]) {
            return self.error(self.at, lines::CONFLICT);
        }
        self.entry(self.table)?;
        let section = self.sections.len() - 1;
        self.sections[section].end = self.at;
        Ok(())
    }

    /// The keys of a dotted key, with where each begins.
    fn keys(&mut self) -> Parsed<Vec<(String, usize)>> {
        let mut keys = Vec::new();
        loop {
            self.skip_blanks();
            let start = self.at;
            let key = match self.peek() {
                Some(b'"' | b'\'') => {
                    let (kind, end) =
                        scalar::scan_string(self.text, start).or_else(|(at, what)| self.error(at, what))?;
                    if matches!(kind, Scalar::MultiBasic | Scalar::MultiLiteral) {
                        return self.error(start, "a key cannot be a string of several lines");
                    }
                    self.at = end;
                    scalar::decode(&self.text[start..end], kind).into_owned()
                }
                _ => {
                    let span = scalar::bare_key(self.text, start);
                    if span.is_empty() {
                        return self.error(start, "expected a key");
                    }
                    self.at = span.end;
                    self.text[span].to_owned()
                }
            };
            keys.push((key, start));
            self.skip_blanks();
            if self.peek() != Some(b'.') {
                return Ok(keys);
            }
            if keys.len() > crate::document::format::MAX_DEPTH {
                return self.error(start, "this is nested too deeply");
            }
            self.at += 1;
        }
    }

    fn add(&mut self, node: NodeId, how: How, span: Range<usize>, entry: usize) -> Parsed<()> {
        self.outline.check_depth(node, self.text, span.start)?;
        let section = self.sections.len() - 1;
        self.sites.push(Site { how, span, entry, kind: Scalar::Basic, section });
        debug_assert_eq!(self.sites.len(), node + 1);
        Ok(())
    }

    fn header(&mut self) -> Parsed<()> {
        let start = self.at;
        let array = self.text[start..].starts_with("[[");
        self.at += if array { 2 } else { 1 };
        let mut keys = self.keys()?;
        let close = if array { "]]" } else { "]" };
        if !self.text[self.at..].starts_with(close) {
            return self.error(self.at, "expected the end of the table's name");
        }
        self.at += close.len();
        let metadata = keys[0].0 == SOPS;
        let apart = if metadata { self.above.len() } else { self.apart(start) };
        self.leave(apart, self.table);
        // keys() gives one at least.
        let (last, last_at) = keys.pop().unwrap_or_default();
        let mut node = ROOT;
        for (key, at) in keys {
            node = match self.outline.get(node, &key) {
                None => self.new_map(node, key, How::Implicit, start)?,
                Some(found) => match self.sites[found].how {
                    How::Implicit | How::Header | How::Dotted => found,
                    // Asked for only here: in a table of many tables it would be a long search, for each of them.
                    How::Tables => match self.outline.last_item(found) {
                        Some(item) => item,
                        None => return self.error(at, VALUE_ALREADY),
                    },
                    How::Inline | How::Value => return self.error(at, VALUE_ALREADY),
                },
            };
        }
        let section = self.sections.len();
        self.sections.push(Section { node, start, head_end: self.at, end: self.at });
        let found = self.outline.get(node, &last);
        let table = match (found, array) {
            (None, false) => self.new_map(node, last, How::Header, start)?,
            (Some(found), false) if self.sites[found].how == How::Implicit => {
                self.sites[found].how = How::Header;
                self.sites[found].section = section;
                found
            }
            (_, true) => {
                let list = match found {
                    None => {
                        let list = self.outline.entry(node, last, Some(Shape::List));
                        self.add(list, How::Tables, start..start, start)?;
                        list
                    }
                    Some(found) if self.sites[found].how == How::Tables => found,
                    Some(_) => return self.error(last_at, VALUE_ALREADY),
                };
                let item = self.outline.item(list, Some(Shape::Map));
                self.add(item, How::Header, start..start, start)?;
                item
            }
            (Some(_), false) => return self.error(last_at, "this table is there twice"),
        };
        self.sections[section].node = table;
        self.table = table;
        if !metadata {
            self.claim(table);
            self.owner = Some(table);
        }
        Ok(())
    }

    fn new_map(&mut self, parent: NodeId, key: String, how: How, start: usize) -> Parsed<NodeId> {
        let node = self.outline.entry(parent, key, Some(Shape::Map));
        self.add(node, how, start..start, start)?;
        Ok(node)
    }

    fn entry(&mut self, table: NodeId) -> Parsed<()> {
        let entry = self.at;
        let mut keys = self.keys()?;
        let (last, last_at) = keys.pop().unwrap_or_default();
        let mut node = table;
        for (key, at) in keys {
            node = match self.outline.get(node, &key) {
                None => self.new_map(node, key, How::Dotted, entry)?,
                Some(found) if self.sites[found].how == How::Dotted => found,
                Some(_) => return self.error(at, VALUE_ALREADY),
            };
        }
        if self.peek() != Some(b'=') {
            return self.error(self.at, "expected `=` after the key");
        }
        self.at += 1;
        self.skip_blanks();
        if self.outline.get(node, &last).is_some() {
            return self.error(last_at, TWICE);
        }
        let shape = self.shape();
        let value = self.outline.entry(node, last, shape);
        if self.outline.get(ROOT, SOPS) == Some(node) {
            self.leave(self.above.len(), table);
        }
        self.value(value, entry)
    }

    fn shape(&self) -> Option<Shape> {
        match self.peek() {
            Some(b'[') => Some(Shape::List),
            Some(b'{') => Some(Shape::Map),
            _ => None,
        }
    }

    /// The value of a node that was just made by its shape.
    fn value(&mut self, node: NodeId, entry: usize) -> Parsed<()> {
        let start = self.at;
        let how = if self.outline.role(node) == Role::Collection(Shape::Map) { How::Inline } else { How::Value };
        self.add(node, how, start..start, entry)?;
        self.claim(node);
        self.owner = None;
        match self.outline.role(node) {
            Role::Collection(Shape::List) => self.array(node)?,
            Role::Collection(Shape::Map) => self.inline_table(node)?,
            Role::Leaf(_) => {
                let kind = self.leaf()?;
                self.sites[node].kind = kind;
                self.kinds.push(kind);
                self.outline.locate(node, start..self.at);
            }
        }
        self.sites[node].span = start..self.at;
        self.owner = Some(node);
        Ok(())
    }

    fn leaf(&mut self) -> Parsed<Scalar> {
        let start = self.at;
        if matches!(self.peek(), Some(b'"' | b'\'')) {
            let (kind, end) = scalar::scan_string(self.text, start).or_else(|(at, what)| self.error(at, what))?;
            self.at = end;
            return Ok(kind);
        }
        self.at = scalar::word_end(self.text, start);
        scalar::classify(&self.text[start..self.at]).or_else(|what| self.error(start, what))
    }

    /// Blanks, line breaks and comments between items.
    fn between(&mut self) -> Parsed<()> {
        loop {
            self.skip_blanks();
            if !self.comment()? && !self.line_break() {
                return Ok(());
            }
        }
    }

    fn array(&mut self, list: NodeId) -> Parsed<()> {
        let start = self.at;
        self.at += 1;
        self.owner = (!self.is_metadata(list)).then_some(list);
        loop {
            self.between()?;
            match self.peek() {
                None => return self.error(start, "this array has no end"),
                Some(b']') => break,
                Some(_) => {}
            }
            let shape = self.shape();
            let item = self.outline.item(list, shape);
            self.value(item, self.at)?;
            self.between()?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                None => return self.error(start, "this array has no end"),
                Some(_) => return self.error(self.at, "expected `,` or `]`"),
            }
        }
        self.leave(self.above.len(), list);
        self.at += 1;
        Ok(())
    }

    fn inline_table(&mut self, map: NodeId) -> Parsed<()> {
        let start = self.at;
        self.at += 1;
        self.owner = (!self.is_metadata(map)).then_some(map);
        loop {
            self.between()?;
            match self.peek() {
                None => return self.error(start, "this table has no end"),
                Some(b'}') => break,
                Some(_) => {}
            }
            self.entry(map)?;
            self.between()?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                None => return self.error(start, "this table has no end"),
                Some(_) => return self.error(self.at, "expected `,` or `}`"),
            }
        }
        self.leave(self.above.len(), map);
        self.at += 1;
        Ok(())
    }
}
