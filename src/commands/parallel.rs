//! The same work for many items on all cores. Whoever waits for a server meanwhile lets somebody else work.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, LazyLock, Mutex, PoisonError};
use std::thread;

/// So many items are under way at most, most of them waiting. Services are called by as many at once.
const AT_ONCE: usize = 16;

/// How many threads may compute now: at most one for each core. Whoever waits for one holds no file yet.
struct Cores {
    free: Mutex<usize>,
    one_freed: Condvar,
}

static CORES: LazyLock<Cores> = LazyLock::new(|| Cores {
    free: Mutex::new(thread::available_parallelism().map_or(1, usize::from)),
    one_freed: Condvar::new(),
});

thread_local! {
    static HAS_CORE: Cell<bool> = const { Cell::new(false) };
}

fn take_core() {
    let mut free = CORES.free.lock().unwrap_or_else(PoisonError::into_inner);
    while *free == 0 {
        free = CORES.one_freed.wait(free).unwrap_or_else(PoisonError::into_inner);
    }
    *free -= 1;
    HAS_CORE.set(true);
}

fn leave_core() {
    HAS_CORE.set(false);
    *CORES.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    CORES.one_freed.notify_one();
}

/// Does something when dropped, also when a thread panics.
struct Finally(fn());

impl Drop for Finally {
    fn drop(&mut self) {
        self.0();
    }
}

/// Waits for somebody elsewhere, when `is_far`; meanwhile another item of [`map`] may have the core.
pub fn waiting<R>(is_far: bool, wait: impl FnOnce() -> R) -> R {
    if !is_far || !HAS_CORE.get() {
        return wait();
    }
    leave_core();
    let _again = Finally(take_core);
    wait()
}

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
    let run = || {
        take_core();
        let _end = Finally(leave_core);
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
        for _ in 0..AT_ONCE.min(items.len()) {
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

    /// Without the others none could go on.
    #[test]
    fn whoever_waits_lets_others_work() {
        let all = std::sync::Barrier::new(AT_ONCE);
        let items: Vec<usize> = (0..AT_ONCE * 2).collect();
        let leaders = map(&items, |_| waiting(true, || usize::from(all.wait().is_leader())), |_, _| {});
        assert_eq!(leaders.iter().sum::<usize>(), 2);
    }

    #[test]
    fn no_more_compute_than_there_are_cores() {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let compute = |_: &usize| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::sleep(std::time::Duration::from_millis(1));
            now.fetch_sub(1, Ordering::SeqCst);
        };
        let items: Vec<usize> = (0..64).collect();
        map(&items, |item| waiting(false, || compute(item)), |_, _| {});
        assert!(most.into_inner() <= thread::available_parallelism().map_or(1, usize::from));
    }

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
