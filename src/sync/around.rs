//! What a run needs from its surroundings: who drives it knows whether there is a cluster, who somebody is, and how files are
//! opened.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::secret::{SecretBytes, SecretText};
use crate::store::file::Files;
#[cfg(feature = "kube")]
use crate::store::kubernetes::Secrets;
use crate::store::{StoreCause, StoreError};

/// What is kept under keys: the values of a Secret.
pub type Values = Arc<BTreeMap<String, SecretBytes>>;
/// The texts of a ConfigMap.
pub type Texts = Arc<BTreeMap<String, String>>;

/// Which cluster a store of Secrets is.
#[cfg(feature = "kube")]
#[derive(Debug)]
pub struct Cluster {
    /// Its URL; our own cluster when `None`.
    pub server: Option<String>,
    /// PEM of the authorities to trust.
    pub ca: Option<Vec<u8>>,
    /// A token to log in with.
    pub token: Option<SecretText>,
    /// A certificate and its key, PEM, to log in with.
    pub own: Option<(Vec<u8>, SecretBytes)>,
    /// A kubeconfig file, instead of all of the above.
    pub kubeconfig: Option<SecretBytes>,
    /// The namespace.
    pub namespace: String,
}

/// See the file's description. What is not there has an answer, too: an error that says what is missing.
pub trait Around: Send + Sync {
    /// The values of a Secret that no manifest has; `None` when there is none.
    ///
    /// # Errors
    /// There is nobody to ask, or nobody answers.
    fn secret(&self, namespace: &str, name: &str) -> Result<Option<Values>, StoreError>;

    /// The texts of a ConfigMap that no manifest has; `None` when there is none.
    ///
    /// # Errors
    /// There is nobody to ask, or nobody answers.
    fn config_map(&self, namespace: &str, name: &str) -> Result<Option<Texts>, StoreError>;

    /// A token of a service account.
    ///
    /// # Errors
    /// There is nobody to ask, or nobody answers.
    fn service_account_token(
        &self,
        namespace: &str,
        name: &str,
        audiences: &[String],
        seconds: u64,
    ) -> Result<SecretText, StoreError>;

    /// The annotations of a service account.
    ///
    /// # Errors
    /// There is nobody to ask, or nobody answers.
    fn service_account_annotations(&self, namespace: &str, name: &str) -> Result<BTreeMap<String, String>, StoreError>;

    /// The token that a pod finds in its file system.
    ///
    /// # Errors
    /// This is no pod.
    fn pod_token(&self) -> Result<SecretText, StoreError>;

    /// The encrypted files of a folder, or the one file.
    ///
    /// # Errors
    /// The folder leads out of where files may be.
    fn files(&self, folder: &Path, path: Option<&str>) -> Result<Box<dyn Files>, StoreError>;

    /// The Secrets of a cluster.
    ///
    /// # Errors
    /// The cluster cannot be named.
    #[cfg(feature = "kube")]
    fn cluster(&self, cluster: Cluster) -> Result<Box<dyn Secrets>, StoreError>;

    /// A variable of the environment that says something about AWS or Vault.
    fn variable(&self, name: &str) -> Option<String>;

    /// Whether we log in to stores as ourselves (the token of the vault program, our own AWS credentials) instead of as the manifest
    /// says.
    fn is_as_me(&self) -> bool;

    /// The token of the vault program at `address`, of whoever runs us.
    ///
    /// # Errors
    /// There is none.
    fn own_vault_token(&self, address: &str) -> Result<SecretText, StoreError>;

    /// What the environment says about the Vault at `address`, for whoever runs us: certificates to trust, names, a namespace, a token.
    ///
    /// # Errors
    /// No token, a file that cannot be read.
    #[cfg(feature = "vault")]
    fn own_vault(&self, address: &str) -> Result<crate::net::vault::Settings, StoreError>;

    /// What the environment says about who we are for AWS, for messages.
    #[cfg(feature = "aws")]
    fn aws_login(&self) -> crate::net::aws::Login;

    /// Set when we are to stop.
    fn cancel(&self) -> Arc<AtomicBool>;

    /// Says something to people, once.
    fn warn(&self, line: &str);
}

/// What there is no cluster for.
pub fn no_cluster(what: &str) -> StoreError {
    StoreError::new(StoreCause::Invalid, format!("{what} is not among the manifests, and no cluster was named to ask"))
}
