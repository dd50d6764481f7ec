//! A signed question to AWS about who we are, for somebody else to ask: that is how Vault's `aws` method knows us
//! (external-secrets 2.9 `providers/v1/vault/auth_iam.go`).

use std::collections::BTreeMap;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;

use super::session::{Place, Session};
use super::settings::Settings;
use crate::net::aws::domain;
use crate::secret::SecretBytes;
use crate::store::{StoreCause, StoreError};

const BODY: &[u8] = b"Action=GetCallerIdentity&Version=2011-06-15";
/// The region whose service has no region in its name, which is the one that Vault asks unless it is told otherwise.
const GLOBAL: &str = "us-east-1";

/// A `POST` that is good for some minutes. Whoever has it can be us for those who ask AWS.
#[derive(Debug)]
pub struct SignedIdentity {
    /// Where it goes.
    pub url: String,
    /// Its body.
    pub body: SecretBytes,
    /// Its headers, as a JSON object of lists of strings.
    pub headers: SecretBytes,
}

/// Who we are after all roles, signed. `server` is what the header `X-Vault-AWS-IAM-Server-ID` has to say. Credentials are
/// got, and nothing else is asked.
///
/// # Errors
/// [`StoreError`].
pub fn signed_identity(settings: Settings, server: Option<&str>) -> Result<SignedIdentity, StoreError> {
    let session = Session::open(settings)?;
    let region = session.settings.region.clone();
    let named = session.address(session.settings.endpoints.sts.as_deref(), Place { id: "sts", host: "sts" });
    let url = named.map_or_else(|| usual(&region), |url| format!("{}/", url.trim_end_matches('/')));
    let credentials = session.run(2, session.identity.get())??;
    let headers = headers(&url, &region, server, &credentials, (session.settings.clock)());
    let headers =
        headers.ok_or_else(|| StoreError::new(StoreCause::Invalid, "the question to AWS cannot be signed"))?;
    Ok(SignedIdentity { url, body: SecretBytes::new(BODY.to_vec()), headers })
}

fn usual(region: &str) -> String {
    match region {
        GLOBAL => "https://sts.amazonaws.com/".to_owned(),
        region => format!("https://sts.{region}.{}/", domain(region)),
    }
}

fn headers(
    url: &str,
    region: &str,
    server: Option<&str>,
    credentials: &Credentials,
    now: std::time::SystemTime,
) -> Option<SecretBytes> {
    let host = url.split('/').nth(2)?;
    let mut all = vec![("content-type", "application/x-www-form-urlencoded; charset=utf-8"), ("host", host)];
    all.extend(server.map(|server| ("x-vault-aws-iam-server-id", server)));
    let identity = credentials.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("sts")
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .ok()?
        .into();
    let signable = SignableRequest::new("POST", url, all.iter().copied(), SignableBody::Bytes(BODY)).ok()?;
    let (instructions, _signature) = sign(signable, &params).ok()?.into_parts();
    let length = BODY.len().to_string();
    all.extend([("content-length", length.as_str())]);
    all.extend(instructions.headers());
    let lists: BTreeMap<&str, [&str; 1]> = all.into_iter().map(|(name, value)| (name, [value])).collect();
    serde_json::to_vec(&lists).ok().map(SecretBytes::new)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::secret::SecretText;
    use crate::store::aws::{Service, Source};

    fn signed(region: &str, server: Option<&str>) -> (String, serde_json::Value) {
        let clock = || SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let mut settings = Settings::new(Service::SecretsManager, region, clock);
        let text = |text: &str| SecretText::new(text.to_owned());
        settings.source = Source::Keys { id: text("AKIDEXAMPLE"), secret: text("hunter2"), token: Some(text("token")) };
        let found = signed_identity(settings, server).unwrap();
        assert_eq!(found.body.expose(), BODY);
        assert!(!format!("{found:?}").contains("AKID"));
        let headers = serde_json::from_slice(found.headers.expose()).unwrap();
        (found.url, headers)
    }

    #[test]
    fn what_is_signed() {
        let (url, headers) = signed("us-east-1", Some("vault.example"));
        assert_eq!(url, "https://sts.amazonaws.com/");
        assert_eq!(headers["x-vault-aws-iam-server-id"][0], "vault.example");
        assert_eq!(headers["host"][0], "sts.amazonaws.com");
        assert_eq!(headers["x-amz-date"][0], "20231114T221320Z");
        assert_eq!(headers["x-amz-security-token"][0], "token");
        let authorization = headers["authorization"][0].as_str().unwrap();
        let begin = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20231114/us-east-1/sts/aws4_request, SignedHeaders=\
                     content-type;host;x-amz-date;x-amz-security-token;x-vault-aws-iam-server-id, Signature=";
        assert!(authorization.starts_with(begin), "{authorization}");
        assert!(!headers.to_string().contains("hunter2"));
        let (url, other) = signed("eu-west-1", None);
        assert_eq!(url, "https://sts.eu-west-1.amazonaws.com/");
        assert!(other.get("x-vault-aws-iam-server-id").is_none());
        assert_ne!(other["authorization"], headers["authorization"]);
    }
}
