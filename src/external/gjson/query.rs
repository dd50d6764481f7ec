//! Whether an element of an array is one that a query asks for.

use super::budget::{Budget, TooMuchWork};
use super::path::Query;
use super::result::{Found, Kind, parse_bool};
use super::wildcard;
use crate::external::json::parse_float;

/// Whether `found` is as the query says.
pub(super) fn matches(budget: &Budget, query: &Query<'_>, found: &Found<'_>) -> Result<bool, TooMuchWork> {
    if let [b'~', kind @ ..] = &*query.value {
        let holds = match kind {
            b"*" => found.exists(),
            b"null" => found.kind == Kind::Null,
            b"true" => found.truth(),
            b"false" => is_false(found),
            _ => return Ok(false),
        };
        return Ok(query.operator.is_empty() || boolean(query.operator, holds, b"true"));
    }
    if !found.exists() {
        return Ok(false);
    }
    if query.operator.is_empty() {
        return Ok(true);
    }
    let value = &*query.value;
    Ok(match found.kind {
        Kind::Text => match query.operator {
            b"=" => *found.text == *value,
            b"!=" => *found.text != *value,
            b"<" => *found.text < *value,
            b"<=" => *found.text <= *value,
            b">" => *found.text > *value,
            b">=" => *found.text >= *value,
            b"%" => wildcard::matches(budget, &found.text, value)?,
            b"!%" => !wildcard::matches(budget, &found.text, value)?,
            _ => false,
        },
        Kind::Number => {
            let wanted = parse_float(value);
            match query.operator {
                b"=" => found.number == wanted,
                b"!=" => found.number != wanted,
                b"<" => found.number < wanted,
                b"<=" => found.number <= wanted,
                b">" => found.number > wanted,
                b">=" => found.number >= wanted,
                _ => false,
            }
        }
        Kind::True => boolean(query.operator, true, value),
        Kind::False => boolean(query.operator, false, value),
        Kind::Null | Kind::Json => false,
    })
}

fn boolean(operator: &[u8], found: bool, value: &[u8]) -> bool {
    let (same, other): (&[u8], &[u8]) = if found { (b"true", b"false") } else { (b"false", b"true") };
    match (operator, found) {
        (b"=", _) => value == same,
        (b"!=", _) => value != same,
        (b">", true) | (b"<", false) => value == other,
        (b">=", true) | (b"<=", false) => true,
        _ => false,
    }
}

fn is_false(found: &Found<'_>) -> bool {
    match found.kind {
        Kind::Null | Kind::False => true,
        Kind::Text => parse_bool(&found.text) == Some(false),
        Kind::Number => found.number == 0.0,
        Kind::True | Kind::Json => false,
    }
}
