//! AWS Secrets Manager and Parameter Store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::external::resource::Store;
use crate::external::resource::aws::{AwsAuth, AwsProvider, AwsService, SessionTagsPolicy, Tag};
use crate::external::resource::generator::{EcrAuthorizationToken, EcrScope, StsSessionToken};
#[cfg(feature = "vault")]
use crate::external::resource::vault::VaultIam;
use crate::fsio::clock;
use crate::secret::{SecretBytes, SecretText};
use crate::store::aws::{self, Deletion, Endpoints, Retries, Role, Service, Settings, Source};
#[cfg(feature = "vault")]
use crate::store::vault::Login;
use crate::store::{StoreCause, StoreClient, StoreError};
use crate::sync::credentials::Credentials;

/// The audience of tokens for AWS, and the annotations of service accounts that say more
/// (external-secrets 2.9 `providers/v1/aws/auth/auth.go`).
const AUDIENCE: &str = "sts.amazonaws.com";
const ROLE_ANNOTATION: &str = "eks.amazonaws.com/role-arn";
const AUDIENCE_ANNOTATION: &str = "eks.amazonaws.com/audience";
const TOKEN_SECONDS: u64 = 3600;
/// The name of our sessions.
const SESSION: &str = "external-secrets-provider-aws";

/// A client; nothing is sent yet.
///
/// # Errors
/// A credential is missing.
pub fn open(
    provider: &AwsProvider,
    store: &Store,
    credentials: &Credentials,
) -> Result<Box<dyn StoreClient>, StoreError> {
    let service = match provider.service {
        AwsService::SecretsManager => Service::SecretsManager,
        AwsService::ParameterStore => Service::ParameterStore,
    };
    let mut settings = base(service, &provider.region, &provider.auth, credentials)?;
    settings.prefix = provider.prefix.clone().unwrap_or_default();
    settings.roles = roles(provider, store, credentials);
    settings.deletion = match provider.secrets_manager {
        deletion if deletion.force_delete_without_recovery => Deletion::ForGood,
        deletion => deletion.recovery_window_in_days.map_or(Deletion::Usual, Deletion::Within),
    };
    if let Some(retry) = store.retry {
        settings.retries = Retries { attempts: retry.max_retries.unwrap_or(3).max(1), pause: retry.retry_interval };
    }
    aws::open(settings)
}

/// What every client of AWS is given.
///
/// # Errors
/// A credential is missing.
pub fn base(service: Service, region: &str, auth: &AwsAuth, credentials: &Credentials) -> Result<Settings, StoreError> {
    let around = credentials.around();
    let mut settings = Settings::new(service, region, || clock::timestamp().into());
    settings.session = SESSION.into();
    settings.endpoints = Endpoints::from_variables(|name| around.variable(name));
    settings.login = around.aws_login();
    settings.cancel = around.cancel();
    settings.source = if around.is_as_me() { Source::Chain { profile: None } } else { source(auth, credentials)? };
    Ok(settings)
}

fn source(auth: &AwsAuth, credentials: &Credentials) -> Result<Source, StoreError> {
    Ok(match auth {
        AwsAuth::Environment => Source::Chain { profile: None },
        AwsAuth::Secret { access_key_id, secret_access_key, session_token } => Source::Keys {
            id: credentials.text(access_key_id, None)?,
            secret: credentials.text(secret_access_key, None)?,
            token: session_token.as_ref().map(|reference| credentials.text(reference, None)).transpose()?,
        },
        AwsAuth::ServiceAccount(account) => {
            let namespace = account.namespace.as_deref().unwrap_or(credentials.namespace());
            let annotations = credentials.around().service_account_annotations(namespace, &account.name)?;
            let role = annotations.get(ROLE_ANNOTATION).ok_or_else(|| {
                let (about, name) = (credentials.about(), &account.name);
                let what = format!("{about}: the service account {name} has no annotation {ROLE_ANNOTATION}");
                StoreError::new(StoreCause::Login, what)
            })?;
            let audience = annotations.get(AUDIENCE_ANNOTATION).cloned().unwrap_or_else(|| AUDIENCE.to_owned());
            let (account, credentials) = (account.clone(), credentials.clone());
            let token = move || -> Result<SecretText, StoreError> {
                credentials.token(&account, std::slice::from_ref(&audience), TOKEN_SECONDS)
            };
            Source::WebIdentity { role: role.clone(), token: Arc::new(token) }
        }
    })
}

/// Additional roles first, without anything; then the role, with all that is said about it.
fn roles(provider: &AwsProvider, store: &Store, credentials: &Credentials) -> Vec<Role> {
    let pair = |tag: &Tag| (tag.key.clone(), tag.value.clone());
    let own = || {
        let values = [credentials.namespace(), &store.name, store.kind.as_str()];
        ["esoNamespace", "esoStoreName", "esoStoreKind"].map(str::to_owned).into_iter().zip(values.map(str::to_owned))
    };
    let tags: Vec<(String, String)> = match provider.session_tags_policy {
        SessionTagsPolicy::None => provider.session_tags.iter().map(pair).collect(),
        SessionTagsPolicy::Simple => own().collect(),
        SessionTagsPolicy::Custom => own().chain(provider.custom_session_tags.iter().map(pair)).collect(),
    };
    let role = provider.role.as_ref().map(|arn| Role {
        arn: arn.clone(),
        external_id: provider.external_id.clone(),
        tags,
        transitive: provider.transitive_tag_keys.clone(),
    });
    provider.additional_roles.iter().map(Role::plain).chain(role).collect()
}

/// Who we are to AWS, as a login to Vault.
///
/// # Errors
/// No credentials.
#[cfg(feature = "vault")]
pub fn vault_login(iam: &VaultIam, credentials: &Credentials) -> Result<Login, StoreError> {
    let mut settings = base(Service::SecretsManager, &iam.region, &iam.auth, credentials)?;
    settings.roles =
        iam.role.iter().map(|arn| Role { external_id: iam.external_id.clone(), ..Role::plain(arn) }).collect();
    let signed = aws::signed_identity(settings, iam.server_id.as_deref())?;
    Ok(Login::Iam {
        mount: iam.path.clone(),
        role: iam.vault_role.clone(),
        url: signed.url,
        body: signed.body,
        headers: signed.headers,
    })
}

/// A login for a registry.
///
/// # Errors
/// [`StoreError`].
pub fn registry_login(
    spec: &EcrAuthorizationToken,
    credentials: &Credentials,
) -> Result<BTreeMap<String, SecretBytes>, StoreError> {
    let mut settings = base(Service::SecretsManager, &spec.region, &spec.auth, credentials)?;
    settings.roles = spec.role.iter().map(Role::plain).collect();
    let scope = match spec.scope {
        EcrScope::Private => aws::Scope::Private,
        EcrScope::Public => aws::Scope::Public,
    };
    aws::ecr_token(settings, scope)
}

/// Temporary credentials.
///
/// # Errors
/// [`StoreError`].
pub fn session_token(
    spec: &StsSessionToken,
    credentials: &Credentials,
) -> Result<BTreeMap<String, SecretBytes>, StoreError> {
    let mut settings = base(Service::SecretsManager, &spec.region, &spec.auth, credentials)?;
    settings.roles = spec.role.iter().map(Role::plain).collect();
    let factor = match (&spec.serial_number, &spec.token_code) {
        (Some(serial), Some(code)) => {
            Some(aws::SecondFactor { serial: serial.clone(), code: SecretText::new(code.clone()) })
        }
        _ => None,
    };
    let duration = spec.session_duration.map(|seconds| Duration::from_secs(seconds.into()));
    aws::session_token(settings, duration, factor.as_ref())
}
