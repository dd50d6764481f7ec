//! Many files in one call: plan, work, stage, commit. Nothing is written unless everything worked.
//!
//! A command gives the work for one file; everything else is the same for all of them.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::Serialize;
use zeroize::Zeroizing;

use super::session::Session;
use super::sopsfile::Source;
use super::{formats, parallel};
use crate::document::kind::DocumentKind;
use crate::failure::{Failure, Kind};
use crate::fsio::batch::Batch;
use crate::fsio::printable::sanitize;
use crate::fsio::read::Stamp;
use crate::fsio::target::Target;
use crate::fsio::terminal::{Progress, stdin_is_terminal};
use crate::fsio::walk::{Walk, walk};
use crate::fsio::write::{NewMode, Staged};
use crate::fsio::{folder, output};
use crate::keyservice::report::UPDATE;

/// So many failing files are named; the others are counted.
const MOST_NAMED: usize = 20;
/// So many links that were skipped are named.
const MOST_LINKS: usize = 5;
/// Why a link is skipped.
const LINK: &str = "symbolic link";
/// So many files without a rule are named.
const MOST_OTHERS: usize = 10;
/// Why a file in which the rule selects no value is skipped. Such files are named: most likely a rule has a gap.
pub const UNSELECTED: &str = "without a selected value";
/// Why a file below a folder was not even looked at.
const NO_RULE: &str = "no rule";

/// What the command line says about files.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct FileArgs {
    /// Files and folders; `-`, or nothing with a pipe, is standard input
    #[arg(value_name = "FILE|FOLDER")]
    pub files: Vec<PathBuf>,
    /// Replace each file by the result
    #[arg(long, short, group = "destination")]
    pub in_place: bool,
    /// Write the result there
    #[arg(long, short, value_name = "FILE", group = "destination")]
    pub output: Option<PathBuf>,
    /// Write the results there: DIR/NAME, for a folder's files DIR/PATH-BELOW-IT
    #[arg(long, value_name = "DIR", group = "destination")]
    pub output_dir: Option<PathBuf>,
    /// The format of the input, where content and name do not say it: yaml, json, dotenv, ini, binary, toml, hcl or properties
    #[arg(long, value_name = "TYPE", value_parser = formats::parse)]
    pub input_type: Option<DocumentKind>,
}

/// One file of a call.
#[derive(Clone, Debug)]
pub struct Job {
    /// Where it is; `None` for standard input.
    pub path: Option<PathBuf>,
    /// It was found below a folder, not named.
    pub found: bool,
    /// Its path below `--output-dir`.
    relative: PathBuf,
}

impl Job {
    /// Reads the file.
    ///
    /// # Errors
    /// As [`Source::file`].
    pub fn read(&self) -> Result<Source, Failure> {
        match &self.path {
            Some(path) => Source::file(path),
            None => Source::stdin(),
        }
    }

    fn name(&self) -> String {
        match &self.path {
            Some(path) => path.display().to_string(),
            None => "standard input".into(),
        }
    }
}

/// The files of a call.
#[derive(Clone, Debug, Default)]
pub struct Jobs {
    /// Those to work on.
    pub files: Vec<Job>,
    /// Symbolic links below folders: they are not followed.
    pub links: Vec<PathBuf>,
    /// Files below folders that were not wanted. The summary names them: whoever does not want that empties the list.
    pub others: Vec<PathBuf>,
}

impl Jobs {
    /// What is said about links: what they lead to was perhaps meant, too.
    pub fn skipped_links(&self) -> Option<String> {
        let shown: Vec<String> = self.links.iter().take(MOST_LINKS).map(|link| link.display().to_string()).collect();
        let more = match self.links.len().saturating_sub(MOST_LINKS) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let count = counted(self.links.len(), LINK);
        (!shown.is_empty())
            .then(|| format!("skipped {count}: {}{more} (a link is taken when it is named)", shown.join(", ")))
    }
}

/// What became of one file.
#[derive(Debug)]
pub enum Done {
    /// A result to write.
    Text {
        /// The file's new content.
        text: Zeroizing<Vec<u8>>,
        /// How many values were worked on.
        values: usize,
        /// What the file was when it was read.
        stamp: Option<Stamp>,
        /// What to say about it.
        warnings: Vec<String>,
    },
    /// Nothing to do; the reason is one of [`Words::skipped`].
    Skipped(&'static str),
}

/// How a command speaks of its work.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// `encrypt`.
    pub verb: &'static str,
    /// `encrypted`.
    pub past: &'static str,
    /// The reasons for skipping, in the order of the summary.
    pub skipped: &'static [&'static str],
    /// The mode of files that are written.
    pub mode: NewMode,
    /// `--json` is about the result, not about what was done.
    pub json_result: bool,
}

/// Where results go.
enum Destination<'a> {
    Stdout,
    File(&'a Path),
    InPlace,
    Dir(&'a Path),
}

impl FileArgs {
    /// The files to work on. Below folders those that `wanted` takes.
    ///
    /// # Errors
    /// No file, a missing file, options that do not fit.
    pub fn jobs(&self, verb: &str, wanted: &mut dyn FnMut(&Path) -> bool) -> Result<Jobs, Failure> {
        let stdin = [PathBuf::from("-")];
        let none = self.files.is_empty();
        if none && stdin_is_terminal() {
            return Err(Failure::new(Kind::NoFile, "no file was named")
                .hint(format!("sealant {verb} FILE, or sealant {verb} --help")));
        }
        if none || self.files == stdin {
            if self.in_place || self.output_dir.is_some() {
                return Err(conflict("standard input has no place: use --output, or name a file"));
            }
            let stdin = Job { path: None, found: false, relative: PathBuf::new() };
            return Ok(Jobs { files: vec![stdin], ..Jobs::default() });
        }
        if self.files.contains(&stdin[0]) {
            return Err(conflict("standard input (-) cannot be mixed with files: name only one"));
        }
        let (mut jobs, folders) = self.collect(verb, wanted)?;
        // the same file for certain when there is but one argument
        if self.files.len() > 1 {
            take_once(&mut jobs);
        }
        if self.output.as_deref().is_some_and(|path| path.as_os_str() == "-") {
            return Err(conflict("--output names a file: leave it out for standard output"));
        }
        if (folders || jobs.files.len() > 1) && !self.in_place && self.output_dir.is_none() {
            return Err(conflict("several files need --in-place (-i) or --output-dir DIR"));
        }
        Ok(jobs)
    }

    /// All files that are named or found, and whether a folder was named.
    fn collect(&self, verb: &str, wanted: &mut dyn FnMut(&Path) -> bool) -> Result<(Jobs, bool), Failure> {
        let mut jobs = Jobs::default();
        let mut folders = false;
        for path in &self.files {
            if !folder::is_folder(path) {
                jobs.files.push(Job {
                    path: Some(path.clone()),
                    found: false,
                    relative: path.file_name().unwrap_or_default().into(),
                });
                continue;
            }
            folders = true;
            // what Git does not see needs no ciphertext, and a program beside it reads it as it is
            let skip_git_ignored = self.in_place && verb == "encrypt";
            let found = walk(std::slice::from_ref(path), Walk { skip_git_ignored, ..Walk::default() })?;
            jobs.links.extend(found.links.into_iter().filter(|link| is_missed(link, wanted)));
            for file in found.files {
                if wanted(&file) {
                    let relative = file.strip_prefix(path).unwrap_or(&file).to_owned();
                    jobs.files.push(Job { path: Some(file), found: true, relative });
                } else {
                    jobs.others.push(file);
                }
            }
        }
        Ok((jobs, folders))
    }

    fn destination(&self) -> Destination<'_> {
        match (&self.output, &self.output_dir) {
            (Some(file), _) => Destination::File(file),
            (_, Some(dir)) => Destination::Dir(dir),
            _ if self.in_place => Destination::InPlace,
            _ => Destination::Stdout,
        }
    }
}

/// Whether there would be work behind a link. In a folder behind it we look around; a large one counts as work.
fn is_missed(link: &Path, wanted: &mut dyn FnMut(&Path) -> bool) -> bool {
    let around = Walk { max_files: 1000, max_depth: 8, ..Walk::default() };
    wanted(link)
        || folder::is_folder(link)
            && walk(&[link.to_owned()], around).map_or(true, |found| found.files.iter().any(|file| wanted(file)))
}

/// A file that is named twice, or named and also below a named folder, is one file, however it is spelled. A link and what it
/// leads to stay two: they may have different rules.
fn take_once(jobs: &mut Jobs) {
    let Jobs { files: jobs, links, .. } = jobs;
    let mut real: HashMap<PathBuf, PathBuf> = HashMap::new();
    let mut place = |path: &Path| {
        let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        let folder = real.entry(folder.to_owned()).or_insert_with(|| folder::real(folder));
        folder.join(path.file_name().unwrap_or_default())
    };
    let places: Vec<Option<PathBuf>> = jobs.iter().map(|job| job.path.as_deref().map(&mut place)).collect();
    let named: HashSet<&PathBuf> =
        jobs.iter().zip(&places).filter(|(job, _)| !job.found).filter_map(|(_, place)| place.as_ref()).collect();
    let mut linked = HashSet::new();
    links.retain(|link| {
        let place = place(link);
        !named.contains(&place) && linked.insert(place)
    });
    let mut seen = HashSet::new();
    let mut keep = jobs
        .iter()
        .zip(&places)
        .map(|(job, place)| match place {
            Some(place) => !(job.found && named.contains(place)) && seen.insert(place),
            None => true,
        })
        .collect::<Vec<bool>>()
        .into_iter();
    jobs.retain(|_| keep.next().unwrap_or(true));
}

fn conflict(text: &str) -> Failure {
    Failure::new(Kind::ConflictingOptions, text)
}

/// The failure for a result and its summary that would both go to standard output.
pub fn json_needs_a_place() -> Failure {
    conflict("--json needs -i, --output or --output-dir: standard output holds the result")
}

/// A file that is done, and where its result goes.
struct Planned<'a> {
    job: &'a Job,
    done: Done,
    target: Option<Target>,
}

/// Does `work` for all jobs on all cores, then writes all results.
///
/// # Errors
/// All that failed, together; nothing was written then.
pub fn run(
    session: &Session,
    args: &FileArgs,
    jobs: &Jobs,
    words: Words,
    work: impl Fn(&Job) -> Result<Done, Failure> + Sync,
) -> Result<(), Failure> {
    let files = jobs.files.as_slice();
    let destination = args.destination();
    if session.json() && !words.json_result && matches!(destination, Destination::Stdout) {
        return Err(json_needs_a_place());
    }
    if let Destination::Dir(dir) = destination {
        refuse_twins(dir, files)?;
    }
    let mut progress = Progress::new(&session.env);
    let plan = |job: &Job| -> Result<(Option<Target>, Done), Failure> {
        // before the work: a file that cannot be written need not be opened
        let target = target(&destination, job)?;
        Ok((target, work(job)?))
    };
    let plans = parallel::map(files, plan, |done, job| {
        if !session.global.quiet {
            progress.show(done, files.len(), &job.name());
        }
    });
    progress.clear();
    let mut planned = Vec::with_capacity(plans.len());
    let mut failures = Vec::new();
    for (job, plan) in files.iter().zip(plans) {
        match plan {
            Ok((target, done)) => planned.push(Planned { job, done, target }),
            Err(failure) => failures.push(failure),
        }
    }
    if !failures.is_empty() {
        return Err(together(failures, files.len(), words));
    }
    for one in &planned {
        if let Done::Text { warnings, .. } = &one.done {
            warnings.iter().for_each(|text| session.warn(text));
        }
    }
    if let Some(text) = jobs.skipped_links() {
        session.warn(&text);
    }
    let report = Report::new(&planned, jobs, words, &destination);
    let texts = planned.iter().filter_map(|one| match &one.done {
        Done::Text { text, .. } => Some(text),
        Done::Skipped(_) => None,
    });
    match destination {
        Destination::Stdout => {
            for text in texts {
                output::data(text)?;
            }
            return Ok(());
        }
        Destination::File(path) if output::is_stream(path) => {
            for text in texts {
                output::to_stream(path, text)?;
            }
            return report.print(session);
        }
        _ => {}
    }
    // in place a file stays as open as its owner made it, as with sops; elsewhere it was made for something else
    let mode = match (words.mode, &destination) {
        (NewMode::Private, Destination::File(_) | Destination::Dir(_)) => NewMode::OwnerOnly,
        (mode, _) => mode,
    };
    write_all(session, planned, mode)?;
    report.print(session)
}

/// Two files of the same name would become one.
fn refuse_twins(dir: &Path, jobs: &[Job]) -> Result<(), Failure> {
    let mut seen: HashMap<&Path, &Job> = HashMap::new();
    for job in jobs {
        if let Some(first) = seen.insert(&job.relative, job) {
            let to = dir.join(&job.relative);
            let text = format!("{} and {} would both become {}", first.name(), job.name(), to.display());
            return Err(Failure::new(Kind::OddTarget, text)
                .hint("name the folder that holds both, or write to two folders in two calls"));
        }
    }
    Ok(())
}

fn target(destination: &Destination<'_>, job: &Job) -> Result<Option<Target>, Failure> {
    let path = match (destination, &job.path) {
        (Destination::File(path), _) if output::is_stream(path) => return Ok(None),
        (Destination::File(path), _) => path.to_path_buf(),
        (Destination::InPlace, Some(path)) => path.clone(),
        (Destination::Dir(dir), _) => dir.join(&job.relative),
        (Destination::Stdout | Destination::InPlace, _) => return Ok(None),
    };
    let target = Target::resolve(&path)?;
    target.check_folder()?;
    Ok(Some(target))
}

fn write_all(session: &Session, planned: Vec<Planned<'_>>, mode: NewMode) -> Result<(), Failure> {
    session.guard_files();
    let private = mode != NewMode::Public;
    let mut folders = HashSet::new();
    let mut texts = Vec::new();
    for one in planned {
        let (Some(target), Done::Text { text, stamp, .. }) = (one.target, one.done) else {
            continue;
        };
        let at = target.folder().to_owned();
        if target.existing.is_none() && folders.insert(at.clone()) && !folder::exists(&at) {
            folder::make(&at, private)?;
        }
        // what was read says nothing about a file that is somewhere else
        let in_place = one.job.path.as_ref() == Some(&target.named);
        texts.push((target, text, stamp.filter(|_| in_place)));
    }
    let staged = parallel::map(&texts, |(target, text, _)| Staged::new(target.clone(), text, mode), |_, _| {});
    let mut batch = Batch::new();
    for (staged, (_, _, stamp)) in staged.into_iter().zip(texts) {
        batch.add(staged?, stamp, None);
    }
    Ok(batch.commit()?)
}

/// One failure of all; a single one as it is.
pub(super) fn together(mut failures: Vec<Failure>, total: usize, words: Words) -> Failure {
    if failures.len() == 1 && total == 1 {
        return failures.remove(0);
    }
    let files = if total == 1 { "file" } else { "files" };
    let mut failure = Failure::new(
        failures[0].kind(),
        format!("{} of {total} {files} cannot be {}; nothing was written", failures.len(), words.past),
    );
    for one in failures.iter().take(MOST_NAMED) {
        failure = failure.detail(one.message());
        // with one culprit there is room for all that is known about it
        if failures.len() == 1 {
            failure = one.details().iter().fold(failure, |failure, line| failure.detail(format!("  {line}")));
        }
    }
    if failures.len() > MOST_NAMED {
        failure = failure.detail(format!("and {} more", failures.len() - MOST_NAMED));
    }
    hints_of(&failures).into_iter().fold(failure, Failure::hint)
}

/// The hints of all, each once; those that name a command for files become one with all its files.
fn hints_of(failures: &[Failure]) -> Vec<String> {
    let mut hints: Vec<(String, usize)> = Vec::new();
    for hint in failures.iter().flat_map(Failure::hints) {
        let command = hint.find(UPDATE).map(|at| hint.split_at(at + UPDATE.len()));
        let known = hints.iter().position(|(known, _)| match command {
            Some((start, _)) => known.starts_with(start),
            None => known == hint,
        });
        match (known, command) {
            (Some(at), Some((_, file))) if hints[at].1 < MOST_NAMED => {
                hints[at].0.push_str(&format!(" {file}"));
                hints[at].1 += 1;
            }
            (None, _) if hints.len() < 3 => hints.push((hint.clone(), 1)),
            _ => {}
        }
    }
    hints.into_iter().map(|(hint, _)| hint).collect()
}

/// What was done, for people and for scripts.
struct Report {
    rows: Vec<Row>,
    links: Vec<Row>,
    /// Files that no rule matches.
    others: Vec<Row>,
    words: Words,
    /// Where results went, unless that is where they came from.
    to: Option<String>,
}

/// One file in the result that `--json` asks for.
#[derive(Serialize)]
pub struct Row {
    /// The file.
    pub file: String,
    /// What was done with it, or why nothing was.
    pub action: &'static str,
    /// How many values were worked on.
    pub values: usize,
}

/// Prints what `--json` asks for when files were worked on.
///
/// # Errors
/// What the file system says of standard output.
pub fn print_rows(rows: &[&Row]) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(rows).map_err(|error| Failure::of(Kind::CannotEmit, &error))?;
    text.push('\n');
    Ok(output::data(text.as_bytes())?)
}

impl Report {
    fn new(planned: &[Planned<'_>], jobs: &Jobs, words: Words, destination: &Destination<'_>) -> Self {
        let row = |one: &Planned<'_>| {
            let (action, values) = match &one.done {
                Done::Text { values, .. } => (words.past, *values),
                Done::Skipped(why) => (*why, 0),
            };
            Row { file: one.job.name(), action, values }
        };
        let idle = |action| move |path: &PathBuf| Row { file: path.display().to_string(), action, values: 0 };
        let to = match destination {
            Destination::File(path) | Destination::Dir(path) => Some(path.display().to_string()),
            Destination::Stdout | Destination::InPlace => None,
        };
        let rows = planned.iter().map(row).collect();
        let links = jobs.links.iter().map(idle(LINK)).collect();
        let others = jobs.others.iter().map(idle(NO_RULE)).collect();
        Self { rows, links, others, words, to }
    }

    fn print(&self, session: &Session) -> Result<(), Failure> {
        session.say(&self.summary());
        if session.json() && !self.words.json_result {
            let rows: Vec<&Row> = self.rows.iter().chain(&self.links).chain(&self.others).collect();
            print_rows(&rows)?;
        }
        Ok(())
    }

    /// `encrypted 15 files to out (212 values), 3 already encrypted`.
    fn summary(&self) -> String {
        let done: Vec<&Row> = self.rows.iter().filter(|row| row.action == self.words.past).collect();
        let values: usize = done.iter().map(|row| row.values).sum();
        let what = match done.as_slice() {
            [one] if self.rows.len() == 1 => sanitize(&one.file).into_owned(),
            _ => counted(done.len(), "file"),
        };
        let mut text = match done.len() {
            0 => format!("nothing to {}", self.words.verb),
            _ => {
                let to = self.to.as_ref().map(|to| format!(" to {}", sanitize(to))).unwrap_or_default();
                format!("{} {what}{to} ({})", self.words.past, counted(values, "value"))
            }
        };
        for why in self.words.skipped {
            let count = self.rows.iter().filter(|row| row.action == *why).count();
            if count > 0 {
                let separator = if done.is_empty() && !text.contains(':') { ':' } else { ',' };
                text.push_str(&format!("{separator} {count} {why}"));
                if *why == UNSELECTED {
                    let skipped: Vec<&Row> = self.rows.iter().filter(|row| row.action == *why).collect();
                    text.push_str(&format!(" ({})", names_of(&skipped)));
                }
            }
        }
        text.push_str(&self.without_rule());
        text
    }
}

impl Report {
    /// `; 4 without a rule: config/.env.prod, …`: most likely some of them were meant, too.
    fn without_rule(&self) -> String {
        let count = self.others.len();
        if count == 0 {
            return String::new();
        }
        let others: Vec<&Row> = self.others.iter().collect();
        format!("; {count} without a rule: {}", names_of(&others))
    }
}

/// The files of rows, up to [`MOST_OTHERS`] of them.
fn names_of(rows: &[&Row]) -> String {
    let name = |row: &&Row| sanitize(row.file.strip_prefix("./").unwrap_or(&row.file)).into_owned();
    let shown: Vec<String> = rows.iter().take(MOST_OTHERS).map(name).collect();
    let more = match rows.len().saturating_sub(MOST_OTHERS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", shown.join(", "))
}

fn counted(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_for_many_files_become_one_command() {
        let hint = |file: &str| format!("ask bob to run: {UPDATE}{file}");
        let failure = |file: &str| Failure::new(Kind::CannotOpen, file).hint(hint(file)).hint("or give up");
        assert_eq!(hints_of(&[failure("a"), failure("b")]), [hint("a b"), "or give up".to_owned()]);
        let other = Failure::new(Kind::CannotOpen, "c").hint(format!("ask carol to run: {UPDATE}c"));
        assert_eq!(hints_of(&[failure("a"), other])[2], "ask carol to run: sealant updatekeys c");
        let many: Vec<Failure> = (0..99).map(|at| failure(&at.to_string())).collect();
        assert!(hints_of(&many)[0].ends_with(" 18 19"));
    }
}
