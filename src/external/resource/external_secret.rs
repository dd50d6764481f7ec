//! The ExternalSecret: which values of which stores become which Secret.
//! Follows "apis/externalsecrets/v1/externalsecret_types.go" of external-secrets 2.9.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::external::reference::{Find, Part, Reference};

use super::select::{GeneratorRef, StoreRef};
use super::template::Template;
use super::windows::SyncWindows;

/// One ExternalSecret.
#[derive(Clone, PartialEq, Debug)]
pub struct ExternalSecret {
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
    /// Which version of the API it is written for.
    pub api_version: ApiVersion,
    /// When values are fetched again.
    pub refresh_policy: RefreshPolicy,
    /// How often with [`RefreshPolicy::Periodic`]; an hour when not given. Zero (also for what is negative in the manifest): once
    /// and then never again.
    pub refresh_interval: Duration,
    /// When the interval may and may not lead to a fetch.
    pub sync_windows: Option<SyncWindows>,
    /// The store of all entries that name none.
    pub store_ref: Option<StoreRef>,
    /// The Secret that is written.
    pub target: Target,
    /// Single values.
    pub data: Vec<Data>,
    /// Many values at once.
    pub data_from: Vec<DataFrom>,
    /// Line of the object, from 1.
    pub line: usize,
}

impl ExternalSecret {
    /// Name of the Secret that is written.
    pub fn target_name(&self) -> &str {
        self.target.name.as_deref().unwrap_or(&self.name)
    }

    /// The store of an entry: its own, else that of the object. Reading sees to it that there is one wherever a store is needed.
    pub fn store_of<'s>(&'s self, own: Option<&'s StoreRef>) -> Option<&'s StoreRef> {
        own.or(self.store_ref.as_ref())
    }
}

/// Version of the API that an object of the group `external-secrets.io` is written for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ApiVersion {
    /// `v1`.
    #[default]
    V1,
    /// `v1beta1`, an older form of the same.
    V1Beta1,
}

/// `spec.refreshPolicy`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum RefreshPolicy {
    /// Every `refreshInterval`, and when the object changes.
    #[default]
    Periodic,
    /// Once.
    CreatedOnce,
    /// When the object changes.
    OnChange,
}

/// The Secret that is written (`spec.target`).
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Target {
    /// Its name; that of the ExternalSecret when `None`.
    pub name: Option<String>,
    /// How it is written.
    pub creation_policy: CreationPolicy,
    /// What becomes of it when values are gone.
    pub deletion_policy: DeletionPolicy,
    /// Whether its values stay as they are once written.
    pub immutable: bool,
    /// What becomes of the values before they are written.
    pub template: Option<Template>,
}

/// `target.creationPolicy`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum CreationPolicy {
    /// Made and owned.
    #[default]
    Owner,
    /// Made, owned by nobody.
    Orphan,
    /// Only added to, when it is there.
    Merge,
    /// Neither made nor changed.
    None,
    /// Added to, made when it is not there.
    CreateOrMerge,
}

impl CreationPolicy {
    /// Whether it makes the Secret all by itself.
    pub fn makes(self) -> bool {
        matches!(self, Self::Owner | Self::Orphan)
    }
}

/// `target.deletionPolicy`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum DeletionPolicy {
    /// A value that is gone fails the whole, and the Secret stays as it is.
    #[default]
    Retain,
    /// A value that is gone is left out; without any, the Secret is deleted.
    Delete,
    /// A value that is gone is left out.
    Merge,
}

/// One value (`spec.data[]`).
#[derive(Clone, PartialEq, Debug)]
pub struct Data {
    /// The key of the Secret.
    pub secret_key: String,
    /// What is fetched.
    pub remote_ref: RemoteRef,
    /// From which store, when not from that of the object (`sourceRef.storeRef`).
    pub store_ref: Option<StoreRef>,
    /// Line of the entry, from 1.
    pub line: usize,
}

/// What is fetched, and how it is read (`remoteRef`).
#[derive(Clone, PartialEq, Debug)]
pub struct RemoteRef {
    /// Name in the store.
    pub key: String,
    /// Which part of the value.
    pub property: Option<String>,
    /// Which version, in the store's own spelling.
    pub version: Option<String>,
    /// Whether the value is wanted or what the store knows about it.
    pub metadata_policy: Part,
    /// How the value is decoded.
    pub decoding: Decoding,
    /// Accepted as upstream does, and of no effect: the name of the key is given.
    pub conversion: Conversion,
    /// What is done about null bytes.
    pub null_bytes: NullBytes,
}

impl RemoteRef {
    /// What a store is asked for.
    pub fn reference(&self) -> Reference {
        Reference { key: self.key.clone(), version: self.version.clone(), part: self.metadata_policy }
    }
}

/// Many values at once (`spec.dataFrom[]`).
#[derive(Clone, PartialEq, Debug)]
pub struct DataFrom {
    /// From where.
    pub source: Source,
    /// From which store, when not from that of the object (`sourceRef.storeRef`).
    pub store_ref: Option<StoreRef>,
    /// What becomes of the names of the keys, one after the other.
    pub rewrite: Vec<Rewrite>,
    /// What becomes of characters that keys cannot have, unless there is a rewrite.
    pub conversion: Conversion,
    /// How each value is decoded. No generator's values are.
    pub decoding: Decoding,
    /// What is done about null bytes. Nothing for those of generators.
    pub null_bytes: NullBytes,
    /// Line of the entry, from 1.
    pub line: usize,
}

/// Where the values of a [`DataFrom`] come from.
#[derive(Clone, PartialEq, Debug)]
pub enum Source {
    /// The fields of one secret of a store.
    Extract(Extract),
    /// All secrets of a store that are found.
    Find(Find),
    /// A generator.
    Generator(GeneratorRef),
}

/// The secret whose fields are wanted (`dataFrom[].extract`).
#[derive(Clone, PartialEq, Debug)]
pub struct Extract {
    /// Name in the store.
    pub key: String,
    /// Which part of the value has the fields.
    pub property: Option<String>,
    /// Which version, in the store's own spelling.
    pub version: Option<String>,
    /// Whether the value is wanted or what the store knows about it.
    pub metadata_policy: Part,
}

impl Extract {
    /// What a store is asked for.
    pub fn reference(&self) -> Reference {
        Reference { key: self.key.clone(), version: self.version.clone(), part: self.metadata_policy }
    }
}

/// One change of the names of keys (`rewrite[]`).
#[derive(Clone, PartialEq, Debug)]
pub enum Rewrite {
    /// Go's regular expression `source` is replaced everywhere by `target`, in which `$1` and `${name}` are groups.
    Regexp {
        /// What is replaced. It compiles.
        source: String,
        /// By what.
        target: String,
    },
    /// A template, whose `.value` is the name of the key, prints the new one.
    Transform {
        /// The text of the template.
        template: String,
    },
    /// The values, JSON objects, become one.
    Merge(Merge),
}

/// How the values become one (`rewrite[].merge`).
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Merge {
    /// The key of the result; only for [`MergeStrategy::Json`], where it is never empty.
    pub into: String,
    /// The keys that come last, in this order, and so win.
    pub priority: Vec<String>,
    /// What is done when a key of `priority` is not there.
    pub priority_policy: PriorityPolicy,
    /// What is done about fields of the same name.
    pub conflict_policy: ConflictPolicy,
    /// What comes out.
    pub strategy: MergeStrategy,
}

/// `merge.priorityPolicy`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum PriorityPolicy {
    /// A key that is not there is an error.
    #[default]
    Strict,
    /// It is left out.
    IgnoreNotFound,
}

/// `merge.conflictPolicy`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ConflictPolicy {
    /// Two fields of a name are an error.
    #[default]
    Error,
    /// The later wins.
    Ignore,
}

/// `merge.strategy`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MergeStrategy {
    /// The fields of the merged object, and nothing else.
    #[default]
    Extract,
    /// The keys as they were, and one more with the merged object.
    Json,
}

/// `decodingStrategy`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Decoding {
    /// As it is.
    #[default]
    None,
    /// Base64 with padding.
    Base64,
    /// Base64 of URLs, with padding.
    Base64Url,
    /// Whichever of the two it can be read as, else as it is.
    Auto,
}

/// `conversionStrategy`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Conversion {
    /// `_` for each character that keys cannot have.
    #[default]
    Default,
    /// `_U002f_` for each.
    Unicode,
}

/// `nullBytePolicy`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum NullBytes {
    /// They stay.
    #[default]
    Ignore,
    /// They are an error.
    Fail,
}
