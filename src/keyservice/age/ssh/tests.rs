//! Tests of SSH keys: every format that ssh-keygen writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::keyservice::age::{AgeKeys, Given, IdentitySource};
use crate::keyservice::{KeyService, Outcome};
use crate::secret::{SecretBytes, SecretText};
use crate::sops::key::{MasterKey, WrappedKey};

macro_rules! key {
    ($name:literal) => {
        (
            include_bytes!(concat!("../../../../tests/vectors/age/ssh/", $name)).as_slice(),
            include_str!(concat!("../../../../tests/vectors/age/ssh/", $name, ".pub")),
        )
    };
}

fn given(bytes: &[u8]) -> Given {
    Given::Ssh(SecretBytes::new(bytes.to_vec()))
}

fn wrapped(recipient: &str) -> WrappedKey {
    let key = MasterKey::Age { recipient: recipient.to_owned() };
    let enc = AgeKeys::without_identities().wrap(&key, b"secret").unwrap().unwrap();
    WrappedKey { key, enc, created_at: None }
}

/// A service that answers every question with `answer`, and how often it was asked.
fn service(given: Vec<Given>, answer: Option<&'static str>) -> (AgeKeys, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let sources = given.into_iter().map(|given| IdentitySource { label: "key".into(), given }).collect();
    let keys = AgeKeys::new(sources, move |_: &str| {
        count.fetch_add(1, Ordering::SeqCst);
        answer.map(|text| SecretText::new(text.into()))
    });
    (keys, asked)
}

#[test]
fn keys_open_what_is_wrapped_for_their_public_half() {
    for (private, public) in [key!("ed"), key!("rsa"), key!("rsapem")] {
        let (keys, asked) = service(vec![given(private)], None);
        // the comment is nobody's business
        assert_eq!(keys.recipients(), [public.rsplit_once(' ').unwrap().0]);
        for recipient in [public.trim(), keys.recipients()[0].as_str()] {
            assert_eq!(keys.unwrap(&wrapped(recipient)).unwrap().unwrap().expose(), b"secret");
        }
        assert_eq!(keys.effort(&MasterKey::Age { recipient: public.trim().into() }), 0);
        assert!(keys.unwrap(&wrapped(key!("edp").1)).unwrap().is_none());
        assert_eq!(asked.load(Ordering::SeqCst), 0);
    }
}

#[test]
fn a_passphrase_is_asked_for_once_and_only_when_the_key_fits() {
    let (private, public) = key!("edp");
    let (keys, asked) = service(vec![given(private)], Some("passphrase"));
    assert_eq!(keys.recipients().len(), 1);
    assert!(keys.unwrap(&wrapped(key!("ed").1)).unwrap().is_none());
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    let wrapped = wrapped(public);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| assert!(keys.unwrap(&wrapped).unwrap().is_some()));
        }
    });
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[test]
fn a_key_that_fits_but_stays_locked_says_why() {
    let (private, public) = key!("edp");
    for (answer, why) in [
        (None, "key fits, but: it needs a passphrase, and there is nobody to ask"),
        (Some("wrong"), "key fits, but: incorrect passphrase"),
    ] {
        let (keys, asked) = service(vec![given(private)], answer);
        for _ in 0..2 {
            assert_eq!(keys.unwrap(&wrapped(public)).unwrap_err().to_string(), why);
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        assert!(matches!(keys.looked().remove(0).outcome, Outcome::Failed(told) if why.ends_with(&told)));
    }
}

#[test]
fn one_that_is_broken_does_not_stop_the_others() {
    let (private, public) = key!("ed");
    for broken in [&b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"[..], b"", b"\xff", key!("rsapkcs8").0] {
        let (keys, _) = service(vec![given(broken), given(private)], None);
        assert!(keys.unwrap(&wrapped(public)).unwrap().is_some());
        assert!(matches!(keys.looked().remove(0).outcome, Outcome::Failed(_)));
    }
}

#[test]
fn formats_we_cannot_read_come_with_advice() {
    let why = |bytes: &[u8]| parse(bytes, "key").err().unwrap();
    assert!(why(key!("rsapemp").0).starts_with("it is encrypted in an old format: ssh-keygen -p"));
    assert!(why(key!("rsapkcs8").0).starts_with("it is a private key in another format: ssh-keygen -p"));
    assert_eq!(why(key!("ed").1.as_bytes()), "it is not an SSH private key");
    assert_eq!(why(b"\xff"), "it is not an SSH key file");
    assert!(is_private_key(key!("ed").0));
    assert!(!is_private_key(b"-----BEGIN AGE ENCRYPTED FILE-----\n"));
}

#[test]
fn what_a_command_prints_needs_no_passphrase() {
    let command = |bytes: &'static [u8]| Given::SshCommand(Box::new(move |_| Ok(SecretBytes::new(bytes.to_vec()))));
    let (keys, _) = service(vec![command(key!("ed").0)], None);
    assert!(keys.unwrap(&wrapped(key!("ed").1)).unwrap().is_some());
    let (keys, asked) = service(vec![command(key!("edp").0)], Some("passphrase"));
    assert!(keys.unwrap(&wrapped(key!("edp").1)).unwrap().is_none());
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}
