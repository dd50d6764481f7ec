//! What went wrong, for people: the cause, and which right is missing. Of what AWS says only its codes, the names of callers,
//! actions and resources are repeated; never an id of a request, a value or a key.

use std::error::Error;

use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};

use crate::net::aws::{Access, Trouble, Why, caller, chain, has_not_left, network, word};
use crate::store::{StoreCause, StoreError};

/// A request that brought nothing, whichever way it went.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// AWS names an error.
    Said { code: String, message: String, status: u16 },
    /// A status without one.
    Status(u16),
    /// No answer in time.
    Late,
    /// What the errors say.
    Failed(Vec<String>),
    /// The answer is larger than any of AWS's.
    TooLarge,
    /// Known before: nobody is let in, or nobody wants an answer any more.
    Known(StoreError),
}

impl Fault {
    /// An error of the SDK.
    pub(super) fn of<E>(error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match error {
            SdkError::ServiceError(failed) => {
                let said = failed.err();
                Self::said(said.code(), said.message(), failed.raw().status().as_u16())
            }
            SdkError::ResponseError(failed) => Self::Status(failed.raw().status().as_u16()),
            SdkError::TimeoutError(_) => Self::Late,
            _ => match chain(error) {
                said if said.iter().any(|text| text == "the answer is too large") => Self::TooLarge,
                said => Self::Failed(said),
            },
        }
    }

    /// What AWS says.
    pub(super) fn said(code: Option<&str>, message: Option<&str>, status: u16) -> Self {
        match word(code.unwrap_or_default()) {
            Some(code) => Self::Said { code: code.to_owned(), message: message.unwrap_or_default().to_owned(), status },
            None => Self::Status(status),
        }
    }

    /// The code, without what older services put behind it.
    pub(super) fn code(&self) -> &str {
        match self {
            Self::Said { code, .. } => code.trim_end_matches("Exception"),
            _ => "",
        }
    }

    /// Whether somebody may not.
    pub(super) fn is_denied(&self) -> bool {
        is_denied(self.code())
    }

    /// Whether the service, or the way to it, is what failed.
    pub(super) fn is_of_the_way(&self) -> bool {
        match self {
            Self::Said { status, .. } | Self::Status(status) => *status >= 500,
            Self::Late | Self::Failed(_) => true,
            Self::TooLarge | Self::Known(_) => false,
        }
    }

    /// Whether the same request may go better soon.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Said { status, .. } => *status >= 500 || *status == 429 || is_throttle(self.code()),
            Self::Status(status) => *status >= 500 || *status == 429,
            Self::Failed(said) => network(said).is_none() && has_not_left(said).is_some(),
            Self::Late | Self::TooLarge | Self::Known(_) => false,
        }
    }
}

fn is_denied(code: &str) -> bool {
    matches!(code, "AccessDenied" | "NotAuthorized" | "AuthorizationError" | "UnauthorizedOperation")
}

fn is_throttle(code: &str) -> bool {
    matches!(
        code,
        "Throttling"
            | "Throttled"
            | "ThrottlingError"
            | "TooManyRequests"
            | "TooManyUpdates"
            | "RequestLimitExceeded"
            | "RequestThrottled"
            | "SlowDown"
    )
}

/// One request, as far as people have to know it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// As IAM names it: `secretsmanager:GetSecretValue`.
    pub(super) action: &'a str,
    /// What it is about, in words: `the secret "a"`.
    pub(super) what: &'a str,
    /// As IAM names it, where AWS does not say: an ARN, or `*`.
    pub(super) resource: &'a str,
    pub(super) access: &'a Access,
    pub(super) host: &'a str,
    pub(super) region: &'a str,
}

impl Asked<'_> {
    /// What went wrong, and what to do.
    pub(super) fn trouble(&self, fault: &Fault) -> StoreError {
        match fault {
            Fault::Said { code, message, status } => self.refused(code, message, *status),
            Fault::Status(status) => self.unnamed(*status),
            Fault::Late => self.unreachable("no answer in time"),
            Fault::Failed(said) => self.never_sent(said),
            Fault::TooLarge => self.error(StoreCause::TooLarge, "the answer is larger than any that AWS gives"),
            Fault::Known(error) => error.clone(),
        }
    }

    fn error(&self, cause: StoreCause, what: &str) -> StoreError {
        StoreError::new(cause, format!("{}: {what}", self.what))
    }

    fn unreachable(&self, why: &str) -> StoreError {
        let cause =
            if why.contains("certificate") || why.contains("TLS") { StoreCause::Tls } else { StoreCause::Unreachable };
        StoreError::new(cause, format!("{}: {why}", self.host))
    }

    fn unnamed(&self, status: u16) -> StoreError {
        let host = self.host;
        match status {
            429 => self.throttled(),
            407 => self.unreachable("the proxy wants a login (407)"),
            500.. => {
                StoreError::new(StoreCause::Unavailable, format!("{host} answers {status}, even when asked again"))
            }
            300..=399 => StoreError::new(
                StoreCause::Odd,
                format!("{host} answers with a redirect ({status}), which is not followed"),
            ),
            _ => StoreError::new(StoreCause::Odd, format!("{host} answers {status}, and nothing that AWS would say"))
                .hint("look at AWS_ENDPOINT_URL and HTTPS_PROXY: something else answers there"),
        }
    }

    fn throttled(&self) -> StoreError {
        StoreError::new(StoreCause::Throttled, format!("{} is asked too often, even after pauses", self.host))
            .hint("ask for fewer secrets or less often, or have the quota of the account raised")
    }

    /// An error that AWS names.
    fn refused(&self, code: &str, message: &str, status: u16) -> StoreError {
        let invalid = |text: &str| self.error(StoreCause::Invalid, text);
        match code.trim_end_matches("Exception") {
            code if is_denied(code) => self.denied(message),
            code if is_throttle(code) => self.throttled(),
            "InvalidRequest" | "InvalidParameter" if is_deleted(message) => {
                invalid("it is scheduled for deletion").hint(format!(
                    "have it back with: aws secretsmanager restore-secret --region {} --secret-id NAME",
                    self.region
                ))
            }
            "ResourceNotFound" | "ParameterNotFound" => invalid("it is not there"),
            "ParameterVersionNotFound" => invalid("it has no such version"),
            "DecryptionFailure" | "InvalidKeyId" | "EncryptionFailure" | "KMSInvalidState" | "KMSDisabled" => {
                self.error(StoreCause::Denied, "its KMS key cannot be used").hint(
                    "look whether the key is enabled and its policy allows kms:Decrypt and kms:GenerateDataKey to whoever asks",
                )
            }
            "KMSAccessDenied" => self.kms_denied(),
            "Validation" | "ValidationError" | "InvalidParameter" | "InvalidParameterValue" | "InvalidRequest" | "MalformedPolicyDocument"
            | "HierarchyLevelLimitExceeded" | "InvalidNextToken" => {
                invalid(&format!("AWS does not take the request ({code})"))
            }
            "ResourceExists" | "ParameterAlreadyExists" => self.error(StoreCause::Conflict, "somebody else made it meanwhile"),
            "LimitExceeded" | "ParameterLimitExceeded" | "ParameterMaxVersionLimitExceeded" => {
                invalid(&format!("a quota of the account is used up ({code})"))
            }
            "ExpiredToken" | "TokenRefreshRequired" | "RequestExpired" => self.login(self.access.expired()),
            "InvalidSignature" | "SignatureDoesNotMatch"
                if message.contains("expired") || message.contains("not yet current") =>
            {
                self.login(self.access.clock())
            }
            "RequestTimeTooSkewed" => self.login(self.access.clock()),
            "UnrecognizedClient"
            | "InvalidClientTokenId"
            | "InvalidAccessKeyId"
            | "AuthFailure"
            | "InvalidSignature"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "InvalidToken"
            | "MissingAuthenticationToken" => self.login(self.access.unknown()),
            _ if status >= 500 => StoreError::new(
                StoreCause::Unavailable,
                format!("{} has a fault of its own ({code}), even when asked again", self.host),
            ),
            _ => StoreError::new(StoreCause::Odd, format!("{}: {} answers {status}: {code}", self.what, self.host)),
        }
    }

    fn kms_denied(&self) -> StoreError {
        let who = &self.access.source;
        self.error(StoreCause::Denied, &format!("whoever {who} stands for may not use its KMS key"))
            .hint("allow kms:Decrypt on that key, in its policy or in one of the caller")
    }

    /// Somebody may not: which right is missing, in the words of IAM.
    fn denied(&self, message: &str) -> StoreError {
        if message.contains("Access to KMS is not allowed") {
            return self.kms_denied();
        }
        let action = after(message, "is not authorized to perform: ").filter(|text| is_action(text));
        let action = action.unwrap_or(self.action);
        let said = after(message, "on resource: ").filter(|text| is_arn(text));
        let account = caller(message).and_then(|arn| arn.split(':').nth(4)).unwrap_or("*");
        let resource = match said {
            Some(arn) => arn.to_owned(),
            None => self.resource.replacen("ACCOUNT", account, 1),
        };
        let trouble = self.access.denied(action, &format!("on {}", self.what), message);
        let missing = if message.contains("explicit deny") {
            format!("a policy denies {action} on {resource} explicitly; that one has to change")
        } else {
            format!(
                "allow it in a policy: {{\"Effect\": \"Allow\", \"Action\": \"{action}\", \"Resource\": \"{resource}\"}}"
            )
        };
        StoreError::new(StoreCause::Denied, trouble.text).hint(missing)
    }

    /// Trouble with who we are.
    pub(super) fn login(&self, trouble: Trouble) -> StoreError {
        login_error(trouble)
    }

    /// Trouble before anything was sent: credentials, or the network.
    fn never_sent(&self, chain: &[String]) -> StoreError {
        if let Some(trouble) = self.access.no_credentials(chain) {
            return login_error(trouble);
        }
        match network(chain) {
            Some(why) => self.unreachable(&why),
            None => match has_not_left(chain) {
                Some(why) => self.unreachable(why),
                None => {
                    StoreError::new(StoreCause::Odd, format!("{} gives an answer that is not one of AWS", self.host))
                        .hint("look at AWS_ENDPOINT_URL and HTTPS_PROXY: something else answers there")
                }
            },
        }
    }
}

/// What is wrong with a login.
pub(super) fn login_error(trouble: Trouble) -> StoreError {
    let cause = match trouble.why {
        Why::NoCredentials => StoreCause::Login,
        Why::Denied => StoreCause::Denied,
        Why::Unreachable => StoreCause::Unreachable,
    };
    let error = StoreError::new(cause, trouble.text);
    match trouble.hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// Whether AWS says that a secret is on its way out.
pub(super) fn is_deleted(message: &str) -> bool {
    ["marked for deletion", "marked deleted", "scheduled for deletion"].iter().any(|text| message.contains(text))
}

fn after<'a>(message: &'a str, before: &str) -> Option<&'a str> {
    message.split(before).nth(1)?.split_whitespace().next()
}

fn is_action(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    text.len() <= 100
        && text.split_once(':').is_some_and(|(a, b)| [a, b].iter().all(|s| !s.is_empty() && s.bytes().all(is_plain)))
}

fn is_arn(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
    text.starts_with("arn:aws") && text.len() <= 2048 && text.bytes().all(is_plain)
}
