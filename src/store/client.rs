//! What every store can be asked.

use regex::Regex;

use crate::external::{Fetched, Find, Reference};
use crate::secret::SecretBytes;

use super::{Call, StoreCause, StoreError};
use crate::pattern;

/// A secret store: shared by threads, blocking, with limits in time and size of its own. Batch first: who has many references
/// asks for all of them at once, and the store decides in how many requests, and how many at a time, it does so.
///
/// `Ok(None)` means that the store works and has no such secret (External Secrets Operator's `NoSecretErr`); only that may ever
/// lead to something being deleted.
pub trait StoreClient: Send + Sync {
    /// The answers, in the order of the references.
    fn fetch(&self, references: &[Reference]) -> Vec<Result<Option<Fetched>, StoreError>>;

    /// All secrets that match, by name and in the order of names. Empty when there is none.
    ///
    /// # Errors
    /// Also when this store cannot find secrets that way.
    fn find(&self, find: &Find) -> Result<Vec<(String, Fetched)>, StoreError>;

    /// Writes a value, unless it is there already.
    ///
    /// # Errors
    /// Also when what is there was not written by us, or the store takes no values.
    fn push(&self, push: &Push<'_>) -> Result<Kept, StoreError>;

    /// Removes what [`push`](Self::push) wrote; what others wrote stays, and so does what is not there.
    ///
    /// # Errors
    /// When the store cannot do so.
    fn delete(&self, remote: &Remote) -> Result<Kept, StoreError>;

    /// Whether it is there (`updatePolicy: IfNotExists`).
    ///
    /// # Errors
    /// When the store does not say.
    fn exists(&self, remote: &Remote) -> Result<bool, StoreError>;

    /// Whether the store is there, lets us in, and as whom; and for each reference, whether we may read it. No value is read where
    /// the store can say so without.
    ///
    /// # Errors
    /// When it is not there or does not let us in.
    fn check(&self, references: &[Reference]) -> Result<Check, StoreError>;

    /// Gives back what was taken: a token that we logged in for is revoked. Nothing may be asked after. Without an answer it is
    /// given up silently: the token ends by itself.
    fn close(&self) {}

    /// How often its API was asked since it was opened: each request that was sent, also one that repeats another. None where there
    /// is no API.
    fn calls(&self) -> Vec<Call> {
        Vec::new()
    }
}

/// Where a value goes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Remote {
    /// The name in the store (`remoteRef.remoteKey`).
    pub key: String,
    /// The field of it (`remoteRef.property`); the whole of it when `None`.
    pub property: Option<String>,
}

/// A value on its way into a store.
pub struct Push<'a> {
    /// Where to.
    pub remote: &'a Remote,
    /// The value of one key, or a JSON object of all of them.
    pub value: &'a SecretBytes,
    /// Whether it is all keys of a Secret (`match.secretKey` was not given).
    pub whole: bool,
    /// What the store is told beside it (`metadata`), as JSON.
    pub metadata: Option<&'a serde_json::Value>,
}

/// What became of what a store keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kept {
    /// It is as it was.
    Unchanged,
    /// It was written.
    Written,
    /// It was removed.
    Deleted,
}

/// What a store says about itself and us.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Check {
    /// Where it is, as a person would say it: an address, a region.
    pub place: String,
    /// Who we are there: a token's display name and policies, an ARN.
    pub identity: Option<String>,
    /// What else is worth saying, a line each: version, sealed or standby, how long the login lasts.
    pub notes: Vec<String>,
    /// For each reference that was asked about, why it cannot be read; `None` when it can.
    pub readable: Vec<Option<StoreError>>,
}

/// The expression that names have to match, if there is one.
pub(super) fn name_filter(find: &Find) -> Result<Option<Regex>, StoreError> {
    let Some(name) = &find.by.name else { return Ok(None) };
    pattern::compile(name)
        .map(Some)
        .map_err(|error| StoreError::new(StoreCause::Invalid, format!("find.name.regexp: {error}")))
}
