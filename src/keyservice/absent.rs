//! A kind of key that this build leaves out: it says so instead of calling the kind unknown.

use super::error::{Cause, KeyError};
use super::{KeyService, MasterKey, SecretBytes, WrappedKey};

/// See the file's description.
#[derive(Clone, Copy, Debug)]
pub struct Absent {
    /// Which keys.
    pub handles: fn(&MasterKey) -> bool,
    /// What they are called.
    pub what: &'static str,
    /// The feature that would bring them.
    pub feature: &'static str,
}

impl Absent {
    fn refuse<T>(&self, key: &MasterKey) -> Result<Option<T>, KeyError> {
        if !(self.handles)(key) {
            return Ok(None);
        }
        let text = format!("this binary was built without {} (feature `{}`)", self.what, self.feature);
        Err(KeyError::service(Cause::Program, text).with_hint(format!("build it with the feature {}", self.feature)))
    }
}

impl KeyService for Absent {
    fn handles(&self, key: &MasterKey) -> bool {
        (self.handles)(key)
    }

    fn wrap(&self, key: &MasterKey, _: &[u8]) -> Result<Option<String>, KeyError> {
        self.refuse(key)
    }

    fn unwrap(&self, wrapped: &WrappedKey) -> Result<Option<SecretBytes>, KeyError> {
        self.refuse(&wrapped.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_which_feature_is_missing() {
        let absent =
            Absent { handles: |key| matches!(key, MasterKey::HcVault { .. }), what: "Vault transit", feature: "vault" };
        let (vault_address, engine_path, key_name) = ("https://a".into(), "transit".into(), "k".into());
        let error = absent.wrap(&MasterKey::HcVault { vault_address, engine_path, key_name }, &[]).unwrap_err();
        assert_eq!(error.to_string(), "this binary was built without Vault transit (feature `vault`)");
        assert_eq!(absent.wrap(&MasterKey::Age { recipient: "age1x".into() }, &[]), Ok(None));
    }
}
