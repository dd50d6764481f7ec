//! Values as YAML, laid out as go-yaml 2.4 lays it out (`emitterc.go`): lists are not indented, lines break after 80 columns.

use super::node::Node;
use super::scalar::{Style, allowed, is_break, is_printable, style_of_text};
use crate::template::error::Fault;
use crate::template::format::float_text;
use crate::template::text::Buffer;
use crate::template::value::Value;

/// Columns after which a space becomes a line break.
const WIDTH: usize = 80;

/// What a text is after which keys need a `?` before them.
const LONGEST_KEY: usize = 128;

/// Writes `value` as sigs.k8s.io/yaml does, without a line break at the end.
pub(in crate::template) fn encode(out: &mut Buffer, value: &Value) -> Result<(), Fault> {
    let node = Node::of(value, 0)?;
    let mut emitter = Emitter { out, column: 0, whitespace: true, indention: true };
    emitter.node(&node, -1, false);
    Ok(())
}

/// Where the writer is; the names are those of libyaml.
struct Emitter<'a> {
    out: &'a mut Buffer,
    column: usize,
    /// The last character was a space, or none was needed.
    whitespace: bool,
    /// Nothing but indentation and indicators stand on the line.
    indention: bool,
}

impl Emitter<'_> {
    fn put(&mut self, next: char) {
        self.out.push_char(next);
        self.column += 1;
    }

    fn put_break(&mut self) {
        self.out.push(b"\n");
        self.column = 0;
    }

    fn write_break(&mut self, next: char) {
        self.out.push_char(next);
        self.column = 0;
    }

    fn write_indent(&mut self, indent: i32) {
        let indent = usize::try_from(indent).unwrap_or_default();
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.put_break();
        }
        self.out.push_repeated(b' ', indent.saturating_sub(self.column));
        self.column = self.column.max(indent);
        self.whitespace = true;
        self.indention = true;
    }

    fn indicator(&mut self, text: &str, needs_space: bool, is_space: bool, is_indention: bool) {
        if needs_space && !self.whitespace {
            self.put(' ');
        }
        text.chars().for_each(|next| self.put(next));
        self.whitespace = is_space;
        self.indention &= is_indention;
    }

    /// `indent` is that of the node around, -1 for none.
    fn node(&mut self, node: &Node, indent: i32, in_map: bool) {
        let deeper = if indent < 0 { 0 } else { indent + 2 };
        match node {
            Node::List(items) if items.is_empty() => self.empty('[', ']'),
            Node::Map(entries) if entries.is_empty() => self.empty('{', '}'),
            Node::List(items) => {
                let inner = if indent >= 0 && in_map && !self.indention { indent } else { deeper };
                for item in items {
                    self.write_indent(inner);
                    self.indicator("-", true, false, true);
                    self.node(item, inner, false);
                }
            }
            Node::Map(entries) => {
                for (key, value) in entries {
                    self.write_indent(deeper);
                    let simple = key.len() <= LONGEST_KEY && !allowed(key).multiline;
                    if simple {
                        self.text(key, deeper, true);
                        self.indicator(":", false, false, false);
                    } else {
                        self.indicator("?", true, false, true);
                        self.text(key, deeper, false);
                        self.write_indent(deeper);
                        self.indicator(":", true, false, true);
                    }
                    self.node(value, deeper, true);
                }
            }
            Node::Text(text) => self.text(text, indent, false),
            Node::Null => self.plain("null", indent, false),
            Node::Bool(value) => self.plain(if *value { "true" } else { "false" }, indent, false),
            Node::Number(text) => self.plain(text, indent, false),
            Node::Float(value) => self.plain(&float_text(*value, 'g', None), indent, false),
        }
    }

    fn empty(&mut self, open: char, close: char) {
        self.indicator(open.encode_utf8(&mut [0; 4]), true, true, false);
        self.indicator(close.encode_utf8(&mut [0; 4]), false, false, false);
    }

    fn text(&mut self, text: &str, indent: i32, simple_key: bool) {
        let indent = if indent < 0 { 2 } else { indent + 2 };
        let allowed = allowed(text);
        match style_of_text(text, &allowed, simple_key) {
            Style::Plain => self.folding(text, indent, !simple_key, false),
            Style::Single => {
                self.indicator("'", true, false, false);
                self.folding(text, indent, !simple_key, true);
                self.indicator("'", false, false, false);
            }
            Style::Double => self.double(text, indent, !simple_key),
            Style::Literal => self.literal(text, indent),
        }
    }

    fn plain(&mut self, text: &str, indent: i32, simple_key: bool) {
        self.folding(text, if indent < 0 { 2 } else { indent + 2 }, !simple_key, false);
    }

    /// A plain scalar, or what is between single quotes.
    fn folding(&mut self, text: &str, indent: i32, may_break: bool, quoted: bool) {
        if !quoted && !self.whitespace {
            self.put(' ');
        }
        let (mut spaces, mut breaks) = (false, false);
        for (at, next) in text.char_indices() {
            let after = &text[at + next.len_utf8()..];
            if next == ' ' {
                let at_edge = quoted && (at == 0 || after.is_empty());
                if may_break && !spaces && self.column > WIDTH && !at_edge && !after.starts_with(' ') {
                    self.write_indent(indent);
                } else {
                    self.put(next);
                }
                spaces = true;
            } else if is_break(next) {
                if !breaks && next == '\n' {
                    self.put_break();
                }
                self.write_break(next);
                self.indention = true;
                breaks = true;
            } else {
                if breaks {
                    self.write_indent(indent);
                }
                if quoted && next == '\'' {
                    self.put(next);
                }
                self.put(next);
                self.indention = false;
                (spaces, breaks) = (false, false);
            }
        }
        self.whitespace = false;
        self.indention = false;
    }

    fn double(&mut self, text: &str, indent: i32, may_break: bool) {
        self.indicator("\"", true, false, false);
        // as the peer has it: a text that starts with a byte order mark has every character escaped
        let escape_all = text.starts_with('\u{feff}');
        let mut spaces = false;
        for (at, next) in text.char_indices() {
            let after = &text[at + next.len_utf8()..];
            if escape_all || !is_printable(next) || is_break(next) || matches!(next, '"' | '\\') {
                self.escape(next);
                spaces = false;
            } else if next == ' ' {
                if may_break && !spaces && self.column > WIDTH && at > 0 && !after.is_empty() {
                    self.write_indent(indent);
                    if after.starts_with(' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(next);
                }
                spaces = true;
            } else {
                self.put(next);
                spaces = false;
            }
        }
        self.indicator("\"", false, false, false);
        self.whitespace = false;
        self.indention = false;
    }

    fn escape(&mut self, next: char) {
        self.put('\\');
        let letter = match next {
            '\0' => '0',
            '\x07' => 'a',
            '\x08' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\x0b' => 'v',
            '\x0c' => 'f',
            '\r' => 'r',
            '\x1b' => 'e',
            '"' | '\\' => next,
            '\u{85}' => 'N',
            '\u{a0}' => '_',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            _ => {
                let code = u32::from(next);
                let digits = match code {
                    0..=0xff => format!("x{code:02X}"),
                    0x100..=0xffff => format!("u{code:04X}"),
                    _ => format!("U{code:08X}"),
                };
                digits.chars().for_each(|digit| self.put(digit));
                return;
            }
        };
        self.put(letter);
    }

    fn literal(&mut self, text: &str, indent: i32) {
        self.indicator("|", true, false, false);
        if text.starts_with(|next| next == ' ' || is_break(next)) {
            self.indicator("2", false, false, false);
        }
        let mut backwards = text.chars().rev();
        let (last, before) = (backwards.next(), backwards.next());
        if !last.is_some_and(is_break) {
            self.indicator("-", false, false, false);
        } else if before.is_none_or(is_break) {
            self.indicator("+", false, false, false);
        }
        self.put_break();
        self.indention = true;
        self.whitespace = true;
        let mut breaks = true;
        for next in text.chars() {
            if is_break(next) {
                self.write_break(next);
                self.indention = true;
                breaks = true;
            } else {
                if breaks {
                    self.write_indent(indent);
                }
                self.put(next);
                self.indention = false;
                breaks = false;
            }
        }
    }
}
