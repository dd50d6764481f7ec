//! Writes JSON on one line.

use std::fmt::Write;

use super::{FloatForm, Json, JsonError, Node, Numbers, Style, float_text, parse_float};
use crate::external::sink::Sink;
use crate::template;

impl Node {
    pub(super) fn write(&self, out: &mut Sink, style: Style) -> Result<(), JsonError> {
        match &self.value {
            Json::Null => out.push(b"null"),
            Json::Bool(value) => out.push(if *value { b"true" } else { b"false" }),
            Json::Number(text) => out.push(number(text.expose(), style.numbers, FloatForm::Json)?.as_bytes()),
            Json::Text(text) => write_text(out, text.expose().as_bytes(), style.html),
            Json::Array(items) => {
                out.push(b"[");
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push(b",");
                    }
                    item.write(out, style)?;
                }
                out.push(b"]");
            }
            Json::Object(fields) => {
                out.push(b"{");
                for (at, (key, item)) in fields.iter().enumerate() {
                    if at > 0 {
                        out.push(b",");
                    }
                    write_text(out, key.as_bytes(), style.html);
                    out.push(b":");
                    item.write(out, style)?;
                }
                out.push(b"}");
            }
        }
        Ok(())
    }
}

/// A number's text.
pub(super) fn number(text: &str, numbers: Numbers, form: FloatForm) -> Result<String, JsonError> {
    let integer = text.strip_prefix('-').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit());
    match numbers {
        Numbers::Spelled => Ok(text.to_owned()),
        Numbers::KeepIntegers if integer => Ok(text.to_owned()),
        _ => {
            let number = parse_float(text.as_bytes());
            if number.is_finite() { Ok(float_text(number, form)) } else { Err(JsonError::Range) }
        }
    }
}

/// A JSON string. What is not UTF-8 becomes `\ufffd`.
pub(crate) fn write_text(out: &mut Sink, mut text: &[u8], html: bool) {
    out.push(b"\"");
    while let Some((next, size)) = template::next_character(text) {
        match next {
            '"' => out.push(b"\\\""),
            '\\' => out.push(b"\\\\"),
            '\n' => out.push(b"\\n"),
            '\r' => out.push(b"\\r"),
            '\t' => out.push(b"\\t"),
            '\x08' => out.push(b"\\b"),
            '\x0c' => out.push(b"\\f"),
            '<' | '>' | '&' if html => code(out, next),
            '\0'..' ' | '\u{2028}' | '\u{2029}' => code(out, next),
            char::REPLACEMENT_CHARACTER if size == 1 => code(out, next),
            _ => out.push(&text[..size]),
        }
        text = &text[size..];
    }
    out.push(b"\"");
}

fn code(out: &mut Sink, next: char) {
    // a sink takes everything
    let _ = write!(out, "\\u{:04x}", u32::from(next));
}
