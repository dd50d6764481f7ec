//! Who the environment says we are. The SDK reads the environment of a process, so each case is a process.

use std::process::Command;

use sealant::external::Reference;
use sealant::net::aws::Login;
use sealant::store::aws::Service::{ParameterStore, SecretsManager};
use sealant::store::aws::Settings;
use serde_json::json;

use super::{REGION, Tap, now, store, texts};

/// Set in the processes of the cases: which store is asked.
const CASE: &str = "SEALANT_TEST_AWS_STORE";

#[test]
fn the_environment_says_who_we_are() {
    if let Ok(case) = std::env::var(CASE) {
        return ask(&case);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).into_os_string().into_string().unwrap();
    let profiles = "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = x\n\
                    [work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = x\n";
    std::fs::write(path("credentials"), profiles).unwrap();
    std::fs::write(path("token"), "canary-token").unwrap();
    let tap = Tap::with(0, |operation, _| {
        let given = "<AccessKeyId>AKIAROLE</AccessKeyId><SecretAccessKey>x</SecretAccessKey><SessionToken>t</SessionToken>\
                     <Expiration>2100-01-01T00:00:00Z</Expiration>";
        let answer = match operation {
            "AssumeRoleWithWebIdentity" => format!(
                "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleWithWebIdentityResult>\
                 <Credentials>{given}</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
            ),
            "GetParameter" => json!({ "Parameter": { "Name": "a", "Value": "x" } }).to_string(),
            "GetSecretValue" => json!({ "Name": "a", "SecretString": "x" }).to_string(),
            _ => json!({ "AccessKeyId": "AKIACONTAINER", "SecretAccessKey": "x", "Token": "t", "Expiration": "2100-01-01T00:00:00Z" }).to_string(),
        };
        Some((200, answer))
    });
    let at = tap.address.clone();
    let files = path("credentials");
    let keys = [("AWS_ACCESS_KEY_ID", "AKIAVARIABLE"), ("AWS_SECRET_ACCESS_KEY", "x"), ("AWS_ENDPOINT_URL", &at)];
    let of_role = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", &*path("token")),
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/r"),
        ("AWS_ENDPOINT_URL", &at),
    ];
    for (service, variables, expected) in [
        ("secrets", &keys[..], "AKIAVARIABLE"),
        ("parameters", &keys[..], "AKIAVARIABLE"),
        (
            "secrets",
            &[("AWS_SHARED_CREDENTIALS_FILE", &*files), ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &at)],
            "AKIADEFAULT",
        ),
        (
            "parameters",
            &[("AWS_SHARED_CREDENTIALS_FILE", &*files), ("AWS_ENDPOINT_URL_SSM", &at), ("AWS_PROFILE", "work")],
            "AKIAWORK",
        ),
        ("secrets", &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &*at), ("AWS_ENDPOINT_URL", &at)], "AKIACONTAINER"),
        ("parameters", &of_role[..], "AKIAROLE"),
    ] {
        tap.seen();
        let found = run(service, variables);
        assert!(found.contains("FOUND x"), "{service} {variables:?}: {found}");
        let head = tap.seen().pop().unwrap().head;
        assert!(head.contains(&format!("Credential={expected}/")), "{service} {variables:?}: {head}");
    }
    let found = run("secrets", &[("AWS_ENDPOINT_URL", &at)]);
    assert!(found.contains("FOUND ! Login nobody is logged in to AWS"), "{found}");
    assert!(found.contains("log in with: aws sso login"), "{found}");
}

fn run(service: &str, variables: &[(&str, &str)]) -> String {
    let home = tempfile::tempdir().unwrap();
    let ended = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "aws_store::chain::the_environment_says_who_we_are", "--nocapture"])
        .env_clear()
        .env("HOME", home.path())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env(CASE, service)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr))
}

/// One case.
fn ask(case: &str) {
    let service = if case == "secrets" { SecretsManager } else { ParameterStore };
    let mut settings = Settings::new(service, REGION, now);
    settings.login = Login { files: "~/.aws".into(), ..Login::default() };
    println!("\nFOUND {}", texts(&store(settings).fetch(&[Reference::value("a")]))[0]);
}
