//! JSON as Go writes it (`encoding/json`): what is compared with what the operator wrote has to be the same bytes. Pure.

use std::fmt::Write;

use zeroize::Zeroizing;

/// `text` in quotes, with `<`, `>`, `&` and the line separators of Unicode escaped.
pub(super) fn quote(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                // a String takes everything
                _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// An object of texts, sorted by key; of a key that is there twice, the last value counts.
pub(super) fn object<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Zeroizing<String> {
    let sorted: std::collections::BTreeMap<_, _> = pairs.into_iter().collect();
    // large enough that it need not grow: every byte escaped
    let room = sorted.iter().map(|(key, value)| 6 * (key.len() + value.len()) + 6).sum::<usize>() + 2;
    let mut out = Zeroizing::new(String::with_capacity(room));
    out.push('{');
    for (index, (key, value)) in sorted.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        quote(key, &mut out);
        out.push(':');
        quote(value, &mut out);
    }
    out.push('}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go_writes_it() {
        assert_eq!(*object([]), "{}");
        let found = object([("b", "<&>\u{2028}\n\u{1}\u{7f}é"), ("a", "\"\\"), ("b", "last <")]);
        assert_eq!(*found, r#"{"a":"\"\\","b":"last \u003c"}"#);
        let found = object([("b", "<&>\u{2028}\n\u{1}\u{7f}é")]);
        assert_eq!(*found, "{\"b\":\"\\u003c\\u0026\\u003e\\u2028\\n\\u0001\u{7f}é\"}");
    }
}
