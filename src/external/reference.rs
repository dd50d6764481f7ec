//! What is asked of a store, and what it answers. References are equal when the store would answer the same: so each is
//! fetched once, however many ExternalSecrets name it. What of an answer is wanted (`property`) is no part of a reference.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::secret::{SecretBytes, SecretText};

/// One secret of a store.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Reference {
    /// Its name in the store, as the ExternalSecret spells it (`remoteRef.key`).
    pub key: String,
    /// Which version, in the store's own spelling; the current one when `None` (`remoteRef.version`).
    pub version: Option<String>,
    /// What of it.
    pub part: Part,
}

impl Reference {
    /// The current value of `key`.
    pub fn value(key: impl Into<String>) -> Self {
        Self { key: key.into(), version: None, part: Part::Value }
    }
}

/// What of a secret is wanted (`remoteRef.metadataPolicy`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub enum Part {
    /// The value.
    #[default]
    Value,
    /// What the store knows about it: tags, custom metadata, labels.
    Metadata,
}

/// Many secrets at once (`dataFrom[].find`).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Find {
    /// Only below this path or with this prefix, as the store understands it.
    pub path: Option<String>,
    /// Which.
    pub by: FindBy,
}

/// By what secrets are found. Where both are given, stores differ in what they do with the second.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct FindBy {
    /// A regular expression of Go's, found anywhere in the name (`find.name.regexp`).
    pub name: Option<String>,
    /// Tags, all of which have to be there with these values (`find.tags`).
    pub tags: Option<BTreeMap<String, String>>,
}

/// A value as its store keeps it. Which form it is decides how a property is looked up in it.
pub enum Raw {
    /// The JSON text of an object: Vault's data, an encrypted file. Numbers keep their spelling.
    Json(SecretBytes),
    /// Bytes that may happen to be JSON: AWS, the fake store.
    Bytes(SecretBytes),
    /// Bytes under keys: a Kubernetes Secret.
    Entries(BTreeMap<String, SecretBytes>),
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json(_) => "Json([REDACTED])",
            Self::Bytes(_) => "Bytes([REDACTED])",
            Self::Entries(_) => "Entries([REDACTED])",
        })
    }
}

/// What a store answered for one reference.
#[derive(Debug)]
pub struct Fetched {
    /// The value.
    pub raw: Raw,
    /// Which version it is, in the store's own spelling, where there are versions.
    pub version: Option<String>,
    /// How long it is good for, where it is not for good.
    pub lease: Option<Lease>,
}

impl Fetched {
    /// A value without version and lease.
    pub fn plain(raw: Raw) -> Self {
        Self { raw, version: None, lease: None }
    }
}

/// Vault's word for how long a dynamic secret lives.
#[derive(Debug)]
pub struct Lease {
    /// Names it when it is renewed or revoked. Whoever has it can end it, so it is not shown.
    pub id: SecretText,
    /// From when it was given.
    pub duration: Duration,
    /// Whether it can be made to last longer.
    pub renewable: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_is_redacted() {
        let hidden = || SecretBytes::new(b"hunter2".to_vec());
        let lease = Lease { id: SecretText::new("hunter2".into()), duration: Duration::ZERO, renewable: false };
        let raws = [Raw::Json(hidden()), Raw::Bytes(hidden()), Raw::Entries([("k".to_owned(), hidden())].into())];
        for raw in raws {
            let shown = format!("{:?}", Fetched::plain(raw));
            assert!(shown.contains("[REDACTED]") && !shown.contains("hunter2"), "{shown}");
        }
        assert!(!format!("{lease:?}").contains("hunter2"));
    }
}
