//! The documentation of the provider for Vault, of templates and of rewriting, against a real OpenBao: the manifests are upstream's
//! but for the address ("docs/provider/hashicorp-vault.md", "docs/guides/templating.md", "docs/guides/common-k8s-secret-types.md",
//! "docs/guides/datafrom-rewrite.md" of external-secrets 2.9).

use serde_json::json;

use super::{CANARY, World, map};
use crate::peers;
use crate::vault::bao::{Bao, ROOT};

const STORE: &str = r#"
apiVersion: external-secrets.io/v1
kind: SecretStore
metadata:
  name: vault-backend
spec:
  provider:
    vault:
      server: "ADDRESS"
      path: "secret"
      # Version is the Vault KV secret engine version.
      # This can be either "v1" or "v2", defaults to "v2"
      version: "v2"
      auth:
        # points to a secret that contains a vault token
        # https://www.vaultproject.io/docs/auth/token
        tokenSecretRef:
          name: "vault-token"
          key: "token"
---
apiVersion: v1
kind: Secret
metadata:
  name: vault-token
stringData:
  token: TOKEN
"#;

const EXAMPLE: &str = r#"
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: vault-example
spec:
  refreshInterval: "15m"
  secretStoreRef:
    name: vault-backend
    kind: SecretStore
  target:
    name: example-sync
  data:
  - secretKey: foobar
    remoteRef:
      key: foo
      property: my-value

  # metadataPolicy to fetch all the labels in JSON format
  - secretKey: tags
    remoteRef:
      metadataPolicy: Fetch
      key: foo

  # metadataPolicy to fetch a specific label (dev) from the source secret
  - secretKey: developer
    remoteRef:
      metadataPolicy: Fetch
      key: foo
      property: dev
---
# get all secrets of a path, and nested properties
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: nested
spec:
  refreshInterval: "15m"
  secretStoreRef:
    name: vault-backend
    kind: SecretStore
  target:
    name: nested
    creationPolicy: Owner
  data:
  - secretKey: firstname
    remoteRef:
      key: my-json-secret
      property: name.first
  - secretKey: first_friend
    remoteRef:
      key: my-json-secret
      property: friends.1.first
  - secretKey: whole
    remoteRef:
      key: my-json-secret
  dataFrom:
  - extract:
      key: foo
  - extract:
      key: my-json-secret
      property: name
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: find-by-name
spec:
  secretStoreRef:
    name: vault-backend
  dataFrom:
  - find:
      path: dev
      name:
        regexp: ".*foobar.*"
    rewrite:
    - regexp:
        source: "/"
        target: "-"
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: find-by-tags
spec:
  secretStoreRef:
    name: vault-backend
  dataFrom:
  - find:
      tags:
        environment: prod
"#;

const TEMPLATES: &str = r#"
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: template
spec:
  refreshInterval: 1h
  secretStoreRef:
    name: vault-backend
    kind: SecretStore
  target:
    name: secret-to-be-created
    # this is how the Kind=Secret will look like
    template:
      engineVersion: v2
      data:
        # multiline string
        config: |
          datasources:
          - name: Graphite
            type: graphite
            access: proxy
            url: http://localhost:8080
            password: "{{ .password }}"
            user: "{{ .user }}"
  data:
  - secretKey: user
    remoteRef:
      key: /grafana
      property: user
  - secretKey: password
    remoteRef:
      key: /grafana
      property: password
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: grafana-config-tpl
data:
  config.yaml: |
    datasources:
    - name: Graphite
      type: graphite
      access: proxy
      url: http://localhost:8080
      password: "{{ .password }}"
      user: "{{ .user }}"
  templated: |
    # key and value templated
    my-application-{{ .user}}: {{ .password | b64enc }}
    # conditional keys
    {{- if hasPrefix "oci-" .user }}
    oci-thing: "true"
    {{- else }}
    other: "false"
    {{- end }}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: my-template-example
spec:
  refreshInterval: 1h
  secretStoreRef:
    name: vault-backend
  target:
    name: from-config-map
    template:
      engineVersion: v2
      templateFrom:
      - configMap:
          # name of the configmap to pull in
          name: grafana-config-tpl
          # here you define the keys that should be used as template
          items:
          - key: config.yaml
            templateAs: Values
          - key: templated
            templateAs: KeysAndValues
      - target: Labels
        literal: "made-for: {{ .user }}"
  dataFrom:
  - extract:
      key: grafana
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: dk-cfg-example
spec:
  refreshInterval: 1h
  secretStoreRef:
    name: vault-backend
  target:
    template:
      type: kubernetes.io/dockerconfigjson
      data:
        .dockerconfigjson: '{"auths":{"{{ .registryName | lower }}.{{ .registryHost }}":{"username":"{{ .registryName }}","password":"{{ .password }}","auth":"{{ printf "%s:%s" .registryName .password | b64enc }}"}}}'
  data:
  - secretKey: registryName
    remoteRef: {key: registry, property: name}
  - secretKey: registryHost
    remoteRef: {key: registry, property: host}
  - secretKey: password
    remoteRef: {key: registry, property: password}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: rewritten
spec:
  refreshInterval: 1h
  secretStoreRef:
    name: vault-backend
  dataFrom:
  - extract:
      key: grafana
    rewrite:
    - regexp:
        source: "(.*)"
        target: "dev-$1"
  - extract:
      key: registry
    rewrite:
    - regexp:
        source: "name"
        target: "registry"
    - transform:
        template: "{{ .value | upper }}"
"#;

fn bao(test: &str) -> Option<Bao> {
    let bao = Bao::start(&peers::locate_bao(test)?);
    let put = |path: &str, value: serde_json::Value| {
        let (status, answer) = bao.ask("POST", path, &value.to_string());
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
    };
    put("secret/data/foo", json!({"data": {"my-value": CANARY}}));
    put("secret/metadata/foo", json!({"custom_metadata": {"dev": "someone", "environment": "prod"}}));
    let friends = json!([{"first": "Dale"}, {"first": "Roger"}, {"first": "Jane"}]);
    let person = json!({"name": {"first": "Tom", "last": "Anderson"}, "friends": friends});
    put("secret/data/my-json-secret", json!({"data": person}));
    put("secret/data/dev/foobar", json!({"data": {"a": "<b>"}}));
    put("secret/data/dev/deep/foobarbaz", json!({"data": {"n": 1.5}}));
    put("secret/data/dev/other", json!({"data": {"n": 1}}));
    put("secret/data/grafana", json!({"data": {"user": "admin", "password": CANARY}}));
    put("secret/data/registry", json!({"data": {"name": "Mine", "host": "example.com", "password": "pass"}}));
    Some(bao)
}

fn world(bao: &Bao, manifests: &str) -> World {
    let store = STORE.replace("ADDRESS", &format!("http://127.0.0.1:{}", bao.port)).replace("TOKEN", ROOT);
    World::new(&[("app/store.yaml", &store), ("app/es.yaml", manifests)])
}

#[test]
fn values_of_the_documentation_are_those_upstream_writes() {
    let Some(bao) = bao("values_of_the_documentation_are_those_upstream_writes") else { return };
    let world = world(&bao, EXAMPLE);
    world.run(&["render", "app", "-o", "out"]).code(0);
    let mut found = world.texts("out/example-sync.yaml");
    let mut tags: serde_json::Value = serde_json::from_str(&found.remove("tags").unwrap()).unwrap();
    assert!(tags.as_object_mut().unwrap().remove("created_time").is_some());
    let wanted = json!({"dev": "someone", "environment": "prod", "current_version": "1", "delete_version_after": "0s"});
    assert_eq!(tags, wanted);
    assert_eq!(found, map(&[("foobar", CANARY), ("developer", "someone")]));
    let whole =
        r#"{"friends":[{"first":"Dale"},{"first":"Roger"},{"first":"Jane"}],"name":{"first":"Tom","last":"Anderson"}}"#;
    let wanted = map(&[
        ("firstname", "Tom"),
        ("first_friend", "Roger"),
        ("whole", whole),
        ("my-value", CANARY),
        ("first", "Tom"),
        ("last", "Anderson"),
    ]);
    assert_eq!(world.texts("out/nested.yaml"), wanted);
    let wanted = map(&[("dev-foobar", r#"{"a":"\u003cb\u003e"}"#), ("dev-deep-foobarbaz", r#"{"n":1.5}"#)]);
    assert_eq!(world.texts("out/find-by-name.yaml"), wanted);
    let wanted = map(&[("foo", &format!(r#"{{"my-value":"{CANARY}"}}"#))]);
    assert_eq!(world.texts("out/find-by-tags.yaml"), wanted);

    // the same once more changes nothing, and says so
    world.run(&["render", "app", "-o", "out", "--check"]).code(0).says("4 unchanged");
    let (status, _) = bao.ask("POST", "secret/data/foo", r#"{"data": {"my-value": "canary-value-2"}}"#);
    assert_eq!(status, 200);
    world.run(&["render", "app", "-o", "out", "--check"]).code(1).says("out/example-sync.yaml: differs: ~ foobar");
    assert_eq!(world.texts("out/example-sync.yaml")["foobar"], CANARY);
}

#[test]
fn templates_of_the_documentation_print_what_upstream_prints() {
    let Some(bao) = bao("templates_of_the_documentation_print_what_upstream_prints") else { return };
    let world = world(&bao, TEMPLATES);
    world.run(&["render", "app", "-o", "out"]).code(0);
    let config = format!(
        "datasources:\n- name: Graphite\n  type: graphite\n  access: proxy\n  url: http://localhost:8080\n  password: \
         \"{CANARY}\"\n  user: \"admin\"\n"
    );
    assert_eq!(world.texts("out/secret-to-be-created.yaml"), map(&[("config", &config)]));
    let encoded = base64_simd::STANDARD.encode_to_string(CANARY);
    let wanted = map(&[("config.yaml", &config), ("my-application-admin", &encoded), ("other", "false")]);
    assert_eq!(world.texts("out/from-config-map.yaml"), wanted);
    assert!(world.read("out/from-config-map.yaml").contains("  labels:\n    made-for: admin\n"));
    let login = r#"{"auths":{"mine.example.com":{"username":"Mine","password":"pass","auth":"TWluZTpwYXNz"}}}"#;
    assert_eq!(world.texts("out/dk-cfg-example.yaml"), map(&[(".dockerconfigjson", login)]));
    assert!(world.read("out/dk-cfg-example.yaml").contains("\ntype: kubernetes.io/dockerconfigjson\n"));
    let wanted = map(&[
        ("dev-user", "admin"),
        ("dev-password", CANARY),
        ("REGISTRY", "Mine"),
        ("HOST", "example.com"),
        ("PASSWORD", "pass"),
    ]);
    assert_eq!(world.texts("out/rewritten.yaml"), wanted);
}

#[test]
fn whoever_is_refused_is_told_and_keeps_what_is_there() {
    let Some(bao) = bao("whoever_is_refused_is_told_and_keeps_what_is_there") else { return };
    let mut world = world(&bao, EXAMPLE);
    world.run(&["render", "app", "-o", "out"]).code(0);
    let before = world.read("out/example-sync.yaml");
    world.replace("app/store.yaml", ROOT, "canary-token");
    world.run(&["render", "app", "-o", "out"]).code(229).says("the token is not let in");
    world.run(&["--json", "render", "app", "-o", "out"]).code(229);
    // as oneself
    world.set("VAULT_TOKEN", ROOT);
    world.run(&["render", "app", "-o", "out", "--as-me"]).code(0).says("4 unchanged");
    let address = format!("127.0.0.1:{}", bao.port);
    drop(bao);
    world.run(&["render", "app", "-o", "out", "--as-me"]).code(228).says(&address);
    assert_eq!(world.read("out/example-sync.yaml"), before);
}

/// "docs/provider/hashicorp-vault.md", the example for AppRole: neither id is ever said.
#[test]
fn ids_of_an_app_role_are_not_said() {
    let Some(bao) = bao("ids_of_an_app_role_are_not_said") else { return };
    let tell = |path: &str, value: serde_json::Value| {
        let (status, answer) = bao.ask("POST", path, &value.to_string());
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
    };
    tell("sys/auth/approle", json!({"type": "approle"}));
    tell("sys/policies/acl/grafana", json!({"policy": "path \"secret/data/grafana\" { capabilities = [\"read\"] }"}));
    tell("auth/approle/role/app", json!({"token_policies": ["grafana"], "secret_id_ttl": "1h"}));
    tell("auth/approle/role/app/role-id", json!({"role_id": "db02de05-fa39-4855-059b-67221c5c2f63"}));
    tell("auth/approle/role/app/custom-secret-id", json!({"secret_id": "canary-secret-id"}));
    let world = World::new(&[("app/es.yaml", TEMPLATES)]);
    let store = format!(
        "apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {{name: vault-backend}}\nspec:\n  provider:\n    vault:\n      \
         server: http://127.0.0.1:{}\n      path: secret\n      version: v2\n      auth:\n        appRole:\n          path: approle\n          \
         roleId: db02de05-fa39-4855-059b-67221c5c2f63\n          secretRef: {{name: my-secret, key: secret-id}}\n---\napiVersion: \
         v1\nkind: Secret\nmetadata: {{name: my-secret}}\nstringData: {{secret-id: canary-secret-id}}\n",
        bao.port
    );
    world.write("app/store.yaml", &store);
    // what the role may not read fails alone
    let ended = world.run(&["render", "app", "-o", "out"]).code(235).says("denied (403)");
    assert!(ended.stderr.contains("2 of 4 ExternalSecrets failed"), "{}", ended.stderr);
    assert_eq!(world.texts("out/from-config-map.yaml").len(), 3);
    world.replace("app/store.yaml", "secret-id: canary-secret-id", "secret-id: canary-secret-id-of-another");
    world.run(&["render", "app", "-o", "out"]).code(229).says("4 of 4 ExternalSecrets failed");
    world.run(&["--json", "render", "app", "-o", "out"]).code(229);
}
