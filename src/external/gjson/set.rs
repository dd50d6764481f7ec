//! Sets a string in JSON and leaves the rest as it is, as github.com/tidwall/sjson 1.2.5 does: that is how one property of a
//! secret is pushed.

use super::budget::{Budget, TooMuchWork};
use super::result::Kind;
use super::{path::trim, scan, walk};
use crate::external::json::write_text;
use crate::external::sink::Sink;
use crate::secret::SecretBytes;

/// Most elements that an array is filled up with.
const MOST_NULLS: usize = 10_000;

/// Why a value cannot be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// There is no path.
    #[error("the path is empty")]
    Empty,
    /// An array has no such element.
    #[error("the path names an element of an array by something else than its number")]
    NoIndex,
    /// The number of an element is beyond all that is useful.
    #[error("the path names an element beyond the {MOST_NULLS}th")]
    LargeIndex,
    /// A path of gjson's that finds several values.
    #[error("the path can stand for several values")]
    Many,
    /// The path asks for too much.
    #[error(transparent)]
    Work(#[from] TooMuchWork),
}

/// One step of a path.
struct Step {
    /// The key.
    key: Vec<u8>,
    /// The key as gjson reads it.
    path: Vec<u8>,
    /// `:key`, a key even if it is a number.
    forced: bool,
}

impl Step {
    /// The element of an array that it names; without digits it names the first.
    fn index(&self) -> Option<usize> {
        if self.forced || !self.key.iter().all(u8::is_ascii_digit) {
            return None;
        }
        Some(
            self.key
                .iter()
                .fold(0_usize, |all, digit| all.saturating_mul(10).saturating_add(usize::from(digit - b'0'))),
        )
    }

    fn appends(&self) -> bool {
        !self.forced && self.key == b"-1"
    }
}

/// `json` with the string `value` at `path`; what is missing on the way is made.
///
/// # Errors
/// [`SetError`] when the path fits nothing that could be set.
pub fn set(json: &[u8], path: &str, value: &[u8]) -> Result<SecretBytes, SetError> {
    if path.is_empty() {
        return Err(SetError::Empty);
    }
    let budget = Budget::default();
    let mut out = Sink::with_room(json.len() + path.len() + value.len() + 16);
    match steps(path.as_bytes()) {
        Some(steps) => set_in(&budget, &mut out, json, &steps, value)?,
        None => {
            // a path of gjson's with wildcards and the like replaces the one value that it finds
            let found = walk::get(&budget, json, path.as_bytes())?;
            match found.index_in(json) {
                Some(index) => replace(&mut out, json, index..index + found.raw.len(), |out| string(out, value)),
                None if path.contains('#') && found.exists() => return Err(SetError::Many),
                None => out.push(json),
            }
        }
    }
    Ok(out.finish())
}

/// The steps of a path; nothing when it has something of gjson's that is no plain key.
fn steps(path: &[u8]) -> Option<Vec<Step>> {
    let mut steps = vec![];
    let mut rest = Some(path);
    while let Some(path) = rest {
        let (forced, path) = match path {
            [b':', path @ ..] => (true, path),
            path => (false, path),
        };
        let (mut key, mut at) = (vec![], 0);
        rest = None;
        // what is escaped may be anything
        while let Some(byte) = path.get(at) {
            match byte {
                b'.' => {
                    rest = Some(&path[at + 1..]);
                    break;
                }
                b'|' | b'#' | b'@' | b'*' | b'?' => return None,
                b'\\' => {
                    at += 1;
                    key.extend(path.get(at));
                }
                byte => key.push(*byte),
            }
            at += 1;
        }
        steps.push(Step { key, path: path[..at.min(path.len())].to_vec(), forced });
    }
    Some(steps)
}

fn replace(out: &mut Sink, json: &[u8], range: std::ops::Range<usize>, with: impl FnOnce(&mut Sink)) {
    out.push(&json[..range.start]);
    with(out);
    out.push(&json[range.end..]);
}

fn set_in(budget: &Budget, out: &mut Sink, json: &[u8], steps: &[Step], value: &[u8]) -> Result<(), SetError> {
    let Some((step, rest)) = steps.split_first() else { return Ok(()) };
    let found = walk::get(budget, json, &step.path)?;
    if let Some(index) = found.index_in(json) {
        if rest.is_empty() {
            replace(out, json, index..index + found.raw.len(), |out| string(out, value));
            return Ok(());
        }
        out.push(&json[..index]);
        let mut inner = Ok(());
        budget.deeper(|| {
            inner = set_in(budget, out, &json[index..index + found.raw.len()], rest, value);
            Ok(())
        })?;
        inner?;
        out.push(&json[index + found.raw.len()..]);
        return Ok(());
    }
    let parsed = scan::parse(json);
    let blank: &[u8] = if step.index().is_some() { b"[]" } else { b"{}" };
    let json = if parsed.kind == Kind::Json { &parsed.raw } else { blank };
    let comma = json[1..].iter().find(|byte| **byte > b' ').is_some_and(|byte| !matches!(byte, b'}' | b']'));
    if json[0] == b'{' {
        let end = json.iter().rposition(|byte| *byte == b'}').unwrap_or_default();
        out.push(&json[..end]);
        if comma {
            out.push(b",");
        }
        build(out, false, steps, value)?;
        out.push(b"}");
        return Ok(());
    }
    if step.appends() {
        let json = trim(json);
        out.push(json.strip_suffix(b"]").unwrap_or(json));
        if comma {
            out.push(b",");
        }
        build(out, true, steps, value)?;
        out.push(b"]");
        return Ok(());
    }
    let index = step.index().ok_or(SetError::NoIndex)?;
    grow(out, json, index, comma)?;
    build(out, true, steps, value)?;
    out.push(b"]");
    Ok(())
}

/// An array with as many nulls behind it as another element needs before it.
fn grow(out: &mut Sink, json: &[u8], index: usize, comma: bool) -> Result<(), SetError> {
    if index > MOST_NULLS {
        return Err(SetError::LargeIndex);
    }
    out.push(b"[");
    let items = items(json);
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(b",");
        }
        out.push(item);
    }
    for _ in items.len()..index {
        out.push(if items.is_empty() { b"null," } else { b",null" });
    }
    if comma && !items.is_empty() {
        out.push(b",");
    }
    Ok(())
}

/// The elements of an array (`Result.Array`).
fn items(json: &[u8]) -> Vec<&[u8]> {
    let mut items = vec![];
    let mut at = 1;
    while let Some(byte) = json.get(at) {
        let end = match byte {
            b']' | b'}' => break,
            b'-' | b'0'..=b'9' => scan::number(json, at),
            b'{' | b'[' | b'"' => at + scan::squash(&json[at..]).len(),
            b'n' | b't' | b'f' => scan::literal(json, at),
            _ => {
                at += 1;
                continue;
            }
        };
        items.push(&json[at..end]);
        at = end;
    }
    items
}

/// What is missing: objects and arrays around the value.
fn build(out: &mut Sink, array: bool, steps: &[Step], value: &[u8]) -> Result<(), SetError> {
    let mut closing = vec![];
    let mut array = array;
    for (at, step) in steps.iter().enumerate() {
        if !array {
            string(out, &step.key);
            out.push(b":");
        }
        let Some(next) = steps.get(at + 1) else { break };
        array = next.index().is_some() || next.appends();
        out.push(if array { b"[" } else { b"{" });
        closing.push(if array { b']' } else { b'}' });
        let nulls = if array { next.index().unwrap_or_default() } else { 0 };
        if nulls > MOST_NULLS {
            return Err(SetError::LargeIndex);
        }
        for _ in 0..nulls {
            out.push(b"null,");
        }
    }
    string(out, value);
    closing.reverse();
    out.push(&closing);
    Ok(())
}

/// A string, which is escaped as HTML only when something else in it has to be escaped, too.
fn string(out: &mut Sink, text: &[u8]) {
    if text.iter().any(|byte| *byte < b' ' || *byte > 0x7f || matches!(byte, b'"' | b'\\')) {
        write_text(out, text, true);
    } else {
        out.push(b"\"");
        out.push(text);
        out.push(b"\"");
    }
}
