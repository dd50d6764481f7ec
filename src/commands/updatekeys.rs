//! `sealant updatekeys`: files for those whom their creation rules name now. Values, MAC and times keep their bytes.
//!
//! All files of a call are one operation: what changes is found out without any key, then shown and asked for once; every
//! file is opened and wrapped anew before the first is written.

mod plan;

use std::path::PathBuf;

use serde::Serialize;

use self::plan::{Change, Plan};
use super::bulk::{self, Words};
use super::session::Session;
use super::{filestatus, parallel, rekey, sopsfile};
use crate::failure::{Failure, Kind};
use crate::fsio::batch::Batch;
use crate::fsio::terminal::Progress;
use crate::fsio::walk::{Walk, walk};
use crate::fsio::write::{NewMode, Staged};
use crate::fsio::{folder, output, terminal};
use crate::keyservice::report::UPDATE;
use crate::sops::rules::identity;

/// So many files are named in a hint.
const MOST_NAMED: usize = 20;

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Encrypted files and folders
    #[arg(value_name = "FILE|FOLDER", required = true)]
    pub files: Vec<PathBuf>,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// Change nothing; the exit code is 1 when something would change
    #[arg(long, conflicts_with = "dry_run")]
    pub check: bool,
    /// Change nothing; show what would change
    #[arg(long, short = 'n')]
    pub dry_run: bool,
}

const EXAMPLES: &str = "\
All files are changed, or none. What changes is found out without any key: --check and --dry-run
need none.
Somebody who is taken out keeps what he could open before, the data key included: follow with
sealant rotate, and change the values.

Examples:
  sealant updatekeys config/prod/app.yml     shows what changes, and asks
  sealant updatekeys --yes config/
  sealant updatekeys --check config/         for CI";

const WORDS: Words = Words { verb: "update", past: "updated", skipped: &[], mode: NewMode::Public, json_result: false };

/// What became of one file.
#[derive(Serialize)]
struct Row {
    file: String,
    changed: bool,
    added: Vec<String>,
    removed: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold: Option<usize>,
}

/// What was found in folders and is not for us.
#[derive(Default)]
struct LeftOut {
    plain: usize,
    without_rule: usize,
}

/// Runs it.
///
/// # Errors
/// No rule for a file, and what keeps it from being opened, wrapped and written; with `--check` files that differ.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    // once, before all threads want them
    session.config()?;
    session.names_or_none();
    let mut left_out = LeftOut::default();
    let paths = paths(args, session, &mut left_out)?;
    let plans = parallel::map(&paths, |(path, found)| Plan::new(session, path, *found), |_, _| {});
    let plans = succeed(plans, paths.len())?;
    left_out.plain += plans.iter().filter(|plan| plan.is_none()).count();
    let plans: Vec<Plan> = plans.into_iter().flatten().collect();
    if plans.is_empty() {
        session.say(&left_out.nothing());
    }
    show(session, &plans);
    let changed: Vec<&Plan> = plans.iter().filter(|plan| plan.is_change()).collect();
    let only_shown = args.check || args.dry_run;
    let agreed = only_shown || changed.is_empty() || agreed(args, &changed)?;
    if agreed && !only_shown && !changed.is_empty() {
        apply(session, &changed)?;
    } else if !agreed {
        session.say("nothing was changed");
    }
    if session.json() {
        let rows: Vec<Row> = plans.iter().map(|plan| row(plan, agreed)).collect();
        let text = serde_json::to_string_pretty(&rows).map_err(|error| Failure::of(Kind::CannotEmit, &error))?;
        output::data(format!("{text}\n").as_bytes())?;
    }
    if args.check && !changed.is_empty() {
        return Err(stale(&changed));
    }
    Ok(())
}

/// The files that are named, and of folders those that have a rule, with whether they were found; each once.
fn paths(args: &Args, session: &Session, left_out: &mut LeftOut) -> Result<Vec<(PathBuf, bool)>, Failure> {
    let mut paths = Vec::new();
    for path in &args.files {
        if !folder::is_folder(path) {
            paths.push((path.clone(), false));
            continue;
        }
        for file in walk(std::slice::from_ref(path), Walk::default())?.files {
            if session.rule_for(&file)?.is_some() {
                paths.push((file, true));
            } else if filestatus::looks_encrypted(&file) {
                left_out.without_rule += 1;
            } else {
                left_out.plain += 1;
            }
        }
    }
    let mut seen = std::collections::HashSet::new();
    paths.retain(|(path, _)| seen.insert(folder::absolute(session.cwd(), path)));
    Ok(paths)
}

impl LeftOut {
    /// What is said when folders held nothing for us.
    fn nothing(&self) -> String {
        let counts = [(self.plain, "not encrypted"), (self.without_rule, "encrypted, but without a rule")];
        let counts: Vec<String> =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        match counts.as_slice() {
            [] => "nothing to update: no files".to_owned(),
            counts => format!("nothing to update: {}", counts.join(", ")),
        }
    }
}

/// All results, or all failures as one.
fn succeed<T>(results: Vec<Result<T, Failure>>, total: usize) -> Result<Vec<T>, Failure> {
    let mut done = Vec::with_capacity(results.len());
    let mut failures = Vec::new();
    for result in results {
        match result {
            Ok(one) => done.push(one),
            Err(failure) => failures.push(failure),
        }
    }
    if failures.is_empty() { Ok(done) } else { Err(bulk::together(failures, total, WORDS)) }
}

/// The same change of many files is told once.
fn show(session: &Session, plans: &[Plan]) {
    let mut told: Vec<(&Change, Vec<&str>)> = Vec::new();
    let mut current: Vec<&str> = Vec::new();
    for plan in plans {
        let Some(change) = &plan.change else {
            current.push(&plan.name);
            continue;
        };
        match told.iter_mut().find(|(known, _)| *known == change) {
            Some((_, files)) => files.push(&plan.name),
            None => told.push((change, vec![&plan.name])),
        }
    }
    for (change, files) in told {
        session.say(&match files.as_slice() {
            [one] => format!("{one}:"),
            files => format!("{} files ({}):", files.len(), listed(files)),
        });
        change.lines(session.names_or_none()).iter().for_each(|line| session.say(&format!("  {line}")));
    }
    match current.as_slice() {
        [] => {}
        [one] => session.say(&format!("{one}: up to date")),
        files => session.say(&format!("{} files are up to date", files.len())),
    }
}

/// `a, b, c and 9 more`.
fn listed(files: &[&str]) -> String {
    const SHOWN: usize = 5;
    let more = files.len().saturating_sub(SHOWN);
    let shown = files.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

fn agreed(args: &Args, changed: &[&Plan]) -> Result<bool, Failure> {
    if args.yes {
        return Ok(true);
    }
    let (what, question) = match changed {
        [one] => (one.name.clone(), "change it?".to_owned()),
        all => (format!("{} files would change", all.len()), format!("change {} files?", all.len())),
    };
    if !terminal::stdin_is_terminal() {
        let text = format!("{what}: nobody is there to be asked");
        return Err(Failure::new(Kind::Generic, text).hint("pass --yes, or --dry-run to see what would change"));
    }
    Ok(terminal::confirm(&question).unwrap_or(false))
}

/// Opens and wraps all files on all cores, then writes them.
fn apply(session: &Session, changed: &[&Plan]) -> Result<(), Failure> {
    session.guard_files();
    // once, before all threads want it
    session.ring()?;
    let mut progress = Progress::new(&session.env);
    let work = |plan: &&Plan| -> Result<Staged, Failure> {
        let opened = sopsfile::unlock(session, plan.name.clone(), plan.take_file()?, None)?;
        let text = rekey::rewrap(session, &opened, &plan.groups, plan.threshold)
            .map_err(|error| Failure::from(error).about(&plan.name))?;
        let staged = Staged::new(plan.target.clone(), text.as_bytes(), WORDS.mode)?;
        // the disk is waited for while others compute
        Ok(parallel::waiting(true, || staged.synced())?)
    };
    let staged = parallel::map(changed, work, |done, plan| {
        if !session.global.quiet {
            progress.show(done, changed.len(), &plan.name);
        }
    });
    progress.clear();
    let mut batch = Batch::new();
    for (staged, plan) in succeed(staged, changed.len())?.into_iter().zip(changed) {
        batch.add(staged, Some(plan.stamp.clone()), None);
    }
    batch.commit()?;
    session.say(&match changed {
        [one] => format!("{}: synced with its creation rule", one.name),
        all => format!("{} files: synced with their creation rules", all.len()),
    });
    Ok(())
}

fn row(plan: &Plan, done: bool) -> Row {
    let Some(change) = &plan.change else {
        return Row { file: plan.name.clone(), changed: false, added: vec![], removed: vec![], threshold: None };
    };
    let of = |wanted| change.of(wanted).map(identity).collect();
    Row {
        file: plan.name.clone(),
        changed: done,
        added: of(rekey::Fate::Added),
        removed: of(rekey::Fate::Removed),
        threshold: change.new_threshold(),
    }
}

/// What `--check` says at the end.
fn stale(changed: &[&Plan]) -> Failure {
    let s = if changed.len() == 1 { "" } else { "s" };
    let text = format!("{} file{s} not for those whom the creation rules name", changed.len());
    let named: Vec<&str> = changed.iter().take(MOST_NAMED).map(|plan| plan.name.as_str()).collect();
    let failure = Failure::new(Kind::Generic, text);
    let moved = changed.iter().filter(|plan| plan.is_strange()).map(|plan| plan.name.as_str()).collect::<Vec<_>>();
    let failure = match moved.as_slice() {
        [] => failure,
        files => failure
            .detail(format!("nobody they are for is in their rule; were they moved or copied? {}", listed(files))),
    };
    failure.hint(format!("{UPDATE}{}", named.join(" ")))
}
