//! sprig's functions from strings to lists and back.

use std::collections::BTreeMap;

use super::{Args, Function, Outcome, function, text_of};
use crate::template::error::Fault;
use crate::template::options::Env;
use crate::template::text::Text;
use crate::template::unicode::decode;
use crate::template::value::{Element, Map, Value};

pub(super) const TABLE: &[Function] = &[
    function("join", "sa", join),
    function("sortAlpha", "a", sort),
    function("split", "ss", |env, args| numbered(env, split(args.bytes(1), args.bytes(0), -1))),
    function("splitList", "ss", |env, args| texts(env, split(args.bytes(1), args.bytes(0), -1))),
    function("splitn", "sis", |env, args| numbered(env, split(args.bytes(2), args.bytes(0), args.int(1)))),
    function("toStrings", "a", |env, args| Ok(Value::text_list(strings(env, args.any(0))?))),
];

/// `strings.SplitN`
pub(super) fn split<'t>(text: &'t [u8], separator: &[u8], limit: i64) -> Vec<&'t [u8]> {
    let limit = match limit {
        0 => return vec![],
        limit => usize::try_from(limit).unwrap_or(usize::MAX),
    };
    let mut parts = vec![];
    let mut rest = text;
    if separator.is_empty() {
        while let Some((_, size)) = decode(rest) {
            if parts.len() + 1 == limit {
                parts.push(rest);
                return parts;
            }
            let (part, after) = rest.split_at(size);
            parts.push(part);
            rest = after;
        }
        return parts;
    }
    let finder = memchr::memmem::Finder::new(separator);
    while parts.len() + 1 < limit
        && let Some(found) = finder.find(rest)
    {
        parts.push(&rest[..found]);
        rest = &rest[found + separator.len()..];
    }
    parts.push(rest);
    parts
}

/// A list of texts.
pub(super) fn texts(env: &Env<'_>, parts: Vec<&[u8]>) -> Outcome {
    charge(env, &parts)?;
    Ok(Value::text_list(parts.into_iter().map(Text::from).collect()))
}

fn charge(env: &Env<'_>, parts: &[&[u8]]) -> Result<(), Fault> {
    env.charge_values(parts.len())?;
    Ok(env.charge(parts.iter().map(|part| part.len()).sum())?)
}

/// A map from `_0`, `_1`, … to the parts.
fn numbered(env: &Env<'_>, parts: Vec<&[u8]>) -> Outcome {
    charge(env, &parts)?;
    let entries: BTreeMap<_, _> =
        parts.into_iter().enumerate().map(|(at, part)| (Text::from(format!("_{at}")), Value::text(part))).collect();
    Ok(Value::Map(Map::new(Element::Text, entries)))
}

/// A value as texts: the elements of a list but nil, or the value itself.
pub(super) fn strings(env: &Env<'_>, value: &Value) -> Result<Vec<Text>, Fault> {
    match value {
        Value::List(list) => {
            env.charge_values(list.items().len())?;
            list.items().iter().filter(|item| !item.is_nil()).map(|item| text_of(env, item)).collect()
        }
        Value::Nil | Value::Missing => Ok(vec![]),
        other => Ok(vec![text_of(env, other)?]),
    }
}

fn join(env: &Env<'_>, args: &Args) -> Outcome {
    let parts = strings(env, args.any(1))?;
    env.text(|out| {
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                out.push(args.bytes(0));
            }
            out.push(part.bytes());
        }
    })
}

fn sort(env: &Env<'_>, args: &Args) -> Outcome {
    let mut texts = match args.any(0) {
        Value::List(_) => strings(env, args.any(0))?,
        other => vec![text_of(env, other)?],
    };
    texts.sort();
    Ok(Value::text_list(texts))
}
