//! What key services and stores share of the network: a client for Vault, how AWS is reached and what its errors mean, and
//! the asynchronous runtime that other clients need. Started at their first use only.

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(any(feature = "vault", feature = "aws"))]
pub mod retry;
#[cfg(feature = "runtime")]
pub mod runtime;
#[cfg(any(feature = "gcp", feature = "azure"))]
pub mod tls;
#[cfg(feature = "vault")]
pub mod vault;
