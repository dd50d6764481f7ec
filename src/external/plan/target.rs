//! The Secret as it is to be: what is wanted, what stays of what exists, the owner and the marks.
//!
//! Follows `mutationFunc` and `applyOwnership` in "pkg/controllers/externalsecret/externalsecret_controller.go" and
//! "pkg/controllers/externalsecret/externalsecret_controller_template.go" of external-secrets 2.9.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::Facts;
use super::condition::Trouble;
use super::existing::{Existing, GROUP, Names, Owner, copy};
use crate::external::marks::{ANNOTATION_DATA_HASH, LABEL_MANAGED, LABEL_OWNER, data_hash, owner_hash};
use crate::external::resource::external_secret::{CreationPolicy, ExternalSecret};
use crate::external::wanted::Wanted;
use crate::secret::SecretBytes;

/// The whole Secret, with what stays of the one that exists. Server-side apply sends only what [`Self::ours`] names of the maps and
/// of the finalizers, and everything else of this.
#[derive(Default)]
pub struct Target {
    /// `data`, decoded.
    pub data: BTreeMap<String, SecretBytes>,
    /// `type`; left out when `None`.
    pub secret_type: Option<String>,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`.
    pub annotations: BTreeMap<String, String>,
    /// `metadata.finalizers`.
    pub finalizers: Vec<String>,
    /// `immutable`; left out when `false`.
    pub immutable: bool,
    /// The owner to be; beside others, which stay.
    pub owner: Option<OwnerReference>,
    /// What of this is the ExternalSecret's.
    pub ours: Names,
}

/// A reference to the ExternalSecret that is the controller of its Secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnerReference {
    /// `name`.
    pub name: String,
    /// `uid`.
    pub uid: String,
}

impl OwnerReference {
    /// All of it.
    pub fn full(&self) -> Owner {
        Owner {
            api_version: format!("{GROUP}/v1"),
            kind: "ExternalSecret".to_owned(),
            name: self.name.clone(),
            uid: self.uid.clone(),
            is_controller: true,
            blocks_deletion: true,
        }
    }
}

/// What has to be taken off a Secret explicitly. Applying the [`Target`] leaves it on: others wrote it, or the ExternalSecret itself
/// by an update, as upstream does. Whoever writes the whole Secret has no need of this.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Removed {
    /// Keys of `data`.
    pub data: Vec<String>,
    /// Labels.
    pub labels: Vec<String>,
    /// Annotations.
    pub annotations: Vec<String>,
    /// The `uid`s of owners, whoever wrote them.
    pub owners: Vec<String>,
}

impl Removed {
    /// Whether there is nothing to take off.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty() && self.labels.is_empty() && self.annotations.is_empty() && self.owners.is_empty()
    }
}

/// Whether the ExternalSecret may write the Secret, and own it where it is to.
pub(super) fn check_owner(spec: &ExternalSecret, existing: Option<&Existing>) -> Result<(), Trouble> {
    let Some(owner) = existing.and_then(Existing::controller).filter(|owner| !owner.is(&spec.name)) else {
        return Ok(());
    };
    if owner.is_external_secret() {
        return Err(Trouble::Owned);
    }
    match spec.target.creation_policy {
        CreationPolicy::Owner => Err(Trouble::BecomeOwner),
        _ => Ok(()),
    }
}

impl Target {
    /// What is wanted, over what stays of what exists. Not yet owned or marked.
    pub(super) fn of(policy: CreationPolicy, wanted: Wanted, existing: Option<&Existing>) -> Self {
        let nothing = Existing::default();
        let before = existing.unwrap_or(&nothing);
        let mut data = BTreeMap::new();
        if matches!(policy, CreationPolicy::Merge | CreationPolicy::CreateOrMerge) {
            let foreign = before.data.iter().filter(|(key, _)| !before.owned.data.contains(*key));
            data.extend(foreign.map(|(key, value)| (key.clone(), copy(value))));
        }
        let mut finalizers = before.finalizers.clone();
        if !before.is_deleting {
            finalizers.extend(wanted.finalizers.iter().filter(|name| !before.finalizers.contains(name)).cloned());
        }
        let ours = Names {
            data: names(&wanted.data),
            labels: names(&wanted.labels),
            annotations: names(&wanted.annotations),
            // never taken away, so named for as long as they are there
            finalizers: finalizers
                .iter()
                .filter(|name| wanted.finalizers.contains(name) || before.owned.finalizers.contains(*name))
                .cloned()
                .collect(),
        };
        data.extend(wanted.data);
        let now = existing.map(|existing| existing.secret_type.clone());
        Self {
            data,
            secret_type: wanted.secret_type.filter(|name| !name.is_empty()).or(now),
            labels: over(&before.labels, &before.owned.labels, wanted.labels),
            annotations: over(&before.annotations, &before.owned.annotations, wanted.annotations),
            finalizers,
            immutable: wanted.immutable || before.immutable,
            owner: None,
            ours,
        }
    }

    /// What exists, made immutable. What of it is ours is named as such, so that applying it drops nothing.
    pub(super) fn untouched(existing: &Existing) -> Self {
        Self {
            data: existing.data.iter().map(|(key, value)| (key.clone(), copy(value))).collect(),
            secret_type: Some(existing.secret_type.clone()),
            labels: existing.labels.clone(),
            annotations: existing.annotations.clone(),
            finalizers: existing.finalizers.clone(),
            immutable: true,
            owner: None,
            ours: Names {
                data: both(&existing.data, &existing.owned.data),
                labels: both(&existing.labels, &existing.owned.labels),
                annotations: both(&existing.annotations, &existing.owned.annotations),
                finalizers: existing.owned.finalizers.clone(),
            },
        }
    }

    /// Takes values and type from an immutable Secret. Whether others were wanted.
    pub(super) fn leave_immutable(&mut self, existing: &Existing) -> bool {
        if !existing.immutable || !self.content_differs(existing) {
            return false;
        }
        let Self { data, secret_type, ours, .. } = Self::untouched(existing);
        self.data = data;
        self.secret_type = secret_type;
        self.ours.data = ours.data;
        true
    }

    /// Sets owner, marks and the flag: the last step, for the hash is that of the values.
    pub(super) fn mark(&mut self, spec: &ExternalSecret, facts: &Facts<'_>) {
        self.immutable |= spec.target.immutable;
        if spec.target.creation_policy == CreationPolicy::Owner {
            self.owner = facts.uid.map(|uid| OwnerReference { name: spec.name.clone(), uid: uid.to_owned() });
            self.labels.insert(LABEL_OWNER.to_owned(), owner_hash(facts.namespace, &spec.name));
            self.ours.labels.insert(LABEL_OWNER.to_owned());
        } else {
            self.labels.remove(LABEL_OWNER);
            self.ours.labels.remove(LABEL_OWNER);
        }
        self.labels.insert(LABEL_MANAGED.to_owned(), "true".to_owned());
        self.ours.labels.insert(LABEL_MANAGED.to_owned());
        self.annotations.insert(ANNOTATION_DATA_HASH.to_owned(), data_hash(&self.data));
        self.ours.annotations.insert(ANNOTATION_DATA_HASH.to_owned());
    }

    /// What has to be taken off.
    pub(super) fn removed(&self, spec: &ExternalSecret, existing: &Existing) -> Removed {
        let is_stale = |owner: &&Owner| match (spec.target.creation_policy, &self.owner) {
            // the ExternalSecret was made anew
            (CreationPolicy::Owner, Some(reference)) => owner.is(&spec.name) && owner.uid != reference.uid,
            (CreationPolicy::Owner, None) => false,
            _ => owner.is(&spec.name) && owner.is_controller,
        };
        Removed {
            data: gone(&existing.data, &self.data, &existing.applied.data),
            labels: gone(&existing.labels, &self.labels, &existing.applied.labels),
            annotations: gone(&existing.annotations, &self.annotations, &existing.applied.annotations),
            owners: existing.owners.iter().filter(is_stale).map(|owner| owner.uid.clone()).collect(),
        }
    }

    /// Whether anything is other than it is.
    pub(super) fn differs(&self, existing: &Existing) -> bool {
        let owner = self.owner.as_ref().map(OwnerReference::full);
        self.content_differs(existing)
            || self.labels != existing.labels
            || self.annotations != existing.annotations
            || self.finalizers != existing.finalizers
            || self.immutable != existing.immutable
            || owner.is_some_and(|owner| !existing.owners.contains(&owner))
    }

    fn content_differs(&self, existing: &Existing) -> bool {
        let same = |(key, value): (&String, &SecretBytes)| existing.data.get(key).is_some_and(|now| now.same(value));
        self.secret_type.as_ref().is_some_and(|name| *name != existing.secret_type)
            || self.data.len() != existing.data.len()
            || !self.data.iter().all(same)
    }
}

/// Templates may print values into labels and annotations, so only names are shown.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("data", &self.data)
            .field("secret_type", &self.secret_type)
            .field("labels", &self.labels.keys())
            .field("annotations", &self.annotations.keys())
            .field("finalizers", &self.finalizers)
            .field("immutable", &self.immutable)
            .field("owner", &self.owner)
            .field("ours", &self.ours)
            .finish()
    }
}

fn names<V>(map: &BTreeMap<String, V>) -> BTreeSet<String> {
    map.keys().cloned().collect()
}

/// The names that are there and owned.
fn both<V>(map: &BTreeMap<String, V>, owned: &BTreeSet<String>) -> BTreeSet<String> {
    map.keys().filter(|name| owned.contains(*name)).cloned().collect()
}

/// What is wanted over what exists, without what was ours.
fn over(
    existing: &BTreeMap<String, String>,
    owned: &BTreeSet<String>,
    wanted: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut all = existing.clone();
    all.retain(|name, _| !owned.contains(name));
    all.extend(wanted);
    all
}

/// The names that are there, are not to be, and do not go by themselves.
fn gone<V>(existing: &BTreeMap<String, V>, wanted: &BTreeMap<String, V>, applied: &BTreeSet<String>) -> Vec<String> {
    existing.keys().filter(|name| !wanted.contains_key(*name) && !applied.contains(*name)).cloned().collect()
}
