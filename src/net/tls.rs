//! The one crypto provider, for clients that take whatever the process has.

/// Makes ring the provider of the process. Calling it again changes nothing.
pub fn install() {
    // whoever was first has installed the same one
    _ = rustls::crypto::ring::default_provider().install_default();
}
