//! What a server or the way to it can do to us: each with its cause, and nothing secret in what is said.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sealant::external::Reference;
use sealant::store::vault::{Settings, Version};
use sealant::store::{StoreCause, StoreClient, StoreError};
use serde_json::json;

use super::{CANARY, as_root, assert_quiet, json, one, settings, store, tell, token};
use crate::faults::{Fault, FaultProxy};
use crate::peers;
use crate::vault::bao::{Bao, ROOT};

const PATH: &str = "/v1/secret/data/a";

fn start(program: &std::path::Path) -> (Bao, FaultProxy) {
    let bao = Bao::start(program);
    tell(&bao, "POST", "secret/data/a", &json!({"data": {"k": CANARY}}));
    let proxy = FaultProxy::start(format!("127.0.0.1:{}", bao.port));
    (bao, proxy)
}

fn failing(settings: Settings) -> StoreError {
    one(&store(settings), Reference::value("a")).unwrap_err()
}

#[test]
fn each_has_its_cause() {
    use StoreCause::{Denied, Invalid, Odd, Throttled, TooLarge, Unavailable, Unreachable};
    let Some(program) = peers::locate_bao("each_has_its_cause") else { return };
    let (_bao, proxy) = start(&program);
    let raw = |status, body: &[u8]| Fault::Answer(status, "", body.to_vec());
    let html = b"<html>canary-value</html>";
    // what happens, the cause, what is said, and how many requests that took
    let cases = [
        (Fault::errors(403, "permission denied, root-canary"), Denied, "[REDACTED]", 3),
        (Fault::errors(400, "bad root-canary"), Invalid, "refused (400): bad [REDACTED]", 2),
        (Fault::errors(404, "no handler for route"), Invalid, "nothing is mounted there", 2),
        (raw(404, html), Odd, "answers 404, and not as a Vault does", 1),
        (Fault::errors(412, "index"), Unavailable, "not seen yet", 3),
        (Fault::errors(429, "quota"), Throttled, "too many requests (429): quota", 3),
        (Fault::errors(472, ""), Unavailable, "standby for disaster recovery", 1),
        (Fault::errors(473, ""), Unavailable, "it is a standby (473)", 1),
        (Fault::errors(500, "oops"), Unavailable, "in trouble (500): oops", 3),
        (
            Fault::errors(500, "local node not active but active cluster node not found"),
            Unavailable,
            "no node is active",
            3,
        ),
        (raw(501, b""), Unavailable, "not initialised", 1),
        (raw(502, html), Unavailable, "in trouble (502)", 3),
        (Fault::errors(503, "Vault is sealed"), Unavailable, "it is sealed (503)", 3),
        (raw(503, html), Unavailable, "in trouble (503)", 3),
        (raw(413, b"{}"), TooLarge, "more than the server takes", 1),
        (raw(418, b"{}"), Invalid, "answers 418", 1),
        (Fault::CutBody, Unreachable, "", 3),
        (Fault::Reset, Unreachable, "", 3),
        (Fault::Lost, Unreachable, "", 3),
        (raw(200, html), Odd, "not one of Vault's", 1),
        (raw(200, b"{\"data\":{\"data\":{\"k\":\"canary-value"), Odd, "not one of Vault's", 1),
        (raw(200, b"{\"data\":{\"data\":{\"k\":\"canary-value\xff\"}}}"), Odd, "not one of Vault's", 1),
        (raw(200, b"[]"), Odd, "not one of Vault's", 1),
        (raw(200, b"{\"warnings\":[]}"), Odd, "no data", 1),
        (raw(200, b"{\"data\":{\"k\":\"canary-value\"}}"), Odd, "no field data", 2),
        (raw(200, b"{\"data\":{\"data\":\"canary-value\"}}"), Odd, "no object", 1),
        (raw(204, b""), Odd, "not one of Vault's", 1),
    ];
    for (fault, cause, words, requests) in cases {
        proxy.clear();
        proxy.always(PATH, fault.clone());
        let error = failing(as_root(&proxy.address()));
        assert_eq!(error.cause, cause, "{fault:?} {error:?}");
        assert!(error.what.contains(words) && error.what.contains(PATH), "{fault:?} {error:?}");
        assert_eq!(proxy.requests(), requests, "{fault:?} {:?}", proxy.lines());
    }
}

#[test]
fn what_passes_is_waited_for() {
    let Some(program) = peers::locate_bao("what_passes_is_waited_for") else { return };
    let (_bao, proxy) = start(&program);
    let upgrade = "Upgrading from non-versioned to versioned data. This backend will be unavailable for a brief period";
    for fault in [
        Fault::Answer(429, "Retry-After: 0\r\n", b"{\"errors\":[]}".to_vec()),
        Fault::errors(503, "Vault is sealed"),
        Fault::errors(400, upgrade),
        Fault::errors(400, "Waiting for the primary to upgrade from non-versioned to versioned data"),
        Fault::CutBody,
        Fault::Reset,
        Fault::Late(Duration::from_millis(100)),
    ] {
        proxy.clear();
        proxy.hit(PATH, 0, Some(2), fault.clone());
        let client = store(as_root(&proxy.address()));
        assert_eq!(json(one(&client, Reference::value("a")))["k"], CANARY, "{fault:?}");
    }
    // the server's wish is told to whoever may come back later
    proxy.clear();
    proxy.always(PATH, Fault::Answer(429, "Retry-After: 77\r\n", b"{\"errors\":[]}".to_vec()));
    let mut settings = as_root(&proxy.address());
    settings.retries = 0;
    let error = failing(settings);
    assert_eq!((error.cause, error.after), (StoreCause::Throttled, Some(Duration::from_secs(77))));
    assert!(error.is_passing());
}

#[test]
fn slow_ones_run_out_of_time() {
    let Some(program) = peers::locate_bao("slow_ones_run_out_of_time") else { return };
    let (_bao, proxy) = start(&program);
    for fault in [Fault::SlowBody(Duration::from_secs(20)), Fault::Late(Duration::from_secs(20))] {
        proxy.clear();
        proxy.always(PATH, fault);
        let mut settings = as_root(&proxy.address());
        settings.timeout = Duration::from_millis(300);
        let error = failing(settings);
        assert!(error.cause == StoreCause::Unreachable && error.what.contains("no answer in time"), "{error:?}");
        assert_eq!(proxy.requests(), 1, "a timeout has cost enough");
    }
}

#[test]
fn redirects_do_not_take_the_token_along() {
    let Some(program) = peers::locate_bao("redirects_do_not_take_the_token_along") else { return };
    let (bao, proxy) = start(&program);
    let elsewhere = FaultProxy::start(format!("127.0.0.1:{}", bao.port));
    let to = format!("Location: {}{PATH}?token={ROOT}\r\n", elsewhere.address());
    let headers: &'static str = Box::leak(to.into_boxed_str());
    for status in [301, 302, 307, 308] {
        proxy.clear();
        proxy.always(PATH, Fault::Answer(status, headers, Vec::new()));
        let error = failing(as_root(&proxy.address()));
        assert_eq!(error.cause, StoreCause::Odd);
        assert!(error.what.contains(&elsewhere.address()) && error.hint.unwrap().contains("set server to it"));
        assert_eq!((proxy.requests(), elsewhere.requests(), elsewhere.sockets().0), (1, 0, 0));
    }
}

#[test]
fn nobody_there_and_nobody_to_trust() {
    let Some(program) = peers::locate_bao("nobody_there_and_nobody_to_trust") else { return };
    let bao = Bao::start_tls(&program);
    let https = format!("https://127.0.0.1:{}", bao.port);
    let mut trusting = as_root(&https);
    trusting.roots = sealant::net::vault::Roots::Only(std::fs::read(bao.authority()).unwrap());
    assert!(one(&store(trusting), Reference::value("a")).unwrap().is_none());
    let mut added = as_root(&https);
    added.roots = sealant::net::vault::Roots::Also(std::fs::read(bao.authority()).unwrap());
    assert!(one(&store(added), Reference::value("a")).unwrap().is_none());
    let mut misnamed = as_root(&https);
    misnamed.roots = sealant::net::vault::Roots::Only(std::fs::read(bao.authority()).unwrap());
    misnamed.server_name = Some("elsewhere.example".into());
    let port = bao.port;
    for (settings, cause) in [
        (as_root(&https), StoreCause::Tls),
        (misnamed, StoreCause::Tls),
        (as_root("http://name.invalid:8200"), StoreCause::Unreachable),
        (as_root("http://127.0.0.1:1"), StoreCause::Unreachable),
        (as_root(&format!("https://127.0.0.1:{}", Silent::start().0)), StoreCause::Unreachable),
        // TLS is spoken there
        (as_root(&format!("http://127.0.0.1:{port}")), StoreCause::Odd),
    ] {
        let shown = settings.address.to_string();
        let error = failing(settings);
        assert_eq!(error.cause, cause, "{shown} {error:?}");
        assert!(error.what.contains(&shown), "{error:?}");
    }
}

/// Takes a connection and ends it.
struct Silent(u16);

impl Silent {
    fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || listener.incoming().for_each(drop));
        Self(port)
    }
}

#[test]
fn large_secrets() {
    let Some(program) = peers::locate_bao("large_secrets") else { return };
    let (_bao, proxy) = start(&program);
    let answer = |length: usize| {
        let body = format!("{{\"data\":{{\"data\":{{\"k\":\"{}\"}}}}}}", "x".repeat(length));
        Fault::Answer(200, "", body.into_bytes())
    };
    proxy.always(PATH, answer(2 << 20));
    let client = store(as_root(&proxy.address()));
    assert_eq!(json(one(&client, Reference::value("a")))["k"].as_str().unwrap().len(), 2 << 20);
    proxy.clear();
    proxy.always(PATH, answer(33 << 20));
    let error = one(&client, Reference::value("a")).unwrap_err();
    assert!(error.cause == StoreCause::TooLarge && error.what.contains("33554432 bytes"), "{error:?}");
}

#[test]
fn a_server_that_is_gone_is_not_asked_a_thousand_times() {
    let Some(program) = peers::locate_bao("a_server_that_is_gone_is_not_asked_a_thousand_times") else { return };
    let (bao, proxy) = start(&program);
    let references: Vec<_> = (0..1000).map(|number| Reference::value(format!("b{number}"))).collect();
    for fault in [Fault::Reset, Fault::errors(503, "Vault is sealed"), Fault::errors(500, "oops")] {
        proxy.clear();
        proxy.always("/v1/secret/data/b", fault);
        let client = store(as_root(&proxy.address()));
        let answers = client.fetch(&references);
        assert!(answers.iter().all(|answer| answer.as_ref().unwrap_err().is_passing()));
        assert_quiet(&answers);
        // five failures in a row are enough; what was under way meanwhile is finished
        assert!(proxy.requests() <= (5 + 16) * 3, "{}", proxy.requests());
        // and the next time is a new one
        assert!(one(&client, Reference::value("a")).is_ok());
    }
    // one bad secret spoils no other
    proxy.clear();
    proxy.always("/v1/secret/data/b7", Fault::errors(500, "oops"));
    let client = store(as_root(&proxy.address()));
    let few: Vec<_> = (0..10).map(|number| Reference::value(format!("b{number}"))).collect();
    let answers: Vec<bool> = client.fetch(&few).iter().map(Result::is_ok).collect();
    assert_eq!(answers, (0..10).map(|number| number != 7).collect::<Vec<_>>());

    tell(&bao, "PUT", "sys/seal", &json!({}));
    proxy.clear();
    let error = failing(as_root(&proxy.address()));
    assert!(error.cause == StoreCause::Unavailable && error.what.contains("it is sealed"), "{error:?}");
    let error = store(as_root(&proxy.address())).check(&[]).unwrap_err();
    assert!(error.cause == StoreCause::Unavailable && error.hint.unwrap().contains("unseal"), "{}", error.what);
}

#[test]
fn whoever_is_told_to_stop_stops() {
    let Some(program) = peers::locate_bao("whoever_is_told_to_stop_stops") else { return };
    let (_bao, proxy) = start(&program);
    proxy.always(PATH, Fault::errors(503, "later"));
    let cancel = Arc::new(AtomicBool::new(false));
    let mut settings = as_root(&proxy.address());
    // without being told it would wait for hours
    (settings.pause, settings.cancel) = (Some(Duration::from_secs(3600)), cancel.clone());
    let client = store(settings);
    let answers = std::thread::scope(|scope| {
        let fetching = scope.spawn(|| client.fetch(&vec![Reference::value("a"); 100]));
        while proxy.requests() == 0 {
            std::thread::yield_now();
        }
        cancel.store(true, Ordering::SeqCst);
        fetching.join().unwrap()
    });
    assert_eq!(answers.len(), 100);
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap_err().cause == StoreCause::Cancelled));
    assert!(proxy.requests() <= 16);
}

#[test]
fn headers() {
    let Some(program) = peers::locate_bao("headers") else { return };
    let (_bao, proxy) = start(&program);
    let state = |text: &'static str| Fault::Answer(200, text, b"{\"data\":{\"data\":{}}}".to_vec());
    proxy.always(PATH, state("X-Vault-Index: state-1\r\n"));
    let mut consistent = as_root(&proxy.address());
    consistent.headers = vec![("X-Team".into(), "a b".into())];
    (consistent.read_your_writes, consistent.forward_inconsistent) = (true, true);
    let client = store(consistent);
    for _ in 0..2 {
        assert!(one(&client, Reference::value("a")).is_ok());
    }
    let seen = proxy.seen();
    assert_eq!((seen[0].header("x-vault-index"), seen[1].header("x-vault-index")), (None, Some("state-1")));
    assert_eq!(seen[0].header("x-vault-inconsistent"), Some("forward-active-node"));
    assert_eq!((seen[0].header("x-team"), seen[0].header("x-vault-request")), (Some("a b"), Some("true")));

    for (name, value) in [("X-Vault-Token", "x"), ("host", "x"), ("a b", "x"), ("a", "x\r\ny"), ("", "x")] {
        let mut settings = settings("http://127.0.0.1:1", token(ROOT));
        settings.headers = vec![(name.into(), value.into())];
        let error = sealant::store::vault::VaultStore::new(settings).unwrap_err();
        assert_eq!(error.cause, StoreCause::Invalid, "{name}");
    }
    let mut odd = as_root("http://127.0.0.1:1");
    odd.auth_namespace = Some("a\r\nb".into());
    assert!(sealant::store::vault::VaultStore::new(odd).is_err());
    assert_eq!(Version::default(), Version::V2);
}
