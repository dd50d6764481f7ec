//! Times and durations as Go's package `time` has them. The local time zone is UTC.

mod duration;
mod layout;
mod parse;

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub(crate) use duration::parse_duration;
pub(super) use duration::{duration_text, round_to_seconds};
pub(super) use parse::parse;

use super::options::Env;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// A `time.Time`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Time {
    /// Seconds since 1970.
    seconds: i64,
    nanoseconds: u32,
    zone: Zone,
}

/// What a time zone says about one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Zone {
    name: Arc<str>,
    /// In seconds.
    offset: i32,
}

impl Zone {
    fn utc() -> Self {
        Self { name: "UTC".into(), offset: 0 }
    }
}

/// A moment on the clock and the calendar of its zone.
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    year_day: i64,
    weekday: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

/// Days since 1970 of a date.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // years begin in March, so that the leap day is the last one
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468
}

fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

impl Time {
    /// The zero time: the first of January of the year 1.
    pub(super) fn zero() -> Self {
        Self { seconds: days(1, 1, 1) * 86_400, nanoseconds: 0, zone: Zone::utc() }
    }

    /// So many seconds after 1970.
    pub(super) fn from_unix(seconds: i64) -> Self {
        Self { seconds, nanoseconds: 0, zone: Zone::utc() }
    }

    /// The time of the caller.
    pub(super) fn now(env: &Env<'_>) -> Self {
        let now = env.options.now;
        let mut time = Self::from_unix(now.as_second()).add(i64::from(now.subsec_nanosecond()));
        time.zone = Zone::utc();
        time
    }

    /// Seconds since 1970.
    pub(super) fn unix(&self) -> i64 {
        self.seconds
    }

    /// Nanoseconds after the last second.
    pub(super) fn nanosecond(&self) -> u32 {
        self.nanoseconds
    }

    /// `duration` nanoseconds later.
    pub(super) fn add(&self, duration: i64) -> Self {
        let nanoseconds = i64::from(self.nanoseconds) + duration.rem_euclid(1_000_000_000);
        Self {
            seconds: self
                .seconds
                .wrapping_add(duration.div_euclid(1_000_000_000))
                .wrapping_add(nanoseconds / 1_000_000_000),
            nanoseconds: u32::try_from(nanoseconds % 1_000_000_000).unwrap_or_default(),
            zone: self.zone.clone(),
        }
    }

    /// How long after `other` it is, in nanoseconds.
    pub(super) fn since(&self, other: &Self) -> i64 {
        let nanoseconds = (i128::from(self.seconds) - i128::from(other.seconds)) * 1_000_000_000
            + i128::from(self.nanoseconds)
            - i128::from(other.nanoseconds);
        i64::try_from(nanoseconds).unwrap_or(if nanoseconds < 0 { i64::MIN } else { i64::MAX })
    }

    /// The same moment in UTC.
    pub(super) fn utc(&self) -> Self {
        Self { zone: Zone::utc(), ..self.clone() }
    }

    /// The same moment in the zone of this name; in UTC when nobody knows it.
    pub(super) fn in_zone(&self, name: &[u8], env: &Env<'_>) -> Self {
        let name = String::from_utf8_lossy(name);
        let zone = match &*name {
            "" | "UTC" | "Local" => None,
            name => self.look_up(name, env),
        };
        Self { zone: zone.unwrap_or_else(Zone::utc), ..self.clone() }
    }

    fn look_up(&self, name: &str, env: &Env<'_>) -> Option<Zone> {
        let rules = (env.options.zones?)(name)?;
        let zone = TimeZone::tzif(name, &rules).ok()?;
        let moment = Timestamp::from_second(self.seconds).ok()?;
        let info = zone.to_offset_info(moment);
        Some(Zone { name: info.abbreviation().into(), offset: info.offset().seconds() })
    }

    fn civil(&self) -> Civil {
        let local = self.seconds.saturating_add(self.zone.offset.into());
        let days_since = local.div_euclid(86_400);
        let second = local.rem_euclid(86_400);
        let (year, month, day) = date(days_since);
        Civil {
            year,
            month,
            day,
            year_day: days_since - days(year, 1, 1) + 1,
            weekday: (days_since + 4).rem_euclid(7),
            hour: second / 3600,
            minute: second / 60 % 60,
            second: second % 60,
        }
    }

    /// Year, month, day, day of the year, weekday, hour, minute, second.
    pub(super) fn fields(&self) -> [i64; 8] {
        let Civil { year, month, day, year_day, weekday, hour, minute, second } = self.civil();
        [year, month, day, year_day, weekday, hour, minute, second]
    }

    /// `years`, `months` and `days` later.
    pub(super) fn add_date(&self, years: i64, months: i64, more_days: i64) -> Self {
        let civil = self.civil();
        let months = civil.month - 1 + months.clamp(-12_000_000, 12_000_000);
        let year = civil.year + years.clamp(-1_000_000, 1_000_000) + months.div_euclid(12);
        let days = days(year, months.rem_euclid(12) + 1, civil.day) + more_days.clamp(-400_000_000, 400_000_000);
        let seconds = days * 86_400 + civil.hour * 3600 + civil.minute * 60 + civil.second;
        Self { seconds: seconds - i64::from(self.zone.offset), ..self.clone() }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.format(b"2006-01-02 15:04:05.999999999 -0700 MST");
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

/// `time.Month.String`
pub(super) fn month_name(month: i64) -> String {
    let name = month.checked_sub(1).and_then(|at| usize::try_from(at).ok()).and_then(|at| MONTHS.get(at));
    name.map_or_else(|| format!("%!Month({})", month as u64), |name| (*name).to_owned())
}

/// `time.Weekday.String`
pub(super) fn weekday_name(day: i64) -> String {
    let name = usize::try_from(day).ok().and_then(|at| DAYS.get(at));
    name.map_or_else(|| format!("%!Weekday({})", day as u64), |name| (*name).to_owned())
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(month: i64, year: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_go_there_and_back() {
        for day in (-800_000..800_000).step_by(37) {
            let (year, month, of_month) = date(day);
            assert_eq!(days(year, month, of_month), day);
        }
        assert_eq!(date(0), (1970, 1, 1));
        assert_eq!(Time::zero().to_string(), "0001-01-01 00:00:00 +0000 UTC");
        assert_eq!(Time::from_unix(1_700_000_000).to_string(), "2023-11-14 22:13:20 +0000 UTC");
    }
}
