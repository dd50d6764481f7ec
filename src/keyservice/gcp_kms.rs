//! Google Cloud KMS over REST: `encrypt` and `decrypt` of the crypto key that the file names, no additional data; the wrapped
//! key is the ciphertext in standard base64 (sops 3.13.2 `gcpkms/keysource.go`).

mod error;

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use zeroize::{Zeroize, Zeroizing};

use self::error::{key_error, place_error};
use super::error::{Cause, KeyError};
use super::{KeyService, Looked};
use crate::keyservice::Outcome;
use crate::net::google::{Google, Identity, Login, crc32c, cut, encoded};
use crate::net::vault::Address;
use crate::secret::SecretBytes;
use crate::sops::key::{MasterKey, WrappedKey};

/// One request with its answer.
const TIMEOUT: Duration = Duration::from_secs(15);
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
    client: Mutex<Option<Result<Arc<Google>, KeyError>>>,
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

    fn client(&self) -> Result<Arc<Google>, KeyError> {
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        client.get_or_insert_with(|| self.connect().map(Arc::new)).clone()
    }

    fn connect(&self) -> Result<Google, KeyError> {
        let settings = (self.load)()?;
        let failed = |error| place_error(&error);
        let identity = Identity::new(&settings.login).map_err(failed)?;
        let base = match settings.endpoint {
            Some(endpoint) => endpoint,
            None => {
                format!("https://cloudkms.{}", identity.universe(settings.universe.as_deref()).map_err(failed)?)
            }
        };
        let base = Address::parse(&base).map_err(|_| {
            KeyError::service(Cause::Unreachable, format!("{} cannot be an address", cut(&base)))
                .with_hint("SOPS_GCP_KMS_ENDPOINT and SOPS_GCP_KMS_UNIVERSE_DOMAIN name it")
        })?;
        Google::new(base, Some(identity), TIMEOUT).map_err(failed)
    }

    fn bad_answer(&self, what: &str) -> KeyError {
        KeyError::service(Cause::BadAnswer, format!("{}: {what}", self.endpoint))
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
        let path = path(resource_id, "encrypt")?;
        let answer = self
            .client()?
            .post(&path, "application/json", &body("plaintext", secret))
            .map_err(|error| key_error(&error, resource_id, "useToEncrypt"))?;
        let answer: Encrypted<'_> =
            serde_json::from_slice(&answer).map_err(|_| self.bad_answer("an answer that nobody understands"))?;
        let ciphertext = base64_simd::STANDARD
            .decode_to_vec(answer.ciphertext.as_bytes())
            .map_err(|_| self.bad_answer("the ciphertext is not base64"))?;
        if ciphertext.is_empty() {
            return Err(self.bad_answer("an answer without ciphertext"));
        }
        // nobody could open the file later
        if answer.verified == Some(false) || !fits(answer.sum.as_deref(), &ciphertext) {
            return Err(self.bad_answer("something was changed on the way"));
        }
        Ok(Some(answer.ciphertext.into_owned()))
    }

    fn unwrap(&self, wrapped: &WrappedKey) -> Result<Option<SecretBytes>, KeyError> {
        let MasterKey::GcpKms { resource_id } = &wrapped.key else {
            return Ok(None);
        };
        let path = path(resource_id, "decrypt")?;
        let damaged = || KeyError::service(Cause::Ciphertext, "the wrapped key is damaged: it is not base64");
        if wrapped.enc.len() > MAX_WRAPPED {
            return Err(damaged());
        }
        let ciphertext = base64_simd::STANDARD.decode_to_vec(wrapped.enc.trim()).map_err(|_| damaged())?;
        let answer = self
            .client()?
            .post(&path, "application/json", &body("ciphertext", &ciphertext))
            .map_err(|error| key_error(&error, resource_id, "useToDecrypt"))?;
        let mut answer: Decrypted<'_> =
            serde_json::from_slice(&answer).map_err(|_| self.bad_answer("an answer that nobody understands"))?;
        let plaintext = base64_simd::STANDARD.decode_to_vec(answer.plaintext.as_bytes()).map(SecretBytes::new);
        if let Cow::Owned(text) = &mut answer.plaintext {
            text.zeroize();
        }
        let plaintext = plaintext.map_err(|_| self.bad_answer("the plaintext is not base64"))?;
        if !fits(answer.sum.as_deref(), plaintext.expose()) {
            return Err(self.bad_answer("something was changed on the way"));
        }
        Ok(Some(plaintext))
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

#[derive(Deserialize)]
struct Encrypted<'a> {
    #[serde(borrow, default)]
    ciphertext: Cow<'a, str>,
    #[serde(rename = "ciphertextCrc32c")]
    sum: Option<String>,
    #[serde(rename = "verifiedPlaintextCrc32c")]
    verified: Option<bool>,
}

/// Borrowed from the answer, which is wiped.
#[derive(Deserialize)]
struct Decrypted<'a> {
    #[serde(borrow, default)]
    plaintext: Cow<'a, str>,
    #[serde(rename = "plaintextCrc32c")]
    sum: Option<String>,
}

/// Whether a checksum, where there is one, is that of `bytes`.
fn fits(sum: Option<&str>, bytes: &[u8]) -> bool {
    sum.is_none_or(|sum| sum == crc32c(bytes).to_string())
}

/// `{"field": "bytes in base64", "fieldCrc32c": "their checksum"}`.
fn body(field: &str, bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let text = Zeroizing::new(base64_simd::STANDARD.encode_to_string(bytes));
    let sum = crc32c(bytes);
    let mut body = Zeroizing::new(Vec::with_capacity(text.len() + 100));
    for part in ["{\"", field, "\":\"", &text, "\",\"", field, "Crc32c\":\"", &sum.to_string(), "\"}"] {
        body.extend_from_slice(part.as_bytes());
    }
    body
}

/// Where `verb` of a key is asked for. The key has to be named `projects/P/locations/L/keyRings/R/cryptoKeys/K`, as sops
/// checks it at use.
fn path(resource_id: &str, verb: &str) -> Result<String, KeyError> {
    let parts: Vec<&str> = resource_id.split('/').collect();
    // dots would lead elsewhere
    let fits = matches!(
        parts.as_slice(),
        ["projects", project, "locations", location, "keyRings", ring, "cryptoKeys", key]
            if [project, location, ring, key].iter().all(|part| !matches!(**part, "" | "." | ".."))
    );
    if fits {
        // a project of a domain has a colon, which may stand as it is
        let parts: Vec<String> = parts.into_iter().map(|part| encoded(part).replace("%3A", ":")).collect();
        return Ok(format!("/v1/{}:{verb}", parts.join("/")));
    }
    let text = format!("no valid resource id found in \"{}\"", cut(resource_id));
    Err(KeyError::service(Cause::Malformed, text)
        .with_hint("write it like projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY"))
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
            "projects/../locations/l/keyRings/r/cryptoKeys/k",
        ] {
            let key = MasterKey::GcpKms { resource_id: id.into() };
            assert_eq!(service.wrap(&key, b"x").unwrap_err().cause(), Some(Cause::Malformed), "{id}");
        }
        let key = MasterKey::GcpKms { resource_id: "projects/p/locations/l/keyRings/r/cryptoKeys/k".into() };
        let wrapped = WrappedKey { key, enc: "?".into(), created_at: None };
        assert_eq!(service.unwrap(&wrapped).unwrap_err().cause(), Some(Cause::Ciphertext));
        assert!(service.looked().is_empty());
    }

    #[test]
    fn what_is_sent_has_a_checksum() {
        assert_eq!(
            std::str::from_utf8(&body("plaintext", b"123456789")).unwrap(),
            r#"{"plaintext":"MTIzNDU2Nzg5","plaintextCrc32c":"3808858755"}"#
        );
        assert!(fits(None, b"x") && fits(Some("3808858755"), b"123456789") && !fits(Some("1"), b"123456789"));
        let resource = "projects/example.com:p q/locations/l/keyRings/r/cryptoKeys/k";
        let encoded = "/v1/projects/example.com:p%20q/locations/l/keyRings/r/cryptoKeys/k:decrypt";
        assert_eq!(path(resource, "decrypt").unwrap(), encoded);
    }
}
