//! A real Kubernetes API (etcd, kube-apiserver 1.34) with the real controller of Sealed Secrets, for tests.
//!
//! ```ignore
//! let Some(cluster) = cluster::shared("name_of_the_test") else { return };
//! let namespace = cluster.namespace("mine");                   // a new one, for this test alone
//! let sealed = cluster.kubeseal(User::Admin, &["--namespace", &namespace], SECRET).text();
//! cluster.apply(&sealed);
//! assert_eq!(cluster.wait_secret(&namespace, "s")["key"], b"value");
//! ```
//!
//! [`shared`] is one cluster for the whole run of the test program; it starts (about four seconds) when the first test
//! asks. Tests keep to namespaces of their own there and leave its keys alone: whoever renews keys, or stops and starts
//! the controller, takes a cluster of their own with [`Cluster::start`].
//!
//! No other controller runs: deleted namespaces stay, owners that are gone take nothing with them, and no account has
//! a token. The rate limit of the controller's `/v1/verify` is lifted.
//!
//! For a program of ours, [`Cluster::command`] gives the command line an environment in which the cluster is the
//! current one, and [`run`] runs it; or hand the file from [`Cluster::kubeconfig`] to what you have.

mod access;
#[cfg(feature = "kube")]
mod client;
mod controller;
mod process;
mod real;

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

use serde_json::Value;

use crate::peers::{self, Ran};
pub use access::User;
use controller::{Controller, free_ports};
pub use process::{PATIENCE, run};
use process::{Process, Sweeper, bare, server, wait_for};

/// See the file's description.
pub struct Cluster {
    // in this order they are dropped: what is above in the tower first
    controller: Mutex<Option<Controller>>,
    _server: Process,
    _etcd: Process,
    programs: Programs,
    port: u16,
    namespaces: AtomicU32,
    folder: tempfile::TempDir,
    _sweeper: Sweeper,
}

struct Programs {
    etcd: PathBuf,
    server: PathBuf,
    kubectl: PathBuf,
    kubeseal: PathBuf,
    controller: PathBuf,
}

impl Programs {
    fn locate(test: &str) -> Option<Self> {
        let names = ["etcd", "kube-apiserver", "kubectl", "kubeseal", "sealed-secrets-controller"];
        let found = peers::locate_all(test, &names.map(|name| format!("bin/{name}")).each_ref().map(String::as_str))?;
        let [etcd, server, kubectl, kubeseal, controller] = found.try_into().ok()?;
        if let Some(why) = controller::obstacle() {
            peers::skip(test, &why);
            return None;
        }
        Some(Self { etcd, server, kubectl, kubeseal, controller })
    }
}

/// The cluster that all tests of this run share. `None`, said on standard error, where it cannot run; a failure with
/// `SEALANT_REQUIRE_PEERS=1`.
pub fn shared(test: &str) -> Option<&'static Cluster> {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    let programs = Programs::locate(test)?;
    Some(SHARED.get_or_init(|| Cluster::with(programs)))
}

/// A file of `tests/peers/sealed-secrets`.
fn manifest(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/sealed-secrets").join(name);
    fs::read_to_string(path).unwrap()
}

impl Cluster {
    /// A cluster of one's own, gone when it is dropped. `None` as with [`shared`].
    pub fn start(test: &str) -> Option<Self> {
        Programs::locate(test).map(Self::with)
    }

    fn with(programs: Programs) -> Self {
        let folder = tempfile::Builder::new().prefix("cluster").tempdir().unwrap();
        let sweeper = Sweeper::of(folder.path());
        access::make_keys(folder.path());
        fs::write(folder.path().join("tokens.csv"), access::tokens()).unwrap();
        fs::create_dir(folder.path().join("home")).unwrap();
        // somebody else may take a port between looking and using
        let started = (0..5).find_map(|_| Self::tower(&programs, folder.path()));
        let Some((etcd, server, port)) = started else {
            let said = ["etcd.log", "server.log"].map(|log| fs::read_to_string(folder.path().join(log)).unwrap());
            panic!("the API server does not start: {}", said.join("\n"));
        };
        let cluster = Self {
            controller: Mutex::new(None),
            _server: server,
            _etcd: etcd,
            programs,
            port,
            namespaces: AtomicU32::new(0),
            folder,
            _sweeper: sweeper,
        };
        cluster.furnish();
        cluster.start_controller();
        cluster
    }

    /// etcd and the API server on top of it, and the port of that, once it is ready.
    fn tower(programs: &Programs, folder: &Path) -> Option<(Process, Process, u16)> {
        let [client, peer, port] = free_ports(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let data = folder.join("etcd");
        // of an attempt before this
        _ = fs::remove_dir_all(&data);
        let store = format!("http://127.0.0.1:{client}");
        let mut command = server(&programs.etcd);
        command.current_dir(folder).arg("--data-dir").arg(&data).args(["--unsafe-no-fsync", "--log-level=error"]);
        command.args([format!("--listen-client-urls={store}"), format!("--advertise-client-urls={store}")]);
        command.arg(format!("--listen-peer-urls=http://127.0.0.1:{peer}"));
        let mut etcd = Process::start(command, folder.join("etcd.log"));

        let mut command = server(&programs.server);
        command.current_dir(folder).args([&format!("--etcd-servers={store}"), &format!("--secure-port={port}")]);
        command.args(["--bind-address=127.0.0.1", "--cert-dir=certs", "--service-cluster-ip-range=10.0.0.0/24"]);
        command.args(["--service-account-issuer=https://kubernetes.default.svc", "--authorization-mode=RBAC"]);
        command.args(["--service-account-signing-key-file=sa.key", "--service-account-key-file=sa.pub"]);
        command.args(["--token-auth-file=tokens.csv", "--client-ca-file=ca.crt", "--allow-privileged=true"]);
        command.arg("--disable-admission-plugins=ServiceAccount");
        let mut server = Process::start(command, folder.join("server.log"));

        let config = access::kubeconfig(folder, &url(port), User::Admin, None);
        let ready = wait_for(|| {
            if etcd.has_ended() || server.has_ended() {
                return Some(false);
            }
            TcpStream::connect(("127.0.0.1", port)).ok()?;
            let mut ask = bare(&programs.kubectl);
            ask.args(["get", "--raw", "/readyz", "--kubeconfig"]).arg(&config).env("HOME", folder.join("home"));
            (run(ask, "").text() == "ok").then_some(true)
        });
        (ready == Some(true)).then_some((etcd, server, port))
    }

    /// What Sealed Secrets needs in the cluster.
    fn furnish(&self) {
        self.apply(&format!("{}\n---\n{}", manifest("cluster.yaml"), manifest("crd.yaml")));
        let address = controller::own_address().unwrap();
        let status = format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: sealed-secrets-controller, namespace: kube-system}}, \
             status: {{phase: Running, podIP: {address}, podIPs: [{{ip: {address}}}]}}}}"
        );
        let arguments = ["apply", "--server-side", "--subresource=status", "-f", "-"];
        let ran = self.try_kubectl(User::Admin, &arguments, &status);
        assert!(ran.ok(), "{}", ran.last_words());
        self.kubectl(&["wait", "--for=condition=established", "crd/sealedsecrets.bitnami.com", "--timeout=60s"]);
    }

    /// Starts the controller, after [`Cluster::stop_controller`], and leads its Service to it.
    pub fn start_controller(&self) {
        let mut held = self.controller.lock().unwrap();
        assert!(held.is_none(), "it runs");
        let controller = Controller::start(&self.programs.controller, self.folder.path(), self.port);
        let endpoints = format!(
            "{{apiVersion: v1, kind: Endpoints, metadata: {{name: sealed-secrets-controller, namespace: kube-system}}, \
             subsets: [{{addresses: [{{ip: {}, targetRef: {{kind: Pod, name: sealed-secrets-controller, namespace: \
             kube-system}}}}], ports: [{{port: {}}}]}}]}}",
            controller::own_address().unwrap(),
            controller.port
        );
        self.apply(&endpoints);
        *held = Some(controller);
    }

    /// Kills the controller. Its Service stays and leads nowhere.
    pub fn stop_controller(&self) {
        drop(self.controller.lock().unwrap().take().unwrap());
    }

    /// Both: it reads its keys anew and looks at every SealedSecret again.
    pub fn restart_controller(&self) {
        self.stop_controller();
        self.start_controller();
    }

    /// Makes the controller generate another key and use it from now on.
    pub fn renew_key(&self) {
        self.controlled(Controller::renew_key);
    }

    /// What the controller has said since its start.
    pub fn controller_log(&self) -> String {
        self.controlled(Controller::said)
    }

    /// The certificate to seal with, as `kubeseal --fetch-cert` prints it.
    pub fn certificate(&self) -> String {
        self.controlled(Controller::certificate)
    }

    /// Where that certificate is served without the API server, for `--cert URL`.
    pub fn certificate_url(&self) -> String {
        self.controlled(|controller| format!("{}/v1/cert.pem", controller.url()))
    }

    #[track_caller]
    fn controlled<T>(&self, ask: impl FnOnce(&Controller) -> T) -> T {
        ask(self.controller.lock().unwrap().as_ref().unwrap())
    }

    /// The sealing keys as upstream says to back them up: a `List` of Secrets, as YAML.
    pub fn key_backup(&self) -> String {
        let label = "sealedsecrets.bitnami.com/sealed-secrets-key";
        self.kubectl(&["get", "secret", "-n", "kube-system", "-l", label, "-o", "yaml"])
    }

    /// The private sealing keys as PEM, oldest first.
    pub fn private_keys(&self) -> Vec<String> {
        let label = "sealedsecrets.bitnami.com/sealed-secrets-key";
        let arguments = ["get", "secret", "-n", "kube-system", "-l", label, "-o", "json"];
        let list: Value = serde_json::from_str(&self.kubectl(&arguments)).unwrap();
        let mut keys = list["items"].as_array().unwrap().clone();
        keys.sort_by_key(|key| key["metadata"]["creationTimestamp"].as_str().unwrap().to_owned());
        let pem = |key: &Value| String::from_utf8(data(key).remove("tls.key").unwrap()).unwrap();
        keys.iter().map(pem).collect()
    }

    /// The address of the API server.
    pub fn url(&self) -> String {
        url(self.port)
    }

    /// The file with the certificate that the API server proves itself with.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("certs/apiserver.crt")
    }

    /// A kubeconfig file with `user`'s context as the current one. All users' contexts are in it, by their names, and
    /// all have this namespace, or none.
    pub fn kubeconfig(&self, user: User, namespace: Option<&str>) -> PathBuf {
        access::kubeconfig(self.folder.path(), &self.url(), user, namespace)
    }

    /// A command for `program` in an environment with a search path, an empty home and `KUBECONFIG`, and nothing else.
    pub fn command(&self, program: &Path, user: User, namespace: Option<&str>) -> Command {
        let mut command = bare(program);
        command.env("HOME", self.folder.path().join("home")).env("KUBECONFIG", self.kubeconfig(user, namespace));
        command
    }

    /// Runs kubectl as the administrator; it must succeed. Its standard output.
    #[track_caller]
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        let ran = self.try_kubectl(User::Admin, arguments, "");
        assert!(ran.ok(), "kubectl {arguments:?}: {}", ran.last_words());
        ran.text()
    }

    /// Runs kubectl as anybody, with any ending.
    pub fn try_kubectl(&self, user: User, arguments: &[&str], input: &str) -> Ran {
        let mut command = self.command(&self.programs.kubectl, user, None);
        command.args(arguments);
        run(command, input)
    }

    /// Runs the real kubeseal, with any ending.
    pub fn kubeseal(&self, user: User, arguments: &[&str], input: &str) -> Ran {
        let mut command = self.command(&self.programs.kubeseal, user, None);
        command.args(arguments);
        run(command, input)
    }

    /// Creates or changes objects, from one or more YAML or JSON documents; the API server must agree.
    #[track_caller]
    pub fn apply(&self, manifests: &str) {
        let arguments = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
        let ran = self.try_kubectl(User::Admin, &arguments, manifests);
        assert!(ran.ok(), "{}", ran.last_words());
    }

    /// An object, such as `get("ns", "secret/s")`; `None` when there is none.
    #[track_caller]
    pub fn get(&self, namespace: &str, object: &str) -> Option<Value> {
        let text = self.kubectl(&["get", "-n", namespace, object, "-o", "json", "--ignore-not-found"]);
        (!text.is_empty()).then(|| serde_json::from_str(&text).unwrap())
    }

    /// Creates a namespace that no other test has.
    pub fn namespace(&self, prefix: &str) -> String {
        let name = format!("{prefix}-{}", self.namespaces.fetch_add(1, Ordering::Relaxed));
        self.kubectl(&["create", "namespace", &name]);
        name
    }

    /// Waits until there is such a Secret. Its data, decoded.
    #[track_caller]
    pub fn wait_secret(&self, namespace: &str, name: &str) -> BTreeMap<String, Vec<u8>> {
        self.wait_object(namespace, &format!("secret/{name}"), |object| Some(data(object)))
    }

    /// Waits until the controller has looked at this SealedSecret as it is now. Whether it could unseal it, and what
    /// it said when not.
    #[track_caller]
    pub fn wait_synced(&self, namespace: &str, name: &str) -> (bool, String) {
        self.wait_object(namespace, &format!("sealedsecret/{name}"), |object| {
            let status = &object["status"];
            if status["observedGeneration"] != object["metadata"]["generation"] {
                return None;
            }
            let synced = status["conditions"].as_array()?.iter().find(|one| one["type"] == "Synced")?;
            Some((synced["status"] == "True", synced["message"].as_str().unwrap_or_default().to_owned()))
        })
    }

    /// Waits until an object is there and `ask` has an answer.
    #[track_caller]
    pub fn wait_object<T>(&self, namespace: &str, object: &str, ask: impl Fn(&Value) -> Option<T>) -> T {
        let answer = wait_for(|| self.get(namespace, object).and_then(|object| ask(&object)));
        answer.unwrap_or_else(|| {
            let now = self.get(namespace, object);
            let said = self.controlled(Controller::said);
            panic!("{namespace} {object}: not after {PATIENCE:?}, but {now:#?}\n{said}")
        })
    }
}

fn url(port: u16) -> String {
    format!("https://127.0.0.1:{port}")
}

/// The `data` of a Secret, decoded.
pub fn data(secret: &Value) -> BTreeMap<String, Vec<u8>> {
    let decode = |value: &Value| base64_simd::STANDARD.decode_to_vec(value.as_str().unwrap()).unwrap();
    let items = secret["data"].as_object().into_iter().flatten();
    items.map(|(name, value)| (name.clone(), decode(value))).collect()
}
