//! Times that come again: the five fields of cron, `@daily` and its like, `@every 10m`, all in UTC.
//! Follows robfig/cron 3, which is what upstream parses schedules with.

use std::time::Duration;

/// A schedule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Schedule {
    /// At these minutes.
    Fields(Fields),
    /// At each multiple of this after the moment of asking.
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
}
