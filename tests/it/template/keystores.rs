//! PKCS#12 files of ours are opened by Go and by OpenSSL, and theirs by us.

use std::fs;
use std::path::Path;
use std::process::Command;

use sealant::template::{FunctionSet, MissingKey};

use super::compare::{Question, go, ours};
use crate::peers;

fn question(template: String) -> Question {
    Question { template, missing_key: MissingKey::Error, functions: FunctionSet::ExternalSecrets }
}

fn rendered(template: &str) -> String {
    String::from_utf8(ours(&question(template.to_owned())).unwrap()).unwrap()
}

/// What Go makes of a template.
fn with_go(program: &Path, template: String) -> String {
    let template_shown = template.chars().take(200).collect::<String>();
    let answer = go(program, &[question(template)]).remove(0);
    String::from_utf8(answer.unwrap_or_else(|error| panic!("{template_shown}: {error}"))).unwrap()
}

const STORES: [(&str, &str); 4] = [
    (r#"{{ pemToPkcs12Pass (index . "foo.crt") (index . "foo.key") "p" }}"#, "p"),
    (r#"{{ fullPemToPkcs12Pass (index . "chain.pem") (index . "foo.key") "pä€" }}"#, "pä€"),
    (r#"{{ fullPemToPkcs12 (index . "chain.pem") (index . "rsa.key") }}"#, ""),
    (r#"{{ pemToPkcs12Pass (index . "sans.crt") (index . "rsa.pkcs8.key") "1234" }}"#, "1234"),
];

#[test]
fn go_opens_our_stores_and_we_open_those_of_go() {
    let test = "go_opens_our_stores_and_we_open_those_of_go";
    let Some(programs) = peers::locate_all(test, &["bin/goexternal"]) else { return };
    for (store, password) in STORES {
        let (our_store, go_store) = (rendered(store), with_go(&programs[0], store.to_owned()));
        assert_ne!(our_store, go_store, "both are random");
        for open in ["pkcs12keyPass", "pkcs12certPass"] {
            let open = |file: &str| format!("{{{{ `{file}` | b64dec | {open} `{password}` }}}}");
            let opened = rendered(&open(&go_store));
            assert_eq!(with_go(&programs[0], open(&our_store)), opened, "{store}");
            assert!(opened.starts_with("-----BEGIN "), "{store}");
        }
    }
    let trusted = rendered(r#"{{ pemTruststoreToPKCS12Pass (index . "chain.pem") "p" }}"#);
    let opened = with_go(&programs[0], format!("{{{{ testTrusted (`{trusted}` | b64dec) `p` }}}}"));
    assert_eq!(opened, rendered(r#"{{ index . "chain.pem" }}"#));
}

/// Runs openssl: what it says.
pub fn openssl(arguments: &[&str]) -> String {
    let output = Command::new("openssl").args(arguments).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "openssl {}: {error}", arguments.join(" "));
    String::from_utf8(output.stdout).unwrap() + &error
}

#[test]
fn openssl_opens_our_stores_and_we_open_those_of_openssl() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let vector = |name: &str| format!("{}/tests/vectors/external-secrets/keys/{name}", env!("CARGO_MANIFEST_DIR"));
    let file = path("ours.p12");
    for (store, password) in STORES {
        let bytes = ours(&question(store.replace("}}", "| b64dec }}"))).unwrap();
        fs::write(&file, bytes).unwrap();
        let password = format!("pass:{password}");
        let shown = openssl(&["pkcs12", "-in", &file, "-passin", &password, "-nodes", "-info"]);
        for part in ["BEGIN CERTIFICATE", "PRIVATE KEY", "PBKDF2, AES-256-CBC", "MAC: sha256, Iteration 2048"] {
            assert!(shown.contains(part), "{store}: {shown}");
        }
    }
    let theirs = path("theirs.p12");
    let (certificate, key) = (vector("chain.pem"), vector("foo.key"));
    for more in [&[][..], &["-descert", "-legacy"], &["-macalg", "sha1"], &["-name", "ünter", "-iter", "100000"]] {
        let all = ["pkcs12", "-export", "-in", &certificate, "-inkey", &key, "-out", &theirs, "-passout", "pass:pä"];
        openssl(&[&all[..], more].concat());
        let file = base64_simd::STANDARD.encode_to_string(fs::read(&theirs).unwrap());
        let opened = rendered(&format!("{{{{ `{file}` | b64dec | pkcs12keyPass `pä` }}}}"));
        let wanted = openssl(&["pkcs8", "-topk8", "-nocrypt", "-in", &key]);
        assert_eq!(opened, wanted, "{more:?}");
    }
}
