//! Every family that there is. Names and labels that begin with a kind of External Secrets Operator are its own (external-secrets
//! 2.9 `pkg/controllers/*/*metrics`), because dashboards and alerts depend on them.

use super::{About, Age, Counter, Gauge, Histogram, Kind};

/// The labels that an object is known by, and with which those of its families begin.
pub(super) const OBJECT: [&str; 2] = ["name", "namespace"];
const CONDITION: [&str; 4] = ["name", "namespace", "condition", "status"];
const SYNC_BOUNDS: [f64; 11] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

impl<const N: usize> Counter<N> {
    const fn new(name: &'static str, labels: &'static [&'static str; N], help: &'static str) -> Self {
        Self(About { name, kind: Kind::Counter, labels, help, bounds: &[] })
    }

    /// What is to be known of it.
    pub const fn about(&self) -> &About {
        &self.0
    }
}

impl<const N: usize> Gauge<N> {
    const fn new(name: &'static str, labels: &'static [&'static str; N], help: &'static str) -> Self {
        Self(About { name, kind: Kind::Gauge, labels, help, bounds: &[] })
    }

    /// What is to be known of it.
    pub const fn about(&self) -> &About {
        &self.0
    }
}

impl<const N: usize> Age<N> {
    const fn new(name: &'static str, labels: &'static [&'static str; N], help: &'static str) -> Self {
        Self(About { name, kind: Kind::Age, labels, help, bounds: &[] })
    }

    /// What is to be known of it.
    pub const fn about(&self) -> &About {
        &self.0
    }
}

impl<const N: usize> Histogram<N> {
    const fn new(
        name: &'static str,
        labels: &'static [&'static str; N],
        help: &'static str,
        bounds: &'static [f64],
    ) -> Self {
        Self(About { name, kind: Kind::Histogram, labels, help, bounds })
    }

    /// What is to be known of it.
    pub const fn about(&self) -> &About {
        &self.0
    }
}

/// How often the ExternalSecret was synced.
pub static SYNC_CALLS: Counter<2> =
    Counter::new("externalsecret_sync_calls_total", &OBJECT, "How often the ExternalSecret was synced");
/// How often syncing the ExternalSecret failed.
pub static SYNC_ERRORS: Counter<2> =
    Counter::new("externalsecret_sync_calls_error", &OBJECT, "How often syncing the ExternalSecret failed");
/// 1 for the status that the condition of the ExternalSecret has, 0 for the other.
pub static EXTERNAL_SECRET_CONDITION: Gauge<4> = Gauge::new(
    "externalsecret_status_condition",
    &CONDITION,
    "1 for the status that the condition of the ExternalSecret has, 0 for the other",
);
/// How long the ExternalSecret took last time, in nanoseconds.
pub static EXTERNAL_SECRET_DURATION: Gauge<2> = Gauge::new(
    "externalsecret_reconcile_duration",
    &OBJECT,
    "How long the ExternalSecret took last time, in nanoseconds",
);
/// Calls to the API of a provider; the status is success or error.
pub static PROVIDER_CALLS: Counter<3> = Counter::new(
    "externalsecret_provider_api_calls_count",
    &["provider", "call", "status"],
    "Calls to the API of a provider; the status is success or error",
);
/// 1 for the status that the condition of the SecretStore has, 0 for the other.
pub static SECRET_STORE_CONDITION: Gauge<4> = Gauge::new(
    "secretstore_status_condition",
    &CONDITION,
    "1 for the status that the condition of the SecretStore has, 0 for the other",
);
/// How long the SecretStore took last time, in nanoseconds.
pub static SECRET_STORE_DURATION: Gauge<2> =
    Gauge::new("secretstore_reconcile_duration", &OBJECT, "How long the SecretStore took last time, in nanoseconds");
/// 1 for the status that the condition of the ClusterSecretStore has, 0 for the other.
pub static CLUSTER_SECRET_STORE_CONDITION: Gauge<4> = Gauge::new(
    "clustersecretstore_status_condition",
    &CONDITION,
    "1 for the status that the condition of the ClusterSecretStore has, 0 for the other",
);
/// How long the ClusterSecretStore took last time, in nanoseconds.
pub static CLUSTER_SECRET_STORE_DURATION: Gauge<2> = Gauge::new(
    "clustersecretstore_reconcile_duration",
    &OBJECT,
    "How long the ClusterSecretStore took last time, in nanoseconds",
);
/// 1 for the status that the condition of the PushSecret has, 0 for the other.
pub static PUSH_SECRET_CONDITION: Gauge<4> = Gauge::new(
    "pushsecret_status_condition",
    &CONDITION,
    "1 for the status that the condition of the PushSecret has, 0 for the other",
);
/// How long the PushSecret took last time, in nanoseconds.
pub static PUSH_SECRET_DURATION: Gauge<2> =
    Gauge::new("pushsecret_reconcile_duration", &OBJECT, "How long the PushSecret took last time, in nanoseconds");
/// 1 for the status that the condition of the ClusterExternalSecret has, 0 for the other.
pub static CLUSTER_EXTERNAL_SECRET_CONDITION: Gauge<4> = Gauge::new(
    "clusterexternalsecret_status_condition",
    &CONDITION,
    "1 for the status that the condition of the ClusterExternalSecret has, 0 for the other",
);
/// How long the ClusterExternalSecret took last time, in nanoseconds.
pub static CLUSTER_EXTERNAL_SECRET_DURATION: Gauge<2> = Gauge::new(
    "clusterexternalsecret_reconcile_duration",
    &OBJECT,
    "How long the ClusterExternalSecret took last time, in nanoseconds",
);
/// 1 for the status that the condition of the ClusterPushSecret has, 0 for the other.
pub static CLUSTER_PUSH_SECRET_CONDITION: Gauge<4> = Gauge::new(
    "clusterpushsecret_status_condition",
    &CONDITION,
    "1 for the status that the condition of the ClusterPushSecret has, 0 for the other",
);
/// How long the ClusterPushSecret took last time, in nanoseconds.
pub static CLUSTER_PUSH_SECRET_DURATION: Gauge<2> = Gauge::new(
    "clusterpushsecret_reconcile_duration",
    &OBJECT,
    "How long the ClusterPushSecret took last time, in nanoseconds",
);
/// Seconds since the last good sync of the ExternalSecret.
pub static LAST_SYNC: Age<2> =
    Age::new("sealant_last_sync_age_seconds", &OBJECT, "Seconds since the last good sync of the ExternalSecret");
/// For how long the object that has waited longest is overdue, in seconds; 0 when nobody waits.
pub static OVERDUE: Gauge<0> = Gauge::new(
    "sealant_oldest_overdue_seconds",
    &[],
    "For how long the object that has waited longest is overdue, in seconds; 0 when nobody waits",
);
/// How long syncs took, in seconds; the outcome is success or error.
pub static SYNC_SECONDS: Histogram<1> = Histogram::new(
    "sealant_sync_duration_seconds",
    &["outcome"],
    "How long syncs took, in seconds; the outcome is success or error",
    &SYNC_BOUNDS,
);
/// Whether the store let us in and answered when it was asked last: 1 or 0.
pub static STORE_UP: Gauge<3> = Gauge::new(
    "sealant_store_up",
    &["name", "namespace", "kind"],
    "Whether the store let us in and answered when it was asked last: 1 or 0",
);
/// Leases of dynamic secrets that are held.
pub static LEASES: Gauge<0> = Gauge::new("sealant_leases_held", &[], "Leases of dynamic secrets that are held");
/// Always 1; the version is in the label.
pub static BUILD_INFO: Gauge<1> =
    Gauge::new("sealant_build_info", &["version"], "Always 1; the version is in the label");
/// Numbers that were not counted because their family has too many series.
pub static DROPPED: Counter<0> = Counter::new(
    "sealant_metrics_dropped_total",
    &[],
    "Numbers that were not counted because their family has too many series",
);
/// When the process started, in seconds since 1970.
pub static START_TIME: Gauge<0> =
    Gauge::new("process_start_time_seconds", &[], "When the process started, in seconds since 1970");
/// Memory of the process that is in RAM, in bytes.
pub static RESIDENT_MEMORY: Gauge<0> =
    Gauge::new("process_resident_memory_bytes", &[], "Memory of the process that is in RAM, in bytes");
/// Time that the process has spent computing, in seconds.
pub static CPU_SECONDS: Counter<0> =
    Counter::new("process_cpu_seconds_total", &[], "Time that the process has spent computing, in seconds");
/// Files and sockets that the process has open.
pub static OPEN_FDS: Gauge<0> = Gauge::new("process_open_fds", &[], "Files and sockets that the process has open");
/// Files and sockets that the process may have open.
pub static MAX_FDS: Gauge<0> = Gauge::new("process_max_fds", &[], "Files and sockets that the process may have open");

/// All of them, in the order of the documentation.
pub static ALL: [&About; 27] = [
    SYNC_CALLS.about(),
    SYNC_ERRORS.about(),
    EXTERNAL_SECRET_CONDITION.about(),
    EXTERNAL_SECRET_DURATION.about(),
    PROVIDER_CALLS.about(),
    SECRET_STORE_CONDITION.about(),
    SECRET_STORE_DURATION.about(),
    CLUSTER_SECRET_STORE_CONDITION.about(),
    CLUSTER_SECRET_STORE_DURATION.about(),
    PUSH_SECRET_CONDITION.about(),
    PUSH_SECRET_DURATION.about(),
    CLUSTER_EXTERNAL_SECRET_CONDITION.about(),
    CLUSTER_EXTERNAL_SECRET_DURATION.about(),
    CLUSTER_PUSH_SECRET_CONDITION.about(),
    CLUSTER_PUSH_SECRET_DURATION.about(),
    LAST_SYNC.about(),
    OVERDUE.about(),
    SYNC_SECONDS.about(),
    STORE_UP.about(),
    LEASES.about(),
    BUILD_INFO.about(),
    DROPPED.about(),
    START_TIME.about(),
    RESIDENT_MEMORY.about(),
    CPU_SECONDS.about(),
    OPEN_FDS.about(),
    MAX_FDS.about(),
];

/// What goes when an ExternalSecret is gone. (Of the operator the counters stay until it restarts.)
pub static OF_EXTERNAL_SECRET: [&About; 5] = [
    SYNC_CALLS.about(),
    SYNC_ERRORS.about(),
    EXTERNAL_SECRET_CONDITION.about(),
    EXTERNAL_SECRET_DURATION.about(),
    LAST_SYNC.about(),
];
/// What goes when a SecretStore is gone.
pub static OF_SECRET_STORE: [&About; 2] = [SECRET_STORE_CONDITION.about(), SECRET_STORE_DURATION.about()];
/// What goes when a ClusterSecretStore is gone.
pub static OF_CLUSTER_SECRET_STORE: [&About; 2] =
    [CLUSTER_SECRET_STORE_CONDITION.about(), CLUSTER_SECRET_STORE_DURATION.about()];
/// What goes when a PushSecret is gone.
pub static OF_PUSH_SECRET: [&About; 2] = [PUSH_SECRET_CONDITION.about(), PUSH_SECRET_DURATION.about()];
/// What goes when a store of any kind is gone; its labels are those of the object and the kind.
pub static OF_STORE: [&About; 1] = [STORE_UP.about()];
