//! A certificate by its name: a file, or a URL.

use std::path::Path;

use crate::commands::session::Session;
use crate::failure::{Failure, Kind};
use crate::fsio::read::{KEY_LIMIT, Wiped, read_stream};

/// The bytes, and a name for messages without what may be secret in a URL.
///
/// # Errors
/// The file or the server.
pub(super) fn read(session: &Session, source: &str) -> Result<(Wiped, String), Failure> {
    if let Some(rest) = source.strip_prefix("file://") {
        let path = rest.find('/').map_or(rest, |at| &rest[at..]);
        return Ok((read_stream(Path::new(path), KEY_LIMIT)?, path.to_owned()));
    }
    let is_web = |scheme: &str| source.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    if is_web("https://") || is_web("http://") {
        let name = shown(source);
        if is_web("http://") {
            session.warn(&format!(
                "{name}: without https anybody on the way can hand out another certificate: compare its fingerprint"
            ));
        }
        return fetch(session, source, &name).map(|bytes| (bytes, name));
    }
    Ok((read_stream(Path::new(source), KEY_LIMIT)?, source.to_owned()))
}

/// A URL without user, password, query and fragment.
fn shown(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    format!("{scheme}://{}{path}", host.rsplit('@').next().unwrap_or_default())
}

#[cfg(feature = "vault")]
fn fetch(session: &Session, url: &str, name: &str) -> Result<Wiped, Failure> {
    use crate::fsio::env::Var;
    use crate::net::fetch::{self, FetchError, Proxies};
    let either = |first, second| session.env.text(first).or_else(|| session.env.text(second));
    let proxies = Proxies {
        http: either(Var::HttpProxy, Var::HttpProxyLower),
        https: either(Var::HttpsProxy, Var::HttpsProxyLower),
        none: either(Var::NoProxy, Var::NoProxyLower),
    };
    let bytes = fetch::get(url, proxies, KEY_LIMIT).map_err(|error| {
        let text = match error {
            FetchError::Unreachable(text) => text.replace(url, name),
            other => other.to_string(),
        };
        Failure::new(Kind::CannotRead, format!("cannot fetch {name}: {text}"))
            .hint("is the address right, and does the server run? --cert takes a file, too")
    })?;
    Ok(bytes.into())
}

#[cfg(not(feature = "vault"))]
fn fetch(_: &Session, _: &str, name: &str) -> Result<Wiped, Failure> {
    Err(Failure::new(
        Kind::CannotRead,
        format!("cannot fetch {name}: this sealant was built without a client for the web"),
    ))
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn what_may_be_secret_in_a_url_is_not_shown() {
        for (url, wanted) in [
            ("https://user:pass@host:1/a/b?token=x#y", "https://host:1/a/b"),
            ("http://host?x", "http://host"),
            ("https://a@b@host/x@y", "https://host/x@y"),
        ] {
            assert_eq!(shown(url), wanted);
        }
    }
}
