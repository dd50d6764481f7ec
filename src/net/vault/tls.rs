//! Whom we trust, who we are, and under which name a server has to prove itself.

use ureq::Agent;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use super::line::Place;
use super::{Address, VaultError};
use crate::net::tls::{provider, system_certificates, system_roots};
use crate::secret::SecretBytes;

/// Whose certificates are good.
#[derive(Debug)]
pub enum Roots {
    /// Those whom the system trusts.
    System,
    /// Only these: certificates in PEM.
    Only(Vec<u8>),
    /// These beside those whom the system trusts.
    Also(Vec<u8>),
    /// Everybody's. Whoever is on the way can read everything then.
    Any,
}

/// Our own certificate.
#[derive(Debug)]
pub struct ClientPem {
    /// The certificate, perhaps with those between it and a known one, in PEM.
    pub certificates: Vec<u8>,
    /// Its private key, in PEM.
    pub key: SecretBytes,
}

/// What the HTTP client is told. Without TLS there is no need to look for certificates.
pub(super) fn config(place: &Place<'_>) -> Result<TlsConfig, VaultError> {
    let mut tls = TlsConfig::builder().unversioned_rustls_crypto_provider(provider());
    if place.address.is_tls() {
        tls = match place.roots {
            Roots::System => tls.root_certs(system_roots().ok_or(VaultError::NoSystemRoots)?),
            Roots::Only(pem) => tls.root_certs(roots_of(&certificates(pem))?),
            Roots::Also(pem) => {
                let theirs = system_certificates();
                let ours = certificates(pem);
                if ours.is_empty() {
                    return Err(VaultError::NoCertificates);
                }
                tls.root_certs(roots_of(&[theirs, ours].concat())?)
            }
            Roots::Any => tls.root_certs(RootCerts::new_with_certs(&[])).disable_verification(true),
        };
        if let Some(own) = place.own {
            tls = tls.client_cert(Some(client_certificate(own)?));
        }
    }
    Ok(tls.build())
}

/// An agent that connects to `address`, whatever the URL says.
pub(super) fn dialling(config: Config, address: &Address) -> Result<Agent, VaultError> {
    let uri = address.to_string().parse().map_err(|_| VaultError::Address("it cannot be read"))?;
    let resolver = Elsewhere { uri, inner: DefaultResolver::default() };
    Ok(Agent::with_parts(config, DefaultConnector::default(), resolver))
}

#[derive(Debug)]
struct Elsewhere {
    uri: Uri,
    inner: DefaultResolver,
}

impl Resolver for Elsewhere {
    fn resolve(&self, _: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        self.inner.resolve(&self.uri, config, timeout)
    }
}

fn certificates(pem: &[u8]) -> Vec<Certificate<'static>> {
    let items = parse_pem(pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    items.collect()
}

fn roots_of(found: &[Certificate<'static>]) -> Result<RootCerts, VaultError> {
    if found.is_empty() { Err(VaultError::NoCertificates) } else { Ok(RootCerts::new_with_certs(found)) }
}

fn client_certificate(own: &ClientPem) -> Result<ClientCert, VaultError> {
    let chain = certificates(&own.certificates);
    let key = PrivateKey::from_pem(own.key.expose()).ok().filter(|_| !chain.is_empty());
    Ok(ClientCert::new_with_certs(&chain, key.ok_or(VaultError::OwnCertificate)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_have_to_be_there() {
        assert!(matches!(roots_of(&certificates(b"nothing")), Err(VaultError::NoCertificates)));
        let private = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert!(matches!(roots_of(&certificates(private)), Err(VaultError::NoCertificates)));
        let own = ClientPem { certificates: Vec::new(), key: SecretBytes::new(private.to_vec()) };
        assert!(matches!(client_certificate(&own), Err(VaultError::OwnCertificate)));
    }
}
