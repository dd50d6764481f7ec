//! Character classes of the YAML 1.1 scanners that sops's reader descends from (libyaml: `is_break`, `is_blankz` …).

/// The byte at `pos`, or 0 past the end. The text itself holds no NUL: it was checked.
pub(super) fn at(text: &[u8], pos: usize) -> u8 {
    text.get(pos).copied().unwrap_or(0)
}

/// Length of the line break at `pos`: LF, CR, CRLF, NEL, LS or PS; 0 when there is none.
pub(super) fn break_len(text: &[u8], pos: usize) -> usize {
    match at(text, pos) {
        b'\n' => 1,
        b'\r' => 1 + usize::from(at(text, pos + 1) == b'\n'),
        0xC2 if at(text, pos + 1) == 0x85 => 2,
        0xE2 if at(text, pos + 1) == 0x80 && matches!(at(text, pos + 2), 0xA8 | 0xA9) => 3,
        _ => 0,
    }
}

/// A line break starts at `pos`.
pub(super) fn is_break(text: &[u8], pos: usize) -> bool {
    break_len(text, pos) > 0
}

/// Space or tab.
pub(super) fn is_blank(text: &[u8], pos: usize) -> bool {
    matches!(at(text, pos), b' ' | b'\t')
}

/// Line break or end of text.
pub(super) fn is_breakz(text: &[u8], pos: usize) -> bool {
    pos >= text.len() || is_break(text, pos)
}

/// Blank, line break or end of text.
pub(super) fn is_blankz(text: &[u8], pos: usize) -> bool {
    is_blank(text, pos) || is_breakz(text, pos)
}

/// Letters, digits, `_` and `-`: what anchors and tag handles are made of.
pub(super) fn is_word(text: &[u8], pos: usize) -> bool {
    matches!(at(text, pos), b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'-')
}

/// `---` or `...` followed by a blank, at `pos` (the caller checks the column).
pub(super) fn is_marker(text: &[u8], pos: usize) -> bool {
    matches!(text.get(pos..pos + 3), Some(b"---" | b"...")) && is_blankz(text, pos + 3)
}

/// Bytes that can end or interrupt a run of ordinary scalar characters: blanks, controls, indicators and the lead bytes of
/// multi-byte line breaks.
pub(super) const fn stops() -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte <= 0x20 {
        table[byte] = true;
        byte += 1;
    }
    table[0xC2] = true;
    table[0xE2] = true;
    let specials = b":,?[]{}#'\"\\";
    let mut i = 0;
    while i < specials.len() {
        table[specials[i] as usize] = true;
        i += 1;
    }
    table
}

/// The line breaks of YAML 1.1.
pub const BREAKS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

/// Bytes of the line break that `text` starts with.
pub fn first_break_len(text: &str) -> usize {
    if text.starts_with("\r\n") {
        return 2;
    }
    text.chars().next().map_or(0, char::len_utf8)
}
