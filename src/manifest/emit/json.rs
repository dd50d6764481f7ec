//! JSON as Go's `encoding/json` writes it with an indent of two spaces.

use std::fmt::Write;

use crate::document::scalar;
use crate::document::tree::{Kind, Node};

/// Appends the object and a line end.
pub fn object(node: &Node, out: &mut String) {
    value(node, 0, out);
    out.push('\n');
}

fn value(node: &Node, level: usize, out: &mut String) {
    match &node.kind {
        Kind::Null => out.push_str("null"),
        Kind::Bool(state) => out.push_str(if *state { "true" } else { "false" }),
        // writing to memory cannot fail
        Kind::Int(number) => _ = write!(out, "{number}"),
        Kind::Float(number) => out.push_str(&scalar::format_float_g(*number)),
        Kind::Str(content) | Kind::Time(content) => text(content, out),
        Kind::List(items) => group(['[', ']'], items, level, out, value),
        Kind::Map(items) => group(['{', '}'], items, level, out, |(key, item), level, out| {
            text(&key.name, out);
            out.push_str(": ");
            value(item, level, out);
        }),
    }
}

fn group<T>(
    [open, close]: [char; 2],
    items: &[T],
    level: usize,
    out: &mut String,
    write: impl Fn(&T, usize, &mut String),
) {
    out.push(open);
    for (at, item) in items.iter().enumerate() {
        out.push_str(if at > 0 { ",\n" } else { "\n" });
        indent(level + 1, out);
        write(item, level + 1, out);
    }
    if !items.is_empty() {
        out.push('\n');
        indent(level, out);
    }
    out.push(close);
}

fn indent(level: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", level));
}

/// Go also escapes what HTML and JavaScript would take for something else.
fn text(content: &str, out: &mut String) {
    out.push('"');
    for character in content.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}
