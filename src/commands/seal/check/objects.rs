//! What can be wrong with the SealedSecrets and Secrets of files.

use std::collections::HashMap;
use std::path::Path;

use super::finding::Findings;
use crate::commands::seal::files::Read;
use crate::commands::seal::set::check_key;
use crate::commands::seal::with::{Certificates, Set};
use crate::commands::session::Session;
use crate::manifest::limits::MOST_DATA;
use crate::manifest::text;
use crate::sealed::Scope;
use crate::sealed::blob::Blob;
use crate::sealed::file::{Item, Object, PlainSecret};

/// Smaller RSA keys seal nothing (Go refuses them).
const FEWEST_BITS: usize = 1024;

/// Where something was seen first.
type Seen = (String, usize);

/// Looks at one object after the other, and remembers what must not come twice.
pub struct Checker<'c> {
    session: &'c Session,
    certificates: &'c Certificates,
    findings: &'c mut Findings,
    /// By cluster, or by file where no cluster is known: namespace and name.
    objects: HashMap<(String, String), Seen>,
    /// By ciphertext: the label that it is bound to.
    values: HashMap<String, (String, Seen)>,
}

impl<'c> Checker<'c> {
    /// Nothing seen yet.
    pub fn new(session: &'c Session, certificates: &'c Certificates, findings: &'c mut Findings) -> Self {
        Self { session, certificates, findings, objects: HashMap::new(), values: HashMap::new() }
    }

    /// Everything in one file.
    pub fn file(&mut self, read: &Read) {
        // one that cannot be read was reported where it is named
        let set = self.certificates.known_for(self.session, &read.path).ok().flatten();
        for object in read.file.objects() {
            self.object(read, object, set);
        }
        for secret in read.file.secrets() {
            self.secret(&read.name, secret);
        }
    }

    fn secret(&mut self, file: &str, secret: &PlainSecret) {
        if secret.is_encrypted || secret.keys.is_empty() {
            return;
        }
        let name = if secret.name.is_empty() { "without a name" } else { &secret.name };
        let text = format!("the Secret {name} stands in clear: {}", secret.keys.join(", "));
        self.findings.add(file, secret.line, "plaintext", text);
    }

    fn object(&mut self, read: &Read, object: &Object, set: Option<&Set>) {
        let (file, line, title) = (read.name.as_str(), object.line, object.title());
        if object.name.is_empty() {
            self.findings.add(file, line, "name", "the SealedSecret has no name".into());
        }
        if object.has_deprecated_data {
            let text = format!("{title} holds its values in spec.data, which newer controllers do not open");
            self.findings.add(file, line, "deprecated", text);
        }
        self.template(file, object);
        self.cluster(&read.path, file, object, set);
        self.twice(file, object, set);
        for (at, item) in object.items.iter().enumerate() {
            if object.items[..at].iter().any(|other| other.key == item.key) {
                self.findings.add(file, item.line, "duplicate", format!("{title}: the key {} stands twice", item.key));
            }
            if check_key(&item.key).is_err() {
                let text = format!("{title}: {} cannot be a key of a Secret", item.key);
                self.findings.add(file, item.line, "key", text);
            }
        }
        let sizes: usize = object.items.iter().map(|item| self.item(file, object, item, set)).sum();
        if sizes > MOST_DATA {
            let text = format!("{title}: the values have {sizes} bytes together, Kubernetes takes {MOST_DATA}");
            self.findings.add(file, line, "size", text);
        }
    }

    /// Sealing copies name, namespace and scope into the template: what differs there was changed afterwards, and values that
    /// are bound to the old one do not open.
    fn template(&mut self, file: &str, object: &Object) {
        let template = &object.template;
        let title = object.title();
        let mut differs = |what: &str, here: &str, there: Option<&String>| {
            if let Some(there) = there.filter(|there| *there != here) {
                let text =
                    format!("{title}: its {what} is not that of its template, {there}: was it sealed for that one?");
                self.findings.add(file, template.line, "template", text);
            }
        };
        if object.scope == Scope::Strict {
            differs("name", &object.name, template.name.as_ref());
        }
        if object.scope.needs_namespace() && !object.namespace.is_empty() {
            differs("namespace", &object.namespace, template.namespace.as_ref());
        }
        if template.scope != Scope::Strict && template.scope != object.scope {
            let text = format!(
                "{title}: its annotations say {}, those of its template {}: only the former count",
                object.scope, template.scope
            );
            self.findings.add(file, template.line, "scope", text);
        }
    }

    /// What `sealant.yaml` says of the place.
    fn cluster(&mut self, path: &Path, file: &str, object: &Object, set: Option<&Set>) {
        let Some(loaded) = self.certificates.loaded() else { return };
        let (line, title) = (object.line, object.title());
        let Some(cluster) = loaded.cluster_for(self.session, path) else {
            if set.is_none() {
                let text = format!("{title}: the file belongs to no cluster of {}", loaded.name);
                self.findings.add(file, line, "cluster", text);
            }
            return;
        };
        if let Some(scope) = cluster.scope.filter(|scope| *scope != object.scope) {
            let text = format!("{title} is {}; in {} {} is wanted", object.scope, cluster.name, scope);
            self.findings.add(file, line, "scope", text);
        }
        if !cluster.lays_out(&loaded.relative(self.session, path), &object.namespace, &object.name) {
            let layout = cluster.layout.as_deref().unwrap_or_default();
            let text = format!("{title} is in the wrong place: the layout of {} is {layout}", cluster.name);
            self.findings.add(file, line, "layout", text);
        }
    }

    fn twice(&mut self, file: &str, object: &Object, set: Option<&Set>) {
        let cluster = set.and_then(|set| set.cluster.as_ref()).map(|cluster| format!("cluster {}", cluster.name));
        let key = (cluster.unwrap_or_else(|| file.to_owned()), format!("{}/{}", object.namespace, object.name));
        let here = (file.to_owned(), object.line);
        if let Some((other, line)) = self.objects.insert(key, here) {
            let text = format!("{} is defined a second time; the first is in {other}:{line}", object.title());
            self.findings.add(file, object.line, "duplicate", text);
        }
    }

    /// One sealed value; how large it is inside.
    fn item(&mut self, file: &str, object: &Object, item: &Item, set: Option<&Set>) -> usize {
        let problem = |text: String| format!("{}: {}: {text}", object.title(), item.key);
        let mut malformed = |text: String| {
            self.findings.add(file, item.line, "malformed", problem(text));
            0
        };
        let Some(text) = &item.text else {
            return malformed("the value is no text".into());
        };
        let bytes = match text::decode(text) {
            Ok(bytes) => bytes,
            Err(error) => return malformed(error.to_string()),
        };
        let blob = match Blob::parse(&bytes) {
            Ok(blob) => blob,
            Err(error) => return malformed(error.to_string()),
        };
        if blob.bits() < FEWEST_BITS {
            return malformed("this is no sealed value".into());
        }
        let size = blob.plain_length();
        let known: Vec<usize> = set.iter().flat_map(|set| &set.certificates).map(|one| one.key().bits()).collect();
        // the modulus in whole bytes
        if !known.is_empty() && !known.iter().any(|bits| bits.div_ceil(8) * 8 == blob.bits()) {
            let from = set.map(|set| set.from.as_str()).unwrap_or_default();
            let text = format!("sealed with a key of {} bits, which none in {from} has", blob.bits());
            self.findings.add(file, item.line, "certificate", problem(text));
        }
        self.copied(file, object, item, text);
        size
    }

    /// A sealed value opens under one label: the copy of it under another never does.
    fn copied(&mut self, file: &str, object: &Object, item: &Item, text: &str) {
        let here = (file.to_owned(), item.line);
        let (label, (other, line)) = match self.values.get(text) {
            Some(seen) => seen,
            None => {
                self.values.insert(text.to_owned(), (object.label(), here));
                return;
            }
        };
        if *label != object.label() {
            let text = format!(
                "{}: {}: the same sealed value stands in {other}:{line}, bound to another place: it opens in one of them only",
                object.title(),
                item.key
            );
            self.findings.add(file, item.line, "copied", text);
        }
    }
}
