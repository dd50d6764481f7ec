//! One file from the web: whom the system trusts, the proxy that the environment names, redirects followed. For what is public
//! anyway, such as a certificate; nothing of ours is sent along.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// For everything together.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Why a file cannot be had.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The server says something else than 200: the code and its name.
    #[error("{0}")]
    Status(String),
    /// The file is too large.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(u64),
    /// The proxy's address cannot be one.
    #[error("the address of the proxy is invalid")]
    Proxy,
    /// Nothing to compare certificates with.
    #[error("this system has no certificates to trust")]
    NoSystemRoots,
    /// No connection, or none that could be trusted.
    #[error("{0}")]
    Unreachable(String),
}

/// The proxies that the environment names.
#[derive(Clone, Copy, Debug, Default)]
pub struct Proxies<'a> {
    /// For `http:`.
    pub http: Option<&'a str>,
    /// For `https:`.
    pub https: Option<&'a str>,
    /// Hosts that need none, separated by commas.
    pub none: Option<&'a str>,
}

/// The file at `url`, of at most `limit` bytes.
///
/// # Errors
/// [`FetchError`].
pub fn get(url: &str, proxies: Proxies<'_>, limit: u64) -> Result<Vec<u8>, FetchError> {
    let agent = agent(url, proxies)?;
    let mut response = agent.get(url).call().map_err(unreachable)?;
    let status = response.status();
    if status.as_u16() != 200 {
        return Err(FetchError::Status(status.to_string()));
    }
    let mut bytes = Vec::new();
    let read = response.body_mut().as_reader().take(limit.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| unreachable(error.into()))?;
    if bytes.len() as u64 > limit { Err(FetchError::TooLarge(limit)) } else { Ok(bytes) }
}

fn unreachable(error: ureq::Error) -> FetchError {
    FetchError::Unreachable(match error {
        ureq::Error::Io(error) => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or_default().to_lowercase()
        }
        other => other.to_string(),
    })
}

fn agent(url: &str, proxies: Proxies<'_>) -> Result<Agent, FetchError> {
    // a redirect may lead there from an address without TLS, too
    let roots = rustls_native_certs::load_native_certs().certs;
    let roots: Vec<_> = roots.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
    let is_tls = url.starts_with("https:");
    if roots.is_empty() && is_tls {
        return Err(FetchError::NoSystemRoots);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = TlsConfig::builder().unversioned_rustls_crypto_provider(provider);
    let proxy = if is_tls { proxies.https } else { proxies.http }.map(|address| proxy(address, proxies.none));
    let config = Agent::config_builder()
        .tls_config(tls.root_certs(RootCerts::new_with_certs(&roots)).build())
        .proxy(proxy.transpose()?)
        .http_status_as_error(false)
        .timeout_global(Some(TIMEOUT))
        .user_agent(concat!("sealant/", env!("CARGO_PKG_VERSION")))
        .build();
    Ok(config.new_agent())
}

fn proxy(address: &str, none: Option<&str>) -> Result<ureq::Proxy, FetchError> {
    use ureq::{Proxy, ProxyProtocol};
    let whole = Proxy::new(address).map_err(|_| FetchError::Proxy)?;
    let Some(none) = none else { return Ok(whole) };
    let protocol = match whole.protocol() {
        ProxyProtocol::Https => ProxyProtocol::Https,
        _ => ProxyProtocol::Http,
    };
    let mut builder = Proxy::builder(protocol).host(whole.host()).port(whole.port());
    if let (Some(user), Some(password)) = (whole.username(), whole.password()) {
        builder = builder.username(user).password(password);
    }
    for host in none.split(',').map(str::trim).filter(|host| !host.is_empty()) {
        builder = builder.no_proxy(host);
    }
    builder.build().map_err(|_| FetchError::Proxy)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;

    use super::*;

    /// Answers one request after the other with these texts.
    fn server(answers: &'static [&'static str]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut buffer = [0; 4096];
                _ = stream.read(&mut buffer).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        format!("http://{address}")
    }

    #[test]
    fn a_file_is_fetched_also_from_elsewhere() {
        let url = server(&[
            "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
        ]);
        assert_eq!(get(&url, Proxies::default(), 5), Ok(b"hello".to_vec()));
    }

    #[test]
    fn what_is_no_answer_is_named() {
        let url = server(&["HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"]);
        assert_eq!(get(&url, Proxies::default(), 5), Err(FetchError::Status("404 Not Found".into())));
        let url = server(&["HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"]);
        assert_eq!(get(&url, Proxies::default(), 4), Err(FetchError::TooLarge(4)));
        let refused = get("http://127.0.0.1:1/", Proxies::default(), 4);
        assert_eq!(refused, Err(FetchError::Unreachable("connection refused".into())));
    }

    #[test]
    fn proxies_are_used_unless_the_host_needs_none() {
        let url = server(&["HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"]);
        let dead = Some("http://127.0.0.1:1");
        assert!(get(&url, Proxies { http: dead, ..Proxies::default() }, 5).is_err());
        assert_eq!(
            get(&url, Proxies { http: dead, none: Some("x, 127.0.0.1"), ..Proxies::default() }, 5),
            Ok(b"hi".to_vec())
        );
    }
}
