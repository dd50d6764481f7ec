//! The normal mode: Secrets in, SealedSecrets out (`pkg/kubeseal/kubeseal.go:Seal`).

use std::cell::OnceCell;

use zeroize::Zeroize;

use super::call::Call;
use super::exit::Exit;
use crate::commands::parallel;
use crate::document::tree::{Key, Kind, Node};
use crate::manifest::Secret;
use crate::manifest::{self, ManifestError};
use crate::sealed::scope::{CLUSTER_WIDE, NAMESPACE_WIDE};
use crate::sealed::{PublicKey, Scope, SealedSecret};

const NOTHING: &str = "no secrets found. Ensure the input is valid and UTF-8 encoded";
const EMPTY: &str = "secret.data is empty in input Secret, assuming this is an error and aborting. To work with empty data, \
                     --allow-empty-data can be used";

/// A Secret and the scope to seal it with.
pub struct Ready {
    secret: Secret,
    scope: Scope,
}

/// What a Secret is told instead of its own words.
#[derive(Clone, Copy, Default)]
pub struct Place<'a> {
    /// Its name, unless empty.
    pub name: &'a str,
    /// Its namespace, unless empty.
    pub namespace: &'a str,
    /// The scope, whatever the annotations say.
    pub scope: Option<Scope>,
}

/// Seals every Secret of the input. When one cannot be sealed, those before it are printed nevertheless, except to a file.
pub fn run(call: &Call, key: &PublicKey) -> Result<(), Exit> {
    // strict is also what it is when nobody said anything: annotations count then
    let scope = Some(call.scope()).filter(|scope| *scope != Scope::Strict);
    let place = Place { name: call.given.text("name"), namespace: "", scope };
    let (ready, problem) = read(call, place)?;
    if problem.is_some() && (ready.is_empty() || call.has_output_file()) {
        return problem.map_or(Ok(()), Err);
    }
    // upstream notices a wrong format before it looks at the second Secret
    call.format()?;
    let sealed = seal(&ready, key)?;
    call.print(&sealed)?;
    problem.map_or(Ok(()), Err)
}

/// The Secrets of the input, made ready: up to the first that cannot be sealed, and what is wrong with it.
pub fn read(call: &Call, place: Place<'_>) -> Result<(Vec<Ready>, Option<Exit>), Exit> {
    let input = call.input()?;
    let objects = manifest::read(&input).map_err(|error| unreadable(&error))?;
    let namespace = OnceCell::new();
    let mut ready = Vec::new();
    for object in &objects {
        // upstream takes an empty object for no document
        if matches!(&object.root.kind, Kind::Map(entries) if entries.is_empty()) {
            continue;
        }
        let secret = Secret::from_object(object).map_err(|error| Exit::new(error.to_string()));
        match secret.and_then(|secret| prepare(call, secret, place, &namespace)) {
            Ok(one) => ready.push(one),
            Err(problem) => return Ok((ready, Some(problem))),
        }
    }
    if ready.is_empty() { Err(Exit::new(NOTHING)) } else { Ok((ready, None)) }
}

/// Upstream would leave the document out, and say this when there is no other.
fn unreadable(error: &ManifestError) -> Exit {
    match error {
        ManifestError::NotText { .. } => Exit::new(NOTHING),
        other => Exit::new(format!("{NOTHING}\n{other}")),
    }
}

fn prepare(call: &Call, mut secret: Secret, place: Place<'_>, configured: &OnceCell<String>) -> Result<Ready, Exit> {
    if secret.data.is_empty() && !call.given.is_on("allow-empty-data") {
        return Err(Exit::new(EMPTY));
    }
    if !place.name.is_empty() {
        place.name.clone_into(&mut secret.name);
    }
    if secret.name.is_empty() {
        return Err(Exit::new("missing metadata.name in input Secret"));
    }
    if !place.namespace.is_empty() {
        place.namespace.clone_into(&mut secret.namespace);
    }
    let scope = match place.scope {
        None => {
            let says = [CLUSTER_WIDE, NAMESPACE_WIDE].map(|name| (name, secret.annotation(name)));
            Scope::of_annotations(|wanted| says.iter().find(|(name, _)| *name == wanted)?.1.as_deref())
        }
        Some(scope) => {
            annotate(&mut secret.metadata, scope);
            scope
        }
    };
    if scope.needs_namespace() {
        let explicit = call.explicit_namespace();
        if secret.namespace.is_empty() {
            // what went wrong there is not said: the next error is clearer
            let namespace = configured.get_or_init(|| call.namespace().unwrap_or_default());
            secret.namespace.clone_from(namespace);
        } else if let Some(explicit) = explicit.filter(|explicit| *explicit != secret.namespace) {
            let own = &secret.namespace;
            return Err(Exit::new(format!(
                "namespace mismatch: input secret is in namespace {own:?} but {explicit:?} was specified"
            )));
        }
        if secret.namespace.is_empty() {
            return Err(Exit::new("secret must declare a namespace"));
        }
    }
    Ok(Ready { secret, scope })
}

/// Makes the annotations say this scope and no other (`UpdateScopeAnnotations`).
fn annotate(metadata: &mut Node, scope: Scope) {
    let Some(annotations) = map_in(metadata, "annotations") else { return };
    for (key, node) in annotations.iter_mut() {
        if key.name == CLUSTER_WIDE || key.name == NAMESPACE_WIDE {
            node.zeroize();
        }
    }
    annotations.retain(|(key, _)| key.name != CLUSTER_WIDE && key.name != NAMESPACE_WIDE);
    annotations.extend(scope.annotation().map(|name| (new_key(name), Node::text("true"))));
}

/// The entries of a map in a map, both made when they are not there.
pub fn map_in<'n>(node: &'n mut Node, name: &str) -> Option<&'n mut Vec<(Key, Node)>> {
    if node.kind == Kind::Null {
        node.kind = Kind::Map(Vec::new());
    }
    let Kind::Map(entries) = &mut node.kind else { return None };
    let found = entries.iter().position(|(key, _)| key.name == name);
    let found = found.or_else(|| entries.iter().position(|(key, _)| key.name.eq_ignore_ascii_case(name)));
    let at = found.unwrap_or_else(|| {
        entries.push((new_key(name), Node::new(Kind::Null)));
        entries.len() - 1
    });
    let (_, inner) = &mut entries[at];
    if inner.kind == Kind::Null {
        inner.kind = Kind::Map(Vec::new());
    }
    match &mut inner.kind {
        Kind::Map(entries) => Some(entries),
        _ => None,
    }
}

/// A key that was not read from a file.
pub fn new_key(name: &str) -> Key {
    Key { name: name.to_owned(), line: 0 }
}

/// Seals them, on all cores.
pub fn seal(ready: &[Ready], key: &PublicKey) -> Result<Vec<Node>, Exit> {
    let one = |one: &Ready| Ok(SealedSecret::seal(&one.secret, one.scope, key)?.to_node());
    parallel::map(ready, one, |_, _| {}).into_iter().collect()
}
