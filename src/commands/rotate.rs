//! `sealant rotate`: files encrypted again under new data keys. Whoever had an old one cannot open new values with it.

use super::bulk::{self, Done, FileArgs, Job, Words};
use super::rekey;
use super::session::Session;
use super::sopsfile;
use crate::document::kind::DocumentKind;
use crate::failure::{Failure, Kind};
use crate::fsio::write::NewMode;
use crate::sops::key::MasterKey;
use crate::sops::rules::parse_key;
use zeroize::Zeroizing;

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Which files, and where results go.
    #[command(flatten)]
    pub files: FileArgs,
    /// Recipients to add to the first key group, separated by commas; may be repeated
    #[arg(long, value_name = "RECIPIENT")]
    pub add_age: Vec<String>,
    /// Recipients to take out, separated by commas; may be repeated
    #[arg(long, value_name = "RECIPIENT")]
    pub rm_age: Vec<String>,
}

const EXAMPLES: &str = "\
Below a folder every encrypted file is rotated; others are left out. All files are replaced, or
none. Somebody who was taken out may still know the values: change them too.

Examples:
  sealant rotate -i config/prod/
  sealant rotate -i --rm-age age1… config/";

const PLAIN: &str = "not encrypted";
const WORDS: Words =
    Words { verb: "rotate", past: "rotated", skipped: &[PLAIN], mode: NewMode::Public, json_result: false };

/// Runs it.
///
/// # Errors
/// What keeps a file from being opened, encrypted and written.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let add = keys("--add-age", &args.add_age)?;
    let remove = keys("--rm-age", &args.rm_age)?;
    let jobs = args.files.jobs(WORDS.verb, &mut |_| true)?;
    bulk::run(session, &args.files, &jobs, WORDS, |job| one(session, job, args.files.input_type, &add, &remove))
}

fn one(
    session: &Session,
    job: &Job,
    format: Option<DocumentKind>,
    add: &[MasterKey],
    remove: &[MasterKey],
) -> Result<Done, Failure> {
    let mut source = job.read()?;
    source.format = format;
    if job.found && memchr::memmem::find(&source.bytes, b"ENC[AES256_GCM").is_none() {
        return Ok(Done::Skipped(PLAIN));
    }
    let parsed = source.parse()?;
    if job.found && !parsed.document.is_encrypted() {
        return Ok(Done::Skipped(PLAIN));
    }
    let opened = sopsfile::open_parsed(session, parsed)?;
    let mut groups = rekey::groups_of(&opened.file);
    rekey::change_groups(&mut groups, add.to_vec(), remove);
    let plain = opened.decrypt(false)?;
    let document = opened.parse_plain(&plain)?;
    let encrypted = rekey::rotate(session, &opened, &plain, &document, &groups)
        .map_err(|error| Failure::from(error).about(&opened.name))?;
    let warnings = sopsfile::clear_copies(&opened.name, &encrypted).into_iter().collect();
    Ok(Done::Text {
        text: Zeroizing::new(encrypted.text.into_bytes()),
        values: encrypted.values,
        stamp: opened.stamp,
        warnings,
    })
}

fn keys(flag: &str, texts: &[String]) -> Result<Vec<MasterKey>, Failure> {
    let words = texts.iter().flat_map(|text| text.split(',')).map(str::trim).filter(|word| !word.is_empty());
    words
        .map(|word| {
            parse_key("age", word, "").map_err(|problem| Failure::new(Kind::Generic, format!("{flag} {problem}")))
        })
        .collect()
}
