//! What encrypting and decrypting do alike at each step of a walk.

use zeroize::Zeroizing;

use super::error::FileError;
use crate::document::trail::Trail;
use crate::document::value::Value;
use crate::document::yaml::{Document, NodeId, Visit, WalkError};
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

/// Null and the empty string are never encrypted.
pub(super) fn is_secret(document: &Document, id: NodeId) -> bool {
    match &*Zeroizing::new(document.value(id).unwrap_or(Value::Null)) {
        Value::Null => false,
        Value::Str(text) => !text.is_empty(),
        Value::Bytes(bytes) => !bytes.is_empty(),
        _ => true,
    }
}

/// The error of a file from that of a walk.
pub(super) fn stopped(error: WalkError<FileError>) -> FileError {
    match error {
        WalkError::Visitor(error) => error,
        WalkError::AliasBomb { line } => FileError::AliasBomb { line },
    }
}
