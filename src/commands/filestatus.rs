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

const EXAMPLES: &str = "\
Examples:
  sealant filestatus config/prod/app.yml
  sealant filestatus --json config/prod/*.yml
  git ls-files -z | xargs -0 sealant filestatus --check     for CI; for pre-commit there is a hook";

#[derive(Serialize)]
struct Row {
    file: String,
    encrypted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lastmodified: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<Vec<String>>,
}

/// Runs it.
///
/// # Errors
/// A file that cannot be read, or whose metadata is damaged; with `--check` files in clear, and no configuration.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let files = files(session, &args.files)?;
    let rows = if args.check { in_clear(&files, session)? } else { all(files.iter(), session)? };
    print(&rows, session)?;
    if !args.check || rows.is_empty() {
        return Ok(());
    }
    let text = match rows.len() {
        1 => "1 file is in clear that a creation rule wants encrypted".to_owned(),
        count => format!("{count} files are in clear that creation rules want encrypted"),
    };
    Err(Failure::new(Kind::Generic, text).hint("sealant encrypt -i FILE, and stage it again"))
}

fn all<'a>(files: impl Iterator<Item = &'a PathBuf>, session: &Session) -> Result<Vec<Row>, Failure> {
    files.map(|path| status(session, path)).collect()
}

/// Files that no rule is for are not read: what they hold does not matter.
fn in_clear(files: &[PathBuf], session: &Session) -> Result<Vec<Row>, Failure> {
    let Some(first) = files.first() else {
        return Ok(Vec::new());
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
    let mut rows = all(wanted.into_iter(), session)?;
    rows.retain(|row| !row.encrypted);
    Ok(rows)
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
        true => format!("{file}: encrypted for {}\n", groups.join("; and for ")),
        false => format!("{file}: not encrypted\n"),
    }
}

fn status(session: &Session, path: &Path) -> Result<Row, Failure> {
    let parsed = Source::file(path)?.parse()?;
    let file = parsed.name.clone();
    let none = Row { file, encrypted: false, version: None, lastmodified: None, groups: Vec::new() };
    if !parsed.document.is_encrypted() {
        return Ok(none);
    }
    let metadata = metadata(parsed)?;
    let names = session.names_or_none();
    let keys = metadata.groups.iter().map(|group| group.0.iter().map(|one| names.show_key(&one.key)).collect());
    Ok(Row {
        encrypted: is_complete(&metadata),
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
