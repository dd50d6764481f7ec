//! HuaweiCloud KMS: files that name its keys are read, written and shown; using a key is refused with the way out.

use super::KeyService;
use super::error::{Cause, KeyError};
use crate::secret::SecretBytes;
use crate::sops::key::{MasterKey, WrappedKey};

/// Knows the keys, and cannot use them.
#[derive(Clone, Copy, Debug)]
pub struct HuaweiKms;

fn refused(verb: &str) -> KeyError {
    let text = format!("HuaweiCloud KMS is not supported here: this key can be kept or removed, not used to {verb}");
    KeyError::service(Cause::Unusable, text).with_hint(
        "use another key of the file, or start `sops keyservice` where sops can reach it and name it with --keyservice",
    )
}

impl KeyService for HuaweiKms {
    fn handles(&self, key: &MasterKey) -> bool {
        matches!(key, MasterKey::HcKms { .. })
    }

    fn wrap(&self, key: &MasterKey, _: &[u8]) -> Result<Option<String>, KeyError> {
        if self.handles(key) { Err(refused("encrypt")) } else { Ok(None) }
    }

    fn unwrap(&self, wrapped: &WrappedKey) -> Result<Option<SecretBytes>, KeyError> {
        if self.handles(&wrapped.key) { Err(refused("decrypt")) } else { Ok(None) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_that_it_cannot() {
        let key = MasterKey::HcKms { key_id: "tr-west-1:7f3c".into() };
        let error = HuaweiKms.wrap(&key, b"x").unwrap_err();
        assert!(error.to_string().contains("not supported here") && error.hint().is_some());
        let wrapped = WrappedKey { key, enc: "x".into(), created_at: None };
        assert_eq!(HuaweiKms.unwrap(&wrapped).unwrap_err().cause(), Some(Cause::Unusable));
        let age = MasterKey::Age { recipient: "age1x".into() };
        assert!(!HuaweiKms.handles(&age) && HuaweiKms.wrap(&age, b"x").unwrap().is_none());
    }
}
