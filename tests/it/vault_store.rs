//! The store in Vault as who syncs uses it: against a real OpenBao, and against one that misbehaves.

mod calls;
mod faults;
mod jwt;
mod logins;
mod made;
mod many;
mod read;
mod write;

use std::time::Duration;

use sealant::external::{Fetched, Raw, Reference};
use sealant::net::vault::Address;
use sealant::secret::SecretText;
use sealant::store::vault::{Login, Settings, VaultStore};
use sealant::store::{StoreClient, StoreError};
use serde_json::Value;

use crate::vault::bao::{Bao, ROOT};

/// What never may be said.
pub const CANARY: &str = "canary-value";

pub type Answer = Result<Option<Fetched>, StoreError>;

/// For who logs in with what `login` says.
pub fn settings(address: &str, login: impl Fn() -> Login + Send + Sync + 'static) -> Settings {
    let mut settings = Settings::new(Address::parse(address).unwrap(), Box::new(move || Ok(login())));
    settings.mount = Some("secret".to_owned());
    settings.pause = Some(Duration::from_millis(1));
    settings.timeout = Duration::from_secs(10);
    settings
}

pub fn token(text: &str) -> impl Fn() -> Login + Send + Sync + 'static {
    let text = text.to_owned();
    move || Login::Token(SecretText::new(text.clone()))
}

pub fn as_root(address: &str) -> Settings {
    settings(address, token(ROOT))
}

pub fn store(settings: Settings) -> VaultStore {
    VaultStore::new(settings).unwrap()
}

pub fn address(bao: &Bao) -> String {
    format!("http://127.0.0.1:{}", bao.port)
}

/// One reference.
pub fn one(store: &VaultStore, reference: Reference) -> Answer {
    let answer = store.fetch(&[reference]).remove(0);
    assert_quiet(&answer);
    answer
}

#[track_caller]
pub fn assert_quiet(answer: &impl std::fmt::Debug) {
    let said = format!("{answer:?}");
    for secret in [CANARY, ROOT] {
        assert!(!said.contains(secret), "{said}");
    }
}

/// The text of what was fetched.
#[track_caller]
pub fn text(answer: Answer) -> String {
    match answer.unwrap().unwrap().raw {
        Raw::Json(bytes) => String::from_utf8(bytes.expose().to_vec()).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub fn json(answer: Answer) -> Value {
    serde_json::from_str(&text(answer)).unwrap()
}

/// Root says something to the server.
#[track_caller]
pub fn tell(bao: &Bao, method: &str, path: &str, body: &Value) -> Value {
    let (status, answer) = bao.ask(method, path, &body.to_string());
    assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
    answer
}

/// A policy.
pub fn policy(bao: &Bao, name: &str, text: &str) {
    tell(bao, "PUT", &format!("sys/policies/acl/{name}"), &serde_json::json!({"policy": text}));
}
