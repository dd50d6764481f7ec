//! age recipients by their prefix, as in sops 3.13.2 `age/keysource.go` (`parseRecipient`).

use super::plugin::PluginName;
use super::{hybrid, ssh};
use crate::keyservice::KeyError;

/// A recipient that was read.
pub(super) enum Recipient {
    /// One that this program wraps for itself.
    Native(Box<dyn age::Recipient>),
    /// One that a plugin wraps for.
    Plugin(PluginName),
}

/// Whether we can wrap for `recipient`, so far as its text tells.
///
/// # Errors
/// [`KeyError`].
pub fn check(recipient: &str) -> Result<(), KeyError> {
    parse(recipient).map(drop)
}

pub(super) fn parse(recipient: &str) -> Result<Recipient, KeyError> {
    let recipient = recipient.trim();
    if recipient.starts_with("age1pq1") {
        return native(hybrid::Recipient::parse(recipient));
    }
    // their identities need a plugin, but age itself wraps for them
    if recipient.starts_with("age1tag1") {
        return native(recipient.parse::<age::tag::Recipient>().ok());
    }
    if recipient.starts_with("age1tagpq1") {
        return native(recipient.parse::<age::tagpq::Recipient>().ok());
    }
    if recipient.starts_with("age1") && recipient.matches('1').count() > 1 {
        return PluginName::of_recipient(recipient).map(Recipient::Plugin).ok_or(KeyError::BadRecipient);
    }
    if ["ssh-", "ecdsa-", "sk-"].iter().any(|prefix| recipient.starts_with(prefix)) {
        return ssh::recipient(recipient).map(|recipient| Recipient::Native(Box::new(recipient)));
    }
    native(recipient.parse::<age::x25519::Recipient>().ok())
}

fn native(recipient: Option<impl age::Recipient + 'static>) -> Result<Recipient, KeyError> {
    recipient.map(|recipient| Recipient::Native(Box::new(recipient) as _)).ok_or(KeyError::BadRecipient)
}
