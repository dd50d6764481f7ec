//! The one crypto provider, and the certificates that the system trusts.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use ureq::tls::{Certificate, RootCerts};

/// Makes ring the provider of the process, for clients that take whatever the process has. Calling it again changes
/// nothing.
pub fn install() {
    // whoever was first has installed the same one
    _ = rustls::crypto::ring::default_provider().install_default();
}

/// The same for clients that are told.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Whom the system trusts; `None` when that is nobody.
pub(super) fn system_roots() -> Option<RootCerts> {
    let found = system_certificates();
    (!found.is_empty()).then(|| RootCerts::new_with_certs(&found))
}

/// Whom the system trusts.
pub(super) fn system_certificates() -> Vec<Certificate<'static>> {
    let found = rustls_native_certs::load_native_certs().certs;
    found.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect()
}
