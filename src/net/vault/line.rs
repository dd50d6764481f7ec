//! The connections to one address, and single requests over them: who is asking is said with each request, nothing is
//! repeated, and every answer is an answer, whatever its status.

use std::fmt;
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::http::{HeaderValue, Request, request};
use zeroize::Zeroizing;

use super::{ANSWER_LIMIT, Address, ClientPem, Roots, VaultError, WipedJson, error, tls};
use crate::net::rest::{self, Answer, Trouble};
use crate::secret::SecretText;

/// Where something is, and how it proves to be that.
#[derive(Debug)]
pub struct Place<'a> {
    /// Where.
    pub address: &'a Address,
    /// Whose certificates are good.
    pub roots: &'a Roots,
    /// The name that its certificate has to be for, when that is not the host's.
    pub server_name: Option<&'a str>,
    /// Our own certificate, for servers that want one.
    pub own: Option<&'a ClientPem>,
    /// For one request with its answer.
    pub timeout: Duration,
}

/// See the file's description. Threads share it: connections are kept and used again.
pub struct Line {
    agent: Agent,
    address: Address,
    /// What stands in URLs for `address` where another name is to be proved.
    proved: Option<Address>,
}

/// What is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// Read.
    Get,
    /// Names below. Sent as `GET` with `list=true`, as the client of Vault does: proxies know no `LIST`.
    List,
    /// Write.
    Post,
    /// The same as `Post`.
    Put,
    /// Change a part. The body is a merge patch.
    Patch,
    /// Remove.
    Delete,
}

impl Method {
    /// As people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::List => "LIST",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    fn sent(self) -> &'static str {
        if self == Self::List { "GET" } else { self.name() }
    }
}

/// One request.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// What is done.
    pub method: Method,
    /// The path of the API, without `v1/`.
    pub path: &'a str,
    /// What follows `?`, not yet encoded.
    pub query: &'a [(&'a str, &'a str)],
    /// More headers.
    pub headers: &'a [(&'a str, &'a str)],
    /// Who asks.
    pub token: Option<&'a SecretText>,
    /// The namespace, if any.
    pub namespace: Option<&'a str>,
    /// JSON.
    pub body: Option<&'a [u8]>,
}

impl<'a> Ask<'a> {
    /// The bare request.
    pub fn new(method: Method, path: &'a str) -> Self {
        Self { method, path, query: &[], headers: &[], token: None, namespace: None, body: None }
    }
}

/// An answer, whatever its status.
pub struct Reply {
    /// The code.
    pub status: u16,
    /// All of the body.
    pub body: Zeroizing<Vec<u8>>,
    /// When to come back, in seconds.
    pub retry_after: Option<u64>,
    /// The state of the server's storage that this answer knows (`X-Vault-Index`).
    pub index: Option<String>,
    location: Option<String>,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({}, [REDACTED])", self.status)
    }
}

impl Reply {
    /// Where a redirect leads, without what may be secret in it.
    pub fn leads_to(&self) -> String {
        self.location.as_deref().map_or_else(|| "an unnamed place".to_owned(), error::place)
    }

    /// What the server says went wrong, on one line each and cut to size, without what is hidden.
    pub fn messages(&self, hidden: &[&str]) -> Vec<String> {
        let json = serde_json::from_slice::<Value>(&self.body).map(WipedJson);
        json.map(|json| error::messages(json.value(), hidden)).unwrap_or_default()
    }
}

impl Line {
    /// Nothing is sent yet.
    ///
    /// # Errors
    /// No certificate where some should be; a server name that cannot be one.
    pub fn new(place: &Place<'_>) -> Result<Self, VaultError> {
        let config = rest::config(tls::config(place)?, None, place.timeout);
        let proved = place.server_name.map(|name| place.address.with_host(name)).transpose()?;
        let agent = match &proved {
            Some(_) => tls::dialling(config, place.address)?,
            None => config.new_agent(),
        };
        Ok(Self { agent, address: place.address.clone(), proved })
    }

    /// Where it is.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The request as people write it.
    ///
    /// # Errors
    /// [`VaultError::Path`].
    pub fn request(&self, ask: &Ask<'_>) -> Result<String, VaultError> {
        Ok(format!("{} {}", ask.method.name(), self.address.url(ask.path)?))
    }

    /// Sends one request and reads all of the answer.
    ///
    /// # Errors
    /// [`VaultError`], when there is no whole answer.
    pub fn ask(&self, ask: &Ask<'_>) -> Result<Reply, VaultError> {
        let shown = self.request(ask)?;
        let mut url = self.proved.as_ref().unwrap_or(&self.address).url(ask.path)?;
        let listing = (ask.method == Method::List).then_some(("list", "true"));
        for (number, (name, value)) in listing.iter().chain(ask.query).enumerate() {
            url.push(if number == 0 { '?' } else { '&' });
            encode(&mut url, name);
            url.push('=');
            encode(&mut url, value);
        }
        let request = self.headers(Request::builder().method(ask.method.sent()).uri(url), ask);
        let sent = match ask.body {
            Some(body) => request.body(body).map_err(ureq::Error::from).and_then(|request| self.agent.run(request)),
            None => request.body(()).map_err(ureq::Error::from).and_then(|request| self.agent.run(request)),
        };
        let response = sent.map_err(Trouble::of).map_err(|trouble| VaultError::of(shown.clone(), trouble))?;
        let index = response.headers().get("x-vault-index").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let answer = Answer::read(response, ANSWER_LIMIT).map_err(|trouble| VaultError::of(shown, trouble))?;
        let Answer { status, location, retry_after, body } = answer;
        Ok(Reply { status, body, retry_after, index, location })
    }

    fn headers(&self, mut request: request::Builder, ask: &Ask<'_>) -> request::Builder {
        // this is what keeps a browser from being made to call an agent
        request = request.header("X-Vault-Request", "true");
        if let Some(token) = ask.token {
            // a token that cannot be a header becomes an error of the builder, which repeats nothing of it
            let value = HeaderValue::from_str(token.expose()).map(|mut value| {
                value.set_sensitive(true);
                value
            });
            request = match value {
                Ok(value) => request.header("X-Vault-Token", value),
                Err(_) => request.header("X-Vault-Token", "\n"),
            };
        }
        if self.proved.is_some() {
            request = request.header("Host", self.address.authority());
        }
        if let Some(namespace) = ask.namespace {
            request = request.header("X-Vault-Namespace", namespace);
        }
        if ask.body.is_some() {
            let merges = ask.method == Method::Patch;
            let kind = if merges { "application/merge-patch+json" } else { "application/json" };
            request = request.header("Content-Type", kind);
        }
        ask.headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
    }
}

/// Everything unusual in a part of a URL is encoded.
fn encode(url: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => url.push(char::from(byte)),
            _ => url.push_str(&format!("%{byte:02X}")),
        }
    }
}
