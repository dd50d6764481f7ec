//! The headers of a request: what the object is, its checksum, and the signature (AWS Signature Version 4). Pure.

use std::time::SystemTime;

use aws_sdk_kms::config::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use base64_simd::STANDARD;

use super::error::{S3Cause, S3Error};

/// What the SDK of sops says of everything.
const CONTENT_TYPE: &str = "application/octet-stream";

/// Names and values, in no order. The signature and the session's token are among them.
pub(super) type Headers = Vec<(String, String)>;

/// One request that is to be signed.
#[derive(Clone, Copy)]
pub(super) struct Unsigned<'a> {
    pub(super) url: &'a str,
    pub(super) region: &'a str,
    pub(super) body: &'a [u8],
    /// Whether the object gets a checksum; servers that are not Amazon's may refuse it.
    pub(super) checksum: bool,
    pub(super) now: SystemTime,
}

/// The headers of a `PUT`.
pub(super) fn headers(request: Unsigned<'_>, credentials: &Credentials) -> Result<Headers, S3Error> {
    let mut headers: Headers = vec![("content-type".into(), CONTENT_TYPE.into())];
    if request.checksum {
        let crc = STANDARD.encode_to_string(crc32(request.body).to_be_bytes());
        headers.push(("x-amz-checksum-crc32".into(), crc));
    }
    let cannot = || S3Error::new(S3Cause::Settings, "the request cannot be signed");
    let mut settings = SigningSettings::default();
    // S3 takes paths as they are
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let identity = credentials.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(request.region)
        .name("s3")
        .time(request.now)
        .settings(settings)
        .build()
        .map_err(|_| cannot())?
        .into();
    let given = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let signable = SignableRequest::new("PUT", request.url, given, SignableBody::Bytes(request.body));
    let signed = sign(signable.map_err(|_| cannot())?, &params).map_err(|_| cannot())?;
    let (instructions, _signature) = signed.into_parts();
    headers.extend(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())));
    Ok(headers)
}

/// CRC-32 as in zip.
fn crc32(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0xEDB8_8320;
    let step = |crc: u32| (crc >> 1) ^ (POLYNOMIAL & (crc & 1).wrapping_neg());
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn signed(url: &str, region: &str, body: &[u8], token: Option<&str>) -> Headers {
        let credentials = Credentials::new("AKIDEXAMPLE", "hunter2", token.map(str::to_owned), None, "tests");
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        headers(Unsigned { url, region, body, checksum: true, now }, &credentials).unwrap()
    }

    fn value<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
        headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn checksums() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn what_is_signed() {
        let url = "https://abc.s3.eu-west-1.amazonaws.com/a%20b//c?x-id=PutObject";
        let headers = signed(url, "eu-west-1", b"123456789", Some("token"));
        assert_eq!(value(&headers, "content-type"), Some("application/octet-stream"));
        assert_eq!(value(&headers, "x-amz-checksum-crc32"), Some("y/Q5Jg=="));
        assert_eq!(value(&headers, "x-amz-date"), Some("20231114T221320Z"));
        assert_eq!(value(&headers, "x-amz-security-token"), Some("token"));
        let sha = "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225";
        assert_eq!(value(&headers, "x-amz-content-sha256"), Some(sha));
        let authorization = value(&headers, "authorization").unwrap();
        let begin = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20231114/eu-west-1/s3/aws4_request, SignedHeaders=\
                     content-type;host;x-amz-checksum-crc32;x-amz-content-sha256;x-amz-date;\
                     x-amz-security-token, Signature=";
        // computed by hand
        let signature = "56c94496a2b8089ebcf501ae3e526e8065eb2d755643cf451e9fc2412bdff647";
        assert_eq!(authorization, format!("{begin}{signature}"));
        assert!(!format!("{headers:?}").contains("hunter2"));
        // everything that matters is under the signature
        for (other, region, body, token) in [
            (url, "eu-west-2", &b"123456789"[..], Some("token")),
            ("https://abc.s3.eu-west-1.amazonaws.com/a%20b/c?x-id=PutObject", "eu-west-1", b"123456789", Some("token")),
            (url, "eu-west-1", b"12345678", Some("token")),
            (url, "eu-west-1", b"123456789", None),
        ] {
            assert_ne!(value(&signed(other, region, body, token), "authorization"), Some(authorization));
        }
    }
}
