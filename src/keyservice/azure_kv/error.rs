//! What Microsoft's client says, as one line for people and the next command.

use azure_core::error::{Error, ErrorKind};

use crate::keyservice::error::{Cause, KeyError};

/// More of a message is no help.
const MOST: usize = 300;

/// The beginning of a text from elsewhere, on one line.
pub(super) fn cut(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().filter(|next| !next.is_control()).take(MOST).collect()
}

/// An error for people. `right` is the permission that the call needs.
pub(super) fn key_error(error: &Error, key: &str, vault: &str, right: &str) -> KeyError {
    match error.kind() {
        ErrorKind::Credential => {
            let text = format!("nobody is logged in to Azure: {}", cut(&error.to_string()));
            KeyError::service(Cause::NoCredentials, text).with_hint("log in with: az login")
        }
        ErrorKind::Connection | ErrorKind::Io => {
            KeyError::service(Cause::Unreachable, format!("{vault} cannot be reached: {}", deepest(error)))
        }
        ErrorKind::HttpResponse { status, error_code, .. } => {
            let code = error_code.as_deref().map(cut).unwrap_or_default();
            of_status(u16::from(*status), &code, key, vault, right)
        }
        _ => KeyError::service(Cause::BadAnswer, format!("{vault}: {}", cut(&error.to_string()))),
    }
}

fn of_status(status: u16, code: &str, key: &str, vault: &str, right: &str) -> KeyError {
    match status {
        401 => KeyError::service(Cause::NoCredentials, format!("{vault} does not accept the login ({code})"))
            .with_hint("log in again with: az login"),
        403 if code.contains("Disabled") || code.contains("Expired") => {
            KeyError::service(Cause::Unusable, format!("the key {key} cannot be used: {code}"))
        }
        403 => KeyError::service(Cause::Denied, format!("not allowed to use {key} ({code})"))
            .with_hint(format!("ask whoever manages the vault for the key permission \"{right}\"")),
        404 => KeyError::service(Cause::Unusable, format!("there is no key {key} ({code})")),
        400 if right == "decrypt" => {
            KeyError::service(Cause::Ciphertext, format!("{key} cannot open what is in the file ({code})"))
        }
        429 => KeyError::service(Cause::Throttled, format!("{vault}: too many requests")),
        300..=399 => KeyError::service(Cause::BadAnswer, format!("{vault}: a redirect, which is not followed")),
        _ => KeyError::service(Cause::BadAnswer, format!("{vault}: HTTP status {status} ({code})")),
    }
}

/// The last cause says what happened: a refused connection, an unknown name, a bad certificate.
fn deepest(error: &Error) -> String {
    let mut last: &dyn std::error::Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    cut(&last.to_string())
}
