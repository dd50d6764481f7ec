//! `time.Duration`: nanoseconds as text, and text as nanoseconds.

use std::fmt::Write;

const SECOND: u64 = 1_000_000_000;

/// `Duration.String`
pub(in crate::template) fn duration_text(duration: i64) -> String {
    let all = duration.unsigned_abs();
    let mut out = String::new();
    if duration < 0 {
        out.push('-');
    }
    if all == 0 {
        return "0s".into();
    }
    if all < SECOND {
        let (unit, digits, name) = match all {
            0..1000 => (1, 0, "ns"),
            1000..1_000_000 => (1000, 3, "µs"),
            _ => (1_000_000, 6, "ms"),
        };
        let _ = write!(out, "{}", all / unit);
        fraction(&mut out, all % unit, digits);
        out.push_str(name);
        return out;
    }
    let seconds = all / SECOND;
    if seconds >= 3600 {
        let _ = write!(out, "{}h", seconds / 3600);
    }
    if seconds >= 60 {
        let _ = write!(out, "{}m", seconds / 60 % 60);
    }
    let _ = write!(out, "{}", seconds % 60);
    fraction(&mut out, all % SECOND, 9);
    out.push('s');
    out
}

fn fraction(out: &mut String, value: u64, digits: usize) {
    let text = format!("{value:0digits$}");
    let text = text.trim_end_matches('0');
    if value != 0 {
        out.push('.');
        out.push_str(text);
    }
}

/// `Duration.Round(time.Second)`
pub(in crate::template) fn round_to_seconds(duration: i64) -> i64 {
    let second = SECOND as i64;
    let rest = duration.unsigned_abs() % SECOND;
    let down = duration - duration % second;
    match (duration < 0, rest * 2 < SECOND) {
        (_, true) => down,
        (false, false) => down.checked_add(second).unwrap_or(i64::MAX),
        (true, false) => down.checked_sub(second).unwrap_or(i64::MIN),
    }
}

/// `time.ParseDuration`
pub(crate) fn parse_duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0_u64;
    while !rest.is_empty() {
        let whole = digits(rest);
        rest = &rest[whole.len()..];
        let mut parts = "";
        if let Some(after) = rest.strip_prefix('.') {
            parts = digits(after);
            rest = &after[parts.len()..];
        }
        if whole.is_empty() && parts.is_empty() {
            return None;
        }
        let end = rest.find(|next: char| next == '.' || next.is_ascii_digit()).unwrap_or(rest.len());
        let unit: u64 = match &rest[..end] {
            "ns" => 1,
            "us" | "µs" | "μs" => 1000,
            "ms" => 1_000_000,
            "s" => SECOND,
            "m" => 60 * SECOND,
            "h" => 3600 * SECOND,
            _ => return None,
        };
        rest = &rest[end..];
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let mut value = whole.checked_mul(unit).filter(|value| *value <= 1 << 63)?;
        value = value.checked_add(part_of(parts, unit))?;
        total = total.checked_add(value).filter(|total| *total <= 1 << 63)?;
    }
    if negative { Some((total as i64).wrapping_neg()) } else { i64::try_from(total).ok() }
}

/// `0.PARTS` of a unit, computed as Go does it.
fn part_of(parts: &str, unit: u64) -> u64 {
    let (mut value, mut scale) = (0_u64, 1.0_f64);
    for digit in parts.bytes() {
        if value > (i64::MAX as u64) / 10 {
            break;
        }
        value = value * 10 + u64::from(digit - b'0');
        scale *= 10.0;
    }
    (value as f64 * (unit as f64 / scale)) as u64
}

fn digits(text: &str) -> &str {
    let end = text.find(|next: char| !next.is_ascii_digit()).unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_go() {
        for (text, shown) in [
            ("1h2m3.5s", "1h2m3.5s"),
            ("90m", "1h30m0s"),
            ("-1.5h", "-1h30m0s"),
            ("1us", "1µs"),
            ("1500ns", "1.5µs"),
            ("0", "0s"),
            (".5s", "500ms"),
            ("100ms", "100ms"),
        ] {
            assert_eq!(duration_text(parse_duration(text).unwrap()), shown, "{text}");
        }
        for wrong in ["", "1", "h", "1x", "-", ".s", "9223372036854775808ns"] {
            assert!(parse_duration(wrong).is_none(), "{wrong}");
        }
    }
}
