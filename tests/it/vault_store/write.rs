//! Finding, writing and removing.

use std::collections::BTreeMap;

use sealant::external::{Find, FindBy, Raw, Reference};
use sealant::secret::SecretBytes;
use sealant::store::vault::{VaultStore, Version};
use sealant::store::{Kept, Push, Remote, StoreCause, StoreClient, StoreError};
use serde_json::{Value, json};

use super::{CANARY, address, as_root, assert_quiet, json, one, policy, settings, store, tell, token};
use crate::faults::{Fault, FaultProxy};
use crate::peers;
use crate::vault::bao::Bao;

fn finds(
    store: &VaultStore,
    path: Option<&str>,
    name: Option<&str>,
    tags: &[(&str, &str)],
) -> Result<Vec<String>, StoreError> {
    let tags = tags.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>();
    let tags = Some(tags).filter(|tags| !tags.is_empty());
    let find = Find { path: path.map(str::to_owned), by: FindBy { name: name.map(str::to_owned), tags } };
    let found = store.find(&find);
    assert_quiet(&found);
    Ok(found?.into_iter().map(|(name, _)| name).collect())
}

#[test]
fn by_name_path_and_tags() {
    let Some(program) = peers::locate_bao("by_name_path_and_tags") else { return };
    let bao = Bao::start(&program);
    for (key, team) in [("app/db", "a"), ("app/deep/er/key", "b"), ("app/gone", "a"), ("secret/x", "a"), ("top", "c")] {
        tell(&bao, "POST", &format!("secret/data/{key}"), &json!({"data": {"k": CANARY}}));
        let custom = json!({"custom_metadata": {"team": team, "env": "test"}});
        tell(&bao, "POST", &format!("secret/metadata/{key}"), &custom);
        tell(&bao, "POST", &format!("kv1/{key}"), &json!({"k": CANARY}));
    }
    tell(&bao, "DELETE", "secret/data/app/gone", &json!({}));
    let with_mount = store(as_root(&address(&bao)));
    let all = ["app/db", "app/deep/er/key", "secret/x", "top"];
    let find = |path, name, tags: &[_]| finds(&with_mount, path, name, tags).unwrap();
    assert_eq!(find(None, Some("."), &[]), all);
    assert_eq!(find(None, None, &[]), all);
    assert_eq!(find(None, Some("e+r/"), &[]), ["app/deep/er/key"]);
    assert_eq!(find(None, Some("^k"), &[]), [""; 0]);
    assert_eq!(find(Some("app/"), Some("."), &[]), ["app/db", "app/deep/er/key"]);
    assert_eq!(find(Some("app/deep"), Some("app"), &[]), ["app/deep/er/key"]);
    assert_eq!(find(Some("nothing"), Some("."), &[]), [""; 0]);
    assert_eq!(find(None, None, &[("team", "a"), ("env", "test")]), ["app/db", "secret/x"]);
    assert_eq!(find(None, None, &[("team", "z")]), [""; 0]);
    assert_eq!(find(None, Some("top"), &[("team", "a")]), ["top"], "the name counts");

    let mut without = as_root(&address(&bao));
    without.mount = None;
    let without = store(without);
    assert_eq!(finds(&without, Some("secret/data/app"), Some("db"), &[]).unwrap(), ["secret/data/app/db"]);
    assert_eq!(finds(&without, Some("secret/data"), Some("top"), &[]).unwrap(), ["secret/data/top"]);
    assert_eq!(finds(&without, None, Some("top"), &[]).unwrap_err().cause, StoreCause::Invalid);

    let mut first = as_root(&address(&bao));
    (first.mount, first.version) = (Some("kv1".into()), Version::V1);
    let first = store(first);
    assert_eq!(finds(&first, None, Some("app"), &[]).unwrap(), ["app/db", "app/deep/er/key", "app/gone"]);
    assert_eq!(finds(&first, None, None, &[("a", "b")]).unwrap_err().cause, StoreCause::Unsupported);

    assert_eq!(finds(&with_mount, None, Some("("), &[]).unwrap_err().cause, StoreCause::Invalid);
    let mut wrong = as_root(&address(&bao));
    wrong.mount = Some("none".into());
    assert_eq!(finds(&store(wrong), None, Some("."), &[]).unwrap_err().cause, StoreCause::Invalid);
    policy(&bao, "read", "path \"secret/data/*\" { capabilities = [\"read\"] }");
    let made = tell(&bao, "POST", "auth/token/create", &json!({"policies": ["read"]}));
    let limited = made.pointer("/auth/client_token").unwrap().as_str().unwrap();
    let error = finds(&store(settings(&address(&bao), token(limited))), Some("app"), Some("."), &[]).unwrap_err();
    assert_eq!(error.cause, StoreCause::Denied);
    assert!(error.hint.unwrap().contains("path \"secret/metadata/app/\" { capabilities = [\"list\"] }"));
}

#[test]
fn folders_without_end_are_not_followed() {
    let Some(program) = peers::locate_bao("folders_without_end_are_not_followed") else { return };
    let bao = Bao::start(&program);
    let proxy = FaultProxy::start(format!("127.0.0.1:{}", bao.port));
    let list = |keys: Value| Fault::Answer(200, "", json!({"data": {"keys": keys}}).to_string().into_bytes());
    let client = store(as_root(&proxy.address()));
    proxy.always("/v1/secret/metadata", list(json!(["in/"])));
    assert_eq!(finds(&client, None, Some("."), &[]).unwrap_err().cause, StoreCause::TooLarge);
    proxy.clear();
    let names: Vec<String> = (0..60_000).map(|number| number.to_string()).collect();
    proxy.always("/v1/secret/metadata", list(json!(names)));
    assert_eq!(finds(&client, None, Some("."), &[]).unwrap_err().cause, StoreCause::TooLarge);
    proxy.clear();
    proxy.always("/v1/secret/metadata", list(json!(["/", ""])));
    assert_eq!(finds(&client, None, Some("."), &[]).unwrap(), [""; 0]);
}

fn remote(key: &str, property: Option<&str>) -> Remote {
    Remote { key: key.to_owned(), property: property.map(str::to_owned) }
}

fn push(store: &VaultStore, remote: &Remote, value: &str) -> Result<Kept, StoreError> {
    let value = SecretBytes::new(value.as_bytes().to_vec());
    let done = store.push(&Push { remote, value: &value, whole: remote.property.is_none(), metadata: None });
    assert_quiet(&done);
    done
}

#[test]
fn only_what_is_ours_is_written_and_removed() {
    let Some(program) = peers::locate_bao("only_what_is_ours_is_written_and_removed") else { return };
    let bao = Bao::start(&program);
    for (mount, version, cas) in
        [("secret", Version::V2, false), ("secret", Version::V2, true), ("kv1", Version::V1, false)]
    {
        let mut settings = as_root(&address(&bao));
        (settings.mount, settings.version, settings.cas) = (Some(mount.into()), version, cas);
        let client = store(settings);
        let value = |key: &str| {
            let mut value = json(one(&client, Reference::value(key)));
            value.as_object_mut().unwrap().remove("custom_metadata");
            value
        };
        let whole = remote(&format!("mine/{cas}"), None);
        let nested = format!(r#"{{"a":"{CANARY}","n":9007199254740993,"o":{{"x":[1,{{"y":null}}]}}}}"#);
        assert!(!client.exists(&whole).unwrap());
        assert_eq!(push(&client, &whole, &nested).unwrap(), Kept::Written);
        // objects, lists and large numbers are compared as what they are
        assert_eq!(push(&client, &whole, &nested).unwrap(), Kept::Unchanged);
        assert!(client.exists(&whole).unwrap());
        assert_eq!(push(&client, &whole, r#"{"a":"new"}"#).unwrap(), Kept::Written);
        assert_eq!(value(&whole.key), json!({"a": "new"}));

        let part = remote(&whole.key, Some("b.c"));
        assert!(!client.exists(&part).unwrap());
        assert_eq!(push(&client, &part, "text \"of\" \u{e9}\n").unwrap(), Kept::Written);
        assert_eq!(push(&client, &part, "text \"of\" \u{e9}\n").unwrap(), Kept::Unchanged);
        assert!(client.exists(&part).unwrap());
        assert_eq!(value(&whole.key), json!({"a": "new", "b.c": "text \"of\" \u{e9}\n"}));
        assert_eq!(client.delete(&part).unwrap(), Kept::Deleted);
        assert_eq!(client.delete(&part).unwrap(), Kept::Unchanged);
        assert_eq!(value(&whole.key), json!({"a": "new"}));
        assert_eq!(client.delete(&remote(&whole.key, Some("a"))).unwrap(), Kept::Deleted, "the last one");
        assert!(one(&client, Reference::value(&whole.key)).unwrap().is_none());
        assert_eq!(client.delete(&whole).unwrap(), Kept::Unchanged);

        let theirs = remote(&format!("theirs/{cas}"), None);
        let (path, body) = match version {
            Version::V2 => (format!("secret/data/{}", theirs.key), json!({"data": {"k": 7}})),
            Version::V1 => (format!("kv1/{}", theirs.key), json!({"k": 7})),
        };
        tell(&bao, "POST", &path, &body);
        assert_eq!(push(&client, &theirs, r#"{"k":"x"}"#).unwrap_err().cause, StoreCause::Conflict);
        assert_eq!(client.delete(&theirs).unwrap(), Kept::Unchanged);
        assert_eq!(value(&theirs.key), json!({"k": 7}));

        for (at, text, words) in
            [(remote("new", None), CANARY, "a JSON object"), (remote("new", None), "[1]", "a JSON object")]
        {
            let error = push(&client, &at, text).unwrap_err();
            assert!(error.cause == StoreCause::Invalid && error.what.contains(words), "{error:?}");
        }
        assert!(one(&client, Reference::value("new")).unwrap().is_none());
    }
    let (_, metadata) = bao.ask("GET", "secret/metadata/mine/true", "");
    assert!(metadata.pointer("/data").is_none(), "all versions are gone: {metadata}");
}

#[test]
fn what_somebody_else_wrote_meanwhile_stays() {
    let Some(program) = peers::locate_bao("what_somebody_else_wrote_meanwhile_stays") else { return };
    let bao = Bao::start(&program);
    let proxy = FaultProxy::start(format!("127.0.0.1:{}", bao.port));
    let mut with_cas = as_root(&proxy.address());
    with_cas.cas = true;
    let client = store(with_cas);
    let at = remote("a", None);
    assert_eq!(push(&client, &at, r#"{"k":"1"}"#).unwrap(), Kept::Written);
    // somebody writes after we have read
    let old = bao.ask("GET", "secret/data/a", "").1.to_string().into_bytes();
    tell(&bao, "POST", "secret/data/a", &json!({"data": {"k": "theirs"}}));
    proxy.hit("/v1/secret/data/a", 0, Some(1), Fault::Answer(200, "", old));
    let error = push(&client, &at, r#"{"k":"2"}"#).unwrap_err();
    assert_eq!(error.cause, StoreCause::Conflict, "{error:?}");
    assert_eq!(json(one(&client, Reference::value("a")))["k"], "theirs");

    // a write that may have arrived is not repeated
    proxy.clear();
    proxy.hit("/v1/secret/data/a", 1, None, Fault::Lost);
    let error = push(&client, &at, r#"{"k":"3"}"#).unwrap_err();
    assert_eq!(error.cause, StoreCause::Unreachable);
    assert_eq!(proxy.lines().iter().filter(|line| line.starts_with("POST")).count(), 1);
    proxy.clear();
    assert_eq!(push(&client, &at, r#"{"k":"3"}"#).unwrap(), Kept::Unchanged, "it had arrived");
    match one(&client, Reference::value("a")).unwrap().unwrap().raw {
        Raw::Json(_) => {}
        other => panic!("{other:?}"),
    }
}
