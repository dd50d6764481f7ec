//! Texts of `sealant.yaml`, good and bad.

use super::*;

const GOOD: &str = "\
# which clusters there are
clusters:
  prod-eu:
    certificate: clusters/prod-eu.pem
    scope: namespace-wide
    paths: [\"clusters/prod-eu/**\", \"shared/*.yaml\"]
    context: eu
    controller: { namespace: sealing, name: sealer }
  dev:
    certificate: dev.pem
    paths: [\"shared/**\"]
";

#[test]
fn everything_is_read() {
    let clusters = Clusters::parse(GOOD).unwrap();
    let [eu, dev] = clusters.all() else { panic!() };
    assert_eq!((eu.name.as_str(), eu.line, eu.certificate.as_str()), ("prod-eu", 3, "clusters/prod-eu.pem"));
    assert_eq!((eu.scope, eu.context.as_deref()), (Some(Scope::NamespaceWide), Some("eu")));
    assert_eq!(eu.controller, Controller { namespace: "sealing".into(), name: "sealer".into() });
    assert_eq!((dev.scope, dev.context.as_deref(), &dev.controller), (None, None, &Controller::default()));
    assert_eq!(clusters.for_path("clusters/prod-eu/a/db.yaml").unwrap().name, "prod-eu");
    assert_eq!(clusters.for_path("shared/db.yaml").unwrap().name, "prod-eu");
    assert_eq!(clusters.for_path("shared/a/db.yaml").unwrap().name, "dev");
    assert!(dev.covers("shared/db.yaml"));
    assert!(clusters.for_path("db.yaml").is_none());
    assert_eq!(clusters.get("dev").unwrap().line, 9);
    assert_eq!(clusters.near("prod-us"), Some("prod-eu"));
}

#[test]
fn nothing_is_no_cluster() {
    for text in ["", "# nothing\n", "---\n", "clusters: {}\n"] {
        assert!(Clusters::parse(text).unwrap().all().is_empty(), "{text}");
    }
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    for (text, wanted) in [
        ("a: [", "line 1: "),
        ("clusters: {}\n---\nclusters: {}\n", "line 3: a second YAML document"),
        ("cluster: {}\n", "line 1: unknown field `cluster`; is `clusters` meant?"),
        ("- 1\n", "line 1: `the file` should be a mapping"),
        ("clusters: [a]\n", "line 1: `clusters` should be a mapping"),
        ("clusters:\n  a: x\n", "line 2: `a` should be a mapping"),
        ("clusters:\n  a:\n    scope: strict\n", "line 2: the cluster a has no `certificate`"),
        (
            "clusters:\n  a:\n    certificate: x\n    certificat: y\n",
            "line 4: unknown field `certificat`; is `certificate`",
        ),
        ("clusters:\n  a:\n    certificate: x\n    scope: wide\n", "line 4: `scope` must be one of"),
        ("clusters:\n  a:\n    certificate: x\n    paths: x\n", "line 4: `paths` should be a list"),
        ("clusters:\n  a:\n    certificate: x\n    paths: ['a[']\n", "line 4: `a[` is no pattern"),
        ("clusters:\n  a:\n    certificate: x\n    controller: {ns: y}\n", "line 4: unknown field `ns`"),
        ("clusters:\n  a:\n    certificate: [x]\n", "line 3: `certificate` should be a text"),
        ("clusters:\n  ../a:\n    certificate: x\n", "line 2: a cluster cannot be called `../a`"),
        (
            "clusters:\n  a:\n    certificate: x\n  a:\n    certificate: y\n",
            "line 4: a key stands twice in one mapping",
        ),
    ] {
        let error = Clusters::parse(text).unwrap_err().to_string();
        assert!(error.starts_with(wanted), "{text}: {error}");
    }
}
