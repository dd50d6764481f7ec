//! Every kind of key: ours beside the real sops, in both directions, against the real services.

#[cfg(feature = "gcp")]
mod gcp_kms;
#[cfg(feature = "vault")]
mod groups;
#[cfg(all(unix, feature = "vault"))]
mod pgp;
#[cfg(feature = "vault")]
mod vault;
