//! Timestamps as Go's `time` package reads and writes them. Only the fields and the offset are needed, no calendar
//! arithmetic beyond the length of a month.

/// Which spelling is accepted.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// go-yaml's four layouts, with one-digit fields.
    Yaml,
    /// Go's `Time.UnmarshalText`: RFC 3339, leniently.
    Rfc3339,
}

/// What go-yaml takes for a timestamp, in RFC 3339 with up to nine fractional digits, or `None`.
pub(super) fn from_yaml(text: &str) -> Option<String> {
    // Cheap refusal: every layout starts with exactly four digits and a dash.
    match text.as_bytes() {
        [a, b, c, d, b'-', ..] if [a, b, c, d].iter().all(|byte| byte.is_ascii_digit()) => read(text, Form::Yaml),
        _ => None,
    }
}

/// What Go's `Time.UnmarshalText` takes, in the form `MarshalText` gives back, or `None`.
pub(super) fn from_rfc3339(text: &str) -> Option<String> {
    read(text, Form::Rfc3339)
}

fn read(text: &str, form: Form) -> Option<String> {
    let two_digits = form == Form::Rfc3339;
    let mut cursor = Cursor(text.as_bytes());
    let year = cursor.year()?;
    cursor.expect(b'-')?;
    let month = cursor.number(two_digits).filter(|month| (1..=12).contains(month))?;
    cursor.expect(b'-')?;
    let day = cursor.number(two_digits).filter(|day| (1..=days_in(year, month)).contains(day))?;
    let mut time = Time { date: (year, month, day), clock: (0, 0, 0), fraction: Vec::new(), offset: 0 };
    match (cursor.next(), form) {
        (None, Form::Yaml) => return time.format(),
        (Some(b'T'), _) | (Some(b't'), Form::Yaml) => {
            time.read_clock(&mut cursor, two_digits)?;
            time.offset = cursor.offset()?;
        }
        (Some(b' '), Form::Yaml) => {
            while cursor.0.first() == Some(&b' ') {
                cursor.next();
            }
            time.read_clock(&mut cursor, false)?;
        }
        _ => return None,
    }
    if cursor.0.is_empty() { time.format() } else { None }
}

struct Time {
    date: (u32, u32, u32),
    clock: (u32, u32, u32),
    /// Fractional digits, at most nine, no trailing zero.
    fraction: Vec<u8>,
    /// Minutes east of Greenwich.
    offset: i32,
}

impl Time {
    fn read_clock(&mut self, cursor: &mut Cursor<'_>, two_digits: bool) -> Option<()> {
        // Go's `15` takes one digit even where its `04` and `05` insist on two.
        let hour = cursor.number(false).filter(|hour| *hour < 24)?;
        cursor.expect(b':')?;
        let minute = cursor.number(two_digits).filter(|minute| *minute < 60)?;
        cursor.expect(b':')?;
        let second = cursor.number(two_digits).filter(|second| *second < 60)?;
        self.clock = (hour, minute, second);
        self.fraction = cursor.fraction();
        Some(())
    }

    /// RFC 3339. `None` for an offset of 24 hours or more: Go reads those but cannot write them, so sops can neither
    /// encrypt nor hash such a value.
    fn format(&self) -> Option<String> {
        let (year, month, day) = self.date;
        let (hour, minute, second) = self.clock;
        let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
        if !self.fraction.is_empty() {
            text.push('.');
            text.extend(self.fraction.iter().map(|digit| char::from(*digit)));
        }
        let minutes = self.offset.unsigned_abs();
        match self.offset {
            0 => text.push('Z'),
            _ if minutes >= 24 * 60 => return None,
            east => {
                let sign = if east > 0 { '+' } else { '-' };
                text.push_str(&format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60));
            }
        }
        Some(text)
    }
}

struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.next().filter(|next| *next == byte).map(|_| ())
    }

    fn digit(&mut self) -> Option<u32> {
        let digit = self.0.first().filter(|byte| byte.is_ascii_digit())? - b'0';
        self.next();
        Some(u32::from(digit))
    }

    fn year(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |year, _| Some(year * 10 + self.digit()?))
    }

    fn number(&mut self, two_digits: bool) -> Option<u32> {
        let first = self.digit()?;
        match self.digit() {
            Some(second) => Some(first * 10 + second),
            None if two_digits => None,
            None => Some(first),
        }
    }

    /// `.` or `,` and digits; without a digit nothing is taken, and what follows will not match.
    fn fraction(&mut self) -> Vec<u8> {
        let [b'.' | b',', rest @ ..] = self.0 else {
            return Vec::new();
        };
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if length == 0 {
            return Vec::new();
        }
        let (digits, rest) = rest.split_at(length);
        self.0 = rest;
        let kept = &digits[..length.min(9)];
        let end = kept.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
        kept[..end].to_vec()
    }

    /// `Z` or `±hh:mm`, in minutes. Go lets 24 hours and 60 minutes pass.
    fn offset(&mut self) -> Option<i32> {
        let sign = match self.next()? {
            b'Z' => return Some(0),
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let hours = self.number(true).filter(|hours| *hours <= 24)?;
        self.expect(b':')?;
        let minutes = self.number(true).filter(|minutes| *minutes <= 60)?;
        i32::try_from(hours * 60 + minutes).ok().map(|offset| sign * offset)
    }
}

fn days_in(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
