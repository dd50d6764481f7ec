//! What can go wrong with a SOPS file. Paths and lines, never values.

use crate::document::format::FormatError;
use crate::document::path::KeyPath;
use crate::document::yaml::{ProblemKind, YamlError};
use crate::pattern::RegexError;
use crate::secret::RandomError;
use crate::sops::cipher::CipherError;
use crate::sops::metadata::MetadataError;

/// Why a document was not encrypted or decrypted. Nothing was produced.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Not YAML.
    #[error(transparent)]
    Yaml(#[from] YamlError),
    /// A shape that sops cannot represent.
    #[error("line {line}: {kind}")]
    Shape {
        /// Line, from 1.
        line: usize,
        /// Which.
        kind: ProblemKind,
    },
    /// Not a document of its format.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Something that sops cannot represent.
    #[error("line {line}: {what}")]
    Unrepresentable {
        /// Line, from 1.
        line: usize,
        /// What.
        what: &'static str,
        /// Whether no flag allows it.
        is_final: bool,
    },
    /// The rule selects something that is no value, or leaves something in clear that sops cannot read there.
    #[error("line {line}: {path}: {what}")]
    NotAValue {
        /// Where.
        path: KeyPath,
        /// Line, from 1.
        line: usize,
        /// What.
        what: &'static str,
    },
    /// The format has no spelling for a value.
    #[error("line {line}: {path}: {what}")]
    Unspellable {
        /// Where.
        path: KeyPath,
        /// Line, from 1.
        line: usize,
        /// Why.
        what: &'static str,
    },
    /// There is no document in the text.
    #[error("there is nothing in it: at least one document is needed")]
    Empty,
    /// The document is a literal null, with no place for metadata.
    #[error("line {line}: the document holds nothing but null")]
    OnlyNull {
        /// Line, from 1.
        line: usize,
    },
    /// A clear block scalar ends the file without a line break: appending metadata would change it.
    #[error("line {line}: the last value is a block in clear and the file does not end with a line break")]
    OpenBlockAtEnd {
        /// Line, from 1.
        line: usize,
    },
    /// The key that sops keeps for its metadata.
    #[error("line {line}: the top-level key \"sops\" is reserved: the file is already encrypted, or uses that name")]
    AlreadyEncrypted {
        /// Line, from 1.
        line: usize,
    },
    /// A plain value that looks like ciphertext.
    #[error("line {line}: {path} looks like a SOPS ciphertext, but stands in plain text")]
    LooksEncrypted {
        /// Where.
        path: KeyPath,
        /// Line, from 1.
        line: usize,
    },
    /// A plain comment that looks like ciphertext.
    #[error("line {line}: a comment looks like a SOPS ciphertext, but stands in plain text")]
    CommentLooksEncrypted {
        /// Line, from 1.
        line: usize,
    },
    /// No value was selected.
    #[error("the rule selects no value: everything would stay in clear")]
    NothingSelected,
    /// Aliases expand without bound.
    #[error("line {line}: aliases expand to more values than are allowed")]
    AliasBomb {
        /// Line of the alias, from 1.
        line: usize,
    },
    /// A binary file holds one value under `data`.
    #[error("the file does not hold the one value \"data\" that sops makes of binary content")]
    NotBinary,
    /// There is no `sops` entry.
    #[error("there is no \"sops\" entry: the file is not encrypted")]
    NotEncrypted,
    /// The metadata cannot be read.
    #[error("the metadata cannot be read: {0}")]
    Metadata(#[from] MetadataError),
    /// A selection pattern.
    #[error(transparent)]
    Regex(#[from] RegexError),
    /// A value does not decrypt.
    #[error("line {line}: {path}: {error}")]
    Value {
        /// Where.
        path: KeyPath,
        /// Line, from 1.
        line: usize,
        /// Why.
        error: ValueError,
    },
    /// The `mac` is empty.
    #[error("the file has no MAC: its integrity cannot be checked")]
    NoMac,
    /// The `mac` does not decrypt.
    #[error("the MAC cannot be read: it or \"lastmodified\" was changed")]
    BadMac,
    /// The values are not those that were encrypted.
    #[error("the MAC does not match: values were changed, added, removed or reordered after encryption")]
    MacMismatch,
    /// The operating system.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// What a comment becomes would itself decide what is selected.
    #[error("`{setting}` also matches what an encrypted comment looks like: the file could not be read again")]
    CommentPattern {
        /// The name of the setting.
        setting: &'static str,
    },
    /// Ciphertexts change which mapping a comment is read in, and with that whether the rule selects something.
    #[error("the rule cannot be applied to this document: a comment would be read elsewhere once values are encrypted")]
    CommentRule,
    /// Metadata that was shown beside a plain text came back as another one, or not at all.
    #[error("the metadata under the values was changed, and is not taken over from here")]
    MetadataEdited,
    /// What was encrypted does not open to the same bytes.
    #[error("what was encrypted does not decrypt to the same bytes; nothing was written")]
    Unfaithful,
}

/// Why one value does not decrypt.
#[derive(Debug, thiserror::Error)]
pub enum ValueError {
    /// The ciphertext.
    #[error(transparent)]
    Cipher(#[from] CipherError),
    /// Clear text where the metadata says there is ciphertext.
    #[error("expected a ciphertext here")]
    InClear,
    /// The decrypted bytes are not of the stated type.
    #[error("the decrypted bytes are not of the type that the ciphertext states")]
    BadType,
    /// A comment where no comment can stand.
    #[error("an encrypted comment stands inside a flow collection")]
    CommentInFlow,
}
