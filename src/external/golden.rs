//! What Go printed for External Secrets Operator's own functions and libraries; only for tests.

use serde_json::Value;

/// The cases of a group.
pub(crate) fn cases(group: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../../tests/vectors/external-secrets/golden.json")).unwrap();
    all[group].as_array().unwrap().clone()
}

/// A text of a case.
pub(crate) fn text<'a>(case: &'a Value, field: &str) -> &'a str {
    case[field].as_str().unwrap()
}
