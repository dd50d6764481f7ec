//! Connections: TLS, our own certificate, proxies, and what is wrong when there is none. The texts are those of Go's `net/http` and
//! `crypto/tls` where there are such.

use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{CertificateError, InvalidMessage};

use super::error::{Cause, ClusterError, io_reason};
use super::settings::Config;
use crate::net::tls;
use crate::secret::SecretBytes;

/// Nobody waits longer for a connection.
const CONNECT: Duration = Duration::from_secs(15);

/// A client for `config`. Nothing is sent yet. To be called within the runtime.
///
/// # Errors
/// Certificates or keys that cannot be read.
pub(super) fn client(config: &Config, own: Option<&(Vec<u8>, SecretBytes)>) -> Result<kube::Client, ClusterError> {
    tls::install();
    let mut made = kube::Config::new(config.server.clone());
    made.proxy_url = config.proxy.clone();
    made.tls_server_name = config.tls_server_name.clone();
    made.accept_invalid_certs = config.insecure;
    made.connect_timeout = Some(CONNECT);
    // we have limits and repetitions of our own
    made.default_retry = false;
    made.write_timeout = None;
    if let Some(pem) = &config.authority {
        made.root_cert = Some(roots(pem)?);
    }
    if let Some((certificate, key)) = own {
        let encode = |pem: &[u8]| base64_simd::STANDARD.encode_to_string(pem);
        made.auth_info.client_certificate_data = Some(encode(certificate));
        made.auth_info.client_key_data = Some(encode(key.expose()).into());
    }
    kube::Client::try_from(made).map_err(|error| match error {
        kube::Error::ProxyProtocolUnsupported { .. } | kube::Error::ProxyProtocolDisabled { .. } => {
            ClusterError::new(Cause::BadConfig, "this kind of proxy is not supported")
                .hint("use a proxy of the kind http or socks5")
        }
        kube::Error::RustlsTls(kube::client::RustlsTlsError::InvalidServerName(_)) => {
            ClusterError::new(Cause::BadConfig, "the name of the server for TLS is not one")
        }
        kube::Error::RustlsTls(kube::client::RustlsTlsError::InvalidPrivateKey(rustls::Error::InvalidCertificate(
            why,
        ))) => {
            let text = format!("tls: failed to use the client certificate: {why}");
            ClusterError::new(Cause::BadConfig, text).hint("certificates have to be of X.509 version 3")
        }
        // what the others say is about our certificate and its key
        _ => ClusterError::new(Cause::BadConfig, "tls: failed to find or use the client certificate and its key")
            .hint("the certificate and the key have to be PEM, and belong together"),
    })
}

fn roots(pem: &[u8]) -> Result<Vec<Vec<u8>>, ClusterError> {
    let bad =
        || ClusterError::new(Cause::BadConfig, "unable to load root certificates: unable to parse bytes as PEM block");
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).map(|der| der.map(|der| der.to_vec())).collect();
    found.ok().filter(|found| !found.is_empty()).ok_or_else(bad)
}

/// A request that got no answer. `request` is as Go prints it: `Get "https://…"`.
pub(super) fn no_answer(request: &str, error: &(dyn Error + 'static), config: &Config) -> ClusterError {
    let server = config.server.authority().map(ToString::to_string).unwrap_or_default();
    let mut current = Some(error);
    let mut connecting = false;
    let mut innermost = String::new();
    while let Some(error) = current {
        innermost = error.to_string();
        connecting |= innermost.contains("tcp connect error") || innermost.contains("dns error");
        if let Some(error) = error.downcast_ref::<io::Error>() {
            let error = unwrapped(error);
            if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                return untrusted(request, error);
            }
            if error.get_ref().is_none() || error.kind() != io::ErrorKind::Other {
                return unreachable(request, error, connecting, &server, config);
            }
        }
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return untrusted(request, error);
        }
        current = error.source();
    }
    if innermost.contains("lookup address information") || innermost.contains("No such host") {
        let host = config.proxy.as_ref().unwrap_or(&config.server).host().unwrap_or_default();
        return ClusterError::new(Cause::Unreachable, format!("{request}: dial tcp: lookup {host}: no such host"))
            .hint(SERVER_HINT);
    }
    let why = match innermost.as_str() {
        // hyper's words for a connection that ends before the answer does
        "connection closed before message completed" | "unexpected end of file" => "EOF",
        "deadline has elapsed" => return late(request, CONNECT),
        other => other,
    };
    ClusterError::new(Cause::Unreachable, format!("{request}: {why}")).hint(SERVER_HINT)
}

/// An error in an error, to the last one: `source` skips what an [`io::Error`] holds.
fn unwrapped(mut error: &io::Error) -> &io::Error {
    while let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref::<io::Error>()) {
        error = inner;
    }
    error
}

const SERVER_HINT: &str =
    "is the address in the kubeconfig right, and is the cluster up? --context chooses another one";

fn unreachable(request: &str, error: &io::Error, connecting: bool, server: &str, config: &Config) -> ClusterError {
    if error.to_string().contains("lookup address information") {
        let host = config.proxy.as_ref().unwrap_or(&config.server).host().unwrap_or_default();
        return ClusterError::new(Cause::Unreachable, format!("{request}: dial tcp: lookup {host}: no such host"))
            .hint(SERVER_HINT);
    }
    if error.kind() == io::ErrorKind::TimedOut && connecting {
        return late(request, CONNECT);
    }
    let reason = match error.kind() {
        io::ErrorKind::UnexpectedEof => "EOF".to_owned(),
        _ => io_reason(error),
    };
    let text = match (&config.proxy, connecting) {
        (Some(_), true) => format!("{request}: proxyconnect tcp: {reason}"),
        (None, true) => format!("{request}: dial tcp {server}: connect: {reason}"),
        (_, false) => format!("{request}: {reason}"),
    };
    ClusterError::new(Cause::Unreachable, text).hint(SERVER_HINT)
}

/// No answer in time.
pub(super) fn late(request: &str, limit: Duration) -> ClusterError {
    let text = format!("{request}: no answer within {} seconds", limit.as_secs_f32());
    ClusterError::new(Cause::Late, text).hint("--request-timeout allows more time")
}

fn untrusted(request: &str, error: &rustls::Error) -> ClusterError {
    use rustls::Error::{InvalidCertificate, InvalidMessage as Invalid};
    let failed = |why: &str| format!("{request}: tls: failed to verify certificate: x509: {why}");
    let (text, hint) = match error {
        InvalidCertificate(CertificateError::UnknownIssuer) => (
            failed("certificate signed by unknown authority"),
            "the kubeconfig has to name the authority of the cluster: certificate-authority-data, or --certificate-authority",
        ),
        InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => (
            failed("certificate has expired or is not yet valid"),
            "the cluster's certificate has to be renewed; is the clock right?",
        ),
        InvalidCertificate(CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) => {
            (failed("certificate has expired or is not yet valid"), "is the clock right?")
        }
        InvalidCertificate(CertificateError::NotValidForNameContext { expected, presented }) => {
            let names: Vec<&str> = presented.iter().map(|name| bare_name(name)).collect();
            let text = failed(&format!("certificate is valid for {}, not {}", names.join(", "), expected.to_str()));
            (text, "--tls-server-name says which name the certificate has to be for")
        }
        Invalid(InvalidMessage::InvalidContentType) => (
            format!("{request}: http: server gave HTTP response to HTTPS client"),
            "the address may have to begin with http://",
        ),
        other => (format!("{request}: tls: {other}"), "is there something on the way that answers for the cluster?"),
    };
    ClusterError::new(Cause::Tls, text).hint(hint)
}

/// `DnsName("x")` is x.
fn bare_name(shown: &str) -> &str {
    shown.split_once('(').map_or(shown, |(_, name)| name.trim_end_matches(')').trim_matches('"'))
}
