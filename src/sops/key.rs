//! Who may open a file (master keys) and what opens it (the data key).

use std::fmt;

use zeroize::Zeroizing;

use crate::secret::{self, RandomError};

/// The 32-byte key of one file: wiped on drop, never printed, not `Clone`.
pub struct DataKey(Zeroizing<[u8; 32]>);

impl DataKey {
    /// A fresh random key.
    ///
    /// # Errors
    /// [`RandomError`] when the operating system gives no randomness.
    pub fn generate() -> Result<Self, RandomError> {
        let mut bytes = Zeroizing::new([0; 32]);
        secret::random(bytes.as_mut())?;
        Ok(Self(bytes))
    }

    /// The key from unwrapped bytes; `None` unless there are exactly 32 (what every sops release generates).
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let array: [u8; 32] = bytes.try_into().ok()?;
        Some(Self(Zeroizing::new(array)))
    }

    /// The raw key, for ciphers and for wrapping.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

/// Public facts of who may open a file. Closed, because the file format lists the kinds (sops metadata, `stores/stores.go`).
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum MasterKey {
    /// An age recipient, as written (`age1…`, `ssh-ed25519 …`).
    Age {
        /// The recipient's text.
        recipient: String,
    },
    /// An OpenPGP fingerprint.
    Pgp {
        /// The fingerprint, spaces removed.
        fingerprint: String,
    },
    /// An AWS KMS key.
    Kms {
        /// Key or alias ARN.
        arn: String,
        /// Role to assume.
        role: Option<String>,
        /// Encryption context, in the order written.
        context: Vec<(String, String)>,
        /// Profile of the shared AWS configuration.
        aws_profile: String,
    },
    /// A Google Cloud KMS key.
    GcpKms {
        /// `projects/…/cryptoKeys/…`.
        resource_id: String,
    },
    /// An Azure Key Vault key.
    AzureKv {
        /// `https://….vault.azure.net`.
        vault_url: String,
        /// Key name.
        name: String,
        /// Key version; empty when not yet looked up.
        version: String,
    },
    /// A HashiCorp Vault or OpenBao transit key.
    HcVault {
        /// Scheme, host and port.
        vault_address: String,
        /// Mount of the transit engine.
        engine_path: String,
        /// Key name.
        key_name: String,
    },
    /// A Huawei Cloud KMS key.
    HcKms {
        /// `region:key-uuid`.
        key_id: String,
    },
}

/// A master key together with the data key (or share) it wraps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WrappedKey {
    /// Who can unwrap it.
    pub key: MasterKey,
    /// The wrapped bytes exactly as the file holds them (`enc`).
    pub enc: String,
    /// When the key object was made (RFC 3339); age entries have none.
    pub created_at: Option<String>,
}

/// Alternatives: any one key of a group is enough for that group.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct KeyGroup(pub Vec<WrappedKey>);
