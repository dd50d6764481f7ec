//! Outside world: the stores where secrets live outside of files. A client is given its address and its credentials; it
//! looks at no environment and at no file of the user's.

#[cfg(feature = "gcp")]
pub mod gcs;
#[cfg(feature = "aws")]
pub mod s3;
#[cfg(feature = "vault")]
pub mod vault_kv;
