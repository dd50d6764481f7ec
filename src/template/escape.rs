//! Escaping for HTML, JavaScript and URLs, as `text/template/funcs.go` and `net/url` of Go do it.

use std::fmt::Write;

use super::text::Buffer;
use super::unicode::{decode, is_print};

/// `template.HTMLEscape`
pub(super) fn html(out: &mut Buffer, text: &[u8]) {
    for byte in text {
        match byte {
            0 => out.push("\u{fffd}".as_bytes()),
            b'"' => out.push(b"&#34;"),
            b'\'' => out.push(b"&#39;"),
            b'&' => out.push(b"&amp;"),
            b'<' => out.push(b"&lt;"),
            b'>' => out.push(b"&gt;"),
            byte => out.push(&[*byte]),
        }
    }
}

/// `template.JSEscape`
pub(super) fn js(out: &mut Buffer, mut text: &[u8]) {
    while let Some((next, size)) = decode(text) {
        match next {
            '\\' => out.push(br"\\"),
            '\'' => out.push(br"\'"),
            '"' => out.push(br#"\""#),
            '<' | '>' | '&' | '=' | '\0'..='\x1f' => {
                let _ = write!(out, "\\u{:04X}", u32::from(next));
            }
            next if next.is_ascii() || is_print(next) => out.push(&text[..size]),
            next => {
                let _ = write!(out, "\\u{:04X}", u32::from(next));
            }
        }
        text = &text[size..];
    }
}

/// `url.QueryEscape`
pub(super) fn url_query(out: &mut Buffer, text: &[u8]) {
    for byte in text {
        match byte {
            b' ' => out.push(b"+"),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(&[*byte]),
            byte => percent(out, *byte),
        }
    }
}

/// `%XX`
pub(super) fn percent(out: &mut Buffer, byte: u8) {
    let _ = write!(out, "%{byte:02X}");
}
