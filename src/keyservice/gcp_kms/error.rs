//! What Google's service says of a key, as one line for people and the next command.

use crate::keyservice::error::{Cause, KeyError};
use crate::net::google::{GoogleError, Refusal, cut};

const LOG_IN: &str = "log in with: gcloud auth application-default login";

/// No answer about a key: what is not about a key either.
pub(super) fn place_error(error: &GoogleError) -> KeyError {
    let (cause, hint) = match error {
        GoogleError::Credentials(_) => (Cause::NoCredentials, Some(LOG_IN)),
        GoogleError::NoRoots => (Cause::Unreachable, Some("install the package ca-certificates")),
        GoogleError::Timeout { .. } | GoogleError::Unreachable { .. } => (Cause::Unreachable, None),
        GoogleError::Redirect { .. } | GoogleError::Refused { .. } | GoogleError::NotGoogle { .. } => {
            (Cause::BadAnswer, None)
        }
    };
    let error = KeyError::service(cause, error.to_string());
    hint.into_iter().fold(error, KeyError::with_hint)
}

/// An error for people. `permission` is the right that the call needs.
pub(super) fn key_error(error: &GoogleError, resource: &str, permission: &str) -> KeyError {
    match error {
        GoogleError::Refused { place, refusal } => refused(place, refusal, &cut(resource), permission),
        _ => place_error(error),
    }
}

fn refused(place: &str, refusal: &Refusal, key: &str, permission: &str) -> KeyError {
    let said = &refusal.message;
    match (refusal.code.as_str(), refusal.status) {
        ("UNAUTHENTICATED", _) | (_, 401) => {
            let text = "Google Cloud does not accept the credentials: they have expired or are wrong";
            KeyError::service(Cause::NoCredentials, text).with_hint(LOG_IN)
        }
        ("PERMISSION_DENIED", _) | (_, 403) => {
            KeyError::service(Cause::Denied, format!("not allowed to use {key}: {said}")).with_hint(format!(
                "ask whoever manages the key for cloudkms.cryptoKeyVersions.{permission}, or use another account: \
                 gcloud auth application-default login"
            ))
        }
        ("NOT_FOUND", _) | (_, 404) => KeyError::service(Cause::Unusable, format!("there is no key {key}: {said}")),
        ("FAILED_PRECONDITION", _) => {
            KeyError::service(Cause::Unusable, format!("the key {key} cannot be used: {said}"))
                .with_hint("its version may be disabled or destroyed: gcloud kms keys versions list")
        }
        ("INVALID_ARGUMENT", _) | (_, 400) if permission == "useToDecrypt" => {
            KeyError::service(Cause::Ciphertext, format!("{key} cannot open what is in the file: {said}"))
        }
        ("RESOURCE_EXHAUSTED", _) | (_, 429) => {
            KeyError::service(Cause::Throttled, format!("{place}: too many requests"))
        }
        _ => KeyError::service(Cause::BadAnswer, format!("{place}: {refusal}")),
    }
}
