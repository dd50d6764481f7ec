//! ExternalSecrets: the resources, what they ask of which store, and what becomes of the values.
//!
//! Follows External Secrets Operator 2.9. Pure: what stores answered, the object that exists and `now` are arguments.
//!
//! | file | what it is for |
//! |---|---|
//! | [`marks`] | the hashes and names by which a Secret shows whose it is |
//! | [`reference`] | what is asked of a store, and its answer |
//! | [`resource`] | the resources, typed and strictly read |
//! | [`generate`] | the generators that need no server |
//! | [`gjson`] | the paths that `property` holds |
//! | [`json`] | JSON as Go reads and prints it |

pub mod generate;
pub mod gjson;
#[cfg(test)]
mod golden;
pub mod json;
pub mod marks;
pub mod reference;
pub mod resource;
mod sink;

pub use reference::{Fetched, Find, FindBy, Lease, Part, Raw, Reference};
