//! ExternalSecrets: the resources, what they ask of which store, and what becomes of the values.
//!
//! Follows External Secrets Operator 2.9. Pure: what stores answered, the object that exists and `now` are arguments.
//!
//! | file | what it is for |
//! |---|---|
//! | [`marks`] | the hashes and names by which a Secret shows whose it is |
//! | [`mod@reference`] | what is asked of a store, and its answer |
//! | [`resource`] | the resources, typed and strictly read |
//! | [`generate`] | the generators that need no server |
//! | [`plan`] | what becomes of a Secret, what the status says, when to look again |
//! | [`wanted`] | what is wanted on a Secret |
//! | [`gather`] | what an ExternalSecret asks for, and what it makes of the answers |
//! | [`target`] | templates: what is wanted on the Secret |
//! | [`push`] | what a PushSecret writes where |
//! | [`value`] | a value, a property of it, or its fields, as the kind of store has them |
//! | [`rewrite`], [`keys`], [`decode`] | what becomes of keys and values |
//! | [`gjson`] | the paths that `property` holds |
//! | [`json`] | JSON as Go reads and prints it |

pub mod decode;
pub mod gather;
pub mod generate;
pub mod gjson;
#[cfg(test)]
mod golden;
pub mod json;
pub mod keys;
pub mod marks;
pub mod plan;
pub mod push;
pub mod reference;
pub mod resource;
pub mod rewrite;
mod sink;
pub mod target;
pub mod value;
pub mod wanted;

pub use reference::{Fetched, Find, FindBy, Lease, Part, Raw, Reference};
pub use wanted::Wanted;
