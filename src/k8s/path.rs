//! Paths of requests. Names cannot lead elsewhere. Pure.

use super::error::{Cause, ClusterError};
use super::objects::Resource;

/// Where the secrets of a namespace are, or those of all.
pub(super) fn secrets(namespace: Option<&str>) -> Result<String, ClusterError> {
    Ok(match namespace {
        Some(namespace) => format!("/api/v1/namespaces/{}/secrets", checked("namespace", namespace)?),
        None => "/api/v1/secrets".to_owned(),
    })
}

/// Where objects of a kind are, in a namespace or in all.
pub(super) fn objects(kind: Resource<'_>, namespace: Option<&str>) -> Result<String, ClusterError> {
    let root = match kind.group {
        "" => format!("/api/{}", kind.version),
        group => format!("/apis/{group}/{}", kind.version),
    };
    Ok(match namespace {
        Some(namespace) => format!("{root}/namespaces/{}/{}", checked("namespace", namespace)?, kind.plural),
        None => format!("{root}/{}", kind.plural),
    })
}

/// Where a service is described.
pub(super) fn service(namespace: &str, name: &str) -> Result<String, ClusterError> {
    Ok(format!("/api/v1/namespaces/{}/services/{}", checked("namespace", namespace)?, segment(name)?))
}

/// `path` of the service `name`, which is `http:name:port`.
pub(super) fn proxy(namespace: &str, name: &str, path: &str) -> Result<String, ClusterError> {
    Ok(format!("/api/v1/namespaces/{}/services/{}/proxy{path}", checked("namespace", namespace)?, segment(name)?))
}

/// A name as a part of a path. client-go refuses the same ones, in the same words.
pub(super) fn segment(name: &str) -> Result<String, ClusterError> {
    checked("resource name", name)
}

fn checked(what: &str, name: &str) -> Result<String, ClusterError> {
    let bad = |text: String| Err(ClusterError::new(Cause::BadConfig, text));
    if name.is_empty() {
        return bad(format!("{what} may not be empty"));
    }
    let mut faults = Vec::new();
    if matches!(name, "." | "..") {
        faults.push(format!("may not be '{name}'"));
    }
    faults
        .extend(['/', '%'].iter().filter(|sign| name.contains(**sign)).map(|sign| format!("may not contain '{sign}'")));
    if !faults.is_empty() {
        return bad(format!("invalid {what} {name:?}: [{}]", faults.join(" ")));
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
