//! `--merge-into`: values and metadata of a Secret into a SealedSecret that is in a file (`SealMergingInto`).
//!
//! Upstream takes neither scope nor format from the file, loses whatever follows the first document, and fails where the
//! SealedSecret has no values, labels or annotations yet. All that is other here; flags still win.

use std::path::Path;

use zeroize::Zeroizing;

use super::call::Call;
use super::exit::Exit;
use super::seal::{self, Place, map_in};
use super::whole;
use crate::document::tree::{Key, Kind, Node};
use crate::fsio::read::{self, DOCUMENT_LIMIT};
use crate::fsio::write::{NewMode, write_atomic};
use crate::manifest::emit::{self, Format};
use crate::manifest::{self, Object};
use crate::sealed::{PublicKey, Scope, SealedSecret};

/// Seals the first Secret of the input for the place of the SealedSecret in the file at `path`, and puts it in there.
pub fn run(call: &Call, path: &Path, key: &PublicKey) -> Result<(), Exit> {
    let original = read::read_bounded(path, DOCUMENT_LIMIT).map_err(|error| Exit::file("open", path, &error))?;
    let objects = manifest::read(&original.bytes).map_err(|error| Exit::new(error.to_string()))?;
    let at = objects.iter().position(|object| object.kind().is_empty() || SealedSecret::is_one(object));
    let target = at.and_then(|at| objects.get(at)).ok_or_else(|| {
        let kind = objects.first().map(|object| object.kind().into_owned()).unwrap_or_default();
        Exit::new(match kind.as_str() {
            "" => "there is no SealedSecret in the file".to_owned(),
            kind => format!("there is no SealedSecret in the file, only a {kind}"),
        })
    })?;
    let mut sealed = whole::read(target)?;
    let scope = if call.given.is_given("scope") { call.scope() } else { sealed.scope };
    // values of another scope than the others would never open: the annotations hold for all
    if scope != sealed.scope && !sealed.items.is_empty() {
        return Err(Exit::new(format!(
            "the values in {} are sealed {}, and would not open any more with --scope {scope}",
            path.display(),
            sealed.scope
        )));
    }
    let (name, namespace) = (sealed.name.clone(), sealed.namespace.clone());
    let (ready, problem) = seal::read(call, Place { name: &name, namespace: &namespace, scope: Some(scope) })?;
    if let Some(problem) = problem {
        return Err(problem);
    }
    let update = seal::seal(&ready[..1], key)?;
    take(&mut sealed, &update[0], scope)?;
    let text = String::from_utf8_lossy(&original.bytes);
    let is_json = text.trim_start_matches('\u{feff}').trim_start().starts_with('{');
    let format = match call.given.is_given("format") {
        true => call.given.text("format").parse()?,
        false if is_json => Format::Json,
        false => Format::Yaml,
    };
    let node = Zeroizing::new(whole::node(&sealed, target));
    let new = if objects.len() == 1 {
        emit::objects([&*node], format)
    } else {
        others_kept(&text, &objects, target, &node, format)
    };
    original.stamp.check(path)?;
    write_atomic(path, new.as_bytes(), NewMode::Public).map_err(|error| Exit::file("open", path, &error))
}

/// Values, and the template's annotations and labels; those that have the same name are replaced.
fn take(sealed: &mut SealedSecret, update: &Node, scope: Scope) -> Result<(), Exit> {
    let malformed = || Exit::new("the metadata in the file is malformed");
    let update = Object { root: update.clone(), document: 0 };
    let update = whole::read(&update)?;
    for (key, value) in &update.items {
        match sealed.items.iter_mut().find(|(other, _)| other == key) {
            Some((_, old)) => old.clone_from(value),
            None => sealed.items.push((key.clone(), value.clone())),
        }
    }
    for name in ["annotations", "labels"] {
        let Some(Node { kind: Kind::Map(new), .. }) = manifest::field(&update.template.metadata, name) else {
            continue;
        };
        let old = map_in(&mut sealed.template.metadata, name).ok_or_else(malformed)?;
        for (key, value) in new {
            put(old, key, value);
        }
    }
    if let Some(annotation) = scope.annotation() {
        let own = map_in(&mut sealed.metadata, "annotations").ok_or_else(malformed)?;
        put(own, &seal::new_key(annotation), &Node::text("true"));
    }
    Ok(())
}

fn put(entries: &mut Vec<(Key, Node)>, key: &Key, value: &Node) {
    match entries.iter_mut().find(|(other, _)| other.name == key.name) {
        Some((_, old)) => old.clone_from(value),
        None => entries.push((key.clone(), value.clone())),
    }
}

/// The file with one object replaced. The other documents of a YAML stream keep their bytes.
fn others_kept(text: &str, objects: &[Object], target: &Object, node: &Node, format: Format) -> Zeroizing<String> {
    if let Some(range) = document(text, target).filter(|_| format == Format::Yaml) {
        let new = emit::objects([node], format);
        let mut out = Zeroizing::new(String::with_capacity(text.len() + new.len()));
        out.push_str(&text[..range.start]);
        out.push_str(&new);
        out.push_str(&text[range.end..]);
        return out;
    }
    emit::objects(objects.iter().map(|object| if std::ptr::eq(object, target) { node } else { &object.root }), format)
}

/// The bytes of the document that `target` is, with the `---` before it; `None` unless they are that and nothing else.
fn document(text: &str, target: &Object) -> Option<std::ops::Range<usize>> {
    let mut start = 0;
    let mut at = 0;
    let mut ranges = Vec::new();
    for line in text.split_inclusive('\n') {
        if line.starts_with("---") {
            ranges.push(start..at);
            start = at;
        }
        at += line.len();
    }
    ranges.push(start..text.len());
    ranges.into_iter().find(|range| {
        let lines = text[..range.start].matches('\n').count();
        let alone = manifest::read(text[range.clone()].as_bytes());
        matches!(alone.as_deref(), Ok([object]) if object.line() + lines == target.line())
    })
}
