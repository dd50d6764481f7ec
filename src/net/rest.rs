//! One HTTP request and its answer, for the clients of our own: with limits in time and size, and without redirects, as
//! whatever proves who we are would go along. What can go wrong is told in words that hold nothing of what was sent.

use std::io::{self, ErrorKind, Read};
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Response;
use ureq::tls::TlsConfig;
use ureq::{Agent, Body, Proxy};
use zeroize::Zeroizing;

/// Nobody waits longer for a connection, where nobody says otherwise.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// So many connections are kept for the next request: as many as there are requests at once.
const KEPT: usize = 16;

/// How an agent behaves. `timeout` is for one request with its answer, `connect` for its connection.
pub fn config(tls: TlsConfig, proxy: Option<Proxy>, timeout: Duration, connect: Duration) -> Config {
    Agent::config_builder()
        .tls_config(tls)
        .proxy(proxy)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(timeout))
        .timeout_connect(Some(connect.min(timeout)))
        .max_idle_connections(KEPT)
        .max_idle_connections_per_host(KEPT)
        .user_agent(concat!("sealant/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// An answer, whatever its status.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    /// In seconds.
    pub(super) retry_after: Option<u64>,
    pub(super) body: Zeroizing<Vec<u8>>,
}

/// Why there is none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Trouble {
    /// No answer in time.
    Timeout,
    /// Nobody is there.
    Unreachable(String),
    /// Somebody was there, and hung up.
    Broken(String),
    /// No connection that could be trusted.
    Tls(String),
    /// A body larger than the limit.
    TooLarge,
    /// Nothing that HTTP knows.
    Odd,
}

impl Trouble {
    /// An error of the HTTP client.
    pub(super) fn of(error: ureq::Error) -> Self {
        use ureq::Error;
        match error {
            Error::Timeout(_) => Self::Timeout,
            Error::HostNotFound => Self::Unreachable("there is no host of that name".to_owned()),
            Error::ConnectionFailed => Self::Unreachable("no connection".to_owned()),
            Error::ConnectProxyFailed(_) => Self::Unreachable("the proxy does not lead there".to_owned()),
            Error::Io(error) => match tls_cause(&error) {
                Some(why) => Self::Tls(why),
                None => Self::of_io(&error),
            },
            Error::Rustls(error) => Self::Tls(error.to_string()),
            Error::Tls(why) => Self::Tls(why.to_owned()),
            // what the others would say may repeat what was sent
            _ => Self::Odd,
        }
    }

    fn of_io(error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Self::Timeout,
            ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof => Self::Broken(error.to_string()),
            _ => Self::Unreachable(error.to_string()),
        }
    }
}

fn tls_cause(error: &io::Error) -> Option<String> {
    let inner = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    Some(inner.to_string())
}

impl Answer {
    /// Reads all of it, if its body is not larger than `limit`.
    pub(super) fn read(mut response: Response<Body>, limit: usize) -> Result<Self, Trouble> {
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let location = header("location").map(str::to_owned);
        let retry_after = header("retry-after").and_then(|text| text.parse().ok());
        let status = response.status().as_u16();
        let body = body(&mut response, limit).map_err(Trouble::of)?.ok_or(Trouble::TooLarge)?;
        Ok(Self { status, location, retry_after, body })
    }
}

/// All of a body; `None` when it has more than `limit` bytes.
///
/// # Errors
/// It ended too early, or came too late.
pub fn body(response: &mut Response<Body>, limit: usize) -> Result<Option<Zeroizing<Vec<u8>>>, ureq::Error> {
    let mut reader = response.body_mut().as_reader();
    let mut body = Zeroizing::new(Vec::new());
    let mut chunk = Zeroizing::new([0; 16 * 1024]);
    loop {
        let count = match reader.read(chunk.as_mut_slice()) {
            Ok(0) => return Ok(Some(body)),
            Ok(count) => count,
            Err(error) => return Err(ureq::Error::from(error)),
        };
        if body.len() + count > limit {
            return Ok(None);
        }
        if body.capacity() < body.len() + count {
            // growing in place would leave what was read so far in freed memory
            let mut larger = Zeroizing::new(Vec::with_capacity((body.capacity() * 2).max(chunk.len())));
            larger.extend_from_slice(&body);
            body = larger;
        }
        body.extend_from_slice(&chunk[..count]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn troubles_are_told_apart() {
        let of = |kind| Trouble::of(ureq::Error::Io(io::Error::from(kind)));
        assert_eq!([of(ErrorKind::TimedOut), of(ErrorKind::WouldBlock)], [Trouble::Timeout, Trouble::Timeout]);
        assert!(matches!(of(ErrorKind::ConnectionRefused), Trouble::Unreachable(_)));
        assert!(matches!(of(ErrorKind::ConnectionReset), Trouble::Broken(_)));
        let tls = io::Error::other(rustls::Error::DecryptError);
        assert!(matches!(Trouble::of(ureq::Error::Io(tls)), Trouble::Tls(_)));
        assert_eq!(Trouble::of(ureq::Error::BadUri("hunter2".into())), Trouble::Odd);
    }
}
