//! Hexadecimal floats (`0x1.8p-3`), which Go's `ParseFloat` accepts inside an encrypted value. Rounded to the nearest, ties to even.

/// The text after `0x`, without a sign and without underscores. `None` for bad syntax and for overflow.
pub(super) fn parse(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once(['p', 'P'])?;
    let (bits, sticky, scale) = read_mantissa(mantissa)?;
    let exponent = read_exponent(exponent)?;
    if bits == 0 {
        return Some(0.0);
    }
    Some(assemble(bits, sticky, scale.saturating_add(exponent))).filter(|number| number.is_finite())
}

/// Up to 64 bits of the digits, whether anything was lost below them, and the power of two of the last bit.
fn read_mantissa(text: &str) -> Option<(u64, bool, i64)> {
    let (mut bits, mut sticky, mut scale) = (0u64, false, 0i64);
    let (mut seen_digit, mut seen_point) = (false, false);
    for byte in text.bytes() {
        if byte == b'.' && !seen_point {
            seen_point = true;
            continue;
        }
        let digit = u64::from(char::from(byte).to_digit(16)?);
        seen_digit = true;
        if bits >> 60 == 0 {
            bits = bits << 4 | digit;
            scale -= if seen_point { 4 } else { 0 };
        } else {
            sticky |= digit != 0;
            scale += if seen_point { 0 } else { 4 };
        }
    }
    seen_digit.then_some((bits, sticky, scale))
}

/// A decimal exponent; Go stops counting at 10,000 and so do we, the result is out of range either way.
fn read_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let size =
        digits.bytes().fold(0i64, |size, byte| if size < 10_000 { size * 10 + i64::from(byte - b'0') } else { size });
    Some(if text.starts_with('-') { -size } else { size })
}

/// `bits * 2^scale`, with `sticky` standing for more bits below.
fn assemble(bits: u64, sticky: bool, scale: i64) -> f64 {
    let shift = bits.leading_zeros();
    let bits = bits << shift;
    let top = scale - i64::from(shift) + 63;
    if top > 1023 {
        return f64::INFINITY;
    }
    // Numbers below 2^-1022 keep fewer bits: down to none, where only rounding up can save them.
    let precision = if top >= -1022 { 53 } else { 53 - (-1022 - top) };
    if precision < 0 {
        return 0.0;
    }
    let wide = u128::from(bits) << 1 | u128::from(sticky);
    let drop = 65 - precision;
    let half = 1u128 << (drop - 1);
    let (mut kept, rest) = (wide >> drop, wide & ((1u128 << drop) - 1));
    if rest > half || rest == half && kept & 1 == 1 {
        kept += 1;
    }
    // `kept` has at most 54 bits and the power of two is exact, so neither step rounds again.
    kept as f64 * power_of_two(top - precision + 1)
}

fn power_of_two(exponent: i64) -> f64 {
    if exponent >= -1022 {
        f64::from_bits(((exponent + 1023) as u64) << 52)
    } else {
        f64::from_bits(1u64 << (exponent + 1074))
    }
}
