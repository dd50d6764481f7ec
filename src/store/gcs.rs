//! Google Cloud Storage: a small client that puts objects into buckets (sops 3.13.2 `publish/gcs.go`, which uses Google's
//! client: one request of two parts, what the object is called and what it holds).

use std::time::Duration;

use serde_json::json;

use crate::net::google::{Google, GoogleError, Identity, crc32c, encoded};
use crate::net::vault::{Address, VaultError};
use crate::secret;

/// One request with its answer. A slow line has to be enough for the largest file.
const TIMEOUT: Duration = Duration::from_secs(120);
/// What Google allows.
const MOST_NAME: usize = 1024;

/// Where objects go.
#[derive(Debug)]
pub struct Gcs(Google);

/// What is wrong with a place.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum GcsError {
    /// The emulator's address is none.
    #[error("the address of the storage emulator is invalid: {0}")]
    Emulator(String),
    /// The universe is none.
    #[error("{0:?} cannot be a universe of Google Cloud")]
    Universe(String),
    /// No bucket has such a name.
    #[error("{0:?} cannot be the name of a bucket")]
    Bucket(String),
    /// No object has such a name.
    #[error("{0:?} cannot be the name of an object")]
    Name(String),
    /// Google says no, or nothing. The bucket is the one that was asked for.
    #[error("gcs://{bucket}: {source}")]
    Google {
        /// Which bucket.
        bucket: String,
        /// What happened.
        source: GoogleError,
    },
    /// There is no way to Google.
    #[error(transparent)]
    Client(GoogleError),
}

/// A name in a bucket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Object {
    bucket: String,
    name: String,
}

impl Object {
    /// Checks the names, as far as Google's rules for them are about what they are made of.
    ///
    /// # Errors
    /// [`GcsError::Bucket`], [`GcsError::Name`].
    pub fn new(bucket: &str, name: &str) -> Result<Self, GcsError> {
        let is_bucket =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.');
        if bucket.is_empty() || bucket.len() > 222 || !bucket.bytes().all(is_bucket) || matches!(bucket, "." | "..") {
            return Err(GcsError::Bucket(bucket.chars().take(100).collect()));
        }
        let is_odd = name.contains(['\r', '\n']) || matches!(name, "" | "." | "..");
        if is_odd || name.len() > MOST_NAME {
            return Err(GcsError::Name(name.chars().take(100).collect()));
        }
        Ok(Self { bucket: bucket.to_owned(), name: name.to_owned() })
    }
}

impl Gcs {
    /// Google's own, with who we are. `universe` is another one than the usual.
    ///
    /// # Errors
    /// Credentials of another universe; no certificates to trust.
    pub fn new(identity: Identity, universe: Option<&str>) -> Result<Self, GcsError> {
        let universe = identity.universe(universe).map_err(GcsError::Client)?;
        let base = Address::parse(&format!("https://storage.{universe}"));
        let base = base.map_err(|_| GcsError::Universe(universe.chars().take(100).collect()))?;
        Google::new(base, Some(identity), TIMEOUT).map(Self).map_err(GcsError::Client)
    }

    /// An emulator, which is not told who we are. `address` is read as Google's client for Go reads
    /// `STORAGE_EMULATOR_HOST`: without a scheme it is one without TLS, and a path is left out.
    ///
    /// # Errors
    /// [`GcsError::Emulator`]; no certificates to trust.
    pub fn emulator(address: &str) -> Result<Self, GcsError> {
        let whole = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
        let parsed = Address::parse(&whole).and_then(|address| {
            let scheme = if address.is_tls() { "https" } else { "http" };
            Address::parse(&format!("{scheme}://{}", address.authority()))
        });
        let base = parsed.map_err(|error| match error {
            VaultError::Address(why) => GcsError::Emulator(why.to_owned()),
            other => GcsError::Emulator(other.to_string()),
        })?;
        Google::new(base, None, TIMEOUT).map(Self).map_err(GcsError::Client)
    }

    /// Finds out whether somebody is logged in. No bucket is asked.
    ///
    /// # Errors
    /// No token to be had.
    pub fn log_in(&self) -> Result<(), GcsError> {
        self.0.log_in().map_err(GcsError::Client)
    }

    /// Puts `bytes` there, over what is there. Google compares a checksum before it does.
    ///
    /// # Errors
    /// [`GcsError::Google`].
    pub fn put(&self, object: &Object, bytes: &[u8]) -> Result<(), GcsError> {
        let mut random = [0; 16];
        // a fixed word is as good, unless the file has it
        _ = secret::random(&mut random);
        let boundary: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let body = parts(object, bytes, &boundary);
        let (bucket, name) = (encoded(&object.bucket), encoded(&object.name));
        let path = format!("/upload/storage/v1/b/{bucket}/o?uploadType=multipart&name={name}");
        let answer = self.0.post(&path, &format!("multipart/related; boundary={boundary}"), &body);
        let failed = |source| GcsError::Google { bucket: object.bucket.clone(), source };
        let answer = answer.map_err(failed)?;
        // whatever else is listening there would say yes, too
        match serde_json::from_slice::<serde_json::Value>(&answer) {
            Ok(json) if json.is_object() => Ok(()),
            _ => Err(failed(GoogleError::NotGoogle { place: self.0.place() })),
        }
    }
}

fn parts(object: &Object, bytes: &[u8], boundary: &str) -> Vec<u8> {
    let sum = base64_simd::STANDARD.encode_to_string(crc32c(bytes).to_be_bytes());
    let what = json!({"bucket": object.bucket, "crc32c": sum, "name": object.name});
    let kind = content_type(bytes);
    let mut body = format!(
        "--{boundary}\r\nContent-Type: application/json\r\n\r\n{what}\r\n--{boundary}\r\nContent-Type: {kind}\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    body
}

/// What Google's client for Go says that encrypted files are (`net/http`, `DetectContentType`).
fn content_type(bytes: &[u8]) -> &'static str {
    let start = &bytes[..bytes.len().min(512)];
    let is_binary = |byte: &u8| matches!(byte, 0x00..=0x08 | 0x0B | 0x0E..=0x1A | 0x1C..=0x1F);
    if start.iter().any(is_binary) { "application/octet-stream" } else { "text/plain; charset=utf-8" }
}

#[cfg(test)]
mod tests;
