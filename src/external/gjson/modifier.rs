//! `@name:argument`: what changes JSON on the way.

use zeroize::Zeroizing;

use super::budget::{Budget, TooMuchWork};
use super::path::trim;
use super::result::{Found, Kind, Raw};
use super::scan::{Entry, entries, parse, squash};
use super::{pretty, valid, walk};
use crate::external::json::write_text;
use crate::external::sink::Sink;

/// Makes JSON of JSON and an argument.
type Modifier = for<'a> fn(&Budget, &'a [u8], &[u8]) -> Result<Raw<'a>, TooMuchWork>;

/// The modifier of a name.
pub(super) fn by_name(name: &[u8]) -> Option<Modifier> {
    Some(match name {
        b"pretty" => |budget, json, argument| pretty::pretty(budget, json, &pretty::options(argument)).map(Raw::Owned),
        b"ugly" => |_, json, _| Ok(Raw::Owned(pretty::ugly(json))),
        b"reverse" => |_, json, _| Ok(reverse(json)),
        b"this" => |_, json, _| Ok(Raw::Borrowed(json)),
        b"flatten" => flatten,
        b"join" => |_, json, argument| Ok(join(json, argument)),
        b"valid" => |_, json, _| Ok(Raw::Borrowed(if valid::is_valid(json) { json } else { b"" })),
        b"keys" => |_, json, _| Ok(keys(json)),
        b"values" => |_, json, _| Ok(values(json)),
        b"tostr" => |_, json, _| {
            let mut out = Sink::with_room(json.len() + 2);
            write_text(&mut out, json, true);
            Ok(Raw::Owned(out.into_inner()))
        },
        b"fromstr" => {
            |_, json, _| Ok(if valid::is_valid(json) { Raw::Owned(parse(json).to_text()) } else { Raw::default() })
        }
        b"group" => |_, json, _| Ok(group(json)),
        b"dig" => dig,
        _ => return None,
    })
}

/// Runs the modifier that `path` starts with: what it makes, and the rest of the path. Nothing when there is none of that name.
pub(super) fn run<'a, 'p>(
    budget: &Budget,
    json: &'a [u8],
    path: &'p [u8],
) -> Result<Option<(Raw<'a>, &'p [u8])>, TooMuchWork> {
    let end = path.iter().position(|byte| matches!(byte, b':' | b'|' | b'.')).unwrap_or(path.len());
    let Some(modifier) = by_name(&path[1..end]) else { return Ok(None) };
    let (argument, rest) = match &path[end..] {
        [b':', rest @ ..] => rest.split_at(argument_length(rest)),
        rest => (&b""[..], rest),
    };
    let made = modifier(budget, json, argument)?;
    budget.charge(made.len())?;
    Ok(Some((made, rest)))
}

fn argument_length(text: &[u8]) -> usize {
    if matches!(text.first(), Some(b'{' | b'[' | b'"')) {
        return squash(text).len();
    }
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            b'|' => break,
            b'{' | b'[' | b'"' | b'(' => at += squash(&text[at..]).len(),
            _ => at += 1,
        }
    }
    at
}

/// The entries of a value; a scalar is its own only one.
fn each<'a>(found: &'a Found<'a>) -> Vec<Entry<'a>> {
    if found.kind == Kind::Json {
        return entries(&found.raw);
    }
    let value = Found { text: Raw::Borrowed(&found.text), number: found.number, ..Found::of(found.kind, &found.raw) };
    if found.exists() { vec![Entry { key: None, value }] } else { vec![] }
}

/// Reads the options of an argument.
pub(super) fn arguments(argument: &[u8], mut each_option: impl FnMut(&[u8], &Found<'_>)) {
    let parsed = parse(argument);
    for Entry { key, value } in each(&parsed) {
        each_option(&key.map(|key| key.to_text()).unwrap_or_default(), &value);
    }
}

/// A list of what has been made already.
struct List {
    out: Sink,
    close: &'static [u8],
    empty: bool,
}

impl List {
    fn array() -> Self {
        let mut out = Sink::default();
        out.push(b"[");
        Self { out, close: b"]", empty: true }
    }

    fn object() -> Self {
        let mut out = Sink::default();
        out.push(b"{");
        Self { out, close: b"}", empty: true }
    }

    fn add(&mut self, pieces: &[&[u8]]) {
        if !self.empty {
            self.out.push(b",");
        }
        self.empty = false;
        for piece in pieces {
            self.out.push(piece);
        }
    }

    fn finish(mut self) -> Zeroizing<Vec<u8>> {
        self.out.push(self.close);
        self.out.into_inner()
    }
}

fn reverse(json: &[u8]) -> Raw<'_> {
    let found = parse(json);
    let mut list = match (found.is_array(), found.is_object()) {
        (true, _) => List::array(),
        (_, true) => List::object(),
        _ => return Raw::Borrowed(json),
    };
    for Entry { key, value } in entries(&found.raw).iter().rev() {
        match key {
            Some(key) => list.add(&[&key.raw, b":", &value.raw]),
            None => list.add(&[&value.raw]),
        }
    }
    Raw::Owned(list.finish())
}

/// Without the brackets around it.
fn unwrap(json: &[u8]) -> &[u8] {
    match trim(json) {
        [b'[' | b'{', inner @ .., _] => inner,
        other => other,
    }
}

fn flatten<'a>(budget: &Budget, json: &'a [u8], argument: &[u8]) -> Result<Raw<'a>, TooMuchWork> {
    let found = parse(json);
    if !found.is_array() {
        return Ok(Raw::Borrowed(json));
    }
    budget.charge(json.len())?;
    let mut deep = false;
    arguments(argument, |name, value| {
        if name == b"deep" {
            deep = value.truth();
        }
    });
    let mut list = List::array();
    for Entry { value, .. } in entries(&found.raw) {
        let flat = match (value.is_array(), deep) {
            (true, true) => budget.deeper(|| flatten(budget, &value.raw, argument).map(Raw::into_owned))?,
            _ => Raw::Borrowed(&value.raw),
        };
        let raw = if value.is_array() { unwrap(&flat) } else { &flat };
        let raw = go_trim_space(raw);
        if !raw.is_empty() {
            list.add(&[raw]);
        }
    }
    Ok(Raw::Owned(list.finish()))
}

/// `strings.TrimSpace`
fn go_trim_space(text: &[u8]) -> &[u8] {
    match std::str::from_utf8(text) {
        Ok(text) => text.trim().as_bytes(),
        Err(_) => text.trim_ascii(),
    }
}

fn keys(json: &[u8]) -> Raw<'_> {
    let found = parse(json);
    let mut list = List::array();
    for Entry { key, .. } in each(&found) {
        list.add(&[key.as_ref().map_or(b"null", |key| &key.raw)]);
    }
    Raw::Owned(list.finish())
}

fn values(json: &[u8]) -> Raw<'_> {
    let found = parse(json);
    if found.is_array() {
        return Raw::Borrowed(json);
    }
    let mut list = List::array();
    for Entry { value, .. } in each(&found) {
        list.add(&[&value.raw]);
    }
    Raw::Owned(list.finish())
}

fn join<'a>(json: &'a [u8], argument: &[u8]) -> Raw<'a> {
    let found = parse(json);
    if !found.is_array() {
        return Raw::Borrowed(json);
    }
    let mut preserve = false;
    arguments(argument, |name, value| {
        if name == b"preserve" {
            preserve = value.truth();
        }
    });
    let mut list = List::object();
    let objects: Vec<_> = entries(&found.raw).into_iter().filter(|entry| entry.value.is_object()).collect();
    if preserve {
        for object in &objects {
            list.add(&[unwrap(&object.value.raw)]);
        }
        return Raw::Owned(list.finish());
    }
    let mut order = vec![];
    let mut last = std::collections::HashMap::new();
    for object in &objects {
        for Entry { key, value } in entries(&object.value.raw) {
            let Some(key) = key else { continue };
            let name = key.to_text().to_vec();
            if last.insert(name.clone(), value).is_none() {
                order.push((name, key));
            }
        }
    }
    for (name, key) in &order {
        list.add(&[&key.raw, b":", last.get(name).map_or(b"", |value| &value.raw)]);
    }
    Raw::Owned(list.finish())
}

fn group(json: &[u8]) -> Raw<'_> {
    let found = parse(json);
    if !found.is_object() {
        return Raw::default();
    }
    let mut groups: Vec<List> = vec![];
    for Entry { key, value } in entries(&found.raw) {
        let (Some(key), true) = (key, value.is_array()) else { continue };
        for (at, item) in entries(&value.raw).iter().enumerate() {
            if at == groups.len() {
                groups.push(List::object());
            }
            groups[at].add(&[&key.raw, b":", &item.value.raw]);
        }
    }
    let mut list = List::array();
    for group in groups {
        list.add(&[&group.finish()]);
    }
    Raw::Owned(list.finish())
}

fn dig<'a>(budget: &Budget, json: &'a [u8], path: &[u8]) -> Result<Raw<'a>, TooMuchWork> {
    let mut list = List::array();
    dig_into(budget, &parse(json), path, &mut list)?;
    Ok(Raw::Owned(list.finish()))
}

fn dig_into(budget: &Budget, parent: &Found<'_>, path: &[u8], list: &mut List) -> Result<(), TooMuchWork> {
    let found = walk::get(budget, &parent.raw, path)?;
    if found.exists() {
        budget.charge(found.raw.len())?;
        list.add(&[&found.raw]);
    }
    if parent.is_array() || parent.is_object() {
        for Entry { value, .. } in entries(&parent.raw) {
            budget.deeper(|| dig_into(budget, &value, path, list))?;
        }
    }
    Ok(())
}
