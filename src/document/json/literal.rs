//! Single values: what a string says, and what a number is to sops.

use std::borrow::Cow;

use zeroize::Zeroizing;

use crate::document::value::Value;

/// What stands for half a surrogate pair, as in Go.
const REPLACEMENT: char = '\u{FFFD}';

/// The value that a well-formed token spells.
pub(super) fn value(token: &str) -> Value<'_> {
    match token.as_bytes().first() {
        Some(b'"') => Value::Str(string(token)),
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'n') | None => Value::Null,
        Some(_) => token.parse().map_or_else(|_| Value::Float(token.parse().unwrap_or(f64::NAN)), Value::Int),
    }
}

/// What a quoted string says.
pub(super) fn string(token: &str) -> Cow<'_, str> {
    let inner = &token[1..token.len() - 1];
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Cow::Borrowed(inner);
    }
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let escape = &rest.as_bytes()[at + 1..];
        let (decoded, length) = match escape[0] {
            b'b' => ('\u{8}', 1),
            b'f' => ('\u{c}', 1),
            b'n' => ('\n', 1),
            b'r' => ('\r', 1),
            b't' => ('\t', 1),
            b'u' => unicode(escape),
            other => (char::from(other), 1),
        };
        out.push(decoded);
        rest = &rest[at + 1 + length..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The character of `uXXXX`, or of `uXXXX\uXXXX`, and how many bytes that is; half a pair is U+FFFD, as sops reads it.
pub(super) fn unicode(escape: &[u8]) -> (char, usize) {
    let first = hex4(&escape[1..]).unwrap_or(0);
    if let Some(decoded) = char::from_u32(first) {
        return (decoded, 5);
    }
    let second = escape.get(5..).and_then(|rest| rest.strip_prefix(b"\\u")).and_then(hex4);
    match second.filter(|second| first < 0xDC00 && (0xDC00..0xE000).contains(second)) {
        Some(second) => {
            let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
            (char::from_u32(code).unwrap_or(REPLACEMENT), 11)
        }
        None => (REPLACEMENT, 5),
    }
}

/// The number of the first four bytes, when they are hexadecimal digits.
pub(super) fn hex4(digits: &[u8]) -> Option<u32> {
    let digits = digits.get(..4)?;
    digits.iter().try_fold(0, |sum, digit| Some(sum * 16 + char::from(*digit).to_digit(16)?))
}

/// What is lost when a number becomes a 64-bit float.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// Nothing: the shortest digits of the float are those of the token.
    None,
    /// Digits.
    Digits,
    /// Everything: it is beyond the largest float.
    Overflow,
}

/// What sops loses of a number token.
pub(super) fn loss(token: &str) -> Loss {
    if token.parse::<i64>().is_ok() {
        return Loss::None;
    }
    let number: f64 = token.parse().unwrap_or(f64::INFINITY);
    if number.is_infinite() {
        return Loss::Overflow;
    }
    let shortest = Zeroizing::new(format!("{number:e}"));
    if decimal(token) == decimal(&shortest) { Loss::None } else { Loss::Digits }
}

/// The digits that matter, and the power of ten of the point before them; `None` for a power no text can have.
fn decimal(token: &str) -> Option<(Zeroizing<Vec<u8>>, i64)> {
    let token = token.trim_start_matches('-');
    let (mantissa, exponent) = token.split_once(['e', 'E']).unwrap_or((token, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits = Zeroizing::new(Vec::with_capacity(whole.len() + fraction.len()));
    digits.extend_from_slice(whole.as_bytes());
    digits.extend_from_slice(fraction.as_bytes());
    let leading = digits.iter().take_while(|digit| **digit == b'0').count();
    if leading == digits.len() {
        return Some((Zeroizing::default(), 0));
    }
    let trailing = digits.iter().rev().take_while(|digit| **digit == b'0').count();
    let end = digits.len() - trailing;
    digits.truncate(end);
    digits.drain(..leading);
    let point = i64::try_from(whole.len()).ok()? - i64::try_from(leading).ok()?;
    Some((digits, exponent.parse::<i64>().ok()?.checked_add(point)?))
}
