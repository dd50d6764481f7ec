//! A whole SOPS file: a plain document to an encrypted one and back, with every byte outside the selected values kept.

mod ahead;
mod any;
mod binary;
mod bounds;
mod check;
mod decrypt;
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
mod reuse;
mod rows;

pub use any::SopsFile;
pub use decrypt::{Decrypted, EncryptedFile, is_encrypted_file};
pub use encrypt::{Encrypted, Settings, encrypt};
pub use error::{FileError, ValueError};
pub use plain::Plain;
pub use reuse::Reuse;
