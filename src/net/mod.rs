//! What key services and stores share of the network: a client for Vault, and the asynchronous runtime that other clients
//! need. Started at their first use only.

#[cfg(feature = "vault")]
pub mod fetch;
#[cfg(feature = "runtime")]
pub mod runtime;
#[cfg(any(feature = "gcp", feature = "azure", feature = "kube"))]
pub mod tls;
#[cfg(feature = "vault")]
pub mod vault;
