//! Every kind of key, both ways with the real sops: encrypted there and opened here, and the other way round.

#[cfg(feature = "gcp")]
mod gcp_kms;
