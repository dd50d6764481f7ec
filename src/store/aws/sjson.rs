//! Puts a text into JSON at a path, and leaves every other byte as it is (tidwall/sjson 1.2.5, as the operator uses it when
//! one property of a secret is pushed). Pure.

use zeroize::Zeroizing;

use super::json;

/// Paths with more parts are nobody's.
const DEEPEST: usize = 64;
/// Arrays are not filled up further.
const LARGEST_INDEX: usize = 10_000;

/// Why it cannot be put there. None of them quotes the JSON.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum Misfit {
    /// What is there is not JSON.
    #[error("what is there is not JSON")]
    NotJson,
    /// `*`, `?`, `#`, `|` and `@` find, and do not say where.
    #[error("the property is a search, not a place")]
    Search,
    /// There is an array where the path has a name.
    #[error("there is an array, which has no names")]
    Array,
    /// More parts or elements than anybody has.
    #[error("the property is too long, or its number too large")]
    TooLarge,
}

struct Part {
    name: String,
    /// Its number, if it is one.
    index: Option<usize>,
    /// `-1`: after the last.
    is_end: bool,
}

/// `value` at `path` in `json`, which may be empty.
pub(super) fn set(json: &str, path: &str, value: &str) -> Result<Zeroizing<String>, Misfit> {
    let is_blank = json.bytes().all(|byte| byte <= b' ');
    if !is_blank && serde_json::from_str::<serde::de::IgnoredAny>(json).is_err() {
        return Err(Misfit::NotJson);
    }
    let parts = parts(path)?;
    // large enough that it need not grow, unless an array is filled up
    let mut out =
        Zeroizing::new(String::with_capacity(json.len() + 6 * (value.len() + path.len()) + 5 * parts.len() + 64));
    put(json, &parts, value, &mut out)?;
    Ok(out)
}

fn parts(path: &str) -> Result<Vec<Part>, Misfit> {
    let mut parts = vec![];
    let mut rest = path.chars().peekable();
    loop {
        let is_name = rest.next_if_eq(&':').is_some();
        let mut name = String::new();
        let mut more = false;
        while let Some(character) = rest.next() {
            match character {
                '.' => {
                    more = true;
                    break;
                }
                '\\' => name.extend(rest.next()),
                '*' | '?' | '#' | '|' | '@' => return Err(Misfit::Search),
                other => name.push(other),
            }
        }
        let is_number = !is_name && name.bytes().all(|byte| byte.is_ascii_digit());
        let index = match is_number && !name.is_empty() {
            true => Some(name.parse().ok().filter(|index| *index <= LARGEST_INDEX).ok_or(Misfit::TooLarge)?),
            false => None,
        };
        let is_end = !is_name && name == "-1";
        parts.push(Part { name, index, is_end });
        if parts.len() > DEEPEST {
            return Err(Misfit::TooLarge);
        }
        if !more {
            return Ok(parts);
        }
    }
}

/// As deep as the path is long.
fn put(json: &str, parts: &[Part], value: &str, out: &mut String) -> Result<(), Misfit> {
    let [first, rest @ ..] = parts else {
        quote(value, out);
        return Ok(());
    };
    if let Some(place) = find(json, first) {
        out.push_str(&json[..place.start]);
        put(&json[place.clone()], rest, value, out)?;
        out.push_str(&json[place.end..]);
        return Ok(());
    }
    let empty = if first.index.is_some() || first.is_end && json.trim_start().starts_with('[') { "[]" } else { "{}" };
    let json = json.trim_start_matches(|c: char| c <= ' ');
    let json = if json.starts_with(['{', '[']) { json } else { empty };
    let end = json.rfind(['}', ']']).unwrap_or(0);
    let has_some = json[1..end].bytes().any(|byte| byte > b' ');
    if json.starts_with('{') {
        out.push_str(&json[..end]);
        if has_some {
            out.push(',');
        }
        quote(&first.name, out);
        out.push(':');
        put("", rest, value, out)?;
        out.push('}');
        return Ok(());
    }
    let index = match (first.index, first.is_end) {
        (Some(index), _) => Some(index),
        (None, true) => None,
        (None, false) => return Err(Misfit::Array),
    };
    out.push_str(&json[..end]);
    let mut is_first = !has_some;
    let missing = index.map_or(0, |index| index.saturating_sub(elements(json)));
    for _ in 0..missing {
        out.push_str(if is_first { "null" } else { ",null" });
        is_first = false;
    }
    if !is_first {
        out.push(',');
    }
    put("", rest, value, out)?;
    out.push(']');
    Ok(())
}

/// As Go writes it, if there is anything that has to be; else as it is.
fn quote(text: &str, out: &mut String) {
    let is_plain = |byte: u8| (b' '..=0x7f).contains(&byte) && byte != b'"' && byte != b'\\';
    if text.bytes().all(is_plain) {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        json::quote(text, out);
    }
}

/// The elements of an array or the members of an object that is JSON: of each, the key and where the value is.
fn children(json: &str) -> Vec<(Option<&str>, std::ops::Range<usize>)> {
    let bytes = json.as_bytes();
    let mut found = vec![];
    let mut at = blank(bytes, 0);
    let is_object = match bytes.get(at) {
        Some(b'{') => true,
        Some(b'[') => false,
        _ => return found,
    };
    at = blank(bytes, at + 1);
    while at < bytes.len() && !matches!(bytes[at], b'}' | b']') {
        let mut key = None;
        if is_object {
            let end = value_end(bytes, at);
            key = json.get(at..end);
            at = blank(bytes, blank(bytes, end) + 1);
        }
        let end = value_end(bytes, at);
        found.push((key, at..end));
        at = blank(bytes, end);
        if bytes.get(at) == Some(&b',') {
            at = blank(bytes, at + 1);
        }
    }
    found
}

fn elements(json: &str) -> usize {
    children(json).len()
}

fn find(json: &str, part: &Part) -> Option<std::ops::Range<usize>> {
    let is_it = |(index, (key, _)): &(usize, (Option<&str>, std::ops::Range<usize>))| match key {
        Some(key) => serde_json::from_str::<String>(key).is_ok_and(|key| key == part.name),
        None => part.index == Some(*index),
    };
    children(json).into_iter().enumerate().find(is_it).map(|(_, (_, place))| place)
}

fn blank(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|byte| *byte <= b' ') {
        at += 1;
    }
    at
}

/// Where the value that begins there ends.
fn value_end(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at += 1;
                while bytes.get(at).is_some_and(|byte| *byte != b'"') {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                if depth == 0 {
                    return (at + 1).min(bytes.len());
                }
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth <= 1 => return if depth == 0 { at } else { at + 1 },
            b'}' | b']' => depth -= 1,
            b',' | b':' if depth == 0 => return at,
            byte if *byte <= b' ' && depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_sjson_puts_it() {
        for (json, path, value, expected) in [
            ("", "a", "v", r#"{"a":"v"}"#),
            ("{}", "a", "v", r#"{"a":"v"}"#),
            (r#"{"a":"x"}"#, "b", "v", r#"{"a":"x","b":"v"}"#),
            (r#"{"a":"x"}"#, "a", "new", r#"{"a":"new"}"#),
            (r#"{"a":{"b":1}}"#, "a.c", "v", r#"{"a":{"b":1,"c":"v"}}"#),
            ("", "a.b.c", "v", r#"{"a":{"b":{"c":"v"}}}"#),
            (r#"{"a":[1]}"#, "a.0", "v", r#"{"a":["v"]}"#),
            (r#"{"a":[1]}"#, "a.-1", "v", r#"{"a":[1,"v"]}"#),
            (r#"{"a":[1]}"#, "a.3", "v", r#"{"a":[1,null,null,"v"]}"#),
            (r#"{"a.b":1}"#, r"a\.b", "v", r#"{"a.b":"v"}"#),
            (r#"{"a":1}"#, "b", r#"{"j":1}"#, r#"{"a":1,"b":"{\"j\":1}"}"#),
            (r#"{ "a" : 1 }"#, "b", "x", r#"{ "a" : 1 ,"b":"x"}"#),
            (r#"{"a":1}"#, "b", "é<&>\"\n", r#"{"a":1,"b":"é\u003c\u0026\u003e\"\n"}"#),
            ("", "0", "v", r#"["v"]"#),
            (r#"{"a":"x"}"#, "a.b", "v", r#"{"a":{"b":"v"}}"#),
            (r#"{"0":"x"}"#, ":0", "v", r#"{"0":"v"}"#),
            (r#"{"\u0061":[{"]":"}"}, 2], "z" : 1}"#, "a", "v", r#"{"\u0061":"v", "z" : 1}"#),
            (r#"{"a":[{"]":"\\\"}"} , 2], "z" : 1}"#, "a.1", "v", r#"{"a":[{"]":"\\\"}"} , "v"], "z" : 1}"#),
        ] {
            assert_eq!(*set(json, path, value).unwrap(), expected, "{json} {path}");
        }
    }

    #[test]
    fn misfits() {
        for (json, path, expected) in [
            ("{", "a", Misfit::NotJson),
            ("canary", "a", Misfit::NotJson),
            ("{} x", "a", Misfit::NotJson),
            ("{}", "a.*", Misfit::Search),
            ("{}", "a|b", Misfit::Search),
            ("[1]", "a", Misfit::Array),
            ("[1]", "99999999999999999999", Misfit::TooLarge),
            ("[1]", "10001", Misfit::TooLarge),
            ("{}", &"a.".repeat(100), Misfit::TooLarge),
        ] {
            assert_eq!(set(json, path, "v"), Err(expected), "{json} {path}");
        }
    }

    #[test]
    fn every_place_in_odd_json_is_found() {
        // whatever is JSON stays JSON
        let texts =
            ["{}", "[]", " [ ] ", "\"x\"", "1", "null", r#"{"a":{},"b":[[]],"c":"\\"}"#, "[{},[],\"]\",\"\\\"\"]"];
        for json in texts {
            for path in ["a", "a.b", "0", "3.a", "b.0.0", "c.-1", "", ".", "a."] {
                if let Ok(out) = set(json, path, "v\"") {
                    assert!(serde_json::from_str::<serde_json::Value>(&out).is_ok(), "{json} {path}: {}", *out);
                }
            }
        }
    }
}
