//! What a text consists of, as go-yaml 2.4 looks at it (`emitterc.go:yaml_emitter_analyze_scalar`). It has other ideas than version
//! 3 of what can be printed and what ends a line.

/// Which styles can carry a text.
#[derive(Clone, Copy, Debug)]
pub struct Traits {
    /// It has line ends, of any kind.
    pub multi_line: bool,
    /// Without quotes.
    pub plain: bool,
    /// In single quotes.
    pub single_quoted: bool,
    /// As a block.
    pub block: bool,
}

impl Traits {
    /// Looks at `text` once.
    pub fn of(text: &str) -> Self {
        if text.is_empty() {
            return Self { multi_line: false, plain: true, single_quoted: true, block: false };
        }
        let mut indicators = text.starts_with("---") || text.starts_with("...");
        let (mut multi_line, mut special, mut break_space, mut space_break) = (false, false, false, false);
        let mut before = None;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let blank_follows = characters.peek().is_none_or(|next| matches!(next, ' ' | '\t'));
            indicators |= match before {
                None => is_first_indicator(character, blank_follows),
                Some(before) => match character {
                    ':' => blank_follows,
                    '#' => matches!(before, ' ' | '\t' | '\0') || is_break(before),
                    _ => false,
                },
            };
            special |= !is_printable(character);
            if character == ' ' {
                break_space |= before.is_some_and(is_break);
            } else if is_break(character) {
                multi_line = true;
                space_break |= before == Some(' ');
            }
            before = Some(character);
        }
        let ends = |edge: Option<char>| edge.is_some_and(|edge| edge == ' ' || is_break(edge));
        let edges = ends(text.chars().next()) || ends(before);
        let quoted = !break_space && !space_break && !special;
        Self {
            multi_line,
            plain: quoted && !edges && !multi_line && !indicators,
            single_quoted: quoted,
            block: before != Some(' ') && !space_break && !special,
        }
    }
}

/// Whether no plain text may begin with it.
fn is_first_indicator(character: char, blank_follows: bool) -> bool {
    match character {
        '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => true,
        '?' | ':' | '-' => blank_follows,
        _ => false,
    }
}

/// Not so tabs and whatever is beyond the basic plane.
pub fn is_printable(character: char) -> bool {
    match character {
        '\n' | ' '..='~' => true,
        '\u{feff}' => false,
        '\u{a0}'..='\u{fffd}' => true,
        _ => false,
    }
}

/// All that YAML 1.1 takes for the end of a line.
pub fn is_break(character: char) -> bool {
    matches!(character, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}
