//! Text of others made fit for one line of ours.

/// No name and no message needs more.
const LONGEST: usize = 160;

/// One short line without control characters.
pub fn shown(text: &str) -> String {
    let mut out: String = text.chars().take(LONGEST).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        out.push('…');
    }
    out
}

/// The day of a point in time, given in seconds since 1970.
pub fn day(seconds: &str) -> Option<String> {
    let time = jiff::Timestamp::from_second(seconds.parse().ok()?).ok()?;
    time.to_string().get(..10).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_short_and_days_are_dates() {
        assert_eq!(shown("a\nb"), "a\u{fffd}b");
        assert_eq!(shown(&"x".repeat(500)).chars().count(), LONGEST + 1);
        assert_eq!(day("1578700800").as_deref(), Some("2020-01-11"));
        assert_eq!((day(""), day("99999999999999999")), (None, None));
    }
}
