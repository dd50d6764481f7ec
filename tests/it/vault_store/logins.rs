//! Who we are: ways to log in, and the life of a token.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sealant::external::Reference;
use sealant::secret::{SecretBytes, SecretText};
use sealant::store::vault::{Login, Settings};
use sealant::store::{StoreCause, StoreClient};
use serde_json::{Value, json};

use super::{CANARY, address, assert_quiet, json, one, policy, settings, store, tell};
use crate::faults::{Fault, FaultProxy};
use crate::peers;
use crate::vault::bao::Bao;

type Source = fn() -> Login;

const SECRET_ID: &str = "canary-secret-id";

fn secret(text: &str) -> SecretText {
    SecretText::new(text.to_owned())
}

/// With a secret that the policy `app` lets read, and roles of AppRole and of names with passwords for it.
pub fn start(program: &std::path::Path) -> Bao {
    let bao = Bao::start(program);
    tell(&bao, "POST", "secret/data/a", &json!({"data": {"k": CANARY}}));
    policy(&bao, "app", "path \"secret/data/a\" { capabilities = [\"read\"] }");
    tell(&bao, "POST", "sys/auth/approle", &json!({"type": "approle"}));
    tell(&bao, "POST", "sys/auth/team/users", &json!({"type": "userpass"}));
    let role = json!({"token_policies": "app", "token_ttl": "1h", "token_max_ttl": "4h"});
    tell(&bao, "POST", "auth/approle/role/app", &role);
    tell(&bao, "POST", "auth/approle/role/app/role-id", &json!({"role_id": "canary-role-id"}));
    tell(&bao, "POST", "auth/approle/role/app/custom-secret-id", &json!({"secret_id": SECRET_ID}));
    tell(&bao, "POST", "auth/team/users/users/bob", &json!({"password": SECRET_ID, "token_policies": "app"}));
    bao
}

pub fn approle() -> Login {
    Login::AppRole { mount: "approle".into(), role_id: secret("canary-role-id"), secret_id: secret(SECRET_ID) }
}

fn wrong() -> Login {
    Login::AppRole { mount: "approle".into(), role_id: secret("canary-role-id"), secret_id: secret("canary-wrong") }
}

fn bob(mount: &str) -> Login {
    Login::UserPass { mount: mount.into(), username: "bob".into(), password: secret(SECRET_ID) }
}

fn proxy(bao: &Bao) -> FaultProxy {
    FaultProxy::start(format!("127.0.0.1:{}", bao.port))
}

#[test]
fn one_login_for_everything_and_it_is_given_back() {
    let Some(program) = peers::locate_bao("one_login_for_everything_and_it_is_given_back") else { return };
    let bao = start(&program);
    for login in [approle as fn() -> Login, || bob("team/users")] {
        let proxy = proxy(&bao);
        let client = store(settings(&proxy.address(), login));
        for answer in client.fetch(&vec![Reference::value("a"); 50]) {
            assert_eq!(json(answer)["k"], CANARY);
        }
        assert!(one(&client, Reference::value("b")).unwrap_err().hint.unwrap().contains("secret/data/b"));
        client.close();
        let lines = proxy.lines();
        assert!(lines[0].starts_with("POST /v1/auth/") && lines[0].contains("/login"), "{lines:?}");
        assert_eq!(lines.last().unwrap(), "POST /v1/auth/token/revoke-self");
        // the login, fifty reads, one that is denied, why that is so, and the end
        assert!(lines.len() <= 50 + 5, "{lines:?}");
        let token = proxy.seen()[1].header("x-vault-token").unwrap().to_owned();
        assert_eq!(bao.ask("POST", "auth/token/lookup", &json!({"token": token}).to_string()).0, 403, "still good");
        assert_eq!(one(&client, Reference::value("a")).unwrap_err().cause, StoreCause::Cancelled);
    }
}

#[test]
fn refused_logins_say_why_and_are_not_tried_for_each_secret() {
    let Some(program) = peers::locate_bao("refused_logins_say_why_and_are_not_tried_for_each_secret") else { return };
    let bao = start(&program);
    let cases: [(Source, &str); 3] = [
        (wrong, "invalid role or secret ID"),
        (|| bob("none"), "refused ("),
        (
            || Login::UserPass { mount: "team/users".into(), username: "bob".into(), password: secret("canary-wrong") },
            "invalid username or password",
        ),
    ];
    for (login, words) in cases {
        let proxy = proxy(&bao);
        let client = store(settings(&proxy.address(), login));
        for answer in client.fetch(&vec![Reference::value("a"); 40]) {
            let error = answer.unwrap_err();
            assert_eq!(error.cause, StoreCause::Login, "{error:?}");
            let said = format!("{error:?}");
            assert!(error.what.contains(words) && !said.contains("canary"), "{said}");
        }
        assert!(one(&client, Reference::value("a")).is_err());
        assert_eq!(proxy.requests(), 1, "{:?}", proxy.lines());
    }
}

#[test]
fn a_token_that_ends_in_the_middle_is_replaced_once() {
    let Some(program) = peers::locate_bao("a_token_that_ends_in_the_middle_is_replaced_once") else { return };
    let bao = start(&program);
    let proxy = proxy(&bao);
    let client = store(settings(&proxy.address(), approle));
    assert!(one(&client, Reference::value("a")).is_ok());
    let token = proxy.seen()[1].header("x-vault-token").unwrap().to_owned();
    tell(&bao, "POST", "auth/token/revoke", &json!({"token": token}));
    proxy.clear();
    for answer in client.fetch(&vec![Reference::value("a"); 200]) {
        assert_eq!(json(answer)["k"], CANARY);
    }
    let lines = proxy.lines();
    let count = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
    assert_eq!((count("approle/login"), count("lookup-self")), (1, 1), "{lines:?}");
    // what was denied after the new login is denied
    proxy.clear();
    for answer in client.fetch(&vec![Reference::value("other"); 200]) {
        assert_eq!(answer.unwrap_err().cause, StoreCause::Denied);
    }
    let lines = proxy.lines();
    assert!(lines.len() <= 200 + 3 && !lines.iter().any(|line| line.contains("/login")), "{lines:?}");
}

/// With a clock that goes when told to.
fn with_clock(mut settings: Settings) -> (Settings, Arc<AtomicU64>) {
    let passed = Arc::new(AtomicU64::new(0));
    let (begin, shared) = (Instant::now(), passed.clone());
    settings.clock = Box::new(move || begin + Duration::from_secs(shared.load(Ordering::SeqCst)));
    (settings, passed)
}

#[test]
fn tokens_are_renewed_and_replaced_in_time() {
    let Some(program) = peers::locate_bao("tokens_are_renewed_and_replaced_in_time") else { return };
    let bao = start(&program);
    let proxy = proxy(&bao);
    let (settings, passed) = with_clock(settings(&proxy.address(), approle));
    let client = store(settings);
    let renewed = |life: u64| {
        let auth = json!({"auth": {"client_token": "s.x", "lease_duration": life, "renewable": true}});
        Fault::Answer(200, "", auth.to_string().into_bytes())
    };
    // when, what happens to a renewal, and what is asked then
    let read = "GET /v1/secret/data/a";
    let (renew, login) = ("POST /v1/auth/token/renew-self", "POST /v1/auth/approle/login");
    let steps: [(u64, Option<Fault>, &[&str]); 9] = [
        (0, None, &[login, read]),
        (2399, None, &[read]),
        (2400, None, &[renew, read]),
        (4799, None, &[read]),
        // no answer now: again in a while
        (4800, Some(Fault::errors(502, "down")), &[renew, renew, renew, read]),
        (4809, None, &[read]),
        (4810, None, &[renew, read]),
        // near its longest life it is given little more
        (7210, Some(renewed(600)), &[renew, login, read]),
        // and one that has ended is not even renewed
        (20000, None, &[login, read]),
    ];
    for (now, fault, expected) in steps {
        proxy.clear();
        if let Some(fault) = fault {
            proxy.always("/v1/auth/token/renew-self", fault);
        }
        passed.store(now, Ordering::SeqCst);
        assert_eq!(json(one(&client, Reference::value("a")))["k"], CANARY);
        assert_eq!(proxy.lines(), expected, "at {now}");
    }
}

#[test]
fn the_source_is_asked_for_each_login() {
    let Some(program) = peers::locate_bao("the_source_is_asked_for_each_login") else { return };
    let bao = start(&program);
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let (settings, passed) = with_clock(settings(&address(&bao), move || {
        counter.fetch_add(1, Ordering::SeqCst);
        approle()
    }));
    let client = store(settings);
    for now in [0, 10, 4000] {
        passed.store(now, Ordering::SeqCst);
        assert!(one(&client, Reference::value("a")).is_ok());
    }
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

/// The requests of ways to log in that need a world of their own.
#[test]
fn shapes_of_logins() {
    let Some(program) = peers::locate_bao("shapes_of_logins") else { return };
    let bao = start(&program);
    let made = tell(&bao, "POST", "auth/token/create", &json!({"policies": ["app"]}));
    let granted = json!({"auth": {"client_token": made.pointer("/auth/client_token"), "lease_duration": 60}});
    let cases: [(Source, &str, Value); 2] = [
        (
            || Login::Ldap { mount: "corp/ldap".into(), username: "bob".into(), password: secret("pw") },
            "POST /v1/auth/corp/ldap/login/bob",
            json!({"password": "pw"}),
        ),
        (
            || Login::Iam {
                mount: "aws".into(),
                role: "app".into(),
                url: "https://sts.amazonaws.com/".into(),
                body: SecretBytes::new(b"Action=GetCallerIdentity&Version=2011-06-15".to_vec()),
                headers: SecretBytes::new(b"{\"Host\":[\"sts.amazonaws.com\"]}".to_vec()),
            },
            "POST /v1/auth/aws/login",
            json!({
                "role": "app",
                "iam_http_request_method": "POST",
                "iam_request_url": "aHR0cHM6Ly9zdHMuYW1hem9uYXdzLmNvbS8=",
                "iam_request_body": "QWN0aW9uPUdldENhbGxlcklkZW50aXR5JlZlcnNpb249MjAxMS0wNi0xNQ==",
                "iam_request_headers": "eyJIb3N0IjpbInN0cy5hbWF6b25hd3MuY29tIl19",
            }),
        ),
    ];
    for (login, line, body) in cases {
        let proxy = proxy(&bao);
        let path = line.split(' ').nth(1).unwrap();
        proxy.always(path, Fault::Answer(200, "", granted.to_string().into_bytes()));
        let client = store(settings(&proxy.address(), login));
        assert_eq!(json(one(&client, Reference::value("a")))["k"], CANARY);
        let seen = proxy.seen().remove(0);
        assert_eq!(format!("{} {}", seen.method, seen.path), line);
        assert_eq!(serde_json::from_slice::<Value>(&seen.body).unwrap(), body);
        assert!(seen.header("x-vault-token").is_none() && seen.header("x-vault-request") == Some("true"));
    }
    let proxy = proxy(&bao);
    let nobody = store(settings(&proxy.address(), || Login::None));
    let error = one(&nobody, Reference::value("a")).unwrap_err();
    assert_eq!(error.cause, StoreCause::Denied);
    assert_quiet(&error);
    assert!(proxy.seen()[0].header("x-vault-token").is_none());
}
