//! Every kind of key: ours beside the real sops, in both directions, against the real services.

#[cfg(feature = "vault")]
mod vault;
