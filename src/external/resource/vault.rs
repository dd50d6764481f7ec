//! `provider.vault`: how to reach a Vault, and the ways to log in.
//! Follows "apis/externalsecrets/v1/secretstore_vault_types.go" of external-secrets 2.9.

use std::collections::BTreeMap;

use crate::secret::SecretText;

use super::aws::AwsAuth;
use super::select::{CaProvider, SecretKeySelector, ServiceAccountSelector};

/// A Vault or OpenBao with a key-value engine.
#[derive(Debug)]
pub struct VaultProvider {
    /// Its URL.
    pub server: String,
    /// Where the engine is mounted; the beginning of each key when `None`.
    pub path: Option<String>,
    /// Which version of the engine.
    pub version: KvVersion,
    /// Namespace of Vault for all requests.
    pub namespace: Option<String>,
    /// How to log in; not at all when `None`.
    pub auth: Option<VaultAuth>,
    /// Certificates of the authorities to trust instead of the system's (`caBundle`): PEM.
    pub ca_bundle: Option<String>,
    /// Where such certificates are kept.
    pub ca_provider: Option<CaProvider>,
    /// The client's own certificate.
    pub tls: Option<VaultTls>,
    /// Whether to see what was written before.
    pub read_your_writes: bool,
    /// Whether nodes that are behind forward requests.
    pub forward_inconsistent: bool,
    /// More headers for each request; they may hold tokens.
    pub headers: BTreeMap<String, SecretText>,
    /// Whether writing says which version it replaces (`checkAndSet.required`).
    pub check_and_set: bool,
}

/// Version of the key-value engine.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum KvVersion {
    /// Without versions of secrets.
    V1,
    /// With them.
    #[default]
    V2,
}

/// `vault.tls`: both or neither.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VaultTls {
    /// The certificate (`certSecretRef`); key `tls.crt` when it names none.
    pub cert: SecretKeySelector,
    /// Its key (`keySecretRef`); key `tls.key` when it names none.
    pub key: SecretKeySelector,
}

/// `vault.auth`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VaultAuth {
    /// Namespace of Vault for the login alone.
    pub namespace: Option<String>,
    /// How. Where a manifest has several, upstream takes the first in the order of the variants, and so does reading.
    pub method: VaultMethod,
}

/// The ways to log in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum VaultMethod {
    /// A token (`tokenSecretRef`).
    Token(SecretKeySelector),
    /// `appRole`.
    AppRole {
        /// Where the method is mounted; `approle` when not given.
        path: String,
        /// Whose role.
        role: RoleId,
        /// The secret id.
        secret_ref: SecretKeySelector,
    },
    /// `kubernetes`.
    Kubernetes {
        /// Where the method is mounted; `kubernetes` when not given.
        mount_path: String,
        /// The role.
        role: String,
        /// Whose token.
        token: KubernetesToken,
    },
    /// `ldap`.
    Ldap(UserPassword),
    /// `userPass`.
    UserPass(UserPassword),
    /// `jwt`.
    Jwt {
        /// Where the method is mounted; `jwt` when not given.
        path: String,
        /// The role; the method's own default when `None`.
        role: Option<String>,
        /// The token.
        token: JwtToken,
    },
    /// `cert`: the client's certificate is the login.
    Cert {
        /// Where the method is mounted; `cert` when not given.
        path: String,
        /// The role (`vaultRole`), sent as `name`.
        vault_role: Option<String>,
        /// The certificate.
        client_cert: SecretKeySelector,
        /// Its key (`secretRef`).
        key: SecretKeySelector,
    },
    /// `iam`.
    Iam(Box<VaultIam>),
}

/// Whose role it is. The text wins where a manifest has both.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RoleId {
    /// `roleId`, without the space around it.
    Text(String),
    /// `roleRef`.
    Secret(SecretKeySelector),
}

/// Whose token `kubernetes` logs in with. The first of a manifest that has both.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KubernetesToken {
    /// One that is asked for a service account (`serviceAccountRef`).
    ServiceAccount(ServiceAccountSelector),
    /// One of a Secret (`secretRef`); key `token` when it names none.
    Secret(SecretKeySelector),
    /// That of the pod itself.
    Pod,
}

/// `ldap` and `userPass`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserPassword {
    /// Where the method is mounted; `ldap` or `userpass` when not given.
    pub path: String,
    /// The user, without the space around the name.
    pub username: String,
    /// The password.
    pub secret_ref: SecretKeySelector,
}

/// The token that `jwt` logs in with. The first of a manifest that has both.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum JwtToken {
    /// One of a Secret (`secretRef`).
    Secret(SecretKeySelector),
    /// One that is asked for a service account (`kubernetesServiceAccountToken`).
    ServiceAccount {
        /// Whose.
        service_account_ref: ServiceAccountSelector,
        /// For whom it is good, after the audiences of the service account; `vault` when not given.
        audiences: Vec<String>,
        /// For how long, in seconds; 600 when not given.
        expiration_seconds: u64,
    },
}

/// `iam`: who one is to AWS is the login.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VaultIam {
    /// Where the method is mounted; `aws` when not given.
    pub path: String,
    /// Region of AWS; `us-east-1` when not given.
    pub region: String,
    /// A role of AWS to take on first (`role`).
    pub role: Option<String>,
    /// The role of Vault.
    pub vault_role: String,
    /// The external id for taking on `role`.
    pub external_id: Option<String>,
    /// The header `X-Vault-AWS-IAM-Server-ID`.
    pub server_id: Option<String>,
    /// Who one is to AWS.
    pub auth: AwsAuth,
}
