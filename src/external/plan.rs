//! What becomes of the Secret of one ExternalSecret: made, changed, deleted or left alone, what the status says, and when to look
//! again. A pure function, so that a daemon, a dry run and a manifest file decide alike.
//!
//! Follows "pkg/controllers/externalsecret/externalsecret_controller.go" of external-secrets 2.9, except where it harms:
//!
//! * It deletes, without values and with `deletionPolicy: Delete`, a Secret that another controller owns. Here that fails.
//! * It deletes Secrets of a former target name before the new one is written. Here that is for afterwards ([`Plan::orphans`]).
//! * It writes the hash of values that an immutable Secret refused. Here the hash is always that of the values that are there.
//! * It fetches at each event with `creationPolicy: None`, and puts its label on that Secret. Here neither ([`is_valid`]).
//! * It looks again and again while a window is closed. Here once, when the window opens ([`next_look`]).
//! * It forgets labels and annotations that it wrote when the name of the ExternalSecret is long. Here they are removed.
//!
//! | file | what it is for |
//! |---|---|
//! | [`existing`] | the Secret that exists, and whether it is as it was written |
//! | [`target`] | the Secret as it is to be |
//! | [`condition`] | what the status says |
//! | [`when`] | when to fetch, when to look |

pub mod condition;
pub mod existing;
pub mod target;
#[cfg(test)]
mod tests;
pub mod when;

use std::time::Duration;

use jiff::Timestamp;

use super::resource::external_secret::{CreationPolicy, DeletionPolicy, ExternalSecret};
use super::wanted::Wanted;

pub use condition::{Condition, Reason, Retry, Trouble};
pub use existing::{Existing, Names, Owner, is_valid};
pub use target::{OwnerReference, Removed, Target};
pub use when::{Synced, next_look, should_refresh};

/// What came of fetching.
#[derive(Debug)]
pub struct FetchedData {
    /// Whether every entry yielded nothing: not a single key, before any template.
    pub is_empty: bool,
    /// What is to be written.
    pub wanted: Result<Wanted, TemplateTrouble>,
}

/// Values could not be fetched: the store did not answer, refused, or lacks one and the policy is `Retain`. Why is for events and
/// people; the plan is the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("could not get secret data from provider")]
pub struct FetchTrouble;

/// The template could not be run. Only matters when its output would be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("could not run the template")]
pub struct TemplateTrouble;

/// What the plan needs to know beside its objects.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Namespace of the ExternalSecret, and so of its Secret.
    pub namespace: &'a str,
    /// `metadata.uid` of the ExternalSecret, when it is in the cluster. Without it nothing can be owned.
    pub uid: Option<&'a str>,
}

/// What is done about the Secret.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// It is deleted.
    Delete,
    /// What is there, be it nothing, stays as it is.
    Keep,
    /// There is nothing that this ExternalSecret would write or delete.
    Nothing,
}

/// The plan.
#[derive(Debug)]
pub struct Plan {
    /// What is done about the Secret.
    pub action: Action,
    /// The Secret as it is to be; for [`Action::Create`] and [`Action::Update`].
    pub object: Option<Target>,
    /// What has to be taken off the Secret, because applying the object does not.
    pub removed: Removed,
    /// Whether other Secrets of the namespace with our `created-by` label are deleted, once the action succeeded: the target had
    /// another name before.
    pub orphans: bool,
    /// `Ready`, once the action succeeded. When it did not: [`Condition::failed`].
    pub condition: Condition,
    /// Whether `status.refreshTime` and `status.syncedResourceVersion` are written ([`Synced::of`]).
    pub refresh: bool,
    /// Whether `status.binding.name` becomes the name of the Secret; else it stays.
    pub binding: bool,
    /// When to look again; `None`: at the next event.
    pub next: Option<Duration>,
    /// Whether to try again before that.
    pub retry: Retry,
}

impl Plan {
    fn done(spec: &ExternalSecret, now: Timestamp, action: Action, condition: Condition) -> Self {
        let synced = Synced { refresh_time: Some(now), resource_version: String::new() };
        Self {
            action,
            object: None,
            removed: Removed::default(),
            orphans: false,
            condition,
            refresh: true,
            binding: false,
            next: next_look(spec, &synced, now),
            retry: Retry::No,
        }
    }

    fn failed(trouble: Trouble) -> Self {
        Self {
            action: Action::Keep,
            object: None,
            removed: Removed::default(),
            orphans: false,
            condition: Condition::failed(trouble),
            refresh: false,
            binding: false,
            next: None,
            retry: trouble.retry(),
        }
    }
}

/// What is to be done, given what was fetched and the Secret that exists. Asked only after [`should_refresh`] or when
/// [`is_valid`] says no.
pub fn plan(
    spec: &ExternalSecret,
    fetched: Result<FetchedData, FetchTrouble>,
    existing: Option<&Existing>,
    facts: &Facts<'_>,
    now: Timestamp,
) -> Plan {
    let Ok(fetched) = fetched else { return Plan::failed(Trouble::Provider) };
    if fetched.is_empty {
        match spec.target.deletion_policy {
            DeletionPolicy::Delete => return without_values(spec, existing, now),
            DeletionPolicy::Retain => return Plan::done(spec, now, Action::Keep, Condition::RETAINED),
            DeletionPolicy::Merge => {}
        }
    }
    match (spec.target.creation_policy, existing) {
        (CreationPolicy::None, _) => Plan::done(spec, now, Action::Nothing, Condition::SYNCED),
        (CreationPolicy::Merge, None) => Plan::done(spec, now, Action::Nothing, Condition::MISSING),
        _ => write(spec, fetched, existing, facts, now),
    }
}

/// Whether the Secret is deleted together with its ExternalSecret (`cleanupManagedSecrets`). That of `uid` has to be its controller.
pub fn goes_along(spec: &ExternalSecret, existing: &Existing, uid: &str) -> bool {
    let is_ours = existing.controller().is_some_and(|owner| owner.uid == uid);
    spec.target.deletion_policy == DeletionPolicy::Delete && is_ours
}

/// No values, and `deletionPolicy: Delete`.
fn without_values(spec: &ExternalSecret, existing: Option<&Existing>, now: Timestamp) -> Plan {
    if spec.target.creation_policy != CreationPolicy::Owner {
        return Plan::failed(Trouble::DeleteForbidden);
    }
    match existing {
        None => Plan::done(spec, now, Action::Nothing, Condition::DELETED),
        Some(existing) if existing.controller().is_some_and(|owner| !owner.is(&spec.name)) => {
            Plan::failed(Trouble::DeleteForbidden)
        }
        Some(_) => Plan::done(spec, now, Action::Delete, Condition::DELETED),
    }
}

/// The Secret is to be as the values want it.
fn write(
    spec: &ExternalSecret,
    fetched: FetchedData,
    existing: Option<&Existing>,
    facts: &Facts<'_>,
    now: Timestamp,
) -> Plan {
    let is_immutable = spec.target.immutable || fetched.wanted.as_ref().is_ok_and(|wanted| wanted.immutable);
    let built = match existing {
        // what is to stay as it is has no use for values
        Some(existing) if is_immutable => Ok(Target::untouched(existing)),
        _ => fetched.wanted.map(|wanted| Target::of(spec.target.creation_policy, wanted, existing)),
    };
    let built = built.map_err(|TemplateTrouble| Trouble::Update);
    let checked = built.and_then(|target| target::check_owner(spec, existing).map(|()| target));
    let mut target = match checked {
        Ok(target) => target,
        Err(trouble) => return Plan { binding: existing.is_some(), ..Plan::failed(trouble) },
    };
    let refused = existing.is_some_and(|existing| target.leave_immutable(existing));
    target.mark(spec, facts);
    let removed = existing.map(|existing| target.removed(spec, existing)).unwrap_or_default();
    let action = match existing {
        None => Action::Create,
        Some(existing) if target.differs(existing) || !removed.is_empty() => Action::Update,
        Some(_) => Action::Keep,
    };
    let plan = if refused {
        Plan { action, ..Plan::failed(Trouble::Immutable) }
    } else {
        let orphans = spec.target.creation_policy == CreationPolicy::Owner;
        Plan { orphans, ..Plan::done(spec, now, action, Condition::SYNCED) }
    };
    Plan { object: (action != Action::Keep).then_some(target), removed, binding: true, ..plan }
}
