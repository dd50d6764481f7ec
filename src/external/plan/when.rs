//! When values are fetched again, and when an ExternalSecret is looked at again.
//!
//! Follows `shouldRefresh` and `getRequeueResult` in "pkg/controllers/externalsecret/externalsecret_controller.go" of
//! external-secrets 2.9.

use std::time::Duration;

use jiff::Timestamp;

use crate::external::marks::resource_version;
use crate::external::resource::external_secret::{ExternalSecret, RefreshPolicy};

/// What the status remembers of the last success.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Synced {
    /// `status.refreshTime`: when it began.
    pub refresh_time: Option<Timestamp>,
    /// `status.syncedResourceVersion`: of what; empty when there was none.
    pub resource_version: String,
}

impl Synced {
    /// What is remembered of a success that began at `now`. The status holds whole seconds.
    pub fn of(spec: &ExternalSecret, now: Timestamp) -> Self {
        let second = Timestamp::from_second(now.as_second()).unwrap_or(now);
        Self { refresh_time: Some(second), resource_version: current(spec) }
    }
}

fn current(spec: &ExternalSecret) -> String {
    resource_version(spec.generation.unwrap_or_default(), &spec.labels, &spec.annotations)
}

/// Whether values are to be fetched because of time or a change of the ExternalSecret. Whether the Secret is as it was written is
/// another question ([`is_valid`](super::is_valid)). With an interval of zero, not even a change leads to a second fetch.
pub fn should_refresh(spec: &ExternalSecret, synced: &Synced, now: Timestamp) -> bool {
    let was_never = synced.resource_version.is_empty() || synced.refresh_time.is_none();
    match spec.refresh_policy {
        RefreshPolicy::CreatedOnce => was_never,
        RefreshPolicy::OnChange => was_never || synced.resource_version != current(spec),
        RefreshPolicy::Periodic => {
            if spec.refresh_interval.is_zero() && !synced.resource_version.is_empty() {
                return false;
            }
            let Some(last) = synced.refresh_time else { return true };
            synced.resource_version != current(spec)
                || match elapsed(last, now) {
                    None => true,
                    Some(elapsed) => elapsed > spec.refresh_interval && is_allowed(spec, now),
                }
        }
    }
}

/// How long until an ExternalSecret that was looked at is looked at again; `None`: at the next event. With policies that do not mind
/// time it is each interval nevertheless, as upstream. An overdue fetch that a window forbids waits for the window to open (upstream
/// tries again and again); one that no window will allow, as far as can be told, for an interval.
pub fn next_look(spec: &ExternalSecret, synced: &Synced, now: Timestamp) -> Option<Duration> {
    let interval = spec.refresh_interval;
    if interval.is_zero() {
        return None;
    }
    let Some(last) = synced.refresh_time else { return Some(interval) };
    let Some(elapsed) = elapsed(last, now) else { return Some(Duration::ZERO) };
    if elapsed < interval {
        return Some(interval - elapsed);
    }
    if spec.refresh_policy != RefreshPolicy::Periodic {
        let past = elapsed.as_nanos() % interval.as_nanos();
        return Some(interval - Duration::from_nanos(u64::try_from(past).unwrap_or_default()));
    }
    let Some(windows) = spec.sync_windows.as_ref().filter(|windows| !windows.allow(now)) else {
        return Some(Duration::ZERO);
    };
    let opens = windows.next_change(now).and_then(|edge| self::elapsed(now, edge));
    Some(opens.unwrap_or(interval))
}

fn is_allowed(spec: &ExternalSecret, now: Timestamp) -> bool {
    spec.sync_windows.as_ref().is_none_or(|windows| windows.allow(now))
}

/// How long after one moment another is; `None` when it is before.
fn elapsed(from: Timestamp, to: Timestamp) -> Option<Duration> {
    Duration::try_from(to.duration_since(from)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::external::plan::tests::spec;
    use crate::external::resource::cron::Schedule;
    use crate::external::resource::windows::{SyncWindows, Window, WindowKind};

    const LAST: &str = "2024-05-01T12:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn synced(refresh_time: &str, version: &str) -> Synced {
        Synced { refresh_time: refresh_time.parse().ok(), resource_version: version.to_owned() }
    }

    #[test]
    fn what_is_remembered() {
        let mut spec = spec();
        let hash = "f47fe3c0b255b6dd8047cdffa772587bb829efe7a1cb70febeda2eb2";
        assert_eq!(Synced::of(&spec, at("2024-05-01T12:00:00.9Z")), synced(LAST, &format!("1-{hash}")));
        spec.generation = Some(7);
        assert_eq!(Synced::of(&spec, at(LAST)).resource_version, format!("7-{hash}"));
        // the convention to force a fetch
        spec.annotations.insert("force-sync".to_owned(), "1".to_owned());
        assert_ne!(Synced::of(&spec, at(LAST)).resource_version, format!("7-{hash}"));
    }

    /// Policy, interval in minutes, `refreshTime`, whether it was synced as it is (`=`), as it was (`!`) or never, now: fetch or not.
    #[test]
    fn refreshes() {
        use RefreshPolicy::{CreatedOnce, OnChange, Periodic};
        let (hour, later) = ("2024-05-01T13:00:00Z", "2024-05-01T13:00:01Z");
        for (policy, minutes, refreshed, version, now, want) in [
            (CreatedOnce, 60, "", "", LAST, true),
            (CreatedOnce, 60, LAST, "", LAST, true),
            (CreatedOnce, 60, "", "=", LAST, true),
            (CreatedOnce, 60, LAST, "!", later, false),
            (OnChange, 60, "", "", LAST, true),
            (OnChange, 60, "", "=", LAST, true),
            (OnChange, 60, LAST, "=", later, false),
            (OnChange, 60, LAST, "!", LAST, true),
            (OnChange, 0, LAST, "!", LAST, true),
            (Periodic, 60, "", "", LAST, true),
            (Periodic, 60, "", "=", LAST, true),
            (Periodic, 60, LAST, "!", LAST, true),
            (Periodic, 60, LAST, "=", LAST, false),
            (Periodic, 60, LAST, "=", hour, false),
            (Periodic, 60, LAST, "=", later, true),
            (Periodic, 60, later, "=", LAST, true),
            (Periodic, 0, "", "", LAST, true),
            (Periodic, 0, LAST, "", LAST, true),
            (Periodic, 0, LAST, "=", later, false),
            (Periodic, 0, LAST, "!", later, false),
        ] {
            let mut spec = spec();
            spec.refresh_policy = policy;
            spec.refresh_interval = Duration::from_secs(minutes * 60);
            let version = if version == "=" { current(&spec) } else { version.to_owned() };
            let got = should_refresh(&spec, &synced(refreshed, &version), at(now));
            assert_eq!(got, want, "{policy:?} {minutes} {refreshed} {version} {now}");
        }
    }

    #[test]
    fn looks() {
        use RefreshPolicy::{CreatedOnce, OnChange, Periodic};
        for (policy, minutes, refreshed, now, want) in [
            (Periodic, 0, LAST, LAST, None),
            (Periodic, 60, "", LAST, Some(3600)),
            (Periodic, 60, LAST, LAST, Some(3600)),
            (Periodic, 60, LAST, "2024-05-01T12:59:00Z", Some(60)),
            (Periodic, 60, LAST, "2024-05-01T13:00:00Z", Some(0)),
            (Periodic, 60, LAST, "2024-05-02T12:00:00Z", Some(0)),
            (Periodic, 60, "2024-05-01T12:00:01Z", LAST, Some(0)),
            // each interval, and not without end
            (CreatedOnce, 60, LAST, "2024-05-01T12:59:00Z", Some(60)),
            (CreatedOnce, 60, LAST, "2024-05-01T13:00:00Z", Some(3600)),
            (OnChange, 60, LAST, "2024-05-01T15:10:00Z", Some(3000)),
        ] {
            let mut spec = spec();
            spec.refresh_policy = policy;
            spec.refresh_interval = Duration::from_secs(minutes * 60);
            let got = next_look(&spec, &synced(refreshed, "x"), at(now));
            assert_eq!(got, want.map(Duration::from_secs), "{policy:?} {minutes} {refreshed} {now}");
        }
    }

    #[test]
    fn windows_hold_back_time_and_nothing_else() {
        let mut spec = spec();
        let window = Window { schedule: Schedule::parse("0 22 * * *").unwrap(), duration: Duration::from_secs(7200) };
        for (kind, now, fetches, look) in [
            (WindowKind::Allow, "2024-05-01T12:30:00Z", false, 1800),
            (WindowKind::Allow, "2024-05-01T14:00:00Z", false, 8 * 3600),
            (WindowKind::Allow, "2024-05-01T22:00:00Z", true, 0),
            (WindowKind::Deny, "2024-05-01T14:00:00Z", true, 0),
        ] {
            spec.sync_windows = Some(SyncWindows { kind, windows: vec![window.clone()] });
            let synced = synced(LAST, &current(&spec));
            assert_eq!(should_refresh(&spec, &synced, at(now)), fetches, "{kind:?} {now}");
            assert_eq!(next_look(&spec, &synced, at(now)), Some(Duration::from_secs(look)), "{kind:?} {now}");
        }
        // until just after the end, which is in the window
        let inside = next_look(&spec, &synced(LAST, "x"), at("2024-05-01T23:00:00Z"));
        assert_eq!(inside, Some(Duration::new(3600, 1)));
        assert!(should_refresh(&spec, &synced(LAST, "changed"), at("2024-05-01T23:00:00Z")));
        assert!(should_refresh(&spec, &Synced::default(), at("2024-05-01T23:00:00Z")));
        // never opens
        let never = Window { schedule: Schedule::parse("0 0 30 2 *").unwrap(), ..window };
        spec.sync_windows = Some(SyncWindows { kind: WindowKind::Allow, windows: vec![never] });
        assert_eq!(next_look(&spec, &synced(LAST, "x"), at("2024-05-01T14:00:00Z")), Some(Duration::from_secs(3600)));
    }
}
