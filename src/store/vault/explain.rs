//! What went wrong, in words: causes for [`StoreError`] and hints. Nothing here holds a token or a value.

use std::time::Duration;

use crate::net::vault::{Reply, VaultError};
use crate::store::{StoreCause, StoreError};

/// There was no whole answer.
pub(super) fn trouble(error: &VaultError) -> StoreError {
    let cause = match error {
        VaultError::Token => StoreCause::Login,
        VaultError::Unreachable { .. } | VaultError::Timeout { .. } => StoreCause::Unreachable,
        VaultError::Tls { .. } | VaultError::NoSystemRoots => StoreCause::Tls,
        VaultError::Redirect { .. } | VaultError::NotVault { .. } | VaultError::Refused { .. } => StoreCause::Odd,
        VaultError::TooLarge { .. } => StoreCause::TooLarge,
        VaultError::Address(_)
        | VaultError::Path(_)
        | VaultError::Namespace
        | VaultError::NoCertificates
        | VaultError::OwnCertificate => StoreCause::Invalid,
    };
    let new = StoreError::new(cause, error.to_string());
    match error {
        VaultError::Redirect { to, .. } => new.hint(format!("if you trust that place, set server to it: {to}")),
        VaultError::Tls { .. } => {
            new.hint("if the certificate is from an authority of your own, name it in caBundle or caProvider")
        }
        VaultError::Unreachable { .. } | VaultError::Timeout { .. } => {
            new.hint("is it running, and is server its address? What is in place stays; sealant store check says when it is back")
        }
        VaultError::NotVault { .. } => new.hint("is server the address of a Vault?"),
        _ => new,
    }
}

/// An answer that is none of those that a caller understands: a redirect, or trouble of the server.
pub(super) fn odd(request: &str, reply: &Reply) -> StoreError {
    let messages = &reply.messages;
    let said = |what: &str| words(request, what, messages);
    let is = |text: &str| messages.iter().any(|message| message.contains(text));
    let (cause, what, hint) = match reply.status {
        300..=399 => {
            return trouble(&VaultError::Redirect { request: request.to_owned(), to: reply.leads_to() });
        }
        412 => (StoreCause::Unavailable, "the server has not seen yet what was written (412)", None),
        429 => (
            StoreCause::Throttled,
            "too many requests (429)",
            Some("a rate limit quota of the server may be too small"),
        ),
        472 => (
            StoreCause::Unavailable,
            "it is a standby for disaster recovery (472), which answers nothing",
            Some(ACTIVE),
        ),
        473 => (StoreCause::Unavailable, "it is a standby (473)", Some(ACTIVE)),
        501 => (StoreCause::Unavailable, "it is not initialised (501)", Some("initialise it with: bao operator init")),
        503 if is("sealed") => {
            (StoreCause::Unavailable, "it is sealed (503)", Some("unseal it with: bao operator unseal"))
        }
        500 if is("active cluster node not found") => {
            (StoreCause::Unavailable, "it is a standby, and no node is active (500)", None)
        }
        413 => (StoreCause::TooLarge, "that is more than the server takes (413)", None),
        500..=599 => {
            let what = format!("the server is in trouble ({})", reply.status);
            return after(
                StoreError::new(StoreCause::Unavailable, said(&what)).hint("the server's log says more"),
                reply,
            );
        }
        status => {
            let what = format!("answers {status}");
            return after(StoreError::new(StoreCause::Invalid, said(&what)), reply);
        }
    };
    let error = StoreError::new(cause, said(what));
    after(if let Some(hint) = hint { error.hint(hint) } else { error }, reply)
}

const ACTIVE: &str = "set server to the active node, or to a balancer in front of it";

fn after(mut error: StoreError, reply: &Reply) -> StoreError {
    error.after = reply.retry_after.map(Duration::from_secs);
    error
}

/// `GET …: what happened: what the server said`.
pub(super) fn words(request: &str, what: &str, messages: &[String]) -> String {
    let said: String = messages.iter().map(|message| format!(": {message}")).collect();
    format!("{request}: {what}{said}")
}

/// We may not.
pub(super) fn denied(request: &str, path: &str, capability: &str, messages: &[String]) -> StoreError {
    StoreError::new(StoreCause::Denied, words(request, "denied (403)", messages)).hint(stanza(path, capability))
}

/// What a policy has to say.
pub(super) fn stanza(path: &str, capability: &str) -> String {
    format!("a policy of this login has to say: path \"{path}\" {{ capabilities = [\"{capability}\"] }}")
}

/// Somebody told us to stop.
pub(super) fn cancelled() -> StoreError {
    StoreError::new(StoreCause::Cancelled, "stopped before it was done")
}
