//! A whole SOPS file: a plain document to an encrypted one and back, with every byte outside the selected values kept.

mod check;
mod decrypt;
mod encrypt;
mod error;
mod expand;
mod layout;
mod orphans;
mod place;
mod reuse;
mod rewrap;

pub use decrypt::{Decrypted, EncryptedFile, is_encrypted_file};
pub use encrypt::{Encrypted, Settings, encrypt};
pub use error::{FileError, ValueError};
pub use reuse::Reuse;
