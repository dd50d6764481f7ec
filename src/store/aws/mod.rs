//! The secret stores of AWS: Secrets Manager with the official SDK, Parameter Store with a small client of our own over the
//! SDK's parts (its crate would cost minutes of every build). Behaves as External Secrets Operator 2.9
//! (`providers/v1/aws`), with fewer requests: who we are is found out once, and secrets are read by twenty.
//!
//! | file | what it is for |
//! |---|---|
//! | `answers` | each thing asked for once |
//! | `settings` | what a store has to be told |
//! | `session` | configuration, limits, tries, and the fuse |
//! | `identity` | credentials and roles |
//! | `trouble` | what went wrong, for people |
//! | `many` | some requests at a time |
//! | `json` | objects in JSON as Go writes them |
//! | `words` | names in messages and policies |
//! | `push` | what pushing has in common |
//! | `secrets_manager` | AWS Secrets Manager |
//! | `rpc` | requests of our own |
//! | `parameter_store` | Parameter Store |
//! | `tokens` | logins for registries, sessions |
//! | `tally` | how often AWS was asked |
//! | `proof` | who we are, signed for others to ask |

mod answers;
mod identity;
mod json;
mod many;
mod parameter_store;
mod proof;
mod push;
mod rpc;
mod secrets_manager;
mod session;
mod settings;
mod tally;
mod tokens;
mod trouble;
mod words;

pub use proof::{SignedIdentity, signed_identity};
pub use settings::{
    Deletion, Endpoints, Policies, PolicySource, Retries, Role, Service, Settings, Source, TokenSource,
};
pub use tokens::{Generated, Scope, SecondFactor, ecr_token, session_token};

use self::parameter_store::ParameterStore;
use self::secrets_manager::SecretsManager;
use self::session::Session;
use super::{StoreClient, StoreError};

/// The client of a store. Reads configuration; nobody is asked before something is wanted.
///
/// # Errors
/// A region that is none.
pub fn open(settings: Settings) -> Result<Box<dyn StoreClient>, StoreError> {
    let session = Session::open(settings)?;
    Ok(match session.settings.service {
        Service::SecretsManager => Box::new(SecretsManager::new(session)),
        Service::ParameterStore => Box::new(ParameterStore::new(session)),
    })
}
