//! Finding. AWS's filters take what begins so, and do not say that a tag's value belongs to its key: that is how the operator
//! finds, so it stays. Unlike there, what AWS refuses is an error and not left out, and the prefix is not put before names
//! that are whole already.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType};
use regex::Regex;

use super::Inner;
use super::read::{self, Wanted, all, verdict};
use crate::external::{Fetched, Find};
use crate::pattern;
use crate::store::aws::trouble::Fault;
use crate::store::{StoreCause, StoreError};

/// A list in more pieces than this does not end: 100,000 secrets, of 500,000 that an account may have.
const MOST_PAGES: usize = 5000;
/// So much of a list is asked for at once.
const PAGE: i32 = 100;
/// Finding goes page by page: it may take so many times what one request may.
const ROWS: usize = 60;

/// All that match, in the order of their names.
pub(super) fn find(inner: &Arc<Inner>, find: &Find) -> Result<Vec<(String, Fetched)>, StoreError> {
    let name = find.by.name.as_deref().map(pattern::compile).transpose();
    let name = name.map_err(|error| StoreError::new(StoreCause::Invalid, error.to_string()))?;
    let tags = find.by.tags.as_ref().filter(|tags| !tags.is_empty());
    if name.is_none() && tags.is_none() {
        return Err(StoreError::new(StoreCause::Invalid, "secrets are found by name or by tags, and neither is given"));
    }
    let mut filters = Vec::new();
    for (key, value) in tags.into_iter().flatten() {
        filters.push(filter(FilterNameStringType::TagKey, key));
        filters.push(filter(FilterNameStringType::TagValue, value));
    }
    let path = find.path.as_deref().filter(|path| !path.is_empty());
    filters.extend(path.map(|path| filter(FilterNameStringType::Name, path)));
    let is_listed = name.is_some() && path.is_none();
    inner.session.run(ROWS, async {
        let mut found = if is_listed || inner.is_single.load(Ordering::Relaxed) {
            listed(inner, &filters, name.as_ref()).await?
        } else {
            match read::batch(inner, None, Some(filters.clone())).await {
                Ok(found) => picked(inner, found, name.as_ref()).await?,
                Err(fault) if fault.is_denied() => listed(inner, &filters, name.as_ref()).await?,
                Err(fault) => return Err(inner.trouble("secretsmanager:BatchGetSecretValue", "", &fault)),
            }
        };
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(found)
    })?
}

fn filter(key: FilterNameStringType, value: &str) -> Filter {
    Filter::builder().key(key).values(value).build()
}

fn is_match(pattern: Option<&Regex>, name: &str) -> bool {
    pattern.is_none_or(|pattern| pattern.is_match(name))
}

/// Names first, then the values of those that match.
async fn listed(
    inner: &Arc<Inner>,
    filters: &[Filter],
    name: Option<&Regex>,
) -> Result<Vec<(String, Fetched)>, StoreError> {
    let filters = Some(filters.to_vec()).filter(|filters| !filters.is_empty());
    let mut wanted = Vec::new();
    let mut next = None;
    for page in 0.. {
        if page == MOST_PAGES {
            return Err(inner.trouble("secretsmanager:ListSecrets", "", &Fault::TooLarge));
        }
        let request = || async {
            let request = inner.client.list_secrets().set_filters(filters.clone()).max_results(PAGE);
            request.set_next_token(next.clone()).send().await.map_err(|error| Fault::of(&error))
        };
        let answer = inner.session.ask(false, request).await;
        let answer = answer.map_err(|fault| inner.trouble("secretsmanager:ListSecrets", "", &fault))?;
        let names = answer.secret_list.unwrap_or_default().into_iter().filter_map(|entry| entry.name);
        wanted.extend(names.filter(|found| is_match(name, found)).map(Wanted::Current));
        next = answer.next_token.filter(|token| !token.is_empty());
        if next.is_none() {
            break;
        }
    }
    wanted.sort();
    wanted.dedup();
    values(inner, wanted).await
}

async fn values(inner: &Arc<Inner>, wanted: Vec<Wanted>) -> Result<Vec<(String, Fetched)>, StoreError> {
    let mut found = Vec::new();
    for (wanted, outcome) in all(inner, wanted).await {
        // one that is not there was removed since it was listed
        if let (Wanted::Current(name), Some(value)) = (wanted, outcome?) {
            found.push((name, value.fetched()));
        }
    }
    Ok(found)
}

/// Names and values at once.
async fn picked(
    inner: &Arc<Inner>,
    batch: read::Batch,
    name: Option<&Regex>,
) -> Result<Vec<(String, Fetched)>, StoreError> {
    let mut found = Vec::new();
    let mut again = Vec::new();
    for error in &batch.errors {
        let id = error.secret_id().unwrap_or_default();
        // an ARN holds the name, so that a pattern without anchors is found in it as well
        if !is_match(name, id) && !id.starts_with("arn:") {
            continue;
        }
        match verdict(inner, id, error) {
            Some(Err(error)) => return Err(error),
            Some(Ok(_)) => {}
            None => again.push(Wanted::Current(id.to_owned())),
        }
    }
    for entry in batch.values.into_iter().filter(|entry| is_match(name, &entry.name)) {
        if let Some(value) = entry.value? {
            found.push((entry.name, value.fetched()));
        }
    }
    found.extend(values(inner, again).await?);
    Ok(found)
}
