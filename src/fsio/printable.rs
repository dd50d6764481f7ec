//! Text from files made safe to print: no terminal control, no reordering, nothing invisible.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` for one line of terminal output: control characters (also line breaks and escape sequences),
/// characters that reorder or hide text, and line separators are shown as escapes such as `\n` and `\u{202e}`.
pub fn sanitize(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // writing to a String cannot fail
            c if is_unsafe(c) => _ = write!(out, "\\u{{{:x}}}", u32::from(c)),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Control characters, and those of Unicode TR 36 that reorder or hide what follows.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(sanitize("a/b é 😀 \"x\""), Cow::Borrowed(_)));
    }

    #[test]
    fn control_and_bidi_are_escaped() {
        assert_eq!(sanitize("a\x1b[31mb\n\u{202e}c\u{9b}"), r"a\u{1b}[31mb\n\u{202e}c\u{9b}");
        assert_eq!(sanitize("\t\r\u{7f}\u{2066}"), r"\t\r\u{7f}\u{2066}");
    }

    proptest! {
        #[test]
        fn nothing_unsafe_is_left(text in any::<String>()) {
            prop_assert!(!sanitize(&text).chars().any(is_unsafe));
        }
    }
}
