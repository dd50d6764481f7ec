//! Drive: from ExternalSecrets to what their Secrets hold. Everything that is due is fetched in one go: each reference once, whoever
//! asks for it, and each store in its own batches.
//!
//! | file | what it is for |
//! |---|---|
//! | [`inventory`] | the resources at hand, by name |
//! | [`answers`] | asking every store for all that is wanted of it |
//! | `generate` | generators |
//! | [`around`] | what a run needs from its surroundings |
//! | [`credentials`] | the keys that stores are opened with |
//! | [`stores`] | the stores that are open |
//! | [`open`] | from a resource to a client |
//! | [`round`] | one go |
//! | `secret` | what is wanted as a manifest |
//! | `leases` | secrets that were made for a while |

pub mod answers;
pub mod around;
pub mod credentials;
mod generate;
pub mod inventory;
#[cfg(feature = "vault")]
pub mod leases;
pub mod open;
pub mod round;
mod secret;
pub mod stores;

pub use around::Around;
pub use generate::generate as generated;
pub use inventory::{Inventory, Place, Placed};
pub use round::{Made, Outcome, Trouble};
pub use stores::Stores;
