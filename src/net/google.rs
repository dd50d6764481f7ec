//! A small blocking client for Google Cloud's REST interfaces: for keys and for buckets. Who we are is found out by Google's
//! own library; everything else is done here.
//!
//! Every request has a limit in time, every answer one in size, no redirect is followed (token and body would go along),
//! what is worth another try is tried again a few times, and no error holds a token.

mod checksum;
mod error;
mod identity;

use std::fmt;
use std::time::Duration;

use ureq::http::HeaderMap;
use ureq::tls::TlsConfig;
use ureq::{Agent, Proxy};
use zeroize::Zeroizing;

use super::rest::{self, Answer, Trouble};
use super::retry;
use super::tls::{provider, system_roots};
use super::vault::Address;
use crate::secret;

pub use checksum::crc32c;
pub use error::{GoogleError, Refusal, cut};
pub use identity::{Identity, Login};

/// How often a request is repeated that was refused for now.
const RETRIES: u32 = 3;
/// More than any answer that we ask for.
const ANSWER_LIMIT: usize = 1024 * 1024;
/// Where everything is when nobody says otherwise.
const UNIVERSE: &str = "googleapis.com";

/// See the file's description.
pub struct Google {
    agent: Agent,
    base: Address,
    identity: Option<Identity>,
}

impl fmt::Debug for Google {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Google({})", self.base)
    }
}

impl Google {
    /// A client for what is at `base`; without an identity it says nothing of who we are. `timeout` is for one request with
    /// its answer. Nothing is sent yet.
    ///
    /// # Errors
    /// [`GoogleError::NoRoots`].
    pub fn new(base: Address, identity: Option<Identity>, timeout: Duration) -> Result<Self, GoogleError> {
        let mut tls = TlsConfig::builder().unversioned_rustls_crypto_provider(provider());
        if base.is_tls() {
            tls = tls.root_certs(system_roots().ok_or(GoogleError::NoRoots)?);
        }
        // whoever is near needs no go-between
        let proxy = if base.is_tls() && !base.is_local() { Proxy::try_from_env() } else { None };
        Ok(Self { agent: rest::config(tls.build(), proxy, timeout, rest::CONNECT_TIMEOUT).new_agent(), base, identity })
    }

    /// How the place is called in messages.
    pub fn place(&self) -> String {
        let text = self.base.to_string();
        text.strip_prefix("https://").map_or_else(|| text.clone(), str::to_owned)
    }

    /// Gets a token, where one is needed, to be used by the requests that follow.
    ///
    /// # Errors
    /// [`GoogleError::Credentials`].
    pub fn log_in(&self) -> Result<(), GoogleError> {
        self.identity.as_ref().map_or(Ok(()), |identity| identity.headers().map(drop))
    }

    /// Sends `body` to `path`, which begins with `/` and is encoded; what a good answer holds.
    ///
    /// # Errors
    /// [`GoogleError`].
    pub fn post(&self, path: &str, content_type: &str, body: &[u8]) -> Result<Zeroizing<Vec<u8>>, GoogleError> {
        let headers = self.identity.as_ref().map(Identity::headers).transpose()?.unwrap_or_default();
        let url = format!("{}{path}", self.base);
        let mut attempt = 0;
        loop {
            let outcome = self.once(&url, &headers, content_type, body);
            let again = match &outcome {
                Ok(answer) => is_worth_it(answer.status),
                Err(trouble) => matches!(trouble, Trouble::Broken(_)),
            };
            if !again || attempt >= RETRIES {
                let answer = outcome.map_err(|trouble| GoogleError::of(self.place(), trouble))?;
                return self.understood(answer, &headers);
            }
            let after = outcome.ok().and_then(|answer| answer.retry_after);
            let mut random = [0];
            // without randomness the pauses are merely all alike
            _ = secret::random(&mut random);
            std::thread::sleep(retry::pause(attempt, after, random[0]));
            attempt += 1;
        }
    }

    fn once(&self, url: &str, headers: &HeaderMap, content_type: &str, body: &[u8]) -> Result<Answer, Trouble> {
        let mut request = self.agent.post(url).content_type(content_type);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.send(body).map_err(Trouble::of).and_then(|response| Answer::read(response, ANSWER_LIMIT))
    }

    fn understood(&self, answer: Answer, headers: &HeaderMap) -> Result<Zeroizing<Vec<u8>>, GoogleError> {
        let place = self.place();
        match answer.status {
            200..=299 => Ok(answer.body),
            status @ 300..=399 => Err(GoogleError::redirect(place, status, answer.location.as_deref())),
            status => Err(GoogleError::Refused { place, refusal: Refusal::read(status, &answer.body, headers) }),
        }
    }
}

/// Whether the same request may well be answered in a moment.
fn is_worth_it(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502..=504)
}

/// One part of a path or a query, encoded.
pub fn encoded(part: &str) -> String {
    use fmt::Write;
    let mut text = String::with_capacity(part.len());
    for byte in part.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(byte)),
            // writing to a string cannot fail
            _ => _ = write!(text, "%{byte:02X}"),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unusual_is_encoded() {
        assert_eq!(encoded("a-Z_0.9~"), "a-Z_0.9~");
        assert_eq!(encoded("a/b c?&=+%\u{e9}"), "a%2Fb%20c%3F%26%3D%2B%25%C3%A9");
    }

    #[test]
    fn only_what_may_change_is_repeated() {
        let again: Vec<u16> = (200..600).filter(|status| is_worth_it(*status)).collect();
        assert_eq!(again, [408, 429, 500, 502, 503, 504]);
    }

    #[test]
    fn places_have_names() {
        let place = |text: &str| {
            let base = Address::parse(text).unwrap();
            Google::new(base, None, Duration::from_secs(1)).map(|google| google.place())
        };
        assert_eq!(place("http://127.0.0.1:1").unwrap(), "http://127.0.0.1:1");
        // a machine without certificates has no names for others
        assert!(
            matches!(place("https://kms.example"), Err(GoogleError::NoRoots))
                || place("https://kms.example").unwrap() == "kms.example"
        );
    }
}
