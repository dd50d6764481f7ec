//! The sealing keys of a cluster's controller.

use crate::commands::cluster;
use crate::commands::session::Session;
use crate::failure::{Failure, Kind};
use crate::k8s::{Client, Overrides};
use crate::sealed::{KeyChain, keyfile};

/// A chain with them.
///
/// # Errors
/// The cluster cannot be reached, refuses, or has none.
pub fn with(
    session: &Session,
    context: Option<&str>,
    namespace: &str,
    mut chain: KeyChain,
) -> Result<KeyChain, Failure> {
    let overrides = Overrides { context: context.unwrap_or_default().to_owned(), ..Overrides::default() };
    let client = Client::new(cluster::load(overrides, &session.env)?.config()?);
    let json = client.secrets(Some(namespace), keyfile::KEY_LABEL)?;
    let keys = keyfile::read(&json).map_err(|error| {
        Failure::of(Kind::CannotUnseal, &error)
            .about(format!("the Secrets of {namespace}"))
            .hint("sealing keys are in the namespace of the controller: --controller-namespace NAMESPACE")
    })?;
    keys.into_iter().for_each(|key| chain.add(key.key));
    Ok(chain)
}
