//! What failed, in words.

use crate::failure::{Failure, Kind};
use crate::store::{StoreCause, StoreError};

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let failure = Self::new(kind(&error), error.what);
        match error.hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// Whose trouble it is, as exit codes tell.
pub fn kind(error: &StoreError) -> Kind {
    match error.cause {
        StoreCause::Login
        | StoreCause::Denied
        | StoreCause::Invalid
        | StoreCause::Unsupported
        | StoreCause::Conflict => Kind::StoreRefuses,
        _ => Kind::StoreUnreachable,
    }
}
