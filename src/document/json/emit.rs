//! Values as JSON text: whole trees as sops 3.13.2 prints them (`stores/json/store.go`, Go's `encoding/json`), and values put
//! into a document in the document's own style.

use std::fmt::Write;

use crate::document::format::Unspellable;
use crate::document::tree::{Kind, Node};
use crate::document::value::Value;

/// How far each level is indented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Indent {
    /// One tab, as sops does unless told otherwise.
    Tab,
    /// So many spaces; 0 breaks lines without indenting them.
    Spaces(usize),
}

/// Appends `node` as sops prints a decrypted file, with the line break that ends it.
///
/// # Errors
/// [`Unspellable`] for infinite numbers and NaN, which sops refuses as well.
pub fn pretty(node: &Node, indent: Indent, out: &mut String) -> Result<(), Unspellable> {
    laid_out(node, indent, true, out)
}

/// The same lines, but every value reads back as it is: a float stays one.
///
/// # Errors
/// As [`pretty`].
pub fn typed(node: &Node, indent: Indent, out: &mut String) -> Result<(), Unspellable> {
    laid_out(node, indent, false, out)
}

fn laid_out(node: &Node, indent: Indent, go: bool, out: &mut String) -> Result<(), Unspellable> {
    let unit = match indent {
        Indent::Tab => "\t".to_owned(),
        Indent::Spaces(count) => " ".repeat(count),
    };
    let layout = Layout { lines: Some(Lines { line_end: "\n", base: "", unit: &unit }), tight: false, go };
    layout.node(node, 0, out)?;
    out.push('\n');
    Ok(())
}

/// Where lines break and how far they are indented.
#[derive(Clone, Copy)]
pub(super) struct Lines<'a> {
    /// The line break.
    pub(super) line_end: &'a str,
    /// Stands before everything on every line.
    pub(super) base: &'a str,
    /// One level.
    pub(super) unit: &'a str,
}

impl Lines<'_> {
    fn start(&self, level: usize, out: &mut String) {
        out.push_str(self.line_end);
        out.push_str(self.base);
        (0..level).for_each(|_| out.push_str(self.unit));
    }
}

/// How a tree is written.
#[derive(Clone, Copy)]
pub(super) struct Layout<'a> {
    /// `None` for all on one line.
    pub(super) lines: Option<Lines<'a>>,
    /// No blanks after `:` and `,`.
    pub(super) tight: bool,
    /// Escapes and numbers as Go writes them, which turns `1.0` into `1`; else so that every value reads back as it is.
    pub(super) go: bool,
}

impl Layout<'_> {
    /// `"key": value`.
    pub(super) fn entry(&self, key: &str, node: &Node, level: usize, out: &mut String) -> Result<(), Unspellable> {
        push_string(key, self.go, out);
        out.push_str(if self.tight { ":" } else { ": " });
        self.node(node, level, out)
    }

    /// A value whose first line is already begun at `level`.
    pub(super) fn node(&self, node: &Node, level: usize, out: &mut String) -> Result<(), Unspellable> {
        match &node.kind {
            Kind::Map(entries) => {
                out.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    self.separate(index > 0, level + 1, out);
                    self.entry(&key.name, value, level + 1, out)?;
                }
                self.close(entries.is_empty(), level, out);
                out.push('}');
            }
            Kind::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    self.separate(index > 0, level + 1, out);
                    self.node(item, level + 1, out)?;
                }
                self.close(items.is_empty(), level, out);
                out.push(']');
            }
            Kind::Null => out.push_str("null"),
            Kind::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Kind::Int(value) => push_int(*value, out),
            Kind::Float(value) => push_float(*value, self.go, out)?,
            Kind::Time(text) | Kind::Str(text) => push_string(text, self.go, out),
        }
        Ok(())
    }

    /// What stands before an entry: the comma when it is not the first, and the line break or blank.
    pub(super) fn separate(&self, comma: bool, level: usize, out: &mut String) {
        out.push_str(if comma { "," } else { "" });
        match &self.lines {
            Some(lines) => lines.start(level, out),
            None => out.push_str(if comma && !self.tight { " " } else { "" }),
        }
    }

    fn close(&self, empty: bool, level: usize, out: &mut String) {
        if let Some(lines) = self.lines.as_ref().filter(|_| !empty) {
            lines.start(level, out);
        }
    }

    /// At least as many bytes as [`Layout::node`] writes, so that a buffer with room for them never grows and leaves no copy.
    pub(super) fn room(&self, node: &Node, level: usize) -> usize {
        let line = self.lines.map_or(2, |lines| lines.line_end.len() + lines.base.len() + lines.unit.len() * level) + 2;
        let inner: usize = match &node.kind {
            Kind::Map(entries) => {
                let each = |(key, value): &(_, Node)| {
                    let key: &crate::document::tree::Key = key;
                    key.name.len() * LONGEST_ESCAPE + 6 + self.room(value, level + 1)
                };
                entries.iter().map(each).sum()
            }
            Kind::List(items) => items.iter().map(|item| self.room(item, level + 1)).sum(),
            Kind::Time(text) | Kind::Str(text) => text.len() * LONGEST_ESCAPE,
            _ => LONGEST_NUMBER,
        };
        2 * line + inner + 4
    }
}

/// Most bytes that one byte is written as (`\u001f`).
const LONGEST_ESCAPE: usize = 6;
/// Most bytes of a number: 17 digits, zeros up to 21 before the point or 6 behind it, sign, point, exponent.
const LONGEST_NUMBER: usize = 40;

/// Appends a single value so that it reads back as it is.
pub(super) fn spell_scalar(value: &Value<'_>, out: &mut String) -> Result<(), Unspellable> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) => push_int(*value, out),
        Value::BigInt(_) => return Err(Unspellable("JSON is read with integers of 64 bits with a sign")),
        Value::Float(value) => push_float(*value, false, out)?,
        Value::Time(text) => push_string(text, false, out),
        Value::Str(text) => push_string(text, false, out),
        Value::Bytes(_) => return Err(Unspellable("JSON holds text only, and the value is not UTF-8")),
    }
    Ok(())
}

fn push_int(value: i64, out: &mut String) {
    // Writing to memory cannot fail.
    let _ = write!(out, "{value}");
}

/// Go's `encoding/json` prints the shortest digits, with an exponent outside 1e-6 to 1e21. Without `go` a whole number gets a
/// point, for without one it would read back as an integer.
fn push_float(value: f64, go: bool, out: &mut String) -> Result<(), Unspellable> {
    if !value.is_finite() {
        return Err(Unspellable("JSON has no infinite numbers and no NaN"));
    }
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let start = out.len();
        let _ = write!(out, "{value:e}");
        if let Some(at) = out[start..].find('e').filter(|_| size >= 1.0) {
            out.insert(start + at + 1, '+');
        }
        return Ok(());
    }
    let _ = write!(out, "{value}");
    if !go && value.fract() == 0.0 {
        out.push_str(".0");
    }
    Ok(())
}

/// A string in quotes. With `go` what Go's `json.Marshal` escapes is escaped, else only what has to be.
fn push_string(text: &str, go: bool, out: &mut String) {
    out.push('"');
    let of_go = |byte: u8| go & matches!(byte, b'<' | b'>' | b'&' | 0xE2);
    let odd = |byte: u8| (byte < 0x20) | (byte == b'"') | (byte == b'\\') | of_go(byte);
    if !text.bytes().fold(false, |found, byte| found | odd(byte)) {
        out.push_str(text);
        out.push('"');
        return;
    }
    let mut done = 0;
    for (at, char) in text.char_indices() {
        let short = match char {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\0'..='\u{1f}' => "",
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' if go => "",
            _ => continue,
        };
        out.push_str(&text[done..at]);
        done = at + char.len_utf8();
        out.push_str(short);
        if short.is_empty() {
            let _ = write!(out, "\\u{:04x}", u32::from(char));
        }
    }
    out.push_str(&text[done..]);
    out.push('"');
}
