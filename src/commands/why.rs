//! `sealant why`: who can open a file, whether you can, and if not what to do about it.
//!
//! It needs no key. Keys of this machine are compared by their recipients, and age entries that are for one of them are
//! opened; nobody is asked, no program is run and no network used, unless `--try` asks for it.

mod examine;
mod json;

use std::path::{Path, PathBuf};

use self::examine::{Examined, examine};
use super::session::Session;
use super::sopsfile::{self, Source};
use super::{filestatus, policy};
use crate::failure::{Failure, Kind};
use crate::fsio::printable::sanitize;
use crate::fsio::walk::{Walk, walk};
use crate::fsio::{folder, output};
use crate::keyservice::report::{Policy, Report, looked_lines};
use crate::sops::file::SopsFile;

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Encrypted files; of folders those below them
    #[arg(value_name = "FILE|FOLDER", required = true)]
    pub files: Vec<PathBuf>,
    /// Really try everything: ask key services, run programs, let passphrases be typed
    #[arg(long = "try")]
    pub really: bool,
}

const EXAMPLES: &str = "\
Without --try nobody is asked: recipients are compared with the keys on this machine. The exit
code is 0 when you can open all files, and 128 when not.

Examples:
  sealant why config/prod/app.yml
  sealant why --try config/prod/app.yml     also asks KMSes, Vault, gpg and plugins
  sealant why --json config/";

/// What is known about one file.
pub struct Answer {
    file: String,
    examined: Examined,
    policy: Option<Policy>,
    report: Report,
}

/// Runs it; the exit code is 128 when some file cannot be opened.
///
/// # Errors
/// A file that cannot be read or is not encrypted.
pub fn run(args: &Args, session: &Session) -> Result<u8, Failure> {
    let files = files(&args.files)?;
    let mut answers = Vec::new();
    for path in &files {
        answers.push(answer(args, session, path)?);
    }
    if answers.is_empty() {
        session.say("there is no encrypted file");
    }
    if session.json() {
        output::data(json::text(&answers, session.names_or_none())?.as_bytes())?;
    } else {
        let texts: Vec<String> = answers.iter().map(|answer| text(&answer.report)).collect();
        output::data(texts.join("\n").as_bytes())?;
    }
    let all = answers.iter().all(|answer| answer.examined.failed.is_none());
    Ok(if all { 0 } else { Kind::CannotOpen.code() })
}

fn files(named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in named {
        if !folder::is_folder(path) {
            files.push(path.clone());
            continue;
        }
        let found = walk(std::slice::from_ref(path), Walk::default())?.files;
        files.extend(found.into_iter().filter(|file| filestatus::looks_encrypted(file)));
    }
    Ok(files)
}

fn answer(args: &Args, session: &Session, path: &Path) -> Result<Answer, Failure> {
    let parsed = Source::file(path)?.parse()?;
    let file = parsed.name;
    let encrypted = SopsFile::from_plain(parsed.document).map_err(|error| sopsfile::failure(&file, &error))?;
    let metadata = encrypted.metadata();
    let policy = policy::of(session, path, metadata);
    let ring = session.ring()?;
    let examined = examine(ring, metadata, args.really);
    let names = session.names_or_none();
    let report = match &examined.failed {
        Some(error) => error.report(&file, names, policy.as_ref()),
        None => {
            let mut details = looked_lines(&examined.looked, names);
            for (at, group) in examined.groups.iter().enumerate() {
                let who: Vec<String> = group.keys.iter().map(|(key, _)| names.show_key(key)).collect();
                let place = if examined.groups.len() > 1 { format!("key group {} ", at + 1) } else { String::new() };
                details.push(format!("{place}can be opened by: {}", who.join(", ")));
            }
            details.extend(policy.iter().flat_map(Policy::lines));
            let with: Vec<String> = examined.opened_by().map(|key| names.show_key(key)).collect();
            let message = match with.as_slice() {
                [] => format!("you can open {file}"),
                with => format!("you can open {file}, with {}", with.join(" and ")),
            };
            let differs = policy.as_ref().is_some_and(|policy| policy.keys_differ);
            let hint = format!("give it the keys of its rule: {}{file}", crate::keyservice::report::UPDATE);
            Report { message, details, hints: if differs { vec![hint] } else { vec![] } }
        }
    };
    Ok(Answer { file, examined, policy, report })
}

/// As a failure prints it, but for the program's name.
fn text(report: &Report) -> String {
    let mut text = format!("{}\n", sanitize(&report.message));
    report.details.iter().for_each(|line| text.push_str(&format!("  {}\n", sanitize(line))));
    report.hints.iter().for_each(|hint| text.push_str(&format!("hint: {}\n", sanitize(hint))));
    text
}
