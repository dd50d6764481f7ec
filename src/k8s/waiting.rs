//! Waiting for one try of a request, which runs on a thread of its own: until it ends, somebody says that it shall, or the time is
//! up. Whoever is not waited for any longer ends by limits of its own.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

/// Stops requests, from another thread.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    cancelled: Mutex<bool>,
    /// Told after every change of that, and when a try has ended.
    news: Condvar,
}

/// Why nothing was waited for any longer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ended {
    /// Somebody said so.
    Cancelled,
    /// The time is up.
    Late,
}

impl Cancel {
    /// Ends what is being waited for, and everything after.
    pub fn cancel(&self) {
        *self.0.cancelled.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.news.notify_all();
    }

    /// What `work` gives, on a thread of its own, until `end`.
    ///
    /// # Errors
    /// [`Ended`]. The thread may still be at work then.
    pub(super) fn wait_for<T: Send + 'static>(
        &self,
        end: Instant,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Ended> {
        let result = Arc::new(Mutex::new(None));
        let (filled, shared) = (result.clone(), self.0.clone());
        std::thread::spawn(move || {
            let done = work();
            *filled.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
            // who looked before it was there, waits by now
            drop(shared.cancelled.lock());
            shared.news.notify_all();
        });
        self.until(end, || result.lock().unwrap_or_else(PoisonError::into_inner).take())
    }

    /// A pause.
    ///
    /// # Errors
    /// [`Ended::Cancelled`].
    pub(super) fn pause_until(&self, end: Instant) -> Result<(), Ended> {
        match self.until(end, || None::<()>) {
            Err(Ended::Cancelled) => Err(Ended::Cancelled),
            _ => Ok(()),
        }
    }

    fn until<T>(&self, end: Instant, mut look: impl FnMut() -> Option<T>) -> Result<T, Ended> {
        let mut cancelled = self.0.cancelled.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if *cancelled {
                return Err(Ended::Cancelled);
            }
            if let Some(found) = look() {
                return Ok(found);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Ended::Late);
            }
            cancelled = self.0.news.wait_timeout(cancelled, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn work_ends_is_late_or_cancelled() {
        let cancel = Cancel::default();
        let soon = || Instant::now() + Duration::from_millis(1);
        let far = Instant::now() + Duration::from_secs(60);
        assert_eq!(cancel.wait_for(far, || 7), Ok(7));
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let never = || {
            let (hold, held) = std::sync::mpsc::channel::<()>();
            std::mem::forget(hold);
            move || held.recv().is_ok()
        };
        assert_eq!(cancel.wait_for(soon(), move || held.recv().is_ok()), Err(Ended::Late));
        drop(hold);
        assert_eq!(cancel.pause_until(soon()), Ok(()));
        let other = cancel.clone();
        let waiting = std::thread::spawn(move || other.wait_for(far, never()));
        cancel.cancel();
        assert_eq!(waiting.join().ok(), Some(Err(Ended::Cancelled)));
        assert_eq!(cancel.wait_for(far, || 7), Err(Ended::Cancelled));
        assert_eq!(cancel.pause_until(far), Err(Ended::Cancelled));
    }
}
