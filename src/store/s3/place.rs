//! Where an object goes: names, checked, and the URL of a request (the rules are those of aws-sdk-go-v2
//! `service/s3/endpoints.go`). A rule and a file name decide about bucket and key, so that neither may lead to another host
//! or out of the bucket. Pure.

use std::fmt;
use std::net::Ipv4Addr;

use super::error::{S3Cause, S3Error};
use crate::net::aws::domain;

/// The longest name that a bucket ever could have.
const LONGEST_BUCKET: usize = 255;
/// The longest key.
const LONGEST_KEY: usize = 1024;

/// A bucket and a key in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Object {
    bucket: String,
    key: String,
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

impl Object {
    /// Checks the names.
    ///
    /// # Errors
    /// A bucket that is none, or none of ours; a key that is too long, or has a part that is `.` or `..`.
    pub fn new(bucket: &str, key: &str) -> Result<Self, S3Error> {
        let refuse = |text: String, hint: &str| Err(S3Error::new(S3Cause::Settings, text).with_hint(hint));
        if bucket.starts_with("arn:") {
            let text = format!("s3_bucket is an ARN, {bucket:?}, which is not supported");
            return refuse(text, "name the bucket, or the alias of its access point");
        }
        if bucket.ends_with("--x-s3") {
            let text = format!("{bucket} is a directory bucket (S3 Express), which is not supported");
            return refuse(text, "publish to a bucket of the usual kind");
        }
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        let is_name = !bucket.is_empty() && bucket.len() <= LONGEST_BUCKET && bucket.bytes().all(is_plain);
        if !is_name || bucket == "." || bucket == ".." {
            let shown: String = bucket.chars().take(LONGEST_BUCKET).collect();
            return refuse(format!("no bucket can have the name {shown:?}"), "see which there are: aws s3 ls");
        }
        let place = "the key is made of s3_prefix and the file's name";
        if key.split('/').any(|part| part == "." || part == "..") {
            return refuse(format!("s3://{bucket}/{key} has a part that is . or .."), place);
        }
        if key.is_empty() || key.len() > LONGEST_KEY {
            let text = format!("a key in S3 has 1 to {LONGEST_KEY} bytes, and this one {}", key.len());
            return refuse(text, place);
        }
        Ok(Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }

    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Whether the bucket can be part of a host's name; over TLS a certificate covers one label only.
    fn fits_host(&self, tls: bool) -> bool {
        let is_label = |label: &str| {
            let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            (3..=63).contains(&label.len())
                && label.bytes().all(is_plain)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let labels: Vec<&str> = self.bucket.split('.').collect();
        (labels.len() == 1 || !tls) && labels.into_iter().all(is_label) && self.bucket.parse::<Ipv4Addr>().is_err()
    }
}

/// Where S3 is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Endpoint {
    /// Amazon's, in each region.
    Amazon { fips: bool, dual_stack: bool },
    /// The one that somebody named.
    Own {
        tls: bool,
        authority: String,
        /// Begins with `/` unless it is empty, and does not end with it.
        path: String,
    },
}

impl Endpoint {
    /// Reads the address that somebody named. A message does not repeat it: there may be a password in it.
    pub(super) fn own(text: &str) -> Result<Self, S3Error> {
        let refuse = |why: &str| {
            let text = format!("the address of Amazon S3 is invalid: {why}");
            let hint = "it is in AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, or endpoint_url of the profile";
            Err(S3Error::new(S3Cause::Settings, text).with_hint(hint))
        };
        let text = text.trim();
        let (tls, rest) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
            _ => return refuse("it has to begin with https:// or http://"),
        };
        if !rest.bytes().all(|byte| byte.is_ascii_graphic()) || rest.contains(['?', '#', '\\', '%', '@']) {
            return refuse("it has characters that it cannot have");
        }
        let rest = rest.trim_end_matches('/');
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = host_of(authority);
        let port = authority[host.len()..].strip_prefix(':');
        if host.is_empty() || port.is_some_and(|port| port.parse::<u16>().is_err()) {
            return refuse("host or port cannot be read");
        }
        if path.split('/').any(|part| part == "." || part == "..") {
            return refuse("its path has a part that is . or ..");
        }
        Ok(Self::Own { tls, authority: authority.to_owned(), path: path.to_owned() })
    }

    /// Host and port, without the bucket.
    pub(super) fn host(&self, region: &str) -> String {
        match self {
            Self::Amazon { fips, dual_stack } => {
                let fips = if *fips { "-fips" } else { "" };
                let dual = if *dual_stack { ".dualstack" } else { "" };
                format!("s3{fips}{dual}.{region}.{}", domain(region))
            }
            Self::Own { authority, .. } => authority.clone(),
        }
    }

    /// Whether somebody named it.
    pub(super) fn is_own(&self) -> bool {
        matches!(self, Self::Own { .. })
    }

    /// The URL of an object. `region` is known to be one.
    pub(super) fn url(&self, region: &str, object: &Object) -> String {
        let (tls, path) = match self {
            Self::Amazon { .. } => (true, ""),
            Self::Own { tls, path, .. } => (*tls, path.as_str()),
        };
        let host = self.host(region);
        let scheme = if tls { "https" } else { "http" };
        let key = encoded(&object.key);
        let bucket = &object.bucket;
        match object.fits_host(tls) && !(self.is_own() && is_bare(&host)) {
            true => format!("{scheme}://{bucket}.{host}{path}/{key}?x-id=PutObject"),
            false => format!("{scheme}://{host}{path}/{bucket}/{key}?x-id=PutObject"),
        }
    }
}

/// The host of `host[:port]`.
fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => host,
        _ => authority,
    }
}

/// Whether a host has no names below it: an IP address, or this machine (there sops would ask for `bucket.localhost`, which
/// most systems do not know).
fn is_bare(authority: &str) -> bool {
    let host = host_of(authority).to_ascii_lowercase();
    host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok() || host == "localhost"
}

/// Slashes stay; empty parts, too, since they are part of a key.
fn encoded(key: &str) -> String {
    let mut text = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const AMAZON: Endpoint = Endpoint::Amazon { fips: false, dual_stack: false };

    fn url(endpoint: &Endpoint, region: &str, bucket: &str, key: &str) -> String {
        let url = endpoint.url(region, &Object::new(bucket, key).unwrap());
        url.strip_suffix("?x-id=PutObject").unwrap().to_owned()
    }

    #[test]
    fn buckets_are_hosts_where_they_can_be() {
        for (region, bucket, expected) in [
            ("eu-west-1", "team-a", "https://team-a.s3.eu-west-1.amazonaws.com/k"),
            ("cn-north-1", "team-a", "https://team-a.s3.cn-north-1.amazonaws.com.cn/k"),
            ("us-east-1", "a.team", "https://s3.us-east-1.amazonaws.com/a.team/k"),
            ("us-east-1", "Team", "https://s3.us-east-1.amazonaws.com/Team/k"),
            ("us-east-1", "te_am", "https://s3.us-east-1.amazonaws.com/te_am/k"),
            ("us-east-1", "10.0.0.1", "https://s3.us-east-1.amazonaws.com/10.0.0.1/k"),
            ("us-east-1", "-ab", "https://s3.us-east-1.amazonaws.com/-ab/k"),
        ] {
            assert_eq!(url(&AMAZON, region, bucket, "k"), expected);
        }
        let special = Endpoint::Amazon { fips: true, dual_stack: true };
        assert_eq!(url(&special, "us-east-1", "abc", "k"), "https://abc.s3-fips.dualstack.us-east-1.amazonaws.com/k");
    }

    #[test]
    fn an_endpoint_of_ones_own() {
        for (endpoint, bucket, expected) in [
            ("https://minio.example:9000/", "abc", "https://abc.minio.example:9000/k"),
            ("HTTPS://minio.example/s3//", "a.b", "https://minio.example/s3/a.b/k"),
            ("http://minio.example", "abc.def", "http://abc.def.minio.example/k"),
            ("http://127.0.0.1:5000", "abc", "http://127.0.0.1:5000/abc/k"),
            ("http://[::1]:5000", "abc", "http://[::1]:5000/abc/k"),
            ("http://LocalHost:5000", "abc", "http://LocalHost:5000/abc/k"),
        ] {
            assert_eq!(url(&Endpoint::own(endpoint).unwrap(), "r", bucket, "k"), expected);
        }
        for text in [
            "",
            "minio:9000",
            "ftp://x",
            "https://",
            "https:///x",
            "https://:1",
            "https://h:port",
            "https://me:hunter2@h",
            "https://h/?hunter2",
            "https://h/#f",
            "https://h/a b",
            "https://h/%2e",
            "https://h/../x",
            "https://h\\x",
        ] {
            let error = Endpoint::own(text).unwrap_err();
            assert!(!format!("{error:?}").contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn keys_stay_in_their_bucket() {
        for (key, expected) in [
            ("a/b.yaml", "/a/b.yaml"),
            ("/a//b", "//a//b"),
            ("a b?c#d%e+f&g=h", "/a%20b%3Fc%23d%25e%2Bf%26g%3Dh"),
            ("\u{e9}\n\\@:*'()!~", "/%C3%A9%0A%5C%40%3A%2A%27%28%29%21~"),
            ("..a/b..", "/..a/b.."),
            ("http://evil.example/", "/http%3A//evil.example/"),
        ] {
            assert_eq!(url(&AMAZON, "r", "abc", key), format!("https://abc.s3.r.amazonaws.com{expected}"));
        }
        for key in ["", "..", "a/../b", "./a", "a/.", "a/..", &"k".repeat(1025)] {
            assert_eq!(Object::new("abc", key).unwrap_err().cause, S3Cause::Settings, "{key}");
        }
    }

    #[test]
    fn what_is_no_bucket() {
        let long = "b".repeat(256);
        for bucket in ["", ".", "..", "a/b", "a b", "evil.example/#", "a?b", "\u{e9}", "a\\b", "a@b", "a:1", &long] {
            assert_eq!(Object::new(bucket, "k").unwrap_err().cause, S3Cause::Settings, "{bucket}");
        }
        let arn = Object::new("arn:aws:s3:eu-west-1:1:accesspoint/x", "k").unwrap_err();
        assert!(arn.text.contains("is an ARN") && arn.hint.unwrap().contains("alias"));
        assert!(Object::new("a--use1-az4--x-s3", "k").unwrap_err().text.contains("directory bucket"));
    }
}
