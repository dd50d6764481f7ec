//! The SealedSecret resource (sealed-secrets `pkg/apis/sealedsecrets/v1alpha1`): made from a Secret, read from a manifest, opened.

mod meta;

use std::borrow::Cow;

use zeroize::Zeroize;

use super::chain::{KeyChain, NoKeyOpens};
use super::public::{PublicKey, SealError};
use super::scope::Scope;
use crate::document::tree::{Kind, Node};
use crate::manifest::secret::{Secret, SecretError, entries, entry, flag};
use crate::manifest::text::{self as base64, IllegalBase64};
use crate::manifest::{Object, field, text};
use crate::secret::SecretBytes;

/// `apiVersion` of a SealedSecret.
pub const API_VERSION: &str = "bitnami.com/v1alpha1";
/// `kind` of a SealedSecret.
pub const KIND: &str = "SealedSecret";
/// The annotation of a template that keeps the Secret from being owned.
pub const SKIP_OWNER: &str = "sealedsecrets.bitnami.com/skip-set-owner-references";

/// What the Secret will be like, apart from its sealed values.
#[derive(Clone, Debug)]
pub struct Template {
    /// Its metadata: a map.
    pub metadata: Node,
    /// Its `type`, or nothing.
    pub kind: String,
    /// Its `immutable`, when it is there.
    pub immutable: Option<bool>,
    /// Go templates of further values; a key without one is left out of the Secret (since sealed-secrets 0.40). They may hold
    /// values that somebody wrote in clear.
    pub data: Vec<(String, Option<String>)>,
}

/// Template texts may hold values, and so may annotations.
impl Drop for Template {
    fn drop(&mut self) {
        self.metadata.zeroize();
        self.data.iter_mut().for_each(|(_, text)| text.zeroize());
    }
}

/// A SealedSecret.
#[derive(Clone, Debug)]
pub struct SealedSecret {
    /// `metadata.name`, or nothing.
    pub name: String,
    /// `metadata.namespace`, or nothing.
    pub namespace: String,
    /// What its own annotations say; never those of the template, which nobody vouches for.
    pub scope: Scope,
    /// The whole of its own metadata: a map.
    pub metadata: Node,
    /// The sealed values in base64, in the order of the file.
    pub items: Vec<(String, String)>,
    /// What the Secret will be like.
    pub template: Template,
    /// Whether it has the field `spec.data` of the first version, which holds a whole Secret in one value.
    pub deprecated: bool,
}

/// Why one value does not open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ItemError {
    /// The value's key.
    pub key: String,
    /// What is wrong.
    pub problem: ItemProblem,
}

/// What is wrong with one value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ItemProblem {
    /// Not base64.
    #[error(transparent)]
    Base64(#[from] IllegalBase64),
    /// No key opens it under this name, namespace and scope.
    #[error(transparent)]
    NoKey(#[from] NoKeyOpens),
}

/// Errors as upstream words them: equal ones once, with the keys behind; a line each.
pub fn grouped(errors: &[ItemError]) -> String {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for error in errors {
        let problem = error.problem.to_string();
        match groups.iter_mut().find(|(text, _)| *text == problem) {
            Some((_, keys)) => keys.push(&error.key),
            None => groups.push((problem, vec![&error.key])),
        }
    }
    let lines = groups.into_iter().map(|(problem, mut keys)| {
        keys.sort_unstable();
        format!("{problem} ({})", keys.join(", "))
    });
    lines.collect::<Vec<_>>().join("\n")
}

impl SealedSecret {
    /// Whether `object` says that it is one.
    pub fn is_one(object: &Object) -> bool {
        object.kind() == KIND && object.api_version().starts_with("bitnami.com/")
    }

    /// What `object` says. `encryptedData` is read as upstream reads it: a value that is no text is an empty one, which no key
    /// opens.
    ///
    /// # Errors
    /// A field of another shape than the resource has.
    pub fn from_object(object: &Object) -> Result<Self, SecretError> {
        let empty = Node::new(Kind::Map(Vec::new()));
        let spec = field(&object.root, "spec").unwrap_or(&empty);
        let items = match field(spec, "encryptedData") {
            Some(Node { kind: Kind::Map(entries), .. }) => entries.as_slice(),
            _ => &[],
        };
        let items = items.iter().map(|(key, node)| (key.name.clone(), text(node).unwrap_or_default().into_owned()));
        let template = field(spec, "template").unwrap_or(&empty);
        Ok(Self {
            name: object.name().into_owned(),
            namespace: object.namespace().into_owned(),
            scope: scope_of(object),
            metadata: field(&object.root, "metadata").unwrap_or(&empty).clone(),
            items: items.collect(),
            template: Template::read(template)?,
            deprecated: field(spec, "data").is_some_and(|node| node.kind != Kind::Null),
        })
    }

    /// Seals every value of `secret`, whose name and namespace are those of the result (sealed-secrets `NewSealedSecret`).
    ///
    /// # Errors
    /// No randomness, or a value beyond all limits.
    pub fn seal(secret: &Secret, scope: Scope, key: &PublicKey) -> Result<Self, SealError> {
        let label = scope.label(&secret.namespace, &secret.name);
        let seal = |(name, value): &(String, SecretBytes)| -> Result<_, SealError> {
            Ok((name.clone(), base64::encode(&key.seal(&label, value.expose())?)))
        };
        let annotation = scope.annotation().map(|name| entry(name, Node::text("true")));
        let annotations = annotation.map(|one| entry("annotations", Node::new(Kind::Map(vec![one]))));
        let place = [("name", &secret.name), ("namespace", &secret.namespace)];
        let place =
            place.into_iter().filter(|(_, text)| !text.is_empty()).map(|(key, text)| entry(key, Node::text(text)));
        Ok(Self {
            name: secret.name.clone(),
            namespace: secret.namespace.clone(),
            scope,
            metadata: Node::new(Kind::Map(place.chain(annotations).collect())),
            items: secret.data.iter().map(seal).collect::<Result<_, SealError>>()?,
            template: Template {
                metadata: meta::of_template(&secret.metadata, &secret.namespace, &secret.name),
                kind: secret.kind.clone(),
                immutable: secret.immutable,
                data: Vec::new(),
            },
            deprecated: false,
        })
    }

    /// What values are sealed under.
    pub fn label(&self) -> String {
        self.scope.label(&self.namespace, &self.name)
    }

    /// Every value, opened.
    ///
    /// # Errors
    /// Every value that does not open.
    pub fn open(&self, chain: &KeyChain) -> Result<Vec<(String, SecretBytes)>, Vec<ItemError>> {
        let label = self.label();
        let (mut values, mut errors) = (Vec::new(), Vec::new());
        for (key, sealed) in &self.items {
            let opened = base64::decode(sealed).map_err(ItemProblem::from);
            match opened.and_then(|blob| Ok(chain.open(&label, &blob)?.0)) {
                Ok(value) => values.push((key.clone(), value)),
                Err(problem) => errors.push(ItemError { key: key.clone(), problem }),
            }
        }
        if errors.is_empty() { Ok(values) } else { Err(errors) }
    }

    /// The metadata of the Secret: the template's, with name and namespace of this; owned by this, unless the template says not
    /// to be. `uid` is the SealedSecret's in its cluster, nothing elsewhere.
    pub fn secret_metadata(&self, uid: &str) -> Node {
        meta::of_secret(self, uid)
    }

    /// The resource in the order of upstream's fields; maps are sorted.
    pub fn to_node(&self) -> Node {
        let sorted = |mut entries: Vec<_>| {
            entries.sort_by(|(one, _): &(crate::document::tree::Key, Node), (other, _)| one.name.cmp(&other.name));
            Node::new(Kind::Map(entries))
        };
        let mut template = vec![entry("metadata", meta::ordered(&self.template.metadata))];
        template.extend((!self.template.kind.is_empty()).then(|| entry("type", Node::text(&*self.template.kind))));
        template.extend(self.template.immutable.map(|value| entry("immutable", Node::new(Kind::Bool(value)))));
        if !self.template.data.is_empty() {
            let texts =
                self.template.data.iter().map(|(key, text)| {
                    entry(key, text.as_ref().map_or(Node::new(Kind::Null), |text| Node::text(&**text)))
                });
            template.push(entry("data", sorted(texts.collect())));
        }
        let items = self.items.iter().map(|(key, value)| entry(key, Node::text(&**value))).collect();
        let spec = vec![entry("template", Node::new(Kind::Map(template))), entry("encryptedData", sorted(items))];
        Node::new(Kind::Map(vec![
            entry("kind", Node::text(KIND)),
            entry("apiVersion", Node::text(API_VERSION)),
            entry("metadata", meta::ordered(&self.metadata)),
            entry("spec", Node::new(Kind::Map(spec))),
        ]))
    }
}

/// The scope that an object's own annotations say.
fn scope_of(object: &Object) -> Scope {
    let annotations = field(&object.root, "metadata").and_then(|metadata| field(metadata, "annotations"));
    Scope::of_annotations(|name| match text(annotations?.get(name)?)? {
        Cow::Borrowed(text) => Some(text),
        Cow::Owned(_) => None,
    })
}

impl Template {
    fn read(node: &Node) -> Result<Self, SecretError> {
        let data = entries(node, "data")?.iter().map(|(key, value)| match &value.kind {
            Kind::Null => Ok((key.name.clone(), None)),
            _ => match text(value) {
                Some(text) => Ok((key.name.clone(), Some(text.into_owned()))),
                None => Err(SecretError::NotText { field: "template.data", key: key.name.clone(), line: value.line }),
            },
        });
        Ok(Self {
            metadata: field(node, "metadata").cloned().unwrap_or(Node::new(Kind::Map(Vec::new()))),
            kind: field(node, "type").and_then(text).unwrap_or_default().into_owned(),
            immutable: flag(node, "immutable")?,
            data: data.collect::<Result<_, _>>()?,
        })
    }
}

#[cfg(test)]
mod tests;
