//! `--recovery-unseal`: the Secret out of a SealedSecret, with private keys and without a cluster.

use std::path::Path;

use zeroize::Zeroizing;

use super::call::Call;
use super::exit::Exit;
use super::whole;
use crate::document::tree::Node;
use crate::fsio::clock;
use crate::fsio::read::{self, KEY_LIMIT};
use crate::sealed::resource::grouped;
use crate::sealed::{KeyChain, SealedSecret, keyfile, manifest, secret};
use crate::secret::SecretBytes;
use crate::template::{self, Options, Value};

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
    render(sealed, &mut values)?;
    Ok(secret::to_node(sealed.secret_metadata(""), sealed.template.immutable, &values, &sealed.template.kind))
}

/// Adds what the templates print. As since 0.37, templates see each other's text, and a sealed value wins over a template of its
/// name; as since 0.40, a template that is null keeps the value of its name out of the Secret.
fn render(sealed: &SealedSecret, values: &mut Vec<(String, SecretBytes)>) -> Result<(), Exit> {
    let templates = &sealed.template.data;
    if templates.is_empty() {
        return Ok(());
    }
    let is_sealed = |name: &String| sealed.items.iter().any(|(key, _)| key == name);
    let copies = values.iter().map(|(key, value)| (key.as_str(), SecretBytes::new(value.expose().to_vec())));
    let texts = templates.iter().filter(|(key, _)| !is_sealed(key));
    let texts = texts.filter_map(|(key, text)| Some((key.as_str(), SecretBytes::new(text.clone()?.into_bytes()))));
    let data = Value::texts(copies.chain(texts));
    let options = Options::new(clock::timestamp());
    let mut problems = Vec::new();
    for (key, text) in templates {
        match text {
            Some(text) if !is_sealed(key) => match template::render(key, text, &data, &options) {
                Ok(value) => values.push((key.clone(), value)),
                Err(problem) => problems.push(format!("{problem} ({key})")),
            },
            Some(_) => {}
            None => values.retain(|(name, _)| name != key),
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Exit::new(problems.join("\n"))) }
}
