//! Who can wrap and unwrap a data key. Key services are given their identities; they read no files and no environment.
//!
//! | file | what it is for |
//! |---|---|
//! | [`age`] | age recipients and identities |
//! | [`ring`] | all services together: groups, thresholds, what was tried |
//! | [`names`] | the people behind recipients |
//! | [`report`] | why nobody here can open a file, and who could |

pub mod age;
pub mod names;
pub mod report;
pub mod ring;

pub use names::Names;
pub use report::{CannotOpen, Report};
pub use ring::{KeyRing, WrapError};

use crate::secret::SecretBytes;
use crate::sops::key::{MasterKey, WrappedKey};

/// One kind of key. Three answers: yes, not mine (or no identity fits), broken.
pub trait KeyService: Send + Sync {
    /// Whether this service knows this kind of key at all.
    fn handles(&self, key: &MasterKey) -> bool;

    /// `secret` (a data key or a share of one) wrapped for `key`; `Ok(None)` when it is not our kind of key.
    ///
    /// # Errors
    /// [`KeyError`] when it is, but cannot be used.
    fn wrap(&self, key: &MasterKey, secret: &[u8]) -> Result<Option<String>, KeyError>;

    /// The secret again; `Ok(None)` when it is not our kind of key or no identity fits.
    ///
    /// # Errors
    /// [`KeyError`] when it is ours but broken.
    fn unwrap(&self, wrapped: &WrappedKey) -> Result<Option<SecretBytes>, KeyError>;

    /// Where identities were looked for, and what each place gave.
    fn looked(&self) -> Vec<Looked> {
        Vec::new()
    }
}

/// Why a key could not be used. Never holds key material or ciphertext.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyError {
    /// The recipient's text is damaged.
    #[error("not a valid age recipient (a character is wrong or missing)")]
    BadRecipient,
    /// A kind of recipient that we do not know yet.
    #[error("{0} recipients are not supported yet")]
    UnsupportedRecipient(&'static str),
    /// The wrapped key is not an age file.
    #[error("the wrapped key is damaged: it is not an age file")]
    NotAnAgeFile,
    /// The wrapped key is ours, but does not open.
    #[error("the wrapped key is damaged: it was changed after it was written")]
    Damaged,
    /// What was wrapped has the wrong length.
    #[error("what was unwrapped is not a data key")]
    NotADataKey,
    /// Encryption itself failed.
    #[error("the key could not be wrapped")]
    CannotWrap,
}

/// One place where identities were looked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Looked {
    /// The place: a variable, a file, an option.
    pub label: String,
    /// What it gave.
    pub outcome: Outcome,
}

/// What a place gave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Identities: their recipients; and how many there were that we cannot use yet.
    Gave {
        /// The recipients of the identities.
        recipients: Vec<String>,
        /// Plugin and post-quantum identities.
        unsupported: usize,
    },
    /// The variable is not set.
    NotSet,
    /// The file is not there.
    Missing,
    /// A file with a passphrase that nobody had to be asked for.
    Locked,
    /// A command that did not have to be run.
    NotRun,
    /// It is there, but of a kind that is not supported yet.
    NotSupported,
    /// It could not be used.
    Failed(String),
}
