//! A SealedSecret with all that upstream's types know, in the order in which Go writes them
//! (`pkg/apis/sealedsecrets/v1alpha1/types.go`). Fields that they do not know are gone afterwards, as they are upstream.

use super::exit::Exit;
use super::seal::new_key;
use crate::document::tree::{Kind, Node};
use crate::manifest::{Object, field, text};
use crate::sealed::SealedSecret;

/// The fields of a status and of a condition.
const STATUS: &[&str] = &["observedGeneration", "conditions"];
const CONDITION: &[&str] = &["type", "status", "lastUpdateTime", "lastTransitionTime", "reason", "message"];

/// What an object that should be a SealedSecret says.
///
/// # Errors
/// It is something else, or malformed.
pub fn read(object: &Object) -> Result<SealedSecret, Exit> {
    let kind = object.kind();
    if !kind.is_empty() && !SealedSecret::is_one(object) {
        return Err(Exit::new(format!("line {}: this is a {kind}, not a SealedSecret", object.line())));
    }
    SealedSecret::from_object(object).map_err(|error| Exit::new(error.to_string()))
}

/// The SealedSecret as it is now, and of `object`, which it was read from, what it does not hold itself.
pub fn node(sealed: &SealedSecret, object: &Object) -> Node {
    let mut root = sealed.to_node();
    let Kind::Map(entries) = &mut root.kind else { return root };
    let blob = field(&object.root, "spec").and_then(|spec| field(spec, "data")).filter(|_| sealed.deprecated);
    let spec = entries.iter_mut().find(|(key, _)| key.name == "spec").map(|(_, spec)| &mut spec.kind);
    if let (Some(blob), Some(Kind::Map(spec))) = (blob, spec) {
        // between the template and the sealed values
        spec.insert(spec.len().saturating_sub(1), (new_key("data"), Node::text(text(blob).unwrap_or_default())));
    }
    if let Some(status @ Node { kind: Kind::Map(_), .. }) = field(&object.root, "status") {
        entries.push((new_key("status"), known(status, STATUS)));
    }
    root
}

/// The known fields, in order; those of conditions too.
fn known(node: &Node, fields: &[&str]) -> Node {
    let found = fields.iter().filter_map(|name| {
        let value = field(node, name)?;
        let value = match &value.kind {
            Kind::Null => return None,
            Kind::List(items) => Node::new(Kind::List(items.iter().map(|item| known(item, CONDITION)).collect())),
            Kind::Int(_) => value.clone(),
            _ => Node::text(text(value)?.into_owned()),
        };
        Some((new_key(name), value))
    });
    Node::new(Kind::Map(found.collect()))
}
