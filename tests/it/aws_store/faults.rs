//! AWS as it is on bad days.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sealant::external::Reference;
use sealant::net::aws::Patience;
use sealant::store::StoreCause;
use sealant::store::aws::Service::{ParameterStore, SecretsManager};
use sealant::store::aws::{Retries, Settings};
use serde_json::json;

use super::tap::error;
use super::{Tap, said, settings, store, texts, version};
use crate::vault::faulty::{Reply, Server};

/// Good values.
fn good(operation: &str) -> (u16, String) {
    let answer = match operation {
        "GetParameter" => json!({ "Parameter": { "Name": "a", "Value": "x" } }),
        _ => json!({ "Name": "a", "ARN": "arn:a", "SecretString": "x" }),
    };
    (200, answer.to_string())
}

fn quick(mut settings: Settings) -> Settings {
    settings.retries = Retries { attempts: 3, pause: Some(Duration::from_millis(1)) };
    settings
}

#[test]
fn throttled_requests_are_repeated() {
    for (service, own) in [(SecretsManager, false), (SecretsManager, true), (ParameterStore, true)] {
        let count = AtomicUsize::new(0);
        let tap = Tap::with(0, move |operation, _| match count.fetch_add(1, Ordering::SeqCst) {
            0 => Some(error("ThrottlingException", "Rate exceeded")),
            1 => Some(error("InternalServiceError", "canary-value")),
            _ => Some(good(operation)),
        });
        let plain = settings(service, &tap.address);
        let store = store(if own { quick(plain) } else { plain });
        assert_eq!(texts(&store.fetch(&[Reference::value("a")])), ["x"], "{service:?}");
        assert_eq!(tap.seen().len(), 3);
    }
}

#[test]
fn throttling_without_end_is_said() {
    for service in [SecretsManager, ParameterStore] {
        let tap = Tap::with(0, |_, _| Some(error("ThrottlingException", "Rate exceeded")));
        let store = store(quick(settings(service, &tap.address)));
        let error = store.fetch(&[Reference::value("a")]).remove(0).unwrap_err();
        assert_eq!((error.cause, error.is_passing()), (StoreCause::Throttled, true));
        assert!(said(&error).contains("is asked too often"), "{error}");
        assert_eq!(tap.seen().len(), 3);
    }
}

#[test]
fn a_service_that_is_down_is_not_asked_forever() {
    for service in [SecretsManager, ParameterStore] {
        let tap = Tap::with(0, |_, _| Some((503, "<html>canary-value</html>".to_owned())));
        let mut settings = settings(service, &tap.address);
        settings.retries = Retries { attempts: 1, pause: None };
        settings.concurrency = 1;
        let store = store(settings);
        let references: Vec<_> = (0..100).map(|n| version(&format!("s{n}"), "uuid/1")).collect();
        let found = store.fetch(&references);
        assert_eq!(tap.seen().len(), 5, "{service:?}");
        let causes: Vec<_> = found.into_iter().map(|answer| answer.unwrap_err().cause).collect();
        let count = |wanted| causes.iter().filter(|cause| **cause == wanted).count();
        assert_eq!((count(StoreCause::Unavailable), count(StoreCause::Unreachable)), (5, 95), "{causes:?}");
        // the next time is another chance
        assert_eq!(store.fetch(&references[..1]).len(), 1);
        assert_eq!(tap.seen().len(), 1);
    }
}

#[test]
fn errors_are_told_apart() {
    use StoreCause::{Denied, Invalid, Login, Odd, Unavailable};
    let signature = "Signature expired: 20260101T000000Z is now earlier than 20260102T000000Z";
    for (code, message, cause, expected) in [
        ("ExpiredTokenException", "canary-value", Login, "the login of the access key of the store has expired"),
        ("UnrecognizedClientException", "canary-value", Login, "AWS does not know the credentials of the access key"),
        ("InvalidSignatureException", signature, Login, "this machine's clock is wrong"),
        ("AccessDeniedException", "Access to KMS is not allowed", Denied, "may not use its KMS key"),
        ("DecryptionFailure", "canary-value", Denied, "its KMS key cannot be used"),
        ("ValidationException", "canary-value", Invalid, "AWS does not take the request (ValidationException)"),
        ("InternalFailure", "canary-value", Unavailable, "has a fault of its own (InternalFailure)"),
        ("Surprise", "canary-value", Odd, "answers 400: Surprise"),
        ("<canary-value>", "", Odd, "answers 400, and nothing that AWS would say"),
    ] {
        for service in [SecretsManager, ParameterStore] {
            let tap = Tap::with(0, move |_, _| Some(error(code, message)));
            let store = store(quick(settings(service, &tap.address)));
            let found = store.fetch(&[Reference::value("a")]).remove(0).unwrap_err();
            let said = said(&found);
            assert!(said.contains(expected), "{service:?} {code}: {said}");
            assert_eq!(found.cause, cause, "{code}: {said}");
        }
    }
}

#[test]
fn answers_of_others_are_odd() {
    for (body, status) in [("canary-value", 200), ("[]", 200), ("{}", 418), ("", 302)] {
        for service in [SecretsManager, ParameterStore] {
            let tap = Tap::with(0, move |_, _| Some((status, body.to_owned())));
            let store = store(quick(settings(service, &tap.address)));
            let found = store.fetch(&[Reference::value("a")]).remove(0).unwrap_err();
            said(&found);
            assert_eq!(found.cause, StoreCause::Odd, "{service:?} {status} {body}: {found}");
        }
    }
}

#[test]
fn nobody_waits_for_ever() {
    for service in [SecretsManager, ParameterStore] {
        for reply in [Reply::Hang, Reply::HangInBody, Reply::Close, Reply::Garbage] {
            let server = Server::start(vec![reply]);
            let mut settings = quick(settings(service, &format!("http://127.0.0.1:{}", server.port)));
            settings.patience = Patience {
                connect: Duration::from_millis(300),
                attempt: Duration::from_millis(300),
                whole: Duration::from_secs(2),
            };
            let found = store(settings).fetch(&[Reference::value("a")]).remove(0).unwrap_err();
            said(&found);
            assert!(matches!(found.cause, StoreCause::Unreachable | StoreCause::Odd), "{service:?}: {found}");
        }
        let nobody = settings(service, "http://127.0.0.1:9");
        let found = store(quick(nobody)).fetch(&[Reference::value("a")]).remove(0).unwrap_err();
        assert_eq!(found.cause, StoreCause::Unreachable);
        assert_eq!(found.what, "127.0.0.1:9: no connection");
    }
}

#[test]
fn answers_without_end_are_not_read() {
    for service in [SecretsManager, ParameterStore] {
        let server = Server::start(vec![Reply::Flood]);
        let settings = quick(settings(service, &format!("http://127.0.0.1:{}", server.port)));
        let found = store(settings).fetch(&[Reference::value("a")]).remove(0).unwrap_err();
        assert_eq!(found.cause, StoreCause::TooLarge, "{service:?}: {found}");
        assert_eq!(server.asked().len(), 1);
    }
}

#[test]
fn it_stops_when_told() {
    let server = Server::start(vec![Reply::Hang]);
    for service in [SecretsManager, ParameterStore] {
        let settings = settings(service, &format!("http://127.0.0.1:{}", server.port));
        settings.cancel.store(true, Ordering::SeqCst);
        let found = store(settings).fetch(&[Reference::value("a")]).remove(0).unwrap_err();
        assert_eq!(found.cause, StoreCause::Cancelled);
    }
}

#[test]
fn a_region_that_is_none_is_refused() {
    for region in ["", "evil.example/", "EU-WEST-1"] {
        let mut settings = settings(SecretsManager, "http://127.0.0.1:9");
        settings.region = region.to_owned();
        let error = sealant::store::aws::open(settings).err().unwrap();
        assert_eq!(error.cause, StoreCause::Invalid);
    }
}
