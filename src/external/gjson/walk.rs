//! Follows a path into JSON.

use super::budget::{Budget, TooMuchWork};
use super::path::{Part, array_part, default_name, object_part, selectors, split_at_pipe};
use super::result::{Found, Kind, Raw};
use super::{modifier, query, scan, valid, wildcard};
use crate::external::json::write_text;
use crate::external::sink::Sink;

/// What `path` finds in `json` (`gjson.Get`).
pub(super) fn get<'a>(budget: &Budget, json: &'a [u8], path: &[u8]) -> Result<Found<'a>, TooMuchWork> {
    budget.charge(json.len() + path.len() + 1)?;
    budget.deeper(|| {
        if path.len() > 1 {
            let special = match path[0] {
                b'@' => modifier::run(budget, json, path)?,
                b'!' => literal(path),
                b'[' | b'{' => return multipath(budget, json, path),
                _ => None,
            };
            if let Some((made, rest)) = special {
                return match rest {
                    [b'|' | b'.', rest @ ..] => Ok(get(budget, &made, rest)?.into_owned()),
                    _ => Ok(scan::parse(&made).into_owned()),
                };
            }
        }
        plain(budget, json, path)
    })
}

/// What `path` finds in what was found.
fn get_in<'a>(budget: &Budget, found: Found<'a>, path: &[u8]) -> Result<Found<'a>, TooMuchWork> {
    match found.raw {
        Raw::Borrowed(raw) => get(budget, raw, path),
        Raw::Owned(raw) => Ok(get(budget, &raw, path)?.into_owned()),
    }
}

fn plain<'a>(budget: &Budget, json: &'a [u8], path: &[u8]) -> Result<Found<'a>, TooMuchWork> {
    let mut walk = Walk { budget, json, found: Found::default(), pipe: None };
    if let [b'.', b'.', path @ ..] = path {
        walk.array(0, path)?;
    } else if let Some(at) = json.iter().position(|byte| matches!(byte, b'{' | b'[')) {
        match json[at] {
            b'{' => walk.object(at + 1, path)?,
            _ => walk.array(at + 1, path)?,
        };
    }
    match walk.pipe {
        Some(pipe) => get_in(budget, walk.found, &pipe),
        None => Ok(walk.found),
    }
}

/// `!"text"`, `!true`: the value, and the rest of the path.
fn literal(path: &[u8]) -> Option<(Raw<'_>, &[u8])> {
    let name = &path[1..];
    if matches!(name.first(), Some(b'{' | b'[' | b'"' | b'+' | b'-' | b'0'..=b'9')) {
        let (value, rest) = name.split_at(scan::nested(name, 0).min(name.len()));
        return Some((Raw::Borrowed(value), rest));
    }
    let end = name.iter().position(|byte| matches!(byte, b'|' | b'.')).unwrap_or(name.len());
    let (name, rest) = name.split_at(end);
    let known = [&b"true"[..], b"false", b"null", b"nan", b"inf"];
    known.iter().any(|known| name.eq_ignore_ascii_case(known)).then_some((Raw::Borrowed(name), rest))
}

/// `[a,b]` and `{a,b}`.
fn multipath<'a>(budget: &Budget, json: &'a [u8], path: &[u8]) -> Result<Found<'a>, TooMuchWork> {
    let (all, rest) = match selectors(path) {
        Some((all, rest @ ([] | [b'|' | b'.', ..]))) => (all, rest),
        // as in gjson, what cannot be read is lost, and the path goes on with the rest
        Some((_, rest)) => return plain(budget, json, rest),
        None => return plain(budget, json, b""),
    };
    let object = path[0] == b'{';
    let mut out = Sink::with_room(json.len().min(4096));
    out.push(&path[..1]);
    let mut first = true;
    for selector in all {
        let found = get(budget, json, selector.path)?;
        if !found.exists() {
            continue;
        }
        if !first {
            out.push(b",");
        }
        first = false;
        if object {
            if selector.name.first() == Some(&b'"') && valid::is_valid(selector.name) {
                out.push(selector.name);
            } else if !selector.name.is_empty() {
                write_text(&mut out, selector.name, true);
            } else {
                write_text(&mut out, default_name(selector.path), true);
            }
            out.push(b":");
        }
        budget.charge(found.raw.len())?;
        out.push(if found.raw.is_empty() { b"null" } else { &found.raw });
    }
    out.push(if object { b"}" } else { b"]" });
    let made = Found::made(out.into_inner());
    match rest {
        [] => Ok(made),
        rest => get_in(budget, made, &rest[1..]),
    }
}

struct Walk<'a, 'b> {
    budget: &'b Budget,
    json: &'a [u8],
    found: Found<'a>,
    pipe: Option<Vec<u8>>,
}

/// Where the walk is, and whether it has found something.
type Step = (usize, bool);

impl<'a> Walk<'a, '_> {
    fn set_pipe(&mut self, part: &Part<'_>) {
        if let (None, Some(pipe)) = (part.path, part.pipe) {
            self.pipe = Some(pipe.to_vec());
        }
    }

    /// Into the object or array at `at`.
    fn inner(&mut self, at: usize, path: &[u8]) -> Result<Step, TooMuchWork> {
        let budget = self.budget;
        budget.deeper(|| if self.json[at] == b'{' { self.object(at + 1, path) } else { self.array(at + 1, path) })
    }

    /// An object from behind its bracket.
    fn object(&mut self, mut at: usize, path: &[u8]) -> Result<Step, TooMuchWork> {
        let json = self.json;
        let part = object_part(path);
        self.set_pipe(&part);
        while at < json.len() {
            let Some(length) = json[at..].iter().position(|byte| matches!(byte, b'"' | b'}')) else {
                return Ok((json.len(), false));
            };
            at += length;
            if json[at] == b'}' {
                return Ok((at + 1, false));
            }
            let Some((end, key, escaped)) = scan::string(json, at + 1) else { return Ok((json.len(), false)) };
            at = end;
            let key = Found::text(key, escaped).text;
            let matches = match part.wild {
                true => wildcard::matches(self.budget, &key, &part.part)?,
                false => *key == *part.part,
            };
            let (end, hit) = match self.field(at, matches, part.path)? {
                Some(step) => step,
                None => return Ok((json.len(), false)),
            };
            if hit {
                return Ok((end, true));
            }
            at = end;
        }
        Ok((at, false))
    }

    /// The value of a key, which is wanted when `matches`, or something in it is, when there is more of the path. Nothing
    /// when it is broken.
    fn field(&mut self, mut at: usize, matches: bool, more: Option<&[u8]>) -> Result<Option<Step>, TooMuchWork> {
        let json = self.json;
        while at < json.len() {
            let (end, value) = match json[at] {
                b'"' => match scan::string(json, at + 1) {
                    Some((end, raw, escaped)) => (end, Found::text(raw, escaped)),
                    None => return Ok(None),
                },
                b'{' | b'[' => {
                    if let (true, Some(path)) = (matches, more) {
                        return self.inner(at, path).map(Some);
                    }
                    let end = scan::nested(json, at);
                    (end, Found::of(Kind::Json, scan::slice(json, at, end)))
                }
                _ => match scan::scalar(json, at) {
                    Some(found) => found,
                    None => {
                        at += 1;
                        continue;
                    }
                },
            };
            let hit = matches && more.is_none();
            if hit {
                self.found = value;
            }
            return Ok(Some((end, hit)));
        }
        Ok(Some((at, false)))
    }

    /// An array from behind its bracket; also the lines of JSON Lines.
    fn array(&mut self, mut at: usize, path: &[u8]) -> Result<Step, TooMuchWork> {
        let json = self.json;
        let mut part = array_part(path);
        self.set_pipe(&part);
        let wanted = if part.hash { None } else { index(&part.part) };
        let mut matches = Matches::default();
        let mut starts = vec![];
        let mut count = 0;
        while at <= json.len() {
            let here = wanted == Some(count);
            count += 1;
            if part.each.is_some() {
                starts.push(at);
            }
            // the next value, or the end
            while at < json.len() && !is_value_start(json[at]) {
                at += 1;
            }
            let byte = json.get(at).copied().unwrap_or(b']');
            if byte == b']' {
                return Ok((at + 1, self.end_of_array(&part, &starts, count - 1, matches)?));
            }
            if let (b'{' | b'[', true, Some(path)) = (byte, here, part.path) {
                let (end, hit) = self.inner(at, path)?;
                if hit {
                    return Ok((end, true));
                }
                at = end;
                continue;
            }
            let Some((end, value)) = element(json, at) else { return Ok((json.len(), false)) };
            at = end;
            if part.query.is_some() {
                if let Some(found) = self.queried(&mut part, value, &mut matches)? {
                    self.found = found;
                    return Ok((at, true));
                }
            } else if here && part.path.is_none() {
                self.found = value;
                return Ok((at, true));
            }
        }
        Ok((at, false))
    }

    /// Asks one element; the answer when only one is wanted.
    fn queried<'p>(
        &mut self,
        part: &mut Part<'p>,
        value: Found<'a>,
        matches: &mut Matches,
    ) -> Result<Option<Found<'a>>, TooMuchWork> {
        let Some(query) = &part.query else { return Ok(None) };
        if query.all {
            matches.start();
        }
        let fits = if value.kind == Kind::Json {
            query::matches(self.budget, query, &get(self.budget, &value.raw, query.path)?)?
        } else {
            query.path.is_empty() && query::matches(self.budget, query, &value)?
        };
        if !fits {
            return Ok(None);
        }
        let all = query.all;
        let found = match part.path {
            Some(mut path) => {
                if let Some((left, right)) = split_at_pipe(path) {
                    part.path = Some(left);
                    path = left;
                    self.pipe = Some(right.to_vec());
                }
                get_in(self.budget, value, path)?
            }
            None => value,
        };
        if !all {
            return Ok(Some(found));
        }
        self.budget.charge(found.raw.len())?;
        matches.add(&found.raw);
        Ok(None)
    }

    /// At the bracket that closes an array.
    fn end_of_array(
        &mut self,
        part: &Part<'_>,
        starts: &[usize],
        count: usize,
        matches: Matches,
    ) -> Result<bool, TooMuchWork> {
        if part.hash && *part.part == *b"#" {
            if let Some(path) = part.each {
                self.found = self.of_each(starts, path)?;
            } else {
                let raw = zeroize::Zeroizing::new(count.to_string().into_bytes());
                self.found = Found { kind: Kind::Number, number: count as f64, ..Found::made(raw) };
            }
            return Ok(true);
        }
        if !self.found.exists() && part.query.as_ref().is_some_and(|query| query.all) {
            self.found = Found::made(matches.finish());
        }
        Ok(false)
    }

    /// `#.path`
    fn of_each(&mut self, starts: &[usize], mut path: &[u8]) -> Result<Found<'a>, TooMuchWork> {
        if let Some((left, right)) = split_at_pipe(path) {
            path = left;
            self.pipe = Some(right.to_vec());
        }
        let mut matches = Matches::default();
        matches.start();
        for start in starts {
            let rest = &self.json[*start..];
            let Some(space) = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) else {
                continue;
            };
            if rest[space] == b']' {
                continue;
            }
            let Some((_, value)) = scan::any(rest, space) else { continue };
            let found = get(self.budget, &value.raw, path)?;
            if found.exists() {
                self.budget.charge(found.raw.len())?;
                matches.add_even_empty(&found.raw);
            }
        }
        Ok(Found::made(matches.finish()))
    }
}

fn is_value_start(byte: u8) -> bool {
    matches!(byte, b'"' | b'{' | b'[' | b']' | b'n' | b't' | b'f') || scan::is_number_start(byte)
}

/// The element at `at`, where one starts; nothing when it is a string without end.
fn element(json: &[u8], at: usize) -> Option<(usize, Found<'_>)> {
    match json[at] {
        b'"' => scan::string(json, at + 1).map(|(end, raw, escaped)| (end, Found::text(raw, escaped))),
        b'{' | b'[' => {
            let end = scan::nested(json, at);
            Some((end, Found::of(Kind::Json, scan::slice(json, at, end))))
        }
        _ => scan::scalar(json, at),
    }
}

/// The index that a part is. Too large ones wrap around, as in gjson.
fn index(part: &[u8]) -> Option<usize> {
    if part.is_empty() || !part.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(part.iter().fold(0_usize, |all, digit| all.wrapping_mul(10).wrapping_add(usize::from(digit - b'0'))))
}

/// An array of matches that is being made.
#[derive(Default)]
struct Matches(Sink);

impl Matches {
    fn start(&mut self) {
        if self.0.bytes().is_empty() {
            self.0.push(b"[");
        }
    }

    fn add(&mut self, raw: &[u8]) {
        if !raw.is_empty() {
            self.add_even_empty(raw);
        }
    }

    fn add_even_empty(&mut self, raw: &[u8]) {
        if self.0.bytes().len() > 1 {
            self.0.push(b",");
        }
        self.0.push(raw);
    }

    fn finish(mut self) -> zeroize::Zeroizing<Vec<u8>> {
        self.start();
        self.0.push(b"]");
        self.0.into_inner()
    }
}
