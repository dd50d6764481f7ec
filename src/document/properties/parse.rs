//! Lines, continued lines, keys and values, as `java.util.Properties.load` reads them.

use std::borrow::Cow;
use std::ops::Range;

use crate::document::format::FormatError;
use crate::document::outline::{Outline, ROOT, lines};

/// Where an entry is.
pub(super) struct Row {
    /// Where its line begins.
    pub(super) start: usize,
    /// Where its last line ends, break included.
    pub(super) end: usize,
    /// What stands between key and value.
    pub(super) separator: Range<usize>,
}

/// What was read.
pub(super) struct Parts {
    pub(super) outline: Outline,
    /// By leaf.
    pub(super) rows: Vec<Row>,
}

/// Reads a document.
pub(super) fn parse(text: &str) -> Result<Parts, FormatError> {
    lines::check_text(text)?;
    let mut parts = Parts { outline: Outline::new(), rows: Vec::new() };
    let mut at = lines::body_start(text);
    let bytes = text.as_bytes();
    while at < text.len() {
        let start = at;
        at = skip_blanks(bytes, at);
        match bytes.get(at) {
            None => break,
            Some(b'\n' | b'\r') => at += 1,
            Some(b'#' | b'!') => {
                let end = text[at..].find(['\n', '\r']).map_or(text.len(), |length| at + length);
                parts.outline.comment(ROOT, at + 1..end);
                at = end;
            }
            Some(_) => {
                if lines::is_conflict(&text[start..lines::next_line(text, start)]) {
                    return Err(FormatError::at(text, start, lines::CONFLICT));
                }
                at = entry(text, start, at, &mut parts)?;
            }
        }
    }
    Ok(parts)
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0x0C)
}

fn skip_blanks(bytes: &[u8], at: usize) -> usize {
    at + bytes[at..].iter().take_while(|byte| is_blank(**byte)).count()
}

/// Past a backslash and the break behind it, and the blanks that open the next line; `None` where no break follows.
fn continuation(text: &str, at: usize) -> Option<usize> {
    let rest = text[at..].strip_prefix('\\')?;
    let length = if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with(['\n', '\r'])) };
    (length > 0 || rest.is_empty()).then(|| skip_blanks(text.as_bytes(), at + 1 + length))
}

/// Past blanks and continued lines.
fn skip_gap(text: &str, mut at: usize) -> usize {
    loop {
        at = skip_blanks(text.as_bytes(), at);
        match continuation(text, at) {
            Some(behind) => at = behind,
            None => return at,
        }
    }
}

/// One entry; gives where the next line begins.
fn entry(text: &str, start: usize, key_start: usize, parts: &mut Parts) -> Result<usize, FormatError> {
    let bytes = text.as_bytes();
    let key_end = scan(text, key_start, |byte| is_blank(byte) || matches!(byte, b'=' | b':'));
    let mut value = skip_gap(text, key_end);
    let sign = Some(value).filter(|at| matches!(bytes.get(*at), Some(b'=' | b':')));
    if let Some(sign) = sign {
        value = skip_gap(text, sign + 1);
    }
    let line_end = scan(text, value, |_| false);
    // A last line that is continued by nothing is no part of the value: the next one may be joined to it.
    let mut end = content_end(text, value, line_end);
    let name_end = content_end(text, key_start, key_end);
    if value == end {
        // Nor does a value that is to come stand behind such a line's backslash.
        value = skip_blanks(bytes, sign.map_or(name_end, |sign| sign + 1));
        end = value;
    }
    let key = decode(&text[key_start..key_end]).ok_or_else(|| bad_escape(text, key_start))?.into_owned();
    decode(&text[value..end]).ok_or_else(|| bad_escape(text, value))?;
    if parts.outline.get(ROOT, &key).is_some() {
        return Err(FormatError::at(text, key_start, "this key is there twice, and the last one would win"));
    }
    let node = parts.outline.entry(ROOT, key, None);
    parts.outline.locate(node, value..end);
    let next = lines::next_line(text, line_end);
    parts.rows.push(Row { start, end: next, separator: name_end..value });
    Ok(next)
}

fn bad_escape(text: &str, at: usize) -> FormatError {
    FormatError::at(text, at, "`\\u` needs four hexadecimal digits that make a character")
}

/// Where a character that `stops` knows stands, not escaped, or the logical line ends.
fn scan(text: &str, mut at: usize, stops: impl Fn(u8) -> bool) -> usize {
    let bytes = text.as_bytes();
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\n' | b'\r' => break,
            b'\\' => match continuation(text, at) {
                Some(behind) => at = behind,
                // The character behind it may have several bytes, none of which is looked at.
                None => at += 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
            },
            _ if stops(byte) => break,
            _ => at += 1,
        }
    }
    at
}

/// The end of what a value says: behind its last character that is no part of a continuation.
fn content_end(text: &str, start: usize, line_end: usize) -> usize {
    let (mut at, mut end) = (start, start);
    while let Some(c) = text[at..line_end].chars().next() {
        if let Some(behind) = continuation(text, at) {
            at = behind;
            continue;
        }
        at += c.len_utf8();
        if c == '\\' {
            at += text[at..line_end].chars().next().map_or(0, char::len_utf8);
        }
        end = at;
    }
    end
}

/// What a key or a value says; `None` for a bad `\u` escape.
pub(super) fn decode(raw: &str) -> Option<Cow<'_, str>> {
    if !raw.contains('\\') {
        return Some(Cow::Borrowed(raw));
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(behind) = continuation(rest, 0) {
            rest = &rest[behind..];
            continue;
        }
        let escaped = rest[1..].chars().next()?;
        rest = &rest[1 + escaped.len_utf8()..];
        match escaped {
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'f' => out.push('\u{C}'),
            'u' => {
                let (character, behind) = unicode(rest)?;
                out.push(character);
                rest = behind;
            }
            other => out.push(other),
        }
    }
    out.push_str(rest);
    Some(Cow::Owned(out))
}

/// The character of `XXXX`, or of two halves.
fn unicode(text: &str) -> Option<(char, &str)> {
    let hex = |text: &str| {
        let digits = text.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        u32::from_str_radix(digits, 16).ok()
    };
    let first = hex(text)?;
    let rest = &text[4..];
    if let Some(character) = char::from_u32(first) {
        return Some((character, rest));
    }
    let rest = rest.strip_prefix("\\u")?;
    let second = hex(rest)?.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
    let high = first.checked_sub(0xD800).filter(|high| *high < 0x400)?;
    Some((char::from_u32(0x10000 + (high << 10) + second)?, &rest[4..]))
}
