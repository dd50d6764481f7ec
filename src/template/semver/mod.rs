//! Semantic versions and constraints, as Masterminds/semver 3.3.0 reads them.

mod constraint;
mod version;

pub(super) use constraint::check;
pub use version::Version;
