//! Who we are for Google: what the caller was given, else what Google's own tools would use. Tokens are fetched, kept and
//! renewed by Google's library.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use google_cloud_auth::credentials::{
    Builder, CacheableResource, Credentials, external_account, impersonated, service_account, user_account,
};
use google_cloud_auth::errors::CredentialsError;
use ureq::http::header::AUTHORIZATION;
use ureq::http::{Extensions, HeaderMap, HeaderValue};

use super::error::{GoogleError, cut};
use crate::net::runtime::{self, RuntimeError};
use crate::net::tls;
use crate::secret::SecretText;

/// All requests for one token.
const DEADLINE: Duration = Duration::from_secs(30);

/// What nobody needs to know.
const AFTERTHOUGHTS: [&str; 2] = [" and future attempts will not succeed", " but future attempts may succeed"];

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

/// A login that can be used.
pub struct Identity(Who);

enum Who {
    Fixed(HeaderMap),
    Library(Credentials),
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity([REDACTED])")
    }
}

impl Identity {
    /// Gets ready. Nobody is asked for a token yet.
    ///
    /// # Errors
    /// Credentials that cannot be read.
    pub fn new(login: &Login) -> Result<Self, GoogleError> {
        tls::install();
        let text = match login {
            Login::Token(token) => return fixed(token),
            Login::Json(text) => Some(text),
            Login::Default => None,
        };
        // the library starts tasks that renew tokens
        let built = runtime::block_on(DEADLINE, async {
            match text {
                Some(text) => from_json(text),
                None => Builder::default().build().map_err(|error| unusable(&error)),
            }
        });
        Ok(Self(Who::Library(built.map_err(|error| late(&error))??)))
    }

    /// What says who we are, in a request.
    ///
    /// # Errors
    /// No token to be had.
    pub(super) fn headers(&self) -> Result<HeaderMap, GoogleError> {
        let credentials = match &self.0 {
            Who::Fixed(headers) => return Ok(headers.clone()),
            Who::Library(credentials) => credentials,
        };
        let found =
            runtime::block_on(DEADLINE, credentials.headers(Extensions::new())).map_err(|error| late(&error))?;
        match found.map_err(|error| unusable(&error))? {
            CacheableResource::New { data, .. } => Ok(data),
            // only those who say what they have are told that it is still good
            CacheableResource::NotModified => Ok(HeaderMap::new()),
        }
    }

    /// The universe to ask: the one that the caller wants, else Google's usual one.
    ///
    /// # Errors
    /// The credentials are of another one.
    pub fn universe(&self, wanted: Option<&str>) -> Result<String, GoogleError> {
        let wanted = wanted.unwrap_or(super::UNIVERSE);
        let theirs = match &self.0 {
            Who::Fixed(_) => None,
            Who::Library(credentials) => {
                runtime::block_on(DEADLINE, credentials.universe_domain()).map_err(|error| late(&error))?
            }
        };
        match theirs.filter(|theirs| theirs != wanted) {
            Some(theirs) => {
                let text = format!("the credentials are of the universe {}, not of {}", cut(&theirs), cut(wanted));
                Err(GoogleError::Credentials(text))
            }
            None => Ok(wanted.to_owned()),
        }
    }
}

/// A token that is sent as it is.
fn fixed(token: &SecretText) -> Result<Identity, GoogleError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose().trim()))
        .map_err(|_| GoogleError::Credentials("GOOGLE_OAUTH_ACCESS_TOKEN: this cannot be a token".to_owned()))?;
    value.set_sensitive(true);
    Ok(Identity(Who::Fixed(HeaderMap::from_iter([(AUTHORIZATION, value)]))))
}

fn from_json(text: &SecretText) -> Result<Credentials, GoogleError> {
    let bad = |what: &str| GoogleError::Credentials(format!("GOOGLE_CREDENTIALS: {what}"));
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

/// The library wraps what happened in words about later attempts.
fn unusable(error: &(dyn Error + 'static)) -> GoogleError {
    let (mut chain, mut next) = (Vec::new(), Some(error));
    while let Some(error) = next {
        chain.push(error);
        next = error.source();
    }
    let texts: Vec<String> = chain.iter().map(ToString::to_string).collect();
    let why = if texts.iter().any(|text| text.contains("metadata.google.internal")) {
        "nobody is logged in here, and this machine has no account of its own".to_owned()
    } else {
        let own = chain.iter().rposition(|error| error.is::<CredentialsError>()).unwrap_or_default();
        let first = AFTERTHOUGHTS.iter().fold(texts[own].as_str(), |text, more| text.trim_end_matches(more));
        let last = texts.last().filter(|last| !texts[own].contains(last.as_str()));
        last.map_or_else(|| first.to_owned(), |last| format!("{}: {last}", cut(first)))
    };
    GoogleError::Credentials(format!("no Google Cloud credentials can be used: {}", cut(&why)))
}

fn late(error: &RuntimeError) -> GoogleError {
    GoogleError::Credentials(format!("no token to be had: {error}"))
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
            let error = Identity::new(&login).unwrap_err();
            assert!(matches!(error, GoogleError::Credentials(_)));
            assert!(!format!("{error} {error:?} {login:?}").contains("hunter2"));
        }
    }

    #[test]
    fn a_token_is_sent_but_not_shown() {
        let identity = Identity::new(&Login::Token(SecretText::new(" hunter2\n".into()))).unwrap();
        let headers = identity.headers().unwrap();
        assert_eq!(headers[AUTHORIZATION], "Bearer hunter2");
        assert!(!format!("{headers:?} {identity:?}").contains("hunter2"));
        assert_eq!(identity.universe(Some("example.net")).unwrap(), "example.net");
        assert_eq!(identity.universe(None).unwrap(), "googleapis.com");
    }

    #[test]
    fn credentials_of_another_universe_are_not_sent() {
        let json = r#"{"type":"service_account","client_email":"a@p.example","private_key_id":"i","private_key":"k",
                      "project_id":"p","universe_domain":"elsewhere.example"}"#;
        let identity = Identity::new(&Login::Json(SecretText::new(json.into()))).unwrap();
        match identity.universe(None) {
            Err(GoogleError::Credentials(text)) => assert!(text.contains("elsewhere.example"), "{text}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(identity.universe(Some("elsewhere.example")).unwrap(), "elsewhere.example");
    }
}
