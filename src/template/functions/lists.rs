//! sprig's functions for lists.

use super::cast;
use super::reflection::deep_equal;
use super::{Args, Function, Outcome, function};
use crate::template::error::{Fault, Limit};
use crate::template::options::Env;
use crate::template::value::{Element, List, Value};

pub(super) const TABLE: &[Function] = &[
    function("append", "aa", push),
    function("chunk", "ia", chunk),
    function("compact", "a", compact),
    function("concat", "a*", concat),
    function("first", "a", |_, args| Ok(items(args, 0)?.first().cloned().unwrap_or_default())),
    function("has", "aa", has),
    function("initial", "a", |env, args| part(env, args, |items| &items[..items.len() - 1])),
    function("last", "a", |_, args| Ok(items(args, 0)?.last().cloned().unwrap_or_default())),
    function("list", "a*", |_, args| Ok(Value::list(args.rest(0).to_vec()))),
    function("mustAppend", "aa", push),
    function("mustChunk", "ia", chunk),
    function("mustCompact", "a", compact),
    function("mustFirst", "a", |_, args| Ok(items(args, 0)?.first().cloned().unwrap_or_default())),
    function("mustHas", "aa", has),
    function("mustInitial", "a", |env, args| part(env, args, |items| &items[..items.len() - 1])),
    function("mustLast", "a", |_, args| Ok(items(args, 0)?.last().cloned().unwrap_or_default())),
    function("mustPrepend", "aa", prepend),
    function("mustPush", "aa", push),
    function("mustRest", "a", |env, args| part(env, args, |items| &items[1..])),
    function("mustReverse", "a", reverse),
    function("mustSlice", "aa*", slice),
    function("mustUniq", "a", uniq),
    function("mustWithout", "aa*", without),
    function("prepend", "aa", prepend),
    function("push", "aa", push),
    function("rest", "a", |env, args| part(env, args, |items| &items[1..])),
    function("reverse", "a", reverse),
    function("slice", "aa*", slice),
    function("tuple", "a*", |_, args| Ok(Value::list(args.rest(0).to_vec()))),
    function("uniq", "a", uniq),
    function("without", "aa*", without),
];

fn items(args: &Args, at: usize) -> Result<&[Value], Fault> {
    match args.any(at) {
        Value::List(list) => Ok(list.items()),
        other => Err(Fault::Type(other.type_name())),
    }
}

fn made(env: &Env<'_>, items: Vec<Value>) -> Outcome {
    env.charge_values(items.len())?;
    Ok(Value::list(items))
}

fn push(env: &Env<'_>, args: &Args) -> Outcome {
    made(env, items(args, 0)?.iter().chain(args.rest(1)).cloned().collect())
}

fn prepend(env: &Env<'_>, args: &Args) -> Outcome {
    made(env, args.rest(1).iter().chain(items(args, 0)?).cloned().collect())
}

/// A part of a list; that of an empty one is nil.
fn part(env: &Env<'_>, args: &Args, part: fn(&[Value]) -> &[Value]) -> Outcome {
    match items(args, 0)? {
        [] => Ok(Value::List(List::nil(Element::Any))),
        items => made(env, part(items).to_vec()),
    }
}

fn chunk(env: &Env<'_>, args: &Args) -> Outcome {
    let items = items(args, 1)?;
    let size = usize::try_from(args.int(0)).ok().filter(|size| *size > 0);
    let size = size.ok_or(Fault::Because("the size of a chunk is not positive"))?;
    let chunks = items.chunks(size).map(|chunk| made(env, chunk.to_vec())).collect::<Result<_, _>>()?;
    Ok(Value::List(List::new(Element::List, chunks)))
}

fn reverse(env: &Env<'_>, args: &Args) -> Outcome {
    made(env, items(args, 0)?.iter().rev().cloned().collect())
}

fn compact(env: &Env<'_>, args: &Args) -> Outcome {
    made(env, items(args, 0)?.iter().filter(|item| item.truth()).cloned().collect())
}

/// Whether `list` has the value; it takes a step for each comparison.
fn contains(env: &Env<'_>, list: &[Value], wanted: &Value) -> Result<bool, Limit> {
    for item in list {
        env.step(1)?;
        if deep_equal(env, wanted, item, 0)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn uniq(env: &Env<'_>, args: &Args) -> Outcome {
    let mut kept = vec![];
    for item in items(args, 0)? {
        if !contains(env, &kept, item)? {
            kept.push(item.clone());
        }
    }
    made(env, kept)
}

fn without(env: &Env<'_>, args: &Args) -> Outcome {
    let mut kept = vec![];
    for item in items(args, 0)? {
        if !contains(env, args.rest(1), item)? {
            kept.push(item.clone());
        }
    }
    made(env, kept)
}

fn has(env: &Env<'_>, args: &Args) -> Outcome {
    if args.any(1).is_nil() {
        return Ok(Value::Bool(false));
    }
    Ok(Value::Bool(contains(env, items(args, 1)?, args.any(0))?))
}

fn slice(env: &Env<'_>, args: &Args) -> Outcome {
    let Value::List(list) = args.any(0) else { return Err(Fault::Type(args.any(0).type_name())) };
    if list.items().is_empty() {
        return Ok(Value::Nil);
    }
    let bound = |at: usize, otherwise: usize| match args.rest(at).first() {
        Some(value) => usize::try_from(cast::int(env, value)).ok(),
        None => Some(otherwise),
    };
    let part = match (bound(1, 0), bound(2, list.items().len())) {
        (Some(start), Some(end)) => list.items().get(start..end),
        _ => None,
    };
    let part = part.ok_or(Fault::Because("the bounds are out of range"))?;
    env.charge_values(part.len())?;
    Ok(Value::List(List::new(list.element(), part.to_vec())))
}

fn concat(env: &Env<'_>, args: &Args) -> Outcome {
    let mut all = vec![];
    for at in 0..args.len() {
        let items = items(args, at)?;
        env.charge_values(items.len())?;
        all.extend_from_slice(items);
    }
    Ok(Value::List(if all.is_empty() { List::nil(Element::Any) } else { List::new(Element::Any, all) }))
}
