//! Programs that log us in: shell scripts.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use super::server::{CLIENT, Server, say};
use super::{VERSION, client_with, trusted};
use crate::k8s::settings::Login;
use crate::k8s::{Cause, Client};

const V1: &str = "client.authentication.k8s.io/v1";

struct Program {
    folder: tempfile::TempDir,
}

impl Program {
    fn new(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("login");
        std::fs::write(&path, format!("#!/bin/sh\ncd \"$(dirname \"$0\")\" || exit 9\necho run >>runs\n{script}\n"))
            .unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        Self { folder }
    }

    /// Prints this as the status of its answer.
    fn giving(status: &str) -> Self {
        Self::new(&format!(
            "cat <<'END'\n{{\"kind\":\"ExecCredential\",\"apiVersion\":\"{V1}\",\"status\":{status}}}\nEND"
        ))
    }

    fn user(&self, more: &str) -> String {
        let path = self.folder.path().join("login");
        format!("{{exec: {{command: '{}', apiVersion: {V1}, interactiveMode: Never{more}}}}}", path.display())
    }

    fn runs(&self) -> usize {
        std::fs::read_to_string(self.folder.path().join("runs")).map_or(0, |text| text.lines().count())
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }
}

fn hurried(mut client: Client, patience: Duration) -> Client {
    if let Login::Plugin(plugin) = &mut client.config_mut().login {
        plugin.patience = patience;
    }
    client
}

#[test]
fn tokens() {
    let program = Program::giving("{\"token\":\"hunter2\"}");
    let server = Server::tls(vec![say(200, VERSION), say(200, VERSION), say(401, "no"), say(200, VERSION)]);
    let client = trusted(&server, &program.user(""));
    // asking for a client starts nothing
    assert_eq!(program.runs(), 0);
    client.version().unwrap();
    client.version().unwrap();
    assert_eq!(program.runs(), 1);
    assert_eq!(client.version().unwrap_err().cause, Cause::Unauthorized);
    client.version().unwrap();
    assert_eq!(program.runs(), 2);
    assert!(server.asked().iter().all(|asked| asked.contains("authorization: Bearer hunter2\r\n")));
}

#[test]
fn tokens_that_expire_are_replaced() {
    let program = Program::giving("{\"token\":\"hunter2\",\"expirationTimestamp\":\"2020-01-01T00:00:00Z\"}");
    let server = Server::tls(vec![say(200, VERSION); 2]);
    let client = trusted(&server, &program.user(""));
    client.version().unwrap();
    client.version().unwrap();
    assert_eq!(program.runs(), 2);
}

#[test]
fn certificates() {
    let [certificate, key] = CLIENT.map(|pem| serde_json::Value::from(pem).to_string());
    let program = Program::giving(&format!("{{\"clientCertificateData\":{certificate},\"clientKeyData\":{key}}}"));
    let server = Server::tls(vec![say(200, VERSION)]);
    trusted(&server, &program.user("")).version().unwrap();
    assert!(!server.asked()[0].to_lowercase().contains("authorization"));
}

#[test]
fn what_it_is_told() {
    let program = Program::new(
        "printf '%s' \"$KUBERNETES_EXEC_INFO\" >info\nprintf '%s %s' \"$1\" \"$OWN\" >said\ncat >stdin\nexit 3",
    );
    let server = Server::tls(Vec::new());
    let cluster = ", certificate-authority: /ca.crt, tls-server-name: kubernetes.test, \
                   extensions: [{name: client.authentication.k8s.io/exec, extension: {audience: [a, 1]}}]";
    let user = program.user(", provideClusterInfo: true, args: [word], env: [{name: OWN, value: mine}]");
    let error = client_with(&server.url, cluster, &user, |_| {}).version().unwrap_err();
    assert_eq!(error.cause, Cause::Exec);
    assert!(error.text.starts_with("getting credentials: exec: executable /"), "{error}");
    assert!(error.text.ends_with("/login failed with exit code 3"), "{error}");
    assert_eq!((program.file("said").as_str(), program.file("stdin").as_str()), ("word mine", ""));
    let info: serde_json::Value = serde_json::from_str(&program.file("info")).unwrap();
    let authority = base64_simd::STANDARD.encode_to_string(super::CA);
    let expected = serde_json::json!({
        "kind": "ExecCredential",
        "apiVersion": V1,
        "spec": {
            "cluster": {
                "server": server.url,
                "tls-server-name": "kubernetes.test",
                "certificate-authority-data": authority,
                "config": {"audience": ["a", 1]},
            },
            "interactive": false,
        },
    });
    assert_eq!(info, expected);
}

#[test]
fn what_it_prints_is_never_told() {
    let server = Server::tls(Vec::new());
    for script in [
        "echo hunter2",
        "echo hunter2; exit 1",
        "echo '{\"kind\":\"hunter2\"}'",
        "kill -9 $$",
        "head -c 2000000 /dev/zero | tr '\\0' x",
        "exec >&-; sleep 60",
    ] {
        let program = Program::new(script);
        let start = Instant::now();
        let error = trusted(&server, &program.user("")).version().unwrap_err();
        assert_eq!(error.cause, Cause::Exec, "{script}: {error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        assert!(start.elapsed() < Duration::from_secs(20), "{script}");
    }
    assert!(server.asked().is_empty());
}

#[test]
fn it_is_not_waited_for_without_end() {
    let server = Server::tls(Vec::new());
    let program = Program::new("sleep 60");
    let client = hurried(trusted(&server, &program.user("")), Duration::from_millis(300));
    let start = Instant::now();
    let error = client.version().unwrap_err();
    assert!(error.text.ends_with("/login has not ended after 0 seconds"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn what_cannot_be_run() {
    let server = Server::tls(Vec::new());
    let text = |user: &str| trusted(&server, user).version().unwrap_err();
    let error = text(&format!(
        "{{exec: {{command: sealant-no-such-program, apiVersion: {V1}, interactiveMode: Never, installHint: get it}}}}"
    ));
    assert_eq!(error.text, "getting credentials: exec: executable sealant-no-such-program not found");
    assert_eq!(error.hint.as_deref(), Some("get it"));
    let error = text(&format!("{{exec: {{command: sh, apiVersion: {V1}, interactiveMode: Always}}}}"));
    assert_eq!(
        error.text,
        "getting credentials: exec plugin cannot support interactive mode: standard input is not a terminal"
    );
    let error =
        text("{exec: {command: sh, apiVersion: client.authentication.k8s.io/v1alpha1, interactiveMode: Never}}");
    assert_eq!(error.text, "exec plugin: invalid apiVersion \"client.authentication.k8s.io/v1alpha1\"");
}

#[test]
fn other_credentials_come_first() {
    let program = Program::new("exit 1");
    let server = Server::tls(vec![say(200, VERSION)]);
    let cluster = ", certificate-authority: /ca.crt";
    let client = client_with(&server.url, cluster, &program.user(""), |f| {
        f.token = crate::secret::SecretText::new("mine".into());
    });
    client.version().unwrap();
    assert_eq!(program.runs(), 0);
    assert!(server.asked()[0].contains("authorization: Bearer mine\r\n"));
}
