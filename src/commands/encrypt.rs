//! `sealant encrypt`: plain files to encrypted ones.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::bulk::{self, Done, FileArgs, Job, Jobs, Row, UNSELECTED, Words};
use super::filestatus;
use super::identities::NAMES_FOLDER;
use super::selection::SelectionArgs;
use super::session::{CONFIG_NAME, Session};
use super::size;
use super::sopsfile::{self, Opened, Parsed, Source};
use crate::document::kind::DocumentKind;
use crate::failure::{Failure, Kind};
use crate::fsio::batch::Batch;
use crate::fsio::target::Target;
use crate::fsio::walk::{Walk, walk};
use crate::fsio::write::{NewMode, Staged};
use crate::fsio::{folder, output};
use crate::sops::file::{Decrypted, FileError, Plain};

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Which files, and where results go.
    #[command(flatten)]
    pub files: FileArgs,
    /// The path that creation rules see instead of the file's own
    #[arg(long, value_name = "PATH")]
    pub filename_override: Option<PathBuf>,
    /// Take FILE as the new plain text of OLD: its recipients, selection and data key, and the ciphertexts of
    /// values that did not change; with -i OLD is replaced
    #[arg(
        long,
        value_name = "OLD",
        conflicts_with_all = [
            "to", "age", "pgp", "kms", "gcp_kms", "azure_kv", "hc_vault_transit", "hckms", "aws_profile", "selection", "mac_only_encrypted", "filename_override", "output_dir"]
    )]
    pub onto: Option<PathBuf>,
    /// Leave files of a folder in clear in which nothing is selected, instead of failing; the summary names them
    #[arg(long, conflicts_with_all = ["allow_empty", "onto"])]
    pub skip_empty: bool,
    /// For whom and which values.
    #[command(flatten)]
    pub selection: SelectionArgs,
}

const EXAMPLES: &str = "\
Below a folder every file is encrypted that a creation rule matches and that is not encrypted
yet; .sops.yaml, the keys/ beside it, Git's own files and, with -i, what Git ignores are left out. Files that no rule matches
are counted and named. All files are replaced, or none.

Examples:
  sealant encrypt config/prod/app.yml             to standard output
  sealant encrypt -i config/                      everything that a creation rule matches
  sealant encrypt --age age1… --encrypted-regex '^(password|token)$' app.yml
  sealant encrypt --onto app.enc.yml app.yml -i   keeps the ciphertexts of unchanged values
  kubectl create … -o yaml | sealant encrypt --filename-override k8s/secret.yml";

/// Files that steer tools.
const TOOLS: [&str; 5] = [CONFIG_NAME, ".gitattributes", ".gitignore", ".gitkeep", ".gitmodules"];
const ALREADY: &str = "already encrypted";
const EMPTY: &str = "empty";
const UNCHANGED: &str = "unchanged";
const WORDS: Words = Words {
    verb: "encrypt",
    past: "encrypted",
    skipped: &[ALREADY, EMPTY, UNSELECTED],
    mode: NewMode::Public,
    json_result: false,
};

/// Encrypts.
///
/// # Errors
/// No rule, nothing selected, already encrypted, refused shapes, and what the file system says.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    if let Some(old) = &args.onto {
        return onto(args, session, old);
    }
    let selector = Selector::new(args, session)?;
    let mut jobs = args.files.jobs(WORDS.verb, &mut |path| selector.takes(path))?;
    selector.check_found(&jobs)?;
    selector.keep_meant(&args.files.files, &mut jobs.others)?;
    let now = session.now();
    bulk::run(session, &args.files, &jobs, WORDS, |job| one(args, session, job, &now))
}

/// Which files below folders are to be encrypted.
struct Selector<'a> {
    session: &'a Session,
    /// The configuration file and the folder of names beside it.
    left_out: Option<(PathBuf, PathBuf)>,
    folders: Vec<&'a Path>,
}

impl<'a> Selector<'a> {
    fn new(args: &'a Args, session: &'a Session) -> Result<Self, Failure> {
        let files = args.files.files.iter().map(PathBuf::as_path);
        let folders: Vec<&Path> = files.filter(|path| folder::is_folder(path)).collect();
        let config = session.config()?;
        if let (Some(first), Some(_)) = (args.files.files.get(1), &args.filename_override) {
            let text = format!("--filename-override is for one file, but {} was named too", first.display());
            return Err(Failure::new(Kind::ConflictingOptions, text));
        }
        if let [first, ..] = folders.as_slice() {
            if args.filename_override.is_some() {
                let text = "--filename-override is for one file, not for a folder";
                return Err(Failure::new(Kind::ConflictingOptions, text));
            }
            // without rules every file would have to be taken, also those that nobody meant
            if !config.is_some_and(|loaded| loaded.config.has_rules) {
                return Err(session.no_rule(first));
            }
        }
        Ok(Self {
            session,
            left_out: config.map(|loaded| (loaded.root.join(CONFIG_NAME), loaded.root.join(NAMES_FOLDER))),
            folders,
        })
    }

    fn takes(&self, path: &Path) -> bool {
        !self.is_tool(path) && matches!(self.session.rule_for(path), Ok(Some(_)))
    }

    /// Of the files without a rule those that somebody may have meant: neither a tool's nor ignored by Git, not named, and not
    /// encrypted already.
    fn keep_meant(&self, named: &[PathBuf], others: &mut Vec<PathBuf>) -> Result<(), Failure> {
        if others.is_empty() {
            return Ok(());
        }
        let folders: Vec<PathBuf> = self.folders.iter().map(|folder| folder.to_path_buf()).collect();
        let seen: HashSet<PathBuf> =
            walk(&folders, Walk { skip_git_ignored: true, ..Walk::default() })?.files.into_iter().collect();
        let is_encrypted = |path: &Path| {
            DocumentKind::from_name(&path.to_string_lossy()).is_some() && filestatus::looks_encrypted(path)
        };
        others
            .retain(|path| seen.contains(path) && !self.is_tool(path) && !named.contains(path) && !is_encrypted(path));
        others.sort();
        others.dedup();
        Ok(())
    }

    /// Whether it is a file of ours or of Git's, or a public key: nobody wants these encrypted.
    fn is_tool(&self, path: &Path) -> bool {
        let absolute = folder::absolute(self.session.cwd(), path);
        let left_out =
            self.left_out.as_ref().is_some_and(|(config, names)| absolute == *config || absolute.starts_with(names));
        let named = path.file_name().is_some_and(|found| TOOLS.iter().any(|name| found == *name));
        let public = path.extension().is_some_and(|found| found == "pub");
        left_out || public || named
    }

    /// A folder without any file for us is most likely the wrong folder.
    fn check_found(&self, jobs: &Jobs) -> Result<(), Failure> {
        match (self.folders.as_slice(), jobs.files.as_slice()) {
            ([first, ..], []) => {
                let text = format!("no creation rule matches any file in {}", first.display());
                let failure =
                    Failure::new(Kind::NoRule, text).hint("check the path_regex of the rules against the files' paths");
                let failure = jobs.skipped_links().into_iter().fold(failure, Failure::detail);
                Err(match self.session.config()? {
                    Some(loaded) => failure.detail(format!("the rules are in {}", loaded.name)),
                    None => failure,
                })
            }
            _ => Ok(()),
        }
    }
}

fn one(args: &Args, session: &Session, job: &Job, now: &str) -> Result<Done, Failure> {
    let mut source = job.read()?;
    source.format = args.files.input_type;
    if let Some(path) = &args.filename_override {
        source.named = Some(path.display().to_string());
    }
    if job.found && source.bytes.is_empty() {
        return Ok(Done::Skipped(EMPTY));
    }
    let Parsed { name, document, stamp } = source.parse()?;
    if document.is_encrypted() {
        if job.found && document.is_complete() {
            return Ok(Done::Skipped(ALREADY));
        }
        if !document.is_complete() {
            let text = format!("{name} uses a name that sops keeps for itself (sops, sops_…), but is not encrypted");
            return Err(Failure::new(Kind::AlreadyEncrypted, text).hint("rename it in the file"));
        }
        return Err(Failure::new(Kind::AlreadyEncrypted, format!("{name} is encrypted already"))
            .hint(format!("change it with: sealant edit {name}"))
            .hint(format!("or take a new plain text over with: sealant encrypt -i --onto {name} NEW")));
    }
    let rule_path = args.filename_override.as_deref().or(job.path.as_deref());
    let recipe = match rule_path {
        Some(path) => args.selection.recipe(session, path)?,
        None if args.selection.has_recipients(session) => args.selection.recipe(session, Path::new("-"))?,
        None => {
            return Err(Failure::new(Kind::NoRule, "standard input has no path that a creation rule could match")
                .hint("say which one it stands for: --filename-override PATH, or --age RECIPIENT"));
        }
    };
    let (key, settings) = recipe.prepare(session, now)?;
    let encrypted = match document.encrypt(&key, &settings, None) {
        Ok(encrypted) => encrypted,
        Err(FileError::NothingSelected) if job.found && args.skip_empty => return Ok(Done::Skipped(UNSELECTED)),
        Err(error) => {
            let failure = sopsfile::failure(&name, &error);
            let may_skip = job.found && failure.kind() == Kind::NothingSelected;
            return Err(if may_skip { failure.hint("or leave such files as they are: --skip-empty") } else { failure });
        }
    };
    size::check(&name, encrypted.text.len())?;
    let warnings = sopsfile::clear_copies(&name, &encrypted).into_iter().collect();
    Ok(Done::Text { text: Zeroizing::new(encrypted.text.into_bytes()), values: encrypted.values, stamp, warnings })
}

/// The new text, read as the old file's plain text was.
fn like_old(source: Source, opened: &Opened, old: &Decrypted) -> Result<Plain, Failure> {
    let kind = source.format.or_else(|| source.named.as_deref().and_then(DocumentKind::from_name));
    let wanted = opened.file.kind();
    match kind {
        Some(kind) if kind != wanted => {
            let text = format!("{} is {}, but {} is {}", source.name, kind.word(), opened.name, wanted.word());
            Err(Failure::new(Kind::ConflictingOptions, text).hint("encrypt it as a file of its own"))
        }
        _ => opened.file.parse_plain(source.bytes, old).map_err(|error| sopsfile::failure(&source.name, &error)),
    }
}

/// The new text of an old file.
fn onto(args: &Args, session: &Session, old: &Path) -> Result<(), Failure> {
    if session.json() && args.files.output.is_none() && !args.files.in_place {
        return Err(bulk::json_needs_a_place());
    }
    // where the result goes is OLD's business, so that standard input will do with -i, too
    let new = FileArgs { in_place: false, ..args.files.clone() };
    let jobs = new.jobs(WORDS.verb, &mut |_| true)?;
    let [job] = jobs.files.as_slice() else {
        let text = "--onto takes one new file at a time";
        return Err(Failure::new(Kind::ConflictingOptions, text));
    };
    if job.found {
        let text = "--onto takes a file, not a folder";
        return Err(Failure::new(Kind::ConflictingOptions, text));
    }
    let mut source = job.read()?;
    source.format = args.files.input_type;
    let new_name = source.name.clone();
    if source.clone().parse()?.document.is_encrypted() {
        let text = format!("{new_name} is encrypted already: --onto takes the new plain text");
        return Err(
            Failure::new(Kind::AlreadyEncrypted, text).hint(format!("sealant encrypt -i --onto {} NEW", old.display()))
        );
    }
    let opened = sopsfile::open(session, old)?;
    let old_text = opened.file.text().to_owned();
    let (plain, mut reuse) = opened.decrypt_for_reuse()?;
    sopsfile::warn_unreadable(session, &opened.name, &plain);
    let unchanged = plain.bytes() == source.bytes.as_slice();
    let (text, values) = if unchanged {
        (old_text, 0)
    } else {
        let mut settings = opened.settings(session, &plain);
        settings.allow_empty |= args.selection.allow_empty;
        settings.allow_unrepresentable |= args.selection.allow_unrepresentable;
        let document = like_old(source, &opened, &plain)?;
        let encrypted = document
            .encrypt(&opened.key, &settings, Some(&mut reuse))
            .map_err(|error| sopsfile::failure(&new_name, &error))?;
        size::check(&new_name, encrypted.text.len())?;
        if let Some(text) = sopsfile::clear_copies(&new_name, &encrypted) {
            session.warn(&text);
        }
        (encrypted.text, encrypted.values)
    };
    let to = match &args.files.output {
        None if args.files.in_place && !unchanged => Some((old, opened.stamp)),
        None if args.files.in_place => None,
        Some(path) if output::is_stream(path) => {
            output::to_stream(path, text.as_bytes())?;
            None
        }
        Some(path) => Some((path.as_path(), None)),
        None => {
            output::data(text.as_bytes())?;
            None
        }
    };
    if let Some((path, stamp)) = to {
        session.guard_files();
        let target = Target::resolve(path)?;
        target.check_folder()?;
        let staged = Staged::new(target, text.as_bytes(), WORDS.mode)?;
        let mut batch = Batch::new();
        batch.add(staged, stamp, None);
        batch.commit()?;
    }
    let old = old.display().to_string();
    if unchanged {
        session.say(&format!("{old} is unchanged"));
    } else {
        let s = if values == 1 { "" } else { "s" };
        let to = args.files.output.as_ref().map(|path| format!(" to {}", path.display())).unwrap_or_default();
        session.say(&format!("encrypted {new_name} onto {old}{to} ({values} value{s})"));
    }
    if session.json() {
        let action = if unchanged { UNCHANGED } else { WORDS.past };
        bulk::print_rows(&[&Row { file: old, action, values }])?;
    }
    Ok(())
}
