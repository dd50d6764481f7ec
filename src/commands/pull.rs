//! `sealant pull`: what a store keeps, into an encrypted file of this repository.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::session::Session;
use super::set::place;
use super::sopsfile::{self, Change};
use super::syncing::input::{self, InputArgs, LoginArgs};
use super::syncing::surroundings::Surroundings;
use super::unseal::encrypted;
use crate::document::kind::DocumentKind;
use crate::document::path::{KeyPath, Step};
use crate::document::tree::{Kind as NodeKind, Node};
use crate::external::keys::Values;
use crate::external::value::{self, Flavour};
use crate::external::{Part, Reference};
use crate::failure::{Failure, Kind};
use crate::fsio::{folder, output};
use crate::manifest::emit::{self, Format};
use crate::manifest::secret::entry;
use crate::secret::SecretBytes;
use crate::store::StoreClient;
use crate::sync::answers::flavour;
use crate::sync::{Placed, Stores};

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A manifest with one store; or the name of a store in the manifests of --with
    #[arg(value_name = "STORE")]
    store: PathBuf,
    /// Names of secrets in the store
    #[arg(value_name = "KEY", required = true)]
    keys: Vec<String>,
    /// Only this part of the value
    #[arg(long, value_name = "PROPERTY")]
    property: Option<String>,
    /// More manifests, with the store or what it logs in with; may be repeated
    #[arg(long, value_name = "PATH")]
    with: Vec<PathBuf>,
    /// The namespace of objects that say none
    #[arg(long, short, value_name = "NAMESPACE")]
    namespace: Option<String>,
    #[command(flatten)]
    login: LoginArgs,
    /// Write an encrypted file, by the creation rule for it; keys that it has and the store has not stay
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

const EXAMPLES: &str = "\
The fields of each secret become keys of a YAML file; a secret that is no JSON object becomes one key, called like the secret.

Examples:
  sealant pull vault-store.yaml app/db --as-me                          in clear, to standard output
  sealant pull vault-store.yaml app/db --as-me -o secrets/db.yaml";

/// Runs it.
///
/// # Errors
/// No such store or secret, a store that refuses, a file that would be lost.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let is_file = folder::exists(&args.store);
    let paths = if is_file { vec![args.store.clone()] } else { args.with.clone() };
    if paths.is_empty() {
        let text = format!("there is no file {}, and no manifests were given with --with", args.store.display());
        return Err(Failure::new(Kind::NoFile, text).hint("name the manifest of a SecretStore"));
    }
    let with = if is_file { args.with.clone() } else { Vec::new() };
    let mut input = input::read(session, &InputArgs { paths, with, namespace: args.namespace.clone() })?;
    let locked = std::mem::take(&mut input.locked);
    let around = Arc::new(Surroundings::new(session.share(), &args.login, locked));
    around.stop_on_signal();
    let stores = Stores::new(Arc::new(input.inventory), around);
    let placed = chosen(args, is_file, &stores)?;
    let key = stores.key(&placed.item.reference(), placed.item.namespace.as_deref());
    let client = stores.client(&key)?;
    let values = fetched(args, &*client, flavour(&placed.item.provider))?;
    stores.close();
    write(args, session, &values)
}

fn chosen(args: &Args, is_file: bool, stores: &Stores) -> Result<Placed<crate::external::resource::Store>, Failure> {
    let name = args.store.to_string_lossy();
    let file = name.rsplit('/').next().unwrap_or_default();
    let all: Vec<_> = stores.inventory().stores().collect();
    let fits: Vec<_> = match is_file {
        true => all.iter().filter(|placed| placed.place.file.ends_with(file)).collect(),
        false => all.iter().filter(|placed| placed.item.name == name).collect(),
    };
    match fits.as_slice() {
        [one] => Ok((**one).clone()),
        [] => Err(Failure::new(Kind::NoDocument, format!("there is no store {name} in the manifests"))),
        several => {
            let names: Vec<&str> = several.iter().map(|placed| placed.item.name.as_str()).collect();
            let text = format!("{name} has several stores: {}", names.join(", "));
            Err(Failure::new(Kind::Generic, text)
                .hint(format!("say which: sealant pull {} --with {name} KEY", names.first().unwrap_or(&"NAME"))))
        }
    }
}

fn fetched(args: &Args, client: &dyn StoreClient, flavour: Flavour) -> Result<Values, Failure> {
    let references: Vec<Reference> = args.keys.iter().map(|key| Reference::value(key.as_str())).collect();
    let mut values = Values::new();
    for (reference, answer) in references.iter().zip(client.fetch(&references)) {
        let key = &reference.key;
        let missing = || {
            Failure::new(Kind::NoSuchPath, format!("the store has no secret {key}"))
                .hint("sealant store check STORE says what it is and as whom you are there")
        };
        let fetched = answer?.ok_or_else(missing)?;
        let property = args.property.as_deref();
        if let Ok(found) = value::many(flavour, &fetched.raw, Part::Value, property) {
            for (name, value) in found.ok_or_else(missing)? {
                add(&mut values, name, value, key)?;
            }
            continue;
        }
        let one = value::one(flavour, &fetched.raw, Part::Value, property)
            .map_err(|error| Failure::new(Kind::NoSuchPath, format!("{key}: {error}")))?;
        let name = property.unwrap_or(key).rsplit('/').next().unwrap_or(key);
        add(&mut values, name.to_owned(), one.ok_or_else(missing)?, key)?;
    }
    Ok(values)
}

/// Two secrets may not silently share a key.
fn add(values: &mut Values, name: String, value: SecretBytes, from: &str) -> Result<(), Failure> {
    if values.get(&name).is_some_and(|old| !old.same(&value)) {
        let text = format!("{from} has a field {name}, and another of the secrets has one, too, with another value");
        return Err(Failure::new(Kind::Exists, text).hint("pull them into files of their own, one call each"));
    }
    values.insert(name, value);
    Ok(())
}

fn write(args: &Args, session: &Session, values: &Values) -> Result<(), Failure> {
    let mut entries = Vec::new();
    for (key, value) in values {
        let text = std::str::from_utf8(value.expose()).map_err(|_| {
            Failure::new(
                Kind::CannotEmit,
                format!("{key} is not text, and a file of keys and values has no form for it"),
            )
        })?;
        entries.push(entry(key, Node::text(text)));
    }
    let node = Zeroizing::new(Node::new(NodeKind::Map(entries)));
    let Some(path) = args.output.as_deref().filter(|path| *path != Path::new("-")) else {
        return Ok(output::data(yaml(&node).as_bytes())?);
    };
    session.guard_files();
    let done = if folder::exists(path) { change(session, path, &node)? } else { create(session, path, &node)? };
    session.say(&match done {
        Some(count) => format!("{}: {} keys, {count} values encrypted", path.display(), values.len()),
        None => format!("{}: nothing has changed", path.display()),
    });
    Ok(())
}

/// The keys and values.
fn pairs(node: &Node) -> impl Iterator<Item = (KeyPath, &Node)> {
    let entries = match &node.kind {
        NodeKind::Map(entries) => entries.as_slice(),
        _ => &[],
    };
    entries.iter().map(|(key, value)| (KeyPath(vec![Step::Key(key.name.clone())]), value))
}

/// Sets each key in a file that is there; everything else in it stays.
fn change(session: &Session, path: &Path, node: &Node) -> Result<Option<usize>, Failure> {
    let mut change = Change::begin(session, path)?;
    change.settings.allow_empty = true;
    let mut text = Zeroizing::new(change.plain().to_owned());
    for (key, value) in pairs(node) {
        let plain = place::parse(&change, &text)?;
        text = plain.set(&key, value).map_err(|error| place::refused(&error, &key))?;
    }
    let prepared = change.prepare(std::mem::take(&mut *text)).map_err(|error| change.failure(&error))?;
    let Some(encrypted) = prepared else { return Ok(None) };
    change.commit(session, &encrypted)?;
    Ok(Some(encrypted.values))
}

/// A new file, of the format that its name says.
fn create(session: &Session, path: &Path, node: &Node) -> Result<Option<usize>, Failure> {
    let name = path.display().to_string();
    let text = match DocumentKind::from_name(&name) {
        None | Some(DocumentKind::Yaml) => yaml(node),
        Some(DocumentKind::Json) => emit::objects([node], Format::Json),
        Some(DocumentKind::Binary) => {
            let text = format!("{name}: a file without keys cannot take several values");
            return Err(Failure::new(Kind::CannotEmit, text).hint("give it a name that ends in .yaml"));
        }
        Some(_) => {
            let mut text = Zeroizing::new(String::new());
            for (key, value) in pairs(node) {
                let plain =
                    sopsfile::parse_new(&name, text.to_string()).map_err(|error| sopsfile::failure(&name, &error))?;
                text = plain.set(&key, value).map_err(|error| place::refused(&error, &key))?;
            }
            text
        }
    };
    encrypted::write_quietly(session, path, &text)
}

fn yaml(node: &Node) -> Zeroizing<String> {
    let text = emit::objects([node], Format::Yaml);
    Zeroizing::new(text.strip_prefix("---\n").unwrap_or(&text).to_owned())
}
