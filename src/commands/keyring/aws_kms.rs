//! AWS KMS: what the environment says about it. The SDK reads variables and files itself; this is for messages, and is
//! looked up when a key of that kind is used.

use std::sync::Arc;

use crate::fsio::env::{Env, Var};
use crate::fsio::machine;
use crate::keyservice::aws_kms::{AwsKms, Surroundings};

/// Where credentials may come from beside profiles, in the SDK's order.
const VARIABLES: [Var; 4] = [
    Var::AwsAccessKeyId,
    Var::AwsWebIdentityTokenFile,
    Var::AwsContainerCredentialsRelativeUri,
    Var::AwsContainerCredentialsFullUri,
];

/// The service.
pub fn service(env: &Arc<Env>) -> AwsKms {
    let env = env.clone();
    AwsKms::lazily(move || surroundings(&env))
}

fn surroundings(env: &Env) -> Surroundings {
    let file = |var, usual: &str| env.text(var).unwrap_or(usual).to_owned();
    let endpoint = env.text(Var::AwsEndpointUrlKms).or(env.text(Var::AwsEndpointUrl));
    let profile = env.text(Var::AwsProfile).map(str::to_owned);
    let variable = VARIABLES.into_iter().find(|var| env.text(*var).is_some());
    Surroundings {
        endpoint: endpoint.map(host),
        // only static credentials come before profiles
        variable: variable.filter(|var| *var == Var::AwsAccessKeyId || profile.is_none()).map(Var::name),
        profile,
        files: format!(
            "{} and {}",
            file(Var::AwsConfigFile, "~/.aws/config"),
            file(Var::AwsSharedCredentialsFile, "~/.aws/credentials")
        ),
        hostname: machine::hostname(),
    }
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
        let none = of(&[]);
        assert_eq!((none.endpoint, none.profile, none.variable), (None, None, None));
        assert_eq!(none.files, "~/.aws/config and ~/.aws/credentials");
        let some = of(&[
            (Var::AwsEndpointUrl, "http://me:hunter2@127.0.0.1:1/x?hunter2"),
            (Var::AwsAccessKeyId, "AKIAHUNTER2"),
            (Var::AwsProfile, "work"),
            (Var::AwsConfigFile, "/c"),
        ]);
        assert_eq!(some.endpoint.as_deref(), Some("127.0.0.1:1"));
        assert_eq!((some.profile.as_deref(), some.variable), (Some("work"), Some("AWS_ACCESS_KEY_ID")));
        assert_eq!(some.files, "/c and ~/.aws/credentials");
        let both = of(&[(Var::AwsProfile, "work"), (Var::AwsWebIdentityTokenFile, "/t")]);
        assert_eq!(both.variable, None);
        let kms = of(&[(Var::AwsEndpointUrl, "https://all"), (Var::AwsEndpointUrlKms, "https://kms:8/")]);
        assert_eq!(kms.endpoint.as_deref(), Some("kms:8"));
    }
}
