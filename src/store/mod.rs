//! Where secrets live outside of files: the key-value stores of Vault, AWS, Kubernetes, and buckets for publishing.
//!
//! A store that is synced from implements [`StoreClient`], and is given its credentials by whoever drives it.

#[cfg(feature = "aws")]
pub mod aws;
pub mod calls;
mod client;
mod error;
pub mod fake;
pub mod file;
#[cfg(feature = "gcp")]
pub mod gcs;
pub mod kubernetes;
#[cfg(feature = "aws")]
pub mod s3;
#[cfg(feature = "vault")]
pub mod vault;
#[cfg(feature = "vault")]
pub mod vault_kv;

pub use calls::{Call, Calls};
pub use client::{Check, Kept, Push, Remote, StoreClient};
pub use error::{StoreCause, StoreError};
