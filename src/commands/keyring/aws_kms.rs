//! AWS KMS: what the environment says about it. The SDK reads variables and files itself; this is for messages, and is
//! looked up when a key of that kind is used.

use std::sync::Arc;

use crate::commands::aws_login;
use crate::fsio::env::{Env, Var};
use crate::fsio::machine;
use crate::keyservice::aws_kms::{AwsKms, Surroundings};

/// The service.
pub fn service(env: &Arc<Env>) -> AwsKms {
    let env = env.clone();
    AwsKms::lazily(move || surroundings(&env))
}

fn surroundings(env: &Env) -> Surroundings {
    let endpoint = env.text(Var::AwsEndpointUrlKms).or(env.text(Var::AwsEndpointUrl));
    Surroundings { endpoint: endpoint.map(host), login: aws_login::login(env), hostname: machine::hostname() }
}

/// The host and port of a URL, without what may be secret in it.
fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_environment_says() {
        let of = |pairs: &[(Var, &str)]| surroundings(&Env::from_pairs(pairs.iter().copied()));
        assert_eq!(of(&[]).endpoint, None);
        let some = of(&[(Var::AwsEndpointUrl, "http://me:hunter2@127.0.0.1:1/x?hunter2"), (Var::AwsProfile, "work")]);
        assert_eq!(some.endpoint.as_deref(), Some("127.0.0.1:1"));
        assert_eq!(some.login.profile.as_deref(), Some("work"));
        let kms = of(&[(Var::AwsEndpointUrl, "https://all"), (Var::AwsEndpointUrlKms, "https://kms:8/")]);
        assert_eq!(kms.endpoint.as_deref(), Some("kms:8"));
    }
}
