//! Writing to the stores of AWS, and removing.

use std::sync::Arc;

use sealant::external::{Fetched, Reference};
use sealant::secret::SecretBytes;
use sealant::store::aws::Deletion;
use sealant::store::aws::Service::{ParameterStore, SecretsManager};
use sealant::store::{Kept, Push, Remote, StoreCause, StoreClient, StoreError};
use serde_json::{Value, json};

use super::{Tap, moto, parameter, said, secret, settings, store, text, texts};

fn remote(key: &str, property: Option<&str>) -> Remote {
    Remote { key: key.to_owned(), property: property.map(str::to_owned) }
}

fn told(spec: &Value) -> Value {
    json!({ "apiVersion": "kubernetes.external-secrets.io/v1alpha1", "kind": "PushSecretMetadata", "spec": spec })
}

fn push(
    store: &dyn StoreClient,
    (key, property): (&str, Option<&str>),
    value: &str,
    spec: Option<&Value>,
) -> Result<Kept, StoreError> {
    let value = SecretBytes::new(value.as_bytes().to_vec());
    let metadata = spec.map(told);
    let remote = remote(key, property);
    store.push(&Push { remote: &remote, value: &value, whole: false, metadata: metadata.as_ref() })
}

fn value(store: &dyn StoreClient, key: &str) -> String {
    texts(&store.fetch(&[Reference::value(key)])).remove(0)
}

/// The tags, sorted.
fn tags(answer: &Value) -> Vec<String> {
    let list = answer["Tags"].as_array().or(answer["TagList"].as_array()).unwrap();
    let mut tags: Vec<_> =
        list.iter().map(|tag| format!("{}={}", tag["Key"].as_str().unwrap(), tag["Value"].as_str().unwrap())).collect();
    tags.sort();
    tags
}

const OURS: &str = "managed-by=external-secrets";

#[test]
fn secrets_are_made_changed_and_removed() {
    let Some(moto) = moto("secrets_are_made_changed_and_removed") else { return };
    let tap = Tap::to(moto.port);
    let mut own = settings(SecretsManager, &tap.address);
    own.prefix = "p/".into();
    own.deletion = Deletion::Within(9);
    let store = store(own);
    let described = || secret(&moto, "DescribeSecret", r#"{"SecretId": "p/a"}"#);
    assert!(!store.exists(&remote("a", None)).unwrap());
    assert_eq!(push(&*store, ("a", None), "canary-value 1", None).unwrap(), Kept::Written);
    assert!(store.exists(&remote("a", None)).unwrap());
    assert_eq!(tags(&described()), [OURS]);
    assert_eq!(described()["Description"], "secret 'managed-by:external-secrets'");
    assert_eq!(value(&*store, "a"), "canary-value 1");
    let raw = secret(&moto, "GetSecretValue", r#"{"SecretId": "p/a"}"#);
    assert_eq!(raw["VersionId"], "00000000-0000-0000-0000-000000000001");
    assert!(raw["SecretString"].is_null() && raw["SecretBinary"].is_string());
    tap.seen();
    assert_eq!(push(&*store, ("a", None), "canary-value 1", None).unwrap(), Kept::Unchanged);
    assert_eq!(tap.operations(), ["DescribeSecret", "GetSecretValue"], "nothing is written or removed");
    // as text, with tags that come and go
    let spec = json!({ "secretPushFormat": "string", "tags": { "team": "a", "env": "prod" } });
    assert_eq!(push(&*store, ("a", None), "canary-value 2", Some(&spec)).unwrap(), Kept::Written);
    assert_eq!(secret(&moto, "GetSecretValue", r#"{"SecretId": "p/a"}"#)["SecretString"], "canary-value 2");
    assert_eq!(tags(&described()), ["env=prod", OURS, "team=a"]);
    let spec = json!({ "secretPushFormat": "string", "tags": { "team": "b" } });
    assert_eq!(push(&*store, ("a", None), "canary-value 2", Some(&spec)).unwrap(), Kept::Written);
    assert_eq!(tags(&described()), [OURS, "team=b"]);
    assert_eq!(push(&*store, ("a", None), "canary-value 2", Some(&spec)).unwrap(), Kept::Unchanged);
    assert_eq!(tags(&described()), [OURS, "team=b"]);
    // gone, and gone again
    assert_eq!(store.delete(&remote("a", None)).unwrap(), Kept::Deleted);
    assert!(described()["DeletedDate"].is_number());
    assert_eq!(store.delete(&remote("a", None)).unwrap(), Kept::Unchanged);
    assert_eq!(store.delete(&remote("never", None)).unwrap(), Kept::Unchanged);
    let error = push(&*store, ("a", None), "canary-value 3", None).unwrap_err();
    assert!(said(&error).contains("\"p/a\": it is scheduled for deletion"), "{}", said(&error));
    let deletion = tap.seen().into_iter().find(|seen| seen.operation == "DeleteSecret").unwrap().body;
    assert!(deletion.contains("\"RecoveryWindowInDays\":9"), "{deletion}");
}

#[test]
fn properties_are_put_into_what_is_there() {
    let Some(moto) = moto("properties_are_put_into_what_is_there") else { return };
    let tap = Tap::to(moto.port);
    let store = store(settings(SecretsManager, &tap.address));
    assert_eq!(push(&*store, ("a", Some("user")), "me", None).unwrap(), Kept::Written);
    assert_eq!(push(&*store, ("a", Some("db.password")), "canary-value \"<", None).unwrap(), Kept::Written);
    assert_eq!(value(&*store, "a"), r#"{"user":"me","db":{"password":"canary-value \"\u003c"}}"#);
    assert_eq!(push(&*store, ("a", Some("user")), "me", None).unwrap(), Kept::Unchanged);
    assert_eq!(push(&*store, ("b", None), "canary-value", None).unwrap(), Kept::Written);
    for (key, property) in [("b", "user"), ("a", "nothing.*")] {
        let error = push(&*store, (key, Some(property)), "canary-value", None).unwrap_err();
        assert_eq!(error.cause, StoreCause::Invalid);
        assert!(said(&error).contains(&format!("property \"{property}\" of the secret \"{key}\"")), "{}", said(&error));
    }
}

#[test]
fn what_is_not_ours_stays() {
    let Some(moto) = moto("what_is_not_ours_stays") else { return };
    secret(&moto, "CreateSecret", r#"{"Name": "a", "SecretString": "theirs"}"#);
    parameter(&moto, "PutParameter", r#"{"Name": "a", "Value": "theirs", "Type": "String"}"#);
    for service in [SecretsManager, ParameterStore] {
        let tap = Tap::to(moto.port);
        let store = store(settings(service, &tap.address));
        let error = push(&*store, ("a", None), "canary-value", None).unwrap_err();
        assert_eq!(error.cause, StoreCause::Conflict);
        assert!(said(&error).contains("is not managed by us"), "{}", said(&error));
        assert_eq!(store.delete(&remote("a", None)).unwrap(), Kept::Unchanged);
        assert_eq!(value(&*store, "a"), "theirs");
        for (spec, part) in [
            (json!({ "tags": { "managed-by": "me" } }), "the tag managed-by cannot be chosen"),
            (json!({ "kmsKey": "x" }), "unknown field `kmsKey`"),
        ] {
            let error = push(&*store, ("a", None), "canary-value", Some(&spec)).unwrap_err();
            assert_eq!(error.cause, StoreCause::Invalid);
            assert!(said(&error).contains(part), "{}", said(&error));
        }
    }
}

#[test]
fn policies_and_replicas() {
    let Some(moto) = moto("policies_and_replicas") else { return };
    let tap = Tap::to(moto.port);
    let mut own = settings(SecretsManager, &tap.address);
    let policy = r#"{"Version": "2012-10-17", "Statement": []}"#;
    own.policies = Some(Arc::new(|source| match source.key.as_str() {
        "bad" => Ok("not JSON".into()),
        _ => Ok(policy.to_owned()),
    }));
    own.deletion = Deletion::ForGood;
    let store_ = store(own);
    let source = |key: &str| json!({ "policySourceRef": { "kind": "ConfigMap", "name": "p", "key": key } });
    let spec = json!({ "resourcePolicy": source("k"), "replicationLocations": ["eu-central-1"] });
    assert_eq!(push(&*store_, ("a", None), "v", Some(&spec)).unwrap(), Kept::Written);
    let now =
        || secret(&moto, "GetResourcePolicy", r#"{"SecretId": "a"}"#)["ResourcePolicy"].as_str().unwrap().to_owned();
    assert_eq!(now(), policy);
    let replicas = || {
        let answer = secret(&moto, "DescribeSecret", r#"{"SecretId": "a"}"#);
        let list = answer["ReplicationStatus"].as_array().cloned().unwrap_or_default();
        list.iter().map(|status| status["Region"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(replicas(), ["eu-central-1"]);
    tap.seen();
    assert_eq!(push(&*store_, ("a", None), "v", Some(&spec)).unwrap(), Kept::Unchanged);
    assert_eq!(tap.operations(), ["DescribeSecret", "GetResourcePolicy", "GetSecretValue"]);
    // a push that asks for no policy takes none away
    let spec = json!({ "replicationLocations": ["eu-central-1", "eu-west-2"] });
    assert_eq!(push(&*store_, ("a", None), "v", Some(&spec)).unwrap(), Kept::Written);
    assert_eq!((replicas().len(), now().as_str()), (2, policy));
    let spec = json!({ "replicationLocations": ["eu-west-2"] });
    assert_eq!(push(&*store_, ("a", None), "v", Some(&spec)).unwrap(), Kept::Written);
    assert_eq!(replicas(), ["eu-west-2"]);
    let error = push(&*store_, ("a", None), "v", Some(&json!({ "resourcePolicy": source("bad") }))).unwrap_err();
    assert_eq!(error.what, "the resource policy is not JSON");
    assert_eq!(store_.delete(&remote("a", None)).unwrap(), Kept::Deleted);
    assert_eq!(value(&*store_, "a"), "-");
    let plain = store(settings(SecretsManager, &tap.address));
    let error = push(&*plain, ("a", None), "v", Some(&json!({ "resourcePolicy": source("k") }))).unwrap_err();
    assert_eq!(error.cause, StoreCause::Unsupported);
}

#[test]
fn parameters_are_made_changed_and_removed() {
    let Some(moto) = moto("parameters_are_made_changed_and_removed") else { return };
    let tap = Tap::to(moto.port);
    let mut own = settings(ParameterStore, &tap.address);
    own.prefix = "/p/".into();
    let store = store(own);
    let tagged =
        || tags(&parameter(&moto, "ListTagsForResource", r#"{"ResourceType": "Parameter", "ResourceId": "/p/a"}"#));
    let raw = || parameter(&moto, "GetParameter", r#"{"Name": "/p/a", "WithDecryption": true}"#)["Parameter"].clone();
    let spec = json!({ "secretType": "SecureString", "tags": { "team": "a", "env": "prod" } });
    assert_eq!(push(&*store, ("a", None), "canary-value 1", Some(&spec)).unwrap(), Kept::Written);
    assert_eq!((raw()["Type"].as_str(), raw()["Value"].as_str()), (Some("SecureString"), Some("canary-value 1")));
    assert_eq!(tagged(), ["env=prod", OURS, "team=a"]);
    tap.seen();
    assert_eq!(push(&*store, ("a", None), "canary-value 1", None).unwrap(), Kept::Unchanged);
    assert_eq!(tap.operations(), ["GetParameter", "ListTagsForResource"]);
    let spec = json!({ "secretType": "SecureString", "tags": { "team": "b" },
        "tier": { "type": "Advanced", "policies": [{ "Type": "Expiration" }] } });
    assert_eq!(push(&*store, ("a", None), "canary-value 2", Some(&spec)).unwrap(), Kept::Written);
    assert_eq!(tagged(), [OURS, "team=b"]);
    let put = tap.seen().into_iter().find(|seen| seen.operation == "PutParameter").unwrap().body;
    let put: Value = serde_json::from_str(&put).unwrap();
    assert_eq!((put["Tier"].as_str(), put["KeyId"].as_str()), (Some("Advanced"), Some("alias/aws/ssm")));
    assert_eq!(put["Policies"], r#"[{"Type":"Expiration"}]"#);
    // all keys at once
    let all = SecretBytes::new(br#"{"b":"canary-value","a":"<"}"#.to_vec());
    let remote_all = remote("all", None);
    for (spec, expected) in [
        (json!({}), r#"{"a":"PA==","b":"Y2FuYXJ5LXZhbHVl"}"#),
        (json!({ "encodeAsDecoded": true }), r#"{"b":"canary-value","a":"<"}"#),
    ] {
        let metadata = told(&spec);
        let push = Push { remote: &remote_all, value: &all, whole: true, metadata: Some(&metadata) };
        assert_eq!(store.push(&push).unwrap(), Kept::Written);
        assert_eq!(value(&*store, "all"), expected);
    }
    assert!(store.exists(&remote("a", None)).unwrap());
    assert_eq!(store.delete(&remote("a", None)).unwrap(), Kept::Deleted);
    assert_eq!(store.delete(&remote("a", None)).unwrap(), Kept::Unchanged);
    assert!(!store.exists(&remote("a", None)).unwrap());
    let found: Vec<Option<Fetched>> = store.fetch(&[Reference::value("all")]).into_iter().map(Result::unwrap).collect();
    assert!(text(found[0].as_ref().unwrap()).contains("canary"));
}
