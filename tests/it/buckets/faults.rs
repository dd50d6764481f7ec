//! What can go wrong at the other end, and what people are told.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::{PLAIN, SECRETS, publish, world};
use crate::vault::World;
use crate::vault::faulty::{Reply, Request, Server};

const RULE: &str = "  - s3_bucket: team-a\n    s3_prefix: p/\n";
const PUT: &str = "PUT /team-a/p/f.yaml?x-id=PutObject HTTP/1.1";

fn at(server: &Server) -> String {
    format!("http://127.0.0.1:{}", server.port)
}

fn done() -> Reply {
    Reply::Http(200, "ETag: \"x\"\r\n", String::new())
}

fn says(status: u16, code: &str, message: &str) -> Reply {
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>\
         <AWSAccessKeyId>{}</AWSAccessKeyId><RequestId>canary-body</RequestId></Error>",
        SECRETS[0]
    );
    Reply::Http(status, "Content-Type: application/xml\r\n", xml)
}

fn against(server: &Server) -> World {
    world(RULE, &[("f.yaml", PLAIN)], &at(server))
}

/// Publishes to a server that gives these answers; what it was asked.
#[track_caller]
fn fails(replies: Vec<Reply>, code: i32, words: &[&str]) -> Vec<Request> {
    let server = Server::start(replies);
    let ended = publish(&against(&server), &["f.yaml"]);
    assert_eq!(ended.code, Some(code), "{ended:?}");
    for words in words.iter().chain(&["sealant: f.yaml: ", "\nhint: "]) {
        assert!(ended.stderr.contains(words), "{words}\n{ended:?}");
    }
    assert!(!ended.stderr.contains("canary"), "{ended:?}");
    server.asked()
}

#[test]
fn what_is_sent() {
    let server = Server::start(vec![done()]);
    let world = against(&server);
    let ended = publish(&world, &["f.yaml"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), "f.yaml: published to s3://team-a/p/f.yaml\n"));
    let asked = server.asked();
    let [request] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!(request.line, PUT);
    assert_eq!(request.body, std::fs::read_to_string(world.root.join("f.yaml")).unwrap());
    for (name, value) in [
        ("content-type", "application/octet-stream"),
        ("x-amz-security-token", SECRETS[2]),
        ("host", &format!("127.0.0.1:{}", server.port)),
    ] {
        assert_eq!(request.header(name), Some(value), "{name}");
    }
    let authorization = request.header("authorization").unwrap();
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIACANARYCANARYCANA/"), "{authorization}");
    assert!(
        authorization.contains("/us-east-1/s3/aws4_request, SignedHeaders=content-type;host;x-amz-checksum-crc32;")
    );
    assert!(!format!("{asked:?}").contains(SECRETS[1]));

    let world = world.with("AWS_REQUEST_CHECKSUM_CALCULATION", "WHEN_REQUIRED");
    assert_eq!(publish(&world, &["f.yaml"]).code, Some(0));
    let asked = server.asked();
    assert!(asked[0].header("x-amz-checksum-crc32").is_none() && asked[0].header("x-amz-content-sha256").is_some());
}

#[test]
fn refusals_say_what_next() {
    let denied = "User: arn:aws:sts::1:assumed-role/dev/eve is not authorized to perform: s3:PutObject on: canary";
    let variable = "AWS_ACCESS_KEY_ID";
    for (status, code, message, words) in [
        (
            403,
            "AccessDenied",
            denied,
            "arn:aws:sts::1:assumed-role/dev/eve may not s3:PutObject to s3://team-a/p/f.yaml",
        ),
        (403, "AccessDenied", "canary", "whoever AWS_ACCESS_KEY_ID stands for may not s3:PutObject"),
        (
            404,
            "NoSuchBucket",
            "canary",
            "has no bucket team-a\nhint: compare s3_bucket of the destination rule with: aws s3 ls",
        ),
        (400, "ExpiredToken", "canary", "the login of AWS_ACCESS_KEY_ID has expired\nhint: set AWS_ACCESS_KEY_ID"),
        (403, "InvalidAccessKeyId", "canary", variable),
        (403, "SignatureDoesNotMatch", "canary", variable),
        (403, "RequestTimeTooSkewed", "canary", "this machine's clock is wrong\nhint: set the clock"),
        (400, "OddCode", "canary", "answers 400: OddCode"),
    ] {
        assert_eq!(fails(vec![says(status, code, message)], 229, &[words]).len(), 1, "{code}");
    }
    for odd in ["", "<b>", "can ary"] {
        fails(vec![says(403, odd, "canary")], 228, &["answers 403, and nothing that S3 would say"]);
    }
}

#[test]
fn passing_faults_are_tried_again() {
    let busy = || says(503, "SlowDown", "canary");
    assert_eq!(fails(vec![busy()], 228, &["is asked too often, even after pauses"]).len(), 3);
    assert_eq!(fails(vec![says(500, "InternalError", "")], 228, &["a fault of its own (InternalError)"]).len(), 3);
    for fault in [busy(), says(400, "RequestTimeout", ""), Reply::Close, Reply::Http(502, "", "canary".into())] {
        let server = Server::start(vec![fault.clone(), fault, done()]);
        assert_eq!(publish(&against(&server), &["f.yaml"]).code, Some(0));
        assert_eq!(server.asked().len(), 3);
    }
    let server = Server::start(vec![busy(), done()]);
    let ended = publish(&against(&server).with("AWS_MAX_ATTEMPTS", "1"), &["f.yaml"]);
    assert_eq!((ended.code, server.asked().len()), (Some(228), 1), "{ended:?}");
}

fn moved(status: u16, region: &'static str) -> Reply {
    Reply::Http(status, region, "<Error><Code>PermanentRedirect</Code></Error>".into())
}

#[test]
fn a_bucket_in_another_region_is_found_once() {
    for status in [301, 307, 400] {
        let server = Server::start(vec![moved(status, "x-amz-bucket-region: eu-west-3\r\n"), done()]);
        let world = world(RULE, &[("d/f.yaml", PLAIN), ("d/g.yaml", PLAIN)], &at(&server));
        let ended = publish(&world, &["--recursive", "d"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let asked = server.asked();
        let regions: Vec<&str> =
            asked.iter().map(|request| request.header("authorization").unwrap().split('/').nth(2).unwrap()).collect();
        // where it is is known then
        assert_eq!(regions, ["us-east-1", "eu-west-3", "eu-west-3"]);
    }
    let there = moved(301, "x-amz-bucket-region: eu-west-3\r\n");
    let again = moved(301, "x-amz-bucket-region: eu-west-2\r\n");
    assert_eq!(fails(vec![there, again], 228, &["answers with a redirect (301), which is not followed"]).len(), 2);
    for region in ["", "x-amz-bucket-region: us-east-1\r\n", "x-amz-bucket-region: evil.example/#\r\n"] {
        assert_eq!(fails(vec![moved(301, region)], 228, &["a redirect (301), which is not followed"]).len(), 1);
    }
}

#[test]
fn nobody_is_led_elsewhere() {
    let elsewhere = Server::start(vec![done()]);
    let location: &'static str = Box::leak(format!("Location: {}/canary\r\n", at(&elsewhere)).into_boxed_str());
    for status in [301, 302, 307, 308] {
        let redirect = Reply::Http(status, location, String::new());
        let words = format!("answers with a redirect ({status}), which is not followed");
        assert_eq!(fails(vec![redirect], 228, &[&words, "AWS_ENDPOINT_URL_S3"]).len(), 1);
    }
    assert!(elsewhere.asked().is_empty());
}

#[test]
fn answers_that_are_none() {
    let garbage = "gives an answer that is not one of Amazon S3";
    fails(vec![Reply::Http(200, "Content-Type: text/html\r\n", "<html>canary</html>".into())], 228, &[garbage]);
    fails(vec![Reply::Flood], 228, &[garbage]);
    fails(vec![Reply::Garbage], 228, &["127.0.0.1:"]);
    let long = format!("<Error>{}", "canary".repeat(200_000));
    fails(vec![Reply::Http(403, "", long)], 228, &["answers 403, and nothing that S3 would say"]);
}

#[test]
fn nobody_there_is_found_out_fast() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for address in [format!("http://127.0.0.1:{nobody}"), "https://nowhere.invalid".to_owned()] {
        let world = world(RULE, &[("f.yaml", PLAIN)], &address);
        let begin = Instant::now();
        let ended = publish(&world, &["f.yaml"]);
        assert_eq!(ended.code, Some(228), "{ended:?}");
        assert!(ended.stderr.contains("\nhint: is AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL right"), "{ended:?}");
        assert!(begin.elapsed() < Duration::from_secs(5), "{ended:?}");
    }
}
