//! A value given as text becomes a typed one: of the wanted type, or of the type that is there already.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::document::scalar::resolve_plain;
use crate::document::tree::{Key, Kind, Node};
use crate::document::value::Value;

/// The type a new value is to have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Type {
    /// Text, exactly as given.
    Str,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// `true` or `false`.
    Bool,
    /// Nothing; no value is read.
    Null,
    /// JSON: also lists and mappings.
    Json,
    /// What YAML makes of the text without quotes.
    Auto,
}

/// A text that is not of the wanted type. Never holds the text.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadValue {
    /// Another type was wanted explicitly.
    #[error("the value is not of the type {0}")]
    NotThis(&'static str),
    /// Another type is there.
    #[error("the value that is there is of the type {0}, the new one is not")]
    NotAsBefore(&'static str),
    /// A list or mapping is there.
    #[error("there is a {0}, not a single value")]
    Collection(&'static str),
    /// Not JSON.
    #[error("the value is not JSON: line {line}, column {column}")]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// JSON, but nothing that sops can hold.
    #[error("the JSON value has the same key twice, or a number that does not fit in 64 bits")]
    JsonContent,
    /// Sops cannot hold it.
    #[error("the number does not fit in 64 bits")]
    TooBig,
    /// Text that is not UTF-8.
    #[error("the value is not UTF-8 text")]
    NotText,
}

/// What stands at the place of the new value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Present {
    /// Nothing, or null.
    Nothing,
    /// A value of this type.
    Scalar(Type),
    /// A timestamp.
    Time,
    /// A mapping.
    Map,
    /// A list.
    List,
}

impl Present {
    /// The type of a value that was found.
    pub fn of(value: &Value<'_>) -> Self {
        match value {
            Value::Null => Self::Nothing,
            Value::Bool(_) => Self::Scalar(Type::Bool),
            Value::Int(_) | Value::BigInt(_) => Self::Scalar(Type::Int),
            Value::Float(_) => Self::Scalar(Type::Float),
            Value::Time(_) => Self::Time,
            Value::Str(_) | Value::Bytes(_) => Self::Scalar(Type::Str),
        }
    }
}

/// `text` as a value of the type `wanted`.
///
/// # Errors
/// [`BadValue`].
pub fn typed(text: &str, wanted: Type) -> Result<Node, BadValue> {
    let kind = match wanted {
        Type::Str => Some(Kind::Str(text.to_owned())),
        Type::Null => Some(Kind::Null),
        Type::Json => return json(text),
        Type::Auto => Some(match resolve_plain(text) {
            Value::Bool(value) => Kind::Bool(value),
            Value::Int(value) => Kind::Int(value),
            Value::Float(value) => Kind::Float(value),
            Value::Time(value) => Kind::Time(value),
            Value::Null => Kind::Null,
            Value::BigInt(_) => return Err(BadValue::TooBig),
            Value::Str(_) | Value::Bytes(_) => Kind::Str(text.to_owned()),
        }),
        Type::Int => match resolve_plain(text.trim()) {
            Value::Int(value) => Some(Kind::Int(value)),
            Value::BigInt(_) => return Err(BadValue::TooBig),
            _ => None,
        },
        Type::Float => match resolve_plain(text.trim()) {
            // only numbers that a float holds exactly
            Value::Int(value) if (value as f64) as i64 == value => Some(Kind::Float(value as f64)),
            Value::Float(value) => Some(Kind::Float(value)),
            _ => None,
        },
        Type::Bool => match resolve_plain(text.trim()) {
            Value::Bool(value) => Some(Kind::Bool(value)),
            _ => None,
        },
    };
    kind.map(Node::new).ok_or(BadValue::NotThis(wanted.word()))
}

/// `text` as a value of the type that is there; text where nothing is.
///
/// # Errors
/// [`BadValue`]: the type would have to change, which takes a word from the user.
pub fn like(text: &str, present: Present) -> Result<Node, BadValue> {
    match present {
        Present::Nothing => typed(text, Type::Str),
        Present::Scalar(wanted) => typed(text, wanted).map_err(|error| match error {
            BadValue::NotThis(word) => BadValue::NotAsBefore(word),
            other => other,
        }),
        Present::Time => match resolve_plain(text.trim()) {
            Value::Time(value) => Ok(Node::new(Kind::Time(value))),
            _ => Err(BadValue::NotAsBefore("time")),
        },
        Present::Map => Err(BadValue::Collection("mapping")),
        Present::List => Err(BadValue::Collection("list")),
    }
}

impl Type {
    /// As written after `--type`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Str => "str",
            Self::Int => "int",
            Self::Float => "float",
            Self::Bool => "bool",
            Self::Null => "null",
            Self::Json => "json",
            Self::Auto => "auto",
        }
    }
}

fn json(text: &str) -> Result<Node, BadValue> {
    match serde_json::from_str::<Json>(text) {
        Ok(Json(node)) => Ok(node),
        Err(error) if error.is_data() => Err(BadValue::JsonContent),
        Err(error) => Err(BadValue::Json { line: error.line(), column: error.column() }),
    }
}

/// JSON as a tree, in the order it was written.
struct Json(Node);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor).map(Self)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::new(Kind::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::new(Kind::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::new(Kind::Int(value)))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Node, E> {
        // the message is never shown
        let value = i64::try_from(value).map_err(|_| E::custom("too big"))?;
        Ok(Node::new(Kind::Int(value)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::new(Kind::Float(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(Json(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::new(Kind::List(list)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut map: Vec<(Key, Node)> = Vec::new();
        let mut names = std::collections::HashSet::new();
        while let Some((name, Json(value))) = entries.next_entry::<String, Json>()? {
            if !names.insert(name.clone()) {
                return Err(A::Error::custom("the same key twice"));
            }
            map.push((Key { name, line: 0 }, value));
        }
        Ok(Node::new(Kind::Map(map)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(text: &str, wanted: Type) -> Kind {
        typed(text, wanted).unwrap().kind
    }

    #[test]
    fn wanted_types() {
        assert!(ok("007 ", Type::Str) == Kind::Str("007 ".into()));
        assert!(ok("-12", Type::Int) == Kind::Int(-12));
        assert!(ok("0x1F\n", Type::Int) == Kind::Int(31));
        assert!(ok("3", Type::Float) == Kind::Float(3.0));
        assert!(ok("1.5e3", Type::Float) == Kind::Float(1500.0));
        assert!(ok("true", Type::Bool) == Kind::Bool(true));
        assert!(ok("", Type::Null) == Kind::Null);
        assert!(ok("yes", Type::Auto) == Kind::Str("yes".into()));
        assert!(ok("12", Type::Auto) == Kind::Int(12));
        for (text, wanted) in
            [("1.5", Type::Int), ("x", Type::Float), ("1", Type::Bool), ("9007199254740993", Type::Float)]
        {
            assert_eq!(typed(text, wanted), Err(BadValue::NotThis(wanted.word())));
        }
        assert_eq!(typed("18446744073709551615", Type::Int), Err(BadValue::TooBig));
    }

    #[test]
    fn the_type_that_is_there_is_kept() {
        assert!(like("12", Present::Nothing).unwrap().kind == Kind::Str("12".into()));
        assert!(like("12", Present::Scalar(Type::Str)).unwrap().kind == Kind::Str("12".into()));
        assert!(like("12", Present::Scalar(Type::Int)).unwrap().kind == Kind::Int(12));
        assert_eq!(like("hunter2", Present::Scalar(Type::Int)), Err(BadValue::NotAsBefore("int")));
        assert_eq!(like("{}", Present::Map), Err(BadValue::Collection("mapping")));
        assert!(matches!(like("2026-01-15", Present::Time).unwrap().kind, Kind::Time(_)));
        assert_eq!(like("soon", Present::Time), Err(BadValue::NotAsBefore("time")));
    }

    #[test]
    fn json_keeps_its_order() {
        let node = typed(r#"{"b": [1, 2.5, "\ud83d\ude00"], "a": null}"#, Type::Json).unwrap();
        let Kind::Map(entries) = &node.kind else {
            panic!("a mapping");
        };
        let names: Vec<&str> = entries.iter().map(|(key, _)| key.name.as_str()).collect();
        assert_eq!(names, ["b", "a"]);
        let Kind::List(items) = &entries[0].1.kind else {
            panic!("a list");
        };
        assert!(items[1].kind == Kind::Float(2.5) && items[2].kind == Kind::Str("😀".into()));
    }

    #[test]
    fn errors_hold_no_value() {
        let error = typed("{\n\"hunter2\" }", Type::Json).unwrap_err();
        assert_eq!(error, BadValue::Json { line: 2, column: 11 });
        assert!(!error.to_string().contains("hunter2"));
        assert!(typed(r#"{"a":1,"a":2}"#, Type::Json).is_err());
    }
}
