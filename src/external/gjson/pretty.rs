//! `@pretty` and `@ugly`, as github.com/tidwall/pretty 1.2 lays JSON out.

use std::cmp::Ordering;

use zeroize::Zeroizing;

use super::budget::{Budget, TooMuchWork};
use super::modifier::arguments;
use super::result::{Found, Kind};
use super::scan;
use crate::external::json::parse_float;
use crate::external::sink::Sink;

/// How `@pretty` lays out.
pub(super) struct Options {
    width: i64,
    prefix: Vec<u8>,
    indent: Vec<u8>,
    sort: bool,
}

/// The options of an argument.
pub(super) fn options(argument: &[u8]) -> Options {
    let mut options = Options { width: 80, prefix: vec![], indent: b"  ".to_vec(), sort: false };
    if argument.is_empty() {
        return options;
    }
    arguments(argument, |name, value| match name {
        b"sortKeys" => options.sort = value.truth(),
        b"indent" => options.indent = only_space(&value.to_text()),
        b"prefix" => options.prefix = only_space(&value.to_text()),
        b"width" => options.width = integer(value),
        _ => {}
    });
    options
}

fn only_space(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).collect()
}

/// `Result.Int()`, as far as a width needs it.
fn integer(value: &Found<'_>) -> i64 {
    match value.kind {
        Kind::True => 1,
        Kind::Number => value.number as i64,
        Kind::Text => std::str::from_utf8(&value.text).ok().and_then(|text| text.parse().ok()).unwrap_or_default(),
        _ => 0,
    }
}

/// Without space between values.
pub(super) fn ugly(json: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Sink::with_room(json.len());
    let mut at = 0;
    while let Some(byte) = json.get(at) {
        let end = match byte {
            ..=b' ' => {
                at += 1;
                continue;
            }
            b'"' => scan::closing_quote(json, at + 1).0.map_or(json.len(), |quote| quote + 1),
            _ => at + 1,
        };
        out.push(&json[at..end]);
        at = end;
    }
    out.into_inner()
}

/// On lines.
pub(super) fn pretty(budget: &Budget, json: &[u8], options: &Options) -> Result<Zeroizing<Vec<u8>>, TooMuchWork> {
    let mut printer =
        Printer { budget, json, options, sort: options.sort, out: Sink::with_room(json.len() * 2), line: 0 };
    printer.out.push(&options.prefix);
    printer.any(0, Mode { pretty: true, indent: true, tabs: 0, most: None })?;
    if !printer.out.bytes().is_empty() {
        printer.out.push(b"\n");
    }
    Ok(printer.out.into_inner())
}

/// How one value is laid out.
#[derive(Clone, Copy)]
struct Mode {
    pretty: bool,
    indent: bool,
    tabs: usize,
    /// On one line, of this many columns.
    most: Option<i64>,
}

struct Printer<'a> {
    budget: &'a Budget,
    json: &'a [u8],
    options: &'a Options,
    sort: bool,
    out: Sink,
    /// Where the line begins.
    line: usize,
}

/// A field of an object, for sorting: its key in the JSON, all of it in the output.
struct Field {
    key: std::ops::Range<usize>,
    all: std::ops::Range<usize>,
}

impl Printer<'_> {
    fn push(&mut self, bytes: &[u8]) -> Result<(), TooMuchWork> {
        self.budget.charge(bytes.len())?;
        self.out.push(bytes);
        Ok(())
    }

    fn copy(&mut self, at: usize, end: usize) -> Result<usize, TooMuchWork> {
        let json = self.json;
        self.push(&json[at..end])?;
        Ok(end)
    }

    /// The next value: where it ends, and whether it may be in an array on one line.
    fn any(&mut self, mut at: usize, mode: Mode) -> Result<(usize, bool), TooMuchWork> {
        let json = self.json;
        while let Some(byte) = json.get(at) {
            let end = match byte {
                b'"' => self.string(at)?,
                b'{' | b'[' => {
                    let budget = self.budget;
                    return budget.deeper(|| self.list(at, mode));
                }
                b'-' | b'0'..=b'9' | b'i' | b'I' | b'+' | b'N' => self.number(at)?,
                b'n' if scan::is_nan(json, at) => self.number(at)?,
                b't' => self.word(b"true", at)?,
                b'f' => self.word(b"false", at)?,
                b'n' => self.word(b"null", at)?,
                _ => {
                    at += 1;
                    continue;
                }
            };
            return Ok((end, true));
        }
        Ok((at, true))
    }

    fn word(&mut self, word: &[u8], at: usize) -> Result<usize, TooMuchWork> {
        self.push(word)?;
        Ok(at + word.len())
    }

    fn string(&mut self, at: usize) -> Result<usize, TooMuchWork> {
        let end = scan::closing_quote(self.json, at + 1).0.map_or(self.json.len(), |quote| quote + 1);
        self.copy(at, end)
    }

    fn number(&mut self, at: usize) -> Result<usize, TooMuchWork> {
        let ends = |byte: &u8| *byte <= b' ' || matches!(byte, b',' | b':' | b']' | b'}');
        let length = self.json[at + 1..].iter().position(ends);
        self.copy(at, length.map_or(self.json.len(), |length| at + 1 + length))
    }

    fn tabs(&mut self, mode: Mode, tabs: usize) -> Result<(), TooMuchWork> {
        let options = self.options;
        self.push(&options.prefix)?;
        if mode.indent {
            for _ in 0..tabs {
                self.push(&options.indent)?;
            }
        }
        Ok(())
    }

    /// A new line, in place of a space at the end of this one.
    fn newline(&mut self) -> Result<(), TooMuchWork> {
        self.line = self.out.bytes().len();
        match self.out.bytes_mut().last_mut() {
            Some(last) if *last == b' ' => *last = b'\n',
            _ => self.push(b"\n")?,
        }
        Ok(())
    }

    fn list(&mut self, at: usize, mode: Mode) -> Result<(usize, bool), TooMuchWork> {
        let array = self.json[at] == b'[';
        if self.options.width > 0 {
            if mode.pretty && array && mode.most.is_none() {
                if let Some(end) = self.on_one_line(at)? {
                    return Ok((end, true));
                }
            } else if mode.most.is_some() && !array {
                return Ok((at, false));
            }
        }
        self.items(at, mode, array)
    }

    /// An array on one line, where it fits.
    fn on_one_line(&mut self, at: usize) -> Result<Option<usize>, TooMuchWork> {
        let (start, line) = (self.out.bytes().len(), self.line);
        let most = self.options.width - (start - line) as i64;
        if most <= 3 {
            return Ok(None);
        }
        let (end, fits) = self.items(at, Mode { pretty: false, indent: false, tabs: 0, most: Some(most) }, true)?;
        self.line = line;
        if fits && (self.out.bytes().len() - start) as i64 <= most {
            return Ok(Some(end));
        }
        self.out.truncate(start);
        Ok(None)
    }

    fn items(&mut self, at: usize, mode: Mode, array: bool) -> Result<(usize, bool), TooMuchWork> {
        let json = self.json;
        let (open, close): (&[u8], u8) = if array { (b"[", b']') } else { (b"{", b'}') };
        self.push(open)?;
        let mut fields: Vec<Field> = vec![];
        let mut count = 0;
        let mut at = at + 1;
        while at < json.len() {
            if json[at] <= b' ' {
                at += 1;
                continue;
            }
            if json[at] == close {
                if mode.pretty {
                    if !array && self.sort {
                        self.sort_fields(&mut fields);
                    }
                    if count > 0 {
                        self.newline()?;
                    }
                    if self.out.bytes().last() != open.first() {
                        self.tabs(mode, mode.tabs)?;
                    }
                }
                self.push(&[close])?;
                return Ok((at + 1, array));
            }
            if !array && json[at] != b'"' {
                at += 1;
                continue;
            }
            if count > 0 {
                self.push(if array && self.options.width != -1 { b", " } else { b"," })?;
            }
            count += 1;
            let start = self.out.bytes().len();
            if mode.pretty {
                self.newline()?;
                self.tabs(mode, mode.tabs + 1)?;
            }
            // a field begins after its line break
            let start = if self.out.bytes().get(start) == Some(&b'\n') { start + 1 } else { start };
            let key = at;
            let mut key_end = at;
            if !array {
                at = self.string(at)?;
                key_end = at;
                self.push(if mode.pretty { b": " } else { b":" })?;
            }
            let fits;
            (at, fits) = self.any(at, Mode { tabs: mode.tabs + 1, ..mode })?;
            if mode.most.is_some() && !fits {
                return Ok((at, false));
            }
            if mode.pretty && !array && self.sort {
                fields.push(Field { key: key..key_end, all: start..self.out.bytes().len() });
            }
        }
        Ok((at, array))
    }

    fn sort_fields(&mut self, fields: &mut [Field]) {
        let (Some(first), Some(last)) = (fields.first(), fields.last()) else { return };
        let range = first.all.start..last.all.end;
        let mut sorted = Sink::with_room(range.len());
        let (json, out) = (self.json, self.out.bytes());
        fields.sort_by(|a, b| {
            let keys = compare(&json[a.key.clone()], &json[b.key.clone()]);
            keys.then_with(|| compare(value_of(a, out), value_of(b, out)))
        });
        for (at, field) in fields.iter().enumerate() {
            if at > 0 {
                sorted.push(b",\n");
            }
            sorted.push(&out[field.all.clone()]);
        }
        self.out.truncate(range.start);
        self.out.push(sorted.bytes());
    }
}

/// The value of a field in the output.
fn value_of<'a>(field: &Field, out: &'a [u8]) -> &'a [u8] {
    let all = out[field.all.clone()].trim_ascii();
    all.get(field.key.len() + 1..).map_or(all, <[u8]>::trim_ascii)
}

/// By kind first, then by value.
fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let rank = |value: &[u8]| match value.first() {
        None | Some(b'n') => 0,
        Some(b'f') => 1,
        Some(b'"') => 3,
        Some(b't') => 4,
        Some(b'[' | b'{') => 5,
        Some(_) => 2,
    };
    rank(a).cmp(&rank(b)).then_with(|| match rank(a) {
        3 => scan::parse(a).text.cmp(&scan::parse(b).text),
        2 => parse_float(a).partial_cmp(&parse_float(b)).unwrap_or(Ordering::Equal),
        _ => a.cmp(b),
    })
}
