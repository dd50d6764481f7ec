//! The functions of Go's text/template.

use super::{Args, Function, Outcome, compare, function};
use crate::template::error::Fault;
use crate::template::escape;
use crate::template::format;
use crate::template::options::Env;
use crate::template::text::{Buffer, Text};
use crate::template::value::{List, Value};

/// `and` and `or` are here for their arity only: the evaluator has them, because they do not evaluate all arguments.
pub(super) const TABLE: &[Function] = &[
    function("and", "rr*", |_, _| Err(Fault::Unsupported)),
    function("or", "rr*", |_, _| Err(Fault::Unsupported)),
    function("call", "rr*", call),
    function("eq", "rr*", compare::eq),
    function("ge", "rr", compare::ge),
    function("gt", "rr", compare::gt),
    function("html", "a*", |env, args| escaped(env, args, escape::html)),
    function("index", "rr*", index),
    function("js", "a*", |env, args| escaped(env, args, escape::js)),
    function("le", "rr", compare::le),
    function("len", "r", len),
    function("lt", "rr", compare::lt),
    function("ne", "rr", compare::ne),
    function("not", "r", |_, args| Ok(Value::Bool(!args.any(0).truth()))),
    function("print", "a*", print),
    function("printf", "sa*", printf),
    function("println", "a*", println),
    function("slice", "rr*", slice),
    function("urlquery", "a*", |env, args| escaped(env, args, escape::url_query)),
];

fn call(_: &Env<'_>, args: &Args) -> Outcome {
    // no value is a function
    Err(Fault::Type(args.any(0).type_name()))
}

fn print(env: &Env<'_>, args: &Args) -> Outcome {
    let mut out = env.buffer();
    format::print(&mut out, args.rest(0))?;
    Ok(Value::Text(env.finish(out)?))
}

fn println(env: &Env<'_>, args: &Args) -> Outcome {
    let mut out = env.buffer();
    format::println(&mut out, args.rest(0))?;
    Ok(Value::Text(env.finish(out)?))
}

fn printf(env: &Env<'_>, args: &Args) -> Outcome {
    let mut out = env.buffer();
    format::printf(&mut out, args.bytes(0), args.rest(1))?;
    Ok(Value::Text(env.finish(out)?))
}

fn escaped(env: &Env<'_>, args: &Args, escape: fn(&mut Buffer, &[u8])) -> Outcome {
    let mut plain = env.buffer();
    match args.rest(0) {
        [Value::Text(text)] => plain.push(text.bytes()),
        values => {
            let missing = || Value::text("<no value>");
            let values: Vec<_> =
                values.iter().map(|value| if value.is_nil() { missing() } else { value.clone() }).collect();
            format::print(&mut plain, &values)?;
        }
    }
    let plain = env.finish(plain)?;
    let mut out = env.buffer();
    escape(&mut out, plain.bytes());
    Ok(Value::Text(env.finish(out)?))
}

fn len(_: &Env<'_>, args: &Args) -> Outcome {
    let length = match args.any(0) {
        Value::Text(text) => text.bytes().len(),
        Value::List(list) => list.items().len(),
        Value::Map(map) => map.len(),
        other => return Err(Fault::Type(other.type_name())),
    };
    Ok(Value::Int(length as i64))
}

/// An index as a number up to `limit`.
fn position(index: &Value, limit: usize) -> Result<usize, Fault> {
    let index = match (index.signed(), index.unsigned()) {
        (Some(index), _) => usize::try_from(index).ok(),
        (_, Some(index)) => usize::try_from(index).ok(),
        _ => return Err(Fault::Type(index.type_name())),
    };
    index.filter(|index| *index <= limit).ok_or(Fault::Because("the index is out of range"))
}

fn index(_: &Env<'_>, args: &Args) -> Outcome {
    let out_of_range = Fault::Because("the index is out of range");
    let mut item = args.any(0).clone();
    if item.is_nil() {
        return Err(Fault::Because("nil has no elements"));
    }
    for index in args.rest(1) {
        item = match &item {
            Value::Text(text) => {
                let at = position(index, text.bytes().len())?;
                Value::Uint8(*text.bytes().get(at).ok_or(out_of_range.clone())?)
            }
            Value::List(list) => {
                let at = position(index, list.items().len())?;
                list.items().get(at).ok_or(out_of_range.clone())?.clone()
            }
            Value::Map(map) => match index {
                Value::Text(key) => map.get(key.bytes()).unwrap_or_else(|| map.element().zero()),
                other => return Err(Fault::Type(other.type_name())),
            },
            other => return Err(Fault::Type(other.type_name())),
        };
    }
    Ok(item)
}

fn slice(env: &Env<'_>, args: &Args) -> Outcome {
    let indexes = args.rest(1);
    let length = match args.any(0) {
        Value::Text(text) if indexes.len() <= 2 => text.bytes().len(),
        Value::List(list) if indexes.len() <= 3 => list.items().len(),
        Value::Text(_) | Value::List(_) => return Err(Fault::Because("there are too many indexes")),
        other => return Err(Fault::Type(other.type_name())),
    };
    let mut bounds = [0, length, length];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        *bound = position(index, length)?;
    }
    let [start, end, capacity] = bounds;
    if start > end || end > capacity {
        return Err(Fault::Because("an index is larger than the next one"));
    }
    match args.any(0) {
        Value::List(list) => {
            env.charge_values(end - start)?;
            Ok(Value::List(List::new(list.element(), list.items()[start..end].to_vec())))
        }
        _ => Ok(Value::Text(Text::from(&args.bytes(0)[start..end]))),
    }
}
