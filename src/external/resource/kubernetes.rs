//! `provider.kubernetes`: the Secrets of a cluster as a store.
//! Follows "apis/externalsecrets/v1/secretstore_kubernetes_types.go" of external-secrets 2.9.

use super::select::{CaProvider, SecretKeySelector, ServiceAccountSelector};

/// A cluster and the namespace whose Secrets are meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KubernetesProvider {
    /// Where its API is (`server.url`); `kubernetes.default` when not given.
    pub server_url: String,
    /// Certificates of the authorities to trust (`server.caBundle`): PEM.
    pub ca_bundle: Option<String>,
    /// Where such certificates are kept (`server.caProvider`).
    pub ca_provider: Option<CaProvider>,
    /// How to log in. Reading sees to it that there is this or `auth_ref`.
    pub auth: Option<KubernetesAuth>,
    /// A kubeconfig file in a Secret, instead of all of the above (`authRef`).
    pub auth_ref: Option<SecretKeySelector>,
    /// The namespace; `default` when not given.
    pub remote_namespace: String,
}

/// The ways to log in to a cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KubernetesAuth {
    /// A token (`token.bearerToken`).
    Token(SecretKeySelector),
    /// A token that is asked for a service account (`serviceAccount`).
    ServiceAccount(ServiceAccountSelector),
    /// A certificate (`cert`).
    Cert {
        /// The certificate (`clientCert`).
        client_cert: SecretKeySelector,
        /// Its key (`clientKey`).
        client_key: SecretKeySelector,
    },
}
