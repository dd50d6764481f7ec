//! Requests as this store makes them: so many at a time, repeated while that is worth it, and no longer than anybody wants them.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use super::settings::{MOST_AT_ONCE, Settings};
use super::{explain, raw, read};
use crate::net::retry;
use crate::net::vault::{Ask, ClientPem, Line, Method, Place, Reply, VaultError};
use crate::secret::SecretText;
use crate::store::calls::VAULT;
use crate::store::{Calls, StoreError};

/// More repetitions than this are no help.
const MOST_RETRIES: u32 = 10;
/// No pause is longer, whatever the server asks for; a longer one is told to whoever asked.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long it may take until somebody notices that they should stop.
const GLANCE: Duration = Duration::from_millis(25);
/// What a server says while it makes a store of versions from one without: soon it is done.
const SOON: [&str; 2] = ["Waiting for the primary to upgrade", "Upgrading from non-versioned"];

/// What may be repeated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Twice is as good as once.
    Freely,
    /// Only what the server has certainly not done: it makes something each time.
    Carefully,
}

impl Repeat {
    fn after_error(self, error: &VaultError) -> bool {
        matches!(error, VaultError::Unreachable { sent, .. } if self == Self::Freely || !sent)
    }

    fn after_reply(self, reply: &Reply) -> bool {
        match reply.status {
            400 => {
                let text = raw::text(&reply.body).unwrap_or_default();
                SOON.iter().any(|words| text.contains(words))
            }
            412 | 429 | 503 => true,
            status => self == Self::Freely && retry::is_worth_it(status),
        }
    }
}

/// See the file's description.
pub(super) struct Wire {
    settings: Settings,
    wired: RwLock<Option<Arc<Wired>>>,
    free: Mutex<usize>,
    freed: Condvar,
    /// The last state of the server's storage that we have seen.
    index: Mutex<Option<String>>,
    /// Whether the last request got no answer.
    down: std::sync::atomic::AtomicBool,
    /// Every request is counted here.
    pub(super) calls: Arc<Calls>,
}

struct Wired {
    line: Line,
    own: Option<ClientPem>,
}

/// A lock that a panicking thread held is as good as any: what is behind them is replaced as a whole.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Permit<'a>(&'a Wire);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *locked(&self.0.free) += 1;
        self.0.freed.notify_one();
    }
}

impl Wire {
    pub(super) fn new(settings: Settings) -> Self {
        let free = Mutex::new(settings.concurrency.clamp(1, MOST_AT_ONCE));
        let wired = RwLock::default();
        let (index, calls) = (Mutex::default(), Arc::new(Calls::new(VAULT)));
        Self { settings, wired, free, freed: Condvar::new(), index, down: false.into(), calls }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.settings.cancel.load(Ordering::Relaxed)
    }

    /// Whether the last request got no answer.
    pub(super) fn is_down(&self) -> bool {
        self.down.load(Ordering::Relaxed)
    }

    /// An answer that is a good one, or a refusal (400, 403, 404, 405), for the caller to understand.
    pub(super) fn send(&self, ask: Ask<'_>, repeat: Repeat) -> Result<Reply, StoreError> {
        let mut attempt = 0;
        let mut renewed = false;
        loop {
            let outcome = self.once(&ask)?;
            if let Err(VaultError::Tls { .. }) = &outcome
                && !renewed
                && self.renew_certificate()?
            {
                renewed = true;
                continue;
            }
            let again = match &outcome {
                Ok(reply) => repeat.after_reply(reply),
                Err(error) => repeat.after_error(error),
            };
            if !again || attempt >= self.settings.retries.min(MOST_RETRIES) {
                return self.understood(&ask, outcome);
            }
            self.wait(self.pause(attempt, outcome.ok().and_then(|reply| reply.retry_after)))?;
            attempt += 1;
        }
    }

    /// One request, and whatever is answered.
    pub(super) fn once(&self, ask: &Ask<'_>) -> Result<Result<Reply, VaultError>, StoreError> {
        if self.is_cancelled() { Err(explain::cancelled()) } else { self.once_whatever(ask) }
    }

    /// The same, even when somebody wants us to stop.
    pub(super) fn once_whatever(&self, ask: &Ask<'_>) -> Result<Result<Reply, VaultError>, StoreError> {
        let wired = self.wired()?;
        let index = if self.is_consistent() { locked(&self.index).clone() } else { None };
        let mut headers: Vec<(&str, &str)> = ask.headers.to_vec();
        headers.extend(self.settings.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        headers.extend(index.as_deref().map(|index| ("X-Vault-Index", index)));
        if self.settings.read_your_writes && self.settings.forward_inconsistent {
            headers.push(("X-Vault-Inconsistent", "forward-active-node"));
        }
        let outcome = {
            let _permit = self.permit();
            wired.line.ask(&Ask { headers: &headers, ..*ask })
        };
        self.down.store(outcome.is_err(), Ordering::Relaxed);
        self.calls.count(call(ask), outcome.as_ref().is_ok_and(is_good));
        if let Ok(Reply { index: Some(index), .. }) = &outcome
            && self.is_consistent()
        {
            *locked(&self.index) = Some(index.clone());
        }
        Ok(outcome)
    }

    /// The request as people write it.
    pub(super) fn shown(&self, ask: &Ask<'_>) -> Result<String, StoreError> {
        let url = self.settings.address.url(ask.path).map_err(|error| explain::trouble(&error))?;
        Ok(format!("{} {url}", ask.method.name()))
    }

    fn understood(&self, ask: &Ask<'_>, outcome: Result<Reply, VaultError>) -> Result<Reply, StoreError> {
        let reply = outcome.map_err(|error| explain::trouble(&error))?;
        match reply.status {
            200..=299 | 400 | 403 | 404 | 405 => Ok(reply),
            _ => Err(explain::odd(&self.shown(ask)?, &reply)),
        }
    }

    fn is_consistent(&self) -> bool {
        self.settings.read_your_writes || self.settings.forward_inconsistent
    }

    fn permit(&self) -> Permit<'_> {
        let mut free = locked(&self.free);
        while *free == 0 {
            free = self.freed.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
        Permit(self)
    }

    fn pause(&self, attempt: u32, after: Option<u64>) -> Duration {
        let Some(given) = self.settings.pause else {
            let asked = Duration::from_secs(after.unwrap_or(0)).min(LONGEST_PAUSE);
            return retry::pause(attempt, None, retry::random()).max(asked);
        };
        let asked = after.map_or(given, |seconds| Duration::from_secs(seconds).min(LONGEST_PAUSE).max(given));
        // up to a quarter more, so that many clients do not come back at once
        asked + (asked / 4).mul_f64(f64::from(retry::random()) / 255.0)
    }

    /// Waits, unless somebody wants us to stop.
    fn wait(&self, duration: Duration) -> Result<(), StoreError> {
        let mut left = duration;
        while !left.is_zero() {
            if self.is_cancelled() {
                return Err(explain::cancelled());
            }
            let step = left.min(GLANCE);
            thread::sleep(step);
            left -= step;
        }
        Ok(())
    }

    fn wired(&self) -> Result<Arc<Wired>, StoreError> {
        if let Some(wired) = &*self.wired.read().unwrap_or_else(PoisonError::into_inner) {
            return Ok(wired.clone());
        }
        let mut place = self.wired.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(wired) = &*place {
            return Ok(wired.clone());
        }
        Ok(place.insert(Arc::new(self.connected(self.own()?)?)).clone())
    }

    /// Asks for our own certificate again; whether it is another one now.
    pub(super) fn renew_certificate(&self) -> Result<bool, StoreError> {
        let Some(new) = self.own()? else { return Ok(false) };
        let mut place = self.wired.write().unwrap_or_else(PoisonError::into_inner);
        let old = place.as_ref().and_then(|wired| wired.own.as_ref());
        if old.is_some_and(|old| old.certificates == new.certificates && old.key.same(&new.key)) {
            return Ok(false);
        }
        *place = Some(Arc::new(self.connected(Some(new))?));
        Ok(true)
    }

    fn own(&self) -> Result<Option<ClientPem>, StoreError> {
        self.settings.own.as_ref().map(|own| own()).transpose()
    }

    fn connected(&self, own: Option<ClientPem>) -> Result<Wired, StoreError> {
        let place = Place {
            address: &self.settings.address,
            roots: &self.settings.roots,
            server_name: self.settings.server_name.as_deref(),
            own: own.as_ref(),
            timeout: self.settings.timeout,
        };
        let line = Line::new(&place).map_err(|error| explain::trouble(&error))?;
        Ok(Wired { line, own })
    }
}

/// `ask` as somebody's.
pub(super) fn by<'a>(ask: Ask<'a>, token: Option<&'a SecretText>, namespace: Option<&'a str>) -> Ask<'a> {
    Ask { token, namespace, ..ask }
}

/// What External Secrets Operator calls the request; names of our own for what it never asks.
fn call(ask: &Ask<'_>) -> &'static str {
    match ask.path {
        "auth/token/lookup-self" => "LookupSelf",
        "auth/token/renew-self" => "RenewSelf",
        "auth/token/revoke-self" => "RevokeSelf",
        "sys/health" => "Health",
        "sys/capabilities-self" => "Capabilities",
        "sys/leases/renew" => "RenewLease",
        "sys/leases/revoke" => "RevokeLease",
        path if path.starts_with("sys/internal/ui/mounts/") => "LookupMount",
        // no key-value store can be mounted below auth/
        path if path.starts_with("auth/") && path.split('/').any(|part| part == "login") => "Login",
        _ => match ask.method {
            Method::Get => "ReadSecretData",
            Method::List => "ListSecrets",
            Method::Delete => "DeleteSecret",
            Method::Post | Method::Put | Method::Patch => "WriteSecretData",
        },
    }
}

/// Whether the server did as asked, or says that there is no such secret.
fn is_good(reply: &Reply) -> bool {
    reply.status < 300 || reply.status == 404 && reply.messages.is_empty() && read::is_vaults(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_have_the_operators_names() {
        for (method, path, name) in [
            (Method::Post, "auth/approle/login", "Login"),
            (Method::Post, "auth/team/users/login/bob", "Login"),
            (Method::Get, "auth/token/lookup-self", "LookupSelf"),
            (Method::Post, "auth/token/revoke-self", "RevokeSelf"),
            (Method::Get, "secret/data/auth/login", "ReadSecretData"),
            (Method::Get, "secret/metadata/a", "ReadSecretData"),
            (Method::List, "secret/metadata/", "ListSecrets"),
            (Method::Patch, "secret/data/a", "WriteSecretData"),
            (Method::Delete, "secret/metadata/a", "DeleteSecret"),
            (Method::Get, "sys/internal/ui/mounts/secret/data/a", "LookupMount"),
        ] {
            assert_eq!(call(&Ask::new(method, path)), name, "{path}");
        }
    }
}
