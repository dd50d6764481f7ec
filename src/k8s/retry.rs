//! Which answers are worth another try, and when: those with which the server names a time, as in client-go (v0.34.3
//! `rest/with_retry.go`), with some randomness on top, so that many clients do not come back at once. Pure.

use std::time::Duration;

/// So many repetitions, as in client-go.
pub(super) const MOST: u32 = 10;
/// Who is asked to wait longer gets the answer at once.
const LONGEST: Duration = Duration::from_secs(30);
/// Before a request is repeated because its connection broke.
const AFTER_BREAK: Duration = Duration::from_secs(1);

/// The pause before the next try; `None` when the answer is final. `after` is what the server asked for.
pub(super) fn pause(status: u16, after: Option<&str>, random: u8) -> Option<Duration> {
    if status != 429 && status < 500 {
        return None;
    }
    let seconds = after?.trim().parse().ok()?;
    let due = Duration::from_secs(seconds);
    (due <= LONGEST).then(|| due + jitter(random))
}

/// The pause after a connection that broke.
pub(super) fn pause_after_break(random: u8) -> Duration {
    AFTER_BREAK + jitter(random)
}

/// Up to half a second.
fn jitter(random: u8) -> Duration {
    Duration::from_millis(u64::from(random) * 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_with_a_time() {
        let ms = |status, after, random| pause(status, after, random).map(|pause| pause.as_millis());
        assert_eq!(ms(429, Some("1"), 0), Some(1000));
        assert_eq!(ms(503, Some("2"), 250), Some(2500));
        assert_eq!(ms(500, Some(" 0 "), 0), Some(0));
        for (status, after) in [
            (429, None),
            (500, None),
            (404, Some("1")),
            (302, Some("1")),
            (503, Some("31")),
            (503, Some("soon")),
            (503, Some("-1")),
        ] {
            assert_eq!(ms(status, after, 0), None, "{status} {after:?}");
        }
    }
}
