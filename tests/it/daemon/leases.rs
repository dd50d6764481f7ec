//! Secrets that are made for a while.

use serde_json::{Value, json};

use super::{Daemon, canary, external, fake};
use crate::external::World;
use crate::faults::{Fault, FaultProxy};
use crate::peers;
use crate::vault::bao::{Bao, ROOT};

fn manifests(address: &str, path: &str, method: &str, parameters: &Value, interval: &str) -> String {
    format!(
        "apiVersion: generators.external-secrets.io/v1alpha1\nkind: VaultDynamicSecret\nmetadata: {{name: made}}\nspec:\n  \
         path: {path}\n  method: {method}\n  parameters: {parameters}\n  provider:\n    server: {address}\n    auth: \
         {{tokenSecretRef: {{name: token, key: token}}}}\n---\napiVersion: v1\nkind: Secret\nmetadata: {{name: \
         token}}\nstringData: {{token: {ROOT}}}\n---\napiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: \
         {{name: es}}\nspec:\n  refreshInterval: {interval}\n  dataFrom:\n  - sourceRef: {{generatorRef: {{apiVersion: \
         generators.external-secrets.io/v1alpha1, kind: VaultDynamicSecret, name: made}}}}\n"
    )
}

/// What a server of secrets answers.
fn made(value: &str, seconds: u64, renewable: bool) -> Fault {
    let answer = json!({"lease_id": "made/1", "lease_duration": seconds, "renewable": renewable, "data": {"v": value}});
    Fault::Answer(200, "", answer.to_string().into_bytes())
}

fn count(proxy: &FaultProxy, line: &str) -> usize {
    proxy.lines().iter().filter(|seen| seen.as_str() == line).count()
}

const RENEW: &str = "POST /v1/sys/leases/renew";
const REVOKE: &str = "POST /v1/sys/leases/revoke";
const MAKE: &str = "GET /v1/made";

#[test]
fn certificates_are_held_made_anew_in_time_and_revoked() {
    let Some(program) = peers::locate_bao("certificates_are_held_made_anew_in_time_and_revoked") else { return };
    let bao = Bao::start(&program);
    bao.ask("POST", "sys/mounts/pki", r#"{"type":"pki"}"#);
    bao.ask("POST", "pki/root/generate/internal", r#"{"common_name":"test","ttl":"1h"}"#);
    bao.ask("POST", "pki/roles/web", r#"{"allow_any_name":true,"generate_lease":true,"ttl":"10m"}"#);
    let address = format!("http://127.0.0.1:{}", bao.port);
    let parameters = json!({"common_name": "a.example", "ttl": "20s"});
    let world = World::new(&[("app/all.yaml", &manifests(&address, "pki/issue/web", "POST", &parameters, "1h"))]);
    let daemon = Daemon::ready(&world, &[]);
    let serial = || world.texts("out/es.yaml").remove("serial_number").unwrap();
    let held = || {
        let (_, answer) = bao.ask("LIST", "sys/leases/lookup/pki/issue/web", "");
        answer["data"]["keys"].as_array().map_or(0, Vec::len)
    };
    let first = serial();
    assert_eq!((held(), daemon.number("sealant_leases_held", &[])), (1, Some(1.0)));
    // it lasts for twenty seconds, and an hour is too late
    daemon.wait("another certificate", |_| serial() != first);
    // something else changes: leases are still held
    world.write("app/else.yaml", &(fake("s", &[("a", &canary("1"))]) + "---\n" + &external("else", "s", "", &["a"])));
    daemon.wait_for("else", &[("a", &canary("1"))]);
    daemon.wait("a lease", |daemon| held() > 0 && daemon.number("sealant_leases_held", &[]) >= Some(1.0));
    daemon.end();
    assert_eq!(held(), 0);
}

#[test]
fn what_can_be_renewed_is() {
    let (one, two) = (canary("1"), canary("2"));
    let proxy = FaultProxy::start("127.0.0.1:1");
    let world = World::new(&[("app/all.yaml", &manifests(&proxy.address(), "made", "GET", &json!({}), "1h"))]);
    proxy.hit("/v1/made", 0, Some(1), made(&one, 3, true)).always("/v1/made", made(&two, 600, true));
    // near its end it is renewed for less and less
    proxy.hit(&RENEW[5..], 0, Some(2), made("-", 3, true)).always("/v1/sys/leases/re", made("-", 1, true));
    let daemon = Daemon::ready(&world, &[]);
    daemon.wait_for("es", &[("v", &one)]);
    daemon.wait("renewals", |_| count(&proxy, RENEW) >= 2);
    assert_eq!((count(&proxy, MAKE), count(&proxy, REVOKE)), (1, 0));
    let seen = proxy.seen();
    let asked = &seen.iter().find(|seen| seen.path.ends_with("renew")).unwrap().body;
    assert_eq!(serde_json::from_slice::<Value>(asked).unwrap(), json!({"lease_id": "made/1"}));
    daemon.wait_for("es", &[("v", &two)]);
    daemon.wait("the first one's end", |daemon| daemon.number("sealant_leases_held", &[]) == Some(1.0));
    assert_eq!((count(&proxy, MAKE), count(&proxy, RENEW), count(&proxy, REVOKE)), (2, 3, 0));
    daemon.end();
    assert_eq!(count(&proxy, REVOKE), 1);
}

#[test]
fn what_cannot_be_renewed_is_made_anew() {
    // it is gone; nobody answers
    for fault in [Fault::errors(400, "lease not found"), Fault::Reset] {
        let one = canary("1");
        let proxy = FaultProxy::start("127.0.0.1:1");
        let world = World::new(&[("app/all.yaml", &manifests(&proxy.address(), "made", "GET", &json!({}), "1h"))]);
        proxy.hit("/v1/made", 0, Some(1), made(&one, 3, true)).always("/v1/made", made(&one, 600, true));
        proxy.always("/v1/sys/leases/renew", fault);
        let daemon = Daemon::ready(&world, &[]);
        daemon.wait_for("es", &[("v", &one)]);
        daemon.wait("another", |_| count(&proxy, MAKE) == 2);
        daemon.wait("a word", |daemon| daemon.says("a lease was not renewed"));
        // the client itself asks a few times; nobody asks again and again
        assert!((1..=8).contains(&count(&proxy, RENEW)), "{:?}", proxy.lines());
        daemon.end();
    }
}
