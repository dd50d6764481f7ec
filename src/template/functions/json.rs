//! sprig's functions for JSON.

use super::{Args, Function, Outcome, function};
use crate::template::error::Fault;
use crate::template::json::{self, Style};
use crate::template::options::Env;
use crate::template::value::Value;

pub(super) const TABLE: &[Function] = &[
    function("fromJson", "s", |env, args| match from(env, args) {
        Err(Fault::Because(_)) => Ok(Value::Nil),
        outcome => outcome.map(|(value, _)| value),
    }),
    function("mustFromJson", "s", |env, args| match from(env, args)? {
        (value, false) => Ok(value),
        _ => Err(Fault::Because("a number is too large")),
    }),
    function("mustToJson", "a", |env, args| to(env, args, Style::Compact)),
    function("mustToPrettyJson", "a", |env, args| to(env, args, Style::Pretty)),
    function("mustToRawJson", "a", |env, args| to(env, args, Style::Raw)),
    function("toJson", "a", |env, args| or_nothing(to(env, args, Style::Compact))),
    function("toPrettyJson", "a", |env, args| or_nothing(to(env, args, Style::Pretty))),
    function("toRawJson", "a", |env, args| to(env, args, Style::Raw)),
];

/// Functions that do not look at their errors.
fn or_nothing(outcome: Outcome) -> Outcome {
    match outcome {
        Err(Fault::Because(_) | Fault::Type(_)) => Ok(Value::text("")),
        outcome => outcome,
    }
}

fn from(env: &Env<'_>, args: &Args) -> Result<(Value, bool), Fault> {
    json::decode(args.bytes(0), |count| env.charge_values(count))
}

fn to(env: &Env<'_>, args: &Args, style: Style) -> Outcome {
    let mut out = env.buffer();
    json::encode(&mut out, args.any(0), style)?;
    Ok(Value::Text(env.finish(out)?))
}
