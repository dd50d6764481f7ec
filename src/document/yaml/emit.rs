//! Metadata as YAML text, in the shape sops 3.13.2 writes it (go-yaml v3.0.4 `emitterc.go`, four columns a level), or as one
//! line of JSON for a document whose root is a flow mapping.

use std::fmt::Write;

use crate::document::scalar::{self, chars, push_double_quoted};
use crate::document::tree::{Key, Kind, Node};
use crate::document::value::Value;

/// Columns per level, as sops writes them unless told otherwise.
pub const STEP: usize = 4;
/// go-yaml writes longer keys with an explicit `?`.
const LONGEST_SIMPLE_KEY: usize = 128;

/// Appends `key` and `node` as block YAML at column `indent`, every line ended by `line_end`.
///
/// At column 0 this is byte for byte what sops writes; further right the levels are counted from there.
pub fn block(key: &str, node: &Node, indent: usize, line_end: &str, out: &mut String) {
    let mut writer = Writer { step: STEP, margin: indent, line_end, floats: Floats::Typed, out };
    writer.start_line(0);
    writer.entry(key, node, 0);
}

/// How whole floats are spelled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Floats {
    /// So that they read back as floats.
    Typed,
    /// As go-yaml does, whose `2` reads back as an integer.
    Bare,
}

/// [`block`] at column 0 with so many columns a level; as in go-yaml, one and more than nine are two.
pub fn stepped(key: &str, node: &Node, step: usize, floats: Floats, out: &mut String) {
    let step = if (2..10).contains(&step) { step } else { 2 };
    Writer { step, margin: 0, line_end: "\n", floats, out }.entry(key, node, 0);
}

struct Writer<'a> {
    /// Columns per level.
    step: usize,
    /// Column that counts as 0.
    margin: usize,
    line_end: &'a str,
    floats: Floats,
    out: &'a mut String,
}

impl Writer<'_> {
    fn start_line(&mut self, column: usize) {
        self.out.extend(std::iter::repeat_n(' ', self.margin + column));
    }

    fn end_line(&mut self) {
        self.out.push_str(self.line_end);
    }

    /// go-yaml's columns: the next multiple of the step, also from a column inside a list item.
    fn next_level(&self, column: usize) -> usize {
        self.step * ((column + self.step) / self.step)
    }

    /// One `key: value` at `column`, where the line already stands.
    fn entry(&mut self, key: &str, node: &Node, column: usize) {
        if key.len() > LONGEST_SIMPLE_KEY || key.contains('\n') {
            return self.explicit_entry(key, node, column);
        }
        push_text(key, self.out);
        self.out.push(':');
        let inner = self.next_level(column);
        match &node.kind {
            Kind::Map(items) if !items.is_empty() => {
                self.end_line();
                self.start_line(inner);
                self.map(items, inner);
            }
            Kind::List(items) if !items.is_empty() => {
                self.end_line();
                self.start_line(inner);
                self.list(items, inner);
            }
            _ => {
                self.out.push(' ');
                self.leaf(node, inner, column);
            }
        }
    }

    /// `? key` and `: value`; a nested value goes on one line there, which no metadata of sops ever needs.
    fn explicit_entry(&mut self, key: &str, node: &Node, column: usize) {
        self.out.push_str("? ");
        if key.contains('\n') {
            push_double_quoted(key, true, self.out);
        } else {
            push_text(key, self.out);
        }
        self.end_line();
        self.start_line(column);
        self.out.push_str(": ");
        match &node.kind {
            Kind::Map(_) | Kind::List(_) => {
                push_json(node, self.out);
                self.end_line();
            }
            _ => self.leaf(node, self.next_level(column), column),
        }
    }

    /// The line already stands at `column`.
    fn map(&mut self, items: &[(Key, Node)], column: usize) {
        for (at, (key, node)) in items.iter().enumerate() {
            if at > 0 {
                self.start_line(column);
            }
            self.entry(&key.name, node, column);
        }
    }

    /// The line already stands at `column`.
    fn list(&mut self, items: &[Node], column: usize) {
        for (at, node) in items.iter().enumerate() {
            if at > 0 {
                self.start_line(column);
            }
            self.out.push_str("- ");
            match &node.kind {
                Kind::Map(items) if !items.is_empty() => self.map(items, column + 2),
                Kind::List(items) if !items.is_empty() => self.list(items, column + 2),
                _ => self.leaf(node, column + 2, column),
            }
        }
    }

    /// A scalar or an empty collection, to the end of its line; the lines of a literal block stand at `inner`, those of its
    /// parent at `outer`.
    fn leaf(&mut self, node: &Node, inner: usize, outer: usize) {
        match &node.kind {
            Kind::Str(text) if is_literal(text) => return self.literal(text, inner, outer),
            Kind::Str(text) => push_text(text, self.out),
            Kind::Map(_) => self.out.push_str("{}"),
            Kind::List(_) => self.out.push_str("[]"),
            Kind::Null => self.out.push_str("null"),
            Kind::Bool(value) => self.out.push_str(if *value { "true" } else { "false" }),
            Kind::Int(value) => push_int(*value, self.out),
            Kind::Float(value) => match self.floats {
                Floats::Typed => push_float(*value, self.out),
                Floats::Bare => self.out.push_str(&scalar::format_float_g(*value)),
            },
            Kind::Time(value) => self.out.push_str(value),
        }
        self.end_line();
    }

    fn literal(&mut self, text: &str, inner: usize, outer: usize) {
        self.out.push('|');
        if text.starts_with([' ', '\t', '\n']) {
            // go-yaml always writes its step here, which is wrong wherever the block stands less far in; we write what is true.
            push_int(i64::try_from(inner - outer).unwrap_or(2), self.out);
        }
        match text.strip_suffix('\n') {
            None => self.out.push('-'),
            Some(rest) if rest.is_empty() || rest.ends_with('\n') => self.out.push('+'),
            Some(_) => {}
        }
        self.end_line();
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            if !line.is_empty() {
                self.start_line(inner);
                self.out.push_str(line);
            }
            self.end_line();
        }
    }
}

/// Several lines, and nothing in them that go-yaml would rather see escaped.
fn is_literal(text: &str) -> bool {
    let traits = chars::traits(text);
    let special = traits.unprintable || traits.wide || traits.blank_before_break || traits.trailing_blank;
    traits.multi_line && !special
}

/// A string on one line, quoted as go-yaml quotes (`encode.go:stringv`, `emitterc.go:yaml_emitter_select_scalar_style`).
fn push_text(text: &str, out: &mut String) {
    let traits = chars::traits(text);
    let is_string = matches!(scalar::resolve_plain(text), Value::Str(_)) && text != "<<";
    let needs_escapes = traits.unprintable || traits.wide || traits.tab || traits.multi_line;
    if !is_string || needs_escapes || chars::is_old_bool(text) || chars::is_base_60(text) {
        push_double_quoted(text, true, out);
    } else if traits.block_indicator || traits.leading_blank || traits.trailing_blank {
        scalar::push_single_quoted(text, out);
    } else {
        out.push_str(text);
    }
}

fn push_int(number: i64, out: &mut String) {
    // Writing to memory cannot fail.
    let _ = write!(out, "{number}");
}

/// Appends `"key": value` as one line of JSON, which is flow YAML too. A float that JSON cannot write takes YAML's spelling.
pub fn flow(key: &str, node: &Node, out: &mut String) {
    push_json_text(key, out);
    out.push_str(": ");
    push_json(node, out);
}

fn push_json(node: &Node, out: &mut String) {
    match &node.kind {
        Kind::Map(items) => {
            out.push('{');
            for (at, (key, node)) in items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                flow(&key.name, node, out);
            }
            out.push('}');
        }
        Kind::List(items) => {
            out.push('[');
            for (at, node) in items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                push_json(node, out);
            }
            out.push(']');
        }
        Kind::Str(text) | Kind::Time(text) => push_json_text(text, out),
        Kind::Null => out.push_str("null"),
        Kind::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Kind::Int(value) => push_int(*value, out),
        Kind::Float(value) => push_float(*value, out),
    }
}

/// As go-yaml writes it, unless that would read back as something else (`2.0` as the integer 2).
fn push_float(value: f64, out: &mut String) {
    let text = scalar::format_float_g(value);
    if matches!(scalar::resolve_plain(&text), Value::Float(read) if read == value || value.is_nan()) {
        out.push_str(&text);
        return;
    }
    let context = scalar::Context { in_flow: true, is_key: false, parent_indent: -1, crlf: false, str_tag: false };
    scalar::spell(&Value::Float(value), scalar::Style::Plain, &context, out);
}

/// Only the escapes JSON and YAML share.
fn push_json_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if chars::is_printable(character) => out.push(character),
            // Everything that cannot be printed lies in the basic plane.
            _ => {
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
        }
    }
    out.push('"');
}
