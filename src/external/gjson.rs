//! Paths into JSON, as github.com/tidwall/gjson 1.18 reads them: that is what `remoteRef.property` is.
//!
//! The JSON need not be valid: like gjson, this reads whatever can be read of it. Unlike gjson it has limits, as a short path can
//! ask for a lot of work (`[@this,@this]|[@this,@this]|…`).

mod budget;
mod modifier;
mod path;
mod pretty;
mod query;
mod result;
mod scan;
mod set;
mod valid;
mod walk;
mod wildcard;

#[cfg(test)]
mod tests;

pub use budget::TooMuchWork;
pub use set::{SetError, set};

use crate::secret::SecretBytes;
use budget::Budget;

/// What `path` finds in `json`, as text (`Result.String()`); nothing when it finds nothing.
///
/// # Errors
/// [`TooMuchWork`] when finding it takes more work, or deeper nesting, than anybody needs.
pub fn get(json: &[u8], path: &str) -> Result<Option<SecretBytes>, TooMuchWork> {
    let found = walk::get(&Budget::default(), json, path.as_bytes())?;
    Ok(found.exists().then(|| SecretBytes::from(found.to_text())))
}
