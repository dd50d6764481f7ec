//! How values are written in TOML. What is written here, TOML 1.0 reads.

use std::fmt::Write;

use super::scalar::{self, Scalar};
use crate::document::format::Unspellable;
use crate::document::tree::{Kind, Node};
use crate::document::value::Value;

/// The quotes that a string has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style<'a> {
    /// `"text"`
    Basic,
    /// `'text'`
    Literal,
    /// `"""text"""`, with the line break that follows the opening quotes.
    MultiBasic(&'a str),
    /// `'''text'''`, likewise.
    MultiLiteral(&'a str),
}

impl<'a> Style<'a> {
    /// The style of a leaf; of anything but a string it is [`Style::Basic`].
    pub(super) fn of(raw: &'a str, kind: Scalar) -> Self {
        let first = || {
            let inside = &raw[3..];
            let length = if inside.starts_with('\n') { 1 } else { 2 * usize::from(inside.starts_with("\r\n")) };
            &inside[..length]
        };
        match kind {
            Scalar::Literal => Self::Literal,
            Scalar::MultiBasic => Self::MultiBasic(first()),
            Scalar::MultiLiteral => Self::MultiLiteral(first()),
            _ => Self::Basic,
        }
    }
}

/// Appends a value.
pub(super) fn value(value: &Value<'_>, style: Style<'_>, out: &mut String) -> Result<(), Unspellable> {
    // Writing to memory cannot fail.
    let _ = match value {
        Value::Null => return Err(Unspellable("TOML has no null")),
        Value::Bytes(_) => return Err(Unspellable("TOML holds only text, and this is not UTF-8")),
        Value::BigInt(_) => return Err(Unspellable("TOML's integers have 64 bits with a sign")),
        Value::Bool(value) => write!(out, "{value}"),
        Value::Int(value) => write!(out, "{value}"),
        Value::Float(value) if value.is_nan() => out.write_str("nan"),
        Value::Float(value) => write!(out, "{value:?}"),
        Value::Time(text) => {
            if scalar::classify(text) != Ok(Scalar::Time) {
                return Err(Unspellable("TOML cannot spell this time"));
            }
            out.write_str(text)
        }
        Value::Str(text) => {
            string(text, style, out);
            Ok(())
        }
    };
    Ok(())
}

fn string(text: &str, style: Style<'_>, out: &mut String) {
    let lone_return = || text.replace("\r\n", "").contains('\r');
    let plain = |c: char| c == '\t' || !c.is_ascii_control();
    match style {
        Style::Literal if !text.contains('\'') && text.chars().all(plain) => {
            out.push('\'');
            out.push_str(text);
            out.push('\'');
        }
        Style::MultiLiteral(first)
            if !text.contains("'''")
                && !text.ends_with('\'')
                && text.chars().all(|c| plain(c) || matches!(c, '\n' | '\r'))
                && !lone_return() =>
        {
            out.push_str("'''");
            out.push_str(opening_break(text, first));
            out.push_str(text);
            out.push_str("'''");
        }
        Style::MultiBasic(first) | Style::MultiLiteral(first) => {
            out.push_str("\"\"\"");
            out.push_str(opening_break(text, first));
            multi_basic(text, out);
            out.push_str("\"\"\"");
        }
        _ => basic(text, out),
    }
}

/// The break behind the opening quotes, which is no text: as it was, and where the text would lose its first one without it.
fn opening_break<'a>(text: &str, first: &'a str) -> &'a str {
    if first.is_empty() && (text.starts_with('\n') || text.starts_with("\r\n")) { "\n" } else { first }
}

/// Appends `"text"`.
pub(super) fn basic(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c => push_inside(c, out),
        }
    }
    out.push('"');
}

fn push_inside(c: char, out: &mut String) {
    match c {
        '\\' => out.push_str("\\\\"),
        '\t' => out.push_str("\\t"),
        '\u{8}' => out.push_str("\\b"),
        '\u{C}' => out.push_str("\\f"),
        // Writing to memory cannot fail.
        c if c.is_control() => drop(write!(out, "\\u{:04X}", u32::from(c))),
        c => out.push(c),
    }
}

fn multi_basic(text: &str, out: &mut String) {
    let mut quotes = 0;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        quotes = if c == '"' { quotes + 1 } else { 0 };
        match c {
            // Never three in a row, and none before the closing three.
            '"' if quotes == 3 || rest.peek().is_none() => {
                quotes = 0;
                out.push_str("\\\"");
            }
            '"' | '\n' | '\t' => out.push(c),
            '\r' if rest.peek() == Some(&'\n') => out.push(c),
            '\r' => out.push_str("\\r"),
            c => push_inside(c, out),
        }
    }
}

/// Appends a key, quoted where it must be.
pub(super) fn key(text: &str, out: &mut String) {
    if !text.is_empty() && scalar::bare_key(text, 0).end == text.len() {
        out.push_str(text);
    } else {
        basic(text, out);
    }
}

/// Appends `a.b.c`.
pub(super) fn keys(keys: &[&str], out: &mut String) {
    for (at, text) in keys.iter().enumerate() {
        if at > 0 {
            out.push('.');
        }
        key(text, out);
    }
}

/// Appends a tree on one line; its nesting is bounded by the caller.
pub(super) fn inline(node: &Node, style: Style<'_>, out: &mut String) -> Result<(), Unspellable> {
    let leaf = match &node.kind {
        Kind::Null => Value::Null,
        Kind::Bool(value) => Value::Bool(*value),
        Kind::Int(value) => Value::Int(*value),
        Kind::Float(value) => Value::Float(*value),
        Kind::Time(text) => Value::Time(text.clone()),
        Kind::Str(text) => Value::Str(text.as_str().into()),
        Kind::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                inline(item, Style::Basic, out)?;
            }
            out.push(']');
            return Ok(());
        }
        Kind::Map(entries) => {
            out.push('{');
            for (at, (name, item)) in entries.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { " " });
                key(&name.name, out);
                out.push_str(" = ");
                inline(item, Style::Basic, out)?;
            }
            out.push_str(if entries.is_empty() { "}" } else { " }" });
            return Ok(());
        }
    };
    value(&leaf, style, out)
}
