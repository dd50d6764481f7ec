//! Go's package `fmt`: values as text, with and without a format.

mod float;
mod printf;
mod quote;
mod verbs;

pub(super) use float::{format as float_text, json_float};
pub(super) use quote::quote;

use super::error::Limit;
use super::text::{Buffer, Text};
use super::value::{Map, Value};

/// Lists in lists beyond this are not printed.
pub(super) const MAX_NESTING: usize = 200;

/// `fmt.Sprint`: a space between two values neither of which is a string.
pub(super) fn print(out: &mut Buffer, values: &[Value]) -> Result<(), Limit> {
    let mut printer = Printer::new(out);
    let mut after_text = true;
    for value in values {
        let text = matches!(value, Value::Text(_));
        if !text && !after_text {
            printer.out.push(b" ");
        }
        printer.argument(value, 'v')?;
        after_text = text;
    }
    Ok(())
}

/// `fmt.Sprintln`
pub(super) fn println(out: &mut Buffer, values: &[Value]) -> Result<(), Limit> {
    let mut printer = Printer::new(out);
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            printer.out.push(b" ");
        }
        printer.argument(value, 'v')?;
    }
    printer.out.push(b"\n");
    Ok(())
}

/// `fmt.Sprintf`
pub(super) fn printf(out: &mut Buffer, format: &[u8], values: &[Value]) -> Result<(), Limit> {
    printf::run(&mut Printer::new(out), format, values)
}

/// What stands between `%` and the verb.
#[derive(Clone, Copy, Default)]
struct Flags {
    width: Option<usize>,
    precision: Option<usize>,
    minus: bool,
    plus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    /// `%#v`
    go_syntax: bool,
}

struct Printer<'a> {
    out: &'a mut Buffer,
    flags: Flags,
    /// In the message about a wrong verb: methods are not called.
    erroring: bool,
}

impl<'a> Printer<'a> {
    fn new(out: &'a mut Buffer) -> Self {
        Self { out, flags: Flags::default(), erroring: false }
    }

    /// A value that is an argument, not an element.
    fn argument(&mut self, value: &Value, verb: char) -> Result<(), Limit> {
        match (value, verb) {
            (Value::Nil | Value::Missing, 'T' | 'v') => self.pad(b"<nil>"),
            (Value::Nil | Value::Missing, _) => self.bad_verb(value, verb)?,
            (value, 'T') => self.text(value.type_name().as_bytes()),
            // an address would be another one each time
            (value, 'p') => self.bad_verb(value, verb)?,
            (value, verb) => self.value(value, verb, 0)?,
        }
        Ok(())
    }

    fn value(&mut self, value: &Value, verb: char, depth: usize) -> Result<(), Limit> {
        if depth > MAX_NESTING {
            return Err(Limit::Depth);
        }
        if self.by_method(value, verb)? {
            return Ok(());
        }
        match value {
            Value::Nil | Value::Missing if self.flags.go_syntax && depth > 0 => self.out.push(b"interface {}(nil)"),
            Value::Nil | Value::Missing => self.out.push(b"<nil>"),
            Value::Bool(value) => match verb {
                't' | 'v' => self.pad(if *value { b"true" } else { b"false" }),
                _ => self.bad_verb(&Value::Bool(*value), verb)?,
            },
            Value::Float(number) => {
                if !self.float(*number, verb) {
                    self.bad_verb(value, verb)?;
                }
            }
            Value::Complex(real, imaginary) => {
                if !self.complex(*real, *imaginary, verb) {
                    self.bad_verb(value, verb)?;
                }
            }
            Value::Text(text) => {
                if !self.string(text.bytes(), verb) {
                    self.bad_verb(value, verb)?;
                }
            }
            Value::List(list) => self.list(list.items(), list.is_nil(), value, verb, depth)?,
            Value::Map(map) => self.map(map, value, verb, depth)?,
            Value::Certificate(certificate, key) => {
                self.out.push(b"{");
                self.value(&Value::Text(certificate.clone()), verb, depth + 1)?;
                self.out.push(b" ");
                self.value(&Value::Text(key.clone()), verb, depth + 1)?;
                self.out.push(b"}");
            }
            Value::Time(_) | Value::Version(_) | Value::Error(_) => self.bad_verb(value, verb)?,
            _ => {
                let done = match (value.signed(), value.unsigned()) {
                    (Some(int), _) => self.integer(int.unsigned_abs(), int < 0, true, verb),
                    (_, Some(uint)) => self.integer(uint, false, false, verb),
                    _ => false,
                };
                if !done {
                    self.bad_verb(value, verb)?;
                }
            }
        }
        Ok(())
    }

    /// Values that print themselves: times, months, versions.
    fn by_method(&mut self, value: &Value, verb: char) -> Result<bool, Limit> {
        if self.erroring {
            return Ok(false);
        }
        if verb == 'w' {
            self.bad_verb(value, verb)?;
            return Ok(true);
        }
        if self.flags.go_syntax || !matches!(verb, 'v' | 's' | 'x' | 'X' | 'q') {
            return Ok(false);
        }
        Ok(match own_text(value) {
            Some(text) => self.string(text.bytes(), verb),
            None => false,
        })
    }

    fn list(&mut self, items: &[Value], nil: bool, value: &Value, verb: char, depth: usize) -> Result<(), Limit> {
        let (open, between, close): (&[u8], &[u8], &[u8]) =
            if self.flags.go_syntax { (b"{", b", ", b"}") } else { (b"[", b" ", b"]") };
        if self.flags.go_syntax {
            self.out.push(value.type_name().as_bytes());
            if nil {
                self.out.push(b"(nil)");
                return Ok(());
            }
        }
        self.out.push(open);
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.out.push(between);
            }
            self.value(item, verb, depth + 1)?;
        }
        self.out.push(close);
        Ok(())
    }

    fn map(&mut self, map: &Map, value: &Value, verb: char, depth: usize) -> Result<(), Limit> {
        if self.flags.go_syntax {
            self.out.push(value.type_name().as_bytes());
            if map.is_nil() {
                self.out.push(b"(nil)");
                return Ok(());
            }
            self.out.push(b"{");
        } else {
            self.out.push(b"map[");
        }
        let between: &[u8] = if self.flags.go_syntax { b", " } else { b" " };
        for (at, (key, item)) in map.entries().into_iter().enumerate() {
            if at > 0 {
                self.out.push(between);
            }
            self.value(&Value::Text(key), verb, depth + 1)?;
            self.out.push(b":");
            self.value(&item, verb, depth + 1)?;
        }
        self.out.push(if self.flags.go_syntax { b"}" } else { b"]" });
        Ok(())
    }

    /// `%!d(string=text)`
    fn bad_verb(&mut self, value: &Value, verb: char) -> Result<(), Limit> {
        let before = std::mem::replace(&mut self.erroring, true);
        self.out.push(b"%!");
        self.out.push_char(verb);
        self.out.push(b"(");
        if value.is_nil() {
            self.out.push(b"<nil>");
        } else {
            self.out.push(value.type_name().as_bytes());
            self.out.push(b"=");
            self.plain(value)?;
        }
        self.out.push(b")");
        self.erroring = before;
        Ok(())
    }

    /// A value in the message about a wrong verb. Those with methods would show their insides there, which we do not have.
    fn plain(&mut self, value: &Value) -> Result<(), Limit> {
        match own_text(value) {
            Some(text) if value.signed().is_none() => {
                self.text(text.bytes());
                Ok(())
            }
            _ => self.value(value, 'v', 0),
        }
    }
}

/// The text of a value that has a method for it.
pub(super) fn own_text(value: &Value) -> Option<Text> {
    match value {
        Value::Time(time) => Some(time.to_string().into()),
        Value::Duration(nanoseconds) => Some(super::time::duration_text(*nanoseconds).into()),
        Value::Month(month) => Some(super::time::month_name(*month).into()),
        Value::Weekday(day) => Some(super::time::weekday_name(*day).into()),
        Value::Version(version) => Some(version.to_string().into()),
        Value::Error(text) => Some(text.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
