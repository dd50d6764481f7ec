//! `sealant updatekeys`: files for those whom their creation rules name now. Values, MAC and times keep their bytes.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::rekey::{self, Difference, Fate, Held};
use super::session::Session;
use crate::failure::{Failure, Kind};
use crate::fsio::walk::{Walk, walk};
use crate::fsio::{folder, output, terminal};
use crate::keyservice::report::UPDATE;

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
    #[arg(long)]
    pub check: bool,
}

const EXAMPLES: &str = "\
Somebody who is taken out keeps what he could open before, the data key included: follow with
sealant rotate, and change the values.

Examples:
  sealant updatekeys config/prod/app.yml     shows what changes, and asks
  sealant updatekeys --yes config/
  sealant updatekeys --check config/         for CI";

/// What became of one file.
#[derive(Serialize)]
struct Row {
    file: String,
    changed: bool,
    added: Vec<String>,
    removed: Vec<String>,
}

/// Runs it.
///
/// # Errors
/// No rule for a file, and what keeps it from being opened, wrapped and written; with `--check` files that differ.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let mut rows = Vec::new();
    let mut plain = 0;
    let mut without_rule = 0;
    for path in &args.files {
        if !folder::is_folder(path) {
            rows.push(one(args, session, path)?);
            continue;
        }
        for file in walk(std::slice::from_ref(path), Walk::default())?.files {
            if !super::filestatus::looks_encrypted(&file) {
                plain += 1;
            } else if session.rule_for(&file)?.is_none() {
                without_rule += 1;
            } else {
                rows.push(one(args, session, &file)?);
            }
        }
    }
    if rows.is_empty() {
        session.say(&nothing(plain, without_rule));
    }
    let changed = rows.iter().filter(|row| row.changed).count();
    if session.json() {
        let text = serde_json::to_string_pretty(&rows).map_err(|error| Failure::of(Kind::CannotEmit, &error))?;
        output::data(format!("{text}\n").as_bytes())?;
    }
    if args.check && changed > 0 {
        let s = if changed == 1 { "" } else { "s" };
        let text = format!("{changed} file{s} not for those whom the creation rules name");
        let stale = rows.iter().filter(|row| row.changed).take(MOST_NAMED).map(|row| row.file.as_str());
        let stale: Vec<&str> = stale.collect();
        return Err(Failure::new(Kind::Generic, text).hint(format!("{UPDATE}{}", stale.join(" "))));
    }
    Ok(())
}

/// What is said when folders held nothing for us.
fn nothing(plain: usize, without_rule: usize) -> String {
    let counts = [(plain, "not encrypted"), (without_rule, "encrypted, but without a rule")];
    let counts: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    match counts.as_slice() {
        [] => "nothing to update: no files".to_owned(),
        counts => format!("nothing to update: {}", counts.join(", ")),
    }
}

fn one(args: &Args, session: &Session, path: &Path) -> Result<Row, Failure> {
    let (new, threshold) = rekey::wanted(session, path)?;
    let held = Held::begin(path, None)?;
    let name = held.name.clone();
    let old = rekey::groups_of(&held.file);
    let present = held.file.metadata().shamir_threshold;
    let wanted = match (new.len(), threshold) {
        (0 | 1, _) => 0,
        (groups, 0) => groups,
        (_, threshold) => threshold,
    };
    // with one group the number means nothing, whatever the file says
    let present = if old.len() < 2 && new.len() < 2 { wanted } else { present };
    let difference = Difference::between(&old, &new, (present, wanted));
    let of = |fate| -> Vec<String> {
        let keys = difference.groups.iter().flatten().filter(move |(found, _)| *found == fate);
        keys.map(|(_, key)| key.clone()).collect()
    };
    let mut row =
        Row { file: name.clone(), changed: !difference.is_empty(), added: of(Fate::Added), removed: of(Fate::Removed) };
    if difference.is_empty() {
        session.say(&format!("{name}: up to date"));
        return Ok(row);
    }
    show(session, &name, &difference);
    if args.check {
        return Ok(row);
    }
    if !args.yes {
        if !terminal::stdin_is_terminal() {
            let text = format!("{name}: nobody is there to be asked");
            return Err(Failure::new(Kind::Generic, text).hint("pass --yes, or --check to see what would change"));
        }
        if !terminal::confirm("change it?").unwrap_or(false) {
            session.say(&format!("{name}: left unchanged"));
            row.changed = false;
            return Ok(row);
        }
    }
    let (opened, place) = held.open(session)?;
    let text = rekey::rewrap(session, &opened, &new, threshold).map_err(|error| Failure::from(error).about(&name))?;
    place.replace(session, &text)?;
    session.say(&format!("{name}: synced with its creation rule"));
    Ok(row)
}

fn show(session: &Session, name: &str, difference: &Difference) {
    session.say(&format!("{name}:"));
    let (old, new) = difference.threshold;
    if old != new {
        session.say(&format!("  groups needed: {new} instead of {old}"));
    }
    for (at, group) in difference.groups.iter().enumerate() {
        if difference.groups.len() > 1 {
            session.say(&format!("  key group {}:", at + 1));
        }
        for (fate, key) in group {
            let mark = match fate {
                Fate::Kept => ' ',
                Fate::Added => '+',
                Fate::Removed => '-',
            };
            session.say(&format!("  {mark} {}", shown(session, key)));
        }
    }
}

fn shown(session: &Session, key: &str) -> String {
    session.names_or_none().show(key)
}
