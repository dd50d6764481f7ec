//! Connections: TLS, our own certificate, proxies, and what is wrong when there is none. The texts are those of Go's `net/http` and
//! `crypto/tls` where there are such.

use std::io;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, InvalidMessage};
use ureq::http::header::{CONTENT_TYPE, HeaderName, LOCATION, RETRY_AFTER};
use ureq::http::{Request, StatusCode, Uri};
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};
use ureq::{Agent, Proxy, ProxyProtocol, Timeout};
use zeroize::Zeroizing;

use super::error::{Cause, ClusterError, io_reason};
use super::settings::Config;
use crate::net::{rest, tls};
use crate::secret::SecretBytes;

/// Nobody waits longer for a connection.
const CONNECT: Duration = Duration::from_secs(15);

/// A request with its body.
pub(super) type Sent = Request<Option<Zeroizing<Vec<u8>>>>;

/// An answer, whatever its status.
pub(super) struct Came {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    pub(super) retry_after: Option<String>,
    pub(super) content_type: Option<String>,
    /// `None` when it is too large.
    pub(super) body: Option<SecretBytes>,
}

/// A client for `config`; one request takes `limit` at most. Nothing is sent yet.
///
/// # Errors
/// Certificates or keys that cannot be read.
pub(super) fn agent(
    config: &Config,
    own: Option<&(Vec<u8>, SecretBytes)>,
    limit: Duration,
) -> Result<Agent, ClusterError> {
    let proxy = config.proxy.as_ref().map(proxy).transpose()?;
    let mut trust = TlsConfig::builder().unversioned_rustls_crypto_provider(tls::provider());
    if config.is_tls() {
        trust = match &config.authority {
            _ if config.insecure => trust.root_certs(RootCerts::new_with_certs(&[])).disable_verification(true),
            Some(pem) => trust.root_certs(RootCerts::new_with_certs(&roots(pem)?)),
            None => trust.root_certs(tls::system_roots().unwrap_or_else(|| RootCerts::new_with_certs(&[]))),
        };
        trust = trust.client_cert(own.map(client_certificate).transpose()?);
    }
    let made = rest::config(trust.build(), proxy, limit, CONNECT.min(limit));
    match config.tls_server_name.as_deref().filter(|_| config.is_tls()) {
        Some(name) => Ok(tls::agent_for_name(made, proved(name)?)),
        None => Ok(made.new_agent()),
    }
}

/// A URL with the name that the server's certificate has to be for.
fn proved(name: &str) -> Result<Uri, ClusterError> {
    let bad = || ClusterError::new(Cause::BadConfig, "the name of the server for TLS is not one");
    ServerName::try_from(name).map_err(|_| bad())?;
    let host = if name.contains(':') { format!("[{name}]") } else { name.to_owned() };
    format!("https://{host}/").parse().map_err(|_| bad())
}

fn proxy(uri: &Uri) -> Result<Proxy, ClusterError> {
    let bad = || {
        ClusterError::new(Cause::BadConfig, "this kind of proxy is not supported")
            .hint("use a proxy of the kind http or socks5")
    };
    let named = Proxy::new(&uri.to_string()).map_err(|_| bad())?;
    match named.protocol() {
        ProxyProtocol::Http => Ok(named),
        ProxyProtocol::Socks5 => {
            // the proxy looks up the name, as with Go's client
            let mut made = Proxy::builder(ProxyProtocol::Socks5h).host(named.host()).port(named.port());
            if let Some(user) = named.username() {
                made = made.username(user).password(named.password().unwrap_or_default());
            }
            made.build().map_err(|_| bad())
        }
        _ => Err(bad()),
    }
}

fn roots(pem: &[u8]) -> Result<Vec<Certificate<'static>>, ClusterError> {
    let bad =
        || ClusterError::new(Cause::BadConfig, "unable to load root certificates: unable to parse bytes as PEM block");
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(pem).map(|der| der.map(|der| Certificate::from_der(&der).to_owned())).collect();
    found.ok().filter(|found| !found.is_empty()).ok_or_else(bad)
}

/// Our own certificate. Whether it can be used is found out here: the HTTP client takes it for granted.
fn client_certificate((certificate, pem): &(Vec<u8>, SecretBytes)) -> Result<ClientCert, ClusterError> {
    // what others say is about our certificate and its key
    let bad = || {
        ClusterError::new(Cause::BadConfig, "tls: failed to find or use the client certificate and its key")
            .hint("the certificate and the key have to be PEM, and belong together")
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
    let chain = chain.map_err(|_| bad())?;
    let key = PrivateKeyDer::from_pem_slice(pem.expose()).map_err(|_| bad())?;
    match CertifiedKey::from_der(chain.clone(), key, &tls::provider()) {
        Ok(_) => {}
        Err(rustls::Error::InvalidCertificate(why)) => {
            let text = format!("tls: failed to use the client certificate: {why}");
            return Err(ClusterError::new(Cause::BadConfig, text).hint("certificates have to be of X.509 version 3"));
        }
        Err(_) => return Err(bad()),
    }
    let chain: Vec<_> = chain.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    Ok(ClientCert::new_with_certs(&chain, PrivateKey::from_pem(pem.expose()).map_err(|_| bad())?))
}

/// Sends a request and reads what comes, of which the body may have `limit` bytes.
///
/// # Errors
/// There was no answer.
pub(super) fn exchange(agent: &Agent, sent: Sent, limit: usize) -> Result<Came, ureq::Error> {
    let (parts, body) = sent.into_parts();
    let mut response = match &body {
        Some(body) => agent.run(Request::from_parts(parts, body.as_slice()))?,
        None => agent.run(Request::from_parts(parts, ()))?,
    };
    let header =
        |name: HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (location, retry_after, content_type) = (header(LOCATION), header(RETRY_AFTER), header(CONTENT_TYPE));
    let status = response.status().as_u16();
    let body = rest::body(&mut response, limit)?.map(|mut body| SecretBytes::new(std::mem::take(&mut *body)));
    Ok(Came { status, location, retry_after, content_type, body })
}

/// A request that got no answer in spite of `limit`. `request` is as Go prints it: `Get "https://…"`.
pub(super) fn no_answer(request: &str, error: &ureq::Error, config: &Config, limit: Duration) -> ClusterError {
    use ureq::Error;
    let unreachable = |why: &str| ClusterError::new(Cause::Unreachable, format!("{request}: {why}")).hint(SERVER_HINT);
    match error {
        Error::Timeout(Timeout::Connect | Timeout::Resolve) => late(request, CONNECT.min(limit)),
        Error::Timeout(_) => late(request, limit),
        Error::HostNotFound => no_such_host(request, config),
        Error::Rustls(error) => untrusted(request, error),
        Error::Tls(why) => ClusterError::new(Cause::Tls, format!("{request}: tls: {why}")).hint(TLS_HINT),
        Error::Io(error) => of_io(request, error, config, limit),
        Error::ConnectProxyFailed(why) => {
            // Go says what the proxy says: the name of the status
            let digits: String =
                why.chars().skip_while(|sign| !sign.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
            let status = digits.parse().ok().and_then(|code| StatusCode::from_u16(code).ok());
            unreachable(status.and_then(|status| status.canonical_reason()).unwrap_or("the proxy does not lead there"))
        }
        // what the others would say may repeat what was sent
        _ => unreachable("malformed HTTP response"),
    }
}

fn of_io(request: &str, error: &io::Error, config: &Config, limit: Duration) -> ClusterError {
    let error = unwrapped(error);
    if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return untrusted(request, error);
    }
    if error.to_string().contains("lookup address information") {
        return no_such_host(request, config);
    }
    let reason = match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => return late(request, limit),
        io::ErrorKind::UnexpectedEof => "EOF".to_owned(),
        _ => io_reason(error),
    };
    let connecting = matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable
    );
    let server = config.server.authority().map(ToString::to_string).unwrap_or_default();
    let text = match (&config.proxy, connecting) {
        (Some(_), true) => format!("{request}: proxyconnect tcp: {reason}"),
        (None, true) => format!("{request}: dial tcp {server}: connect: {reason}"),
        (_, false) => format!("{request}: {reason}"),
    };
    ClusterError::new(Cause::Unreachable, text).hint(SERVER_HINT)
}

fn no_such_host(request: &str, config: &Config) -> ClusterError {
    let host = config.proxy.as_ref().unwrap_or(&config.server).host().unwrap_or_default();
    ClusterError::new(Cause::Unreachable, format!("{request}: dial tcp: lookup {host}: no such host")).hint(SERVER_HINT)
}

/// An error in an error, to the last one.
fn unwrapped(mut error: &io::Error) -> &io::Error {
    while let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref::<io::Error>()) {
        error = inner;
    }
    error
}

const SERVER_HINT: &str =
    "is the address in the kubeconfig right, and is the cluster up? --context chooses another one";
const TLS_HINT: &str = "is there something on the way that answers for the cluster?";

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
        other => (format!("{request}: tls: {other}"), TLS_HINT),
    };
    ClusterError::new(Cause::Tls, text).hint(hint)
}

/// `DnsName("x")` is x.
fn bare_name(shown: &str) -> &str {
    shown.split_once('(').map_or(shown, |(_, name)| name.trim_end_matches(')').trim_matches('"'))
}
