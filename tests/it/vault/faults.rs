//! Servers that refuse, redirect, hang, flood and lie.

use std::time::{Duration, Instant};

use super::faulty::{Reply, Server};
use super::{Ended, TOKEN, World};

const FILES: &[(&str, &str)] = &[("f.yaml", "a: canary-value\nl:\n  - m: canary-value\n")];
const DESTINATIONS: &str = "  - vault_path: some/where\n";

fn http(status: u16, body: &str) -> Reply {
    Reply::Http(status, "Content-Type: application/json\r\n", body.to_owned())
}

fn world(server: &Server) -> World {
    World::new(DESTINATIONS, FILES)
        .with("VAULT_ADDR", format!("http://127.0.0.1:{}", server.port))
        .with("VAULT_TOKEN", TOKEN)
        .with("VAULT_MAX_RETRIES", "0")
}

/// Publishes to a server that gives these answers; how it ended, and the lines of the requests.
fn against(replies: Vec<Reply>) -> (Ended, Vec<String>) {
    let server = Server::start(replies);
    let ended = world(&server).publish(&["--yes", "f.yaml"]);
    let asked = server.asked().into_iter().map(|request| request.line).collect();
    (ended, asked)
}

#[track_caller]
fn fails(replies: Vec<Reply>, code: i32, words: &str) -> Vec<String> {
    let (ended, asked) = against(replies);
    assert_eq!(ended.code, Some(code), "{ended:?}");
    assert!(ended.stderr.contains(words), "{words}\n{ended:?}");
    assert!(ended.stderr.contains("hint: "), "{ended:?}");
    asked
}

const GET: &str = "GET /v1/secret/data/some/where/f.yaml HTTP/1.1";
const PUT: &str = "PUT /v1/secret/data/some/where/f.yaml HTTP/1.1";

#[test]
fn what_is_sent() {
    let written = r#"{"data":{"version":7}}"#;
    let server = Server::start(vec![http(404, r#"{"errors":[]}"#), http(200, written)]);
    let world = world(&server).with("VAULT_NAMESPACE", "team/a");
    let ended = world.publish(&["--yes", "f.yaml", "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("\"version\": 7"), "{ended:?}");
    let asked = server.asked();
    assert_eq!([asked[0].line.as_str(), asked[1].line.as_str()], [GET, PUT]);
    for request in &asked {
        assert_eq!(request.header("x-vault-token"), Some(TOKEN));
        assert_eq!(request.header("x-vault-namespace"), Some("team/a"));
        assert_eq!(request.header("x-vault-request"), Some("true"));
    }
    let body: serde_json::Value = serde_json::from_str(&asked[1].body).unwrap();
    assert_eq!(body, serde_json::json!({"data": {"a": "canary-value", "l": [{"m": "canary-value"}]}}));
}

#[test]
fn refusals() {
    let denied = r#"{"errors":["1 error occurred:\n\t* permission denied\n\n"]}"#;
    let asked = fails(vec![http(403, denied)], 229, "answers 403: 1 error occurred: * permission denied");
    assert_eq!(asked, [GET, PUT]);
    fails(vec![http(404, r#"{"errors":["no handler for route"]}"#)], 229, "answers 404: no handler for route");
    fails(vec![http(404, "{}"), http(400, r#"{"errors":["canary-token is bad"]}"#)], 229, "[REDACTED] is bad");
    fails(vec![http(503, r#"{"errors":["Vault is sealed"]}"#)], 228, "answers 503: Vault is sealed");
    // not allowed to read is no reason not to write
    let (ended, asked) = against(vec![http(403, denied), http(204, "")]);
    assert_eq!((ended.code, asked.len()), (Some(0), 2), "{ended:?}");
    assert!(ended.stderr.starts_with("warning: Cannot check if destination secret already exists"), "{ended:?}");
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Server::start(vec![http(200, "{}")]);
    let location = format!("Location: http://me:pw@127.0.0.1:{}/v1/x?q=1\r\n", elsewhere.port);
    for status in [301, 302, 307, 308] {
        let reply = Reply::Http(status, Box::leak(location.clone().into_boxed_str()), String::new());
        let words = format!("redirects to http://127.0.0.1:{}/v1/x, which is not followed", elsewhere.port);
        let asked = fails(vec![reply.clone()], 228, &words);
        assert_eq!(asked, [GET]);
        assert_eq!(fails(vec![http(404, "{}"), reply], 228, &words), [GET, PUT]);
    }
    assert!(elsewhere.asked().is_empty());
}

#[test]
fn whoever_does_not_answer_is_left() {
    for reply in [Reply::Hang, Reply::HangInBody] {
        let server = Server::start(vec![reply]);
        let world = world(&server).with("VAULT_CLIENT_TIMEOUT", "300ms").with("VAULT_MAX_RETRIES", "2");
        let begin = Instant::now();
        let ended = world.publish(&["--yes", "f.yaml"]);
        assert_eq!(ended.code, Some(228), "{ended:?}");
        assert!(ended.stderr.contains("no answer in time"), "{ended:?}");
        assert!(begin.elapsed() < Duration::from_secs(10));
        assert_eq!(server.asked().len(), 1);
    }
}

#[test]
fn answers_have_a_limit_and_a_form() {
    fails(vec![Reply::Flood], 228, "the answer is larger than 33554432 bytes");
    fails(vec![http(200, "<html>hello</html>")], 228, "the answer is not one of Vault's");
    fails(vec![Reply::Garbage], 228, "GET http://");
    let (ended, _) = against(vec![Reply::Close]);
    assert_eq!(ended.code, Some(228), "{ended:?}");
}

#[test]
fn faults_of_the_server_are_tried_again() {
    let busy = || http(503, r#"{"errors":["busy"]}"#);
    let server = Server::start(vec![busy(), Reply::Close, http(404, "{}"), busy(), http(204, "")]);
    let ended = world(&server).with("VAULT_MAX_RETRIES", "2").publish(&["--yes", "f.yaml"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let asked: Vec<String> = server.asked().into_iter().map(|request| request.line).collect();
    assert_eq!(asked, [GET, GET, GET, PUT, PUT]);

    let server = Server::start(vec![busy()]);
    let ended = world(&server).with("VAULT_MAX_RETRIES", "1").publish(&["--yes", "f.yaml"]);
    assert_eq!((ended.code, server.asked().len()), (Some(228), 2), "{ended:?}");
}

#[test]
fn tls_is_not_optional() {
    let server = Server::start(vec![Reply::Garbage]);
    for skip in ["0", "1"] {
        let world = world(&server)
            .with("VAULT_ADDR", format!("https://127.0.0.1:{}", server.port))
            .with("VAULT_SKIP_VERIFY", skip);
        let ended = world.publish(&["--yes", "f.yaml"]);
        assert_eq!(ended.code, Some(228), "{ended:?}");
        assert_eq!(ended.stderr.contains("warning: VAULT_SKIP_VERIFY"), skip == "1", "{ended:?}");
    }
    assert!(server.asked().is_empty());
}

#[test]
fn nothing_is_sent_before_everything_is_in_order() {
    let server = Server::start(vec![http(404, "{}")]);
    let files = [FILES, &[("d/good.yaml", "a: x\n"), ("d/large.yaml", "n: 9007199254740993\n")]].concat();
    let world = World::new(DESTINATIONS, &files)
        .with("VAULT_ADDR", format!("http://127.0.0.1:{}", server.port))
        .with("VAULT_TOKEN", TOKEN);
    let ended = world.publish(&["--yes", "--recursive", "d"]);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(ended.stderr.contains("d/large.yaml: the store would round the number at n"), "{ended:?}");
    let damaged = std::fs::read_to_string(world.root.join("f.yaml")).unwrap().replacen("data:", "data:AAAA", 1);
    std::fs::write(world.root.join("f.yaml"), damaged).unwrap();
    assert_eq!(world.publish(&["--yes", "f.yaml"]).code, Some(25));
    let world = world.with("VAULT_TOKEN", "with a blank");
    assert_eq!(world.publish(&["--yes", "d/good.yaml"]).code, Some(229));
    assert!(server.asked().is_empty());
}
