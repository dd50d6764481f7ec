//! Single secrets, of both kinds of stores.

use sealant::external::{Part, Reference};
use sealant::store::StoreCause;
use sealant::store::vault::Version;
use serde_json::json;

use super::{CANARY, address, as_root, json, one, policy, settings, store, tell, text, token};
use crate::peers;
use crate::vault::bao::Bao;

fn at(key: &str, version: &str) -> Reference {
    Reference { version: Some(version.to_owned()), ..Reference::value(key) }
}

fn metadata(key: &str) -> Reference {
    Reference { part: Part::Metadata, ..Reference::value(key) }
}

#[test]
fn values_versions_and_what_is_gone() {
    let Some(program) = peers::locate_bao("values_versions_and_what_is_gone") else { return };
    let bao = Bao::start(&program);
    for value in ["one", "two", CANARY] {
        tell(&bao, "POST", "secret/data/app/db", &json!({"data": {"password": value, "n": 1.5, "o": {"b": [1]}}}));
    }
    tell(&bao, "POST", "secret/metadata/app/db", &json!({"custom_metadata": {"team": "a", "current_version": "mine"}}));
    tell(&bao, "POST", "secret/data/odd%20name%3F", &json!({"data": {"a": "\u{e9}"}}));
    let store_v2 = store(as_root(&address(&bao)));
    for key in ["app/db", "secret/app/db", "secret/data/app/db"] {
        let answer = one(&store_v2, Reference::value(key));
        assert_eq!(answer.as_ref().unwrap().as_ref().unwrap().version.as_deref(), Some("3"));
        assert_eq!(json(answer), json!({"password": CANARY, "n": 1.5, "o": {"b": [1]}}));
    }
    assert_eq!(json(one(&store_v2, at("app/db", "1")))["password"], "one");
    assert_eq!(json(one(&store_v2, Reference::value("odd name?")))["a"], "\u{e9}");
    assert!(one(&store_v2, at("app/db", "9")).unwrap().is_none());
    assert!(one(&store_v2, Reference::value("app/none")).unwrap().is_none());
    let found = json(one(&store_v2, metadata("app/db")));
    assert_eq!(
        (&found["team"], &found["current_version"], &found["delete_version_after"]),
        (&json!("a"), &json!("mine"), &json!("0s"))
    );
    assert!(one(&store_v2, metadata("app/none")).unwrap().is_none());

    tell(&bao, "POST", "secret/destroy/app/db", &json!({"versions": [1]}));
    tell(&bao, "POST", "secret/delete/app/db", &json!({"versions": [3]}));
    assert!(one(&store_v2, at("app/db", "1")).unwrap().is_none(), "destroyed");
    assert!(one(&store_v2, Reference::value("app/db")).unwrap().is_none(), "deleted");
    assert_eq!(json(one(&store_v2, at("app/db", "2")))["password"], "two");
    let error = one(&store_v2, at("app/db", "first")).unwrap_err();
    assert_eq!(error.cause, StoreCause::Invalid, "{error:?}");

    let mut without = as_root(&address(&bao));
    without.mount = None;
    let without = store(without);
    for key in ["secret/app/db", "secret/data/app/db"] {
        assert_eq!(json(one(&without, at(key, "2")))["password"], "two");
    }
}

#[test]
fn version_1_keeps_the_spelling_of_numbers() {
    let Some(program) = peers::locate_bao("version_1_keeps_the_spelling_of_numbers") else { return };
    let bao = Bao::start(&program);
    let (status, _) = bao.ask("POST", "kv1/a", r#"{"big":9007199254740993,"ttl":"1h","x":1.50}"#);
    assert_eq!(status, 204);
    let mut settings = as_root(&address(&bao));
    (settings.mount, settings.version) = (Some("kv1".to_owned()), Version::V1);
    let store = store(settings);
    for key in ["a", "kv1/a"] {
        let answer = one(&store, Reference::value(key));
        assert!(answer.as_ref().unwrap().as_ref().unwrap().lease.is_none());
        let text = text(answer);
        assert!(text.contains("9007199254740993") && text.contains("1.50"), "{text}");
    }
    assert!(one(&store, Reference::value("b")).unwrap().is_none());
    assert_eq!(one(&store, metadata("a")).unwrap_err().cause, StoreCause::Unsupported);
}

/// A secret that only seems not to be there must never be taken for one that was removed.
#[test]
fn wrong_places_are_no_absent_secrets() {
    let Some(program) = peers::locate_bao("wrong_places_are_no_absent_secrets") else { return };
    let bao = Bao::start(&program);
    tell(&bao, "POST", "secret/data/a", &json!({"data": {"k": CANARY}}));
    tell(&bao, "POST", "kv1/a", &json!({"k": CANARY}));
    tell(&bao, "POST", "sys/mounts/pki", &json!({"type": "pki"}));
    policy(
        &bao,
        "some",
        "path \"secret/data/mine/*\" { capabilities = [\"read\"] }\npath \"kv1/*\" { capabilities = [\"read\"] }",
    );
    let limited = tell(&bao, "POST", "auth/token/create", &json!({"policies": ["some"]}));
    let limited = limited.pointer("/auth/client_token").unwrap().as_str().unwrap().to_owned();
    let root = crate::vault::bao::ROOT;
    let cases = [
        (
            root,
            "kv1",
            Version::V2,
            StoreCause::Invalid,
            "version 1, and was asked as one of version 2",
            "version of the provider to v1",
        ),
        (
            root,
            "secret",
            Version::V1,
            StoreCause::Invalid,
            "version 2, and was asked as one of version 1",
            "version of the provider to v2",
        ),
        (root, "none", Version::V2, StoreCause::Invalid, "nothing is mounted there (404)", "path of the provider"),
        (root, "none", Version::V1, StoreCause::Invalid, "nothing is mounted there (404)", "path of the provider"),
        (root, "pki", Version::V2, StoreCause::Invalid, "of the kind pki", ""),
        (&limited, "kv1", Version::V2, StoreCause::Invalid, "version 1, and was asked as one of version 2", ""),
        (
            &limited,
            "secret",
            Version::V2,
            StoreCause::Denied,
            "denied (403)",
            "path \"secret/data/a\" { capabilities = [\"read\"] }",
        ),
        ("wrong", "secret", Version::V2, StoreCause::Login, "the token is not let in", ""),
        ("", "secret", Version::V2, StoreCause::Login, "the token is empty", ""),
    ];
    for (who, mount, version, cause, what, hint) in cases {
        let mut settings = settings(&address(&bao), token(who));
        (settings.mount, settings.version) = (Some(mount.to_owned()), version);
        let error = one(&store(settings), Reference::value("a")).unwrap_err();
        assert_eq!(error.cause, cause, "{mount} {error:?}");
        assert!(error.what.contains(what) && error.hint.unwrap_or_default().contains(hint), "{mount} {}", error.what);
    }
    let mut elsewhere = as_root(&address(&bao));
    elsewhere.namespace = Some("nope".to_owned());
    let error = one(&store(elsewhere), Reference::value("a")).unwrap_err();
    assert!(error.what.contains("no such namespace"), "{error:?}");
    let error = one(&store(as_root(&address(&bao))), Reference::value("../sys/seal-status")).unwrap_err();
    assert_eq!(error.cause, StoreCause::Invalid);
}

#[test]
fn namespaces() {
    let Some(program) = peers::locate_bao("namespaces") else { return };
    let bao = Bao::start(&program);
    tell(&bao, "POST", "sys/namespaces/team1", &json!({}));
    tell(&bao, "POST", "team1/sys/mounts/kv", &json!({"type": "kv", "options": {"version": "2"}}));
    tell(&bao, "POST", "team1/kv/data/a", &json!({"data": {"k": "inside"}}));
    let mut settings = as_root(&address(&bao));
    (settings.namespace, settings.mount) = (Some("team1".to_owned()), Some("kv".to_owned()));
    let store_inside = store(settings);
    assert_eq!(json(one(&store_inside, Reference::value("a")))["k"], "inside");
    assert!(one(&store_inside, Reference::value("b")).unwrap().is_none());
}
