//! `--validate` and `--re-encrypt`: what only the controller can do.

use zeroize::Zeroizing;

use super::call::Call;
use super::controller::{Controller, Refusal};
use super::exit::Exit;
use super::whole;
use crate::document::tree::{Kind, Node};
use crate::fsio::output;
use crate::manifest::emit::{self, Format};
use crate::manifest::{self, Object};
use crate::sealed::SealedSecret;

const CANNOT_OPEN: &str = "unable to decrypt sealed secret";
const CANNOT_ROTATE: &str = "unable to rotate secret";
const NOTHING: &str = "there is no SealedSecret in the input";

/// Asks whether the controller can open the SealedSecrets; says nothing when it can.
pub fn validate(call: &Call) -> Result<(), Exit> {
    let controller = Controller::connect(call)?;
    // upstream is content with an input that it cannot read, or that is empty
    let objects = read(call).map_err(|problem| Exit::new(format!("{CANNOT_OPEN}\n{}", problem.0)))?;
    for (object, sealed) in &objects {
        let name = &sealed.name;
        controller.verify(&body(object, sealed)).map_err(|refusal| match refusal {
            Refusal::CannotOpen => Exit::new(format!("{CANNOT_OPEN}: {name}")),
            Refusal::Other(text) => Exit::new(format!("cannot validate sealed secret: {text}")),
        })?;
    }
    Ok(())
}

/// Has the controller seal every value again with its newest key. Everything else stays as it was: controllers up to 0.40 lose
/// templates and the template's own labels and annotations, so only the values are taken from their answer.
pub fn re_encrypt(call: &Call) -> Result<(), Exit> {
    let controller = Controller::connect(call)?;
    let mut nodes = Vec::new();
    for (object, mut sealed) in read(call)? {
        let answer = controller.rotate(&body(&object, &sealed)).map_err(|refusal| match refusal {
            Refusal::CannotOpen => Exit::new(CANNOT_ROTATE),
            Refusal::Other(text) => Exit::new(format!("cannot re-encrypt secret: {text}")),
        })?;
        let answer = manifest::read(answer.expose()).ok().and_then(|mut objects| objects.pop());
        let answer = answer.and_then(|object| SealedSecret::from_object(&object).ok());
        let answer = answer.ok_or_else(|| Exit::new("cannot re-encrypt secret: the answer is no SealedSecret"))?;
        take_values(&mut sealed, &answer)?;
        let mut node = whole::node(&sealed, &object);
        forget_the_server(&mut node);
        nodes.push(node);
    }
    call.print(&nodes)
}

/// The SealedSecrets of the input.
fn read(call: &Call) -> Result<Vec<(Object, SealedSecret)>, Exit> {
    let objects = manifest::read(&call.input()?).map_err(|error| Exit::new(error.to_string()))?;
    let sealed = objects.into_iter().map(|object| whole::read(&object).map(|sealed| (object, sealed)));
    let sealed = sealed.collect::<Result<Vec<_>, _>>()?;
    if sealed.is_empty() { Err(Exit::new(NOTHING)) } else { Ok(sealed) }
}

fn body(object: &Object, sealed: &SealedSecret) -> Zeroizing<Vec<u8>> {
    let node = Zeroizing::new(whole::node(sealed, object));
    Zeroizing::new(emit::objects([&*node], Format::Json).as_bytes().to_vec())
}

/// Gives every value its new ciphertext. A template of the same key may have taken its place in the answer of an old controller:
/// such a value stays as it is.
fn take_values(sealed: &mut SealedSecret, answer: &SealedSecret) -> Result<(), Exit> {
    for (key, value) in &mut sealed.items {
        if sealed.template.data.iter().any(|(other, _)| other == key) {
            output::warn(&format!("{key} stays under its old key: a template has the same name"));
            continue;
        }
        let new = answer.items.iter().find(|(other, _)| other == key);
        let (_, new) =
            new.ok_or_else(|| Exit::new(format!("cannot re-encrypt secret: the answer has no value of {key}")))?;
        value.clone_from(new);
    }
    Ok(())
}

/// What belongs to the object in the cluster and not in a file.
fn forget_the_server(node: &mut Node) {
    let Kind::Map(entries) = &mut node.kind else { return };
    let metadata = entries.iter_mut().find(|(key, _)| key.name == "metadata").map(|(_, node)| &mut node.kind);
    if let Some(Kind::Map(fields)) = metadata {
        let of_the_server = ["creationTimestamp", "deletionTimestamp", "generation"];
        fields.retain(|(key, _)| !of_the_server.contains(&key.name.as_str()));
    }
}
