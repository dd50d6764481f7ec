//! `sealant decrypt`: encrypted files to plain ones.

use zeroize::Zeroizing;

use super::bulk::{self, Done, FileArgs, Job, Words};
use super::session::Session;
use super::sopsfile::{self, Opened, Parsed, Source};
use super::{formats, json};
use crate::document::kind::DocumentKind;
use crate::document::path::KeyPath;
use crate::failure::Failure;
use crate::fsio::write::NewMode;
use crate::sops::file::Decrypted;

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Which files, and where results go.
    #[command(flatten)]
    pub files: FileArgs,
    /// Give out values even when the file's integrity cannot be shown
    #[arg(long)]
    pub ignore_mac: bool,
    /// Write the plain text in another format: yaml, json, dotenv, ini or binary. Comments are lost on the way
    #[arg(long, value_name = "TYPE", value_parser = formats::parse, conflicts_with_all = ["extract", "in_place"])]
    pub output_type: Option<DocumentKind>,
    /// Only the value at this key path, as `sealant get` prints it
    #[arg(long, value_name = "PATH", conflicts_with_all = ["in_place", "output_dir"])]
    pub extract: Option<String>,
}

const EXAMPLES: &str = "\
Below a folder every encrypted file is decrypted; others are left out. All files are written, or
none. Files that are written are for their owner only (mode 0600); with -i they keep their mode.

Examples:
  sealant decrypt config/prod/app.yml                       to standard output
  sealant decrypt --output-dir /run/app config/prod/        everything below config/prod/
  sealant decrypt --output-type json config/prod/app.yml
  sealant decrypt --extract 'db.users[0].password' app.yml";

const PLAIN: &str = "not encrypted";
const WORDS: Words =
    Words { verb: "decrypt", past: "decrypted", skipped: &[PLAIN], mode: NewMode::Private, json_result: false };

/// Decrypts.
///
/// # Errors
/// Not encrypted, no identity fits, damaged values, a MAC that does not match, and what the file system says.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let path = args.extract.as_deref().map(KeyPath::parse).transpose()?;
    let jobs = args.files.jobs(WORDS.verb, &mut |_| true)?;
    let words = Words { json_result: path.is_some(), ..WORDS };
    bulk::run(session, &args.files, &jobs, words, |job| one(args, session, job, path.as_ref()))
}

fn one(args: &Args, session: &Session, job: &Job, path: Option<&KeyPath>) -> Result<Done, Failure> {
    let mut source = job.read()?;
    source.format = args.files.input_type;
    if job.found && !may_be_encrypted(&source.bytes) {
        return Ok(Done::Skipped(PLAIN));
    }
    let parsed = match parse(source, job)? {
        Some(parsed) if !job.found || parsed.document.is_encrypted() => parsed,
        _ => return Ok(Done::Skipped(PLAIN)),
    };
    let opened = sopsfile::open_parsed(session, parsed)?;
    let decrypted = opened.decrypt(args.ignore_mac)?;
    let mut warnings: Vec<String> = sopsfile::unreadable(&opened.name, &decrypted).into_iter().collect();
    if args.ignore_mac {
        warnings.push(format!(
            "{}: THE MAC WAS NOT CHECKED: anybody may have changed, moved or removed values",
            opened.name
        ));
    }
    let (text, values) = match path {
        None => (in_format(args.output_type, &opened, &decrypted)?, decrypted.values),
        Some(path) => {
            let text = json::show(session, &opened.name, &opened.parse_plain(&decrypted)?, path)?;
            (Zeroizing::new(text.as_bytes().to_vec()), 1)
        }
    };
    Ok(Done::Text { text, values, stamp: opened.stamp, warnings })
}

/// The plain content in the format that is asked for.
fn in_format(
    wanted: Option<DocumentKind>,
    opened: &Opened,
    decrypted: &Decrypted,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    match wanted {
        Some(wanted) if wanted != opened.file.kind() => {
            formats::convert(&opened.name, &opened.parse_plain(decrypted)?, wanted)
        }
        _ => Ok(Zeroizing::new(decrypted.bytes().to_vec())),
    }
}

/// Every encrypted file names its metadata, and holds at least one ciphertext: the MAC.
fn may_be_encrypted(bytes: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(bytes, needle).is_some();
    has(b"sops") && has(b"ENC[AES256_GCM")
}

/// `None` for a file that was found, is not YAML and does not look like one of ours that was damaged.
fn parse(source: Source, job: &Job) -> Result<Option<Parsed>, Failure> {
    let ours = DocumentKind::of_encrypted(&source.bytes).is_some();
    match source.parse() {
        Ok(parsed) => Ok(Some(parsed)),
        Err(_) if job.found && !ours => Ok(None),
        Err(failure) => Err(failure),
    }
}
