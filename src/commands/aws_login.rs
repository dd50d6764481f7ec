//! What the environment says about who we are for AWS. The SDK reads variables and files itself; this is for messages.

use crate::fsio::env::{Env, Var};
use crate::net::aws::Login;

/// Where credentials may come from beside profiles, in the SDK's order.
const VARIABLES: [Var; 4] = [
    Var::AwsAccessKeyId,
    Var::AwsWebIdentityTokenFile,
    Var::AwsContainerCredentialsRelativeUri,
    Var::AwsContainerCredentialsFullUri,
];

/// What it says.
pub fn login(env: &Env) -> Login {
    let file = |var, usual: &str| env.text(var).unwrap_or(usual).to_owned();
    let profile = env.text(Var::AwsProfile).map(str::to_owned);
    let variable = VARIABLES.into_iter().find(|var| env.text(*var).is_some());
    Login {
        // only static credentials come before profiles
        variable: variable.filter(|var| *var == Var::AwsAccessKeyId || profile.is_none()).map(Var::name),
        profile,
        files: format!(
            "{} and {}",
            file(Var::AwsConfigFile, "~/.aws/config"),
            file(Var::AwsSharedCredentialsFile, "~/.aws/credentials")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_environment_says() {
        let of = |pairs: &[(Var, &str)]| login(&Env::from_pairs(pairs.iter().copied()));
        let none = of(&[]);
        assert_eq!((none.profile, none.variable), (None, None));
        assert_eq!(none.files, "~/.aws/config and ~/.aws/credentials");
        let some = of(&[(Var::AwsAccessKeyId, "AKIAHUNTER2"), (Var::AwsProfile, "work"), (Var::AwsConfigFile, "/c")]);
        assert_eq!((some.profile.as_deref(), some.variable), (Some("work"), Some("AWS_ACCESS_KEY_ID")));
        assert_eq!(some.files, "/c and ~/.aws/credentials");
        let both = of(&[(Var::AwsProfile, "work"), (Var::AwsWebIdentityTokenFile, "/t")]);
        assert_eq!(both.variable, None);
    }
}
