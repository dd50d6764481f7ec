//! What the SDK's errors mean for people. Of what servers say only their codes and the name of the caller are repeated:
//! an answer may quote the request, which holds the data key.

use std::error::Error;

use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};

use crate::keyservice::error::{Cause, KeyError};

/// Longer codes and names are nobody's.
const LONGEST_WORD: usize = 200;
/// No error has more causes below it.
const DEEPEST: usize = 32;

/// What was wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verb {
    Encrypt,
    Decrypt,
}

impl Verb {
    fn action(self) -> &'static str {
        match self {
            Self::Encrypt => "kms:Encrypt",
            Self::Decrypt => "kms:Decrypt",
        }
    }
}

/// One request, as far as people have to know it.
#[derive(Clone, Debug)]
pub(super) struct Asked<'a> {
    pub(super) verb: Verb,
    pub(super) arn: &'a str,
    pub(super) region: &'a str,
    pub(super) role: Option<&'a str>,
    /// The profile that was used, if a name was given.
    pub(super) profile: Option<String>,
    /// The variable that the credentials come from.
    pub(super) variable: Option<&'static str>,
    pub(super) has_context: bool,
    /// Where the credentials come from, in words.
    pub(super) source: String,
    pub(super) host: String,
}

impl Asked<'_> {
    /// What went wrong, and the next command.
    pub(super) fn trouble<E>(&self, error: &SdkError<E>) -> KeyError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match error {
            SdkError::ServiceError(failed) => {
                let said = failed.err();
                let status = failed.raw().status().as_u16();
                match word(said.code().unwrap_or_default()) {
                    Some(code) => self.refused(code, said.message().unwrap_or_default(), status),
                    None => self.unnamed(status),
                }
            }
            SdkError::ResponseError(failed) => self.unnamed(failed.raw().status().as_u16()),
            SdkError::TimeoutError(_) => self.unreachable("no answer in time"),
            _ => self.never_sent(&chain(error)),
        }
    }

    /// An answer that is none of KMS's.
    pub(super) fn bad_answer(&self) -> KeyError {
        KeyError::service(Cause::BadAnswer, format!("{} gives an answer that is not one of AWS KMS", self.host))
            .with_hint("look at AWS_ENDPOINT_URL_KMS, AWS_ENDPOINT_URL and HTTPS_PROXY: something else answers there")
    }

    fn unreachable(&self, why: &str) -> KeyError {
        KeyError::service(Cause::Unreachable, format!("{}: {why}", self.host))
    }

    /// A status without an error of KMS's.
    fn unnamed(&self, status: u16) -> KeyError {
        let host = &self.host;
        match status {
            300..=399 => {
                let text = format!("{host} answers with a redirect ({status}), which is not followed");
                KeyError::service(Cause::BadAnswer, text).with_hint("name the right place in AWS_ENDPOINT_URL_KMS")
            }
            429 => self.throttled(),
            407 => self.unreachable("the proxy wants a login (407)"),
            500.. => KeyError::service(Cause::Unreachable, format!("{host} answers {status}, even when asked again")),
            200..=299 => self.bad_answer(),
            _ => {
                KeyError::service(Cause::BadAnswer, format!("{host} answers {status}, and nothing that KMS would say"))
            }
        }
    }

    fn throttled(&self) -> KeyError {
        let text = format!("{} is asked too often, even after pauses", self.host);
        KeyError::service(Cause::Throttled, text).with_hint("wait a minute and run it again")
    }

    /// An error that KMS names.
    fn refused(&self, code: &str, message: &str, status: u16) -> KeyError {
        let Self { arn, region, .. } = *self;
        let service = |cause, text: String| KeyError::service(cause, text);
        match code.trim_end_matches("Exception") {
            "AccessDenied" | "NotAuthorized" | "AuthorizationError" => self.denied(self.verb.action(), arn, message),
            "NotFound" => service(Cause::Unusable, format!("there is no key {arn}"))
                .with_hint(format!("compare with: aws kms list-aliases --region {region}")),
            "Disabled" => service(Cause::Unusable, format!("{arn} is disabled"))
                .with_hint(format!("whoever manages it can run: aws kms enable-key --region {region} --key-id {arn}")),
            "KMSInvalidState" if message.contains("pending deletion") => {
                service(Cause::Unusable, format!("{arn} is going to be deleted and cannot be used")).with_hint(format!(
                    "whoever manages it can run: aws kms cancel-key-deletion --region {region} --key-id {arn}"
                ))
            }
            "KMSInvalidState" | "KeyUnavailable" => {
                service(Cause::Unusable, format!("{arn} is in a state in which it cannot be used"))
                    .with_hint(format!("look at KeyState in: aws kms describe-key --region {region} --key-id {arn}"))
            }
            "InvalidKeyUsage" => service(Cause::Unusable, format!("{arn} is not a key for symmetric encryption")),
            "InvalidCiphertext" if self.has_context => service(
                Cause::Ciphertext,
                "the wrapped key does not open with this key and this encryption context".into(),
            )
            .with_hint("the context has to be the one it was encrypted with; a file that sops before 3.3.0 wrote has to be rotated by sops once"),
            "InvalidCiphertext" => service(Cause::Ciphertext, "the wrapped key does not open with this key".into())
                .with_hint("it was changed, or encrypted with an encryption context that the file does not state"),
            "IncorrectKey" => service(Cause::Ciphertext, format!("the wrapped key was made by another key than {arn}")),
            "Throttling" | "TooManyRequests" | "LimitExceeded" | "RequestLimitExceeded" | "SlowDown" => {
                self.throttled()
            }
            "ExpiredToken" | "TokenRefreshRequired" | "RequestExpired" => self.expired(),
            "InvalidSignature" if message.contains("expired") || message.contains("not yet current") => self.clock(),
            "RequestTimeTooSkewed" => self.clock(),
            "UnrecognizedClient"
            | "InvalidClientTokenId"
            | "InvalidAccessKeyId"
            | "AuthFailure"
            | "InvalidSignature"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "MissingAuthenticationToken" => {
                let text = format!("AWS does not know the credentials of {}", self.source);
                service(Cause::NoCredentials, text).with_hint(self.login())
            }
            "KMSInternal" | "DependencyTimeout" | "InternalFailure" | "ServiceUnavailable" => service(
                Cause::Unreachable,
                format!("{} has a fault of its own ({code}), even when asked again", self.host),
            ),
            _ => service(Cause::BadAnswer, format!("{} answers {status}: {code}", self.host)),
        }
    }

    fn denied(&self, action: &str, on: &str, message: &str) -> KeyError {
        let who = caller(message);
        let text = match who {
            Some(who) => format!("{who} may not {action} with {on}"),
            None => format!("whoever {} stands for may not {action} with {on}", self.source),
        };
        let profile = self.profile_option();
        let hint = match who {
            Some(_) => format!("ask whoever manages the key for {action}, or use another profile"),
            None => format!("see who you are with: aws sts get-caller-identity{profile}; that one needs {action}"),
        };
        KeyError::service(Cause::Denied, text).with_hint(hint)
    }

    fn expired(&self) -> KeyError {
        KeyError::service(Cause::NoCredentials, format!("the login of {} has expired", self.source))
            .with_hint(self.login())
    }

    fn clock(&self) -> KeyError {
        KeyError::service(Cause::NoCredentials, "AWS does not take the signature: this machine's clock is wrong")
            .with_hint("set the clock")
    }

    fn profile_option(&self) -> String {
        self.profile.as_ref().map(|profile| format!(" --profile {profile}")).unwrap_or_default()
    }

    fn login(&self) -> String {
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

    /// Trouble before anything was sent: credentials, or the network.
    fn never_sent(&self, chain: &[String]) -> KeyError {
        let has = |part: &str| chain.iter().any(|text| text.contains(part));
        let of_credentials = [
            "credential provider",
            "credentials provider",
            "loading credentials",
            "credentials error",
            "no providers in chain",
        ];
        if of_credentials.into_iter().any(has) {
            return self.no_credentials(chain);
        }
        match network(chain) {
            Some(why) => self.unreachable(&why),
            None if has("timeout") || has("timed out") => self.unreachable("no answer in time"),
            None if has("handshake") || has("connection closed") || has("reset by peer") || has("error (Connect)") => {
                self.unreachable("the connection broke")
            }
            None => self.bad_answer(),
        }
    }

    fn no_credentials(&self, chain: &[String]) -> KeyError {
        let has = |part: &str| chain.iter().any(|text| text.contains(part));
        let none = |text: String| KeyError::service(Cause::NoCredentials, text);
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
            return KeyError::service(Cause::Unreachable, format!("the place that gives credentials for AWS: {why}"));
        }
        if has("timed out") || has("timeout") {
            return KeyError::service(
                Cause::Unreachable,
                "the place that gives credentials for AWS does not answer in time",
            );
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
    fn refused_login(&self, code: &str, chain: &[String]) -> KeyError {
        let message =
            chain.iter().find(|text| text.contains("is not authorized to perform")).map_or("", String::as_str);
        match (code.trim_end_matches("Exception"), self.role) {
            ("AccessDenied", Some(role)) => self.denied("sts:AssumeRole", role, message),
            ("ExpiredToken" | "Unauthorized", _) => self.expired(),
            ("RequestTimeTooSkewed", _) => self.clock(),
            (_, Some(role)) => {
                KeyError::service(Cause::Denied, format!("the role {role} cannot be assumed: AWS answers {code}"))
            }
            (_, None) => {
                KeyError::service(Cause::NoCredentials, format!("AWS gives no credentials to {}: {code}", self.source))
                    .with_hint(self.login())
            }
        }
    }
}

/// Whether the same request would fail again: no such host, nobody there, a bad certificate.
pub(super) fn will_not_pass(error: &(dyn Error + 'static)) -> bool {
    network(&chain(error)).is_some()
}

/// Why no connection came about.
fn network(chain: &[String]) -> Option<String> {
    let find = |part: &str| chain.iter().find(|text| text.contains(part));
    if let Some(text) = find("invalid peer certificate") {
        let what = text.split("invalid peer certificate: ").nth(1).unwrap_or_default();
        let what: String = what.chars().take_while(char::is_ascii_alphanumeric).collect();
        return Some(format!("its certificate is not trusted ({what})"));
    }
    if find("received corrupt message").is_some() || find("received fatal alert").is_some() {
        return Some("it does not speak TLS as we do".into());
    }
    if find("dns error").is_some() || find("failed to lookup address").is_some() {
        return Some("there is no host of that name, or no network".into());
    }
    if find("tcp connect error").is_some() || find("connection refused").is_some() {
        return Some("no connection".into());
    }
    find("connect timeout").map(|_| "no connection in time".into())
}

/// What an error says, and what those below it say.
fn chain(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut found = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next.filter(|_| found.len() < DEEPEST) {
        found.push(error.to_string());
        next = error.source();
    }
    found
}

/// The code in `unhandled error (CODE)`, as operations without errors of their own say it.
fn unhandled_code(text: &str) -> Option<&str> {
    word(text.split("unhandled error (").nth(1)?.split(')').next()?)
}

/// A word of letters, if it is one.
fn word(text: &str) -> Option<&str> {
    // older protocols put a namespace before it
    let text = text.rsplit('#').next().unwrap_or_default();
    let is_word =
        !text.is_empty() && text.len() <= LONGEST_WORD && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
    is_word.then_some(text)
}

/// Who we are, as the service says it: `User: arn:aws:… is not authorized to perform: …`.
fn caller(message: &str) -> Option<&str> {
    let who = message.split("User: ").nth(1)?.split(" is not authorized").next()?;
    let is_arn =
        who.starts_with("arn:aws") && who.len() <= LONGEST_WORD && who.bytes().all(|byte| byte.is_ascii_graphic());
    is_arn.then_some(who)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_and_names_are_repeated() {
        assert_eq!(word("com.amazonaws.kms#NotFoundException"), Some("NotFoundException"));
        assert_eq!(unhandled_code("unhandled error (AccessDenied)"), Some("AccessDenied"));
        for bad in ["", "a b", "<b>", "x\n", &"x".repeat(201)] {
            assert_eq!(word(bad), None, "{bad}");
        }
        let me = "arn:aws:sts::1:assumed-role/r/s";
        assert_eq!(caller(&format!("User: {me} is not authorized to perform: x")), Some(me));
        for bad in ["", "User: eve is not authorized", "User: arn:aws:\u{1b}[0m is not authorized"] {
            assert_eq!(caller(bad), None, "{bad}");
        }
    }

    #[test]
    fn certificates_are_named() {
        let chain = ["io error".to_owned(), "invalid peer certificate: Expired; x".to_owned()];
        assert_eq!(network(&chain).unwrap(), "its certificate is not trusted (Expired)");
        assert_eq!(network(&["connection reset by peer".to_owned()]), None);
    }
}
