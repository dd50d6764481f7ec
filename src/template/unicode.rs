//! What Go's package `unicode` says about characters, and its way to read bytes as characters.

/// Whether Go takes it for a letter, a digit or an underscore.
pub(super) fn is_alphanumeric(next: char) -> bool {
    next == '_' || is_letter(next) || is_digit(next)
}

/// Category L.
pub(crate) fn is_letter(next: char) -> bool {
    if next.is_ascii() {
        return next.is_ascii_alphabetic();
    }
    // `Alphabetic` has letter numbers and marks, too
    next.is_alphabetic() && !class(r"^[\p{Nl}\p{M}\p{So}]$", next)
}

/// Category Nd.
pub(super) fn is_digit(next: char) -> bool {
    next.is_ascii_digit() || (!next.is_ascii() && next.is_numeric() && class(r"^\p{Nd}$", next))
}

/// Category N.
pub(crate) fn is_number(next: char) -> bool {
    next.is_numeric()
}

/// Category P.
pub(super) fn is_punctuation(next: char) -> bool {
    if next.is_ascii() {
        return next.is_ascii_punctuation() && !matches!(next, '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~');
    }
    class(r"^\p{P}$", next)
}

/// Category Lu.
pub(super) fn is_upper(next: char) -> bool {
    next.is_ascii_uppercase() || (!next.is_ascii() && next.is_uppercase() && class(r"^\p{Lu}$", next))
}

/// Category Ll.
pub(super) fn is_lower(next: char) -> bool {
    next.is_ascii_lowercase() || (!next.is_ascii() && next.is_lowercase() && class(r"^\p{Ll}$", next))
}

/// `White_Space`.
pub(super) fn is_space(next: char) -> bool {
    next.is_whitespace()
}

/// What `%q` leaves as it is: letters, marks, numbers, punctuation, symbols, and the space of ASCII.
pub(super) fn is_print(next: char) -> bool {
    if next.is_ascii() {
        return (' '..='~').contains(&next);
    }
    class(r"^[\p{L}\p{M}\p{N}\p{P}\p{S}]$", next)
}

fn class(pattern: &'static str, next: char) -> bool {
    use std::cell::RefCell;
    thread_local! {
        static CLASSES: RefCell<Vec<(&'static str, Option<regex::Regex>)>> = const { RefCell::new(vec![]) };
    }
    CLASSES.with_borrow_mut(|classes| {
        let at = classes.iter().position(|(known, _)| *known == pattern).unwrap_or_else(|| {
            classes.push((pattern, regex::Regex::new(pattern).ok()));
            classes.len() - 1
        });
        classes[at].1.as_ref().is_some_and(|class| class.is_match(next.encode_utf8(&mut [0; 4])))
    })
}

/// Go's simple upper case: one character for one.
pub(super) fn to_upper(next: char) -> char {
    match next {
        // Greek letters with an iota below have one character in upper case, though most write two
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => {
            char::from_u32(u32::from(next) + 8).unwrap_or(next)
        }
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => char::from_u32(u32::from(next) + 9).unwrap_or(next),
        _ => single(next, next.to_uppercase()),
    }
}

/// Go's simple lower case.
pub(super) fn to_lower(next: char) -> char {
    if next == '\u{130}' { 'i' } else { single(next, next.to_lowercase()) }
}

/// Go's simple title case, which differs from upper case for few characters only.
pub(super) fn to_title(next: char) -> char {
    match next {
        '\u{1c4}'..='\u{1c6}' => '\u{1c5}',
        '\u{1c7}'..='\u{1c9}' => '\u{1c8}',
        '\u{1ca}'..='\u{1cc}' => '\u{1cb}',
        '\u{1f1}'..='\u{1f3}' => '\u{1f2}',
        '\u{10d0}'..='\u{10fa}' | '\u{10fd}'..='\u{10ff}' => next,
        _ => to_upper(next),
    }
}

fn single(original: char, mut mapped: impl ExactSizeIterator<Item = char>) -> char {
    if mapped.len() == 1 { mapped.next().unwrap_or(original) } else { original }
}

/// The characters of bytes as Go's `range` gives them: each invalid byte is one `U+FFFD` of length 1.
pub(super) struct Runes<'a>(pub(super) &'a [u8]);

impl Iterator for Runes<'_> {
    type Item = (char, usize);

    fn next(&mut self) -> Option<(char, usize)> {
        let (next, size) = decode(self.0)?;
        self.0 = &self.0[size..];
        Some((next, size))
    }
}

/// The first character and its length; `U+FFFD` and 1 for an invalid byte.
pub(crate) fn decode(bytes: &[u8]) -> Option<(char, usize)> {
    let first = *bytes.first()?;
    if first.is_ascii() {
        return Some((char::from(first), 1));
    }
    let head = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        // the valid part is UTF-8
        Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default(),
    };
    Some(valid.chars().next().map_or((char::REPLACEMENT_CHARACTER, 1), |next| (next, next.len_utf8())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_bytes_are_one_rune_each() {
        let runes: Vec<_> = Runes(b"a\xff\xe4\xb8\xc3\xa9").collect();
        assert_eq!(runes, [('a', 1), ('\u{fffd}', 1), ('\u{fffd}', 1), ('\u{fffd}', 1), ('é', 2)]);
    }

    #[test]
    fn classes_are_those_of_go() {
        assert!(is_letter('é') && is_letter('世') && !is_letter('Ⅷ') && !is_letter('٣'));
        assert!(is_digit('٣') && !is_digit('½') && is_number('½'));
        assert!(is_punctuation('-') && !is_punctuation('+') && is_punctuation('…'));
        assert!(is_print('é') && !is_print('\u{a0}') && !is_print('\u{2028}') && is_print('€'));
    }
}
