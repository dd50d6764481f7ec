//! Names of AWS KMS keys and of roles, checked before anybody is called: a file that somebody else wrote must not decide
//! which host gets a data key. Stricter than sops 3.13.2 `kms/keysource.go`, whose pattern allows anything as a region.

use crate::keyservice::error::{Cause, KeyError};
use crate::net::aws::{domain, is_region};

/// AWS allows 2,048 characters in any ARN.
const LONGEST: usize = 2048;
/// So much of a wrong one is shown.
const SHOWN: usize = 120;

/// The region of a key's ARN, `arn:aws:kms:REGION:ACCOUNT:key/…` or `…:alias/…`.
///
/// # Errors
/// [`Cause::Malformed`].
pub(super) fn region(arn: &str) -> Result<&str, KeyError> {
    parsed(arn).ok_or_else(|| {
        KeyError::service(Cause::Malformed, format!("{} is not the ARN of an AWS KMS key", shown(arn))).with_hint(
            "write the whole ARN: arn:aws:kms:REGION:ACCOUNT:key/ID or arn:aws:kms:REGION:ACCOUNT:alias/NAME",
        )
    })
}

fn parsed(arn: &str) -> Option<&str> {
    let [start, partition, service, region, account, resource] = parts(arn)?;
    let named = ["key/", "alias/"].iter().find_map(|kind| resource.strip_prefix(kind)).is_some_and(is_name);
    let good =
        start == "arn" && is_partition(partition) && service == "kms" && is_region(region) && is_account(account);
    (good && named).then_some(region)
}

/// Whether this is `arn:aws:iam::ACCOUNT:role/…`.
///
/// # Errors
/// [`Cause::Malformed`].
pub(super) fn check_role(arn: &str) -> Result<(), KeyError> {
    let is_role = parts(arn).is_some_and(|[start, partition, service, region, account, resource]| {
        let named = resource.strip_prefix("role/").is_some_and(is_name);
        start == "arn"
            && is_partition(partition)
            && service == "iam"
            && region.is_empty()
            && is_account(account)
            && named
    });
    if is_role {
        return Ok(());
    }
    Err(KeyError::service(Cause::Malformed, format!("{} is not the ARN of a role", shown(arn)))
        .with_hint("write the whole ARN: arn:aws:iam::ACCOUNT:role/NAME"))
}

/// The host of KMS in a region.
pub(super) fn host(region: &str) -> String {
    format!("kms.{region}.{}", domain(region))
}

fn parts(arn: &str) -> Option<[&str; 6]> {
    if arn.len() > LONGEST {
        return None;
    }
    arn.splitn(6, ':').collect::<Vec<_>>().try_into().ok()
}

/// `aws`, `aws-cn`, `aws-us-gov` and those to come.
fn is_partition(text: &str) -> bool {
    text.strip_prefix("aws").is_some_and(|rest| rest.bytes().all(is_plain))
}

fn is_account(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

/// The text in quotes, on one line, not too long.
fn shown(text: &str) -> String {
    let start: String = text.chars().take(SHOWN).collect();
    let dots = if start.len() < text.len() { "…" } else { "" };
    format!("{start:?}{dots}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions() {
        for (arn, expected) in [
            ("arn:aws:kms:eu-west-1:111122223333:key/mrk-1234", "eu-west-1"),
            ("arn:aws-cn:kms:cn-north-1:1:alias/a/b_c", "cn-north-1"),
            ("arn:aws-us-gov:kms:us-gov-west-1:1:key/x:y", "us-gov-west-1"),
        ] {
            assert_eq!(region(arn).unwrap(), expected);
        }
        for arn in [
            "",
            "arn:aws:kms:eu-west-1:1:key/",
            "arn:aws:kms:eu-west-1:1:grant/x",
            "arn:aws:kms:eu-west-1::key/x",
            "arn:aws:kms::1:key/x",
            "arn:aws:kms:evil.example/:1:key/x",
            "arn:aws:kms:-:1:key/x",
            "arn:aws:kms:eu-west-1:1:key/x y",
            "arn:aws:kms:eu-west-1:1:key/x\n",
            "arn:gcp:kms:eu-west-1:1:key/x",
            "arn:aws:s3:eu-west-1:1:key/x",
            " arn:aws:kms:eu-west-1:1:key/x",
        ] {
            let error = region(arn).unwrap_err();
            assert_eq!(error.cause(), Some(Cause::Malformed), "{arn}");
            assert!(error.to_string().contains(&format!("{arn:?}")), "{error}");
            assert!(error.hint().is_some());
        }
        let long = region(&format!("arn:aws:kms:eu-west-1:1:key/{}", "x".repeat(4000))).unwrap_err().to_string();
        assert!(long.len() < 200, "{long}");
    }

    #[test]
    fn roles() {
        check_role("arn:aws:iam::111122223333:role/path/sops").unwrap();
        for arn in ["", "sops", "arn:aws:iam::1:user/x", "arn:aws:iam:eu-west-1:1:role/x", "arn:aws:sts::1:role/x"] {
            assert_eq!(check_role(arn).unwrap_err().cause(), Some(Cause::Malformed), "{arn}");
        }
    }

    #[test]
    fn hosts() {
        assert_eq!(host("eu-west-1"), "kms.eu-west-1.amazonaws.com");
        assert_eq!(host("cn-north-1"), "kms.cn-north-1.amazonaws.com.cn");
    }
}
