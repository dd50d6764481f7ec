//! The time, read in one place.

use std::sync::OnceLock;
use std::time::Instant;

use jiff::Timestamp;

/// Now, as RFC 3339 in UTC with whole seconds: what sops writes as `lastmodified`.
pub fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Now, for comparisons.
pub fn timestamp() -> Timestamp {
    Timestamp::now()
}

/// Now, as RFC 3339 in UTC with milliseconds, for logs.
pub fn now_with_millis() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// Milliseconds since this was first asked; they never run backwards, whatever is done to the clock on the wall.
pub fn monotonic_millis() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    #[test]
    fn milliseconds_for_logs() {
        let now = super::now_with_millis();
        assert_eq!((now.len(), &now[19..20], &now[23..]), (24, ".", "Z"));
        assert!(now.parse::<jiff::Timestamp>().is_ok());
        let first = super::monotonic_millis();
        assert!(super::monotonic_millis() >= first);
    }

    #[test]
    fn whole_seconds_in_utc() {
        let now = super::now();
        assert_eq!((now.len(), &now[10..11], &now[19..]), (20, "T", "Z"));
        assert!(now.parse::<jiff::Timestamp>().is_ok());
    }
}
