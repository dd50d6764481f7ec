//! What can go wrong at the other end and before, and what people are told.

use std::fs;
use std::net::TcpListener;

use super::{PLAIN, publish};
use crate::vault::World;
use crate::vault::faulty::{Reply, Request, Server};

const RULE: &str = "  - path_regex: ^odd\n    gcs_bucket: te/am\n  - path_regex: ^long\n    gcs_bucket: team-a\n    gcs_prefix: \
                    \"a\\nb\"\n  - gcs_bucket: team-a\n    gcs_prefix: p/\n";
const POST: &str = "POST /upload/storage/v1/b/team-a/o?uploadType=multipart&name=p%2Ff.yaml HTTP/1.1";

fn says(status: u16, message: &str) -> Reply {
    let body = serde_json::json!({"error": {"code": status, "message": message, "errors": [{"reason": "canary"}]}});
    Reply::Http(status, "Content-Type: application/json\r\n", body.to_string())
}

fn done() -> Reply {
    Reply::Http(200, "", "{}".to_owned())
}

fn against(server: &Server) -> World {
    World::new(RULE, &[("f.yaml", PLAIN)]).with("STORAGE_EMULATOR_HOST", format!("http://127.0.0.1:{}", server.port))
}

/// Publishes to a server that gives these answers; what it was asked.
#[track_caller]
fn fails(replies: Vec<Reply>, code: i32, words: &str) -> Vec<Request> {
    let server = Server::start(replies);
    let ended = publish(&against(&server), &["f.yaml"]);
    assert_eq!(ended.code, Some(code), "{ended:?}");
    for words in [words, "sealant: f.yaml: gcs://team-a: ", "\nhint: "] {
        assert!(ended.stderr.contains(words), "{words}\n{ended:?}");
    }
    assert!(!ended.stderr.contains("canary"), "{ended:?}");
    let asked = server.asked();
    assert!(asked.iter().all(|request| request.line == POST), "{asked:?}");
    asked
}

#[test]
fn refusals_say_what_next() {
    for (status, code, words) in [
        (401, 229, "HTTP status 401: no\nhint: log in with: gcloud auth application-default login"),
        (403, 229, "HTTP status 403: no\nhint: the account needs storage.objects.create"),
        (404, 229, "HTTP status 404: no\nhint: gcloud storage buckets list"),
        (412, 229, "HTTP status 412: no"),
    ] {
        assert_eq!(fails(vec![says(status, "no")], code, words).len(), 1);
    }
    for odd in ["", "<b>", "canary"] {
        fails(vec![Reply::Http(403, "", odd.to_owned())], 229, "HTTP status 403\nhint: ");
    }
    let redirect = Reply::Http(307, "Location: http://me:canary@elsewhere.example/x?canary\r\n", String::new());
    assert_eq!(fails(vec![redirect, done()], 228, "redirects to http://elsewhere.example/x, which is not").len(), 1);
}

#[test]
fn passing_faults_are_tried_again() {
    assert_eq!(fails(vec![says(429, "slowly")], 228, "HTTP status 429: slowly").len(), 4);
    for fault in [says(503, ""), says(500, ""), says(408, ""), Reply::Close, Reply::Http(502, "", "canary".into())] {
        let server = Server::start(vec![fault.clone(), fault, done()]);
        let ended = publish(&against(&server), &["f.yaml"]);
        assert_eq!((ended.code, server.asked().len()), (Some(0), 3), "{ended:?}");
    }
}

#[test]
fn answers_have_a_limit_and_a_form() {
    for reply in [Reply::Flood, Reply::Http(200, "", "hello".into()), Reply::Http(204, "", String::new())] {
        fails(vec![reply], 228, "an answer that nobody understands");
    }
    let server = Server::start(vec![Reply::Garbage]);
    assert_eq!(publish(&against(&server), &["f.yaml"]).code, Some(228));
}

#[test]
fn what_is_wrong_before_anything_is_sent() {
    let server = Server::start(vec![done()]);
    let files = [("f.yaml", PLAIN), ("odd.yaml", PLAIN), ("long.yaml", PLAIN)];
    let mut world = World::new(RULE, &files);
    world.set("STORAGE_EMULATOR_HOST", format!("127.0.0.1:{}", server.port));
    for (file, words) in [
        ("odd.yaml", "\"te/am\" cannot be the name of a bucket\nhint: it is gcs_bucket"),
        ("long.yaml", "cannot be the name of an object\nhint: it is made of gcs_prefix"),
    ] {
        let ended = publish(&world, &[file]);
        assert!(ended.code == Some(212) && ended.stderr.contains(words), "{ended:?}");
    }
    world.set("STORAGE_EMULATOR_HOST", "http://me:canary@h");
    let ended = publish(&world, &["f.yaml"]);
    assert!(ended.code == Some(212) && ended.stderr.contains("STORAGE_EMULATOR_HOST"), "{ended:?}");
    assert!(!ended.stderr.contains("canary"), "{ended:?}");
    assert!(server.asked().is_empty());
    // nobody there
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    world.set("STORAGE_EMULATOR_HOST", format!("127.0.0.1:{port}"));
    let ended = publish(&world, &["f.yaml"]);
    let words = format!("gcs://team-a: http://127.0.0.1:{port} cannot be reached: ");
    assert!(ended.code == Some(228) && ended.stderr.contains(&words), "{ended:?}");
}

/// Without an emulator the login is looked for before anything is sent.
#[test]
fn nobody_is_logged_in() {
    let server = Server::start(vec![Reply::Http(400, "", r#"{"error":"invalid_grant"}"#.into())]);
    let mut world = World::new(RULE, &[("f.yaml", PLAIN)]);
    let login = serde_json::json!({
        "type": "authorized_user", "client_id": "i", "client_secret": "canary", "refresh_token": "canary",
        "token_uri": format!("http://127.0.0.1:{}/token", server.port),
    });
    fs::write(world.root.join("login.json"), login.to_string()).unwrap();
    for (file, words) in [("login.json", "invalid_grant"), ("missing.json", "missing.json")] {
        world.set("GOOGLE_APPLICATION_CREDENTIALS", world.root.join(file).to_str().unwrap());
        let ended = publish(&world, &["f.yaml"]);
        assert_eq!(ended.code, Some(229), "{ended:?}");
        for words in [words, "hint: log in with: gcloud auth application-default login"] {
            assert!(ended.stderr.contains(words), "{words}: {ended:?}");
        }
        assert!(!ended.stderr.contains("canary"), "{ended:?}");
    }
    assert!(server.asked().iter().all(|request| request.line.starts_with("POST /token ")));
}
