//! `sealant seal --edit`: the items of a SealedSecret in the user's editor. Without a private key the values that are there
//! cannot be shown, but new ones can be written.

use std::path::PathBuf;

use serde_json::json;
use zeroize::Zeroizing;

use super::inplace::{InPlace, Which};
use super::set::{check_key, check_size};
use super::with::{self, Certificates, Opened, With};
use crate::commands::edit::{Draft, Editor, Refused, rescue};
use crate::commands::session::Session;
use crate::document::scalar::{Context, Style, spell};
use crate::document::value::Value;
use crate::document::yaml::{Document, NodeId, NodeKind};
use crate::failure::{Failure, Kind};
use crate::fsio::output;
use crate::manifest::text;
use crate::sealed::file::{Change, Object};
use crate::sealed::{Certificate, KeyChain};
use crate::secret::SecretBytes;

/// What stands for a value that cannot be shown.
const SEALED: &str = "<sealed>";

/// The option.
#[derive(clap::Args, Clone, Debug, Default)]
#[group(skip)]
pub struct Args {
    /// Edit the items of the SealedSecret in FILE; with --key their values are shown
    #[arg(long)]
    pub edit: bool,
}

/// The items as they are shown.
struct Shown<'a> {
    name: &'a str,
    object: &'a Object,
    /// The values that could be opened, in the order of the items.
    values: Vec<Option<SecretBytes>>,
}

/// What becomes of an item.
type Wanted = (String, Option<String>);

/// Runs it.
///
/// # Errors
/// As `sealant edit`, and a certificate that does not do.
pub fn run(files: &[PathBuf], which: &Which, with: &With, session: &Session) -> Result<(), Failure> {
    let [path] = files else {
        return Err(Failure::new(Kind::ConflictingOptions, "--edit is for one file: name one"));
    };
    // the folder with the plain text must go with us, whatever ends us
    session.guard_files();
    let editor = Editor::find(session)?;
    let file = InPlace::begin(path)?;
    let (at, object) = file.select(which)?;
    let certificates = Certificates::find(session, with)?;
    let certificate = certificates.set_for(session, path)?.sealing(session, with)?;
    let shown = Shown::new(session, &file.name, &object, &with.keys(session)?)?;
    let draft = Draft::new(session, &path.with_extension("yaml"), &shown.text())?;
    let (wanted, text) = draft.edit(&editor, &file.name, &mut |text| {
        let wanted = shown.read(text, certificate)?;
        if wanted.is_empty() {
            return Ok(None);
        }
        let changes: Vec<Change<'_>> =
            wanted.iter().map(|(key, to)| Change { object: at, key, to: to.as_deref() }).collect();
        let text = file.change(&changes).map_err(|failure| Refused { failure: Box::new(failure), position: None })?;
        Ok(Some((wanted, text)))
    })?;
    let name = file.name.clone();
    file.commit(session, &text).map_err(|failure| rescue(session, path, &text, None, failure))?;
    saved(session, &name, &object, &wanted)
}

fn saved(session: &Session, name: &str, object: &Object, wanted: &[Wanted]) -> Result<(), Failure> {
    let keys = |is_set: bool| -> Vec<&str> {
        wanted.iter().filter(|(_, to)| to.is_some() == is_set).map(|(key, _)| key.as_str()).collect()
    };
    let (set, unset) = (keys(true), keys(false));
    let mut parts = Vec::new();
    if !set.is_empty() {
        parts.push(format!("sealed {}", set.join(", ")));
    }
    if !unset.is_empty() {
        parts.push(format!("removed {}", unset.join(", ")));
    }
    session.say(&format!("{name}: {}: {}", object.title(), parts.join("; ")));
    if session.json() {
        let result = json!({
            "file": name, "namespace": object.namespace, "name": object.name, "scope": object.scope.to_string(),
            "set": set, "unset": unset, "changed": true,
        });
        output::data(format!("{result}\n").as_bytes())?;
    }
    Ok(())
}

impl<'a> Shown<'a> {
    fn new(session: &Session, name: &'a str, object: &'a Object, chain: &KeyChain) -> Result<Self, Failure> {
        let mut values = Vec::new();
        let mut problems = 0;
        for item in &object.items {
            if chain.is_empty() {
                values.push(None);
                continue;
            }
            let opened = with::open(chain, object, item);
            if let Some(problem) = opened.problem(object) {
                session.warn(&format!("{name}:{}: {} cannot be shown: {problem}", item.line, item.key));
                problems += 1;
            }
            values.push(match opened {
                Opened::Value(value, _) => Some(value),
                _ => None,
            });
        }
        if problems > 0 && problems == object.items.len() {
            let text = format!("{name}: no item of {} opens with the private keys at hand", object.title());
            return Err(Failure::new(Kind::CannotUnseal, text)
                .detail(with::tried(chain))
                .hint("without --key new values can be written all the same"));
        }
        Ok(Self { name, object, values })
    }

    /// The text that is edited.
    fn text(&self) -> Zeroizing<String> {
        let room: usize = self.values.iter().flatten().map(|value| value.expose().len() * 6 + 4096).sum();
        let keys: usize = self.object.items.iter().map(|item| item.key.len() * 6 + 64).sum();
        let mut out = Zeroizing::new(String::with_capacity(room + keys + self.name.len() + 4096));
        let (title, scope) = (self.object.title(), self.object.scope);
        out.push_str(&format!(
            "# The values of {title} ({scope}). Those that you do not change stay as they are in the file.\n"
        ));
        if self.values.iter().any(Option::is_none) {
            out.push_str(&format!(
                "# {SEALED} is a value that is not shown: leave it, or write a new one in its place.\n"
            ));
        }
        out.push_str("# An item without its line is removed; a new line is a new item.\n");
        let key = Context { in_flow: false, is_key: true, parent_indent: -1, crlf: false, str_tag: false };
        for (item, value) in self.object.items.iter().zip(&self.values) {
            spell(&Value::Str(item.key.as_str().into()), Style::Plain, &key, &mut out);
            out.push_str(": ");
            match value {
                Some(value) => {
                    let context = Context { is_key: false, parent_indent: 0, ..key };
                    match std::str::from_utf8(value.expose()) {
                        Ok(text) => spell(&Value::Str(text.into()), Style::Plain, &context, &mut out),
                        Err(_) => {
                            let bytes = Zeroizing::new(Value::Bytes(value.expose().to_vec()));
                            spell(&bytes, Style::Plain, &context, &mut out)
                        }
                    };
                }
                None => out.push_str(SEALED),
            }
            out.push('\n');
        }
        out
    }

    /// What the edited text wants, sealed.
    fn read(&self, text: String, certificate: &Certificate) -> Result<Vec<Wanted>, Refused> {
        let document = Document::parse(text).map_err(|error| {
            let text = format!("{}: line {} of the edited text: {}", self.name, error.line, error.problem);
            Refused {
                failure: Box::new(Failure::new(Kind::CannotRead, text)),
                position: Some((error.line, error.column)),
            }
        })?;
        let map = match document.documents() {
            1 if document.kind(document.root(0)) == NodeKind::Map => document.root(0),
            _ => {
                let failure = Failure::new(
                    Kind::NoDocument,
                    format!("{}: the edited text is no mapping of keys and values", self.name),
                )
                .hint("to remove every item, remove the file");
                return Err(Refused { failure: Box::new(failure), position: None });
            }
        };
        let mut seen: Vec<String> = Vec::new();
        let mut wanted = Vec::new();
        for (key, value) in document.entries(map) {
            let refused = |failure: Failure| Refused {
                failure: Box::new(failure.about(self.name)),
                position: Some(document.position(document.span(key).start)),
            };
            let name = document.key_text(key).into_owned();
            check_key(&name).map_err(refused)?;
            if seen.contains(&name) {
                return Err(refused(Failure::new(Kind::DuplicateKey, format!("the key {name} stands twice"))));
            }
            if let Some(value) = self.value(&document, &name, value).map_err(refused)? {
                check_size(self.name, self.object, &name, value.len()).map_err(refused)?;
                let blob = certificate.key().seal(&self.object.label(), &value);
                let blob = blob.map_err(|error| refused(Failure::of(Kind::CannotEncryptValue, &error)))?;
                wanted.push((name.clone(), Some(text::encode(&blob))));
            }
            seen.push(name);
        }
        let gone = self.object.items.iter().filter(|item| !seen.contains(&item.key));
        wanted.extend(gone.map(|item| (item.key.clone(), None)));
        Ok(wanted)
    }

    /// The new value of an item; `None` for the one that it has.
    fn value(&self, document: &Document, key: &str, id: NodeId) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        let node = document.resolve_alias(id);
        if document.kind(node) != NodeKind::Scalar {
            let text = format!("the value of {key} is a list or a mapping");
            return Err(Failure::new(Kind::BadSetValue, text).hint("a Secret holds texts: quote it"));
        }
        let value = match document.value(node) {
            Ok(Value::Bytes(bytes)) => Zeroizing::new(bytes),
            Err(_) => {
                let text = format!("the value of {key} contradicts its tag");
                return Err(Failure::new(Kind::BadSetValue, text));
            }
            // numbers and words as they are written
            Ok(other) => {
                drop(Zeroizing::new(other));
                Zeroizing::new(document.scalar_text(node).into_owned().into_bytes())
            }
        };
        let known = self.object.items.iter().zip(&self.values).find(|(item, _)| item.key == key);
        let is_mark = value.as_slice() == SEALED.as_bytes();
        match known {
            Some((_, Some(old))) if old.expose() == value.as_slice() => Ok(None),
            Some((_, None)) if is_mark => Ok(None),
            None if is_mark => {
                let text = format!("{key} is new: {SEALED} stands for values that are there already");
                Err(Failure::new(Kind::BadSetValue, text))
            }
            _ => Ok(Some(value)),
        }
    }
}
