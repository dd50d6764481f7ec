//! Secrets that are made when asked for, at any path, with their leases (External Secrets Operator 2.9,
//! `generators/v1/vault/vault.go`; leases are ours, it forgets them).

use std::fmt;
use std::time::Duration;

use super::wire::{Repeat, by};
use super::{VaultStore, explain, login, raw};
use crate::external::{Fetched, Lease, Raw};
use crate::net::vault::{Ask, Method, Reply};
use crate::secret::{SecretBytes, SecretText};
use crate::store::{StoreCause, StoreError};

/// What is asked for.
pub struct DynamicRequest {
    /// The path of the API, without `v1/`.
    pub path: String,
    /// What is done there.
    pub method: Method,
    /// What follows `?` (`getParameters`).
    pub query: Vec<(String, String)>,
    /// A JSON object (`parameters`), for writes.
    pub parameters: Option<SecretBytes>,
    /// What of the answer is wanted.
    pub result: ResultType,
}

impl fmt::Debug for DynamicRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DynamicRequest({} {})", self.method.name(), self.path)
    }
}

impl DynamicRequest {
    /// Reads a path.
    pub fn read(path: impl Into<String>) -> Self {
        Self { path: path.into(), method: Method::Get, query: Vec::new(), parameters: None, result: ResultType::Data }
    }

    /// The method that a generator names: whatever is none of those that read or remove is a write.
    pub fn method_of(name: &str) -> Method {
        match name {
            "" | "GET" => Method::Get,
            "LIST" => Method::List,
            "DELETE" => Method::Delete,
            _ => Method::Post,
        }
    }
}

/// What of an answer is wanted (`resultType`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ResultType {
    /// `data`.
    #[default]
    Data,
    /// `auth`: a token was made.
    Auth,
    /// All of it.
    Raw,
}

impl VaultStore {
    /// What is made at a path; `None` when the answer is empty. The lease ends with the token of this client, so keep the client open
    /// for as long as the secret is used, unless another login is a matter of course.
    ///
    /// # Errors
    /// Also when there is nothing mounted, or we may not.
    pub fn dynamic(&self, request: &DynamicRequest) -> Result<Option<Fetched>, StoreError> {
        let query: Vec<(&str, &str)> =
            request.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let writes = matches!(request.method, Method::Post | Method::Put | Method::Patch);
        let body = writes.then(|| request.parameters.as_ref().map_or(&b"{}"[..], SecretBytes::expose));
        let hidden: Vec<&str> = body.iter().filter_map(|body| std::str::from_utf8(body).ok()).collect();
        let ask = Ask { query: &query, body, hidden: &hidden, ..Ask::new(request.method, &request.path) };
        // each request makes a secret, so it is repeated only when the first has certainly not
        let reply = self.ask_once(ask, Repeat::Carefully)?;
        match reply.status {
            204 => Ok(None),
            200..=299 => self.made(&ask, &reply, request.result),
            404 if reply.messages.is_empty() => Ok(None),
            _ => Err(self.refused(&ask, &reply)),
        }
    }

    /// Makes a secret last longer: by `more`, or by as much as it was given for.
    ///
    /// # Errors
    /// Also when it has ended, or cannot last longer.
    pub fn renew(&self, lease: &Lease, more: Option<Duration>) -> Result<Lease, StoreError> {
        let seconds = more.map(|more| more.as_secs().to_string());
        let seconds = seconds.as_deref().map(|seconds| ("increment", seconds));
        let fields: Vec<_> = [("lease_id", lease.id.expose())].into_iter().chain(seconds).collect();
        let body = login::body(&fields);
        let hidden = [lease.id.expose()];
        let ask = Ask { body: Some(&body), hidden: &hidden, ..Ask::new(Method::Post, "sys/leases/renew") };
        let reply = self.ask_once(ask, Repeat::Freely)?;
        if reply.status != 200 {
            return Err(self.refused(&ask, &reply));
        }
        let odd = || StoreError::new(StoreCause::Odd, "sys/leases/renew: the answer has no lease");
        raw::text(&reply.body).and_then(leased).ok_or_else(odd)
    }

    /// Renews the token if it is due; whether it, and with it every lease that was given to it, lasts on.
    pub fn keep(&self) -> bool {
        self.session.keep(&self.wire)
    }

    /// How long until the token is to be renewed; `None` when it never has to be.
    pub fn renewal(&self) -> Option<Duration> {
        self.session.renewal(&self.wire)
    }

    /// Ends a secret before its time.
    ///
    /// # Errors
    /// Also when it has ended.
    pub fn revoke(&self, lease: &Lease) -> Result<(), StoreError> {
        let body = login::body(&[("lease_id", lease.id.expose())]);
        let hidden = [lease.id.expose()];
        let ask = Ask { body: Some(&body), hidden: &hidden, ..Ask::new(Method::Post, "sys/leases/revoke") };
        let reply = match self.wire.is_cancelled() {
            false => self.ask_once(ask, Repeat::Freely)?,
            // whoever wants us to stop wants this as well
            true => {
                let token = self.session.token(&self.wire)?;
                let namespace = self.wire.settings().namespace.as_deref();
                let outcome = self.wire.once_whatever(&by(ask, token.text.as_ref(), namespace))?;
                outcome.map_err(|error| explain::trouble(&error))?
            }
        };
        if reply.status < 300 { Ok(()) } else { Err(self.refused(&ask, &reply)) }
    }

    fn made(&self, ask: &Ask<'_>, reply: &Reply, wanted: ResultType) -> Result<Option<Fetched>, StoreError> {
        let Some(text) = raw::text(&reply.body).filter(|text| raw::entries(text).is_some()) else {
            let what = format!("{}: the answer is no JSON object", self.wire.shown(ask)?);
            return Err(StoreError::new(StoreCause::Odd, what));
        };
        let part = match wanted {
            ResultType::Data => raw::entry(text, "data"),
            ResultType::Auth => raw::entry(text, "auth"),
            ResultType::Raw => Some(text),
        };
        let raw = part.map(|part| Raw::Json(SecretBytes::new(part.as_bytes().to_vec())));
        Ok(raw.map(|raw| Fetched { raw, version: None, lease: leased(text) }))
    }

    fn refused(&self, ask: &Ask<'_>, reply: &Reply) -> StoreError {
        let request = match self.wire.shown(ask) {
            Ok(request) => request,
            Err(error) => return error,
        };
        let capability = match ask.method {
            Method::Get => "read",
            Method::List => "list",
            Method::Delete => "delete",
            Method::Patch => "patch",
            Method::Post | Method::Put => "update",
        };
        match reply.status {
            403 => explain::denied(&request, ask.path, capability, &reply.messages),
            status => StoreError::new(
                StoreCause::Invalid,
                explain::words(&request, &format!("refused ({status})"), &reply.messages),
            ),
        }
    }
}

fn leased(answer: &str) -> Option<Lease> {
    let id = raw::unquoted(raw::entry(answer, "lease_id")?).filter(|id| !id.is_empty())?;
    let seconds = raw::entry(answer, "lease_duration").and_then(|text| text.parse().ok()).unwrap_or(0);
    Some(Lease {
        id: SecretText::new(id.into_owned()),
        duration: Duration::from_secs(seconds),
        renewable: raw::entry(answer, "renewable") == Some("true"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leases() {
        let found = leased(r#"{"lease_id":"a/b","lease_duration":30,"renewable":true}"#).unwrap();
        assert_eq!((found.id.expose(), found.duration.as_secs(), found.renewable), ("a/b", 30, true));
        assert!(leased(r#"{"lease_id":"","lease_duration":30}"#).is_none() && leased("{}").is_none());
        let methods = ["", "GET", "LIST", "DELETE", "POST", "get"].map(DynamicRequest::method_of);
        assert_eq!(methods, [Method::Get, Method::Get, Method::List, Method::Delete, Method::Post, Method::Post]);
    }
}
