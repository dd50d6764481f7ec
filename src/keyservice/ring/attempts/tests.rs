//! What the ring asks, in which order, and how often.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;

/// A service for one kind of key, whose answers a test decides.
struct Fake {
    kind: &'static str,
    place: Option<&'static str>,
    calls: Arc<AtomicUsize>,
    answer: Box<dyn Fn() -> Answer + Send + Sync>,
}

impl KeyService for Fake {
    fn handles(&self, key: &MasterKey) -> bool {
        names::kind_word(key) == self.kind
    }

    fn endpoint(&self, _: &MasterKey) -> Option<String> {
        self.place.map(str::to_owned)
    }

    fn wrap(&self, _: &MasterKey, _: &[u8]) -> Result<Option<String>, KeyError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        (self.answer)().map(|_| Some("wrapped".into()))
    }

    fn unwrap(&self, _: &WrappedKey) -> Answer {
        self.calls.fetch_add(1, Ordering::SeqCst);
        (self.answer)()
    }
}

fn fake(
    kind: &'static str,
    place: Option<&'static str>,
    answer: impl Fn() -> Answer + Send + Sync + 'static,
) -> (Arc<dyn KeyService>, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    (Arc::new(Fake { kind, place, calls: calls.clone(), answer: Box::new(answer) }), calls)
}

fn secret() -> Answer {
    Ok(Some(SecretBytes::new(vec![7; 32])))
}

fn unreachable() -> Answer {
    Err(KeyError::service(Cause::Unreachable, "nobody answers"))
}

fn age() -> MasterKey {
    MasterKey::Age { recipient: "age1x".into() }
}

fn gcp() -> MasterKey {
    MasterKey::GcpKms { resource_id: "projects/p".into() }
}

fn kms(n: usize) -> MasterKey {
    MasterKey::Kms { arn: format!("arn{n}"), role: None, context: vec![], aws_profile: String::new() }
}

fn group(keys: &[MasterKey]) -> KeyGroup {
    let wrapped =
        |(at, key): (usize, &MasterKey)| WrappedKey { key: key.clone(), enc: format!("{at}"), created_at: None };
    KeyGroup(keys.iter().enumerate().map(wrapped).collect())
}

fn open(attempts: &Attempts, group: &KeyGroup) -> (bool, Vec<KeyReport>) {
    let mut tried = Vec::new();
    (attempts.unwrap_group(group, 32, &mut tried).is_some(), tried)
}

#[test]
fn what_opens_here_needs_no_network() {
    let (local, _) = fake("age", None, secret);
    let (remote, calls) = fake("kms", Some("aws"), secret);
    let attempts = Attempts::new(vec![remote, local]);
    assert!(open(&attempts, &group(&[kms(0), age()])).0);
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}

#[test]
fn an_order_that_was_asked_for_is_kept() {
    let (local, here) = fake("age", None, secret);
    let (remote, there) = fake("kms", Some("aws"), secret);
    let mut attempts = Attempts::new(vec![local, remote]);
    attempts.order = Some(vec!["kms".into(), "age".into()]);
    assert!(open(&attempts, &group(&[age(), kms(0)])).0);
    assert_eq!((here.load(Ordering::SeqCst), there.load(Ordering::SeqCst)), (0, 1));
}

#[test]
fn a_remote_key_that_hangs_delays_nobody() {
    let (hold, held): (Sender<()>, Receiver<()>) = channel();
    let held = Mutex::new(held);
    let (hangs, _) = fake("kms", Some("aws"), move || {
        _ = held.lock().map(|held| held.recv());
        Ok(None)
    });
    let (answers, _) = fake("gcp_kms", Some("gcp"), secret);
    let attempts = Attempts::new(vec![hangs, answers]);
    assert!(open(&attempts, &group(&[kms(0), gcp()])).0);
    drop(hold);
}

#[test]
fn a_wrapped_key_is_unwrapped_once() {
    let (remote, calls) = fake("kms", Some("aws"), secret);
    let attempts = Attempts::new(vec![remote]);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert!(open(&attempts, &group(&[kms(0)])).0));
        }
    });
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    assert!(open(&attempts, &group(&[kms(1)])).0);
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[test]
fn a_place_that_does_not_answer_is_not_asked_again() {
    let (remote, calls) = fake("kms", Some("aws"), unreachable);
    let attempts = Attempts::new(vec![remote]);
    for n in 0..3 {
        let (opened, tried) = open(&attempts, &group(&[kms(n)]));
        assert!(!opened);
        assert!(matches!(&tried[0].outcome, Tried::Broken(error) if error.cause() == Some(Cause::Unreachable)));
    }
    assert!(matches!(attempts.wrap(&kms(0), b"x"), Err(WrapError::Key { .. })));
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[test]
fn a_key_that_is_refused_says_nothing_about_others() {
    let (remote, calls) = fake("kms", Some("aws"), || Err(KeyError::service(Cause::Denied, "no")));
    let attempts = Attempts::new(vec![remote]);
    assert_eq!(open(&attempts, &group(&[kms(0), kms(1), kms(2)])).1.len(), 3);
    assert_eq!(calls.load(Ordering::SeqCst), 3);
}

#[test]
fn only_so_many_calls_at_once() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, highest) = (now.clone(), most.clone());
    let (remote, calls) = fake("kms", Some("aws"), move || {
        highest.fetch_max(counted.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(2));
        counted.fetch_sub(1, Ordering::SeqCst);
        Ok(None)
    });
    let attempts = Attempts::new(vec![remote]);
    let keys: Vec<MasterKey> = (0..40).map(kms).collect();
    thread::scope(|scope| {
        for part in keys.chunks(10) {
            let attempts = &attempts;
            scope.spawn(move || open(attempts, &group(part)));
        }
    });
    assert_eq!(calls.load(Ordering::SeqCst), 40);
    assert!(most.load(Ordering::SeqCst) <= AT_ONCE);
}

#[test]
fn the_next_service_is_asked_when_the_first_cannot() {
    let (broken, _) = fake("kms", None, || Err(KeyError::CannotWrap));
    let (good, calls) = fake("kms", Some("elsewhere"), secret);
    let attempts = Attempts::new(vec![broken, good]);
    assert_eq!(attempts.wrap(&kms(0), b"x").unwrap().enc, "wrapped");
    assert!(open(&attempts, &group(&[kms(0)])).0);
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}
