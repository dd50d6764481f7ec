//! What is to become of one file: found out without any key.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::commands::filestatus;
use crate::commands::policy::threshold;
use crate::commands::rekey::{self, Difference, Fate, Groups};
use crate::commands::session::Session;
use crate::commands::sopsfile::{self, Source};
use crate::failure::{Failure, Kind};
use crate::fsio::read::Stamp;
use crate::fsio::target::Target;
use crate::keyservice::Names;
use crate::sops::file::SopsFile;
use crate::sops::key::MasterKey;

/// One file and what its rule wants.
#[derive(Debug)]
pub struct Plan {
    /// The name for messages.
    pub name: String,
    /// The file as it is, until somebody works on it.
    file: Mutex<Option<SopsFile>>,
    /// What it was when it was read.
    pub stamp: Stamp,
    /// Where its successor goes.
    pub target: Target,
    /// The keys that the rule names.
    pub groups: Groups,
    /// The threshold that the file will state.
    pub threshold: usize,
    /// What changes; `None` when nothing does.
    pub change: Option<Change>,
}

/// What changes.
#[derive(PartialEq, Eq, Debug)]
pub struct Change {
    difference: Difference,
}

impl Plan {
    /// Reads a file and compares it with its rule; `None` for one that was found below a folder and is not ours.
    ///
    /// # Errors
    /// No rule, a rule without keys; read-only, not readable, not encrypted.
    pub fn new(session: &Session, path: &Path, found: bool) -> Result<Option<Self>, Failure> {
        let source = match Source::file(path) {
            Ok(source) if found && !filestatus::is_marked(&source.bytes) => return Ok(None),
            Err(_) if found => return Ok(None),
            source => source,
        };
        let Some(rule) = session.rule_for(path)? else {
            return Err(session.no_rule(path));
        };
        let groups = rule.groups.clone();
        if groups.is_empty() || groups.iter().any(Vec::is_empty) {
            let place = session.config()?.map_or_else(String::new, |loaded| format!("{}:{}", loaded.name, rule.line));
            let text = format!("{}: its rule in {place} names no key, so that nobody could open it", path.display());
            return Err(Failure::new(Kind::BadConfig, text).hint("name who may open it: age: age1… in the rule"));
        }
        let parsed = source?.parse()?;
        let target = Target::resolve(path)?;
        target.check_folder()?;
        let name = parsed.name;
        let file = SopsFile::from_plain(parsed.document).map_err(|error| sopsfile::failure(&name, &error))?;
        // a file that was named and read has one
        let stamp = parsed.stamp.ok_or_else(|| Failure::new(Kind::CannotRead, format!("{name} is no file")))?;
        let old = rekey::groups_of(&file);
        let wanted = threshold(groups.len(), rule.shamir_threshold);
        // with one group the number means nothing, whatever the file says
        let present = if old.len() < 2 && groups.len() < 2 {
            wanted
        } else {
            threshold(old.len(), file.metadata().shamir_threshold)
        };
        let difference = Difference::between(&old, &groups, (present, wanted));
        let change = (!difference.is_empty()).then_some(Change { difference });
        let file = Mutex::new(Some(file));
        Ok(Some(Self { name, file, stamp, target, groups, threshold: wanted, change }))
    }

    /// The file, for the one who works on it.
    ///
    /// # Errors
    /// Somebody has it already.
    pub fn take_file(&self) -> Result<SopsFile, Failure> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner).take();
        file.ok_or_else(|| Failure::new(Kind::Generic, format!("{} is being changed already", self.name)))
    }

    /// Whether something changes.
    pub fn is_change(&self) -> bool {
        self.change.is_some()
    }

    /// Whether nobody whom the file names is in its rule: most likely it came from where another rule is.
    pub fn is_strange(&self) -> bool {
        self.change.as_ref().is_some_and(|change| change.of(Fate::Kept).next().is_none())
    }
}

impl Change {
    /// The keys that this becomes of.
    pub fn of(&self, wanted: Fate) -> impl Iterator<Item = &MasterKey> {
        self.difference.groups.iter().flatten().filter(move |(fate, _)| *fate == wanted).map(|(_, key)| key)
    }

    /// The new threshold, when it is another.
    pub fn new_threshold(&self) -> Option<usize> {
        let (old, new) = self.difference.threshold;
        (old != new).then_some(new)
    }

    /// For people, a line each.
    pub fn lines(&self, names: &Names) -> Vec<String> {
        self.difference.lines(names)
    }
}
