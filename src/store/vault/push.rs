//! Writes and removes secrets, as External Secrets Operator 2.9 does (`providers/v1/vault/client_push.go`): only what bears its mark.
//! Unlike there, values are compared whatever they are, other custom metadata stays, and the mark is kept beside the value also when
//! the key begins with the mount's name. `metadata` of a push is not looked at, as there.

use std::borrow::Cow;

use serde_json::Value;
use zeroize::Zeroizing;

use super::settings::Version;
use super::wire::Repeat;
use super::{VaultStore, explain, raw};
use crate::external::{Fetched, Raw};
use crate::net::vault::{Ask, Method, WipedJson};
use crate::store::{Kept, Push, Remote, StoreCause, StoreError};

/// Who manages a secret.
const MARK: (&str, &str) = ("managed-by", "external-secrets");
/// Where a store of version 1 keeps the mark: in the secret itself.
const CUSTOM: &str = "custom_metadata";

/// The entries of a secret: names, and JSON text.
type Entries<'t> = Vec<(Cow<'t, str>, &'t str)>;

/// A secret that is there.
struct Existing {
    text: Zeroizing<String>,
    version: Option<String>,
}

impl Existing {
    fn of(fetched: Fetched) -> Option<Self> {
        let Raw::Json(bytes) = fetched.raw else { return None };
        let text = std::str::from_utf8(bytes.expose()).ok()?.to_owned();
        Some(Self { text: Zeroizing::new(text), version: fetched.version })
    }

    /// Without our mark, and each name once: the last one counts.
    fn entries(&self, version: Version) -> Entries<'_> {
        let mut entries: Entries<'_> = Vec::new();
        for (name, value) in raw::entries(&self.text).unwrap_or_default() {
            entries.retain(|(known, _)| *known != name);
            entries.push((name, value));
        }
        entries.retain(|(name, _)| version == Version::V2 || name != CUSTOM);
        entries
    }
}

impl VaultStore {
    pub(super) fn pushed(&self, push: &Push<'_>) -> Result<Kept, StoreError> {
        let version = self.wire.settings().version;
        let key = &push.remote.key;
        let invalid = |what: &str| StoreError::new(StoreCause::Invalid, format!("{key}: {what}"));
        let new = std::str::from_utf8(push.value.expose()).map_err(|_| invalid("the value is no UTF-8 text"))?;
        let path = self.paths().value(key);
        let existing = self.existing(&path)?;
        if let Some(existing) = &existing
            && !self.is_marked(&path, existing)?
        {
            let what = format!("{key}: the secret is not managed by external-secrets");
            return Err(StoreError::new(StoreCause::Conflict, what)
                .hint("whoever wrote it may give it up: set managed-by to external-secrets in its custom metadata"));
        }
        let quoted;
        let mut entries = existing.as_ref().map_or_else(Vec::new, |existing| existing.entries(version));
        match &push.remote.property {
            Some(property) => {
                quoted = quote(new);
                let old = entries.iter_mut().find(|(name, _)| name == property);
                match old {
                    Some((_, old)) if !old.starts_with('"') => {
                        return Err(invalid("what is there under that property is no text"));
                    }
                    Some((_, old)) if raw::unquoted(old).is_some_and(|old| old == new) => return Ok(Kept::Unchanged),
                    Some((_, old)) => *old = &quoted,
                    None => entries.push((Cow::Borrowed(property), &quoted)),
                }
            }
            None => {
                let whole = raw::text(push.value.expose()).filter(|text| raw::entries(text).is_some());
                let whole = whole.ok_or_else(|| invalid("without a property the value has to be a JSON object"))?;
                let is_same = existing.is_some() && same(&object(&entries), whole.as_bytes(), version);
                if is_same {
                    return Ok(Kept::Unchanged);
                }
                entries = raw::entries(whole).unwrap_or_default();
            }
        }
        if existing.is_none() && version == Version::V2 {
            self.mark(&path)?;
        }
        self.write(&path, &entries, existing.as_ref(), new)
    }

    pub(super) fn deleted(&self, remote: &Remote) -> Result<Kept, StoreError> {
        let version = self.wire.settings().version;
        let path = self.paths().value(&remote.key);
        let Some(existing) = self.existing(&path)? else { return Ok(Kept::Unchanged) };
        if !self.is_marked(&path, &existing)? {
            return Ok(Kept::Unchanged);
        }
        if let Some(property) = &remote.property {
            let mut entries = existing.entries(version);
            let before = entries.len();
            entries.retain(|(name, _)| name != property);
            if entries.len() == before {
                return Ok(Kept::Unchanged);
            }
            if !entries.is_empty() {
                return self.write(&path, &entries, Some(&existing), "").map(|_| Kept::Deleted);
            }
        }
        self.remove(&path)?;
        if version == Version::V2 {
            self.remove(&metadata(&path))?;
        }
        Ok(Kept::Deleted)
    }

    pub(super) fn is_there(&self, remote: &Remote) -> Result<bool, StoreError> {
        let existing = self.existing(&self.paths().value(&remote.key))?;
        Ok(match (&existing, &remote.property) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(existing), Some(property)) => {
                raw::entries(&existing.text).is_some_and(|entries| entries.iter().any(|(name, _)| name == property))
            }
        })
    }

    fn existing(&self, path: &str) -> Result<Option<Existing>, StoreError> {
        Ok(self.read_value(path, None)?.and_then(Existing::of))
    }

    fn is_marked(&self, path: &str, existing: &Existing) -> Result<bool, StoreError> {
        let (name, value) = MARK;
        if self.wire.settings().version == Version::V2 {
            let metadata = self.read_metadata(&metadata(path))?.unwrap_or_default();
            return Ok(metadata.get(name).is_some_and(|found| found == value));
        }
        let mark = raw::entry(&existing.text, CUSTOM).and_then(|custom| raw::entry(custom, name));
        Ok(mark.and_then(raw::unquoted).is_some_and(|found| found == value))
    }

    fn mark(&self, path: &str) -> Result<(), StoreError> {
        let path = metadata(path);
        let body = format!("{{\"{CUSTOM}\":{{\"{}\":\"{}\"}}}}", MARK.0, MARK.1);
        let ask = Ask { body: Some(body.as_bytes()), ..Ask::new(Method::Post, &path) };
        let reply = self.ask(ask)?;
        if reply.status < 300 { Ok(()) } else { Err(self.refusal(&ask, &reply, "create\", \"update")) }
    }

    /// `secret` is what no message may repeat.
    fn write(
        &self,
        path: &str,
        entries: &[(Cow<'_, str>, &str)],
        existing: Option<&Existing>,
        secret: &str,
    ) -> Result<Kept, StoreError> {
        let settings = self.wire.settings();
        let body = match settings.version {
            Version::V1 => {
                let mark = format!("{{\"{}\":\"{}\"}}", MARK.0, MARK.1);
                let mut entries = entries.to_vec();
                entries.retain(|(name, _)| name != CUSTOM);
                entries.push((Cow::Borrowed(CUSTOM), &mark));
                object(&entries)
            }
            Version::V2 => {
                let data = Zeroizing::new(String::from_utf8_lossy(&object(entries)).into_owned());
                let replaced = existing.map_or("0", |existing| existing.version.as_deref().unwrap_or("0"));
                let options = format!("{{\"cas\":{replaced}}}");
                let mut parts = vec![(Cow::Borrowed("data"), data.as_str())];
                if settings.cas {
                    parts.push((Cow::Borrowed("options"), &options));
                }
                object(&parts)
            }
        };
        let hidden = [secret];
        let ask = Ask { body: Some(&body), hidden: &hidden, ..Ask::new(Method::Post, path) };
        let reply = self.ask_once(ask, Repeat::Carefully)?;
        if reply.status < 300 {
            return Ok(Kept::Written);
        }
        if reply.messages.iter().any(|message| message.contains("check-and-set")) {
            let request = self.wire.shown(&ask)?;
            let hint =
                if settings.cas { "it is read anew the next time" } else { "set checkAndSet.required of the provider" };
            return Err(StoreError::new(
                StoreCause::Conflict,
                explain::words(&request, "not written", &reply.messages),
            )
            .hint(hint));
        }
        Err(self.refusal(&ask, &reply, "create\", \"update"))
    }

    fn remove(&self, path: &str) -> Result<(), StoreError> {
        let ask = Ask::new(Method::Delete, path);
        let reply = self.ask(ask)?;
        if reply.status < 300 || reply.status == 404 { Ok(()) } else { Err(self.refusal(&ask, &reply, "delete")) }
    }
}

/// Where what is known about the value at a path is.
fn metadata(path: &str) -> String {
    path.replacen("/data/", "/metadata/", 1)
}

/// An object, in memory that is wiped and never moved.
fn object(entries: &[(Cow<'_, str>, &str)]) -> Zeroizing<Vec<u8>> {
    let room: usize = entries.iter().map(|(name, value)| 6 * name.len() + value.len() + 4).sum();
    let mut object = Zeroizing::new(Vec::with_capacity(room + 2));
    object.push(b'{');
    for (number, (name, value)) in entries.iter().enumerate() {
        if number > 0 {
            object.push(b',');
        }
        object.extend_from_slice(quote(name).as_bytes());
        object.push(b':');
        object.extend_from_slice(value.as_bytes());
    }
    object.push(b'}');
    object
}

fn quote(text: &str) -> Zeroizing<String> {
    let mut quoted = Zeroizing::new(String::with_capacity(6 * text.len() + 2));
    quoted.push('"');
    for char in text.chars() {
        match char {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            control if control < ' ' => quoted.push_str(&format!("\\u{:04x}", u32::from(control))),
            char => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether two JSON texts mean the same to a store of that version. One of version 2 keeps numbers as floating point.
fn same(left: &[u8], right: &[u8], version: Version) -> bool {
    match (WipedJson::parse(left), WipedJson::parse(right)) {
        (Some(left), Some(right)) => same_value(left.value(), right.value(), version),
        _ => false,
    }
}

/// The parser allows 128 levels, so this ends.
fn same_value(left: &Value, right: &Value, version: Version) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right || (version == Version::V2 && left.as_f64() == right.as_f64())
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same_value(left, right, version))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(name, value)| right.get(name).is_some_and(|other| same_value(value, other, version)))
        }
        (left, right) => left == right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_same() {
        use Version::{V1, V2};
        for (left, right, version, is_same) in [
            (r#"{"a":1,"b":[{"c":null}]}"#, r#"{ "b" : [{"c":null}], "a": 1.0 }"#, V2, true),
            (r#"{"a":1}"#, r#"{"a":1.0}"#, V1, false),
            (r#"{"a":9007199254740993}"#, r#"{"a":9007199254740992}"#, V2, true),
            (r#"{"a":9007199254740993}"#, r#"{"a":9007199254740992}"#, V1, false),
            (r#"{"a":"1"}"#, r#"{"a":1}"#, V2, false),
            (r#"{"a":"1"}"#, r#"{"a":"1","b":1}"#, V2, false),
            (r#"{"a":[1,2]}"#, r#"{"a":[1]}"#, V2, false),
            ("{}", "x", V2, false),
        ] {
            assert_eq!(same(left.as_bytes(), right.as_bytes(), version), is_same, "{left} {right}");
        }
    }

    #[test]
    fn quoted_texts_come_back() {
        let text = "a\"\\\n\u{1}\u{e9}\u{1f600}\u{7f}";
        assert_eq!(serde_json::from_str::<String>(&quote(text)).unwrap(), text);
        let entries = [(Cow::Borrowed("a\"b"), "1.50"), (Cow::Borrowed("c"), "{}")];
        assert_eq!(&*object(&entries), br#"{"a\"b":1.50,"c":{}}"#);
        assert_eq!(metadata("a/data/b/data/c"), "a/metadata/b/data/c");
    }
}
