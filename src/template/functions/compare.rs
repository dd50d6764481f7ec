//! Comparisons as `text/template/funcs.go` of Go 1.26 has them.

use std::sync::Arc;

use super::{Args, Outcome};
use crate::template::error::Fault;
use crate::template::options::Env;
use crate::template::value::Value;

#[derive(Clone, Copy, PartialEq)]
enum Basic<'a> {
    Bool(bool),
    Complex(f64, f64),
    Int(i64),
    Float(f64),
    Text(&'a [u8]),
    Uint(u64),
}

fn basic(value: &Value) -> Option<Basic<'_>> {
    Some(match value {
        Value::Bool(value) => Basic::Bool(*value),
        Value::Complex(real, imaginary) => Basic::Complex(*real, *imaginary),
        Value::Float(value) => Basic::Float(*value),
        Value::Text(text) => Basic::Text(text.bytes()),
        _ => match (value.signed(), value.unsigned()) {
            (Some(int), _) => Basic::Int(int),
            (_, Some(uint)) => Basic::Uint(uint),
            _ => return None,
        },
    })
}

fn incomparable(left: &Value, right: &Value) -> Fault {
    Fault::Compare(left.type_name(), right.type_name())
}

fn is_nil(value: &Value) -> bool {
    match value {
        Value::List(list) => list.is_nil(),
        Value::Map(map) => map.is_nil(),
        value => value.is_nil(),
    }
}

fn equal(left: &Value, right: &Value) -> Result<bool, Fault> {
    match (basic(left), basic(right)) {
        (Some(Basic::Int(int)), Some(Basic::Uint(uint))) | (Some(Basic::Uint(uint)), Some(Basic::Int(int))) => {
            Ok(u64::try_from(int) == Ok(uint))
        }
        (Some(left_basic), Some(right_basic)) => {
            if std::mem::discriminant(&left_basic) == std::mem::discriminant(&right_basic) {
                Ok(left_basic == right_basic)
            } else {
                Err(incomparable(left, right))
            }
        }
        (Some(_), None) if right.is_nil() => Ok(false),
        (None, Some(_)) if left.is_nil() => Ok(false),
        (None, None) => {
            if left.kind() != right.kind() && !left.is_nil() && !right.is_nil() {
                return Err(incomparable(left, right));
            }
            if is_nil(left) || is_nil(right) {
                return Ok(is_nil(left) == is_nil(right));
            }
            match (left, right) {
                (Value::Time(left), Value::Time(right)) => Ok(left == right),
                (Value::Version(left), Value::Version(right)) => Ok(Arc::ptr_eq(left, right)),
                (Value::Version(_) | Value::Error(_), _) => Ok(false),
                _ => Err(incomparable(left, right)),
            }
        }
        _ => Err(incomparable(left, right)),
    }
}

fn less(left: &Value, right: &Value) -> Result<bool, Fault> {
    match (basic(left), basic(right)) {
        (Some(Basic::Int(left)), Some(Basic::Int(right))) => Ok(left < right),
        (Some(Basic::Uint(left)), Some(Basic::Uint(right))) => Ok(left < right),
        (Some(Basic::Int(left)), Some(Basic::Uint(right))) => {
            Ok(u64::try_from(left).is_ok_and(|left| left < right) || left < 0)
        }
        (Some(Basic::Uint(left)), Some(Basic::Int(right))) => Ok(u64::try_from(right).is_ok_and(|right| left < right)),
        (Some(Basic::Float(left)), Some(Basic::Float(right))) => Ok(left < right),
        (Some(Basic::Text(left)), Some(Basic::Text(right))) => Ok(left < right),
        _ => Err(incomparable(left, right)),
    }
}

fn less_or_equal(left: &Value, right: &Value) -> Result<bool, Fault> {
    Ok(less(left, right)? || equal(left, right)?)
}

pub(super) fn eq(_: &Env<'_>, args: &Args) -> Outcome {
    if args.len() < 2 {
        return Err(Fault::Because("there is nothing to compare with"));
    }
    for other in args.rest(1) {
        if equal(args.any(0), other)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

pub(super) fn ne(_: &Env<'_>, args: &Args) -> Outcome {
    Ok(Value::Bool(!equal(args.any(0), args.any(1))?))
}

pub(super) fn lt(_: &Env<'_>, args: &Args) -> Outcome {
    Ok(Value::Bool(less(args.any(0), args.any(1))?))
}

pub(super) fn le(_: &Env<'_>, args: &Args) -> Outcome {
    Ok(Value::Bool(less_or_equal(args.any(0), args.any(1))?))
}

pub(super) fn gt(_: &Env<'_>, args: &Args) -> Outcome {
    Ok(Value::Bool(!less_or_equal(args.any(0), args.any(1))?))
}

pub(super) fn ge(_: &Env<'_>, args: &Args) -> Outcome {
    Ok(Value::Bool(!less(args.any(0), args.any(1))?))
}
