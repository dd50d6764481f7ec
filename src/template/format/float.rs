//! Floats as text, as `strconv.FormatFloat` of Go writes them.

/// The shortest digits that give `value` again, or that many digits after the point; as `0.DIGITS * 10^point`.
struct Decimal {
    digits: String,
    point: i64,
}

impl Decimal {
    /// From `d.ddde-d`.
    fn of(scientific: &str) -> Self {
        let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
        let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
        let digits = digits.trim_end_matches('0').to_owned();
        let point = if digits.is_empty() { 0 } else { exponent.parse::<i64>().unwrap_or_default() + 1 };
        Self { digits, point }
    }

    fn shortest(value: f64) -> Self {
        Self::of(&format!("{:e}", value.abs()))
    }

    fn rounded(value: f64, digits: usize) -> Self {
        // no float has more digits than these
        Self::of(&format!("{:.*e}", digits.saturating_sub(1).min(1100), value.abs()))
    }

    fn digit(&self, at: i64) -> char {
        usize::try_from(at).ok().and_then(|at| self.digits.as_bytes().get(at)).map_or('0', |digit| char::from(*digit))
    }

    /// `%e` with `precision` digits after the point.
    fn scientific(&self, precision: usize, letter: char) -> String {
        let mut text = String::from(self.digit(0));
        if precision > 0 {
            text.push('.');
            text.extend((1..=precision as i64).map(|at| self.digit(at)));
        }
        let exponent = if self.digits.is_empty() { 0 } else { self.point - 1 };
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{text}{letter}{sign}{:02}", exponent.abs())
    }

    /// `%f` with `precision` digits after the point.
    fn fixed(&self, precision: usize) -> String {
        let mut text = String::new();
        if self.point > 0 {
            text.extend((0..self.point).map(|at| self.digit(at)));
        } else {
            text.push('0');
        }
        if precision > 0 {
            text.push('.');
            text.extend((0..precision as i64).map(|at| self.digit(self.point + at)));
        }
        text
    }
}

/// `strconv.FormatFloat(value, verb, precision, 64)`
pub(in crate::template) fn format(value: f64, verb: char, precision: Option<usize>) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    let sign = if value.is_sign_negative() { "-" } else { "" };
    if value.is_infinite() {
        return if value < 0.0 { "-Inf".into() } else { "+Inf".into() };
    }
    let text = match verb {
        'b' => binary(value),
        'x' | 'X' => hex(value, precision, verb),
        'e' | 'E' => match precision {
            Some(precision) => Decimal::rounded(value, precision + 1).scientific(precision, verb),
            None => {
                let decimal = Decimal::shortest(value);
                decimal.scientific(decimal.digits.len().saturating_sub(1), verb)
            }
        },
        'f' => match precision {
            Some(precision) => {
                // no float has more digits than these
                let exact = precision.min(1100);
                let mut text = format!("{:.exact$}", value.abs());
                text.extend(std::iter::repeat_n('0', precision - exact));
                text
            }
            None => {
                let decimal = Decimal::shortest(value);
                decimal.fixed(usize::try_from(decimal.digits.len() as i64 - decimal.point).unwrap_or_default())
            }
        },
        _ => general(value, precision, if verb == 'G' { 'E' } else { 'e' }),
    };
    format!("{sign}{text}")
}

/// `%g`
fn general(value: f64, precision: Option<usize>, letter: char) -> String {
    let precision = precision.map(|precision| precision.max(1) as i64);
    let decimal = match precision {
        None => Decimal::shortest(value),
        Some(precision) => Decimal::rounded(value, usize::try_from(precision).unwrap_or_default()),
    };
    let digits = decimal.digits.len() as i64;
    let limit = match precision {
        // six, when it is as short as possible
        None => 6,
        Some(precision) if precision > digits && digits >= decimal.point => digits,
        Some(precision) => precision,
    };
    let exponent = decimal.point - 1;
    if exponent < -4 || exponent >= limit {
        let wanted = precision.map_or(digits, |precision| digits.min(precision));
        return decimal.scientific(usize::try_from(wanted - 1).unwrap_or_default(), letter);
    }
    decimal.fixed(usize::try_from(digits - decimal.point).unwrap_or_default())
}

fn parts(value: f64) -> (u64, i64) {
    let bits = value.to_bits();
    let mantissa = bits & ((1 << 52) - 1);
    match (bits >> 52) & 0x7ff {
        0 => (mantissa, -1022),
        exponent => (mantissa | 1 << 52, exponent as i64 - 1023),
    }
}

/// `%b`
fn binary(value: f64) -> String {
    let (mantissa, exponent) = parts(value);
    format!("{mantissa}p{:+}", exponent - 52)
}

/// `%x`
fn hex(value: f64, precision: Option<usize>, verb: char) -> String {
    let (mut mantissa, mut exponent) = parts(value);
    if mantissa == 0 {
        exponent = 0;
    }
    // the first bit to the left of the point, and 60 bits to its right
    mantissa <<= 60 - 52;
    while mantissa != 0 && mantissa & (1 << 60) == 0 {
        mantissa <<= 1;
        exponent -= 1;
    }
    if let Some(precision) = precision.filter(|precision| *precision < 15) {
        let shift = precision * 4;
        let extra = (mantissa << shift) & ((1 << 60) - 1);
        mantissa >>= 60 - shift;
        if (extra | (mantissa & 1)) > 1 << 59 {
            mantissa += 1;
        }
        mantissa <<= 60 - shift;
        if mantissa & (1 << 61) != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let mut text = format!("0x{}", mantissa >> 60 & 1);
    let mut digits = format!("{:015x}", mantissa & ((1 << 60) - 1));
    match precision {
        None => digits.truncate(digits.trim_end_matches('0').len()),
        Some(precision) => {
            digits.truncate(precision);
            digits.extend(std::iter::repeat_n('0', precision.saturating_sub(digits.len())));
        }
    }
    if !digits.is_empty() {
        text.push('.');
        text.push_str(&digits);
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    text = format!("{text}p{sign}{:02}", exponent.abs());
    if verb == 'X' { text.to_uppercase() } else { text }
}

/// A float as `encoding/json` writes it; `None` for what JSON does not have.
pub(in crate::template) fn json_float(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format(value, 'e', None);
        // e-09 to e-9
        return Some(text.replace("e-0", "e-"));
    }
    Some(format(value, 'f', None))
}
