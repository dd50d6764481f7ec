//! `sealant seal` of Secrets: read, checked as the API server would check them, sealed for one cluster or several, written.

use std::path::{Path, PathBuf};

use super::inplace::Which;
use super::output::{self, Piece, Place};
use super::with::{self, Certificates, Set, With};
use super::{input, metadata, parts};
use crate::commands::session::Session;
use crate::commands::{parallel, sealing_keys};
use crate::failure::{Failure, Kind};
use crate::fsio::output as stdout;
use crate::manifest::emit::Format;
use crate::manifest::limits::{self, Facts, Refusal};
use crate::manifest::{Secret, text};
use crate::sealed::{KeyChain, Scope, SealedSecret};
use input::Document;

/// The annotation that says which cluster a document of several is for.
pub const CLUSTER: &str = "sealant.dev/cluster";
/// What an output's name has in the place of a cluster's.
const PLACEHOLDERS: [&str; 3] = ["{cluster}", "{namespace}", "{name}"];

/// The options.
#[derive(clap::Args, Clone, Debug, Default)]
#[group(skip)]
pub struct Args {
    /// A value of a new Secret, as it is; other users of this machine can see it: prefer --from-file KEY=- and a pipe
    #[arg(long, value_name = "KEY=VALUE")]
    pub from_literal: Vec<String>,
    /// A file for a new Secret, or all files of a folder; `-` is standard input
    #[arg(long, value_name = "[KEY=]PATH")]
    pub from_file: Vec<String>,
    /// The values of an .env file for a new Secret; it may be encrypted with SOPS
    #[arg(long, value_name = "FILE")]
    pub from_env_file: Vec<PathBuf>,
    /// The type of the Secret
    #[arg(id = "secret_type", long = "type", value_name = "TYPE")]
    pub kind: Option<String>,
    /// A label for the Secret; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub label: Vec<String>,
    /// An annotation for the Secret; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub annotation: Vec<String>,
    /// Seal for this cluster of sealant.yaml; may be repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',', conflicts_with_all = ["cert", "all_clusters"])]
    pub cluster: Vec<String>,
    /// Seal for every cluster of sealant.yaml
    #[arg(long, conflicts_with = "cert")]
    pub all_clusters: bool,
    /// Write there; {cluster}, {namespace} and {name} stand for those of each SealedSecret
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// yaml or json; if not said, as the output is called, else yaml
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Hand objects of other kinds through as they are, instead of refusing them
    #[arg(long)]
    pub keep_others: bool,
    /// Accept a Secret without any value
    #[arg(long)]
    pub allow_empty_data: bool,
    /// Say what would be sealed for whom, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

impl Args {
    /// Whether a Secret is to be made of values and files.
    fn has_parts(&self) -> bool {
        !self.from_literal.is_empty() || !self.from_file.is_empty() || !self.from_env_file.is_empty()
    }
}

/// What a value encrypted by SOPS begins with.
const ENCRYPTED: &[u8] = b"ENC[AES256_GCM,data:";

/// One Secret for one cluster.
struct Job<'a> {
    secret: &'a Secret,
    scope: Scope,
    /// Whether the template has to be told the scope.
    says_scope: bool,
    set: &'a Set,
    label: Option<&'a str>,
    place: usize,
}

/// Runs it.
///
/// # Errors
/// What is no Secret, what Kubernetes would refuse, a certificate that does not do, a file that would be lost.
pub fn run(args: &Args, files: &[PathBuf], which: &Which, with: &With, session: &Session) -> Result<(), Failure> {
    let mut documents = if args.has_parts() {
        if let Some(first) = files.first() {
            let text = format!("--from-… makes a Secret of its own, but {} was named, too", first.display());
            return Err(Failure::new(Kind::ConflictingOptions, text));
        }
        vec![Document::Secret { from: "the Secret".into(), secret: parts::secret(args, session)? }]
    } else {
        input::read(session, files, args.keep_others)?
    };
    adjust(args, which, &mut documents)?;
    check(args, which, session, &documents)?;
    let certificates = Certificates::find(session, with)?;
    let sets = targets(args, files, &certificates, session)?;
    let chain = sealing_keys::chain(session, &with.key)?;
    let (jobs, mut places) = plan(args, which, session, &documents, &sets)?;
    for set in &sets {
        set.sealing(session, with)?;
    }
    if args.dry_run {
        let lines: Vec<String> = jobs.iter().map(|job| describe(job, &places, "would seal") + "\n").collect();
        return Ok(stdout::data(lines.concat().as_bytes())?);
    }
    let sealed = parallel::map(&jobs, |job| seal(job, &places, &chain), |_, _| {});
    for (job, sealed) in jobs.iter().zip(sealed) {
        let sealed = sealed?;
        let place = &mut places[job.place];
        place.kept += sealed.1;
        place.pieces.push((position(&documents, job.secret), Piece::Sealed(Box::new(sealed.0))));
    }
    if args.keep_others {
        for place in &mut places {
            output::add_others(place, &documents);
        }
    }
    let written = output::write(session, format(args, session), places)?;
    let told = if args.output.is_some() { jobs.as_slice() } else { &[] };
    told.iter().for_each(|job| session.say(&describe(job, &written, "sealed")));
    Ok(())
}

fn position(documents: &[Document], secret: &Secret) -> usize {
    let is_it =
        |document: &Document| matches!(document, Document::Secret { secret: one, .. } if std::ptr::eq(one, secret));
    documents.iter().position(is_it).unwrap_or_default()
}

fn format(args: &Args, session: &Session) -> Format {
    let named = args.output.as_deref().and_then(Path::extension).is_some_and(|extension| extension == "json");
    args.format.unwrap_or(if named || session.json() { Format::Json } else { Format::Yaml })
}

/// What the command line says of all Secrets.
fn adjust(args: &Args, which: &Which, documents: &mut [Document]) -> Result<(), Failure> {
    let labels = metadata::pairs("--label", &args.label, limits::is_label_value)?;
    let annotations = metadata::pairs("--annotation", &args.annotation, |_| true)?;
    let count = documents.iter().filter(|document| matches!(document, Document::Secret { .. })).count();
    if count > 1 && which.name.is_some() {
        let text = format!("--name is for one Secret, and there are {count}");
        return Err(Failure::new(Kind::ConflictingOptions, text));
    }
    for document in documents {
        let Document::Secret { from, secret } = document else { continue };
        if let Some(name) = &which.name {
            name.clone_into(&mut secret.name);
        }
        if let Some(kind) = &args.kind {
            kind.clone_into(&mut secret.kind);
        }
        match &which.namespace {
            Some(wanted) if !secret.namespace.is_empty() && *wanted != secret.namespace => {
                let own = &secret.namespace;
                let text = format!("{from}: it is in the namespace {own}, but {wanted} was named with --namespace");
                return Err(Failure::new(Kind::ConflictingOptions, text)
                    .hint("values are bound to their namespace: change it in the file, or leave --namespace out"));
            }
            Some(wanted) => wanted.clone_into(&mut secret.namespace),
            None => {}
        }
        labels.iter().for_each(|(name, value)| metadata::set(&mut secret.metadata, "labels", name, Some(value)));
        for (name, value) in &annotations {
            metadata::set(&mut secret.metadata, "annotations", name, Some(value));
        }
    }
    Ok(())
}

/// What the API server, or the controller, would say no to.
fn check(args: &Args, which: &Which, session: &Session, documents: &[Document]) -> Result<(), Failure> {
    let (mut refusals, mut only_size) = (Vec::new(), true);
    for document in documents {
        let Document::Secret { from, secret } = document else { continue };
        for key in &secret.twice {
            session.warn(&format!("{from}: {key} is in data and in stringData: that of stringData is sealed"));
        }
        if secret.name.is_empty() {
            let text = format!("{from}: the Secret has no name (metadata.name)");
            return Err(Failure::new(Kind::CannotRead, text).hint("write it into the file, or say --name NAME"));
        }
        let scope = which.scope.unwrap_or_else(|| metadata::scope(secret));
        if secret.namespace.is_empty() && scope.needs_namespace() {
            let text =
                format!("{from}: the Secret {} has no namespace, and {scope} values are bound to one", secret.name);
            return Err(Failure::new(Kind::CannotRead, text).hint("say it with --namespace NAMESPACE"));
        }
        if secret.data.is_empty() && !args.allow_empty_data {
            let text = format!("{from}: the Secret {} has no values", secret.name);
            return Err(Failure::new(Kind::NothingSelected, text).hint("if that is meant: --allow-empty-data"));
        }
        if let Some((key, _)) = secret.data.iter().find(|(_, value)| value.expose().starts_with(ENCRYPTED)) {
            let text =
                format!("{from}: {key} of the Secret {} is what SOPS made of a value, not the value", secret.name);
            return Err(Failure::new(Kind::LooksEncrypted, text).hint(
                "its metadata (sops:) is missing or damaged: look at it with sealant filestatus, or restore the file",
            ));
        }
        let data: Vec<(&str, &[u8])> = secret.data.iter().map(|(key, value)| (key.as_str(), value.expose())).collect();
        let found = limits::refusals(&Facts {
            name: &secret.name,
            namespace: &secret.namespace,
            kind: &secret.kind,
            data: &data,
            has_service_account: secret.annotation(limits::SERVICE_ACCOUNT).is_some_and(|name| !name.is_empty()),
        });
        only_size &= found.iter().all(|refusal| matches!(refusal, Refusal::TooLarge { .. }));
        refusals.extend(found.iter().map(|refusal| format!("{from}: {}: {refusal}", secret.name)));
    }
    let Some(first) = refusals.first() else { return Ok(()) };
    let kind = if only_size { Kind::TooLarge } else { Kind::CheckFailed };
    let failure = Failure::new(kind, format!("Kubernetes would refuse it: {first}"));
    let failure = refusals.iter().skip(1).fold(failure, |failure, line| failure.detail(line));
    Err(failure.hint("nothing was sealed: the controller could not make a Secret of it"))
}

/// Whose certificates are sealed with.
fn targets<'a>(
    args: &Args,
    files: &[PathBuf],
    certificates: &'a Certificates,
    session: &Session,
) -> Result<Vec<&'a Set>, Failure> {
    if args.all_clusters || !args.cluster.is_empty() {
        let loaded = certificates.loaded().ok_or_else(|| {
            Failure::new(Kind::BadConfig, "there is no sealant.yaml here or above, which would name clusters")
        })?;
        let all = loaded.clusters.all();
        if args.all_clusters {
            return all.iter().map(|cluster| loaded.set_of(session, cluster)).collect();
        }
        let unknown = |name: &str| {
            let failure = Failure::new(Kind::BadConfig, format!("{} has no cluster {name}", loaded.name));
            match loaded.clusters.near(name) {
                Some(near) => failure.hint(format!("did you mean {near}?")),
                None => failure.hint(format!(
                    "it has {}",
                    all.iter().map(|cluster| cluster.name.as_str()).collect::<Vec<_>>().join(", ")
                )),
            }
        };
        let mut names = args.cluster.clone();
        names.dedup();
        return names
            .iter()
            .map(|name| loaded.set_of(session, loaded.clusters.get(name).ok_or_else(|| unknown(name))?))
            .collect();
    }
    let path = args.output.as_deref().or(files.first().map(PathBuf::as_path)).unwrap_or(Path::new("standard input"));
    if let Some(set) = certificates.known_for(session, path)? {
        return Ok(vec![set]);
    }
    if let Some(([only], loaded)) = certificates.loaded().map(|loaded| (loaded.clusters.all(), loaded)) {
        return Ok(vec![loaded.set_of(session, only)?]);
    }
    Ok(vec![certificates.set_for(session, path)?])
}

/// Which Secret goes where.
fn plan<'a>(
    args: &Args,
    which: &Which,
    session: &Session,
    documents: &'a [Document],
    sets: &[&'a Set],
) -> Result<(Vec<Job<'a>>, Vec<Place>), Failure> {
    let pattern = args.output.as_deref().map(|path| path.to_string_lossy().into_owned());
    let has = |what: &str| pattern.as_deref().is_some_and(|pattern| pattern.contains(what));
    if args.keep_others && (has("{name}") || has("{namespace}")) {
        let text = "--keep-others needs one output for all: {name} and {namespace} cannot stand in it";
        return Err(Failure::new(Kind::ConflictingOptions, text));
    }
    if has("{cluster}") && sets.iter().any(|set| set.cluster.is_none()) {
        let text = "{cluster} in the output needs --cluster or --all-clusters";
        return Err(Failure::new(Kind::ConflictingOptions, text));
    }
    let (mut jobs, mut places) = (Vec::new(), Vec::<Place>::new());
    for set in sets {
        let cluster = set.cluster.as_ref();
        let name = cluster.map_or("", |cluster| cluster.name.as_str());
        for document in documents {
            let Document::Secret { secret, .. } = document else { continue };
            let path = pattern.as_deref().map(|pattern| {
                let values = [name, &secret.namespace, &secret.name];
                let filled = PLACEHOLDERS
                    .iter()
                    .zip(values)
                    .fold(pattern.to_owned(), |text, (what, value)| text.replace(what, value));
                PathBuf::from(filled)
            });
            let place = places.iter().position(|place| place.path == path);
            let place = match place {
                Some(at) => at,
                None => {
                    places.push(Place::find(path)?);
                    places.len() - 1
                }
            };
            let own = metadata::scope(secret);
            let of_cluster = cluster.and_then(|cluster| cluster.scope);
            let scope = which.scope.unwrap_or(if own == Scope::Strict { of_cluster.unwrap_or(own) } else { own });
            if secret.namespace.is_empty() && scope.needs_namespace() {
                let text = format!("the Secret {} has no namespace, and {scope} values are bound to one", secret.name);
                return Err(Failure::new(Kind::CannotRead, text).hint("say it with --namespace NAMESPACE"));
            }
            let label = (sets.len() > 1 && !has("{cluster}")).then_some(name);
            jobs.push(Job { secret, scope, says_scope: scope != own, set, label, place });
        }
    }
    let wanted = |job: &Job<'_>| output::Wanted {
        namespace: job.secret.namespace.clone(),
        name: job.secret.name.clone(),
        cluster: job.label.map(str::to_owned),
    };
    for (at, place) in places.iter_mut().enumerate() {
        let wanted: Vec<_> = jobs.iter().filter(|job| job.place == at).map(wanted).collect();
        place.check(session, &wanted, documents)?;
    }
    Ok((jobs, places))
}

/// The SealedSecret, and how many values kept their old text.
fn seal(job: &Job<'_>, places: &[Place], chain: &KeyChain) -> Result<(SealedSecret, usize), Failure> {
    let failed = || Failure::new(Kind::CertificateUnfit, format!("{}: there is no certificate in it", job.set.from));
    let certificate = job.set.newest().ok_or_else(failed)?;
    let mut sealed = SealedSecret::seal(job.secret, job.scope, certificate.key())
        .map_err(|error| Failure::of(Kind::CannotEncryptValue, &error))?;
    if job.says_scope {
        metadata::set_scope(&mut sealed.template.metadata, job.scope);
    }
    if let Some(cluster) = job.label {
        metadata::set(&mut sealed.metadata, "annotations", CLUSTER, Some(cluster));
    }
    let mut kept = 0;
    let old = places[job.place].old(&sealed.namespace, &sealed.name, job.label);
    if let Some(old) = old.filter(|old| !chain.is_empty() && old.label() == sealed.label()) {
        let label = sealed.label();
        for ((key, fresh), (_, value)) in sealed.items.iter_mut().zip(&job.secret.data) {
            let Some((_, text)) = old.items.iter().find(|(name, _)| name == key) else { continue };
            let opened = text::decode(text).ok().and_then(|blob| chain.open(&label, &blob).ok());
            if opened.is_some_and(|(known, with)| known.same(value) && with.fingerprint() == certificate.fingerprint())
            {
                text.clone_into(fresh);
                kept += 1;
            }
        }
    }
    Ok((sealed, kept))
}

fn describe(job: &Job<'_>, places: &[Place], verb: &str) -> String {
    let secret = job.secret;
    let title =
        if secret.namespace.is_empty() { secret.name.clone() } else { format!("{}/{}", secret.namespace, secret.name) };
    let mut keys: Vec<&str> = secret.data.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    let keys = if keys.is_empty() { "no values".to_owned() } else { keys.join(", ") };
    let place = &places[job.place];
    let to = place.path.as_ref().map(|path| format!("{}: ", path.display())).unwrap_or_default();
    let cluster = job.set.cluster.as_ref().map(|cluster| format!(" for {}", cluster.name)).unwrap_or_default();
    let key = job.set.newest().map(|one| format!(" ({}, until {})", one.fingerprint(), with::day(one.not_after())));
    let kept = if place.kept > 0 { format!("; {} unchanged", place.kept) } else { String::new() };
    format!("{to}{verb} {title} {}{cluster}{}: {}{kept}", job.scope, key.unwrap_or_default(), keys)
}
