//! Text as a time, by a layout, as `time.Parse` of Go 1.26 reads it.

use super::layout::{Part, next_part};
use super::{DAYS, MONTHS, Time, Zone, days, days_in, is_leap};

/// What was read so far.
#[derive(Default)]
struct Parsed {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    year_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanosecond: i64,
    afternoon: Option<bool>,
    utc: bool,
    offset: Option<i64>,
    zone_name: String,
}

/// The rest of the text.
struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }

    fn is_digit(&self, at: usize) -> bool {
        self.0.get(at).is_some_and(u8::is_ascii_digit)
    }

    /// One or two digits; two when `fixed`.
    fn number(&mut self, fixed: bool) -> Option<i64> {
        if !self.is_digit(0) || (fixed && !self.is_digit(1)) {
            return None;
        }
        let length = if self.is_digit(1) { 2 } else { 1 };
        self.take(length).and_then(decimal)
    }

    fn skip_space(&mut self) {
        if self.0.first() == Some(&b' ') {
            self.0 = &self.0[1..];
        }
    }

    /// The text between two parts; runs of spaces are as good as one.
    fn skip(&mut self, mut prefix: &[u8]) -> Option<()> {
        while let Some(next) = prefix.first() {
            if *next == b' ' {
                if self.0.first().is_some_and(|next| *next != b' ') {
                    return None;
                }
                prefix = without_spaces(prefix);
                self.0 = without_spaces(self.0);
                continue;
            }
            if self.0.first() != Some(next) {
                return None;
            }
            prefix = &prefix[1..];
            self.0 = &self.0[1..];
        }
        Some(())
    }

    /// One of the names, or of their first `length` letters.
    fn name(&mut self, names: &[&str], length: Option<usize>) -> Option<i64> {
        for (at, name) in names.iter().enumerate() {
            let name = &name.as_bytes()[..length.unwrap_or(name.len())];
            if self.0.get(..name.len()).is_some_and(|text| text.eq_ignore_ascii_case(name)) {
                self.0 = &self.0[name.len()..];
                return Some(at as i64);
            }
        }
        None
    }

    /// A separator and digits, as nanoseconds.
    fn fraction(&mut self, length: usize) -> Option<i64> {
        let text = self.take(length)?;
        if !matches!(text.first(), Some(b'.' | b',')) {
            return None;
        }
        let digits = &text[1..text.len().min(10)];
        let scale = 10_i64.checked_pow(u32::try_from(9 - digits.len()).ok()?)?;
        decimal(digits).map(|value| value * scale)
    }
}

fn without_spaces(text: &[u8]) -> &[u8] {
    let spaces = text.iter().take_while(|next| **next == b' ').count();
    &text[spaces..]
}

fn decimal(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// `time.ParseInLocation(layout, text, time.Local)`; `None` when it does not fit.
pub(in crate::template) fn parse(layout: &[u8], text: &[u8]) -> Option<Time> {
    let mut parsed = Parsed::default();
    let mut text = Text(text);
    let mut layout = layout;
    while let Some((start, part, end)) = next_part(layout) {
        text.skip(&layout[..start])?;
        layout = &layout[end..];
        parsed.read(part, &mut text, layout)?;
    }
    text.skip(layout)?;
    if text.0.is_empty() { parsed.finish() } else { None }
}

fn within(value: i64, limit: i64) -> Option<i64> {
    (0..limit).contains(&value).then_some(value)
}

impl Parsed {
    fn read(&mut self, part: Part, text: &mut Text<'_>, layout: &[u8]) -> Option<()> {
        match part {
            Part::Year => {
                let year = text.take(2).and_then(decimal)?;
                self.year = if year >= 69 { year + 1900 } else { year + 2000 };
            }
            Part::LongYear => {
                if !text.is_digit(0) {
                    return None;
                }
                self.year = text.take(4).and_then(decimal)?;
            }
            Part::Month => self.month = Some(text.name(&MONTHS, Some(3))? + 1),
            Part::LongMonth => self.month = Some(text.name(&MONTHS, None)? + 1),
            Part::NumMonth | Part::ZeroMonth => {
                let month = text.number(part == Part::ZeroMonth)?;
                self.month = Some(month).filter(|month| (1..=12).contains(month));
                self.month?;
            }
            Part::WeekDay => {
                text.name(&DAYS, Some(3))?;
            }
            Part::LongWeekDay => {
                text.name(&DAYS, None)?;
            }
            Part::Day | Part::UnderDay | Part::ZeroDay => {
                if part == Part::UnderDay {
                    text.skip_space();
                }
                self.day = Some(text.number(part == Part::ZeroDay)?);
            }
            Part::UnderYearDay | Part::ZeroYearDay => self.year_day = Some(year_day(part, text)?),
            Part::Hour => self.hour = within(text.number(false)?, 24)?,
            Part::Hour12 | Part::ZeroHour12 => self.hour = within(text.number(part == Part::ZeroHour12)?, 13)?,
            Part::Minute | Part::ZeroMinute => self.minute = within(text.number(part == Part::ZeroMinute)?, 60)?,
            Part::Second | Part::ZeroSecond => {
                self.second = within(text.number(part == Part::ZeroSecond)?, 60)?;
                // a fraction that the layout does not name
                let named = matches!(next_part(layout), Some((_, Part::Fraction { .. }, _)));
                if !named && matches!(text.0.first(), Some(b'.' | b',')) && text.is_digit(1) {
                    let digits = text.0[1..].iter().take_while(|next| next.is_ascii_digit()).count();
                    self.nanosecond = text.fraction(1 + digits)?;
                }
            }
            Part::Half { upper } => {
                self.afternoon = Some(match (text.take(2)?, upper) {
                    (b"PM", true) | (b"pm", false) => true,
                    (b"AM", true) | (b"am", false) => false,
                    _ => return None,
                });
            }
            Part::ZoneName => self.zone(text)?,
            Part::Offset { z: true, .. } if text.0.first() == Some(&b'Z') => {
                text.take(1);
                self.utc = true;
            }
            Part::Offset { colon, minutes, seconds, .. } => self.offset = Some(offset(text, colon, minutes, seconds)?),
            Part::Fraction { trim: false, digits, .. } => self.nanosecond = text.fraction(1 + digits)?,
            Part::Fraction { .. } => {
                if matches!(text.0.first(), Some(b'.' | b',')) && text.is_digit(1) {
                    let digits = text.0[1..].iter().take_while(|next| next.is_ascii_digit()).count();
                    self.nanosecond = text.fraction(1 + digits)?;
                }
            }
        }
        Some(())
    }

    fn zone(&mut self, text: &mut Text<'_>) -> Option<()> {
        if text.0.starts_with(b"UTC") {
            text.take(3);
            self.utc = true;
            return Some(());
        }
        let length = zone_length(text.0)?;
        self.zone_name = String::from_utf8_lossy(text.take(length)?).into_owned();
        Some(())
    }

    fn finish(mut self) -> Option<Time> {
        match self.afternoon {
            Some(true) if self.hour < 12 => self.hour += 12,
            Some(false) if self.hour == 12 => self.hour = 0,
            _ => {}
        }
        let (month, day) = self.date()?;
        if day < 1 || day > days_in(month, self.year) {
            return None;
        }
        let seconds = days(self.year, month, day) * 86_400 + self.hour * 3600 + self.minute * 60 + self.second;
        let mut time = Time::from_unix(seconds).add(self.nanosecond);
        if self.utc {
            return Some(time);
        }
        if let Some(offset) = self.offset {
            time.seconds -= offset;
            // an offset of nothing is that of the local zone
            if offset != 0 || !(self.zone_name.is_empty() || self.zone_name == "UTC") {
                time.zone = Zone { name: self.zone_name.into(), offset: i32::try_from(offset).ok()? };
            }
        } else if !self.zone_name.is_empty() {
            let hours = match self.zone_name.strip_prefix("GMT") {
                Some(hours) if !hours.is_empty() => hours.parse::<i32>().unwrap_or_default(),
                _ => 0,
            };
            // the clock said so in UTC, for all that Go knows
            time.zone = Zone { name: self.zone_name.into(), offset: hours * 3600 };
        }
        Some(time)
    }

    fn date(&self) -> Option<(i64, i64)> {
        let Some(mut left) = self.year_day else {
            return Some((self.month.unwrap_or(1), self.day.unwrap_or(1)));
        };
        let length = if is_leap(self.year) { 366 } else { 365 };
        if !(1..=length).contains(&left) {
            return None;
        }
        let mut month = 1;
        while left > days_in(month, self.year) {
            left -= days_in(month, self.year);
            month += 1;
        }
        let fits = self.month.is_none_or(|known| known == month) && self.day.is_none_or(|known| known == left);
        fits.then_some((month, left))
    }
}

fn year_day(part: Part, text: &mut Text<'_>) -> Option<i64> {
    if part == Part::UnderYearDay {
        text.skip_space();
        text.skip_space();
    }
    let digits = text.0.iter().take(3).take_while(|next| next.is_ascii_digit()).count();
    if digits == 0 || (part == Part::ZeroYearDay && digits != 3) {
        return None;
    }
    text.take(digits).and_then(decimal)
}

fn offset(text: &mut Text<'_>, colon: bool, minutes: bool, seconds: bool) -> Option<i64> {
    let negative = match text.take(1)? {
        b"+" => false,
        b"-" => true,
        _ => return None,
    };
    let hour = text.take(2).and_then(decimal)?;
    let mut field = |wanted: bool| -> Option<i64> {
        if !wanted {
            return Some(0);
        }
        if colon && text.take(1)? != b":" {
            return None;
        }
        text.take(2).and_then(decimal)
    };
    let minute = field(minutes)?;
    let second = field(seconds)?;
    if hour > 24 || minute > 60 || second > 60 {
        return None;
    }
    let all = (hour * 60 + minute) * 60 + second;
    Some(if negative { -all } else { all })
}

/// The length of what looks like the name of a time zone.
fn zone_length(text: &[u8]) -> Option<usize> {
    if text.len() < 3 {
        return None;
    }
    if text.starts_with(b"ChST") || text.starts_with(b"MeST") {
        return Some(4);
    }
    if text.starts_with(b"GMT") {
        return Some(3 + signed_length(&text[3..]));
    }
    if matches!(text[0], b'+' | b'-') {
        return Some(signed_length(text)).filter(|length| *length > 0);
    }
    let upper = text.iter().take(6).take_while(|next| next.is_ascii_uppercase()).count();
    match upper {
        5 if text[4] == b'T' => Some(5),
        4 if text[3] == b'T' || text.starts_with(b"WITA") => Some(4),
        3 => Some(3),
        _ => None,
    }
}

/// The length of a signed number up to 23.
fn signed_length(text: &[u8]) -> usize {
    if !matches!(text.first(), Some(b'+' | b'-')) {
        return 0;
    }
    let digits = text[1..].iter().take_while(|next| next.is_ascii_digit()).count();
    match decimal(&text[1..=digits]) {
        Some(hours) if hours <= 23 => 1 + digits,
        _ => 0,
    }
}
