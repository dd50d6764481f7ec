//! Texts, integers and floats under a verb and its flags, as `fmt/format.go` of Go 1.26 does it.

use super::Printer;
use super::float;
use super::quote;
use crate::template::text::Buffer;
use crate::template::unicode::{Runes, is_print};

const LOWER: &[u8; 16] = b"0123456789abcdef";
const UPPER: &[u8; 16] = b"0123456789ABCDEF";

impl Printer<'_> {
    fn padding(&mut self, count: usize) {
        let byte = if self.flags.zero && !self.flags.minus { b'0' } else { b' ' };
        self.out.push_repeated(byte, count);
    }

    /// Writes `text` in the width.
    pub(super) fn pad(&mut self, text: &[u8]) {
        let width = self.flags.width.unwrap_or_default();
        let missing = if width == 0 { 0 } else { width.saturating_sub(Runes(text).count()) };
        if !self.flags.minus {
            self.padding(missing);
        }
        self.out.push(text);
        if self.flags.minus {
            self.padding(missing);
        }
    }

    /// The same, and never with zeros.
    fn pad_with_spaces(&mut self, text: &[u8]) {
        let zero = std::mem::replace(&mut self.flags.zero, false);
        self.pad(text);
        self.flags.zero = zero;
    }

    fn truncate<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        match self.flags.precision {
            None => text,
            Some(precision) => &text[..Runes(text).take(precision).map(|(_, size)| size).sum()],
        }
    }

    /// `%s`
    pub(super) fn text(&mut self, text: &[u8]) {
        self.pad(self.truncate(text));
    }

    /// A string; whether the verb is one for strings.
    pub(super) fn string(&mut self, text: &[u8], verb: char) -> bool {
        match verb {
            'v' if self.flags.go_syntax => self.quoted(text),
            'v' | 's' => self.text(text),
            'x' => self.hex(text, LOWER, b"0x"),
            'X' => self.hex(text, UPPER, b"0X"),
            'q' => self.quoted(text),
            _ => return false,
        }
        true
    }

    fn quoted(&mut self, text: &[u8]) {
        let text = self.truncate(text);
        let mut quoted = Buffer::new(text.len().saturating_mul(10).saturating_add(2));
        if self.flags.sharp && quote::can_backquote(text) {
            quoted.push(b"`");
            quoted.push(text);
            quoted.push(b"`");
        } else {
            quote::quote_into(&mut quoted, text, b'"', self.flags.plus);
        }
        self.pad(quoted.bytes());
    }

    fn hex(&mut self, text: &[u8], digits: &[u8; 16], prefix: &[u8]) {
        let text = &text[..text.len().min(self.flags.precision.unwrap_or(usize::MAX))];
        let mut out = Buffer::new(text.len().saturating_mul(5));
        for (at, byte) in text.iter().enumerate() {
            if self.flags.space && at > 0 {
                out.push(b" ");
            }
            if self.flags.sharp && (self.flags.space || at == 0) {
                out.push(prefix);
            }
            out.push(&[digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]);
        }
        self.pad(out.bytes());
    }

    /// An integer; whether the verb is one for integers.
    pub(super) fn integer(&mut self, value: u64, negative: bool, signed: bool, verb: char) -> bool {
        // what a verb for characters sees of a negative number
        let code = if negative { u64::MAX } else { value };
        match verb {
            'v' if self.flags.go_syntax && !signed => {
                let sharp = std::mem::replace(&mut self.flags.sharp, true);
                self.digits(value, negative, 16, verb);
                self.flags.sharp = sharp;
            }
            'v' | 'd' => self.digits(value, negative, 10, verb),
            'b' => self.digits(value, negative, 2, verb),
            'o' | 'O' => self.digits(value, negative, 8, verb),
            'x' | 'X' => self.digits(value, negative, 16, verb),
            'c' => {
                let next = character(code);
                self.pad(next.encode_utf8(&mut [0; 4]).as_bytes());
            }
            'q' => {
                let mut quoted = Buffer::new(16);
                let next = character(code);
                quote::quote_into(&mut quoted, next.encode_utf8(&mut [0; 4]).as_bytes(), b'\'', self.flags.plus);
                self.pad(quoted.bytes());
            }
            'U' => self.code_point(if negative { value.wrapping_neg() } else { value }),
            _ => return false,
        }
        true
    }

    fn digits(&mut self, mut value: u64, negative: bool, base: u64, verb: char) {
        let flags = self.flags;
        let signed = negative || flags.plus || flags.space;
        let mut precision = 0;
        if let Some(wanted) = flags.precision {
            precision = wanted;
            if precision == 0 && value == 0 {
                let zero = std::mem::replace(&mut self.flags.zero, false);
                self.padding(flags.width.unwrap_or_default());
                self.flags.zero = zero;
                return;
            }
        } else if flags.zero && !flags.minus {
            precision = flags.width.map_or(0, |width| width.saturating_sub(usize::from(signed)));
        }
        let table = if verb == 'X' { UPPER } else { LOWER };
        // written from right to left
        let mut text = vec![];
        loop {
            text.push(table[(value % base) as usize]);
            value /= base;
            if value == 0 {
                break;
            }
        }
        if text.len() < precision {
            text.resize(precision, b'0');
        }
        if flags.sharp {
            match base {
                2 => text.extend(b"b0"),
                8 if text.last() != Some(&b'0') => text.push(b'0'),
                16 => text.extend(if verb == 'X' { b"X0" } else { b"x0" }),
                _ => {}
            }
        }
        if verb == 'O' {
            text.extend(b"o0");
        }
        if negative {
            text.push(b'-');
        } else if flags.plus {
            text.push(b'+');
        } else if flags.space {
            text.push(b' ');
        }
        text.reverse();
        self.pad_with_spaces(&text);
    }

    /// `U+0041`
    fn code_point(&mut self, value: u64) {
        let digits = format!("{value:04X}");
        let missing = self.flags.precision.unwrap_or_default().saturating_sub(digits.len());
        let mut text = String::from("U+");
        text.extend(std::iter::repeat_n('0', missing));
        text.push_str(&digits);
        if let Some(next) = u32::try_from(value).ok().and_then(char::from_u32)
            && self.flags.sharp
            && is_print(next)
        {
            text.push_str(" '");
            text.push(next);
            text.push('\'');
        }
        self.pad_with_spaces(text.as_bytes());
    }

    /// A float; whether the verb is one for floats.
    pub(super) fn float(&mut self, value: f64, verb: char) -> bool {
        let (verb, precision) = match verb {
            'v' => ('g', None),
            'b' | 'g' | 'G' | 'x' | 'X' => (verb, None),
            'f' | 'e' | 'E' => (verb, Some(6)),
            'F' => ('f', Some(6)),
            _ => return false,
        };
        let precision = self.flags.precision.or(precision);
        let mut text = float::format(value, verb, precision);
        if !text.starts_with(['-', '+']) {
            text.insert(0, '+');
        }
        if self.flags.space && text.starts_with('+') && !self.flags.plus {
            text.replace_range(..1, " ");
        }
        if !value.is_finite() {
            let text = if value.is_nan() && !self.flags.space && !self.flags.plus { &text[1..] } else { &text };
            self.pad_with_spaces(text.as_bytes());
            return true;
        }
        if self.flags.sharp && verb != 'b' {
            text = with_point(&text, verb, precision);
        }
        if !self.flags.plus && text.starts_with('+') {
            self.pad(&text.as_bytes()[1..]);
            return true;
        }
        let width = self.flags.width.unwrap_or_default();
        if self.flags.zero && !self.flags.minus && width > text.len() {
            // the sign before the zeros
            self.out.push(&text.as_bytes()[..1]);
            self.padding(width - text.len());
            self.out.push(&text.as_bytes()[1..]);
        } else {
            self.pad(text.as_bytes());
        }
        true
    }

    /// `(1+2i)`; whether the verb is one for floats.
    pub(super) fn complex(&mut self, real: f64, imaginary: f64, verb: char) -> bool {
        if !matches!(verb, 'v' | 'b' | 'g' | 'G' | 'x' | 'X' | 'f' | 'F' | 'e' | 'E') {
            return false;
        }
        self.out.push(b"(");
        self.float(real, verb);
        let plus = std::mem::replace(&mut self.flags.plus, true);
        self.float(imaginary, verb);
        self.flags.plus = plus;
        self.out.push(b"i)");
        true
    }
}

fn character(code: u64) -> char {
    u32::try_from(code).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// What `#` asks for: always a decimal point, and no zeros cut off.
fn with_point(text: &str, verb: char, precision: Option<usize>) -> String {
    let mut missing = match verb {
        'g' | 'G' | 'x' => precision.map_or(6, |precision| precision as i64),
        _ => 0,
    };
    let hex = matches!(verb, 'x' | 'X');
    let is_tail = |next: char| matches!(next, 'p' | 'P') || (!hex && matches!(next, 'e' | 'E'));
    let end = text.find(is_tail).unwrap_or(text.len());
    let (number, tail) = text.split_at(end);
    let mut seen = false;
    for next in number[1..].chars().filter(|next| *next != '.') {
        seen |= next != '0';
        missing -= i64::from(seen);
    }
    let mut number = number.to_owned();
    if !number.contains('.') {
        if number[1..] == *"0" {
            missing -= 1;
        }
        number.push('.');
    }
    number.extend(std::iter::repeat_n('0', usize::try_from(missing).unwrap_or_default()));
    number + tail
}
