//! The same work for many items on all cores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Does `work` for every item and returns the results in the items' order. `done` hears how many are finished; it is
/// called from any thread, one at a time.
pub fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync, done: impl FnMut(usize, &T) + Send) -> Vec<R> {
    // for one item the threads would cost more than they give
    if items.len() < 2 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let finished = AtomicUsize::new(0);
    let done = Mutex::new(done);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let run = || {
        let mut results = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else {
                return results;
            };
            results.push((at, work(item)));
            let count = finished.fetch_add(1, Ordering::Relaxed) + 1;
            // whoever is telling will do for both
            if let Ok(mut done) = done.try_lock() {
                done(count, item);
            }
        }
    };
    let all = Mutex::new(Vec::with_capacity(items.len()));
    thread::scope(|scope| {
        for _ in 0..threads.min(items.len()) {
            scope.spawn(|| {
                let results = run();
                all.lock().unwrap_or_else(PoisonError::into_inner).extend(results);
            });
        }
    });
    let mut all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order() {
        for count in [0, 1, 2, 1000] {
            let items: Vec<usize> = (0..count).collect();
            let mut last = 0;
            let results = map(&items, |item| item * 2, |finished, _| last = finished);
            assert_eq!(results, items.iter().map(|item| item * 2).collect::<Vec<_>>());
            assert!(last <= count);
        }
    }
}
