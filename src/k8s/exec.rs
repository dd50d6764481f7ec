//! Programs that log us in, as client-go runs them (v0.34.3 `plugin/pkg/client/auth/exec/exec.go`): told what is wanted in
//! `KUBERNETES_EXEC_INFO`, answering with credentials on standard output. What they print there is never shown; what they tell a
//! person goes to standard error, as with kubectl. They end, or are ended.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::error::{Cause, ClusterError, io_reason};
use super::kubeconfig::Cluster;
use super::settings::{Config, Plugin};
use crate::secret::{SecretBytes, SecretText, make_room};

const INFO: &str = "KUBERNETES_EXEC_INFO";
/// No credentials are larger.
const OUTPUT_LIMIT: usize = 1024 * 1024;
/// A program that has closed its output ends soon.
const LAST_BREATH: Duration = Duration::from_secs(5);
const STEP: Duration = Duration::from_millis(10);

/// What a program that logs in may want to know about where we are going.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ExecCluster {
    server: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_server_name: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    insecure_skip_tls_verify: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_authority_data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy_url: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    disable_compression: bool,
    config: serde_json::Value,
}

impl ExecCluster {
    pub(super) fn of(config: &Config, cluster: &Cluster) -> Self {
        Self {
            server: cluster.server.clone(),
            tls_server_name: config.tls_server_name.clone(),
            insecure_skip_tls_verify: config.insecure,
            certificate_authority_data: config
                .authority
                .as_ref()
                .map(|pem| base64_simd::STANDARD.encode_to_string(pem)),
            proxy_url: Some(cluster.proxy_url.clone()).filter(|url| !url.is_empty()),
            disable_compression: cluster.disable_compression,
            config: cluster.exec_config.clone().unwrap_or_default(),
        }
    }
}

/// What such a program gives us.
#[derive(Debug, Default)]
pub(super) struct Credentials {
    pub(super) token: Option<SecretText>,
    /// A certificate and its key, in PEM.
    pub(super) own: Option<(Vec<u8>, SecretBytes)>,
    pub(super) expires: Option<Timestamp>,
}

#[derive(Serialize)]
struct Info<'a> {
    kind: &'a str,
    #[serde(rename = "apiVersion")]
    api_version: &'a str,
    spec: Spec<'a>,
}

#[derive(Serialize)]
struct Spec<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<&'a ExecCluster>,
    interactive: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    api_version: String,
    status: Option<ReplyStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReplyStatus {
    expiration_timestamp: Option<String>,
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

fn trouble(text: impl std::fmt::Display) -> ClusterError {
    ClusterError::new(Cause::Exec, format!("getting credentials: {text}"))
}

/// Runs the program.
///
/// # Errors
/// It cannot be started, fails, takes too long, or does not give credentials.
pub(super) fn run(plugin: &Plugin) -> Result<Credentials, ClusterError> {
    let exec = &plugin.exec;
    let version = exec.api_version.as_str();
    if !matches!(version, "client.authentication.k8s.io/v1" | "client.authentication.k8s.io/v1beta1") {
        return Err(ClusterError::new(Cause::Exec, format!("exec plugin: invalid apiVersion {version:?}")).hint(
            "a newer version of the program, and the kubeconfig that it writes, know client.authentication.k8s.io/v1",
        ));
    }
    let interactive = match exec.interactive_mode.as_str() {
        "Always" if !plugin.terminal => {
            return Err(trouble("exec plugin cannot support interactive mode: standard input is not a terminal"));
        }
        "Never" => false,
        _ => plugin.terminal,
    };
    let info = Info {
        kind: "ExecCredential",
        api_version: version,
        spec: Spec { cluster: plugin.cluster.as_ref(), interactive },
    };
    let info = serde_json::to_string(&info).map_err(|_| trouble("encode ExecCredentials"))?;
    let child = Command::new(&exec.command)
        .args(&exec.args)
        .envs(exec.env.iter().map(|(name, value)| (name, value)))
        .env(INFO, info)
        .stdin(if interactive { Stdio::inherit() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(|error| not_started(plugin, &error))?;
    let output = output_of(child, plugin)?;
    credentials(&output, version)
}

fn not_started(plugin: &Plugin, error: &std::io::Error) -> ClusterError {
    let exec = &plugin.exec;
    if error.kind() != std::io::ErrorKind::NotFound {
        return trouble(format_args!("exec: {}: {}", exec.command, io_reason(error)));
    }
    let error = trouble(format_args!("exec: executable {} not found", exec.command));
    let hint = exec.install_hint.trim();
    match hint {
        "" => error.hint("the kubeconfig logs in with this program: install it, or choose another user with --user"),
        hint => error.hint(hint),
    }
}

/// Waits for the end of the program and of its output.
fn output_of(mut child: Child, plugin: &Plugin) -> Result<Zeroizing<Vec<u8>>, ClusterError> {
    let command = &plugin.exec.command;
    let (sender, receiver) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        // not joined: what the program has started may hold the pipe open for ever
        std::thread::spawn(move || sender.send(read(stdout)));
    }
    let read = receiver.recv_timeout(plugin.patience);
    let Ok(read) = read else {
        end(&mut child);
        return Err(match read {
            Err(RecvTimeoutError::Timeout) => trouble(format_args!(
                "exec: executable {command} has not ended after {} seconds",
                plugin.patience.as_secs()
            )),
            _ => trouble(format_args!("exec: {command}: its output cannot be read")),
        });
    };
    let mut waited = Duration::ZERO;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if waited < LAST_BREATH && read.is_some() => {
                std::thread::sleep(STEP);
                waited += STEP;
            }
            Ok(None) | Err(_) => {
                end(&mut child);
                return Err(trouble(format_args!("exec: executable {command} does not end, or prints too much")));
            }
        }
    };
    if !status.success() {
        // Go gives -1 for a signal
        let code = status.code().unwrap_or(-1);
        return Err(trouble(format_args!("exec: executable {command} failed with exit code {code}"))
            .hint("what the program says is above; it has to log in again, perhaps"));
    }
    read.ok_or_else(|| trouble(format_args!("exec: executable {command} prints too much")))
}

fn end(child: &mut Child) {
    // it may have ended by itself meanwhile
    _ = child.kill();
    _ = child.wait();
}

/// Everything up to the limit; `None` beyond it, and for a pipe that breaks.
fn read(mut stdout: impl Read) -> Option<Zeroizing<Vec<u8>>> {
    let mut buffer = Zeroizing::new(Vec::new());
    make_room(&mut buffer, OUTPUT_LIMIT + 1);
    let mut chunk = Zeroizing::new([0_u8; 8 * 1024]);
    loop {
        match stdout.read(chunk.as_mut_slice()) {
            Ok(0) => return Some(buffer),
            Ok(count) if buffer.len() + count <= OUTPUT_LIMIT => buffer.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Ok(_) | Err(_) => return None,
        }
    }
}

fn credentials(output: &[u8], version: &str) -> Result<Credentials, ClusterError> {
    // what serde says about the place may repeat what stands there
    let reply: Reply = serde_json::from_slice(output).map_err(|error| {
        trouble(format_args!(
            "decoding stdout: not an ExecCredential in JSON (line {}, column {})",
            error.line(),
            error.column()
        ))
    })?;
    let status = reply.status.map(|status| {
        let token = status.token.map(SecretText::new).filter(|token| !token.expose().is_empty());
        let key =
            status.client_key_data.map(|key| SecretBytes::new(key.into_bytes())).filter(|key| !key.expose().is_empty());
        let certificate = status.client_certificate_data.filter(|pem| !pem.is_empty());
        (token, certificate, key, status.expiration_timestamp)
    });
    if reply.kind != "ExecCredential" || reply.api_version != version {
        let returned: String = reply.api_version.chars().take(80).collect();
        return Err(trouble(format_args!(
            "exec plugin is configured to use API version {version}, plugin returned version {returned}"
        )));
    }
    let Some((token, certificate, key, expires)) = status else {
        return Err(trouble("exec plugin didn't return a status field"));
    };
    let own = match (certificate, key) {
        (Some(certificate), Some(key)) => Some((certificate.into_bytes(), key)),
        (None, None) if token.is_none() => return Err(trouble("exec plugin didn't return a token or cert/key pair")),
        (None, None) => None,
        _ => return Err(trouble("exec plugin returned only certificate or key, not both")),
    };
    let expires = expires.filter(|text| !text.is_empty()).map(|text| text.parse::<Timestamp>()).transpose();
    let expires = expires.map_err(|_| trouble("decoding stdout: the expiration timestamp is not one"))?;
    Ok(Credentials { token, own, expires })
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1: &str = "client.authentication.k8s.io/v1";

    fn read_reply(status: &str) -> Result<Credentials, String> {
        let text = format!("{{\"kind\":\"ExecCredential\",\"apiVersion\":\"{V1}\",\"status\":{status}}}");
        credentials(text.as_bytes(), V1).map_err(|error| error.text)
    }

    #[test]
    fn credentials_are_read() {
        let read = read_reply(r#"{"token":"hunter2","expirationTimestamp":"2030-01-01T00:00:00Z"}"#).unwrap();
        assert_eq!((read.token.as_ref().unwrap().expose(), read.own.is_none()), ("hunter2", true));
        assert_eq!(read.expires.unwrap().to_string(), "2030-01-01T00:00:00Z");
        assert!(!format!("{read:?}").contains("hunter2"));
        let read = read_reply(r#"{"clientCertificateData":"c","clientKeyData":"k"}"#).unwrap();
        assert!(read.token.is_none() && read.own.is_some());
    }

    #[test]
    fn what_is_no_credential() {
        for (status, text) in [
            ("null", "exec plugin didn't return a status field"),
            ("{}", "exec plugin didn't return a token or cert/key pair"),
            (r#"{"token":"hunter2","clientKeyData":"k"}"#, "exec plugin returned only certificate or key, not both"),
            (
                r#"{"token":"hunter2","expirationTimestamp":"hunter2"}"#,
                "decoding stdout: the expiration timestamp is not one",
            ),
            (r#"{"token":["hunter2"]}"#, "decoding stdout: not an ExecCredential in JSON (line 1, column 90)"),
        ] {
            assert_eq!(read_reply(status).unwrap_err(), format!("getting credentials: {text}"), "{status}");
        }
        let error =
            credentials(br#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1"}"#, V1)
                .unwrap_err();
        assert!(error.text.ends_with("plugin returned version client.authentication.k8s.io/v1beta1"), "{error}");
    }
}
