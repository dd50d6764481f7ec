//! Google Cloud KMS, with Google's own client over REST: `Encrypt` and `Decrypt` of the crypto key that the file names,
//! no additional data; the wrapped key is the ciphertext in standard base64 (sops 3.13.2 `gcpkms/keysource.go`).

mod credentials;
mod error;

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use google_cloud_gax::client_builder::internal::with_follow_redirects;
use google_cloud_gax::retry_policy::NeverRetry;
use google_cloud_kms_v1::client::KeyManagementService;

pub use self::credentials::Login;
use self::error::{key_error, not_built};
use super::error::{Cause, KeyError};
use super::{KeyService, Looked};
use crate::keyservice::Outcome;
use crate::net::runtime;
use crate::net::tls;
use crate::secret::{self, SecretBytes};
use crate::sops::key::{MasterKey, WrappedKey};

/// One request with its answer.
const TIMEOUT: Duration = Duration::from_secs(15);
/// All requests for one key, pauses included.
const DEADLINE: Duration = Duration::from_secs(45);
/// How often a request is repeated that was refused for now.
const RETRIES: u32 = 3;
/// The longest ciphertext that is sent anywhere. One of a data key has some 0.1 KiB.
const MAX_WRAPPED: usize = 64 * 1024;

/// What the service is given.
#[derive(Debug)]
pub struct Settings {
    /// Another place than `https://cloudkms.googleapis.com`.
    pub endpoint: Option<String>,
    /// Another universe than `googleapis.com`.
    pub universe: Option<String>,
    /// Who we are.
    pub login: Login,
}

/// Reads the settings when the first key needs them, or says why they cannot be.
pub type Load = Box<dyn Fn() -> Result<Settings, KeyError> + Send + Sync>;

/// The key service. There is one client for the run; nothing is set up before a key needs it.
pub struct GcpKms {
    endpoint: String,
    load: Load,
    client: Mutex<Option<Result<KeyManagementService, KeyError>>>,
}

impl fmt::Debug for GcpKms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GcpKms({})", self.endpoint)
    }
}

impl GcpKms {
    /// `endpoint` is how the place is called in messages.
    pub fn new(endpoint: String, load: impl Fn() -> Result<Settings, KeyError> + Send + Sync + 'static) -> Self {
        Self { endpoint, load: Box::new(load), client: Mutex::default() }
    }

    fn client(&self) -> Result<KeyManagementService, KeyError> {
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        client.get_or_insert_with(|| self.connect()).clone()
    }

    fn connect(&self) -> Result<KeyManagementService, KeyError> {
        tls::install();
        let settings = (self.load)()?;
        let built = runtime::block_on(DEADLINE, async {
            let login = settings.login.build()?;
            // the body of a request is the data key: it goes to nobody else
            let mut builder = with_follow_redirects(KeyManagementService::builder(), false).with_credentials(login);
            // what is worth another try is decided here
            builder = builder.with_attempt_timeout(TIMEOUT).with_retry_policy(NeverRetry);
            if let Some(endpoint) = settings.endpoint {
                builder = builder.with_endpoint(endpoint);
            }
            if let Some(universe) = settings.universe {
                builder = builder.with_universe_domain(universe);
            }
            builder.build().await.map_err(|error| not_built(&error))
        });
        built.map_err(|error| KeyError::service(Cause::Unreachable, error.to_string()))?
    }
}

impl KeyService for GcpKms {
    fn handles(&self, key: &MasterKey) -> bool {
        matches!(key, MasterKey::GcpKms { .. })
    }

    fn endpoint(&self, _: &MasterKey) -> Option<String> {
        Some(self.endpoint.clone())
    }

    fn wrap(&self, key: &MasterKey, secret: &[u8]) -> Result<Option<String>, KeyError> {
        let MasterKey::GcpKms { resource_id } = key else {
            return Ok(None);
        };
        check(resource_id)?;
        let client = self.client()?;
        let plaintext = secret.to_vec();
        let answer = call(resource_id, "useToEncrypt", &self.endpoint, || {
            client.encrypt().set_name(resource_id).set_plaintext(plaintext.clone()).send()
        })?;
        if answer.ciphertext.is_empty() {
            return Err(KeyError::service(
                Cause::BadAnswer,
                format!("{}: an answer without ciphertext", self.endpoint),
            ));
        }
        Ok(Some(base64_simd::STANDARD.encode_to_string(&answer.ciphertext)))
    }

    fn unwrap(&self, wrapped: &WrappedKey) -> Result<Option<SecretBytes>, KeyError> {
        let MasterKey::GcpKms { resource_id } = &wrapped.key else {
            return Ok(None);
        };
        check(resource_id)?;
        let damaged = || KeyError::service(Cause::Ciphertext, "the wrapped key is damaged: it is not base64");
        if wrapped.enc.len() > MAX_WRAPPED {
            return Err(damaged());
        }
        let ciphertext = base64_simd::STANDARD.decode_to_vec(wrapped.enc.trim()).map_err(|_| damaged())?;
        let client = self.client()?;
        let answer = call(resource_id, "useToDecrypt", &self.endpoint, || {
            client.decrypt().set_name(resource_id).set_ciphertext(ciphertext.clone()).send()
        })?;
        Ok(Some(SecretBytes::new(answer.plaintext.to_vec())))
    }

    fn looked(&self) -> Vec<Looked> {
        let client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        // whoever was not asked has nothing to say
        let Some(Err(error)) = client.as_ref() else {
            return Vec::new();
        };
        vec![Looked { label: "Google Cloud credentials".into(), outcome: Outcome::Failed(error.to_string()) }]
    }
}

/// `projects/P/locations/L/keyRings/R/cryptoKeys/K`, as sops checks it at use.
fn check(resource_id: &str) -> Result<(), KeyError> {
    let parts: Vec<&str> = resource_id.split('/').collect();
    let fits = matches!(
        parts.as_slice(),
        ["projects", project, "locations", location, "keyRings", ring, "cryptoKeys", key]
            if [project, location, ring, key].iter().all(|part| !part.is_empty())
    );
    if fits {
        return Ok(());
    }
    let text = format!("no valid resource id found in \"{}\"", error::cut(resource_id));
    Err(KeyError::service(Cause::Malformed, text)
        .with_hint("write it like projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY"))
}

/// One call, repeated with growing pauses while the service says that it is only for now.
fn call<T, F>(resource: &str, permission: &str, endpoint: &str, send: impl Fn() -> F) -> Result<T, KeyError>
where
    F: Future<Output = google_cloud_kms_v1::Result<T>>,
{
    let work = async {
        let mut attempt = 0;
        loop {
            match send().await {
                Err(error) if attempt < RETRIES && error::is_passing(&error) => {
                    tokio::time::sleep(pause(attempt)).await;
                    attempt += 1;
                }
                outcome => return outcome.map_err(|error| key_error(&error, resource, permission, endpoint)),
            }
        }
    };
    runtime::block_on(DEADLINE, work)
        .map_err(|error| KeyError::service(Cause::Unreachable, format!("{endpoint}: {error}")))?
}

/// 0.2 s, 0.4 s, 0.8 s, and up to half as much more.
fn pause(attempt: u32) -> Duration {
    let mut random = [0];
    // without randomness the pauses are merely all alike
    _ = secret::random(&mut random);
    let base = 200 << attempt;
    Duration::from_millis(base + base * u64::from(random[0]) / 512)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resource_ids_are_checked_before_anybody_is_asked() {
        let service = GcpKms::new("nowhere".into(), || panic!("nothing is to be set up"));
        for id in [
            "",
            "projects/p",
            "projects/p/locations/l/keyRings/r/cryptoKeys/",
            "a/p/locations/l/keyRings/r/cryptoKeys/k",
        ] {
            let key = MasterKey::GcpKms { resource_id: id.into() };
            assert_eq!(service.wrap(&key, b"x").unwrap_err().cause(), Some(Cause::Malformed), "{id}");
        }
        let key = MasterKey::GcpKms { resource_id: "projects/p/locations/l/keyRings/r/cryptoKeys/k".into() };
        let wrapped = WrappedKey { key, enc: "?".into(), created_at: None };
        assert_eq!(service.unwrap(&wrapped).unwrap_err().cause(), Some(Cause::Ciphertext));
        assert!(service.looked().is_empty());
    }
}
