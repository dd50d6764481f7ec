//! Finding the SealedSecrets and Secrets of a text.

use std::borrow::Cow;

use super::engine::{At, Engine};
use super::{FileError, Item, MAX_ITEMS, Object, Place, PlainSecret, Template};
use crate::sealed::scope::Scope;

/// Merge keys lead to merge keys at most so often, and to at most [`MAX_MERGED`] mappings each.
const MAX_MERGES: usize = 2;
const MAX_MERGED: usize = 64;

/// The group whose SealedSecrets are meant.
const GROUP: &str = "bitnami.com/";

struct Reader<'e> {
    engine: &'e Engine,
    /// The offsets at which lines begin, but for the first.
    lines: Vec<usize>,
    objects: Vec<Object>,
    secrets: Vec<PlainSecret>,
    items: usize,
}

/// All of them, in the order of the text.
pub(super) fn all(engine: &Engine) -> Result<(Vec<Object>, Vec<PlainSecret>), FileError> {
    let lines = memchr::memchr_iter(b'\n', engine.text().as_bytes()).map(|at| at + 1).collect();
    let mut reader = Reader { engine, lines, objects: Vec::new(), secrets: Vec::new(), items: 0 };
    for (part, root) in engine.roots().into_iter().enumerate() {
        reader.part(part, root)?;
    }
    Ok((reader.objects, reader.secrets))
}

impl<'e> Reader<'e> {
    fn part(&mut self, part: usize, root: At) -> Result<(), FileError> {
        let is_sops = self.engine.is_sops(part, root);
        let kind = self.word(root, "kind");
        if !kind.ends_with("List") {
            return self.object(part, None, root, &kind, is_sops);
        }
        let members = self.get(root, "items").map(|items| self.engine.items(items)).unwrap_or_default();
        for (position, member) in members.into_iter().enumerate() {
            let own = self.word(member, "kind");
            // an answer of the API does not repeat the kind of a typed list
            let of_list = kind.trim_end_matches("List");
            let kind = if own.is_empty() { of_list } else { &own };
            self.object(part, Some(position), member, kind, is_sops)?;
        }
        Ok(())
    }

    fn object(
        &mut self,
        part: usize,
        member: Option<usize>,
        root: At,
        kind: &str,
        is_sops: bool,
    ) -> Result<(), FileError> {
        let version = self.word(root, "apiVersion");
        match kind {
            "SealedSecret" if version.starts_with(GROUP) || version.is_empty() && member.is_some() => {
                let object = self.sealed(Place { part, member, data: None }, root)?;
                self.objects.push(object);
            }
            "Secret" if version == "v1" || version.is_empty() && member.is_some() => {
                let secret = self.secret(root, is_sops);
                self.secrets.push(secret);
            }
            _ => {}
        }
        Ok(())
    }

    fn sealed(&mut self, mut place: Place, root: At) -> Result<Object, FileError> {
        let metadata = self.get(root, "metadata");
        let line = self.line(self.engine.span(root).start);
        let (name, namespace) = self.names(metadata);
        let spec = self.get(root, "spec");
        place.data = spec.and_then(|spec| self.get(spec, "encryptedData"));
        let template = spec.and_then(|spec| self.get(spec, "template")).and_then(|at| self.get(at, "metadata"));
        let items = match place.data {
            Some(data) => self.encrypted_data(data)?,
            None => Vec::new(),
        };
        Ok(Object {
            name: name.unwrap_or_default(),
            namespace: namespace.unwrap_or_default(),
            scope: self.scope(metadata),
            line,
            items,
            template: self.template(template, line),
            has_deprecated_data: spec.is_some_and(|spec| self.get(spec, "data").is_some()),
            place,
        })
    }

    fn template(&self, metadata: Option<At>, line: usize) -> Template {
        let (name, namespace) = self.names(metadata);
        let line = metadata.map_or(line, |at| self.line(self.engine.span(at).start));
        Template { name, namespace, scope: self.scope(metadata), line }
    }

    fn encrypted_data(&mut self, data: At) -> Result<Vec<Item>, FileError> {
        let mut items = Vec::new();
        for (key, start, at) in self.engine.entries(data) {
            self.items += 1;
            if self.items > MAX_ITEMS {
                return Err(self.fail(start, "there are more sealed values than are read of one file"));
            }
            if self.is_merge(&key, start) {
                let problem = "sealed values that are merged from elsewhere (<<) cannot be worked on in place";
                return Err(self.fail(start, problem));
            }
            let text = self.engine.string(at).map(Cow::into_owned);
            items.push(Item { key: key.into_owned(), line: self.line(start), text, at });
        }
        Ok(items)
    }

    fn secret(&self, root: At, is_encrypted: bool) -> PlainSecret {
        let (name, namespace) = self.names(self.get(root, "metadata"));
        let mut keys = Vec::new();
        for field in ["data", "stringData"] {
            for (key, _, value) in self.get(root, field).map(|at| self.engine.entries(at)).unwrap_or_default() {
                let text = self.engine.coerced(value).map(zeroize::Zeroizing::new);
                if text.is_some_and(|text| !text.is_empty()) {
                    keys.push(key.into_owned());
                }
            }
        }
        PlainSecret {
            name: name.unwrap_or_default(),
            namespace: namespace.unwrap_or_default(),
            line: self.line(self.engine.span(root).start),
            keys,
            is_encrypted,
        }
    }

    fn names(&self, metadata: Option<At>) -> (Option<String>, Option<String>) {
        let of = |name| metadata.and_then(|at| self.get(at, name)).and_then(|at| self.engine.coerced(at));
        (of("name"), of("namespace"))
    }

    fn scope(&self, metadata: Option<At>) -> Scope {
        let annotations = metadata.and_then(|at| self.get(at, "annotations"));
        let all: Vec<(&str, Option<String>)> = [Scope::NamespaceWide, Scope::ClusterWide]
            .into_iter()
            .filter_map(Scope::annotation)
            .map(|name| (name, annotations.and_then(|at| self.get(at, name)).and_then(|at| self.engine.coerced(at))))
            .collect();
        Scope::of_annotations(|name| {
            all.iter().find(|(known, _)| *known == name).and_then(|(_, value)| value.as_deref())
        })
    }

    /// The text of a field; empty when there is none.
    fn word(&self, map: At, name: &str) -> String {
        self.get(map, name).and_then(|at| self.engine.coerced(at)).unwrap_or_default()
    }

    /// The value of a key, also when it comes from elsewhere by a merge key.
    fn get(&self, map: At, name: &str) -> Option<At> {
        self.get_within(map, name, MAX_MERGES)
    }

    fn get_within(&self, map: At, name: &str, merges: usize) -> Option<At> {
        let entries = self.engine.entries(map);
        if let Some((_, _, value)) = entries.iter().find(|(key, _, _)| key == name) {
            return Some(*value);
        }
        let merged = entries.iter().find(|(key, start, _)| merges > 0 && self.is_merge(key, *start))?.2;
        match self.engine.items(merged) {
            list if list.is_empty() => self.get_within(merged, name, merges - 1),
            list => list.into_iter().take(MAX_MERGED).find_map(|map| self.get_within(map, name, merges - 1)),
        }
    }

    /// A plain `<<` of YAML.
    fn is_merge(&self, key: &str, start: usize) -> bool {
        key == "<<" && matches!(self.engine, Engine::Yaml(_)) && self.engine.text()[start..].starts_with("<<")
    }

    fn line(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset) + 1
    }

    fn fail(&self, offset: usize, problem: &'static str) -> FileError {
        FileError { line: self.line(offset), column: 1, problem }
    }
}
