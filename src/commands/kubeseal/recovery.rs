//! `--recovery-unseal`: the Secret out of a SealedSecret, with private keys and without a cluster.

use std::path::Path;

use zeroize::Zeroizing;

use super::call::Call;
use super::exit::Exit;
use super::whole;
use crate::commands::sealed_templates::render;
use crate::document::tree::Node;
use crate::fsio::read::{self, KEY_LIMIT};
use crate::manifest::{self, secret};
use crate::sealed::resource::grouped;
use crate::sealed::{KeyChain, SealedSecret, keyfile};
use crate::secret::SecretBytes;

/// Opens every SealedSecret of the input; upstream opens the first.
pub fn run(call: &Call) -> Result<(), Exit> {
    let keys = keys(call)?;
    let objects = manifest::read(&call.input()?).map_err(|error| Exit::new(error.to_string()))?;
    if objects.is_empty() {
        return Err(Exit::new("there is no SealedSecret in the input"));
    }
    let secrets = objects.iter().map(|object| open(&whole::read(object)?, &keys));
    let secrets: Vec<Zeroizing<Node>> = secrets.collect::<Result<_, _>>()?;
    call.print(secrets.iter().map(|secret| &**secret))
}

fn keys(call: &Call) -> Result<KeyChain, Exit> {
    let mut chain = KeyChain::new();
    for name in call.given.all("recovery-private-key") {
        let path = Path::new(name);
        let mut bytes = read::read_stream(path, KEY_LIMIT).map_err(|error| Exit::file("open", path, &error))?;
        let file = SecretBytes::new(std::mem::take(&mut *bytes));
        for found in keyfile::read(&file).map_err(|error| Exit::new(error.to_string()))? {
            chain.add(found.key);
        }
    }
    Ok(chain)
}

fn open(sealed: &SealedSecret, keys: &KeyChain) -> Result<Zeroizing<Node>, Exit> {
    if sealed.deprecated {
        return Err(Exit::new("using deprecated 'data' field, use 'encryptedData' or flip the feature flag"));
    }
    let mut values = sealed.open(keys).map_err(|errors| Exit::new(grouped(&errors)))?;
    render(sealed, &mut values).map_err(|problems| Exit::new(problems.join("\n")))?;
    Ok(secret::to_node(sealed.secret_metadata(""), sealed.template.immutable, &values, &sealed.template.kind))
}
