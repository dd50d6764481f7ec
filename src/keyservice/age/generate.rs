//! New age identities.

use age::secrecy::ExposeSecret;
use age::x25519;

use super::hybrid;
use crate::secret::SecretText;

/// A new identity, and the recipient it opens for.
pub struct NewIdentity {
    /// `AGE-SECRET-KEY-1…`.
    pub identity: SecretText,
    /// `age1…`.
    pub recipient: String,
}

impl std::fmt::Debug for NewIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewIdentity({})", self.recipient)
    }
}

/// Makes a hybrid post-quantum identity, `AGE-SECRET-KEY-PQ-1…` for `age1pq1…`; `None` when the operating system gives no
/// randomness.
pub fn generate_post_quantum() -> Option<NewIdentity> {
    let identity = hybrid::Identity::generate()?;
    Some(NewIdentity { recipient: identity.to_public().to_string(), identity: identity.to_text()? })
}

/// Makes an X25519 identity.
pub fn generate() -> NewIdentity {
    let identity = x25519::Identity::generate();
    NewIdentity {
        recipient: identity.to_public().to_string(),
        identity: SecretText::new(identity.to_string().expose_secret().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_new_and_not_printed() {
        let (one, other) = (generate(), generate());
        assert!(one.identity.expose().starts_with("AGE-SECRET-KEY-1"));
        assert!(one.recipient.starts_with("age1") && one.recipient != other.recipient);
        assert!(!format!("{one:?}").contains("SECRET"));
    }
}
