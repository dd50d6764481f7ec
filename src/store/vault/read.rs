//! Reads one secret, as External Secrets Operator 2.9 does (`providers/v1/vault/client_get.go`).

use std::collections::BTreeMap;

use serde_json::Value;

use super::settings::Version;
use super::{VaultStore, explain, raw};
use crate::external::{Fetched, Part, Raw, Reference};
use crate::net::vault::{Ask, Method, Reply};
use crate::secret::SecretBytes;
use crate::store::{StoreCause, StoreError};

impl VaultStore {
    pub(super) fn read(&self, reference: &Reference) -> Result<Option<Fetched>, StoreError> {
        match reference.part {
            Part::Value => self.read_value(&self.paths().value(&reference.key), reference.version.as_deref()),
            Part::Metadata => {
                if self.wire.settings().version == Version::V1 {
                    let what = format!("{}: a key-value store of version 1 has no metadata", reference.key);
                    return Err(StoreError::new(StoreCause::Unsupported, what));
                }
                let Some(metadata) = self.read_metadata(&self.paths().metadata(&reference.key)?)? else {
                    return Ok(None);
                };
                let version = metadata.get("current_version").cloned();
                Ok(Some(Fetched { raw: Raw::Json(object(&metadata)), version, lease: None }))
            }
        }
    }

    /// The value at a path of the API.
    pub(super) fn read_value(&self, path: &str, version: Option<&str>) -> Result<Option<Fetched>, StoreError> {
        let query = version.map(|version| ("version", version));
        let ask = Ask { query: query.as_slice(), ..Ask::new(Method::Get, path) };
        let reply = self.ask(ask)?;
        match reply.status {
            200..=299 => self.value(&ask, &reply),
            404 => self.absent(&ask, &reply).map(|()| None),
            _ => Err(self.refusal(&ask, &reply, "read")),
        }
    }

    fn value(&self, ask: &Ask<'_>, reply: &Reply) -> Result<Option<Fetched>, StoreError> {
        let odd = |what: &str| Err(StoreError::new(StoreCause::Odd, format!("{}: {what}", self.wire.shown(ask)?)));
        let Some(text) = raw::text(&reply.body) else {
            return odd("the answer is not one of Vault's")
                .map_err(|error| error.hint("is server the address of a Vault?"));
        };
        let Some(entries) = raw::entries(text) else { return odd("the answer is not one of Vault's") };
        let Some(data) = entries.iter().rev().find(|(name, _)| name == "data").map(|(_, data)| *data) else {
            return odd("the answer has no data");
        };
        if data == "null" {
            return Ok(None);
        }
        let Some(inside) = raw::entries(data) else { return odd("the data is no object") };
        if self.wire.settings().version == Version::V1 {
            return Ok(Some(Fetched::plain(Raw::Json(SecretBytes::new(data.as_bytes().to_vec())))));
        }
        let of = |wanted: &str| inside.iter().rev().find(|(name, _)| name == wanted).map(|(_, value)| *value);
        match of("data") {
            None => match self.misplaced(ask.path) {
                Some(error) => Err(error),
                None => odd("the data has no field data: is it a key-value store of version 2?"),
            },
            Some("null") => Ok(None),
            Some(value) if value.starts_with('{') => {
                let version = of("metadata").and_then(|metadata| raw::entry(metadata, "version")).map(str::to_owned);
                let value = SecretBytes::new(value.as_bytes().to_vec());
                Ok(Some(Fetched { raw: Raw::Json(value), version, lease: None }))
            }
            Some(_) => odd("the field data is no object"),
        }
    }

    /// A 404: whether it means that there is no such secret, and not that there is no such place.
    pub(super) fn absent(&self, ask: &Ask<'_>, reply: &Reply) -> Result<(), StoreError> {
        if is_vaults(reply) && reply.messages.is_empty() {
            return self.misplaced(ask.path).map_or(Ok(()), Err);
        }
        Err(self.refusal(ask, reply, "read"))
    }

    /// What a refusal (400, 403, 404, 405) of a key-value store means.
    pub(super) fn refusal(&self, ask: &Ask<'_>, reply: &Reply, capability: &str) -> StoreError {
        let request = match self.wire.shown(ask) {
            Ok(request) => request,
            Err(error) => return error,
        };
        if !is_vaults(reply) {
            let what = format!("{request}: answers {}, and not as a Vault does", reply.status);
            return StoreError::new(StoreCause::Odd, what)
                .hint("is server the address of a Vault, with https where it is due?");
        }
        if let Some(error) = self.misplaced(ask.path) {
            return error;
        }
        let messages = &reply.messages;
        let invalid = |what: &str| StoreError::new(StoreCause::Invalid, explain::words(&request, what, messages));
        match reply.status {
            403 => explain::denied(&request, ask.path, capability, messages),
            404 if messages.iter().any(|message| message.contains("no handler for route")) => {
                invalid("nothing is mounted there (404)")
                    .hint("bao secrets list shows what is; path of the provider has to be one of them")
            }
            404 if messages.iter().any(|message| message.contains("namespace not found")) => {
                invalid("there is no such namespace (404)")
            }
            status => invalid(&format!("refused ({status})")),
        }
    }

    /// What is known about a secret beside its value, as texts: custom metadata, and three of the store's own below it.
    pub(super) fn read_metadata(&self, path: &str) -> Result<Option<BTreeMap<String, String>>, StoreError> {
        let ask = Ask::new(Method::Get, path);
        let reply = self.ask(ask)?;
        match reply.status {
            200..=299 => {}
            404 => return self.absent(&ask, &reply).map(|()| None),
            _ => return Err(self.refusal(&ask, &reply, "read")),
        }
        let odd = || StoreError::new(StoreCause::Odd, format!("{path}: the answer is not one of Vault's"));
        let data = raw::text(&reply.body).and_then(|text| raw::entry(text, "data")).ok_or_else(odd)?;
        let mut found = BTreeMap::new();
        for name in ["created_time", "current_version", "delete_version_after"] {
            found.extend(raw::entry(data, name).map(|value| (name.to_owned(), as_text(value))));
        }
        let custom = raw::entry(data, "custom_metadata").and_then(raw::entries).unwrap_or_default();
        found.extend(custom.into_iter().map(|(name, value)| (name.into_owned(), as_text(value))));
        Ok(Some(found))
    }
}

/// Whether a refusal looks like one of a Vault: whatever stands before one refuses otherwise.
pub(super) fn is_vaults(reply: &Reply) -> bool {
    let entries = raw::text(&reply.body).and_then(raw::entries).unwrap_or_default();
    entries.iter().any(|(name, _)| name == "errors" || name == "data")
}

fn as_text(value: &str) -> String {
    raw::unquoted(value).map_or_else(|| value.to_owned(), std::borrow::Cow::into_owned)
}

fn object(texts: &BTreeMap<String, String>) -> SecretBytes {
    let object: serde_json::Map<String, Value> =
        texts.iter().map(|(name, text)| (name.clone(), Value::String(text.clone()))).collect();
    SecretBytes::new(Value::Object(object).to_string().into_bytes())
}
