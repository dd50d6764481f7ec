//! Times that come again: the five fields of cron, `@daily` and its like, `@every 10m`, all in UTC.
//! Follows robfig/cron 3, which is what upstream parses schedules with.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// A schedule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Schedule {
    /// At these minutes.
    Fields(Fields),
    /// At this distance from any moment that is asked about; whole seconds, at least one.
    Every(Duration),
}

/// The five fields as sets of bits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fields {
    minute: u64,
    hour: u64,
    day: u64,
    month: u64,
    weekday: u64,
    /// Whether the field of days, or that of weekdays, is `*` or `*/n`: then both have to match, else one of them.
    any_day: bool,
}

/// Why a text is no schedule.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ScheduleError {
    /// Neither five fields nor a word.
    #[error("is no schedule: five fields (minute, hour, day, month, weekday), `@daily` and its like, or `@every 10m`")]
    Shape,
    /// A field that cannot be read.
    #[error("is no schedule: the field of the {0} cannot be read")]
    Field(&'static str),
    /// `@every` without a duration.
    #[error("is no schedule: after `@every` comes a duration such as `10m`")]
    Every,
}

/// Name, least, most, words.
type Range = (&'static str, u64, u64, &'static [&'static str]);

const MINUTE: Range = ("minute", 0, 59, &[]);
const HOUR: Range = ("hour", 0, 23, &[]);
const DAY: Range = ("day", 1, 31, &[]);
const MONTH: Range =
    ("month", 1, 12, &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]);
const WEEKDAY: Range = ("weekday", 0, 6, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]);

/// Nothing that comes at all stays away for longer: 29 February may be eight years off.
const YEARS: i16 = 8;

impl Schedule {
    /// Reads a schedule.
    ///
    /// # Errors
    /// A text that is none.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        if let Some(duration) = text.strip_prefix("@every ") {
            let nanoseconds = crate::template::parse_duration(duration.trim()).ok_or(ScheduleError::Every)?;
            let seconds = u64::try_from(nanoseconds / 1_000_000_000).unwrap_or(0).max(1);
            return Ok(Self::Every(Duration::from_secs(seconds)));
        }
        let text = match text {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            other => other,
        };
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields[..] else { return Err(ScheduleError::Shape) };
        let ((day, any_day), (weekday, any_weekday)) = (field(day, DAY)?, field(weekday, WEEKDAY)?);
        Ok(Self::Fields(Fields {
            minute: field(minute, MINUTE)?.0,
            hour: field(hour, HOUR)?.0,
            day,
            month: field(month, MONTH)?.0,
            weekday,
            any_day: any_day || any_weekday,
        }))
    }

    /// The first time after `moment`. `None` when there is none, as for 30 February.
    pub fn next(&self, moment: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(distance) => {
                let whole = Timestamp::from_second(moment.as_second()).ok()?;
                whole.checked_add(*distance).ok()
            }
            Self::Fields(fields) => fields.next(moment),
        }
    }
}

impl Fields {
    fn next(&self, moment: Timestamp) -> Option<Timestamp> {
        let start = moment.to_zoned(TimeZone::UTC).datetime();
        let mut date = start.date();
        // the minute that has begun is no more to come
        let mut from = Some((start.hour(), start.minute() + 1));
        while date.year() <= start.year().saturating_add(YEARS) {
            if !has(self.month, date.month()) {
                date = date.first_of_month().checked_add(1.month()).ok()?;
                from = None;
                continue;
            }
            if self.on(date) {
                let (hour, minute) = from.unwrap_or((0, 0));
                if let Some((hour, minute)) = self.from(hour, minute) {
                    return date.at(hour, minute, 0, 0).to_zoned(TimeZone::UTC).ok().map(|time| time.timestamp());
                }
            }
            date = date.tomorrow().ok()?;
            from = None;
        }
        None
    }

    /// Whether the day is one of the schedule's.
    fn on(&self, date: Date) -> bool {
        let day = has(self.day, date.day());
        let weekday = has(self.weekday, date.weekday().to_sunday_zero_offset());
        if self.any_day { day && weekday } else { day || weekday }
    }

    /// The first time of a day, from this one on.
    fn from(&self, hour: i8, minute: i8) -> Option<(i8, i8)> {
        let first = |hour, from| (from..60).find(|minute| has(self.minute, *minute)).map(|minute| (hour, minute));
        (hour..24)
            .filter(|each| has(self.hour, *each))
            .find_map(|each| first(each, if each == hour { minute } else { 0 }))
    }
}

fn has(set: u64, number: i8) -> bool {
    u32::try_from(number).is_ok_and(|number| set >> number & 1 == 1)
}

/// A field as a set, and whether it is all.
fn field(text: &str, range: Range) -> Result<(u64, bool), ScheduleError> {
    let mut found = (0, false);
    // upstream leaves out what is empty between commas
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (set, all) = one(part, range).ok_or(ScheduleError::Field(range.0))?;
        found = (found.0 | set, found.1 | all);
    }
    if found.0 == 0 { Err(ScheduleError::Field(range.0)) } else { Ok(found) }
}

/// `5`, `1-5`, `*`, `*/15`, `10/15`, `mon-fri`.
fn one(text: &str, range: Range) -> Option<(u64, bool)> {
    let (numbers, step) = match text.split_once('/') {
        Some((numbers, step)) => (numbers, Some(number(step)?)),
        None => (text, None),
    };
    let (start, end, all) = match numbers {
        "*" | "?" => (range.1, range.2, true),
        _ => match numbers.split_once('-') {
            Some((start, end)) => (value(start, range)?, value(end, range)?, false),
            None => {
                let start = value(numbers, range)?;
                (start, if step.is_some() { range.2 } else { start }, false)
            }
        },
    };
    if start < range.1 || end > range.2 || start > end || step == Some(0) {
        return None;
    }
    let step = usize::try_from(step.unwrap_or(1)).ok()?;
    // robfig/cron forgets that a field was all when it has a step above one
    Some(((start..=end).step_by(step).fold(0, |set, number| set | 1 << number), all && step == 1))
}

fn value(text: &str, range: Range) -> Option<u64> {
    let word = range.3.iter().position(|word| text.eq_ignore_ascii_case(word));
    match word {
        Some(at) => Some(at as u64 + range.1),
        None => number(text),
    }
}

fn number(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(schedule: &str, moment: &str) -> String {
        let next = Schedule::parse(schedule).unwrap().next(moment.parse().unwrap());
        next.map_or_else(|| "never".to_owned(), |time| time.to_string())
    }

    /// Those of robfig/cron's own tests that need no time zone and no seconds, and some more.
    #[test]
    fn the_next_time() {
        for (schedule, moment, want) in [
            ("0/15 * * * *", "2012-07-09T14:45:00Z", "2012-07-09T15:00:00Z"),
            ("0/15 * * * *", "2012-07-09T14:59:59Z", "2012-07-09T15:00:00Z"),
            ("20-35/15 * * * *", "2012-07-09T15:45:00Z", "2012-07-09T16:20:00Z"),
            ("20-35/15 * * * *", "2012-12-31T23:59:45Z", "2013-01-01T00:20:00Z"),
            ("0 0 9 Apr-Oct ?", "2012-07-09T23:35:00Z", "2012-08-09T00:00:00Z"),
            ("0 0 */5 Apr,Aug,Oct Mon", "2012-07-09T23:35:00Z", "2012-08-01T00:00:00Z"),
            ("0 0 */5 Oct Mon", "2012-07-09T23:35:00Z", "2012-10-01T00:00:00Z"),
            ("0 0 29 Feb ?", "2012-07-09T23:35:00Z", "2016-02-29T00:00:00Z"),
            ("0 0 29 2 *", "1896-03-01T00:00:00Z", "1904-02-29T00:00:00Z"),
            ("0 0 30 Feb ?", "2012-07-09T23:35:00Z", "never"),
            ("0 0 31 Apr ?", "2012-07-09T23:35:00Z", "never"),
            ("* * * * *", "2024-05-01T10:00:00Z", "2024-05-01T10:01:00Z"),
            ("0 22 * * 1-5", "2024-05-03T22:00:00Z", "2024-05-06T22:00:00Z"),
            ("0 0 1,15 * sun", "2024-05-02T00:00:00Z", "2024-05-05T00:00:00Z"),
            ("0 0 1 * *", "2024-12-31T23:59:59.5Z", "2025-01-01T00:00:00Z"),
            ("@hourly", "2024-05-01T10:00:00Z", "2024-05-01T11:00:00Z"),
            ("@weekly", "2024-05-01T10:00:00Z", "2024-05-05T00:00:00Z"),
            ("@yearly", "2024-05-01T10:00:00Z", "2025-01-01T00:00:00Z"),
            ("@every 1h30m", "2024-05-01T10:00:00.25Z", "2024-05-01T11:30:00Z"),
            ("@every 5ms", "2024-05-01T10:00:00Z", "2024-05-01T10:00:01Z"),
            ("* * * * *", "9999-12-30T21:59:30Z", "9999-12-30T22:00:00Z"),
            ("* * * * *", "9999-12-30T22:00:00Z", "never"),
        ] {
            assert_eq!(next(schedule, moment), want, "{schedule} after {moment}");
        }
    }

    #[test]
    fn what_is_no_schedule() {
        for text in [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * 32 * *",
            "* * * 13 *",
            "* * * * 7",
            "5-1 * * * *",
            "*/0 * * * *",
            "a * * * *",
            "1-2-3 * * * *",
            "*/ * * * *",
            "-1 * * * *",
            "+1 * * * *",
            ", * * * *",
            "@reboot",
            "@every",
            "@every x",
            "@every ",
            "@Daily",
            "99999999999999999999 * * * *",
            "*/99999999999999999999 * * * *",
        ] {
            assert!(Schedule::parse(text).is_err(), "{text}");
        }
        let error = Schedule::parse("0 0 * * 8").unwrap_err();
        assert_eq!(error.to_string(), "is no schedule: the field of the weekday cannot be read");
    }
}
