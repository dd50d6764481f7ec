//! Azure Key Vault, with Microsoft's own client: `encrypt` and `decrypt` with RSA-OAEP-256 by the key version that the file
//! names; the wrapped key is the result in URL-safe base64 without padding (sops 3.13.2 `azkv/keysource.go`).

mod error;
mod login;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use azure_core::http::{ClientOptions, HttpClient, Transport};
use azure_core::http::{ExponentialRetryOptions, RetryOptions};
use azure_core::time::Duration as AzureDuration;
use azure_security_keyvault_keys::models::{
    EncryptionAlgorithm, KeyClientEncryptOptions, KeyOperationParameters, KeyOperationResult,
};
use azure_security_keyvault_keys::{KeyClient, KeyClientOptions, ResourceId};

use self::error::key_error;
pub use self::login::Login;
use super::error::{Cause, KeyError};
use super::{KeyService, Looked, Outcome};
use crate::net::{runtime, tls};
use crate::secret::SecretBytes;
use crate::sops::key::{MasterKey, WrappedKey};

/// All requests for one key, logging in and pauses included.
const DEADLINE: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// One request with its answer.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How often a request is repeated that was refused for now.
const RETRIES: u32 = 3;
/// The longest ciphertext that is sent anywhere. RSA with 4096 bits gives 0.7 KiB.
const MAX_WRAPPED: usize = 64 * 1024;

/// Reads who we are when the first key needs it.
pub type Load = Box<dyn Fn() -> Result<Login, KeyError> + Send + Sync>;

/// The key service. One client for each vault, all with the same login; nothing is set up before a key needs it.
pub struct AzureKv {
    load: Load,
    http: Option<Arc<dyn HttpClient>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    login: Option<Result<Arc<dyn azure_core::credentials::TokenCredential>, KeyError>>,
    http: Option<Arc<dyn HttpClient>>,
    clients: HashMap<String, Arc<KeyClient>>,
}

impl fmt::Debug for AzureKv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AzureKv")
    }
}

/// The parts of an Azure key.
struct Key<'a> {
    vault: &'a str,
    name: &'a str,
    version: &'a str,
}

impl<'a> Key<'a> {
    fn of(key: &'a MasterKey) -> Option<Self> {
        match key {
            MasterKey::AzureKv { vault_url, name, version } => Some(Self { vault: vault_url, name, version }),
            _ => None,
        }
    }

    /// `https` only: the token would be sent to whoever listens.
    fn check(&self) -> Result<(), KeyError> {
        let host = self.vault.strip_prefix("https://").unwrap_or_default();
        if host.is_empty() || host.contains(['/', '?', '#', '@']) || self.name.is_empty() {
            let text =
                format!("{}/keys/{}: this is no key of a key vault", error::cut(self.vault), error::cut(self.name));
            return Err(KeyError::service(Cause::Malformed, text)
                .with_hint("write it like https://VAULT.vault.azure.net/keys/NAME/VERSION"));
        }
        Ok(())
    }

    fn shown(&self) -> String {
        format!("{}/keys/{}", error::cut(self.vault), error::cut(self.name))
    }
}

impl AzureKv {
    /// A service whose login is looked for when the first key needs it.
    pub fn new(load: impl Fn() -> Result<Login, KeyError> + Send + Sync + 'static) -> Self {
        Self { load: Box::new(load), http: None, state: Mutex::default() }
    }

    fn client(&self, vault: &str) -> Result<Arc<KeyClient>, KeyError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = state.clients.get(vault) {
            return Ok(client.clone());
        }
        let http = match (&state.http, &self.http) {
            (Some(http), _) | (None, Some(http)) => http.clone(),
            (None, None) => http_client()?,
        };
        state.http = Some(http.clone());
        let login = state.login.get_or_insert_with(|| (self.load)()?.build(&http)).clone()?;
        let options = KeyClientOptions { client_options: client_options(&http), ..KeyClientOptions::default() };
        let client = KeyClient::new(vault, login, Some(options))
            .map_err(|error| KeyError::service(Cause::Malformed, error::cut(&error.to_string())))?;
        let client = Arc::new(client);
        state.clients.insert(vault.to_owned(), client.clone());
        Ok(client)
    }

    fn run<T>(
        &self,
        key: &Key<'_>,
        right: &str,
        work: impl Future<Output = azure_core::Result<T>>,
    ) -> Result<T, KeyError> {
        let done = runtime::block_on(DEADLINE, work)
            .map_err(|error| KeyError::service(Cause::Unreachable, format!("{}: {error}", key.vault)))?;
        done.map_err(|error| key_error(&error, &key.shown(), key.vault, right))
    }
}

impl KeyService for AzureKv {
    fn handles(&self, key: &MasterKey) -> bool {
        Key::of(key).is_some()
    }

    fn endpoint(&self, key: &MasterKey) -> Option<String> {
        Key::of(key).map(|key| key.vault.to_owned())
    }

    /// A key without a version stands for its present one, as in sops.
    fn settle(&self, key: &MasterKey) -> Result<Option<MasterKey>, KeyError> {
        let Some(parts) = Key::of(key).filter(|key| key.version.is_empty()) else {
            return Ok(None);
        };
        parts.check()?;
        let client = self.client(parts.vault)?;
        let found = self.run(&parts, "get", async { client.get_key(parts.name, None).await?.into_model() })?;
        let id = found.key.and_then(|key| key.kid).and_then(|id| id.parse::<azure_core::http::Url>().ok());
        let id = id.and_then(|id| ResourceId::try_from(&id).ok());
        let version = id.and_then(|id| id.version).filter(|version| !version.is_empty()).ok_or_else(|| {
            KeyError::service(Cause::BadAnswer, format!("{}: an answer without a version of the key", parts.vault))
        })?;
        Ok(Some(MasterKey::AzureKv { vault_url: parts.vault.to_owned(), name: parts.name.to_owned(), version }))
    }

    fn wrap(&self, key: &MasterKey, secret: &[u8]) -> Result<Option<String>, KeyError> {
        let Some(key) = Key::of(key) else {
            return Ok(None);
        };
        key.check()?;
        let client = self.client(key.vault)?;
        let version = Some(key.version.to_owned()).filter(|version| !version.is_empty());
        let options = KeyClientEncryptOptions { key_version: version, ..KeyClientEncryptOptions::default() };
        let answer = self.run(&key, "encrypt", async {
            client.encrypt(key.name, parameters(secret).try_into()?, Some(options)).await?.into_model()
        })?;
        let wrapped = result(answer, key.vault)?;
        Ok(Some(base64_simd::URL_SAFE_NO_PAD.encode_to_string(wrapped)))
    }

    fn unwrap(&self, wrapped: &WrappedKey) -> Result<Option<SecretBytes>, KeyError> {
        let Some(key) = Key::of(&wrapped.key) else {
            return Ok(None);
        };
        key.check()?;
        let damaged = || KeyError::service(Cause::Ciphertext, "the wrapped key is damaged: it is not base64");
        if wrapped.enc.len() > MAX_WRAPPED {
            return Err(damaged());
        }
        let ciphertext = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(wrapped.enc.trim()).map_err(|_| damaged())?;
        let client = self.client(key.vault)?;
        let answer = self.run(&key, "decrypt", async {
            let body = parameters(&ciphertext).try_into()?;
            client.decrypt(key.name, key.version, body, None).await?.into_model()
        })?;
        Ok(Some(SecretBytes::new(result(answer, key.vault)?)))
    }

    fn looked(&self) -> Vec<Looked> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Err(error)) = &state.login else {
            return Vec::new();
        };
        vec![Looked { label: "Azure login".into(), outcome: Outcome::Failed(error.to_string()) }]
    }
}

fn parameters(value: &[u8]) -> KeyOperationParameters {
    KeyOperationParameters {
        algorithm: Some(EncryptionAlgorithm::RsaOaep256),
        value: Some(value.to_vec()),
        ..KeyOperationParameters::default()
    }
}

fn result(answer: KeyOperationResult, vault: &str) -> Result<Vec<u8>, KeyError> {
    answer
        .result
        .filter(|bytes| !bytes.is_empty())
        .ok_or_else(|| KeyError::service(Cause::BadAnswer, format!("{vault}: an answer without a result")))
}

/// No redirects: the body of a request may be the data key.
fn http_client() -> Result<Arc<dyn HttpClient>, KeyError> {
    tls::install();
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .build();
    let client = client.map_err(|error| {
        KeyError::service(Cause::Unreachable, format!("no TLS on this machine: {}", error::cut(&error.to_string())))
    })?;
    Ok(Arc::new(client))
}

fn client_options(http: &Arc<dyn HttpClient>) -> ClientOptions {
    let retry = ExponentialRetryOptions {
        max_retries: RETRIES,
        max_total_elapsed: AzureDuration::seconds(20),
        ..ExponentialRetryOptions::default()
    };
    ClientOptions {
        retry: RetryOptions::exponential(retry),
        transport: Some(Transport::new(http.clone())),
        ..ClientOptions::default()
    }
}

#[cfg(test)]
mod tests;
