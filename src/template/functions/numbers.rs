//! sprig's functions for numbers.

use std::fmt::Write;

use super::cast::{float, int};
use super::{Args, Function, Outcome, function, text_of};
use crate::template::error::{Fault, Limit};
use crate::template::number::parse_int_in;
use crate::template::options::Env;
use crate::template::value::{Element, List, Value};

pub(super) const TABLE: &[Function] = &[
    function("add", "a*", |env, args| Ok(fold(env, 0, args.rest(0), i64::wrapping_add))),
    function("add1", "a", |env, args| Ok(Value::Int64(int(env, args.any(0)).wrapping_add(1)))),
    function("atoi", "s", |_, args| Ok(Value::Int(decimal(args.bytes(0), 10, true)))),
    function("biggest", "aa*", |env, args| Ok(fold(env, int(env, args.any(0)), args.rest(1), i64::max))),
    function("ceil", "a", |env, args| Ok(Value::Float(float(env, args.any(0)).ceil()))),
    function("div", "aa", |env, args| divided(env, args, i64::wrapping_div)),
    function("float64", "a", |env, args| Ok(Value::Float(float(env, args.any(0))))),
    function("floor", "a", |env, args| Ok(Value::Float(float(env, args.any(0)).floor()))),
    function("int", "a", |env, args| Ok(Value::Int(int(env, args.any(0))))),
    function("int64", "a", |env, args| Ok(Value::Int64(int(env, args.any(0))))),
    function("max", "aa*", |env, args| Ok(fold(env, int(env, args.any(0)), args.rest(1), i64::max))),
    function("maxf", "aa*", |env, args| Ok(fold_floats(env, args, true))),
    function("min", "aa*", |env, args| Ok(fold(env, int(env, args.any(0)), args.rest(1), i64::min))),
    function("minf", "aa*", |env, args| Ok(fold_floats(env, args, false))),
    function("mod", "aa", |env, args| divided(env, args, i64::wrapping_rem)),
    function("mul", "aa*", |env, args| Ok(fold(env, int(env, args.any(0)), args.rest(1), i64::wrapping_mul))),
    function("round", "aif*", round),
    function("seq", "i*", seq),
    function("sub", "aa", |env, args| Ok(Value::Int64(int(env, args.any(0)).wrapping_sub(int(env, args.any(1)))))),
    function("toDecimal", "a", |env, args| Ok(Value::Int64(decimal(text_of(env, args.any(0))?.bytes(), 8, false)))),
    function("until", "i", |env, args| {
        let end = args.int(0);
        ints(env, 0, end, if end < 0 { -1 } else { 1 }).map(list)
    }),
    function("untilStep", "iii", |env, args| ints(env, args.int(0), args.int(1), args.int(2)).map(list)),
];

fn fold(env: &Env<'_>, first: i64, values: &[Value], with: fn(i64, i64) -> i64) -> Value {
    Value::Int64(values.iter().map(|value| int(env, value)).fold(first, with))
}

/// `math.Max` and `math.Min`: a NaN stays one.
fn fold_floats(env: &Env<'_>, args: &Args, max: bool) -> Value {
    let pick = |left: f64, right: f64| match (left.is_nan() || right.is_nan(), max) {
        (true, true) if left == f64::INFINITY || right == f64::INFINITY => f64::INFINITY,
        (true, false) if left == f64::NEG_INFINITY || right == f64::NEG_INFINITY => f64::NEG_INFINITY,
        (true, _) => f64::NAN,
        (false, true) => left.max(right),
        (false, false) => left.min(right),
    };
    Value::Float(args.rest(1).iter().map(|value| float(env, value)).fold(float(env, args.any(0)), pick))
}

fn divided(env: &Env<'_>, args: &Args, by: fn(i64, i64) -> i64) -> Outcome {
    match int(env, args.any(1)) {
        0 => Err(Fault::Because("it divides by zero")),
        divisor => Ok(Value::Int64(by(int(env, args.any(0)), divisor))),
    }
}

/// `strconv.ParseInt` whose errors nobody looks at: no number is 0, and one that is too large the largest one, if `clamp`.
pub(super) fn decimal(text: &[u8], radix: u32, clamp: bool) -> i64 {
    let Ok(text) = std::str::from_utf8(text) else { return 0 };
    if let Some(number) = parse_int_in(text, radix) {
        return number;
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    match (is_number && clamp, text.starts_with('-')) {
        (false, _) => 0,
        (true, true) => i64::MIN,
        (true, false) => i64::MAX,
    }
}

fn round(env: &Env<'_>, args: &Args) -> Outcome {
    let on = if args.len() > 2 { args.float(2) } else { 0.5 };
    let power = 10_f64.powf(args.int(1) as f64);
    let digit = power * float(env, args.any(0));
    let rounded = if digit - digit.trunc() >= on { digit.ceil() } else { digit.floor() };
    Ok(Value::Float(rounded / power))
}

fn list(numbers: Vec<i64>) -> Value {
    Value::List(List::new(Element::Int, numbers.into_iter().map(Value::Int).collect()))
}

/// The numbers from `start` to `end`, without `end`.
fn ints(env: &Env<'_>, start: i64, end: i64, step: i64) -> Result<Vec<i64>, Fault> {
    let down = end < start;
    if (down && step >= 0) || (!down && step <= 0) {
        return Ok(vec![]);
    }
    let count = start.abs_diff(end).div_ceil(step.unsigned_abs());
    let count = usize::try_from(count).map_err(|_| Limit::Memory)?;
    env.charge_values(count)?;
    Ok((0..count as i64).map(|at| start + at * step).collect())
}

fn seq(env: &Env<'_>, args: &Args) -> Outcome {
    let away = |start: i64, end: i64| if end < start { -1 } else { 1 };
    let (start, step, end) = match args.len() {
        1 => (1, away(1, args.int(0)), args.int(0)),
        2 => (args.int(0), away(args.int(0), args.int(1)), args.int(1)),
        3 if args.int(2) < args.int(0) && args.int(1) > 0 => return Ok(Value::text("")),
        3 => (args.int(0), args.int(1), args.int(2)),
        _ => return Ok(Value::text("")),
    };
    let numbers = ints(env, start, end.wrapping_add(away(start, end)), step)?;
    env.text(|out| {
        for (at, number) in numbers.iter().enumerate() {
            let _ = write!(out, "{}{number}", if at > 0 { " " } else { "" });
        }
    })
}
