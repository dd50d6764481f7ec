//! Many secrets at once: few connections, no request too many.

use sealant::external::Reference;
use sealant::store::StoreClient;
use serde_json::json;

use super::{address, as_root, json, store, tell};
use crate::faults::FaultProxy;
use crate::peers;
use crate::vault::bao::Bao;

#[test]
fn a_thousand_secrets_are_a_thousand_requests() {
    let Some(program) = peers::locate_bao("a_thousand_secrets_are_a_thousand_requests") else { return };
    let bao = Bao::start(&program);
    for number in 0..20 {
        tell(&bao, "POST", &format!("secret/data/many/{number}"), &json!({"data": {"n": number}}));
    }
    let proxy = FaultProxy::start(format!("127.0.0.1:{}", bao.port));
    let store = store(as_root(&proxy.address()));
    // different spellings of few secrets cost the server what as many secrets would
    let references: Vec<_> =
        (0..1000).map(|n| Reference::value(format!("many/{}{}", "/".repeat(n / 20), n % 20))).collect();
    let answers = store.fetch(&references);
    for (number, answer) in answers.into_iter().enumerate() {
        assert_eq!(json(answer)["n"], number % 20);
    }
    store.close();
    assert_eq!(proxy.requests(), 1000);
    assert!(proxy.sockets().0 <= 16, "{:?}", proxy.sockets());
    assert_eq!(store.fetch(&[]).len(), 0);
    println!("to {}", address(&bao));
}
