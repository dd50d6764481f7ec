//! What can go wrong, and what people are told.

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::{Ended, KEY, PLAIN, does, ours, profiles, world};
use crate::vault::faulty::{Reply, Server};
use crate::vault::{World, sealant};

const SSO: &str = "[profile work]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n[sso-session s]\n\
                   sso_region = eu-west-1\nsso_start_url = https://nowhere.invalid/start\n";
/// 32 bytes for a data key that nobody needs to know.
const WRAPPED: &str = r#"{"CiphertextBlob":"AQICAHh3cmFwcGVk","KeyId":"k"}"#;

fn http(status: u16, body: &str) -> Reply {
    Reply::Http(status, "Content-Type: application/x-amz-json-1.1\r\n", body.to_owned())
}

fn says(status: u16, code: &str, message: &str) -> Reply {
    http(status, &format!(r#"{{"__type":"{code}","message":"{message}"}}"#))
}

fn at(server: &Server) -> String {
    format!("http://127.0.0.1:{}", server.port)
}

fn config() -> String {
    format!("creation_rules:\n  - kms: {KEY}\n")
}

/// An encrypted file, in a world whose AWS gives these answers from then on.
fn encrypted(config: &str, replies: Vec<Reply>) -> (World, Server) {
    let first = Server::start(vec![http(200, WRAPPED)]);
    let world = world(config, &at(&first));
    does(&world, &sealant(), &["encrypt", "-i", "f.yaml"]);
    let server = Server::start(replies);
    let world = world.with("AWS_ENDPOINT_URL", at(&server));
    (world, server)
}

/// What is said when a file is to be decrypted; and how often the server was asked.
#[track_caller]
fn fails(config: &str, replies: Vec<Reply>, words: &[&str]) -> usize {
    let (world, server) = encrypted(config, replies);
    expect(&ours(&world, &["decrypt", "f.yaml"]), words);
    server.asked().len()
}

#[track_caller]
fn expect(ended: &Ended, words: &[&str]) {
    assert_eq!(ended.code, Some(128), "{ended:?}");
    for words in words {
        assert!(ended.stderr.contains(words), "{words}\n{}", ended.stderr);
    }
    assert!(!ended.stderr.contains("canary"), "{}", ended.stderr);
}

#[test]
fn refusals_say_who_what_and_what_next() {
    let region = "--region eu-west-1";
    let me = "arn:aws:sts::1:assumed-role/dev/eve";
    let denied = format!("User: {me} is not authorized to perform: kms:Decrypt on resource: canary");
    let cases: Vec<(&str, &str, Vec<String>)> = vec![
        (
            "AccessDeniedException",
            &denied,
            vec![format!("{me} may not kms:Decrypt with {KEY}"), "ask whoever manages".into()],
        ),
        (
            "AccessDeniedException",
            "canary",
            vec!["AWS_ACCESS_KEY_ID stands for may not kms:Decrypt".into(), "aws sts get-caller-identity".into()],
        ),
        (
            "NotFoundException",
            "canary",
            vec![format!("there is no key {KEY}"), format!("hint: compare with: aws kms list-aliases {region}")],
        ),
        (
            "DisabledException",
            "canary",
            vec!["is disabled".into(), format!("aws kms enable-key {region} --key-id {KEY}")],
        ),
        (
            "KMSInvalidStateException",
            "canary is pending deletion.",
            vec!["is going to be deleted".into(), format!("aws kms cancel-key-deletion {region} --key-id {KEY}")],
        ),
        ("KMSInvalidStateException", "canary is pending import.", vec!["cannot be used".into(), "describe-key".into()]),
        ("InvalidCiphertextException", "", vec!["the wrapped key does not open with this key".into()]),
        ("IncorrectKeyException", "canary", vec!["made by another key".into()]),
        ("InvalidKeyUsageException", "canary", vec!["is not a key for symmetric encryption".into()]),
        ("ExpiredTokenException", "canary", vec!["the login of AWS_ACCESS_KEY_ID has expired".into(), "hint: ".into()]),
        ("UnrecognizedClientException", "canary", vec!["does not know the credentials of AWS_ACCESS_KEY_ID".into()]),
        ("InvalidSignatureException", "Signature expired: canary", vec!["clock is wrong".into()]),
        ("com.amazonaws.kms#OddException", "canary", vec!["answers 400: OddException".into()]),
        ("<b>odd</b>", "canary", vec!["answers 400, and nothing that KMS would say".into()]),
    ];
    for (code, message, words) in cases {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        assert_eq!(fails(&config(), vec![says(400, code, message)], &words), 1, "{code}");
    }
}

#[test]
fn passing_faults_are_tried_again() {
    let busy = || says(400, "ThrottlingException", "canary");
    assert_eq!(fails(&config(), vec![busy()], &["is asked too often, even after pauses", "hint: wait a minute"]), 4);
    let server = Server::start(vec![busy(), Reply::Close, says(500, "KMSInternalException", ""), http(200, WRAPPED)]);
    let world = world(&config(), &at(&server));
    does(&world, &sealant(), &["encrypt", "-i", "f.yaml"]);
    assert_eq!(server.asked().len(), 4);
}

#[test]
fn answers_that_are_none() {
    let garbage = "gives an answer that is not one of AWS KMS";
    fails(&config(), vec![http(200, "<html>canary</html>")], &[garbage, "AWS_ENDPOINT_URL"]);
    fails(&config(), vec![http(200, "{}")], &[garbage]);
    fails(&config(), vec![http(200, r#"{"Plaintext":"%%%canary"}"#)], &[garbage]);
    fails(&config(), vec![http(200, r#"{"Plaintext":"c2hvcnQ="}"#)], &["what was unwrapped is not a data key"]);
    fails(&config(), vec![Reply::Garbage], &["127.0.0.1:"]);
    fails(&config(), vec![http(403, "<html>canary</html>")], &["answers 403, and nothing that KMS would say"]);
    let elsewhere = Server::start(vec![http(200, "{}")]);
    let location: &'static str = Box::leak(format!("Location: {}/canary\r\n", at(&elsewhere)).into_boxed_str());
    for status in [301, 307, 308] {
        let redirect = Reply::Http(status, location, String::new());
        fails(&config(), vec![redirect], &[&format!("answers with a redirect ({status}), which is not followed")]);
    }
    assert!(elsewhere.asked().is_empty());
}

#[test]
fn nobody_there_is_found_out_fast_and_once() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (world, _server) = encrypted(&config(), vec![Reply::Close]);
    for name in ["g.yaml", "h.yaml"] {
        fs::copy(world.root.join("f.yaml"), world.root.join(name)).unwrap();
    }
    for (address, words) in [
        (format!("http://127.0.0.1:{nobody}"), "no connection"),
        ("http://kms.nowhere.invalid".to_owned(), "there is no host of that name, or no network"),
    ] {
        let begin = Instant::now();
        let world = world_at(&world, &address);
        expect(&ours(&world, &["decrypt", "f.yaml"]), &[words]);
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    }
}

/// The same file with AWS somewhere else.
fn world_at(old: &World, address: &str) -> World {
    let new = world(&config(), address);
    fs::copy(old.root.join("f.yaml"), new.root.join("f.yaml")).unwrap();
    new
}

#[test]
fn plain_text_where_tls_is_expected() {
    let server = Server::start(vec![Reply::Garbage]);
    let world = world(&config(), &format!("https://127.0.0.1:{}", server.port));
    let ended = ours(&world, &["encrypt", "f.yaml"]);
    assert_ne!(ended.code, Some(0));
    assert!(ended.stderr.contains("it does not speak TLS as we do"), "{ended:?}");
}

#[test]
fn malformed_names_are_told_before_anybody_is_called() {
    let server = Server::start(vec![http(200, WRAPPED)]);
    for (config, words) in [
        (
            "kms: arn:aws:kms:evil.example/:1:key/x",
            "\"arn:aws:kms:evil.example/:1:key/x\" is not the ARN of an AWS KMS key",
        ),
        ("kms: alias/sops", "\"alias/sops\" is not the ARN of an AWS KMS key"),
        (
            "kms: arn:aws:kms:eu-west-1:1:key/x+arn:aws:iam::1:user/eve",
            "\"arn:aws:iam::1:user/eve\" is not the ARN of a role",
        ),
    ] {
        let world = world(&format!("creation_rules:\n  - {config}\n"), &at(&server));
        let ended = ours(&world, &["encrypt", "f.yaml"]);
        assert_ne!(ended.code, Some(0));
        assert!(ended.stderr.contains(words), "{ended:?}");
        assert_eq!(fs::read_to_string(world.root.join("f.yaml")).unwrap(), PLAIN);
    }
    assert!(server.asked().is_empty());
}

/// The same with a profile in the place of the variables.
fn with_profile(profile: &str, config_file: &str) -> (Ended, Server) {
    let config = format!("creation_rules:\n  - kms: {KEY}\n    aws_profile: {profile}\n");
    let server = Server::start(vec![http(200, WRAPPED)]);
    let world = world(&config, &at(&server));
    profiles(&world, "config", config_file);
    let ended = ours(&world, &["encrypt", "-i", "f.yaml"]);
    (ended, server)
}

#[test]
fn profiles_that_give_nothing() {
    for (config, words) in [
        ("[profile other]\nregion = x\n", "there is no profile work: looked at the profile work in ~/.aws/config"),
        (
            "[profile work]\nregion = x\n",
            "the profile work in ~/.aws/config and ~/.aws/credentials says nothing that credentials could come from",
        ),
        (SSO, "nobody is logged in for the profile work"),
        ("[profile work]\ncredential_process = false canary\n", "the credential_process of the profile work failed"),
    ] {
        let (ended, server) = with_profile("work", config);
        assert_ne!(ended.code, Some(0), "{config}");
        assert!(ended.stderr.contains(words), "{words}\n{}", ended.stderr);
        assert!(ended.stderr.contains("hint: ") && ended.stderr.contains("work"), "{}", ended.stderr);
        assert!(!ended.stderr.contains("canary"), "{}", ended.stderr);
        assert!(server.asked().is_empty());
    }
    let process = r#"{"Version":1,"AccessKeyId":"x","SecretAccessKey":"y"}"#;
    let config = format!("[profile work]\ncredential_process = echo '{process}'\n");
    let (ended, server) = with_profile("work", &config);
    assert_eq!((ended.code, server.asked().len()), (Some(0), 1), "{ended:?}");
}

#[test]
fn a_login_that_has_expired() {
    let config = format!("creation_rules:\n  - kms: {KEY}\n    aws_profile: work\n");
    let server = Server::start(vec![http(200, WRAPPED)]);
    let world = world(&config, &at(&server));
    profiles(&world, "config", SSO);
    // the name of the file is the SHA-1 of the session's name
    let cache = world.home().join(".aws/sso/cache");
    fs::create_dir_all(&cache).unwrap();
    let token = r#"{"accessToken":"canary-sso-token","expiresAt":"2020-01-01T00:00:00Z"}"#;
    fs::write(cache.join("a0f1490a20d0211c997b44bc357e1972deab8ae3.json"), token).unwrap();
    let ended = ours(&world, &["encrypt", "-i", "f.yaml"]);
    assert_ne!(ended.code, Some(0));
    assert!(ended.stderr.contains("the login of the profile work in ~/.aws/config"), "{ended:?}");
    assert!(ended.stderr.contains("has expired\nhint: log in with: aws sso login --profile work"), "{ended:?}");
    assert!(server.asked().is_empty() && !ended.stderr.contains("canary"), "{ended:?}");
}

#[test]
fn nobody_is_logged_in() {
    let server = Server::start(vec![http(200, WRAPPED)]);
    let world = world(&config(), &at(&server)).with("AWS_ACCESS_KEY_ID", "").with("AWS_SECRET_ACCESS_KEY", "");
    let begin = Instant::now();
    let ended = ours(&world, &["encrypt", "f.yaml"]);
    assert_ne!(ended.code, Some(0));
    assert!(ended.stderr.contains("nobody is logged in to AWS: looked at AWS_ACCESS_KEY_ID"), "{ended:?}");
    assert!(ended.stderr.contains("aws sso login"), "{ended:?}");
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert!(server.asked().is_empty());
}

#[test]
fn roles_that_may_not_be_assumed() {
    let role = "arn:aws:iam::1:role/sops";
    let denied = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: arn:aws:iam::1:user/eve \
                  is not authorized to perform: sts:AssumeRole on resource: canary</Message></Error></ErrorResponse>";
    let server = Server::start(vec![Reply::Http(403, "Content-Type: text/xml\r\n", denied.to_owned())]);
    let world = world(&format!("creation_rules:\n  - kms: {KEY}+{role}\n"), &at(&server));
    let ended = ours(&world, &["encrypt", "f.yaml"]);
    assert_ne!(ended.code, Some(0));
    let words = format!("may not sts:AssumeRole with {role}");
    assert!(ended.stderr.contains(&words), "{ended:?}");
    assert!(!ended.stderr.contains("canary"), "{ended:?}");
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].body.contains("RoleSessionName=sops%40"), "{}", asked[0].body);
}
