//! Many requests, some at a time.

use std::collections::VecDeque;
use std::future::Future;
use std::panic;

use tokio::task::JoinSet;

/// What `work` makes of each item, in their order; at most `most` at a time. What is under way ends when this is dropped.
pub(super) async fn each<I, T, F>(items: Vec<I>, most: usize, work: impl Fn(I) -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let mut results: Vec<(usize, T)> = Vec::with_capacity(items.len());
    let mut waiting: VecDeque<_> = items.into_iter().enumerate().collect();
    let mut running = JoinSet::new();
    loop {
        while running.len() < most.max(1) {
            let Some((index, item)) = waiting.pop_front() else { break };
            let work = work(item);
            running.spawn(async move { (index, work.await) });
        }
        match running.join_next().await {
            Some(Ok(result)) => results.push(result),
            // nobody aborts them, so it panicked: that is ours as well
            Some(Err(error)) => panic::resume_unwind(error.into_panic()),
            None => break,
        }
    }
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::net::runtime::block_on;

    #[test]
    fn in_order_and_not_too_many() {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let work = |n: u64| {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(20 - n)).await;
                now.fetch_sub(1, Ordering::SeqCst);
                n * 2
            }
        };
        let results = block_on(Duration::from_secs(60), each((0..20).collect(), 3, work)).unwrap();
        assert_eq!(results, (0..20).map(|n| n * 2).collect::<Vec<_>>());
        assert!(most.load(Ordering::SeqCst) <= 3);
    }
}
