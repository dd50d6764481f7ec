//! HCL's structure: attributes, blocks, objects, lists. Whatever is not a literal is one leaf, an expression.

use std::collections::HashMap;
use std::ops::Range;

use super::literal::{self, Leaf};
use super::token::{self, Kind, Token};
use super::{How, SOPS, Site};
use crate::document::format::{FormatError, Shape};
use crate::document::outline::{NodeId, Outline, ROOT, lines};

/// What was read.
pub(super) struct Parts {
    pub(super) outline: Outline,
    pub(super) sites: Vec<Site>,
    pub(super) leaves: Vec<Leaf>,
}

/// Reads a document.
pub(super) fn parse(text: &str) -> Result<Parts, FormatError> {
    lines::check_text(text)?;
    let bytes = text.as_bytes();
    if let Some(at) = memchr::memchr_iter(b'\r', bytes).find(|at| bytes.get(at + 1) != Some(&b'\n')) {
        return Err(FormatError::at(text, at, "a carriage return without a line feed"));
    }
    let start = lines::body_start(text);
    let tokens = token::scan(text, start)?;
    let site = Site { how: How::Body, span: start..text.len(), entry: start, body: start..text.len() };
    let outline = Outline::new();
    let mut parser =
        Parser { text, tokens, at: 0, outline, sites: vec![site], leaves: Vec::new(), owner: None, above: Vec::new() };
    let end = parser.tokens.len() - 1;
    parser.body(ROOT, end)?;
    Ok(Parts { outline: parser.outline, sites: parser.sites, leaves: parser.leaves })
}

type Parsed<T> = Result<T, FormatError>;

const TWICE: &str = "this name is there twice";
const VALUE: &str = "expected a value";

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    outline: Outline,
    sites: Vec<Site>,
    leaves: Vec<Leaf>,
    /// The value or block that ended on this line, or whose bracket did: a comment here is its own.
    owner: Option<NodeId>,
    /// The comments since then, which belong to what follows.
    above: Vec<Range<usize>>,
}

impl Parser<'_> {
    fn token(&self, at: usize) -> Token {
        // The last token is the end.
        self.tokens[at.min(self.tokens.len() - 1)]
    }

    fn kind(&self) -> Kind {
        self.token(self.at).kind
    }

    fn slice(&self, at: usize) -> &str {
        let token = self.token(at);
        &self.text[token.start..token.end]
    }

    fn error<T>(&self, at: usize, what: &'static str) -> Parsed<T> {
        Err(FormatError::at(self.text, self.token(at).start, what))
    }

    /// Past comments, which what ended before them on their line gets, else what follows, and line breaks where they mean nothing.
    fn skip(&mut self, newlines: bool) {
        loop {
            match self.kind() {
                Kind::Newline if newlines => self.owner = None,
                Kind::Comment => {
                    let token = self.token(self.at);
                    let raw = self.slice(self.at);
                    let start = token.start + if raw.starts_with('#') { 1 } else { 2 };
                    let end = token.end - if raw.starts_with("/*") { 2 } else { 0 };
                    match self.owner {
                        Some(node) => self.outline.comment_on(node, start..end),
                        None => self.above.push(start..end),
                    }
                }
                _ => return,
            }
            self.at += 1;
        }
    }

    /// Gives the comments above to `node`, which follows them.
    fn claim(&mut self, node: NodeId) {
        for comment in self.above.drain(..) {
            self.outline.comment_on(node, comment);
        }
    }

    /// Leaves the comments above to the collection they stand in.
    fn leave(&mut self, collection: NodeId) {
        for comment in self.above.drain(..) {
            self.outline.comment(collection, comment);
        }
    }

    /// Past the opening bracket of `node`. Comments behind it are its own, unless a value stands on the same line, or it is the
    /// metadata, whose comments are no part of the document.
    fn open(&mut self, node: NodeId) {
        self.owner = (self.outline.get(ROOT, SOPS) != Some(node)).then_some(node);
        self.sign();
    }

    /// Past a `,` or an opening bracket. Comments behind it are that of the value before it, unless the next one stands on the
    /// same line.
    fn sign(&mut self) {
        self.at += 1;
        let mut next = self.at;
        while self.token(next).kind == Kind::Comment {
            next += 1;
        }
        if !matches!(self.token(next).kind, Kind::Newline | Kind::Close(_)) {
            self.owner = None;
        }
    }

    fn add(&mut self, node: NodeId, how: How, first: usize) -> Parsed<()> {
        let start = self.token(first).start;
        self.outline.check_depth(node, self.text, start)?;
        self.sites.push(Site { how, span: start..start, entry: start, body: start..start });
        debug_assert_eq!(self.sites.len(), node + 1);
        Ok(())
    }

    /// The type and labels of the block that begins at `at`, and its brace; `None` for an attribute.
    fn block_head(&self, at: usize) -> Parsed<Option<(Vec<String>, usize)>> {
        let mut names = Vec::new();
        let mut at = at;
        loop {
            match self.token(at).kind {
                Kind::Name => names.push(self.slice(at).to_owned()),
                Kind::Quoted { template: false } if !names.is_empty() => {
                    names.push(literal::decode_quoted(self.slice(at)).into_owned());
                }
                Kind::Open(b'{', _) if !names.is_empty() => return Ok(Some((names, at))),
                Kind::Sign(b'=', false) if names.len() == 1 => return Ok(None),
                Kind::Comment if self.slice(at).starts_with("/*") => {}
                _ if names.is_empty() => return self.error(at, "expected a name"),
                _ => return self.error(at, "expected `=`, or the labels and the `{` of a block"),
            }
            if names.len() > crate::document::format::MAX_DEPTH {
                return self.error(at, "this is nested too deeply");
            }
            at += 1;
        }
    }

    /// How often each block is there, so that those that repeat become lists.
    fn count_blocks(&self, end: usize) -> Parsed<HashMap<Vec<String>, usize>> {
        let mut counts = HashMap::new();
        let mut at = self.at;
        while at < end {
            match self.token(at).kind {
                Kind::Newline | Kind::Comment => at += 1,
                _ => match self.block_head(at)? {
                    Some((names, brace)) => {
                        *counts.entry(names).or_insert(0) += 1;
                        at = self.after(brace);
                    }
                    None => {
                        while at < end && self.token(at).kind != Kind::Newline {
                            at = self.after(at);
                        }
                    }
                },
            }
        }
        Ok(counts)
    }

    /// The token behind this one, or behind the bracket that closes it.
    fn after(&self, at: usize) -> usize {
        match self.token(at).kind {
            Kind::Open(_, mate) => mate + 1,
            _ => at + 1,
        }
    }

    /// Attributes and blocks up to the token `end`.
    fn body(&mut self, node: NodeId, end: usize) -> Parsed<()> {
        let counts = self.count_blocks(end)?;
        loop {
            self.skip(true);
            if self.at >= end {
                self.leave(node);
                return Ok(());
            }
            let line = self.token(self.at).start;
            if lines::is_conflict(&self.text[line..lines::next_line(self.text, line)]) {
                return self.error(self.at, lines::CONFLICT);
            }
            match self.block_head(self.at)? {
                None => self.attribute(node)?,
                Some((names, brace)) => {
                    let repeats = counts.get(&names).is_some_and(|count| *count > 1);
                    self.block(node, names, brace, repeats)?;
                }
            }
            self.skip(false);
            if self.at < end && self.kind() != Kind::Newline {
                return self.error(self.at, "expected the end of the line");
            }
        }
    }

    fn attribute(&mut self, node: NodeId) -> Parsed<()> {
        let first = self.at;
        let name = self.slice(first).to_owned();
        self.at += 1;
        self.owner = None;
        self.skip(false);
        self.at += 1;
        if self.outline.get(node, &name).is_some() {
            return self.error(first, TWICE);
        }
        self.value(node, Some(name), first, true)
    }

    fn block(&mut self, node: NodeId, names: Vec<String>, brace: usize, repeats: bool) -> Parsed<()> {
        let first = self.at;
        let mut parent = node;
        let count = names.len();
        let mut body = node;
        for (at, name) in names.into_iter().enumerate() {
            let found = self.outline.get(parent, &name);
            let last = at + 1 == count;
            parent = match found {
                Some(found) if self.sites[found].how == (if last { How::Blocks } else { How::Labels }) => found,
                Some(_) => {
                    return self
                        .error(first, "blocks of one type need the same number of labels, and a name of their own");
                }
                None => {
                    let list = last && repeats;
                    let new = self.outline.entry(parent, name, Some(if list { Shape::List } else { Shape::Map }));
                    let how = if list {
                        How::Blocks
                    } else if last {
                        How::Body
                    } else {
                        How::Labels
                    };
                    self.add(new, how, first)?;
                    new
                }
            };
            body = parent;
        }
        if repeats {
            body = self.outline.item(parent, Some(Shape::Map));
            self.add(body, How::Body, first)?;
        }
        self.claim(body);
        // Comments between the labels.
        self.owner = Some(body);
        while self.at < brace {
            self.skip(false);
            self.at += usize::from(self.at < brace);
        }
        let Kind::Open(_, mate) = self.kind() else {
            return self.error(self.at, VALUE);
        };
        self.open(body);
        self.body(body, mate)?;
        self.at = mate + 1;
        self.owner = Some(body);
        let (start, end) = (self.token(first).start, self.token(mate).end);
        self.sites[body].span = start..end;
        self.sites[body].body = self.token(brace).end..end - 1;
        Ok(())
    }

    /// The value at hand, under `key` or as an item. In a list line breaks mean nothing.
    fn value(&mut self, parent: NodeId, key: Option<String>, entry: usize, newline_ends: bool) -> Parsed<()> {
        self.skip(!newline_ends);
        let first = self.at;
        let open = match self.kind() {
            Kind::Open(bracket @ (b'{' | b'['), mate) if self.is_literal(first, mate, newline_ends) => {
                Some((if bracket == b'{' { Shape::Map } else { Shape::List }, mate))
            }
            _ => None,
        };
        let shape = open.map(|(shape, _)| shape);
        let node = match key {
            Some(key) => self.outline.entry(parent, key, shape),
            None => self.outline.item(parent, shape),
        };
        self.add(node, How::Value, entry)?;
        self.claim(node);
        let last = match open {
            Some((shape, mate)) => {
                self.open(node);
                match shape {
                    Shape::Map => self.object(node, mate)?,
                    Shape::List => self.list(node, mate)?,
                }
                mate
            }
            None => self.leaf_end(newline_ends)?,
        };
        self.at = last + 1;
        let span = self.token(first).start..self.token(last).end;
        self.sites[node].span = span.clone();
        self.owner = Some(node);
        if open.is_none() {
            let leaf = self.leaf_kind(first, last);
            self.leaves.push(leaf);
            self.outline.locate(node, span);
        }
        Ok(())
    }

    fn ends(&self, at: usize, newline_ends: bool) -> bool {
        match self.token(at).kind {
            Kind::End | Kind::Close(_) | Kind::Sign(b',', _) => true,
            Kind::Newline => newline_ends,
            _ => false,
        }
    }

    /// The last token of the value at hand.
    fn leaf_end(&self, newline_ends: bool) -> Parsed<usize> {
        let mut last = None;
        let mut at = self.at;
        let mut operand = false;
        while !self.ends(at, newline_ends) {
            let next = self.after(at);
            match self.token(at).kind {
                Kind::Comment | Kind::Newline => {}
                Kind::Sign(b'=', false) => return self.error(at, "expected the end of the value before this"),
                kind => {
                    let is_operand = matches!(kind, Kind::Name | Kind::Number | Kind::Quoted { .. } | Kind::Heredoc);
                    if is_operand && operand {
                        return self.error(at, "expected the end of the value before this");
                    }
                    operand = is_operand;
                    last = Some(next - 1);
                }
            }
            at = next;
        }
        last.map_or_else(|| self.error(self.at, VALUE), Ok)
    }

    fn leaf_kind(&self, first: usize, last: usize) -> Leaf {
        let raw = &self.text[self.token(first).start..self.token(last).end];
        match (self.token(first).kind, last - first) {
            (Kind::Quoted { template }, 0) => {
                if template {
                    Leaf::Template
                } else {
                    Leaf::Quoted
                }
            }
            (Kind::Heredoc, 0) => literal::heredoc_kind(raw),
            (Kind::Number, 0) => literal::number(raw),
            (Kind::Sign(b'-', false), 1) if self.token(last).kind == Kind::Number && !raw.contains(' ') => {
                literal::number(raw)
            }
            (Kind::Name, 0) if matches!(raw, "true" | "false") => Leaf::Bool,
            (Kind::Name, 0) if raw == "null" => Leaf::Null,
            _ => Leaf::Expression,
        }
    }

    /// Whether the bracket at `at` is all of a value, with keys that say what they are.
    fn is_literal(&self, open: usize, mate: usize, newline_ends: bool) -> bool {
        let mut behind = mate + 1;
        while self.token(behind).kind == Kind::Comment || !newline_ends && self.token(behind).kind == Kind::Newline {
            behind += 1;
        }
        if !self.ends(behind, newline_ends) {
            return false;
        }
        let blank = |at: usize| matches!(self.token(at).kind, Kind::Comment | Kind::Newline);
        let mut at = open + 1;
        while blank(at) {
            at += 1;
        }
        if self.token(at).kind == Kind::Name && self.slice(at) == "for" {
            return false;
        }
        if self.token(open).kind == Kind::Open(b'[', mate) {
            return true;
        }
        while at < mate {
            if blank(at) || self.token(at).kind == Kind::Sign(b',', false) {
                at += 1;
                continue;
            }
            if !matches!(self.token(at).kind, Kind::Name | Kind::Number | Kind::Quoted { template: false }) {
                return false;
            }
            at += 1;
            while self.token(at).kind == Kind::Comment {
                at += 1;
            }
            if !matches!(self.token(at).kind, Kind::Sign(b'=' | b':', false)) {
                return false;
            }
            while at < mate && !self.ends(at, true) {
                at = self.after(at);
            }
        }
        true
    }

    fn list(&mut self, node: NodeId, mate: usize) -> Parsed<()> {
        loop {
            self.skip(true);
            if self.at >= mate {
                self.leave(node);
                return Ok(());
            }
            self.value(node, None, self.at, false)?;
            self.skip(true);
            if self.at < mate && self.kind() != Kind::Sign(b',', false) {
                return self.error(self.at, "expected `,` or `]`");
            }
            if self.at < mate {
                self.sign();
            }
        }
    }

    fn object(&mut self, node: NodeId, mate: usize) -> Parsed<()> {
        loop {
            self.skip(true);
            if self.at >= mate {
                self.leave(node);
                return Ok(());
            }
            let first = self.at;
            let key = match self.kind() {
                Kind::Quoted { .. } => literal::decode_quoted(self.slice(first)).into_owned(),
                Kind::Name | Kind::Number => self.slice(first).to_owned(),
                _ => return self.error(first, "expected a key"),
            };
            if self.outline.get(node, &key).is_some() {
                return self.error(first, TWICE);
            }
            self.at += 1;
            self.skip(false);
            self.at += 1;
            self.value(node, Some(key), first, true)?;
            self.skip(false);
            match self.kind() {
                Kind::Sign(b',', false) => self.sign(),
                Kind::Newline => {}
                _ if self.at < mate => return self.error(self.at, "expected `,`, a line break or `}`"),
                _ => {}
            }
        }
    }
}
