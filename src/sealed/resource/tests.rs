//! SealedSecrets made, read and opened.

use super::*;
use crate::document::json::emit::{Indent, pretty};
use crate::manifest::{self};
use crate::sealed::{Certificate, PrivateKey};

fn chain() -> KeyChain {
    let key = PrivateKey::from_pem(include_bytes!("../../../tests/vectors/sealed/rsa2048.key")).unwrap();
    [key].into_iter().collect()
}

fn certificate() -> Certificate {
    Certificate::parse(include_bytes!("../../../tests/vectors/sealed/rsa2048.crt")).unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::from_object(&manifest::read(text.as_bytes()).unwrap()[0]).unwrap()
}

fn json(node: &Node) -> String {
    let mut out = String::new();
    pretty(node, Indent::Spaces(2), &mut out).unwrap();
    out
}

const SECRET: &str = "\
apiVersion: v1
kind: Secret
metadata:
  namespace: ns
  name: name
  uid: 1234
  creationTimestamp: 2020-01-01T00:00:00Z
  managedFields: [{manager: kubectl}]
  ownerReferences: [{name: x}]
  labels: {b: '2', a: 1}
  annotations:
    z: yes
    kubectl.kubernetes.io/last-applied-configuration: '{hunter2}'
type: Opaque
data: {b: aHVudGVyMg==}
stringData: {a: x}
";

#[test]
fn what_is_sealed_reads_back_and_opens() {
    for scope in Scope::ALL {
        let sealed = SealedSecret::seal(&secret(SECRET), scope, certificate().key()).unwrap();
        let text = json(&sealed.to_node());
        let again = SealedSecret::from_object(&manifest::read(text.as_bytes()).unwrap()[0]).unwrap();
        assert_eq!((again.scope, again.label()), (scope, scope.label("ns", "name")));
        let values = again.open(&chain()).unwrap();
        let values: Vec<_> = values.iter().map(|(key, value)| (key.as_str(), value.expose())).collect();
        assert_eq!(values, [("a", &b"x"[..]), ("b", b"hunter2")]);
    }
}

#[test]
fn the_resource_has_upstreams_shape() {
    let mut sealed = SealedSecret::seal(&secret(SECRET), Scope::NamespaceWide, certificate().key()).unwrap();
    sealed.items.iter_mut().for_each(|(_, value)| *value = "Ag".to_owned());
    let want = r#"{
  "kind": "SealedSecret",
  "apiVersion": "bitnami.com/v1alpha1",
  "metadata": {
    "name": "name",
    "namespace": "ns",
    "annotations": {
      "sealedsecrets.bitnami.com/namespace-wide": "true"
    }
  },
  "spec": {
    "template": {
      "metadata": {
        "name": "name",
        "namespace": "ns",
        "labels": {
          "a": "1",
          "b": "2"
        },
        "annotations": {
          "z": "true"
        }
      },
      "type": "Opaque"
    },
    "encryptedData": {
      "a": "Ag",
      "b": "Ag"
    }
  }
}"#;
    assert_eq!(json(&sealed.to_node()).trim_end(), want);
}

#[test]
fn every_value_that_does_not_open_is_named_once() {
    let text = "kind: SealedSecret\nmetadata: {name: a}\nspec: {encryptedData: {d: Ag==, c: [1], b: 'x!', a: ''}}\n";
    let sealed = SealedSecret::from_object(&manifest::read(text.as_bytes()).unwrap()[0]).unwrap();
    let errors = sealed.open(&chain()).unwrap_err();
    assert_eq!(grouped(&errors), "no key could decrypt secret (a, c, d)\nillegal base64 data at input byte 1 (b)");
}

#[test]
fn the_secret_is_owned_unless_the_template_says_not_to() {
    let sealed = SealedSecret::seal(&secret(SECRET), Scope::Strict, certificate().key()).unwrap();
    let owner = "\"ownerReferences\": [\n    {\n      \"apiVersion\": \"bitnami.com/v1alpha1\",";
    assert!(json(&sealed.secret_metadata("")).contains(owner));
    let skip = SECRET.replace("    z: yes", &format!("    {SKIP_OWNER}: 'true'"));
    let sealed = SealedSecret::seal(&secret(&skip), Scope::Strict, certificate().key()).unwrap();
    assert!(!json(&sealed.secret_metadata("")).contains("ownerReferences"));
}

/// Whoever can write the file can write the template; the scope there must not count.
#[test]
fn the_scope_of_the_template_does_not_count() {
    let text = "kind: SealedSecret\nmetadata: {name: a, namespace: b}\nspec: {template: {metadata: {annotations: \
                {sealedsecrets.bitnami.com/cluster-wide: 'true'}}}}\n";
    let sealed = SealedSecret::from_object(&manifest::read(text.as_bytes()).unwrap()[0]).unwrap();
    assert_eq!(sealed.scope, Scope::Strict);
}
