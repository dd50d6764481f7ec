//! A small blocking client for Vault and OpenBao: for their key-value stores, and for transit keys.
//!
//! It does what one command needs and nothing behind its back: every request has a limit in time, every answer one in
//! size, no redirect is followed (the token would go along), what is worth another try is tried again a few times, and no
//! error holds the token or a value. Threads share a client: connections are kept and used again.

mod address;
pub(super) mod error;
mod line;
mod tls;

use std::fmt;
use std::time::Duration;

use serde_json::Value;
use zeroize::Zeroize;

use super::retry;
use crate::secret::SecretText;

pub use address::{Address, for_shell};
pub use error::VaultError;
pub use line::{Ask, Line, Method, Place, Reply};
pub use tls::{ClientPem, Roots};

/// What Vault itself accepts as a request by default, and more than any secret should be.
const ANSWER_LIMIT: usize = 32 * 1024 * 1024;
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
    /// The name that its certificate has to be for, when that is not the host's.
    pub server_name: Option<String>,
    /// Our own certificate, for servers that want one.
    pub own: Option<ClientPem>,
    /// For one request, all of it.
    pub timeout: Duration,
    /// How often a request is repeated.
    pub retries: u32,
}

/// See the file's description.
pub struct Vault {
    line: Line,
    token: SecretText,
    namespace: Option<String>,
    retries: u32,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({})", self.line.address())
    }
}

/// JSON that is wiped when dropped, as far as it is text.
pub struct WipedJson(Value);

impl WipedJson {
    /// The value.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// Only the part at a JSON pointer, unless there is none or it is null.
    pub fn take(mut self, pointer: &str) -> Option<Self> {
        self.0.pointer_mut(pointer).map(Value::take).filter(|part| !part.is_null()).map(Self)
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
        let place = Place {
            address: &settings.address,
            roots: &settings.roots,
            server_name: settings.server_name.as_deref(),
            own: settings.own.as_ref(),
            timeout: settings.timeout,
        };
        Ok(Self {
            line: Line::new(&place)?,
            token: settings.token,
            namespace: settings.namespace,
            retries: settings.retries.min(MOST_RETRIES),
        })
    }

    /// Where it is.
    pub fn address(&self) -> &Address {
        self.line.address()
    }

    /// Reads what is at `path`.
    ///
    /// # Errors
    /// [`VaultError`]; also when there is nothing.
    pub fn get(&self, path: &str) -> Result<WipedJson, VaultError> {
        let ask = Ask::new(Method::Get, path);
        let reply = self.call(ask)?;
        self.understood(&ask, &reply, &[])
    }

    /// Sends `body`, which is JSON, to `path`; `None` when the answer is that there is nothing to say. No message repeats
    /// any of `hidden`.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn put(&self, path: &str, body: &[u8], hidden: &[&str]) -> Result<Option<WipedJson>, VaultError> {
        let ask = Ask { body: Some(body), ..Ask::new(Method::Put, path) };
        let reply = self.call(ask)?;
        if reply.status == 204 {
            return Ok(None);
        }
        self.understood(&ask, &reply, hidden).map(Some)
    }

    /// The answer's JSON when it is a good one.
    fn understood(&self, ask: &Ask<'_>, reply: &Reply, hidden: &[&str]) -> Result<WipedJson, VaultError> {
        let request = self.line.request(ask)?;
        match reply.status {
            200..=299 => {
                serde_json::from_slice(&reply.body).map(WipedJson).map_err(|_| VaultError::NotVault { request })
            }
            300..=399 => Err(VaultError::Redirect { request, to: reply.leads_to() }),
            status => {
                let hidden: Vec<&str> = hidden.iter().copied().chain([self.token.expose()]).collect();
                Err(VaultError::Refused { request, status, messages: reply.messages(&hidden) })
            }
        }
    }

    /// One request, repeated while that is worth it.
    fn call(&self, ask: Ask<'_>) -> Result<Reply, VaultError> {
        let ask = Ask { token: Some(&self.token), namespace: self.namespace.as_deref(), ..ask };
        let mut attempt = 0;
        loop {
            let outcome = self.line.ask(&ask);
            let again = match &outcome {
                Ok(reply) => retry::is_worth_it(reply.status),
                Err(error) => error.is_passing(),
            };
            if !again || attempt >= self.retries {
                return outcome;
            }
            let after = outcome.ok().and_then(|reply| reply.retry_after);
            std::thread::sleep(retry::pause(attempt, after, retry::random()));
            attempt += 1;
        }
    }
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
            server_name: None,
            own: None,
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
    fn json_is_wiped_and_not_shown() {
        let mut value = serde_json::json!({"a": ["hunter2", {"b": "hunter2"}]});
        wipe(&mut value);
        assert_eq!(value, serde_json::json!({"a": ["", {"b": ""}]}));
        assert_eq!(format!("{:?}", WipedJson(value)), "[REDACTED]");
    }
}
