//! What can go wrong between us and a Vault. Errors name places and say what the server said; they hold no token and no value.

use serde_json::Value;

use crate::net::rest::Trouble;

/// So many messages of a server are worth reading.
const MESSAGES: usize = 4;
/// And so much of each.
const MESSAGE_LENGTH: usize = 300;

/// See the file's description. `request` is the method and the URL.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum VaultError {
    /// No address.
    #[error("the address of Vault is invalid: {0}")]
    Address(&'static str),
    /// A path that leads elsewhere.
    #[error("{0} cannot be a path in Vault: it has a part that is . or ..")]
    Path(String),
    /// No token.
    #[error("the token for Vault is empty, or has characters that no token has")]
    Token,
    /// No namespace.
    #[error("the namespace for Vault has characters that no namespace has")]
    Namespace,
    /// Nothing to compare certificates with.
    #[error("there is no certificate in the file that should hold those to trust")]
    NoCertificates,
    /// Nothing to compare certificates with.
    #[error("this system has no certificates to trust")]
    NoSystemRoots,
    /// Nothing to show who we are.
    #[error("our own certificate or its key cannot be read")]
    OwnCertificate,
    /// No connection, or it broke.
    #[error("{request}: {why}")]
    Unreachable {
        /// What was asked.
        request: String,
        /// What happened.
        why: String,
        /// Whether the request may have arrived.
        sent: bool,
    },
    /// No answer in time.
    #[error("{request}: no answer in time")]
    Timeout {
        /// What was asked.
        request: String,
    },
    /// No connection that could be trusted.
    #[error("{request}: {why}")]
    Tls {
        /// What was asked.
        request: String,
        /// What is wrong.
        why: String,
    },
    /// Somebody else should be asked. The token was not sent there.
    #[error("{request}: redirects to {to}, which is not followed, as the token would go along")]
    Redirect {
        /// What was asked.
        request: String,
        /// Where it leads.
        to: String,
    },
    /// No.
    #[error("{request}: answers {status}{}", said(.messages))]
    Refused {
        /// What was asked.
        request: String,
        /// The code of the answer.
        status: u16,
        /// What the server said.
        messages: Vec<String>,
    },
    /// More than anybody needs.
    #[error("{request}: the answer is larger than {limit} bytes")]
    TooLarge {
        /// What was asked.
        request: String,
        /// The limit.
        limit: usize,
    },
    /// Something else is listening there.
    #[error("{request}: the answer is not one of Vault's")]
    NotVault {
        /// What was asked.
        request: String,
    },
}

fn said(messages: &[String]) -> String {
    messages.iter().map(|message| format!(": {message}")).collect()
}

impl VaultError {
    /// What happened to a request.
    pub(super) fn of(request: String, trouble: Trouble) -> Self {
        match trouble {
            Trouble::Timeout => Self::Timeout { request },
            Trouble::Unreachable(why) => Self::Unreachable { request, why, sent: false },
            Trouble::Broken(why) => Self::Unreachable { request, why, sent: true },
            Trouble::Tls(why) => Self::Tls { request, why },
            Trouble::TooLarge => Self::TooLarge { request, limit: super::ANSWER_LIMIT },
            Trouble::Odd => Self::NotVault { request },
        }
    }

    /// Whether the next attempt may go better.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    /// Whether we may not, as opposed to cannot.
    pub fn is_forbidden(&self) -> bool {
        matches!(self, Self::Refused { status: 403, .. })
    }
}

/// What the server said, on one line each and cut to size, without what is hidden.
pub(super) fn messages(answer: &Value, hidden: &[&str]) -> Vec<String> {
    let texts = ["errors", "warnings"].iter().filter_map(|name| answer.get(name)?.as_array()).flatten();
    texts
        .filter_map(Value::as_str)
        .take(MESSAGES)
        .map(|text| {
            let hidden = hidden.iter().filter(|secret| !secret.is_empty());
            let text = hidden.fold(text.to_owned(), |text, secret| text.replace(secret, "[REDACTED]"));
            let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
            line.chars().take(MESSAGE_LENGTH).collect()
        })
        .collect()
}

/// The place that a `Location` names, without what may be secret in it.
pub(in crate::net) fn place(location: &str) -> String {
    let bare = location.split(['?', '#']).next().unwrap_or_default();
    let bare = match bare.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_once('/').map_or((rest, ""), |(host, path)| (host, path));
            let host = authority.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}/{path}")
        }
        None => bare.to_owned(),
    };
    bare.chars().take(MESSAGE_LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_short_and_without_the_token() {
        let token = ["hunter2", ""];
        let long = "x".repeat(1000);
        let answer =
            serde_json::json!({"errors": ["1 error occurred:\n\t* hunter2 denied\n\n", long, 7, "a", "b", "c"]});
        let found = messages(&answer, &token);
        assert_eq!(found[0], "1 error occurred: * [REDACTED] denied");
        assert_eq!((found[1].len(), found.len()), (300, 4));
        assert!(messages(&serde_json::json!({"errors": null}), &token).is_empty());
        let error = VaultError::Refused { request: "PUT x".into(), status: 403, messages: vec!["no".into()] };
        assert_eq!(error.to_string(), "PUT x: answers 403: no");
    }

    #[test]
    fn places_are_without_secrets() {
        assert_eq!(place("https://me:hunter2@h:1/v1/x?token=hunter2#f"), "https://h:1/v1/x");
        assert_eq!(place("/v1/x?hunter2"), "/v1/x");
    }
}
