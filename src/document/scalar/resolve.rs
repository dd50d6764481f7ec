//! From the text of a scalar to its value, as go-yaml v3.0.4 does it (`resolve.go:resolve`, `decode.go:scalar`).

use std::borrow::Cow;

use base64_simd::STANDARD;
use zeroize::{Zeroize, Zeroizing};

use super::{number, time};
use crate::document::value::Value;

/// A tag and a text that do not go together; go-yaml refuses the document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TagMismatch {
    /// The text does not read as what the tag says.
    #[error("the text does not fit its tag `{tag}`")]
    Type {
        /// The tag, in its short form.
        tag: String,
    },
    /// `!!binary` and no base64.
    #[error("the text after `!!binary` is not valid base64")]
    Base64,
}

/// What go-yaml v3 takes an untagged plain scalar for. A merge key `<<` comes out as the string it is to sops.
pub fn resolve_plain(text: &str) -> Value<'_> {
    resolve_typed(text, true).unwrap_or(Value::Str(Cow::Borrowed(text)))
}

/// Everything but strings. `timestamps` is off where only an explicit tag other than `!!timestamp` led here.
fn resolve_typed(text: &str, timestamps: bool) -> Option<Value<'static>> {
    let Some(first) = text.bytes().next() else {
        return Some(Value::Null);
    };
    match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => resolve_word(text),
        b'.' => resolve_word(text).or_else(|| number::parse_float(text).map(Value::Float)),
        b'0'..=b'9' | b'+' | b'-' => resolve_word(text)
            .or_else(|| if timestamps { time::from_yaml(text).map(Value::Time) } else { None })
            .or_else(|| number::resolve(text)),
        _ => None,
    }
}

fn resolve_word(text: &str) -> Option<Value<'static>> {
    Some(match text {
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        "~" | "null" | "Null" | "NULL" => Value::Null,
        ".nan" | ".NaN" | ".NAN" => Value::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Value::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

/// What go-yaml v3 makes of a scalar with an explicit `tag` in short form (`!!int`, `!custom`, `!`). Quoting does not weigh
/// against a tag; `plain` matters for `!` alone, which says "no tag": a string when quoted, resolved as usual when plain.
///
/// # Errors
/// [`TagMismatch`] where go-yaml fails.
pub fn resolve_tagged<'a>(mut text: Cow<'a, str>, tag: &str, plain: bool) -> Result<Value<'a>, TagMismatch> {
    let resolved = resolve_under(&text, tag, plain);
    match resolved {
        Ok(None) => Ok(Value::Str(text)),
        Ok(Some(value)) => {
            wipe(&mut text);
            Ok(value)
        }
        Err(error) => {
            wipe(&mut text);
            Err(error)
        }
    }
}

/// A copy that no value keeps.
fn wipe(text: &mut Cow<'_, str>) {
    if let Cow::Owned(text) = text {
        text.zeroize();
    }
}

/// `None` for text.
fn resolve_under(text: &str, tag: &str, plain: bool) -> Result<Option<Value<'static>>, TagMismatch> {
    let typed = match tag {
        "" | "!" if plain => return Ok(resolve_typed(text, true)),
        "!!bool" | "!!int" | "!!float" | "!!null" => resolve_typed(text, false),
        "!!timestamp" => resolve_typed(text, true),
        "!!binary" => return decode_binary(text).map(Some),
        _ => return Ok(None),
    };
    match (tag, typed) {
        ("!!bool", Some(value @ Value::Bool(_)))
        | ("!!int", Some(value @ (Value::Int(_) | Value::BigInt(_))))
        | ("!!float", Some(value @ Value::Float(_)))
        | ("!!null", Some(value @ Value::Null))
        | ("!!timestamp", Some(value @ Value::Time(_))) => Ok(Some(value)),
        // Only integers within i64 turn into floats.
        ("!!float", Some(Value::Int(number))) => Ok(Some(Value::Float(number as f64))),
        _ => Err(TagMismatch::Type { tag: tag.to_owned() }),
    }
}

/// Go's base64 decoder skips line breaks and insists on padding.
fn decode_binary(text: &str) -> Result<Value<'static>, TagMismatch> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    bytes.extend(text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')));
    let length = STANDARD.decode_inplace(&mut bytes).map_err(|_| TagMismatch::Base64)?.len();
    bytes.truncate(length);
    Ok(Value::from_bytes(std::mem::take(&mut *bytes)))
}
