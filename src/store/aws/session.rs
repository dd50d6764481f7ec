//! What the clients of one store share: configuration, who we are, limits, and the fuse that blows when AWS is not there.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_sdk_secretsmanager::config::IdentityCache;
use aws_sdk_secretsmanager::config::retry::RetryConfig;
use aws_sdk_secretsmanager::config::timeout::TimeoutConfig;
use aws_types::service_config::ServiceConfigKey;

use super::identity::{self, Identity};
use super::settings::{Service, Settings, Source};
use super::trouble::Fault;
use crate::net::aws::{self, Access, domain, is_region};
use crate::net::retry;
use crate::net::runtime::{RuntimeError, block_on};
use crate::secret;
use crate::store::calls::{PARAMETER_STORE, SECRETS_MANAGER};
use crate::store::{Calls, StoreCause, StoreError};

/// Reading the configuration needs no network.
const LOADING: Duration = Duration::from_secs(15);
/// So many failures in a row, and AWS is not there.
const FUSE: u32 = 5;
/// How often it is looked whether somebody still waits.
const GLANCE: Duration = Duration::from_millis(50);
/// More tries are no help.
const MOST_TRIES: u32 = 20;

/// See the file's description.
pub(super) struct Session {
    pub(super) settings: Arc<Settings>,
    pub(super) config: SdkConfig,
    pub(super) identity: Arc<Identity>,
    /// Who asks.
    pub(super) access: Access,
    /// Every request to the store is counted here; STS is not the store.
    pub(super) calls: Arc<Calls>,
    failures: AtomicU32,
}

/// A service of AWS, as far as addresses go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The SDK's name, as in `AWS_ENDPOINT_URL_…`.
    pub(super) id: &'static str,
    /// The beginning of the host.
    pub(super) host: &'static str,
}

impl Session {
    /// Reads configuration; nobody is asked yet.
    pub(super) fn open(settings: Settings) -> Result<Self, StoreError> {
        if !is_region(&settings.region) {
            let shown: String = settings.region.chars().take(100).collect();
            return Err(StoreError::new(StoreCause::Invalid, format!("{shown:?} is not a region of AWS"))
                .hint("regions look like eu-west-1"));
        }
        let settings = Arc::new(settings);
        let config = block_on(LOADING, loader(&settings).load()).map_err(|error| no_runtime(&error))?;
        let sts = Place { id: "sts", host: "sts" };
        let sts = address(&config, settings.endpoints.sts.as_deref(), sts);
        let sts_host = sts.map_or_else(|| default_host("sts", &settings.region), |url| host(&url));
        let identity = Arc::new(Identity::new(config.clone(), Arc::clone(&settings), sts_host));
        let access = identity::access(&settings, settings.roles.len());
        let calls = Arc::new(Calls::new(match settings.service {
            Service::SecretsManager => SECRETS_MANAGER,
            Service::ParameterStore => PARAMETER_STORE,
        }));
        Ok(Self { settings, config, identity, access, calls, failures: AtomicU32::new(0) })
    }

    /// The address that somebody named for a service.
    pub(super) fn address(&self, own: Option<&str>, place: Place) -> Option<String> {
        address(&self.config, own, place)
    }

    /// What a service is called in messages.
    pub(super) fn host(&self, own: Option<&str>, place: Place) -> String {
        let named = self.address(own, place);
        named.map_or_else(|| default_host(place.host, &self.settings.region), |url| host(&url))
    }

    /// Runs `work`, which has `rows` requests one after the other, in so much time as they may take.
    pub(super) fn run<T>(&self, rows: usize, work: impl Future<Output = T>) -> Result<T, StoreError> {
        self.failures.store(0, Ordering::Relaxed);
        let rows = u32::try_from(rows).unwrap_or(u32::MAX).saturating_add(2);
        let limit = self.settings.patience.whole.saturating_mul(rows.min(10_000));
        let watched = async {
            tokio::select! {
                result = work => Ok(result),
                () = self.cancelled() => Err(StoreError::new(StoreCause::Cancelled, "nobody waits for it any more")),
            }
        };
        block_on(limit, watched).map_err(|error| no_runtime(&error))?
    }

    async fn cancelled(&self) {
        while !self.settings.cancel.load(Ordering::Relaxed) {
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// One request. `is_ours` says that nobody else repeats it.
    pub(super) async fn ask<T, F>(&self, is_ours: bool, call: impl Fn() -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let retries = self.settings.retries;
        let tries = if is_ours || retries.pause.is_some() { retries.attempts.clamp(1, MOST_TRIES) } else { 1 };
        let mut attempt = 0;
        let mut is_renewed = false;
        loop {
            self.is_alive().map_err(Fault::Known)?;
            let credentials = self.identity.get().await.map_err(Fault::Known)?;
            let fault = match call().await {
                Ok(answer) => {
                    self.failures.store(0, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(fault) => fault,
            };
            if !is_renewed && matches!(fault.code(), "ExpiredToken" | "TokenRefreshRequired" | "RequestExpired") {
                is_renewed = true;
                self.identity.forget(&credentials).await;
                continue;
            }
            attempt += 1;
            if fault.may_pass() && attempt < tries {
                tokio::time::sleep(self.pause(attempt)).await;
                continue;
            }
            match fault.is_of_the_way() {
                true => self.failures.fetch_add(1, Ordering::Relaxed),
                false => self.failures.swap(0, Ordering::Relaxed),
            };
            return Err(fault);
        }
    }

    /// The ARN of who we are, or why that is not known. That nobody is logged in is an error; that STS does not say who is one
    /// only when nothing else is asked.
    pub(super) async fn whoami(&self, is_all: bool) -> Result<(Option<String>, Vec<String>), StoreError> {
        let client = self.identity.sts_client().await?;
        match client.get_caller_identity().send().await {
            Ok(answer) => Ok((answer.arn, Vec::new())),
            Err(error) => match self.identity.refused("sts:GetCallerIdentity", &Fault::of(&error)) {
                error if is_all || error.cause == StoreCause::Login => Err(error),
                error => Ok((None, vec![format!("who we are is not known: {error}")])),
            },
        }
    }

    fn pause(&self, attempt: u32) -> Duration {
        let mut random = [0];
        // without randomness the pauses are merely all alike
        _ = secret::random(&mut random);
        self.settings.retries.pause.unwrap_or_else(|| retry::pause(attempt - 1, None, random[0]))
    }

    fn is_alive(&self) -> Result<(), StoreError> {
        if self.failures.load(Ordering::Relaxed) < FUSE {
            return Ok(());
        }
        Err(StoreError::new(
            StoreCause::Unreachable,
            format!("not asked for: AWS failed {FUSE} times in a row in {}", self.settings.region),
        ))
    }
}

fn loader(settings: &Settings) -> ConfigLoader {
    let Settings { patience, retries, region, .. } = settings;
    let http = aws::client();
    let region = Region::new(region.clone());
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(patience.connect)
        .read_timeout(patience.attempt)
        .operation_attempt_timeout(patience.attempt)
        .operation_timeout(patience.whole)
        .build();
    let attempts = retries.attempts.clamp(1, MOST_TRIES);
    let tries = match retries.pause {
        // the SDK knows no pauses of one length: those are ours
        Some(_) => RetryConfig::disabled(),
        None => RetryConfig::standard().with_max_attempts(attempts),
    };
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http.clone())
        .region(region.clone())
        .retry_config(tries.clone())
        .timeout_config(timeouts.clone())
        // what was got is kept in `identity`
        .identity_cache(IdentityCache::no_cache());
    let loader = match &settings.endpoints.every {
        Some(url) => loader.endpoint_url(url),
        None => loader,
    };
    match &settings.source {
        Source::Chain { profile: Some(profile) } => {
            let config = ProviderConfig::without_region()
                .with_http_client(http)
                .with_region(Some(region))
                .with_retry_config(tries)
                .with_timeout_config(timeouts);
            let credentials = ProfileFileCredentialsProvider::builder().configure(&config).profile_name(profile);
            loader.profile_name(profile).credentials_provider(credentials.build())
        }
        Source::Chain { profile: None } => loader,
        Source::Keys { .. } | Source::WebIdentity { .. } => loader.no_credentials(),
    }
}

/// The address that somebody named for a service: for it alone, else for everything.
fn address(config: &SdkConfig, own: Option<&str>, place: Place) -> Option<String> {
    // one that is empty is none
    let set = |text: &String| !text.trim().is_empty();
    let key = ServiceConfigKey::builder().service_id(place.id).profile("endpoint_url").env("AWS_ENDPOINT_URL").build();
    let named = || config.service_config().and_then(|services| services.load_config(key.ok()?));
    own.map(str::to_owned)
        .or_else(|| named().filter(set))
        .or_else(|| config.endpoint_url().map(str::to_owned).filter(set))
}

fn default_host(start: &str, region: &str) -> String {
    format!("{start}.{region}.{}", domain(region))
}

/// The host and port of an address, without a login.
fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default().to_owned()
}

fn no_runtime(error: &RuntimeError) -> StoreError {
    StoreError::new(StoreCause::Unreachable, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn hosts_without_logins() {
        for (url, expected) in
            [("http://127.0.0.1:5000/x", "127.0.0.1:5000"), ("https://u:hunter2@h?x", "h"), ("h", "h"), ("", "")]
        {
            assert_eq!(host(url), expected);
        }
    }
}
