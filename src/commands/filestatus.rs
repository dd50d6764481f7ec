//! `sealant filestatus`: whether files are encrypted, and for whom. Needs no keys.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::identities::NAMES_FOLDER;
use super::session::{CONFIG_NAME, Session};
use super::sopsfile::{self, Parsed, Source};
use crate::failure::{Failure, Kind};
use crate::fsio::read::{DOCUMENT_LIMIT, read_bounded};
use crate::fsio::walk::{Walk, walk};
use crate::fsio::{folder, output};
use crate::sops::file::SopsFile;

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Files and folders
    #[arg(value_name = "FILE|FOLDER", required = true)]
    pub files: Vec<PathBuf>,
    /// Print only files in clear that a creation rule wants encrypted; the exit code is 1 when there is one
    #[arg(long)]
    pub check: bool,
}

/// So many hints about files that cannot be read are shown.
const MOST_HINTS: usize = 3;

const EXAMPLES: &str = "\
A file that cannot be read is an error, and does not keep the others from being looked at.

Examples:
  sealant filestatus config/prod/app.yml
  sealant filestatus --json config/prod/*.yml
  git ls-files -z | xargs -0 sealant filestatus --check     for CI; for pre-commit there is a hook";

#[derive(Serialize, Default)]
struct Row {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    encrypted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lastmodified: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// What was found out, and about which files nothing could be.
#[derive(Default)]
struct Found {
    rows: Vec<Row>,
    failures: Vec<Failure>,
    /// How many files were looked at.
    total: usize,
}

/// Runs it.
///
/// # Errors
/// A file that cannot be read, or whose metadata is damaged; with `--check` files in clear, and no configuration.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let files = files(session, &args.files)?;
    let mut found = if args.check { in_clear(&files, session)? } else { all(files.iter(), session) };
    if found.total == 1 && !found.failures.is_empty() {
        return Err(found.failures.remove(0));
    }
    print(&found.rows, session)?;
    let clear = found.rows.iter().filter(|row| args.check && row.encrypted == Some(false)).count();
    let clear = match clear {
        0 => None,
        1 => Some("1 file is in clear that a creation rule wants encrypted".to_owned()),
        count => Some(format!("{count} files are in clear that creation rules want encrypted")),
    };
    if found.failures.is_empty() {
        let failure = clear.map(|text| Failure::new(Kind::Generic, text));
        return failure.map_or(Ok(()), |failure| Err(failure.hint("sealant encrypt -i FILE, and stage it again")));
    }
    let failure = unreadable(&found);
    Err(clear.into_iter().fold(failure, Failure::detail))
}

/// One failure for all files about which nothing is known.
fn unreadable(found: &Found) -> Failure {
    let (count, files) = (found.failures.len(), if found.total == 1 { "file" } else { "files" });
    let text = format!("{count} of {} {files} cannot be read", found.total);
    let mut hints: Vec<&String> = Vec::new();
    for hint in found.failures.iter().flat_map(Failure::hints) {
        if !hints.contains(&hint) && hints.len() < MOST_HINTS {
            hints.push(hint);
        }
    }
    let kind = found.failures.first().map_or(Kind::Generic, Failure::kind);
    let failure = found.failures.iter().map(Failure::message).fold(Failure::new(kind, text), Failure::detail);
    hints.into_iter().fold(failure, Failure::hint)
}

fn all<'a>(files: impl Iterator<Item = &'a PathBuf>, session: &Session) -> Found {
    let mut found = Found::default();
    for path in files {
        found.total += 1;
        found.rows.push(status(session, path).unwrap_or_else(|failure| {
            let error = Some(failure.message().to_owned());
            found.failures.push(failure);
            Row { file: path.display().to_string(), error, ..Row::default() }
        }));
    }
    found
}

/// Files that no rule is for are not read: what they hold does not matter.
fn in_clear(files: &[PathBuf], session: &Session) -> Result<Found, Failure> {
    let Some(first) = files.first() else {
        return Ok(Found::default());
    };
    if session.config()?.is_none() {
        return Err(session.no_rule(first));
    }
    let mut wanted = Vec::new();
    for path in files {
        if path.file_name().is_none_or(|name| name != CONFIG_NAME) && session.rule_for(path)?.is_some() {
            wanted.push(path);
        }
    }
    let mut found = all(wanted.into_iter(), session);
    found.rows.retain(|row| row.encrypted != Some(true));
    Ok(found)
}

fn print(rows: &[Row], session: &Session) -> Result<(), Failure> {
    let text = if session.json() {
        let text = serde_json::to_string_pretty(rows).map_err(|error| Failure::of(Kind::CannotEmit, &error))?;
        format!("{text}\n")
    } else {
        rows.iter().map(line).collect()
    };
    Ok(output::data(text.as_bytes())?)
}

/// The files that are named, and of a folder those that are encrypted or that a creation rule is for.
fn files(session: &Session, named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let keys = session.names_root().join(NAMES_FOLDER);
    let mut files = Vec::new();
    for path in named {
        if !folder::is_folder(path) {
            files.push(path.clone());
            continue;
        }
        for file in walk(std::slice::from_ref(path), Walk::default())?.files {
            // as for encrypt, which leaves out the configuration and the public keys beside it
            let ours = file.ends_with(CONFIG_NAME) || folder::absolute(session.cwd(), &file).starts_with(&keys);
            if looks_encrypted(&file) || !ours && session.rule_for(&file)?.is_some() {
                files.push(file);
            }
        }
    }
    Ok(files)
}

fn line(row: &Row) -> String {
    let file = crate::fsio::printable::sanitize(&row.file);
    let groups: Vec<String> = row.groups.iter().map(|group| group.join(", ")).collect();
    match row.encrypted {
        Some(true) => format!("{file}: encrypted for {}\n", groups.join("; and for ")),
        Some(false) => format!("{file}: not encrypted\n"),
        // standard error says it
        None => String::new(),
    }
}

fn status(session: &Session, path: &Path) -> Result<Row, Failure> {
    let parsed = Source::file(path)?.parse()?;
    let file = parsed.name.clone();
    let none = Row { file, encrypted: Some(false), ..Row::default() };
    if !parsed.document.is_encrypted() {
        return Ok(none);
    }
    let metadata = metadata(parsed)?;
    let names = session.names_or_none();
    let keys = metadata.groups.iter().map(|group| group.0.iter().map(|one| names.show_key(&one.key)).collect());
    Ok(Row {
        encrypted: Some(is_complete(&metadata)),
        version: Some(metadata.version.clone()),
        lastmodified: Some(metadata.lastmodified.clone()),
        groups: keys.collect(),
        ..none
    })
}

fn metadata(parsed: Parsed) -> Result<crate::sops::metadata::Metadata, Failure> {
    let failed = |error| sopsfile::failure(&parsed.name, &error);
    SopsFile::from_plain(parsed.document).map(|file| file.metadata().clone()).map_err(failed)
}

fn is_complete(metadata: &crate::sops::metadata::Metadata) -> bool {
    !metadata.version.is_empty() && !metadata.mac.is_empty()
}

/// Whether a file is encrypted as sops sees it: metadata with a version and a MAC (sops 3.13.2
/// `cmd/sops/subcommand/filestatus`).
///
/// # Errors
/// Metadata that cannot be read.
pub fn is_encrypted(parsed: Parsed) -> Result<bool, Failure> {
    if !parsed.document.is_encrypted() {
        return Ok(false);
    }
    Ok(is_complete(&metadata(parsed)?))
}

/// Whether a file that was found below a folder may be ours; what cannot be read is not.
pub fn looks_encrypted(path: &Path) -> bool {
    let Ok(original) = read_bounded(path, DOCUMENT_LIMIT) else {
        return false;
    };
    is_marked(&original.bytes)
}

/// Whether there is metadata and a ciphertext in it, or what looks like them.
pub fn is_marked(bytes: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(bytes, needle).is_some();
    has(b"sops") && has(b"ENC[AES256_GCM")
}
