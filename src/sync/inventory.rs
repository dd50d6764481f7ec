//! The resources at hand, by name: ExternalSecrets and what they refer to, as far as it was given.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::document::tree::Kind;
use crate::external::resource::generator::Generator;
use crate::external::resource::select::{GeneratorKind, GeneratorRef, StoreKind, StoreRef};
use crate::external::resource::{self, ClusterExternalSecret, ExternalSecret, Problem, PushSecret, Resource, Store};
use crate::manifest::{Object, Secret, field, text};
use crate::secret::SecretBytes;

/// Where an object was read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Place {
    /// The file, as messages name it.
    pub file: String,
    /// The folder that it is in: paths of its resources are relative to this.
    pub folder: PathBuf,
}

/// A resource and where it was read.
#[derive(Debug)]
pub struct Placed<T> {
    /// Where.
    pub place: Arc<Place>,
    /// What.
    pub item: Arc<T>,
}

impl<T> Clone for Placed<T> {
    fn clone(&self) -> Self {
        Self { place: self.place.clone(), item: self.item.clone() }
    }
}

/// What became of an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Added {
    /// It is one of ours, or one that ours refer to.
    Kept,
    /// It means nothing here.
    Ignored,
}

/// A namespace and a name. Without a namespace the first is empty.
type Name = (String, String);

/// See the file's description.
#[derive(Default)]
pub struct Inventory {
    /// The namespace of objects that say none; may be empty.
    pub default_namespace: String,
    /// In the order in which they were read.
    pub external_secrets: Vec<Placed<ExternalSecret>>,
    /// In the order in which they were read.
    pub cluster_external_secrets: Vec<Placed<ClusterExternalSecret>>,
    /// In the order in which they were read.
    pub push_secrets: Vec<Placed<PushSecret>>,
    names: BTreeSet<Name>,
    stores: BTreeMap<(StoreKind, Name), Placed<Store>>,
    generators: BTreeMap<(GeneratorKind, Name), Placed<Generator>>,
    secrets: BTreeMap<Name, Arc<BTreeMap<String, SecretBytes>>>,
    secret_labels: BTreeMap<Name, BTreeMap<String, String>>,
    config_maps: BTreeMap<Name, Arc<BTreeMap<String, String>>>,
    namespaces: BTreeMap<String, BTreeMap<String, String>>,
}

impl std::fmt::Debug for Inventory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Inventory({} ExternalSecrets, {} stores)", self.external_secrets.len(), self.stores.len())
    }
}

fn problem(line: usize, path: impl Into<String>, what: impl Into<String>) -> Problem {
    Problem { line, path: path.into(), what: what.into(), nearest: None }
}

impl Inventory {
    /// An empty one.
    pub fn new(default_namespace: &str) -> Self {
        Self { default_namespace: default_namespace.to_owned(), ..Self::default() }
    }

    /// The namespace that is meant; empty when nobody says one.
    pub fn namespace<'a>(&'a self, given: Option<&'a str>) -> &'a str {
        given.filter(|name| !name.is_empty()).unwrap_or(&self.default_namespace)
    }

    /// `namespace/name`, or the name alone when nobody says a namespace.
    pub fn shown(&self, namespace: Option<&str>, name: &str) -> String {
        match self.namespace(namespace) {
            "" => name.to_owned(),
            namespace => format!("{namespace}/{name}"),
        }
    }

    fn name(&self, namespace: Option<&str>, name: &str) -> Name {
        (self.namespace(namespace).to_owned(), name.to_owned())
    }

    /// Takes an object in.
    ///
    /// # Errors
    /// Everything that is wrong with it; that there is another one of its name.
    pub fn add(&mut self, place: &Arc<Place>, object: &Object) -> Result<Added, Vec<Problem>> {
        if object.api_version() == "v1" {
            return self.add_core(object);
        }
        let Some(resource) = resource::read(object)? else { return Ok(Added::Ignored) };
        let twice = |line, what: &str| {
            Err(vec![problem(line, "metadata.name", format!("there is another {what} of this name"))])
        };
        let placed = place.clone();
        match resource {
            Resource::ExternalSecret(item) => {
                let name = self.name(item.namespace.as_deref(), &item.name);
                if !self.names.insert(name) {
                    return twice(item.line, "ExternalSecret");
                }
                self.external_secrets.push(Placed { place: placed, item: Arc::from(item) });
            }
            Resource::ClusterExternalSecret(item) => {
                self.cluster_external_secrets.push(Placed { place: placed, item: Arc::from(item) });
            }
            Resource::PushSecret(item) => self.push_secrets.push(Placed { place: placed, item: Arc::from(item) }),
            Resource::Store(item) => {
                let key = (
                    item.kind,
                    self.scoped(item.kind == StoreKind::ClusterSecretStore, item.namespace.as_deref(), &item.name),
                );
                let (line, kind) = (item.line, item.kind);
                if self.stores.insert(key, Placed { place: placed, item: Arc::from(item) }).is_some() {
                    return twice(line, kind.as_str());
                }
            }
            Resource::Generator(item) => {
                let kind = item.reference().kind;
                let key = (kind, self.scoped(item.cluster, item.namespace.as_deref(), &item.name));
                let line = item.line;
                if self.generators.insert(key, Placed { place: placed, item: Arc::from(item) }).is_some() {
                    return twice(line, kind.as_str());
                }
            }
        }
        Ok(Added::Kept)
    }

    fn scoped(&self, is_cluster: bool, namespace: Option<&str>, name: &str) -> Name {
        if is_cluster { (String::new(), name.to_owned()) } else { self.name(namespace, name) }
    }

    fn add_core(&mut self, object: &Object) -> Result<Added, Vec<Problem>> {
        let name = self.name(Some(&object.namespace()), &object.name());
        let labels = texts(object, "labels");
        match &*object.kind() {
            "Secret" => {
                let secret =
                    Secret::from_object(object).map_err(|error| vec![problem(object.line(), "", error.to_string())])?;
                let mut secret = secret;
                let data = std::mem::take(&mut secret.data).into_iter().collect();
                self.secret_labels.insert(name.clone(), labels);
                self.secrets.insert(name, Arc::new(data));
            }
            "ConfigMap" => {
                let data = match field(&object.root, "data").map(|node| &node.kind) {
                    Some(Kind::Map(entries)) => entries
                        .iter()
                        .filter_map(|(key, node)| Some((key.name.clone(), text(node)?.into_owned())))
                        .collect(),
                    _ => BTreeMap::new(),
                };
                self.config_maps.insert(name, Arc::new(data));
            }
            "Namespace" => {
                self.namespaces.insert(name.1, labels);
            }
            _ => return Ok(Added::Ignored),
        }
        Ok(Added::Kept)
    }

    /// The store that is meant by a reference in this namespace.
    pub fn store(&self, reference: &StoreRef, namespace: Option<&str>) -> Option<&Placed<Store>> {
        let is_cluster = reference.kind == StoreKind::ClusterSecretStore;
        self.stores.get(&(reference.kind, self.scoped(is_cluster, namespace, &reference.name)))
    }

    /// Every store, in the order of kinds and names.
    pub fn stores(&self) -> impl Iterator<Item = &Placed<Store>> {
        self.stores.values()
    }

    /// The name of a store, with the namespace that it is in.
    pub fn store_name(&self, store: &Store) -> (StoreKind, String, String) {
        let is_cluster = store.kind == StoreKind::ClusterSecretStore;
        let (namespace, name) = self.scoped(is_cluster, store.namespace.as_deref(), &store.name);
        (store.kind, namespace, name)
    }

    /// How many objects there are that are referred to and are no stores: generators, Secrets, ConfigMaps, namespaces.
    pub fn others(&self) -> usize {
        self.generators.len() + self.secrets.len() + self.config_maps.len() + self.namespaces.len()
    }

    /// The generator that is meant by a reference in this namespace.
    pub fn generator(&self, reference: &GeneratorRef, namespace: Option<&str>) -> Option<&Placed<Generator>> {
        let is_cluster = reference.kind == GeneratorKind::ClusterGenerator;
        self.generators.get(&(reference.kind, self.scoped(is_cluster, namespace, &reference.name)))
    }

    /// The values of a Secret that was given.
    pub fn secret(&self, namespace: Option<&str>, name: &str) -> Option<Arc<BTreeMap<String, SecretBytes>>> {
        self.secrets.get(&self.name(namespace, name)).cloned()
    }

    /// The Secrets of a namespace, with their labels.
    pub fn secrets_of(&self, namespace: Option<&str>) -> impl Iterator<Item = (&str, &BTreeMap<String, String>)> {
        let wanted = self.namespace(namespace).to_owned();
        self.secret_labels
            .iter()
            .filter(move |((namespace, _), _)| *namespace == wanted)
            .map(|((_, name), labels)| (name.as_str(), labels))
    }

    /// The values of a ConfigMap that was given.
    pub fn config_map(&self, namespace: Option<&str>, name: &str) -> Option<Arc<BTreeMap<String, String>>> {
        self.config_maps.get(&self.name(namespace, name)).cloned()
    }

    /// The labels of a namespace: what was given, and the name, which every namespace has as a label.
    pub fn namespace_labels(&self, namespace: &str) -> BTreeMap<String, String> {
        let mut labels = self.namespaces.get(namespace).cloned().unwrap_or_default();
        labels.insert("kubernetes.io/metadata.name".into(), namespace.to_owned());
        labels
    }

    /// Takes the ExternalSecrets in that ClusterExternalSecrets make of the namespaces that were given. Those that are there under
    /// the same name are left alone, as upstream leaves them; they are returned.
    pub fn expand(&mut self) -> Vec<(String, Name)> {
        let namespaces: Vec<_> =
            self.namespaces.keys().map(|name| (name.clone(), self.namespace_labels(name))).collect();
        let mut taken = Vec::new();
        for placed in self.cluster_external_secrets.clone() {
            for made in placed.item.expand(&namespaces) {
                let name = self.name(made.namespace.as_deref(), &made.name);
                if !self.names.insert(name.clone()) {
                    taken.push((placed.item.name.clone(), name));
                } else {
                    self.external_secrets.push(Placed { place: placed.place.clone(), item: Arc::new(made) });
                }
            }
        }
        taken
    }
}

/// A map of texts in the metadata.
fn texts(object: &Object, name: &str) -> BTreeMap<String, String> {
    match field(&object.root, "metadata").and_then(|metadata| metadata.get(name)).map(|node| &node.kind) {
        Some(Kind::Map(entries)) => {
            entries.iter().filter_map(|(key, node)| Some((key.name.clone(), text(node)?.into_owned()))).collect()
        }
        _ => BTreeMap::new(),
    }
}
