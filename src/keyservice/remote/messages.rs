//! The messages of sops's protocol (sops 3.13.2 `keyservice/keyservice.proto`), and what is told of a master key in them.

use std::collections::HashMap;
use std::fmt;

use prost::{Message, Oneof};
use zeroize::Zeroize;

use crate::sops::key::MasterKey;

/// Where `Encrypt` is.
pub(super) const ENCRYPT: &str = "/KeyService/Encrypt";
/// Where `Decrypt` is.
pub(super) const DECRYPT: &str = "/KeyService/Decrypt";
/// Nothing in this protocol is larger: a data key, wrapped.
pub(super) const LIMIT: usize = 1 << 20;

/// A master key.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Key {
    #[prost(oneof = "KeyType", tags = "1, 2, 3, 4, 5, 6, 7")]
    pub(super) key_type: Option<KeyType>,
}

/// Its kind.
#[derive(Clone, PartialEq, Oneof)]
pub(super) enum KeyType {
    #[prost(message, tag = "1")]
    Kms(KmsKey),
    #[prost(message, tag = "2")]
    Pgp(PgpKey),
    #[prost(message, tag = "3")]
    GcpKms(GcpKmsKey),
    #[prost(message, tag = "4")]
    AzureKv(AzureKvKey),
    #[prost(message, tag = "5")]
    Vault(VaultKey),
    #[prost(message, tag = "6")]
    Age(AgeKey),
    #[prost(message, tag = "7")]
    HcKms(HcKmsKey),
}

/// AWS KMS.
#[derive(Clone, PartialEq, Message)]
pub(super) struct KmsKey {
    #[prost(string, tag = "1")]
    pub(super) arn: String,
    #[prost(string, tag = "2")]
    pub(super) role: String,
    #[prost(map = "string, string", tag = "3")]
    pub(super) context: HashMap<String, String>,
    #[prost(string, tag = "4")]
    pub(super) aws_profile: String,
}

/// OpenPGP.
#[derive(Clone, PartialEq, Message)]
pub(super) struct PgpKey {
    #[prost(string, tag = "1")]
    pub(super) fingerprint: String,
}

/// Google Cloud KMS.
#[derive(Clone, PartialEq, Message)]
pub(super) struct GcpKmsKey {
    #[prost(string, tag = "1")]
    pub(super) resource_id: String,
}

/// Azure Key Vault.
#[derive(Clone, PartialEq, Message)]
pub(super) struct AzureKvKey {
    #[prost(string, tag = "1")]
    pub(super) vault_url: String,
    #[prost(string, tag = "2")]
    pub(super) name: String,
    #[prost(string, tag = "3")]
    pub(super) version: String,
}

/// Vault transit.
#[derive(Clone, PartialEq, Message)]
pub(super) struct VaultKey {
    #[prost(string, tag = "1")]
    pub(super) vault_address: String,
    #[prost(string, tag = "2")]
    pub(super) engine_path: String,
    #[prost(string, tag = "3")]
    pub(super) key_name: String,
}

/// age.
#[derive(Clone, PartialEq, Message)]
pub(super) struct AgeKey {
    #[prost(string, tag = "1")]
    pub(super) recipient: String,
}

/// HuaweiCloud KMS.
#[derive(Clone, PartialEq, Message)]
pub(super) struct HcKmsKey {
    #[prost(string, tag = "1")]
    pub(super) key_id: String,
}

/// All requests and answers: they differ in what the bytes are.
macro_rules! messages {
    ($($(#[doc = $doc:literal])+ $name:ident { $(key $key:literal,)? bytes $bytes:literal })+) => {$(
        $(#[doc = $doc])+
        /// The bytes are wiped when it is dropped.
        #[derive(Clone, PartialEq, Message)]
        #[prost(skip_debug)]
        pub(super) struct $name {
            $(#[prost(message, optional, tag = $key)]
            pub(super) key: Option<Key>,)?
            #[prost(bytes = "vec", tag = $bytes)]
            pub(super) bytes: Vec<u8>,
        }

        impl Drop for $name {
            fn drop(&mut self) {
                self.bytes.zeroize();
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "([REDACTED])"))
            }
        }
    )+};
}

messages! {
    /// Wrap this plaintext.
    EncryptRequest { key "1", bytes "2" }
    /// The ciphertext, which is what a file holds as `enc`.
    EncryptResponse { bytes "1" }
    /// Unwrap this ciphertext.
    DecryptRequest { key "1", bytes "2" }
    /// The plaintext.
    DecryptResponse { bytes "1" }
}

impl From<&MasterKey> for Key {
    fn from(key: &MasterKey) -> Self {
        let key_type = match key.clone() {
            MasterKey::Age { recipient } => KeyType::Age(AgeKey { recipient }),
            MasterKey::Pgp { fingerprint } => KeyType::Pgp(PgpKey { fingerprint }),
            MasterKey::Kms { arn, role, context, aws_profile } => {
                let (role, context) = (role.unwrap_or_default(), context.into_iter().collect());
                KeyType::Kms(KmsKey { arn, role, context, aws_profile })
            }
            MasterKey::GcpKms { resource_id } => KeyType::GcpKms(GcpKmsKey { resource_id }),
            MasterKey::AzureKv { vault_url, name, version } => {
                KeyType::AzureKv(AzureKvKey { vault_url, name, version })
            }
            MasterKey::HcVault { vault_address, engine_path, key_name } => {
                KeyType::Vault(VaultKey { vault_address, engine_path, key_name })
            }
            MasterKey::HcKms { key_id } => KeyType::HcKms(HcKmsKey { key_id }),
        };
        Self { key_type: Some(key_type) }
    }
}

impl Key {
    /// The master key; `None` when the message names none.
    pub(super) fn into_master(self) -> Option<MasterKey> {
        Some(match self.key_type? {
            KeyType::Age(key) => MasterKey::Age { recipient: key.recipient },
            KeyType::Pgp(key) => MasterKey::Pgp { fingerprint: key.fingerprint },
            KeyType::Kms(key) => {
                let mut context: Vec<_> = key.context.into_iter().collect();
                // maps have no order on the way
                context.sort();
                let role = Some(key.role).filter(|role| !role.is_empty());
                MasterKey::Kms { arn: key.arn, role, context, aws_profile: key.aws_profile }
            }
            KeyType::GcpKms(key) => MasterKey::GcpKms { resource_id: key.resource_id },
            KeyType::AzureKv(key) => {
                MasterKey::AzureKv { vault_url: key.vault_url, name: key.name, version: key.version }
            }
            KeyType::Vault(key) => MasterKey::HcVault {
                vault_address: key.vault_address,
                engine_path: key.engine_path,
                key_name: key.key_name,
            },
            KeyType::HcKms(key) => MasterKey::HcKms { key_id: key.key_id },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_survives_the_way() {
        let text = |text: &str| text.to_owned();
        for key in [
            MasterKey::Age { recipient: text("age1x") },
            MasterKey::Pgp { fingerprint: text("FBC7") },
            MasterKey::Kms {
                arn: text("arn:aws:kms:r:1:key/x"),
                role: Some(text("arn:aws:iam::1:role/r")),
                context: vec![(text("a"), text("b")), (text("c"), text("d"))],
                aws_profile: text("prod"),
            },
            MasterKey::Kms { arn: text("a"), role: None, context: vec![], aws_profile: text("") },
            MasterKey::GcpKms { resource_id: text("projects/p") },
            MasterKey::AzureKv { vault_url: text("https://v"), name: text("n"), version: text("1") },
            MasterKey::HcVault { vault_address: text("https://v"), engine_path: text("e"), key_name: text("k") },
            MasterKey::HcKms { key_id: text("r:k") },
        ] {
            let bytes = Key::from(&key).encode_to_vec();
            assert_eq!(Key::decode(&*bytes).unwrap().into_master(), Some(key));
        }
        assert_eq!(Key::decode(&[][..]).unwrap().into_master(), None);
    }

    /// As protoc lays it out: `EncryptRequest{key: Key{age_key: AgeKey{recipient: "r"}}, plaintext: "p"}`.
    #[test]
    fn bytes_are_those_of_the_protocol() {
        let key = Some(Key::from(&MasterKey::Age { recipient: "r".into() }));
        let request = EncryptRequest { key, bytes: b"p".to_vec() };
        assert_eq!(request.encode_to_vec(), [0x0a, 5, 0x32, 3, 0x0a, 1, b'r', 0x12, 1, b'p']);
        assert_eq!(DecryptResponse { bytes: b"p".to_vec() }.encode_to_vec(), [0x0a, 1, b'p']);
        assert_eq!(format!("{request:?}"), "EncryptRequest([REDACTED])");
    }
}
