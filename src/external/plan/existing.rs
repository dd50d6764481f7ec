//! The Secret that exists: its values, its owners, and what of it which field manager wrote.
//!
//! Follows `getManagedFieldKeys` and `isSecretValid` in "pkg/controllers/externalsecret/externalsecret_controller.go" of
//! external-secrets 2.9.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::document::tree::{Kind, Node};
use crate::external::marks::{ANNOTATION_DATA_HASH, LABEL_MANAGED, data_hash};
use crate::external::resource::external_secret::{CreationPolicy, ExternalSecret};
use crate::manifest::secret::{SecretError, entries};
use crate::manifest::{Object, Secret, field, text};
use crate::secret::SecretBytes;

/// The group of ExternalSecrets.
pub const GROUP: &str = "external-secrets.io";
/// The type of a Secret that says none.
const OPAQUE: &str = "Opaque";

/// A Secret as it is.
#[derive(Default)]
pub struct Existing {
    /// `metadata.uid`; empty when it is from a file.
    pub uid: String,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`.
    pub annotations: BTreeMap<String, String>,
    /// `metadata.finalizers`.
    pub finalizers: Vec<String>,
    /// Whether it is being deleted (`metadata.deletionTimestamp`).
    pub is_deleting: bool,
    /// `data`, decoded.
    pub data: BTreeMap<String, SecretBytes>,
    /// `type`, `Opaque` when it says none.
    pub secret_type: String,
    /// `immutable`.
    pub immutable: bool,
    /// `metadata.ownerReferences`.
    pub owners: Vec<Owner>,
    /// What the field manager of the ExternalSecret wrote, by whichever kind of request. Upstream only makes `Update`s.
    pub owned: Names,
    /// The part of [`Self::owned`] that goes by itself when server-side apply no longer names it: nobody else has it.
    pub applied: Names,
}

/// Names of fields. No values.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Names {
    /// Keys of `data`.
    pub data: BTreeSet<String>,
    /// Labels.
    pub labels: BTreeSet<String>,
    /// Annotations.
    pub annotations: BTreeSet<String>,
    /// Finalizers.
    pub finalizers: BTreeSet<String>,
}

/// One of `metadata.ownerReferences`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Owner {
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// `name`.
    pub name: String,
    /// `uid`.
    pub uid: String,
    /// `controller`.
    pub is_controller: bool,
    /// `blockOwnerDeletion`.
    pub blocks_deletion: bool,
}

impl Owner {
    /// The group of its kind.
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// Whether it is an ExternalSecret, of whichever version.
    pub fn is_external_secret(&self) -> bool {
        self.group() == GROUP && self.kind == "ExternalSecret"
    }

    /// Whether it is the ExternalSecret of this name. One that was made anew is the same.
    pub fn is(&self, name: &str) -> bool {
        self.is_external_secret() && self.name == name
    }

    fn read(node: &Node) -> Self {
        let said = |name| field(node, name).and_then(text).unwrap_or_default().into_owned();
        let flag = |name| matches!(field(node, name), Some(Node { kind: Kind::Bool(true), .. }));
        Self {
            api_version: said("apiVersion"),
            kind: said("kind"),
            name: said("name"),
            uid: said("uid"),
            is_controller: flag("controller"),
            blocks_deletion: flag("blockOwnerDeletion"),
        }
    }
}

impl Existing {
    /// What `object` says, whoever wrote it; `manager` is the field manager of the ExternalSecret
    /// ([`field_manager`](crate::external::marks::field_manager)).
    ///
    /// # Errors
    /// The object is no Secret.
    pub fn from_object(object: &Object, manager: &str) -> Result<Self, SecretError> {
        let secret = Secret::from_object(object)?;
        let metadata = &secret.metadata;
        let (mut owned, mut applied, mut others) = (Names::default(), Names::default(), Names::default());
        for entry in list(metadata, "managedFields") {
            let said = |name| field(entry, name).and_then(text).unwrap_or_default();
            let names = field(entry, "fieldsV1").map(Names::read).unwrap_or_default();
            let is_ours = said("manager") == manager;
            if is_ours {
                owned.extend(&names);
            }
            if is_ours && said("operation") == "Apply" {
                applied.extend(&names);
            } else {
                others.extend(&names);
            }
        }
        applied.remove(&others);
        Ok(Self {
            uid: field(metadata, "uid").and_then(text).unwrap_or_default().into_owned(),
            labels: texts(metadata, "labels")?,
            annotations: texts(metadata, "annotations")?,
            finalizers: list(metadata, "finalizers").iter().filter_map(text).map(Into::into).collect(),
            is_deleting: field(metadata, "deletionTimestamp").is_some_and(|node| !matches!(node.kind, Kind::Null)),
            owners: list(metadata, "ownerReferences").iter().map(Owner::read).collect(),
            owned,
            applied,
            immutable: secret.immutable.unwrap_or_default(),
            secret_type: if secret.kind.is_empty() { OPAQUE.to_owned() } else { secret.kind.clone() },
            data: secret.data.iter().map(|(key, value)| (key.clone(), copy(value))).collect(),
        })
    }

    /// The owner that is its controller.
    pub fn controller(&self) -> Option<&Owner> {
        self.owners.iter().find(|owner| owner.is_controller)
    }
}

/// Annotations may hold values (`last-applied-configuration`), so only names are shown.
impl fmt::Debug for Existing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Existing")
            .field("uid", &self.uid)
            .field("labels", &self.labels.keys())
            .field("annotations", &self.annotations.keys())
            .field("data", &self.data)
            .field("secret_type", &self.secret_type)
            .field("immutable", &self.immutable)
            .field("owners", &self.owners)
            .field("owned", &self.owned)
            .finish_non_exhaustive()
    }
}

impl Names {
    /// The names in `fieldsV1`, which are spelt `f:NAME`, and `v:"TEXT"` in a set.
    fn read(fields: &Node) -> Self {
        let metadata = fields.get("f:metadata");
        let below =
            |parent: Option<&Node>, name| match parent.and_then(|parent| parent.get(name)).map(|node| &node.kind) {
                Some(Kind::Map(entries)) => entries.iter().map(|(key, _)| key.name.clone()).collect(),
                _ => Vec::new(),
            };
        let named = |parent, name| {
            let names = below(parent, name).into_iter().filter(|name| name != ".");
            names.map(|name| name.strip_prefix("f:").map(str::to_owned).unwrap_or(name)).collect()
        };
        let members = below(metadata, "f:finalizers").into_iter();
        Self {
            data: named(Some(fields), "f:data"),
            labels: named(metadata, "f:labels"),
            annotations: named(metadata, "f:annotations"),
            finalizers: members.filter_map(|name| serde_json::from_str(name.strip_prefix("v:")?).ok()).collect(),
        }
    }

    fn extend(&mut self, other: &Self) {
        self.data.extend(other.data.iter().cloned());
        self.labels.extend(other.labels.iter().cloned());
        self.annotations.extend(other.annotations.iter().cloned());
        self.finalizers.extend(other.finalizers.iter().cloned());
    }

    fn remove(&mut self, other: &Self) {
        self.data.retain(|name| !other.data.contains(name));
        self.labels.retain(|name| !other.labels.contains(name));
        self.annotations.retain(|name| !other.annotations.contains(name));
        self.finalizers.retain(|name| !other.finalizers.contains(name));
    }
}

/// Whether the Secret is as it was written, so that there is no reason to fetch but time and change: it has its label, and its values
/// are those of its hash. Labels, annotations, type and owners are not looked at. Always so with [`CreationPolicy::Orphan`] (as
/// upstream, even when it is gone) and [`CreationPolicy::None`] (nothing would be written).
pub fn is_valid(existing: Option<&Existing>, spec: &ExternalSecret) -> bool {
    if matches!(spec.target.creation_policy, CreationPolicy::Orphan | CreationPolicy::None) {
        return true;
    }
    existing.is_some_and(|existing| {
        existing.labels.get(LABEL_MANAGED).is_some_and(|value| value == "true")
            && existing.annotations.get(ANNOTATION_DATA_HASH) == Some(&data_hash(&existing.data))
    })
}

/// A value for another place.
pub(super) fn copy(value: &SecretBytes) -> SecretBytes {
    SecretBytes::new(value.expose().to_vec())
}

fn texts(node: &Node, name: &'static str) -> Result<BTreeMap<String, String>, SecretError> {
    let pair = |(key, node): &(crate::document::tree::Key, Node)| Some((key.name.clone(), text(node)?.into_owned()));
    Ok(entries(node, name)?.iter().filter_map(pair).collect())
}

fn list<'n>(node: &'n Node, name: &str) -> &'n [Node] {
    match field(node, name) {
        Some(Node { kind: Kind::List(items), .. }) => items,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest;

    const MANAGER: &str = "externalsecrets.external-secrets.io/es";
    const SECRET: &str = r#"
apiVersion: v1
kind: Secret
metadata:
  name: es
  uid: u-1
  labels: {reconcile.external-secrets.io/managed: "true", team: blue}
  annotations: {note: hunter2}
  finalizers: [example.com/mine, example.com/other]
  ownerReferences:
  - {apiVersion: external-secrets.io/v1beta1, kind: ExternalSecret, name: es, uid: u-0, controller: true, blockOwnerDeletion: true}
  - {apiVersion: v1, kind: ConfigMap, name: es, uid: u-2}
  managedFields:
  - manager: externalsecrets.external-secrets.io/es
    operation: Update
    fieldsType: FieldsV1
    fieldsV1:
      f:data: {".": {}, "f:tls.crt": {}, f:old: {}}
      f:metadata:
        f:annotations: {".": {}, f:note: {}}
        f:labels: {".": {}, f:reconcile.external-secrets.io/managed: {}}
        f:finalizers: {".": {}, 'v:"example.com/mine"': {}}
      f:type: {}
  - manager: externalsecrets.external-secrets.io/es
    operation: Apply
    fieldsV1: {f:data: {f:new: {}, f:old: {}}, f:metadata: {f:labels: {f:team: {}}}}
  - {manager: kubectl-edit, operation: Update, fieldsV1: {f:data: {f:foreign: {}}, f:metadata: {f:labels: {f:team: {}}}}}
  - {manager: odd, operation: Update, fieldsV1: [f:data]}
  - odd
data: {tls.crt: aHVudGVyMg==, old: aHVudGVyMg==, new: aHVudGVyMg==, foreign: aHVudGVyMg==}
immutable: true
"#;

    fn read(text: &str) -> Result<Existing, SecretError> {
        Existing::from_object(&manifest::read(text.as_bytes()).unwrap()[0], MANAGER)
    }

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_secret_is_read_with_what_is_ours() {
        let existing = read(SECRET).unwrap();
        assert_eq!(existing.uid, "u-1");
        assert_eq!(existing.secret_type, "Opaque");
        assert!(existing.immutable && !existing.is_deleting);
        assert_eq!(existing.data["tls.crt"].expose(), b"hunter2");
        assert_eq!(existing.finalizers, ["example.com/mine", "example.com/other"]);
        // both kinds of request, whoever else wrote them, too
        assert_eq!(existing.owned.data, set(&["new", "old", "tls.crt"]));
        assert_eq!(existing.owned.labels, set(&[LABEL_MANAGED, "team"]));
        assert_eq!(existing.owned.annotations, set(&["note"]));
        assert_eq!(existing.owned.finalizers, set(&["example.com/mine"]));
        // only what nobody else wrote
        assert_eq!(existing.applied, Names { data: set(&["new"]), ..Names::default() });
        let owner = existing.controller().unwrap();
        assert!(owner.is("es") && !owner.is("other") && owner.blocks_deletion);
        assert!(!existing.owners[1].is_external_secret() && existing.owners[1].group().is_empty());
    }

    #[test]
    fn a_bare_secret_is_read() {
        let existing = read("metadata: {deletionTimestamp: 2024-05-01T00:00:00Z}\ntype: kubernetes.io/tls\n").unwrap();
        assert!(existing.is_deleting && !existing.immutable && existing.data.is_empty() && existing.owners.is_empty());
        assert_eq!((existing.secret_type.as_str(), existing.uid.as_str()), ("kubernetes.io/tls", ""));
        assert_eq!(existing.owned, Names::default());
        assert!(read("data: {a: '!'}").is_err());
        assert!(read("metadata: {labels: [a]}").is_err());
    }

    #[test]
    fn debug_is_redacted() {
        let shown = format!("{:?}", read(SECRET).unwrap());
        assert!(shown.contains("[REDACTED]") && !shown.contains("hunter2"), "{shown}");
    }
}
