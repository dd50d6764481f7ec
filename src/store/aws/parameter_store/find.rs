//! Finding: by the whole name, below a path, or by tags. Who looks for a name is not asked about tags, as in the operator.

use std::sync::Arc;

use regex::Regex;

use super::Inner;
use super::calls::{ByPath, Condition, Describe, Described, Page};
use super::read::{Wanted, all};
use crate::external::{Fetched, Find, Raw};
use crate::pattern;
use crate::secret::SecretBytes;
use crate::store::aws::trouble::Fault;
use crate::store::{StoreCause, StoreError};

/// An account has 110,000 parameters at most, and a page ten.
const MOST_PAGES: usize = 12_000;
/// Finding goes page by page: it may take so many times what one request may.
const ROWS: usize = 60;

/// All that match, in the order of their names.
pub(super) fn find(inner: &Arc<Inner>, find: &Find) -> Result<Vec<(String, Fetched)>, StoreError> {
    let path = find.path.as_deref().filter(|path| !path.is_empty());
    let mut found = match (&find.by.name, &find.by.tags) {
        (Some(name), _) => {
            let name = pattern::compile(name);
            let name = name.map_err(|error| StoreError::new(StoreCause::Invalid, error.to_string()))?;
            inner.session.run(ROWS, by_name(inner, path, &name))??
        }
        (None, Some(tags)) if !tags.is_empty() => {
            let condition = |(key, value): (&String, &String)| Condition {
                key: format!("tag:{key}"),
                option: "Equals",
                values: vec![value.clone()],
            };
            let mut conditions: Vec<_> = tags.iter().map(condition).collect();
            conditions.extend(path.map(below));
            inner.session.run(ROWS, described(inner, &conditions, None))??
        }
        _ => {
            let what = "parameters are found by name or by tags, and neither is given";
            return Err(StoreError::new(StoreCause::Invalid, what));
        }
    };
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(found)
}

fn below(path: &str) -> Condition {
    Condition { key: "Path".into(), option: "Recursive", values: vec![path.to_owned()] }
}

type Found = Result<Vec<(String, Fetched)>, StoreError>;

async fn by_name(inner: &Arc<Inner>, path: Option<&str>, name: &Regex) -> Found {
    let mut found = Vec::new();
    let mut next_token = None;
    for _ in 0..MOST_PAGES {
        let path_or_all = path.unwrap_or("/");
        let question =
            ByPath { path: path_or_all, recursive: true, with_decryption: true, max_results: 10, next_token };
        let page: Page = match inner.rpc.call(&inner.session, "GetParametersByPath", &question).await {
            Ok(page) => page,
            Err(fault) if fault.is_denied() => {
                let conditions: Vec<_> = path.map(below).into_iter().collect();
                return described(inner, &conditions, Some(name)).await;
            }
            Err(fault) => return Err(inner.trouble("ssm:GetParametersByPath", path_or_all, &fault)),
        };
        for parameter in page.parameters.into_iter().filter(|parameter| name.is_match(&parameter.name)) {
            let raw = Raw::Bytes(SecretBytes::new(parameter.value.expose().as_bytes().to_vec()));
            let version = parameter.version.map(|version| version.to_string());
            found.push((parameter.name, Fetched { raw, version, lease: None }));
        }
        next_token = page.next_token.filter(|token| !token.is_empty());
        if next_token.is_none() {
            return Ok(found);
        }
    }
    Err(inner.trouble("ssm:GetParametersByPath", "", &Fault::TooLarge))
}

/// Names first, then values.
async fn described(inner: &Arc<Inner>, conditions: &[Condition], name: Option<&Regex>) -> Found {
    let mut wanted = Vec::new();
    let mut next_token = None;
    for page in 0.. {
        if page == MOST_PAGES {
            return Err(inner.trouble("ssm:DescribeParameters", "", &Fault::TooLarge));
        }
        let question = Describe { parameter_filters: conditions, max_results: 50, next_token };
        let answer = inner.rpc.call::<Described>(&inner.session, "DescribeParameters", &question).await;
        let answer = answer.map_err(|fault| inner.trouble("ssm:DescribeParameters", "", &fault))?;
        let names = answer.parameters.into_iter().map(|parameter| parameter.name);
        wanted.extend(names.filter(|found| name.is_none_or(|name| name.is_match(found))).map(Wanted::Current));
        next_token = answer.next_token.filter(|token| !token.is_empty());
        if next_token.is_none() {
            break;
        }
    }
    let mut found = Vec::new();
    for (wanted, outcome) in all(inner, wanted).await {
        // one that is not there was removed since it was listed
        if let (Wanted::Current(name), Some(value)) = (wanted, outcome?) {
            found.push((name, value.fetched()));
        }
    }
    Ok(found)
}
