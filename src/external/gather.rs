//! What an ExternalSecret asks for, and what it makes of the answers (external-secrets 2.9
//! `pkg/controllers/externalsecret/externalsecret_controller_secret.go`). Unlike upstream, which stops at the first entry that
//! fails, this tells of all of them.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::decode::{DecodeError, check_null_bytes, decode};
use super::keys::{self, KeyError, Values};
use super::reference::{Fetched, Find, Part, Reference};
use super::resource::ExternalSecret;
use super::resource::external_secret::{Data, DataFrom, Decoding, DeletionPolicy, NullBytes, Source};
use super::resource::select::{GeneratorRef, StoreRef};
use super::rewrite::{RewriteError, rewrite};
use super::value::{self, Flavour, ValueError};
use crate::secret::SecretBytes;

/// Something that is asked for. Equal requests have the same answer.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Request {
    /// One secret of a store.
    Secret {
        /// The store.
        store: StoreRef,
        /// Which.
        reference: Reference,
    },
    /// All that are found.
    Find {
        /// The store.
        store: StoreRef,
        /// Which.
        find: Find,
    },
    /// What a generator makes. Each entry has its own.
    Generate {
        /// The generator.
        generator: GeneratorRef,
        /// The entry of `dataFrom`, from 0.
        entry: usize,
    },
}

/// What came of a [`Request`].
pub enum Answer<'a> {
    /// A secret.
    Secret(Flavour, &'a Fetched),
    /// The secrets that were found, by name.
    Found(Flavour, &'a [(String, Fetched)]),
    /// What a generator made, by key.
    Generated(&'a Values),
    /// The store works and has no such secret. Never for an error: this is what may lead to something being deleted.
    Missing,
    /// The store, in its own words; they hold no value.
    Failed(String),
}

/// The data of a Secret before its templates.
#[derive(Debug, Default)]
pub struct Assembled {
    /// The values, by key.
    pub data: Values,
    /// What no store had, and what the Secret can do without.
    pub missing: Vec<Missing>,
    /// The shortest time that something of it is good for.
    pub lease: Option<Duration>,
    /// Keys whose values a generator made, and the number of its entry in `dataFrom`.
    pub generated: BTreeMap<String, usize>,
}

/// Something that is not there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missing {
    /// Which entry asked: `spec.data[3]`.
    pub path: String,
    /// Its name in the store; nothing for a `find`.
    pub key: Option<String>,
    /// Whether it is a `find` that found nothing, which is no error.
    pub find: bool,
}

/// An entry that failed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{path}{}: {cause}", .key.as_ref().map(|key| format!(" (key `{key}`)")).unwrap_or_default())]
pub struct EntryError {
    /// Which: `spec.data[3]`, `spec.dataFrom[0].extract`.
    pub path: String,
    /// Its line in the manifest, from 1.
    pub line: usize,
    /// The name in the store, or of the generator.
    pub key: Option<String>,
    /// Why.
    pub cause: EntryCause,
}

/// Why an entry failed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EntryCause {
    /// Neither it nor the object names a store.
    #[error("no store is named")]
    NoStore,
    /// The store has no such secret.
    #[error("the store has no such secret")]
    Missing,
    /// The store.
    #[error("{0}")]
    Store(String),
    /// There was an answer to another question.
    #[error("the store answered something else than was asked")]
    Odd,
    /// The value has not what is asked of it.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// One of the secrets that were found.
    #[error("`{name}`: {cause}")]
    Found {
        /// Its name.
        name: String,
        /// Why.
        cause: ValueError,
    },
    /// It cannot be decoded.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// One of its values cannot be decoded.
    #[error("the value of `{key}`: {cause}")]
    DecodeKey {
        /// Its key.
        key: String,
        /// Why.
        cause: DecodeError,
    },
    /// A rewrite of the keys.
    #[error("rewrite[{at}]: {cause}")]
    Rewrite {
        /// Which, from 0.
        at: usize,
        /// Why.
        cause: RewriteError,
    },
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// All that has to be asked for, each once, in the order of first need.
pub fn wanted(secret: &ExternalSecret) -> Vec<Request> {
    let from = secret.data_from.iter().enumerate().filter_map(|(at, entry)| from_request(secret, at, entry));
    let data = secret.data.iter().filter_map(|entry| data_request(secret, entry));
    let mut all: Vec<Request> = vec![];
    let mut known = std::collections::HashSet::new();
    for request in from.chain(data) {
        if known.insert(request.clone()) {
            all.push(request);
        }
    }
    all
}

fn data_request(secret: &ExternalSecret, entry: &Data) -> Option<Request> {
    let store = secret.store_of(entry.store_ref.as_ref())?.clone();
    Some(Request::Secret { store, reference: entry.remote_ref.reference() })
}

fn from_request(secret: &ExternalSecret, at: usize, entry: &DataFrom) -> Option<Request> {
    let store = || secret.store_of(entry.store_ref.as_ref()).cloned();
    Some(match &entry.source {
        Source::Extract(extract) => Request::Secret { store: store()?, reference: extract.reference() },
        Source::Find(find) => Request::Find { store: store()?, find: find.clone() },
        Source::Generator(generator) => Request::Generate { generator: generator.clone(), entry: at },
    })
}

/// Puts the answers together: `dataFrom` in its order, then `data`; what comes later wins. `now` is for templates.
///
/// # Errors
/// Every entry that failed. With `deletionPolicy: Retain`, a secret that is not there is a failure, too.
pub fn assemble<'a>(
    secret: &ExternalSecret,
    now: Timestamp,
    answers: &dyn Fn(&Request) -> Answer<'a>,
) -> Result<Assembled, Vec<EntryError>> {
    let mut gathering = Gathering { secret, now, answers, made: Assembled::default(), errors: vec![] };
    for (at, entry) in secret.data_from.iter().enumerate() {
        gathering.from(at, entry);
    }
    for (at, entry) in secret.data.iter().enumerate() {
        gathering.data(at, entry);
    }
    if gathering.errors.is_empty() { Ok(gathering.made) } else { Err(gathering.errors) }
}

struct Gathering<'a, 's> {
    secret: &'s ExternalSecret,
    now: Timestamp,
    answers: &'s dyn Fn(&Request) -> Answer<'a>,
    made: Assembled,
    errors: Vec<EntryError>,
}

/// Who asks.
struct Entry {
    path: String,
    line: usize,
    key: Option<String>,
}

impl Gathering<'_, '_> {
    /// Takes what an entry gave; without an error, nothing means that the store has no such secret.
    fn take(&mut self, entry: Entry, generator: Option<usize>, outcome: Result<Option<Values>, EntryCause>) {
        let cause = match outcome {
            Ok(Some(values)) => {
                for key in values.keys() {
                    match generator {
                        Some(at) => self.made.generated.insert(key.clone(), at),
                        None => self.made.generated.remove(key),
                    };
                }
                self.made.data.extend(values);
                return;
            }
            Ok(None) if self.secret.target.deletion_policy != DeletionPolicy::Retain => {
                self.made.missing.push(Missing { path: entry.path, key: entry.key, find: false });
                return;
            }
            Ok(None) => EntryCause::Missing,
            Err(cause) => cause,
        };
        self.errors.push(EntryError { path: entry.path, line: entry.line, key: entry.key, cause });
    }

    fn lease(&mut self, fetched: &Fetched) {
        if let Some(lease) = &fetched.lease {
            self.made.lease = Some(self.made.lease.map_or(lease.duration, |known| known.min(lease.duration)));
        }
    }

    fn data(&mut self, at: usize, entry: &Data) {
        let remote = &entry.remote_ref;
        let who = Entry { path: format!("spec.data[{at}]"), line: entry.line, key: Some(remote.key.clone()) };
        let outcome = match data_request(self.secret, entry).map(|request| (self.answers)(&request)) {
            None => Err(EntryCause::NoStore),
            Some(Answer::Missing) => Ok(None),
            Some(Answer::Failed(what)) => Err(EntryCause::Store(what)),
            Some(Answer::Secret(flavour, fetched)) => {
                self.lease(fetched);
                one(flavour, fetched, entry)
            }
            Some(_) => Err(EntryCause::Odd),
        };
        self.take(who, None, outcome);
    }

    fn from(&mut self, at: usize, entry: &DataFrom) {
        let (kind, key) = match &entry.source {
            Source::Extract(extract) => ("extract", Some(extract.key.clone())),
            Source::Find(_) => ("find", None),
            Source::Generator(generator) => ("sourceRef.generatorRef", Some(generator.name.clone())),
        };
        let who = Entry { path: format!("spec.dataFrom[{at}].{kind}"), line: entry.line, key };
        let answer = from_request(self.secret, at, entry).map(|request| (self.answers)(&request));
        let outcome = match (answer, &entry.source) {
            (None, _) => Err(EntryCause::NoStore),
            (Some(Answer::Missing), _) => Ok(None),
            (Some(Answer::Failed(what)), _) => Err(EntryCause::Store(what)),
            (Some(Answer::Secret(flavour, fetched)), Source::Extract(extract)) => {
                self.lease(fetched);
                match value::many(flavour, &fetched.raw, extract.metadata_policy, extract.property.as_deref()) {
                    Ok(Some(values)) => finish(entry, values, self.now).map(Some),
                    Ok(None) => Ok(None),
                    Err(cause) => Err(cause.into()),
                }
            }
            (Some(Answer::Found(flavour, found)), Source::Find(_)) => {
                if found.is_empty() {
                    self.made.missing.push(Missing { path: who.path.clone(), key: None, find: true });
                }
                for (_, fetched) in found {
                    self.lease(fetched);
                }
                found_values(flavour, found).and_then(|values| finish(entry, values, self.now)).map(Some)
            }
            (Some(Answer::Generated(values)), Source::Generator(_)) => {
                let copy = values.iter().map(|(key, value)| (key.clone(), SecretBytes::new(value.expose().to_vec())));
                finish(entry, copy.collect(), self.now).map(Some)
            }
            (Some(_), _) => Err(EntryCause::Odd),
        };
        let generator = matches!(entry.source, Source::Generator(_)).then_some(at);
        self.take(who, generator, outcome);
    }
}

fn one(flavour: Flavour, fetched: &Fetched, entry: &Data) -> Result<Option<Values>, EntryCause> {
    let remote = &entry.remote_ref;
    let Some(value) = value::one(flavour, &fetched.raw, remote.metadata_policy, remote.property.as_deref())? else {
        return Ok(None);
    };
    let value = decode(remote.decoding, value)?;
    check_null_bytes(remote.null_bytes, &value)?;
    Ok(Some([(entry.secret_key.clone(), value)].into()))
}

fn found_values(flavour: Flavour, found: &[(String, Fetched)]) -> Result<Values, EntryCause> {
    let mut values = Values::new();
    for (name, fetched) in found {
        let value = value::one(flavour, &fetched.raw, Part::Value, None);
        let value = value.map_err(|cause| EntryCause::Found { name: name.clone(), cause })?;
        values.extend(value.map(|value| (name.clone(), value)));
    }
    Ok(values)
}

/// Keys, then values.
fn finish(entry: &DataFrom, values: Values, now: Timestamp) -> Result<Values, EntryCause> {
    let generated = matches!(entry.source, Source::Generator(_));
    let mut values = rewrite(&entry.rewrite, values, now).map_err(|(at, cause)| EntryCause::Rewrite { at, cause })?;
    if entry.rewrite.is_empty() && !generated {
        values = keys::convert(entry.conversion, values)?;
    }
    let values = keys::validate(values)?;
    if generated || (entry.decoding == Decoding::None && entry.null_bytes == NullBytes::Ignore) {
        return Ok(values);
    }
    let decoded = values.into_iter().map(|(key, value)| {
        let value = decode(entry.decoding, value).and_then(|value| {
            check_null_bytes(entry.null_bytes, &value)?;
            Ok(value)
        });
        match value {
            Ok(value) => Ok((key, value)),
            Err(cause) => Err(EntryCause::DecodeKey { key, cause }),
        }
    });
    decoded.collect()
}

#[cfg(test)]
mod tests;
