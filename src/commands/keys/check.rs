//! `sealant keys check`: the files of `keys/` against the creation rules. Needs no key.

use std::path::Path;

use serde::Serialize;

use crate::commands::identities::NAMES_FOLDER;
use crate::commands::session::Session;
use crate::failure::{Failure, Kind};
use crate::fsio::printable::sanitize;
use crate::fsio::read::{KEY_LIMIT, read_bounded};
use crate::fsio::{folder, output};
use crate::keyservice::age::check_recipient;
use crate::keyservice::{KeyError, Names, names};
use crate::sops::key::MasterKey;
use crate::sops::rules::odd;

const EXAMPLES: &str = "\
Errors are lines of keys/*.pub that are no key, and recipients of creation rules that have no name
in keys/. Names that no rule mentions are shown, too, but are no error.

Examples:
  sealant keys check
  sealant keys check --json     for CI";

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

/// Something that was found.
#[derive(Serialize, Clone, PartialEq, Eq, Debug)]
struct Finding {
    /// File and line.
    place: String,
    /// What is wrong.
    problem: String,
    /// Whether it is more than a note.
    error: bool,
}

/// A key of a file, and where it stands.
struct Entry {
    name: String,
    place: String,
    key: MasterKey,
}

/// Runs it.
///
/// # Errors
/// Errors that were found, after they were printed; a file that cannot be read.
pub fn run(_args: &Args, session: &Session) -> Result<(), Failure> {
    let mut findings = Vec::new();
    let entries = entries(session, &mut findings)?;
    twice(&entries, &mut findings);
    against_rules(session, &entries, &mut findings)?;
    print(session, &findings)?;
    let errors = findings.iter().filter(|finding| finding.error).count();
    if errors > 0 {
        let s = if errors == 1 { "" } else { "s" };
        return Err(Failure::new(Kind::Generic, format!("{errors} error{s} in keys/ and the creation rules")));
    }
    if findings.is_empty() {
        let s = if entries.len() == 1 { "" } else { "s" };
        session.say(&format!("keys/ and the creation rules agree: {} key{s}", entries.len()));
    }
    Ok(())
}

fn print(session: &Session, findings: &[Finding]) -> Result<(), Failure> {
    let text = if session.json() {
        let text = serde_json::to_string_pretty(findings).map_err(|error| Failure::of(Kind::CannotEmit, &error))?;
        format!("{text}\n")
    } else {
        let line = |one: &Finding| format!("{}: {}\n", sanitize(&one.place), sanitize(&one.problem));
        findings.iter().map(line).collect()
    };
    Ok(output::data(text.as_bytes())?)
}

/// All keys of `keys/`; what is none is a finding.
fn entries(session: &Session, findings: &mut Vec<Finding>) -> Result<Vec<Entry>, Failure> {
    let mut entries = Vec::new();
    for path in folder::sorted_files(&session.names_root().join(NAMES_FOLDER), "pub")? {
        let content = read_bounded(&path, KEY_LIMIT)?;
        let text = String::from_utf8_lossy(&content.bytes).into_owned();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let before = entries.len() + findings.len();
        for (line, found) in names::lines(&text) {
            let place = format!("{}:{line}", shown(session, &path));
            match found {
                Ok((written, key)) => match problem(&written, &key) {
                    Some(problem) => findings.push(Finding { place, problem, error: true }),
                    None => entries.push(Entry { name: name.clone(), place, key }),
                },
                Err(error) if error.secret => findings.push(Finding {
                    place,
                    problem: "looks like a private key: move it out of the repository and replace it".into(),
                    error: true,
                }),
                Err(_) => findings.push(Finding { place, problem: "is no key of any kind".into(), error: true }),
            }
        }
        if entries.len() + findings.len() == before {
            let place = shown(session, &path);
            findings.push(Finding { place, problem: "has no key".into(), error: true });
        }
    }
    Ok(entries)
}

fn shown(session: &Session, path: &Path) -> String {
    session.shown(path)
}

fn problem(written: &str, key: &MasterKey) -> Option<String> {
    if let MasterKey::Age { .. } = key
        && check_recipient(written) == Err(KeyError::BadRecipient)
    {
        return Some(format!("is {}", KeyError::BadRecipient));
    }
    odd(key).map(|what| format!("is no {what}"))
}

/// One key under two names: only the first is ever shown.
fn twice(entries: &[Entry], findings: &mut Vec<Finding>) {
    for (at, entry) in entries.iter().enumerate() {
        if let Some(first) = entries[..at].iter().find(|other| names::is_same(&other.key, &entry.key)) {
            findings.push(Finding {
                place: entry.place.clone(),
                problem: format!("is also at {}: it is shown as {}", first.place, first.name),
                error: false,
            });
        }
    }
}

fn against_rules(session: &Session, entries: &[Entry], findings: &mut Vec<Finding>) -> Result<(), Failure> {
    let Some(loaded) = session.config()? else {
        return Ok(());
    };
    let mut known = Names::new();
    entries.iter().for_each(|entry| known.add(&entry.name, &entry.key));
    let mut used: Vec<&MasterKey> = Vec::new();
    for rule in &loaded.config.rules {
        for (key, line) in rule.groups.iter().flatten().zip(rule.lines.iter().flatten()) {
            if used.iter().any(|seen| names::is_same(seen, key)) {
                continue;
            }
            used.push(key);
            if known.name_of(key).is_none() {
                findings.push(Finding {
                    place: format!("{}:{line}", loaded.name),
                    problem: format!("{} has no name in {NAMES_FOLDER}/", known.show_key(key)),
                    error: true,
                });
            }
        }
    }
    for entries in entries.chunk_by(|left, right| left.name == right.name) {
        let mut own = Names::new();
        entries.iter().for_each(|entry| own.add(&entry.name, &entry.key));
        if let (false, Some(first)) = (used.iter().any(|key| own.name_of(key).is_some()), entries.first()) {
            let problem = format!("{} is in no creation rule", first.name);
            findings.push(Finding { place: first.place.clone(), problem, error: false });
        }
    }
    Ok(())
}
