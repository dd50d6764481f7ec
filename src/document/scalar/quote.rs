//! Quoted scalars, always on one line.

use std::fmt::Write;

use super::chars::is_printable;

/// `'text'`. The caller has made sure there is nothing in it that needs an escape.
pub(crate) fn push_single_quoted(text: &str, out: &mut String) {
    out.push('\'');
    for (at, part) in text.split('\'').enumerate() {
        if at > 0 {
            out.push_str("''");
        }
        out.push_str(part);
    }
    out.push('\'');
}

/// `"text"` with the escapes YAML 1.1 and 1.2 share. `escape_wide` escapes what lies beyond the basic plane too, as go-yaml does.
pub(crate) fn push_double_quoted(text: &str, escape_wide: bool, out: &mut String) {
    out.push('"');
    let mut done = 0;
    for (at, character) in text.char_indices() {
        if is_printable(character) && !matches!(character, '"' | '\\') && (!escape_wide || character <= '\u{ffff}') {
            continue;
        }
        out.push_str(&text[done..at]);
        done = at + character.len_utf8();
        push_escape(character, out);
    }
    out.push_str(&text[done..]);
    out.push('"');
}

fn push_escape(character: char, out: &mut String) {
    out.push('\\');
    let short = match character {
        '\0' => '0',
        '\x07' => 'a',
        '\x08' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\x0b' => 'v',
        '\x0c' => 'f',
        '\r' => 'r',
        '\x1b' => 'e',
        '"' | '\\' => character,
        '\u{85}' => 'N',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => return push_numeric(u32::from(character), out),
    };
    out.push(short);
}

fn push_numeric(code: u32, out: &mut String) {
    // Writing to memory cannot fail.
    let _ = match code {
        0..=0xff => write!(out, "x{code:02X}"),
        0x100..=0xffff => write!(out, "u{code:04X}"),
        _ => write!(out, "U{code:08X}"),
    };
}
