//! `sealant keys drill`: proves from a backup alone that every SealedSecret of the repository opens. Prints names, never values.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::commands::parallel;
use crate::commands::seal::{files, with};
use crate::commands::sealing_keys;
use crate::commands::session::Session;
use crate::failure::{Failure, Kind};
use crate::fsio::output;
use crate::fsio::printable::sanitize;
use crate::fsio::read::{DOCUMENT_LIMIT, read_bounded};
use crate::sealed::file::Object;
use crate::sealed::{Certificate, KeyChain};

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Backups, or other files of private sealing keys
    #[arg(long, value_name = "FILE", required = true)]
    pub backup: Vec<PathBuf>,
    /// Certificates that are sealed with today: their private keys must be in the backup, too
    #[arg(long, value_name = "FILE")]
    pub cert: Vec<PathBuf>,
    /// Files and folders with SealedSecrets
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
}

const EXAMPLES: &str = "\
Values are opened in memory and forgotten. Do it with the identity that would be left if the cluster were gone.

Examples:
  sealant keys drill --backup keys-prod.yaml --cert prod.pem
  SOPS_AGE_KEY_FILE=/media/safe/break-glass.txt sealant keys drill --backup keys-prod.yaml clusters/prod";

/// What became of one SealedSecret.
#[derive(Serialize)]
struct Row {
    file: String,
    line: usize,
    namespace: String,
    name: String,
    items: usize,
    opens: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// Runs it.
///
/// # Errors
/// [`Kind::CannotUnseal`] when anything does not open; what keeps files from being read.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let chain = sealing_keys::chain(session, &args.backup)?;
    let found = files::find(session, &args.paths)?;
    let unbacked = unbacked(args, &chain)?;
    let objects: Vec<(&str, &Object)> = found
        .files
        .iter()
        .flat_map(|read| read.file.objects().iter().map(|object| (read.name.as_str(), object)))
        .collect();
    if objects.is_empty() && found.broken.is_empty() {
        return Err(none_found(&args.paths));
    }
    let rows = parallel::map(&objects, |(file, object)| row(file, object, &chain), |_, _| {});
    print(session, &rows)?;
    let closed = rows.iter().filter(|row| !row.opens).count();
    let items: usize = rows.iter().map(|row| row.items).sum();
    if closed == 0 && found.broken.is_empty() && unbacked.is_empty() {
        session.say(&format!("the backup opens all of {} SealedSecrets with {items} values", rows.len()));
        return Ok(());
    }
    let text = match closed {
        0 => "nothing is proved".to_owned(),
        _ => format!("the backup does not open {closed} of {} SealedSecrets", rows.len()),
    };
    // a template, too: nobody has seen what is in it
    let broken = found.broken.iter().map(|one| format!("{}:{}: {}", one.name, one.line, one.problem));
    let failure = broken
        .chain(unbacked)
        .fold(Failure::new(Kind::CannotUnseal, text), |failure, line| failure.detail(sanitize(&line).into_owned()));
    Err(failure
        .detail(with::tried(&chain))
        .hint("add the keys of the cluster that they were sealed for: sealant keys backup"))
}

/// No SealedSecret is no success: most likely the folder is the wrong one.
fn none_found(paths: &[PathBuf]) -> Failure {
    let place = paths.first().map_or(Path::new("."), PathBuf::as_path).display();
    Failure::new(Kind::NoFile, format!("there is no SealedSecret in {place}")).hint("name the folder they are in")
}

/// Certificates of today whose private keys the backup lacks, a line each.
fn unbacked(args: &Args, chain: &KeyChain) -> Result<Vec<String>, Failure> {
    let mut lines = Vec::new();
    for path in &args.cert {
        let text = read_bounded(path, DOCUMENT_LIMIT)?.bytes;
        let name = path.display();
        let certificate = Certificate::parse(&text)
            .map_err(|error| Failure::of(Kind::CertificateUnfit, &error).about(name.to_string()))?;
        if !chain.keys().iter().any(|key| key.fingerprint() == certificate.fingerprint()) {
            lines.push(format!("{name}: its private key ({}) is not in the backup", certificate.fingerprint()));
        }
    }
    Ok(lines)
}

fn row(file: &str, object: &Object, chain: &KeyChain) -> Row {
    let deprecated = object.has_deprecated_data.then(|| "spec.data is not looked into".to_owned());
    let problems = object.items.iter().filter_map(|item| {
        let problem = with::open(chain, object, item).problem(object)?;
        Some(format!("{}: {problem}", item.key))
    });
    let problems: Vec<String> = deprecated.into_iter().chain(problems).collect();
    Row {
        file: file.to_owned(),
        line: object.line,
        namespace: object.namespace.clone(),
        name: object.name.clone(),
        items: object.items.len(),
        opens: problems.is_empty(),
        problem: (!problems.is_empty()).then(|| problems.join("; ")),
    }
}

fn print(session: &Session, rows: &[Row]) -> Result<(), Failure> {
    if session.json() {
        let text = serde_json::to_string(rows).map_err(|error| Failure::of(Kind::Generic, &error))?;
        return Ok(output::data(format!("{text}\n").as_bytes())?);
    }
    let mut text = String::new();
    for row in rows {
        let place = format!("{}:{}: {}/{}", row.file, row.line, row.namespace, row.name);
        let state = match &row.problem {
            None => "opens".to_owned(),
            Some(problem) => problem.clone(),
        };
        text.push_str(&sanitize(&format!("{place}: {state}")));
        text.push('\n');
    }
    Ok(output::data(text.as_bytes())?)
}
