//! Transit keys of Vault and OpenBao (sops 3.13.2 `hcvault/keysource.go`): the data key is sent to the server and comes
//! back encrypted, or the other way round. The address is that of the key, which a file may name: an allowlist says where
//! our token may be sent.
//!
//! Unlike sops, nothing is encrypted for a key that is not there: the server would make one on the spot when the token's
//! policy allows it, and a misspelled name would become a key that nobody backs up.

mod allowlist;
mod explain;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use zeroize::Zeroizing;

use self::allowlist::Allowlist;
pub use self::explain::login as login_hint;
use self::explain::{Asked, Wish};
use super::KeyService;
use super::error::{Cause, KeyError};
use crate::net::vault::{Address, Settings, Vault, VaultError};
use crate::secret::SecretBytes;
use crate::sops::key::{MasterKey, WrappedKey};

/// Longer than any ciphertext of a data key; it goes into a file.
const MOST_CIPHERTEXT: usize = 16 * 1024;

/// Makes the settings for an address when a key there is used for the first time: token, certificates and so on.
pub type Connect = Box<dyn Fn(Address) -> Result<Settings, KeyError> + Send + Sync>;

/// See the file's description.
pub struct VaultTransit {
    allowlist: Option<String>,
    connect: Connect,
    /// One client for each address, for all threads.
    places: Mutex<HashMap<String, Slot<Arc<Place>>>>,
}

/// Filled by whoever comes first, while the others wait.
type Slot<T> = Arc<OnceLock<Result<T, KeyError>>>;

/// One server.
struct Place {
    vault: Vault,
    /// Whether the keys are there, by path.
    keys: Mutex<HashMap<String, Slot<()>>>,
    /// Whether the token is good; asked when something was forbidden. `None` when even that cannot be found out.
    token: OnceLock<Option<bool>>,
}

impl VaultTransit {
    /// `allowlist` is that of `SOPS_HC_VAULT_ALLOWLIST`. Nothing is looked up before a key is used.
    pub fn new(allowlist: Option<String>, connect: Connect) -> Self {
        Self { allowlist, connect, places: Mutex::default() }
    }

    fn place(&self, address: &str) -> Result<Arc<Place>, KeyError> {
        let slot = slot(&self.places, address);
        slot.get_or_init(|| self.connect(address)).clone()
    }

    fn connect(&self, address: &str) -> Result<Arc<Place>, KeyError> {
        let list = self.allowlist.as_deref().unwrap_or_default();
        let list = Allowlist::parse(list).map_err(explain::empty_entry)?;
        if !list.allows(address) {
            return Err(explain::not_allowed(address));
        }
        let address = Address::parse(address).map_err(|error| explain::malformed(&error))?;
        let settings = (self.connect)(address)?;
        let shown = settings.address.clone();
        let vault = Vault::new(settings).map_err(|error| explain::bad_settings(&error, &shown))?;
        Ok(Arc::new(Place { vault, keys: Mutex::default(), token: OnceLock::new() }))
    }
}

fn slot<T>(slots: &Mutex<HashMap<String, Slot<T>>>, name: &str) -> Slot<T> {
    let mut slots = slots.lock().unwrap_or_else(PoisonError::into_inner);
    slots.entry(name.to_owned()).or_default().clone()
}

impl Place {
    /// Refuses a key that the server says is not there. A token that may not look is no reason to stop.
    fn check_there(&self, engine: &str, key: &str) -> Result<(), KeyError> {
        let path = format!("{engine}/keys/{key}");
        let slot = slot(&self.keys, &path);
        let check = || match self.vault.get(&path) {
            Ok(_) => Ok(()),
            Err(error) if error.is_forbidden() && self.is_token_good() != Some(false) => Ok(()),
            Err(error) => Err(self.explain(&error, Wish::Look, engine, key, None)),
        };
        slot.get_or_init(check).clone()
    }

    fn is_token_good(&self) -> Option<bool> {
        *self.token.get_or_init(|| match self.vault.get("auth/token/lookup-self") {
            Ok(_) => Some(true),
            Err(error) if error.is_forbidden() => Some(false),
            Err(_) => None,
        })
    }

    fn explain(&self, error: &VaultError, wish: Wish, engine: &str, key: &str, enc: Option<&str>) -> KeyError {
        let token_is_bad = error.is_forbidden() && self.is_token_good() == Some(false);
        explain::error(error, &Asked { wish, address: self.vault.address(), engine, key, enc, token_is_bad })
    }

    /// One text of the answer to `body`.
    fn ask(
        &self,
        wish: Wish,
        engine: &str,
        key: &str,
        body: &str,
        hidden: &str,
    ) -> Result<Zeroizing<String>, KeyError> {
        let (verb, field, enc) = match wish {
            Wish::Decrypt => ("decrypt", "plaintext", Some(hidden)),
            Wish::Encrypt | Wish::Look => ("encrypt", "ciphertext", None),
        };
        let path = format!("{engine}/{verb}/{key}");
        let answer = self.vault.put(&path, body.as_bytes(), &[hidden]);
        let answer = answer.map_err(|error| self.explain(&error, wish, engine, key, enc))?;
        let found = answer.as_ref().and_then(|answer| answer.value().pointer("/data")?.get(field)?.as_str());
        found.map(|text| Zeroizing::new(text.to_owned())).ok_or_else(|| explain::odd_answer(field))
    }
}

/// Engine and key of a file's entry or a rule. Both become parts of a path.
fn parts<'a>(engine: &'a str, key: &'a str) -> Result<(&'a str, &'a str), KeyError> {
    let engine = engine.trim_matches('/');
    let is_part = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.chars().any(char::is_control);
    if key.contains('/') || !is_part(key) || !engine.split('/').all(is_part) {
        return Err(KeyError::service(Cause::Malformed, "the name of the key or of its engine cannot be one in Vault"));
    }
    Ok((engine, key))
}

impl KeyService for VaultTransit {
    fn handles(&self, key: &MasterKey) -> bool {
        matches!(key, MasterKey::HcVault { .. })
    }

    fn endpoint(&self, key: &MasterKey) -> Option<String> {
        match key {
            MasterKey::HcVault { vault_address, .. } => Some(vault_address.clone()),
            _ => None,
        }
    }

    fn wrap(&self, key: &MasterKey, secret: &[u8]) -> Result<Option<String>, KeyError> {
        let MasterKey::HcVault { vault_address, engine_path, key_name } = key else {
            return Ok(None);
        };
        let (engine, name) = parts(engine_path, key_name)?;
        let place = self.place(vault_address)?;
        place.check_there(engine, name)?;
        let plaintext = Zeroizing::new(base64_simd::STANDARD.encode_to_string(secret));
        let body = Zeroizing::new(["{\"plaintext\":\"", &plaintext, "\"}"].concat());
        let enc = place.ask(Wish::Encrypt, engine, name, &body, &plaintext)?;
        // it is stored as it is
        let fits = (1..=MOST_CIPHERTEXT).contains(&enc.len()) && enc.bytes().all(|byte| byte.is_ascii_graphic());
        if !fits || enc.contains(plaintext.as_str()) {
            return Err(explain::odd_answer("ciphertext"));
        }
        Ok(Some(enc.as_str().to_owned()))
    }

    fn unwrap(&self, wrapped: &WrappedKey) -> Result<Option<SecretBytes>, KeyError> {
        let MasterKey::HcVault { vault_address, engine_path, key_name } = &wrapped.key else {
            return Ok(None);
        };
        let (engine, name) = parts(engine_path, key_name)?;
        let place = self.place(vault_address)?;
        let body = serde_json::json!({"ciphertext": wrapped.enc}).to_string();
        let plaintext = place.ask(Wish::Decrypt, engine, name, &body, &wrapped.enc)?;
        let secret = base64_simd::STANDARD.decode_to_vec(plaintext.as_bytes());
        secret.map(|secret| Some(SecretBytes::new(secret))).map_err(|_| {
            // the text itself may be a secret
            explain::odd_answer("plaintext")
        })
    }
}

impl fmt::Debug for VaultTransit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultTransit")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn key(address: &str, engine: &str, name: &str) -> MasterKey {
        let (vault_address, engine_path, key_name) = (address.into(), engine.into(), name.into());
        MasterKey::HcVault { vault_address, engine_path, key_name }
    }

    fn no_token(counter: Arc<AtomicUsize>) -> Connect {
        Box::new(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
            Err(KeyError::service(Cause::NoCredentials, "there is no token"))
        })
    }

    #[test]
    fn nothing_is_looked_up_for_what_is_not_allowed() {
        let counter = Arc::new(AtomicUsize::new(0));
        for (list, address, cause) in [
            (Some("none"), "https://a", Cause::Denied),
            (Some("https://b, https://c"), "https://a", Cause::Denied),
            (Some("https://b,,"), "https://b", Cause::Malformed),
            (None, "gopher://a", Cause::Malformed),
            (None, "https://me:pw@a", Cause::Malformed),
        ] {
            let service = VaultTransit::new(list.map(str::to_owned), no_token(counter.clone()));
            let error = service.wrap(&key(address, "transit", "k"), &[0; 32]).unwrap_err();
            assert_eq!(error.cause(), Some(cause), "{error}");
            assert!(!error.to_string().contains("pw"), "{error}");
        }
        assert_eq!(counter.load(Ordering::Relaxed), 0);
        let service = VaultTransit::new(Some("https://a".into()), no_token(counter.clone()));
        for _ in 0..2 {
            let error = service.wrap(&key("https://a", "transit", "k"), &[0; 32]).unwrap_err();
            assert_eq!(error.cause(), Some(Cause::NoCredentials));
        }
        assert_eq!(counter.load(Ordering::Relaxed), 1, "settings are looked up once for each address");
    }

    #[test]
    fn names_do_not_lead_elsewhere() {
        let service = VaultTransit::new(None, no_token(Arc::default()));
        for (engine, name) in
            [("transit", "../../sys/seal"), ("transit/..", "k"), ("", "k"), ("a//b", "k"), ("transit", ""), ("t", "..")]
        {
            let error = service.wrap(&key("https://a", engine, name), &[0; 32]).unwrap_err();
            assert_eq!(error.cause(), Some(Cause::Malformed), "{engine} {name}");
        }
        assert_eq!(parts("/team/transit/", "k").unwrap(), ("team/transit", "k"));
    }

    #[test]
    fn other_kinds_are_left_to_others() {
        let service = VaultTransit::new(None, no_token(Arc::default()));
        let age = MasterKey::Age { recipient: "age1x".into() };
        assert!(!service.handles(&age) && service.endpoint(&age).is_none());
        assert_eq!(service.wrap(&age, &[0; 32]), Ok(None));
        assert_eq!(service.endpoint(&key("https://a", "t", "k")).as_deref(), Some("https://a"));
    }
}
