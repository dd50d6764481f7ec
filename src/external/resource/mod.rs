//! The resources of External Secrets Operator, typed and strictly read.
//!
//! Follows external-secrets 2.9. Where upstream ignores what it does not know (a misspelt field in a manifest that nobody
//! applied), reading tells; and what this program does not do is refused by name, never left out without a word.
//!
//! | file | what it is for |
//! |---|---|
//! | [`external_secret`] | ExternalSecret |
//! | [`template`] | what becomes of values before they are written |
//! | [`windows`], [`cron`] | when time may lead to a fetch |
//! | [`store`] | SecretStore, ClusterSecretStore |
//! | [`vault`], [`aws`], [`kubernetes`] | their providers |
//! | [`push`] | PushSecret |
//! | [`cluster`] | ClusterExternalSecret |
//! | [`generator`] | generators |
//! | `reading` | how a manifest becomes one of these |
//! | [`select`] | how resources name other objects |

pub mod aws;
pub mod cluster;
pub mod cron;
pub mod external_secret;
pub mod generator;
pub mod kubernetes;
pub mod push;
mod reading;
pub mod select;
pub mod store;
pub mod template;
pub mod vault;
pub mod windows;

use std::fmt;

use crate::manifest::Object;

pub use cluster::ClusterExternalSecret;
pub use external_secret::ExternalSecret;
pub use generator::Generator;
pub use push::PushSecret;
pub use store::Store;

/// One resource.
#[derive(Debug)]
pub enum Resource {
    /// An ExternalSecret.
    ExternalSecret(Box<ExternalSecret>),
    /// A SecretStore or ClusterSecretStore.
    Store(Box<Store>),
    /// A PushSecret.
    PushSecret(Box<PushSecret>),
    /// A ClusterExternalSecret.
    ClusterExternalSecret(Box<ClusterExternalSecret>),
    /// A generator or ClusterGenerator.
    Generator(Box<Generator>),
}

/// What is wrong with a resource. Never holds a value that could be secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// Line, from 1.
    pub line: usize,
    /// Where: `spec.data[0].remoteRef.keyy`; empty for the object itself.
    pub path: String,
    /// What is wrong.
    pub what: String,
    /// The name that was probably meant.
    pub nearest: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.what)?;
        match &self.nearest {
            Some(name) => write!(f, "; did you mean `{name}`?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

/// Reads one object. `None` when it is none of External Secrets Operator's.
///
/// # Errors
/// Everything that is wrong with it, in the order of the manifest.
pub fn read(object: &Object) -> Result<Option<Resource>, Vec<Problem>> {
    reading::read(object)
}
