//! One file from the web: for certificates that a URL leads to.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Proxy};

/// So many redirects are followed: as many as Go's client follows.
const MOST_REDIRECTS: u32 = 10;
/// Nobody waits longer for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebError {
    /// The server says no.
    #[error("cannot fetch {url}: the server answers {status}")]
    Status {
        /// What was asked for, without what may be secret in it.
        url: String,
        /// The status.
        status: u16,
    },
    /// No answer.
    #[error("cannot fetch {url}: {reason}")]
    Unreachable {
        /// What was asked for, without what may be secret in it.
        url: String,
        /// Why.
        reason: String,
    },
    /// Larger than any such file.
    #[error("cannot fetch {url}: the answer is larger than {limit} bytes")]
    TooLarge {
        /// What was asked for, without what may be secret in it.
        url: String,
        /// The most that was expected.
        limit: usize,
    },
    /// No certificates to check the server's with.
    #[error("this system trusts no certificate authority, so that no https address can be checked")]
    NoSystemRoots,
}

/// A URL without what may be secret in it: user, password, query and fragment.
pub fn shown(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = host.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}{path}")
        }
        None => url.to_owned(),
    }
}

/// What `url`, an http or https one, leads to: at most `limit` bytes, all of it within `timeout`. Proxies are those of the
/// environment. An https address is never left for an http one.
///
/// # Errors
/// [`WebError`].
pub fn get(url: &str, limit: usize, timeout: Duration) -> Result<Vec<u8>, WebError> {
    let is_tls = url.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = TlsConfig::builder().unversioned_rustls_crypto_provider(provider);
    // looking for the system's certificates takes a while
    if is_tls {
        tls = tls.root_certs(system_roots()?);
    }
    let agent: Agent = Agent::config_builder()
        .tls_config(tls.build())
        .proxy(Proxy::try_from_env())
        .https_only(is_tls)
        .http_status_as_error(false)
        .max_redirects(MOST_REDIRECTS)
        .timeout_global(Some(timeout))
        .timeout_connect(Some(CONNECT_TIMEOUT.min(timeout)))
        .user_agent(concat!("sealant/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    let unreachable = |reason: String| WebError::Unreachable { url: shown(url), reason };
    let mut response = agent.get(url).call().map_err(|error| unreachable(reason(&error)))?;
    let status = response.status().as_u16();
    if status != 200 {
        return Err(WebError::Status { url: shown(url), status });
    }
    let mut bytes = Vec::new();
    let mut body = response.body_mut().as_reader().take(limit as u64 + 1);
    body.read_to_end(&mut bytes).map_err(|error| unreachable(error.to_string()))?;
    if bytes.len() > limit {
        return Err(WebError::TooLarge { url: shown(url), limit });
    }
    Ok(bytes)
}

/// The words of the client for some errors repeat the URL with everything in it.
fn reason(error: &ureq::Error) -> String {
    match error {
        ureq::Error::BadUri(_) => "it is no address".into(),
        ureq::Error::HostNotFound => "there is no such host".into(),
        ureq::Error::RequireHttpsOnly(_) => "it leads to an address that is not https".into(),
        ureq::Error::Timeout(_) => "no answer in time".into(),
        ureq::Error::Io(error) => error.to_string(),
        ureq::Error::Rustls(error) => error.to_string(),
        ureq::Error::TooManyRedirects => "too many redirects".into(),
        ureq::Error::ConnectProxyFailed(_) | ureq::Error::InvalidProxyUrl => "the proxy cannot be used".into(),
        _ => "the connection failed".into(),
    }
}

fn system_roots() -> Result<RootCerts, WebError> {
    let found = rustls_native_certs::load_native_certs().certs;
    let found: Vec<Certificate<'static>> =
        found.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
    if found.is_empty() { Err(WebError::NoSystemRoots) } else { Ok(RootCerts::new_with_certs(&found)) }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn what_may_be_secret_in_a_url_is_not_shown() {
        for (url, wanted) in [
            ("https://user:pass@host:1/a/b?token=x#y", "https://host:1/a/b"),
            ("http://host", "http://host"),
            ("http://host?x", "http://host"),
            ("https://a@b@host/x@y", "https://host/x@y"),
            ("nothing?x", "nothing"),
        ] {
            assert_eq!(shown(url), wanted);
        }
    }
}
