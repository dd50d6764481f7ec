//! Much of the same, some at a time; when the server is gone, the rest of it is not even tried.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::explain;
use super::settings::MOST_AT_ONCE;
use super::wire::{Wire, locked};
use crate::store::StoreError;

/// After so many in a row that failed for want of a server, it is gone.
const GONE: usize = 5;

/// The outcomes, in the order of the items.
pub(super) fn spread<T: Sync, R: Send>(
    wire: &Wire,
    items: &[T],
    work: impl Fn(&T) -> Result<R, StoreError> + Sync,
) -> Vec<Result<R, StoreError>> {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new((0_usize, None::<StoreError>));
    let one = |item: &T| {
        if wire.is_cancelled() {
            return Err(explain::cancelled());
        }
        if let (GONE.., Some(error)) = &*locked(&failed) {
            return Err(error.clone());
        }
        let outcome = work(item);
        match &outcome {
            Err(error) if error.is_passing() => {
                let mut failed = locked(&failed);
                failed.0 += 1;
                failed.1 = Some(error.clone());
            }
            _ => locked(&failed).0 = 0,
        }
        outcome
    };
    let worker = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return done };
            done.push((at, one(item)));
        }
    };
    let threads = wire.settings().concurrency.clamp(1, MOST_AT_ONCE).min(items.len());
    let mut done = thread::scope(|scope| {
        // this thread works, too; and when there are no more threads to be had, fewer do
        let others = (1..threads).map(|_| thread::Builder::new().spawn_scoped(scope, worker));
        let others: Vec<_> = others.filter_map(Result::ok).collect();
        let mut done = worker();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}
