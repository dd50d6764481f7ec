//! `sealant.yaml`: which clusters a repository seals for, with which certificates, and which of its files belong to which.
//!
//! ```yaml
//! clusters:
//!   prod-eu:
//!     certificate: clusters/prod-eu.pem
//!     scope: strict
//!     paths: ["clusters/prod-eu/**"]
//!     layout: "clusters/prod-eu/{namespace}/{name}.yaml"
//!     context: prod-eu
//!     controller: { namespace: kube-system, name: sealed-secrets-controller }
//! ```
//! Read strictly: what is not known is an error with its line, before anything is sealed for the wrong cluster.

mod glob;

use std::fmt;

use super::scope::Scope;
use crate::document::near::nearest;
use crate::document::tree::{Key, Kind, Node};
use crate::document::value::Value;
use crate::document::yaml::Document;
use glob::Glob;

/// The name of the file, at the root of a repository.
pub const FILE_NAME: &str = "sealant.yaml";
/// Where the controller is unless somebody says otherwise (kubeseal `--controller-namespace`).
pub const CONTROLLER_NAMESPACE: &str = "kube-system";
/// What its service is called unless somebody says otherwise (kubeseal `--controller-name`).
pub const CONTROLLER_NAME: &str = "sealed-secrets-controller";

const TOP: [&str; 1] = ["clusters"];
const FIELDS: [&str; 6] = ["certificate", "scope", "paths", "layout", "context", "controller"];
const CONTROLLER_FIELDS: [&str; 2] = ["namespace", "name"];
/// Longest name of a cluster: it becomes part of file names.
const LONGEST_NAME: usize = 100;

/// The clusters of a repository, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Clusters {
    clusters: Vec<Cluster>,
}

/// One cluster.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// What it is called.
    pub name: String,
    /// The line its name stands on.
    pub line: usize,
    /// The file with its certificate, relative to the folder of `sealant.yaml`.
    pub certificate: String,
    /// The scope of what is sealed for it, where neither the command line nor the Secret says one.
    pub scope: Option<Scope>,
    /// The kubeconfig context it is reached by.
    pub context: Option<String>,
    /// Its controller.
    pub controller: Controller,
    /// Where the SealedSecret of a namespace and name belongs: a pattern with `{namespace}` and `{name}` in it.
    pub layout: Option<String>,
    paths: Vec<Glob>,
}

/// The service of a controller.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Controller {
    /// The namespace it is in.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Default for Controller {
    fn default() -> Self {
        Self { namespace: CONTROLLER_NAMESPACE.into(), name: CONTROLLER_NAME.into() }
    }
}

impl Cluster {
    /// Whether the file at `path`, relative to the folder of `sealant.yaml` and with `/`, belongs to this cluster.
    pub fn covers(&self, path: &str) -> bool {
        self.paths.iter().any(|glob| glob.matches(path))
    }

    /// Whether the SealedSecret of that name may be in the file at `path`; without a layout it may be anywhere.
    pub fn lays_out(&self, path: &str, namespace: &str, name: &str) -> bool {
        let Some(layout) = &self.layout else { return true };
        let pattern = placed(layout, namespace, name);
        Glob::new(&pattern).is_some_and(|glob| glob.matches(path))
    }

    /// Whether it says which files belong to it.
    pub fn has_paths(&self) -> bool {
        !self.paths.is_empty()
    }
}

/// What is wrong with a `sealant.yaml`, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClustersError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What may be wrong with a `sealant.yaml`.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Problem {
    /// No YAML.
    Yaml(&'static str),
    /// A second document.
    SecondDocument,
    /// A field that nobody reads.
    Unknown {
        /// The field.
        field: String,
        /// A field with nearly that name.
        near: Option<&'static str>,
    },
    /// A field of the wrong type.
    Type {
        /// The field.
        field: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// A cluster without a certificate.
    NoCertificate(String),
    /// A name that no cluster can have.
    Name(String),
    /// A scope that there is not.
    Scope,
    /// A pattern that cannot be read.
    Pattern(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yaml(problem) => f.write_str(problem),
            Self::SecondDocument => f.write_str("a second YAML document, which nobody reads: only the first counts"),
            Self::Unknown { field, near: Some(near) } => write!(f, "unknown field `{field}`; is `{near}` meant?"),
            Self::Unknown { field, near: None } => write!(f, "unknown field `{field}`"),
            Self::Type { field, wanted } => write!(f, "`{field}` should be {wanted}"),
            Self::NoCertificate(name) => write!(f, "the cluster {name} has no `certificate`"),
            Self::Name(name) => {
                write!(f, "a cluster cannot be called `{name}`: letters, digits, `-`, `_` and dots inside are allowed")
            }
            Self::Scope => f.write_str("`scope` must be one of: strict, namespace-wide, cluster-wide"),
            Self::Pattern(pattern) => write!(f, "`{pattern}` is no pattern: a bracket or a brace is not closed"),
        }
    }
}

impl fmt::Display for ClustersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

impl std::error::Error for ClustersError {}

impl Clusters {
    /// Reads the text of a `sealant.yaml`.
    ///
    /// # Errors
    /// [`ClustersError`], the first one.
    pub fn parse(text: &str) -> Result<Self, ClustersError> {
        let bad = |error: &crate::document::yaml::YamlError| at(error.line, Problem::Yaml(error.problem));
        let document = Document::parse(text.to_owned()).map_err(|error| bad(&error))?;
        for number in 1..document.documents() {
            let root = document.root(number);
            if !matches!(document.value(root), Ok(Value::Null)) {
                return Err(at(document.position(document.span(root).start).0, Problem::SecondDocument));
            }
        }
        if document.documents() == 0 {
            return Ok(Self::default());
        }
        Self::read(&document.tree(document.root(0)).map_err(|error| bad(&error))?)
    }

    fn read(root: &Node) -> Result<Self, ClustersError> {
        if matches!(root.kind, Kind::Null) {
            return Ok(Self::default());
        }
        let mut clusters = Vec::new();
        for (_, node) in fields(root, "the file", &TOP)? {
            let Kind::Map(entries) = &node.kind else {
                return Err(wrong(node, "clusters", "a mapping: each cluster's name, and what there is to know of it"));
            };
            clusters = entries.iter().map(|(key, node)| cluster(key, node)).collect::<Result<_, _>>()?;
        }
        Ok(Self { clusters })
    }

    /// All of them, in the order of the file.
    pub fn all(&self) -> &[Cluster] {
        &self.clusters
    }

    /// The one of that name.
    pub fn get(&self, name: &str) -> Option<&Cluster> {
        self.clusters.iter().find(|cluster| cluster.name == name)
    }

    /// The first one that the file at `path` belongs to; see [`Cluster::covers`].
    pub fn for_path(&self, path: &str) -> Option<&Cluster> {
        self.clusters.iter().find(|cluster| cluster.covers(path))
    }

    /// The name that is nearly `name`, if there is one.
    pub fn near(&self, name: &str) -> Option<&str> {
        let names: Vec<&str> = self.clusters.iter().map(|cluster| cluster.name.as_str()).collect();
        nearest(name, &names)
    }
}

fn at(line: usize, problem: Problem) -> ClustersError {
    ClustersError { line, problem }
}

fn wrong(node: &Node, field: &str, wanted: &'static str) -> ClustersError {
    at(node.line, Problem::Type { field: field.to_owned(), wanted })
}

/// The entries of a mapping, all of them of `known` names.
fn fields<'a>(node: &'a Node, name: &str, known: &'static [&'static str]) -> Result<&'a [(Key, Node)], ClustersError> {
    let Kind::Map(entries) = &node.kind else {
        return Err(wrong(node, name, "a mapping"));
    };
    match entries.iter().find(|(key, _)| !known.contains(&key.name.as_str())) {
        Some((key, _)) => {
            let near = nearest(&key.name, known);
            Err(at(key.line, Problem::Unknown { field: key.name.clone(), near }))
        }
        None => Ok(entries),
    }
}

fn text<'a>(node: &'a Node, field: &str) -> Result<&'a str, ClustersError> {
    match &node.kind {
        Kind::Str(text) if !text.is_empty() => Ok(text),
        _ => Err(wrong(node, field, "a text")),
    }
}

fn cluster(key: &Key, node: &Node) -> Result<Cluster, ClustersError> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let name = &key.name;
    if name.is_empty() || name.len() > LONGEST_NAME || name.starts_with('.') || !name.chars().all(fits) {
        return Err(at(key.line, Problem::Name(name.chars().take(LONGEST_NAME).collect())));
    }
    let mut found = Cluster {
        name: name.clone(),
        line: key.line,
        certificate: String::new(),
        scope: None,
        context: None,
        controller: Controller::default(),
        layout: None,
        paths: Vec::new(),
    };
    for (field, node) in fields(node, name, &FIELDS)? {
        match field.name.as_str() {
            "certificate" => found.certificate = text(node, "certificate")?.to_owned(),
            "scope" => {
                found.scope = Some(text(node, "scope")?.parse().map_err(|_| at(node.line, Problem::Scope))?);
            }
            "layout" => {
                let layout = text(node, "layout")?;
                if Glob::new(&placed(layout, "a", "a")).is_none() {
                    return Err(at(node.line, Problem::Pattern(layout.to_owned())));
                }
                found.layout = Some(layout.to_owned());
            }
            "context" => found.context = Some(text(node, "context")?.to_owned()),
            "controller" => {
                for (field, node) in fields(node, "controller", &CONTROLLER_FIELDS)? {
                    let place =
                        if field.name == "name" { &mut found.controller.name } else { &mut found.controller.namespace };
                    text(node, &field.name)?.clone_into(place);
                }
            }
            // the last of the known fields
            _ => found.paths = paths(node)?,
        }
    }
    if found.certificate.is_empty() {
        return Err(at(key.line, Problem::NoCertificate(name.clone())));
    }
    Ok(found)
}

fn placed(layout: &str, namespace: &str, name: &str) -> String {
    layout.replace("{namespace}", namespace).replace("{name}", name)
}

fn paths(node: &Node) -> Result<Vec<Glob>, ClustersError> {
    let Kind::List(items) = &node.kind else {
        return Err(wrong(node, "paths", "a list of patterns"));
    };
    let glob = |item: &Node| {
        let pattern = text(item, "paths")?;
        Glob::new(pattern).ok_or_else(|| at(item.line, Problem::Pattern(pattern.to_owned())))
    };
    items.iter().map(glob).collect()
}

#[cfg(test)]
mod tests;
