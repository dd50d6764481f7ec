//! age recipients by their prefix, as in sops 3.13.2 `age/keysource.go` (`parseRecipient`).

use age::x25519;

use crate::keyservice::KeyError;

/// Whether we can wrap for `recipient`.
///
/// # Errors
/// [`KeyError::BadRecipient`], or [`KeyError::UnsupportedRecipient`] with the kind.
pub fn check(recipient: &str) -> Result<(), KeyError> {
    parse(recipient).map(drop)
}

pub(super) fn parse(recipient: &str) -> Result<x25519::Recipient, KeyError> {
    let recipient = recipient.trim();
    if recipient.starts_with("age1pq1") {
        return Err(KeyError::UnsupportedRecipient("post-quantum"));
    }
    if recipient.starts_with("ssh-") {
        return Err(KeyError::UnsupportedRecipient("ssh"));
    }
    if recipient.starts_with("age1") && recipient.matches('1').count() > 1 {
        return Err(KeyError::UnsupportedRecipient("plugin"));
    }
    recipient.parse().map_err(|_| KeyError::BadRecipient)
}
