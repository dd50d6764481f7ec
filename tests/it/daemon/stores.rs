//! Stores that are down for a while, and logins that are given back.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Daemon, OFTEN, canary, external, fake};
use crate::external::World;
use crate::faults::{Fault, FaultProxy};
use crate::peers;
use crate::vault::bao::Bao;

/// A store of OpenBao that is logged in to as a role.
fn vault(address: &str, role: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {{name: vault}}\nspec:\n  provider:\n    vault:\n      \
         server: {address}\n      path: secret\n      auth: {{appRole: {{path: approle, roleId: {role}, secretRef: {{name: \
         login, key: id}}}}}}\n"
    )
}

fn login(id: &str) -> String {
    format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: login}}\nstringData: {{id: {id}}}\n")
}

/// A role that may read `secret/`; its id, and what proves that one is it.
fn role(bao: &Bao) -> (String, String) {
    bao.ask("POST", "sys/auth/approle", r#"{"type":"approle"}"#);
    let policy = json!({"policy": "path \"secret/*\" {capabilities = [\"read\"]}"});
    bao.ask("POST", "sys/policies/acl/reader", &policy.to_string());
    bao.ask("POST", "auth/approle/role/app", r#"{"token_policies":"reader","token_ttl":"20m"}"#);
    let id = bao.ask("GET", "auth/approle/role/app/role-id", "").1["data"]["role_id"].as_str().unwrap().to_owned();
    (id, proof(bao))
}

fn proof(bao: &Bao) -> String {
    let answer = bao.ask("POST", "auth/approle/role/app/secret-id", "{}").1;
    answer["data"]["secret_id"].as_str().unwrap().to_owned()
}

fn keep(bao: &Bao, key: &str, value: &str) {
    let (status, _) = bao.ask("POST", &format!("secret/data/{key}"), &json!({"data": {"v": value}}).to_string());
    assert_eq!(status, 200);
}

/// Who is logged in.
fn tokens(bao: &Bao) -> BTreeSet<String> {
    let (_, answer) = bao.ask("LIST", "auth/token/accessors", "");
    let keys = answer["data"]["keys"].as_array().unwrap();
    keys.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[test]
fn an_outage_changes_nothing() {
    let Some(program) = peers::locate_bao("an_outage_changes_nothing") else { return };
    let bao = Bao::start(&program);
    let (id, proof) = role(&bao);
    let (one, two, three) = (canary("1"), canary("2"), canary("3"));
    keep(&bao, "a", &one);
    let proxy = FaultProxy::start(format!("127.0.0.1:{}", bao.port));
    let world = World::new(&[
        ("app/store.yaml", &format!("{}---\n{}", vault(&proxy.address(), &id), login(&proof))),
        ("app/es.yaml", &external("first", "vault", OFTEN, &["a#v"])),
        ("app/fake.yaml", &fake("fake", &[("b", &two)])),
        ("app/other.yaml", &external("other", "fake", OFTEN, &["b"])),
    ]);
    let daemon = Daemon::ready(&world, &[]);
    daemon.wait_for("first", &[("v", &one)]);
    for fault in [Fault::errors(503, "sealed"), Fault::Reset, Fault::errors(500, "internal")] {
        proxy.always("/v1/secret/", fault);
        daemon.wait("trouble", |daemon| daemon.is_ready("first") == Some(false));
        daemon.wait_for("first", &[("v", &one)]);
        // others do not care
        daemon.wait_for_syncs("other", 1.0);
        assert_eq!(daemon.is_ready("other"), Some(true));
        assert_eq!(daemon.get("/readyz").0, 200);
        proxy.clear();
        daemon.wait("recovery", |daemon| daemon.is_ready("first") == Some(true));
    }
    keep(&bao, "a", &three);
    daemon.wait_for("first", &[("v", &three)]);
    daemon.end();
}

#[test]
fn with_one_store_down_from_the_beginning_the_other_is_served() {
    let one = canary("1");
    let world = World::new(&[
        ("app/store.yaml", &format!("{}---\n{}", vault("http://127.0.0.1:1", "nobody"), login("x"))),
        ("app/es.yaml", &external("first", "vault", "", &["a#v"])),
        ("app/fake.yaml", &fake("fake", &[("b", &one)])),
        ("app/other.yaml", &external("other", "fake", "", &["b"])),
    ]);
    let daemon = Daemon::ready(&world, &[]);
    daemon.wait_for("other", &[("b", &one)]);
    assert_eq!(daemon.is_ready("first"), Some(false));
    assert!(!world.path("out/first.yaml").exists());
    daemon.end();
}

#[test]
fn logins_are_shared_and_given_back() {
    let Some(program) = peers::locate_bao("logins_are_shared_and_given_back") else { return };
    let bao = Bao::start(&program);
    let (id, secret) = role(&bao);
    let one = canary("1");
    keep(&bao, "a", &one);
    keep(&bao, "b", &one);
    let before = tokens(&bao);
    let address = format!("http://127.0.0.1:{}", bao.port);
    let world = World::new(&[
        ("app/store.yaml", &vault(&address, &id)),
        ("app/login.yaml", &login("wrong")),
        ("app/es.yaml", &(external("first", "vault", OFTEN, &["a#v"]) + &external("second", "vault", OFTEN, &["b#v"]))),
    ]);
    let daemon = Daemon::ready(&world, &[]);
    assert_eq!(daemon.is_ready("first"), Some(false));
    assert_eq!(tokens(&bao), before);
    // what is logged in with is right now
    world.write("app/login.yaml", &login(&secret));
    daemon.wait_for("first", &[("v", &one)]);
    daemon.wait_for("second", &[("v", &one)]);
    daemon.wait_for_syncs("first", 2.0);
    assert_eq!(tokens(&bao).difference(&before).count(), 1);
    // a reload gives the old one back, and changes what is logged in with in the middle
    world.write("app/login.yaml", &login(&proof(&bao)));
    daemon.wait_for_syncs("first", 2.0);
    daemon.wait_for_syncs("second", 2.0);
    assert_eq!(tokens(&bao).difference(&before).count(), 1);
    // somebody else ended it
    let ours: Vec<String> = tokens(&bao).difference(&before).cloned().collect();
    bao.ask("POST", "auth/token/revoke-accessor", &json!({"accessor": ours[0]}).to_string());
    daemon.wait_for_syncs("first", 2.0);
    daemon.wait("recovery", |daemon| daemon.is_ready("first") == Some(true));
    daemon.end();
    assert_eq!(tokens(&bao), before);
}
