//! `sealant reseal`: the sealed values of a repository that are under an older key, sealed with the newest certificate. Everything
//! else keeps its bytes. What changes is shown first; all files are written, or none.

#[cfg(feature = "kube")]
mod controller;
mod plan;

use std::path::PathBuf;

use zeroize::Zeroizing;

use self::plan::{Fate, Job, Plan};
use super::parallel;
use super::seal::files;
use super::seal::inplace;
use super::seal::with::{self, Certificates, With};
use super::session::Session;
use crate::failure::{Failure, Kind};
use crate::fsio::batch::Batch;
use crate::fsio::target::Target;
use crate::fsio::terminal::{self, Progress};
use crate::fsio::write::{NewMode, Staged};
use crate::manifest::text;
use crate::sealed::file::Change;

/// So many items that do not open are named.
const MOST_NAMED: usize = 20;

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Files and folders; without any the working folder, without what Git ignores
    #[arg(value_name = "FILE|FOLDER")]
    pub files: Vec<PathBuf>,
    /// Certificates and keys
    #[command(flatten)]
    pub with: With,
    /// The namespace of SealedSecrets that say none
    #[arg(long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// Leave items that no private key opens as they are, instead of stopping
    #[arg(long)]
    pub leave_unopened: bool,
    /// Let the controller of the cluster do it, without private keys; it seals every item anew
    #[cfg(feature = "kube")]
    #[arg(long, conflicts_with_all = ["key", "cert", "leave_unopened"])]
    pub controller: bool,
    /// The kubeconfig context of that cluster, instead of the one that sealant.yaml names
    #[cfg(feature = "kube")]
    #[arg(long, value_name = "NAME", requires = "controller")]
    pub context: Option<String>,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// Change nothing; show what would change
    #[arg(long, short = 'n')]
    pub dry_run: bool,
}

const EXAMPLES: &str = "\
Which items are under an older key is found out by opening them: give all private keys, the newest
too. Values are never shown, and never written anywhere.

Examples:
  sealant reseal --cert new.pem --key sealing-keys.yaml            shows what changes, and asks
  sealant reseal --key sealing-keys.yaml --yes clusters/prod-eu/   the certificate is in sealant.yaml
  sealant reseal --key sealing-keys.yaml --dry-run --json";

/// Runs it.
///
/// # Errors
/// An item that no key opens, a file without a certificate, and what the file system says. Nothing was written then.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    #[cfg(feature = "kube")]
    if args.controller {
        return controller::run(args, session);
    }
    if args.with.key.is_empty() {
        return Err(Failure::new(Kind::CannotUnseal, "no private key was given: nobody knows what is under an older one")
            .hint("--key FILE, with the sealing keys of the controller: kubectl get secret -n kube-system -l sealedsecrets.bitnami.com/sealed-secrets-key -o yaml"));
    }
    let chain = args.with.keys(session)?;
    let certificates = Certificates::find(session, &args.with)?;
    let found = find(args, session)?;
    let jobs = jobs(args, session, &certificates, &found.files)?;
    let mut progress = Progress::new(&session.env);
    let fates = parallel::map(
        &jobs,
        |job| job.examine(&chain),
        |done, job| {
            if !session.global.quiet {
                progress.show(done, jobs.len(), job.file);
            }
        },
    );
    progress.clear();
    let plan = Plan::new(&jobs, fates);
    refuse_unopened(args, &plan, &with::tried(&chain))?;
    plan.show(session);
    let count = plan.changed().count();
    let agreed = args.dry_run || count == 0 || agreed(args, count, plan.files())?;
    if count > 0 && agreed && !args.dry_run {
        write(session, &found.files, &plan)?;
        session.say(&format!("resealed {} in {}", counted(count, "item"), counted(plan.files(), "file")));
    } else if !agreed {
        session.say("nothing was changed");
    }
    if session.json() {
        plan.print(agreed && !args.dry_run)?;
    }
    Ok(())
}

/// The files, with a word about templates.
///
/// # Errors
/// A manifest that cannot be read: nobody knows what is in it that is under an older key.
fn find(args: &Args, session: &Session) -> Result<files::Found, Failure> {
    let found = files::find(session, &args.files)?;
    let (templates, broken): (Vec<_>, Vec<_>) = found.broken.iter().partition(|broken| broken.is_template);
    if !broken.is_empty() {
        let text = format!("{} cannot be read; nothing was written", counted(broken.len(), "file"));
        let failure = broken.iter().fold(Failure::new(Kind::CannotRead, text), |failure, one| {
            failure.detail(format!("{}:{}: {}", one.name, one.line, one.problem))
        });
        return Err(failure.hint("correct them, or name the files and folders that are meant"));
    }
    if !templates.is_empty() {
        session.warn(&format!("left out {}, no YAML before it is rendered", counted(templates.len(), "template")));
    }
    Ok(found)
}

/// `1 item`, `2 items`.
fn counted(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

/// Every item, with the certificate that it should be under.
fn jobs<'a>(
    args: &Args,
    session: &Session,
    certificates: &'a Certificates,
    found: &'a [files::Read],
) -> Result<Vec<Job<'a>>, Failure> {
    let mut jobs = Vec::new();
    for (at, read) in found.iter().enumerate() {
        if read.file.objects().is_empty() {
            continue;
        }
        let certificate = certificates.set_for(session, &read.path)?.sealing(session, &args.with)?;
        for (number, object) in read.file.objects().iter().enumerate() {
            if object.has_deprecated_data {
                session.warn(&format!("{}:{}: {}: spec.data is left as it is", read.name, object.line, object.title()));
            }
            let mut place = object.clone();
            if place.namespace.is_empty() {
                place.namespace = args.namespace.clone().unwrap_or_default();
            }
            place.items.clear();
            let place = std::sync::Arc::new(place);
            jobs.extend(object.items.iter().map(|item| Job {
                file: &read.name,
                read: at,
                number,
                object: place.clone(),
                item,
                certificate,
            }));
        }
    }
    Ok(jobs)
}

/// Items that do not open stop everything, unless they may be left.
fn refuse_unopened(args: &Args, plan: &Plan<'_>, tried: &str) -> Result<(), Failure> {
    let bad: Vec<String> = plan
        .rows
        .iter()
        .filter_map(|(job, fate)| match fate {
            Fate::Unopened(_) if args.leave_unopened => None,
            Fate::Unopened(problem) => {
                Some(format!("{}:{}: {}: {}: {problem}", job.file, job.item.line, job.object.title(), job.item.key))
            }
            _ => None,
        })
        .collect();
    if bad.is_empty() {
        return Ok(());
    }
    let text = format!("{} of {} cannot be opened; nothing was written", bad.len(), counted(plan.rows.len(), "item"));
    let more = bad.len().saturating_sub(MOST_NAMED);
    let mut failure = bad.into_iter().take(MOST_NAMED).fold(Failure::new(Kind::CannotUnseal, text), Failure::detail);
    if more > 0 {
        failure = failure.detail(format!("and {more} more"));
    }
    failure = failure.detail(tried);
    let missing: Vec<&str> = plan.newest_without_key();
    if !missing.is_empty() {
        failure = failure.hint(format!(
            "the private key of the newest certificate is not among them ({}): items may be under it already",
            missing.join(", ")
        ));
    }
    Err(failure.hint("give the other private keys too with --key, or leave these items alone with --leave-unopened"))
}

fn agreed(args: &Args, items: usize, files: usize) -> Result<bool, Failure> {
    if args.yes {
        return Ok(true);
    }
    let what = format!("{} in {}", counted(items, "item"), counted(files, "file"));
    if !terminal::stdin_is_terminal() {
        let text = format!("{what} would change: nobody is there to be asked");
        return Err(Failure::new(Kind::Generic, text).hint("pass --yes, or --dry-run to see what would change"));
    }
    Ok(terminal::confirm(&format!("reseal {what}?")).unwrap_or(false))
}

/// An item in its new form.
struct Sealed<'a> {
    /// The file, by its position.
    read: usize,
    /// The object in it, by its position.
    number: usize,
    key: &'a str,
    text: String,
}

/// Seals everything, then writes it.
fn write(session: &Session, found: &[files::Read], plan: &Plan<'_>) -> Result<(), Failure> {
    let changed: Vec<(&Job<'_>, &Fate)> = plan.changed().collect();
    let seal = |(job, fate): &(&Job<'_>, &Fate)| -> Result<String, Failure> {
        let Fate::Older { value, .. } = fate else { return Ok(String::new()) };
        let blob = job.certificate.key().seal(&job.object.label(), value.expose());
        let about = || format!("{}: {}", job.file, job.item.key);
        blob.map(|blob| text::encode(&blob))
            .map_err(|error| Failure::of(Kind::CannotEncryptValue, &error).about(about()))
    };
    let texts: Vec<String> = parallel::map(&changed, seal, |_, _| {}).into_iter().collect::<Result<_, _>>()?;
    let sealed = changed.iter().zip(texts);
    let sealed = sealed.map(|((job, _), text)| Sealed { read: job.read, number: job.number, key: &job.item.key, text });
    write_all(session, found, &sealed.collect::<Vec<_>>())
}

/// Stages everything, then replaces all files. What is sealed is in the order of the files.
fn write_all(session: &Session, found: &[files::Read], sealed: &[Sealed<'_>]) -> Result<(), Failure> {
    session.guard_files();
    let mut batch = Batch::new();
    for group in sealed.chunk_by(|one, next| one.read == next.read) {
        let Some(read) = group.first().and_then(|one| found.get(one.read)) else { continue };
        let changes: Vec<Change<'_>> =
            group.iter().map(|one| Change { object: one.number, key: one.key, to: Some(&one.text) }).collect();
        let text: Zeroizing<String> =
            read.file.change(&changes).map_err(|error| inplace::refused(&read.name, &error))?;
        let target = Target::resolve(&read.path)?;
        target.check_folder()?;
        batch.add(Staged::new(target, text.as_bytes(), NewMode::Public)?, Some(read.stamp.clone()), None);
    }
    Ok(batch.commit()?)
}
