//! Reading: current values by twenty, everything else one by one, nothing twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::primitives::Blob;
use aws_sdk_secretsmanager::types::{ApiErrorType, Filter, SecretValueEntry};

use super::{Inner, wanted};
use crate::external::{Fetched, Raw, Reference};
use crate::secret::{SecretBytes, SecretText};
use crate::store::aws::answers;
use crate::store::aws::json;
use crate::store::aws::many::each;
use crate::store::aws::trouble::{Fault, is_deleted};
use crate::store::aws::words::shown;
use crate::store::{StoreCause, StoreError};

/// AWS takes no more at once.
const MOST_AT_ONCE: usize = 20;
/// An answer in more pieces than this does not end.
const MOST_PAGES: usize = 1000;

/// What AWS is asked for, with the secret's id.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Wanted {
    Current(String),
    Stage(String, String),
    Version(String, String),
    Tags(String),
}

impl Wanted {
    fn id(&self) -> &str {
        match self {
            Self::Current(id) | Self::Stage(id, _) | Self::Version(id, _) | Self::Tags(id) => id,
        }
    }
}

/// A value that may be given to several.
pub(super) struct Value {
    pub(super) bytes: SecretBytes,
    pub(super) version: Option<String>,
}

impl Value {
    fn copy(&self) -> Self {
        Self { bytes: SecretBytes::new(self.bytes.expose().to_vec()), version: self.version.clone() }
    }

    pub(super) fn fetched(&self) -> Fetched {
        let raw = Raw::Bytes(SecretBytes::new(self.bytes.expose().to_vec()));
        Fetched { raw, version: self.version.clone(), lease: None }
    }
}

/// `Ok(None)`: there is no such secret.
pub(super) type Outcome = answers::Outcome<Value>;

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
    let (current, others): (Vec<_>, Vec<_>) =
        wanted.into_iter().partition(|wanted| matches!(wanted, Wanted::Current(_)));
    let mut jobs = Vec::new();
    if current.len() > 1 && !inner.is_single.load(Ordering::Relaxed) {
        let ids: Vec<_> = current.into_iter().map(|wanted| wanted.id().to_owned()).collect();
        jobs.extend(ids.chunks(MOST_AT_ONCE).map(|ids| Job::Together(ids.to_vec())));
    } else {
        jobs.extend(current.into_iter().map(Job::Alone));
    }
    jobs.extend(others.into_iter().map(Job::Alone));
    let work = |job| {
        let inner = Arc::clone(inner);
        async move {
            match job {
                Job::Together(ids) => together(&inner, ids).await,
                Job::Alone(wanted) => vec![alone(&inner, wanted).await],
            }
        }
    };
    each(jobs, inner.session.settings.concurrency, work).await.into_iter().flatten().collect()
}

async fn alone(inner: &Inner, wanted: Wanted) -> (Wanted, Outcome) {
    let outcome = match &wanted {
        Wanted::Tags(id) => tags(inner, id).await,
        _ => value(inner, &wanted).await,
    };
    (wanted, outcome)
}

/// A secret that was answered with others. What the SDK had of its value is here now, to be wiped.
pub(super) struct Entry {
    pub(super) name: String,
    arn: Option<String>,
    pub(super) value: Outcome,
}

impl From<SecretValueEntry> for Entry {
    fn from(entry: SecretValueEntry) -> Self {
        let name = entry.name.unwrap_or_default();
        let value = opened(&name, entry.secret_string, entry.secret_binary, entry.version_id);
        Self { name, arn: entry.arn, value }
    }
}

/// Answers of one page or several.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) values: Vec<Entry>,
    pub(super) errors: Vec<ApiErrorType>,
}

/// `BatchGetSecretValue`, all pages.
pub(super) async fn batch(
    inner: &Inner,
    ids: Option<Vec<String>>,
    filters: Option<Vec<Filter>>,
) -> Result<Batch, Fault> {
    let mut all = Batch::default();
    let mut next = None;
    let most = filters.as_ref().map(|_| 20);
    for _ in 0..MOST_PAGES {
        let answer = inner
            .session
            .ask(false, || async {
                let request = inner.client.batch_get_secret_value().set_secret_id_list(ids.clone());
                let request = request.set_filters(filters.clone()).set_max_results(most).set_next_token(next.clone());
                request.send().await.map_err(|error| Fault::of(&error))
            })
            .await?;
        all.values.extend(answer.secret_values.unwrap_or_default().into_iter().map(Entry::from));
        all.errors.extend(answer.errors.unwrap_or_default());
        next = answer.next_token.filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(all);
        }
    }
    Err(Fault::TooLarge)
}

/// Whether AWS will answer for one what it does not for many.
fn is_for_one(fault: &Fault) -> bool {
    let codes =
        ["Validation", "InvalidParameter", "InvalidRequest", "ResourceNotFound", "UnknownOperation", "InvalidAction"];
    codes.contains(&fault.code()) || matches!(fault, Fault::Status(404 | 501))
}

/// Up to twenty current values.
async fn together(inner: &Inner, ids: Vec<String>) -> Vec<(Wanted, Outcome)> {
    if inner.is_single.load(Ordering::Relaxed) {
        return one_by_one(inner, ids).await;
    }
    let found = match batch(inner, Some(ids.clone()), None).await {
        Ok(found) => found,
        Err(fault) if fault.is_denied() => {
            inner.is_single.store(true, Ordering::Relaxed);
            return one_by_one(inner, ids).await;
        }
        Err(fault) if is_for_one(&fault) => return one_by_one(inner, ids).await,
        Err(fault) => {
            let error = |id: &str| inner.trouble("secretsmanager:BatchGetSecretValue", id, &fault);
            return ids.into_iter().map(|id| (Wanted::Current(id.clone()), Err(error(&id)))).collect();
        }
    };
    let mut answers = Vec::new();
    for id in ids {
        let value = found.values.iter().find(|entry| names(&id, Some(&entry.name), entry.arn.as_deref()));
        let error = found.errors.iter().find(|error| names(&id, error.secret_id(), error.secret_id()));
        let answer = match (value, error) {
            (Some(entry), _) => {
                Some(entry.value.as_ref().map(|value| value.as_ref().map(Value::copy)).map_err(Clone::clone))
            }
            (None, Some(error)) => verdict(inner, &id, error),
            (None, None) => None,
        };
        let answer = match answer {
            Some(answer) => (Wanted::Current(id), answer),
            None => alone(inner, Wanted::Current(id)).await,
        };
        answers.push(answer);
    }
    answers
}

async fn one_by_one(inner: &Inner, ids: Vec<String>) -> Vec<(Wanted, Outcome)> {
    let mut answers = Vec::new();
    for id in ids {
        answers.push(alone(inner, Wanted::Current(id)).await);
    }
    answers
}

/// Whether a secret that AWS names is the one that was asked for: by its name, its ARN, or its ARN without the six
/// characters that AWS puts at the end.
fn names(id: &str, name: Option<&str>, arn: Option<&str>) -> bool {
    let is_partial = |arn: &str| arn.strip_prefix(id).is_some_and(|rest| rest.len() == 7 && rest.starts_with('-'));
    let is_of_arn = |arn: &str| {
        let called = arn.splitn(7, ':').nth(6).filter(|_| arn.starts_with("arn:"));
        called.and_then(|called| called.len().checked_sub(7).and_then(|end| called.get(..end))) == Some(id)
    };
    name == Some(id) || arn.is_some_and(|arn| arn == id || id.starts_with("arn:") && is_partial(arn) || is_of_arn(arn))
}

/// What AWS says of one secret of many; `None` when it has to be asked for alone.
pub(super) fn verdict(inner: &Inner, id: &str, error: &ApiErrorType) -> Option<Outcome> {
    let fault = Fault::said(error.error_code(), error.message(), 400);
    let transient = ["InternalService", "InternalServiceError", "InternalFailure", "ServiceUnavailable"];
    match fault.code() {
        "ResourceNotFound" => Some(Ok(None)),
        code if code.is_empty() || transient.contains(&code) || fault.may_pass() => None,
        _ => Some(Err(inner.trouble("secretsmanager:GetSecretValue", id, &fault))),
    }
}

/// One value.
pub(super) async fn value(inner: &Inner, wanted: &Wanted) -> Outcome {
    let id = wanted.id();
    let answer = inner
        .session
        .ask(false, || async {
            let request = inner.client.get_secret_value().secret_id(id);
            let request = match wanted {
                Wanted::Version(_, version) => request.version_id(version),
                Wanted::Stage(_, stage) => request.version_stage(stage),
                _ => request.version_stage("AWSCURRENT"),
            };
            request.send().await.map_err(|error| Fault::of(&error))
        })
        .await;
    match answer {
        Ok(found) => opened(id, found.secret_string, found.secret_binary, found.version_id),
        Err(fault) if fault.code() == "ResourceNotFound" => Ok(None),
        // as the operator does; AWS itself calls this an InvalidRequest, which is an error there as well
        Err(Fault::Said { code, message, .. }) if code == "InvalidParameterException" && is_deleted(&message) => {
            Ok(None)
        }
        Err(fault) => Err(inner.trouble("secretsmanager:GetSecretValue", id, &fault)),
    }
}

/// The value of an answer: text before bytes.
fn opened(id: &str, text: Option<String>, bytes: Option<Blob>, version: Option<String>) -> Outcome {
    let bytes = match (text.map(SecretText::new), bytes) {
        (Some(text), _) => SecretBytes::new(text.expose().as_bytes().to_vec()),
        (None, Some(bytes)) => SecretBytes::new(bytes.into_inner()),
        (None, None) => {
            return Err(StoreError::new(
                StoreCause::Odd,
                format!("the secret {} has neither text nor bytes", shown(id)),
            ));
        }
    };
    Ok(Some(Value { bytes, version: version.map(|version| format!("uuid/{version}")) }))
}

/// `DescribeSecret`; `None` when there is none.
pub(super) async fn describe(inner: &Inner, id: &str) -> Result<Option<DescribeSecretOutput>, StoreError> {
    let request =
        || async { inner.client.describe_secret().secret_id(id).send().await.map_err(|error| Fault::of(&error)) };
    match inner.session.ask(false, request).await {
        Ok(found) => Ok(Some(found)),
        Err(fault) if fault.code() == "ResourceNotFound" => Ok(None),
        Err(fault) => Err(inner.trouble("secretsmanager:DescribeSecret", id, &fault)),
    }
}

/// The tags as JSON. A secret that is not there is an error here, as in the operator.
async fn tags(inner: &Inner, id: &str) -> Outcome {
    let Some(found) = describe(inner, id).await? else {
        return Err(StoreError::new(
            StoreCause::Invalid,
            format!("there is no secret {}, so it has no tags", shown(id)),
        ));
    };
    let pairs: BTreeMap<_, _> =
        found.tags().iter().filter_map(|tag| Some((tag.key()?, tag.value().unwrap_or("")))).collect();
    Ok(Some(Value { bytes: json::object(pairs), version: None }))
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn secrets_are_known_by_three_names() {
        let arn = "arn:aws:secretsmanager:eu-west-1:1:secret:a/b-AbCdEf";
        for (id, expected) in [
            ("a/b", true),
            (arn, true),
            ("arn:aws:secretsmanager:eu-west-1:1:secret:a/b", true),
            ("arn:aws:secretsmanager:eu-west-1:1:secret:a", false),
            ("a", false),
            ("a/b-AbCdEf", false),
            ("", false),
        ] {
            assert_eq!(names(id, Some("a/b"), Some(arn)), expected, "{id}");
            // errors have only one of the two
            assert_eq!(names(id, Some(arn), Some(arn)), expected, "{id}");
        }
        assert!(names("x-y", Some("x-y"), Some("x-y")));
        assert!(!names("é", Some("x"), Some("arn:a:b:c:d:e:éééé")));
    }
}
