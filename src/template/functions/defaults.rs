//! sprig's functions for values that may be empty.

use super::{Args, Function, Outcome, function};
use crate::template::error::Fault;
use crate::template::options::Env;
use crate::template::value::{List, Map, Value};
use crate::template::{error::Limit, format::MAX_NESTING};

pub(super) const TABLE: &[Function] = &[
    function("all", "a*", |_, args| Ok(Value::Bool(args.rest(0).iter().all(Value::truth)))),
    function("any", "a*", |_, args| Ok(Value::Bool(args.rest(0).iter().any(Value::truth)))),
    function("coalesce", "a*", |_, args| {
        Ok(args.rest(0).iter().find(|value| value.truth()).cloned().unwrap_or_default())
    }),
    function("deepCopy", "a", deep_copy),
    function("default", "aa*", |_, args| {
        let given = args.rest(1).first().filter(|value| value.truth());
        Ok(given.unwrap_or(args.any(0)).clone())
    }),
    function("empty", "a", |_, args| Ok(Value::Bool(!args.any(0).truth()))),
    function("fail", "s", |_, _| Err(Fault::Told(None))),
    function("mustDeepCopy", "a", deep_copy),
    function("ternary", "aab", |_, args| Ok(args.any(usize::from(!args.bool(2))).clone())),
];

fn deep_copy(env: &Env<'_>, args: &Args) -> Outcome {
    if args.any(0).is_nil() {
        return Err(Fault::Because("nil cannot be copied"));
    }
    copied(env, args.any(0), 0)
}

/// A value that shares no map with `value`.
pub(super) fn copied(env: &Env<'_>, value: &Value, depth: usize) -> Outcome {
    if depth > MAX_NESTING {
        return Err(Limit::Depth.into());
    }
    match value {
        Value::List(list) if !list.is_nil() => {
            env.charge_values(list.items().len())?;
            let items = list.items().iter().map(|item| copied(env, item, depth + 1)).collect::<Result<_, _>>()?;
            Ok(Value::List(List::new(list.element(), items)))
        }
        Value::Map(map) if !map.is_nil() => {
            env.charge_values(map.len())?;
            let copy = map.entries().into_iter().map(|(key, value)| Ok((key, copied(env, &value, depth + 1)?)));
            Ok(Value::Map(Map::new(map.element(), copy.collect::<Result<_, Fault>>()?)))
        }
        other => Ok(other.clone()),
    }
}
