//! Where credentials, region and address come from, and what is wrong before anything is sent.

use std::fs;
use std::time::{Duration, Instant};

use super::{PLAIN, SECRETS, publish, world};
use crate::vault::World;
use crate::vault::faulty::{Reply, Request, Server};

const RULE: &str = "  - path_regex: ^odd\n    s3_bucket: te/am\n  - path_regex: ^up\n    s3_bucket: team-a\n    s3_prefix: \
                    x/../\n  - path_regex: ^arn\n    s3_bucket: arn:aws:s3:eu-west-1:1:accesspoint/x\n  - s3_bucket: team-a\n";

fn at(server: &Server) -> String {
    format!("http://127.0.0.1:{}", server.port)
}

fn server() -> Server {
    Server::start(vec![Reply::Http(200, "ETag: \"x\"\r\n", String::new())])
}

/// A world with nothing of AWS in variables.
fn bare(files: &[(&str, &str)]) -> World {
    let world = World::new(RULE, files).with("AWS_EC2_METADATA_DISABLED", "true");
    fs::create_dir(world.home().join(".aws")).unwrap();
    world
}

fn profiles(world: &World, config: &str) {
    fs::write(world.home().join(".aws/config"), config).unwrap();
}

fn scope(request: &Request) -> String {
    let authorization = request.header("authorization").unwrap();
    let scope = authorization.split("Credential=").nth(1).unwrap().split(',').next().unwrap();
    let parts: Vec<&str> = scope.split('/').collect();
    format!("{} {}", parts[0], parts[2])
}

#[test]
fn profiles_say_who_where_and_what() {
    let (all, own) = (server(), server());
    let world = bare(&[("f.yaml", PLAIN)]).with("AWS_PROFILE", "work");
    let keys = "aws_access_key_id = AKIDWORK\naws_secret_access_key = canary-secret-access-key\n";
    let profile = format!("[profile work]\nregion = eu-west-2\n{keys}endpoint_url = {}\n", at(&all));
    profiles(&world, &profile);
    let done = |world: &World, server: &Server| {
        let ended = publish(world, &["f.yaml"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let asked = server.asked();
        assert_eq!(asked.len(), 1);
        scope(&asked[0])
    };
    assert_eq!(done(&world, &all), "AKIDWORK eu-west-2");
    profiles(&world, &format!("{profile}services = s\n[services s]\ns3 =\n  endpoint_url = {}\n", at(&own)));
    assert_eq!(done(&world, &own), "AKIDWORK eu-west-2");
    // variables come first, and of them the one for S3
    let world = world.with("AWS_ENDPOINT_URL", at(&all)).with("AWS_REGION", "eu-west-1");
    profiles(&world, &profile);
    assert_eq!(done(&world, &all), "AKIDWORK eu-west-1");
    let world = world.with("AWS_ENDPOINT_URL_S3", at(&own)).with("AWS_ACCESS_KEY_ID", "AKIDVARIABLE");
    let world = world.with("AWS_SECRET_ACCESS_KEY", SECRETS[1]);
    assert_eq!(done(&world, &own), "AKIDVARIABLE eu-west-1");
    // a program that gives credentials is asked once for all files
    let world = world.with("AWS_ACCESS_KEY_ID", "").with("AWS_SECRET_ACCESS_KEY", "");
    let process = r#"{"Version":1,"AccessKeyId":"AKIDPROCESS","SecretAccessKey":"y","SessionToken":"t"}"#;
    let script = format!("echo x >> {0}/asked; echo '{process}'\n", world.root.display());
    fs::write(world.root.join("give.sh"), script).unwrap();
    profiles(&world, &format!("[profile work]\ncredential_process = sh {}/give.sh\n", world.root.display()));
    fs::create_dir(world.root.join("d")).unwrap();
    for name in ["d/a.yaml", "d/b.yaml"] {
        fs::copy(world.root.join("f.yaml"), world.root.join(name)).unwrap();
    }
    let ended = publish(&world, &["--recursive", "d"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let asked = own.asked();
    assert_eq!((asked.len(), scope(&asked[1]).as_str()), (2, "AKIDPROCESS eu-west-1"));
    assert_eq!(fs::read_to_string(world.root.join("asked")).unwrap(), "x\n");
    assert!(all.asked().is_empty());
}

#[test]
fn what_is_wrong_before_anything_is_sent() {
    let server = server();
    let files = [("f.yaml", PLAIN), ("odd.yaml", PLAIN), ("up.yaml", PLAIN), ("arn.yaml", PLAIN)];
    let mut world = world(RULE, &files, &at(&server));
    fs::create_dir(world.home().join(".aws")).unwrap();
    for (file, words) in [
        ("odd.yaml", "no bucket can have the name \"te/am\""),
        ("up.yaml", "s3://team-a/x/../up.yaml has a part that is . or .."),
        ("arn.yaml", "s3_bucket is an ARN"),
    ] {
        let ended = publish(&world, &[file]);
        assert_eq!(ended.code, Some(212), "{ended:?}");
        assert!(ended.stderr.contains(words) && ended.stderr.contains("\nhint: "), "{ended:?}");
    }
    for (name, value, code, words) in [
        ("AWS_REGION", "evil.example/", 212, "\"evil.example/\" is not a region of AWS"),
        ("AWS_REGION", "", 212, "nothing says in which region of AWS the bucket is\nhint: set AWS_REGION"),
        ("AWS_ENDPOINT_URL_S3", "http://me:canary@h", 212, "the address of Amazon S3 is invalid"),
        ("AWS_ACCESS_KEY_ID", "", 229, "nobody is logged in to AWS: looked at AWS_ACCESS_KEY_ID"),
        ("AWS_PROFILE", "nope", 229, "the profile nope in ~/.aws/config and ~/.aws/credentials says nothing"),
    ] {
        let begin = Instant::now();
        let credentials = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        for (name, value) in credentials.iter().zip(SECRETS) {
            // static credentials come before profiles
            world.set(name, if code == 229 { "" } else { value });
        }
        world.set("AWS_REGION", "us-east-1");
        world.set("AWS_ENDPOINT_URL_S3", "");
        world.set(name, value);
        let ended = publish(&world, &["f.yaml"]);
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(ended.stderr.contains(words) && ended.stderr.contains("hint: "), "{words}: {ended:?}");
        assert!(!ended.stderr.contains("canary") && begin.elapsed() < Duration::from_secs(8), "{ended:?}");
    }
    assert!(server.asked().is_empty());
}

#[test]
fn all_files_are_in_order_or_none_is_sent() {
    let server = server();
    let world = world(RULE, &[("d/a.yaml", PLAIN), ("d/b.yaml", PLAIN)], &at(&server));
    fs::write(world.root.join("d/README.md"), "not a secret\n").unwrap();
    let path = world.root.join("d/b.yaml");
    let good = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{good}\n  bad: [\n")).unwrap();
    let ended = publish(&world, &["--recursive", "d"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(server.asked().is_empty());
    fs::write(&path, good).unwrap();
    let ended = publish(&world, &["--recursive", "--json", "--omit-extensions", "d"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let rows: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let row = |name: &str| {
        serde_json::json!({"file": format!("d/{name}.yaml"), "destination": format!("s3://team-a/{name}"),
                           "status": "published"})
    };
    assert_eq!(rows, serde_json::json!([row("a"), row("b")]));
    let lines: Vec<String> = server.asked().into_iter().map(|request| request.line).collect();
    assert_eq!(lines, ["a", "b"].map(|name| format!("PUT /team-a/{name}?x-id=PutObject HTTP/1.1")));
}
