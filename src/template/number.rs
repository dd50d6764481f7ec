//! Numbers as Go's strconv reads them.

use super::tree::Number;

/// `strconv.ParseUint(text, 0, 64)`: base by prefix, underscores between digits.
pub(super) fn parse_uint(text: &str) -> Option<u64> {
    let (radix, digits) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &text[2..]),
        [b'0', b'b' | b'B', ..] => (2, &text[2..]),
        [b'0', b'o' | b'O', ..] => (8, &text[2..]),
        [b'0', _, ..] => (8, &text[1..]),
        _ => (10, text),
    };
    if digits.is_empty() || digits.starts_with('+') {
        return None;
    }
    if !digits.contains('_') {
        return u64::from_str_radix(digits, radix).ok();
    }
    underscores_fit(text).then(|| u64::from_str_radix(&digits.replace('_', ""), radix).ok()).flatten()
}

/// `strconv.ParseInt(text, 0, 64)`.
pub(super) fn parse_int(text: &str) -> Option<i64> {
    let (negative, digits) = sign(text);
    let value = parse_uint(digits)?;
    if negative { 0_i64.checked_sub_unsigned(value) } else { i64::try_from(value).ok() }
}

/// `strconv.ParseInt(text, radix, 64)` for a radix that is not 0.
pub(super) fn parse_int_in(text: &str, radix: u32) -> Option<i64> {
    i64::from_str_radix(text, radix).ok()
}

fn sign(text: &str) -> (bool, &str) {
    match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    }
}

/// Underscores stand between digits, or after the prefix of the base.
fn underscores_fit(text: &str) -> bool {
    let (_, text) = sign(text);
    let (hex, text, mut previous) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (true, &text[2..], b'0'),
        [b'0', b'b' | b'B' | b'o' | b'O', ..] => (false, &text[2..], b'0'),
        _ => (false, text, b'^'),
    };
    for byte in text.bytes() {
        if byte.is_ascii_digit() || (hex && byte.is_ascii_hexdigit()) {
            previous = b'0';
        } else if byte == b'_' {
            if previous != b'0' {
                return false;
            }
            previous = b'_';
        } else {
            if previous == b'_' {
                return false;
            }
            previous = b'!';
        }
    }
    previous != b'_'
}

/// `strconv.ParseFloat(text, 64)`; out of range is no number.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let (negative, rest) = sign(text);
    if rest.is_empty() || rest.starts_with(['+', '-']) {
        return None;
    }
    let hex = rest.len() > 2 && rest.as_bytes()[0] == b'0' && rest.as_bytes()[1].eq_ignore_ascii_case(&b'x');
    let lower = rest.to_ascii_lowercase();
    let named = matches!(lower.as_str(), "inf" | "infinity" | "nan");
    if rest.contains('_') && !underscores_fit(rest) {
        return None;
    }
    let plain = lower.replace('_', "");
    let value = if hex { hex_float(&plain[2..])? } else { plain.parse().ok()? };
    if value.is_infinite() && !named {
        return None;
    }
    Some(if negative { -value } else { value })
}

/// `1.8p3`, without its prefix.
fn hex_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once('p')?;
    let mut exponent = i64::from(exponent.parse::<i32>().ok()?);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.len() + fraction.len() == 0 {
        return None;
    }
    let mut value = 0_u64;
    let mut sticky = false;
    for (at, digit) in whole.chars().chain(fraction.chars()).enumerate() {
        let digit = u64::from(digit.to_digit(16)?);
        if value >> 58 == 0 {
            value = value << 4 | digit;
            exponent -= if at >= whole.len() { 4 } else { 0 };
        } else {
            sticky |= digit != 0;
            exponent += if at < whole.len() { 4 } else { 0 };
        }
    }
    // the lowest bit stands for all that was cut off
    let mut result = (value | u64::from(sticky)) as f64;
    let mut left = exponent.clamp(-2200, 2200);
    while left != 0 {
        let step = left.clamp(-1000, 1000);
        result *= 2_f64.powi(i32::try_from(step).unwrap_or_default());
        left -= step;
    }
    Some(result)
}

/// A number constant of a template; an error says what is wrong.
pub(super) fn constant(text: &str) -> Result<Number, &'static str> {
    if let Some(imaginary) = text.strip_suffix('i')
        && let Some(imaginary) = parse_float(imaginary)
    {
        return Ok(complex(0.0, imaginary));
    }
    let mut number = Number { uint: parse_uint(text), int: parse_int(text), ..Number::default() };
    if number.int == Some(0) {
        number.uint = Some(0);
    }
    number.looks_float = text.contains(['.', 'e', 'E', 'p', 'P']) && !is_hex_int(text);
    if let Some(int) = number.int {
        number.float = Some(int as f64);
    } else if let Some(uint) = number.uint {
        number.float = Some(uint as f64);
    } else if let Some(float) = parse_float(text) {
        if !text.contains(['.', 'e', 'E', 'p', 'P']) {
            return Err("a number is too large");
        }
        number.float = Some(float);
        number.int = whole(float);
        number.uint =
            ((0.0..18_446_744_073_709_551_616.0).contains(&float) && float.fract() == 0.0).then_some(float as u64);
    } else {
        return Err("a malformed number");
    }
    Ok(number)
}

fn is_hex_int(text: &str) -> bool {
    text.len() > 2 && (text.starts_with("0x") || text.starts_with("0X")) && !text.contains(['p', 'P'])
}

fn whole(float: f64) -> Option<i64> {
    (float.fract() == 0.0 && (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&float))
        .then_some(float as i64)
}

/// `1+2i`
pub(super) fn complex_constant(text: &str) -> Result<Number, &'static str> {
    let malformed = "a malformed number";
    let body = text.strip_suffix('i').ok_or(malformed)?;
    let split = body
        .char_indices()
        .skip(1)
        .filter(|(at, next)| matches!(next, '+' | '-') && !body[..*at].ends_with(['e', 'E', 'p', 'P']))
        .map(|(at, _)| at)
        .last()
        .ok_or(malformed)?;
    let real = parse_float(&body[..split]).ok_or(malformed)?;
    let imaginary = parse_float(&body[split..]).ok_or(malformed)?;
    Ok(complex(real, imaginary))
}

fn complex(real: f64, imaginary: f64) -> Number {
    let mut number = Number { complex: Some((real, imaginary)), ..Number::default() };
    if imaginary == 0.0 {
        number.float = Some(real);
        number.int = whole(real);
        number.uint = number.int.and_then(|int| u64::try_from(int).ok());
    }
    number
}

/// A character constant.
pub(super) fn character(code: u32) -> Number {
    Number { int: Some(code.into()), uint: Some(code.into()), float: Some(code.into()), ..Number::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_read_by_their_prefix() {
        for (text, value) in [
            ("0", Some(0)),
            ("012", Some(10)),
            ("0x1F", Some(31)),
            ("-0b11", Some(-3)),
            ("0o17", Some(15)),
            ("1_000", Some(1000)),
            ("0_7", Some(7)),
            ("08", None),
            ("1__0", None),
            ("_1", None),
            ("1_", None),
            ("0x", None),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("", None),
            ("+-1", None),
            ("--1", None),
        ] {
            assert_eq!(parse_int(text), value, "{text}");
        }
    }

    #[test]
    fn floats_are_read_as_go_does() {
        for (text, value) in [
            ("1.5", Some(1.5)),
            ("-.5", Some(-0.5)),
            ("5.", Some(5.0)),
            ("1e3", Some(1000.0)),
            ("0x1p4", Some(16.0)),
            ("0x1.8p1", Some(3.0)),
            ("0x_1p0", Some(1.0)),
            ("1_0.5", Some(10.5)),
            ("1e400", None),
            ("inf", Some(f64::INFINITY)),
            ("0x1", None),
            ("", None),
            ("abc", None),
            ("1e", None),
            ("--1", None),
        ] {
            assert_eq!(parse_float(text), value, "{text}");
        }
    }
}
