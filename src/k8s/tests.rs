//! Requests to small servers of our own, with everything that can go wrong.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::client::Limits;
use super::*;
use crate::secret::SecretBytes;
use server::{CA, CLIENT, Reply, Server, say, say_with};

mod programs;
mod server;

/// A client as a kubeconfig file gives it. `cluster` and `user` are what stands there beside the server.
fn client_with(url: &str, cluster: &str, user: &str, set: impl FnOnce(&mut Overrides)) -> Client {
    let file = format!(
        "current-context: x\nclusters: [{{name: c, cluster: {{server: '{url}'{cluster}}}}}]\nusers: [{{name: u, user: {user}}}]\n\
         contexts: [{{name: x, context: {{cluster: c, user: u}}}}]\n"
    );
    let mut overrides = Overrides { kubeconfig: Some("/config".into()), ..Overrides::default() };
    set(&mut overrides);
    let files: BTreeMap<PathBuf, String> = [
        ("/config".into(), file),
        ("/ca.crt".into(), CA.to_owned()),
        ("/client.crt".into(), CLIENT[0].to_owned()),
        ("/client.key".into(), CLIENT[1].to_owned()),
    ]
    .into();
    let read = move |path: &Path| match files.get(path) {
        Some(text) => Ok(SecretBytes::new(text.as_bytes().to_vec())),
        None => std::fs::read(path).map(SecretBytes::new),
    };
    let around = Surroundings {
        kubeconfig: None,
        home: None,
        service_host: None,
        service_port: None,
        pod_namespace: None,
        https_proxy: None,
        http_proxy: None,
        no_proxy: None,
        terminal: false,
        now: jiff::Timestamp::now,
        read: Arc::new(read),
    };
    let config = Loaded::load(overrides, around).unwrap().config().unwrap();
    Client::new(config).with_limits(Limits {
        attempt: Duration::from_secs(20),
        whole: Duration::from_secs(30),
        small: 64 * 1024,
    })
}

fn plain(server: &Server) -> Client {
    client_with(&server.url, "", "{}", |_| {})
}

fn trusted(server: &Server, user: &str) -> Client {
    client_with(&server.url, ", certificate-authority: /ca.crt", user, |_| {})
}

const VERSION: &str = r#"{"gitVersion":"v1.2.3"}"#;

#[test]
fn the_port_and_the_certificate_of_a_service() {
    let server = Server::plain(vec![
        say(200, r#"{"kind":"Service","spec":{"ports":[{"name":"http","port":8080},{"name":"metrics"}]}}"#),
        say(200, r#"{"kind":"Service","spec":{"ports":[{"port":8080}]}}"#),
        say(200, r#"{"kind":"Service","spec":{}}"#),
        say(200, "PEM"),
        say(200, "<html>"),
    ]);
    let client = plain(&server);
    assert_eq!(client.service_port_name("kube-system", "controller").unwrap(), "http");
    assert_eq!(client.service_port_name("kube-system", "controller").unwrap(), "");
    assert_eq!(client.service_port_name("kube-system", "controller").unwrap(), "");
    let accept = "application/x-pem-file, */*";
    assert_eq!(client.proxy_get("kube-system", "controller", "", "/v1/cert.pem", accept).unwrap(), b"PEM");
    assert_eq!(client.service_port_name("kube-system", "controller").unwrap_err().cause, Cause::BadAnswer);
    let asked = server.asked();
    assert!(
        asked[0].starts_with("GET /api/v1/namespaces/kube-system/services/controller HTTP/1.1\r\n"),
        "{}",
        asked[0]
    );
    assert!(
        asked[3]
            .starts_with("GET /api/v1/namespaces/kube-system/services/http:controller:/proxy/v1/cert.pem HTTP/1.1\r\n")
    );
    assert!(asked[3].contains("accept: application/x-pem-file, */*\r\n"), "{}", asked[3]);
    assert!(asked[3].contains("user-agent: sealant/"));
    assert!(!asked.concat().to_ascii_lowercase().contains("authorization"));
}

#[test]
fn a_server_may_be_below_a_path() {
    let server = Server::plain(vec![say(200, VERSION)]);
    let client = client_with(&format!("{}/k8s/clusters/c-1/", server.url), "", "{}", |_| {});
    assert_eq!(client.version().unwrap(), "v1.2.3");
    assert!(server.asked()[0].starts_with("GET /k8s/clusters/c-1/version HTTP/1.1\r\n"));
}

#[test]
fn names_cannot_lead_elsewhere() {
    let server = Server::plain(Vec::new());
    let client = plain(&server);
    for (namespace, name) in
        [("..", "x"), ("a/b", "x"), ("a", "../../secrets"), ("a", "."), ("", "x"), ("a", ""), ("a", "%2e%2e")]
    {
        assert_eq!(client.service_port_name(namespace, name).unwrap_err().cause, Cause::BadConfig);
    }
    assert!(server.asked().is_empty());
}

#[test]
fn answers_of_the_controller() {
    let server = Server::plain(vec![
        say(200, ""),
        say_with(409, "Content-Length-Not", ""),
        say_with(500, "X", ""),
        say_with(429, "Retry-After", "0"),
        say_with(503, "Retry-After", "0"),
        say(200, "{}"),
    ]);
    let client = plain(&server);
    let post =
        || client.proxy_post("ns", "sealed-secrets-controller", "", "/v1/verify", b"{\"a\":1}", "application/json");
    assert_eq!(post().unwrap().status, 200);
    let conflict = post().unwrap_err();
    assert_eq!((conflict.cause, conflict.status), (Cause::Conflict, Some(409)));
    assert_eq!(
        post().unwrap_err().text,
        "an error on the server (\"\") has prevented the request from succeeding \
         (post services http:sealed-secrets-controller:)"
    );
    assert_eq!(post().unwrap().body.expose(), b"{}");
    let asked = server.asked();
    assert_eq!(asked.len(), 6);
    assert!(asked[5].starts_with(
        "POST /api/v1/namespaces/ns/services/http:sealed-secrets-controller:/proxy/v1/verify HTTP/1.1\r\n"
    ));
    assert!(asked[5].contains("content-type: application/json\r\n") && asked[5].ends_with("\r\n\r\n{\"a\":1}"));
}

#[test]
fn who_always_asks_for_patience_is_asked_eleven_times() {
    let server = Server::plain(vec![say_with(429, "Retry-After", "0"); 20]);
    let error = plain(&server).version().unwrap_err();
    assert_eq!(
        (error.cause, error.text.as_str()),
        (Cause::Busy, "the server has received too many requests and has asked us to try again later")
    );
    assert_eq!(server.asked().len(), 11);
}

#[test]
fn refusals_are_told_as_the_server_tells_them() {
    let denied = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"services \"c\" is forbidden: User \"u\" cannot get","reason":"Forbidden","code":403}"#;
    let server = Server::plain(vec![
        say(403, denied),
        say(401, r#"{"kind":"Status","status":"Failure","message":"Unauthorized"}"#),
    ]);
    let client = plain(&server);
    let error = client.service_port_name("ns", "c").unwrap_err();
    assert_eq!(
        (error.cause, error.text.as_str()),
        (Cause::Forbidden, "services \"c\" is forbidden: User \"u\" cannot get")
    );
    let error = client.service_port_name("ns", "c").unwrap_err();
    assert_eq!((error.cause, error.text.as_str()), (Cause::Unauthorized, "Unauthorized"));
}

#[test]
fn answers_are_bounded() {
    let server = Server::plain(vec![Reply::Endless, say(200, &"x".repeat(70_000)), Reply::Hang]);
    let limits = Limits { attempt: Duration::from_millis(500), whole: Duration::from_secs(5), small: 64 * 1024 };
    let client = plain(&server).with_limits(limits);
    for _ in 0..2 {
        let error = client.version().unwrap_err();
        assert_eq!(error.cause, Cause::BadAnswer);
        assert_eq!(error.text, format!("Get \"{}/version\": the answer is larger than 65536 bytes", server.url));
    }
    let error = client.version().unwrap_err();
    assert_eq!(
        (error.cause, error.text),
        (Cause::Late, format!("Get \"{}/version\": no answer within 0.5 seconds", server.url))
    );
}

#[test]
fn all_tries_together_are_bounded() {
    let server = Server::plain(vec![say_with(503, "Retry-After", "5"); 20]);
    let limits = Limits { attempt: Duration::from_secs(5), whole: Duration::from_millis(300), small: 1024 };
    assert_eq!(plain(&server).with_limits(limits).version().unwrap_err().cause, Cause::Late);
}

#[test]
fn connections_that_break() {
    let server = Server::plain(vec![Reply::Close, say(200, VERSION), Reply::Close]);
    let client = plain(&server);
    assert_eq!(client.version().unwrap(), "v1.2.3");
    // what may have been done already is not done again
    let error = client.proxy_post("ns", "s", "", "/x", b"", "application/json").unwrap_err();
    assert_eq!(error.cause, Cause::Unreachable);
    assert!(error.text.starts_with("Post \"http://127.0.0.1:") && error.text.ends_with("/proxy/x\": EOF"), "{error}");
    assert_eq!(server.asked().len(), 3);
}

#[test]
fn nobody_is_there() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = client_with(&format!("https://127.0.0.1:{port}"), "", "{}", |_| {}).version().unwrap_err();
    let expected =
        format!("Get \"https://127.0.0.1:{port}/version\": dial tcp 127.0.0.1:{port}: connect: connection refused");
    assert_eq!((error.cause, error.text), (Cause::Unreachable, expected));
    let error = client_with("https://nobody.invalid", "", "{}", |_| {}).version().unwrap_err();
    assert_eq!(error.cause, Cause::Unreachable);
    assert!(error.text.starts_with("Get \"https://nobody.invalid/version\": dial tcp"), "{error}");
}

#[test]
fn requests_can_be_stopped() {
    let server = Server::plain(vec![Reply::Hang, say(200, VERSION)]);
    let client = plain(&server);
    let cancel = client.canceller();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| client.version());
        std::thread::sleep(Duration::from_millis(100));
        cancel.cancel();
        assert_eq!(waiting.join().unwrap().unwrap_err().cause, Cause::Cancelled);
    });
    assert_eq!(client.version().unwrap_err().cause, Cause::Cancelled);
}

#[test]
fn credentials_go_where_they_belong() {
    let server = Server::tls(vec![say(200, VERSION); 3]);
    assert_eq!(trusted(&server, "{token: hunter2}").version().unwrap(), "v1.2.3");
    assert_eq!(trusted(&server, "{username: me, password: hunter2}").version().unwrap(), "v1.2.3");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), " from-file\n").unwrap();
    let client = trusted(&server, &format!("{{tokenFile: '{}'}}", file.path().display()));
    client.version().unwrap();
    std::fs::write(file.path(), "").unwrap();
    assert!(client.version().unwrap_err().text.starts_with("read empty token from file"));
    let asked = server.asked();
    assert!(asked[0].contains("authorization: Bearer hunter2\r\n"), "{}", asked[0]);
    assert!(asked[1].contains("authorization: Basic bWU6aHVudGVyMg==\r\n"), "{}", asked[1]);
    assert!(asked[2].contains("authorization: Bearer from-file\r\n"), "{}", asked[2]);
}

#[test]
fn no_message_has_the_token() {
    let echo = "no such token: hunter2";
    let server = Server::tls(vec![
        say(502, echo),
        say(403, echo),
        say_with(302, "Location", "https://me:x@elsewhere/x?token=hunter2#f"),
    ]);
    let client = trusted(&server, "{token: hunter2}");
    for _ in 0..3 {
        let error = client.version().unwrap_err();
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
    // nobody was asked a fourth time
    assert_eq!(server.asked().len(), 3);
    let error = trusted(&server, "{token: \"hunter2\\nX: y\"}").version().unwrap_err();
    assert!(error.cause == Cause::BadConfig && !error.text.contains("hunter2"), "{error}");
}

#[test]
fn redirects_are_not_followed() {
    let other = Server::tls(vec![say(200, VERSION)]);
    let server = Server::tls(vec![say_with(307, "Location", &format!("{}/version", other.url))]);
    let error = trusted(&server, "{token: hunter2}").version().unwrap_err();
    assert!(error.text.contains("redirects to https://127.0.0.1:") && error.text.contains("not followed"), "{error}");
    assert!(other.asked().is_empty());
}

#[test]
fn acting_as_somebody_else() {
    let server = Server::plain(vec![say(200, VERSION)]);
    let user = "{as: jane, as-uid: '7', as-groups: [a, b], as-user-extra: {Some/Key: [x, y]}}";
    client_with(&server.url, "", user, |_| {}).version().unwrap();
    let asked = &server.asked()[0];
    for line in [
        "impersonate-user: jane",
        "impersonate-uid: 7",
        "impersonate-group: a",
        "impersonate-group: b",
        "impersonate-extra-some%2fkey: x",
        "impersonate-extra-some%2fkey: y",
    ] {
        assert!(asked.to_lowercase().contains(&format!("{line}\r\n")), "{line}: {asked}");
    }
}

#[test]
fn certificates_of_servers() {
    let server = || Server::tls(vec![say(200, VERSION)]);
    let failed = |server: &Server, cluster: &str| {
        let error = client_with(&server.url, cluster, "{token: t}", |_| {}).version().unwrap_err();
        assert_eq!(error.cause, Cause::Tls, "{error}");
        error.text.split_once("/version\": ").unwrap().1.to_owned()
    };
    assert_eq!(
        failed(&server(), ", certificate-authority: /client.crt"),
        "tls: failed to verify certificate: x509: certificate signed by unknown authority"
    );
    assert_eq!(
        failed(&server(), ", certificate-authority: /ca.crt, tls-server-name: other.test"),
        "tls: failed to verify certificate: x509: certificate is valid for kubernetes.test, 127.0.0.1, not other.test"
    );
    let right = ", certificate-authority: /ca.crt, tls-server-name: kubernetes.test";
    assert_eq!(client_with(&server().url, right, "{}", |_| {}).version().unwrap(), "v1.2.3");
    assert_eq!(
        client_with(&server().url, ", insecure-skip-tls-verify: true", "{}", |_| {}).version().unwrap(),
        "v1.2.3"
    );
    let mut plain = Server::plain(vec![say(400, "")]);
    plain.url = plain.url.replace("http:", "https:");
    assert_eq!(failed(&plain, ", certificate-authority: /ca.crt"), "http: server gave HTTP response to HTTPS client");
    let client = client_with("https://127.0.0.1:1", ", certificate-authority-data: eA==", "{}", |_| {});
    assert_eq!(
        client.version().unwrap_err().text,
        "unable to load root certificates: unable to parse bytes as PEM block"
    );
}

#[test]
fn certificates_of_our_own() {
    let server = Server::tls(vec![say(200, VERSION)]);
    let client = trusted(&server, "{client-certificate: /client.crt, client-key: /client.key}");
    assert_eq!(client.version().unwrap(), "v1.2.3");
    let client = trusted(&server, "{client-certificate: /client.crt, client-key: /client.crt}");
    let error = client.version().unwrap_err();
    assert!(error.cause == Cause::BadConfig && error.text.contains("client certificate"), "{error}");
}

#[test]
fn through_a_proxy() {
    let proxy = Server::plain(vec![say(200, VERSION)]);
    let authority = proxy.url.trim_start_matches("http://").to_owned();
    let client =
        client_with("http://cluster.test:6443", "", "{}", |f| f.proxy_url = format!("http://me:hunter2@{authority}"));
    assert_eq!(client.version().unwrap(), "v1.2.3");
    let asked = proxy.asked();
    assert!(asked[0].starts_with("CONNECT cluster.test:6443 HTTP/1.1\r\n"), "{}", asked[0]);
    assert!(asked[0].to_lowercase().contains("proxy-authorization: basic bwu6ahvudgvymg=="), "{}", asked[0]);
    assert!(asked[1].starts_with("GET /version HTTP/1.1\r\n"));
    let client =
        client_with("http://cluster.test:6443", "", "{}", |f| f.proxy_url = "http://me:hunter2@127.0.0.1:1".into());
    let error = client.version().unwrap_err();
    assert!(error.cause == Cause::Unreachable && !error.text.contains("hunter2"), "{error}");
}

#[test]
fn secrets() {
    let status =
        |code: u16, reason: &str| say(code, &format!(r#"{{"kind":"Status","status":"Failure","message":"{reason}"}}"#));
    let server = Server::plain(vec![
        say(200, r#"{"kind":"SecretList","items":[]}"#),
        say(200, r#"{"kind":"SecretList"}"#),
        say(200, r#"{"kind":"Secret"}"#),
        say(201, "{}"),
        status(409, "exists"),
        say(200, "{}"),
        status(400, "json: bad, error found in #10 byte of ...|hunter2|..."),
    ]);
    let client = plain(&server);
    assert_eq!(client.secrets(Some("ns"), "a/b=c,d").unwrap().expose(), br#"{"kind":"SecretList","items":[]}"#);
    client.secrets(None, "").unwrap();
    assert_eq!(client.secret("ns", "name").unwrap().expose(), br#"{"kind":"Secret"}"#);
    let store = || client.create_or_replace_secret("ns", "name", b"{}");
    assert_eq!(store().unwrap(), Stored::Created);
    assert_eq!(store().unwrap(), Stored::Replaced);
    assert_eq!(store().unwrap_err().text, "json: bad");
    let lines: Vec<String> = server.asked().iter().map(|text| text.lines().next().unwrap().to_owned()).collect();
    assert_eq!(
        lines,
        [
            "GET /api/v1/namespaces/ns/secrets?labelSelector=a%2Fb%3Dc%2Cd HTTP/1.1",
            "GET /api/v1/secrets HTTP/1.1",
            "GET /api/v1/namespaces/ns/secrets/name HTTP/1.1",
            "POST /api/v1/namespaces/ns/secrets HTTP/1.1",
            "POST /api/v1/namespaces/ns/secrets HTTP/1.1",
            "PUT /api/v1/namespaces/ns/secrets/name HTTP/1.1",
            "POST /api/v1/namespaces/ns/secrets HTTP/1.1",
        ]
    );
}

#[test]
fn every_request_has_a_witness() {
    let missing = r#"{"kind":"Status","status":"Failure","message":"secrets \"db-login\" not found","reason":"NotFound","code":404}"#;
    let server = Server::plain(vec![
        say_with(429, "Retry-After", "0"),
        say(200, "{}"),
        say(404, missing),
        say(404, "404 page not found"),
        say(200, "{}"),
        say(201, "{}"),
        say(403, "{}"),
    ]);
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let shared = seen.clone();
    let client = plain(&server).witnessed_by(move |exchange| {
        let Exchange { method, name, status, is_good } = *exchange;
        shared.lock().unwrap().push((method, name.to_owned(), status, is_good));
    });
    let get = || client.object(Resource::SECRETS, Some("n"), "db-login");
    assert!(get().unwrap().is_some() && get().unwrap().is_none() && get().is_err());
    client.objects(Resource::SECRETS, Some("n"), "").unwrap();
    let how = Apply { manager: "m", force: true, dry_run: false };
    client.apply(Resource::SECRETS, Some("n"), "db-login", b"{}", how).unwrap();
    client.delete_object(Resource::SECRETS, Some("n"), "db-login", "", false).unwrap_err();
    let expected = [
        ("GET", "db-login", Some(429), false),
        ("GET", "db-login", Some(200), true),
        ("GET", "db-login", Some(404), true),
        ("GET", "db-login", Some(404), false),
        ("GET", "", Some(200), true),
        ("PATCH", "db-login", Some(201), true),
        ("DELETE", "db-login", Some(403), false),
    ];
    let expected = expected.map(|(method, name, status, is_good)| (method, name.to_owned(), status, is_good));
    assert_eq!(*seen.lock().unwrap(), expected);
    assert_eq!(server.asked().len(), expected.len());
}
