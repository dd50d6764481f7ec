//! Layouts: the reference time `Mon Jan 2 15:04:05 MST 2006` written as a time is to be written.

use super::{DAYS, MONTHS, Time};

/// A part of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekDay,
    WeekDay,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    /// `PM`, or `pm`
    Half {
        upper: bool,
    },
    ZoneName,
    /// An offset: `Z` for UTC, with colons, with minutes, with seconds.
    Offset {
        z: bool,
        colon: bool,
        minutes: bool,
        seconds: bool,
    },
    /// A fraction of a second: trailing zeros cut off, number of digits, separator.
    Fraction {
        trim: bool,
        digits: usize,
        separator: u8,
    },
}

const fn offset(z: bool, colon: bool, minutes: bool, seconds: bool) -> Part {
    Part::Offset { z, colon, minutes, seconds }
}

const OFFSETS: [(&[u8], Part); 10] = [
    (b"-070000", offset(false, false, true, true)),
    (b"-07:00:00", offset(false, true, true, true)),
    (b"-0700", offset(false, false, true, false)),
    (b"-07:00", offset(false, true, true, false)),
    (b"-07", offset(false, false, false, false)),
    (b"Z070000", offset(true, false, true, true)),
    (b"Z07:00:00", offset(true, true, true, true)),
    (b"Z0700", offset(true, false, true, false)),
    (b"Z07:00", offset(true, true, true, false)),
    (b"Z07", offset(true, false, false, false)),
];

/// The first part in `layout`: where it begins, what it is, and where it ends.
pub(super) fn next_part(layout: &[u8]) -> Option<(usize, Part, usize)> {
    (0..layout.len()).find_map(|at| part_at(layout, at).map(|(skip, part, length)| (at + skip, part, at + length)))
}

/// The part that begins at `at`: what to skip before it, what it is, and where it ends, counted from `at`.
fn part_at(layout: &[u8], at: usize) -> Option<(usize, Part, usize)> {
    let rest = &layout[at..];
    let has = |text: &[u8]| rest.starts_with(text);
    let lower_after = |length: usize| rest.get(length).is_some_and(u8::is_ascii_lowercase);
    let found = |part, length| Some((0, part, length));
    match rest[0] {
        b'J' if has(b"January") => found(Part::LongMonth, 7),
        b'J' if has(b"Jan") && !lower_after(3) => found(Part::Month, 3),
        b'M' if has(b"Monday") => found(Part::LongWeekDay, 6),
        b'M' if has(b"Mon") && !lower_after(3) => found(Part::WeekDay, 3),
        b'M' if has(b"MST") => found(Part::ZoneName, 3),
        b'0' => match rest.get(1..) {
            Some([b'1', ..]) => found(Part::ZeroMonth, 2),
            Some([b'2', ..]) => found(Part::ZeroDay, 2),
            Some([b'3', ..]) => found(Part::ZeroHour12, 2),
            Some([b'4', ..]) => found(Part::ZeroMinute, 2),
            Some([b'5', ..]) => found(Part::ZeroSecond, 2),
            Some([b'6', ..]) => found(Part::Year, 2),
            Some([b'0', b'2', ..]) => found(Part::ZeroYearDay, 3),
            _ => None,
        },
        b'1' if has(b"15") => found(Part::Hour, 2),
        b'1' => found(Part::NumMonth, 1),
        b'2' if has(b"2006") => found(Part::LongYear, 4),
        b'2' => found(Part::Day, 1),
        b'_' if has(b"_2006") => Some((1, Part::LongYear, 5)),
        b'_' if has(b"_2") => found(Part::UnderDay, 2),
        b'_' if has(b"__2") => found(Part::UnderYearDay, 3),
        b'3' => found(Part::Hour12, 1),
        b'4' => found(Part::Minute, 1),
        b'5' => found(Part::Second, 1),
        b'P' if has(b"PM") => found(Part::Half { upper: true }, 2),
        b'p' if has(b"pm") => found(Part::Half { upper: false }, 2),
        b'-' | b'Z' => OFFSETS.iter().find(|(text, _)| has(text)).and_then(|(text, part)| found(*part, text.len())),
        separator @ (b'.' | b',') => {
            let digit = *rest.get(1).filter(|digit| matches!(digit, b'0' | b'9'))?;
            let digits = rest[1..].iter().take_while(|next| **next == digit).count();
            if rest.get(1 + digits).is_some_and(u8::is_ascii_digit) {
                return None;
            }
            found(Part::Fraction { trim: digit == b'9', digits, separator }, 1 + digits)
        }
        _ => None,
    }
}

impl Time {
    /// `Time.Format`
    pub(in crate::template) fn format(&self, mut layout: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(layout.len() + 10);
        while let Some((start, part, end)) = next_part(layout) {
            out.extend_from_slice(&layout[..start]);
            layout = &layout[end..];
            self.write_part(&mut out, part);
        }
        out.extend_from_slice(layout);
        out
    }

    fn write_part(&self, out: &mut Vec<u8>, part: Part) {
        let civil = self.civil();
        let hour12 = if civil.hour % 12 == 0 { 12 } else { civil.hour % 12 };
        match part {
            Part::LongMonth => out.extend_from_slice(name(&MONTHS, civil.month - 1).as_bytes()),
            Part::Month => out.extend_from_slice(&name(&MONTHS, civil.month - 1).as_bytes()[..3]),
            Part::LongWeekDay => out.extend_from_slice(name(&DAYS, civil.weekday).as_bytes()),
            Part::WeekDay => out.extend_from_slice(&name(&DAYS, civil.weekday).as_bytes()[..3]),
            Part::NumMonth => number(out, civil.month, 0),
            Part::ZeroMonth => number(out, civil.month, 2),
            Part::Day => number(out, civil.day, 0),
            Part::UnderDay => out.extend_from_slice(format!("{:2}", civil.day).as_bytes()),
            Part::ZeroDay => number(out, civil.day, 2),
            Part::UnderYearDay => out.extend_from_slice(format!("{:3}", civil.year_day).as_bytes()),
            Part::ZeroYearDay => number(out, civil.year_day, 3),
            Part::Hour => number(out, civil.hour, 2),
            Part::Hour12 => number(out, hour12, 0),
            Part::ZeroHour12 => number(out, hour12, 2),
            Part::Minute => number(out, civil.minute, 0),
            Part::ZeroMinute => number(out, civil.minute, 2),
            Part::Second => number(out, civil.second, 0),
            Part::ZeroSecond => number(out, civil.second, 2),
            Part::LongYear => number(out, civil.year, 4),
            Part::Year => number(out, civil.year.abs() % 100, 2),
            Part::Half { upper } => out.extend_from_slice(match (civil.hour >= 12, upper) {
                (true, true) => b"PM",
                (false, true) => b"AM",
                (true, false) => b"pm",
                (false, false) => b"am",
            }),
            Part::ZoneName if !self.zone.name.is_empty() => out.extend_from_slice(self.zone.name.as_bytes()),
            Part::ZoneName => self.write_offset(out, false, true, false),
            Part::Offset { z: true, .. } if self.zone.offset == 0 => out.push(b'Z'),
            Part::Offset { colon, minutes, seconds, .. } => self.write_offset(out, colon, minutes, seconds),
            Part::Fraction { trim, digits, separator } => self.write_fraction(out, trim, digits, separator),
        }
    }

    fn write_offset(&self, out: &mut Vec<u8>, colon: bool, minutes: bool, seconds: bool) {
        // as Go does it: the sign is that of the minutes
        let zone = i64::from(self.zone.offset / 60);
        out.push(if zone < 0 { b'-' } else { b'+' });
        number(out, zone.abs() / 60, 2);
        if colon {
            out.push(b':');
        }
        if minutes {
            number(out, zone.abs() % 60, 2);
        }
        if seconds {
            if colon {
                out.push(b':');
            }
            let offset = i64::from(self.zone.offset);
            number(out, if zone < 0 { -offset % 60 } else { offset % 60 }, 2);
        }
    }

    fn write_fraction(&self, out: &mut Vec<u8>, trim: bool, digits: usize, separator: u8) {
        if trim && self.nanoseconds == 0 {
            return;
        }
        let all = format!("{:09}", self.nanoseconds);
        let mut fraction = &all[..digits.min(9)];
        if trim {
            fraction = fraction.trim_end_matches('0');
            if fraction.is_empty() {
                return;
            }
        }
        out.push(separator);
        out.extend_from_slice(fraction.as_bytes());
    }
}

fn name(names: &[&'static str], at: i64) -> &'static str {
    // months and weekdays of a date are in range
    usize::try_from(at).ok().and_then(|at| names.get(at)).unwrap_or(&"???")
}

fn number(out: &mut Vec<u8>, number: i64, width: usize) {
    if number < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(format!("{:0width$}", number.unsigned_abs()).as_bytes());
}
