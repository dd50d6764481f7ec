//! The documentation of the provider for AWS, against moto: the manifests are upstream's ("docs/provider/aws-secrets-manager.md" and
//! "docs/provider/aws-parameter-store.md" of external-secrets 2.9).

use super::{CANARY, World, map, quoted};
use crate::aws_store::{moto, parameter, secret};
use crate::moto::Moto;

const STORES: &str = r#"
apiVersion: external-secrets.io/v1
kind: SecretStore
metadata:
  name: aws-secretsmanager
spec:
  provider:
    aws:
      service: SecretsManager
      # define a specific role to limit access
      # to certain secrets
      region: eu-central-1
      auth:
        secretRef:
          accessKeyIDSecretRef:
            name: awssm-secret
            key: access-key
          secretAccessKeySecretRef:
            name: awssm-secret
            key: secret-access-key
---
apiVersion: external-secrets.io/v1
kind: ClusterSecretStore
metadata:
  name: aws-parameterstore
spec:
  provider:
    aws:
      service: ParameterStore
      region: eu-central-1
      auth:
        secretRef:
          accessKeyIDSecretRef:
            name: awssm-secret
            key: access-key
          secretAccessKeySecretRef:
            name: awssm-secret
            key: secret-access-key
---
apiVersion: v1
kind: Secret
metadata:
  name: awssm-secret
stringData:
  access-key: AKIACANARYCANARYCANA
  secret-access-key: canary-secret-access-key
"#;

const EXAMPLE: &str = r#"
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: example
spec:
  refreshInterval: 1h
  secretStoreRef:
    name: aws-secretsmanager
    kind: SecretStore
  target:
    name: secret-to-be-created
    creationPolicy: Owner
  data:
  - secretKey: firstname
    remoteRef:
      key: my-json-secret
      property: name.first # Tom
  - secretKey: first_friend
    remoteRef:
      key: my-json-secret
      property: friends.1.first # Roger

  # metadataPolicy to fetch all the tags in JSON format
  - secretKey: tags
    remoteRef:
      metadataPolicy: Fetch
      key: database-credentials

  # metadataPolicy to fetch a specific tag (dev) from the source secret
  - secretKey: developer
    remoteRef:
      metadataPolicy: Fetch
      key: database-credentials
      property: dev

  - secretKey: previous
    remoteRef:
      key: database-credentials
      property: password
      version: AWSPREVIOUS
  dataFrom:
  - extract:
      key: database-credentials
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: find-by-tags
spec:
  refreshInterval: 1h
  secretStoreRef:
    name: aws-secretsmanager
    kind: SecretStore
  target:
    name: prod
  dataFrom:
  - find:
      tags:
        environment: "prod"
        application: "app-name"
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: parameters
spec:
  secretStoreRef:
    name: aws-parameterstore
    kind: ClusterSecretStore
  data:
  - secretKey: name
    remoteRef: {key: /friendslist, property: name.first}
  - secretKey: first
    remoteRef: {key: /a/plain, version: "1"}
  dataFrom:
  - find:
      path: /a
      name: {regexp: "plain$"}
"#;

fn person() -> String {
    r#"{"name":{"first":"Tom","last":"Anderson"},"friends":[{"first":"Dale"},{"first":"Roger"},{"first":"Jane"}]}"#
        .into()
}

pub fn world(moto: &Moto, manifests: &str) -> World {
    let mut world = World::new(&[("app/store.yaml", STORES), ("app/es.yaml", manifests)]);
    world.set("AWS_ENDPOINT_URL", &moto.address());
    world
}

/// What moto answers is of the region in its signature; these are asked in the other tests' region, so they are made there.
fn here(manifests: &str) -> String {
    manifests.replace("eu-central-1", crate::aws_store::REGION)
}

pub fn local(moto: &Moto, manifests: &str) -> World {
    let world = world(moto, manifests);
    world.write("app/store.yaml", &here(STORES));
    world
}

#[test]
fn values_of_the_documentation_are_those_upstream_writes() {
    let Some(moto) = moto("values_of_the_documentation_are_those_upstream_writes") else { return };
    let create = |name: &str, value: &str, tags: &str| {
        let tags = if tags.is_empty() { "[]" } else { tags };
        secret(
            &moto,
            "CreateSecret",
            &format!(r#"{{"Name":"{name}","SecretString":{},"Tags":{tags}}}"#, quoted(value)),
        );
    };
    let prod = r#"[{"Key":"environment","Value":"prod"},{"Key":"application","Value":"app-name"}]"#;
    create("my-json-secret", &person(), "");
    create("database-credentials", r#"{"password":"canary-value-1"}"#, r#"[{"Key":"dev","Value":"someone"}]"#);
    let newer = format!(
        r#"{{"SecretId":"database-credentials","SecretString":{}}}"#,
        quoted(r#"{"password":"canary-value-2"}"#)
    );
    secret(&moto, "PutSecretValue", &newer);
    create("prod/one", CANARY, prod);
    create("prod/two", "canary-value-two", prod);
    create("dev/three", CANARY, r#"[{"Key":"environment","Value":"prod"}]"#);
    let put = |name: &str, value: &str| {
        let body = format!(r#"{{"Name":"{name}","Value":{},"Type":"SecureString","Overwrite":true}}"#, quoted(value));
        parameter(&moto, "PutParameter", &body);
    };
    put("/friendslist", &person());
    put("/a/plain", "canary-value-first");
    put("/a/plain", "canary-value-second");
    put("/a/other", CANARY);

    let world = local(&moto, EXAMPLE);
    world.run(&["render", "app", "-o", "out"]).code(0);
    let wanted = map(&[
        ("firstname", "Tom"),
        ("first_friend", "Roger"),
        ("tags", r#"{"dev":"someone"}"#),
        ("developer", "someone"),
        ("previous", "canary-value-1"),
        ("password", "canary-value-2"),
    ]);
    assert_eq!(world.texts("out/secret-to-be-created.yaml"), wanted);
    let wanted = map(&[("prod_one", CANARY), ("prod_two", "canary-value-two")]);
    assert_eq!(world.texts("out/prod.yaml"), wanted);
    let wanted = map(&[("name", "Tom"), ("first", "canary-value-first"), ("_a_plain", "canary-value-second")]);
    assert_eq!(world.texts("out/parameters.yaml"), wanted);

    world.replace("app/es.yaml", "AWSPREVIOUS", "AWSNOTHERE");
    world.replace("app/es.yaml", "key: /friendslist", "key: /nothing");
    let ended = world.run(&["render", "app", "-o", "out"]).code(235);
    ended.says("spec.data[4] (key `database-credentials`)").says("spec.data[0] (key `/nothing`)");
    drop(moto);
    world.run(&["render", "app", "-o", "out"]).code(228);
    assert_eq!(world.texts("out/prod.yaml").len(), 2);
}
