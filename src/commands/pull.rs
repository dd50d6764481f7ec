//! `sealant pull`: what a store keeps, into an encrypted file of this repository.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::session::Session;
use super::set::{near, place};
use super::sopsfile::Change;
use super::syncing::input::{self, InputArgs, LoginArgs};
use super::syncing::run::{self, Run};
use super::unseal::encrypted;
use crate::document::gather;
use crate::document::kind::DocumentKind;
use crate::document::path::{KeyPath, Step};
use crate::document::tree::{Kind as NodeKind, Node};
use crate::external::keys::Values;
use crate::external::resource::Store;
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
    let input = input::read(session, &InputArgs { paths, with, namespace: args.namespace.clone() })?;
    let Run { stores, .. } = run::begin(session, input, &args.login);
    let placed = chosen(args, session, is_file, &stores)?;
    let key = stores.key(&placed.item.reference(), placed.item.namespace.as_deref());
    let client = stores.client(&key)?;
    let values = fetched(args, &*client, flavour(&placed.item.provider))?;
    stores.close();
    write(args, session, &values)
}

fn chosen(args: &Args, session: &Session, is_file: bool, stores: &Stores) -> Result<Placed<Store>, Failure> {
    let name = args.store.to_string_lossy();
    let all: Vec<_> = stores.inventory().stores().collect();
    let below = folder::absolute(session.cwd(), &args.store);
    let is_there =
        |placed: &&&Placed<_>| folder::absolute(session.cwd(), Path::new(&placed.place.file)).starts_with(&below);
    let fits: Vec<_> = match is_file {
        true => all.iter().filter(is_there).collect(),
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
        let property = args.property.as_deref();
        let missing = || Failure::new(Kind::NoSuchPath, format!("{key} has no {}", property.unwrap_or("value")));
        let fetched = answer?.ok_or_else(|| {
            Failure::new(Kind::NoSuchPath, format!("the store has no secret {key}"))
                .hint("sealant store check STORE says what it is and as whom you are there")
        })?;
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
    let mut nodes = Vec::new();
    for (key, value) in values {
        let text = std::str::from_utf8(value.expose())
            .map_err(|_| Failure::new(Kind::CannotEmit, format!("{key} is not text, and YAML has no form for it")))?;
        nodes.push((key.as_str(), Node::text(text)));
    }
    match args.output.as_deref().filter(|path| *path != Path::new("-")) {
        None => Ok(output::data(text(nodes, Format::Yaml).as_bytes())?),
        Some(path) if folder::is_taken(path) => update(session, path, nodes),
        Some(path) => create(session, path, nodes),
    }
}

/// Keys that the file has and the store has not stay, and so do comments and the ciphertext of what is the same.
fn update(session: &Session, path: &Path, nodes: Vec<(&str, Node)>) -> Result<(), Failure> {
    encrypted::may_be_replaced(path)?;
    let mut change = Change::begin(session, path)?;
    let mut text = Zeroizing::new(change.plain().to_owned());
    let mut pulled = Vec::new();
    for (key, node) in nodes {
        let at = KeyPath(vec![Step::Key(key.to_owned())]);
        let plain = place::parse(&change, &text)?;
        let refused = |error| near::advise(place::refused(&error, &at), &plain, &at);
        if plain.tree().is_ok_and(|tree| gather::find(&tree, &at).is_ok_and(|old| old.kind == node.kind)) {
            continue;
        }
        let new = plain.set(&at, &node).map_err(refused)?;
        text = new;
        pulled.push(at);
    }
    let text = std::mem::take(&mut *text);
    let outcome = place::save(session, &mut change, text)?;
    let kind = change.opened.file.kind();
    pulled.iter().try_for_each(|at| if outcome.shows_clear(kind, at) { Err(in_clear(at)) } else { Ok(()) })?;
    outcome.finish(session, change, |done| format!("{} values encrypted", done.values))
}

fn create(session: &Session, path: &Path, nodes: Vec<(&str, Node)>) -> Result<(), Failure> {
    let (kind, format) = match path.to_str().and_then(DocumentKind::from_name) {
        Some(kind @ DocumentKind::Yaml) => (kind, Format::Yaml),
        Some(kind @ DocumentKind::Json) => (kind, Format::Json),
        _ => {
            let text = format!("{}: a new file is one of YAML or JSON", path.display());
            return Err(Failure::new(Kind::CannotEmit, text).hint("let its name end in .yaml or .json"));
        }
    };
    let keys: Vec<KeyPath> = nodes.iter().map(|(key, _)| KeyPath(vec![Step::Key((*key).to_owned())])).collect();
    let count = encrypted::create(session, path, &text(nodes, format), |text| {
        keys.iter().try_for_each(|at| if place::shows_clear(kind, text, at) { Err(in_clear(at)) } else { Ok(()) })
    })?;
    session.say(&format!("{}: {} keys, {count} values encrypted", path.display(), keys.len()));
    Ok(())
}

fn in_clear(at: &KeyPath) -> Failure {
    let text = "the file's rule does not select this path: the value would stand in clear";
    Failure::new(Kind::NothingSelected, text).about(at)
}

fn text(nodes: Vec<(&str, Node)>, format: Format) -> Zeroizing<String> {
    let entries = nodes.into_iter().map(|(key, node)| entry(key, node)).collect();
    let node = Zeroizing::new(Node::new(NodeKind::Map(entries)));
    let text = emit::objects([&*node], format);
    Zeroizing::new(text.strip_prefix("---\n").unwrap_or(&text).to_owned())
}
