//! Numbers as Go reads and writes them: `strconv.ParseInt`, `ParseUint`, `ParseFloat`, `FormatFloat` and the way
//! go-yaml's `resolve` combines them.

use std::borrow::Cow;
use std::fmt::Write;

use super::hexfloat;
use crate::document::value::Value;

/// A plain scalar that starts with a digit or a sign, read as a number. go-yaml drops every `_` before it looks, so the
/// places where Go allows underscores do not matter here.
pub(super) fn resolve(text: &str) -> Option<Value<'static>> {
    let digits = without_underscores(text);
    if let Some(value) = parse_int(&digits) {
        return Some(value);
    }
    if is_yaml_float(&digits) {
        return finite(&digits).map(Value::Float);
    }
    // go-yaml tries the text after a lower-case prefix once more, and that text may carry a sign of its own: `0b-1`.
    let (rest, base) = match digits.get(..2) {
        Some("0b") => (&digits[2..], 2),
        Some("0o") => (&digits[2..], 8),
        _ => return None,
    };
    signed(rest, |magnitude| parse_digits(magnitude, base))
}

/// Go's `ParseInt(text, 0, 64)`, then `ParseUint(text, 0, 64)`.
fn parse_int(text: &str) -> Option<Value<'static>> {
    signed(text, parse_prefixed)
}

/// Splits one sign off, reads the magnitude and puts the two together when they fit.
fn signed(text: &str, magnitude: impl Fn(&str) -> Option<u64>) -> Option<Value<'static>> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (Some('+'), &text[1..]),
        b'-' => (Some('-'), &text[1..]),
        _ => (None, text),
    };
    let magnitude = magnitude(rest)?;
    match (sign, i64::try_from(magnitude)) {
        (Some('-'), _) => 0i64.checked_sub_unsigned(magnitude).map(Value::Int),
        (_, Ok(number)) => Some(Value::Int(number)),
        // Unsigned reading takes no sign: `+9223372036854775808` goes on to be a float.
        (None, Err(_)) => Some(Value::BigInt(magnitude)),
        (Some(_), Err(_)) => None,
    }
}

/// Digits with Go's base prefixes: `0x`, `0b`, `0o` in either case, and a bare leading zero for octal.
fn parse_prefixed(text: &str) -> Option<u64> {
    match text.as_bytes() {
        [b'0', b'b' | b'B', _, ..] => parse_digits(&text[2..], 2),
        [b'0', b'o' | b'O', _, ..] => parse_digits(&text[2..], 8),
        [b'0', b'x' | b'X', _, ..] => parse_digits(&text[2..], 16),
        [b'0'] => Some(0),
        [b'0', ..] => parse_digits(&text[1..], 8),
        _ => parse_digits(text, 10),
    }
}

/// At least one digit of `base` and nothing else, within 64 bits.
fn parse_digits(text: &str, base: u32) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.bytes().try_fold(0u64, |number, byte| {
        let digit = char::from(byte).to_digit(base)?;
        number.checked_mul(u64::from(base))?.checked_add(u64::from(digit))
    })
}

/// Go's `Atoi`: decimal with an optional sign, leading zeros allowed.
pub(super) fn parse_atoi(text: &str) -> Option<i64> {
    match signed(text, |magnitude| parse_digits(magnitude, 10))? {
        Value::Int(number) => Some(number),
        _ => None,
    }
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`, the only decimal floats go-yaml takes.
fn is_yaml_float(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let whole = digits_len(text);
    let mut rest = &text[whole..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let length = digits_len(fraction);
        if whole == 0 && length == 0 {
            return false;
        }
        rest = &fraction[length..];
    } else if whole == 0 {
        return false;
    }
    let Some(exponent) = rest.strip_prefix(['e', 'E']) else {
        return rest.is_empty();
    };
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    !exponent.is_empty() && digits_len(exponent) == exponent.len()
}

fn digits_len(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// Rust's reading, correctly rounded as Go's is; a number beyond the range is an error in Go.
fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Go's `ParseFloat(text, 64)`: decimal or hexadecimal, `inf`, `infinity` and `nan` in any case, and underscores between
/// digits. `None` for bad syntax and for overflow alike.
pub(super) fn parse_float(text: &str) -> Option<f64> {
    if let Some(number) = special(text) {
        return Some(number);
    }
    if text.contains('_') && !underscores_allowed(text) {
        return None;
    }
    let digits = without_underscores(text);
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(&digits);
    if let Some(hex) = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X")) {
        let magnitude = hexfloat::parse(hex)?;
        return Some(if digits.starts_with('-') { -magnitude } else { magnitude });
    }
    if is_yaml_float(&digits) { finite(&digits) } else { None }
}

fn special(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.eq_ignore_ascii_case("inf") || unsigned.eq_ignore_ascii_case("infinity") {
        return Some(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY });
    }
    text.eq_ignore_ascii_case("nan").then_some(f64::NAN)
}

/// Go's rule (`underscoreOK`): an underscore stands between two digits, or between a base prefix and a digit.
fn underscores_allowed(text: &str) -> bool {
    let bytes = text.strip_prefix(['+', '-']).unwrap_or(text).as_bytes();
    let prefix = matches!(bytes, [b'0', b'b' | b'B' | b'o' | b'O' | b'x' | b'X', ..]);
    let hex = matches!(bytes, [b'0', b'x' | b'X', ..]);
    let is_digit = |byte: u8| byte.is_ascii_digit() || hex && byte.is_ascii_hexdigit();
    let start = if prefix { 2 } else { 0 };
    (start..bytes.len()).filter(|&at| bytes[at] == b'_').all(|at| {
        let before = if at == start { prefix } else { is_digit(bytes[at - 1]) };
        before && bytes.get(at + 1).is_some_and(|&next| is_digit(next))
    })
}

fn without_underscores(text: &str) -> Cow<'_, str> {
    if text.contains('_') { Cow::Owned(text.replace('_', "")) } else { Cow::Borrowed(text) }
}

/// Go's `FormatFloat(number, 'f', -1, 64)`: the shortest digits that read back, never an exponent.
pub fn format_float_f(number: f64) -> String {
    let mut text = String::new();
    push_float_f(number, &mut text);
    text
}

/// As [`format_float_f`], onto any text sink.
pub(super) fn push_float_f(number: f64, out: &mut impl Write) {
    // Writing to memory cannot fail; Rust's `Display` for floats is Go's `'f'` but for the two special names.
    let _ = if number.is_infinite() {
        out.write_str(if number > 0.0 { "+Inf" } else { "-Inf" })
    } else {
        write!(out, "{number}")
    };
}

/// Go's `FormatFloat(number, 'g', -1, 64)` as go-yaml writes it: an exponent of at least two digits when it is below -4 or
/// above 5, and `.inf`, `-.inf`, `.nan`.
pub fn format_float_g(number: f64) -> String {
    match number {
        _ if number.is_nan() => ".nan".into(),
        _ if number.is_infinite() => if number > 0.0 { ".inf" } else { "-.inf" }.into(),
        _ => match exponent_form(number) {
            Some((digits, exponent)) if !(-4..6).contains(&exponent) => {
                let sign = if exponent < 0 { '-' } else { '+' };
                format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
            }
            _ => format_float_f(number),
        },
    }
}

/// The integer that is written for a float when what was stored is read out, unless a spelling is known: sops does so (3.13.2;
/// Go's and go-yaml's encoders), for it stores floats where people wrote integers, in JSON up to 3.11 and by `set` ever since.
pub fn whole(value: &Value<'_>) -> Option<Value<'static>> {
    match value {
        // 2^63: beyond it there is no such integer; and the integer 0 has no sign
        Value::Float(number)
            if number.fract() == 0.0
                && number.abs() < 9_223_372_036_854_775_808.0
                && !(*number == 0.0 && number.is_sign_negative()) =>
        {
            Some(Value::Int(*number as i64))
        }
        _ => None,
    }
}

/// The float as YAML that every reader takes for a float: a point always, an exponent only where the digits alone would be
/// unreadable. (YAML 1.1 readers want both the point and the exponent's sign.)
pub(super) fn push_yaml_float(number: f64, out: &mut String) {
    let text = match exponent_form(number) {
        Some((digits, exponent)) if number.is_finite() && !(-7..21).contains(&exponent) => {
            let point = if digits.contains('.') { "" } else { ".0" };
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}{point}e{sign}{:02}", exponent.unsigned_abs())
        }
        _ if number.is_finite() => {
            let mut text = format_float_f(number);
            if !text.contains('.') {
                text.push_str(".0");
            }
            text
        }
        _ => format_float_g(number),
    };
    out.push_str(&text);
}

/// Digits with a point after the first, and the decimal exponent.
fn exponent_form(number: f64) -> Option<(String, i32)> {
    let text = format!("{number:e}");
    let (digits, exponent) = text.split_once('e')?;
    Some((digits.to_owned(), exponent.parse().ok()?))
}
