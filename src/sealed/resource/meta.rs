//! The metadata of a SealedSecret, of its template and of the Secret that comes of them.

use super::{API_VERSION, KIND, SKIP_OWNER, SealedSecret};
use crate::document::tree::{Key, Kind, Node};
use crate::manifest::secret::entry;
use crate::manifest::{field, text};

/// The fields of `ObjectMeta` in the order in which Go writes them (apimachinery `meta/v1/types.go`).
const ORDER: &[&str] = &[
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
];

/// What the API server sets, and what tells of another life of the object. `managedFields` upstream keeps, by an oversight.
const OF_THE_SERVER: &[&str] = &[
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "ownerReferences",
    "managedFields",
];

/// Annotations that hold the whole object in clear (sealed-secrets `StripLastAppliedAnnotations`).
const LAST_APPLIED: &[&str] =
    &["kubectl.kubernetes.io/last-applied-configuration", "kubecfg.ksonnet.io/last-applied-configuration"];

/// The entries of a map, a copy each; nothing when it is none.
fn map(node: &Node) -> Vec<(Key, Node)> {
    match &node.kind {
        Kind::Map(entries) => entries.clone(),
        _ => Vec::new(),
    }
}

/// The known fields in Go's order, those that are set; labels and annotations as text and sorted.
pub(super) fn ordered(metadata: &Node) -> Node {
    let fields = ORDER.iter().filter_map(|name| {
        let node = field(metadata, name)?;
        let node = match *name {
            "labels" | "annotations" => texts(node),
            "name" | "generateName" | "namespace" => Node::text(text(node)?.into_owned()),
            _ => node.clone(),
        };
        (!is_empty(&node)).then(|| entry(name, node))
    });
    Node::new(Kind::Map(fields.collect()))
}

fn is_empty(node: &Node) -> bool {
    match &node.kind {
        Kind::Null => true,
        Kind::Str(text) => text.is_empty(),
        Kind::List(items) => items.is_empty(),
        Kind::Map(entries) => entries.is_empty(),
        _ => false,
    }
}

/// A map of texts, sorted.
fn texts(node: &Node) -> Node {
    let texts = map(node).into_iter().filter_map(|(key, node)| Some((key, Node::text(text(&node)?.into_owned()))));
    let mut texts: Vec<_> = texts.collect();
    texts.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
    Node::new(Kind::Map(texts))
}

/// The metadata that a Secret's template keeps, under this name and namespace.
pub(super) fn of_template(metadata: &Node, namespace: &str, name: &str) -> Node {
    let mut kept = map(&ordered(metadata));
    kept.retain(|(key, _)| !OF_THE_SERVER.contains(&key.name.as_str()));
    for (key, node) in &mut kept {
        if let ("annotations", Kind::Map(entries)) = (key.name.as_str(), &mut node.kind) {
            entries.retain(|(key, _)| !LAST_APPLIED.contains(&key.name.as_str()));
        }
    }
    put(&mut kept, "name", name);
    put(&mut kept, "namespace", namespace);
    ordered(&Node::new(Kind::Map(kept)))
}

fn put(entries: &mut Vec<(Key, Node)>, name: &str, value: &str) {
    entries.retain(|(key, _)| key.name != name);
    entries.push(entry(name, Node::text(value)));
}

/// See [`SealedSecret::secret_metadata`].
pub(super) fn of_secret(sealed: &SealedSecret, uid: &str) -> Node {
    let mut kept = map(&ordered(&sealed.template.metadata));
    put(&mut kept, "name", &sealed.name);
    put(&mut kept, "namespace", &sealed.namespace);
    let annotations = field(&sealed.template.metadata, "annotations");
    let skip = annotations.and_then(|all| all.get(SKIP_OWNER)).and_then(text).is_some_and(|text| text == "true");
    if !skip {
        kept.retain(|(key, _)| key.name != "ownerReferences");
        let owner = Node::new(Kind::Map(vec![
            entry("apiVersion", Node::text(API_VERSION)),
            entry("kind", Node::text(KIND)),
            entry("name", Node::text(&*sealed.name)),
            entry("uid", Node::text(uid)),
            entry("controller", Node::new(Kind::Bool(true))),
        ]));
        kept.push(entry("ownerReferences", Node::new(Kind::List(vec![owner]))));
    }
    ordered(&Node::new(Kind::Map(kept)))
}
