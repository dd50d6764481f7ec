//! What is read of an answer, and what it means for people. Of its body only the code and the name of the caller are used:
//! it may quote the request.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::byte_stream::error::Error as StreamError;

use super::error::{S3Cause, S3Error};
use super::place::Object;
use crate::net::aws::{Access, has_not_left, is_region, network, word};
use crate::net::retry;

/// Errors of S3 have some hundred bytes.
const LIMIT: usize = 64 * 1024;

/// An answer, as far as it matters.
#[derive(Clone, Default, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// In seconds.
    pub(super) retry_after: Option<u64>,
    /// The region that the bucket is in, when the answer says it.
    region: Option<String>,
    /// The object that was written has one.
    has_tag: bool,
    /// The beginning of it; nothing when all is well.
    body: String,
}

impl Answer {
    /// Reads one; of what is too long, only the beginning.
    pub(super) async fn read(response: HttpResponse) -> Result<Self, StreamError> {
        let header = |name: &str| response.headers().get(name).map(str::to_owned);
        let mut answer = Self {
            status: response.status().as_u16(),
            retry_after: header("retry-after").and_then(|text| text.parse().ok()),
            region: header("x-amz-bucket-region").filter(|region| is_region(region)),
            has_tag: header("etag").is_some(),
            body: String::new(),
        };
        if (200..300).contains(&answer.status) {
            return Ok(answer);
        }
        let mut stream = ByteStream::new(response.into_body());
        let mut bytes = Vec::new();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk?;
            let room = LIMIT - bytes.len();
            bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if bytes.len() == LIMIT {
                break;
            }
        }
        answer.body = String::from_utf8_lossy(&bytes).into_owned();
        Ok(answer)
    }

    /// What stands in an element of the error.
    fn element(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.body.split_once(&format!("<{name}>"))?;
        Some(rest.split_once('<')?.0.trim())
    }

    fn code(&self) -> Option<&str> {
        word(self.element("Code")?)
    }

    /// Whether the same request may go better soon.
    pub(super) fn is_worth_it(&self) -> bool {
        retry::is_worth_it(self.status) || self.code().is_some_and(|code| code == "RequestTimeout" || is_throttle(code))
    }

    /// The other region that has to be asked.
    pub(super) fn elsewhere(&self, asked: &str) -> Option<String> {
        let is_hint = matches!(self.status, 301 | 307 | 400);
        self.region.clone().filter(|region| is_hint && region != asked)
    }
}

/// Codes that mean "not so fast".
fn is_throttle(code: &str) -> bool {
    let code = code.trim_end_matches("Exception");
    matches!(
        code,
        "SlowDown"
            | "Throttling"
            | "Throttled"
            | "RequestThrottled"
            | "TooManyRequests"
            | "RequestLimitExceeded"
            | "BandwidthLimitExceeded"
            | "LimitExceeded"
    )
}

/// One request, as far as people have to know it.
#[derive(Clone, Debug)]
pub(super) struct Asked<'a> {
    pub(super) object: &'a Object,
    pub(super) region: &'a str,
    pub(super) host: String,
    /// Whether somebody named the host.
    pub(super) is_own: bool,
    pub(super) access: &'a Access,
}

impl Asked<'_> {
    /// Whether an answer says that the object is there.
    pub(super) fn verdict(&self, answer: &Answer) -> Result<(), S3Error> {
        match answer.status {
            200..=299 if answer.has_tag => Ok(()),
            200..=299 => Err(self.not_s3()),
            _ => Err(self.refused(answer)),
        }
    }

    /// No answer in time.
    pub(super) fn late(&self) -> S3Error {
        self.unreachable("no answer in time")
    }

    /// No answer; what the errors say.
    pub(super) fn unanswered(&self, said: &[String]) -> S3Error {
        match network(said) {
            Some(why) => self.unreachable(&why),
            None => self.unreachable(has_not_left(said).unwrap_or("the connection broke, or what came is not HTTP")),
        }
    }

    fn unreachable(&self, why: &str) -> S3Error {
        S3Error::new(S3Cause::Unreachable, format!("{}: {why}", self.host)).with_hint(match self.is_own {
            true => "is AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL right, and does the server run?".to_owned(),
            false => format!(
                "is there a network, is {} the region that was meant (AWS_REGION), and if HTTPS_PROXY names a proxy, does \
                 it answer?",
                self.region
            ),
        })
    }

    fn not_s3(&self) -> S3Error {
        S3Error::new(S3Cause::Unreachable, format!("{} gives an answer that is not one of Amazon S3", self.host))
            .with_hint("look at AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL and HTTPS_PROXY: something else answers there")
    }

    fn refused(&self, answer: &Answer) -> S3Error {
        let Self { object, host, .. } = self;
        let status = answer.status;
        let no = |text: String| S3Error::new(S3Cause::Refused, text);
        let bucket = object.bucket();
        match answer.code() {
            Some(code) if is_throttle(code) => self.throttled(),
            Some("AccessDenied" | "AllAccessDisabled" | "AccountProblem" | "NotSignedUp") => {
                let message = answer.element("Message").unwrap_or_default();
                self.access.denied("s3:PutObject", &format!("to {object}"), message).into()
            }
            Some("NoSuchBucket") => no(format!("{host} has no bucket {bucket}"))
                .with_hint("compare s3_bucket of the destination rule with: aws s3 ls"),
            Some("InvalidBucketName") => no(format!("{bucket} cannot be the name of a bucket"))
                .with_hint("compare s3_bucket of the destination rule with: aws s3 ls"),
            Some("KeyTooLongError") => no(format!("the key of {object} is too long")),
            Some("EntityTooLarge") => no(format!("{object} would be larger than {host} allows")),
            Some("ExpiredToken" | "TokenRefreshRequired" | "RequestExpired") => self.access.expired().into(),
            Some("RequestTimeTooSkewed") => self.access.clock().into(),
            Some(
                "InvalidAccessKeyId"
                | "SignatureDoesNotMatch"
                | "InvalidToken"
                | "InvalidClientTokenId"
                | "UnrecognizedClientException"
                | "InvalidSecurity",
            ) => self.access.unknown().into(),
            _ if (300..400).contains(&status) => self.redirect(status),
            Some(code) if status >= 500 => {
                let text = format!("{host} has a fault of its own ({code}), even when asked again");
                S3Error::new(S3Cause::Unreachable, text).with_hint("wait a while and run it again")
            }
            Some(code) => no(format!("{host} answers {status}: {code}")).with_hint(format!(
                "the codes are explained in Amazon's list of error responses of S3; bucket: {bucket}"
            )),
            None if status == 429 => self.throttled(),
            None if status == 407 => S3Error::new(S3Cause::Unreachable, "the proxy wants a login (407)")
                .with_hint("the proxy is in HTTPS_PROXY or HTTP_PROXY"),
            None if status >= 500 => {
                S3Error::new(S3Cause::Unreachable, format!("{host} answers {status}, even when asked again"))
                    .with_hint("wait a while and run it again")
            }
            None => {
                S3Error { text: format!("{host} answers {status}, and nothing that S3 would say"), ..self.not_s3() }
            }
        }
    }

    fn throttled(&self) -> S3Error {
        S3Error::new(S3Cause::Unreachable, format!("{} is asked too often, even after pauses", self.host))
            .with_hint("wait a minute and run it again")
    }

    fn redirect(&self, status: u16) -> S3Error {
        let text = format!("{} answers with a redirect ({status}), which is not followed", self.host);
        let hint = match self.is_own {
            true => "name the right place in AWS_ENDPOINT_URL_S3".to_owned(),
            false => {
                let bucket = self.object.bucket();
                format!("set AWS_REGION to what this says: aws s3api get-bucket-location --bucket {bucket}")
            }
        };
        S3Error::new(S3Cause::Unreachable, text).with_hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::aws::Login;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, body: body.to_owned(), ..Answer::default() }
    }

    #[test]
    fn another_try() {
        let slow = "<?xml version=\"1.0\"?>\n<Error><Code>SlowDown</Code><Message>canary</Message></Error>";
        assert!(answer(503, "").is_worth_it() && answer(500, "").is_worth_it() && answer(400, slow).is_worth_it());
        assert!(answer(400, "<Error><Code>RequestTimeout</Code></Error>").is_worth_it());
        for status in [200, 301, 400, 403, 404, 501] {
            assert!(!answer(status, "<Error><Code>Other</Code></Error>").is_worth_it(), "{status}");
        }
    }

    #[test]
    fn another_region() {
        let of = |status, region: &str| Answer { region: Some(region.into()), ..answer(status, "") };
        assert_eq!(of(301, "eu-west-1").elsewhere("us-east-1").as_deref(), Some("eu-west-1"));
        assert_eq!(of(400, "eu-west-1").elsewhere("us-east-1").as_deref(), Some("eu-west-1"));
        assert_eq!(of(301, "us-east-1").elsewhere("us-east-1"), None);
        assert_eq!(of(403, "eu-west-1").elsewhere("us-east-1"), None);
        assert_eq!(answer(301, "").elsewhere("us-east-1"), None);
    }

    #[test]
    fn nothing_of_a_body_is_repeated_but_codes() {
        let object = Object::new("abc", "k").unwrap();
        let login = Login { files: "FILES".into(), ..Login::default() };
        let access = login.access("", None);
        let asked = Asked { object: &object, region: "r", host: "HOST".into(), is_own: false, access: &access };
        for (status, body, cause, words) in [
            (
                403,
                "<Code>AccessDenied</Code><Message>canary</Message>",
                S3Cause::Refused,
                "may not s3:PutObject to s3://abc/k",
            ),
            (
                404,
                "<Code>NoSuchBucket</Code><BucketName>canary</BucketName>",
                S3Cause::Refused,
                "HOST has no bucket abc",
            ),
            (400, "<Code>can ary</Code>", S3Cause::Unreachable, "HOST answers 400, and nothing that S3 would say"),
            (400, "<Code>canary", S3Cause::Unreachable, "HOST answers 400, and nothing that S3 would say"),
            (409, "<Code>OperationAborted</Code>canary", S3Cause::Refused, "HOST answers 409: OperationAborted"),
            (301, "canary", S3Cause::Unreachable, "HOST answers with a redirect (301), which is not followed"),
            (503, "canary", S3Cause::Unreachable, "HOST answers 503, even when asked again"),
            (503, "<Code>SlowDown</Code>", S3Cause::Unreachable, "HOST is asked too often"),
            (200, "", S3Cause::Unreachable, "HOST gives an answer that is not one of Amazon S3"),
        ] {
            let error = asked.verdict(&answer(status, body)).unwrap_err();
            assert_eq!(error.cause, cause, "{body}");
            assert!(error.text.contains(words) && error.hint.is_some(), "{error:?}");
            assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        }
        let caller = "<Code>AccessDenied</Code><Message>User: arn:aws:iam::1:user/eve is not authorized to perform: \
                      s3:PutObject on resource: canary</Message>";
        let error = asked.verdict(&answer(403, caller)).unwrap_err();
        assert_eq!(error.text, "arn:aws:iam::1:user/eve may not s3:PutObject to s3://abc/k");
    }
}
