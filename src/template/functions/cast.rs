//! Any value as a number, as spf13/cast 1.7.0 takes it: what cannot be one is 0.

use crate::template::number::{parse_float, parse_int};
use crate::template::value::Value;

/// `cast.ToInt64`
pub(super) fn int(value: &Value) -> i64 {
    match value {
        Value::Int(n) | Value::Int64(n) | Value::Month(n) | Value::Weekday(n) => *n,
        Value::Uint8(n) => i64::from(*n),
        Value::Uint64(n) => *n as i64,
        Value::Float(n) => truncate(*n),
        Value::Bool(value) => i64::from(*value),
        Value::Text(text) => {
            std::str::from_utf8(text.bytes()).ok().and_then(|text| parse_int(without_zeros(text))).unwrap_or_default()
        }
        _ => 0,
    }
}

/// `cast.ToFloat64`
pub(super) fn float(value: &Value) -> f64 {
    match value {
        Value::Float(n) => *n,
        Value::Uint64(n) => *n as f64,
        Value::Text(text) => std::str::from_utf8(text.bytes()).ok().and_then(parse_float).unwrap_or_default(),
        other => int(other) as f64,
    }
}

/// A float as an int, as the processors of today convert it for Go: out of range is the smallest one.
fn truncate(value: f64) -> i64 {
    if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value) { value as i64 } else { i64::MIN }
}

/// `1.00` is `1`.
fn without_zeros(text: &str) -> &str {
    let rest = text.trim_end_matches('0');
    match rest.strip_suffix('.') {
        Some(whole) if rest.len() < text.len() => whole,
        _ => text,
    }
}
