//! Who we are: roles, tokens, and how often they are asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sealant::external::Reference;
use sealant::secret::SecretText;
use sealant::store::aws::Service::{ParameterStore, SecretsManager};
use sealant::store::aws::{Role, Source};
use sealant::store::{StoreCause, StoreError};

use super::tap::error;
use super::{Tap, moto, parameter, said, secret, settings, store, texts};

const FIRST: &str = "arn:aws:iam::123456789012:role/first";
const LAST: &str = "arn:aws:iam::123456789012:role/last";

fn last() -> Role {
    Role {
        arn: LAST.into(),
        external_id: Some("outside".into()),
        tags: vec![("team".into(), "a".into()), ("env".into(), "prod".into())],
        transitive: vec!["env".into()],
    }
}

#[test]
fn roles_are_taken_on_once_and_in_order() {
    let Some(moto) = moto("roles_are_taken_on_once_and_in_order") else { return };
    secret(&moto, "CreateSecret", r#"{"Name": "a", "SecretString": "x"}"#);
    parameter(&moto, "PutParameter", r#"{"Name": "a", "Value": "x", "Type": "String"}"#);
    for service in [SecretsManager, ParameterStore] {
        let tap = Tap::to(moto.port);
        let mut settings = settings(service, &tap.address);
        settings.roles = vec![Role::plain(FIRST), last()];
        let store = store(settings);
        for _ in 0..3 {
            assert_eq!(texts(&store.fetch(&["a", "b", "c"].map(Reference::value))), ["x", "-", "-"]);
        }
        let seen = tap.seen();
        let hops: Vec<_> = seen.iter().filter(|seen| seen.operation == "AssumeRole").map(|seen| &seen.body).collect();
        assert_eq!(hops.len(), 2, "{seen:?}");
        assert!(hops[0].contains("role%2Ffirst") && !hops[0].contains("ExternalId") && !hops[0].contains("Tags"));
        for part in [
            "role%2Flast",
            "ExternalId=outside",
            "Tags.member.1.Key=team",
            "TransitiveTagKeys.member.1=env",
            "RoleSessionName=sealant",
        ] {
            assert!(hops[1].contains(part), "{part}: {}", hops[1]);
        }
        // the last role signs, not the keys
        let last = &seen.last().unwrap().head;
        assert!(!last.contains("AKIACANARY") && !last.contains("canary-session-token"), "{last}");
    }
}

#[test]
fn a_role_that_is_not_for_us() {
    let tap = Tap::with(0, |_, _| {
        let text = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>AccessDenied</Code>\
                    <Message>User: arn:aws:iam::1:user/eve is not authorized to perform: sts:AssumeRole on resource: \
                    arn:aws:iam::123456789012:role/first</Message></Error><RequestId>canary-value</RequestId></ErrorResponse>";
        Some((403, text.to_owned()))
    });
    for service in [SecretsManager, ParameterStore] {
        let mut settings = settings(service, &tap.address);
        settings.roles = vec![Role::plain(FIRST), last()];
        let found = store(settings).fetch(&["a", "b", "c"].map(Reference::value));
        for error in found.iter().map(|answer| answer.as_ref().unwrap_err()) {
            assert_eq!(error.cause, StoreCause::Denied);
            let said = said(error);
            assert!(said.starts_with(&format!("arn:aws:iam::1:user/eve may not sts:AssumeRole on {FIRST}")), "{said}");
            assert!(said.contains(&format!("\"Action\": \"sts:AssumeRole\", \"Resource\": \"{FIRST}\"")), "{said}");
        }
        assert_eq!(tap.seen().len(), 1, "nobody is asked again and again");
    }
}

#[test]
fn tokens_are_exchanged_once() {
    let Some(moto) = moto("tokens_are_exchanged_once") else { return };
    secret(&moto, "CreateSecret", r#"{"Name": "a", "SecretString": "x"}"#);
    let tap = Tap::to(moto.port);
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let token = Arc::new(move || {
        counter.fetch_add(1, Ordering::SeqCst);
        Ok(SecretText::new("canary-token".into()))
    });
    let mut web = settings(SecretsManager, &tap.address);
    web.source = Source::WebIdentity { role: FIRST.into(), token };
    web.session = "external-secrets-provider-aws".into();
    let store_ = store(web);
    for _ in 0..2 {
        assert_eq!(texts(&store_.fetch(&["a", "b"].map(Reference::value))), ["x", "-"]);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let seen = tap.seen();
    assert_eq!(seen[0].operation, "AssumeRoleWithWebIdentity");
    assert!(seen[0].body.contains("WebIdentityToken=canary-token"));
    assert!(seen[0].body.contains("RoleSessionName=external-secrets-provider-aws"));
    assert_eq!(seen.iter().filter(|seen| seen.operation.starts_with("Assume")).count(), 1);

    let mut web = settings(SecretsManager, &tap.address);
    let token = Arc::new(|| Err(StoreError::new(StoreCause::Denied, "no token for you")));
    web.source = Source::WebIdentity { role: FIRST.into(), token };
    let error = store(web).fetch(&[Reference::value("a")]).remove(0).unwrap_err();
    assert_eq!(error.what, "no token for you");
}

#[test]
fn credentials_that_ended_early_are_asked_for_anew_once() {
    let ended = AtomicUsize::new(0);
    let session = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
                   <AccessKeyId>AKIAROLE</AccessKeyId><SecretAccessKey>x</SecretAccessKey><SessionToken>t</SessionToken>\
                   <Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
    let tap = Tap::with(0, move |operation, _| match operation {
        "AssumeRole" => Some((200, session.to_owned())),
        _ if ended.fetch_add(1, Ordering::SeqCst) == 1 => Some(error("ExpiredTokenException", "canary-value")),
        _ => Some((200, "{\"Name\": \"a\", \"SecretString\": \"x\"}".to_owned())),
    });
    let mut settings = settings(SecretsManager, &tap.address);
    settings.roles = vec![Role::plain(FIRST)];
    let store = store(settings);
    for expected in [&["AssumeRole", "GetSecretValue"][..], &["AssumeRole", "GetSecretValue", "GetSecretValue"]] {
        assert_eq!(texts(&store.fetch(&[Reference::value("a")])), ["x"]);
        assert_eq!(tap.operations(), expected);
    }
}
