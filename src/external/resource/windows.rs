//! When time alone may lead to a fetch: `spec.syncWindows` of an ExternalSecret.
//! Follows "pkg/controllers/externalsecret/externalsecret_controller.go" of external-secrets 2.9.

use std::time::Duration;

use jiff::Timestamp;

use super::cron::Schedule;

/// `spec.syncWindows`.
#[derive(Clone, PartialEq, Debug)]
pub struct SyncWindows {
    /// What the windows are for.
    pub kind: WindowKind,
    /// The windows. Without any, a fetch is always allowed.
    pub windows: Vec<Window>,
}

/// What windows are for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WindowKind {
    /// A fetch needs one that is open.
    Allow,
    /// A fetch needs all to be closed.
    Deny,
}

/// A window: open from each time of the schedule until `duration` later, both included.
#[derive(Clone, PartialEq, Debug)]
pub struct Window {
    /// When it opens, in UTC.
    pub schedule: Schedule,
    /// For how long it stays open.
    pub duration: Duration,
}

/// How many edges are looked at for the one that changes anything.
const MOST_EDGES: usize = 1000;

/// Whether any of the windows is open.
pub fn active(windows: &SyncWindows, now: Timestamp) -> bool {
    windows.windows.iter().any(|window| window.is_open(now))
}

impl SyncWindows {
    /// Whether time alone may lead to a fetch now.
    pub fn allow(&self, now: Timestamp) -> bool {
        self.windows.is_empty() || active(self, now) == (self.kind == WindowKind::Allow)
    }

    /// When [`Self::allow`] says something else than now, for the first time; never too late. `None` when it stays as it is, as far
    /// as can be told.
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let state = self.allow(now);
        let mut at = now;
        for _ in 0..MOST_EDGES {
            at = self.windows.iter().filter_map(|window| window.next_edge(at)).min()?;
            if self.allow(at) != state {
                return Some(at);
            }
        }
        Some(at)
    }
}

impl Window {
    /// Upstream's `isWithinSyncWindow`: the first time after the moment one duration (and a little) ago is not later than now.
    fn is_open(&self, now: Timestamp) -> bool {
        self.opened(now).is_some()
    }

    /// When it opened for the first time that still keeps it open.
    fn opened(&self, now: Timestamp) -> Option<Timestamp> {
        let past = now.checked_sub(self.duration).ok()?.checked_sub(Duration::from_nanos(1)).ok()?;
        self.schedule.next(past).filter(|time| *time <= now)
    }

    /// The next moment after this one at which it may open or close.
    fn next_edge(&self, after: Timestamp) -> Option<Timestamp> {
        let opens = self.schedule.next(after);
        // closed just after its end, which is included
        let closes = self
            .opened(after)
            .and_then(|opened| opened.checked_add(self.duration).ok()?.checked_add(Duration::from_nanos(1)).ok())
            .filter(|closes| *closes > after);
        opens.into_iter().chain(closes).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(kind: WindowKind, all: &[(&str, u64)]) -> SyncWindows {
        let window = |(schedule, minutes): &(&str, u64)| Window {
            schedule: Schedule::parse(schedule).unwrap(),
            duration: Duration::from_secs(minutes * 60),
        };
        SyncWindows { kind, windows: all.iter().map(window).collect() }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn both_ends_are_in_the_window() {
        let nights = windows(WindowKind::Allow, &[("0 22 * * *", 120)]);
        for (time, open) in [
            ("2024-05-01T21:59:59Z", false),
            ("2024-05-01T22:00:00Z", true),
            ("2024-05-01T23:30:00Z", true),
            ("2024-05-02T00:00:00Z", true),
            ("2024-05-02T00:00:00.000000001Z", false),
        ] {
            assert_eq!(active(&nights, at(time)), open, "{time}");
            assert_eq!(nights.allow(at(time)), open, "{time}");
            assert_eq!(windows(WindowKind::Deny, &[("0 22 * * *", 120)]).allow(at(time)), !open, "{time}");
        }
        assert!(windows(WindowKind::Allow, &[]).allow(at("2024-05-01T00:00:00Z")));
        assert!(!windows(WindowKind::Allow, &[("0 0 30 2 *", 60)]).allow(at("2024-05-01T00:00:00Z")));
    }

    #[test]
    fn the_next_change() {
        let change = |windows: &SyncWindows, time| windows.next_change(at(time)).map(|time| time.to_string());
        let nights = windows(WindowKind::Allow, &[("0 22 * * *", 120)]);
        assert_eq!(change(&nights, "2024-05-01T12:00:00Z").as_deref(), Some("2024-05-01T22:00:00Z"));
        assert_eq!(change(&nights, "2024-05-01T22:30:00Z").as_deref(), Some("2024-05-02T00:00:00.000000001Z"));
        // one begins before the other ends
        let joined = windows(WindowKind::Deny, &[("0 22 * * *", 120), ("30 23 * * *", 60)]);
        assert_eq!(change(&joined, "2024-05-01T22:30:00Z").as_deref(), Some("2024-05-02T00:30:00.000000001Z"));
        assert_eq!(change(&windows(WindowKind::Allow, &[]), "2024-05-01T00:00:00Z"), None);
        assert_eq!(change(&windows(WindowKind::Allow, &[("0 0 30 2 *", 60)]), "2024-05-01T00:00:00Z"), None);
    }
}
