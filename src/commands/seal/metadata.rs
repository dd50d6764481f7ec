//! Labels, annotations and the scope in the metadata of Secrets.

use crate::document::tree::{Key, Kind as NodeKind, Node};
use crate::failure::{Failure, Kind};
use crate::manifest::{Secret, limits};
use crate::sealed::Scope;
use crate::sealed::scope::{CLUSTER_WIDE, NAMESPACE_WIDE};

/// `NAME=VALUE` of an option, checked as the API server checks names.
///
/// # Errors
/// No `=`, or a name or a value that cannot be one.
pub fn pairs(option: &str, texts: &[String], fits: impl Fn(&str) -> bool) -> Result<Vec<(String, String)>, Failure> {
    let pair = |text: &String| {
        let split = text.split_once('=').filter(|(name, value)| limits::is_qualified(name) && fits(value));
        let (name, value) = split.ok_or_else(|| {
            let text = format!("{option}: not a NAME=VALUE that Kubernetes takes");
            Failure::new(Kind::BadSetValue, text)
                .hint("names are like app or example.com/app, letters and digits at both ends")
        })?;
        Ok((name.to_owned(), value.to_owned()))
    };
    texts.iter().map(pair).collect()
}

/// Sets, or without a value removes, an entry of a map of texts in `metadata`.
pub fn set(metadata: &mut Node, field: &str, name: &str, value: Option<&str>) {
    let Some(map) = map_in(metadata, field, value.is_some()) else { return };
    map.retain(|(key, _)| key.name != name);
    map.extend(value.map(|value| (Key { name: name.to_owned(), line: 0 }, Node::text(value))));
}

fn map_in<'n>(node: &'n mut Node, name: &str, make: bool) -> Option<&'n mut Vec<(Key, Node)>> {
    if node.kind == NodeKind::Null {
        node.kind = NodeKind::Map(Vec::new());
    }
    let NodeKind::Map(entries) = &mut node.kind else { return None };
    let found = entries.iter().position(|(key, _)| key.name.eq_ignore_ascii_case(name));
    let at = match found {
        Some(at) => at,
        None if make => {
            entries.push((Key { name: name.to_owned(), line: 0 }, Node::new(NodeKind::Null)));
            entries.len() - 1
        }
        None => return None,
    };
    let inner = &mut entries[at].1;
    if inner.kind == NodeKind::Null {
        inner.kind = NodeKind::Map(Vec::new());
    }
    match &mut inner.kind {
        NodeKind::Map(entries) => Some(entries),
        _ => None,
    }
}

/// The scope that a Secret's annotations ask for.
pub fn scope(secret: &Secret) -> Scope {
    let says = [CLUSTER_WIDE, NAMESPACE_WIDE].map(|name| (name, secret.annotation(name)));
    Scope::of_annotations(|wanted| says.iter().find(|(name, _)| *name == wanted)?.1.as_deref())
}

/// Makes the annotations say this scope and no other.
pub fn set_scope(metadata: &mut Node, scope: Scope) {
    for name in [CLUSTER_WIDE, NAMESPACE_WIDE] {
        set(metadata, "annotations", name, None);
    }
    if let Some(name) = scope.annotation() {
        set(metadata, "annotations", name, Some("true"));
    }
}
