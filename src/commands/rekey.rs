//! Other keys for a file that exists: a new data key, or the same one wrapped for other people.

use std::path::Path;

use super::parallel;
use super::session::Session;
use super::sopsfile::{self, Opened, Parsed, Source, VERSION};
use crate::document::kind::DocumentKind;
use crate::failure::{Failure, Kind};
use crate::fsio::batch::Batch;
use crate::fsio::lock::LockGuard;
use crate::fsio::read::Stamp;
use crate::fsio::target::Target;
use crate::fsio::write::{NewMode, Staged};
use crate::keyservice::{Names, WrapError};
use crate::sops::file::{Decrypted, Encrypted, Plain, SopsFile};
use crate::sops::key::{DataKey, KeyGroup, MasterKey, WrappedKey};
use crate::sops::rules::identity;

/// Why a file did not get other keys.
#[derive(Debug)]
pub enum RekeyError {
    /// Somebody cannot be given the data key.
    Wrap(WrapError),
    /// Everything else.
    Other(Failure),
}

impl From<WrapError> for RekeyError {
    fn from(error: WrapError) -> Self {
        Self::Wrap(error)
    }
}

impl From<Failure> for RekeyError {
    fn from(failure: Failure) -> Self {
        Self::Other(failure)
    }
}

impl From<RekeyError> for Failure {
    fn from(error: RekeyError) -> Self {
        match error {
            RekeyError::Wrap(error) => error.into(),
            RekeyError::Other(failure) => failure,
        }
    }
}

/// The keys of a file, by group.
pub type Groups = Vec<Vec<MasterKey>>;

/// An encrypted file that is to be replaced as a whole, before anybody needs its data key. Others cannot write it meanwhile.
#[derive(Debug)]
pub struct Held {
    /// The name for messages.
    pub name: String,
    /// The file as it is.
    pub file: SopsFile,
    place: Place,
}

/// Where a file was read, and its successor goes.
#[derive(Debug)]
pub struct Place {
    target: Target,
    stamp: Option<Stamp>,
    lock: Option<LockGuard>,
}

impl Held {
    /// Checks that the file may be written, locks and reads it.
    ///
    /// # Errors
    /// Read-only, locked, not readable, not encrypted.
    pub fn begin(path: &Path, format: Option<DocumentKind>) -> Result<Self, Failure> {
        let target = Target::resolve(path)?;
        target.check_folder()?;
        let lock = LockGuard::acquire(&target)?;
        let Parsed { name, document, stamp } = Source { format, ..Source::file(path)? }.parse()?;
        let file = SopsFile::from_plain(document).map_err(|error| sopsfile::failure(&name, &error))?;
        Ok(Self { name, file, place: Place { target, stamp, lock } })
    }

    /// Finds the data key.
    ///
    /// # Errors
    /// Nobody here can open it.
    pub fn open(self, session: &Session) -> Result<(Opened, Place), Failure> {
        let Self { name, file, place } = self;
        Ok((sopsfile::unlock(session, name, file, place.stamp.clone())?, place))
    }
}

impl Place {
    /// Replaces the file, if it is still what was read.
    ///
    /// # Errors
    /// [`Kind::Changed`], and what the file system says.
    pub fn replace(self, session: &Session, text: &str) -> Result<(), Failure> {
        session.guard_files();
        let staged = Staged::new(self.target, text.as_bytes(), NewMode::Public)?;
        let mut batch = Batch::new();
        batch.add(staged, self.stamp, self.lock);
        Ok(batch.commit()?)
    }
}

/// The keys of a file without what they wrap.
pub fn groups_of(file: &SopsFile) -> Groups {
    let keys = |group: &KeyGroup| group.0.iter().map(|wrapped| wrapped.key.clone()).collect();
    file.metadata().groups.iter().map(keys).collect()
}

/// Whether two keys are the same for sops: of one kind and with one name. A rule need not say the version of a key that a
/// file has.
pub fn same(left: &MasterKey, right: &MasterKey) -> bool {
    if let (
        MasterKey::AzureKv { vault_url, name, version },
        MasterKey::AzureKv { vault_url: other_url, name: other_name, version: other },
    ) = (left, right)
    {
        return vault_url == other_url
            && name == other_name
            && (version == other || version.is_empty() || other.is_empty());
    }
    std::mem::discriminant(left) == std::mem::discriminant(right) && identity(left) == identity(right)
}

/// The first of `keys` that is in no group.
pub fn stranger<'a>(groups: &Groups, keys: &'a [MasterKey]) -> Option<&'a MasterKey> {
    keys.iter().find(|key| !groups.iter().flatten().any(|known| same(known, key)))
}

/// Adds keys to the first group, unless they are in it, and takes others out of all groups.
pub fn change_groups(groups: &mut Groups, add: Vec<MasterKey>, remove: &[MasterKey]) {
    if groups.is_empty() {
        groups.push(Vec::new());
    }
    for key in add {
        if !groups[0].iter().any(|known| same(known, &key)) {
            groups[0].push(key);
        }
    }
    for group in groups {
        group.retain(|key| !remove.iter().any(|gone| same(key, gone)));
    }
}

/// Wraps `key` for everybody, and lets other files have the core while a server is asked. Keys that `old` has, too, keep the
/// time they were made at, as in sops; the others are made now.
///
/// # Errors
/// As [`crate::keyservice::KeyRing::wrap_all`].
pub fn wrap_all(
    session: &Session,
    groups: &Groups,
    threshold: usize,
    key: &DataKey,
    old: &[KeyGroup],
) -> Result<(Vec<KeyGroup>, usize), WrapError> {
    let ring = session.wrap_ring();
    let is_far = ring.may_be_far(groups.iter().flatten());
    let (mut wrapped, threshold) = parallel::waiting(is_far, || ring.wrap_all(groups, threshold, key))?;
    let old: Vec<&WrappedKey> = old.iter().flat_map(|group| &group.0).collect();
    // age entries never had a time
    let dated = |one: &&mut WrappedKey| !matches!(one.key, MasterKey::Age { .. });
    for one in wrapped.iter_mut().flat_map(|group| &mut group.0).filter(dated) {
        let known = old.iter().find(|known| same(&known.key, &one.key)).and_then(|known| known.created_at.clone());
        one.created_at = known.or_else(|| Some(session.now()));
    }
    Ok((wrapped, threshold))
}

/// The whole file encrypted again under a new data key, for `groups`: `plain` is what it holds, `document` that as a document,
/// perhaps of another format.
///
/// # Errors
/// A key that cannot be wrapped for, a shape that cannot be represented.
pub fn rotate(
    session: &Session,
    opened: &Opened,
    plain: &Decrypted,
    document: &Plain,
    groups: &Groups,
) -> Result<Encrypted, RekeyError> {
    sopsfile::warn_unreadable(session, &opened.name, plain);
    let mut settings = opened.settings(session, plain);
    let key = DataKey::generate().map_err(|error| Failure::of(Kind::Generic, &error))?;
    (settings.groups, settings.shamir_threshold) =
        wrap_all(session, groups, settings.shamir_threshold, &key, &opened.file.metadata().groups)?;
    settings.version = newer(&settings.version);
    document.encrypt(&key, &settings, None).map_err(|error| sopsfile::failure(&opened.name, &error).into())
}

/// The file's version or ours, whichever is later.
fn newer(version: &str) -> String {
    let numbers = |text: &str| text.split('.').map(|part| part.parse::<u64>().unwrap_or(0)).collect::<Vec<_>>();
    if numbers(version) > numbers(VERSION) { version.to_owned() } else { VERSION.to_owned() }
}

/// The file with the same data key wrapped for `groups`; values and MAC keep their bytes. In a file with one group so do the
/// entries of keys that stay: they wrap the same data key, and nobody has to be there to wrap it again.
///
/// # Errors
/// A key that cannot be wrapped for, a threshold that does not fit.
pub fn rewrap(session: &Session, opened: &Opened, groups: &Groups, threshold: usize) -> Result<String, RekeyError> {
    let old = &opened.file.metadata().groups;
    let (groups, threshold) = match (old.as_slice(), groups.as_slice()) {
        ([old], [new]) if !new.is_empty() => (vec![with_kept(session, opened, old, new)?], threshold),
        // each group has a share of its own, and all shares are new
        _ => wrap_all(session, groups, threshold, &opened.key, old)?,
    };
    let text = opened.file.with_groups(groups, threshold, &opened.key);
    text.map_err(|error| sopsfile::failure(&opened.name, &error).into())
}

/// The group of `new`, with the entries that `old` has already.
fn with_kept(session: &Session, opened: &Opened, old: &KeyGroup, new: &[MasterKey]) -> Result<KeyGroup, WrapError> {
    let known = |key: &MasterKey| old.0.iter().find(|wrapped| same(&wrapped.key, key));
    let missing: Vec<MasterKey> = new.iter().filter(|key| known(key).is_none()).cloned().collect();
    let mut added = Vec::new();
    if !missing.is_empty() {
        let (groups, _) = wrap_all(session, &vec![missing], 0, &opened.key, &[])?;
        added = groups.into_iter().flat_map(|group| group.0).collect();
    }
    let mut added = added.into_iter();
    let entries = new.iter().filter_map(|key| known(key).cloned().or_else(|| added.next()));
    Ok(KeyGroup(entries.collect()))
}

/// What becomes of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It stays.
    Kept,
    /// It is new.
    Added,
    /// It goes.
    Removed,
}

/// What changes between the keys of a file and those it is to have: threshold if it changes, and each group's keys.
#[derive(PartialEq, Eq, Debug)]
pub struct Difference {
    /// The old and the new threshold.
    pub threshold: (usize, usize),
    /// The keys of each group: those that stay, those that are new, those that go.
    pub groups: Vec<Vec<(Fate, MasterKey)>>,
}

impl Difference {
    /// Compares by group, and in a group without regard to the order.
    pub fn between(old: &Groups, new: &Groups, threshold: (usize, usize)) -> Self {
        let none = Vec::new();
        let groups = (0..old.len().max(new.len())).map(|at| {
            let (before, after) = (old.get(at).unwrap_or(&none), new.get(at).unwrap_or(&none));
            let has = |group: &[MasterKey], key| group.iter().any(|other| same(other, key));
            let kept = after.iter().filter(|key| has(before, key)).map(|key| (Fate::Kept, key.clone()));
            let added = after.iter().filter(|key| !has(before, key)).map(|key| (Fate::Added, key.clone()));
            let gone = before.iter().filter(|key| !has(after, key)).map(|key| (Fate::Removed, key.clone()));
            kept.chain(added).chain(gone).collect()
        });
        Self { threshold, groups: groups.collect() }
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.threshold.0 == self.threshold.1 && self.groups.iter().flatten().all(|(fate, _)| *fate == Fate::Kept)
    }

    /// For people, a line each.
    pub fn lines(&self, names: &Names) -> Vec<String> {
        let mut lines = Vec::new();
        let (old, new) = self.threshold;
        match (old, new) {
            _ if old == new => {}
            (0, new) => lines.push(format!("groups needed: {new} instead of the only one")),
            (_, 0) => lines.push("groups needed: the only one".to_owned()),
            (old, new) => lines.push(format!("groups needed: {new} instead of {old}")),
        }
        for (at, group) in self.groups.iter().enumerate() {
            if self.groups.len() > 1 {
                lines.push(format!("key group {}:", at + 1));
            }
            for (fate, key) in group {
                let mark = match fate {
                    Fate::Kept => ' ',
                    Fate::Added => '+',
                    Fate::Removed => '-',
                };
                lines.push(format!("{mark} {}", names.show_key(key)));
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn age(name: &str) -> MasterKey {
        MasterKey::Age { recipient: name.into() }
    }

    #[test]
    fn keys_are_added_once_and_removed_everywhere() {
        let mut groups = vec![vec![age("a"), age("b")], vec![age("b"), age("c")]];
        change_groups(&mut groups, vec![age("d"), age("a")], &[age("b")]);
        assert_eq!(groups, [vec![age("a"), age("d")], vec![age("c")]]);
        assert_eq!(stranger(&groups, &[age("c"), age("b")]), Some(&age("b")));
        assert_eq!(stranger(&groups, &[age("c"), age("a")]), None);
    }

    #[test]
    fn differences_are_in_the_order_of_sops() {
        let old = vec![vec![age("a"), age("b")]];
        let new = vec![vec![age("c"), age("b")], vec![age("d")]];
        let difference = Difference::between(&old, &new, (0, 2));
        let shown: Vec<Vec<String>> = difference
            .groups
            .iter()
            .map(|group| group.iter().map(|(fate, key)| format!("{fate:?} {}", identity(key))).collect())
            .collect();
        assert_eq!(shown, [vec!["Kept b", "Added c", "Removed a"], vec!["Added d"]]);
        assert!(!difference.is_empty());
        let turned = vec![vec![age("b"), age("a")]];
        assert!(Difference::between(&old, &turned, (0, 0)).is_empty());
        assert!(!Difference::between(&old, &turned, (0, 1)).is_empty());
    }

    #[test]
    fn versions_are_numbers() {
        assert_eq!(newer("3.9.4"), VERSION);
        assert_eq!(newer("4.0.0"), "4.0.0");
    }
}
