//! Whether the store is there, lets us in, and what it lets us do. No value is read as long as the server says so without.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::mounts::Mount;
use super::spread::spread;
use super::{VaultStore, explain, raw};
use crate::external::{Part, Reference};
use crate::net::vault::{Ask, Method};
use crate::store::{Check, StoreCause, StoreError};

impl VaultStore {
    pub(super) fn checked(&self, references: &[Reference]) -> Result<Check, StoreError> {
        let mut notes = vec![self.health()?];
        let token = self.session.token(&self.wire)?;
        let identity = match token.text {
            Some(_) => self.identity(&mut notes)?,
            None => None,
        };
        let readable = self.readable(references, &mut notes)?;
        Ok(Check { place: self.wire.settings().address.to_string(), identity, notes, readable })
    }

    /// What the server says about itself, which may be that it is of no use.
    fn health(&self) -> Result<String, StoreError> {
        let ask = Ask::new(Method::Get, "sys/health");
        let reply = self.wire.once(&ask)?.map_err(|error| explain::trouble(&error))?;
        let answer = serde_json::from_slice::<Value>(&reply.body).unwrap_or_default();
        let version = match answer["version"].as_str() {
            Some(version) => format!("version {version}"),
            None => "a version that it does not tell".to_owned(),
        };
        match reply.status {
            200 => Ok(format!("{version}, active")),
            429 => Ok(format!("{version}, standby: what was written a moment ago may not be seen there yet")),
            473 => Ok(format!("{version}, performance standby")),
            503 if answer["sealed"] == json!(true) => {
                let what = format!("{}: it is sealed (503)", self.wire.shown(&ask)?);
                Err(StoreError::new(StoreCause::Unavailable, what).hint("unseal it with: bao operator unseal"))
            }
            400 | 403..=405 => Ok("it does not say how it is".to_owned()),
            _ => Err(explain::odd(&self.wire.shown(&ask)?, &reply)),
        }
    }

    fn identity(&self, notes: &mut Vec<String>) -> Result<Option<String>, StoreError> {
        let ask = Ask::new(Method::Get, "auth/token/lookup-self");
        let reply = self.ask(ask)?;
        if reply.status != 200 {
            notes.push("the login may not look itself up".to_owned());
            return Ok(None);
        }
        let odd = || StoreError::new(StoreCause::Odd, "auth/token/lookup-self: the answer is not one of Vault's");
        let data = raw::text(&reply.body).and_then(|text| raw::entry(text, "data")).ok_or_else(odd)?;
        let name = raw::entry(data, "display_name").and_then(raw::unquoted).unwrap_or_default();
        let policies = raw::entry(data, "policies").and_then(|list| serde_json::from_str::<Vec<String>>(list).ok());
        notes.push(match raw::entry(data, "ttl").and_then(|ttl| ttl.parse::<u64>().ok()) {
            Some(0) | None => "the login does not end".to_owned(),
            Some(seconds) => format!("the login lasts {seconds} s"),
        });
        Ok(Some(format!("{name} (policies: {})", policies.unwrap_or_default().join(", "))))
    }

    fn readable(
        &self,
        references: &[Reference],
        notes: &mut Vec<String>,
    ) -> Result<Vec<Option<StoreError>>, StoreError> {
        let path_of = |reference: &Reference| match reference.part {
            Part::Value => Ok(self.paths().value(&reference.key)),
            Part::Metadata => self.paths().metadata(&reference.key),
        };
        let paths: Vec<_> = references.iter().map(path_of).collect();
        let asked: Vec<&str> = paths.iter().flatten().map(String::as_str).collect();
        if asked.is_empty() {
            return Ok(paths.into_iter().map(Result::err).collect());
        }
        let Some(capabilities) = self.capabilities(&asked)? else {
            notes.push("the login may not ask what it may do, so the secrets were read".to_owned());
            return Ok(spread(&self.wire, references, |reference| self.read(reference))
                .into_iter()
                .map(Result::err)
                .collect());
        };
        let judge = |(reference, path): &(&Reference, &Result<String, StoreError>)| {
            let path = match path {
                Ok(path) => path,
                Err(error) => return Err(error.clone()),
            };
            let may = capabilities.get(path).is_some_and(|may| may.iter().any(|may| may == "read" || may == "root"));
            if !may {
                let request = self.wire.shown(&Ask::new(Method::Get, path))?;
                return Err(self.misplaced(path).unwrap_or_else(|| explain::denied(&request, path, "read", &[])));
            }
            match self.misplaced(path) {
                Some(error) => Err(error),
                // only reading tells whether there is anything there at all
                None if self.mount_of(path)? == Mount::Unknown => self.read(reference).map(|_| ()),
                None => Ok(()),
            }
        };
        let pairs: Vec<_> = references.iter().zip(&paths).collect();
        Ok(spread(&self.wire, &pairs, judge).into_iter().map(Result::err).collect())
    }

    /// What we may do with each path; `None` when we may not ask.
    fn capabilities(&self, paths: &[&str]) -> Result<Option<BTreeMap<String, Vec<String>>>, StoreError> {
        // the server refuses requests with very many texts
        let mut known = BTreeMap::new();
        for paths in paths.chunks(200) {
            let body = json!({"paths": paths}).to_string();
            let ask = Ask { body: Some(body.as_bytes()), ..Ask::new(Method::Post, "sys/capabilities-self") };
            let reply = self.ask(ask)?;
            let data = raw::text(&reply.body).and_then(|text| raw::entry(text, "data"));
            let found = data.and_then(|data| serde_json::from_str::<BTreeMap<String, Vec<String>>>(data).ok());
            match (reply.status, found) {
                (200, Some(found)) => known.extend(found),
                _ => return Ok(None),
            }
        }
        Ok(Some(known))
    }
}
