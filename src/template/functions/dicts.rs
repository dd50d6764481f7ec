//! sprig's functions for dicts. A dict is changed in place.

use std::collections::BTreeMap;

use super::{Args, Function, Outcome, function, text_of};
use crate::template::error::{Fault, Limit};
use crate::template::format::MAX_NESTING;
use crate::template::options::Env;
use crate::template::text::Text;
use crate::template::value::{Element, Map, Value};

pub(super) const TABLE: &[Function] = &[
    function("dict", "a*", dict),
    function("dig", "a*", dig),
    function("get", "ds", |_, args| Ok(entry(args, 0, args.bytes(1)).unwrap_or_else(|| Value::text("")))),
    function("hasKey", "ds", |_, args| Ok(Value::Bool(entry(args, 0, args.bytes(1)).is_some()))),
    function("keys", "d*", keys),
    function("merge", "dd*", |env, args| merge(env, args, false)),
    function("mergeOverwrite", "dd*", |env, args| merge(env, args, true)),
    function("mustMerge", "dd*", |env, args| merge(env, args, false)),
    function("mustMergeOverwrite", "dd*", |env, args| merge(env, args, true)),
    function("omit", "ds*", |env, args| filtered(env, args, false)),
    function("pick", "ds*", |env, args| filtered(env, args, true)),
    function("pluck", "sd*", pluck),
    function("set", "dsa", set),
    function("unset", "ds", |_, args| {
        if let Some(map) = args.dict(0) {
            map.remove(args.bytes(1));
        }
        Ok(args.any(0).clone())
    }),
    function("values", "d", values),
];

fn entry(args: &Args, at: usize, key: &[u8]) -> Option<Value> {
    args.dict(at).and_then(|map| map.get(key))
}

fn dict(env: &Env<'_>, args: &Args) -> Outcome {
    let mut entries = BTreeMap::new();
    for pair in args.rest(0).chunks(2) {
        let value = pair.get(1).cloned().unwrap_or_else(|| Value::text(""));
        entries.insert(text_of(env, &pair[0])?, value);
    }
    env.charge_values(entries.len())?;
    Ok(Value::Map(Map::new(Element::Any, entries)))
}

/// Sets an entry, unless the map would then be inside of itself.
fn insert(env: &Env<'_>, map: &Map, key: Text, value: Value) -> Result<(), Fault> {
    if map.is_nil() {
        return Err(Fault::Because("nothing can be set in nil"));
    }
    if map.element() == Element::Text && !matches!(value, Value::Text(_)) {
        return Err(Fault::Type(value.type_name()));
    }
    if is_inside(env, map, &value, 0)? {
        return Err(Fault::Because("a dict cannot be inside of itself"));
    }
    env.charge_values(1)?;
    map.insert(key, value);
    Ok(())
}

fn is_inside(env: &Env<'_>, map: &Map, value: &Value, depth: usize) -> Result<bool, Limit> {
    if depth > MAX_NESTING {
        return Err(Limit::Depth);
    }
    match value {
        Value::Map(other) if other.is(map) => return Ok(true),
        Value::Map(other) => {
            env.step(other.len())?;
            for (_, item) in other.entries() {
                if is_inside(env, map, &item, depth + 1)? {
                    return Ok(true);
                }
            }
        }
        Value::List(list) => {
            env.step(list.items().len())?;
            for item in list.items() {
                if is_inside(env, map, item, depth + 1)? {
                    return Ok(true);
                }
            }
        }
        _ => {}
    }
    Ok(false)
}

fn set(env: &Env<'_>, args: &Args) -> Outcome {
    if let Some(map) = args.dict(0) {
        insert(env, map, args.text(1), args.any(2).clone())?;
    }
    Ok(args.any(0).clone())
}

fn pluck(env: &Env<'_>, args: &Args) -> Outcome {
    env.charge_values(args.len())?;
    Ok(Value::list((1..args.len()).filter_map(|at| entry(args, at, args.bytes(0))).collect()))
}

fn keys(env: &Env<'_>, args: &Args) -> Outcome {
    let mut keys = vec![];
    for at in 0..args.len() {
        let entries = args.dict(at).map(Map::entries).unwrap_or_default();
        env.charge_values(entries.len())?;
        keys.extend(entries.into_iter().map(|(key, _)| key));
    }
    Ok(Value::text_list(keys))
}

fn values(env: &Env<'_>, args: &Args) -> Outcome {
    let entries = args.dict(0).map(Map::entries).unwrap_or_default();
    env.charge_values(entries.len())?;
    Ok(Value::list(entries.into_iter().map(|(_, value)| value).collect()))
}

/// A dict with only these keys, or without them.
fn filtered(env: &Env<'_>, args: &Args, keep: bool) -> Outcome {
    let entries = args.dict(0).map(Map::entries).unwrap_or_default();
    env.charge_values(entries.len())?;
    let named: std::collections::BTreeSet<&[u8]> = (1..args.len()).map(|at| args.bytes(at)).collect();
    let kept = entries.into_iter().filter(|(key, _)| named.contains(key.bytes()) == keep);
    Ok(Value::Map(Map::new(Element::Any, kept.collect())))
}

fn dig(_: &Env<'_>, args: &Args) -> Outcome {
    let [keys @ .., otherwise, last] = args.rest(0) else {
        return Err(Fault::Because("it takes at least three arguments"));
    };
    if keys.is_empty() {
        return Err(Fault::Because("it takes at least three arguments"));
    }
    let mut keys = keys.iter().map(|key| match key {
        Value::Text(key) => Ok(key),
        other => Err(Fault::Type(other.type_name())),
    });
    let keys = keys.by_ref().collect::<Result<Vec<_>, _>>()?;
    let mut value = last.clone();
    for key in keys {
        let map = match &value {
            Value::Map(map) if map.element() == Element::Any => map,
            other => return Err(Fault::Type(other.type_name())),
        };
        let Some(next) = map.get(key.bytes()) else { return Ok(otherwise.clone()) };
        value = next;
    }
    Ok(value)
}

/// `mergo.Merge`, or with `overwrite` `mergo.MergeWithOverwrite`, of mergo 1.0.1.
fn merge(env: &Env<'_>, args: &Args, overwrite: bool) -> Outcome {
    let Some(mut into) = args.dict(0).cloned() else { return Ok(args.any(0).clone()) };
    for at in 1..args.len() {
        let Some(from) = args.dict(at).filter(|from| !from.is_nil()) else { continue };
        if into.is_nil() {
            into = Map::new(Element::Any, BTreeMap::new());
        }
        merge_into(env, &into, from, overwrite, 0)?;
    }
    Ok(Value::Map(into))
}

fn merge_into(env: &Env<'_>, into: &Map, from: &Map, overwrite: bool, depth: usize) -> Result<(), Fault> {
    if depth > MAX_NESTING {
        return Err(Limit::Depth.into());
    }
    if into.is(from) {
        return Ok(());
    }
    for (key, value) in from.entries() {
        env.step(1)?;
        let old = into.get(key.bytes());
        if value.is_nil() {
            if overwrite {
                insert(env, into, key, value)?;
            }
            continue;
        }
        let occupied = old.as_ref().is_some_and(Value::truth);
        match (&old, &value) {
            (Some(Value::Map(old)), Value::Map(new)) => {
                merge_into(env, old, new, overwrite, depth + 1)?;
                // what was empty is the other map from now on, but not if it was filled
                if occupied {
                    continue;
                }
            }
            (Some(_), Value::List(_)) if occupied && !overwrite => continue,
            _ => {}
        }
        if overwrite || !occupied {
            insert(env, into, key, value)?;
        }
    }
    Ok(())
}
