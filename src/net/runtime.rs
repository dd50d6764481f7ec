//! The one asynchronous runtime of the process. Commands that call nobody never start it.

use std::future::Future;
use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

/// Requests wait most of the time: two threads are plenty.
const THREADS: usize = 2;

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// No threads to be had.
    #[error("the network runtime cannot be started: {0}")]
    Start(#[from] io::Error),
    /// It took too long.
    #[error("no answer within {} seconds", .0.as_secs())]
    Late(Duration),
}

/// Runs `work` to its end, or drops it when `limit` has passed. To be called from threads of our own only, never from
/// within the runtime.
///
/// # Errors
/// [`RuntimeError`].
pub fn block_on<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, RuntimeError> {
    let work = async { tokio::time::timeout(limit, work).await };
    runtime()?.block_on(work).map_err(|_| RuntimeError::Late(limit))
}

/// The runtime itself, for servers.
///
/// # Errors
/// [`RuntimeError::Start`].
pub fn runtime() -> Result<&'static Runtime, RuntimeError> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let new = Builder::new_multi_thread().worker_threads(THREADS).thread_name("network").enable_all().build()?;
    // another thread may have been faster: its runtime is kept
    Ok(RUNTIME.get_or_init(|| new))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_ends_or_is_dropped() {
        assert_eq!(block_on(Duration::from_secs(60), async { 7 }).unwrap(), 7);
        let never = block_on(Duration::from_millis(1), std::future::pending::<()>());
        assert!(matches!(never, Err(RuntimeError::Late(_))));
    }
}
