//! What is counted is what the server was asked.

use std::collections::BTreeMap;

use sealant::external::{Find, FindBy, Reference};
use sealant::secret::SecretBytes;
use sealant::store::{Push, Remote, StoreClient};

use super::logins::{approle, start};
use super::{as_root, settings, store};
use crate::faults::{Fault, FaultProxy};
use crate::peers;

type Counts = BTreeMap<(String, bool), u64>;

fn counts(store: &impl StoreClient) -> Counts {
    store
        .calls()
        .into_iter()
        .map(|call| {
            assert_eq!(call.provider, "HashiCorp/Vault");
            ((call.call.to_owned(), call.ok), call.count)
        })
        .collect()
}

/// What the proxy saw, by the operator's names.
fn seen(proxy: &FaultProxy) -> BTreeMap<String, u64> {
    let mut seen = BTreeMap::new();
    for line in proxy.lines() {
        let name = match line.split_once(' ').unwrap() {
            (_, "/v1/auth/approle/login") => "Login",
            (_, "/v1/auth/token/lookup-self") => "LookupSelf",
            (_, "/v1/auth/token/revoke-self") => "RevokeSelf",
            (_, path) if path.starts_with("/v1/sys/internal/ui/mounts/") => "LookupMount",
            ("GET", path) if path.ends_with("list=true") => "ListSecrets",
            ("GET", _) => "ReadSecretData",
            ("DELETE", _) => "DeleteSecret",
            ("POST" | "PUT" | "PATCH", _) => "WriteSecretData",
            other => panic!("{other:?}"),
        };
        *seen.entry(name.to_owned()).or_default() += 1;
    }
    seen
}

fn by_name(counts: &Counts) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for ((name, _), count) in counts {
        *sums.entry(name.clone()).or_default() += count;
    }
    sums
}

#[test]
fn every_request_is_counted_also_those_that_are_repeated() {
    let Some(program) = peers::locate_bao("every_request_is_counted_also_those_that_are_repeated") else { return };
    let bao = start(&program);
    let proxy = FaultProxy::start(format!("127.0.0.1:{}", bao.port));
    proxy.hit("/v1/secret/data/a", 3, Some(1), Fault::errors(503, "busy"));
    proxy.hit("/v1/secret/data/a", 5, Some(1), Fault::Reset);
    let client = store(settings(&proxy.address(), approle));
    assert!(client.fetch(&vec![Reference::value("a"); 20]).into_iter().all(|answer| answer.unwrap().is_some()));
    // not for us
    assert!(client.fetch(&[Reference::value("b")])[0].is_err());
    client.close();
    let counted = counts(&client);
    assert_eq!(by_name(&counted), seen(&proxy));
    let of = |name: &str, ok| counted.get(&(name.to_owned(), ok)).copied().unwrap_or_default();
    assert_eq!([of("ReadSecretData", true), of("ReadSecretData", false)], [20, 3], "{counted:?}");
    assert_eq!([of("Login", true), of("RevokeSelf", true)], [1, 1], "{counted:?}");

    proxy.clear();
    let root = store(as_root(&proxy.address()));
    let remote = Remote { key: "pushed".to_owned(), property: None };
    let value = SecretBytes::new(br#"{"k":"v"}"#.to_vec());
    root.push(&Push { remote: &remote, value: &value, whole: true, metadata: None }).unwrap();
    root.find(&Find { path: None, by: FindBy::default() }).unwrap();
    root.delete(&remote).unwrap();
    // one that is not there is no error
    assert!(root.fetch(&[Reference::value("none")])[0].as_ref().unwrap().is_none());
    let counted = counts(&root);
    assert_eq!(by_name(&counted), seen(&proxy));
    for name in ["ReadSecretData", "WriteSecretData", "DeleteSecret", "ListSecrets"] {
        assert!(counted[&(name.to_owned(), true)] > 0, "{counted:?}");
    }
    assert!(counted.keys().all(|(_, ok)| *ok), "{counted:?}");
}
