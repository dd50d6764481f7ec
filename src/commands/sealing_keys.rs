//! Private sealing keys: files with PEM or Secrets, in clear or encrypted with SOPS, and those of a cluster's controller.

use std::path::{Path, PathBuf};

use super::seal::input;
use super::session::Session;
use super::sopsfile::Source;
use crate::failure::{Failure, Kind};
use crate::fsio::read::{KEY_LIMIT, read_stdin, read_stream};
use crate::sealed::{KeyChain, keyfile};
use crate::secret::SecretBytes;

/// The keys of these files.
///
/// # Errors
/// A file that holds none, or that nobody here can open.
pub fn chain(session: &Session, files: &[PathBuf]) -> Result<KeyChain, Failure> {
    let mut chain = KeyChain::new();
    for path in files {
        let name = path.display().to_string();
        let is_stdin = path == Path::new("-");
        let bytes = if is_stdin { read_stdin(KEY_LIMIT)? } else { read_stream(path, KEY_LIMIT)? };
        let named = (!is_stdin).then(|| name.clone());
        let source = Source { name: name.clone(), bytes, stamp: None, format: None, named, literal: false };
        let mut plain = input::plain(session, source)?;
        let plain = SecretBytes::new(std::mem::take(&mut *plain));
        add(&mut chain, &name, &plain)?;
    }
    Ok(chain)
}

fn add(chain: &mut KeyChain, name: &str, plain: &SecretBytes) -> Result<(), Failure> {
    let keys = keyfile::read(plain).map_err(|error| Failure::of(Kind::CannotRead, &error).about(name))?;
    keys.into_iter().for_each(|key| chain.add(key.key));
    Ok(())
}

/// The keys of the controller in a cluster.
///
/// # Errors
/// It cannot be reached, refuses, or has none.
#[cfg(feature = "kube")]
pub fn of_cluster(
    session: &Session,
    context: Option<&str>,
    namespace: &str,
    chain: &mut KeyChain,
) -> Result<(), Failure> {
    use super::cluster;
    use crate::k8s::{Client, Overrides};
    let overrides = Overrides { context: context.unwrap_or_default().to_owned(), ..Overrides::default() };
    let client = Client::new(cluster::load(overrides, &session.env)?.config()?);
    let json = client.secrets(Some(namespace), keyfile::KEY_LABEL)?;
    add(chain, &format!("the Secrets of {namespace}"), &json).map_err(|failure| {
        failure.hint("sealing keys are Secrets in the controller's namespace: --controller-namespace NAMESPACE")
    })
}
