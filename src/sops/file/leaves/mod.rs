//! Encrypting and decrypting every document format but YAML, through what [`Format`] offers.
//!
//! The rules are those of sops's tree walk (3.13.2 `sops.go`): the same selection, additional data, types and MAC.

mod ahead;
pub(super) mod decrypt;
pub(super) mod encrypt;
mod steps;
