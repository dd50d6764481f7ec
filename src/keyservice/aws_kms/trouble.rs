//! What the SDK's errors mean for people. Of what servers say only their codes and the name of the caller are repeated:
//! an answer may quote the request, which holds the data key.

use std::error::Error;

use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};

use crate::keyservice::error::{Cause, KeyError};
use crate::net::aws::{Access, Trouble, Why, chain, has_not_left, network, word};

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
    pub(super) has_context: bool,
    pub(super) access: Access,
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
            "AccessDenied" | "NotAuthorized" | "AuthorizationError" => {
                self.access.denied(self.verb.action(), &format!("with {arn}"), message).into()
            }
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
            "ExpiredToken" | "TokenRefreshRequired" | "RequestExpired" => self.access.expired().into(),
            "InvalidSignature" if message.contains("expired") || message.contains("not yet current") => self.access.clock().into(),
            "RequestTimeTooSkewed" => self.access.clock().into(),
            "UnrecognizedClient"
            | "InvalidClientTokenId"
            | "InvalidAccessKeyId"
            | "AuthFailure"
            | "InvalidSignature"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "MissingAuthenticationToken" => self.access.unknown().into(),
            "KMSInternal" | "DependencyTimeout" | "InternalFailure" | "ServiceUnavailable" => service(
                Cause::Unreachable,
                format!("{} has a fault of its own ({code}), even when asked again", self.host),
            ),
            _ => service(Cause::BadAnswer, format!("{} answers {status}: {code}", self.host)),
        }
    }

    /// Trouble before anything was sent: credentials, or the network.
    fn never_sent(&self, chain: &[String]) -> KeyError {
        if let Some(trouble) = self.access.no_credentials(chain) {
            return trouble.into();
        }
        match network(chain) {
            Some(why) => self.unreachable(&why),
            None => has_not_left(chain).map_or_else(|| self.bad_answer(), |why| self.unreachable(why)),
        }
    }
}

impl From<Trouble> for KeyError {
    fn from(trouble: Trouble) -> Self {
        let cause = match trouble.why {
            Why::NoCredentials => Cause::NoCredentials,
            Why::Denied => Cause::Denied,
            Why::Unreachable => Cause::Unreachable,
        };
        let error = Self::service(cause, trouble.text);
        match trouble.hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}
