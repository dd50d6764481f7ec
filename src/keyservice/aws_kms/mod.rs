//! AWS KMS, with the official SDK (sops 3.13.2 `kms/keysource.go`). Nothing of it is touched before a key needs it.
//!
//! | file | what it is for |
//! |---|---|
//! | `arn` | names of keys and roles, checked |
//! | `client` | the SDK's clients |
//! | `trouble` | what the SDK's errors mean for people |

mod arn;
mod client;
mod trouble;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, OnceLock, PoisonError};

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use base64_simd::STANDARD;

use self::client::{Clients, Who};
use self::trouble::{Asked, Verb};
use super::error::{Cause, KeyError};
use super::{KeyService, Looked, Outcome};
use crate::net::aws::Login;
use crate::net::runtime::{RuntimeError, block_on};
use crate::secret::SecretBytes;
use crate::sops::key::{MasterKey, WrappedKey};

/// KMS takes no longer ciphertext, and gives none.
const LONGEST_CIPHERTEXT: usize = 6144;
/// The longest name of a session.
const SESSION: usize = 64;

/// What the environment says about AWS. The SDK reads it by itself; this is what we say about it. Holds no credential.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Surroundings {
    /// The host of `AWS_ENDPOINT_URL_KMS` or `AWS_ENDPOINT_URL`.
    pub endpoint: Option<String>,
    /// Who we are.
    pub login: Login,
    /// The name of this machine.
    pub hostname: String,
}

/// See the file's description.
pub struct AwsKms {
    load: Box<dyn Fn() -> Surroundings + Send + Sync>,
    surroundings: OnceLock<Surroundings>,
    clients: Clients,
    tried: Mutex<BTreeSet<String>>,
}

/// One key, checked.
struct Call<'a> {
    arn: &'a str,
    who: Who,
    context: &'a [(String, String)],
}

impl AwsKms {
    /// The service. `load` is called before the first key is used.
    pub fn lazily(load: impl Fn() -> Surroundings + Send + Sync + 'static) -> Self {
        let load = Box::new(load);
        Self { load, surroundings: OnceLock::new(), clients: Clients::default(), tried: Mutex::default() }
    }

    fn surroundings(&self) -> &Surroundings {
        self.surroundings.get_or_init(&self.load)
    }

    /// The host that would be called.
    fn host(&self, who: &Who) -> String {
        self.surroundings().endpoint.clone().unwrap_or_else(|| arn::host(&who.region))
    }

    fn client(&self, who: &Who) -> Result<Client, KeyError> {
        let source = self.surroundings().login.source(&who.profile);
        let as_role = who.role.as_ref().map(|role| format!(", as {role}")).unwrap_or_default();
        let label = format!("{source} for AWS KMS in {}{as_role}", who.region);
        self.tried.lock().unwrap_or_else(PoisonError::into_inner).insert(label);
        let session = || session_name(&self.surroundings().hostname);
        self.clients.of(who, session).map_err(|error| self.no_runtime(who, &error))
    }

    fn asked<'a>(&self, call: &'a Call<'_>, verb: Verb) -> Asked<'a> {
        Asked {
            verb,
            arn: call.arn,
            region: &call.who.region,
            has_context: !call.context.is_empty(),
            access: self.surroundings().login.access(&call.who.profile, call.who.role.as_deref()),
            host: self.host(&call.who),
        }
    }

    fn no_runtime(&self, who: &Who, error: &RuntimeError) -> KeyError {
        match error {
            RuntimeError::Start(_) => KeyError::service(Cause::Program, error.to_string()),
            RuntimeError::Late(_) => KeyError::service(Cause::Unreachable, format!("{}: {error}", self.host(who))),
        }
    }
}

impl<'a> Call<'a> {
    /// `None` for other kinds of keys.
    fn of(key: &'a MasterKey) -> Result<Option<Self>, KeyError> {
        let MasterKey::Kms { arn, role, context, aws_profile } = key else {
            return Ok(None);
        };
        let region = arn::region(arn)?.to_owned();
        let role = role.clone().filter(|role| !role.is_empty());
        role.as_deref().map(arn::check_role).transpose()?;
        Ok(Some(Self { arn, who: Who { region, profile: aws_profile.clone(), role }, context }))
    }

    /// An empty one is none, as in sops.
    fn context(&self) -> Option<HashMap<String, String>> {
        (!self.context.is_empty()).then(|| self.context.iter().cloned().collect())
    }
}

impl KeyService for AwsKms {
    fn handles(&self, key: &MasterKey) -> bool {
        matches!(key, MasterKey::Kms { .. })
    }

    /// Who asks is part of the place: that one profile is not logged in says nothing about another.
    fn endpoint(&self, key: &MasterKey) -> Option<String> {
        // a malformed key is nobody's; that is said at once
        let who = Call::of(key).ok()??.who;
        let role = who.role.as_ref().map(|role| format!(" as {role}")).unwrap_or_default();
        Some(match who.profile.as_str() {
            "" => self.host(&who) + &role,
            profile => format!("{} with profile {profile}{role}", self.host(&who)),
        })
    }

    fn wrap(&self, key: &MasterKey, secret: &[u8]) -> Result<Option<String>, KeyError> {
        let Some(call) = Call::of(key)? else {
            return Ok(None);
        };
        let request = self.client(&call.who)?.encrypt().key_id(call.arn).plaintext(Blob::new(secret));
        let answer = block_on(self.clients.patience.whole, request.set_encryption_context(call.context()).send());
        let answer = answer.map_err(|error| self.no_runtime(&call.who, &error))?;
        let asked = self.asked(&call, Verb::Encrypt);
        let answer = answer.map_err(|error| asked.trouble(&error))?;
        match answer.ciphertext_blob.map(Blob::into_inner) {
            Some(bytes) if !bytes.is_empty() && bytes.len() <= LONGEST_CIPHERTEXT => {
                Ok(Some(STANDARD.encode_to_string(bytes)))
            }
            _ => Err(asked.bad_answer()),
        }
    }

    fn unwrap(&self, wrapped: &WrappedKey) -> Result<Option<SecretBytes>, KeyError> {
        let Some(call) = Call::of(&wrapped.key)? else {
            return Ok(None);
        };
        let sealed = ciphertext(&wrapped.enc)?;
        let request = self.client(&call.who)?.decrypt().key_id(call.arn).ciphertext_blob(Blob::new(sealed));
        let answer = block_on(self.clients.patience.whole, request.set_encryption_context(call.context()).send());
        let answer = answer.map_err(|error| self.no_runtime(&call.who, &error))?;
        let asked = self.asked(&call, Verb::Decrypt);
        let answer = answer.map_err(|error| asked.trouble(&error))?;
        match answer.plaintext {
            Some(plain) => Ok(Some(SecretBytes::new(plain.into_inner()))),
            None => Err(asked.bad_answer()),
        }
    }

    fn looked(&self) -> Vec<Looked> {
        let tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        tried.iter().map(|label| Looked { label: label.clone(), outcome: Outcome::Used }).collect()
    }
}

/// What a file holds, as bytes. Go's decoder skips line ends, so that sops reads such a file.
fn ciphertext(enc: &str) -> Result<Vec<u8>, KeyError> {
    let damaged = |what| KeyError::service(Cause::Ciphertext, format!("the wrapped key is damaged: {what}"));
    let text: String = enc.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let bytes = STANDARD.decode_to_vec(text).map_err(|_| damaged("it is not base64"))?;
    match bytes.len() {
        0 => Err(damaged("it is empty")),
        length if length > LONGEST_CIPHERTEXT => Err(damaged("it is longer than anything KMS has encrypted")),
        _ => Ok(bytes),
    }
}

/// `sops@HOST` as sops spells it: its pattern has a range from `@` to `_`, so that hyphens go and brackets stay.
fn session_name(hostname: &str) -> String {
    let is_kept = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '=' | ',' | '.' | '@'..='_');
    let name: String = "sops@".chars().chain(hostname.chars().filter(is_kept)).collect();
    name.chars().take(SESSION).collect()
}

#[cfg(test)]
mod tests;
