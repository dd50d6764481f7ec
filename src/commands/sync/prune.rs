//! Secrets of the set that no ExternalSecret makes any more.

use super::apply::SET_LABEL;
use super::{Args, Done};
use crate::failure::Failure;
use crate::k8s::{Client, Resource};
use crate::manifest::{self, text};
use crate::sync::Inventory;

/// Deletes them, in the namespaces that the manifests are about.
///
/// # Errors
/// What the cluster says.
pub fn prune(args: &Args, client: &Client, inventory: &Inventory, done: &[Done]) -> Result<Vec<Done>, Failure> {
    let Some(set) = &args.set else { return Ok(Vec::new()) };
    let mut namespaces: Vec<String> = inventory
        .external_secrets
        .iter()
        .map(|placed| inventory.namespace(placed.item.namespace.as_deref()).to_owned())
        .collect();
    namespaces.sort();
    namespaces.dedup();
    let mut gone = Vec::new();
    for namespace in namespaces {
        let list = client.objects(Resource::SECRETS, Some(&namespace), &format!("{SET_LABEL}={set}"))?;
        let objects = manifest::read(list.expose()).unwrap_or_default();
        for object in objects.into_iter().filter_map(|object| object.into_items()).flatten() {
            let name = (namespace.clone(), object.name().into_owned());
            let is_kept = done.iter().any(|done| done.name == name && done.verb != "deleted");
            // another controller's Secret is not ours to delete, whatever its labels say
            let metadata = manifest::field(&object.root, "metadata");
            let owned = metadata.and_then(|metadata| metadata.get("ownerReferences")).is_some();
            if is_kept || owned {
                continue;
            }
            let uid = metadata.and_then(|metadata| text(metadata.get("uid")?)).unwrap_or_default().into_owned();
            client.delete_object(Resource::SECRETS, Some(&namespace), &name.1, &uid, args.dry_run)?;
            let note = Some(format!("no ExternalSecret of the set {set} makes it any more"));
            gone.push(Done { name, verb: "deleted", changes: Vec::new(), note });
        }
    }
    Ok(gone)
}
