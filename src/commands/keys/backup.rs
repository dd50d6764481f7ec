//! `sealant keys backup`: the sealing keys of a cluster in one file that is encrypted for named recipients. Names and
//! certificates stay readable, so that everybody can see which keys it holds.

use std::path::{Path, PathBuf};

use zeroize::{Zeroize, Zeroizing};

use crate::commands::keyargs::KeyArgs;
use crate::commands::sealing_keys;
use crate::commands::selection::SelectionArgs;
use crate::commands::session::Session;
use crate::commands::sopsfile;
use crate::document::tree::{Key, Kind as Shape, Node};
use crate::document::yaml::emit;
use crate::failure::{Failure, Kind};
use crate::fsio::folder;
use crate::fsio::read::{DOCUMENT_LIMIT, read_bounded};
use crate::fsio::write::{NewMode, write_atomic};
use crate::manifest::text;
use crate::sealed::keyfile::KEY_LABEL;
use crate::sealed::{Certificate, SealingKey, pem};

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Where the keys are: PEM files of keys and certificates, or what kubectl prints of the controller's Secrets; - is standard
    /// input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// The backup. One that exists keeps the keys that it has
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// For whom, instead of the creation rule for the backup's path.
    #[command(flatten)]
    pub keys: KeyArgs,
}

const EXAMPLES: &str = "\
A controller makes a new key every 30 days: a backup from before does not hold it. Run it again then, on the same file.

Examples:
  kubectl get secret -n kube-system -l sealedsecrets.bitnami.com/sealed-secrets-key -o yaml |
    sealant keys backup - --to ops,break-glass -o keys-prod.yaml";

/// What stays secret in a backup.
const SECRET: &str = r"^tls\.key$";
/// Where keys go that do not say where they come from.
const NAMESPACE: &str = "kube-system";

/// Runs it.
///
/// # Errors
/// No keys, no recipients, a backup that exists and does not open, and what the file system says.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let mut keys = Vec::new();
    if folder::exists(&args.output) {
        keys.extend(sealing_keys::read(session, &args.output).map_err(|failure| {
            failure.hint("a backup is only ever added to: to begin another one, name another file")
        })?);
    }
    let kept = keys.len();
    let mut certificates = Vec::new();
    for path in &args.files {
        match certificates_of(path) {
            Some(found) => certificates.extend(found),
            None => keys.extend(sealing_keys::read(session, path)?),
        }
    }
    let given = keys.len() - kept;
    if given == 0 {
        return Err(Failure::new(Kind::CannotRead, "there is no private key in what was given")
            .hint("give what this prints: kubectl get secret -n kube-system -l sealedsecrets.bitnami.com/sealed-secrets-key -o yaml"));
    }
    let keys = once(keys);
    let keys: Vec<SealingKey> = keys.into_iter().map(|key| with_certificate(key, &certificates)).collect();
    check(&keys)?;
    let text = manifest(&keys);
    let selection =
        SelectionArgs { keys: args.keys.clone(), encrypted_regex: Some(SECRET.to_owned()), ..SelectionArgs::default() };
    let name = args.output.display().to_string();
    let recipe = selection.recipe(session, &args.output)?;
    let (key, settings) = recipe.prepare(session, &session.now())?;
    let encrypted = sopsfile::encrypt_text(&name, text.to_string(), &key, &settings)?;
    session.guard_files();
    write_atomic(&args.output, encrypted.text.as_bytes(), NewMode::Private)?;
    let added = keys.len() - kept;
    session.say(&format!("{name}: {}, {added} of {given} new", counted(keys.len())));
    session.say(&format!("prove that it opens what you have sealed: sealant keys drill --backup {name}"));
    Ok(())
}

/// The certificates of a file that holds nothing else.
fn certificates_of(path: &Path) -> Option<Vec<Certificate>> {
    if path.as_os_str() == "-" {
        return None;
    }
    let bytes = read_bounded(path, DOCUMENT_LIMIT).ok()?.bytes;
    let only = pem::blocks(&bytes).all(|block| block.label == "CERTIFICATE");
    let found: Vec<_> = Certificate::every(&bytes).filter_map(Result::ok).collect();
    (only && !found.is_empty()).then_some(found)
}

fn with_certificate(mut key: SealingKey, certificates: &[Certificate]) -> SealingKey {
    if key.certificate.is_none() {
        key.certificate = certificates.iter().find(|one| one.fingerprint() == key.key.fingerprint()).cloned();
    }
    key
}

/// The controller does not start with a key that has no certificate.
fn check(keys: &[SealingKey]) -> Result<(), Failure> {
    let Some(bare) = keys.iter().find(|one| one.certificate.is_none()) else { return Ok(()) };
    let text =
        format!("the key {} has no certificate, without which a controller does not start", bare.key.fingerprint());
    Err(Failure::new(Kind::CertificateUnfit, text)
        .hint("name its certificate, too: sealant keys backup KEY.pem CERTIFICATE.pem …"))
}

/// The keys, each once, the first one kept.
fn once(keys: Vec<SealingKey>) -> Vec<SealingKey> {
    let mut seen: Vec<SealingKey> = Vec::new();
    for one in keys {
        if !seen.iter().any(|other| other.key.fingerprint() == one.key.fingerprint()) {
            seen.push(one);
        }
    }
    seen
}

/// `1 sealing key`, `2 sealing keys`.
pub fn counted(count: usize) -> String {
    format!("{count} sealing key{}", if count == 1 { "" } else { "s" })
}

/// A List of Secrets as the controller has them; wiped.
pub fn manifest(keys: &[SealingKey]) -> Zeroizing<String> {
    let mut items = Node::new(Shape::List(keys.iter().map(secret).collect()));
    let head = "# Private keys of a sealed-secrets controller.\napiVersion: v1\nkind: List\n";
    let length: usize = keys.iter().map(|one| one.pem.expose().len() * 2 + 8192).sum();
    let mut text = Zeroizing::new(String::with_capacity(head.len() + length));
    text.push_str(head);
    emit::stepped("items", &items, 2, emit::Floats::Bare, &mut text);
    items.zeroize();
    text
}

fn secret(one: &SealingKey) -> Node {
    let entry = |name: &str, node| (Key { name: name.to_owned(), line: 0 }, node);
    let map = |entries| Node::new(Shape::Map(entries));
    let (namespace, name) = match &one.secret {
        Some((namespace, name)) if !name.is_empty() => (namespace.clone(), name.clone()),
        _ => (NAMESPACE.to_owned(), made_up(one.key.fingerprint())),
    };
    let state = one.state.as_deref().unwrap_or("active");
    let certificate = one.certificate.as_ref().map(|one| text::encode(one.pem().as_bytes())).unwrap_or_default();
    map(vec![
        entry("apiVersion", Node::text("v1")),
        entry("kind", Node::text("Secret")),
        entry(
            "metadata",
            map(vec![
                entry("name", Node::text(name)),
                entry("namespace", Node::text(namespace)),
                entry("labels", map(vec![entry(KEY_LABEL, Node::text(state))])),
            ]),
        ),
        entry("type", Node::text("kubernetes.io/tls")),
        entry(
            "data",
            map(vec![
                entry("tls.crt", Node::text(certificate)),
                entry("tls.key", Node::text(text::encode(one.pem.expose()))),
            ]),
        ),
    ])
}

/// A name for a key without one: the same for the same key.
fn made_up(fingerprint: &str) -> String {
    let letters = fingerprint.trim_start_matches("SHA256:").chars().filter(char::is_ascii_alphanumeric);
    format!("sealed-secrets-key-{}", letters.take(10).collect::<String>().to_ascii_lowercase())
}
