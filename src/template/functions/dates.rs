//! sprig's functions for dates.

use super::numbers::decimal;
use super::{Args, Function, Outcome, function};
use crate::template::error::Fault;
use crate::template::options::Env;
use crate::template::time::{Time, duration_text, parse, parse_duration, round_to_seconds};
use crate::template::value::Value;

pub(super) const TABLE: &[Function] = &[
    function("ago", "a", |env, args| {
        let time = moment(env, args.any(0));
        Ok(Value::text(duration_text(round_to_seconds(Time::now(env).since(&time)))))
    }),
    function("date", "sa", |env, args| formatted(env, args.bytes(0), args.any(1), b"Local")),
    function("dateInZone", "sas", |env, args| formatted(env, args.bytes(0), args.any(1), args.bytes(2))),
    function("dateModify", "st", modify),
    function("date_in_zone", "sas", |env, args| formatted(env, args.bytes(0), args.any(1), args.bytes(2))),
    function("date_modify", "st", modify),
    function("duration", "a", duration),
    function("durationRound", "a", duration_round),
    function("htmlDate", "a", |env, args| formatted(env, b"2006-01-02", args.any(0), b"Local")),
    function("htmlDateInZone", "as", |env, args| formatted(env, b"2006-01-02", args.any(0), args.bytes(1))),
    function("mustDateModify", "st", must_modify),
    function("mustToDate", "ss", |_, args| match parse(args.bytes(0), args.bytes(1)) {
        Some(time) => Ok(Value::Time(time)),
        None => Err(Fault::Because("that is no date of this layout")),
    }),
    function("must_date_modify", "st", must_modify),
    function("now", "", |env, _| Ok(Value::Time(Time::now(env)))),
    function("toDate", "ss", |_, args| Ok(Value::Time(parse(args.bytes(0), args.bytes(1)).unwrap_or_else(Time::zero)))),
    function("unixEpoch", "t", |_, args| match args.any(0) {
        Value::Time(time) => Ok(Value::text(time.unix().to_string())),
        other => Err(Fault::Type(other.type_name())),
    }),
];

/// A time, or seconds since 1970; anything else is now.
fn moment(env: &Env<'_>, value: &Value) -> Time {
    match value {
        Value::Time(time) => time.clone(),
        Value::Int(seconds) | Value::Int64(seconds) => Time::from_unix(*seconds),
        _ => Time::now(env),
    }
}

fn formatted(env: &Env<'_>, layout: &[u8], value: &Value, zone: &[u8]) -> Outcome {
    env.charge(layout.len().saturating_mul(4))?;
    Ok(Value::text(moment(env, value).in_zone(zone, env).format(layout).as_slice()))
}

fn modified(args: &Args) -> Result<Option<Value>, Fault> {
    let Value::Time(time) = args.any(1) else { return Err(Fault::Type(args.any(1).type_name())) };
    let duration = std::str::from_utf8(args.bytes(0)).ok().and_then(parse_duration);
    Ok(duration.map(|duration| Value::Time(time.add(duration))))
}

fn modify(_: &Env<'_>, args: &Args) -> Outcome {
    Ok(modified(args)?.unwrap_or_else(|| args.any(1).clone()))
}

fn must_modify(_: &Env<'_>, args: &Args) -> Outcome {
    modified(args)?.ok_or(Fault::Because("that is no duration"))
}

fn duration(_: &Env<'_>, args: &Args) -> Outcome {
    let seconds = match args.any(0) {
        Value::Text(text) => decimal(text.bytes(), 10, true),
        Value::Int64(seconds) => *seconds,
        _ => 0,
    };
    Ok(Value::text(duration_text(seconds.wrapping_mul(1_000_000_000))))
}

fn duration_round(env: &Env<'_>, args: &Args) -> Outcome {
    const UNITS: [(u64, &str); 6] =
        [(365 * 86_400, "y"), (30 * 86_400, "mo"), (86_400, "d"), (3600, "h"), (60, "m"), (1, "s")];
    let duration = match args.any(0) {
        Value::Text(text) => std::str::from_utf8(text.bytes()).ok().and_then(parse_duration).unwrap_or_default(),
        Value::Int64(duration) => *duration,
        Value::Time(time) => Time::now(env).since(time),
        _ => 0,
    };
    let size = duration.unsigned_abs();
    let unit = UNITS.iter().map(|(seconds, name)| (seconds * 1_000_000_000, name)).find(|(unit, _)| size > *unit);
    Ok(Value::text(unit.map_or_else(|| "0s".to_owned(), |(unit, name)| format!("{}{name}", size / unit))))
}
