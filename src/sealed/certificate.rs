//! The certificate of a sealing key: whose only messages are the RSA key and when it is good for.

use jiff::Timestamp;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey as Spki;

use super::pem;
use super::public::{PublicKey, UnfitKey};

/// Why a text gives no certificate to seal with.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// No certificate at all; the words are client-go's.
    #[error("data does not contain any valid RSA or ECDSA certificates")]
    None,
    /// A private key was given in its place.
    #[error("this is a private key, not a certificate")]
    PrivateKey,
    /// A block that says it is a certificate and is none.
    #[error("the certificate is malformed")]
    Malformed,
    /// A certificate of another kind of key.
    #[error("expected RSA public key but found {found}")]
    NotRsa {
        /// The kind of key.
        found: &'static str,
    },
    /// A key that must not be used.
    #[error(transparent)]
    Unfit(#[from] UnfitKey),
}

/// A certificate that values can be sealed with. Neither issuer nor signature nor use are looked at, as upstream does not: whoever
/// hands us the certificate vouches for it.
#[derive(Clone, Debug)]
pub struct Certificate {
    key: PublicKey,
    not_before: Timestamp,
    not_after: Timestamp,
    pem: String,
}

impl Certificate {
    /// The first certificate of a PEM text (client-go `cert.ParseCertsPEM`, kubeseal `ParseKey`).
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn parse(text: &[u8]) -> Result<Self, CertificateError> {
        Self::every(text).next().unwrap_or_else(|| {
            let private = pem::blocks(text).any(|block| block.label.ends_with("PRIVATE KEY"));
            Err(if private { CertificateError::PrivateKey } else { CertificateError::None })
        })
    }

    /// Every certificate of a PEM text, in order.
    pub fn every(text: &[u8]) -> impl Iterator<Item = Result<Self, CertificateError>> + '_ {
        pem::blocks(text).filter(|block| block.label == "CERTIFICATE" && !block.has_headers).map(|block| {
            let pem = String::from_utf8_lossy(block.text).replace('\r', "");
            Self::from_der(&block.content, format!("{}\n", pem.trim_end()))
        })
    }

    fn from_der(der: &[u8], pem: String) -> Result<Self, CertificateError> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|_| CertificateError::Malformed)?;
        let key = match certificate.public_key().parsed().map_err(|_| CertificateError::Malformed)? {
            Spki::RSA(key) => PublicKey::new(key.modulus, key.exponent)?,
            Spki::EC(_) => return Err(CertificateError::NotRsa { found: "an elliptic-curve key" }),
            Spki::DSA(_) => return Err(CertificateError::NotRsa { found: "a DSA key" }),
            _ => return Err(CertificateError::NotRsa { found: "a key of another kind" }),
        };
        let validity = certificate.validity();
        let time = |seconds| Timestamp::from_second(seconds).map_err(|_| CertificateError::Malformed);
        let not_before = time(validity.not_before.timestamp())?;
        let not_after = time(validity.not_after.timestamp())?;
        Ok(Self { key, not_before, not_after, pem })
    }

    /// The key inside.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// When it begins to be good.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// When it ceases to be good.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Whether it is past its end. That it has not begun is no reason to refuse it, upstream does not look.
    pub fn expired(&self, now: Timestamp) -> bool {
        now > self.not_after
    }

    /// The fingerprint of its key; see [`PublicKey::fingerprint`].
    pub fn fingerprint(&self) -> &str {
        self.key.fingerprint()
    }

    /// The certificate in PEM, with a line end.
    pub fn pem(&self) -> &str {
        &self.pem
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RSA: &str = include_str!("../../tests/vectors/sealed/rsa4096.crt");
    const EC: &str = include_str!("../../tests/vectors/sealed/ec.crt");
    const EXPIRED: &str = include_str!("../../tests/vectors/sealed/expired.crt");
    const KEY: &str = include_str!("../../tests/vectors/sealed/rsa4096.key");

    #[test]
    fn certificates_of_the_controller_are_read() {
        let certificate = Certificate::parse(format!("junk\n{RSA}{EXPIRED}").as_bytes()).unwrap();
        assert_eq!(certificate.key().bits(), 4096);
        assert_eq!(certificate.not_before().to_string(), "2026-01-01T00:00:00Z");
        assert_eq!(certificate.not_after().to_string(), "2126-01-01T00:00:00Z");
        assert_eq!(certificate.pem(), RSA);
        assert_eq!(Certificate::every(format!("{RSA}{EXPIRED}").as_bytes()).count(), 2);
    }

    #[test]
    fn a_certificate_expires() {
        let certificate = Certificate::parse(EXPIRED.as_bytes()).unwrap();
        assert!(certificate.expired("2020-02-03T00:00:01Z".parse().unwrap()));
        assert!(!certificate.expired("2020-02-03T00:00:00Z".parse().unwrap()));
    }

    #[test]
    fn what_is_no_certificate_is_named() {
        let error = |text: &str| Certificate::parse(text.as_bytes()).unwrap_err();
        assert_eq!(error(""), CertificateError::None);
        assert_eq!(error(KEY), CertificateError::PrivateKey);
        assert_eq!(error(EC), CertificateError::NotRsa { found: "an elliptic-curve key" });
        assert_eq!(
            error("-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n"),
            CertificateError::Malformed
        );
    }
}
