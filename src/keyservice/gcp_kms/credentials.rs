//! Who we are for Google: what the caller was given, as sops reads it, else what Google's own tools would use.

use std::fmt;

use google_cloud_auth::credentials::{
    Builder, CacheableResource, Credentials, CredentialsProvider, EntityTag, external_account, impersonated,
    service_account, user_account,
};
use google_cloud_auth::errors::CredentialsError;
use http::header::AUTHORIZATION;
use http::{Extensions, HeaderMap, HeaderValue};

use super::error::not_built;
use crate::keyservice::error::{Cause, KeyError};
use crate::secret::SecretText;

/// Where the credentials come from.
pub enum Login {
    /// The JSON of a credentials file (`GOOGLE_CREDENTIALS`).
    Json(SecretText),
    /// An access token that somebody else has fetched (`GOOGLE_OAUTH_ACCESS_TOKEN`).
    Token(SecretText),
    /// What Google calls application default credentials: a file, the login of gcloud, the machine's own account.
    Default,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json(_) => "Json([REDACTED])",
            Self::Token(_) => "Token([REDACTED])",
            Self::Default => "Default",
        })
    }
}

impl Login {
    /// Credentials for Google's client.
    pub(super) fn build(&self) -> Result<Credentials, KeyError> {
        match self {
            Self::Token(token) => Ok(Credentials::from(Fixed::new(token)?)),
            Self::Json(text) => from_json(text),
            Self::Default => Builder::default().build().map_err(|error| not_built(&error)),
        }
    }
}

fn from_json(text: &SecretText) -> Result<Credentials, KeyError> {
    let bad = |what: &str| KeyError::service(Cause::NoCredentials, format!("GOOGLE_CREDENTIALS: {what}"));
    let json: serde_json::Value = serde_json::from_str(text.expose()).map_err(|_| bad("not JSON"))?;
    let kind = json.get("type").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let built = match kind.as_str() {
        "service_account" => service_account::Builder::new(json).build(),
        "authorized_user" => user_account::Builder::new(json).build(),
        "impersonated_service_account" => impersonated::Builder::new(json).build(),
        "external_account" => external_account::Builder::new(json).build(),
        _ => return Err(bad("no kind of credentials that is known")),
    };
    // what the library says may quote the file
    built.map_err(|_| bad("the credentials are incomplete or damaged"))
}

/// A token that is sent as it is.
struct Fixed {
    headers: HeaderMap,
    tag: EntityTag,
}

impl fmt::Debug for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fixed([REDACTED])")
    }
}

impl Fixed {
    fn new(token: &SecretText) -> Result<Self, KeyError> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose().trim())).map_err(|_| {
            KeyError::service(Cause::NoCredentials, "GOOGLE_OAUTH_ACCESS_TOKEN: this cannot be a token")
        })?;
        value.set_sensitive(true);
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        Ok(Self { headers, tag: EntityTag::new() })
    }
}

impl CredentialsProvider for Fixed {
    async fn headers(&self, _: Extensions) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
        Ok(CacheableResource::New { entity_tag: self.tag.clone(), data: self.headers.clone() })
    }

    async fn universe_domain(&self) -> Option<String> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_credentials_are_named_but_not_shown() {
        let json = |text: &str| Login::Json(SecretText::new(text.into()));
        for login in [
            json("hunter2"),
            json(r#"{"type":"hunter2"}"#),
            json(r#"{"type":"service_account","private_key":"hunter2"}"#),
            Login::Token(SecretText::new("hunter2\nhunter2".into())),
        ] {
            let error = login.build().map(drop).unwrap_err();
            assert_eq!(error.cause(), Some(Cause::NoCredentials));
            assert!(!format!("{error} {error:?} {login:?}").contains("hunter2"));
        }
    }
}
