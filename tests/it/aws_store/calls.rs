//! What is counted is what AWS was asked, also by the SDK on its own.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sealant::external::Reference;
use sealant::store::StoreClient;
use sealant::store::aws::Retries;
use sealant::store::aws::Service::{self, ParameterStore, SecretsManager};
use serde_json::json;

use super::tap::error;
use super::{Tap, metadata, settings, store, version};

fn counts(store: &dyn StoreClient, provider: &str) -> BTreeMap<(String, bool), u64> {
    store
        .calls()
        .into_iter()
        .map(|call| {
            assert_eq!(call.provider, provider);
            ((call.call.to_owned(), call.ok), call.count)
        })
        .collect()
}

fn check(service: Service, provider: &str, pause: Option<Duration>, expected: &[(&str, bool, u64)]) {
    let number = AtomicUsize::new(0);
    let tap = Tap::with(0, move |operation, _| {
        Some(match operation {
            "GetSecretValue" => error("ResourceNotFoundException", "none"),
            "GetParameter" => error("ParameterNotFound", "none"),
            "DescribeSecret" | "ListTagsForResource" => error("AccessDeniedException", "no"),
            // once too often, then well
            _ if number.fetch_add(1, Ordering::SeqCst) == 0 => error("ThrottlingException", "Rate exceeded"),
            _ => (200, json!({ "SecretValues": [], "Errors": [], "InvalidParameters": ["a", "b"] }).to_string()),
        })
    });
    let mut settings = settings(service, &tap.address);
    settings.concurrency = 1;
    settings.retries = Retries { attempts: 3, pause };
    let client = store(settings);
    client.fetch(&[Reference::value("a"), Reference::value("b"), version("c", "uuid/1"), metadata("d")]);
    let counted = counts(&*client, provider);
    let expected: BTreeMap<_, _> =
        expected.iter().map(|(call, ok, count)| (((*call).to_owned(), *ok), *count)).collect();
    assert_eq!(counted, expected);
    let mut seen = BTreeMap::new();
    tap.operations().into_iter().for_each(|operation| *seen.entry(operation).or_insert(0) += 1);
    let mut sums = BTreeMap::new();
    counted.into_iter().for_each(|((call, _), count)| *sums.entry(call).or_insert(0) += count);
    assert_eq!(sums, seen);
}

#[test]
fn every_request_is_counted_also_those_that_are_repeated() {
    for pause in [None, Some(Duration::from_millis(1))] {
        let expected = [
            ("BatchGetSecretValue", false, 1),
            ("BatchGetSecretValue", true, 1),
            ("DescribeSecret", false, 1),
            // the batch has neither of two, and there is no such version of a third
            ("GetSecretValue", true, 3),
        ];
        check(SecretsManager, "AWS/SecretsManager", pause, &expected);
        let expected = [
            ("GetParameter", true, 1),
            ("GetParameters", false, 1),
            ("GetParameters", true, 1),
            ("ListTagsForResource", false, 1),
        ];
        check(ParameterStore, "AWS/ParameterStore", pause, &expected);
    }
}
