//! `sealant publish`: an encrypted file to the place that the configuration's `destination_rules` name: decrypted into Vault,
//! encrypted into a bucket. What `sops publish` does too is in the files beside this one's.

mod buckets;
pub(in crate::commands) mod content;
mod google;
mod job;
mod recreation;
mod vaults;

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::filestatus;
use super::session::{Loaded, Session, bad_rules};
use super::sopsfile::Source;
use crate::failure::{Failure, Kind};
use crate::fsio::walk::{Walk, walk};
use crate::fsio::{FsError, folder, output, terminal};
use crate::sops::rules::{DestinationRule, NoDestination};

pub use content::Manner;
pub use job::{Job, Outcome, Publisher, destination_name, walked};

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The encrypted file, or with --recursive a folder of such files
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// Leave extensions out of the names at the destination
    #[arg(long)]
    pub omit_extensions: bool,
    /// Publish every encrypted file below the folder that a destination rule matches
    #[arg(long)]
    pub recursive: bool,
}

const EXAMPLES: &str = "\
The first of the destination_rules in .sops.yaml whose path_regex matches the path, as you type it, says where the file
goes: to a key-value store of Vault or OpenBao, in clear, or to a bucket of Amazon S3 or Google Cloud Storage, encrypted:
as it is, or anew for whom its recreation_rule names. VAULT_ADDR and VAULT_TOKEN are read as the vault program does,
AWS_REGION, AWS_PROFILE and the other settings of AWS as the aws program does; for Google it is the login of
gcloud auth application-default login.

Examples:
  sealant publish config/prod/app.yml              says where it would go, and asks
  sealant publish --yes --recursive config/prod";

/// What became of one file.
#[derive(Serialize)]
struct Row {
    file: String,
    destination: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
}

/// Runs it. All files are opened before the first one is sent.
///
/// # Errors
/// No rule or a wrong one, a place that this build cannot reach, what keeps a file from being opened, and what the store
/// says.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    if !folder::exists(&args.path) {
        return Err(FsError::Missing(args.path.clone()).into());
    }
    if folder::is_folder(&args.path) && !args.recursive {
        let text = format!("{} is a folder", args.path.display());
        return Err(Failure::new(Kind::OddTarget, text).hint("pass --recursive to publish every encrypted file in it"));
    }
    let Some(loaded) = session.config()? else {
        let text = "there is no configuration that could name a destination";
        return Err(Failure::new(Kind::NoRule, text).hint("add destination_rules to .sops.yaml: see docs/publish.md"));
    };
    let destinations = &loaded.config.destinations;
    destinations.check(&loaded.name).map_err(|error| bad_rules(&error))?;
    for (line, text) in &destinations.warnings {
        session.warn(&format!("{}:{line}: {text}", loaded.name));
    }
    let mut publisher = Publisher::new(session);
    let jobs = jobs(args, session, loaded, &publisher)?;
    if !args.yes && !jobs.is_empty() && !terminal::stdin_is_terminal() {
        let text = format!("{}: nobody is there to be asked", jobs[0].name);
        return Err(Failure::new(Kind::Generic, text).hint("pass --yes"));
    }
    jobs.iter().try_for_each(|job| publisher.prepare(job))?;
    let mut rows = Vec::new();
    let outcome = jobs.iter().try_for_each(|job| {
        rows.push(one(args, session, job, &mut publisher)?);
        Ok(())
    });
    // what was done before a failure was done
    if session.json() {
        let text = serde_json::to_string_pretty(&rows).map_err(|error| Failure::of(Kind::CannotEmit, &error))?;
        output::data(format!("{text}\n").as_bytes())?;
    }
    outcome
}

fn jobs(args: &Args, session: &Session, loaded: &Loaded, publisher: &Publisher<'_>) -> Result<Vec<Job>, Failure> {
    let make = |path: &Path, root: Option<&Path>, rule: &DestinationRule| -> Result<Job, Failure> {
        let name = destination_name(path, root, args.omit_extensions || rule.omit_extensions);
        let destination = rule.destination.as_ref().map_err(|why| no_destination(path, loaded, rule.line, *why))?;
        publisher.job(Source::file(path)?, path, destination, rule.recreation.as_ref(), &name, Manner::Own)
    };
    let rule_for = |path: &Path| loaded.config.destinations.rule_for(&path.to_string_lossy());
    if !folder::is_folder(&args.path) {
        let rule = rule_for(&args.path).ok_or_else(|| no_rule(&args.path, loaded))?;
        return Ok(vec![make(&args.path, None, rule)?]);
    }
    let mut jobs = Vec::new();
    let found = walk(std::slice::from_ref(&args.path), Walk::default())?;
    for link in &found.links {
        session.warn(&format!("{}: a symbolic link, left out", link.display()));
    }
    for file in found.files {
        let file = walked(&file);
        match rule_for(&file) {
            _ if !filestatus::looks_encrypted(&file) => {}
            Some(rule) => jobs.push(make(&file, Some(&args.path), rule)?),
            None => session.warn(&format!("{}: no destination rule matches, left out", file.display())),
        }
    }
    if jobs.is_empty() {
        let text = format!("{}: no encrypted file that a destination rule matches", args.path.display());
        return Err(Failure::new(Kind::NoRule, text));
    }
    Ok(jobs)
}

fn one(args: &Args, session: &Session, job: &Job, publisher: &mut Publisher<'_>) -> Result<Row, Failure> {
    if let Some(change) = &job.change {
        session.say(&format!("{}: encrypted anew for {}:", job.name, job.shown));
        change.lines(session.names_or_none()).iter().for_each(|line| session.say(&format!("  {line}")));
    }
    let row = |status, version| Row { file: job.name.clone(), destination: job.shown.clone(), status, version };
    if !args.yes && !terminal::confirm(&format!("uploading {} to {} ?", job.name, job.shown)).unwrap_or(false) {
        session.say(&format!("{}: not published", job.name));
        if !args.recursive {
            return Err(Failure::new(Kind::Generic, format!("publication of {} canceled", job.name)));
        }
        return Ok(row("canceled", None));
    }
    let outcome = publisher.publish(job, &mut |text| session.warn(text)).map_err(|error| error.about(&job.name))?;
    Ok(match outcome {
        Outcome::Published(version) => {
            let version_text = version.map_or_else(String::new, |version| format!(" (version {version})"));
            session.say(&format!("{}: published to {}{version_text}", job.name, job.shown));
            row("published", version)
        }
        Outcome::UpToDate => {
            session.say(&format!("{}: {} is up to date", job.name, job.shown));
            row("unchanged", None)
        }
    })
}

fn no_rule(path: &Path, loaded: &Loaded) -> Failure {
    let text = format!("no destination rule in {} matches {}", loaded.name, path.display());
    Failure::new(Kind::NoRule, text).hint("the path is compared as you type it, from the folder you are in")
}

fn no_destination(path: &Path, loaded: &Loaded, line: usize, why: NoDestination) -> Failure {
    let text = match why {
        NoDestination::Several => "the rule has more than one of s3_bucket, gcs_bucket and vault_path".to_owned(),
        NoDestination::None | NoDestination::NoRule => {
            format!("the rule for {} names no destination: s3_bucket, gcs_bucket or vault_path", path.display())
        }
    };
    Failure::new(Kind::BadConfig, text).about(format!("{}:{line}", loaded.name))
}
