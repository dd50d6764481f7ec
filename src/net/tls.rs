//! The one crypto provider, the certificates that the system trusts, and servers that prove another name than their host's.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use ureq::Agent;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::{Certificate, RootCerts};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{
    ConnectProxyConnector, ConnectionDetails, Connector, RustlsConnector, SocksConnector, TcpConnector, Transport,
};

/// Makes ring the provider of the process, for clients that take whatever the process has. Calling it again changes
/// nothing.
pub fn install() {
    // whoever was first has installed the same one
    _ = rustls::crypto::ring::default_provider().install_default();
}

/// The same for clients that are told.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Whom the system trusts; `None` when that is nobody.
pub fn system_roots() -> Option<RootCerts> {
    let found = system_certificates();
    (!found.is_empty()).then(|| RootCerts::new_with_certs(&found))
}

/// Whom the system trusts.
pub(super) fn system_certificates() -> Vec<Certificate<'static>> {
    let found = rustls_native_certs::load_native_certs().certs;
    found.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect()
}

/// An agent whose servers have to prove the name in `proved`, whatever the URL says. Everything else is as always.
pub fn agent_for_name(config: Config, proved: Uri) -> Agent {
    let tls = Proving { proved, inner: RustlsConnector::default() };
    let connector =
        ().chain(SocksConnector::default())
            .chain(ConnectProxyConnector::default())
            .chain(TcpConnector::default())
            .chain(tls);
    Agent::with_parts(config, connector, DefaultResolver::default())
}

#[derive(Debug)]
struct Proving {
    proved: Uri,
    inner: RustlsConnector,
}

impl<In: Transport> Connector<In> for Proving {
    type Out = <RustlsConnector as Connector<In>>::Out;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, ureq::Error> {
        if !details.needs_tls() {
            return self.inner.connect(details, chained);
        }
        let details = ConnectionDetails {
            uri: &self.proved,
            addrs: details.addrs.clone(),
            config: details.config,
            request_level: details.request_level,
            resolver: details.resolver,
            now: details.now,
            timeout: details.timeout,
            current_time: details.current_time.clone(),
            run_connector: details.run_connector.clone(),
            register_shutdown: details.register_shutdown.clone(),
        };
        self.inner.connect(&details, chained)
    }
}
