//! The Secrets of a cluster.

use std::sync::Arc;

use crate::external::resource::kubernetes::{KubernetesAuth, KubernetesProvider};
use crate::secret::SecretBytes;
use crate::store::kubernetes::{KubernetesStore, Secrets};
use crate::store::{Call, StoreClient, StoreError};
use crate::sync::around::Cluster;
use crate::sync::credentials::Credentials;

/// The URL that stands for the cluster that we are in.
const OWN: &str = "kubernetes.default";
const TOKEN_SECONDS: u64 = 3600;

/// A client; nothing is sent yet.
///
/// # Errors
/// A credential is missing, or the cluster cannot be named.
pub fn open(provider: &KubernetesProvider, credentials: &Credentials) -> Result<Arc<dyn StoreClient>, StoreError> {
    let mut cluster = Cluster {
        server: Some(provider.server_url.clone()).filter(|url| url != OWN && !url.is_empty()),
        ca: credentials.authorities(provider.ca_bundle.as_deref(), provider.ca_provider.as_ref())?,
        token: None,
        own: None,
        kubeconfig: None,
        namespace: provider.remote_namespace.clone(),
    };
    match (&provider.auth, &provider.auth_ref) {
        // our own login goes to our own cluster, and not wherever a manifest says
        _ if credentials.around().is_as_me() => {
            cluster.server = None;
            cluster.ca = None;
        }
        (_, Some(reference)) => cluster.kubeconfig = Some(credentials.secret(reference, None)?),
        (Some(KubernetesAuth::Token(reference)), None) => cluster.token = Some(credentials.text(reference, None)?),
        (Some(KubernetesAuth::ServiceAccount(account)), None) => {
            cluster.token = Some(credentials.token(account, &[], TOKEN_SECONDS)?);
        }
        (Some(KubernetesAuth::Cert { client_cert, client_key }), None) => {
            let certificate = credentials.secret(client_cert, None)?;
            cluster.own = Some((certificate.expose().to_vec(), credentials.secret(client_key, None)?));
        }
        (None, None) => {}
    }
    Ok(Arc::new(KubernetesStore::new(credentials.around().cluster(cluster)?)))
}

impl Secrets for Box<dyn Secrets> {
    fn get(&self, name: &str) -> Result<Option<SecretBytes>, StoreError> {
        (**self).get(name)
    }

    fn list(&self, labels: &str) -> Result<SecretBytes, StoreError> {
        (**self).list(labels)
    }

    fn put(&self, name: &str, json: &[u8]) -> Result<(), StoreError> {
        (**self).put(name, json)
    }

    fn delete(&self, name: &str) -> Result<(), StoreError> {
        (**self).delete(name)
    }

    fn place(&self) -> String {
        (**self).place()
    }

    fn namespace(&self) -> String {
        (**self).namespace()
    }

    fn calls(&self) -> Vec<Call> {
        (**self).calls()
    }
}
