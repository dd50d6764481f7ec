//! The SealedSecrets of a file where they stand: what is sealed, for whom, on which line. Items are replaced, added and removed
//! by splicing; all other bytes (other documents, comments, quotes, line ends) stay what they are.
//!
//! Read are YAML streams, JSON, and JSON values one after the other, as kubeseal prints several. Members of a `v1 List` or a
//! `SealedSecretList` count as objects of the file.

mod change;
mod engine;
mod read;
#[cfg(test)]
mod tests;

use zeroize::Zeroizing;

use super::scope::Scope;
use engine::{At, Engine};

pub use change::{Change, ChangeError};

/// Most items that are read of one file: far above real files, and a bound on what aliases can multiply.
pub const MAX_ITEMS: usize = 1_000_000;

/// A text that cannot be read. Never holds any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct FileError {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What is wrong there.
    pub problem: &'static str,
}

/// A file and the SealedSecrets in it. The text is wiped on drop: a Secret in clear may stand beside them.
#[derive(Debug)]
pub struct SealedFile {
    engine: Engine,
    objects: Vec<Object>,
    secrets: Vec<PlainSecret>,
}

/// One SealedSecret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its name; empty when it has none.
    pub name: String,
    /// Its namespace; empty when it has none.
    pub namespace: String,
    /// The scope that its own annotations say: that of the values, since the controller opens them under it.
    pub scope: Scope,
    /// The line it begins on.
    pub line: usize,
    /// Its items, in the order of the file.
    pub items: Vec<Item>,
    /// What its template says of the Secret.
    pub template: Template,
    /// Whether it holds the single blob that upstream deprecates (`spec.data`).
    pub has_deprecated_data: bool,
    place: Place,
}

impl Object {
    /// What its values are bound to.
    pub fn label(&self) -> String {
        self.scope.label(&self.namespace, &self.name)
    }

    /// How people call it: `namespace/name`.
    pub fn title(&self) -> String {
        let name = if self.name.is_empty() { "(no name)" } else { &self.name };
        match self.namespace.as_str() {
            "" => name.to_owned(),
            namespace => format!("{namespace}/{name}"),
        }
    }

    /// The item of that key.
    pub fn item(&self, key: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.key == key)
    }
}

/// One sealed value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The key in the Secret.
    pub key: String,
    /// The line of the key.
    pub line: usize,
    /// The base64 as it is written; `None` when the value is no text.
    pub text: Option<String>,
    at: At,
}

/// What a template says of the Secret that is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template {
    /// Its name, when it says one.
    pub name: Option<String>,
    /// Its namespace, when it says one.
    pub namespace: Option<String>,
    /// Its scope; strict when there is no annotation.
    pub scope: Scope,
    /// The line of its metadata; that of the object when there is none.
    pub line: usize,
}

/// A Secret that stands in the same file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainSecret {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The line it begins on.
    pub line: usize,
    /// The keys of its `data` and `stringData` that have a value.
    pub keys: Vec<String>,
    /// Whether SOPS encrypted it.
    pub is_encrypted: bool,
}

/// Where an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    /// The document of a YAML stream, the value of a JSON stream.
    part: usize,
    /// The position in the list that is the part; `None` when the part is the object.
    member: Option<usize>,
    /// Its `encryptedData`, when there is one.
    data: Option<At>,
}

impl SealedFile {
    /// Reads a file; one without SealedSecrets has no objects.
    ///
    /// # Errors
    /// [`FileError`] for text that is neither YAML nor JSON, or beyond a limit.
    pub fn read(bytes: Vec<u8>) -> Result<Self, FileError> {
        let engine = Engine::read(bytes)?;
        let (objects, secrets) = read::all(&engine)?;
        Ok(Self { engine, objects, secrets })
    }

    /// The text.
    pub fn text(&self) -> &str {
        self.engine.text()
    }

    /// The SealedSecrets, in the order of the file.
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// The Secrets beside them.
    pub fn secrets(&self) -> &[PlainSecret] {
        &self.secrets
    }

    /// The text with `changes` made, each to an item of its own. It was read again: nothing else is different in it.
    ///
    /// # Errors
    /// [`ChangeError`], with the item that cannot be changed in place.
    pub fn change(&self, changes: &[Change<'_>]) -> Result<Zeroizing<String>, ChangeError> {
        change::all(self, changes)
    }
}

/// Whether a file may hold a SealedSecret, or a Secret: a look at its bytes that costs next to nothing.
pub fn may_hold(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"Secret").is_some()
}
