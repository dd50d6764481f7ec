//! A whole SOPS file: a plain document to an encrypted one and back, with every byte outside the selected values kept.
//!
//! For programs that hold a data key and bytes; nothing here touches the world (`default-features = false` is enough):
//!
//! ```
//! use sealant::document::kind::DocumentKind;
//! use sealant::document::open::Reading;
//! use sealant::sops::file::{FileError, Plain, Settings, SopsFile};
//! use sealant::sops::key::{DataKey, KeyGroup, MasterKey, WrappedKey};
//! use sealant::sops::selector::Selection;
//!
//! # fn main() -> Result<(), FileError> {
//! let text = "# kept as it is\nuser: shop\npassword:   'correct horse'   # spacing, too\n";
//! let plain = Plain::parse(DocumentKind::Yaml, text.as_bytes().to_vec().into(), Reading::default())?;
//! let key = DataKey::generate()?;
//! // who can open the file: the data key, as a key service of yours wrapped it
//! let recipient = "age1n8cennjgz7efz2tdarlhhr5lqyth75kdv9vxnfp46rkru3hlq3qsn8mhln".into();
//! let enc = "-----BEGIN AGE ENCRYPTED FILE-----\n…\n-----END AGE ENCRYPTED FILE-----\n".into();
//! let wrapped = WrappedKey { key: MasterKey::Age { recipient }, enc, created_at: None };
//! let settings = Settings {
//!     selection: Selection::EncryptedRegex("^password$".into()),
//!     groups: vec![KeyGroup(vec![wrapped])],
//!     ..Settings::new("2026-11-25T12:00:00Z")
//! };
//! let encrypted = plain.encrypt(&key, &settings, None)?;
//! assert!(encrypted.text.starts_with("# kept as it is\nuser: shop\npassword:   'ENC[AES256_GCM,data:"));
//!
//! let file = SopsFile::parse(DocumentKind::Yaml, encrypted.text.into_bytes().into())?;
//! let decrypted = file.decrypt(&key, false)?;
//! assert_eq!(decrypted.bytes(), text.as_bytes());
//! # Ok(())
//! # }
//! ```

mod ahead;
mod any;
mod binary;
mod bounds;
mod check;
mod decrypt;
mod decrypted;
mod encrypt;
mod error;
mod expand;
mod finish;
mod follow;
mod layout;
mod leaves;
mod orphans;
mod place;
mod plain;
mod recognise;
mod reuse;
mod rewrap;
mod rows;
mod shown;

pub use any::SopsFile;
pub use decrypt::{EncryptedFile, is_encrypted_file};
pub use decrypted::Decrypted;
pub use encrypt::{Encrypted, Settings, VERSION, encrypt};
pub use error::{FileError, ValueError};
pub use plain::Plain;
pub use reuse::Reuse;
