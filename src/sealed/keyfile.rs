//! Files of private sealing keys: PEM, a Secret of the controller, a List of them, a stream of any of these (kubeseal
//! `readPrivKeys`). What a backup command put into one file is read whole; kubeseal reads a List and stops.

use std::fmt;

use super::certificate::Certificate;
use super::private::{KeyError, PrivateKey};
use crate::manifest::secret::{Secret, SecretError};
use crate::manifest::{self, ManifestError, Object};
use crate::secret::SecretBytes;

/// The label of key Secrets; `active` is the value that counts for the controller.
pub const KEY_LABEL: &str = "sealedsecrets.bitnami.com/sealed-secrets-key";

/// Why a file gives no keys.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// Neither PEM nor manifests.
    #[error("the file holds neither a PEM private key nor a Secret: {0}")]
    Manifest(#[from] ManifestError),
    /// A PEM file without a key that we can use.
    #[error(transparent)]
    Pem(KeyError),
    /// A Secret that is malformed.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A Secret without a key; the words are upstream's, which means `tls.key`.
    #[error("secret must contain a 'tls.data' key")]
    NoKey {
        /// Its name, or nothing.
        name: String,
    },
    /// A Secret whose key cannot be used.
    #[error("the key in Secret {name}: {source}")]
    Key {
        /// Its name, or nothing.
        name: String,
        /// Why not.
        source: KeyError,
    },
    /// Not even one.
    #[error("the file holds no private key")]
    None,
}

/// A private key and what its file says of it.
pub struct SealingKey {
    /// The key.
    pub key: PrivateKey,
    /// The PEM text that it was read from.
    pub pem: SecretBytes,
    /// Its certificate, when that is there too.
    pub certificate: Option<Certificate>,
    /// The Secret it comes from: namespace and name. `None` in a PEM file.
    pub secret: Option<(String, String)>,
    /// The value of [`KEY_LABEL`], when it is there.
    pub state: Option<String>,
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey({:?})", self.key)
    }
}

/// Every private key in `file`.
///
/// # Errors
/// [`KeyFileError`]; also when one of several cannot be used.
pub fn read(file: &SecretBytes) -> Result<Vec<SealingKey>, KeyFileError> {
    let text = file.expose();
    match PrivateKey::from_pem(text) {
        Ok(key) => {
            let certificates = Certificate::every(text).filter_map(Result::ok);
            let certificate = certificates.into_iter().find(|one| one.fingerprint() == key.fingerprint());
            let pem = SecretBytes::new(text.to_vec());
            return Ok(vec![SealingKey { key, pem, certificate, secret: None, state: None }]);
        }
        Err(KeyError::None) if !text.trim_ascii_start().starts_with(b"-----BEGIN ") => {}
        Err(error) => return Err(KeyFileError::Pem(error)),
    }
    let mut keys = Vec::new();
    for object in manifest::read(text)? {
        match object.into_members() {
            Ok(members) => members.iter().try_for_each(|member| of_secret(member).map(|key| keys.push(key)))?,
            Err(object) => keys.push(of_secret(&object)?),
        }
    }
    if keys.is_empty() { Err(KeyFileError::None) } else { Ok(keys) }
}

fn of_secret(object: &Object) -> Result<SealingKey, KeyFileError> {
    let secret = Secret::from_object(object)?;
    let name = || secret.name.clone();
    let value = |wanted| secret.data.iter().find(|(key, _)| key == wanted).map(|(_, value)| value);
    let pem = value("tls.key").ok_or_else(|| KeyFileError::NoKey { name: name() })?;
    let key = PrivateKey::from_pem(pem.expose()).map_err(|source| KeyFileError::Key { name: name(), source })?;
    let certificates = value("tls.crt").map(|pem| Certificate::every(pem.expose()).filter_map(Result::ok));
    let labels = manifest::field(&secret.metadata, "labels");
    let state = labels.and_then(|labels| labels.get(KEY_LABEL)).and_then(manifest::text);
    Ok(SealingKey {
        certificate: certificates.and_then(|mut all| all.find(|one| one.fingerprint() == key.fingerprint())),
        key,
        pem: SecretBytes::new(pem.expose().to_vec()),
        secret: Some((secret.namespace.clone(), name())),
        state: state.map(std::borrow::Cow::into_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::text::encode;

    macro_rules! file {
        ($name:literal) => {
            include_str!(concat!("../../tests/vectors/sealed/", $name))
        };
    }

    fn read_text(text: &str) -> Result<Vec<SealingKey>, KeyFileError> {
        read(&SecretBytes::new(text.as_bytes().to_vec()))
    }

    fn secret(name: &str, key: &str, certificate: &str) -> String {
        let (key, certificate) = (encode(key.as_bytes()), encode(certificate.as_bytes()));
        format!(
            "{{kind: Secret, metadata: {{name: {name}, namespace: kube-system, labels: {{{KEY_LABEL}: active}}}}, \
             data: {{tls.crt: {certificate}, tls.key: {key}}}}}"
        )
    }

    /// The documented way to make a backup: a List, and the Secret of old behind it. kubeseal reads the List only.
    #[test]
    fn a_backup_is_read_whole() {
        let one = secret("one", file!("rsa2048.key"), file!("rsa2048.crt"));
        let old = secret("old", file!("rsa4096.key"), file!("rsa2048.crt"));
        let keys = read_text(&format!("kind: List\nitems:\n- {one}\n---\n{old}\n")).unwrap();
        let seen: Vec<_> = keys.iter().map(|key| (key.secret.clone().unwrap().1, key.certificate.is_some())).collect();
        assert_eq!(seen, [("one".to_owned(), true), ("old".to_owned(), false)]);
        assert_eq!(keys[0].state.as_deref(), Some("active"));
    }

    #[test]
    fn a_pem_file_gives_one_key() {
        let keys = read_text(&[file!("rsa2048.crt"), file!("rsa2048.pkcs8.key")].concat()).unwrap();
        assert!(keys.len() == 1 && keys[0].certificate.is_some());
    }

    #[test]
    fn what_gives_no_key_is_named() {
        let error = |text: &str| read_text(text).unwrap_err().to_string();
        assert_eq!(error(file!("locked.key")), "the private key is encrypted with a passphrase");
        assert_eq!(error(file!("rsa2048.crt")), "data does not contain a valid RSA or ECDSA private key");
        assert_eq!(error("kind: Secret\nmetadata: {name: a}\n"), "secret must contain a 'tls.data' key");
        let wrong = secret("a", file!("ec.key"), "");
        assert_eq!(error(&wrong), "the key in Secret a: the private key is not an RSA key");
        assert_eq!(error("---\n"), "the file holds no private key");
        assert_eq!(error("a: ["), "the file holds neither a PEM private key nor a Secret: line 1: expected a value");
    }
}
