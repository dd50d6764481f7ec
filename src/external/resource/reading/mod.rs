//! Reading of resources: which kind an object is, and its parts.

mod aws;
mod external_secret;
mod fields;
mod generator;
mod kubernetes;
mod metadata;
mod push;
mod rewrite;
mod select;
mod store;
mod template;
mod vault;

#[cfg(test)]
mod tests;

use crate::document::near::nearest;
use crate::document::tree::{Kind, Node};
use crate::manifest::Object;

use crate::external::resource::external_secret::ApiVersion;
use crate::external::resource::select::{GeneratorKind, StoreKind};
use crate::external::resource::{Problem, Resource};

use fields::{Field, Map, Reading};
use metadata::Metadata;

const GROUP: &str = "external-secrets.io";
const GENERATORS: &str = "generators.external-secrets.io";

/// What an object is.
#[derive(Clone, Copy)]
enum Which {
    ExternalSecret,
    ClusterExternalSecret,
    Store(StoreKind),
    PushSecret,
    Generator(GeneratorKind),
}

impl Which {
    fn is_cluster(self) -> bool {
        matches!(
            self,
            Self::ClusterExternalSecret
                | Self::Store(StoreKind::ClusterSecretStore)
                | Self::Generator(GeneratorKind::ClusterGenerator)
        )
    }
}

/// Kinds of the group, with the versions they have.
const KINDS: &[(&str, Which, &[&str])] = &[
    ("ExternalSecret", Which::ExternalSecret, &["v1", "v1beta1"]),
    ("ClusterExternalSecret", Which::ClusterExternalSecret, &["v1", "v1beta1"]),
    ("SecretStore", Which::Store(StoreKind::SecretStore), &["v1", "v1beta1"]),
    ("ClusterSecretStore", Which::Store(StoreKind::ClusterSecretStore), &["v1", "v1beta1"]),
    ("PushSecret", Which::PushSecret, &["v1alpha1"]),
];

/// See [`crate::external::resource::read`].
pub(super) fn read(object: &Object) -> Result<Option<Resource>, Vec<Problem>> {
    let root = &object.root;
    let (Some(api), Some(kind)) = (text(root, "apiVersion"), text(root, "kind")) else { return Ok(None) };
    let Some((group, version)) = api.split_once('/') else { return Ok(None) };
    let which = match group {
        GROUP => of_group(root, kind, version),
        GENERATORS => of_generators(root, kind, version),
        _ => return Ok(None),
    }
    .map_err(|problem| vec![*problem])?;
    let version = if version == "v1beta1" { ApiVersion::V1Beta1 } else { ApiVersion::V1 };
    let mut reading = Reading::new(version, which.is_cluster());
    // selectors are checked against it
    reading.namespace = root.get("metadata").and_then(|node| text(node, "namespace")).map(str::to_owned);
    let read = resource(&reading, root, which);
    reading.finish(read, root.line).map(Some)
}

fn text<'n>(node: &'n Node, name: &str) -> Option<&'n str> {
    match &node.get(name)?.kind {
        Kind::Str(text) => Some(text),
        _ => None,
    }
}

fn resource(reading: &Reading, root: &Node, which: Which) -> Option<Resource> {
    let field = Field { reading, path: String::new(), line: root.line, node: root };
    let root = field.map(&["apiVersion", "kind", "metadata", "spec", "status"])?;
    let metadata = metadata::metadata(&root, which.is_cluster());
    body(&root, metadata, which)
}

fn body(root: &Map<'_>, metadata: Metadata, which: Which) -> Option<Resource> {
    Some(match which {
        Which::ExternalSecret => Resource::ExternalSecret(Box::new(external_secret::external_secret(root, metadata)?)),
        Which::ClusterExternalSecret => {
            Resource::ClusterExternalSecret(Box::new(external_secret::cluster(root, metadata)?))
        }
        Which::Store(kind) => Resource::Store(Box::new(store::store(root, metadata, kind)?)),
        Which::PushSecret => Resource::PushSecret(Box::new(push::push_secret(root, metadata)?)),
        Which::Generator(kind) => Resource::Generator(Box::new(generator::generator(root, metadata, kind)?)),
    })
}

fn problem(root: &Node, name: &str, what: String, nearest: Option<&str>) -> Box<Problem> {
    let line = root.get(name).map_or(root.line, |node| node.line);
    Box::new(Problem { line, path: name.to_owned(), what, nearest: nearest.map(str::to_owned) })
}

fn of_group(root: &Node, kind: &str, version: &str) -> Result<Which, Box<Problem>> {
    let Some((_, which, versions)) = KINDS.iter().find(|(name, ..)| *name == kind) else {
        let known: Vec<_> = KINDS.iter().map(|(name, ..)| *name).collect();
        let what = match kind {
            "ClusterPushSecret" => format!("the kind `{kind}` is not supported; supported: {}", known.join(", ")),
            _ => format!("there is no such kind in {GROUP}"),
        };
        return Err(problem(root, "kind", what, nearest(kind, &known)));
    };
    check_version(root, GROUP, version, versions)?;
    Ok(*which)
}

fn of_generators(root: &Node, kind: &str, version: &str) -> Result<Which, Box<Problem>> {
    let Some((_, which)) = select::GENERATORS.iter().find(|(name, _)| *name == kind) else {
        let known: Vec<_> = select::GENERATORS.iter().map(|(name, _)| *name).collect();
        if select::OTHER_GENERATORS.contains(&kind) || kind == "GeneratorState" {
            let what = format!("the generator `{kind}` is not supported; supported: {}", known.join(", "));
            return Err(problem(root, "kind", what, None));
        }
        return Err(problem(root, "kind", format!("there is no such kind in {GENERATORS}"), nearest(kind, &known)));
    };
    check_version(root, GENERATORS, version, &["v1alpha1"])?;
    Ok(Which::Generator(*which))
}

fn check_version(root: &Node, group: &str, version: &str, versions: &[&str]) -> Result<(), Box<Problem>> {
    if versions.contains(&version) {
        return Ok(());
    }
    let known: Vec<_> = versions.iter().map(|version| format!("{group}/{version}")).collect();
    Err(problem(root, "apiVersion", format!("has to be {}", known.join(" or ")), None))
}
