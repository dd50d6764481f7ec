//! One pass over the text: where every key and value is, and what is wrong. A stack of its own stands for recursion.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use super::Dialect;
use super::gap::comment_end;
use super::literal::{self, Loss};
use crate::document::format::{Event, FormatError, MAX_DEPTH, Shape, Unrepresentable};

/// Largest text that is read: offsets are 32 bits wide, and a file of secrets is never this big by intent.
const MAX_TEXT: usize = 1 << 30;

/// One event and the bytes it is about: a collection from bracket to bracket, a key, a value, the start of an item.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// What.
    pub(super) event: Event,
    start: u32,
    end: u32,
    next: u32,
}

impl Step {
    /// Its bytes.
    pub(super) fn span(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The step after it and all that is in it.
    pub(super) fn next(&self) -> usize {
        self.next as usize
    }
}

/// A key: its token, and what it says where that differs.
pub(super) struct KeyText {
    /// The text without its quotes.
    pub(super) inner: Range<usize>,
    /// What it says, when escapes are in it.
    pub(super) decoded: Option<String>,
}

/// What one pass finds.
#[derive(Default)]
pub(super) struct Scanned {
    /// Every step, those of metadata included.
    pub(super) steps: Vec<Step>,
    /// Every key.
    pub(super) keys: Vec<KeyText>,
    /// The step of every leaf.
    pub(super) leaves: Vec<u32>,
    /// What sops cannot read.
    pub(super) problems: Vec<Unrepresentable>,
}

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// An entry, or the end of a collection just begun.
    First,
    /// An entry, after a comma.
    Next,
    /// A comma, or the end.
    Comma,
}

struct Frame {
    open: usize,
    shape: Shape,
}

struct Scanner<'t> {
    text: &'t str,
    bytes: &'t [u8],
    dialect: Dialect,
    at: usize,
    stack: Vec<Frame>,
    seen: HashSet<(usize, Cow<'t, str>)>,
    commented: bool,
    trailing: bool,
    out: Scanned,
}

/// Reads all of `text`.
pub(super) fn scan(text: &str, dialect: Dialect) -> Result<Scanned, FormatError> {
    if text.len() >= MAX_TEXT {
        return Err(FormatError { line: 1, column: 1, what: "the text is larger than 1 GiB" });
    }
    let mut scanner = Scanner {
        text,
        bytes: text.as_bytes(),
        dialect,
        at: 0,
        stack: Vec::new(),
        seen: HashSet::new(),
        commented: false,
        trailing: false,
        out: Scanned::default(),
    };
    scanner.run()?;
    Ok(scanner.out)
}

impl<'t> Scanner<'t> {
    fn fail<T>(&self, at: usize, what: &'static str) -> Result<T, FormatError> {
        let rest = &self.text[at..];
        let line_start = at == 0 || matches!(self.bytes[at - 1], b'\n' | b'\r');
        let divider =
            rest.strip_prefix("=======").is_some_and(|rest| rest.is_empty() || rest.starts_with(['\n', '\r']));
        let conflict = line_start && (divider || rest.starts_with("<<<<<<< ") || rest.starts_with(">>>>>>> "));
        let what = if conflict { crate::document::intake::CONFLICT } else { what };
        Err(FormatError::at(self.text, at, what))
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn problem(&mut self, offset: usize, what: &'static str, is_final: bool) {
        self.out.problems.push(Unrepresentable { offset, what, is_final });
    }

    fn run(&mut self) -> Result<(), FormatError> {
        if self.text.starts_with('\u{FEFF}') {
            self.problem(0, "sops does not read JSON that begins with a byte order mark", false);
            self.at = 3;
        }
        self.skip_gap()?;
        match self.peek() {
            Some(b'{') => {}
            Some(b'[') => {
                self.problem(self.at, "sops reads only JSON whose top level is an object, not an array", false);
            }
            None => return self.fail(self.at, "the text is empty: expected an object"),
            Some(b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {
                return self.fail(self.at, "the top level must be an object or an array, not a single value");
            }
            Some(_) => return self.fail(self.at, "expected an object: the text does not begin with \"{\""),
        }
        let mut expect = self.value()?;
        while let Some(frame) = self.stack.last() {
            let shape = frame.shape;
            self.skip_gap()?;
            expect = self.entry(shape, expect)?;
        }
        self.skip_gap()?;
        if self.at < self.bytes.len() {
            return self.fail(self.at, "expected nothing more after the top-level value");
        }
        Ok(())
    }

    fn entry(&mut self, shape: Shape, expect: Expect) -> Result<Expect, FormatError> {
        let close = if shape == Shape::Map { b'}' } else { b']' };
        let Some(byte) = self.peek() else {
            // sops takes the end of the text for the end of every open collection, and drops what was begun.
            return self.fail(self.at, "the text ends inside an object or array");
        };
        if byte == close && (expect != Expect::Next || self.dialect == Dialect::Commented) {
            if expect == Expect::Next && !std::mem::replace(&mut self.trailing, true) {
                self.problem(self.at, "sops does not read JSON with a comma after the last entry", false);
            }
            self.close();
            return Ok(Expect::Comma);
        }
        if expect == Expect::Comma {
            if byte == b',' {
                self.at += 1;
                return Ok(Expect::Next);
            }
            let what = if shape == Shape::Map { "expected \",\" or \"}\"" } else { "expected \",\" or \"]\"" };
            return self.fail(self.at, what);
        }
        if byte == close {
            return self.fail(self.at, "a comma stands before the closing bracket, which JSON does not allow");
        }
        if shape == Shape::List {
            self.push(Event::Item, self.at..self.at);
            return self.value();
        }
        if byte != b'"' {
            return self.fail(self.at, "expected a key in double quotes");
        }
        self.key()?;
        self.skip_gap()?;
        if self.peek() != Some(b':') {
            return self.fail(self.at, "expected \":\" after the key");
        }
        self.at += 1;
        self.skip_gap()?;
        self.value()
    }

    fn push(&mut self, event: Event, span: Range<usize>) {
        // The text is shorter than 1 GiB, and every step but one has a byte of its own.
        let next = self.out.steps.len() as u32 + 1;
        self.out.steps.push(Step { event, start: span.start as u32, end: span.end as u32, next });
    }

    fn close(&mut self) {
        self.push(Event::Close, self.at..self.at + 1);
        self.at += 1;
        if let Some(frame) = self.stack.pop() {
            let next = self.out.steps.len() as u32;
            let open = &mut self.out.steps[frame.open];
            open.end = self.at as u32;
            open.next = next;
        }
    }

    fn key(&mut self) -> Result<(), FormatError> {
        let start = self.at;
        let escaped = self.string()?;
        let token = &self.text[start..self.at];
        let text = literal::string(token);
        let map = self.stack.last().map_or(0, |frame| frame.open);
        if !self.seen.insert((map, text.clone())) {
            return self.fail(start, "this key stands twice in one object");
        }
        self.push(Event::Key(self.out.keys.len()), start..self.at);
        let decoded = escaped.then(|| text.into_owned());
        self.out.keys.push(KeyText { inner: start + 1..self.at - 1, decoded });
        Ok(())
    }

    fn value(&mut self) -> Result<Expect, FormatError> {
        let start = self.at;
        match self.peek() {
            Some(bracket @ (b'{' | b'[')) => {
                if self.stack.len() >= MAX_DEPTH {
                    return self.fail(start, TOO_DEEP);
                }
                let shape = if bracket == b'{' { Shape::Map } else { Shape::List };
                self.stack.push(Frame { open: self.out.steps.len(), shape });
                self.push(Event::Open(shape), start..start + 1);
                self.at += 1;
                return Ok(Expect::First);
            }
            Some(b'"') => {
                self.string()?;
            }
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => {
                let word = ["true", "false", "null"].into_iter().find(|word| self.text[start..].starts_with(word));
                match word {
                    Some(word) => self.at += word.len(),
                    None if start == self.bytes.len() => {
                        return self.fail(start, "the text ends where a value is expected");
                    }
                    None => return self.fail(start, "expected a value"),
                }
            }
        }
        self.out.leaves.push(self.out.steps.len() as u32);
        self.push(Event::Scalar(self.out.leaves.len() - 1), start..self.at);
        Ok(Expect::Comma)
    }

    /// True when escapes are in it.
    fn string(&mut self) -> Result<bool, FormatError> {
        let start = self.at;
        let mut escaped = false;
        self.at += 1;
        loop {
            let rest = &self.bytes[self.at..];
            let plain = &rest[..memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len())];
            if !plain.iter().fold(false, |found, byte| found | (*byte < 0x20)) {
                self.at += plain.len();
            }
            match self.peek() {
                None => return self.fail(start, "this string has no closing quote"),
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(b'\n' | b'\r') => return self.fail(self.at, "a line ends inside a string"),
                Some(0..0x20) => return self.fail(self.at, "a control character in a string must be escaped"),
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        Ok(escaped)
    }

    fn escape(&mut self) -> Result<(), FormatError> {
        let escape = &self.bytes[self.at + 1..];
        match escape.first() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                if literal::hex4(&escape[1..]).is_none() {
                    return self.fail(self.at, "\\u needs four hexadecimal digits");
                }
                let (decoded, length) = literal::unicode(escape);
                if decoded == '\u{FFFD}' && literal::hex4(&escape[1..]) != Some(0xFFFD) {
                    self.problem(self.at, "half a surrogate pair, which sops reads as another character", true);
                }
                self.at += 1 + length;
            }
            _ => return self.fail(self.at, "unknown escape sequence"),
        }
        Ok(())
    }

    fn digits(&mut self) -> bool {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at > start
    }

    fn number(&mut self) -> Result<(), FormatError> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let whole = self.at;
        let mut valid = self.digits();
        if self.bytes.get(whole) == Some(&b'0') && self.at > whole + 1 {
            return self.fail(start, "a number must not begin with a zero that does not count");
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            valid &= self.digits();
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            valid &= self.digits();
        }
        if !valid || matches!(self.peek(), Some(b'+' | b'-' | b'.' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z')) {
            return self.fail(start, "this is not a number as JSON writes it");
        }
        match literal::loss(&self.text[start..self.at]) {
            Loss::None => {}
            Loss::Digits => self.problem(start, "this number has more digits than sops keeps", false),
            Loss::Overflow => self.problem(start, "this number is too large for sops", true),
        }
        Ok(())
    }

    fn skip_gap(&mut self) -> Result<(), FormatError> {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                b'/' => self.comment()?,
                _ => break,
            }
        }
        Ok(())
    }

    fn comment(&mut self) -> Result<(), FormatError> {
        let start = self.at;
        if !matches!(self.bytes.get(start + 1), Some(b'/' | b'*')) {
            return self.fail(start, "a lone \"/\" means nothing in JSON");
        }
        if self.dialect == Dialect::Strict {
            return self.fail(start, "comments are not part of JSON (they are read in .jsonc files)");
        }
        let Some(end) = comment_end(self.bytes, start) else {
            return self.fail(start, "this comment has no end");
        };
        self.at = end;
        if !std::mem::replace(&mut self.commented, true) {
            self.problem(start, "sops does not read JSON with comments", false);
        }
        Ok(())
    }
}

/// Named, because a change may meet it.
pub(super) const TOO_DEEP: &str = "objects and arrays are nested too deep";
