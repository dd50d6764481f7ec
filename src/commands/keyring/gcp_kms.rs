//! What Google Cloud KMS needs of the environment, as sops 3.13.2 `gcpkms/keysource.go` reads it.

use std::path::Path;
use std::sync::Arc;

use crate::fsio::env::{Env, Var};
use crate::fsio::read::{KEY_LIMIT, read_stream};
use crate::keyservice::gcp_kms::{GcpKms, Settings};
use crate::keyservice::{Cause, KeyError};
use crate::net::google::Login;
use crate::secret::SecretText;

const PLACE: &str = "cloudkms.googleapis.com";

/// The service. `SOPS_GCP_KMS_CLIENT_TYPE` has no meaning here: it is always REST.
pub fn service(env: &Arc<Env>) -> GcpKms {
    let place = env.text(Var::SopsGcpKmsEndpoint).unwrap_or(PLACE).to_owned();
    let env = env.clone();
    GcpKms::new(place, move || settings(&env))
}

fn settings(env: &Env) -> Result<Settings, KeyError> {
    let endpoint = env.text(Var::SopsGcpKmsEndpoint).map(|text| match text.contains("://") {
        true => text.to_owned(),
        false => format!("https://{text}"),
    });
    // an endpoint says more than a universe, as in sops
    let universe = env.text(Var::SopsGcpKmsUniverseDomain).or_else(|| env.text(Var::GoogleCloudUniverseDomain));
    let universe = universe.filter(|_| endpoint.is_none()).map(str::to_owned);
    Ok(Settings { endpoint, universe, login: login(env)? })
}

fn login(env: &Env) -> Result<Login, KeyError> {
    if let Some(given) = env.secret(Var::GoogleCredentials).filter(|given| !given.expose().trim().is_empty()) {
        if given.expose().trim_start().starts_with('{') {
            return Ok(Login::Json(SecretText::new(given.expose().to_owned())));
        }
        let path = Path::new(given.expose());
        let bytes = read_stream(path, KEY_LIMIT)
            .map_err(|error| KeyError::service(Cause::NoCredentials, format!("GOOGLE_CREDENTIALS: {error}")))?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| KeyError::service(Cause::NoCredentials, "GOOGLE_CREDENTIALS: the file is not text"))?;
        return Ok(Login::Json(SecretText::new(text.to_owned())));
    }
    match env.secret(Var::GoogleOauthAccessToken).filter(|token| !token.expose().trim().is_empty()) {
        Some(token) => Ok(Login::Token(SecretText::new(token.expose().to_owned()))),
        None => Ok(Login::Default),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_come_in_the_order_of_sops() {
        let of = |pairs: &[(Var, &str)]| login(&Env::from_pairs(pairs.iter().copied()));
        let (credentials, token) = (Var::GoogleCredentials, Var::GoogleOauthAccessToken);
        assert!(matches!(of(&[]), Ok(Login::Default)));
        assert!(matches!(of(&[(token, "t")]), Ok(Login::Token(_))));
        assert!(matches!(of(&[(token, "t"), (credentials, "{}")]), Ok(Login::Json(_))));
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("key.json");
        std::fs::write(&file, "{}").unwrap();
        assert!(matches!(of(&[(credentials, file.to_str().unwrap())]), Ok(Login::Json(_))));
        let missing = of(&[(credentials, "/nowhere/key.json")]).unwrap_err();
        assert_eq!(missing.cause(), Some(Cause::NoCredentials));
    }

    #[test]
    fn an_endpoint_is_complete() {
        let of = |text: &str| settings(&Env::from_pairs([(Var::SopsGcpKmsEndpoint, text)])).unwrap().endpoint.unwrap();
        assert_eq!(of("kms.example.net"), "https://kms.example.net");
        assert_eq!(of("http://127.0.0.1:1"), "http://127.0.0.1:1");
    }
}
