//! `provider.aws`: Secrets Manager and Parameter Store, and the ways to be somebody to AWS.
//! Follows "apis/externalsecrets/v1/secretstore_aws_types.go" of external-secrets 2.9.

use super::select::{SecretKeySelector, ServiceAccountSelector};

/// A service of AWS with secrets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AwsProvider {
    /// Which.
    pub service: AwsService,
    /// The region.
    pub region: String,
    /// Who one is.
    pub auth: AwsAuth,
    /// A role to take on, after the additional ones.
    pub role: Option<String>,
    /// Roles to take on one after the other, before `role`.
    pub additional_roles: Vec<String>,
    /// The external id for taking on `role`.
    pub external_id: Option<String>,
    /// Tags of the session as `role`.
    pub session_tags: Vec<Tag>,
    /// Names of tags that go on to the next session.
    pub transitive_tag_keys: Vec<String>,
    /// Which tags tell who asks, instead of `session_tags`.
    pub session_tags_policy: SessionTagsPolicy,
    /// More tags for [`SessionTagsPolicy::Custom`].
    pub custom_session_tags: Vec<Tag>,
    /// What is put before each key to get, push and delete, though not to find.
    pub prefix: Option<String>,
    /// How Secrets Manager deletes.
    pub secrets_manager: SecretsManager,
}

/// The services that are supported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AwsService {
    /// Secrets Manager.
    SecretsManager,
    /// Parameter Store of Systems Manager.
    ParameterStore,
}

/// Who one is to AWS. A service account wins over a Secret where a manifest has both.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum AwsAuth {
    /// A service account that is annotated with a role (`jwt.serviceAccountRef`).
    ServiceAccount(ServiceAccountSelector),
    /// Keys (`secretRef`).
    Secret {
        /// `accessKeyIDSecretRef`.
        access_key_id: SecretKeySelector,
        /// `secretAccessKeySecretRef`.
        secret_access_key: SecretKeySelector,
        /// `sessionTokenSecretRef`.
        session_token: Option<SecretKeySelector>,
    },
    /// Whoever the environment says.
    #[default]
    Environment,
}

/// A tag.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tag {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// `sessionTagsPolicy`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SessionTagsPolicy {
    /// None of these.
    #[default]
    None,
    /// `esoNamespace`, `esoStoreName` and `esoStoreKind`.
    Simple,
    /// Those, and the custom ones.
    Custom,
}

/// `aws.secretsManager`. At most one of the two is set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SecretsManager {
    /// Whether a deleted secret is gone at once.
    pub force_delete_without_recovery: bool,
    /// For how many days it can be had back, 7 to 30; AWS's own default when `None`.
    pub recovery_window_in_days: Option<u8>,
}
