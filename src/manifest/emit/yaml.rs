//! YAML as go-yaml 2.4 writes it (`encode.go`, `emitterc.go`), two columns a level and lines folded at 80: what sigs.k8s.io/yaml
//! has inside, and other than what sops has.

use std::fmt::Write;

use super::order;
use super::traits::{Traits, is_break, is_printable};
use crate::document::scalar::{self, chars};
use crate::document::tree::{Kind, Node};
use crate::document::value::Value;

/// Columns a level.
const STEP: isize = 2;
/// Lines are folded at the next space.
const WIDTH: usize = 80;
/// Longer keys are written with `?`.
const LONGEST_SIMPLE_KEY: usize = 128;

/// Appends `---` and the document.
pub fn document(node: &Node, out: &mut String) {
    out.push_str("---\n");
    let mut emitter =
        Emitter { out, column: 0, indent: -1, whitespace: true, indention: true, in_key: false, in_mapping: false };
    emitter.node(node);
    emitter.start_line();
}

/// The state of go-yaml's emitter, with its names.
struct Emitter<'a> {
    out: &'a mut String,
    /// Characters on this line.
    column: usize,
    /// Where the lines of this level start; below 0 before the first level.
    indent: isize,
    /// The last character was a blank, or there was none.
    whitespace: bool,
    /// There is nothing on this line but blanks and indicators.
    indention: bool,
    /// A key that goes on one line is being written.
    in_key: bool,
    /// A key or a value of a mapping is being written.
    in_mapping: bool,
}

/// How a text is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

impl Emitter<'_> {
    fn put(&mut self, character: char) {
        self.out.push(character);
        self.column += 1;
    }

    fn end_line(&mut self) {
        self.out.push('\n');
        self.column = 0;
    }

    /// Writes the end of a line as it is in the text.
    fn put_break(&mut self, character: char) {
        self.out.push(character);
        self.column = 0;
    }

    /// To the column where the lines of this level start, on a new line unless this one is still fresh.
    fn start_line(&mut self) {
        let indent = usize::try_from(self.indent).unwrap_or(0);
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.end_line();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.indention = true;
    }

    fn indicator(&mut self, indicator: &str, needs_blank: bool, is_blank: bool, is_indention: bool) {
        if needs_blank && !self.whitespace {
            self.put(' ');
        }
        indicator.chars().for_each(|character| self.put(character));
        self.whitespace = is_blank;
        self.indention &= is_indention;
    }

    /// Goes one level in; the level before is to be put back afterwards.
    fn deeper(&mut self, in_flow: bool, indentless: bool) -> isize {
        let before = self.indent;
        if before < 0 {
            self.indent = if in_flow { STEP } else { 0 };
        } else if !indentless {
            self.indent += STEP;
        }
        before
    }

    fn node(&mut self, node: &Node) {
        match &node.kind {
            Kind::Map(items) if items.is_empty() => self.empty(["{", "}"]),
            Kind::List(items) if items.is_empty() => self.empty(["[", "]"]),
            Kind::Map(items) => {
                let before = self.deeper(false, false);
                for (key, value) in order::sorted(items) {
                    self.entry(&key.name, value);
                }
                self.indent = before;
            }
            Kind::List(items) => {
                let before = self.deeper(false, self.in_mapping && !self.indention);
                for item in items {
                    self.start_line();
                    self.indicator("-", true, false, true);
                    self.in_mapping = false;
                    self.node(item);
                }
                self.indent = before;
            }
            Kind::Str(text) | Kind::Time(text) => self.text(text),
            Kind::Null => self.scalar("null", Style::Plain),
            Kind::Bool(state) => self.scalar(if *state { "true" } else { "false" }, Style::Plain),
            Kind::Int(number) => {
                let mut text = String::new();
                // writing to memory cannot fail
                _ = write!(text, "{number}");
                self.scalar(&text, Style::Plain);
            }
            Kind::Float(number) => self.scalar(&scalar::format_float_g(*number), Style::Plain),
        }
    }

    fn empty(&mut self, [open, close]: [&str; 2]) {
        self.indicator(open, true, true, false);
        self.indicator(close, false, false, false);
    }

    fn entry(&mut self, key: &str, value: &Node) {
        self.start_line();
        self.in_mapping = true;
        if key.len() <= LONGEST_SIMPLE_KEY && !Traits::of(key).multi_line {
            self.in_key = true;
            self.text(key);
            self.in_key = false;
            self.indicator(":", false, false, false);
        } else {
            self.indicator("?", true, false, true);
            self.text(key);
            self.start_line();
            self.indicator(":", true, false, true);
        }
        self.in_mapping = true;
        self.node(value);
    }

    /// A string; quoted when it would be read as something else without (`encode.go:stringv`).
    fn text(&mut self, text: &str) {
        // as a key upstream leaves that bare, and nobody can read it then
        let merges = self.in_key && text == "<<";
        let is_string = matches!(scalar::resolve_plain(text), Value::Str(_)) && !merges;
        let wanted = if text.contains('\n') {
            Style::Literal
        } else if is_string && !chars::is_old_bool(text) && !chars::is_base_60(text) {
            Style::Plain
        } else {
            Style::Double
        };
        self.scalar(text, wanted);
    }

    /// Any scalar in the style that is wanted or the next one that can carry it (`emitterc.go:yaml_emitter_select_scalar_style`).
    fn scalar(&mut self, text: &str, mut style: Style) {
        let traits = Traits::of(text);
        if self.in_key && traits.multi_line {
            style = Style::Double;
        }
        if style == Style::Plain && (!traits.plain || text.is_empty() && self.in_key) {
            style = Style::Single;
        }
        if style == Style::Single && !traits.single_quoted {
            style = Style::Double;
        }
        if style == Style::Literal && (!traits.block || self.in_key) {
            style = Style::Double;
        }
        let before = self.deeper(true, false);
        match style {
            Style::Plain => self.plain(text),
            Style::Single => self.single(text),
            Style::Double => self.double(text),
            Style::Literal => self.literal(text),
        }
        self.indent = before;
    }

    fn plain(&mut self, text: &str) {
        if !self.whitespace {
            self.put(' ');
        }
        self.folded(text, false);
        self.whitespace = false;
        self.indention = false;
    }

    fn single(&mut self, text: &str) {
        self.indicator("'", true, false, false);
        self.folded(text, true);
        self.indicator("'", false, false, false);
    }

    /// The text of a plain or single-quoted scalar, folded at single spaces.
    fn folded(&mut self, text: &str, quoted: bool) {
        let (mut spaces, mut breaks) = (false, false);
        let mut characters = text.chars().peekable();
        let mut first = true;
        while let Some(character) = characters.next() {
            let next = characters.peek().copied();
            if character == ' ' {
                let here = !quoted || (!first && next.is_some());
                if here && !self.in_key && !spaces && self.column > WIDTH && next != Some(' ') {
                    self.start_line();
                } else {
                    self.put(' ');
                }
                spaces = true;
            } else if is_break(character) {
                if !breaks && character == '\n' {
                    self.end_line();
                }
                self.put_break(character);
                self.indention = true;
                breaks = true;
            } else {
                if breaks {
                    self.start_line();
                }
                if quoted && character == '\'' {
                    self.put('\'');
                }
                self.put(character);
                self.indention = false;
                (spaces, breaks) = (false, false);
            }
            first = false;
        }
    }

    fn double(&mut self, text: &str) {
        self.indicator("\"", true, false, false);
        // go-yaml looks for the mark at the beginning only, and then takes every character for one
        let marked = text.starts_with('\u{feff}');
        let mut spaces = false;
        let mut first = true;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let next = characters.peek().copied();
            if marked || !is_printable(character) || is_break(character) || matches!(character, '"' | '\\') {
                self.escape(character);
                spaces = false;
            } else if character == ' ' {
                if !self.in_key && !spaces && self.column > WIDTH && !first && next.is_some() {
                    self.start_line();
                    if next == Some(' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(' ');
                }
                spaces = true;
            } else {
                self.put(character);
                spaces = false;
            }
            first = false;
        }
        self.indicator("\"", false, false, false);
    }

    fn escape(&mut self, character: char) {
        self.put('\\');
        let code = u32::from(character);
        let short = match character {
            '\0' => '0',
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{b}' => 'v',
            '\u{c}' => 'f',
            '\r' => 'r',
            '\u{1b}' => 'e',
            '"' | '\\' => character,
            '\u{85}' => 'N',
            '\u{a0}' => '_',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            _ => {
                let text = match code {
                    0..=0xFF => format!("x{code:02X}"),
                    0x100..=0xFFFF => format!("u{code:04X}"),
                    _ => format!("U{code:08X}"),
                };
                return text.chars().for_each(|digit| self.put(digit));
            }
        };
        self.put(short);
    }

    fn literal(&mut self, text: &str) {
        self.indicator("|", true, false, false);
        // go-yaml always writes its step here, also where the lines stand less far in
        if text.starts_with([' ', '\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) {
            self.indicator("2", false, false, false);
        }
        let mut from_end = text.chars().rev();
        if !from_end.next().is_some_and(is_break) {
            self.indicator("-", false, false, false);
        } else if from_end.next().is_none_or(is_break) {
            self.indicator("+", false, false, false);
        }
        self.end_line();
        self.indention = true;
        self.whitespace = true;
        let mut breaks = true;
        for character in text.chars() {
            if is_break(character) {
                self.put_break(character);
                self.indention = true;
                breaks = true;
            } else {
                if breaks {
                    self.start_line();
                }
                self.put(character);
                self.indention = false;
                breaks = false;
            }
        }
    }
}
