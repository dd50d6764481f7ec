//! What stands in kubeconfig files, read as client-go does: values have their types, unknown names are passed over, paths are
//! relative to their file, and of several files the first one with a name wins.

use std::path::{Path, PathBuf};

use zeroize::{Zeroize, Zeroizing};

use crate::document::tree::{Kind, Node};
use crate::document::yaml::Document;
use crate::secret::{SecretBytes, SecretText};

/// Where the settings for login programs stand among a cluster's extensions.
const EXEC_EXTENSION: &str = "client.authentication.k8s.io/exec";

/// One file, or several merged.
#[derive(Default)]
pub(super) struct Kubeconfig {
    pub(super) current_context: String,
    pub(super) clusters: Vec<(String, Cluster)>,
    pub(super) users: Vec<(String, User)>,
    pub(super) contexts: Vec<(String, Context)>,
}

/// Empty means: not set, as in Go.
#[derive(Default)]
pub(super) struct Cluster {
    pub(super) server: String,
    pub(super) tls_server_name: String,
    pub(super) insecure: bool,
    pub(super) authority: Option<PathBuf>,
    pub(super) authority_data: Vec<u8>,
    pub(super) proxy_url: String,
    pub(super) disable_compression: bool,
    /// What the login program is to be told, as JSON.
    pub(super) exec_config: Option<serde_json::Value>,
}

/// Empty means: not set, as in Go.
#[derive(Default)]
pub(super) struct User {
    pub(super) certificate: Option<PathBuf>,
    pub(super) certificate_data: Vec<u8>,
    pub(super) key: Option<PathBuf>,
    pub(super) key_data: SecretBytes,
    pub(super) token: SecretText,
    pub(super) token_file: Option<PathBuf>,
    pub(super) impersonate: String,
    pub(super) impersonate_uid: String,
    pub(super) impersonate_groups: Vec<String>,
    pub(super) impersonate_extra: Vec<(String, Vec<String>)>,
    pub(super) username: String,
    pub(super) password: SecretText,
    pub(super) provider: Option<Provider>,
    pub(super) exec: Option<Exec>,
}

/// A way of logging in that client-go had built in.
pub(super) struct Provider {
    pub(super) name: String,
    pub(super) id_token: SecretText,
}

/// A program that logs us in.
#[derive(Clone, Default)]
pub(super) struct Exec {
    pub(super) command: String,
    pub(super) args: Vec<String>,
    pub(super) env: Vec<(String, String)>,
    pub(super) api_version: String,
    pub(super) install_hint: String,
    pub(super) provide_cluster_info: bool,
    pub(super) interactive_mode: String,
}

/// Empty means: not set, as in Go.
#[derive(Default)]
pub(super) struct Context {
    pub(super) cluster: String,
    pub(super) user: String,
    pub(super) namespace: String,
}

impl Kubeconfig {
    /// Reads one file. `path` is where it is, for the paths in it.
    ///
    /// # Errors
    /// Why it cannot be read: where, and never what stands there.
    pub(super) fn parse(text: SecretBytes, path: &Path) -> Result<Self, String> {
        if text.expose().iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        let document = Document::from_bytes(text.expose().to_vec()).map_err(|error| error.to_string())?;
        drop(text);
        if document.documents() == 0 {
            return Ok(Self::default());
        }
        let mut tree = document.tree(document.root(0)).map_err(|error| error.to_string())?;
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        let read = Reader { folder: &folder }.file(&tree);
        tree.zeroize();
        read
    }

    /// Adds what `later`, a file that comes after this one, has and we have not.
    pub(super) fn merge(&mut self, later: Self) {
        if self.current_context.is_empty() {
            self.current_context = later.current_context;
        }
        append_new(&mut self.clusters, later.clusters);
        append_new(&mut self.users, later.users);
        append_new(&mut self.contexts, later.contexts);
    }

    pub(super) fn cluster(&self, name: &str) -> Option<&Cluster> {
        find(&self.clusters, name)
    }

    pub(super) fn user(&self, name: &str) -> Option<&User> {
        find(&self.users, name)
    }

    pub(super) fn context(&self, name: &str) -> Option<&Context> {
        find(&self.contexts, name)
    }
}

fn find<'a, T>(items: &'a [(String, T)], name: &str) -> Option<&'a T> {
    items.iter().find(|(known, _)| known == name).map(|(_, item)| item)
}

fn append_new<T>(items: &mut Vec<(String, T)>, later: Vec<(String, T)>) {
    for (name, item) in later {
        if find(items, &name).is_none() {
            items.push((name, item));
        }
    }
}

/// Turns nodes into values. What goes wrong is told with the line only.
struct Reader<'a> {
    folder: &'a Path,
}

type Read<T> = Result<T, String>;

impl Reader<'_> {
    fn file(&self, node: &Node) -> Read<Kubeconfig> {
        match &node.kind {
            Kind::Map(_) => {}
            Kind::Null => return Ok(Kubeconfig::default()),
            _ => return Err(wrong(node, "the file", "a mapping")),
        }
        let (version, kind) = (text(node, "apiVersion")?, text(node, "kind")?);
        if !matches!(version.as_str(), "" | "v1") || !matches!(kind.as_str(), "" | "Config") {
            return Err(format!("no kind {kind:?} is registered for version {version:?}"));
        }
        Ok(Kubeconfig {
            current_context: text(node, "current-context")?,
            clusters: named(node, "clusters", "cluster", |node| self.cluster(node))?,
            users: named(node, "users", "user", |node| self.user(node))?,
            contexts: named(node, "contexts", "context", |node| {
                Ok(Context {
                    cluster: text(node, "cluster")?,
                    user: text(node, "user")?,
                    namespace: text(node, "namespace")?,
                })
            })?,
        })
    }

    fn cluster(&self, node: &Node) -> Read<Cluster> {
        let mut exec_config = None;
        for extension in list(node, "extensions")? {
            if text(extension, "name")? == EXEC_EXTENSION {
                exec_config = extension.get("extension").map(json);
            }
        }
        Ok(Cluster {
            server: text(node, "server")?,
            tls_server_name: text(node, "tls-server-name")?,
            insecure: flag(node, "insecure-skip-tls-verify")?,
            authority: self.path(node, "certificate-authority")?,
            authority_data: data(node, "certificate-authority-data")?,
            proxy_url: text(node, "proxy-url")?,
            disable_compression: flag(node, "disable-compression")?,
            exec_config,
        })
    }

    fn user(&self, node: &Node) -> Read<User> {
        let mut impersonate_extra = Vec::new();
        if let Some(Node { kind: Kind::Map(items), .. }) = node.get("as-user-extra") {
            for (key, values) in items {
                let values = match &values.kind {
                    Kind::List(values) => {
                        values.iter().map(|value| text_of(value, "as-user-extra")).collect::<Read<_>>()?
                    }
                    _ => return Err(wrong(values, "as-user-extra", "a list")),
                };
                impersonate_extra.push((key.name.clone(), values));
            }
        }
        Ok(User {
            certificate: self.path(node, "client-certificate")?,
            certificate_data: data(node, "client-certificate-data")?,
            key: self.path(node, "client-key")?,
            key_data: SecretBytes::new(data(node, "client-key-data")?),
            token: SecretText::new(text(node, "token")?),
            token_file: self.path(node, "tokenFile")?,
            impersonate: text(node, "as")?,
            impersonate_uid: text(node, "as-uid")?,
            impersonate_groups: texts(node, "as-groups")?,
            impersonate_extra,
            username: text(node, "username")?,
            password: SecretText::new(text(node, "password")?),
            provider: map(node, "auth-provider")?.map(provider).transpose()?,
            exec: map(node, "exec")?.map(|node| self.exec(node)).transpose()?,
        })
    }

    fn exec(&self, node: &Node) -> Read<Exec> {
        let mut env = Vec::new();
        for variable in list(node, "env")? {
            env.push((text(variable, "name")?, text(variable, "value")?));
        }
        let command = text(node, "command")?;
        let api_version = text(node, "apiVersion")?;
        let mut interactive_mode = text(node, "interactiveMode")?;
        if interactive_mode.is_empty() && api_version.ends_with("/v1beta1") {
            interactive_mode = "IfAvailable".into();
        }
        Ok(Exec {
            // a name without a folder is looked for in PATH
            command: match command.contains(std::path::MAIN_SEPARATOR) {
                true => self.folder.join(command).to_string_lossy().into_owned(),
                false => command,
            },
            args: texts(node, "args")?,
            env,
            api_version,
            install_hint: text(node, "installHint")?,
            provide_cluster_info: flag(node, "provideClusterInfo")?,
            interactive_mode,
        })
    }

    fn path(&self, node: &Node, name: &str) -> Read<Option<PathBuf>> {
        let path = text(node, name)?;
        Ok((!path.is_empty()).then(|| self.folder.join(path)))
    }
}

fn provider(node: &Node) -> Read<Provider> {
    let config = map(node, "config")?;
    let id_token = config.map_or(Ok(String::new()), |config| text(config, "id-token"))?;
    Ok(Provider { name: text(node, "name")?, id_token: SecretText::new(id_token) })
}

fn wrong(node: &Node, name: &str, wanted: &str) -> String {
    format!("line {}: {name} is not {wanted}", node.line)
}

/// The items of a list such as `- name: x\n  cluster: …`.
fn named<T>(node: &Node, name: &str, inner: &str, read: impl Fn(&Node) -> Read<T>) -> Read<Vec<(String, T)>> {
    let empty = Node::new(Kind::Map(Vec::new()));
    let mut items = Vec::new();
    for item in list(node, name)? {
        let value = read(map(item, inner)?.unwrap_or(&empty))?;
        let name = text(item, "name")?;
        if find(&items, &name).is_some() {
            return Err(format!("line {}: duplicate name {name:?} in list", item.line));
        }
        items.push((name, value));
    }
    Ok(items)
}

fn map<'n>(node: &'n Node, name: &str) -> Read<Option<&'n Node>> {
    match node.get(name) {
        None | Some(Node { kind: Kind::Null, .. }) => Ok(None),
        Some(inner @ Node { kind: Kind::Map(_), .. }) => Ok(Some(inner)),
        Some(other) => Err(wrong(other, name, "a mapping")),
    }
}

fn list<'n>(node: &'n Node, name: &str) -> Read<&'n [Node]> {
    match node.get(name) {
        None | Some(Node { kind: Kind::Null, .. }) => Ok(&[]),
        Some(Node { kind: Kind::List(items), .. }) => Ok(items),
        Some(other) => Err(wrong(other, name, "a list")),
    }
}

fn texts(node: &Node, name: &str) -> Read<Vec<String>> {
    list(node, name)?.iter().map(|item| text_of(item, name)).collect()
}

fn text(node: &Node, name: &str) -> Read<String> {
    node.get(name).map_or(Ok(String::new()), |value| text_of(value, name))
}

fn text_of(value: &Node, name: &str) -> Read<String> {
    match &value.kind {
        Kind::Null => Ok(String::new()),
        Kind::Str(text) | Kind::Time(text) => Ok(text.clone()),
        _ => Err(wrong(value, name, "text; put it in quotes")),
    }
}

fn flag(node: &Node, name: &str) -> Read<bool> {
    match node.get(name) {
        None | Some(Node { kind: Kind::Null, .. }) => Ok(false),
        Some(Node { kind: Kind::Bool(state), .. }) => Ok(*state),
        // the words of YAML 1.1
        Some(Node { kind: Kind::Str(word), .. })
            if ["y", "yes", "on"].contains(&word.to_ascii_lowercase().as_str()) =>
        {
            Ok(true)
        }
        Some(Node { kind: Kind::Str(word), .. })
            if ["n", "no", "off"].contains(&word.to_ascii_lowercase().as_str()) =>
        {
            Ok(false)
        }
        Some(other) => Err(wrong(other, name, "true or false")),
    }
}

/// Base64, in which Go allows line breaks.
fn data(node: &Node, name: &str) -> Read<Vec<u8>> {
    let encoded = Zeroizing::new(text(node, name)?);
    let tight: Zeroizing<Vec<u8>> =
        Zeroizing::new(encoded.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect());
    let line = node.get(name).map_or(0, |value| value.line);
    base64_simd::STANDARD.decode_to_vec(&*tight).map_err(|_| format!("line {line}: {name}: illegal base64 data"))
}

/// Any value as JSON. Trees are as deep as the reader lets them be.
fn json(node: &Node) -> serde_json::Value {
    use serde_json::Value;
    match &node.kind {
        Kind::Null => Value::Null,
        Kind::Bool(state) => Value::Bool(*state),
        Kind::Int(number) => Value::from(*number),
        Kind::Float(number) => Value::from(*number),
        Kind::Time(text) | Kind::Str(text) => Value::String(text.clone()),
        Kind::List(items) => Value::Array(items.iter().map(json).collect()),
        Kind::Map(items) => items.iter().map(|(key, item)| (key.name.clone(), json(item))).collect(),
    }
}
