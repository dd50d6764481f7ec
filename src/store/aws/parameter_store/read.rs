//! Reading: current values by ten, versions and tags one by one, nothing twice.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Inner;
use super::calls::{Get, GetMany, Got, GotMany, OfResource, Parameter, Tag, Tags};
use crate::external::{Fetched, Part, Raw, Reference};
use crate::secret::SecretBytes;
use crate::store::aws::answers;
use crate::store::aws::json;
use crate::store::aws::many::each;
use crate::store::aws::words::shown;
use crate::store::{StoreCause, StoreError};

/// AWS takes no more at once.
const MOST_AT_ONCE: usize = 10;

/// What AWS is asked for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Wanted {
    Current(String),
    /// With `:` and the version, or the label.
    Version(String),
    Tags(String),
}

/// A value that may be given to several.
pub(super) struct Value {
    bytes: SecretBytes,
    version: Option<String>,
}

impl Value {
    fn of(parameter: &Parameter) -> Self {
        let bytes = SecretBytes::new(parameter.value.expose().as_bytes().to_vec());
        Self { bytes, version: parameter.version.map(|version| version.to_string()) }
    }

    pub(super) fn fetched(&self) -> Fetched {
        let raw = Raw::Bytes(SecretBytes::new(self.bytes.expose().to_vec()));
        Fetched { raw, version: self.version.clone(), lease: None }
    }
}

type Outcome = answers::Outcome<Value>;

fn wanted(inner: &Inner, reference: &Reference) -> Result<Wanted, StoreError> {
    if reference.key.is_empty() {
        return Err(StoreError::new(StoreCause::Invalid, "a parameter without a name cannot be asked for"));
    }
    let name = inner.name(&reference.key);
    Ok(match (reference.part, reference.version.as_deref().filter(|version| !version.is_empty())) {
        (Part::Metadata, _) => Wanted::Tags(name),
        (Part::Value, None) => Wanted::Current(name),
        (Part::Value, Some(version)) => Wanted::Version(format!("{name}:{version}")),
    })
}

/// The answers, in the order of the references.
pub(super) fn fetch(inner: &Arc<Inner>, references: &[Reference]) -> Vec<Result<Option<Fetched>, StoreError>> {
    let asked = references.iter().map(|reference| wanted(inner, reference)).collect();
    answers::of(asked, |unique| inner.session.run(unique.len(), all(inner, unique)), Value::fetched)
}

enum Job {
    Together(Vec<String>),
    Alone(Wanted),
}

/// Everything that is wanted, each once.
pub(super) async fn all(inner: &Arc<Inner>, wanted: Vec<Wanted>) -> Vec<(Wanted, Outcome)> {
    // nobody waits for many requests when nobody is let in
    if let Err(error) = inner.session.identity.get().await {
        return wanted.into_iter().map(|wanted| (wanted, Err(error.clone()))).collect();
    }
    let mut current = Vec::new();
    let mut jobs = Vec::new();
    for wanted in wanted {
        match wanted {
            Wanted::Current(name) if !inner.is_single.load(Ordering::Relaxed) => current.push(name),
            other => jobs.push(Job::Alone(other)),
        }
    }
    match current.len() {
        1 => jobs.extend(current.into_iter().map(|name| Job::Alone(Wanted::Current(name)))),
        _ => jobs.extend(current.chunks(MOST_AT_ONCE).map(|names| Job::Together(names.to_vec()))),
    }
    let work = |job| {
        let inner = Arc::clone(inner);
        async move {
            match job {
                Job::Together(names) => together(&inner, names).await,
                Job::Alone(wanted) => vec![alone(&inner, wanted).await],
            }
        }
    };
    each(jobs, inner.session.settings.concurrency, work).await.into_iter().flatten().collect()
}

/// Up to ten. AWS refuses all of them when one is not for us, so that they are then asked for one by one.
async fn together(inner: &Inner, names: Vec<String>) -> Vec<(Wanted, Outcome)> {
    let question = GetMany { names: &names, with_decryption: true };
    let found: GotMany = match inner.rpc.call(&inner.session, "GetParameters", &question).await {
        Ok(found) => found,
        Err(fault)
            if fault.is_denied() || matches!(fault.code(), "Validation" | "InvalidKeyId" | "UnknownOperation") =>
        {
            let is_denied = fault.is_denied();
            let mut answers = Vec::new();
            for name in names {
                answers.push(alone(inner, Wanted::Current(name)).await);
            }
            if is_denied && answers.iter().all(|(_, outcome)| outcome.is_ok()) {
                // each is ours, so many at once are not
                inner.is_single.store(true, Ordering::Relaxed);
            }
            return answers;
        }
        Err(fault) => {
            let error = |name: &str| inner.trouble("ssm:GetParameters", name, &fault);
            return names.into_iter().map(|name| (Wanted::Current(name.clone()), Err(error(&name)))).collect();
        }
    };
    let mut answers = Vec::new();
    for name in names {
        let is_it = |parameter: &&Parameter| parameter.name == name || parameter.arn.as_ref() == Some(&name);
        let answer = match found.parameters.iter().find(is_it) {
            Some(parameter) => (Wanted::Current(name), Ok(Some(Value::of(parameter)))),
            None if found.invalid_parameters.contains(&name) => (Wanted::Current(name), Ok(None)),
            None => alone(inner, Wanted::Current(name)).await,
        };
        answers.push(answer);
    }
    answers
}

async fn alone(inner: &Inner, wanted: Wanted) -> (Wanted, Outcome) {
    let outcome = match &wanted {
        Wanted::Tags(name) => tags(inner, name).await.map(|tags| {
            let bytes = json::object(tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())));
            Some(Value { bytes, version: None })
        }),
        Wanted::Current(name) | Wanted::Version(name) => {
            parameter(inner, name).await.map(|found| found.as_ref().map(Value::of))
        }
    };
    (wanted, outcome)
}

/// `GetParameter`; `None` when there is none.
pub(super) async fn parameter(inner: &Inner, name: &str) -> Result<Option<Parameter>, StoreError> {
    got(inner, name, true).await
}

/// Whether there is one. Its key is not needed for that.
pub(super) async fn there(inner: &Inner, name: &str) -> Result<bool, StoreError> {
    Ok(got(inner, name, false).await?.is_some())
}

async fn got(inner: &Inner, name: &str, with_decryption: bool) -> Result<Option<Parameter>, StoreError> {
    let question = Get { name, with_decryption };
    match inner.rpc.call::<Got>(&inner.session, "GetParameter", &question).await {
        Ok(found) => Ok(Some(found.parameter)),
        Err(fault) if fault.code() == "ParameterNotFound" => Ok(None),
        Err(fault) => Err(inner.trouble("ssm:GetParameter", name, &fault)),
    }
}

/// The tags. A parameter that is not there is an error here, as in the operator.
pub(super) async fn tags(inner: &Inner, name: &str) -> Result<Vec<Tag>, StoreError> {
    match inner.rpc.call::<Tags>(&inner.session, "ListTagsForResource", &OfResource::of(name)).await {
        Ok(found) => Ok(found.tag_list),
        Err(fault) if fault.code() == "InvalidResourceId" => {
            let what = format!("there is no parameter {}, so it has no tags", shown(name));
            Err(StoreError::new(StoreCause::Invalid, what))
        }
        Err(fault) => Err(inner.trouble("ssm:ListTagsForResource", name, &fault)),
    }
}
