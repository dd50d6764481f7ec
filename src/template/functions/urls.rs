//! sprig's functions for URLs.

use std::collections::BTreeMap;

use super::{Args, Function, Outcome, function};
use crate::template::error::Fault;
use crate::template::options::Env;
use crate::template::text::Text;
use crate::template::url::{Url, User};
use crate::template::value::{Element, Map, Value};

pub(super) const TABLE: &[Function] = &[function("urlJoin", "d", join), function("urlParse", "s", parse)];

const NO_URL: Fault = Fault::Because("that is no URL");

fn parse(env: &Env<'_>, args: &Args) -> Outcome {
    env.charge(args.bytes(0).len())?;
    let url = Url::parse(args.bytes(0)).ok_or(NO_URL)?;
    let user = url.user.as_ref().map(User::text).unwrap_or_default();
    let entries = [
        ("fragment", url.fragment.as_slice()),
        ("host", &url.host),
        ("hostname", url.hostname()),
        ("opaque", &url.opaque),
        ("path", &url.path),
        ("query", &url.query),
        ("scheme", &url.scheme),
        ("userinfo", &user),
    ];
    let entries: BTreeMap<Text, Value> =
        entries.into_iter().map(|(key, value)| (Text::from(key), Value::text(value))).collect();
    Ok(Value::Map(Map::new(Element::Any, entries)))
}

fn join(env: &Env<'_>, args: &Args) -> Outcome {
    let entry = |key: &str| match args.dict(0).and_then(|map| map.get(key.as_bytes())) {
        None => Ok(vec![]),
        Some(Value::Text(text)) => Ok(text.bytes().to_vec()),
        Some(other) => Err(Fault::Type(other.type_name())),
    };
    let mut url = Url {
        scheme: entry("scheme")?,
        host: entry("host")?,
        path: entry("path")?,
        query: entry("query")?,
        opaque: entry("opaque")?,
        fragment: entry("fragment")?,
        ..Url::default()
    };
    let user = entry("userinfo")?;
    if !user.is_empty() {
        let with_user = [b"proto://".as_slice(), &user, b"@host"].concat();
        url.user = Url::parse(&with_user).ok_or(NO_URL)?.user;
    }
    let text = url.text();
    env.charge(text.len())?;
    Ok(Value::text(text.as_slice()))
}
