//! The small pieces of Go's syntax: escapes and repetition counts.

use super::Problem;

/// A pattern being read.
pub(super) struct Scanner<'a> {
    rest: &'a str,
}

/// The number of a `{…}` that Go takes as a repetition.
#[derive(Clone, Copy)]
pub(super) struct Count {
    pub(super) min: u32,
    /// `None`: no upper limit.
    pub(super) max: Option<u32>,
}

/// Most repetitions that Go allows.
pub(super) const MAX_REPEAT: u32 = 1000;

impl<'a> Scanner<'a> {
    pub(super) fn new(pattern: &'a str) -> Self {
        Self { rest: pattern }
    }

    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        next
    }

    /// Takes `text` if it comes next.
    pub(super) fn take(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes everything up to `end`, and `end`.
    pub(super) fn take_until(&mut self, end: &str) -> Option<&'a str> {
        let (before, after) = self.rest.split_once(end)?;
        self.rest = after;
        Some(before)
    }

    /// What was read since `start` was the rest.
    pub(super) fn since(&self, start: &'a str) -> &'a str {
        &start[..start.len() - self.rest.len()]
    }

    /// The code point of an escape sequence; the backslash comes next. It may be a surrogate.
    pub(super) fn escape(&mut self) -> Result<u32, Problem> {
        let start = self.rest;
        self.next();
        let Some(kind) = self.next() else {
            return Err(Problem::TrailingBackslash);
        };
        let code = match kind {
            // a single digit would be a back-reference
            '1'..='7' if !self.peek().is_some_and(is_octal) => None,
            '0'..='7' => Some(self.octal(kind)),
            'x' => self.hexadecimal(),
            'a' => Some(0x07),
            'f' => Some(0x0c),
            'n' => Some(0x0a),
            'r' => Some(0x0d),
            't' => Some(0x09),
            'v' => Some(0x0b),
            other => (other.is_ascii() && !other.is_ascii_alphanumeric()).then_some(other.into()),
        };
        code.ok_or_else(|| Problem::Escape(self.since(start).to_owned()))
    }

    fn octal(&mut self, first: char) -> u32 {
        let mut code = first.to_digit(8).unwrap_or(0);
        for _ in 0..2 {
            let Some(digit) = self.peek().and_then(|next| next.to_digit(8)) else {
                break;
            };
            self.next();
            code = code * 8 + digit;
        }
        code
    }

    fn hexadecimal(&mut self) -> Option<u32> {
        let first = self.next()?;
        if first != '{' {
            return Some(first.to_digit(16)? * 16 + self.next()?.to_digit(16)?);
        }
        let digits = self.take_until("}")?;
        if digits.is_empty() {
            return None;
        }
        digits.chars().try_fold(0_u32, |code, digit| {
            let code = code * 16 + digit.to_digit(16)?;
            (code <= u32::from(char::MAX)).then_some(code)
        })
    }

    /// A `{n}`, `{n,}` or `{n,m}`; `None`, and nothing is read, when the brace is just a brace.
    ///
    /// The inner result is an error when the numbers are impossible.
    pub(super) fn count(&mut self) -> Option<Result<Count, Problem>> {
        let start = self.rest;
        let count = self.count_inner();
        if count.is_none() {
            self.rest = start;
        }
        count
    }

    fn count_inner(&mut self) -> Option<Result<Count, Problem>> {
        let start = self.rest;
        if !self.take("{") {
            return None;
        }
        let min = self.number()?;
        let max = if !self.take(",") {
            Some(min)
        } else if self.peek()? == '}' {
            None
        } else {
            Some(self.number()?)
        };
        if !self.take("}") {
            return None;
        }
        let fits = min <= MAX_REPEAT && max.is_none_or(|max| max <= MAX_REPEAT && min <= max);
        Some(if fits { Ok(Count { min, max }) } else { Err(Problem::RepeatSize(self.since(start).to_owned())) })
    }

    /// A decimal number without leading zeros. Large ones are cut: they are refused anyway.
    fn number(&mut self) -> Option<u32> {
        let end = self.rest.find(|next: char| !next.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
            return None;
        }
        self.rest = rest;
        Some(digits.parse().unwrap_or(u32::MAX))
    }
}

fn is_octal(character: char) -> bool {
    character.is_digit(8)
}
