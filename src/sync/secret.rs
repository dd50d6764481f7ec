//! What is wanted as a Secret: the manifest, without the marks of a cluster.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::round::Made;
use crate::document::tree::{Kind, Node};
use crate::manifest::secret::entry;
use crate::manifest::{self, Secret, field, text};
use crate::secret::SecretBytes;

fn map(texts: &BTreeMap<String, String>) -> Node {
    Node::new(Kind::Map(texts.iter().map(|(name, value)| entry(name, Node::text(value.as_str()))).collect()))
}

/// The texts of a map in metadata.
fn texts(metadata: &Node, name: &str) -> BTreeMap<String, String> {
    match field(metadata, name).map(|node| &node.kind) {
        Some(Kind::Map(entries)) => {
            entries.iter().filter_map(|(key, node)| Some((key.name.clone(), text(node)?.into_owned()))).collect()
        }
        _ => BTreeMap::new(),
    }
}

impl Made {
    /// What was made up anew stays as it was, where all of it is there already: keys belong together.
    pub fn keep_generated<'o>(&mut self, old: impl Fn(&str) -> Option<&'o SecretBytes>) {
        if self.generated.iter().any(|key| old(key).is_none()) {
            return;
        }
        for key in &self.generated {
            if let (Some(value), Some(old)) = (self.wanted.data.get_mut(key), old(key)) {
                *value = SecretBytes::new(old.expose().to_vec());
            }
        }
    }

    /// Its metadata, in Go's order; what is empty is left out.
    pub fn metadata(&self) -> Node {
        let wanted = &self.wanted;
        let mut entries = vec![entry("name", Node::text(self.name.as_str()))];
        if !self.namespace.is_empty() {
            entries.push(entry("namespace", Node::text(self.namespace.as_str())));
        }
        for (name, texts) in [("labels", &wanted.labels), ("annotations", &wanted.annotations)] {
            if !texts.is_empty() {
                entries.push(entry(name, map(texts)));
            }
        }
        if !wanted.finalizers.is_empty() {
            let items = wanted.finalizers.iter().map(|name| Node::text(name.as_str()));
            entries.push(entry("finalizers", Node::new(Kind::List(items.collect()))));
        }
        Node::new(Kind::Map(entries))
    }

    /// Whether labels, annotations and finalizers of an older Secret are the same.
    pub fn has_metadata(&self, old: &Node) -> bool {
        let finalizers: Vec<String> = match field(old, "finalizers").map(|node| &node.kind) {
            Some(Kind::List(items)) => items.iter().filter_map(|item| Some(text(item)?.into_owned())).collect(),
            _ => Vec::new(),
        };
        texts(old, "labels") == self.wanted.labels
            && texts(old, "annotations") == self.wanted.annotations
            && finalizers == self.wanted.finalizers
    }

    /// Its values, a copy each.
    fn data(&self) -> Vec<(String, SecretBytes)> {
        let copy = |(key, value): (&String, &SecretBytes)| (key.clone(), SecretBytes::new(value.expose().to_vec()));
        self.wanted.data.iter().map(copy).collect()
    }

    /// The Secret as a manifest.
    pub fn to_node(&self) -> Zeroizing<Node> {
        let immutable = self.wanted.immutable.then_some(true);
        let kind = self.wanted.secret_type.as_deref().unwrap_or_default();
        manifest::secret::to_node(self.metadata(), immutable, &self.data(), kind)
    }

    /// The Secret, to be sealed.
    pub fn to_secret(&self) -> Secret {
        Secret {
            name: self.name.clone(),
            namespace: self.namespace.clone(),
            metadata: self.metadata(),
            data: self.data(),
            twice: Vec::new(),
            kind: self.wanted.secret_type.clone().unwrap_or_default(),
            immutable: self.wanted.immutable.then_some(true),
        }
    }
}
