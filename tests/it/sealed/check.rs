//! `seal --check`: without any key.

use super::{manifest, repository, vector};

#[test]
fn a_clean_repository_has_no_findings() {
    let sandbox = repository();
    let ended = sandbox.run(&["seal", "--check"]).code(0).says("1 SealedSecret: nothing is wrong");
    assert_eq!(ended.stdout, "");
    sandbox.run(&["seal", "--check", "--cert", "new.pem"]).code(0);
}

#[test]
fn everything_that_can_be_seen_is_found() {
    let sandbox = repository();
    std::fs::create_dir_all(sandbox.path("eu/shop")).unwrap();
    sandbox.write("big.pem", &vector("rsa3072.crt"));
    sandbox.write("expired.pem", &vector("expired.crt"));
    sandbox.write(
        "sealant.yaml",
        "clusters:\n  eu:\n    certificate: new.pem\n    scope: namespace-wide\n    paths: [\"eu/**\"]\n    \
         layout: \"eu/{namespace}/{name}.yaml\"\n  us:\n    certificate: expired.pem\n  big:\n    certificate: big.pem\n    \
         paths: [\"big/**\"]\n",
    );
    let db = sandbox.read("db.yaml");
    sandbox.write("eu/shop/db.yaml", &db);
    sandbox.write("eu/shop/copy.yaml", &db.replacen("  name: db", "  name: copy", 1));
    std::fs::create_dir_all(sandbox.path("big")).unwrap();
    sandbox.write(
        "big/odd.yaml",
        &manifest("rsa2048.crt", "rsa3072.crt").replace("password: AQ", "password: *Q").replace('*', "!"),
    );
    sandbox.write(
        "big/clear.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: clear}\nstringData: {pin: canary-six}\n",
    );
    sandbox.write(
        "big/sops.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: sops}\ndata: {pin: x}\nsops: {mac: y}\n",
    );
    let ended = sandbox.run(&["seal", "--check", "--expires-within", "52w"]).code(234);
    assert!(!ended.stdout.contains("canary") && !ended.stderr.contains("canary"));
    for line in [
        "big/clear.yaml:1: the Secret clear stands in clear: pin\n",
        "big/odd.yaml:14: shop/db: token: sealed with a key of 2048 bits, which none in big.pem has\n",
        "db.yaml:6: shop/db: the file belongs to no cluster of sealant.yaml\n",
        "eu/shop/copy.yaml:6: shop/copy is strict; in eu namespace-wide is wanted\n",
        "eu/shop/copy.yaml:13: shop/copy: password: the same sealed value stands in db.yaml:13,",
        "eu/shop/copy.yaml:19: shop/copy: its name is not that of its template, db: was it sealed for that one?\n",
        "expired.pem:1: the certificate of us expired on 2020-02-03\n",
    ] {
        assert!(ended.stdout.contains(line), "{line}{}", ended.stdout);
    }
    assert!(!ended.stdout.contains("sops.yaml"), "{}", ended.stdout);
    let ended = sandbox.run(&["seal", "--check", "--json", "big"]).code(234);
    let rows: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let checks: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["check"].as_str().unwrap()).collect();
    assert!(
        checks.contains(&"plaintext") && checks.contains(&"certificate") && checks.contains(&"malformed"),
        "{checks:?}"
    );
}
