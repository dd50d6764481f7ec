//! Everything that a single run works with.

use std::sync::Arc;

use super::input::{Input, LoginArgs};
use super::surroundings::Surroundings;
use crate::commands::session::Session;
use crate::sync::{Inventory, Stores};

/// See the file's description.
pub struct Run {
    /// The resources at hand.
    pub inventory: Arc<Inventory>,
    /// What is around them.
    pub around: Arc<Surroundings>,
    /// Their stores.
    pub stores: Stores,
}

/// Gets ready; a signal stops what is waited for. Nothing is opened or connected yet.
pub fn begin(session: &Session, input: Input, login: &LoginArgs) -> Run {
    let around = Arc::new(Surroundings::new(session.share(), login, input.locked));
    around.stop_on_signal();
    let inventory = Arc::new(input.inventory);
    let stores = Stores::new(inventory.clone(), around.clone());
    Run { inventory, around, stores }
}
