//! The SOPS file: data key, value cipher, MAC, Shamir, metadata, creation rules, selector.

pub mod cipher;
pub mod file;
pub mod key;
pub mod mac;
pub mod metadata;
pub mod rules;
pub mod selector;
pub mod shamir;

#[cfg(test)]
mod yaml_for_tests;
