//! The token: logged in for once and shared by threads, renewed at two thirds of its life, logged in for anew when it cannot be or
//! has ended before its time, and given back at the end.

#![allow(clippy::disallowed_methods, reason = "a token's life is measured from when it was given")]

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
    /// When it is to be renewed.
    due: Option<Instant>,
    /// When it ends.
    end: Option<Instant>,
    count: u64,
    refused: Option<(Instant, StoreError)>,
    proven: Option<Instant>,
    is_closed: bool,
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
        let now = Instant::now();
        if let Some(token) = state.token.clone()
            && (state.due.is_none_or(|due| now < due) || state.renew(wire, &token))
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
        if token.text.is_none() || state.proven.is_some_and(|at| at.elapsed() < PROVEN) {
            return Ok(None);
        }
        let reply = token_request(wire, token, Method::Get, "auth/token/lookup-self", None)?;
        if reply.status == 200 || (!token.is_ours && token.has_worked.load(Ordering::Relaxed)) {
            state.proven = Some(Instant::now());
            return Ok(None);
        }
        if !token.is_ours {
            let what = "the token is not let in: it has expired or was revoked, or never was one";
            return Err(StoreError::new(StoreCause::Login, what));
        }
        let newer = state.log_in(wire)?;
        state.proven = Some(Instant::now());
        Ok(Some(newer))
    }

    /// Gives the token back.
    pub(super) fn close(&self, wire: &Wire) {
        let mut state = locked(&self.state);
        state.is_closed = true;
        let Some(token) = state.token.take().filter(|token| token.is_ours && !wire.is_down()) else { return };
        let ask = by(Ask::new(Method::Post, "auth/token/revoke-self"), token.text.as_ref(), namespace(wire));
        // without an answer it ends by itself
        _ = wire.once_whatever(&ask);
    }
}

impl State {
    /// Whether the token can be used for longer.
    fn renew(&mut self, wire: &Wire, token: &Token) -> bool {
        let now = Instant::now();
        let is_alive = self.end.is_none_or(|end| now < end);
        if !token.is_renewable || !is_alive {
            return false;
        }
        match token_request(wire, token, Method::Post, "auth/token/renew-self", Some(b"{}")) {
            // near the end of what it may live, a renewal gives less and less
            Ok(reply) if reply.status == 200 => match login::granted(&reply.body) {
                Some(granted) if granted.life >= token.first_life / 2 => {
                    self.lives(granted.life);
                    true
                }
                _ => false,
            },
            Ok(_) => false,
            Err(_) => {
                self.due = Some(now + SOON);
                true
            }
        }
    }

    fn lives(&mut self, life: u64) {
        let now = Instant::now();
        let whole = Duration::from_secs(life);
        let ends = |part: Duration| now.checked_add(part).filter(|_| life > 0);
        (self.due, self.end) = (ends(whole / 3 * 2), ends(whole));
    }

    fn log_in(&mut self, wire: &Wire) -> Result<Arc<Token>, StoreError> {
        if let Some((at, error)) = &self.refused
            && at.elapsed() < HOLD
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
                self.lives(life);
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
                    self.refused = Some((Instant::now(), error.clone()));
                }
                Err(error)
            }
        }
    }
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
    wire.send(by(Ask { body, ..Ask::new(method, path) }, token.text.as_ref(), namespace), &[], Repeat::Freely)
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
    let ask = Ask { body: Some(&request.body), ..Ask::new(Method::Post, &request.path) };
    let reply = wire.send(by(ask, None, namespace(wire)), &request.hidden, Repeat::Carefully)?;
    let shown = format!("{} login: {}", login.kind(), wire.shown(&ask)?);
    if (200..300).contains(&reply.status) {
        return login::granted(&reply.body).map(Found::Granted).ok_or_else(|| {
            StoreError::new(StoreCause::Login, format!("{shown}: no token came back"))
                .hint("is a second factor wanted? only logins of machines work here")
        });
    }
    let messages = reply.messages(&request.hidden);
    let error =
        StoreError::new(StoreCause::Login, explain::words(&shown, &format!("refused ({})", reply.status), &messages));
    Err(match reply.status {
        404 => error.hint("is this way to log in enabled there? bao auth list shows them"),
        403 => error.hint("the role may be locked for a while after wrong logins, or not be meant for this namespace"),
        _ => error,
    })
}
