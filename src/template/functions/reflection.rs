//! sprig's functions for types, and Go's deep equality.

use super::{Function, function};
use crate::template::error::Limit;
use crate::template::format::MAX_NESTING;
use crate::template::options::Env;
use crate::template::value::Value;

pub(super) const TABLE: &[Function] = &[
    function("deepEqual", "aa", |env, args| Ok(Value::Bool(deep_equal(env, args.any(0), args.any(1), 0)?))),
    function("kindIs", "sa", |_, args| Ok(Value::Bool(args.any(1).kind().as_bytes() == args.bytes(0)))),
    function("kindOf", "a", |_, args| Ok(Value::text(args.any(0).kind()))),
    function("typeIs", "sa", |_, args| Ok(Value::Bool(args.any(1).type_name().as_bytes() == args.bytes(0)))),
    function("typeIsLike", "sa", |_, args| {
        let name = args.any(1).type_name();
        let pointed_to = name.strip_prefix('*').map(str::as_bytes);
        Ok(Value::Bool(name.as_bytes() == args.bytes(0) || pointed_to == Some(args.bytes(0))))
    }),
    function("typeOf", "a", |_, args| Ok(Value::text(args.any(0).type_name()))),
];

/// `reflect.DeepEqual`
pub(super) fn deep_equal(env: &Env<'_>, left: &Value, right: &Value, depth: usize) -> Result<bool, Limit> {
    if depth > MAX_NESTING {
        return Err(Limit::Depth);
    }
    Ok(match (left, right) {
        (Value::Nil | Value::Missing, Value::Nil | Value::Missing) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Int(left), Value::Int(right))
        | (Value::Int64(left), Value::Int64(right))
        | (Value::Duration(left), Value::Duration(right))
        | (Value::Month(left), Value::Month(right))
        | (Value::Weekday(left), Value::Weekday(right)) => left == right,
        (Value::Uint8(left), Value::Uint8(right)) => left == right,
        (Value::Uint64(left), Value::Uint64(right)) => left == right,
        (Value::Float(left), Value::Float(right)) => left == right,
        (Value::Complex(left, left_i), Value::Complex(right, right_i)) => left == right && left_i == right_i,
        (Value::Text(left), Value::Text(right)) => left == right,
        (Value::Time(left), Value::Time(right)) => left == right,
        (Value::Version(left), Value::Version(right)) => left == right,
        (Value::Error(left), Value::Error(right)) => left == right,
        (Value::Certificate(left, left_key), Value::Certificate(right, right_key)) => {
            left == right && left_key == right_key
        }
        (Value::List(left), Value::List(right)) => {
            if left.element() != right.element()
                || left.is_nil() != right.is_nil()
                || left.items().len() != right.items().len()
            {
                return Ok(false);
            }
            env.step(left.items().len())?;
            for (left, right) in left.items().iter().zip(right.items()) {
                if !deep_equal(env, left, right, depth + 1)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Map(left), Value::Map(right)) => {
            if left.element() != right.element() || left.is_nil() != right.is_nil() || left.len() != right.len() {
                return Ok(false);
            }
            env.step(left.len())?;
            for ((left_key, left), (right_key, right)) in left.entries().iter().zip(right.entries()) {
                if left_key != &right_key || !deep_equal(env, left, &right, depth + 1)? {
                    return Ok(false);
                }
            }
            true
        }
        _ => false,
    })
}
