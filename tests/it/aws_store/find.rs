//! Finding in AWS Secrets Manager.

use std::collections::BTreeMap;

use sealant::external::{Find, FindBy};
use sealant::store::aws::Service::SecretsManager;
use sealant::store::{StoreCause, StoreClient};
use serde_json::json;

use super::tap::error;
use super::{Tap, moto, said, secret, settings, store, text};

pub fn by(name: Option<&str>, tags: &[(&str, &str)], path: Option<&str>) -> Find {
    let tags: BTreeMap<_, _> = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let by = FindBy { name: name.map(str::to_owned), tags: Some(tags).filter(|tags| !tags.is_empty()) };
    Find { path: path.map(str::to_owned), by }
}

/// Names, if every value is its name.
#[track_caller]
pub fn names(store: &dyn StoreClient, find: &Find) -> Vec<String> {
    let found = store.find(find).unwrap();
    found.into_iter().map(|(name, fetched)| if text(&fetched) == name { name } else { panic!("{name}") }).collect()
}

#[test]
fn by_name_path_and_tags() {
    let Some(moto) = moto("by_name_path_and_tags") else { return };
    for n in 0..130 {
        let (name, team) = (format!("app/{n:03}"), if n % 2 == 0 { "even" } else { "odd" });
        let tags = json!([{ "Key": "team", "Value": team }, { "Key": "all", "Value": "yes" }]);
        secret(&moto, "CreateSecret", &json!({ "Name": name, "SecretString": name, "Tags": tags }).to_string());
    }
    secret(&moto, "CreateSecret", r#"{"Name": "zz/app/1", "SecretString": "zz/app/1"}"#);
    let tap = Tap::to(moto.port);
    let mut own = settings(SecretsManager, &tap.address);
    own.prefix = "not-for-finding/".into();
    let store = store(own);
    // all pages, and patterns of Go's, found anywhere
    let found = names(&*store, &by(Some("app/"), &[], None));
    assert_eq!((found.len(), found[0].as_str(), found[130].as_str()), (131, "app/000", "zz/app/1"));
    assert!(found.is_sorted());
    let operations = tap.operations();
    assert_eq!(operations.iter().filter(|name| *name == "BatchGetSecretValue").count(), 7, "{operations:?}");
    assert_eq!(names(&*store, &by(Some(r"^app/\d0[12]$"), &[], None)), ["app/001", "app/002", "app/101", "app/102"]);
    tap.seen();
    assert_eq!(names(&*store, &by(Some("1$"), &[], Some("zz/"))), ["zz/app/1"]);
    assert_eq!(names(&*store, &by(None, &[("team", "odd")], None)).len(), 65);
    assert_eq!(
        names(&*store, &by(None, &[("team", "od"), ("al", "y")], Some("app/00"))).len(),
        5,
        "by beginnings, as AWS"
    );
    assert!(tap.operations().iter().all(|name| name == "BatchGetSecretValue"));
    assert_eq!(names(&*store, &by(Some("9$"), &[("team", "odd")], None)).len(), 13);
    assert_eq!(tap.operations().iter().filter(|name| *name == "ListSecrets").count(), 1);
    assert_eq!(names(&*store, &by(Some("^nothing$"), &[], None)), [""; 0]);
    assert_eq!(store.find(&by(None, &[], Some("app"))).unwrap_err().cause, StoreCause::Invalid);
    let error = store.find(&by(Some("("), &[], None)).unwrap_err();
    assert_eq!(error.cause, StoreCause::Invalid);
    assert!(said(&error).contains("a `)` is missing"), "{}", said(&error));
}

#[test]
fn whoever_may_not_read_many_finds_all_the_same() {
    let Some(moto) = moto("whoever_may_not_read_many_finds_all_the_same") else { return };
    for n in 0..3 {
        let name = format!("app/{n}");
        secret(&moto, "CreateSecret", &json!({ "Name": name, "SecretString": name }).to_string());
    }
    let tap = Tap::with(moto.port, |operation, _| {
        let is_denied = operation == "BatchGetSecretValue";
        is_denied.then(|| error("AccessDeniedException", "nothing said"))
    });
    let store = store(settings(SecretsManager, &tap.address));
    assert_eq!(names(&*store, &by(Some("[12]$"), &[], Some("app/"))), ["app/1", "app/2"]);
}

#[test]
fn what_is_refused_is_not_left_out() {
    let Some(moto) = moto("what_is_refused_is_not_left_out") else { return };
    let entry = json!({ "SecretId": "app/1", "ErrorCode": "AccessDeniedException", "Message": "canary-value" });
    let answer = json!({ "SecretValues": [], "Errors": [entry] }).to_string();
    let tap = Tap::with(moto.port, move |operation, _| (operation != "ListSecrets").then(|| (200, answer.clone())));
    let store = store(settings(SecretsManager, &tap.address));
    let error = store.find(&by(Some("app"), &[], Some("app/"))).unwrap_err();
    assert_eq!(error.cause, StoreCause::Denied);
    assert!(
        said(&error).contains("\"Resource\": \"arn:aws:secretsmanager:eu-west-1:*:secret:app/1-??????\""),
        "{}",
        said(&error)
    );
    assert!(store.find(&by(Some("other"), &[], Some("app/"))).unwrap().is_empty(), "nobody asked for that one");
}
