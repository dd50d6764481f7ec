//! An encrypted file of any format.

use std::fmt;

use zeroize::Zeroizing;

use super::binary;
use super::decrypt::EncryptedFile;
use super::decrypted::Decrypted;
use super::error::FileError;
use super::leaves::decrypt::LeavesFile;
use super::plain::{Content, Plain};
use super::reuse::Reuse;
use crate::document::edits::Edits;
use crate::document::gather;
use crate::document::kind::DocumentKind;
use crate::document::open::{Reading, open};
use crate::document::tree::Node;
use crate::sops::key::{DataKey, KeyGroup};
use crate::sops::metadata::{Metadata, in_file_order};

/// A parsed SOPS file: its values are ciphertexts, and its metadata is known.
pub struct SopsFile {
    kind: DocumentKind,
    form: Form,
}

enum Form {
    Yaml(EncryptedFile),
    Leaves(LeavesFile),
}

impl fmt::Debug for SopsFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SopsFile({})", self.kind.word())
    }
}

impl SopsFile {
    /// Parses an encrypted file of a known format.
    ///
    /// # Errors
    /// [`FileError::NotEncrypted`] without metadata, and those of parsing.
    pub fn parse(kind: DocumentKind, bytes: Zeroizing<Vec<u8>>) -> Result<Self, FileError> {
        Self::from_plain(Plain::parse(kind, bytes, Reading { commented_json: true, faithful_dotenv: false })?)
    }

    /// Takes what was parsed as a document.
    ///
    /// # Errors
    /// As [`SopsFile::parse`].
    pub fn from_plain(plain: Plain) -> Result<Self, FileError> {
        let (kind, content) = plain.into_content();
        let form = match content {
            Content::Yaml(document) => Form::Yaml(EncryptedFile::from_document(document)?),
            Content::Leaves(document) => Form::Leaves(LeavesFile::new(document)?),
            Content::Binary(mut bytes) => {
                let text = String::from_utf8(std::mem::take(&mut *bytes)).map_err(|_| FileError::NotEncrypted)?;
                let document = open(DocumentKind::Json, text, Reading::default())?;
                Form::Leaves(LeavesFile::new(document)?)
            }
        };
        Ok(Self { kind, form })
    }

    /// The format.
    pub fn kind(&self) -> DocumentKind {
        self.kind
    }

    /// What the file says about itself.
    pub fn metadata(&self) -> &Metadata {
        match &self.form {
            Form::Yaml(file) => &file.metadata,
            Form::Leaves(file) => &file.metadata,
        }
    }

    /// The text of the file as it stands.
    pub fn text(&self) -> &str {
        match &self.form {
            Form::Yaml(file) => file.document().text(),
            Form::Leaves(file) => file.document.text(),
        }
    }

    /// The (first) document as a tree of ciphertexts.
    ///
    /// # Errors
    /// [`FileError::Yaml`] when aliases expand without bound.
    pub fn tree(&self) -> Result<Node, FileError> {
        Ok(match &self.form {
            Form::Yaml(file) => file.document().tree(file.document().root(0))?,
            Form::Leaves(file) => gather::tree(file.document.as_ref()),
        })
    }

    /// The file when it is YAML.
    pub fn yaml(&self) -> Option<&EncryptedFile> {
        match &self.form {
            Form::Yaml(file) => Some(file),
            Form::Leaves(_) => None,
        }
    }

    /// Decrypts everything; with `ignore_mac` the file's integrity is not checked.
    ///
    /// # Errors
    /// [`FileError::Value`] for the first value that does not open, then the MAC's errors.
    pub fn decrypt(&self, key: &DataKey, ignore_mac: bool) -> Result<Decrypted, FileError> {
        match &self.form {
            Form::Yaml(file) => file.decrypt(key, ignore_mac),
            Form::Leaves(file) if self.kind == DocumentKind::Binary => binary::decrypt(file, key, ignore_mac, None),
            Form::Leaves(file) => file.decrypt(key, ignore_mac, None),
        }
    }

    /// Decrypts, and remembers every ciphertext for another encryption under the same data key; with `ignore_mac` the file's
    /// integrity is not checked.
    ///
    /// # Errors
    /// As [`SopsFile::decrypt`].
    pub fn decrypt_for_reuse(&self, key: &DataKey, ignore_mac: bool) -> Result<(Decrypted, Reuse), FileError> {
        let mut reuse = Reuse::default();
        let decrypted = match &self.form {
            Form::Yaml(file) if ignore_mac => return file.decrypt_for_reuse_unchecked(key),
            Form::Yaml(file) => return file.decrypt_for_reuse(key),
            Form::Leaves(file) if self.kind == DocumentKind::Binary => {
                binary::decrypt(file, key, ignore_mac, Some(&mut reuse))?
            }
            Form::Leaves(file) => file.decrypt(key, ignore_mac, Some(&mut reuse))?,
        };
        Ok((decrypted, reuse))
    }

    /// The file with other key groups, which have to wrap `key`: no value, no MAC and no time is touched. The outcome is opened
    /// again and compared.
    ///
    /// # Errors
    /// [`FileError::Unfaithful`] when that gives another plain text; what decrypting says.
    pub fn with_groups(&self, groups: Vec<KeyGroup>, threshold: usize, key: &DataKey) -> Result<String, FileError> {
        let file = match &self.form {
            Form::Yaml(file) => return file.with_groups(groups, threshold, key),
            Form::Leaves(file) => file,
        };
        let groups = in_file_order(groups);
        let metadata = Metadata { groups, shamir_threshold: threshold, ..file.metadata.clone() };
        let mut edits = Edits::default();
        file.document.remove_metadata(&mut edits);
        let bare = edits.apply(file.document.text());
        let document = file.document.reparse(bare.as_str().to_owned(), None)?;
        let mut edits = Edits::default();
        document.insert_metadata(&metadata.write(), &mut edits);
        let text = edits.apply(document.text()).as_str().to_owned();
        let new = Self::parse(self.kind, Zeroizing::new(text.clone().into_bytes()))?;
        let (before, after) = (self.decrypt(key, true)?, new.decrypt(key, true)?);
        let same = before.bytes() == after.bytes() && *new.metadata() == metadata;
        if same { Ok(text) } else { Err(FileError::Unfaithful) }
    }

    /// Parses a plain text of this file, as the file's own plain text `decrypted` has to be read.
    ///
    /// # Errors
    /// Those of parsing.
    pub fn parse_plain(&self, bytes: Zeroizing<Vec<u8>>, decrypted: &Decrypted) -> Result<Plain, FileError> {
        let reading = Reading { commented_json: true, faithful_dotenv: decrypted.reading.is_some() };
        Plain::parse(self.kind, bytes, reading)
    }
}
