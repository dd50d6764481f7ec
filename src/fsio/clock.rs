//! The time, read in one place.

use jiff::Timestamp;

/// Now, as RFC 3339 in UTC with whole seconds: what sops writes as `lastmodified`.
pub fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Now, for comparisons.
pub fn timestamp() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    #[test]
    fn whole_seconds_in_utc() {
        let now = super::now();
        assert_eq!((now.len(), &now[10..11], &now[19..]), (20, "T", "Z"));
        assert!(now.parse::<jiff::Timestamp>().is_ok());
    }
}
