//! Paths of requests. Names cannot lead elsewhere. Pure.

use super::error::{Cause, ClusterError};

/// Where the secrets of a namespace are, or those of all.
pub(super) fn secrets(namespace: Option<&str>) -> Result<String, ClusterError> {
    Ok(match namespace {
        Some(namespace) => format!("/api/v1/namespaces/{}/secrets", segment(namespace)?),
        None => "/api/v1/secrets".to_owned(),
    })
}

/// `path` of the service `name`, which is `http:name:port`.
pub(super) fn proxy(namespace: &str, name: &str, path: &str) -> Result<String, ClusterError> {
    Ok(format!("/api/v1/namespaces/{}/services/{}/proxy{path}", segment(namespace)?, segment(name)?))
}

/// A name as a part of a path. client-go refuses the same ones.
pub(super) fn segment(name: &str) -> Result<String, ClusterError> {
    if name.is_empty() {
        return Err(ClusterError::new(Cause::BadConfig, "resource name may not be empty"));
    }
    if matches!(name, "." | "..") || name.contains(['/', '%']) {
        let text = format!("invalid resource name {name:?}: may not be '.' or '..', and may not contain '/' or '%'");
        return Err(ClusterError::new(Cause::BadConfig, text));
    }
    Ok(escaped(name))
}

/// Everything but what names have, and the colons of `http:name:port`, with percent signs.
pub(super) fn escaped(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // writing to memory cannot fail
            _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
