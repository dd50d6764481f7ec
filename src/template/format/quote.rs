//! Quoted text, as `strconv.Quote` of Go writes it.

use std::fmt::Write;

use crate::template::text::Buffer;
use crate::template::unicode::{decode, is_print};

/// `strconv.Quote`
pub(in crate::template) fn quote(out: &mut Buffer, text: &[u8]) {
    quote_into(out, text, b'"', false);
}

/// The text between two `mark`s.
pub(super) fn quote_into(out: &mut Buffer, mut text: &[u8], mark: u8, ascii: bool) {
    out.push(&[mark]);
    while let Some((next, size)) = decode(text) {
        if next == char::REPLACEMENT_CHARACTER && size == 1 {
            let _ = write!(out, "\\x{:02x}", text[0]);
        } else {
            character(out, next, mark, ascii);
        }
        text = &text[size..];
    }
    out.push(&[mark]);
}

fn character(out: &mut Buffer, next: char, mark: u8, ascii: bool) {
    match next {
        next if next == char::from(mark) || next == '\\' => {
            out.push(b"\\");
            out.push_char(next);
        }
        next if is_print(next) && (next.is_ascii() || !ascii) => out.push_char(next),
        '\x07' => out.push(b"\\a"),
        '\x08' => out.push(b"\\b"),
        '\x0c' => out.push(b"\\f"),
        '\n' => out.push(b"\\n"),
        '\r' => out.push(b"\\r"),
        '\t' => out.push(b"\\t"),
        '\x0b' => out.push(b"\\v"),
        '\0'..=' ' | '\x7f' => {
            let _ = write!(out, "\\x{:02x}", u32::from(next));
        }
        '\u{10000}'.. => {
            let _ = write!(out, "\\U{:08x}", u32::from(next));
        }
        next => {
            let _ = write!(out, "\\u{:04x}", u32::from(next));
        }
    }
}

/// Whether the text can stand between back quotes on one line.
pub(super) fn can_backquote(mut text: &[u8]) -> bool {
    while let Some((next, size)) = decode(text) {
        let bad = match next {
            '\u{feff}' | '`' | '\x7f' => true,
            char::REPLACEMENT_CHARACTER => size == 1,
            next => next < ' ' && next != '\t',
        };
        if bad {
            return false;
        }
        text = &text[size..];
    }
    true
}
