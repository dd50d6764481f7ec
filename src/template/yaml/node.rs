//! What JSON makes of a value before it becomes YAML: the types that go-yaml finds in JSON text.

use zeroize::Zeroizing;

use crate::template::error::{Fault, Limit};
use crate::template::format::{MAX_NESTING, json_float, own_text};
use crate::template::number::{parse_float, parse_int, parse_uint};
use crate::template::unicode::{Runes, is_digit, is_letter};
use crate::template::value::Value;

/// Text, wiped after use.
pub(super) type Secret = Zeroizing<String>;

/// A value as go-yaml has it after reading JSON.
pub(super) enum Node {
    Null,
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// A float, to be written with `%g`.
    Float(f64),
    Text(Secret),
    List(Vec<Node>),
    /// Sorted as go-yaml sorts.
    Map(Vec<(Secret, Node)>),
}

const NO_JSON: Fault = Fault::Because("JSON has no such value");

impl Node {
    pub(super) fn of(value: &Value, depth: usize) -> Result<Self, Fault> {
        if depth > MAX_NESTING {
            return Err(Limit::Depth.into());
        }
        Ok(match value {
            Value::Nil | Value::Missing => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Float(number) => Self::number(json_float(*number).ok_or(NO_JSON)?),
            Value::Complex(..) => return Err(NO_JSON),
            Value::Text(text) => Self::Text(through_json(text.bytes())?),
            Value::Time(time) => {
                if !(0..=9999).contains(&time.fields()[0]) {
                    return Err(NO_JSON);
                }
                Self::Text(through_json(&time.format(b"2006-01-02T15:04:05.999999999Z07:00"))?)
            }
            Value::Version(_) => Self::Text(through_json(own_text(value).unwrap_or_default().bytes())?),
            Value::Error(_) => Self::Map(vec![]),
            Value::Certificate(certificate, key) => {
                let fields = [("Cert", certificate), ("Key", key)];
                return Self::of(&Value::dict(fields.map(|(name, text)| (name, Value::Text(text.clone())))), depth);
            }
            Value::List(list) if list.is_nil() => Self::Null,
            Value::List(list) => {
                Self::List(list.items().iter().map(|item| Self::of(item, depth + 1)).collect::<Result<_, _>>()?)
            }
            Value::Map(map) if map.is_nil() => Self::Null,
            Value::Map(map) => {
                let mut entries = Vec::with_capacity(map.len());
                for (key, item) in map.entries() {
                    entries.push((key_through_json(key.bytes())?, Self::of(&item, depth + 1)?));
                }
                entries.sort_by(|(left, _), (right, _)| {
                    if is_less(left, right) {
                        std::cmp::Ordering::Less
                    } else if is_less(right, left) {
                        std::cmp::Ordering::Greater
                    } else {
                        std::cmp::Ordering::Equal
                    }
                });
                Self::Map(entries)
            }
            _ => match (value.signed(), value.unsigned()) {
                (Some(int), _) => Self::Number(int.to_string()),
                (_, uint) => Self::Number(uint.unwrap_or_default().to_string()),
            },
        })
    }

    /// What go-yaml takes the number of a JSON text for.
    fn number(text: String) -> Self {
        if let Some(int) = parse_int(&text) {
            return Self::Number(int.to_string());
        }
        if parse_uint(&text).is_some() {
            return Self::Number(text);
        }
        Self::Float(parse_float(&text).unwrap_or_default())
    }
}

/// A text that was written as JSON and read by go-yaml: what is no UTF-8 is replaced, some controls cannot be read, and
/// the line break NEL is folded away.
fn through_json(text: &[u8]) -> Result<Secret, Fault> {
    let mut out = Zeroizing::new(String::with_capacity(text.len() * 3));
    let mut runes = Runes(text).map(|(next, _)| next).peekable();
    while let Some(next) = runes.next() {
        match next {
            '\u{85}' => {
                let kept = out.trim_end_matches([' ']).len();
                out.truncate(kept);
                let mut breaks = 1;
                while let Some(more) = runes.next_if(|next| matches!(next, ' ' | '\u{85}')) {
                    breaks += usize::from(more == '\u{85}');
                }
                if breaks == 1 {
                    out.push(' ');
                }
                // a second break is one, but no longer the same
                (1..breaks).for_each(|_| out.push('\n'));
            }
            '\u{7f}'..'\u{a0}' | '\u{fffe}' | '\u{ffff}' => return Err(NO_JSON),
            next => out.push(next),
        }
    }
    Ok(out)
}

/// The same for a key, which must stand on one line.
fn key_through_json(text: &[u8]) -> Result<Secret, Fault> {
    match memchr::memmem::find(text, "\u{85}".as_bytes()) {
        Some(_) => Err(NO_JSON),
        None => through_json(text),
    }
}

/// `keyList.Less` of go-yaml: numbers inside of keys are compared as numbers, and letters come after all else.
fn is_less(left: &str, right: &str) -> bool {
    let digit = |next: &char| is_digit(*next);
    let value = |next: char| i64::from(u32::from(next)) - i64::from(u32::from('0'));
    let (a, b) = (Zeroizing::new(left.chars().collect::<Vec<_>>()), Zeroizing::new(right.chars().collect::<Vec<_>>()));
    let Some(at) = a.iter().zip(b.iter()).position(|(a, b)| a != b) else { return a.len() < b.len() };
    match (is_letter(a[at]), is_letter(b[at])) {
        (true, true) => return a[at] < b[at],
        (false, false) => {}
        (_, right_is_letter) => return right_is_letter,
    }
    let (mut left_number, mut right_number) = (0_i64, 0_i64);
    if a[at] == '0' || b[at] == '0' {
        let inside = a[..at].iter().rev().take_while(|next| digit(next)).any(|next| *next != '0');
        left_number = i64::from(inside);
        right_number = left_number;
    }
    let number = |from: &[char], mut all: i64| {
        let digits = from.iter().take_while(|next| digit(next));
        let mut count = 0;
        for next in digits {
            all = all.wrapping_mul(10).wrapping_add(value(*next));
            count += 1;
        }
        (all, count)
    };
    let (left_number, left_count) = number(&a[at..], left_number);
    let (right_number, right_count) = number(&b[at..], right_number);
    if left_number != right_number {
        return left_number < right_number;
    }
    if left_count != right_count {
        return left_count < right_count;
    }
    a[at] < b[at]
}
