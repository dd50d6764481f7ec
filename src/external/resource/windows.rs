//! When time alone may lead to a fetch: `spec.syncWindows` of an ExternalSecret.

use std::time::Duration;

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
