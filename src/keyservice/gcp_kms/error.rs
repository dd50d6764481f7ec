//! What Google's client says, as one line for people and the next command.

use google_cloud_gax::error::rpc::Code;
use google_cloud_kms_v1::Error;

use crate::keyservice::error::{Cause, KeyError};

/// More of a message is no help.
const MOST: usize = 300;
const LOG_IN: &str = "log in with: gcloud auth application-default login";

/// The beginning of a text from elsewhere, on one line.
pub(super) fn cut(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line: String = words.join(" ").chars().filter(|next| !next.is_control()).take(MOST).collect();
    line
}

/// The client could not be made.
pub(super) fn not_built(error: &dyn std::error::Error) -> KeyError {
    let text = format!("no Google Cloud credentials can be used: {}", cut(&error.to_string()));
    KeyError::service(Cause::NoCredentials, text).with_hint(LOG_IN)
}

/// Whether the same request may well be answered in a moment.
pub(super) fn is_passing(error: &Error) -> bool {
    let code = error.status().map(|status| status.code);
    matches!(code, Some(Code::ResourceExhausted | Code::Unavailable | Code::Aborted))
        || matches!(error.http_status_code(), Some(429 | 500 | 502 | 503 | 504))
}

/// An error for people. `permission` is the right that the call needs.
pub(super) fn key_error(error: &Error, resource: &str, permission: &str, endpoint: &str) -> KeyError {
    let said = error.status().map(|status| cut(&status.message)).unwrap_or_default();
    let key = cut(resource);
    if error.is_authentication() {
        return not_built(error);
    }
    if error.is_timeout() || error.is_exhausted() && error.status().is_none() {
        let text = format!("{endpoint}: no answer in time");
        return KeyError::service(Cause::Unreachable, text);
    }
    if error.is_connect() || error.is_io() {
        return KeyError::service(Cause::Unreachable, format!("{endpoint} cannot be reached: {}", deepest(error)));
    }
    match (error.status().map(|status| status.code), error.http_status_code()) {
        (Some(Code::Unauthenticated), _) | (_, Some(401)) => {
            let text = "Google Cloud does not accept the credentials: they have expired or are wrong";
            KeyError::service(Cause::NoCredentials, text).with_hint(LOG_IN)
        }
        (Some(Code::PermissionDenied), _) | (_, Some(403)) => {
            KeyError::service(Cause::Denied, format!("not allowed to use {key}: {said}")).with_hint(format!(
                "ask whoever manages the key for cloudkms.cryptoKeyVersions.{permission}, or use another account: \
                 gcloud auth application-default login"
            ))
        }
        (Some(Code::NotFound), _) | (_, Some(404)) => {
            KeyError::service(Cause::Unusable, format!("there is no key {key}: {said}"))
        }
        (Some(Code::FailedPrecondition), _) => {
            KeyError::service(Cause::Unusable, format!("the key {key} cannot be used: {said}"))
                .with_hint("its version may be disabled or destroyed: gcloud kms keys versions list")
        }
        (Some(Code::InvalidArgument), _) | (_, Some(400)) if permission == "useToDecrypt" => {
            KeyError::service(Cause::Ciphertext, format!("{key} cannot open what is in the file: {said}"))
        }
        (Some(Code::ResourceExhausted), _) | (_, Some(429)) => {
            KeyError::service(Cause::Throttled, format!("{endpoint}: too many requests"))
        }
        (Some(code), _) => KeyError::service(Cause::BadAnswer, format!("{endpoint}: {code:?}: {said}")),
        (None, Some(status)) => KeyError::service(Cause::BadAnswer, format!("{endpoint}: HTTP status {status}")),
        (None, None) if error.is_transport() => {
            KeyError::service(Cause::Unreachable, format!("{endpoint} cannot be reached: {}", deepest(error)))
        }
        // the text of anything else may hold parts of the answer
        (None, None) => KeyError::service(Cause::BadAnswer, format!("{endpoint}: an answer that nobody understands")),
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
