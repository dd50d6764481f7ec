//! `sealant rotate`: files encrypted again under new data keys. Whoever had an old one cannot open new values with it.

use super::bulk::{self, Done, FileArgs, Job, Jobs, Words};
use super::keyargs::ChangeArgs;
use super::rekey;
use super::session::Session;
use super::sopsfile;
use crate::document::kind::DocumentKind;
use crate::failure::{Failure, Kind};
use crate::fsio::terminal;
use crate::fsio::write::NewMode;
use crate::sops::file::SopsFile;
use crate::sops::key::MasterKey;
use zeroize::Zeroizing;

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Which files, and where results go.
    #[command(flatten)]
    pub files: FileArgs,
    /// Who is added and who is taken out.
    #[command(flatten)]
    pub change: ChangeArgs,
    /// Do not ask before the files of a folder are rotated
    #[arg(long, short)]
    pub yes: bool,
}

const EXAMPLES: &str = "\
Below a folder every encrypted file is rotated; others are left out. All files are replaced, or
none. Somebody who was taken out may still know the values: change them too.

Examples:
  sealant rotate -i config/prod/
  sealant rotate -i --rm bob config/           everything of keys/bob.pub is taken out
  sealant rotate -i --add-age age1… --rm-pgp FBC7… config/";

const PLAIN: &str = "not encrypted";
const WORDS: Words =
    Words { verb: "rotate", past: "rotated", skipped: &[PLAIN], mode: NewMode::Public, json_result: false };

/// Runs it.
///
/// # Errors
/// What keeps a file from being opened, encrypted and written.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let add = args.change.added(session)?;
    let remove = args.change.removed(session)?;
    let jobs = args.files.jobs(WORDS.verb, &mut |_| true)?;
    let still_named = check_removed(session, args, &jobs, &remove)?;
    if !agreed(args, session, &jobs, &add, &remove) {
        session.say("nothing was changed");
        return Ok(());
    }
    bulk::run(session, &args.files, &jobs, WORDS, |job| one(session, job, args.files.input_type, &add, &remove))?;
    still_named.iter().for_each(|text| session.warn(text));
    Ok(())
}

/// Asks when a folder was named and somebody is there. Scripts have said what they want.
fn agreed(args: &Args, session: &Session, jobs: &Jobs, add: &[MasterKey], remove: &[MasterKey]) -> bool {
    let found = jobs.files.iter().filter(|job| job.found).count();
    if found == 0 || args.yes || !args.files.in_place || !terminal::stdin_is_terminal() {
        return true;
    }
    let names = session.names_or_none();
    add.iter().for_each(|key| session.say(&format!("  + {}", names.show_key(key))));
    remove.iter().for_each(|key| session.say(&format!("  - {}", names.show_key(key))));
    let question = format!("give every encrypted one of {} files a new data key?", jobs.files.len());
    terminal::confirm(&question).unwrap_or(false)
}

/// Whoever is to be taken out has to be in every file that is named, and in one of those that were found. Returns what is to
/// be said about rules that would bring them back.
fn check_removed(session: &Session, args: &Args, jobs: &Jobs, remove: &[MasterKey]) -> Result<Vec<String>, Failure> {
    let mut warnings = Vec::new();
    if remove.is_empty() {
        return Ok(warnings);
    }
    let mut missing: Vec<&MasterKey> = remove.iter().collect();
    let mut encrypted = false;
    // standard input can be read once only: it is looked at when it is worked on
    for job in jobs.files.iter().filter(|job| job.path.is_some()) {
        let mut source = job.read()?;
        source.format = args.files.input_type;
        if job.found && !is_marked(&source.bytes) {
            continue;
        }
        // whatever is wrong with it is said when it is worked on
        let Ok(file) = source
            .parse()
            .map(|parsed| parsed.document)
            .and_then(|document| SopsFile::from_plain(document).map_err(|error| sopsfile::failure("", &error)))
        else {
            continue;
        };
        encrypted = true;
        let groups = rekey::groups_of(&file);
        let name = job.path.as_deref().map(|path| path.display().to_string()).unwrap_or_default();
        if let (false, Some(key)) = (job.found, rekey::stranger(&groups, remove)) {
            return Err(no_recipient(session, key, &name));
        }
        missing.retain(|key| rekey::stranger(&groups, std::slice::from_ref(*key)).is_some());
        let rule = job.path.as_deref().map(|path| session.rule_for(path)).transpose()?.flatten();
        let (Some(rule), Some(loaded)) = (rule, session.config()?) else {
            continue;
        };
        for key in remove.iter().filter(|key| rule.groups.iter().flatten().any(|named| rekey::same(named, key))) {
            let who = session.names_or_none().show_key(key);
            let text = format!("the rule in {}:{} still names {who}: take it out there too", loaded.name, rule.line);
            if !warnings.contains(&text) {
                warnings.push(text);
            }
        }
    }
    match missing.first() {
        Some(key) if encrypted => Err(no_recipient(session, key, "any of these files")),
        _ => Ok(warnings),
    }
}

fn no_recipient(session: &Session, key: &MasterKey, file: &str) -> Failure {
    let who = session.names_or_none().show_key(key);
    Failure::new(Kind::Generic, format!("{who} is not a recipient of {file}: nothing was written"))
        .hint("who is: sealant filestatus FILE")
}

/// Whether there is a ciphertext in it, or what looks like one: others need not be parsed.
fn is_marked(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"ENC[AES256_GCM").is_some()
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
    if job.found && !is_marked(&source.bytes) {
        return Ok(Done::Skipped(PLAIN));
    }
    let parsed = source.parse()?;
    if job.found && !parsed.document.is_encrypted() {
        return Ok(Done::Skipped(PLAIN));
    }
    let opened = sopsfile::open_parsed(session, parsed)?;
    let mut groups = rekey::groups_of(&opened.file);
    if let (None, Some(key)) = (&job.path, rekey::stranger(&groups, remove)) {
        return Err(no_recipient(session, key, &opened.name));
    }
    rekey::change_groups(&mut groups, add.to_vec(), remove);
    if groups.iter().all(Vec::is_empty) {
        return Err(Failure::new(Kind::Generic, format!("nobody could open {} any more", opened.name))
            .hint("name somebody who can: --add NAME, or --add-age RECIPIENT"));
    }
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
