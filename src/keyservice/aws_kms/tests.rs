//! What needs no server: names, places, damaged entries, and that nothing is looked up before a key is used.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

const ARN: &str = "arn:aws:kms:eu-west-1:1:key/x";

fn key(arn: &str, profile: &str, role: Option<&str>) -> MasterKey {
    MasterKey::Kms { arn: arn.into(), role: role.map(str::to_owned), context: vec![], aws_profile: profile.into() }
}

fn service() -> (AwsKms, Arc<AtomicUsize>) {
    let loads = Arc::new(AtomicUsize::new(0));
    let count = loads.clone();
    let service = AwsKms::lazily(move || {
        count.fetch_add(1, Ordering::Relaxed);
        let login = Login { profile: Some("env".into()), files: "FILES".into(), ..Login::default() };
        Surroundings { login, ..Surroundings::default() }
    });
    (service, loads)
}

#[test]
fn sessions_are_named_as_in_sops() {
    assert_eq!(session_name("some-hostname.example_1"), "sops@somehostname.example_1");
    assert_eq!(session_name("ä b/c+d"), "sops@bcd");
    assert_eq!(session_name(&"x".repeat(100)).len(), 64);
}

#[test]
fn places_tell_people_apart() {
    let (service, _) = service();
    let place = |key: &MasterKey| service.endpoint(key);
    assert_eq!(place(&key(ARN, "", None)).unwrap(), "kms.eu-west-1.amazonaws.com");
    assert_eq!(place(&key(ARN, "work", None)).unwrap(), "kms.eu-west-1.amazonaws.com with profile work");
    let role = "arn:aws:iam::1:role/r";
    assert_eq!(place(&key(ARN, "", Some(role))).unwrap(), format!("kms.eu-west-1.amazonaws.com as {role}"));
    // what is malformed is told at once, as if it were local
    assert_eq!(place(&key("arn:x", "", None)), None);
    assert_eq!(place(&MasterKey::Age { recipient: "age1x".into() }), None);
}

#[test]
fn nothing_is_looked_up_for_other_keys() {
    let (service, loads) = service();
    let age = MasterKey::Age { recipient: "age1x".into() };
    assert!(!service.handles(&age));
    assert_eq!(service.wrap(&age, b"x").unwrap(), None);
    let bad = WrappedKey { key: key("arn:x", "", None), enc: String::new(), created_at: None };
    assert_eq!(service.unwrap(&bad).unwrap_err().cause(), Some(Cause::Malformed));
    assert_eq!((loads.load(Ordering::Relaxed), service.looked()), (0, vec![]));
}

#[test]
fn damaged_entries_are_not_sent() {
    let (service, loads) = service();
    for enc in ["", "%", "AQI", &STANDARD.encode_to_string(vec![0; 7000])] {
        let wrapped = WrappedKey { key: key(ARN, "", None), enc: enc.into(), created_at: None };
        assert_eq!(service.unwrap(&wrapped).unwrap_err().cause(), Some(Cause::Ciphertext), "{enc}");
    }
    assert_eq!(loads.load(Ordering::Relaxed), 0);
    assert_eq!(ciphertext("AQ\r\nIC\n").unwrap(), [1, 2, 2]);
}

#[test]
fn a_client_serves_all_that_is_alike() {
    let (service, _) = service();
    let who = |profile: &str| Who { region: "eu-west-1".into(), profile: profile.into(), role: None };
    for profile in ["", "work", ""] {
        service.client(&who(profile)).unwrap();
    }
    assert_eq!(service.clients.len(), 2);
    let labels: Vec<String> = service.looked().into_iter().map(|looked| looked.label).collect();
    assert_eq!(
        labels,
        ["the profile env in FILES for AWS KMS in eu-west-1", "the profile work in FILES for AWS KMS in eu-west-1"]
    );
}
