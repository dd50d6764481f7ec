//! Values as JSON.

use std::fmt::Write;

use crate::template::error::{Fault, Limit};
use crate::template::format::{MAX_NESTING, json_float, own_text};
use crate::template::text::Buffer;
use crate::template::unicode::decode;
use crate::template::value::Value;

/// How JSON is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::template) enum Style {
    /// On one line, safe inside of HTML.
    Compact,
    /// The same with two spaces for each level.
    Pretty,
    /// On one line, with `<`, `>` and `&` as they are.
    Raw,
}

/// Writes `value` as JSON.
pub(in crate::template) fn encode(out: &mut Buffer, value: &Value, style: Style) -> Result<(), Fault> {
    Encoder { out, style }.value(value, 0)
}

struct Encoder<'a> {
    out: &'a mut Buffer,
    style: Style,
}

impl Encoder<'_> {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Fault> {
        if depth > MAX_NESTING {
            return Err(Limit::Depth.into());
        }
        match value {
            Value::Nil | Value::Missing => self.out.push(b"null"),
            Value::Bool(value) => self.out.push(if *value { b"true" } else { b"false" }),
            Value::Float(number) => {
                let text = json_float(*number).ok_or(Fault::Because("JSON has no such number"))?;
                self.out.push(text.as_bytes());
            }
            Value::Complex(..) => return Err(Fault::Type(value.type_name())),
            Value::Text(text) => self.string(text.bytes()),
            Value::Time(time) => {
                let year = time.fields()[0];
                if !(0..=9999).contains(&year) {
                    return Err(Fault::Because("the year has more than four digits"));
                }
                self.string(&time.format(b"2006-01-02T15:04:05.999999999Z07:00"));
            }
            Value::Version(_) => self.string(own_text(value).unwrap_or_default().bytes()),
            Value::Error(_) => self.out.push(b"{}"),
            Value::Certificate(certificate, key) => {
                let fields = [("Cert", certificate), ("Key", key)];
                let map = Value::dict(fields.map(|(name, text)| (name, Value::Text(text.clone()))));
                self.value(&map, depth)?;
            }
            Value::List(list) if list.is_nil() => self.out.push(b"null"),
            Value::List(list) => {
                self.out.push(b"[");
                for (at, item) in list.items().iter().enumerate() {
                    self.item(at, depth + 1);
                    self.value(item, depth + 1)?;
                }
                self.close(list.items().is_empty(), depth, b"]");
            }
            Value::Map(map) if map.is_nil() => self.out.push(b"null"),
            Value::Map(map) => {
                self.out.push(b"{");
                for (at, (key, item)) in map.entries().into_iter().enumerate() {
                    self.item(at, depth + 1);
                    self.string(key.bytes());
                    self.out.push(if self.style == Style::Pretty { b": " } else { b":" });
                    self.value(&item, depth + 1)?;
                }
                self.close(map.is_empty(), depth, b"}");
            }
            _ => {
                let _ = match (value.signed(), value.unsigned()) {
                    (Some(int), _) => write!(self.out, "{int}"),
                    (_, uint) => write!(self.out, "{}", uint.unwrap_or_default()),
                };
            }
        }
        Ok(())
    }

    fn line(&mut self, depth: usize) {
        if self.style == Style::Pretty {
            self.out.push(b"\n");
            self.out.push_repeated(b' ', depth * 2);
        }
    }

    fn item(&mut self, at: usize, depth: usize) {
        if at > 0 {
            self.out.push(b",");
        }
        self.line(depth);
    }

    fn close(&mut self, empty: bool, depth: usize, bracket: &[u8]) {
        if !empty {
            self.line(depth);
        }
        self.out.push(bracket);
    }

    fn string(&mut self, mut text: &[u8]) {
        self.out.push(b"\"");
        while let Some((next, size)) = decode(text) {
            match next {
                '"' => self.out.push(b"\\\""),
                '\\' => self.out.push(b"\\\\"),
                '\n' => self.out.push(b"\\n"),
                '\r' => self.out.push(b"\\r"),
                '\t' => self.out.push(b"\\t"),
                '\x08' => self.out.push(b"\\b"),
                '\x0c' => self.out.push(b"\\f"),
                '<' | '>' | '&' if self.style != Style::Raw => self.code(next),
                '\0'..' ' | '\u{2028}' | '\u{2029}' => self.code(next),
                char::REPLACEMENT_CHARACTER if size == 1 => self.code(next),
                _ => self.out.push(&text[..size]),
            }
            text = &text[size..];
        }
        self.out.push(b"\"");
    }

    fn code(&mut self, next: char) {
        let _ = write!(self.out, "\\u{:04x}", u32::from(next));
    }
}
