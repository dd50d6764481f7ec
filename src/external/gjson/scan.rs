//! Finds where values end, without asking whether they are valid.

use zeroize::Zeroizing;

use super::result::{Found, Kind, Raw};
use crate::external::sink::Sink;

/// Where the closing quote is of the string whose first byte is at `at`, and whether there are backslashes before.
pub(super) fn closing_quote(json: &[u8], mut at: usize) -> (Option<usize>, bool) {
    let mut escaped = false;
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => return (Some(at), escaped),
            b'\\' => {
                escaped = true;
                at += 2;
            }
            _ => at += 1,
        }
    }
    (None, escaped)
}

/// The string whose opening quote is just before `at`: where it ends, the string with its quotes, whether it has escapes.
pub(super) fn string(json: &[u8], at: usize) -> Option<(usize, &[u8], bool)> {
    let (quote, escaped) = closing_quote(json, at);
    quote.map(|quote| (quote + 1, &json[at - 1..=quote], escaped))
}

/// The end of a number.
pub(super) fn number(json: &[u8], at: usize) -> usize {
    let ends = |byte: &u8| *byte <= b' ' || matches!(byte, b',' | b']' | b'}');
    end_of(json, at, ends)
}

/// The end of `true`, `false` or `null`.
pub(super) fn literal(json: &[u8], at: usize) -> usize {
    end_of(json, at, |byte| !byte.is_ascii_lowercase())
}

fn end_of(json: &[u8], at: usize, ends: impl Fn(&u8) -> bool) -> usize {
    let rest = json.get(at + 1..).unwrap_or_default();
    rest.iter().position(ends).map_or(json.len(), |length| at + 1 + length)
}

/// The end of the object, array or group that starts at `at`; the end of the text when it is not closed, and one more when a
/// string in it is not.
pub(super) fn nested(json: &[u8], at: usize) -> usize {
    let mut depth = 1_usize;
    let mut at = at + 1;
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => match closing_quote(json, at + 1).0 {
                Some(quote) => at = quote,
                None => return json.len() + 1,
            },
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    json.len()
}

/// The bytes from `at` to `end`, or all that there are.
pub(super) fn slice(json: &[u8], at: usize, end: usize) -> &[u8] {
    &json[at..end.min(json.len())]
}

/// The value that starts at 0 with a bracket or a quote.
pub(super) fn squash(json: &[u8]) -> &[u8] {
    let end = match json.first() {
        Some(b'"') => closing_quote(json, 1).0.map_or(json.len(), |quote| quote + 1),
        _ => nested(json, 0),
    };
    slice(json, 0, end)
}

/// Without escapes; ends where one is broken, or where a control character is.
pub(super) fn unescape(json: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Sink::with_room(json.len());
    let mut at = 0;
    while let Some(byte) = json.get(at) {
        at += 1;
        if *byte < b' ' {
            break;
        }
        if *byte != b'\\' {
            out.push(&[*byte]);
            continue;
        }
        let plain = match json.get(at) {
            Some(byte @ (b'\\' | b'/' | b'"')) => *byte,
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') if at + 5 <= json.len() => {
                let mut code = hex(&json[at + 1..at + 5]);
                at += 5;
                if (0xd800..0xe000).contains(&code) && json[at..].starts_with(b"\\u") && json.len() >= at + 6 {
                    let low = hex(&json[at + 2..at + 6]);
                    at += 6;
                    let pair = (0xd800..0xdc00).contains(&code) && (0xdc00..0xe000).contains(&low);
                    code = if pair { 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00)) } else { 0xfffd };
                }
                let next = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.push(next.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
            _ => break,
        };
        out.push(&[plain]);
        at += 1;
    }
    out.into_inner()
}

/// Four hexadecimal digits; 0 for anything else.
fn hex(digits: &[u8]) -> u32 {
    digits.iter().try_fold(0, |all, digit| Some(all << 4 | char::from(*digit).to_digit(16)?)).unwrap_or_default()
}

pub(super) fn is_number_start(byte: u8) -> bool {
    matches!(byte, b'+' | b'-' | b'0'..=b'9' | b'i' | b'I' | b'N')
}

/// Whether the `n` at `at` starts `nan`, not `null`.
pub(super) fn is_nan(json: &[u8], at: usize) -> bool {
    json.get(at + 1).is_some_and(|next| *next != b'u')
}

/// The scalar at `at`, which is no string, and its end; nothing when it is none.
pub(super) fn scalar(json: &[u8], at: usize) -> Option<(usize, Found<'_>)> {
    let byte = *json.get(at)?;
    let end = match byte {
        b'n' if is_nan(json, at) => number(json, at),
        b'n' | b't' | b'f' => {
            let end = literal(json, at);
            let kind = match byte {
                b't' => Kind::True,
                b'f' => Kind::False,
                _ => Kind::Null,
            };
            return Some((end, Found::of(kind, &json[at..end])));
        }
        byte if is_number_start(byte) => number(json, at),
        _ => return None,
    };
    Some((end, Found::number(&json[at..end])))
}

/// The next value from `at` on (`parseAny`): its end and itself.
pub(super) fn any(json: &[u8], mut at: usize) -> Option<(usize, Found<'_>)> {
    while let Some(byte) = json.get(at) {
        match byte {
            b'{' | b'[' => {
                let end = nested(json, at);
                return Some((end, Found::of(Kind::Json, slice(json, at, end))));
            }
            b'"' => {
                let (end, raw, escaped) = string(json, at + 1)?;
                return Some((end, Found::text(raw, escaped)));
            }
            _ => {
                if let Some(found) = scalar(json, at) {
                    return Some(found);
                }
            }
        }
        at += 1;
    }
    None
}

/// A whole text as a value (`Parse`): an object or array is everything from its bracket on.
pub(super) fn parse(json: &[u8]) -> Found<'_> {
    let Some(at) = json.iter().position(|byte| *byte > b' ') else { return Found::default() };
    let rest = &json[at..];
    match rest[0] {
        b'{' | b'[' => Found::of(Kind::Json, rest),
        b'"' => match closing_quote(rest, 1) {
            (Some(quote), escaped) => Found::text(&rest[..=quote], escaped),
            (None, escaped) => {
                let text = if escaped { Raw::Owned(unescape(&rest[1..])) } else { Raw::Borrowed(&rest[1..]) };
                Found { text, ..Found::of(Kind::Text, rest) }
            }
        },
        b'n' if !is_nan(rest, 0) => literal_found(Kind::Null, rest),
        b't' => literal_found(Kind::True, rest),
        b'f' => literal_found(Kind::False, rest),
        byte if byte == b'n' || is_number_start(byte) => Found::number(&rest[..number(rest, 0)]),
        _ => Found::default(),
    }
}

fn literal_found(kind: Kind, rest: &[u8]) -> Found<'_> {
    Found::of(kind, &rest[..literal(rest, 0)])
}

/// A key, where there are keys, and its value.
pub(super) struct Entry<'a> {
    pub(super) key: Option<Found<'a>>,
    pub(super) value: Found<'a>,
}

/// The entries of an object or an array (`ForEach`); a scalar is its own only one.
pub(super) fn entries(json: &[u8]) -> Vec<Entry<'_>> {
    let mut entries = vec![];
    let Some(start) = json.iter().position(|byte| *byte > b' ') else { return entries };
    let object = match json[start] {
        b'{' => true,
        b'[' => false,
        _ => return entries,
    };
    let mut at = start + 1;
    while at < json.len() {
        let mut key = None;
        if object {
            if json[at] != b'"' {
                at += 1;
                continue;
            }
            let Some((end, raw, escaped)) = string(json, at + 1) else { break };
            key = Some(Found::text(raw, escaped));
            at = end;
        }
        while json.get(at).is_some_and(|byte| *byte <= b' ' || matches!(byte, b',' | b':')) {
            at += 1;
        }
        let Some((end, value)) = any(json, at) else { break };
        entries.push(Entry { key, value });
        at = end + 1;
    }
    entries
}
