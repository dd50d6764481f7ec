//! Where Secrets go: standard output, or a file each, which is left alone when nothing changed.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::existing::Existing;
use crate::commands::seal::with::day;
use crate::commands::selection::SelectionArgs;
use crate::commands::session::Session;
use crate::commands::syncing::lines::{Name, shown};
use crate::commands::{sealing_keys, unseal};
use crate::document::tree::Node;
use crate::failure::{Failure, Kind};
use crate::fsio::batch::Batch;
use crate::fsio::read::{DOCUMENT_LIMIT, Stamp, read_bounded, read_stream};
use crate::fsio::target::Target;
use crate::fsio::write::{NewMode, Staged};
use crate::fsio::{clock, folder, output};
use crate::manifest::emit::{self, Format};
use crate::sealed::{Certificate, Scope, SealedSecret};
use crate::sync::round::Made;

/// Where Secrets go, and in which form.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct OutputArgs {
    /// Write each Secret to a file of its own there: NAMESPACE/NAME.yaml, or NAME.yaml without a namespace
    #[arg(long, short = 'o', value_name = "DIR")]
    pub output_dir: Option<PathBuf>,
    /// Write the Secrets encrypted with SOPS, by the creation rules for their files
    #[arg(long, requires = "output_dir", conflicts_with = "seal_with")]
    pub encrypt: bool,
    /// Write SealedSecrets, sealed with this certificate
    #[arg(long, value_name = "CERT")]
    pub seal_with: Option<PathBuf>,
    /// Private sealing keys, to keep sealed values that did not change; may be repeated
    #[arg(long, value_name = "FILE", requires = "seal_with")]
    pub key: Vec<PathBuf>,
    /// yaml or json
    #[arg(long, value_name = "FORMAT", default_value = "yaml")]
    pub format: Format,
}

/// One Secret and its place.
pub struct Place {
    /// Its namespace and name.
    pub name: Name,
    /// Its file; `None` for standard output.
    pub path: Option<PathBuf>,
    /// The keys of its data.
    pub keys: Vec<String>,
    /// What is different from what is there: keys with `+`, `~` or `-` before them, and words for the rest.
    pub changes: Vec<String>,
}

/// Plans, compares, and writes, unless it is only to be checked. Nothing is written when anything is in the way.
///
/// # Errors
/// A file that would be lost, no creation rule, a certificate that does not do.
pub fn places(
    args: &OutputArgs,
    session: &Session,
    secrets: Vec<Made>,
    only_check: bool,
) -> Result<Vec<Place>, Failure> {
    let chain = sealing_keys::chain(session, &args.key)?;
    let certificate = args.seal_with.as_deref().map(certificate).transpose()?;
    let mut items = Vec::new();
    for mut made in secrets {
        let path = args.output_dir.as_deref().map(|folder| file(folder, &made)).transpose()?;
        let existing = match &path {
            Some(path) => Existing::read(session, path, &chain)?,
            None => Existing::Nothing,
        };
        made.keep_generated(|key| existing.value(key));
        let place = Place {
            name: (made.namespace.clone(), made.name.clone()),
            keys: made.wanted.data.keys().cloned().collect(),
            changes: changes(args, &made, &existing),
            path,
        };
        items.push((place, made, existing));
    }
    if only_check {
        return Ok(items.into_iter().map(|(place, ..)| place).collect());
    }
    for (place, _, existing) in &items {
        may_write(args, session, place, existing)?;
    }
    write(args, session, certificate.as_ref(), &mut items)?;
    Ok(items.into_iter().map(|(place, ..)| place).collect())
}

fn certificate(path: &Path) -> Result<Certificate, Failure> {
    let pem = read_stream(path, DOCUMENT_LIMIT)?;
    let certificate =
        Certificate::parse(&pem).map_err(|error| Failure::of(Kind::CertificateUnfit, &error).about(path.display()))?;
    if certificate.expired(clock::timestamp()) {
        let text = format!("{}: the certificate expired on {}", path.display(), day(certificate.not_after()));
        return Err(Failure::new(Kind::CertificateUnfit, text).hint("get the current one from the cluster"));
    }
    Ok(certificate)
}

/// Names are those of Kubernetes: they lead nowhere else.
fn file(folder: &Path, made: &Made) -> Result<PathBuf, Failure> {
    let is_name = |name: &str| {
        !name.starts_with('.') && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
    };
    if !is_name(&made.name) || made.name.is_empty() || !is_name(&made.namespace) {
        let text = format!("{} is no name of a Secret", shown(&(made.namespace.clone(), made.name.clone())));
        return Err(Failure::new(Kind::CannotRead, text));
    }
    let folder = if made.namespace.is_empty() { folder.to_owned() } else { folder.join(&made.namespace) };
    Ok(folder.join(format!("{}.yaml", made.name)))
}

/// What is different, by name.
fn changes(args: &OutputArgs, made: &Made, existing: &Existing) -> Vec<String> {
    let there = existing.keys();
    let mut changes = Vec::new();
    for (key, value) in &made.wanted.data {
        match existing.value(key) {
            None if !there.contains(&key.as_str()) => changes.push(format!("+ {key}")),
            Some(old) if old.same(value) => {}
            _ => changes.push(format!("~ {key}")),
        }
    }
    changes.extend(there.iter().filter(|key| !made.wanted.data.contains_key(**key)).map(|key| format!("- {key}")));
    let metadata = match existing {
        Existing::Nothing => None,
        Existing::Secret(secret) if !args.encrypt && args.seal_with.is_none() => Some(secret.metadata.clone()),
        Existing::Encrypted(secret) if args.encrypt => Some(secret.metadata.clone()),
        Existing::Sealed(sealed, _) if args.seal_with.is_some() => Some(sealed.template.metadata.clone()),
        _ => {
            changes.push("~ (form)".into());
            None
        }
    };
    if metadata.is_some_and(|old| !made.has_metadata(&old)) {
        changes.push("~ (metadata)".into());
    }
    let kind = match existing {
        Existing::Secret(secret) | Existing::Encrypted(secret) => Some((secret.kind.as_str(), secret.immutable)),
        Existing::Sealed(sealed, _) => Some((sealed.template.kind.as_str(), sealed.template.immutable)),
        Existing::Nothing => None,
    };
    if kind.is_some_and(|(kind, immutable)| {
        kind != made.wanted.secret_type.as_deref().unwrap_or_default()
            || immutable.unwrap_or_default() != made.wanted.immutable
    }) {
        changes.push("~ (type)".into());
    }
    if changes.is_empty() && matches!(existing, Existing::Nothing) {
        changes.push("+ (no keys)".into());
    }
    changes
}

/// Whether nothing is in the way: asked for all before anything is written.
fn may_write(args: &OutputArgs, session: &Session, place: &Place, existing: &Existing) -> Result<(), Failure> {
    let Some(path) = place.path.as_deref().filter(|_| !place.changes.is_empty()) else { return Ok(()) };
    let is_clear = !args.encrypt && args.seal_with.is_none();
    let refuse = |what: &str, hint: &str| {
        let text = format!("{} exists, {what}, and is not overwritten", path.display());
        Err(Failure::new(Kind::Exists, text).hint(hint))
    };
    match existing {
        Existing::Encrypted(_) if is_clear => {
            refuse("is encrypted with SOPS", "say --encrypt, or write values in clear to a folder of their own")
        }
        Existing::Sealed(..) if is_clear => {
            refuse("is a SealedSecret", "say --seal-with CERT, or write values in clear to a folder of their own")
        }
        Existing::Secret(_) | Existing::Sealed(..) if args.encrypt => {
            refuse("is not encrypted with SOPS", "move it away first, or write to a folder of its own")
        }
        Existing::Nothing if args.encrypt => SelectionArgs::default().recipe(session, path).map(drop),
        _ => Ok(()),
    }
}

fn write(
    args: &OutputArgs,
    session: &Session,
    certificate: Option<&Certificate>,
    items: &mut [(Place, Made, Existing)],
) -> Result<(), Failure> {
    let mut batch = Batch::new();
    let mut stream = Zeroizing::new(String::new());
    for (place, made, existing) in items {
        let changed = !place.changes.is_empty();
        let Some(path) = &place.path else {
            let node = node(made, existing, certificate)?;
            stream.push_str(&emit::objects([&*node], args.format));
            continue;
        };
        if !changed {
            continue;
        }
        let node = node(made, existing, certificate)?;
        let format = if args.encrypt { Format::Yaml } else { args.format };
        let text = emit::objects([&*node], format);
        session.guard_files();
        if args.encrypt {
            unseal::encrypted::write_quietly(session, path, &text)?;
            continue;
        }
        if let Some(folder) = path.parent() {
            folder::make(folder, false)?;
        }
        let mode = if certificate.is_some() { NewMode::Public } else { NewMode::OwnerOnly };
        let stamp = stamp(path)?;
        let target = Target::resolve(path)?;
        target.check_folder()?;
        batch.add(Staged::new(target, text.as_bytes(), mode)?, stamp, None);
    }
    if !batch.is_empty() {
        batch.commit()?;
    }
    if !stream.is_empty() {
        output::data(stream.as_bytes())?;
    }
    Ok(())
}

fn stamp(path: &Path) -> Result<Option<Stamp>, Failure> {
    if !folder::is_taken(path) {
        return Ok(None);
    }
    Ok(Some(read_bounded(path, DOCUMENT_LIMIT)?.stamp))
}

/// The object that is written.
fn node(made: &Made, existing: &Existing, certificate: Option<&Certificate>) -> Result<Zeroizing<Node>, Failure> {
    let Some(certificate) = certificate else { return Ok(made.to_node()) };
    let secret = made.to_secret();
    let sealing = |error: &dyn std::error::Error| Failure::of(Kind::CertificateUnfit, error).about(&made.name);
    if made.namespace.is_empty() {
        let text = format!("{}: a Secret is sealed for its namespace, and it has none", made.name);
        return Err(Failure::new(Kind::CannotRead, text).hint("say it with --namespace NAMESPACE"));
    }
    let mut sealed = SealedSecret::seal(&secret, Scope::Strict, certificate.key()).map_err(|error| sealing(&error))?;
    if let Existing::Sealed(old, values) = existing
        && old.label() == sealed.label()
    {
        for (key, item) in &mut sealed.items {
            let is_same = values.get(key).zip(made.wanted.data.get(key)).is_some_and(|(old, new)| old.same(new));
            if let (true, Some((_, text))) = (is_same, old.items.iter().find(|(name, _)| name == key)) {
                text.clone_into(item);
            }
        }
    }
    Ok(Zeroizing::new(sealed.to_node()))
}
