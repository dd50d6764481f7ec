//! What can go wrong between us and a cluster. The texts are those of client-go where people and scripts know them
//! (client-go v0.34.3 `rest/request.go`, apimachinery v0.34.3 `pkg/api/errors/errors.go`). They hold no token, no key and
//! nothing of what was sent.

use std::io;
use std::path::Path;

/// No text of a server is longer.
const MESSAGE_LENGTH: usize = 2048;

/// What went wrong, as far as a program may care.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Cause {
    /// There is no configuration that names a cluster.
    NoConfig,
    /// The configuration cannot be read, or contradicts itself.
    BadConfig,
    /// The program that should log us in failed.
    Exec,
    /// No connection, or it broke.
    Unreachable,
    /// No answer in time.
    Late,
    /// No connection that could be trusted.
    Tls,
    /// The cluster does not know who we are.
    Unauthorized,
    /// The cluster knows who we are, and refuses.
    Forbidden,
    /// What was asked for is not there.
    NotFound,
    /// What is there contradicts what was sent; from the controller: nobody can open it.
    Conflict,
    /// Too many requests.
    Busy,
    /// Anything else that a server says.
    Server,
    /// The answer is larger than anybody needs, or cannot be read.
    BadAnswer,
    /// We were told to stop.
    Cancelled,
}

/// See the file's description.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{text}")]
pub struct ClusterError {
    /// What went wrong.
    pub cause: Cause,
    /// The message, as client-go prints it where it has one.
    pub text: String,
    /// What to try next.
    pub hint: Option<String>,
    /// The code of the answer, where there was one.
    pub status: Option<u16>,
}

impl ClusterError {
    /// An error without an answer.
    pub(super) fn new(cause: Cause, text: impl Into<String>) -> Self {
        Self { cause, text: text.into(), hint: None, status: None }
    }

    /// Adds what to try next.
    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What client-go says where no file names a cluster.
    pub(super) fn no_config() -> Self {
        let text = "invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable";
        Self::new(Cause::NoConfig, text)
            .hint("name a kubeconfig file in KUBECONFIG: kubectl config view shows what is in it")
    }

    /// A configuration with these faults.
    pub(super) fn invalid(faults: &[String]) -> Self {
        let faults = match faults {
            [one] => one.clone(),
            // apimachinery prints several errors in brackets
            several => format!("[{}]", several.join(", ")),
        };
        Self::new(Cause::BadConfig, format!("invalid configuration: {faults}"))
    }

    /// Whether the same request may go better later.
    pub fn is_passing(&self) -> bool {
        matches!(self.cause, Cause::Unreachable | Cause::Late | Cause::Busy)
            || (self.cause == Cause::Server && self.status.is_some_and(|status| status >= 500))
    }
}

/// An answer that is no good one, as client-go makes it an error.
#[derive(Debug)]
pub(super) struct Refusal<'a> {
    pub(super) status: u16,
    pub(super) method: &'a str,
    /// `services`
    pub(super) resource: &'a str,
    /// `http:sealed-secrets-controller:`; empty for lists and for what has no name.
    pub(super) name: &'a str,
    pub(super) content_type: Option<&'a str>,
    pub(super) body: &'a [u8],
    /// What must not be repeated.
    pub(super) hidden: &'a [&'a str],
    /// What was sent is secret, and a server that cannot read it repeats parts of it.
    pub(super) secret_body: bool,
}

impl Refusal<'_> {
    /// The error.
    pub(super) fn error(&self) -> ClusterError {
        let said = self.said_as_status().unwrap_or_else(|| self.unexpected());
        let text = self
            .hidden
            .iter()
            .filter(|secret| !secret.is_empty())
            .fold(said, |text, secret| text.replace(secret, "[REDACTED]"));
        let cause = match self.status {
            401 => Cause::Unauthorized,
            403 => Cause::Forbidden,
            404 => Cause::NotFound,
            409 => Cause::Conflict,
            429 => Cause::Busy,
            _ => Cause::Server,
        };
        let hint = match self.status {
            401 => Some("the credentials in the kubeconfig are missing, wrong or have expired".to_owned()),
            403 => Some("ask for the permission, or choose another user with --context".to_owned()),
            _ => None,
        };
        ClusterError { cause, text, hint, status: Some(self.status) }
    }

    /// The message of a `Status` of the API, if the body is one.
    fn said_as_status(&self) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct Status {
            kind: Option<String>,
            status: Option<String>,
            #[serde(default)]
            message: String,
        }
        let media = self.content_type.map_or_else(|| "application/json".to_owned(), media_type);
        if media != "application/json" {
            return None;
        }
        let status: Status = serde_json::from_slice(self.body).ok()?;
        if status.kind.as_deref() != Some("Status") || status.status.as_deref() != Some("Failure") {
            return None;
        }
        let message = match self.secret_body && matches!(self.status, 400 | 500) {
            true => without_echo(&status.message),
            false => &status.message,
        };
        Some(message.chars().take(MESSAGE_LENGTH).collect())
    }

    /// `NewGenericServerResponse`.
    fn unexpected(&self) -> String {
        let said = match self.content_type.is_none_or(|content_type| media_type(content_type).starts_with("text/")) {
            true if self.secret_body => "unknown".to_owned(),
            true => {
                let body = &self.body[..self.body.len().min(MESSAGE_LENGTH)];
                String::from_utf8_lossy(body).trim().to_owned()
            }
            false => "unknown".to_owned(),
        };
        let text = match self.status {
            409 => "the server reported a conflict".to_owned(),
            404 => "the server could not find the requested resource".to_owned(),
            400 => "the server rejected our request for an unknown reason".to_owned(),
            401 => "the server has asked for the client to provide credentials".to_owned(),
            403 | 415 => said,
            406 if said.is_empty() || said == "unknown" => {
                "the server was unable to respond with a content type that the client supports".to_owned()
            }
            406 => said,
            405 => "the server does not allow this method on the requested resource".to_owned(),
            422 => "the server rejected our request due to an error in our request".to_owned(),
            503 => "the server is currently unable to handle the request".to_owned(),
            504 => "the server was unable to return a response in the time allotted, but may still be processing the request".to_owned(),
            429 => "the server has received too many requests and has asked us to try again later".to_owned(),
            500.. => format!("an error on the server ({said:?}) has prevented the request from succeeding"),
            code => format!("the server responded with the status code {code} but did not return more information"),
        };
        let verb = self.method.to_ascii_lowercase();
        match (self.resource, self.name) {
            ("", _) => text,
            (resource, "") => format!("{text} ({verb} {resource})"),
            (resource, name) => format!("{text} ({verb} {resource} {name})"),
        }
    }
}

/// `text/plain; charset=utf-8` without what follows, in lower case.
fn media_type(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The message of an API server that could not read what was sent, up to where it repeats what that was.
fn without_echo(message: &str) -> &str {
    let echoes = [", error found in #", "bigger context", "|...", "...|"];
    let end = echoes.iter().filter_map(|echo| message.find(echo)).min();
    message[..end.unwrap_or(message.len())].trim_end_matches([':', ' '])
}

/// An error of the file system, worded as Go does: `open x: no such file or directory`.
pub(super) fn io_text(verb: &str, path: &Path, error: &io::Error) -> String {
    format!("{verb} {}: {}", path.display(), io_reason(error))
}

/// Only the reason.
pub(super) fn io_reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "is a directory".to_owned(),
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::ConnectionReset => "connection reset by peer".to_owned(),
        io::ErrorKind::BrokenPipe => "broken pipe".to_owned(),
        io::ErrorKind::TimedOut => "i/o timeout".to_owned(),
        io::ErrorKind::UnexpectedEof => "unexpected EOF".to_owned(),
        io::ErrorKind::HostUnreachable => "no route to host".to_owned(),
        io::ErrorKind::NetworkUnreachable => "network is unreachable".to_owned(),
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or_default().to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, content_type: Option<&str>, body: &str) -> ClusterError {
        let refusal = Refusal {
            status,
            method: "POST",
            resource: "services",
            name: "http:sealed-secrets-controller:",
            content_type,
            body: body.as_bytes(),
            hidden: &["hunter2"],
            secret_body: false,
        };
        refusal.error()
    }

    #[test]
    fn texts_are_those_of_client_go() {
        let text = |status, content_type, body| refused(status, content_type, body).text;
        assert_eq!(
            text(500, None, ""),
            "an error on the server (\"\") has prevented the request from succeeding \
             (post services http:sealed-secrets-controller:)"
        );
        assert_eq!(
            text(503, Some("text/plain; charset=utf-8"), "no endpoints\n"),
            "the server is currently unable to handle the request (post services http:sealed-secrets-controller:)"
        );
        assert_eq!(
            text(502, Some("text/plain"), "cannot dial hunter2\n"),
            "an error on the server (\"cannot dial [REDACTED]\") has prevented the request from succeeding \
             (post services http:sealed-secrets-controller:)"
        );
        assert_eq!(
            text(500, Some("application/octet-stream"), "x"),
            "an error on the server (\"unknown\") has prevented the request from succeeding \
             (post services http:sealed-secrets-controller:)"
        );
        let status = r#"{"kind":"Status","status":"Failure","message":"services \"x\" not found","code":404}"#;
        let error = refused(404, Some("application/json"), status);
        assert_eq!(
            (error.text.as_str(), error.cause, error.status),
            ("services \"x\" not found", Cause::NotFound, Some(404))
        );
        assert_eq!(
            text(404, Some("application/json"), "{}"),
            "the server could not find the requested resource (post services http:sealed-secrets-controller:)"
        );
        assert_eq!(refused(409, None, "").cause, Cause::Conflict);
        assert!(refused(401, None, "").text.starts_with("the server has asked for the client to provide credentials"));
    }

    #[test]
    fn what_was_sent_is_not_repeated() {
        let message = "Secret in version \"v1\" cannot be handled as a Secret: json: cannot unmarshal, error found in #10 byte of ...|hunter2|..., bigger context ...|x: hunter2|...";
        let body = serde_json::json!({"kind": "Status", "status": "Failure", "message": message}).to_string();
        let refusal = Refusal {
            status: 400,
            method: "POST",
            resource: "secrets",
            name: "",
            content_type: Some("application/json"),
            body: body.as_bytes(),
            hidden: &[],
            secret_body: true,
        };
        assert_eq!(
            refusal.error().text,
            "Secret in version \"v1\" cannot be handled as a Secret: json: cannot unmarshal"
        );
        let plain = Refusal { content_type: Some("text/plain"), body: b"hunter2", status: 502, ..refusal };
        assert!(!plain.error().text.contains("hunter2"));
    }

    #[test]
    fn several_faults_are_in_brackets() {
        let text =
            |faults: &[&str]| ClusterError::invalid(&faults.iter().map(ToString::to_string).collect::<Vec<_>>()).text;
        assert_eq!(text(&["a"]), "invalid configuration: a");
        assert_eq!(text(&["a", "b"]), "invalid configuration: [a, b]");
    }
}
