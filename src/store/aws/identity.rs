//! Who we are: the first credentials, then one role after the other. What was got is kept until shortly before it ends, so
//! that no role is asked for twice.

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_sts::types::Tag;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::settings::{Role, Settings, Source, TokenSource};
use super::trouble::{Asked, Fault, login_error};
use crate::net::aws::{Access, OnlyWhatMayPass, chain};
use crate::store::{StoreCause, StoreError};

/// Credentials that end sooner are asked for again.
const TOO_SHORT: Duration = Duration::from_secs(60);
/// What is said when whoever gave keys has to give others.
const RENEW: &str = "put keys that are good where these came from";

/// See the file's description.
pub(super) struct Identity {
    config: SdkConfig,
    settings: Arc<Settings>,
    sts_host: String,
    cached: Mutex<Option<Credentials>>,
}

impl Identity {
    /// `config` has the SDK's way to the first credentials.
    pub(super) fn new(config: SdkConfig, settings: Arc<Settings>, sts_host: String) -> Self {
        Self { config, settings, sts_host, cached: Mutex::new(None) }
    }

    /// Credentials that are good for a while.
    pub(super) async fn get(&self) -> Result<Credentials, StoreError> {
        let mut cached = self.cached.lock().await;
        let limit = (self.settings.clock)() + TOO_SHORT;
        if let Some(good) = cached.as_ref().filter(|known| known.expiry().is_none_or(|end| end > limit)) {
            return Ok(good.clone());
        }
        let mut current = self.first().await?;
        for (index, role) in self.settings.roles.iter().enumerate() {
            current = self.assume(role, index, current).await?;
        }
        Ok(cached.insert(current).clone())
    }

    /// Forgets what AWS no longer takes, unless somebody else got anew what was forgotten.
    pub(super) async fn forget(&self, stale: &Credentials) {
        let mut cached = self.cached.lock().await;
        if cached.as_ref().is_some_and(|known| known.access_key_id() == stale.access_key_id()) {
            *cached = None;
        }
    }

    async fn first(&self) -> Result<Credentials, StoreError> {
        match &self.settings.source {
            Source::Keys { id, secret, token } => Ok(Credentials::new(
                id.expose().trim(),
                secret.expose().trim(),
                token.as_ref().map(|token| token.expose().trim().to_owned()),
                None,
                "sealant",
            )),
            Source::Chain { .. } => {
                let Some(provider) = self.config.credentials_provider() else {
                    return Err(StoreError::new(
                        StoreCause::Login,
                        "there is no place to get credentials for AWS from",
                    ));
                };
                let access = access(&self.settings, 0);
                match timeout(self.settings.patience.whole, provider.provide_credentials()).await {
                    Ok(got) => got.map_err(|error| login_error(access.nobody(&chain(&error)))),
                    Err(_) => Err(login_error(access.nobody(&["timed out".to_owned()]))),
                }
            }
            Source::WebIdentity { role, token } => self.exchange(role, token).await,
        }
    }

    fn asked<'a>(&'a self, action: &'a str, role: &'a str, access: &'a Access) -> Asked<'a> {
        let region = &self.settings.region;
        Asked { action, what: role, resource: role, access, host: &self.sts_host, region }
    }

    fn sts(&self, credentials: Option<Credentials>) -> aws_sdk_sts::Client {
        let mut builder = aws_sdk_sts::config::Builder::from(&self.config).retry_classifier(OnlyWhatMayPass);
        if let Some(url) = &self.settings.endpoints.sts {
            builder = builder.endpoint_url(url);
        }
        if let Some(credentials) = credentials {
            builder = builder.credentials_provider(credentials);
        }
        aws_sdk_sts::Client::from_conf(builder.build())
    }

    /// The client of STS for who we are.
    pub(super) async fn sts_client(&self) -> Result<aws_sdk_sts::Client, StoreError> {
        Ok(self.sts(Some(self.get().await?)))
    }

    /// Why STS does not do what who we are wants of it.
    pub(super) fn refused(&self, action: &str, fault: &Fault) -> StoreError {
        let access = access(&self.settings, self.settings.roles.len());
        let region = &self.settings.region;
        let what = access.source.as_str();
        Asked { action, what, resource: "*", access: &access, host: &self.sts_host, region }.trouble(fault)
    }

    /// A token for a role.
    async fn exchange(&self, role: &str, token: &TokenSource) -> Result<Credentials, StoreError> {
        let token = Arc::clone(token);
        let token = spawn_blocking(move || token()).await;
        let token =
            token.map_err(|_| StoreError::new(StoreCause::Login, "the token of the service account was not got"))??;
        let request = self.sts(None).assume_role_with_web_identity().role_arn(role);
        let request = request.role_session_name(&self.settings.session).web_identity_token(token.expose());
        let answer = request.send().await;
        let access = access(&self.settings, 0);
        let asked = self.asked("sts:AssumeRoleWithWebIdentity", role, &access);
        let answer = answer.map_err(|error| match Fault::of(&error) {
            fault if matches!(fault.code(), "InvalidIdentityToken" | "IDPRejectedClaim") => {
                StoreError::new(StoreCause::Login, format!("{role}: AWS does not take the token of the service account"))
                    .hint("the account needs the cluster's OIDC provider, and the role's trust policy that service account and audience")
            }
            fault => asked.trouble(&fault),
        })?;
        credentials(answer.credentials, role)
    }

    /// The next role.
    async fn assume(&self, role: &Role, index: usize, with: Credentials) -> Result<Credentials, StoreError> {
        let mut request = self.sts(Some(with)).assume_role().role_arn(&role.arn);
        request = request.role_session_name(&self.settings.session).set_external_id(role.external_id.clone());
        if !role.tags.is_empty() {
            for (key, value) in &role.tags {
                let tag = Tag::builder().key(key).value(value).build();
                request =
                    request.tags(tag.map_err(|_| StoreError::new(StoreCause::Invalid, "a session tag is incomplete"))?);
            }
            request = request.set_transitive_tag_keys(Some(role.transitive.clone()));
        }
        let answer = request.send().await;
        let access = access(&self.settings, index);
        let asked = self.asked("sts:AssumeRole", &role.arn, &access);
        credentials(answer.map_err(|error| asked.trouble(&Fault::of(&error)))?.credentials, &role.arn)
    }
}

fn credentials(answer: Option<aws_sdk_sts::types::Credentials>, role: &str) -> Result<Credentials, StoreError> {
    let odd = || StoreError::new(StoreCause::Odd, format!("{role}: the answer holds no credentials"));
    let found = answer.ok_or_else(odd)?;
    let end = std::time::SystemTime::try_from(*found.expiration()).map_err(|_| odd())?;
    let (id, secret) = (found.access_key_id, found.secret_access_key);
    Ok(Credentials::new(id, secret, Some(found.session_token), Some(end), "sealant"))
}

/// The same for the SDK's clients.
pub(super) fn provider(identity: &Arc<Identity>) -> SharedCredentialsProvider {
    let identity = Arc::clone(identity);
    SharedCredentialsProvider::new(aws_credential_types::credential_fn::provide_credentials_fn(move || {
        let identity = Arc::clone(&identity);
        async move { identity.get().await.map_err(CredentialsError::provider_error) }
    }))
}

/// Who asks, in words, after so many roles.
pub(super) fn access(settings: &Settings, roles: usize) -> Access {
    let role = roles.checked_sub(1).and_then(|last| settings.roles.get(last)).map(|role| role.arn.as_str());
    match (&settings.source, role) {
        (Source::Chain { profile }, role) => {
            let mut access = settings.login.access(profile.as_deref().unwrap_or_default(), role);
            if let Some(role) = role {
                access.source = role.to_owned();
            }
            access
        }
        (_, Some(role)) => Access::given(role, RENEW, Some(role)),
        (Source::Keys { .. }, None) => Access::given("the access key of the store", RENEW, None),
        (Source::WebIdentity { role, .. }, None) => {
            Access::given(role.as_str(), "look at the service account and at the trust policy of the role", Some(role))
        }
    }
}
