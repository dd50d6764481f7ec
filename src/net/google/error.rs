//! What can go wrong between us and Google Cloud. Errors name places and say what the server said; they hold no token.

use serde_json::Value;
use ureq::http::HeaderMap;

use crate::net::rest::Trouble;
use crate::net::vault::error::place;

/// More of a message is no help.
const MOST: usize = 300;

/// See the file's description. `place` is the host.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum GoogleError {
    /// Nothing that says who we are.
    #[error("{0}")]
    Credentials(String),
    /// Nothing to compare certificates with.
    #[error("this system has no certificates to trust")]
    NoRoots,
    /// No answer in time.
    #[error("{place}: no answer in time")]
    Timeout {
        /// Who was asked.
        place: String,
    },
    /// No connection, or it broke, or it cannot be trusted.
    #[error("{place} cannot be reached: {why}")]
    Unreachable {
        /// Who was asked.
        place: String,
        /// What happened.
        why: String,
    },
    /// Somebody else should be asked. Neither the token nor the data was sent there.
    #[error("{place}: HTTP status {status}: redirects to {to}, which is not followed, as the token would go along")]
    Redirect {
        /// Who was asked.
        place: String,
        /// The code of the answer.
        status: u16,
        /// Where it leads.
        to: String,
    },
    /// No.
    #[error("{place}: {refusal}")]
    Refused {
        /// Who was asked.
        place: String,
        /// The answer.
        refusal: Refusal,
    },
    /// Something else is listening there.
    #[error("{place}: an answer that nobody understands")]
    NotGoogle {
        /// Who was asked.
        place: String,
    },
}

/// An answer that is not what was asked for.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("HTTP status {status}{}", said(.message))]
pub struct Refusal {
    /// The code of the answer.
    pub status: u16,
    /// Google's word for it, such as `PERMISSION_DENIED`; empty when there is none.
    pub code: String,
    /// What the server said, on one line.
    pub message: String,
}

fn said(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

impl Refusal {
    /// Reads the body of an answer; none of the headers that were sent is repeated.
    pub(super) fn read(status: u16, body: &[u8], sent: &HeaderMap) -> Self {
        let json: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |pointer: &str| json.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let mut message = text("/error/message").to_owned();
        for value in sent.values().filter_map(|value| value.to_str().ok()) {
            let word = value.rsplit(' ').next().unwrap_or_default();
            if !word.is_empty() {
                message = message.replace(word, "[REDACTED]");
            }
        }
        Self { status, code: cut(text("/error/status")), message: cut(&message) }
    }
}

impl GoogleError {
    /// What happened to a request.
    pub(super) fn of(place: String, trouble: Trouble) -> Self {
        match trouble {
            Trouble::Timeout => Self::Timeout { place },
            Trouble::Unreachable(why) | Trouble::Broken(why) | Trouble::Tls(why) => Self::Unreachable { place, why },
            Trouble::TooLarge | Trouble::Odd => Self::NotGoogle { place },
        }
    }

    pub(super) fn redirect(from: String, status: u16, location: Option<&str>) -> Self {
        Self::Redirect { place: from, status, to: location.map_or_else(|| "an unnamed place".to_owned(), place) }
    }
}

/// The beginning of a text from elsewhere, on one line.
pub fn cut(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().filter(|next| !next.is_control()).take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use ureq::http::header::AUTHORIZATION;

    use super::*;

    #[test]
    fn refusals_are_short_and_without_the_token() {
        let sent = HeaderMap::from_iter([(AUTHORIZATION, "Bearer hunter2".parse().unwrap())]);
        let long = format!("hunter2 is\nbad {}", "x".repeat(1000));
        let body = serde_json::json!({"error": {"code": 403, "status": "PERMISSION_DENIED", "message": long}});
        let refusal = Refusal::read(403, body.to_string().as_bytes(), &sent);
        assert!(refusal.message.starts_with("[REDACTED] is bad xxx") && refusal.message.len() == 300, "{refusal:?}");
        assert_eq!(refusal.code, "PERMISSION_DENIED");
        let odd = Refusal::read(502, b"<html>hunter2</html>", &sent);
        assert_eq!(odd.to_string(), "HTTP status 502");
    }
}
