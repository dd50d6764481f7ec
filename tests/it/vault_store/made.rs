//! Secrets that are made when asked for, their leases, and what the store says about itself.

use std::time::Duration;

use sealant::external::{Fetched, Lease, Part, Raw, Reference};
use sealant::secret::{SecretBytes, SecretText};
use sealant::store::vault::{DynamicRequest, Login, Method, ResultType, VaultStore, Version};
use sealant::store::{StoreCause, StoreClient};
use serde_json::{Value, json};

use super::logins::{approle, start};
use super::{CANARY, address, as_root, assert_quiet, policy, settings, store, tell, token};
use crate::faults::{Fault, FaultProxy};
use crate::peers;
use crate::vault::bao::Bao;

fn post(path: &str, parameters: &Value) -> DynamicRequest {
    let parameters = Some(SecretBytes::new(parameters.to_string().into_bytes()));
    DynamicRequest { method: Method::Post, parameters, ..DynamicRequest::read(path) }
}

fn value(fetched: &Fetched) -> Value {
    match &fetched.raw {
        Raw::Json(bytes) => serde_json::from_slice(bytes.expose()).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn make(store: &VaultStore, request: &DynamicRequest) -> Fetched {
    let made = store.dynamic(request);
    assert_quiet(&made);
    made.unwrap().unwrap()
}

#[test]
fn certificates_and_leases() {
    let Some(program) = peers::locate_bao("certificates_and_leases") else { return };
    let bao = Bao::start(&program);
    tell(&bao, "POST", "sys/mounts/pki", &json!({"type": "pki"}));
    let client = store(as_root(&address(&bao)));
    make(&client, &post("pki/root/generate/internal", &json!({"common_name": "test", "ttl": "1h"})));
    let role = json!({"allow_any_name": true, "generate_lease": true, "ttl": "10m"});
    make(&client, &post("pki/roles/web", &role));
    let made = make(&client, &post("pki/issue/web", &json!({"common_name": "a.example", "ttl": "60s"})));
    assert!(value(&made)["private_key"].as_str().unwrap().contains("PRIVATE KEY"));
    let lease = made.lease.unwrap();
    assert!(lease.id.expose().starts_with("pki/issue/web/") && !lease.renewable);
    assert!((50..=60).contains(&lease.duration.as_secs()), "{lease:?}");
    let error = client.renew(&lease, Some(Duration::from_secs(60))).unwrap_err();
    assert_eq!(error.cause, StoreCause::Invalid, "{error:?}");
    assert!(!format!("{error:?}").contains(lease.id.expose()), "{error:?}");
    client.revoke(&lease).unwrap();

    let read = DynamicRequest::read("pki/roles/web");
    assert_eq!(value(&make(&client, &read))["generate_lease"], true);
    let listed = DynamicRequest { method: Method::List, ..DynamicRequest::read("pki/roles") };
    assert_eq!(value(&make(&client, &listed)), json!({"keys": ["web"]}));
    let raw = DynamicRequest { result: ResultType::Raw, ..DynamicRequest::read("pki/roles") };
    assert!(value(&make(&client, &DynamicRequest { method: Method::List, ..raw }))["request_id"].is_string());
    let deleted = DynamicRequest { method: Method::Delete, ..DynamicRequest::read("pki/roles/web") };
    assert!(client.dynamic(&deleted).unwrap().is_none());
    assert!(client.dynamic(&DynamicRequest::read("pki/roles/web")).unwrap().is_none());
    let error = client.dynamic(&DynamicRequest::read("none/x")).unwrap_err();
    assert!(error.cause == StoreCause::Invalid && error.what.contains("no handler"), "{error:?}");
    let mut asked = DynamicRequest::read("sys/policies/acl");
    asked.query = vec![("list".into(), "true".into())];
    assert!(value(&make(&client, &asked))["keys"].is_array());
}

#[test]
fn tokens_that_are_made() {
    let Some(program) = peers::locate_bao("tokens_that_are_made") else { return };
    let bao = start(&program);
    let proxy = FaultProxy::start(format!("127.0.0.1:{}", bao.port));
    let client = store(as_root(&proxy.address()));
    let mut request = post("auth/token/create", &json!({"policies": ["app"], "ttl": "5m"}));
    request.result = ResultType::Auth;
    let auth = value(&make(&client, &request));
    assert_eq!((auth["lease_duration"].as_u64(), auth["client_token"].is_string()), (Some(300), true));
    // what may have been made is not made again
    for (fault, requests) in [(Fault::Lost, 1), (Fault::errors(500, "x"), 1), (Fault::errors(503, "x"), 3)] {
        proxy.clear();
        proxy.always("/v1/auth/token/create", fault);
        assert!(client.dynamic(&request).is_err());
        assert_eq!(proxy.requests(), requests);
    }
    // without an engine that makes such leases, what a server says to one
    proxy.clear();
    let renewed = json!({"lease_id": "canary-lease", "lease_duration": 60, "renewable": true, "data": null});
    proxy.hit("/v1/sys/leases/renew", 0, Some(1), Fault::Answer(200, "", renewed.to_string().into_bytes()));
    let lease =
        Lease { id: SecretText::new("canary-lease".into()), duration: Duration::from_secs(30), renewable: true };
    assert_eq!(client.renew(&lease, Some(Duration::from_secs(60))).unwrap().duration, Duration::from_secs(60));
    let sent: Value = serde_json::from_slice(&proxy.seen()[0].body).unwrap();
    assert_eq!(sent, json!({"lease_id": "canary-lease", "increment": "60"}));
    let error = client.renew(&lease, None).unwrap_err();
    assert!(error.cause == StoreCause::Invalid && error.what.contains("lease not found"), "{error:?}");
}

#[test]
fn who_we_are_and_what_we_may() {
    let Some(program) = peers::locate_bao("who_we_are_and_what_we_may") else { return };
    let bao = start(&program);
    let proxy = FaultProxy::start(format!("127.0.0.1:{}", bao.port));
    let client = store(settings(&proxy.address(), approle));
    let metadata = Reference { part: Part::Metadata, ..Reference::value("a") };
    let check = client.check(&[Reference::value("a"), Reference::value("b"), metadata]).unwrap();
    assert_quiet(&check);
    assert_eq!(check.place, proxy.address());
    assert_eq!(check.identity.as_deref(), Some("approle (policies: app, default)"));
    assert!(check.notes[0].starts_with("version ") && check.notes[0].ends_with(", active"), "{:?}", check.notes);
    assert!(check.notes[1].starts_with("the login lasts 3"), "{:?}", check.notes);
    let causes: Vec<_> = check.readable.iter().map(|error| error.as_ref().map(|error| error.cause)).collect();
    assert_eq!(causes, [None, Some(StoreCause::Denied), Some(StoreCause::Denied)]);
    let hint = |number: usize| check.readable[number].as_ref().unwrap().hint.clone().unwrap();
    assert!(hint(1).contains("path \"secret/data/b\" { capabilities = [\"read\"] }"));
    assert!(hint(2).contains("path \"secret/metadata/a\" { capabilities = [\"read\"] }"));
    assert!(
        !proxy.lines().iter().any(|line| line.starts_with("GET /v1/secret/")),
        "no value was read: {:?}",
        proxy.lines()
    );

    let root = store(as_root(&address(&bao)));
    let check = root.check(&[Reference::value("a"), Reference::value("none")]).unwrap();
    assert_eq!((check.identity.as_deref(), check.readable), (Some("token (policies: root)"), vec![None, None]));
    for (mount, version, words) in [("kv1", Version::V2, "version 1"), ("none", Version::V2, "nothing is mounted")] {
        let mut wrong = as_root(&address(&bao));
        (wrong.mount, wrong.version) = (Some(mount.into()), version);
        let check = store(wrong).check(&[Reference::value("a")]).unwrap();
        assert!(check.readable[0].as_ref().unwrap().what.contains(words), "{:?}", check.readable);
    }
    let error = store(settings(&address(&bao), token("wrong"))).check(&[]).unwrap_err();
    assert_eq!(error.cause, StoreCause::Login);

    // without the default policy nothing of that may be asked
    policy(&bao, "bare", "path \"secret/data/a\" { capabilities = [\"read\"] }");
    let made = tell(&bao, "POST", "auth/token/create", &json!({"policies": ["bare"], "no_default_policy": true}));
    let bare = made.pointer("/auth/client_token").unwrap().as_str().unwrap().to_owned();
    let bare = store(settings(&address(&bao), token(&bare)));
    assert!(bare.fetch(&[Reference::value("a")])[0].is_ok());
    let check = bare.check(&[Reference::value("a"), Reference::value("b")]).unwrap();
    assert!(check.readable[0].is_none() && check.readable[1].is_some(), "{check:?}");
    assert_eq!(check.identity, None);
}

/// A certificate of the connection is the login; a renewed one is picked up at the next.
#[test]
fn certificates_that_log_in() {
    use std::sync::{Arc, Mutex};
    let Some(program) = peers::locate_bao("certificates_that_log_in") else { return };
    let bao = Bao::start_tls(&program);
    let roots = || sealant::net::vault::Roots::Only(std::fs::read(bao.authority()).unwrap());
    let https = format!("https://127.0.0.1:{}", bao.port);
    let mut settings_of_root = as_root(&https);
    settings_of_root.roots = roots();
    let root = store(settings_of_root);
    let told = |path: &str, body: Value| root.dynamic(&post(path, &body)).unwrap();
    told("sys/mounts/pki", json!({"type": "pki"}));
    let authority = told("pki/root/generate/internal", json!({"common_name": "people", "ttl": "1h"})).unwrap();
    told("pki/roles/people", json!({"allow_any_name": true, "client_flag": true, "ttl": "30m"}));
    told("sys/auth/cert", json!({"type": "cert"}));
    told("sys/policies/acl/app", json!({"policy": "path \"secret/data/a\" { capabilities = [\"read\"] }"}));
    let known = json!({"certificate": value(&authority)["certificate"], "allowed_common_names": "web", "token_policies": "app"});
    told("auth/cert/certs/web", known);
    told("secret/data/a", json!({"data": {"k": CANARY}}));
    let issue = |name: &str| {
        let made = value(&told("pki/issue/people", json!({"common_name": name})).unwrap());
        let text = |field: &str| made[field].as_str().unwrap().as_bytes().to_vec();
        (text("certificate"), text("private_key"))
    };
    let current = Arc::new(Mutex::new(issue("stranger")));
    let source = current.clone();
    let mut with_certificate = settings(&https, || Login::Cert { mount: "cert".into(), name: Some("web".into()) });
    with_certificate.roots = roots();
    with_certificate.own = Some(Box::new(move || {
        let (certificates, key) = source.lock().unwrap().clone();
        Ok(sealant::net::vault::ClientPem { certificates, key: SecretBytes::new(key) })
    }));
    let begin = std::time::Instant::now();
    let passed = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let clock = passed.clone();
    with_certificate.clock =
        Box::new(move || begin + Duration::from_secs(clock.load(std::sync::atomic::Ordering::SeqCst)));
    let client = store(with_certificate);
    assert_eq!(super::one(&client, Reference::value("a")).unwrap_err().cause, StoreCause::Login);
    *current.lock().unwrap() = issue("web");
    // a refused login is not tried again at once
    assert_eq!(super::one(&client, Reference::value("a")).unwrap_err().cause, StoreCause::Login);
    passed.store(6, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(super::json(super::one(&client, Reference::value("a")))["k"], CANARY);
    client.close();

    // when there is no agreement with the server, the certificate is asked for again: before the first request, and once after
    let both = [issue("one"), issue("two")];
    let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = asked.clone();
    let mut untrusting = as_root(&https);
    untrusting.own = Some(Box::new(move || {
        let (certificates, key) = both[counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst) % 2].clone();
        Ok(sealant::net::vault::ClientPem { certificates, key: SecretBytes::new(key) })
    }));
    assert_eq!(super::one(&store(untrusting), Reference::value("a")).unwrap_err().cause, StoreCause::Tls);
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 2);
}
