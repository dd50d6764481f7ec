//! A small blocking client for the key-value stores of Vault and OpenBao.
//!
//! It does what one command needs and nothing behind its back: every request has a limit in time, every answer one in
//! size, no redirect is followed (the token would go along), what is worth another try is tried again a few times, and no
//! error holds the token or a value.

mod address;
mod error;
mod retry;

use std::fmt;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use ureq::http::Response;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};
use zeroize::{Zeroize, Zeroizing};

use crate::secret::{self, SecretText};

pub use address::Address;
pub use error::VaultError;

/// What Vault itself accepts as a request by default, and more than any secret should be.
const ANSWER_LIMIT: usize = 32 * 1024 * 1024;
/// Nobody waits longer for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// More tries than this are no help.
const MOST_RETRIES: u32 = 10;

/// What the client is given.
#[derive(Debug)]
pub struct Settings {
    /// Where it is.
    pub address: Address,
    /// Who we are.
    pub token: SecretText,
    /// The namespace, if any.
    pub namespace: Option<String>,
    /// Whose certificates are good.
    pub roots: Roots,
    /// For one request, all of it.
    pub timeout: Duration,
    /// How often a request is repeated.
    pub retries: u32,
}

/// Whose certificates are good.
#[derive(Debug)]
pub enum Roots {
    /// Those whom the system trusts.
    System,
    /// Only these: certificates in PEM.
    Only(Vec<u8>),
    /// Everybody's. Whoever is on the way can read everything then.
    Any,
}

/// See the file's description.
pub struct Vault {
    agent: Agent,
    address: Address,
    token: SecretText,
    namespace: Option<String>,
    retries: u32,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({})", self.address)
    }
}

/// JSON that is wiped when dropped, as far as it is text.
pub struct WipedJson(Value);

impl WipedJson {
    /// The value.
    pub fn value(&self) -> &Value {
        &self.0
    }
}

impl fmt::Debug for WipedJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

impl Drop for WipedJson {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// The parser allows 128 levels, so this ends.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(items) => items.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[derive(Clone, Copy)]
enum Method<'a> {
    Get,
    Put(&'a [u8]),
}

impl Method<'_> {
    fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put(_) => "PUT",
        }
    }
}

struct Answer {
    status: u16,
    location: Option<String>,
    retry_after: Option<u64>,
    body: Zeroizing<Vec<u8>>,
}

impl Vault {
    /// A client; nothing is sent yet.
    ///
    /// # Errors
    /// A token or a namespace that cannot be one; no certificate where some should be.
    pub fn new(settings: Settings) -> Result<Self, VaultError> {
        let fits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !fits(settings.token.expose()) {
            return Err(VaultError::Token);
        }
        if settings.namespace.as_deref().is_some_and(|namespace| !fits(namespace)) {
            return Err(VaultError::Namespace);
        }
        let mut tls =
            TlsConfig::builder().unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()));
        // without TLS there is no need to look for certificates
        if settings.address.is_tls() {
            tls = match &settings.roots {
                Roots::System => tls.root_certs(system_roots()?),
                Roots::Only(pem) => tls.root_certs(roots_of(pem)?),
                Roots::Any => tls.root_certs(RootCerts::new_with_certs(&[])).disable_verification(true),
            };
        }
        let config = Agent::config_builder()
            .tls_config(tls.build())
            .proxy(None)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(settings.timeout))
            .timeout_connect(Some(CONNECT_TIMEOUT.min(settings.timeout)))
            .user_agent(concat!("sealant/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self {
            agent: config.new_agent(),
            address: settings.address,
            token: settings.token,
            namespace: settings.namespace,
            retries: settings.retries.min(MOST_RETRIES),
        })
    }

    /// The data of a secret in a store of version 2; `None` when there is none (any more). `path` has the mount and `data/`.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn read_v2(&self, path: &str) -> Result<Option<WipedJson>, VaultError> {
        let answer = self.call(Method::Get, path)?;
        if answer.status == 404 {
            return Ok(None);
        }
        let mut body = self.understood(Method::Get, path, &answer)?;
        let data = body.0.pointer_mut("/data/data").map(Value::take).filter(|data| !data.is_null());
        Ok(data.map(WipedJson))
    }

    /// Writes `body`, which is JSON. `path` has the mount and all. Returns the new version's number where there are versions.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn write(&self, path: &str, body: &[u8]) -> Result<Option<u64>, VaultError> {
        let method = Method::Put(body);
        let answer = self.call(method, path)?;
        if answer.status == 204 {
            return Ok(None);
        }
        let answer = self.understood(method, path, &answer)?;
        Ok(answer.0.pointer("/data/version").and_then(Value::as_u64))
    }

    /// The answer's JSON when it is a good one.
    fn understood(&self, method: Method<'_>, path: &str, answer: &Answer) -> Result<WipedJson, VaultError> {
        let request = self.request(method, path)?;
        let json = serde_json::from_slice(&answer.body).map(WipedJson);
        match answer.status {
            200..=299 => json.map_err(|_| VaultError::NotVault { request }),
            300..=399 => {
                let to = answer.location.as_deref().map_or_else(|| "an unnamed place".to_owned(), error::place);
                Err(VaultError::Redirect { request, to })
            }
            status => {
                let messages = json.map(|json| error::messages(json.value(), &self.token)).unwrap_or_default();
                Err(VaultError::Refused { request, status, messages })
            }
        }
    }

    fn request(&self, method: Method<'_>, path: &str) -> Result<String, VaultError> {
        Ok(format!("{} {}", method.name(), self.address.url(path)?))
    }

    /// One request, repeated while that is worth it.
    fn call(&self, method: Method<'_>, path: &str) -> Result<Answer, VaultError> {
        let url = self.address.url(path)?;
        let mut attempt = 0;
        loop {
            let outcome = self.once(method, &url);
            let again = match &outcome {
                Ok(answer) => retry::is_worth_it(answer.status),
                Err(error) => error.is_passing(),
            };
            if !again || attempt >= self.retries {
                return outcome;
            }
            let after = outcome.ok().and_then(|answer| answer.retry_after);
            let mut random = [0];
            // without randomness the pauses are merely all alike
            _ = secret::random(&mut random);
            std::thread::sleep(retry::pause(attempt, after, random[0]));
            attempt += 1;
        }
    }

    fn once(&self, method: Method<'_>, url: &str) -> Result<Answer, VaultError> {
        let request = || format!("{} {url}", method.name());
        let sent = match method {
            Method::Get => self.headers(self.agent.get(url)).call(),
            Method::Put(body) => self.headers(self.agent.put(url)).content_type("application/json").send(body),
        };
        let mut response = sent.map_err(|error| VaultError::of(request(), error))?;
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let location = header("location").map(str::to_owned);
        let retry_after = header("retry-after").and_then(|text| text.parse().ok());
        let status = response.status().as_u16();
        let body = read(&mut response, &request)?;
        Ok(Answer { status, location, retry_after, body })
    }

    fn headers<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        // the first is what keeps a browser from being made to call an agent
        let request = request.header("X-Vault-Request", "true").header("X-Vault-Token", self.token.expose());
        match &self.namespace {
            Some(namespace) => request.header("X-Vault-Namespace", namespace),
            None => request,
        }
    }
}

/// The whole body, if it is not too large.
fn read(response: &mut Response<Body>, request: &dyn Fn() -> String) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let mut reader = response.body_mut().as_reader();
    let mut body = Zeroizing::new(Vec::new());
    let mut chunk = Zeroizing::new([0; 16 * 1024]);
    loop {
        let count = match reader.read(chunk.as_mut_slice()) {
            Ok(0) => return Ok(body),
            Ok(count) => count,
            Err(error) => return Err(VaultError::of(request(), ureq::Error::from(error))),
        };
        if body.len() + count > ANSWER_LIMIT {
            return Err(VaultError::TooLarge { request: request(), limit: ANSWER_LIMIT });
        }
        if body.capacity() < body.len() + count {
            // growing in place would leave what was read so far in freed memory
            let mut larger = Zeroizing::new(Vec::with_capacity((body.capacity() * 2).max(chunk.len())));
            larger.extend_from_slice(&body);
            body = larger;
        }
        body.extend_from_slice(&chunk[..count]);
    }
}

fn roots_of(pem: &[u8]) -> Result<RootCerts, VaultError> {
    let found: Vec<Certificate<'static>> = parse_pem(pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if found.is_empty() { Err(VaultError::NoCertificates) } else { Ok(RootCerts::new_with_certs(&found)) }
}

fn system_roots() -> Result<RootCerts, VaultError> {
    let found = rustls_native_certs::load_native_certs().certs;
    let found: Vec<Certificate<'static>> =
        found.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
    if found.is_empty() { Err(VaultError::NoSystemRoots) } else { Ok(RootCerts::new_with_certs(&found)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(token: &str, namespace: Option<&str>) -> Result<Vault, VaultError> {
        Vault::new(Settings {
            address: Address::parse("http://127.0.0.1:1").unwrap(),
            token: SecretText::new(token.into()),
            namespace: namespace.map(str::to_owned),
            roots: Roots::System,
            timeout: Duration::from_secs(1),
            retries: 0,
        })
    }

    #[test]
    fn what_cannot_be_a_header_is_refused_and_nothing_is_shown() {
        for token in ["", "hunter2\n", "hunter2 hunter2", "hunter\u{e9}"] {
            let error = vault(token, None).unwrap_err();
            assert!(matches!(error, VaultError::Token));
            assert!(!format!("{error:?} {error}").contains("hunter"));
        }
        assert!(matches!(vault("t", Some("a\r\nb")), Err(VaultError::Namespace)));
        assert_eq!(format!("{:?}", vault("hunter2", None).unwrap()), "Vault(http://127.0.0.1:1)");
    }

    #[test]
    fn certificates_have_to_be_there() {
        assert!(matches!(roots_of(b"nothing"), Err(VaultError::NoCertificates)));
        let private = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert!(matches!(roots_of(private), Err(VaultError::NoCertificates)));
    }

    #[test]
    fn json_is_wiped_and_not_shown() {
        let mut value = serde_json::json!({"a": ["hunter2", {"b": "hunter2"}]});
        wipe(&mut value);
        assert_eq!(value, serde_json::json!({"a": ["", {"b": ""}]}));
        assert_eq!(format!("{:?}", WipedJson(value)), "[REDACTED]");
    }
}
