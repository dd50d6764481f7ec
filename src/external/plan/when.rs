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
