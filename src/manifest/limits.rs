//! What the API server of Kubernetes takes for a Secret, so that what it would refuse is not sealed first
//! (kubernetes `pkg/apis/core/validation`, `ValidateSecret`).

use std::fmt;

use serde::de::IgnoredAny;

/// Bytes of all values of a Secret together (`core.MaxSecretSize`).
pub const MOST_DATA: usize = 1024 * 1024;
/// Bytes of a request that etcd takes by default: an object has to fit into one.
pub const MOST_REQUEST: usize = 3 * 512 * 1024;
/// Bytes of all annotations together; a client-side `kubectl apply` keeps the whole object in one of them.
pub const MOST_ANNOTATIONS: usize = 256 * 1024;
/// The annotation that a token of a service account needs.
pub const SERVICE_ACCOUNT: &str = "kubernetes.io/service-account.name";

/// Longest name of an object, and of a key.
const LONGEST_NAME: usize = 253;
/// Longest name of a namespace, and of other things that are one label of a host name.
const LONGEST_LABEL: usize = 63;

/// What the API server would say no to. Names and keys, never values.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// The name of the Secret.
    Name(String),
    /// The namespace.
    Namespace(String),
    /// A key of its data.
    Key(String),
    /// A Secret of this type has to have this key.
    Missing {
        /// The type.
        kind: String,
        /// The key, or keys one of which will do.
        key: &'static str,
    },
    /// The value of this key has to be JSON.
    NotJson {
        /// The type.
        kind: String,
        /// The key.
        key: &'static str,
    },
    /// A token of a service account without the annotation that says whose it is.
    NoServiceAccount,
    /// More than [`MOST_DATA`].
    TooLarge {
        /// Bytes there are.
        bytes: usize,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(
                f,
                "the name {} is none: lower-case letters, digits, `-` and `.` are allowed, letters and digits at both ends, \
                 {LONGEST_NAME} at most",
                quoted(name)
            ),
            Self::Namespace(name) => write!(
                f,
                "the namespace {} is none: lower-case letters, digits and `-` are allowed, letters and digits at both ends, \
                 {LONGEST_LABEL} at most",
                quoted(name)
            ),
            Self::Key(key) => write!(
                f,
                "the key {} is none: letters, digits, `-`, `_` and `.` are allowed, {LONGEST_NAME} at most, and it must not be \
                 `.` or begin with `..`",
                quoted(key)
            ),
            Self::Missing { kind, key } => write!(f, "a Secret of the type {kind} needs the key {key}"),
            Self::NotJson { kind, key } => {
                write!(f, "the value of {key} has to be JSON in a Secret of the type {kind}")
            }
            Self::NoServiceAccount => {
                write!(
                    f,
                    "a Secret of the type kubernetes.io/service-account-token needs the annotation {SERVICE_ACCOUNT}"
                )
            }
            Self::TooLarge { bytes } => {
                write!(f, "its values have {bytes} bytes; Kubernetes takes {MOST_DATA} in one Secret")
            }
        }
    }
}

/// The beginning of a name that may be anything.
fn quoted(name: &str) -> String {
    let mut shown: String = name.chars().take(60).collect();
    if shown.len() < name.len() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// What there is to know of a Secret that is to be checked.
pub struct Facts<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its namespace; empty where the scope needs none.
    pub namespace: &'a str,
    /// Its type; empty for an opaque one.
    pub kind: &'a str,
    /// Its data, decoded.
    pub data: &'a [(&'a str, &'a [u8])],
    /// Whether it has the annotation [`SERVICE_ACCOUNT`].
    pub has_service_account: bool,
}

/// Everything that the API server would refuse of a Secret.
pub fn refusals(facts: &Facts<'_>) -> Vec<Refusal> {
    let mut found = Vec::new();
    if !is_name(facts.name) {
        found.push(Refusal::Name(facts.name.to_owned()));
    }
    if !facts.namespace.is_empty() && !is_label(facts.namespace) {
        found.push(Refusal::Namespace(facts.namespace.to_owned()));
    }
    found.extend(facts.data.iter().filter(|(key, _)| !is_key(key)).map(|(key, _)| Refusal::Key((*key).to_owned())));
    let bytes = facts.data.iter().map(|(_, value)| value.len()).sum();
    if bytes > MOST_DATA {
        found.push(Refusal::TooLarge { bytes });
    }
    typed(facts, &mut found);
    found
}

/// What its type asks for.
fn typed(facts: &Facts<'_>, found: &mut Vec<Refusal>) {
    let value = |key: &str| facts.data.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
    let kind = || facts.kind.to_owned();
    let mut need = |there: bool, key: &'static str| {
        if !there {
            found.push(Refusal::Missing { kind: kind(), key });
        }
    };
    match facts.kind {
        "kubernetes.io/tls" => ["tls.crt", "tls.key"].into_iter().for_each(|key| need(value(key).is_some(), key)),
        "kubernetes.io/basic-auth" => {
            need(value("username").or(value("password")).is_some(), "username or password");
        }
        "kubernetes.io/ssh-auth" => {
            need(value("ssh-privatekey").is_some_and(|value| !value.is_empty()), "ssh-privatekey");
        }
        "kubernetes.io/dockerconfigjson" => json(facts, ".dockerconfigjson", found),
        "kubernetes.io/dockercfg" => json(facts, ".dockercfg", found),
        "kubernetes.io/service-account-token" if !facts.has_service_account => found.push(Refusal::NoServiceAccount),
        _ => {}
    }
}

fn json(facts: &Facts<'_>, key: &'static str, found: &mut Vec<Refusal>) {
    let kind = facts.kind.to_owned();
    match facts.data.iter().find(|(name, _)| *name == key) {
        None => found.push(Refusal::Missing { kind, key }),
        Some((_, value)) if serde_json::from_slice::<IgnoredAny>(value).is_err() => {
            found.push(Refusal::NotJson { kind, key });
        }
        Some(_) => {}
    }
}

/// Whether it can be the name of an object: labels of a host name with dots between them (RFC 1123).
pub fn is_name(name: &str) -> bool {
    name.len() <= LONGEST_NAME && name.split('.').all(is_part)
}

/// Whether it can be the name of a namespace: one label of a host name.
pub fn is_label(name: &str) -> bool {
    name.len() <= LONGEST_LABEL && is_part(name)
}

fn is_part(part: &str) -> bool {
    let inside = part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    inside && !part.is_empty() && !part.starts_with('-') && !part.ends_with('-')
}

/// Whether it can be a key of a Secret's data.
pub fn is_key(key: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !key.is_empty() && key.len() <= LONGEST_NAME && key != "." && !key.starts_with("..") && key.bytes().all(fits)
}

/// Whether it can be the name of a label or an annotation: perhaps a host name and `/`, then a name.
pub fn is_qualified(name: &str) -> bool {
    match name.split_once('/') {
        Some((prefix, name)) => is_name(prefix) && is_word(name),
        None => is_word(name),
    }
}

/// Whether it can be the value of a label.
pub fn is_label_value(value: &str) -> bool {
    value.is_empty() || is_word(value)
}

fn is_word(word: &str) -> bool {
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = word.as_bytes();
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    bytes.len() <= LONGEST_LABEL && ends(bytes.first()) && ends(bytes.last()) && bytes.iter().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: &str, data: &[(&str, &[u8])]) -> Vec<String> {
        let facts = Facts { name: "db", namespace: "shop", kind, data, has_service_account: false };
        refusals(&facts).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn names_are_checked() {
        for good in ["a", "a-b.c-1", "0", &"a".repeat(253)] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "A", "a_b", "-a", "a-", "a..b", ".a", "a.", "a/b", "ä", &"a".repeat(254)] {
            assert!(!is_name(bad), "{bad}");
        }
        assert!(is_label("a-1") && !is_label("a.b") && !is_label(&"a".repeat(64)));
        for good in ["a", "..a".trim_start_matches('.'), ".dockercfg", "A_b-c.d", "a..b"] {
            assert!(is_key(good), "{good}");
        }
        for bad in ["", ".", "..", "..a", "a b", "a/b", "a=b", "ä", &"a".repeat(254)] {
            assert!(!is_key(bad), "{bad}");
        }
        assert!(is_qualified("app.kubernetes.io/name") && is_qualified("A.b_c"));
        assert!(!is_qualified("/a") && !is_qualified("a/") && !is_qualified("A/b") && !is_qualified("a/b/c"));
        assert!(is_label_value("") && is_label_value("A.b") && !is_label_value("-a") && !is_label_value("a b"));
    }

    #[test]
    fn types_ask_for_their_keys() {
        assert!(of("", &[]).is_empty() && of("Opaque", &[("a", b"x")]).is_empty() && of("my/type", &[]).is_empty());
        assert_eq!(
            of("kubernetes.io/tls", &[("tls.crt", b"")]),
            ["a Secret of the type kubernetes.io/tls needs the key tls.key"]
        );
        assert_eq!(of("kubernetes.io/tls", &[("tls.key", b""), ("tls.crt", b"")]).len(), 0);
        assert_eq!(of("kubernetes.io/basic-auth", &[]).len(), 1);
        assert_eq!(of("kubernetes.io/basic-auth", &[("password", b"")]).len(), 0);
        assert_eq!(of("kubernetes.io/ssh-auth", &[("ssh-privatekey", b"")]).len(), 1);
        assert_eq!(of("kubernetes.io/ssh-auth", &[("ssh-privatekey", b"x")]).len(), 0);
        for (kind, key) in
            [("kubernetes.io/dockerconfigjson", ".dockerconfigjson"), ("kubernetes.io/dockercfg", ".dockercfg")]
        {
            assert_eq!(of(kind, &[]), [format!("a Secret of the type {kind} needs the key {key}")]);
            assert_eq!(
                of(kind, &[(key, b"hunter2")]),
                [format!("the value of {key} has to be JSON in a Secret of the type {kind}")]
            );
            assert_eq!(of(kind, &[(key, b"{}")]).len(), 0);
        }
        assert_eq!(of("kubernetes.io/service-account-token", &[]).len(), 1);
    }

    #[test]
    fn a_mebibyte_fits_and_a_byte_more_does_not() {
        let half = vec![0; MOST_DATA / 2];
        assert!(of("", &[("a", &half), ("b", &half)]).is_empty());
        let found = of("", &[("a", &half), ("b", &half), ("c", b"x")]);
        assert_eq!(found, ["its values have 1048577 bytes; Kubernetes takes 1048576 in one Secret"]);
    }

    #[test]
    fn everything_is_named_and_long_names_are_cut() {
        let key = "!".repeat(300);
        let facts =
            Facts { name: "A", namespace: "b.c", kind: "", data: &[(&key, b"hunter2")], has_service_account: false };
        let found: Vec<String> = refusals(&facts).iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 3);
        assert!(found[2].contains(&format!("`{}…`", "!".repeat(60))) && !found.concat().contains("hunter2"));
    }
}
