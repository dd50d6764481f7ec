//! `sealant unseal`: SealedSecrets to Secrets, with private sealing keys.

#[cfg(feature = "kube")]
mod cluster_keys;
pub(in crate::commands) mod encrypted;
mod templates;

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::sealing_keys;
use super::session::Session;
use super::sopsfile::Source;
use crate::document::tree::{Key, Kind as NodeKind, Node};
use crate::failure::{Failure, Kind};
use crate::fsio::read::{DOCUMENT_LIMIT, read_bounded};
use crate::fsio::write::{NewMode, write_atomic};
use crate::fsio::{folder, output};
use crate::manifest::emit::{self, Format};
use crate::manifest::{self, secret, text};
use crate::sealed::resource::{ItemError, ItemProblem, grouped};
use crate::sealed::{KeyChain, PrivateKey, SealedSecret, blob::Blob};
use crate::secret::SecretBytes;

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Files with SealedSecrets; without any, standard input
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// A file with private sealing keys: PEM, Secrets of the controller, or such a file encrypted with SOPS; may be repeated
    #[arg(long, value_name = "FILE")]
    pub key: Vec<PathBuf>,
    /// Take the keys from the cluster's controller
    #[cfg(feature = "kube")]
    #[arg(long)]
    pub from_cluster: bool,
    /// The kubeconfig context for --from-cluster
    #[cfg(feature = "kube")]
    #[arg(long, value_name = "NAME", requires = "from_cluster")]
    pub context: Option<String>,
    /// The namespace of the controller for --from-cluster
    #[cfg(feature = "kube")]
    #[arg(long, value_name = "NAMESPACE", default_value = crate::sealed::clusters::CONTROLLER_NAMESPACE)]
    pub controller_namespace: String,
    /// Print one value as it is, without a line break
    #[arg(long, value_name = "KEY", conflicts_with_all = ["encrypt", "format", "string_data"])]
    pub get: Option<String>,
    /// The namespace of SealedSecrets that say none
    #[arg(long, short, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// Write the Secret there, for its owner only (mode 0600)
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// yaml or json; if not said, as the output is called, else yaml
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Write the Secret encrypted with SOPS, by the creation rule for the output
    #[arg(long, requires = "output")]
    pub encrypt: bool,
    /// Print values that are text under stringData, without base64
    #[arg(long)]
    pub string_data: bool,
    /// Leave out the values that templates would give
    #[arg(long)]
    pub no_templates: bool,
}

const EXAMPLES: &str = "\
The private keys of a cluster are best kept with `sealant keys backup`, encrypted for named recipients; a pipe will do, too.

Examples:
  sealant unseal --key keys-prod.yaml db.yaml                     the Secret, to standard output
  sealant unseal --key keys-prod.yaml --get password db.yaml      one value
  sealant unseal --key keys-prod.yaml --encrypt -o secrets/db.yaml db.yaml
  kubectl get secret -n kube-system -l sealedsecrets.bitnami.com/sealed-secrets-key -o yaml |
    sealant unseal --key - db.yaml";

/// Runs it.
///
/// # Errors
/// No SealedSecret, no key that opens it, a template that does not render, a file that would be lost.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let chain = keys(args, session)?;
    let mut sealed = Vec::new();
    let standard = [PathBuf::from("-")];
    for path in if args.files.is_empty() { &standard } else { args.files.as_slice() } {
        let source = if path == Path::new("-") { Source::stdin()? } else { Source::file(path)? };
        read(args, session, &source, &mut sealed)?;
    }
    if sealed.is_empty() {
        return Err(Failure::new(Kind::NoDocument, "there is no SealedSecret in the input")
            .hint("name the file it is in, or give it on standard input"));
    }
    let mut problems = Vec::new();
    let mut nodes = Vec::new();
    for (name, sealed) in &sealed {
        match open(args, name, sealed, &chain) {
            Ok(values) => nodes.push((sealed, values)),
            Err(failure) => problems.push(failure),
        }
    }
    if let Some(failure) = merged(problems) {
        return Err(failure);
    }
    if let Some(key) = &args.get {
        return get(args, key, &nodes);
    }
    let nodes: Vec<Zeroizing<Node>> = nodes.iter().map(|(sealed, values)| node(args, sealed, values)).collect();
    let named = args.output.as_deref().and_then(Path::extension).is_some_and(|extension| extension == "json");
    let format = args.format.unwrap_or(if named || session.json() { Format::Json } else { Format::Yaml });
    let text = emit::objects(nodes.iter().map(|node| &**node), format);
    write(args, session, &text)
}

fn keys(args: &Args, session: &Session) -> Result<KeyChain, Failure> {
    let chain = sealing_keys::chain(session, &args.key)?;
    #[cfg(feature = "kube")]
    let chain = match args.from_cluster {
        true => cluster_keys::with(session, args.context.as_deref(), &args.controller_namespace, chain)?,
        false => chain,
    };
    if chain.is_empty() {
        return Err(Failure::new(Kind::CannotUnseal, "no private sealing key was given").hint(HOW_TO_GET_KEYS));
    }
    Ok(chain)
}

const HOW_TO_GET_KEYS: &str = "who may read them keeps them off the disk: kubectl get secret -n kube-system -l \
                               sealedsecrets.bitnami.com/sealed-secrets-key -o yaml | sealant unseal --key - FILE";

fn read(
    args: &Args,
    session: &Session,
    source: &Source,
    found: &mut Vec<(String, SealedSecret)>,
) -> Result<(), Failure> {
    let name = &source.name;
    let objects = manifest::read(&source.bytes).map_err(|error| Failure::of(Kind::CannotRead, &error).about(name))?;
    let mut all = Vec::new();
    for object in objects {
        match object.into_members() {
            Ok(members) => all.extend(members),
            Err(object) => all.push(object),
        }
    }
    for object in all {
        if !SealedSecret::is_one(&object) {
            session.say(&format!("{name}:{}: {} {} is left out", object.line(), object.kind(), object.name()));
            continue;
        }
        let read = SealedSecret::from_object(&object);
        let mut sealed = read.map_err(|error| Failure::of(Kind::CannotRead, &error).about(name))?;
        if sealed.namespace.is_empty() {
            args.namespace.clone().unwrap_or_default().clone_into(&mut sealed.namespace);
        }
        found.push((name.clone(), sealed));
    }
    Ok(())
}

type Values = Vec<(String, SecretBytes)>;

fn open(args: &Args, name: &str, sealed: &SealedSecret, chain: &KeyChain) -> Result<Values, Failure> {
    if sealed.deprecated {
        let text = format!(
            "{name}: {} uses the deprecated field spec.data, which holds a whole Secret in one value",
            sealed.name
        );
        return Err(Failure::new(Kind::CannotUnseal, text)
            .hint("the controller turns it into one with encryptedData: kubeseal --re-encrypt"));
    }
    if sealed.namespace.is_empty() && sealed.scope.needs_namespace() {
        let text = format!("{name}: {} has no namespace, and {} values are bound to one", sealed.name, sealed.scope);
        return Err(Failure::new(Kind::CannotRead, text).hint("say it with --namespace NAMESPACE"));
    }
    let mut values = sealed.open(chain).map_err(|errors| cannot(name, sealed, &errors, chain))?;
    if !args.no_templates {
        templates::render(name, sealed, &mut values)?;
    }
    Ok(values)
}

/// What failed, and what is known about it.
fn cannot(name: &str, sealed: &SealedSecret, errors: &[ItemError], chain: &KeyChain) -> Failure {
    let lines = grouped(errors);
    let mut lines = lines.lines();
    let first = lines.next().unwrap_or_default();
    let title = format!("{}/{}", sealed.namespace, sealed.name);
    let mut failure = Failure::new(Kind::CannotUnseal, format!("{name}: {title}: {first}"));
    failure = lines.fold(failure, Failure::detail);
    let (mut scopes, mut sizes) = (Vec::new(), Vec::new());
    for error in errors.iter().filter(|error| matches!(error.problem, ItemProblem::NoKey(_))) {
        let Some((_, item)) = sealed.items.iter().find(|(key, _)| *key == error.key) else { continue };
        let Ok(blob) = text::decode(item) else { continue };
        match chain.other_scope(sealed.scope, &sealed.namespace, &sealed.name, &blob) {
            Some(scope) => scopes.push((error.key.as_str(), scope)),
            None => sizes.extend(Blob::parse(&blob).ok().map(|blob| blob.bits())),
        }
    }
    for (key, scope) in &scopes {
        failure = failure.detail(format!("{key} was sealed {scope}; the SealedSecret says {}", sealed.scope));
    }
    sizes.sort_unstable();
    sizes.dedup();
    if let Some(bits) =
        sizes.iter().find(|bits| chain.keys().iter().all(|key| key.public().bits().div_ceil(8) * 8 != **bits))
    {
        failure = failure.detail(format!("sealed with a key of {bits} bits; none of the keys at hand has that many"));
    }
    let tried: Vec<&str> = chain.keys().iter().map(PrivateKey::fingerprint).collect();
    failure = failure.detail(format!("tried: {}", tried.join(", ")));
    match scopes.first() {
        Some((_, scope)) => failure.hint(match scope.annotation() {
            Some(annotation) => {
                format!("the controller opens it with the annotation {annotation}: \"true\" in metadata.annotations")
            }
            None => "the controller opens it without the scope annotation in metadata.annotations".into(),
        }),
        None => failure
            .hint("strict values open under the name and namespace that they were sealed for only: were these changed?")
            .hint(HOW_TO_GET_KEYS),
    }
}

/// One failure of several: the first, and the first lines of the others.
fn merged(failures: Vec<Failure>) -> Option<Failure> {
    let mut failures = failures.into_iter();
    let first = failures.next()?;
    Some(failures.fold(first, |failure, other| failure.detail(other.message())))
}

fn get(args: &Args, key: &str, opened: &[(&SealedSecret, Values)]) -> Result<(), Failure> {
    let [(sealed, values)] = opened else {
        let text = format!("--get is for one SealedSecret, and there are {}", opened.len());
        return Err(Failure::new(Kind::ConflictingOptions, text));
    };
    let found = values.iter().find(|(name, _)| name == key);
    let (_, value) = found.ok_or_else(|| {
        let mut keys: Vec<&str> = values.iter().map(|(key, _)| key.as_str()).collect();
        keys.sort_unstable();
        Failure::new(Kind::NoSuchPath, format!("{} has no value {key}", sealed.name))
            .hint(format!("it has: {}", keys.join(", ")))
    })?;
    match &args.output {
        Some(path) if !output::to_stream(path, value.expose())? => {
            not_sealed(path)?;
            Ok(write_atomic(path, value.expose(), NewMode::OwnerOnly)?)
        }
        Some(_) => Ok(()),
        None => Ok(output::data(value.expose())?),
    }
}

/// The Secret. Not owned by its SealedSecret, whose uid nobody here knows: the API server would refuse it.
fn node(args: &Args, sealed: &SealedSecret, values: &Values) -> Zeroizing<Node> {
    let mut metadata = sealed.secret_metadata("");
    if let NodeKind::Map(entries) = &mut metadata.kind {
        entries.retain(|(key, _)| key.name != "ownerReferences");
    }
    let is_text = |value: &SecretBytes| args.string_data && std::str::from_utf8(value.expose()).is_ok();
    let copy = |value: &SecretBytes| SecretBytes::new(value.expose().to_vec());
    let data: Values =
        values.iter().filter(|(_, value)| !is_text(value)).map(|(key, value)| (key.clone(), copy(value))).collect();
    let mut root = secret::to_node(metadata, sealed.template.immutable, &data, &sealed.template.kind);
    let texts = values.iter().filter(|(_, value)| is_text(value)).map(|(key, value)| {
        let text = String::from_utf8_lossy(value.expose()).into_owned();
        (Key { name: key.clone(), line: 0 }, Node::text(text))
    });
    let mut texts: Vec<_> = texts.collect();
    texts.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
    if let (NodeKind::Map(entries), false) = (&mut root.kind, texts.is_empty()) {
        let at = entries.iter().position(|(key, _)| key.name == "type").unwrap_or(entries.len());
        entries.insert(at, (Key { name: "stringData".into(), line: 0 }, Node::new(NodeKind::Map(texts))));
    }
    root
}

fn write(args: &Args, session: &Session, text: &Zeroizing<String>) -> Result<(), Failure> {
    let Some(path) = args.output.as_deref().filter(|path| *path != Path::new("-")) else {
        return Ok(output::data(text.as_bytes())?);
    };
    if args.encrypt {
        return encrypted::write(session, path, text);
    }
    if output::to_stream(path, text.as_bytes())? {
        return Ok(());
    }
    not_sealed(path)?;
    session.guard_files();
    write_atomic(path, text.as_bytes(), NewMode::OwnerOnly)?;
    session.say(&format!("{}: written in clear, for its owner only", path.display()));
    Ok(())
}

/// Refuses to put plain text in the place of what is encrypted.
fn not_sealed(path: &Path) -> Result<(), Failure> {
    if !folder::exists(path) {
        return Ok(());
    }
    let original = read_bounded(path, DOCUMENT_LIMIT)?;
    let has = |needle: &[u8]| memchr::memmem::find(&original.bytes, needle).is_some();
    if has(b"encryptedData") || has(b"ENC[AES256_GCM") {
        let text = format!("{} is encrypted, and plain text does not take its place", path.display());
        return Err(Failure::new(Kind::Exists, text).hint("take another name"));
    }
    Ok(())
}
