//! Files, flags and namespaces as client-go reads them.

use std::collections::BTreeMap;

use super::*;

/// Two contexts, of which one has a namespace.
const TWO: &str = "
apiVersion: v1
kind: Config
current-context: one
clusters:
- {name: c1, cluster: {server: 'https://one:6443', certificate-authority: ca.crt, tls-server-name: inner}}
- {name: c2, cluster: {server: 'https://two', insecure-skip-tls-verify: true}}
users:
- {name: u1, user: {token: hunter2}}
- {name: u2, user: {username: me, password: hunter3}}
contexts:
- {name: one, context: {cluster: c1, user: u1, namespace: team}}
- {name: two, context: {cluster: c2, user: u2}}
";

#[derive(Default)]
struct World {
    files: BTreeMap<PathBuf, String>,
    kubeconfig: Option<&'static str>,
    pod: bool,
    pod_namespace: Option<&'static str>,
    https_proxy: Option<&'static str>,
}

impl World {
    fn with(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.into(), text.to_owned());
        self
    }

    fn in_pod(mut self) -> Self {
        self.pod = true;
        self.with("/var/run/secrets/kubernetes.io/serviceaccount/token", "hunter4\n")
            .with("/var/run/secrets/kubernetes.io/serviceaccount/ca.crt", "PEM")
    }

    fn load(self, overrides: Overrides) -> Result<Loaded, ClusterError> {
        let files = self.files;
        let read = move |path: &Path| match files.get(path) {
            Some(text) => Ok(SecretBytes::new(text.as_bytes().to_vec())),
            None => Err(io::ErrorKind::NotFound.into()),
        };
        let around = Surroundings {
            kubeconfig: self.kubeconfig.map(Into::into),
            home: Some("/home/me".into()),
            service_host: self.pod.then(|| "10.0.0.1".to_owned()),
            service_port: self.pod.then(|| "443".to_owned()),
            pod_namespace: self.pod_namespace.map(Into::into),
            https_proxy: self.https_proxy.map(Into::into),
            http_proxy: None,
            no_proxy: None,
            terminal: false,
            now: || Timestamp::UNIX_EPOCH,
            read: Arc::new(read),
        };
        Loaded::load(overrides, around)
    }

    fn config(self, overrides: Overrides) -> Result<Config, ClusterError> {
        self.load(overrides)?.config()
    }

    fn namespace(self, overrides: Overrides) -> Result<(String, bool), String> {
        let loaded = self.load(overrides).map_err(|error| error.text)?;
        let namespace = loaded.namespace().map_err(|error| error.text)?;
        Ok((namespace.name, namespace.explicit))
    }
}

fn home(text: &str) -> World {
    World::default().with("/home/me/.kube/config", text).with("/home/me/.kube/ca.crt", "PEM")
}

fn flags(set: impl FnOnce(&mut Overrides)) -> Overrides {
    let mut overrides = Overrides::default();
    set(&mut overrides);
    overrides
}

const NO_CONFIG: &str =
    "invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable";

#[test]
fn namespaces() {
    let none = Overrides::default;
    let is = |name: &str, explicit| Ok((name.to_owned(), explicit));
    assert_eq!(World::default().namespace(flags(|f| f.namespace = "x".into())), is("x", true));
    assert_eq!(World::default().namespace(none()), Err(NO_CONFIG.to_owned()));
    assert_eq!(home(TWO).namespace(none()), is("team", false));
    assert_eq!(home(TWO).namespace(flags(|f| f.context = "two".into())), is("default", false));
    assert_eq!(home(TWO).namespace(flags(|f| f.namespace = "x".into())), is("x", true));
    assert_eq!(World::default().namespace(flags(|f| f.server = "https://h".into())), is("default", false));
    // in a pod, what is implied there comes before `default`, but after what a file says
    assert_eq!(home(TWO).in_pod().namespace(none()), is("team", false));
    assert_eq!(home(TWO).in_pod().namespace(flags(|f| f.context = "two".into())), is("default", false));
    assert_eq!(World::default().in_pod().namespace(none()), is("default", false));
    let account =
        |world: World| world.in_pod().with("/var/run/secrets/kubernetes.io/serviceaccount/namespace", " sa\n");
    assert_eq!(account(World::default()).namespace(none()), is("sa", false));
    assert_eq!(account(World { pod_namespace: Some("pod"), ..World::default() }).namespace(none()), is("pod", false));
    assert_eq!(account(home(TWO)).namespace(flags(|f| f.context = "two".into())), is("sa", false));
    // without the variables it is no pod
    let outside = World { pod_namespace: Some("pod"), ..World::default() };
    assert_eq!(outside.namespace(none()), Err(NO_CONFIG.to_owned()));
}

#[test]
fn namespaces_of_flags_lose_what_kubectl_prints() {
    for text in ["x", "ns/x", "namespace/x", "namespaces/x"] {
        assert_eq!(strip_namespace(text), "x");
    }
    assert_eq!(strip_namespace("ns/ns/x"), "ns/x");
}

#[test]
fn what_is_wrong_is_said_as_by_client_go() {
    let text = |world: World, set: fn(&mut Overrides)| world.config(flags(set)).unwrap_err().text;
    assert_eq!(text(World::default(), |_| {}), NO_CONFIG);
    assert_eq!(text(World::default(), |f| f.kubeconfig = Some("/x".into())), "stat /x: no such file or directory");
    assert_eq!(text(home(TWO), |f| f.context = "no".into()), "context \"no\" does not exist");
    assert_eq!(text(home(TWO), |f| f.user = "no".into()), "auth info \"no\" does not exist");
    assert_eq!(text(home(TWO), |f| f.cluster = "no".into()), "cluster \"no\" does not exist");
    assert_eq!(
        text(home("current-context: no"), |_| {}),
        "invalid configuration: [context was not found for specified context: no, cluster has no server defined]"
    );
    assert_eq!(
        text(World::default().with("/home/me/.kube/config", TWO), |_| {}),
        "invalid configuration: unable to read certificate-authority /home/me/.kube/ca.crt for c1 due to \
         open /home/me/.kube/ca.crt: no such file or directory"
    );
    assert_eq!(
        text(home(TWO), |f| {
            f.context = "two".into();
            f.token = SecretText::new("t".into());
        }),
        "invalid configuration: more than one authentication method found for u2; found [token basicAuth], only one is allowed"
    );
}

#[test]
fn faults_of_users() {
    let text = |user: &str| {
        let file = format!(
            "current-context: x\nclusters: [{{name: c, cluster: {{server: 'https://h'}}}}]\nusers: [{{name: u, user: {user}}}]\n\
             contexts: [{{name: x, context: {{cluster: c, user: u}}}}]\n"
        );
        let error = home(&file).config(Overrides::default()).map(drop);
        error.map_or_else(|error| error.text, |()| String::new())
    };
    let invalid = |what: &str| format!("invalid configuration: {what}");
    for (user, fault) in [
        ("{token: a}", String::new()),
        (
            "{token: a, username: b}",
            invalid("more than one authentication method found for u; found [token basicAuth], only one is allowed"),
        ),
        (
            "{client-certificate-data: YQ==}",
            invalid(
                "client-key-data or client-key must be specified for u to use the clientCert authentication method.",
            ),
        ),
        ("{as-uid: a}", invalid("requesting uid, groups or user-extra for u without impersonating a user")),
        (
            "{exec: {command: c}}",
            invalid(
                "[apiVersion must be specified for u to use exec authentication plugin, \
                 interactiveMode must be specified for u to use exec authentication plugin]",
            ),
        ),
        ("{exec: {command: c, apiVersion: client.authentication.k8s.io/v1beta1}}", String::new()),
        (
            "{exec: {command: c, apiVersion: v1, interactiveMode: Sometimes}}",
            invalid("invalid interactiveMode for u: \"Sometimes\""),
        ),
        ("{auth-provider: {name: gcp}}", "no Auth Provider found for name \"gcp\"".to_owned()),
        ("{auth-provider: {name: oidc, config: {id-token: t}}}", String::new()),
        ("{tokenFile: /no}", "open /no: no such file or directory".to_owned()),
    ] {
        assert_eq!(text(user), fault, "{user}");
    }
}

#[test]
fn files_that_cannot_be_read_say_where_and_not_what() {
    for (file, fault) in [
        ("clusters: [", "line 1"),
        ("users:\n- name: u\n  user: {token: [hunter2]}", "line 3: token is not text; put it in quotes"),
        ("users:\n- name: u\n  user: {client-key-data: hunter2!}", "line 3: client-key-data: illegal base64 data"),
        ("users:\n- {name: u}\n- {name: u, user: {token: hunter2}}", "line 3: duplicate name \"u\" in list"),
        ("kind: Secret\napiVersion: v1\ndata: hunter2", "no kind \"Secret\" is registered for version \"v1\""),
        ("- hunter2", "the file is not a mapping"),
        ("clusters: {a: hunter2}", "clusters is not a list"),
        ("users: hunter2: hunter2", "line 1"),
    ] {
        let error = home(file).load(Overrides::default()).map(drop).unwrap_err();
        assert_eq!(error.cause, Cause::BadConfig);
        assert!(error.text.starts_with("error loading config file \"/home/me/.kube/config\": "), "{error}");
        assert!(error.text.contains(fault) && !error.text.contains("hunter2"), "{error}");
    }
    for empty in ["", "\n# nothing\n", "---\n", "null\n", "{}"] {
        assert_eq!(home(empty).namespace(Overrides::default()), Err(NO_CONFIG.to_owned()), "{empty:?}");
    }
}

#[test]
fn of_several_files_the_first_with_a_name_wins() {
    let world = |list| {
        World { kubeconfig: Some(list), ..World::default() }
        .with("/a/config", "users: [{name: red, user: {token: first}}]\nclusters: [{name: c, cluster: {server: 'https://a'}}]\n")
        .with(
            "/b/config",
            "current-context: b\nusers: [{name: red, user: {token: second, as: somebody}}]\n\
             contexts: [{name: b, context: {cluster: d, user: red, namespace: of-b}}, {name: c, context: {cluster: c, user: red}}]\n\
             clusters: [{name: d, cluster: {server: 'https://d', certificate-authority: pem/ca}}]\n",
        )
        .with("/c/config", "current-context: c\n")
        .with("/b/pem/ca", "PEM")
    };
    let config = world("/a/config:/missing::/b/config:/a/config:/c/config").config(Overrides::default()).unwrap();
    assert_eq!(config.server.to_string(), "https://d/");
    assert_eq!(config.authority.as_deref(), Some(b"PEM".as_slice()));
    assert!(matches!(&config.login, Login::Token(token) if token.expose() == "first"));
    assert_eq!(config.impersonation, Impersonation::default());
    let config = world("/c/config:/b/config:/a/config").config(Overrides::default()).unwrap();
    assert_eq!(config.server.to_string(), "https://a/");
    assert_eq!(config.impersonation.user, "somebody");
    // the flag is for one file alone
    let explicit = flags(|f| f.kubeconfig = Some("/b/config".into()));
    assert_eq!(world("/a/config").namespace(explicit), Ok(("of-b".into(), false)));
}

#[test]
fn a_list_of_files_that_are_all_missing_is_worth_a_word() {
    let warning = |world: World| world.load(Overrides::default()).unwrap().warning();
    let world = |list| World { kubeconfig: Some(list), ..World::default() };
    assert_eq!(warning(world("/x:/y")).as_deref(), Some("Config not found: /x, /y"));
    assert_eq!(warning(world("/x:/y").with("/y", "")), None);
    assert_eq!(warning(World::default()), None);
    // an empty list is none
    assert_eq!(World { kubeconfig: Some(""), ..home(TWO) }.namespace(Overrides::default()), Ok(("team".into(), false)));
}

#[test]
fn flags_come_before_files() {
    let config = home(TWO).config(Overrides::default()).unwrap();
    assert_eq!(config.tls_server_name.as_deref(), Some("inner"));
    let config = home(TWO).config(flags(|f| f.server = "https://other".into())).unwrap();
    // the name was for the other server
    assert_eq!((config.server.to_string().as_str(), config.tls_server_name), ("https://other/", None));
    let config = home(TWO).config(flags(|f| f.insecure_skip_tls_verify = true)).unwrap();
    assert!(config.insecure && config.authority.is_none());
    let config = home(TWO).with("/my-ca", "MINE").config(flags(|f| {
        f.context = "two".into();
        f.certificate_authority = Some("/my-ca".into());
    }));
    let config = config.unwrap();
    assert_eq!((config.insecure, config.authority.as_deref()), (false, Some(b"MINE".as_slice())));
    assert!(matches!(&config.login, Login::Basic(user, _) if user == "me"));
    let config = home(TWO).config(flags(|f| {
        f.cluster = "c2".into();
        f.impersonate = "a".into();
        f.impersonate_groups = vec!["g".into(), "h".into()];
        f.request_timeout = "1m".into();
        f.proxy_url = "http://proxy:3128".into();
    }));
    let config = config.unwrap();
    assert_eq!(config.server.host(), Some("two"));
    assert_eq!(
        config.impersonation,
        Impersonation { user: "a".into(), groups: vec!["g".into(), "h".into()], ..Default::default() }
    );
    assert_eq!((config.timeout, config.proxy.unwrap().port_u16()), (Some(Duration::from_secs(60)), Some(3128)));
    let error = home(TWO).config(flags(|f| f.request_timeout = "soon".into())).unwrap_err();
    assert!(error.text.starts_with("Invalid timeout value."));
    assert!(home(TWO).config(flags(|f| f.request_timeout = "0".into())).unwrap().timeout.is_none());
}

#[test]
fn files_of_flags_take_the_place_of_data_in_files() {
    let file = "
current-context: x
clusters: [{name: c, cluster: {server: 'https://h', insecure-skip-tls-verify: yes}}]
users: [{name: u, user: {client-certificate-data: YQ==, client-key-data: 'Yg==', tokenFile: token}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
";
    let world = || home(file).with("/home/me/.kube/token", "t").with("/cert", "C").with("/key", "K");
    let config = world().config(Overrides::default()).unwrap();
    let (certificate, key) = config.own.unwrap();
    assert_eq!((certificate.as_slice(), key.expose()), (b"a".as_slice(), b"b".as_slice()));
    assert!(matches!(&config.login, Login::TokenFile(path) if path == Path::new("/home/me/.kube/token")));
    let config = world().config(flags(|f| {
        f.client_certificate = Some("/cert".into());
        f.client_key = Some("/key".into());
        f.token = SecretText::new("flag".into());
    }));
    let config = config.unwrap();
    let (certificate, key) = config.own.unwrap();
    assert_eq!((certificate.as_slice(), key.expose()), (b"C".as_slice(), b"K".as_slice()));
    assert!(matches!(&config.login, Login::Token(token) if token.expose() == "flag"));
}

#[test]
fn nobody_is_told_who_we_are_without_tls() {
    let config = home(TWO).config(flags(|f| f.server = "http://h:8080".into())).unwrap();
    assert!(matches!(config.login, Login::None) && config.authority.is_none());
}

#[test]
fn in_a_pod() {
    let config = World::default().in_pod().config(Overrides::default()).unwrap();
    assert_eq!(config.server.to_string(), "https://10.0.0.1:443/");
    assert!(matches!(&config.login, Login::TokenFile(path) if path.ends_with("token")));
    assert_eq!(config.authority.as_deref(), Some(b"PEM".as_slice()));
    // files and flags come first
    assert_eq!(home(TWO).in_pod().config(Overrides::default()).unwrap().server.host(), Some("one"));
    let config = World::default().in_pod().config(flags(|f| f.token = SecretText::new("t".into()))).unwrap();
    assert!(matches!(&config.login, Login::Token(_)));
    // what says nothing that is not said anyway
    let plain = "current-context: x\nclusters: [{name: c, cluster: {server: 'http://localhost:8080'}}]\n\
                 contexts: [{name: x, context: {cluster: c}}]\n";
    assert_eq!(home(plain).in_pod().config(Overrides::default()).unwrap().server.host(), Some("10.0.0.1"));
    assert_eq!(home(plain).config(Overrides::default()).unwrap().server.host(), Some("localhost"));
}

#[test]
fn proxies_of_the_environment() {
    let world = |proxy| World { https_proxy: Some(proxy), ..home(TWO) };
    let config = world("proxy:3128").config(Overrides::default()).unwrap();
    assert_eq!(config.proxy.unwrap().to_string(), "http://proxy:3128/");
    let error = world("ftp://me:hunter2@proxy").config(Overrides::default()).unwrap_err();
    assert!(error.text.contains("proxy") && !error.text.contains("hunter2"), "{error}");
    let config = world("ftp://proxy").config(flags(|f| f.server = "http://h".into())).unwrap();
    assert!(config.proxy.is_none());
}

#[test]
fn nothing_secret_is_shown() {
    let loaded =
        World { https_proxy: Some("http://me:hunter5@proxy"), ..home(TWO) }.load(Overrides::default()).unwrap();
    let config = loaded.config().unwrap();
    let shown = format!("{loaded:?} {config:?}");
    assert!(!shown.contains("hunter"), "{shown}");
}
