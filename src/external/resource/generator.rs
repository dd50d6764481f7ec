//! Generators: values that come from no store.
//! Follows "apis/generators/v1alpha1" of external-secrets 2.9.

use std::collections::BTreeMap;

use crate::secret::SecretText;

use super::aws::AwsAuth;
use super::select::{GeneratorKind, GeneratorRef};
use super::store::Retry;
use super::vault::VaultProvider;

/// One generator.
#[derive(Debug)]
pub struct Generator {
    /// Whether it is a ClusterGenerator, for all namespaces.
    pub cluster: bool,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`; never there for a ClusterGenerator.
    pub namespace: Option<String>,
    /// What it makes.
    pub spec: GeneratorSpec,
    /// Which controller it is for (`spec.controller`); any when `None`.
    pub controller: Option<String>,
    /// Line of the object, from 1.
    pub line: usize,
}

impl Generator {
    /// How an ExternalSecret names it.
    pub fn reference(&self) -> GeneratorRef {
        let kind = if self.cluster { GeneratorKind::ClusterGenerator } else { self.spec.kind() };
        GeneratorRef { kind, name: self.name.clone() }
    }
}

/// What a generator makes.
#[derive(Debug)]
pub enum GeneratorSpec {
    /// Random passwords.
    Password(Password),
    /// A random UUID.
    Uuid,
    /// A key pair of OpenSSH.
    SshKey(SshKey),
    /// What the manifest says (`data`).
    Fake(BTreeMap<String, SecretText>),
    /// What Vault answers.
    VaultDynamicSecret(Box<VaultDynamicSecret>),
    /// The login of a registry of AWS.
    EcrAuthorizationToken(EcrAuthorizationToken),
    /// Temporary credentials of AWS.
    StsSessionToken(StsSessionToken),
}

impl GeneratorSpec {
    /// Its kind in a namespace.
    pub fn kind(&self) -> GeneratorKind {
        match self {
            Self::Password(_) => GeneratorKind::Password,
            Self::Uuid => GeneratorKind::Uuid,
            Self::SshKey(_) => GeneratorKind::SshKey,
            Self::Fake(_) => GeneratorKind::Fake,
            Self::VaultDynamicSecret(_) => GeneratorKind::VaultDynamicSecret,
            Self::EcrAuthorizationToken(_) => GeneratorKind::EcrAuthorizationToken,
            Self::StsSessionToken(_) => GeneratorKind::StsSessionToken,
        }
    }
}

/// Random passwords.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Password {
    /// How many characters; 24 when not given.
    pub length: usize,
    /// How many of them are digits; a quarter when not given.
    pub digits: usize,
    /// How many are symbols; a quarter when not given.
    pub symbols: usize,
    /// Which symbols; those of [`SYMBOLS`] when not given.
    pub symbol_characters: String,
    /// Whether there are no capital letters.
    pub no_upper: bool,
    /// Whether a character may come twice.
    pub allow_repeat: bool,
    /// The keys, each with a password of its own; `password` when not given.
    pub secret_keys: Vec<String>,
    /// How the password is spelt.
    pub encoding: PasswordEncoding,
}

/// The symbols of passwords ("generators/v1/password/password.go" `defaultSymbolChars`).
pub const SYMBOLS: &str = "~!@#$%^&*()_+`-={}|[]\\:\"<>?,./";

/// `encoding` of a [`Password`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum PasswordEncoding {
    /// As it is.
    #[default]
    Raw,
    /// Base64.
    Base64,
    /// Base64 of URLs.
    Base64Url,
    /// Base32.
    Base32,
    /// Hexadecimal.
    Hex,
}

/// A key pair of OpenSSH.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SshKey {
    /// Which kind, with its size.
    pub key_type: SshKeyType,
    /// What is written behind the public key.
    pub comment: String,
}

/// Kinds of key, and their sizes in bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SshKeyType {
    /// RSA; 2048 when not given.
    Rsa(u32),
    /// ECDSA over the curve of this size: 256 (when not given), 384, 521.
    Ecdsa(u32),
    /// Ed25519.
    Ed25519,
}

/// What Vault answers.
#[derive(Debug)]
pub struct VaultDynamicSecret {
    /// Which Vault.
    pub provider: VaultProvider,
    /// Path of the request, below `v1/`.
    pub path: String,
    /// Method of the request; `GET` when not given.
    pub method: String,
    /// What is sent when the method writes.
    pub parameters: Option<serde_json::Value>,
    /// What is sent when the method reads.
    pub get_parameters: BTreeMap<String, Vec<String>>,
    /// Which part of the answer.
    pub result_type: ResultType,
    /// Whether an answer without values is no error.
    pub allow_empty_response: bool,
    /// How often a failed call is tried again (`retrySettings`).
    pub retry: Option<Retry>,
}

/// `resultType` of a [`VaultDynamicSecret`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ResultType {
    /// `data`.
    #[default]
    Data,
    /// `auth`.
    Auth,
    /// All of it.
    Raw,
}

/// The login of a registry of AWS.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EcrAuthorizationToken {
    /// The region.
    pub region: String,
    /// Who one is.
    pub auth: AwsAuth,
    /// A role to take on.
    pub role: Option<String>,
    /// Which registry.
    pub scope: EcrScope,
}

/// `scope` of an [`EcrAuthorizationToken`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum EcrScope {
    /// One's own.
    #[default]
    Private,
    /// The public one.
    Public,
}

/// Temporary credentials of AWS.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StsSessionToken {
    /// The region.
    pub region: String,
    /// Who one is.
    pub auth: AwsAuth,
    /// A role to take on.
    pub role: Option<String>,
    /// For how long, in seconds (`requestParameters.sessionDuration`).
    pub session_duration: Option<u32>,
    /// The device of a second factor.
    pub serial_number: Option<String>,
    /// What the device shows.
    pub token_code: Option<String>,
}
