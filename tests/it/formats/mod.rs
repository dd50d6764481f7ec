//! Every format but YAML, from generated documents: no byte is lost, tampering is seen, damage is an error, and real sops
//! reads the same values.

pub mod generate;
mod hostile;
mod interop;
mod leaves;
mod lossless;
mod selection;
mod tamper;

use sealant::document::kind::DocumentKind;
use sealant::document::open::Reading;
use sealant::sops::file::{FileError, Plain};
use sealant::sops::key::DataKey;
use zeroize::Zeroizing;

/// A text of one format, and how it is to be read.
#[derive(Clone)]
pub struct Made {
    pub kind: DocumentKind,
    pub bytes: Vec<u8>,
    pub reading: Reading,
}

impl Made {
    pub fn new(kind: DocumentKind, text: &str) -> Self {
        Self { kind, bytes: text.into(), reading: Reading { commented_json: false, faithful_dotenv: true } }
    }

    pub fn plain(&self) -> Result<Plain, FileError> {
        Plain::parse(self.kind, Zeroizing::new(self.bytes.clone()), self.reading)
    }

    /// What a failure shows.
    pub fn shown(&self) -> String {
        format!("{}:\n{}\n---\n{:?}", self.kind.word(), self.bytes.escape_ascii(), self.reading)
    }
}

/// Every kind but YAML, which has tests of its own.
pub fn kinds() -> impl Iterator<Item = DocumentKind> {
    DocumentKind::ALL.into_iter().filter(|kind| *kind != DocumentKind::Yaml)
}

/// The key that these files are encrypted under.
pub fn data_key() -> DataKey {
    DataKey::from_bytes(&[7; 32]).unwrap()
}
