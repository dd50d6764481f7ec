//! The key-value stores of Vault and OpenBao, versions 1 and 2.

use serde_json::Value;

use crate::net::vault::{Vault, VaultError, WipedJson};

/// The data of a secret in a store of version 2; `None` when there is none (any more). `path` has the mount and `data/`.
///
/// # Errors
/// [`VaultError`].
pub fn read_v2(vault: &Vault, path: &str) -> Result<Option<WipedJson>, VaultError> {
    match vault.get(path) {
        Ok(answer) => Ok(answer.take("/data/data")),
        Err(VaultError::Refused { status: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes `body`, which is JSON. `path` has the mount and all. Returns the new version's number where there are versions.
///
/// # Errors
/// [`VaultError`].
pub fn write(vault: &Vault, path: &str, body: &[u8]) -> Result<Option<u64>, VaultError> {
    let answer = vault.put(path, body, &[])?;
    Ok(answer.and_then(|answer| answer.value().pointer("/data/version").and_then(Value::as_u64)))
}
