//! Servers that are slow, throttle, redirect, flood and lie.

use std::fs;
use std::time::{Duration, Instant};

use super::{PLAIN, fails, good, rules};
use crate::vault::faulty::{Reply, Server};
use crate::vault::{Ended, TOKEN, World, sealant};

fn http(status: u16, body: &str) -> Reply {
    Reply::Http(status, "Content-Type: application/json\r\n", body.to_owned())
}

/// There is such a key.
fn there() -> Reply {
    http(200, r#"{"data":{"latest_version":1}}"#)
}

fn world(server: &Server) -> World {
    let key = format!("http://127.0.0.1:{}/v1/transit/keys/k", server.port);
    let world = World::bare(&rules(&key)).with("VAULT_TOKEN", TOKEN).with("VAULT_MAX_RETRIES", "0");
    fs::write(world.root.join("f.yaml"), PLAIN).unwrap();
    world
}

fn lines(server: &Server) -> Vec<String> {
    server.asked().into_iter().map(|request| request.line).collect()
}

fn encrypt(replies: Vec<Reply>) -> (Ended, Vec<String>) {
    let server = Server::start(replies);
    let ended = world(&server).run(&sealant(), &["encrypt", "f.yaml"], "");
    (ended, lines(&server))
}

const GET: &str = "GET /v1/transit/keys/k HTTP/1.1";
const PUT: &str = "PUT /v1/transit/encrypt/k HTTP/1.1";
const DECRYPT: &str = "PUT /v1/transit/decrypt/k HTTP/1.1";
const WRAPPED: &str = r#"{"data":{"ciphertext":"vault:v1:canned"}}"#;

/// What a file says that was encrypted by a server that answers so; and the server for its decryption.
fn decrypt(replies: Vec<Reply>) -> (Ended, Vec<String>, Duration) {
    let server = Server::start([vec![there(), http(200, WRAPPED)], replies].concat());
    let world = world(&server).with("VAULT_CLIENT_TIMEOUT", "500ms");
    good("encrypt", &world.run(&sealant(), &["encrypt", "-i", "f.yaml"], ""));
    assert_eq!(lines(&server), [GET, PUT]);
    let begin = Instant::now();
    let ended = world.run(&sealant(), &["decrypt", "f.yaml"], "");
    (ended, lines(&server), begin.elapsed())
}

#[test]
fn the_answer_is_stored_as_it_is() {
    let server = Server::start(vec![there(), http(200, WRAPPED)]);
    let world = world(&server).with("VAULT_NAMESPACE", "team/a").with("VAULT_ADDR", "http://127.0.0.1:1");
    let ended = world.run(&sealant(), &["encrypt", "f.yaml"], "");
    good("encrypt", &ended);
    assert!(ended.stdout.contains("enc: vault:v1:canned\n"), "{ended:?}");
    let asked = server.asked();
    for request in &asked {
        assert_eq!(request.header("x-vault-token"), Some(TOKEN));
        assert_eq!(request.header("x-vault-namespace"), Some("team/a"));
    }
    let body: serde_json::Value = serde_json::from_str(&asked[1].body).unwrap();
    let plaintext = body.get("plaintext").and_then(|text| text.as_str()).unwrap();
    assert_eq!((plaintext.len(), body.as_object().unwrap().len()), (44, 1));
}

#[test]
fn what_is_no_answer_is_not_stored() {
    for (reply, words) in [
        (http(200, "{}"), "has no usable ciphertext"),
        (http(200, r#"{"data":{"ciphertext":""}}"#), "has no usable ciphertext"),
        (http(200, r#"{"data":{"ciphertext":"a\nb: c"}}"#), "has no usable ciphertext"),
        (http(200, r#"{"data":{"ciphertext":["vault:v1:x"]}}"#), "has no usable ciphertext"),
        (http(204, ""), "has no usable ciphertext"),
        (http(200, "<html>hello</html>"), "has no usable JSON"),
        (Reply::Garbage, "has no usable JSON"),
        (Reply::Close, "cannot be reached"),
        (Reply::Flood, "has no usable JSON"),
        (http(400, r#"{"errors":["canary-token is\nodd"]}"#), "answers 400: [REDACTED] is odd"),
    ] {
        let (ended, asked) = encrypt(vec![there(), reply]);
        fails(&ended, 1, &[words, "hint: "]);
        assert_eq!(asked.first().map(String::as_str), Some(GET));
    }
}

#[test]
fn what_was_unwrapped_has_to_be_a_data_key() {
    for (body, words) in [
        (r#"{"data":{"plaintext":"aGVsbG8="}}"#, "what was unwrapped is not a data key"),
        (r#"{"data":{"plaintext":"*"}}"#, "has no usable plaintext"),
        (r#"{"data":{"plaintext":7}}"#, "has no usable plaintext"),
        (r#"{"data":null}"#, "has no usable plaintext"),
    ] {
        let (ended, asked, _) = decrypt(vec![http(200, body)]);
        fails(&ended, 128, &[words]);
        assert_eq!(asked, [DECRYPT]);
    }
}

#[test]
fn whoever_repeats_the_ciphertext_is_not_repeated() {
    let (ended, ..) = decrypt(vec![http(400, r#"{"errors":["cannot read vault:v1:canned"]}"#)]);
    fails(&ended, 128, &["answers 400: cannot read [REDACTED]"]);
    assert!(!ended.stderr.contains("canned"), "{ended:?}");
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Server::start(vec![http(200, "{}")]);
    let location = format!("Location: http://127.0.0.1:{}/v1/x?q=1\r\n", elsewhere.port);
    let reply = Reply::Http(307, Box::leak(location.into_boxed_str()), String::new());
    let words = format!("redirects to http://127.0.0.1:{}/v1/x, which is not followed", elsewhere.port);
    let (ended, asked) = encrypt(vec![reply.clone()]);
    fails(&ended, 1, &[&words, "hint: if you trust that place"]);
    assert_eq!(asked, [GET]);
    fails(&decrypt(vec![reply]).0, 128, &[&words]);
    assert!(elsewhere.asked().is_empty());
}

#[test]
fn whoever_is_slow_is_left() {
    for reply in [Reply::Hang, Reply::HangInBody] {
        let (ended, asked, time) = decrypt(vec![reply]);
        fails(&ended, 128, &["does not answer in time", "hint: VAULT_CLIENT_TIMEOUT"]);
        assert_eq!(asked, [DECRYPT]);
        assert!(time < Duration::from_secs(10), "{time:?}");
    }
}

#[test]
fn whoever_throttles_is_asked_again() {
    let busy = || http(429, r#"{"errors":[]}"#);
    let server = Server::start(vec![busy(), there(), busy(), http(200, WRAPPED)]);
    let ended = world(&server).with("VAULT_MAX_RETRIES", "1").run(&sealant(), &["encrypt", "f.yaml"], "");
    good("after one pause each", &ended);
    assert_eq!(lines(&server), [GET, GET, PUT, PUT]);
    let (ended, asked) = encrypt(vec![there(), busy()]);
    fails(&ended, 1, &["has had too many requests", "hint: wait"]);
    assert_eq!(asked, [GET, PUT]);
}

/// Of many files only the first has to wait for a server that is not there.
#[test]
fn nobody_is_asked_twice_whether_he_is_there() {
    let server = Server::start(vec![there(), http(200, WRAPPED), Reply::Hang]);
    let world = world(&server).with("VAULT_CLIENT_TIMEOUT", "500ms");
    fs::create_dir(world.root.join("many")).unwrap();
    let ended = world.run(&sealant(), &["encrypt", "f.yaml"], "");
    for at in 0..64 {
        let text = ended.stdout.replace("canned", &format!("canned{at}"));
        fs::write(world.root.join(format!("many/{at}.yaml")), text).unwrap();
    }
    lines(&server);
    let ended = world.run(&sealant(), &["decrypt", "--output-dir", "out", "many"], "");
    fails(&ended, 128, &["64 of 64 files cannot be decrypted", "does not answer in time"]);
    assert!(lines(&server).len() <= 16);
}
