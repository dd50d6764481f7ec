//! Files that OpenSSL wrote, with the ciphers of old and of today; `tests/it/template` compares with Go.

use super::*;
use crate::template::pki::certificate::Certificate;
use crate::template::pki::pem;
use crate::template::pki::private::PrivateKey;

macro_rules! file {
    ($name:literal) => {
        include_bytes!(concat!("../../../../tests/vectors/external-secrets/keys/", $name)).as_slice()
    };
}

fn key() -> PrivateKey {
    PrivateKey::parse(&pem::decode(file!("foo.key")).0.unwrap().content).unwrap()
}

#[test]
fn files_of_openssl_are_read() {
    for (name, file, password, certificates) in [
        ("rc2", file!("rc2.pfx"), "1234", 3),
        ("des", file!("des.pfx"), "1234", 1),
        ("aes", file!("aes128-sha512.pfx"), "1234", 1),
        ("no password", file!("foo-nopass.pfx"), "", 3),
        ("password", file!("foo-withpass-1234.pfx"), "1234", 3),
        ("disjunct", file!("foo-disjunct-nopass.pfx"), "", 4),
    ] {
        let (found, all) = read(file, password.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(*found.pkcs8(), *key().pkcs8(), "{name}");
        assert_eq!(all.len(), certificates, "{name}");
        assert!(matches!(read(file, b"wrong"), Err(WRONG_PASSWORD)), "{name}");
    }
}

#[test]
fn what_is_written_is_read() {
    let certificates = Certificate::every(file!("chain.pem")).unwrap();
    for password in ["", "1234", "pässword €"] {
        let file = key_store(&key(), &certificates[0], &certificates[1..], password.as_bytes()).unwrap();
        let (found, all) = read(&file, password.as_bytes()).unwrap();
        assert_eq!(*found.pkcs8(), *key().pkcs8());
        let der = |all: &[Certificate]| all.iter().map(|one| one.der.clone()).collect::<Vec<_>>();
        assert_eq!(der(&all), der(&certificates));
        assert!(matches!(read(&file, b"wrong"), Err(WRONG_PASSWORD)));
    }
    assert!(key_store(&key(), &certificates[0], &[], "😀".as_bytes()).is_err());
}

#[test]
fn broken_files_are_errors() {
    let good = file!("aes128-sha512.pfx");
    for at in (0..good.len()).step_by(11) {
        assert!(read(&good[..at], b"1234").is_err(), "{at}");
        let mut bad = good.to_vec();
        bad[at] ^= 0x41;
        // a friendly name may change, and more than that may not
        let _ = read(&bad, b"1234");
    }
    assert!(trust_store(&[], b"").is_ok());
}
