//! Which answers are worth another try, and when: for the clients that are our own.

use std::time::Duration;

use crate::secret;

/// The pause before the first repetition; each one after is twice as long.
const FIRST: Duration = Duration::from_millis(250);
/// No pause is longer, whatever the server asks for.
const LONGEST: Duration = Duration::from_secs(5);

/// Whether the same request may go better soon: faults of the server, and where it asks for patience.
pub fn is_worth_it(status: u16) -> bool {
    matches!(status, 412 | 429 | 500 | 502..=599)
}

/// The pause before repetition `attempt` (from 0): between half and all of what is due, so that many clients do not come
/// back at once. `after` is what the server asked for, in seconds.
pub fn pause(attempt: u32, after: Option<u64>, random: u8) -> Duration {
    let doubled = FIRST.saturating_mul(2_u32.saturating_pow(attempt));
    let due = after.map_or(doubled, |seconds| Duration::from_secs(seconds).max(doubled)).min(LONGEST);
    due / 2 + (due / 2).mul_f64(f64::from(random) / 255.0)
}

/// A number for [`pause`].
pub fn random() -> u8 {
    let mut random = [0];
    // without randomness the pauses are merely all alike
    _ = secret::random(&mut random);
    random[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let ms = |attempt, after, random| pause(attempt, after, random).as_millis();
        assert_eq!([ms(0, None, 0), ms(0, None, 255), ms(1, None, 255), ms(2, None, 255)], [125, 250, 500, 1000]);
        assert_eq!([ms(0, Some(0), 255), ms(0, Some(2), 255)], [250, 2000]);
        assert_eq!([ms(40, None, 255), ms(0, Some(u64::MAX), 255)], [5000, 5000]);
    }

    #[test]
    fn only_what_may_change_is_repeated() {
        let again: Vec<u16> = (200..600).filter(|status| is_worth_it(*status)).collect();
        assert_eq!(again.len(), 2 + 1 + 98);
        assert!(![400, 403, 404, 307, 501].iter().any(|status| again.contains(status)));
    }
}
