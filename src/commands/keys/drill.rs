//! `sealant keys drill`: proves from a backup alone that every SealedSecret of the repository opens. Prints names, never values.

use std::path::PathBuf;

use serde::Serialize;

use crate::commands::parallel;
use crate::commands::sealed_files::{self, Place};
use crate::commands::sealing_keys;
use crate::commands::session::Session;
use crate::failure::{Failure, Kind};
use crate::fsio::output;
use crate::fsio::printable::sanitize;
use crate::fsio::read::{DOCUMENT_LIMIT, read_bounded};
use crate::sealed::resource::{ItemError, grouped};
use crate::sealed::{Certificate, KeyChain, text};

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
    let found = sealed_files::find(session, &args.paths)?;
    let unbacked = unbacked(args, &chain)?;
    if found.places.is_empty() && found.unreadable.is_empty() {
        return Err(sealed_files::none_found(&args.paths));
    }
    let rows = parallel::map(&found.places, |place| row(session, place, &chain), |_, _| {});
    print(session, &rows)?;
    let closed = rows.iter().filter(|row| !row.opens).count();
    let items: usize = rows.iter().map(|row| row.items).sum();
    if closed == 0 && found.unreadable.is_empty() && unbacked.is_empty() {
        session.say(&format!("the backup opens all of {} SealedSecrets with {items} values", rows.len()));
        return Ok(());
    }
    let text = match closed {
        0 => "the backup is not complete".to_owned(),
        _ => format!("the backup does not open {closed} of {} SealedSecrets", rows.len()),
    };
    let mut failure = Failure::new(Kind::CannotUnseal, text);
    for line in found.unreadable.iter().chain(&unbacked) {
        failure = failure.detail(sanitize(line).into_owned());
    }
    let tried: Vec<&str> = chain.keys().iter().map(crate::sealed::PrivateKey::fingerprint).collect();
    Err(failure
        .detail(format!("keys in the backup: {}", tried.join(", ")))
        .hint("add the keys of the cluster that they were sealed for: sealant keys backup"))
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

fn row(session: &Session, place: &Place, chain: &KeyChain) -> Row {
    let sealed = &place.sealed;
    let problem = match sealed.open(chain) {
        Ok(_) if sealed.deprecated => {
            Some("it has the deprecated field spec.data, which is not looked into".to_owned())
        }
        Ok(_) => None,
        Err(errors) => Some(explained(place, chain, &errors)),
    };
    Row {
        file: session.shown(&place.path),
        line: place.line,
        namespace: sealed.namespace.clone(),
        name: sealed.name.clone(),
        items: sealed.items.len(),
        opens: problem.is_none(),
        problem,
    }
}

/// What is wrong, and when another scope is meant, which.
fn explained(place: &Place, chain: &KeyChain, errors: &[ItemError]) -> String {
    let sealed = &place.sealed;
    let value = |key: &str| sealed.items.iter().find(|(name, _)| name == key).map(|(_, value)| value);
    let other = errors.iter().find_map(|error| {
        let blob = text::decode(value(&error.key)?).ok()?;
        chain.other_scope(sealed.scope, &sealed.namespace, &sealed.name, &blob)
    });
    let problem = grouped(errors).replace('\n', "; ");
    match other {
        Some(scope) => format!("{problem}: sealed {scope}, but the annotations say {}", sealed.scope),
        None => problem,
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
