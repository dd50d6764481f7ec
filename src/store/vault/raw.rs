//! JSON text cut into its parts without reading them: numbers keep their spelling, and no value is copied. Pure.

use std::borrow::Cow;

use serde::de::IgnoredAny;

/// The text of an answer, when it is JSON.
pub(super) fn text(body: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(body).ok()?;
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    Some(text.trim_matches(is_blank))
}

/// The entries of an object in JSON that [`text`] has seen, in their order; `None` when it is no object.
pub(super) fn entries(object: &str) -> Option<Vec<(Cow<'_, str>, &str)>> {
    let mut rest = object.strip_prefix('{')?.trim_start_matches(is_blank);
    let mut entries = Vec::new();
    while rest.starts_with('"') {
        let (key, after) = rest.split_at(string_end(rest)?);
        let after = after.trim_start_matches(is_blank).strip_prefix(':')?.trim_start_matches(is_blank);
        let (value, after) = after.split_at(value_end(after)?);
        entries.push((unquoted(key)?, value));
        let after = after.trim_start_matches(is_blank);
        rest = after.strip_prefix(',').unwrap_or(after).trim_start_matches(is_blank);
    }
    Some(entries)
}

/// The last entry of that name, as others read it, unless it is null.
pub(super) fn entry<'t>(object: &'t str, name: &str) -> Option<&'t str> {
    let found = entries(object)?.into_iter().rev().find(|(key, _)| key == name)?;
    (found.1 != "null").then_some(found.1)
}

/// The text that a JSON string stands for. Without an escape nothing is copied.
pub(super) fn unquoted(string: &str) -> Option<Cow<'_, str>> {
    let inner = string.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') { serde_json::from_str(string).ok().map(Cow::Owned) } else { Some(Cow::Borrowed(inner)) }
}

fn is_blank(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\r' | '\n')
}

fn string_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn value_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at += string_end(&text[at..])?;
                if depth == 0 {
                    return Some(at);
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 0 => return Some(at),
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b',' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_keep_their_spelling() {
        let whole = text(
            b" { \"a\" : 1.50e3 ,\"b\\\"\\u0041\":[1, {\"x\":\"]}\\\\\"} ] , \"c\":null,\"d\":\"\\\\\",\"e\":{},\"a\":9007199254740993}\n",
        )
        .unwrap();
        let found = entries(whole).unwrap();
        let found: Vec<(&str, &str)> = found.iter().map(|(key, value)| (key.as_ref(), *value)).collect();
        let nested = "[1, {\"x\":\"]}\\\\\"} ]";
        let expected = [
            ("a", "1.50e3"),
            ("b\"A", nested),
            ("c", "null"),
            ("d", "\"\\\\\""),
            ("e", "{}"),
            ("a", "9007199254740993"),
        ];
        assert_eq!(found, expected);
        assert_eq!(entry(whole, "a"), Some("9007199254740993"));
        assert_eq!((entry(whole, "c"), entry(whole, "z")), (None, None));
        assert_eq!(entries("{}").unwrap(), []);
        assert!(entries("[1]").is_none() && entries("7").is_none());
    }

    #[test]
    fn what_is_no_json() {
        for bytes in [&b"{\"a\":"[..], b"{\"a\":\"\xff\"}", b"", b"{} {}", b"<html>"] {
            assert!(text(bytes).is_none());
        }
        assert!(text("[".repeat(1 << 20).as_bytes()).is_none());
    }
}
