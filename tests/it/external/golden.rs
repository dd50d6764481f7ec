//! What upstream's own code made of values ("tests/vectors/external-secrets/golden.json"), kept in real stores and rendered.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use super::aws_docs::local;
use super::{World, quoted};
use crate::aws_store::{moto, secret};
use crate::peers;
use crate::vault::bao::{Bao, ROOT};

fn golden() -> Value {
    serde_json::from_str(include_str!("../../vectors/external-secrets/golden.json")).unwrap()
}

fn cases(golden: &Value, group: &str) -> Vec<Value> {
    golden[group].as_array().unwrap().clone()
}

fn texts(map: &Value) -> BTreeMap<String, String> {
    map.as_object().unwrap().iter().map(|(key, text)| (key.clone(), text.as_str().unwrap().to_owned())).collect()
}

/// A store of version 1, which keeps numbers as they were spelled.
fn world(bao: &Bao, manifests: &str) -> World {
    let store = format!(
        "apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {{name: store}}\nspec: {{provider: {{vault: {{server: \
         \"http://127.0.0.1:{}\", path: kv1, version: v1, auth: {{tokenSecretRef: {{name: token, key: token}}}}}}}}}}\n---\n\
         apiVersion: v1\nkind: Secret\nmetadata: {{name: token}}\nstringData: {{token: {ROOT}}}\n",
        bao.port
    );
    World::new(&[("app/store.yaml", &store), ("app/es.yaml", manifests)])
}

/// An ExternalSecret with this name and the rest of its spec.
fn external_secret(name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{name: {name}}}\nspec:\n  secretStoreRef: {{name: \
         {}}}\n{spec}",
        if name.starts_with("aws") { "aws-secretsmanager" } else { "store" }
    )
}

fn put(bao: &Bao, name: &str, json: &str) {
    let (status, answer) = bao.ask("POST", &format!("kv1/{name}"), json);
    assert_eq!(status, 204, "{name}: {answer}");
}

#[test]
fn what_vault_keeps_is_read_as_upstream_reads_it() {
    let Some(program) = peers::locate_bao("what_vault_keeps_is_read_as_upstream_reads_it") else { return };
    let bao = Bao::start(&program);
    let cases = cases(&golden(), "vault_kv");
    assert!(cases.len() >= 5, "the vectors are gone");
    let mut manifests = String::new();
    for (at, case) in cases.iter().enumerate() {
        let is_empty = texts(&case["get_secret_map"]).is_empty();
        // what has no fields is refused by the server
        if is_empty {
            continue;
        }
        put(&bao, &format!("c{at}"), case["data_json"].as_str().unwrap());
        let spec = format!("  dataFrom: [{{extract: {{key: c{at}}}}}]\n");
        manifests.push_str(&external_secret(&format!("map{at}"), &spec));
        let mut spec = format!("  data:\n  - {{secretKey: whole, remoteRef: {{key: c{at}}}}}\n");
        for key in texts(&case["get_secret_map"]).keys() {
            writeln!(spec, "  - {{secretKey: {key:?}, remoteRef: {{key: c{at}, property: {key:?}}}}}").unwrap();
        }
        manifests.push_str(&external_secret(&format!("whole{at}"), &spec));
    }
    let world = world(&bao, &manifests);
    world.run(&["render", "app", "-o", "out"]).code(0);
    for (at, case) in cases.iter().enumerate().filter(|(_, case)| !texts(&case["get_secret_map"]).is_empty()) {
        assert_eq!(world.texts(&format!("out/map{at}.yaml")), texts(&case["get_secret_map"]), "{case}");
        let whole = world.texts(&format!("out/whole{at}.yaml")).remove("whole").unwrap();
        assert_eq!(whole, case["get_secret_no_property"].as_str().unwrap(), "{case}");
    }
}

#[test]
fn what_aws_keeps_is_read_as_upstream_reads_it() {
    let Some(moto) = moto("what_aws_keeps_is_read_as_upstream_reads_it") else { return };
    let cases = cases(&golden(), "aws_map");
    assert!(cases.len() >= 9, "the vectors are gone");
    let (mut good, mut bad) = (String::new(), String::new());
    let mut wrong = 0;
    for (at, case) in cases.iter().enumerate() {
        let text = quoted(case["secret_string"].as_str().unwrap());
        secret(&moto, "CreateSecret", &format!(r#"{{"Name":"c{at}","SecretString":{text}}}"#));
        let spec = format!("  dataFrom: [{{extract: {{key: c{at}}}}}]\n");
        let manifest = external_secret(&format!("aws{at}"), &spec);
        match case.get("err") {
            None => good.push_str(&manifest),
            Some(_) => {
                bad.push_str(&manifest);
                wrong += 1;
            }
        }
    }
    let world = local(&moto, &good);
    world.run(&["render", "app", "-o", "out"]).code(0);
    for (at, case) in cases.iter().enumerate().filter(|(_, case)| case.get("err").is_none()) {
        let wanted = texts(&case["get_secret_map"]);
        if wanted.is_empty() {
            assert!(!world.path(&format!("out/aws{at}.yaml")).exists());
        } else {
            assert_eq!(world.texts(&format!("out/aws{at}.yaml")), wanted, "{case}");
        }
    }
    world.write("app/es.yaml", &bad);
    let ended = world.run(&["render", "app"]).code(2);
    assert!(
        wrong >= 3 && ended.stderr.contains(&format!("{wrong} of {wrong} ExternalSecrets failed")),
        "{}",
        ended.stderr
    );
}

#[test]
fn keys_are_rewritten_as_upstream_rewrites_them() {
    let Some(program) = peers::locate_bao("keys_are_rewritten_as_upstream_rewrites_them") else { return };
    let bao = Bao::start(&program);
    let cases = cases(&golden(), "regexp_rewrite");
    assert!(cases.len() >= 17, "the vectors are gone");
    let mut manifests = String::new();
    let mut expected = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        let Some(out) = case["out"].as_str() else { continue };
        let key = case["key"].as_str().unwrap();
        put(&bao, &format!("c{at}"), &format!(r#"{{{}:"v"}}"#, quoted(key)));
        let (source, target) = (quoted(case["source"].as_str().unwrap()), quoted(case["target"].as_str().unwrap()));
        // what comes out may be no key of a Secret: a template shows it
        let spec = format!(
            "  target: {{template: {{data: {{out: '{{{{ range $key, $value := . }}}}[{{{{ $key }}}}]{{{{ end }}}}'}}}}}}\n  dataFrom:\n  - extract: {{key: c{at}}}\n    rewrite: [{{regexp: {{source: {source}, target: {target}}}}}]\n"
        );
        manifests.push_str(&external_secret(&format!("c{at}"), &spec));
        expected.push((at, out.to_owned()));
    }
    let world = world(&bao, &manifests);
    let ended = world.run(&["render", "app", "-o", "out"]);
    for (at, out) in expected {
        let file = format!("out/c{at}.yaml");
        let is_key = !out.is_empty() && out.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if is_key {
            assert_eq!(world.texts(&file)["out"], format!("[{out}]"), "{}", cases[at]);
        } else {
            // upstream leaves the empty one out and refuses what else cannot be a key, too
            let said = if out.is_empty() { format!(" c{at} is left out") } else { format!(": c{at}: ") };
            assert!(!world.path(&file).exists() && ended.stderr.contains(&said), "{}", ended.stderr);
        }
    }
}

#[test]
fn templates_print_what_upstream_prints() {
    let Some(program) = peers::locate_bao("templates_print_what_upstream_prints") else { return };
    let bao = Bao::start(&program);
    let golden = golden();
    put(&bao, "data", &golden["template_data"].to_string());
    let cases = cases(&golden, "templates");
    assert!(cases.len() >= 400, "the vectors are gone");
    let from = "  dataFrom: [{extract: {key: data}}]\n";
    let mut spec = "  target:\n    template:\n      data:\n".to_owned();
    let mut manifests = String::new();
    let mut wanted = BTreeMap::new();
    for (at, case) in cases.iter().enumerate() {
        let template = quoted(case["tpl"].as_str().unwrap());
        match case["out"].as_str() {
            Some(out) => {
                writeln!(spec, "        t{at}: {template}").unwrap();
                wanted.insert(format!("t{at}"), out.to_owned());
            }
            None => {
                let spec = format!("  target: {{template: {{data: {{k: {template}}}}}}}\n{from}");
                manifests.push_str(&external_secret(&format!("wrong{at}"), &spec));
            }
        }
    }
    let world = world(&bao, &external_secret("all", &format!("{spec}{from}")));
    world.run(&["render", "app", "-o", "out"]).code(0);
    let found = world.texts("out/all.yaml");
    for (key, out) in &wanted {
        // parsers find other words for what is wrong
        let whole = |text: &str| text.split("error converting YAML").next().unwrap().to_owned();
        let case = &cases[key[1..].parse::<usize>().unwrap()];
        assert_eq!(found.get(key).map(|text| whole(text)), Some(whole(out)), "{case}");
    }
    assert!(wanted.len() > 300);
    world.write("app/es.yaml", &manifests);
    let wrong = cases.len() - wanted.len();
    let ended = world.run(&["render", "app", "-o", "wrong"]).code(2);
    assert!(ended.stderr.contains(&format!("{wrong} of {wrong} ExternalSecrets failed")), "{}", ended.stderr);
    assert!(!world.path("wrong").exists());
}

#[test]
fn maps_of_texts_are_read_as_upstream_reads_them() {
    let Some(program) = peers::locate_bao("maps_of_texts_are_read_as_upstream_reads_them") else { return };
    let bao = Bao::start(&program);
    put(&bao, "data", r#"{"unused":"v"}"#);
    let cases = cases(&golden(), "yaml_to_string_map");
    assert!(cases.len() >= 90, "the vectors are gone");
    let is_key = |key: &String| {
        !key.is_empty()
            && key != "."
            && !key.starts_with("..")
            && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    let mut manifests = String::new();
    for (at, case) in cases.iter().enumerate() {
        let text = case["yaml"].as_str().unwrap();
        // in a template, braces would be actions
        let literal = quoted(&format!("{{{{ {} }}}}", quoted(text)));
        let spec = format!(
            "  target:\n    template:\n      data: {{also: there}}\n      templateFrom: [{{literal: {literal}}}]\n  dataFrom: [{{extract: {{key: data}}}}]\n"
        );
        manifests.push_str(&external_secret(&format!("c{at}"), &spec));
    }
    let world = world(&bao, &manifests);
    let ended = world.run(&["render", "app", "-o", "out"]).code(235);
    let mut compared = 0;
    for (at, case) in cases.iter().enumerate() {
        let file = format!("out/c{at}.yaml");
        match case.get("map").map(texts) {
            Some(mut wanted) if wanted.keys().all(is_key) => {
                wanted.entry("also".into()).or_insert_with(|| "there".into());
                assert_eq!(world.texts(&file), wanted, "{case}");
                compared += 1;
            }
            _ => assert!(!world.path(&file).exists() && ended.stderr.contains(&format!(" c{at}: ")), "{case}"),
        }
    }
    assert!(compared >= 50, "{compared}");
}
