//! What a client of AWS has to be told. Whoever makes one reads the environment and the cluster; this reads nothing.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

use serde::Deserialize;

use crate::net::aws::{Login, Patience};
use crate::secret::SecretText;
use crate::store::StoreError;

/// Which of the stores.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Service {
    /// AWS Secrets Manager.
    SecretsManager,
    /// The Parameter Store of AWS Systems Manager.
    ParameterStore,
}

/// A role, and what is said when it is taken on (`sts:AssumeRole`).
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Role {
    /// `arn:aws:iam::ACCOUNT:role/NAME`.
    pub arn: String,
    /// What its trust policy asks for (`externalID`).
    pub external_id: Option<String>,
    /// Tags of the session (`sessionTags`).
    pub tags: Vec<(String, String)>,
    /// Which of the tags go on to the next role (`transitiveTagKeys`); ignored without tags, as in the operator.
    pub transitive: Vec<String>,
}

impl Role {
    /// A role that needs nothing more, as those of `additionalRoles` do.
    pub fn plain(arn: impl Into<String>) -> Self {
        Self { arn: arn.into(), ..Self::default() }
    }
}

/// Gives the token of a service account. Called where waiting is allowed, each time new credentials are needed.
pub type TokenSource = Arc<dyn Fn() -> Result<SecretText, StoreError> + Send + Sync>;

/// Where the first credentials come from.
pub enum Source {
    /// Where the SDK looks: variables, profiles, SSO, web identity, containers, the machine.
    Chain {
        /// The profile; what the environment says when `None`.
        profile: Option<String>,
    },
    /// Keys that somebody gave (`auth.secretRef`).
    Keys {
        /// The id of the key.
        id: SecretText,
        /// The key.
        secret: SecretText,
        /// The token of a session, if it is one.
        token: Option<SecretText>,
    },
    /// A token that is exchanged for a role (`auth.jwt`, IRSA).
    WebIdentity {
        /// The role's ARN.
        role: String,
        /// Gives the token.
        token: TokenSource,
    },
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chain { profile } => f.debug_struct("Chain").field("profile", profile).finish(),
            Self::Keys { .. } => f.write_str("Keys([REDACTED])"),
            Self::WebIdentity { role, .. } => f.debug_struct("WebIdentity").field("role", role).finish_non_exhaustive(),
        }
    }
}

/// Addresses that are used instead of Amazon's own. Where there is none, the SDK's variables (`AWS_ENDPOINT_URL_…`,
/// `AWS_ENDPOINT_URL`) and profiles decide.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Endpoints {
    /// For everything that has none of its own.
    pub every: Option<String>,
    /// Secrets Manager.
    pub secrets_manager: Option<String>,
    /// Parameter Store.
    pub ssm: Option<String>,
    /// The Security Token Service.
    pub sts: Option<String>,
    /// Elastic Container Registry.
    pub ecr: Option<String>,
    /// The public one.
    pub ecr_public: Option<String>,
}

impl Endpoints {
    /// What the operator's variables say (external-secrets 2.9 `providers/v1/aws/auth/resolver.go` and those beside it);
    /// `variable` looks one up.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name| variable(name).filter(|text| !text.trim().is_empty());
        Self {
            every: None,
            secrets_manager: set("AWS_SECRETSMANAGER_ENDPOINT"),
            ssm: set("AWS_SSM_ENDPOINT"),
            sts: set("AWS_STS_ENDPOINT"),
            ecr: set("AWS_ECR_ENDPOINT"),
            ecr_public: set("AWS_ECR_PUBLIC_ENDPOINT"),
        }
    }
}

/// How often a request is tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retries {
    /// With the first one, at least 1.
    pub attempts: u32,
    /// The pause between two; growing and random when `None`.
    pub pause: Option<Duration>,
}

impl Default for Retries {
    /// As the SDK.
    fn default() -> Self {
        Self { attempts: 3, pause: None }
    }
}

/// How a secret is deleted (`secretsManager`).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Deletion {
    /// It can be had back for as long as AWS usually keeps it: 30 days.
    #[default]
    Usual,
    /// It can be had back for so many days, 7 to 30.
    Within(u8),
    /// At once and for good.
    ForGood,
}

/// Where the text of a resource policy is (`policySourceRef`).
#[derive(Clone, PartialEq, Eq, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct PolicySource {
    /// `ConfigMap` or `Secret`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The key in it.
    pub key: String,
}

/// Reads such a text, in the namespace of whoever pushes.
pub type Policies = Arc<dyn Fn(&PolicySource) -> Result<String, StoreError> + Send + Sync>;

/// See the file's description.
pub struct Settings {
    /// Which store.
    pub service: Service,
    /// Its region.
    pub region: String,
    /// Put before every key that is read, written or removed; not for finding.
    pub prefix: String,
    /// Who we are at first.
    pub source: Source,
    /// Roles that are taken on after that, one after the other (`additionalRoles`, then `role`).
    pub roles: Vec<Role>,
    /// The name of the sessions.
    pub session: String,
    /// What the environment says about logins, for messages.
    pub login: Login,
    /// Other addresses.
    pub endpoints: Endpoints,
    /// How often.
    pub retries: Retries,
    /// How long.
    pub patience: Patience,
    /// So many requests at a time.
    pub concurrency: usize,
    /// How secrets are deleted.
    pub deletion: Deletion,
    /// Reads the resource policies that pushes ask for; without, those are refused.
    pub policies: Option<Policies>,
    /// Says, once it is true, that nobody wants an answer any more.
    pub cancel: Arc<AtomicBool>,
    /// The time.
    pub clock: fn() -> SystemTime,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, region, prefix, source, roles, .. } = self;
        let mut shown = f.debug_struct("Settings");
        shown.field("service", service).field("region", region).field("prefix", prefix).field("source", source);
        shown.field("roles", roles).finish_non_exhaustive()
    }
}

impl Settings {
    /// Whoever the environment says, in a region.
    pub fn new(service: Service, region: impl Into<String>, clock: fn() -> SystemTime) -> Self {
        Self {
            service,
            region: region.into(),
            prefix: String::new(),
            source: Source::Chain { profile: None },
            roles: Vec::new(),
            session: "sealant".into(),
            login: Login::default(),
            endpoints: Endpoints::default(),
            retries: Retries::default(),
            patience: Patience::seconds(5, 15, 60),
            concurrency: 8,
            deletion: Deletion::default(),
            policies: None,
            cancel: Arc::default(),
            clock,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_not_shown() {
        let hidden = || SecretText::new("hunter2".into());
        let mut settings = Settings::new(Service::SecretsManager, "eu-west-1", || SystemTime::UNIX_EPOCH);
        for source in [
            Source::Keys { id: hidden(), secret: hidden(), token: Some(hidden()) },
            Source::WebIdentity { role: "arn:r".into(), token: Arc::new(|| Ok(SecretText::new("hunter2".into()))) },
            Source::Chain { profile: None },
        ] {
            settings.source = source;
            assert!(!format!("{settings:?}").contains("hunter2"));
        }
    }

    #[test]
    fn endpoints_of_variables() {
        let found =
            Endpoints::from_variables(|name| Some(if name == "AWS_SSM_ENDPOINT" { " " } else { name }.to_owned()));
        assert_eq!(found.ssm, None);
        assert_eq!(found.sts.as_deref(), Some("AWS_STS_ENDPOINT"));
        assert_eq!(found.every, None);
    }
}
