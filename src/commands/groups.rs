//! `sealant groups`: the key groups of a file. A key of each of so many groups as the file states is needed to open it.
//! Unlike sops, which then loses the data key, it fails when somebody cannot be given a share.

use std::path::PathBuf;

use serde_json::json;

use super::keyargs;
use super::policy::threshold;
use super::rekey::{self, Difference, Fate, Groups, Held};
use super::session::Session;
use super::sopsfile::{self, Source};
use crate::failure::{Failure, Kind};
use crate::fsio::{output, terminal};
use crate::keyservice::{Names, names};
use crate::sops::file::SopsFile;
use crate::sops::rules::identity;

const EXAMPLES: &str = "\
In a file with several groups each group has a share of the data key, and so many shares as the
threshold says open it: one key of each of so many groups. Groups are counted from 1. The creation
rule is not changed: put the groups there, too, or updatekeys undoes it.

Examples:
  sealant groups list config/prod/app.yml
  sealant groups add config/prod/app.yml carol pgp:FBC7… --threshold 2
  sealant groups delete config/prod/app.yml 2
  sealant groups threshold config/prod/app.yml 2";

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// What to do with the groups.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Show the groups of a file; needs no key
    List {
        /// The encrypted file
        file: PathBuf,
    },
    /// Add a group of keys
    Add {
        /// The encrypted file
        file: PathBuf,
        /// Names in keys/, or keys of any kind
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<String>,
        /// How many groups are needed from now on [default: as before; of a file with one group both]
        #[arg(long, value_name = "N")]
        threshold: Option<usize>,
        /// What is shared by all that write.
        #[command(flatten)]
        change: Change,
    },
    /// Delete a group
    Delete {
        /// The encrypted file
        file: PathBuf,
        /// Which one, from 1
        #[arg(value_name = "GROUP")]
        number: usize,
        /// How many groups are needed from now on [default: as before]
        #[arg(long, value_name = "N")]
        threshold: Option<usize>,
        /// What is shared by all that write.
        #[command(flatten)]
        change: Change,
    },
    /// Say how many groups are needed
    Threshold {
        /// The encrypted file
        file: PathBuf,
        /// How many
        #[arg(value_name = "N")]
        threshold: usize,
        /// What is shared by all that write.
        #[command(flatten)]
        change: Change,
    },
}

/// Options of all that write.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Change {
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
    /// Change nothing; show what would change
    #[arg(long, short = 'n')]
    pub dry_run: bool,
}

/// Runs it.
///
/// # Errors
/// What would lose the data key or could never be met; what keeps the file from being opened, wrapped and written.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    match &args.command {
        Command::List { file } => list(session, file),
        Command::Add { file, keys, threshold, change } => {
            let added = keyargs::parse(session, "the keys", "", keys, "")?;
            write(session, file, *change, *threshold, |groups| {
                groups.push(added.clone());
                Ok(())
            })
        }
        Command::Delete { file, number, threshold, change } => write(session, file, *change, *threshold, |groups| {
            if *number == 0 || *number > groups.len() {
                let text = format!("there is no key group {number}: the file has {}", groups.len());
                return Err(Failure::new(Kind::Generic, text).hint("they are counted from 1: sealant groups list"));
            }
            if groups.len() == 1 {
                let text = "the only key group cannot be deleted: nobody could open the file";
                return Err(Failure::new(Kind::Generic, text));
            }
            groups.remove(number - 1);
            Ok(())
        }),
        Command::Threshold { file, threshold, change } => write(session, file, *change, Some(*threshold), |_| Ok(())),
    }
}

fn list(session: &Session, path: &std::path::Path) -> Result<(), Failure> {
    let parsed = Source::file(path)?.parse()?;
    let file = SopsFile::from_plain(parsed.document).map_err(|error| sopsfile::failure(&parsed.name, &error))?;
    let groups = rekey::groups_of(&file);
    let needed = threshold(groups.len(), file.metadata().shamir_threshold).max(1);
    let names = session.names_or_none();
    if session.json() {
        let key =
            |key: &_| json!({"kind": names::kind_word(key), "name": names.name_of(key), "recipient": identity(key)});
        let groups: Vec<Vec<_>> = groups.iter().map(|group| group.iter().map(key).collect()).collect();
        let text = json!({"file": parsed.name, "groups_needed": needed, "groups": groups});
        return Ok(output::data(format!("{text}\n").as_bytes())?);
    }
    let mut text = match groups.len() {
        1 => format!("{}: one key group, any key of it opens the file\n", parsed.name),
        all => format!("{}: {needed} of its {all} key groups are needed, one key of each\n", parsed.name),
    };
    for (at, group) in groups.iter().enumerate() {
        let keys: Vec<String> = group.iter().map(|key| names.show_key(key)).collect();
        text.push_str(&format!("  {}: {}\n", at + 1, keys.join(", ")));
    }
    Ok(output::data(text.as_bytes())?)
}

fn write(
    session: &Session,
    path: &std::path::Path,
    how: Change,
    given: Option<usize>,
    change: impl FnOnce(&mut Groups) -> Result<(), Failure>,
) -> Result<(), Failure> {
    sopsfile::no_folder(path)?;
    let held = Held::begin(path, None)?;
    let name = held.name.clone();
    let old = rekey::groups_of(&held.file);
    let stated = held.file.metadata().shamir_threshold;
    let mut new = old.clone();
    change(&mut new).map_err(|failure| failure.about(&name))?;
    if let Some(empty) = new.iter().position(Vec::is_empty) {
        return Err(Failure::new(Kind::Generic, format!("{name}: key group {} would have no keys", empty + 1)));
    }
    let wanted = fitting(&new, stated, given).map_err(|failure| failure.about(&name))?;
    let present = threshold(old.len(), stated);
    let difference = Difference::between(&old, &new, (present, wanted));
    if difference.is_empty() {
        session.say(&format!("{name}: nothing changes"));
        return Ok(());
    }
    lines(session.names_or_none(), &name, &difference, new.len()).iter().for_each(|line| session.say(line));
    if how.dry_run {
        return Ok(());
    }
    if !how.yes && !agreed(&name)? {
        session.say(&format!("{name}: left unchanged"));
        return Ok(());
    }
    let (opened, place) = held.open(session)?;
    let text = rekey::rewrap(session, &opened, &new, wanted).map_err(|error| Failure::from(error).about(&name))?;
    place.replace(session, &text)?;
    session.say(&format!("{name}: changed"));
    if difference.groups.iter().flatten().any(|(fate, _)| *fate == Fate::Removed) {
        session.say("whoever was taken out may have kept the data key: follow with sealant rotate");
    }
    Ok(())
}

fn agreed(name: &str) -> Result<bool, Failure> {
    if !terminal::stdin_is_terminal() {
        let text = format!("{name}: nobody is there to be asked");
        return Err(Failure::new(Kind::Generic, text).hint("pass --yes, or --dry-run to see what would change"));
    }
    Ok(terminal::confirm("change it?").unwrap_or(false))
}

/// The threshold for the new groups: as given, else as it was; refused when it could not be met, or were none.
fn fitting(new: &Groups, stated: usize, given: Option<usize>) -> Result<usize, Failure> {
    let groups = new.len();
    let refuse = |text: String, hint: String| Err(Failure::new(Kind::Generic, text).hint(hint));
    match (groups, given) {
        // one key alone instead of several: nobody should get that without saying so
        (1, None) if stated > 1 => {
            return refuse(
                format!("{stated} key groups are needed, but one would be left"),
                "if any key of it may open the file alone from now on: --threshold 1".into(),
            );
        }
        (1, None | Some(0 | 1)) => return Ok(0),
        (1, Some(number)) => {
            return refuse(
                format!("{number} key groups would be needed, but there is one: nobody could open the file"),
                "add groups first: sealant groups add".into(),
            );
        }
        _ => {}
    }
    let wanted = given.unwrap_or(stated);
    match wanted {
        0 => Ok(groups),
        // a file that stated less never had what it promised
        1 if given.is_none() => Ok(groups),
        1 => refuse(
            "with several key groups a threshold of 1 is none: each group would have the whole key".into(),
            "put all keys that may open the file alone into one group".into(),
        ),
        wanted if wanted > groups => refuse(
            format!("{wanted} key groups would be needed, but there are {groups}: nobody could open the file"),
            format!("say how many are to be needed: --threshold {groups}"),
        ),
        wanted => Ok(wanted),
    }
}

fn lines(names: &Names, file: &str, difference: &Difference, groups: usize) -> Vec<String> {
    let mut lines = vec![format!("{file}:")];
    let (old, new) = difference.threshold;
    if old != new {
        let old = if old == 0 { "the only one".to_owned() } else { old.to_string() };
        let new = if new == 0 { "the only one".to_owned() } else { format!("{new} of {groups}") };
        lines.push(format!("  groups needed: {new} instead of {old}"));
    }
    for (at, group) in difference.groups.iter().enumerate() {
        lines.push(format!("  key group {}:", at + 1));
        for (fate, key) in group {
            let mark = match fate {
                Fate::Kept => ' ',
                Fate::Added => '+',
                Fate::Removed => '-',
            };
            lines.push(format!("    {mark} {}", names.show_key(key)));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sops::key::MasterKey;

    #[test]
    fn thresholds_that_cannot_be_are_refused() {
        let key = MasterKey::Age { recipient: "age1x".into() };
        let groups = |count| vec![vec![key.clone()]; count];
        let fit = |count, stated, given| fitting(&groups(count), stated, given).map_err(|failure| failure.to_string());
        assert_eq!((fit(1, 0, None), fit(2, 0, None), fit(3, 2, None)), (Ok(0), Ok(2), Ok(2)));
        assert!(fit(1, 2, None).unwrap_err().contains("2 key groups are needed, but one would be left"));
        assert_eq!((fit(2, 1, None), fit(3, 0, Some(2)), fit(1, 0, Some(1))), (Ok(2), Ok(2), Ok(0)));
        assert!(fit(2, 0, Some(1)).unwrap_err().contains("a threshold of 1 is none"));
        assert!(fit(2, 3, None).unwrap_err().contains("3 key groups would be needed, but there are 2"));
        assert!(fit(2, 0, Some(4)).unwrap_err().contains("but there are 2"));
        assert!(fit(1, 0, Some(2)).unwrap_err().contains("but there is one"));
    }
}
