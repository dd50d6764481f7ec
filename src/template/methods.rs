//! Methods of values: those of times, durations and versions.

use super::error::Fault;
use super::functions::{Args, Function, Outcome, function};
use super::options::Env;
use super::time::Time;
use super::value::Value;

/// The method of `value` with this name. Its first argument is the value itself.
pub(super) fn find(value: &Value, name: &str) -> Option<&'static Function> {
    let table = match value {
        Value::Time(_) => TIME,
        Value::Duration(_) => DURATION,
        Value::Month(_) | Value::Weekday(_) => NAMED,
        Value::Version(_) => VERSION,
        Value::Error(_) => ERROR,
        _ => return None,
    };
    table.iter().find(|method| method.name == name)
}

const TIME: &[Function] = &[
    function("Add", "n", |_, args| Ok(Value::Time(time(args, 0)?.add(args.int(1))))),
    function("AddDate", "iii", |_, args| {
        Ok(Value::Time(time(args, 0)?.add_date(args.int(1), args.int(2), args.int(3))))
    }),
    function("After", "t", |_, args| Ok(Value::Bool(time(args, 0)?.since(time(args, 1)?) > 0))),
    function("Before", "t", |_, args| Ok(Value::Bool(time(args, 0)?.since(time(args, 1)?) < 0))),
    function("Compare", "t", |_, args| Ok(Value::Int(time(args, 0)?.since(time(args, 1)?).signum()))),
    function("Day", "", |_, args| field(args, 2)),
    function("Equal", "t", |_, args| Ok(Value::Bool(time(args, 0)?.since(time(args, 1)?) == 0))),
    function("Format", "s", |_, args| Ok(Value::text(time(args, 0)?.format(args.bytes(1)).as_slice()))),
    function("Hour", "", |_, args| field(args, 5)),
    function("IsZero", "", |_, args| {
        let time = time(args, 0)?;
        Ok(Value::Bool(time.unix() == Time::zero().unix() && time.nanosecond() == 0))
    }),
    function("Local", "", |_, args| Ok(Value::Time(time(args, 0)?.utc()))),
    function("Minute", "", |_, args| field(args, 6)),
    function("Month", "", |_, args| Ok(Value::Month(time(args, 0)?.fields()[1]))),
    function("Nanosecond", "", |_, args| Ok(Value::Int(time(args, 0)?.nanosecond().into()))),
    function("Second", "", |_, args| field(args, 7)),
    function("String", "", |_, args| Ok(Value::text(time(args, 0)?.to_string()))),
    function("Sub", "t", |_, args| Ok(Value::Duration(time(args, 0)?.since(time(args, 1)?)))),
    function("UTC", "", |_, args| Ok(Value::Time(time(args, 0)?.utc()))),
    function("Unix", "", |_, args| Ok(Value::Int64(time(args, 0)?.unix()))),
    function("UnixMicro", "", |_, args| unix(args, 1_000_000)),
    function("UnixMilli", "", |_, args| unix(args, 1000)),
    function("UnixNano", "", |_, args| unix(args, 1_000_000_000)),
    function("Weekday", "", |_, args| Ok(Value::Weekday(time(args, 0)?.fields()[4]))),
    function("Year", "", |_, args| field(args, 0)),
    function("YearDay", "", |_, args| field(args, 3)),
];

const DURATION: &[Function] = &[
    function("Abs", "", |_, args| Ok(Value::Duration(args.int(0).saturating_abs()))),
    function("Hours", "", |_, args| float(args, 3_600_000_000_000)),
    function("Microseconds", "", |_, args| Ok(Value::Int64(args.int(0) / 1000))),
    function("Milliseconds", "", |_, args| Ok(Value::Int64(args.int(0) / 1_000_000))),
    function("Minutes", "", |_, args| float(args, 60_000_000_000)),
    function("Nanoseconds", "", |_, args| Ok(Value::Int64(args.int(0)))),
    function("Seconds", "", |_, args| float(args, 1_000_000_000)),
    function("String", "", own_text),
];

const NAMED: &[Function] = &[function("String", "", own_text)];

const ERROR: &[Function] = &[function("Error", "", own_text)];

const VERSION: &[Function] = &[
    function("Major", "", |_, args| number(args, |version| version.major)),
    function("Metadata", "", |_, args| part(args, |version| version.metadata.clone())),
    function("Minor", "", |_, args| number(args, |version| version.minor)),
    function("Original", "", |_, args| part(args, |version| version.original.clone())),
    function("Patch", "", |_, args| number(args, |version| version.patch)),
    function("Prerelease", "", |_, args| part(args, |version| version.prerelease.clone())),
    function("String", "", own_text),
    function("Compare", "v", compare),
    function("Equal", "v", |env, args| Ok(Value::Bool(compare(env, args)?.signed() == Some(0)))),
    function("GreaterThan", "v", |env, args| Ok(Value::Bool(compare(env, args)?.signed() == Some(1)))),
    function("LessThan", "v", |env, args| Ok(Value::Bool(compare(env, args)?.signed() == Some(-1)))),
];

fn time(args: &Args, at: usize) -> Result<&Time, Fault> {
    match args.any(at) {
        Value::Time(time) => Ok(time),
        other => Err(Fault::Type(other.type_name())),
    }
}

fn field(args: &Args, at: usize) -> Outcome {
    Ok(Value::Int(time(args, 0)?.fields()[at]))
}

fn unix(args: &Args, scale: i64) -> Outcome {
    let time = time(args, 0)?;
    let parts = i64::from(time.nanosecond()) / (1_000_000_000 / scale);
    Ok(Value::Int64(time.unix().wrapping_mul(scale).wrapping_add(parts)))
}

fn float(args: &Args, unit: i64) -> Outcome {
    let duration = args.int(0);
    Ok(Value::Float((duration / unit) as f64 + (duration % unit) as f64 / unit as f64))
}

fn own_text(_: &Env<'_>, args: &Args) -> Outcome {
    Ok(Value::Text(super::format::own_text(args.any(0)).unwrap_or_default()))
}

fn version(args: &Args, at: usize) -> Result<&super::semver::Version, Fault> {
    match args.any(at) {
        Value::Version(version) => Ok(version),
        other => Err(Fault::Type(other.type_name())),
    }
}

fn number(args: &Args, of: fn(&super::semver::Version) -> u64) -> Outcome {
    Ok(Value::Uint64(of(version(args, 0)?)))
}

fn part(args: &Args, of: fn(&super::semver::Version) -> String) -> Outcome {
    Ok(Value::text(of(version(args, 0)?)))
}

fn compare(_: &Env<'_>, args: &Args) -> Outcome {
    Ok(Value::Int(version(args, 0)?.compare(version(args, 1)?) as i64))
}
