//! The token: logged in for once and shared by threads, renewed at two thirds of its life, logged in for anew when it cannot be or
//! has ended before its time, and given back at the end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::explain;
use super::login::{self, Granted};
use super::settings::Login;
use super::wire::{Repeat, Wire, by, locked};
use crate::net::vault::{Ask, Method, Reply};
use crate::secret::SecretText;
use crate::store::{StoreCause, StoreError};

/// So long a refused login is not tried again: after a few wrong ones servers lock the role.
const HOLD: Duration = Duration::from_secs(5);
/// So long a token that was looked up counts as a good one, and what it may not do as really denied.
const PROVEN: Duration = Duration::from_secs(5);
/// So long until a renewal that got no answer is tried again.
const SOON: Duration = Duration::from_secs(10);

/// See the file's description.
#[derive(Default)]
pub(super) struct Session {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<Arc<Token>>,
    life: Life,
    count: u64,
    refused: Option<(Instant, StoreError)>,
    proven: Option<Instant>,
    is_closed: bool,
}

/// When a token is to be renewed, and when it ends; never when `None`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Life {
    due: Option<Instant>,
    end: Option<Instant>,
}

impl Life {
    /// From now on so many seconds; 0 is for ever.
    fn of(seconds: u64, now: Instant) -> Self {
        let whole = Duration::from_secs(seconds);
        let ends = |part: Duration| now.checked_add(part).filter(|_| seconds > 0);
        Self { due: ends(whole / 3 * 2), end: ends(whole) }
    }

    fn is_due(self, now: Instant) -> bool {
        self.due.is_some_and(|due| now >= due)
    }

    fn has_ended(self, now: Instant) -> bool {
        self.end.is_some_and(|end| now >= end)
    }
}

/// Who we are.
pub(super) struct Token {
    /// `None` for nobody.
    pub(super) text: Option<SecretText>,
    number: u64,
    /// Whether we logged in for it.
    is_ours: bool,
    first_life: u64,
    is_renewable: bool,
    has_worked: AtomicBool,
}

impl Token {
    /// It was good for something.
    pub(super) fn works(&self) {
        self.has_worked.store(true, Ordering::Relaxed);
    }
}

impl Session {
    /// The token, which is good for now as far as we know.
    pub(super) fn token(&self, wire: &Wire) -> Result<Arc<Token>, StoreError> {
        let mut state = locked(&self.state);
        if state.is_closed {
            return Err(StoreError::new(StoreCause::Cancelled, "the store was closed"));
        }
        if let Some(token) = state.token.clone()
            && (!state.life.is_due(now(wire)) || state.renew(wire, &token))
        {
            return Ok(token);
        }
        state.log_in(wire)
    }

    /// After a 403: a newer token to try with, or `None` when it is really denied.
    pub(super) fn after_denial(&self, wire: &Wire, token: &Token) -> Result<Option<Arc<Token>>, StoreError> {
        let mut state = locked(&self.state);
        match &state.token {
            Some(current) if current.number != token.number => return Ok(Some(current.clone())),
            _ => {}
        }
        if token.text.is_none() || state.proven.is_some_and(|at| is_within(wire, at, PROVEN)) {
            return Ok(None);
        }
        let reply = token_request(wire, token, Method::Get, "auth/token/lookup-self", None)?;
        if reply.status == 200 || (!token.is_ours && token.has_worked.load(Ordering::Relaxed)) {
            state.proven = Some(now(wire));
            return Ok(None);
        }
        if !token.is_ours {
            let what = "the token is not let in: it has expired or was revoked, or never was one";
            return Err(StoreError::new(StoreCause::Login, what)
                .hint("log in anew (bao login, vault login), or put a new token where the store's definition has it"));
        }
        let newer = state.log_in(wire)?;
        state.proven = Some(now(wire));
        Ok(Some(newer))
    }

    /// Renews the token if it is due; whether it lasts on.
    pub(super) fn keep(&self, wire: &Wire) -> bool {
        let mut state = locked(&self.state);
        match state.token.clone() {
            Some(token) => !state.life.is_due(now(wire)) || state.renew(wire, &token),
            None => false,
        }
    }

    /// How long until the token is to be renewed; `None` when it never has to be.
    pub(super) fn renewal(&self, wire: &Wire) -> Option<Duration> {
        locked(&self.state).life.due.map(|due| due.saturating_duration_since(now(wire)))
    }

    /// Gives the token back.
    pub(super) fn close(&self, wire: &Wire) {
        let mut state = locked(&self.state);
        state.is_closed = true;
        let Some(token) = state.token.take().filter(|token| token.is_ours && !wire.is_down()) else { return };
        let ask = by(
            Ask { body: Some(b"{}"), ..Ask::new(Method::Post, "auth/token/revoke-self") },
            token.text.as_ref(),
            namespace(wire),
        );
        // without an answer it ends by itself
        _ = wire.once_whatever(&ask);
    }
}

impl State {
    /// Whether the token can be used for longer.
    fn renew(&mut self, wire: &Wire, token: &Token) -> bool {
        if !token.is_renewable || self.life.has_ended(now(wire)) {
            return false;
        }
        match token_request(wire, token, Method::Post, "auth/token/renew-self", Some(b"{}")) {
            // near the end of what it may live, a renewal gives less and less
            Ok(reply) if reply.status == 200 => match login::granted(&reply.body) {
                Some(granted) if granted.life >= token.first_life / 2 => {
                    self.life = Life::of(granted.life, now(wire));
                    true
                }
                _ => false,
            },
            Ok(_) => false,
            Err(_) => {
                self.life.due = now(wire).checked_add(SOON);
                true
            }
        }
    }

    fn log_in(&mut self, wire: &Wire) -> Result<Arc<Token>, StoreError> {
        if let Some((at, error)) = &self.refused
            && is_within(wire, *at, HOLD)
        {
            return Err(error.clone());
        }
        match obtain(wire) {
            Ok(found) => {
                self.refused = None;
                self.proven = None;
                self.count += 1;
                let (granted, is_ours) = match found {
                    Found::Granted(granted) => (Some(granted), true),
                    Found::Given(text) => (Some(Granted { token: text, life: 0, renewable: false }), false),
                    Found::Nobody => (None, false),
                };
                let life = granted.as_ref().map_or(0, |granted| granted.life);
                self.life = Life::of(life, now(wire));
                let token = Arc::new(Token {
                    number: self.count,
                    is_ours,
                    first_life: life,
                    is_renewable: granted.as_ref().is_some_and(|granted| granted.renewable),
                    text: granted.map(|granted| granted.token),
                    has_worked: false.into(),
                });
                self.token = Some(token.clone());
                Ok(token)
            }
            Err(error) => {
                if error.cause != StoreCause::Cancelled {
                    self.refused = Some((now(wire), error.clone()));
                }
                Err(error)
            }
        }
    }
}

fn now(wire: &Wire) -> Instant {
    (wire.settings().clock)()
}

fn is_within(wire: &Wire, at: Instant, time: Duration) -> bool {
    now(wire).saturating_duration_since(at) < time
}

enum Found {
    Granted(Granted),
    Given(SecretText),
    Nobody,
}

fn namespace(wire: &Wire) -> Option<&str> {
    wire.settings().auth_namespace.as_deref().or(wire.settings().namespace.as_deref())
}

/// A request about the token itself.
fn token_request(
    wire: &Wire,
    token: &Token,
    method: Method,
    path: &str,
    body: Option<&[u8]>,
) -> Result<Reply, StoreError> {
    let namespace = if token.is_ours { namespace(wire) } else { wire.settings().namespace.as_deref() };
    wire.send(by(Ask { body, ..Ask::new(method, path) }, token.text.as_ref(), namespace), Repeat::Freely)
}

fn obtain(wire: &Wire) -> Result<Found, StoreError> {
    wire.renew_certificate()?;
    let login = (wire.settings().login)()?;
    if let Login::Token(text) = login {
        let fits = !text.expose().is_empty() && text.expose().bytes().all(|byte| byte.is_ascii_graphic());
        return if fits {
            Ok(Found::Given(text))
        } else {
            Err(StoreError::new(StoreCause::Login, "the token is empty, or has characters that no token has"))
        };
    }
    let Some(request) = login::request(&login) else { return Ok(Found::Nobody) };
    let ask = Ask { body: Some(&request.body), hidden: &request.hidden, ..Ask::new(Method::Post, &request.path) };
    let reply = wire.send(by(ask, None, namespace(wire)), Repeat::Carefully)?;
    let shown = format!("{} login: {}", login.kind(), wire.shown(&ask)?);
    if (200..300).contains(&reply.status) {
        return login::granted(&reply.body).map(Found::Granted).ok_or_else(|| {
            StoreError::new(StoreCause::Login, format!("{shown}: no token came back"))
                .hint("is a second factor wanted? only logins of machines work here")
        });
    }
    let error = StoreError::new(
        StoreCause::Login,
        explain::words(&shown, &format!("refused ({})", reply.status), &reply.messages),
    );
    Err(match reply.status {
        404 => error.hint("is this way to log in enabled there? bao auth list shows them"),
        403 => error.hint("the role may be locked for a while after wrong logins, or not be meant for this namespace"),
        _ => error,
    })
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "any instant will do")]
mod tests {
    use super::*;

    #[test]
    fn lives() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let life = Life::of(30, begin);
        let states = [19, 20, 29, 30].map(|seconds| (life.is_due(at(seconds)), life.has_ended(at(seconds))));
        assert_eq!(states, [(false, false), (true, false), (true, false), (true, true)]);
        for life in [Life::of(0, begin), Life::of(u64::MAX, begin)] {
            assert!(!life.is_due(at(1 << 30)) && !life.has_ended(at(1 << 30)));
        }
    }
}
