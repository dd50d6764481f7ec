//! Who we are for AWS, as far as people have to know it, and what is wrong with that. Holds no credential.

use super::words::{caller, network, unhandled_code};

/// What the environment says about logins. The SDK reads it by itself; this is what we say about it.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Login {
    /// `AWS_PROFILE`.
    pub profile: Option<String>,
    /// The first variable that is set and that credentials come from.
    pub variable: Option<&'static str>,
    /// The files with profiles, as people read them.
    pub files: String,
}

impl Login {
    /// Where credentials come from, in words; `named` is a profile that comes before everything else, empty for none.
    pub fn source(&self, named: &str) -> String {
        let Self { profile, variable, files } = self;
        match (named, variable, profile.as_deref()) {
            ("", Some(variable), _) => (*variable).to_owned(),
            ("", None, None) => format!("the profile default in {files}, then the machine's own role"),
            ("", None, Some(profile)) | (profile, ..) => format!("the profile {profile} in {files}"),
        }
    }

    /// Who one request is made as, with that profile and that role if there are any.
    pub fn access(&self, named: &str, role: Option<&str>) -> Access {
        let given = Some(named.to_owned()).filter(|profile| !profile.is_empty());
        let variable = self.variable.filter(|_| given.is_none());
        Access {
            profile: given.or_else(|| self.profile.clone()).filter(|_| variable.is_none()),
            variable,
            role: role.map(str::to_owned),
            source: self.source(named),
            renew: None,
        }
    }
}

/// Who a request is made as.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Access {
    /// The profile that is used, if a name was given.
    profile: Option<String>,
    /// The variable that the credentials come from.
    variable: Option<&'static str>,
    role: Option<String>,
    /// Where the credentials come from, in words.
    pub source: String,
    /// How whoever gave the credentials gets new ones.
    renew: Option<String>,
}

/// The kinds of trouble with access.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// Nobody is logged in.
    NoCredentials,
    /// Whoever is logged in may not.
    Denied,
    /// Who gives credentials does not answer.
    Unreachable,
}

/// What is wrong, and the next command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trouble {
    /// The kind.
    pub why: Why,
    /// One line.
    pub text: String,
    /// What to try.
    pub hint: Option<String>,
}

impl Trouble {
    fn new(why: Why, text: impl Into<String>) -> Self {
        Self { why, text: text.into(), hint: None }
    }

    fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl Access {
    /// As whom somebody says: `source` is where the credentials come from and `renew` how to get others, in words.
    pub fn given(source: impl Into<String>, renew: impl Into<String>, role: Option<&str>) -> Self {
        let role = role.map(str::to_owned);
        Self { profile: None, variable: None, role, source: source.into(), renew: Some(renew.into()) }
    }

    /// Somebody may not do `action` where `on` says, such as `with KEY`; `message` is the service's.
    pub fn denied(&self, action: &str, on: &str, message: &str) -> Trouble {
        let who = caller(message);
        let text = match who {
            Some(who) => format!("{who} may not {action} {on}"),
            None => format!("whoever {} stands for may not {action} {on}", self.source),
        };
        let profile = self.profile_option();
        let hint = match who {
            Some(_) => format!("ask whoever manages it for {action}, or use another profile"),
            None => format!("see who you are with: aws sts get-caller-identity{profile}; that one needs {action}"),
        };
        Trouble::new(Why::Denied, text).with_hint(hint)
    }

    /// The credentials were good once.
    pub fn expired(&self) -> Trouble {
        Trouble::new(Why::NoCredentials, format!("the login of {} has expired", self.source)).with_hint(self.login())
    }

    /// The credentials are nobody's.
    pub fn unknown(&self) -> Trouble {
        Trouble::new(Why::NoCredentials, format!("AWS does not know the credentials of {}", self.source))
            .with_hint(self.login())
    }

    /// Signatures have a time.
    pub fn clock(&self) -> Trouble {
        Trouble::new(Why::NoCredentials, "AWS does not take the signature: this machine's clock is wrong")
            .with_hint("set the clock")
    }

    fn profile_option(&self) -> String {
        self.profile.as_ref().map(|profile| format!(" --profile {profile}")).unwrap_or_default()
    }

    /// How to become somebody.
    fn login(&self) -> String {
        if let Some(renew) = &self.renew {
            return renew.clone();
        }
        match (&self.profile, self.variable) {
            (Some(profile), _) => {
                format!(
                    "log in with: aws sso login --profile {profile}, or set it up: aws configure --profile {profile}"
                )
            }
            (None, Some(variable)) => {
                format!("set {variable} and what belongs to it anew, or take it away and use a profile")
            }
            (None, None) => "log in with: aws sso login, or set up a profile: aws configure sso; \
                             AWS_PROFILE and aws_profile choose between several"
                .into(),
        }
    }

    /// The trouble of somebody who got no credentials; `None` when the errors are about something else.
    pub fn no_credentials(&self, chain: &[String]) -> Option<Trouble> {
        let has = |part: &str| chain.iter().any(|text| text.contains(part));
        let of_credentials = [
            "credential provider",
            "credentials provider",
            "loading credentials",
            "credentials error",
            "no providers in chain",
        ];
        of_credentials.into_iter().any(has).then(|| self.nobody(chain))
    }

    /// The same when it is known that the errors are about credentials.
    pub fn nobody(&self, chain: &[String]) -> Trouble {
        let has = |part: &str| chain.iter().any(|text| text.contains(part));
        let none = |text: String| Trouble::new(Why::NoCredentials, text);
        let profile = self.profile.as_deref().unwrap_or("default");
        // the role comes first: its error has those of the credentials below it in other words
        if let Some(code) = chain.iter().find_map(|text| unhandled_code(text)) {
            return self.refused_login(code, chain);
        }
        if has("SSO token has expired") || has("ExpiredTokenException") || has("UnauthorizedException") {
            return self.expired();
        }
        if has("cached SSO token") {
            return none(format!("nobody is logged in for the profile {profile} (AWS IAM Identity Center)"))
                .with_hint(self.login());
        }
        if has("was not defined") || has("No profiles were defined") {
            return none(format!("there is no profile {profile}: looked at {}", self.source)).with_hint(format!(
                "set it up: aws configure --profile {profile}, or see which there are: aws configure list-profiles"
            ));
        }
        if has("missing credential source") || has("nvalid profile") || has("nvalid credential source") {
            return none(format!("the profile {profile} is wrong: it names a source of credentials that is not there"))
                .with_hint(format!("look at it: aws configure list{}", self.profile_option()));
        }
        if has("credential_process") || has("credential process") || has("external process") {
            return none(format!("the credential_process of the profile {profile} failed"))
                .with_hint(format!("try it: aws sts get-caller-identity{}", self.profile_option()));
        }
        if let Some(why) = network(chain) {
            return Trouble::new(Why::Unreachable, format!("the place that gives credentials for AWS: {why}"));
        }
        if has("timed out") || has("timeout") {
            return Trouble::new(Why::Unreachable, "the place that gives credentials for AWS does not answer in time");
        }
        if self.profile.is_some() {
            return none(format!("{} says nothing that credentials could come from", self.source))
                .with_hint(self.login());
        }
        let text = format!(
            "nobody is logged in to AWS: looked at AWS_ACCESS_KEY_ID, AWS_WEB_IDENTITY_TOKEN_FILE, {}",
            self.source
        );
        none(text).with_hint(self.login())
    }

    /// STS, or whoever gives credentials, says no.
    fn refused_login(&self, code: &str, chain: &[String]) -> Trouble {
        let message =
            chain.iter().find(|text| text.contains("is not authorized to perform")).map_or("", String::as_str);
        match (code.trim_end_matches("Exception"), &self.role) {
            ("AccessDenied", Some(role)) => self.denied("sts:AssumeRole", &format!("with {role}"), message),
            ("ExpiredToken" | "Unauthorized", _) => self.expired(),
            ("RequestTimeTooSkewed", _) => self.clock(),
            (_, Some(role)) => {
                Trouble::new(Why::Denied, format!("the role {role} cannot be assumed: AWS answers {code}"))
            }
            (_, None) => {
                Trouble::new(Why::NoCredentials, format!("AWS gives no credentials to {}: {code}", self.source))
                    .with_hint(self.login())
            }
        }
    }
}
