//! Our client beside the real kubeseal: the same files and flags lead to the same place, or to the same words.

use std::fs;
use std::path::Path;

use sealant::commands::cluster::load;
use sealant::fsio::env::{Env, Var};
use sealant::k8s::{Cause, Client, ClusterError, Overrides, Stored};

use super::process::bare;
use super::{Cluster, User, run, shared};
use crate::peers;

const CONTROLLER: (&str, &str) = ("kube-system", "sealed-secrets-controller");

fn client(cluster: &Cluster, user: User) -> Client {
    let overrides = Overrides { kubeconfig: Some(cluster.kubeconfig(user, None)), ..Overrides::default() };
    Client::new(load(overrides, &Env::default()).unwrap().config().unwrap())
}

/// What kubeseal does to find the certificate, with its words for what goes wrong.
fn fetch(client: &Client, service: &str) -> Result<Vec<u8>, String> {
    let (namespace, _) = CONTROLLER;
    let port = client.service_port_name(namespace, service).map_err(|error| {
        format!(
            "cannot get sealed secret service: {error}.\nPlease, use the flag --controller-name and --controller-namespace to \
             set up the name and namespace of the sealed secrets controller"
        )
    })?;
    let accept = "application/x-pem-file, */*";
    client
        .proxy_get(namespace, service, &port, "/v1/cert.pem", accept)
        .map_err(|error| format!("cannot fetch certificate: {error}"))
}

#[test]
fn the_certificate_comes_through_the_api_server() {
    let Some(cluster) = shared("the_certificate_comes_through_the_api_server") else { return };
    for user in [User::Admin, User::Sealer, User::Certificate] {
        let client = client(cluster, user);
        assert_eq!(fetch(&client, CONTROLLER.1).unwrap(), cluster.certificate().into_bytes(), "{user:?}");
        client.ready().unwrap();
        assert_eq!(client.version().unwrap(), "v1.34.3");
    }
}

#[test]
fn refusals_have_the_words_of_kubeseal() {
    let Some(cluster) = shared("refusals_have_the_words_of_kubeseal") else { return };
    for (user, service) in [
        (User::Stranger, CONTROLLER.1),
        (User::Sealer, "nobody"),
        (User::Admin, "nobody"),
        // a name that is no name
        (User::Admin, "a/b"),
    ] {
        let real = cluster.kubeseal(user, &["--fetch-cert", "--controller-name", service], "");
        let ours = fetch(&client(cluster, user), service).unwrap_err();
        assert_eq!(format!("error: {ours}"), real.stderr.trim_end(), "{user:?} {service}");
    }
}

#[test]
fn verify_and_rotate_tell_good_from_bad() {
    let Some(cluster) = shared("verify_and_rotate_tell_good_from_bad") else { return };
    let namespace = cluster.namespace("client");
    let metadata = serde_json::json!({"name": "s", "namespace": namespace});
    let secret = serde_json::json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"a": "YQ=="}});
    let secret = secret.to_string();
    let sealed = cluster.kubeseal(User::Sealer, &[], &secret).text();
    let moved = sealed.replace("\"s\"", "\"t\"");
    let client = client(cluster, User::Sealer);
    let post = |path: &str, body: &str| {
        client.proxy_post(CONTROLLER.0, CONTROLLER.1, "", path, body.as_bytes(), "application/json")
    };
    assert_eq!(post("/v1/verify", &sealed).unwrap().status, 200);
    let error = post("/v1/verify", &moved).unwrap_err();
    assert_eq!((error.cause, error.status), (Cause::Conflict, Some(409)));
    let rotated = post("/v1/rotate", &sealed).unwrap().body;
    assert!(std::str::from_utf8(rotated.expose()).unwrap().contains("encryptedData"));
    let error = post("/v1/rotate", &moved).unwrap_err();
    let real = cluster.kubeseal(User::Sealer, &["--re-encrypt"], &moved);
    assert_eq!(real.stderr.trim_end(), format!("error: cannot re-encrypt secret: {error}"));
}

#[test]
fn secrets_are_listed_and_stored() {
    let Some(cluster) = shared("secrets_are_listed_and_stored") else { return };
    let namespace = cluster.namespace("client");
    let client = client(cluster, User::Admin);
    let secret = |value: &str| {
        let metadata = serde_json::json!({"name": "s", "labels": {"some/label": "x"}});
        serde_json::json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"a": value}})
            .to_string()
    };
    for (value, how) in [("one", Stored::Created), ("two", Stored::Replaced)] {
        assert_eq!(client.create_or_replace_secret(&namespace, "s", secret(value).as_bytes()).unwrap(), how);
        assert_eq!(cluster.wait_secret(&namespace, "s")["a"], value.as_bytes());
    }
    let list = |labels: &str| {
        let bytes = client.secrets(Some(&namespace), labels).unwrap();
        let list: serde_json::Value = serde_json::from_slice(bytes.expose()).unwrap();
        list["items"].as_array().unwrap().len()
    };
    assert_eq!([list(""), list("some/label=x"), list("some/label"), list("some/label=y")], [1, 1, 1, 0]);
    assert!(String::from_utf8_lossy(client.secret(&namespace, "s").unwrap().expose()).contains("\"a\""));
    assert_eq!(client.secret(&namespace, "t").unwrap_err().text, "secrets \"t\" not found");
    let broken =
        serde_json::json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "u"}, "data": {"a": "hunter2!"}});
    let error = client.create_or_replace_secret(&namespace, "u", broken.to_string().as_bytes()).unwrap_err();
    assert!(error.status == Some(400) && !error.text.contains("hunter2"), "{error}");
    let error = self::client(cluster, User::Stranger).secrets(Some(&namespace), "").unwrap_err();
    assert_eq!(error.cause, Cause::Forbidden);
}

#[test]
fn wrong_credentials_are_said_to_be_wrong() {
    let Some(cluster) = shared("wrong_credentials_are_said_to_be_wrong") else { return };
    let flags = |token: &str, more: fn(&mut Overrides)| {
        let mut overrides = Overrides {
            kubeconfig: Some(cluster.kubeconfig(User::Certificate, None)),
            user: "stranger".into(),
            token: sealant::secret::SecretText::new(token.into()),
            ..Overrides::default()
        };
        more(&mut overrides);
        let client = Client::new(load(overrides, &Env::default()).unwrap().config().unwrap());
        client.service_port_name(CONTROLLER.0, CONTROLLER.1)
    };
    assert_eq!(flags("canary-token-sealer", |_| {}).unwrap(), "");
    let error = flags("hunter2", |_| {}).unwrap_err();
    assert_eq!((error.cause, error.text.as_str()), (Cause::Unauthorized, "Unauthorized"));
    let error = flags("canary-token-sealer", |f| f.impersonate = "jane".into()).unwrap_err();
    assert!(error.cause == Cause::Forbidden && error.text.contains("cannot impersonate resource"), "{error}");
    flags("canary-token-admin", |f| {
        f.impersonate = "jane".into();
        f.impersonate_groups = vec!["sealers".into()];
    })
    .unwrap();
    let error = flags("t", |f| f.tls_server_name = "elsewhere.test".into()).unwrap_err();
    assert!(error.cause == Cause::Tls && error.text.contains("x509: certificate is valid for "), "{error}");
    flags("canary-token-sealer", |f| f.insecure_skip_tls_verify = true).unwrap();
}

/// One way of saying where a cluster is: a kubeconfig file and flags for kubeseal, which are also ours.
struct Way {
    file: &'static str,
    flags: &'static [&'static str],
    set: fn(&mut Overrides),
}

const PLAIN: &str = "
current-context: x
clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]
users: [{name: u, user: {token: t}}]
contexts: [{name: x, context: {cluster: c, user: u, namespace: team}}, {name: z, context: {cluster: c, user: u}}]
";

const WAYS: &[Way] = &[
    Way { file: PLAIN, flags: &[], set: |_| {} },
    Way { file: PLAIN, flags: &["--context", "z"], set: |f| f.context = "z".into() },
    Way { file: PLAIN, flags: &["--context", "no"], set: |f| f.context = "no".into() },
    Way { file: PLAIN, flags: &["--user", "no"], set: |f| f.user = "no".into() },
    Way { file: PLAIN, flags: &["--cluster", "no"], set: |f| f.cluster = "no".into() },
    Way { file: PLAIN, flags: &["--as-group", "g"], set: |f| f.impersonate_groups = vec!["g".into()] },
    Way { file: PLAIN, flags: &["--username", "me"], set: |f| f.username = "me".into() },
    Way { file: PLAIN, flags: &["--client-certificate", "/no"], set: |f| f.client_certificate = Some("/no".into()) },
    Way {
        file: PLAIN,
        flags: &["--certificate-authority", "/no"],
        set: |f| f.certificate_authority = Some("/no".into()),
    },
    Way { file: PLAIN, flags: &["-n", "mine"], set: |f| f.namespace = "mine".into() },
    Way { file: PLAIN, flags: &["--request-timeout", "soon"], set: |f| f.request_timeout = "soon".into() },
    Way { file: "", flags: &[], set: |_| {} },
    Way { file: "", flags: &["--server", "http://127.0.0.1:1"], set: |f| f.server = "http://127.0.0.1:1".into() },
    Way { file: "", flags: &["--server", "127.0.0.1:1"], set: |f| f.server = "127.0.0.1:1".into() },
    Way { file: "{}", flags: &["--tls-server-name", "x"], set: |f| f.tls_server_name = "x".into() },
    Way { file: "{}", flags: &["--token", "x"], set: |f| f.token = sealant::secret::SecretText::new("x".into()) },
    Way { file: "current-context: gone", flags: &[], set: |_| {} },
    Way {
        file: "current-context: x\ncontexts: [{name: x, context: {cluster: gone, user: gone}}]",
        flags: &[],
        set: |_| {},
    },
    Way {
        file: "current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\nclusters: [{name: c, cluster: {proxy-url: x}}]",
        flags: &[],
        set: |_| {},
    },
    Way {
        file: "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n\
               clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1', certificate-authority: ca, \
               certificate-authority-data: YQ==}}]\n\
               users: [{name: u, user: {exec: {command: x}, client-certificate-data: YQ==}}]",
        flags: &[],
        set: |_| {},
    },
    Way {
        file: "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n\
               clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1', insecure-skip-tls-verify: yes}}]\n\
               users: [{name: u, user: {exec: {command: sealant-no-such-program, interactiveMode: Never, \
               apiVersion: client.authentication.k8s.io/v1}}}]",
        flags: &[],
        set: |_| {},
    },
    Way {
        file: "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n\
               clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\n\
               users: [{name: u, user: {exec: {command: 'false', interactiveMode: Never, \
               apiVersion: client.authentication.k8s.io/v1}}}]",
        flags: &[],
        set: |_| {},
    },
    Way {
        file: "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n\
               clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\n\
               users: [{name: u, user: {exec: {command: sh, interactiveMode: Always, \
               apiVersion: client.authentication.k8s.io/v1}}}]",
        flags: &[],
        set: |_| {},
    },
];

impl Way {
    fn overrides(&self, file: &Path) -> Overrides {
        let mut overrides = Overrides { kubeconfig: Some(file.to_owned()), ..Overrides::default() };
        (self.set)(&mut overrides);
        overrides
    }
}

/// What is beyond the first sentence differs: a program that is not there has another advice.
fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

#[test]
fn the_same_files_and_flags_lead_to_the_same_words() {
    let test = "the_same_files_and_flags_lead_to_the_same_words";
    let Some(kubeseal) = peers::locate_all(test, &["bin/kubeseal"]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let certificate = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/sealed/rsa2048.crt");
    let mut differences = Vec::new();
    for (number, way) in WAYS.iter().enumerate() {
        let file = folder.path().join(format!("config-{number}"));
        fs::write(&file, way.file).unwrap();
        let real = |words: &[&str]| {
            let mut command = bare(&kubeseal[0]);
            command.env("HOME", folder.path()).arg("--kubeconfig").arg(&file).args(way.flags).args(words);
            run(command, "value")
        };
        let said = |text: &str| first_line(text.trim_end().trim_start_matches("error: ")).to_owned();

        let ours = load(way.overrides(&file), &Env::default())
            .and_then(|loaded| fetch_service(&Client::new(loaded.config()?)));
        let ours = ours.map_or_else(|error| error, |_| panic!("nobody is there"));
        let fetched = said(&real(&["--fetch-cert"]).stderr);
        let of_request =
            fetched.strip_prefix("cannot get sealed secret service: ").map(|text| text.trim_end_matches('.'));
        let fetched = of_request.unwrap_or(&fetched);
        // Go's URL of a request that failed before it was sent is in front
        let fetched = fetched.find("getting credentials: ").map_or(fetched, |at| &fetched[at..]);
        if first_line(&ours.text) != fetched {
            differences
                .push(format!("{number}: {:?} {}\n  real: {fetched}\n  ours: {}", way.flags, way.file, ours.text));
        }

        // a raw value that is bound to a namespace needs one, and no cluster
        let ours = load(way.overrides(&file), &Env::default()).and_then(|loaded| loaded.namespace());
        let raw = real(&["--raw", "--name", "n", "--from-file", "/dev/stdin", "--cert", certificate]);
        let ours = ours.map_or_else(|error| first_line(&error.text).to_owned(), |_| String::new());
        if ours != said(&raw.stderr) || ours.is_empty() != raw.ok() {
            differences
                .push(format!("{number}: raw {:?} {}\n  real: {}\n  ours: {ours}", way.flags, way.file, raw.stderr));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

fn fetch_service(client: &Client) -> Result<String, ClusterError> {
    client.service_port_name(CONTROLLER.0, CONTROLLER.1)
}

/// The variables, through the whole of what reads them.
#[test]
fn the_environment_leads_to_the_cluster() {
    let Some(cluster) = shared("the_environment_leads_to_the_cluster") else { return };
    let list = format!("/nowhere:{}", cluster.kubeconfig(User::Sealer, Some("team")).display());
    let env = Env::from_pairs([(Var::Kubeconfig, list.as_str()), (Var::HttpsProxy, "http://127.0.0.1:1")]);
    let loaded = load(Overrides::default(), &env).unwrap();
    assert_eq!(loaded.namespace().unwrap().name, "team");
    // a proxy is not for what is on this machine
    fetch_service(&Client::new(loaded.config().unwrap())).unwrap();
}
