//! `push`, `pull` and `store check` with a real OpenBao and moto.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use super::aws_docs::local;
use super::{CANARY, World};
use crate::aws_store::{moto, parameter, secret};
use crate::peers;
use crate::vault::bao::{Bao, ROOT};

fn vault(bao: &Bao, token: &str) -> String {
    format!(
        "apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {{name: vault}}\nspec:\n  provider:\n    vault:\n      \
         server: http://127.0.0.1:{}\n      path: secret\n      auth: {{tokenSecretRef: {{name: token, key: \
         token}}}}\n---\napiVersion: v1\nkind: Secret\nmetadata: {{name: token}}\nstringData: {{token: {token}}}\n",
        bao.port
    )
}

const PUSH: &str = "
apiVersion: external-secrets.io/v1alpha1
kind: PushSecret
metadata: {name: push}
spec:
  secretStoreRefs: [{name: STORE, kind: KIND}]
  selector: {secret: {name: db}}
  data:
  - match: {secretKey: password, remoteRef: {remoteKey: app/db, property: password}}
  - match: {secretKey: user, remoteRef: {remoteKey: app/db, property: user}}
  - match: {remoteRef: {remoteKey: app/all}}
---
apiVersion: v1
kind: Secret
metadata: {name: db}
stringData: {password: canary-value-1, user: canary-value-2}
";

fn push(store: &str, kind: &str) -> String {
    PUSH.replace("STORE", store).replace("KIND", kind)
}

/// Which value was treated how.
fn statuses(report: &str) -> BTreeMap<String, String> {
    let report: Value = serde_json::from_str(report).unwrap();
    let pushed = report["pushed"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    pushed.map(|row| (text(&row["remote"]), text(&row["status"]))).collect()
}

fn all(status: &str) -> BTreeMap<String, String> {
    let names = ["app/all", "app/db#password", "app/db#user"];
    names.into_iter().map(|name| (name.to_owned(), status.to_owned())).collect()
}

#[test]
fn values_are_pushed_to_openbao_once() {
    let Some(program) = peers::locate_bao("values_are_pushed_to_openbao_once") else { return };
    let bao = Bao::start(&program);
    let world = World::new(&[("store.yaml", &vault(&bao, ROOT)), ("push.yaml", &push("vault", "SecretStore"))]);
    let run = |more: &[&str]| world.run(&[&["--json", "push", "push.yaml", "--with", "store.yaml"], more].concat());
    let data = |key: &str| bao.ask("GET", &format!("secret/data/{key}"), "").1["data"].clone();

    assert_eq!(statuses(&run(&["--dry-run"]).code(0).stdout), all("would push"));
    assert!(data("app/db").is_null());
    assert_eq!(statuses(&run(&[]).code(0).stdout), all("pushed"));
    let wanted = json!({"password": "canary-value-1", "user": "canary-value-2"});
    assert_eq!((&data("app/db")["data"], &data("app/all")["data"]), (&wanted, &wanted));
    let mark = bao.ask("GET", "secret/metadata/app/db", "").1["data"]["custom_metadata"].clone();
    assert_eq!(mark, json!({"managed-by": "external-secrets"}));
    let versions = || ["app/db", "app/all"].map(|key| data(key)["metadata"]["version"].clone());
    let before = versions();
    assert_eq!(statuses(&run(&[]).code(0).stdout), all("unchanged"));
    assert_eq!(versions(), before);

    world.replace("push.yaml", "canary-value-1", "canary-value-3");
    let mut wanted = all("pushed");
    wanted.insert("app/db#user".to_owned(), "unchanged".to_owned());
    assert_eq!(statuses(&run(&[]).code(0).stdout), wanted);
    assert_eq!(data("app/db")["data"], json!({"password": "canary-value-3", "user": "canary-value-2"}));

    // somebody else's
    bao.ask("POST", "secret/data/mine", &json!({"data": {"v": CANARY}}).to_string());
    world.replace("push.yaml", "remoteKey: app/all", "remoteKey: mine");
    let ended = run(&[]).code(235).says("spec.data[2]").says("managed-by");
    let wanted = all("unchanged").into_iter().filter(|(name, _)| name != "app/all").collect();
    assert_eq!(statuses(&ended.stdout), wanted);
    assert_eq!(data("mine")["data"], json!({"v": CANARY}));
    world.replace("push.yaml", "secretStoreRefs:", "updatePolicy: IfNotExists\n  secretStoreRefs:");
    run(&[]).code(0).says("\"exists\"");

    drop(bao);
    run(&[]).code(228);
}

#[test]
fn what_openbao_has_is_pulled() {
    let Some(program) = peers::locate_bao("what_openbao_has_is_pulled") else { return };
    let bao = Bao::start(&program);
    for (key, value) in [("app/db", json!({"user": "shop", "port": 5432})), ("app/smtp", json!({"login": "mail"}))] {
        assert_eq!(bao.ask("POST", &format!("secret/data/{key}"), &json!({"data": value}).to_string()).0, 200);
    }
    let identity = fs::read_to_string(crate::vault::identity()).unwrap();
    let recipient = identity.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap();
    let world = World::new(&[
        ("store.yaml", &vault(&bao, ROOT)),
        (".sops.yaml", &format!("creation_rules: [{{path_regex: ^secrets/, age: {recipient}}}]\n")),
    ]);
    let clear = "login: mail\nport: \"5432\"\nuser: shop\n";
    assert_eq!(world.run(&["pull", "store.yaml", "app/db", "app/smtp"]).code(0).stdout, clear);
    world.run(&["pull", "store.yaml", "app/db", "app/smtp", "-o", "secrets/app.yaml"]).code(0);
    assert_eq!(world.run(&["decrypt", "secrets/app.yaml"]).code(0).stdout, clear);
    let before = world.read("secrets/app.yaml");
    assert!(!before.contains("shop"), "{before}");
    world.run(&["pull", "store.yaml", "app/db", "-o", "secrets/app.yaml"]).code(0).says("unchanged");
    assert_eq!(world.read("secrets/app.yaml"), before);
    // what the store has no more stays, and what is the same keeps its ciphertext
    bao.ask("POST", "secret/data/app/db", &json!({"data": {"user": "other"}}).to_string());
    world.run(&["pull", "store.yaml", "app/db", "-o", "secrets/app.yaml"]).code(0);
    let after = world.read("secrets/app.yaml");
    let lines =
        |text: &str| text.lines().filter(|line| line.starts_with(['l', 'p'])).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(&after), lines(&before));
    assert_eq!(world.run(&["decrypt", "secrets/app.yaml"]).code(0).stdout, clear.replace("shop", "other"));
    world.run(&["pull", "store.yaml", "app/none"]).code(220).says("the store has no secret app/none");
    let as_me = |token: &str| {
        let mut command = world.command(std::path::Path::new(env!("CARGO_BIN_EXE_sealant")));
        command.args(["pull", "store.yaml", "app/smtp", "--as-me"]).env("VAULT_TOKEN", token);
        super::quiet(command, "")
    };
    world.replace("store.yaml", ROOT, "nobody");
    world.run(&["pull", "store.yaml", "app/smtp"]).code(229);
    as_me("nobody-either").code(229);
    assert_eq!(as_me(ROOT).code(0).stdout, "login: mail\n");
}

#[test]
fn what_openbao_denies_is_told_as_a_policy() {
    let Some(program) = peers::locate_bao("what_openbao_denies_is_told_as_a_policy") else { return };
    let bao = Bao::start(&program);
    let policy = json!({"policy": "path \"secret/data/app/*\" { capabilities = [\"read\"] }"});
    bao.ask("POST", "sys/policies/acl/app", &policy.to_string());
    let made = bao.ask("POST", "auth/token/create", r#"{"policies": ["app"], "display_name": "shop"}"#).1;
    let token = made["auth"]["client_token"].as_str().unwrap();
    let external = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: es}\nspec:\n  secretStoreRef: \
                    {name: vault}\n  data:\n  - {secretKey: a, remoteRef: {key: app/db, property: v}}\n";
    let world = World::new(&[("app/store.yaml", &vault(&bao, token)), ("app/es.yaml", external)]);
    let ended = world.run(&["store", "check", "app"]).code(0);
    let address = format!("SecretStore vault: http://127.0.0.1:{}, as token-shop (policies: app, default)\n", bao.port);
    assert!(ended.stdout.starts_with(&address), "{}", ended.stdout);
    assert!(ended.stdout.ends_with("  app/db: readable\n"), "{}", ended.stdout);
    let ended = world.run(&["store", "check", "app", "--read", "other/db"]).code(229);
    assert!(ended.stdout.contains("  app/db: readable\n  other/db: NOT readable\n"), "{}", ended.stdout);
    let stanza =
        "hint: a policy of this login has to say: path \"secret/data/other/db\" { capabilities = [\"read\"] }\n";
    assert!(ended.stderr.ends_with(stanza), "{}", ended.stderr);
    // what is said helps
    let more = format!("{} {}", policy["policy"].as_str().unwrap(), &stanza[stanza.find("path").unwrap()..].trim_end());
    bao.ask("POST", "sys/policies/acl/app", &json!({"policy": more}).to_string());
    world.run(&["store", "check", "app", "--read", "other/db"]).code(0);
    world.replace("app/store.yaml", token, "nobody");
    world.run(&["store", "check", "app"]).code(229).says("SecretStore vault: not usable");
    drop(bao);
    let ended = world.run(&["--json", "store", "check", "app"]).code(228);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(
        (&report["stores"][0]["ok"], &report["stores"][0]["store"]),
        (&json!(false), &json!("SecretStore vault"))
    );
}

#[test]
fn aws_is_pushed_to_pulled_from_and_checked() {
    let Some(moto) = moto("aws_is_pushed_to_pulled_from_and_checked") else { return };
    let world = local(&moto, &push("aws-secretsmanager", "SecretStore"));
    let run = || world.run(&["--json", "push", "app/es.yaml", "--with", "app/store.yaml"]);
    let kept = |key: &str| -> Value {
        let answer = secret(&moto, "GetSecretValue", &json!({"SecretId": key}).to_string());
        // as upstream, bytes are pushed unless the metadata says otherwise
        let bytes = base64_simd::STANDARD.decode_to_vec(answer["SecretBinary"].as_str().unwrap()).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    };
    assert_eq!(statuses(&run().code(0).stdout), all("pushed"));
    let wanted = json!({"password": "canary-value-1", "user": "canary-value-2"});
    assert_eq!((kept("app/db"), kept("app/all")), (wanted.clone(), wanted.clone()));
    assert_eq!(statuses(&run().code(0).stdout), all("unchanged"));
    // somebody else's
    secret(&moto, "CreateSecret", &json!({"Name": "mine", "SecretString": CANARY}).to_string());
    world.replace("app/es.yaml", "remoteKey: app/all", "remoteKey: mine");
    run().code(235).says("spec.data[2]").says("managed-by");
    let mine = secret(&moto, "GetSecretValue", r#"{"SecretId": "mine"}"#);
    assert_eq!(mine["SecretString"], CANARY);
    // parameters have no properties: the second value would be all there is
    world.write("app/es.yaml", &push("aws-parameterstore", "ClusterSecretStore").replace("app/", "/app/"));
    run().code(2).says("spec.data[1]: /app/db goes to the same place as spec.data[0]");
    world.replace("app/es.yaml", "remoteKey: /app/db, property: user", "remoteKey: /app/user");
    world.replace("app/es.yaml", ", property: password", "");
    let pushed = |status: &str| -> BTreeMap<String, String> {
        ["/app/all", "/app/db", "/app/user"].into_iter().map(|name| (name.to_owned(), status.to_owned())).collect()
    };
    assert_eq!(statuses(&run().code(0).stdout), pushed("pushed"));
    assert_eq!(statuses(&run().code(0).stdout), pushed("unchanged"));
    let answer = parameter(&moto, "GetParameter", r#"{"Name": "/app/db", "WithDecryption": true}"#);
    assert_eq!(answer["Parameter"]["Value"], "canary-value-1");

    secret(&moto, "CreateSecret", &json!({"Name": "plain", "SecretString": r#"{"user": "shop"}"#}).to_string());
    let pull = |key: &str| world.run(&["pull", "aws-secretsmanager", key, "--with", "app/store.yaml"]);
    assert_eq!(pull("plain").code(0).stdout, "user: shop\n");
    pull("none").code(220).says("the store has no secret none");

    let check =
        |key: &str| world.run(&["store", "check", "app/store.yaml", "--store", "aws-secretsmanager", "--read", key]);
    let ended = check("plain").code(0).says("  plain: readable\n");
    assert!(ended.stdout.starts_with("SecretStore aws-secretsmanager: "), "{}", ended.stdout);
    assert!(ended.stdout.contains(", as arn:aws:"), "{}", ended.stdout);
    check("none").code(229).says("  none: NOT readable\n");
}
