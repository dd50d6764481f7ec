//! Amazon S3, and what speaks like it: a small client that puts objects into buckets (sops 3.13.2 `publish/s3.go`).
//!
//! Credentials, region and addresses come from where the SDK looks for them. Every request has a limit in time and every
//! answer one in size, what is worth another try is tried again a few times, and no error holds a credential. A redirect is
//! not followed: when a bucket is in another region, the request is signed anew for that region and sent to the host that
//! S3 is known to have there, once. What is sent is encrypted.
//!
//! | file | what it is for |
//! |---|---|
//! | `place` | names, checked, and URLs |
//! | `sign` | headers and signature |
//! | `answer` | what is read of an answer, and what it means |
//! | `error` | what went wrong |

mod answer;
mod error;
mod place;
mod sign;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::config::{Credentials, IdentityCache, ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::checksum_config::RequestChecksumCalculation;
use aws_types::service_config::ServiceConfigKey;

use self::answer::{Answer, Asked};
use self::place::Endpoint;
use self::sign::{Headers, Unsigned};
use crate::net::aws::{self, Access, Login, Patience, is_region};
use crate::net::retry;
use crate::net::runtime::{RuntimeError, block_on};
use crate::secret;

pub use error::{S3Cause, S3Error};
pub use place::Object;

/// A slow line has to be enough for the largest file.
const PATIENCE: Patience = Patience::seconds(5, 60, 180);
/// Reading the configuration; where nothing says the region, the machine itself is asked.
const LOADING: Duration = Duration::from_secs(15);
/// More tries than this are no help, whatever `AWS_MAX_ATTEMPTS` says.
const MOST_TRIES: u32 = 10;
/// Credentials that end sooner are asked for again.
const TOO_SHORT: Duration = Duration::from_secs(60);

/// See the file's description.
pub struct S3 {
    access: Access,
    endpoint: Endpoint,
    /// Where buckets are looked for first.
    region: String,
    /// Where they were found.
    found: Mutex<HashMap<String, String>>,
    provider: SharedCredentialsProvider,
    credentials: Mutex<Option<Credentials>>,
    connector: SharedHttpConnector,
    patience: Patience,
    tries: u32,
    checksum: bool,
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S3({})", self.endpoint.host(&self.region))
    }
}

/// Why nothing came back.
enum NoAnswer {
    Late,
    /// What the errors say.
    Failed(Vec<String>),
}

impl S3 {
    /// Reads what the environment and the profiles say; `login` is what is said about that. No bucket is asked yet.
    ///
    /// # Errors
    /// No region, or an address that is none.
    pub fn load(login: &Login) -> Result<Self, S3Error> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(PATIENCE.connect)
            .read_timeout(PATIENCE.attempt)
            .operation_timeout(PATIENCE.whole)
            .build();
        let loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(aws::client())
            .timeout_config(timeouts)
            .identity_cache(IdentityCache::lazy().load_timeout(PATIENCE.whole).build());
        let config = block_on(LOADING, loader.load());
        let config = config.map_err(|error| S3Error::new(S3Cause::Unreachable, format!("settings of AWS: {error}")))?;
        Self::new(&config, login, PATIENCE)
    }

    fn new(config: &SdkConfig, login: &Login, patience: Patience) -> Result<Self, S3Error> {
        let endpoint = match endpoint(config) {
            Some(text) => Endpoint::own(&text)?,
            None => Endpoint::Amazon {
                fips: config.use_fips().unwrap_or(false),
                dual_stack: config.use_dual_stack().unwrap_or(false),
            },
        };
        let Some(region) = config.region().filter(|region| !region.as_ref().is_empty()) else {
            return Err(S3Error::new(S3Cause::Settings, "nothing says in which region of AWS the bucket is")
                .with_hint("set AWS_REGION, or region in the profile"));
        };
        if !is_region(region.as_ref()) {
            let shown: String = region.as_ref().chars().take(100).collect();
            return Err(S3Error::new(S3Cause::Settings, format!("{shown:?} is not a region of AWS"))
                .with_hint("it is in AWS_REGION or AWS_DEFAULT_REGION, or region of the profile"));
        }
        let Some(provider) = config.credentials_provider() else {
            return Err(S3Error::new(S3Cause::Settings, "there is no place to get credentials for AWS from"));
        };
        let tries = config.retry_config().map_or(3, |retries| retries.max_attempts());
        Ok(Self {
            access: login.access("", None),
            endpoint,
            region: region.as_ref().to_owned(),
            found: Mutex::default(),
            provider,
            credentials: Mutex::default(),
            connector: aws::connector(patience, config.sleep_impl()),
            patience,
            tries: tries.clamp(1, MOST_TRIES),
            checksum: config.request_checksum_calculation() != Some(RequestChecksumCalculation::WhenRequired),
        })
    }

    /// Gets credentials, unless there are some that are good for a while.
    ///
    /// # Errors
    /// Nobody is logged in.
    pub fn log_in(&self, now: SystemTime) -> Result<(), S3Error> {
        self.credentials(now).map(|_| ())
    }

    fn credentials(&self, now: SystemTime) -> Result<Credentials, S3Error> {
        let mut known = self.credentials.lock().unwrap_or_else(PoisonError::into_inner);
        let is_good = |credentials: &&Credentials| credentials.expiry().is_none_or(|end| end > now + TOO_SHORT);
        if let Some(good) = known.as_ref().filter(is_good) {
            return Ok(good.clone());
        }
        let got = block_on(self.patience.whole, self.provider.provide_credentials());
        let got = got.map_err(|error| S3Error::new(S3Cause::Unreachable, format!("credentials for AWS: {error}")))?;
        let got = got.map_err(|error| self.access.nobody(&aws::chain(&error)))?;
        Ok(known.insert(got).clone())
    }

    /// Puts an object into its bucket, over one that is there. `now` is the time that the signature states.
    ///
    /// # Errors
    /// [`S3Error`].
    pub fn put(&self, object: &Object, body: &[u8], now: SystemTime) -> Result<(), S3Error> {
        let credentials = self.credentials(now)?;
        let known = self.found().get(object.bucket()).cloned();
        let mut region = known.unwrap_or_else(|| self.region.clone());
        let mut moved = false;
        loop {
            let url = self.endpoint.url(&region, object);
            let unsigned = Unsigned { url: &url, region: &region, body, checksum: self.checksum, now };
            let headers = sign::headers(unsigned, &credentials)?;
            let asked = self.asked(object, &region);
            let outcome = block_on(self.patience.whole, self.persist(&url, &headers, body));
            let answer = match outcome {
                Ok(Ok(answer)) => answer,
                Ok(Err(NoAnswer::Late)) | Err(RuntimeError::Late(_)) => return Err(asked.late()),
                Ok(Err(NoAnswer::Failed(said))) => return Err(asked.unanswered(&said)),
                Err(error @ RuntimeError::Start(_)) => {
                    return Err(S3Error::new(S3Cause::Unreachable, error.to_string()));
                }
            };
            match answer.elsewhere(&region) {
                Some(other) if !moved => {
                    self.found().insert(object.bucket().to_owned(), other.clone());
                    (region, moved) = (other, true);
                }
                _ => return asked.verdict(&answer),
            }
        }
    }

    fn found(&self) -> std::sync::MutexGuard<'_, HashMap<String, String>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asked<'a>(&'a self, object: &'a Object, region: &'a str) -> Asked<'a> {
        let host = self.endpoint.host(region);
        Asked { object, region, host, is_own: self.endpoint.is_own(), access: &self.access }
    }

    /// One request, repeated while that is worth it.
    async fn persist(&self, url: &str, headers: &Headers, body: &[u8]) -> Result<Answer, NoAnswer> {
        let mut attempt = 0;
        loop {
            let outcome = tokio::time::timeout(self.patience.attempt, self.once(url, headers, body)).await;
            let outcome = outcome.unwrap_or(Err(NoAnswer::Late));
            let again = match &outcome {
                Ok(answer) => answer.is_worth_it(),
                Err(NoAnswer::Late) => false,
                Err(NoAnswer::Failed(said)) => aws::network(said).is_none(),
            };
            attempt += 1;
            if !again || attempt >= self.tries {
                return outcome;
            }
            let after = outcome.ok().and_then(|answer| answer.retry_after);
            let mut random = [0];
            // without randomness the pauses are merely all alike
            _ = secret::random(&mut random);
            tokio::time::sleep(retry::pause(attempt - 1, after, random[0])).await;
        }
    }

    async fn once(&self, url: &str, headers: &Headers, body: &[u8]) -> Result<Answer, NoAnswer> {
        let failed = |error: &(dyn std::error::Error + 'static)| NoAnswer::Failed(aws::chain(error));
        let mut request = HttpRequest::new(SdkBody::from(body.to_vec()));
        request.set_method("PUT").map_err(|error| failed(&error))?;
        request.set_uri(url).map_err(|error| failed(&error))?;
        let agent = ("user-agent".to_owned(), concat!("sealant/", env!("CARGO_PKG_VERSION")).to_owned());
        for (name, value) in headers.iter().cloned().chain([agent]) {
            request.headers_mut().try_insert(name, value).map_err(|error| failed(&error))?;
        }
        let response = self.connector.call(request).await.map_err(|error| failed(&error))?;
        Answer::read(response).await.map_err(|error| failed(&error))
    }
}

/// The address that somebody named for S3: for it alone, else for everything.
fn endpoint(config: &SdkConfig) -> Option<String> {
    let key = ServiceConfigKey::builder().service_id("s3").profile("endpoint_url").env("AWS_ENDPOINT_URL").build();
    let named = config.service_config().and_then(|services| services.load_config(key.ok()?));
    // one that is empty is none
    let set = |text: &String| !text.trim().is_empty();
    named.filter(set).or_else(|| config.endpoint_url().map(str::to_owned).filter(set))
}

#[cfg(test)]
mod tests;
