//! The ClusterExternalSecret: the same ExternalSecret in many namespaces.
//! Follows "apis/externalsecrets/v1/clusterexternalsecret_types.go" of external-secrets 2.9.

use std::collections::BTreeMap;
use std::time::Duration;

use super::external_secret::ExternalSecret;
use super::select::LabelSelector;

/// Changing this annotation of the cluster's object makes all of its ExternalSecrets fetch.
pub const FORCE_SYNC: &str = "external-secrets.io/force-sync";

/// One ClusterExternalSecret.
#[derive(Clone, PartialEq, Debug)]
pub struct ClusterExternalSecret {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`.
    pub annotations: BTreeMap<String, String>,
    /// `metadata.generation`, which only the API server gives.
    pub generation: Option<i64>,
    /// `metadata.uid`, which only the API server gives.
    pub uid: Option<String>,
    /// What each namespace gets, apart from the namespace: its name is `externalSecretName`, its labels and annotations those of
    /// `externalSecretMetadata`.
    pub external_secret: ExternalSecret,
    /// Namespaces by their labels: those that one of these holds for (`namespaceSelectors` and the older `namespaceSelector`).
    pub namespace_selectors: Vec<LabelSelector>,
    /// Namespaces by their names.
    pub namespaces: Vec<String>,
    /// How often namespaces are looked at again (`refreshTime`); an hour when not given.
    pub refresh_time: Duration,
    /// Line of the object, from 1.
    pub line: usize,
}

impl ClusterExternalSecret {
    /// The ExternalSecrets for those of the namespaces (their names and labels) that are meant, in the order given.
    pub fn expand(&self, namespaces: &[(String, BTreeMap<String, String>)]) -> Vec<ExternalSecret> {
        let meant = |(name, labels): &&(String, BTreeMap<String, String>)| {
            self.namespaces.contains(name) || self.namespace_selectors.iter().any(|selector| selector.matches(labels))
        };
        let in_namespace = |(name, _): &(String, BTreeMap<String, String>)| {
            let mut made = self.external_secret.clone();
            made.namespace = Some(name.clone());
            if let Some(value) = self.annotations.get(FORCE_SYNC) {
                made.annotations.insert(FORCE_SYNC.to_owned(), value.clone());
            }
            made
        };
        namespaces.iter().filter(meant).map(in_namespace).collect()
    }
}
