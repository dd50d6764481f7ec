//! Who may do what in the test cluster, and the files that say so to clients.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use super::process::{bare, run};

/// The users of the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    /// May do everything; with a token.
    Admin,
    /// May reach the controller's Service as upstream allows all users, and nothing else; with a token.
    Sealer,
    /// May do nothing; with a token.
    Stranger,
    /// May do everything; with a client certificate.
    Certificate,
}

impl User {
    pub const ALL: [Self; 4] = [Self::Admin, Self::Sealer, Self::Stranger, Self::Certificate];

    /// The name for the cluster, which is also the name of the context in the kubeconfig files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Sealer => "sealer",
            Self::Stranger => "stranger",
            Self::Certificate => "certificate",
        }
    }

    /// The bearer token; one with a certificate has none.
    pub fn token(self) -> Option<&'static str> {
        match self {
            Self::Admin => Some("canary-token-admin"),
            Self::Sealer => Some("canary-token-sealer"),
            Self::Stranger => Some("canary-token-stranger"),
            Self::Certificate => None,
        }
    }
}

/// The token of the controller's service account.
pub const CONTROLLER_TOKEN: &str = "canary-token-controller";

/// For `--token-auth-file`.
pub fn tokens() -> String {
    let controller = "system:serviceaccount:kube-system:sealed-secrets-controller";
    let mut lines = format!("{CONTROLLER_TOKEN},{controller},{controller}\n");
    for user in User::ALL {
        let Some(token) = user.token() else { continue };
        let groups = match user {
            User::Admin => ",\"system:masters\"",
            User::Sealer => ",\"sealers\"",
            User::Stranger | User::Certificate => "",
        };
        writeln!(lines, "{token},{0},{0}{groups}", user.name()).unwrap();
    }
    lines
}

/// Makes the keys that the API server wants, and the authority and the certificate of one user.
pub fn make_keys(folder: &Path) {
    fs::write(folder.join("client.ext"), "extendedKeyUsage=clientAuth\n").unwrap();
    let curve = "ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    for words in [
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out sa.key".to_owned(),
        "pkey -in sa.key -pubout -out sa.pub".to_owned(),
        format!("req -x509 -newkey {curve} -keyout ca.key -out ca.crt -days 30 -subj /CN=people"),
        format!("req -newkey {curve} -keyout client.key -out client.csr -subj /O=system:masters/CN=certificate"),
        // with an extension it is of version 3; older ones not every client takes
        "x509 -req -in client.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out client.crt -days 30 -extfile client.ext"
            .to_owned(),
    ] {
        let mut command = bare("openssl");
        command.args(words.split(' ')).current_dir(folder);
        let ran = run(command, "");
        assert!(ran.ok(), "openssl {words}: {}", ran.last_words());
    }
}

/// Writes a kubeconfig file with a context for every user, `user`'s being the current one, for the cluster in `folder`
/// at `server`. The namespace is that of all contexts.
pub fn kubeconfig(folder: &Path, server: &str, user: User, namespace: Option<&str>) -> PathBuf {
    let namespace = namespace.unwrap_or_default();
    let mut users = String::new();
    let mut contexts = String::new();
    for one in User::ALL {
        let name = one.name();
        let how = one.token().map_or_else(
            || format!("client-certificate: {0}/client.crt, client-key: {0}/client.key", folder.display()),
            |token| format!("token: {token}"),
        );
        writeln!(users, "- {{name: {name}, user: {{{how}}}}}").unwrap();
        let within = if namespace.is_empty() { String::new() } else { format!(", namespace: {namespace}") };
        writeln!(contexts, "- {{name: {name}, context: {{cluster: test, user: {name}{within}}}}}").unwrap();
    }
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: {}\nclusters:\n- name: test\n  cluster:\n    server: {server}\n    \
         certificate-authority: {}\nusers:\n{users}contexts:\n{contexts}",
        user.name(),
        folder.join("certs/apiserver.crt").display()
    );
    let path = folder.join(format!("{}-{namespace}.kubeconfig", user.name()));
    // tests run at once, and some read while others write the same
    let fresh = tempfile::NamedTempFile::new_in(folder).unwrap();
    fs::write(fresh.path(), text).unwrap();
    fresh.persist(&path).unwrap();
    path
}
