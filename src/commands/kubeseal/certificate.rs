//! The certificate to seal with: a file, a URL, or what the controller has.

use std::path::Path;

use super::call::Call;
use super::controller::Controller;
use super::exit::Exit;
use crate::fsio::clock;
use crate::fsio::env::Env;
use crate::fsio::read::{self, KEY_LIMIT};
use crate::sealed::{Certificate, CertificateError, PublicKey};

/// The bytes of the certificate, unread.
///
/// # Errors
/// It cannot be had.
pub fn obtain(call: &Call) -> Result<Vec<u8>, Exit> {
    let Some(name) = call.given.some("cert") else {
        return Controller::connect(call)?.certificate();
    };
    match scheme(name) {
        None => file(Path::new(name)),
        Some("file") => from_file_url(name),
        Some("http" | "https") => from_web(name, &call.env),
        Some(other) => Err(Exit::new(format!("Get {name:?}: unsupported protocol scheme {other:?}"))),
    }
}

/// The key that a certificate is for.
///
/// # Errors
/// It is none, not for RSA, or expired.
pub fn parse(pem: &[u8]) -> Result<PublicKey, Exit> {
    let certificate = Certificate::parse(pem).map_err(|error| match error {
        // upstream sees nothing in it; what it is comes second
        CertificateError::PrivateKey => Exit::new(format!("{}\n{error}", CertificateError::None)),
        other => other.into(),
    })?;
    if certificate.expired(clock::timestamp()) {
        let date = certificate.not_after().strftime("%B %-d, %Y");
        return Err(Exit::new(format!("failed to encrypt using an expired certificate on {date}")));
    }
    Ok(certificate.key().clone())
}

/// What stands before the first colon, if that can be the beginning of a URL. One letter is a drive of Windows.
fn scheme(name: &str) -> Option<&str> {
    let (scheme, _) = name.split_once(':')?;
    let fits = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-' | '.'));
    Some(scheme).filter(|scheme| fits && scheme.len() > 1)
}

fn file(path: &Path) -> Result<Vec<u8>, Exit> {
    let mut bytes = read::read_stream(path, KEY_LIMIT).map_err(|error| Exit::file("open", path, &error))?;
    Ok(std::mem::take(&mut *bytes))
}

/// The host is of no importance, as in Go's file transport.
fn from_file_url(url: &str) -> Result<Vec<u8>, Exit> {
    let rest = url.strip_prefix("file:").unwrap_or(url);
    let path = match rest.strip_prefix("//") {
        Some(rest) => rest.find('/').map_or("", |at| &rest[at..]),
        None => rest,
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let missing = || Exit::new(format!("cannot fetch {url:?}: 404 Not Found"));
    let path = percent_decoded(path).ok_or_else(missing)?;
    let path = Path::new(&path);
    if !crate::fsio::folder::exists(path) { Err(missing()) } else { file(path) }
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? << 4 | digit()?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(feature = "vault")]
fn from_web(url: &str, env: &Env) -> Result<Vec<u8>, Exit> {
    use crate::fsio::env::Var;
    use crate::net::fetch::{self, FetchError, Proxies};
    let either = |first, second| env.text(first).or_else(|| env.text(second));
    let proxies = Proxies {
        http: either(Var::HttpProxy, Var::HttpProxyLower),
        https: either(Var::HttpsProxy, Var::HttpsProxyLower),
        none: either(Var::NoProxy, Var::NoProxyLower),
    };
    fetch::get(url, proxies, KEY_LIMIT).map_err(|error| match error {
        FetchError::Status(status) => Exit::new(format!("cannot fetch {url:?}: {status}")),
        other => Exit::new(format!("Get {url:?}: {other}")),
    })
}

#[cfg(not(feature = "vault"))]
fn from_web(url: &str, _: &Env) -> Result<Vec<u8>, Exit> {
    Err(Exit::new(format!("Get {url:?}: this sealant was built without a client for the web")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_and_urls_are_told_apart() {
        for (name, wanted) in [
            ("cert.pem", None),
            ("./a:b", None),
            ("c:/x", None),
            ("https://x/y", Some("https")),
            ("file:///x", Some("file")),
            ("50%off.pem", None),
            ("x+y:z", Some("x+y")),
        ] {
            assert_eq!(scheme(name), wanted, "{name}");
        }
    }

    #[test]
    fn paths_of_urls_are_decoded() {
        assert_eq!(percent_decoded("/a%20b%2Fc").as_deref(), Some("/a b/c"));
        assert_eq!(percent_decoded("/a%2"), None);
        assert_eq!(percent_decoded("%zz"), None);
    }
}
