//! What failed, in words.

use std::collections::BTreeSet;

use super::lines::{Line, shown};
use crate::failure::{Failure, Kind};
use crate::store::{StoreCause, StoreError};

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let failure = Self::new(kind(error.cause), error.what);
        match error.hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// Whose trouble it is, as exit codes tell.
pub fn kind(cause: StoreCause) -> Kind {
    match cause {
        StoreCause::Login
        | StoreCause::Denied
        | StoreCause::Invalid
        | StoreCause::Unsupported
        | StoreCause::Conflict => Kind::StoreRefuses,
        _ => Kind::StoreUnreachable,
    }
}

/// One failure for everything that failed; `None` when nothing did. `things` are what fails, and `done` is how many there are
/// nevertheless.
pub fn trouble(things: &str, failed: &[Line], done: usize) -> Option<Failure> {
    let first = failed.first()?;
    let of = |line: &Line| line.kind.unwrap_or(Kind::CannotRead);
    let kinds: Vec<Kind> = failed.iter().map(of).collect();
    let all_alike = kinds.iter().all(|kind| *kind == kinds[0]);
    let kind = if done == 0 && all_alike { kinds[0] } else { Kind::SyncIncomplete };
    let text = match failed {
        [one] => format!("{}: {}: {}", one.place, shown(&one.name), one.what.first().map_or("", String::as_str)),
        several => format!("{} of {} {things} failed", several.len(), several.len() + done),
    };
    let mut failure = Failure::new(kind, text);
    if failed.len() == 1 {
        failure = first.what.iter().skip(1).fold(failure, |failure, line| failure.detail(line.as_str()));
    } else {
        for line in failed {
            for what in &line.what {
                failure = failure.detail(format!("{}: {}: {what}", line.place, shown(&line.name)));
            }
        }
    }
    let hints: BTreeSet<&String> = failed.iter().flat_map(|line| &line.hints).collect();
    Some(hints.into_iter().fold(failure, |failure, hint| failure.hint(hint.as_str())))
}
