//! Many references, each thing asked for once, and the answers in the order of the references.

use std::collections::HashMap;
use std::hash::Hash;

use crate::external::Fetched;
use crate::store::{StoreCause, StoreError};

/// What came of one thing; nothing when there is none.
pub(super) type Outcome<V> = Result<Option<V>, StoreError>;

/// `asked` is what each reference stands for; `ask` is given every different one.
pub(super) fn of<W: Ord + Hash + Clone, V>(
    asked: Vec<Result<W, StoreError>>,
    ask: impl FnOnce(Vec<W>) -> Result<Vec<(W, Outcome<V>)>, StoreError>,
    fetched: impl Fn(&V) -> Fetched,
) -> Vec<Outcome<Fetched>> {
    let mut unique: Vec<W> = asked.iter().flatten().cloned().collect();
    unique.sort();
    unique.dedup();
    let found: HashMap<W, Outcome<V>> = match unique.is_empty() {
        true => HashMap::new(),
        false => match ask(unique) {
            Ok(found) => found.into_iter().collect(),
            Err(error) => return asked.iter().map(|_| Err(error.clone())).collect(),
        },
    };
    let answer = |wanted: Result<W, StoreError>| match found.get(&wanted?) {
        Some(Ok(value)) => Ok(value.as_ref().map(&fetched)),
        Some(Err(error)) => Err(error.clone()),
        None => Err(StoreError::new(StoreCause::Odd, "something was not asked for")),
    };
    asked.into_iter().map(answer).collect()
}
