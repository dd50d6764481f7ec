//! HCL's literal values: what they say, and how values are written.

use std::borrow::Cow;
use std::fmt::Write;

use super::token::{introducers, name_length};
use crate::document::format::Unspellable;
use crate::document::tree::{Kind, Node};
use crate::document::value::Value;

/// What a leaf is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Leaf {
    /// `"text"`
    Quoted,
    /// `<<EOT`
    Heredoc,
    /// A 64-bit integer.
    Int,
    /// Any other number that a 64-bit float holds.
    Float,
    /// `true`, `false`
    Bool,
    /// `null`
    Null,
    /// A string into which something is filled.
    Template,
    /// A number that is too large, or has more digits than a float.
    Number,
    /// A reference, a call, a calculation.
    Expression,
}

impl Leaf {
    /// Why this is no value.
    pub(super) fn why_not(self) -> Option<&'static str> {
        match self {
            Self::Template => Some("a string with `${…}` or `%{…}` is filled in by the program that reads it"),
            Self::Number => Some("this number has more digits than sops's numbers: write it as a string"),
            Self::Expression => Some("this is an expression that the program that reads it calculates"),
            _ => None,
        }
    }
}

/// The kind of a number, its sign included.
pub(super) fn number(raw: &str) -> Leaf {
    if raw.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return if raw.parse::<i64>().is_ok() { Leaf::Int } else { Leaf::Number };
    }
    let mantissa = raw.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let significant = digits.trim_matches('0').len();
    let finite = raw.parse::<f64>().is_ok_and(|number| number.is_finite() && (number != 0.0 || significant == 0));
    if finite && significant <= 17 { Leaf::Float } else { Leaf::Number }
}

/// The kind of a heredoc.
pub(super) fn heredoc_kind(raw: &str) -> Leaf {
    let bytes = raw.as_bytes();
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'$', b'%', &bytes[at..]) {
        at += found;
        match introducers(bytes, at) {
            Some(2) | None => at += bytes[at..].iter().take_while(|byte| **byte == bytes[at]).count(),
            Some(_) => return Leaf::Template,
        }
    }
    Leaf::Heredoc
}

/// The value of a leaf.
pub(super) fn value(raw: &str, leaf: Leaf) -> Value<'_> {
    let value = match leaf {
        Leaf::Quoted => Some(Value::Str(decode_quoted(raw))),
        Leaf::Heredoc => Some(Value::Str(decode_heredoc(raw))),
        Leaf::Int => raw.parse().ok().map(Value::Int),
        Leaf::Float => raw.parse().ok().map(Value::Float),
        Leaf::Bool => Some(Value::Bool(raw == "true")),
        Leaf::Null => Some(Value::Null),
        Leaf::Template | Leaf::Number | Leaf::Expression => None,
    };
    value.unwrap_or(Value::Str(Cow::Borrowed(raw)))
}

/// The text of a quoted string without anything filled in.
pub(super) fn decode_quoted(raw: &str) -> Cow<'_, str> {
    let mut rest = &raw[1..raw.len() - 1];
    if !rest.contains(['\\', '$', '%']) {
        return Cow::Borrowed(rest);
    }
    let mut out = String::with_capacity(rest.len());
    while let Some(at) = rest.find(['\\', '$', '%']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if !rest.starts_with('\\') {
            let run = rest.bytes().take_while(|byte| *byte == rest.as_bytes()[0]).count();
            let escaped = introducers(rest.as_bytes(), 0) == Some(2);
            out.push_str(&rest[usize::from(escaped)..run]);
            rest = &rest[run..];
            continue;
        }
        let (digits, plain) = match rest.as_bytes().get(1) {
            Some(b'n') => (0, "\n"),
            Some(b'r') => (0, "\r"),
            Some(b't') => (0, "\t"),
            Some(b'u') => (4, ""),
            Some(b'U') => (8, ""),
            _ => (0, rest.get(1..2).unwrap_or_default()),
        };
        out.push_str(plain);
        let code = rest.get(2..2 + digits).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        out.extend(code.and_then(char::from_u32));
        rest = rest.get(2 + digits..).unwrap_or_default();
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The text of a heredoc: its lines, each with its break; under `<<-` without the blanks that all of them begin with.
fn decode_heredoc(raw: &str) -> Cow<'_, str> {
    let start = raw.find('\n').map_or(raw.len(), |at| at + 1);
    let end = raw.rfind('\n').map_or(start, |at| at + 1).max(start);
    let lines = || raw[start..end].split_inclusive('\n');
    let flush = raw.starts_with("<<-");
    let blanks = |line: &str| line.chars().take_while(|c| c.is_whitespace()).count();
    let indent = lines().filter(|line| !line.trim().is_empty()).map(blanks).min().unwrap_or(0);
    let mut out = String::with_capacity(end - start);
    for line in lines() {
        let cut = if flush && !line.trim().is_empty() {
            line.char_indices().nth(indent).map_or(line.len(), |(at, _)| at)
        } else {
            0
        };
        out.push_str(&line[cut..]);
    }
    if out.contains("$${") || out.contains("%%{") {
        return Cow::Owned(out.replace("$${", "${").replace("%%{", "%{"));
    }
    Cow::Owned(out)
}

/// Appends a value.
pub(super) fn spell(value: &Value<'_>, out: &mut String) -> Result<(), Unspellable> {
    // Writing to memory cannot fail.
    let _ = match value {
        Value::Bytes(_) => return Err(Unspellable("HCL holds only text, and this is not UTF-8")),
        Value::BigInt(_) => return Err(Unspellable("this integer does not fit into 64 bits with a sign")),
        Value::Time(_) => return Err(Unspellable("HCL has no times: use text")),
        Value::Float(number) if !number.is_finite() => return Err(Unspellable("HCL has no infinite numbers")),
        Value::Null => out.write_str("null"),
        Value::Bool(value) => write!(out, "{value}"),
        Value::Int(value) => write!(out, "{value}"),
        Value::Float(value) => write!(out, "{value:?}"),
        Value::Str(text) => {
            quoted(text, out);
            Ok(())
        }
    };
    Ok(())
}

/// Appends `"text"`.
pub(super) fn quoted(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        // Writing to memory cannot fail.
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' => {
                let run = 1 + rest.len() - rest.trim_start_matches(c).len();
                rest = &rest[run - 1..];
                let fills = rest.starts_with('{');
                // Of those that stand before `$${` none is written as itself: three in a row are not read.
                for _ in 1..run {
                    if fills {
                        let _ = write!(out, "\\u{:04x}", u32::from(c));
                    } else {
                        out.push(c);
                    }
                }
                out.push(c);
                out.extend(fills.then_some(c));
            }
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Appends the key of an object.
pub(super) fn key(text: &str, out: &mut String) {
    if !text.is_empty() && name_length(text) == text.len() && text.is_ascii() && text != "for" {
        out.push_str(text);
    } else {
        quoted(text, out);
    }
}

/// Appends a tree on one line; its nesting is bounded by the caller.
pub(super) fn inline(node: &Node, out: &mut String) -> Result<(), Unspellable> {
    let leaf = match &node.kind {
        Kind::Null => Value::Null,
        Kind::Bool(value) => Value::Bool(*value),
        Kind::Int(value) => Value::Int(*value),
        Kind::Float(value) => Value::Float(*value),
        Kind::Time(text) | Kind::Str(text) => Value::Str(text.as_str().into()),
        Kind::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                inline(item, out)?;
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
                inline(item, out)?;
            }
            out.push_str(if entries.is_empty() { "}" } else { " }" });
            return Ok(());
        }
    };
    spell(&leaf, out)
}
