//! Keeping the selector and the trail in step with a walk.

use super::error::FileError;
use crate::document::trail::Trail;
use crate::document::yaml::{Document, Visit, WalkError};
use crate::sops::selector::SelectorWalk;

/// Keeps the selector and the trail in step with the walk (comments and scalars aside).
pub(super) fn follow(visit: &Visit<'_>, document: &Document, walk: &mut SelectorWalk<'_>, trail: &mut Trail) {
    match visit {
        Visit::Open(_) => walk.open(),
        Visit::Close => walk.close(),
        Visit::EnterKey(key, _) => {
            walk.enter_key(key);
            trail.enter_key(key);
        }
        Visit::EnterItem(index) => trail.enter_item(*index),
        Visit::Leave => {
            if trail.leave() {
                walk.leave_key();
            }
        }
        Visit::ItemDone => walk.after_item(),
        Visit::Comment { row, .. } => {
            walk.comment(document.comment_text(*row));
        }
        Visit::Scalar { .. } | Visit::Alias(_) | Visit::AliasEnd => {}
    }
}

/// Why a walk ended early.
pub(super) fn stopped(error: WalkError<FileError>) -> FileError {
    match error {
        WalkError::Visitor(error) => error,
        WalkError::AliasBomb => FileError::AliasBomb,
    }
}
