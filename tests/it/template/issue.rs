//! Keys and certificates that templates make, as OpenSSL sees them.

use std::fs;

use sealant::template::{FunctionSet, MissingKey};

use super::compare::{Question, ours};
use super::keystores::openssl;

/// The parts of what a template gives, which stand between lines of dashes.
fn parts(template: &str) -> Vec<String> {
    let question = Question {
        template: template.to_owned(),
        missing_key: MissingKey::Error,
        functions: FunctionSet::ExternalSecrets,
    };
    let out = String::from_utf8(ours(&question).unwrap_or_else(|error| panic!("{template}: {error}"))).unwrap();
    out.split("===").map(str::to_owned).collect()
}

#[test]
fn an_authority_signs_certificates() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name).display().to_string();
        fs::write(&path, text).unwrap();
        path
    };
    let key = |kind: &str| parts(&format!("{{{{ genPrivateKey `{kind}` }}}}")).remove(0);
    let rsa = include_str!("../../vectors/sealed/rsa2048.key");
    for (authority_key, label) in [(key("ecdsa"), "ecdsa"), (key("ed25519"), "ed25519"), (rsa.to_owned(), "rsa")] {
        let own = key("ecdsa");
        let parts = parts(&format!(
            "{{{{ $ca := genCAWithKey `Our CA` 365 `{authority_key}` }}}}\
             {{{{ $c := genSignedCertWithKey `ünter` (list `10.0.0.1` `::1`) (list `a.example`) 10 $ca `{own}` }}}}\
             {{{{ $ca.Cert }}}}==={{{{ $c.Cert }}}}==={{{{ $c.Key }}}}==={{{{ certSANs $c.Cert | join `,` }}}}",
        ));
        let [authority, certificate, key, names] = &parts[..] else { panic!("{parts:?}") };
        assert_eq!(names, "a.example,10.0.0.1,::1");
        assert_eq!(*key, own);
        let (authority, certificate, key) = (write("ca", authority), write("c", certificate), write("k", key));
        // the clock of templates stands at noon
        let verified =
            openssl(&["verify", "-attime", "1795608060", "-x509_strict", "-CAfile", &authority, &certificate]);
        assert!(verified.contains(": OK"), "{label}: {verified}");
        assert_eq!(
            openssl(&["x509", "-in", &certificate, "-noout", "-pubkey"]),
            openssl(&["pkey", "-in", &key, "-pubout"])
        );
        let shown = openssl(&["x509", "-in", &certificate, "-noout", "-text", "-nameopt", "utf8"]);
        for text in [
            "Issuer: CN=Our CA",
            "Subject: CN=ünter",
            "Not Before: Nov 25 12:00:00 2026 GMT",
            "Not After : Dec  5 12:00:00 2026 GMT",
            "Digital Signature, Key Encipherment",
            "TLS Web Server Authentication, TLS Web Client Authentication",
            "CA:FALSE",
            "DNS:a.example, IP Address:10.0.0.1, IP Address:0:0:0:0:0:0:0:1",
        ] {
            assert!(shown.contains(text), "{label}: {text}\n{shown}");
        }
        assert!(openssl(&["x509", "-in", &authority, "-noout", "-text"]).contains("CA:TRUE"));
    }
}

#[test]
fn keys_and_certificates_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file").display().to_string();
    let [certificate, key] = &parts("{{ $c := genSelfSignedCert `cn` nil nil 1 }}{{ $c.Cert }}==={{ $c.Key }}")[..]
    else {
        panic!("there are two parts")
    };
    fs::write(&path, certificate).unwrap();
    let verified = openssl(&["verify", "-attime", "1795608060", "-CAfile", &path, &path]);
    assert!(verified.contains(": OK"), "{verified}");
    fs::write(&path, key).unwrap();
    assert!(openssl(&["rsa", "-in", &path, "-check", "-noout"]).contains("RSA key ok"));
    for (kind, label) in [("ecdsa", "EC PRIVATE KEY"), ("ed25519", "PRIVATE KEY")] {
        let key = parts(&format!("{{{{ genPrivateKey `{kind}` }}}}")).remove(0);
        assert!(key.starts_with(&format!("-----BEGIN {label}-----\n")), "{key}");
        fs::write(&path, key).unwrap();
        openssl(&["pkey", "-in", &path, "-check", "-noout"]);
    }
}

#[test]
fn what_does_not_fit_together_is_an_error() {
    for template in [
        "{{ genPrivateKey `dsa` }}",
        "{{ genCAWithKey `a` 1 `no key` }}",
        "{{ genSelfSignedCertWithKey `a` (list `x`) nil 1 (genPrivateKey `ecdsa`) }}",
        "{{ genSelfSignedCertWithKey `a` nil (list 1) 1 (genPrivateKey `ecdsa`) }}",
        "{{ genSelfSignedCertWithKey `a` nil nil 9000000 (genPrivateKey `ecdsa`) }}",
        "{{ genSignedCert `a` nil nil 1 `no certificate` }}",
        "{{ buildCustomCert (b64enc `x`) (b64enc `y`) }}",
        "{{ $a := genCAWithKey `a` 1 (genPrivateKey `ecdsa`) }}\
         {{ $b := buildCustomCert (b64enc $a.Cert) (genPrivateKey `ecdsa` | b64enc) }}\
         {{ genSignedCertWithKey `c` nil nil 1 $b (genPrivateKey `ecdsa`) }}",
    ] {
        let question = Question {
            template: template.to_owned(),
            missing_key: MissingKey::Error,
            functions: FunctionSet::ExternalSecrets,
        };
        assert!(ours(&question).is_err(), "{template}");
    }
}
