//! Formats: text with verbs, as `doPrintf` of Go 1.26 reads them.

use super::{Flags, Printer};
use crate::template::error::Limit;
use crate::template::unicode::decode;
use crate::template::value::Value;

/// The largest width or precision.
const MAX_NUMBER: i64 = 1_000_000;

struct Reader<'a> {
    format: &'a [u8],
    at: usize,
    values: &'a [Value],
    /// The value that is next.
    next: usize,
    reordered: bool,
    good_index: bool,
    after_index: bool,
}

/// Writes `format` with `values` in the place of its verbs.
pub(super) fn run(printer: &mut Printer<'_>, format: &[u8], values: &[Value]) -> Result<(), Limit> {
    let mut reader = Reader { format, at: 0, values, next: 0, reordered: false, good_index: true, after_index: false };
    while let Some(found) = reader.format[reader.at..].iter().position(|byte| *byte == b'%') {
        printer.out.push(&format[reader.at..reader.at + found]);
        reader.at += found + 1;
        reader.good_index = true;
        printer.flags = Flags::default();
        if printer.out.overflown() {
            return Err(Limit::Memory);
        }
        if !reader.directive(printer)? {
            return reader.extra(printer);
        }
    }
    printer.out.push(&format[reader.at..]);
    reader.extra(printer)
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.format.get(self.at).copied()
    }

    /// Flags, width, precision and verb; whether there was a verb.
    fn directive(&mut self, printer: &mut Printer<'_>) -> Result<bool, Limit> {
        while let Some(flag) = self.peek() {
            match flag {
                b'#' => printer.flags.sharp = true,
                b'0' => printer.flags.zero = true,
                b'+' => printer.flags.plus = true,
                b'-' => printer.flags.minus = true,
                b' ' => printer.flags.space = true,
                _ => break,
            }
            self.at += 1;
        }
        self.after_index = false;
        self.index();
        self.width(printer);
        self.precision(printer);
        if !self.after_index {
            self.index();
        }
        let Some((verb, size)) = decode(&self.format[self.at..]) else {
            printer.out.push(b"%!(NOVERB)");
            return Ok(false);
        };
        self.at += size;
        match self.values.get(self.next) {
            _ if verb == '%' => printer.out.push(b"%"),
            _ if !self.good_index => bad(printer, verb, b"(BADINDEX)"),
            None => bad(printer, verb, b"(MISSING)"),
            Some(value) => {
                if matches!(verb, 'v' | 'w') {
                    printer.flags.go_syntax = std::mem::take(&mut printer.flags.sharp);
                    printer.flags.plus = false;
                }
                self.next += 1;
                printer.argument(value, verb)?;
            }
        }
        Ok(true)
    }

    /// `[3]`
    fn index(&mut self) {
        if self.peek() != Some(b'[') {
            self.after_index = false;
            return;
        }
        self.reordered = true;
        let rest = &self.format[self.at..];
        let close = if rest.len() < 3 { None } else { rest.iter().position(|byte| *byte == b']') };
        let Some(close) = close else {
            self.good_index = false;
            self.after_index = false;
            self.at += 1;
            return;
        };
        self.at += close + 1;
        let digits = &rest[1..close];
        let number = number(digits).filter(|(_, length)| *length == digits.len()).map(|(number, _)| number);
        self.after_index = number.is_some();
        match number.and_then(|number| number.checked_sub(1)).filter(|index| *index < self.values.len()) {
            Some(index) => self.next = index,
            None => self.good_index = false,
        }
    }

    fn star(&mut self) -> Option<i64> {
        self.at += 1;
        self.after_index = false;
        let value = self.values.get(self.next)?;
        self.next += 1;
        let number = value.signed().or_else(|| value.unsigned().and_then(|number| i64::try_from(number).ok()))?;
        (-MAX_NUMBER..=MAX_NUMBER).contains(&number).then_some(number)
    }

    fn number(&mut self) -> Option<usize> {
        match number(&self.format[self.at..]) {
            Some((number, length)) => {
                self.at += length;
                Some(number)
            }
            None => {
                // a number that is too long takes all of the rest
                if self.peek().is_some_and(|next| next.is_ascii_digit()) {
                    self.at = self.format.len();
                }
                None
            }
        }
    }

    fn width(&mut self, printer: &mut Printer<'_>) {
        if self.peek() == Some(b'*') {
            match self.star() {
                Some(width) => {
                    printer.flags.width = usize::try_from(width.unsigned_abs()).ok();
                    if width < 0 {
                        printer.flags.minus = true;
                        printer.flags.zero = false;
                    }
                }
                None => printer.out.push(b"%!(BADWIDTH)"),
            }
            return;
        }
        printer.flags.width = self.number();
        if self.after_index && printer.flags.width.is_some() {
            self.good_index = false;
        }
    }

    fn precision(&mut self, printer: &mut Printer<'_>) {
        if self.peek() != Some(b'.') || self.at + 1 >= self.format.len() {
            return;
        }
        self.at += 1;
        if self.after_index {
            self.good_index = false;
        }
        self.index();
        if self.peek() == Some(b'*') {
            printer.flags.precision = self.star().and_then(|precision| usize::try_from(precision).ok());
            if printer.flags.precision.is_none() {
                printer.out.push(b"%!(BADPREC)");
            }
        } else {
            printer.flags.precision = Some(self.number().unwrap_or_default());
        }
    }

    /// Values that no verb asked for.
    fn extra(&self, printer: &mut Printer<'_>) -> Result<(), Limit> {
        let left = self.values.get(self.next..).unwrap_or_default();
        if self.reordered || left.is_empty() {
            return Ok(());
        }
        printer.flags = Flags::default();
        printer.out.push(b"%!(EXTRA ");
        for (at, value) in left.iter().enumerate() {
            if at > 0 {
                printer.out.push(b", ");
            }
            if value.is_nil() {
                printer.out.push(b"<nil>");
            } else {
                printer.out.push(value.type_name().as_bytes());
                printer.out.push(b"=");
                printer.argument(value, 'v')?;
            }
        }
        printer.out.push(b")");
        Ok(())
    }
}

fn bad(printer: &mut Printer<'_>, verb: char, what: &[u8]) {
    printer.out.push(b"%!");
    printer.out.push_char(verb);
    printer.out.push(what);
}

/// The number at the start, and how long it is.
fn number(text: &[u8]) -> Option<(usize, usize)> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut value = 0_i64;
    for digit in &text[..length] {
        if value > MAX_NUMBER {
            return None;
        }
        value = value * 10 + i64::from(digit - b'0');
    }
    (length > 0).then(|| (usize::try_from(value).unwrap_or_default(), length))
}
