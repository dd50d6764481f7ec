//! What AWS makes for a while: passwords for container registries, and sessions (external-secrets 2.9 `generators/v1/ecr`,
//! `generators/v1/sts`).

use std::collections::BTreeMap;
use std::time::Duration;

use base64_simd::STANDARD;
use serde::{Deserialize, Deserializer};
use serde_json::json;
use zeroize::Zeroizing;

use super::rpc::{Dialect, Rpc};
use super::session::{Place, Session};
use super::settings::Settings;
use super::trouble::{Asked, Fault};
use crate::secret::{SecretBytes, SecretText};
use crate::store::{StoreCause, StoreError};

const ECR: Dialect = Dialect {
    place: Place { id: "ecr", host: "api.ecr" },
    fips: "ecr-fips",
    signing: "ecr",
    target: "AmazonEC2ContainerRegistry_V20150921",
};
const ECR_PUBLIC: Dialect = Dialect {
    place: Place { id: "ecr_public", host: "api.ecr-public" },
    // there is none
    fips: "api.ecr-public",
    signing: "ecr-public",
    target: "SpencerFrontendService",
};
/// The public registry is in this region only.
const PUBLIC_REGION: &str = "us-east-1";

/// Which registries.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Scope {
    /// Those of the account.
    #[default]
    Private,
    /// Amazon's public one.
    Public,
}

/// What a generator gives, by the keys of the operator.
pub type Generated = BTreeMap<String, SecretBytes>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authorization {
    #[serde(deserialize_with = "secret")]
    authorization_token: SecretText,
    expires_at: f64,
    proxy_endpoint: Option<String>,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretText, D::Error> {
    String::deserialize(deserializer).map(SecretText::new)
}

#[derive(Deserialize)]
struct Private {
    #[serde(rename = "authorizationData", default)]
    data: Vec<Authorization>,
}

#[derive(Deserialize)]
struct Public {
    #[serde(rename = "authorizationData")]
    data: Authorization,
}

/// A login for a container registry: `username`, `password`, `proxy_endpoint` (private only) and `expires_at` (Unix seconds).
///
/// # Errors
/// [`StoreError`].
pub fn ecr_token(settings: Settings, scope: Scope) -> Result<Generated, StoreError> {
    let session = Session::open(settings)?;
    let endpoints = &session.settings.endpoints;
    let (rpc, action) = match scope {
        Scope::Private => (Rpc::new(&session, endpoints.ecr.as_deref(), ECR, None), "ecr:GetAuthorizationToken"),
        Scope::Public => (
            Rpc::new(&session, endpoints.ecr_public.as_deref(), ECR_PUBLIC, Some(PUBLIC_REGION)),
            "ecr-public:GetAuthorizationToken",
        ),
    };
    let operation = "GetAuthorizationToken";
    let answer = session.run(1, async {
        match scope {
            Scope::Private => {
                let found: Private = rpc.call(&session, operation, &json!({})).await?;
                Ok(found.data.into_iter().next())
            }
            Scope::Public => {
                let found: Public = rpc.call(&session, operation, &json!({})).await?;
                Ok(Some(found.data))
            }
        }
    })?;
    let region = &session.settings.region;
    let what = "the login of the container registry";
    let asked = Asked { action, what, resource: "*", access: &session.access, host: &rpc.host, region };
    let answer = answer.map_err(|fault| asked.trouble(&fault))?;
    let odd = || StoreError::new(StoreCause::Odd, format!("{} gives no login", rpc.host));
    let answer = answer.ok_or_else(odd)?;
    let login = STANDARD.decode_to_vec(answer.authorization_token.expose()).map(Zeroizing::new).map_err(|_| odd())?;
    let colon = login.iter().position(|byte| *byte == b':').ok_or_else(odd)?;
    let bytes = |bytes: &[u8]| SecretBytes::new(bytes.to_vec());
    let mut made: Generated = BTreeMap::new();
    made.insert("username".into(), bytes(&login[..colon]));
    made.insert("password".into(), bytes(&login[colon + 1..]));
    made.insert("expires_at".into(), bytes(format!("{:.0}", answer.expires_at.trunc()).as_bytes()));
    if let (Scope::Private, Some(place)) = (scope, answer.proxy_endpoint) {
        made.insert("proxy_endpoint".into(), bytes(place.as_bytes()));
    }
    Ok(made)
}

/// A second factor.
#[derive(Debug)]
pub struct SecondFactor {
    /// Which device (`serialNumber`).
    pub serial: String,
    /// What it shows (`tokenCode`).
    pub code: SecretText,
}

/// A session: `access_key_id`, `secret_access_key`, `session_token` and `expiration` (Unix seconds). AWS makes none for those
/// who have taken on a role.
///
/// # Errors
/// [`StoreError`].
pub fn session_token(
    settings: Settings,
    duration: Option<Duration>,
    factor: Option<&SecondFactor>,
) -> Result<Generated, StoreError> {
    let session = Session::open(settings)?;
    let seconds = duration.map(|duration| i32::try_from(duration.as_secs()));
    let seconds =
        seconds.transpose().map_err(|_| StoreError::new(StoreCause::Invalid, "a session that long is not made"))?;
    let answer = session.run(1, async {
        let client = session.identity.sts_client().await.map_err(Fault::Known)?;
        let request = client.get_session_token().set_duration_seconds(seconds);
        let request = match factor {
            Some(factor) => request.serial_number(&factor.serial).token_code(factor.code.expose()),
            None => request,
        };
        request.send().await.map_err(|error| Fault::of(&error))
    })?;
    let answer = answer.map_err(|fault| session.identity.refused("sts:GetSessionToken", &fault))?;
    let odd = || StoreError::new(StoreCause::Odd, "STS gives no session");
    let found = answer.credentials.ok_or_else(odd)?;
    let end = found.expiration().secs().to_string();
    let parts = [
        ("access_key_id", found.access_key_id),
        ("secret_access_key", found.secret_access_key),
        ("session_token", found.session_token),
        ("expiration", end),
    ];
    Ok(parts.into_iter().map(|(key, value)| (key.to_owned(), SecretBytes::new(value.into_bytes()))).collect())
}
