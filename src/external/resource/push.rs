//! The PushSecret: which values of which Secrets are written to which stores.
//! Follows "apis/externalsecrets/v1alpha1/pushsecret_types.go" of external-secrets 2.9.

use std::collections::BTreeMap;
use std::time::Duration;

use super::external_secret::Rewrite;
use super::select::{GeneratorRef, LabelSelector, StoreKind};
use super::template::Template;

/// One PushSecret.
#[derive(Clone, PartialEq, Debug)]
pub struct PushSecret {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: Option<String>,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`.
    pub annotations: BTreeMap<String, String>,
    /// `metadata.generation`, which only the API server gives.
    pub generation: Option<i64>,
    /// `metadata.uid`, which only the API server gives.
    pub uid: Option<String>,
    /// How often; an hour when not given. Zero: only when the object changes.
    pub refresh_interval: Duration,
    /// The stores that are written to.
    pub store_refs: Vec<PushStoreRef>,
    /// What is done about values that are there already.
    pub update_policy: UpdatePolicy,
    /// What becomes of values whose entry or Secret is gone.
    pub deletion_policy: PushDeletionPolicy,
    /// Where the values come from.
    pub selector: PushSelector,
    /// Single values.
    pub data: Vec<PushData>,
    /// Many values at once.
    pub data_to: Vec<PushDataTo>,
    /// What becomes of the values first.
    pub template: Option<Template>,
    /// Line of the object, from 1.
    pub line: usize,
}

/// A store, or all stores with some labels.
#[derive(Clone, PartialEq, Debug)]
pub struct PushStoreRef {
    /// Of which kind.
    pub kind: StoreKind,
    /// Which.
    pub by: Named,
}

/// One object by its name, or all with some labels.
#[derive(Clone, PartialEq, Debug)]
pub enum Named {
    /// By its name.
    Name(String),
    /// By labels.
    Labels(LabelSelector),
}

/// Where the values of a [`PushSecret`] come from.
#[derive(Clone, PartialEq, Debug)]
pub enum PushSelector {
    /// Secrets of the namespace.
    Secret(Named),
    /// A generator.
    Generator(GeneratorRef),
}

/// `updatePolicy`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum UpdatePolicy {
    /// They are replaced.
    #[default]
    Replace,
    /// They stay.
    IfNotExists,
}

/// `deletionPolicy` of a [`PushSecret`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum PushDeletionPolicy {
    /// They stay.
    #[default]
    None,
    /// They are deleted.
    Delete,
}

/// One value (`data[]`).
#[derive(Clone, PartialEq, Debug)]
pub struct PushData {
    /// The key of the Secret; all of them as one JSON object when `None`.
    pub secret_key: Option<String>,
    /// Name in the store (`remoteRef.remoteKey`).
    pub remote_key: String,
    /// Which part of the value there.
    pub property: Option<String>,
    /// What the provider is told besides, in its own form.
    pub metadata: Option<serde_json::Value>,
    /// What becomes of the names of keys.
    pub conversion: PushConversion,
    /// Line of the entry, from 1.
    pub line: usize,
}

/// Many values at once (`dataTo[]`).
#[derive(Clone, PartialEq, Debug)]
pub struct PushDataTo {
    /// To which stores; among those of the object.
    pub store_ref: PushStoreRef,
    /// The one name in the store under which all go as a JSON object; each under its own when `None`.
    pub remote_key: Option<String>,
    /// Only keys in which this regular expression of Go's is found; all when `None`. It compiles.
    pub match_regexp: Option<String>,
    /// What becomes of the names of keys; never [`Rewrite::Merge`], and nothing with `remote_key`.
    pub rewrite: Vec<Rewrite>,
    /// What the provider is told besides, in its own form.
    pub metadata: Option<serde_json::Value>,
    /// What becomes of the names of keys first.
    pub conversion: PushConversion,
    /// Line of the entry, from 1.
    pub line: usize,
}

/// `conversionStrategy` of a [`PushSecret`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum PushConversion {
    /// Nothing.
    #[default]
    None,
    /// `_U002f_` becomes `/`.
    ReverseUnicode,
}
