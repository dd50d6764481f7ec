//! What all that we want of AWS has in common: who we are there, the way to it, and what its errors mean for people.

mod access;
mod region;
mod way;
mod words;

pub use access::{Access, Login, Trouble, Why};
pub use region::{domain, is_region};
pub use way::{OnlyWhatMayPass, Patience, client, connector};
pub use words::{caller, chain, has_not_left, network, unhandled_code, will_not_pass, word};
