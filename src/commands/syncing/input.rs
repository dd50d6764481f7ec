//! The options that name manifests, and reading them.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::commands::filestatus::is_marked;
use crate::commands::session::Session;
use crate::external::resource::Problem;
use crate::failure::{Failure, Kind};
use crate::fsio::folder;
use crate::fsio::read::{DOCUMENT_LIMIT, Wiped, read_bounded, read_stdin};
use crate::fsio::walk::{Walk, walk};
use crate::manifest::{self, Object};
use crate::sync::Inventory;
use crate::sync::inventory::{Added, Place};

/// Which manifests.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct InputArgs {
    /// Manifests or folders of them: ExternalSecrets, their stores, generators, and Secrets and ConfigMaps that they refer to; `-` is
    /// standard input
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// More manifests that these refer to, stores for instance; may be repeated
    #[arg(long, value_name = "PATH")]
    pub with: Vec<PathBuf>,
    /// The namespace of objects that say none
    #[arg(long, short, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
}

/// How stores are logged in to.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct LoginArgs {
    /// Log in to stores as yourself (VAULT_TOKEN or ~/.vault-token, your own AWS credentials and kubeconfig), not as the
    /// manifests say
    #[arg(long)]
    pub as_me: bool,
    /// Look up Secrets, ConfigMaps and service accounts that no manifest has in the cluster of this kubeconfig context
    #[cfg(feature = "kube")]
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
}

/// A manifest that is encrypted with SOPS: opened when somebody needs it.
#[derive(Clone, Debug)]
pub struct Locked {
    /// The file.
    pub path: PathBuf,
}

/// What was read.
#[derive(Debug)]
pub struct Input {
    /// The resources.
    pub inventory: Inventory,
    /// Secrets that are encrypted with SOPS, by namespace and name.
    pub locked: BTreeMap<(String, String), Locked>,
    /// Stands for everything but the ExternalSecrets themselves: another number, another content.
    pub others: u64,
}

/// Reads everything.
///
/// # Errors
/// A path that is not there; everything that is wrong with any manifest.
pub fn read(session: &Session, args: &InputArgs) -> Result<Input, Failure> {
    let mut input = Input {
        inventory: Inventory::new(args.namespace.as_deref().unwrap_or_default()),
        locked: BTreeMap::new(),
        others: 0,
    };
    let mut problems = Vec::new();
    // named twice, or within a folder that is named, too
    let mut seen = BTreeSet::new();
    for (paths, is_named) in [(&args.paths, true), (&args.with, false)] {
        let asked = input.asked();
        for path in paths {
            if path == Path::new("-") {
                let bytes = read_stdin(DOCUMENT_LIMIT)?;
                input.add("standard input", session.cwd(), None, &bytes, &mut problems);
                continue;
            }
            let is_folder = folder::is_folder(path);
            let found = walk(std::slice::from_ref(path), Walk { skip_git_ignored: true, ..Walk::default() })?;
            for file in found.files.iter().filter(|file| !is_folder || is_manifest(file)) {
                let absolute = folder::absolute(session.cwd(), file);
                if !seen.insert(absolute.clone()) {
                    continue;
                }
                let original = read_bounded(file, DOCUMENT_LIMIT)?;
                let above = absolute.parent().unwrap_or(session.cwd());
                let (known, wrong) = (input.known(), problems.len());
                input.add(&session.shown(&absolute), above, Some(&absolute), &original.bytes, &mut problems);
                if !is_folder && is_named && input.known() == known && problems.len() == wrong {
                    session.warn(&format!("{}: nothing in it is known here", file.display()));
                }
            }
        }
        if !is_named {
            input.only(asked);
        }
    }
    for (cluster, (namespace, name)) in input.inventory.expand() {
        session.warn(&format!(
            "ClusterExternalSecret {cluster}: the namespace {namespace} has an ExternalSecret {name} already, which stays"
        ));
    }
    match failure(problems) {
        Some(failure) => Err(failure),
        None => Ok(input),
    }
}

fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("yaml" | "yml" | "json"))
}

/// One failure that tells all of them.
fn failure(problems: Vec<(String, Problem)>) -> Option<Failure> {
    let count = problems.len();
    let mut lines = problems.into_iter().map(|(file, problem)| line(&file, &problem));
    let first = lines.next()?;
    let failure = lines.fold(Failure::new(Kind::CannotRead, first), Failure::detail);
    Some(if count > 1 { failure.hint(format!("{count} things are wrong; nothing was done")) } else { failure })
}

/// `file:line: path: what`, as compilers do it.
fn line(file: &str, problem: &Problem) -> String {
    let text = problem.to_string();
    match text.strip_prefix(&format!("line {}: ", problem.line)) {
        // the whole file
        Some(rest) if problem.line == 0 => format!("{file}: {rest}"),
        Some(rest) => format!("{file}:{}: {rest}", problem.line),
        None => format!("{file}: {text}"),
    }
}

impl Input {
    /// How many objects there are of each kind that something is done for.
    fn asked(&self) -> (usize, usize, usize) {
        let inventory = &self.inventory;
        (inventory.external_secrets.len(), inventory.push_secrets.len(), inventory.cluster_external_secrets.len())
    }

    /// Leaves what came after out: it is there to be referred to.
    fn only(&mut self, (external, push, cluster): (usize, usize, usize)) {
        self.inventory.external_secrets.truncate(external);
        self.inventory.push_secrets.truncate(push);
        self.inventory.cluster_external_secrets.truncate(cluster);
    }

    fn known(&self) -> (usize, usize, usize) {
        let inventory = &self.inventory;
        (
            inventory.external_secrets.len() + inventory.push_secrets.len() + inventory.cluster_external_secrets.len(),
            inventory.stores().count() + inventory.others(),
            self.locked.len(),
        )
    }

    fn add(
        &mut self,
        name: &str,
        above: &Path,
        path: Option<&Path>,
        bytes: &Wiped,
        problems: &mut Vec<(String, Problem)>,
    ) {
        let objects = match manifest::read(bytes) {
            Ok(objects) => objects,
            // a folder has other files, too; what has the word in it was meant for us
            Err(_) if memchr::memmem::find(bytes, b"external-secrets.io/").is_none() => return,
            Err(error) => {
                let problem = Problem { line: 0, path: String::new(), what: error.to_string(), nearest: None };
                problems.push((name.to_owned(), problem));
                return;
            }
        };
        self.note_others(&objects, bytes);
        let place = Arc::new(Place { file: name.to_owned(), folder: above.to_owned() });
        let is_encrypted = is_marked(bytes);
        for object in members(objects) {
            if is_encrypted && object.kind() == "Secret" {
                let namespace = self.inventory.namespace(Some(&object.namespace())).to_owned();
                if let Some(path) = path {
                    self.locked.insert((namespace, object.name().into_owned()), Locked { path: path.to_owned() });
                }
                continue;
            }
            match self.inventory.add(&place, &object) {
                Ok(Added::Kept | Added::Ignored) => {}
                Err(found) => problems.extend(found.into_iter().map(|problem| (name.to_owned(), problem))),
            }
        }
    }
}

impl Input {
    /// Files with anything else than ExternalSecrets count as a whole.
    fn note_others(&mut self, objects: &[Object], bytes: &Wiped) {
        if objects.iter().any(|object| object.kind() != "ExternalSecret") {
            let mut hasher = DefaultHasher::new();
            self.others.hash(&mut hasher);
            bytes.as_slice().hash(&mut hasher);
            self.others = hasher.finish();
        }
    }
}

fn members(objects: Vec<Object>) -> Vec<Object> {
    let mut all = Vec::with_capacity(objects.len());
    for object in objects {
        match object.into_members() {
            Ok(members) => all.extend(members),
            Err(object) => all.push(object),
        }
    }
    all
}
