//! Drive: from ExternalSecrets to what their Secrets hold. Everything that is due is fetched in one go: each reference once, whoever
//! asks for it, and each store in its own batches.
//!
//! | file | what it is for |
//! |---|---|
//! | [`inventory`] | the resources at hand, by name |
//! | [`around`] | what a run needs from its surroundings |
//! | [`credentials`] | the keys that stores are opened with |
//! | [`stores`] | the stores that are open |
//! | [`open`] | from a resource to a client |
//! | [`round`] | one go |

pub mod around;
pub mod credentials;
pub mod inventory;
pub mod open;
//ROUND pub mod round;
pub mod stores;

pub use around::Around;
pub use inventory::{Inventory, Place, Placed};
//ROUND pub use round::{Outcome, Round};
pub use stores::Stores;
