//! Key pairs of OpenSSH (external-secrets 2.9 `generators/v1/sshkey/sshkey.go`): the private key as OpenSSH writes it
//! (`PROTOCOL.key`), the public one as a line of `authorized_keys`.

use std::collections::BTreeMap;

use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
};
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{BigUint, RsaPrivateKey};
use zeroize::{Zeroize, Zeroizing};

use super::GenerateError;
use crate::external::resource::generator::{SshKey, SshKeyType};
use crate::secret::{self, Random, SecretBytes};

/// What an unencrypted key is padded to.
const BLOCK: usize = 8;
/// Columns of the text, as OpenSSH has it.
const COLUMNS: usize = 70;
/// Bits of RSA keys that are made.
const RSA_BITS: std::ops::RangeInclusive<u32> = 2048..=8192;

/// `privateKey` and `publicKey`.
pub(super) fn pair(spec: &SshKey) -> Result<BTreeMap<String, SecretBytes>, GenerateError> {
    let (kind, public, private) = match spec.key_type {
        SshKeyType::Ed25519 => ed25519()?,
        SshKeyType::Rsa(bits) => rsa(bits)?,
        SshKeyType::Ecdsa(bits) => ecdsa(bits)?,
    };
    let line = format!("{kind} {}", base64_simd::STANDARD.encode_to_string(&public));
    let line = if spec.comment.is_empty() { line } else { format!("{line} {}", spec.comment) };
    let text = file(&public, &private, &spec.comment)?;
    Ok([
        ("privateKey".to_owned(), SecretBytes::new(text.as_bytes().to_vec())),
        ("publicKey".to_owned(), SecretBytes::new(line.into_bytes())),
    ]
    .into())
}

/// The name of the kind, the public key, and the private one with the name and the public part in it, all in SSH's wire format.
type Pair = (&'static str, Vec<u8>, Zeroizing<Vec<u8>>);

fn ed25519() -> Result<Pair, GenerateError> {
    let mut seed = Zeroizing::new([0; 32]);
    secret::random(seed.as_mut_slice())?;
    let failed = |_| GenerateError::Key("ed25519".into());
    let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).map_err(failed)?;
    let point = pair.public_key().as_ref();
    let mut public = Vec::new();
    string(&mut public, b"ssh-ed25519");
    string(&mut public, point);
    let mut private = Zeroizing::new(Vec::with_capacity(256));
    private.extend_from_slice(&public);
    let both = Zeroizing::new([seed.as_slice(), point].concat());
    string(&mut private, &both);
    Ok(("ssh-ed25519", public, private))
}

fn ecdsa(bits: u32) -> Result<Pair, GenerateError> {
    let (scheme, kind, curve): (_, _, &[u8]) = match bits {
        256 => (&ECDSA_P256_SHA256_ASN1_SIGNING, "ecdsa-sha2-nistp256", b"nistp256"),
        384 => (&ECDSA_P384_SHA384_ASN1_SIGNING, "ecdsa-sha2-nistp384", b"nistp384"),
        _ => return Err(GenerateError::Key(format!("ecdsa of {bits} bits; 256 and 384 are"))),
    };
    let failed = || GenerateError::Key(format!("ecdsa of {bits} bits"));
    let random = secret::source();
    let document = EcdsaKeyPair::generate_pkcs8(scheme, &random).map_err(|_| GenerateError::Random)?;
    let pkcs8 = document.as_ref();
    let pair = EcdsaKeyPair::from_pkcs8(scheme, pkcs8, &random).map_err(|_| failed())?;
    // RFC 5915: version 1, then the key in an OCTET STRING
    let at = memchr::memmem::find(pkcs8, &[2, 1, 1, 4]).ok_or_else(failed)?;
    let length = usize::from(*pkcs8.get(at + 4).ok_or_else(failed)?);
    let scalar = pkcs8.get(at + 5..at + 5 + length).ok_or_else(failed)?;
    let mut public = Vec::new();
    string(&mut public, kind.as_bytes());
    string(&mut public, curve);
    string(&mut public, pair.public_key().as_ref());
    let mut private = Zeroizing::new(Vec::with_capacity(512));
    private.extend_from_slice(&public);
    number(&mut private, &BigUint::from_bytes_be(scalar));
    Ok((kind, public, private))
}

fn rsa(bits: u32) -> Result<Pair, GenerateError> {
    if !RSA_BITS.contains(&bits) {
        return Err(GenerateError::Key(format!("rsa of {bits} bits; 2048 to 8192 are")));
    }
    let mut random = Random::default();
    let key = RsaPrivateKey::new(&mut random, usize::try_from(bits).unwrap_or_default());
    if random.has_failed {
        return Err(GenerateError::Random);
    }
    let failed = || GenerateError::Key(format!("rsa of {bits} bits"));
    let key = key.map_err(|_| failed())?;
    let [p, q] = key.primes() else { return Err(failed()) };
    let mut public = Vec::new();
    string(&mut public, b"ssh-rsa");
    number(&mut public, key.e());
    number(&mut public, key.n());
    let mut private = Zeroizing::new(Vec::with_capacity(8192));
    string(&mut private, b"ssh-rsa");
    number(&mut private, key.n());
    number(&mut private, key.e());
    number(&mut private, key.d());
    let inverse = key.crt_coefficient().ok_or_else(failed)?;
    number(&mut private, &inverse);
    number(&mut private, p);
    number(&mut private, q);
    Ok(("ssh-rsa", public, private))
}

/// RFC 4251, section 5.
fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    // nothing here is as long as that
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(bytes);
}

/// A positive `mpint` of RFC 4251, section 5.
fn number(out: &mut Vec<u8>, number: &BigUint) {
    let mut bytes = number.to_bytes_be();
    if bytes.first().is_some_and(|first| first & 0x80 != 0) {
        bytes.insert(0, 0);
    }
    string(out, &bytes);
    bytes.zeroize();
}

fn file(public: &[u8], private: &[u8], comment: &str) -> Result<Zeroizing<String>, GenerateError> {
    let mut check = [0; 4];
    secret::random(&mut check)?;
    let mut inner = Zeroizing::new(Vec::with_capacity(private.len() + comment.len() + 32));
    inner.extend_from_slice(&check);
    inner.extend_from_slice(&check);
    inner.extend_from_slice(private);
    string(&mut inner, comment.as_bytes());
    for pad in 1_u8.. {
        if inner.len() % BLOCK == 0 {
            break;
        }
        inner.push(pad);
    }
    let mut whole = Zeroizing::new(Vec::with_capacity(inner.len() + public.len() + 64));
    whole.extend_from_slice(b"openssh-key-v1\0");
    string(&mut whole, b"none");
    string(&mut whole, b"none");
    string(&mut whole, b"");
    whole.extend_from_slice(&1_u32.to_be_bytes());
    string(&mut whole, public);
    string(&mut whole, &inner);
    let base64 = Zeroizing::new(base64_simd::STANDARD.encode_to_string(&*whole));
    let mut text = Zeroizing::new(String::with_capacity(base64.len() + base64.len() / COLUMNS + 80));
    text.push_str("-----BEGIN OPENSSH PRIVATE KEY-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(COLUMNS));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str("-----END OPENSSH PRIVATE KEY-----\n");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn made(key_type: SshKeyType) -> BTreeMap<String, SecretBytes> {
        pair(&SshKey { key_type, comment: "a@b".into() }).unwrap()
    }

    /// OpenSSH derives the same public key from the private one.
    #[test]
    fn openssh_reads_them() {
        let folder = tempfile::tempdir().unwrap();
        let kinds = [SshKeyType::Ed25519, SshKeyType::Ecdsa(256), SshKeyType::Ecdsa(384), SshKeyType::Rsa(2048)];
        for kind in kinds {
            let keys = made(kind);
            let path = folder.path().join("key");
            std::fs::write(&path, keys["privateKey"].expose()).unwrap();
            #[cfg(unix)]
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
            // age reads the same format, on machines without OpenSSH, too
            #[cfg(feature = "cli")]
            if !matches!(kind, SshKeyType::Ecdsa(_)) {
                let read = age::ssh::Identity::from_buffer(keys["privateKey"].expose(), None);
                assert!(matches!(read, Ok(age::ssh::Identity::Unencrypted(_))), "{kind:?}");
            }
            let Ok(out) = Command::new("ssh-keygen").args(["-y", "-P", "", "-f"]).arg(&path).output() else {
                eprintln!("skipped: there is no ssh-keygen");
                continue;
            };
            assert_eq!(out.stdout.trim_ascii_end(), keys["publicKey"].expose(), "{kind:?} {out:?}");
        }
    }

    #[test]
    fn what_is_not_made_is_named() {
        for (kind, wanted) in [(SshKeyType::Rsa(1024), "rsa of 1024"), (SshKeyType::Ecdsa(521), "ecdsa of 521")] {
            let error = pair(&SshKey { key_type: kind, comment: String::new() }).unwrap_err();
            assert!(error.to_string().contains(wanted), "{error}");
        }
    }
}
