//! How resources name other objects: keys of Secrets, service accounts, stores, generators, and sets of objects by their labels.
//! Follows "apis/meta/v1/types.go" of external-secrets 2.9.

use std::collections::BTreeMap;

/// A key of a Secret (`SecretKeySelector`).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SecretKeySelector {
    /// Name of the Secret.
    pub name: String,
    /// Where it is. `None` is the namespace of the store, and below a ClusterSecretStore that of whoever asks.
    pub namespace: Option<String>,
    /// Which of its keys; where `None` is allowed, the field that holds this says which is meant.
    pub key: Option<String>,
}

/// A service account whose token is asked for (`ServiceAccountSelector`).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ServiceAccountSelector {
    /// Its name.
    pub name: String,
    /// Where it is. `None` is the namespace of the store, and below a ClusterSecretStore that of whoever asks.
    pub namespace: Option<String>,
    /// For whom the token is to be good, besides what the provider adds.
    pub audiences: Vec<String>,
}

/// Where the certificates of authorities are kept (`caProvider`).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CaProvider {
    /// What kind of object has them.
    pub kind: CaKind,
    /// Its name.
    pub name: String,
    /// Which of its keys; where `None` is allowed, the provider says which is meant.
    pub key: Option<String>,
    /// Where it is; always there below a ClusterSecretStore.
    pub namespace: Option<String>,
}

/// The kinds of object that a [`CaProvider`] names.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CaKind {
    /// A Secret.
    Secret,
    /// A ConfigMap.
    ConfigMap,
}

/// A store by its name.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct StoreRef {
    /// Its name.
    pub name: String,
    /// Of which kind it is.
    pub kind: StoreKind,
}

/// The two kinds of store.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub enum StoreKind {
    /// In a namespace, for that namespace.
    #[default]
    SecretStore,
    /// For every namespace that its conditions let in.
    ClusterSecretStore,
}

impl StoreKind {
    /// The word for it in a manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SecretStore => "SecretStore",
            Self::ClusterSecretStore => "ClusterSecretStore",
        }
    }
}

/// A generator by its name.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct GeneratorRef {
    /// Of which kind it is.
    pub kind: GeneratorKind,
    /// Its name.
    pub name: String,
}

/// The kinds of generator that are supported.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum GeneratorKind {
    /// Random passwords.
    Password,
    /// A random UUID.
    Uuid,
    /// A key pair of OpenSSH.
    SshKey,
    /// What the manifest says.
    Fake,
    /// What Vault answers at some path.
    VaultDynamicSecret,
    /// The login of a registry of AWS.
    EcrAuthorizationToken,
    /// Temporary credentials of AWS.
    StsSessionToken,
    /// One of the others, for all namespaces.
    ClusterGenerator,
}

impl GeneratorKind {
    /// The word for it in a manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "Password",
            Self::Uuid => "UUID",
            Self::SshKey => "SSHKey",
            Self::Fake => "Fake",
            Self::VaultDynamicSecret => "VaultDynamicSecret",
            Self::EcrAuthorizationToken => "ECRAuthorizationToken",
            Self::StsSessionToken => "STSSessionToken",
            Self::ClusterGenerator => "ClusterGenerator",
        }
    }
}

/// A set of objects by their labels. An empty one is all objects.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LabelSelector {
    /// Labels that have to be there with these values.
    pub match_labels: BTreeMap<String, String>,
    /// What has to hold besides.
    pub match_expressions: Vec<Requirement>,
}

/// What has to hold for one label.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Requirement {
    /// The label.
    pub key: String,
    /// What of it.
    pub operator: Operator,
    /// Values for [`Operator::In`] and [`Operator::NotIn`]; empty for the others.
    pub values: Vec<String>,
}

/// What a [`Requirement`] asks of a label.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operator {
    /// It is there, with one of the values.
    In,
    /// It is not there, or with another value.
    NotIn,
    /// It is there.
    Exists,
    /// It is not there.
    DoesNotExist,
}

impl LabelSelector {
    /// Whether an object with these labels is in the set (apimachinery's `labels.Selector`).
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(|requirement| requirement.holds(labels))
    }
}

impl Requirement {
    fn holds(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.key);
        match self.operator {
            Operator::In => value.is_some_and(|value| self.values.contains(value)),
            Operator::NotIn => value.is_none_or(|value| !self.values.contains(value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}
