//! Outside world: the stores where secrets live outside of files. A client is given its address and its credentials; it
//! looks at no environment and at no file of the user's.

#[cfg(feature = "gcp")]
pub mod gcs;
pub mod vault_kv;
