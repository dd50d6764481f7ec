//! SecretStore and ClusterSecretStore: where values are fetched from, and how to get in.
//! Follows "apis/externalsecrets/v1/secretstore_types.go" of external-secrets 2.9.

use std::collections::BTreeMap;
use std::time::Duration;

use regex::Regex;

use crate::secret::SecretText;

use super::aws::AwsProvider;
use super::external_secret::ApiVersion;
use super::kubernetes::KubernetesProvider;
use super::select::{LabelSelector, StoreKind, StoreRef};
use super::vault::VaultProvider;

/// A store.
#[derive(Debug)]
pub struct Store {
    /// For one namespace or for many.
    pub kind: StoreKind,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`; never there for a ClusterSecretStore.
    pub namespace: Option<String>,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// `metadata.generation`, which only the API server gives.
    pub generation: Option<i64>,
    /// `metadata.uid`, which only the API server gives.
    pub uid: Option<String>,
    /// Which version of the API it is written for.
    pub api_version: ApiVersion,
    /// Which controller it is for; any when `None`.
    pub controller: Option<String>,
    /// What it is.
    pub provider: Provider,
    /// How often a failed call is tried again (`retrySettings`).
    pub retry: Option<Retry>,
    /// How often the store is looked at again; zero for the driver's own default.
    pub refresh_interval: Duration,
    /// Which namespaces may use it: those for which one of these holds; all when there is none.
    pub conditions: Vec<Condition>,
    /// Line of the object, from 1.
    pub line: usize,
}

impl Store {
    /// How an ExternalSecret names it.
    pub fn reference(&self) -> StoreRef {
        StoreRef { name: self.name.clone(), kind: self.kind }
    }

    /// Whether a namespace with these labels may use the store ("pkg/controllers/secretstore/client_manager.go"
    /// `shouldProcessSecret`). A SecretStore is for its own namespace, which the driver sees to.
    pub fn allows(&self, namespace: &str, labels: &BTreeMap<String, String>) -> bool {
        self.conditions.is_empty() || self.conditions.iter().any(|condition| condition.holds(namespace, labels))
    }
}

/// Which namespaces may use a ClusterSecretStore (`conditions[]`): those for which any part holds.
#[derive(Clone, Debug, Default)]
pub struct Condition {
    /// Namespaces by their labels.
    pub namespace_selector: Option<LabelSelector>,
    /// Namespaces by their names.
    pub namespaces: Vec<String>,
    /// Namespaces in whose names one of these is found, anywhere.
    pub namespace_regexes: Vec<Regex>,
}

impl Condition {
    fn holds(&self, namespace: &str, labels: &BTreeMap<String, String>) -> bool {
        self.namespace_selector.as_ref().is_some_and(|selector| selector.matches(labels))
            || self.namespaces.iter().any(|name| name == namespace)
            || self.namespace_regexes.iter().any(|pattern| pattern.is_match(namespace))
    }
}

/// `retrySettings`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Retry {
    /// How often; what `None` is differs from provider to provider.
    pub max_retries: Option<u32>,
    /// How long to wait before each; the provider's own when `None`.
    pub retry_interval: Option<Duration>,
}

/// What a store is. A manifest has exactly one.
#[derive(Debug)]
pub enum Provider {
    /// The key-value engines of Vault and OpenBao.
    Vault(Box<VaultProvider>),
    /// Secrets Manager or Parameter Store of AWS.
    Aws(Box<AwsProvider>),
    /// Secrets of a Kubernetes cluster.
    Kubernetes(Box<KubernetesProvider>),
    /// What the manifest says, for tests.
    Fake(FakeProvider),
    /// Encrypted files.
    File(FileProvider),
}

impl Provider {
    /// The word for it in a manifest.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Vault(_) => "vault",
            Self::Aws(_) => "aws",
            Self::Kubernetes(_) => "kubernetes",
            Self::Fake(_) => "fake",
            Self::File(_) => "encryptedFile",
        }
    }
}

/// `provider.fake`.
#[derive(Debug, Default)]
pub struct FakeProvider {
    /// The values.
    pub data: Vec<FakeData>,
    /// How validation ends.
    pub validation_result: Validation,
}

/// One value of a [`FakeProvider`].
#[derive(Debug)]
pub struct FakeData {
    /// Its name.
    pub key: String,
    /// The value.
    pub value: SecretText,
    /// Which version of it; empty for the current one.
    pub version: String,
}

/// How validation of a [`FakeProvider`] ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Validation {
    /// Well.
    #[default]
    Ready,
    /// With an error.
    Error,
    /// Nobody knows.
    Unknown,
}

/// `provider.encryptedFile`: SOPS files of a folder as a store. An extension: the definitions that upstream installs in a cluster
/// refuse it, so it is for local use and for CI.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FileProvider {
    /// A folder, relative to that of the manifest; when `None`, the repository that the manifest is in.
    pub path: Option<String>,
}
