//! Who can wrap and unwrap a data key. Key services are given their identities; they read no files and no environment.
//!
//! | file | what it is for |
//! |---|---|
//! | [`age`] | age recipients and identities |
//! | [`pgp`] | OpenPGP keys, through gpg |
//! | `aws_kms` | AWS KMS; feature `aws` |
//! | `vault_transit` | transit keys of Vault and OpenBao |
//! | [`absent`] | kinds that this build leaves out |
//! | [`ring`] | all services together: groups, thresholds, what was tried |
//! | `gcp_kms` | Google Cloud KMS |
//! | `azure_kv` | Azure Key Vault |
//! | [`huawei_kms`] | HuaweiCloud KMS: kept, not used |
//! | [`error`] | why a key could not be used |
//! | [`names`] | the people behind recipients |
//! | [`remote`] | key services in other processes |
//! | [`report`] | why nobody here can open a file, and who could |

pub mod absent;
pub mod age;
#[cfg(feature = "aws")]
pub mod aws_kms;
#[cfg(feature = "azure")]
pub mod azure_kv;
pub mod error;
#[cfg(feature = "gcp")]
pub mod gcp_kms;
pub mod huawei_kms;
pub mod names;
pub mod pgp;
#[cfg(feature = "keyservice")]
pub mod remote;
pub mod report;
pub mod ring;
#[cfg(feature = "vault")]
pub mod vault_transit;

pub use error::{Cause, KeyError, ServiceError};
pub use names::Names;
pub use report::{CannotOpen, Report};
pub use ring::{KeyRing, WrapError};

use crate::secret::SecretBytes;
use crate::sops::key::{MasterKey, WrappedKey};

/// One kind of key. Three answers: yes, not mine (or no identity fits), broken.
pub trait KeyService: Send + Sync {
    /// Whether this service knows this kind of key at all.
    fn handles(&self, key: &MasterKey) -> bool;

    /// The place on a network that has to answer for `key`, such as `kms.eu-west-1.amazonaws.com`; `None` when
    /// everything happens on this machine. Remote keys are tried after local ones, all at once, with a deadline; a place
    /// that does not answer is not asked again.
    fn endpoint(&self, _key: &MasterKey) -> Option<String> {
        None
    }

    /// The key as the file is to name it, when that is not as it was given: with its present version where it was named
    /// without one.
    ///
    /// # Errors
    /// [`KeyError`] when that cannot be found out.
    fn settle(&self, _key: &MasterKey) -> Result<Option<MasterKey>, KeyError> {
        Ok(None)
    }

    /// How much it takes to unwrap for `key` here, so far as its name tells: 0 when everything for it is at hand, more when
    /// somebody may have to be asked. Of keys of one kind those that take less are tried first.
    fn effort(&self, _key: &MasterKey) -> u8 {
        0
    }

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
    /// Identities: their recipients, and the plugins of those whose recipients only plugins know.
    Gave {
        /// The recipients of the identities.
        recipients: Vec<String>,
        /// `age-plugin-NAME`, or what is wrong with it.
        plugins: Vec<String>,
    },
    /// Something that people are logged in with. Whether it was good enough is said of the key.
    Used,
    /// The variable is not set.
    NotSet,
    /// The file is not there.
    Missing,
    /// A file with a passphrase that nobody had to be asked for.
    Locked,
    /// A command that did not have to be run.
    NotRun,
    /// It could not be used.
    Failed(String),
}
