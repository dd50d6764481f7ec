//! TOML scalars: where they end, whether they are well formed, and what they say.

use std::borrow::Cow;
use std::ops::Range;

use crate::document::scalar::{TypeWord, from_plain_bytes};
use crate::document::value::Value;

/// The kinds of scalar.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Scalar {
    /// `"text"`
    Basic,
    /// `'text'`
    Literal,
    /// `"""text"""`
    MultiBasic,
    /// `'''text'''`
    MultiLiteral,
    /// `true`, `false`
    Bool,
    /// A 64-bit integer.
    Int,
    /// A float.
    Float,
    /// A date and time with an offset.
    Time,
    /// A date, a time, or both, without an offset; or one that RFC 3339 cannot say.
    Local,
}

/// What is wrong, and where.
pub(super) type Wrong = (usize, &'static str);

/// What is said of a local date.
pub(super) const LOCAL: &str =
    "a date or time without an offset has no type in sops: write it as a string, or leave it in clear";

const OPEN: &str = "this string has no end";
const CONTROL: &str = "a control character has to be written as an escape";
const ESCAPE: &str = "there is no such escape";

/// Reads the string whose quote stands at `at`: its kind, and where it ends.
pub(super) fn scan_string(text: &str, at: usize) -> Result<(Scalar, usize), Wrong> {
    let quote = text.as_bytes()[at];
    let triple = if quote == b'"' { "\"\"\"" } else { "'''" };
    let multi = text[at..].starts_with(triple);
    let kind = match (quote, multi) {
        (b'"', false) => Scalar::Basic,
        (b'"', true) => Scalar::MultiBasic,
        (_, false) => Scalar::Literal,
        (_, true) => Scalar::MultiLiteral,
    };
    let bytes = text.as_bytes();
    let mut here = at + if multi { 3 } else { 1 };
    while let Some(&byte) = bytes.get(here) {
        match byte {
            b'\\' if quote == b'"' => here = scan_escape(text, here, multi)?,
            _ if byte == quote && !multi => return Ok((kind, here + 1)),
            _ if byte == quote => {
                let run = bytes[here..].iter().take_while(|byte| **byte == quote).count();
                if run >= 3 {
                    // Up to two quotes before the closing three are text.
                    return if run <= 5 { Ok((kind, here + run)) } else { Err((here, "too many quotes")) };
                }
                here += run;
            }
            b'\n' if multi => here += 1,
            b'\r' if multi && bytes.get(here + 1) == Some(&b'\n') => here += 2,
            b'\n' | b'\r' => return Err((at, OPEN)),
            b'\t' => here += 1,
            _ if byte < 0x20 || byte == 0x7F => return Err((here, CONTROL)),
            _ => here += 1,
        }
    }
    Err((at, OPEN))
}

/// Past the escape at `at`.
fn scan_escape(text: &str, at: usize, multi: bool) -> Result<usize, Wrong> {
    let bytes = text.as_bytes();
    let digits = match bytes.get(at + 1) {
        Some(b'b' | b't' | b'n' | b'f' | b'r' | b'e' | b'"' | b'\\') => return Ok(at + 2),
        Some(b'x') => 2,
        Some(b'u') => 4,
        Some(b'U') => 8,
        Some(b' ' | b'\t' | b'\n' | b'\r') if multi => {
            let rest = text[at + 1..].trim_start_matches([' ', '\t']);
            return if rest.starts_with('\n') || rest.starts_with("\r\n") {
                Ok(text.len() - rest.len() + 1)
            } else {
                Err((at, ESCAPE))
            };
        }
        _ => return Err((at, ESCAPE)),
    };
    let hex = text.get(at + 2..at + 2 + digits).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let code = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok());
    code.and_then(char::from_u32).map(|_| at + 2 + digits).ok_or((at, ESCAPE))
}

/// The content of a string, its kind known and its form checked.
fn content(raw: &str, kind: Scalar) -> &str {
    let quotes = if matches!(kind, Scalar::Basic | Scalar::Literal) { 1 } else { 3 };
    let inside = &raw[quotes..raw.len() - quotes];
    if quotes == 1 {
        return inside;
    }
    inside.strip_prefix('\n').or_else(|| inside.strip_prefix("\r\n")).unwrap_or(inside)
}

/// The text of a string.
pub(super) fn decode(raw: &str, kind: Scalar) -> Cow<'_, str> {
    let inside = content(raw, kind);
    if matches!(kind, Scalar::Literal | Scalar::MultiLiteral) || !inside.contains('\\') {
        return Cow::Borrowed(inside);
    }
    let mut out = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = rest[at + 1..].chars().next().unwrap_or('\\');
        rest = &rest[(at + 2).min(rest.len())..];
        let digits = match escape {
            'b' => char_and_none(&mut out, '\u{8}'),
            't' => char_and_none(&mut out, '\t'),
            'n' => char_and_none(&mut out, '\n'),
            'f' => char_and_none(&mut out, '\u{C}'),
            'r' => char_and_none(&mut out, '\r'),
            'e' => char_and_none(&mut out, '\u{1B}'),
            '"' | '\\' => char_and_none(&mut out, escape),
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => {
                // A line break that is no text, and all blanks and breaks behind it.
                rest = rest.trim_start_matches([' ', '\t', '\n', '\r']);
                0
            }
        };
        let code = u32::from_str_radix(rest.get(..digits).unwrap_or_default(), 16).ok();
        out.extend(code.and_then(char::from_u32));
        rest = &rest[digits.min(rest.len())..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn char_and_none(out: &mut String, character: char) -> usize {
    out.push(character);
    0
}

/// Where the word at `at` (number, boolean, date) ends.
pub(super) fn word_end(text: &str, at: usize) -> usize {
    let in_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+' | b'-' | b'.' | b':');
    let bytes = text.as_bytes();
    let mut end = at + bytes[at..].iter().take_while(|byte| in_word(byte)).count();
    // A date and a time may have one blank between them.
    if is_date(&text[at..end]) && bytes.get(end) == Some(&b' ') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end += 1 + bytes[end + 1..].iter().take_while(|byte| in_word(byte)).count();
    }
    end
}

/// The kind of a word.
pub(super) fn classify(word: &str) -> Result<Scalar, &'static str> {
    if matches!(word, "true" | "false") {
        return Ok(Scalar::Bool);
    }
    if let Some(kind) = classify_date(word) {
        return Ok(kind);
    }
    let unsigned = word.strip_prefix(['+', '-']).unwrap_or(word);
    if matches!(unsigned, "inf" | "nan") {
        return Ok(Scalar::Float);
    }
    if is_int(word) {
        return if int(word).is_some() { Ok(Scalar::Int) } else { Err("this integer does not fit into 64 bits") };
    }
    if is_float(unsigned) {
        return match float(word) {
            Some(number) if number.is_finite() => Ok(Scalar::Float),
            _ => Err("this number is too large"),
        };
    }
    Err("expected a value: a string needs quotes")
}

/// Digits with single `_` between them.
fn is_digits(text: &str, is_digit: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.split('_').all(|part| !part.is_empty() && part.chars().all(&is_digit))
}

fn is_decimal(text: &str) -> bool {
    is_digits(text, |c| c.is_ascii_digit()) && (text == "0" || !text.starts_with('0'))
}

fn is_int(word: &str) -> bool {
    match word.get(..2) {
        Some("0x") => is_digits(&word[2..], |c| c.is_ascii_hexdigit()),
        Some("0o") => is_digits(&word[2..], |c| c.is_digit(8)),
        Some("0b") => is_digits(&word[2..], |c| c.is_digit(2)),
        _ => is_decimal(word.strip_prefix(['+', '-']).unwrap_or(word)),
    }
}

fn int(word: &str) -> Option<i64> {
    let digits = word.replace('_', "");
    match digits.get(..2) {
        Some("0x") => i64::from_str_radix(&digits[2..], 16).ok(),
        Some("0o") => i64::from_str_radix(&digits[2..], 8).ok(),
        Some("0b") => i64::from_str_radix(&digits[2..], 2).ok(),
        _ => digits.parse().ok(),
    }
}

fn is_float(unsigned: &str) -> bool {
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| is_digits(text, |c| c.is_ascii_digit());
    (exponent.is_some() || fraction.is_some())
        && is_decimal(whole)
        && fraction.is_none_or(digits)
        && exponent.is_none_or(digits)
}

fn float(word: &str) -> Option<f64> {
    word.replace('_', "").parse().ok()
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10
        && bytes
            .iter()
            .enumerate()
            .all(|(at, byte)| if matches!(at, 4 | 7) { *byte == b'-' } else { byte.is_ascii_digit() })
}

/// `10:20`, `10:20:30`, `10:20:30.5`; the hour, minute and second in range.
fn is_clock(text: &str) -> bool {
    let (clock, fraction) = match text.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (text, None),
    };
    let parts: Vec<&str> = clock.split(':').collect();
    let two = |part: &&str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    (parts.len() == 3 || parts.len() == 2 && fraction.is_none())
        && parts.iter().all(two)
        && parts[0] < "24"
        && parts[1] < "60"
        && parts.get(2).is_none_or(|second| *second <= "60")
        && fraction.is_none_or(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn classify_date(word: &str) -> Option<Scalar> {
    if is_clock(word) {
        return Some(Scalar::Local);
    }
    let date = word.get(..10).filter(|date| is_date(date) && is_real_date(date))?;
    let rest = &word[date.len()..];
    if rest.is_empty() {
        return Some(Scalar::Local);
    }
    let clock = rest.strip_prefix(['T', 't', ' '])?;
    if is_clock(clock) {
        return Some(Scalar::Local);
    }
    let zone = clock.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = clock.split_at(zone);
    let offset = zone[1..].split_once(':');
    let two = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    let zone_is_good = match offset {
        Some((hour, minute)) => {
            zone.starts_with(['+', '-']) && two(hour) && two(minute) && hour < "24" && minute < "60"
        }
        None => matches!(zone, "Z" | "z"),
    };
    if !is_clock(clock) || !zone_is_good {
        return None;
    }
    Some(if time(word).is_some() { Scalar::Time } else { Scalar::Local })
}

fn is_real_date(date: &str) -> bool {
    from_plain_bytes(format!("{date}T00:00:00Z").as_bytes(), TypeWord::Time).is_ok()
}

/// An offset date and time as RFC 3339.
fn time(word: &str) -> Option<Value<'static>> {
    let mut canonical = word.replace([' ', 't'], "T").replace('z', "Z");
    let zone = canonical.rfind(['Z', '+', '-'])?;
    if canonical[11..zone].len() == 5 {
        canonical.insert_str(zone, ":00");
    }
    from_plain_bytes(canonical.as_bytes(), TypeWord::Time).ok()
}

/// The value of a scalar whose form was checked.
pub(super) fn value(raw: &str, kind: Scalar) -> Value<'_> {
    let value = match kind {
        Scalar::Basic | Scalar::Literal | Scalar::MultiBasic | Scalar::MultiLiteral => {
            Some(Value::Str(decode(raw, kind)))
        }
        Scalar::Bool => Some(Value::Bool(raw == "true")),
        Scalar::Int => int(raw).map(Value::Int),
        Scalar::Float => float(raw).map(Value::Float),
        Scalar::Time => time(raw),
        Scalar::Local => None,
    };
    value.unwrap_or(Value::Str(Cow::Borrowed(raw)))
}

/// Where a bare key ends.
pub(super) fn bare_key(text: &str, at: usize) -> Range<usize> {
    let is_bare = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    at..at + text.as_bytes()[at..].iter().take_while(is_bare).count()
}
