//! In which style go-yaml writes a text (`emitterc.go`, `yaml_emitter_analyze_scalar` and `…_select_scalar_style`).

use super::resolve::{Meaning, is_base60, resolve};

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// Which styles can hold a text.
pub(super) struct Allowed {
    plain: bool,
    single: bool,
    block: bool,
    /// It has line breaks.
    pub(super) multiline: bool,
}

/// A line break of YAML 1.1.
pub(super) fn is_break(next: char) -> bool {
    matches!(next, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether it may stand unescaped; tabs and what is beyond the basic plane may not.
pub(super) fn is_printable(next: char) -> bool {
    matches!(next, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') && next != '\u{feff}'
}

/// Which styles can hold `text`.
pub(super) fn allowed(text: &str) -> Allowed {
    if text.is_empty() {
        return Allowed { plain: true, single: true, block: false, multiline: false };
    }
    let blank = |next: Option<&char>| next.is_none_or(|next| matches!(next, ' ' | '\t'));
    let mut indicators = text.starts_with("---") || text.starts_with("...");
    let (mut special, mut breaks, mut space_break, mut break_space) = (false, false, false, false);
    let (mut previous_space, mut previous_break, mut preceded) = (false, false, true);
    let mut characters = text.chars().peekable();
    let mut first = true;
    while let Some(next) = characters.next() {
        let followed = blank(characters.peek());
        indicators |= match next {
            ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => first,
            '#' => first || preceded,
            '?' | '-' => first && followed,
            ':' => followed,
            _ => false,
        };
        special |= !is_printable(next);
        if next == ' ' {
            break_space |= previous_break;
        } else if is_break(next) {
            breaks = true;
            space_break |= previous_space;
        }
        previous_space = next == ' ';
        previous_break = is_break(next);
        preceded = matches!(next, ' ' | '\t' | '\0') || is_break(next);
        first = false;
    }
    let edge = |next: char| next == ' ' || is_break(next);
    let edges = text.starts_with(edge) || text.ends_with(edge);
    let inside = !special && !space_break;
    Allowed {
        plain: inside && !edges && !break_space && !breaks && !indicators,
        single: inside && !break_space,
        block: inside && !text.ends_with(' '),
        multiline: breaks,
    }
}

/// The style of a text that is a string.
pub(super) fn style_of_text(text: &str, allowed: &Allowed, simple_key: bool) -> Style {
    let plain = resolve(text) == Meaning::Text && !is_base60(text);
    let wanted = match (text.contains('\n'), plain) {
        _ if simple_key && allowed.multiline => Style::Double,
        (true, _) => Style::Literal,
        (false, true) => Style::Plain,
        (false, false) => Style::Double,
    };
    match wanted {
        Style::Literal if allowed.block && !simple_key => Style::Literal,
        Style::Plain if allowed.plain => Style::Plain,
        Style::Plain if allowed.single => Style::Single,
        _ => Style::Double,
    }
}
