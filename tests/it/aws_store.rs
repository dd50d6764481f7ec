//! The stores of AWS: side by side with what moto keeps, and with servers that refuse, are slow, or are not there.

mod calls;
mod chain;
mod faults;
mod find;
mod parameters;
mod push;
mod read;
mod roles;
mod tap;
mod tokens;

use std::time::SystemTime;

use sealant::external::{Fetched, Raw, Reference};
use sealant::secret::SecretText;
use sealant::store::aws::{Service, Settings, Source, open};
use sealant::store::{StoreClient, StoreError};

use crate::moto::Moto;
use crate::peers;

pub use tap::Tap;

pub const REGION: &str = "eu-west-1";
/// Looked for where they must not be.
const KEYS: [&str; 3] = ["AKIACANARYCANARYCANA", "canary-secret-access-key", "canary-session-token"];
/// All values begin so.
const VALUE: &str = "canary-value";

/// moto, if it is installed.
pub fn moto(test: &str) -> Option<Moto> {
    let found = peers::locate_all(test, &["py/bin/moto_server"])?;
    Some(Moto::start(&found[0], &[]))
}

#[expect(clippy::disallowed_methods, reason = "tests read the clock")]
pub fn now() -> SystemTime {
    SystemTime::now()
}

pub fn keys() -> Source {
    let [id, secret, token] = KEYS.map(|text| SecretText::new(text.to_owned()));
    Source::Keys { id, secret, token: Some(token) }
}

/// A store at this address, with the keys above.
pub fn settings(service: Service, address: &str) -> Settings {
    let mut settings = Settings::new(service, REGION, now);
    settings.source = keys();
    settings.endpoints.every = Some(address.to_owned());
    settings
}

pub fn store(settings: Settings) -> Box<dyn StoreClient> {
    assert!(KEYS.iter().all(|key| !format!("{settings:?}").contains(key)));
    open(settings).unwrap()
}

/// An operation of JSON 1.1 that has to go well; what it answers.
#[track_caller]
pub fn tell(moto: &Moto, service: &str, target: &str, body: &str) -> serde_json::Value {
    let head = format!("X-Amz-Target: {target}\r\nContent-Type: application/x-amz-json-1.1\r\n");
    let answer = moto.request(service, "x", "POST /", &head, body);
    assert_eq!(answer.status, 200, "{target} {body}: {answer:?}");
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

#[track_caller]
pub fn secret(moto: &Moto, operation: &str, body: &str) -> serde_json::Value {
    tell(moto, "secretsmanager", &format!("secretsmanager.{operation}"), body)
}

#[track_caller]
pub fn parameter(moto: &Moto, operation: &str, body: &str) -> serde_json::Value {
    tell(moto, "ssm", &format!("AmazonSSM.{operation}"), body)
}

pub fn text(fetched: &Fetched) -> String {
    match &fetched.raw {
        Raw::Bytes(bytes) => String::from_utf8_lossy(bytes.expose()).into_owned(),
        other => panic!("{other:?}"),
    }
}

/// What is said of an error, to people.
#[track_caller]
pub fn said(error: &StoreError) -> String {
    let said = format!("{error} / {} / {error:?}", error.hint.as_deref().unwrap_or_default());
    for secret in KEYS.iter().chain([&VALUE, &"canary-token", &"RequestId", &"Credential="]) {
        assert!(!said.contains(secret), "says {secret}: {said}");
    }
    said
}

/// The values, `-` for what is not there, and what is said of errors.
pub fn texts(found: &[Result<Option<Fetched>, StoreError>]) -> Vec<String> {
    let shown = |answer: &Result<Option<Fetched>, StoreError>| match answer {
        Ok(Some(fetched)) => text(fetched),
        Ok(None) => "-".to_owned(),
        Err(error) => format!("! {:?} {}", error.cause, said(error)),
    };
    found.iter().map(shown).collect()
}

pub fn version(key: &str, version: &str) -> Reference {
    Reference { version: Some(version.to_owned()), ..Reference::value(key) }
}

pub fn metadata(key: &str) -> Reference {
    Reference { part: sealant::external::Part::Metadata, ..Reference::value(key) }
}
