//! What a sealed value is bound to: one Secret, one namespace, or nothing but the cluster.

use std::fmt;
use std::str::FromStr;

/// The annotation that says namespace-wide.
pub const NAMESPACE_WIDE: &str = "sealedsecrets.bitnami.com/namespace-wide";
/// The annotation that says cluster-wide.
pub const CLUSTER_WIDE: &str = "sealedsecrets.bitnami.com/cluster-wide";

/// How far a sealed value may travel (sealed-secrets `SealingScope`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub enum Scope {
    /// Only in the Secret of this namespace and name.
    #[default]
    Strict,
    /// In every Secret of this namespace.
    NamespaceWide,
    /// In every Secret of the cluster.
    ClusterWide,
}

impl Scope {
    /// Every scope, the narrowest first.
    pub const ALL: [Self; 3] = [Self::Strict, Self::NamespaceWide, Self::ClusterWide];

    /// The OAEP label: what the value is bound to (sealed-secrets `EncryptionLabel`).
    pub fn label(self, namespace: &str, name: &str) -> String {
        match self {
            Self::Strict => format!("{namespace}/{name}"),
            Self::NamespaceWide => namespace.to_owned(),
            Self::ClusterWide => String::new(),
        }
    }

    /// What the annotations of an object say. Only the exact text `true` counts, and cluster-wide wins.
    pub fn of_annotations<'a>(annotation: impl Fn(&str) -> Option<&'a str>) -> Self {
        let says = |name| annotation(name) == Some("true");
        match (says(CLUSTER_WIDE), says(NAMESPACE_WIDE)) {
            (true, _) => Self::ClusterWide,
            (false, true) => Self::NamespaceWide,
            (false, false) => Self::Strict,
        }
    }

    /// The annotation that says this scope with the value `true`; strict has none.
    pub fn annotation(self) -> Option<&'static str> {
        match self {
            Self::Strict => None,
            Self::NamespaceWide => Some(NAMESPACE_WIDE),
            Self::ClusterWide => Some(CLUSTER_WIDE),
        }
    }

    /// Whether values of this scope are bound to a namespace.
    pub fn needs_namespace(self) -> bool {
        self != Self::ClusterWide
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Strict => "strict",
            Self::NamespaceWide => "namespace-wide",
            Self::ClusterWide => "cluster-wide",
        })
    }
}

/// A text that names no scope; the words are upstream's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("must be one of: strict, namespace-wide, cluster-wide")]
pub struct UnknownScope;

impl FromStr for Scope {
    type Err = UnknownScope;

    /// Nothing at all is strict, as upstream has it.
    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        match text {
            "" | "strict" => Ok(Self::Strict),
            "namespace-wide" => Ok(Self::NamespaceWide),
            "cluster-wide" => Ok(Self::ClusterWide),
            _ => Err(UnknownScope),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(cluster: Option<&str>, namespace: Option<&str>) -> Scope {
        Scope::of_annotations(|name| if name == CLUSTER_WIDE { cluster } else { namespace })
    }

    #[test]
    fn only_the_text_true_counts_and_cluster_wide_wins() {
        for other in [None, Some(""), Some("True"), Some("1"), Some("false"), Some(" true")] {
            assert_eq!(scope(other, other), Scope::Strict);
            assert_eq!(scope(Some("true"), other), Scope::ClusterWide);
            assert_eq!(scope(other, Some("true")), Scope::NamespaceWide);
        }
        assert_eq!(scope(Some("true"), Some("true")), Scope::ClusterWide);
    }

    #[test]
    fn labels_are_upstreams() {
        let labels = Scope::ALL.map(|scope| scope.label("myns", "myname"));
        assert_eq!(labels, ["myns/myname", "myns", ""]);
    }

    #[test]
    fn names_are_read_and_written() {
        for scope in Scope::ALL {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
        assert_eq!("".parse(), Ok(Scope::Strict));
        assert_eq!("Strict".parse::<Scope>(), Err(UnknownScope));
    }
}
