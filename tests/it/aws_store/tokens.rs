//! Logins for registries, and sessions.

use std::collections::BTreeMap;
use std::time::Duration;

use sealant::secret::SecretText;
use sealant::store::StoreCause;
use sealant::store::aws::Service::SecretsManager;
use sealant::store::aws::{Generated, Scope, SecondFactor, ecr_token, session_token};
use serde_json::json;

use super::tap::error;
use super::{Tap, moto, said, settings};

fn shown(made: &Generated) -> BTreeMap<String, String> {
    made.iter().map(|(key, value)| (key.clone(), String::from_utf8(value.expose().to_vec()).unwrap())).collect()
}

#[test]
fn logins_for_registries() {
    let Some(moto) = moto("logins_for_registries") else { return };
    let tap = Tap::with(moto.port, |_, _| None);
    let made = shown(&ecr_token(settings(SecretsManager, &tap.address), Scope::Private).unwrap());
    assert_eq!(made["username"], "AWS");
    assert_eq!(made["password"], "123456789012-auth-token");
    assert_eq!(made["proxy_endpoint"], "https://123456789012.dkr.ecr.eu-west-1.amazonaws.com");
    assert_eq!(made["expires_at"], "1420070400");
    let head = tap.seen().remove(0).head;
    assert!(head.contains("AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"), "{head}");
    assert!(head.contains("/eu-west-1/ecr/aws4_request"), "{head}");

    let tap = Tap::with(0, |_, _| {
        let data = json!({ "authorizationToken": "QVdTOmNhbmFyeTp2YWx1ZQ==", "expiresAt": 1.7e9 });
        Some((200, json!({ "authorizationData": data }).to_string()))
    });
    let made = shown(&ecr_token(settings(SecretsManager, &tap.address), Scope::Public).unwrap());
    let expected = [("expires_at", "1700000000"), ("password", "canary:value"), ("username", "AWS")];
    assert_eq!(made.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect::<Vec<_>>(), expected);
    let head = tap.seen().remove(0).head;
    assert!(head.contains("/us-east-1/ecr-public/aws4_request"), "{head}");

    let tap = Tap::with(0, |_, _| Some(error("AccessDeniedException", "canary-value")));
    let error = ecr_token(settings(SecretsManager, &tap.address), Scope::Private).unwrap_err();
    assert!(said(&error).contains("\"Action\": \"ecr:GetAuthorizationToken\", \"Resource\": \"*\""), "{error:?}");
    let tap = Tap::with(0, |_, _| Some((200, "{\"authorizationData\": []}".to_owned())));
    assert_eq!(ecr_token(settings(SecretsManager, &tap.address), Scope::Private).unwrap_err().cause, StoreCause::Odd);
}

#[test]
fn sessions() {
    let Some(moto) = moto("sessions") else { return };
    let tap = Tap::to(moto.port);
    let factor = SecondFactor { serial: "arn:aws:iam::1:mfa/me".into(), code: SecretText::new("123456".into()) };
    let hour = Some(Duration::from_secs(3600));
    let made = shown(&session_token(settings(SecretsManager, &tap.address), hour, Some(&factor)).unwrap());
    assert_eq!(made.keys().collect::<Vec<_>>(), ["access_key_id", "expiration", "secret_access_key", "session_token"]);
    assert!(made["expiration"].parse::<u64>().unwrap() > 1_700_000_000);
    assert!(made["session_token"].len() > 100);
    let body = tap.seen().remove(0).body;
    for part in ["DurationSeconds=3600", "SerialNumber=arn%3Aaws%3Aiam%3A%3A1%3Amfa%2Fme", "TokenCode=123456"] {
        assert!(body.contains(part), "{body}");
    }
}
