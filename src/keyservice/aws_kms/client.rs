//! The SDK's clients: one for each region, profile and role, made when a key needs it, shared by all threads.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_kms::Client;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::config::{IdentityCache, SharedHttpClient};

use crate::net::aws::{self, OnlyWhatMayPass, Patience};
use crate::net::runtime::{RuntimeError, block_on};

/// Tries of one request, with growing pauses and jitter between them.
const TRIES: u32 = 4;
/// Reading the configuration needs no network.
const LOADING: Duration = Duration::from_secs(10);

const PATIENCE: Patience = Patience::seconds(5, 15, 30);

/// Whose client.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Who {
    pub(super) region: String,
    /// Empty: what the environment says.
    pub(super) profile: String,
    pub(super) role: Option<String>,
}

/// All clients of a run.
pub(super) struct Clients {
    pub(super) patience: Patience,
    http: OnceLock<SharedHttpClient>,
    known: Mutex<HashMap<Who, Client>>,
}

impl Default for Clients {
    fn default() -> Self {
        Self { patience: PATIENCE, http: OnceLock::new(), known: Mutex::default() }
    }
}

impl Clients {
    /// The client for `who`; `session` is the name of the session when a role is assumed.
    ///
    /// # Errors
    /// The runtime does not start.
    pub(super) fn of(&self, who: &Who, session: impl FnOnce() -> String) -> Result<Client, RuntimeError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = known.get(who) {
            return Ok(client.clone());
        }
        let http = self.http.get_or_init(aws::client).clone();
        let client = block_on(LOADING, self.build(who, http, session))?;
        known.insert(who.clone(), client.clone());
        Ok(client)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known.lock().unwrap().len()
    }

    async fn build(&self, who: &Who, http: SharedHttpClient, session: impl FnOnce() -> String) -> Client {
        let region = Region::new(who.region.clone());
        let retries = RetryConfig::standard().with_max_attempts(TRIES);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(self.patience.connect)
            .read_timeout(self.patience.attempt)
            .operation_attempt_timeout(self.patience.attempt)
            .operation_timeout(self.patience.whole)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http.clone())
            .region(region.clone())
            .retry_config(retries.clone())
            .timeout_config(timeouts.clone())
            // the SDK's five seconds are too few for a program that asks for a second factor
            .identity_cache(IdentityCache::lazy().load_timeout(self.patience.whole).build());
        if !who.profile.is_empty() {
            // a profile that a key names comes before the variables, as in sops
            let config = ProviderConfig::without_region()
                .with_http_client(http)
                .with_region(Some(region))
                .with_retry_config(retries)
                .with_timeout_config(timeouts);
            let profile = ProfileFileCredentialsProvider::builder().configure(&config).profile_name(&who.profile);
            loader = loader.profile_name(&who.profile).credentials_provider(profile.build());
        }
        let config = loader.load().await;
        let mut kms = aws_sdk_kms::config::Builder::from(&config).retry_classifier(OnlyWhatMayPass);
        if let Some(role) = &who.role {
            let role = AssumeRoleProvider::builder(role).session_name(session()).configure(&config);
            kms = kms.credentials_provider(role.build().await);
        }
        Client::from_conf(kms.build())
    }
}
