//! Every kind of key: ours beside the real sops, in both directions, against the real services.

#[cfg(unix)]
mod age;
#[cfg(all(feature = "aws", feature = "vault"))]
mod aws_kms;
#[cfg(feature = "gcp")]
mod gcp_kms;
#[cfg(feature = "vault")]
mod groups;
#[cfg(all(unix, feature = "vault"))]
mod pgp;
#[cfg(all(feature = "keyservice", feature = "vault", unix))]
mod remote;
#[cfg(feature = "vault")]
mod vault;
