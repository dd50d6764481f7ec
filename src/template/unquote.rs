//! String and character constants, as Go's `strconv.Unquote` reads them.

use super::text::Text;

/// The text of a quoted or raw string; `None` when an escape is wrong.
pub(super) fn string(source: &str) -> Option<Text> {
    if let Some(raw) = source.strip_prefix('`') {
        let raw = raw.strip_suffix('`')?;
        return Some(raw.replace('\r', "").into());
    }
    let mut rest = source.strip_prefix('"')?.strip_suffix('"')?;
    let mut out = Vec::with_capacity(rest.len());
    while let Some(next) = unit(&mut rest, '"') {
        match next? {
            Unit::Byte(byte) => out.push(byte),
            Unit::Char(code) => out.extend_from_slice(to_char(code).encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Some(Text::new(out))
}

/// The code of a character constant.
pub(super) fn character(source: &str) -> Option<u32> {
    let mut rest = source.strip_prefix('\'')?.strip_suffix('\'')?;
    let code = match unit(&mut rest, '\'')?? {
        Unit::Byte(byte) => byte.into(),
        Unit::Char(code) => code,
    };
    rest.is_empty().then_some(code)
}

enum Unit {
    Byte(u8),
    Char(u32),
}

fn to_char(code: u32) -> char {
    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The next character or byte of `rest`: `None` at its end, `Some(None)` when it is wrong.
fn unit(rest: &mut &str, quote: char) -> Option<Option<Unit>> {
    let mut chars = rest.chars();
    let first = chars.next()?;
    if first == quote || first == '\n' {
        return Some(None);
    }
    if first != '\\' {
        *rest = chars.as_str();
        return Some(Some(Unit::Char(first.into())));
    }
    let Some(escape) = chars.next() else { return Some(None) };
    let after = chars.as_str();
    let (unit, length) = match escape {
        'a' => (Unit::Char(7), 0),
        'b' => (Unit::Char(8), 0),
        'f' => (Unit::Char(12), 0),
        'n' => (Unit::Char(10), 0),
        'r' => (Unit::Char(13), 0),
        't' => (Unit::Char(9), 0),
        'v' => (Unit::Char(11), 0),
        '\\' => (Unit::Char('\\'.into()), 0),
        '\'' | '"' if escape == quote => (Unit::Char(escape.into()), 0),
        'x' | 'u' | 'U' => {
            let length = match escape {
                'x' => 2,
                'u' => 4,
                _ => 8,
            };
            let Some(code) = digits(after, length, 16) else { return Some(None) };
            match u8::try_from(code) {
                Ok(byte) if escape == 'x' => (Unit::Byte(byte), length),
                _ if char::from_u32(code).is_some() => (Unit::Char(code), length),
                _ => return Some(None),
            }
        }
        '0'..='7' => {
            let octal = &rest[1..];
            match digits(octal, 3, 8).map(u8::try_from) {
                Some(Ok(byte)) => (Unit::Byte(byte), 2),
                _ => return Some(None),
            }
        }
        _ => return Some(None),
    };
    *rest = &after[length..];
    Some(Some(unit))
}

fn digits(text: &str, length: usize, radix: u32) -> Option<u32> {
    let digits = text.get(..length)?;
    digits.chars().all(|digit| digit.is_digit(radix)).then(|| u32::from_str_radix(digits, radix).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_go() {
        let bytes = |source| string(source).map(|text| text.bytes().to_vec());
        assert_eq!(bytes(r#""a\n\x41\101é\u00e9\xff""#).unwrap(), b"a\nAA\xc3\xa9\xc3\xa9\xff");
        assert_eq!(bytes("`a\\n\r`").unwrap(), b"a\\n");
        for wrong in [r#""\'""#, r#""\q""#, r#""\x4""#, r#""\ud800""#, r#""\400""#, r#""\U00110000""#] {
            assert!(bytes(wrong).is_none(), "{wrong}");
        }
        assert_eq!(character(r"'a'"), Some(97));
        assert_eq!(character(r"'\n'"), Some(10));
        assert_eq!(character(r"'\''"), Some(39));
        assert_eq!(character(r"'\xff'"), Some(255));
        assert_eq!(character("'ab'"), None);
        assert_eq!(character("''"), None);
    }
}
