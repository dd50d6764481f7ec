//! What is at a place already: in clear, encrypted or sealed.

use std::collections::BTreeMap;
use std::path::Path;

use crate::commands::filestatus::is_marked;
use crate::commands::session::Session;
use crate::commands::sopsfile;
use crate::failure::{Failure, Kind};
use crate::fsio::folder;
use crate::fsio::read::{DOCUMENT_LIMIT, read_bounded};
use crate::manifest::{self, Object, Secret};
use crate::sealed::{KeyChain, SealedSecret};
use crate::secret::SecretBytes;

/// See the file's description.
pub enum Existing {
    /// Nothing.
    Nothing,
    /// A Secret in clear.
    Secret(Box<Secret>),
    /// A Secret that is encrypted with SOPS.
    Encrypted(Box<Secret>),
    /// A SealedSecret, and its values as far as keys at hand open them.
    Sealed(Box<SealedSecret>, BTreeMap<String, SecretBytes>),
}

impl Existing {
    /// Reads what is at `path`.
    ///
    /// # Errors
    /// A file that is something else: it would be lost; one that nobody here opens.
    pub fn read(session: &Session, path: &Path, chain: &KeyChain) -> Result<Self, Failure> {
        if !folder::is_taken(path) {
            return Ok(Self::Nothing);
        }
        let original = read_bounded(path, DOCUMENT_LIMIT)?;
        let is_encrypted = is_marked(&original.bytes);
        let objects = if is_encrypted {
            manifest::read(sopsfile::open(session, path)?.decrypt(false)?.bytes())
        } else {
            manifest::read(&original.bytes)
        };
        let objects = objects.map_err(|_| lost(path))?;
        let [object] = objects.as_slice() else { return Err(lost(path)) };
        if SealedSecret::is_one(object) {
            return Self::sealed(path, object, chain);
        }
        if object.kind() != "Secret" || object.api_version() != "v1" {
            return Err(lost(path));
        }
        let secret =
            Secret::from_object(object).map_err(|error| Failure::of(Kind::CannotRead, &error).about(path.display()))?;
        let secret = Box::new(secret);
        Ok(if is_encrypted { Self::Encrypted(secret) } else { Self::Secret(secret) })
    }

    fn sealed(path: &Path, object: &Object, chain: &KeyChain) -> Result<Self, Failure> {
        let sealed = SealedSecret::from_object(object)
            .map_err(|error| Failure::of(Kind::CannotRead, &error).about(path.display()))?;
        let label = sealed.label();
        let open = |(key, text): &(String, String)| {
            let blob = manifest::text::decode(text).ok()?;
            Some((key.clone(), chain.open(&label, &blob).ok()?.0))
        };
        let values = sealed.items.iter().filter_map(open).collect();
        Ok(Self::Sealed(Box::new(sealed), values))
    }

    /// The value of a key, where it can be known.
    pub fn value(&self, key: &str) -> Option<&SecretBytes> {
        match self {
            Self::Nothing => None,
            Self::Secret(secret) | Self::Encrypted(secret) => {
                secret.data.iter().find(|(name, _)| name == key).map(|(_, value)| value)
            }
            Self::Sealed(_, values) => values.get(key),
        }
    }

    /// Its keys.
    pub fn keys(&self) -> Vec<&str> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Secret(secret) | Self::Encrypted(secret) => secret.data.iter().map(|(key, _)| key.as_str()).collect(),
            Self::Sealed(sealed, _) => sealed.items.iter().map(|(key, _)| key.as_str()).collect(),
        }
    }
}

fn lost(path: &Path) -> Failure {
    let text = format!("{} exists, is not one Secret, and is not overwritten", path.display());
    Failure::new(Kind::Exists, text).hint("write to a folder of its own")
}
