//! What a text consists of, as far as YAML's scalar styles care: one pass, shared by everything that writes scalars.

/// Facts about a text that decide which styles can carry it.
#[derive(Default, Debug, Clone, Copy)]
pub(crate) struct Traits {
    /// Characters that may only stand as an escape: controls but tab and line feed, the BOM, and the breaks that go-yaml
    /// sees in NEL, LS and PS where YAML 1.2 sees none.
    pub unprintable: bool,
    /// Characters beyond the basic plane: fine in YAML, but go-yaml escapes them.
    pub wide: bool,
    /// A tab anywhere.
    pub tab: bool,
    /// A line feed anywhere.
    pub multi_line: bool,
    /// A blank before a line feed.
    pub blank_before_break: bool,
    /// A line other than the first starts with a blank.
    pub blank_after_break: bool,
    /// First character is a blank.
    pub leading_blank: bool,
    /// Last character is a blank.
    pub trailing_blank: bool,
    /// As a plain scalar it would be read as something else in block context.
    pub block_indicator: bool,
    /// As a plain scalar it would be read as something else inside `[]` or `{}`.
    pub flow_indicator: bool,
}

/// Letters, digits and signs that mean nothing to YAML wherever they stand (three dots aside).
const CALM: [bool; 256] = {
    let mut table = [false; 256];
    let signs = b"_./+=$^;()~<\\";
    let mut at = 0;
    while at < 256 {
        table[at] = (at as u8).is_ascii_alphanumeric();
        at += 1;
    }
    let mut at = 0;
    while at < signs.len() {
        table[signs[at] as usize] = true;
        at += 1;
    }
    table
};

/// Looks at `text` once.
pub(crate) fn traits(text: &str) -> Traits {
    // words of such letters mean nothing either, with spaces between them
    let calm = |byte: u8| CALM[usize::from(byte)] | (byte == b' ');
    if text.bytes().all(calm) && !text.starts_with("...") && !text.starts_with(' ') && !text.ends_with(' ') {
        return Traits::default();
    }
    let mut found = Traits { block_indicator: text.starts_with("---") || text.starts_with("..."), ..Traits::default() };
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    let mut first = true;
    while let Some(character) = characters.next() {
        let blank_follows = characters.peek().is_none_or(|next| matches!(next, ' ' | '\t' | '\n' | '\r'));
        match character {
            ' ' | '\t' => {
                found.tab |= character == '\t';
                found.leading_blank |= first;
                found.blank_after_break |= before == '\n';
                found.trailing_blank |= characters.peek().is_none();
            }
            '\n' => {
                found.multi_line = true;
                found.blank_before_break |= matches!(before, ' ' | '\t') && !first;
            }
            _ if !is_printable(character) => found.unprintable = true,
            _ if !character.is_ascii() => found.wide |= character > '\u{ffff}',
            _ if first => note_first(character, blank_follows, &mut found),
            _ => note_inner(character, before, blank_follows, &mut found),
        }
        before = character;
        first = false;
    }
    found.flow_indicator |= found.block_indicator;
    found
}

fn note_first(character: char, blank_follows: bool, found: &mut Traits) {
    match character {
        '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => {
            found.block_indicator = true;
        }
        '?' | ':' => {
            found.flow_indicator = true;
            found.block_indicator |= blank_follows;
        }
        '-' => found.block_indicator |= blank_follows,
        _ => {}
    }
}

fn note_inner(character: char, before: char, blank_follows: bool, found: &mut Traits) {
    match character {
        ',' | '?' | '[' | ']' | '{' | '}' => found.flow_indicator = true,
        ':' => found.block_indicator |= blank_follows,
        '#' => found.block_indicator |= matches!(before, ' ' | '\t' | '\n' | '\r'),
        _ => {}
    }
}

/// Characters every YAML reader takes unescaped, whatever the style. Tab and line feed are judged apart.
pub(crate) fn is_printable(character: char) -> bool {
    match character {
        ' '..='~' => true,
        '\u{2028}' | '\u{2029}' | '\u{feff}' => false,
        '\u{a0}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}' => true,
        _ => false,
    }
}

/// A string that go-yaml reads as one but that YAML 1.1 readers take for a boolean or a base-60 number. go-yaml quotes these
/// when it writes (`encode.go:isOldBool, isBase60Float`); `=` has a type of its own in YAML 1.1, and `<<` is the merge key.
pub(crate) fn is_typed_elsewhere(text: &str) -> bool {
    is_old_bool(text) || is_base_60(text) || matches!(text, "=" | "<<")
}

/// YAML 1.1's other names for true and false.
pub(crate) fn is_old_bool(text: &str) -> bool {
    matches!(
        text,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF"
    )
}

/// `^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$`
pub(crate) fn is_base_60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !unsigned.starts_with(|first: char| first.is_ascii_digit()) {
        return false;
    }
    let number = match unsigned.split_once('.') {
        Some((number, fraction)) if fraction.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') => number,
        Some(_) => return false,
        None => unsigned,
    };
    let Some((head, tail)) = number.split_once(':') else {
        return false;
    };
    head.starts_with(|first: char| first.is_ascii_digit())
        && head.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
        && tail.split(':').all(|part| match part.as_bytes() {
            [digit] => digit.is_ascii_digit(),
            [ten, digit] => (b'0'..=b'5').contains(ten) && digit.is_ascii_digit(),
            _ => false,
        })
}
