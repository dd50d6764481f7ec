//! Any value as a number, as spf13/cast takes it: what cannot be one is 0. sprig 3.3.0 comes with cast 1.7, External Secrets
//! with 1.10, which takes `1.9` for the integer 1, and knows durations.

use crate::template::number::{parse_float, parse_int};
use crate::template::options::{Env, FunctionSet};
use crate::template::value::Value;

/// `cast.ToInt64`
pub(super) fn int(env: &Env<'_>, value: &Value) -> i64 {
    let new = env.options.functions == FunctionSet::ExternalSecrets;
    match value {
        Value::Duration(n) if new => *n,
        Value::Int(n) | Value::Int64(n) | Value::Month(n) | Value::Weekday(n) => *n,
        Value::Uint8(n) => i64::from(*n),
        Value::Uint64(n) => *n as i64,
        Value::Float(n) => truncate(*n),
        Value::Bool(value) => i64::from(*value),
        Value::Text(text) => {
            let whole = if new { without_fraction } else { without_zeros };
            std::str::from_utf8(text.bytes()).ok().and_then(|text| parse_int(whole(text))).unwrap_or_default()
        }
        _ => 0,
    }
}

/// `cast.ToFloat64`
pub(super) fn float(env: &Env<'_>, value: &Value) -> f64 {
    match value {
        Value::Float(n) => *n,
        Value::Uint64(n) => *n as f64,
        Value::Text(text) => std::str::from_utf8(text.bytes()).ok().and_then(parse_float).unwrap_or_default(),
        other => int(env, other) as f64,
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

/// `1.9` is `1`, and `.5` is `0`.
fn without_fraction(text: &str) -> &str {
    let Some((whole, fraction)) = text.split_once('.') else { return text };
    let digits = whole.strip_prefix(['-', '+']).unwrap_or(whole);
    let is_number = digits.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    match (is_number, digits) {
        (false, _) => text,
        (true, "") => "0",
        (true, _) => whole,
    }
}
