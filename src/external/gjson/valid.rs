//! Whether a text is JSON in the eyes of gjson (`Valid`).

/// Deepest nesting that is looked into; deeper JSON is taken for invalid.
const MAX_DEPTH: usize = 500;

/// Whether it is one valid value with nothing but space around it.
pub(super) fn is_valid(json: &[u8]) -> bool {
    let end = value(json, spaces(json, 0), 0);
    end.is_some_and(|end| spaces(json, end) == json.len())
}

fn spaces(json: &[u8], mut at: usize) -> usize {
    while matches!(json.get(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
        at += 1;
    }
    at
}

/// Past the value at `at`.
fn value(json: &[u8], at: usize, depth: usize) -> Option<usize> {
    if depth > MAX_DEPTH {
        return None;
    }
    match json.get(at)? {
        b'{' => list(json, at, depth, b'}'),
        b'[' => list(json, at, depth, b']'),
        b'"' => string(json, at + 1),
        b'-' | b'0'..=b'9' => number(json, at),
        b't' => literal(json, at, b"true"),
        b'f' => literal(json, at, b"false"),
        b'n' => literal(json, at, b"null"),
        _ => None,
    }
}

fn literal(json: &[u8], at: usize, text: &[u8]) -> Option<usize> {
    json[at..].starts_with(text).then_some(at + text.len())
}

fn list(json: &[u8], at: usize, depth: usize, close: u8) -> Option<usize> {
    let mut at = spaces(json, at + 1);
    if json.get(at) == Some(&close) {
        return Some(at + 1);
    }
    loop {
        if close == b'}' {
            if json.get(at) != Some(&b'"') {
                return None;
            }
            at = spaces(json, string(json, at + 1)?);
            if json.get(at) != Some(&b':') {
                return None;
            }
            at = spaces(json, at + 1);
        }
        at = spaces(json, value(json, at, depth + 1)?);
        match json.get(at)? {
            b',' => at = spaces(json, at + 1),
            byte if *byte == close => return Some(at + 1),
            _ => return None,
        }
    }
}

fn string(json: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match json.get(at)? {
            ..b' ' => return None,
            b'"' => return Some(at + 1),
            b'\\' => {
                at += 1;
                match json.get(at)? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' if json.get(at + 1..at + 5)?.iter().all(u8::is_ascii_hexdigit) => at += 4,
                    _ => return None,
                }
            }
            _ => {}
        }
        at += 1;
    }
}

fn digits(json: &[u8], at: usize) -> Option<usize> {
    let length = json.get(at..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (length > 0).then_some(at + length)
}

fn number(json: &[u8], mut at: usize) -> Option<usize> {
    at += usize::from(json[at] == b'-');
    at = if json.get(at) == Some(&b'0') { at + 1 } else { digits(json, at)? };
    if json.get(at) == Some(&b'.') {
        at = digits(json, at + 1)?;
    }
    if matches!(json.get(at), Some(b'e' | b'E')) {
        at += 1;
        at += usize::from(matches!(json.get(at), Some(b'+' | b'-')));
        at = digits(json, at)?;
    }
    Some(at)
}
