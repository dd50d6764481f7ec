//! What key services and stores share of the network: the asynchronous runtime that some clients need. Started at its
//! first use only.

#[cfg(feature = "runtime")]
pub mod runtime;
#[cfg(any(feature = "gcp", feature = "azure"))]
pub mod tls;
