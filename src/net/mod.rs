//! What key services and stores share of the network: clients for Vault and for Google Cloud, how AWS is reached and what its
//! errors mean, and the asynchronous runtime that other clients need. Started at their first use only.

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "vault")]
pub mod fetch;
#[cfg(feature = "gcp")]
pub mod google;
#[cfg(feature = "vault")]
pub mod rest;
#[cfg(any(feature = "vault", feature = "aws"))]
pub mod retry;
#[cfg(feature = "runtime")]
pub mod runtime;
#[cfg(feature = "vault")]
pub mod tls;
#[cfg(feature = "vault")]
pub mod vault;
