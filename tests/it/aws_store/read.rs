//! Reading AWS Secrets Manager.

use sealant::external::Reference;
use sealant::store::aws::Service::SecretsManager;
use sealant::store::{Remote, StoreCause};
use serde_json::json;

use super::tap::error;
use super::{REGION, Tap, metadata, moto, said, secret, settings, store, texts, version};

#[test]
fn values_versions_bytes_and_tags() {
    let Some(moto) = moto("values_versions_bytes_and_tags") else { return };
    let first = secret(
        &moto,
        "CreateSecret",
        r#"{"Name": "p/a", "SecretString": "canary-value 1", "Tags": [
        {"Key": "team", "Value": "<b>&c"}, {"Key": "env", "Value": "prod"}]}"#,
    );
    let first = first["VersionId"].as_str().unwrap().to_owned();
    let second =
        secret(&moto, "PutSecretValue", r#"{"SecretId": "p/a", "SecretString": "{\"k\": \"canary-value 2\"}"}"#);
    let second = second["VersionId"].as_str().unwrap().to_owned();
    secret(&moto, "CreateSecret", r#"{"Name": "p/bytes", "SecretBinary": "/wBjYW5hcnk="}"#);
    secret(&moto, "CreateSecret", r#"{"Name": "p/gone", "SecretString": "canary-value"}"#);
    secret(&moto, "DeleteSecret", r#"{"SecretId": "p/gone", "RecoveryWindowInDays": 7}"#);
    let tap = Tap::to(moto.port);
    let mut settings = settings(SecretsManager, &tap.address);
    settings.prefix = "p/".into();
    let store = store(settings);
    let references = [
        Reference::value("a"),
        Reference::value("missing"),
        Reference::value("a"),
        version("a", "AWSCURRENT"),
        version("a", "AWSPREVIOUS"),
        version("a", &format!("uuid/{first}")),
        version("a", "NOSTAGE"),
        metadata("a"),
        metadata("missing"),
        Reference::value("bytes"),
        Reference::value("gone"),
        Reference::value(""),
    ];
    let found = store.fetch(&references);
    let shown = texts(&found);
    let now = "{\"k\": \"canary-value 2\"}";
    assert_eq!(shown[..5], [now, "-", now, now, "canary-value 1"]);
    assert_eq!(shown[5..8], ["canary-value 1", "-", r#"{"env":"prod","team":"\u003cb\u003e\u0026c"}"#]);
    assert!(shown[8].starts_with("! Invalid there is no secret \"p/missing\""), "{}", shown[8]);
    assert_eq!(shown[9], "\u{fffd}\0canary");
    assert!(shown[10].contains("\"p/gone\": it is scheduled for deletion"), "{}", shown[10]);
    assert!(shown[11].starts_with("! Invalid"), "{}", shown[11]);
    let versions: Vec<_> =
        [0, 4].map(|at| found[at].as_ref().unwrap().as_ref().unwrap().version.clone().unwrap()).into();
    assert_eq!(versions, [format!("uuid/{second}"), format!("uuid/{first}")]);
    // four current ones together, three versions, two of tags: nothing twice
    let expected = [
        "BatchGetSecretValue",
        "DescribeSecret",
        "DescribeSecret",
        "GetSecretValue",
        "GetSecretValue",
        "GetSecretValue",
    ];
    assert_eq!(tap.operations(), expected);
    let exists = |key: &str| store.exists(&Remote { key: key.to_owned(), property: None }).unwrap();
    assert!(exists("a") && !exists("missing"));
}

#[test]
fn a_thousand_secrets_cost_few_requests() {
    let names: Vec<_> = (0..1000).map(|n| format!("many/{n:04}")).collect();
    let tap = Tap::with(0, |_, body| {
        let asked: serde_json::Value = serde_json::from_str(body).unwrap();
        let ids = asked["SecretIdList"].as_array().unwrap();
        assert!(ids.len() <= 20, "AWS takes no more");
        let values: Vec<_> = ids.iter().map(|id| json!({ "Name": id, "ARN": "arn:x", "SecretString": id })).collect();
        Some((200, json!({ "SecretValues": values, "Errors": [] }).to_string()))
    });
    let store = store(settings(SecretsManager, &tap.address));
    let references: Vec<_> = names.iter().map(Reference::value).collect();
    assert_eq!(texts(&store.fetch(&references)), names);
    assert_eq!(tap.seen().len(), 50);
    assert!(store.fetch(&[]).is_empty());
    assert_eq!(tap.seen().len(), 0);
}

#[test]
fn a_hundred_secrets_of_a_real_server() {
    let Some(moto) = moto("a_hundred_secrets_of_a_real_server") else { return };
    let names: Vec<_> = (0..101).map(|n| format!("many/{n:03}")).collect();
    for name in &names {
        secret(&moto, "CreateSecret", &json!({ "Name": name, "SecretString": name }).to_string());
    }
    let tap = Tap::to(moto.port);
    let references: Vec<_> = names.iter().map(Reference::value).collect();
    assert_eq!(texts(&store(settings(SecretsManager, &tap.address)).fetch(&references)), names);
    assert_eq!(tap.operations(), ["BatchGetSecretValue"; 6]);
}

const MAY_NOT: &str = "User: arn:aws:iam::123456789012:user/eve is not authorized to perform: \
                       secretsmanager:BatchGetSecretValue because no identity-based policy allows it";

#[test]
fn whoever_may_not_read_many_reads_one_by_one() {
    let Some(moto) = moto("whoever_may_not_read_many_reads_one_by_one") else { return };
    for n in 0..30 {
        secret(&moto, "CreateSecret", &json!({ "Name": format!("s{n}"), "SecretString": "x" }).to_string());
    }
    let tap = Tap::with(moto.port, |operation, _| {
        (operation == "BatchGetSecretValue").then(|| error("AccessDeniedException", MAY_NOT))
    });
    let mut settings = settings(SecretsManager, &tap.address);
    settings.concurrency = 1;
    let store = store(settings);
    let references: Vec<_> = (0..31).map(|n| Reference::value(format!("s{n}"))).collect();
    let found = texts(&store.fetch(&references));
    assert_eq!(found.iter().filter(|text| *text == "x").count(), 30);
    assert_eq!(found[30], "-");
    let seen = tap.operations();
    assert_eq!((seen.len(), seen[1].as_str()), (32, "GetSecretValue"), "asked for many once only");
    assert_eq!(store.fetch(&references).len(), 31);
    assert_eq!(tap.operations().len(), 31);
}

#[test]
fn one_secret_of_many_does_not_spoil_the_others() {
    let Some(moto) = moto("one_secret_of_many_does_not_spoil_the_others") else { return };
    secret(&moto, "CreateSecret", r#"{"Name": "a", "SecretString": "x"}"#);
    let entry = |id: &str, code: &str, message: &str| json!({ "SecretId": id, "ErrorCode": code, "Message": message });
    let denied = "User: arn:aws:iam::1:user/eve is not authorized to perform: secretsmanager:GetSecretValue on resource: \
                  arn:aws:secretsmanager:eu-west-1:1:secret:denied-AbCdEf because no policy allows canary-value";
    let answer = json!({
        "SecretValues": [{ "ARN": "arn:aws:secretsmanager:eu-west-1:1:secret:good-AbCdEf", "Name": "good", "SecretString": "g" }],
        "Errors": [
            entry("arn:aws:secretsmanager:eu-west-1:1:secret:denied-AbCdEf", "AccessDeniedException", denied),
            entry("key", "DecryptionFailure", "canary-value"),
            entry("none", "ResourceNotFoundException", "canary-value"),
            entry("a", "InternalServiceError", "try again"),
        ],
    })
    .to_string();
    let tap =
        Tap::with(moto.port, move |operation, _| (operation == "BatchGetSecretValue").then(|| (200, answer.clone())));
    let store = store(settings(SecretsManager, &tap.address));
    let good = "arn:aws:secretsmanager:eu-west-1:1:secret:good";
    let keys = ["good", good, "denied", "key", "none", "a", "unanswered"];
    let found = store.fetch(&keys.map(Reference::value));
    let shown = texts(&found);
    assert_eq!([&shown[0], &shown[1], &shown[4], &shown[5], &shown[6]], ["g", "g", "-", "x", "-"]);
    let error = found[2].as_ref().unwrap_err();
    assert_eq!(error.cause, StoreCause::Denied);
    assert_eq!(error.what, "arn:aws:iam::1:user/eve may not secretsmanager:GetSecretValue on the secret \"denied\"");
    assert_eq!(
        error.hint.as_deref().unwrap(),
        "allow it in a policy: {\"Effect\": \"Allow\", \"Action\": \"secretsmanager:GetSecretValue\", \
         \"Resource\": \"arn:aws:secretsmanager:eu-west-1:1:secret:denied-AbCdEf\"}"
    );
    assert!(shown[3].starts_with("! Denied the secret \"key\": its KMS key cannot be used"), "{}", shown[3]);
    assert_eq!(tap.operations(), ["BatchGetSecretValue", "GetSecretValue", "GetSecretValue"]);
}

#[test]
fn checks_read_no_value() {
    let Some(moto) = moto("checks_read_no_value") else { return };
    secret(&moto, "CreateSecret", r#"{"Name": "a", "SecretString": "canary-value"}"#);
    let tap = Tap::with(moto.port, |operation, body| {
        let is_denied = operation == "DescribeSecret" && body.contains("denied");
        is_denied.then(|| {
            error(
                "AccessDeniedException",
                "User: arn:aws:iam::12:user/eve is not authorized to perform: secretsmanager:DescribeSecret",
            )
        })
    });
    let store = store(settings(SecretsManager, &tap.address));
    let check = store.check(&["a", "missing", "denied"].map(Reference::value)).unwrap();
    assert!(check.place.starts_with(&format!("AWS Secrets Manager in {REGION} (127.0.0.1:")), "{}", check.place);
    assert!(check.identity.unwrap().starts_with("arn:aws:"));
    assert_eq!(check.readable[0], None);
    assert!(said(check.readable[1].as_ref().unwrap()).starts_with("there is no secret \"missing\""));
    let denied = said(check.readable[2].as_ref().unwrap());
    assert!(denied.contains("\"Resource\": \"arn:aws:secretsmanager:eu-west-1:12:secret:denied-??????\""), "{denied}");
    assert_eq!(tap.operations(), ["DescribeSecret", "DescribeSecret", "DescribeSecret", "GetCallerIdentity"]);
}

#[test]
fn checks_where_nobody_says_who_we_are() {
    let Some(moto) = moto("checks_where_nobody_says_who_we_are") else { return };
    secret(&moto, "CreateSecret", r#"{"Name": "a", "SecretString": "canary-value"}"#);
    let tap = Tap::to(moto.port);
    let mut settings = settings(SecretsManager, &tap.address);
    settings.endpoints.sts = Some("http://127.0.0.1:9".into());
    let store = store(settings);
    let check = store.check(&[Reference::value("a")]).unwrap();
    assert_eq!((check.identity, &check.readable[..]), (None, &[None][..]));
    assert_eq!(check.notes[0], "who we are is not known: 127.0.0.1:9: no connection");
    assert_eq!(store.check(&[]).unwrap_err().cause, StoreCause::Unreachable);
}
