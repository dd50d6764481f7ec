//! Waiting for one try of a request, which runs on a thread of its own: until it ends, somebody says that it shall, or the time is
//! up. Whoever is not waited for any longer ends by limits of its own.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

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

    /// What `work` gives, on a thread of its own, within `limit`.
    ///
    /// # Errors
    /// [`Ended`]. The thread may still be at work then.
    pub(super) fn wait_for<T: Send + 'static>(
        &self,
        limit: Duration,
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
        self.until(limit, || result.lock().unwrap_or_else(PoisonError::into_inner).take())
    }

    /// A pause.
    ///
    /// # Errors
    /// [`Ended::Cancelled`].
    pub(super) fn pause(&self, length: Duration) -> Result<(), Ended> {
        match self.until(length, || None::<()>) {
            Err(Ended::Cancelled) => Err(Ended::Cancelled),
            _ => Ok(()),
        }
    }

    fn until<T>(&self, limit: Duration, mut look: impl FnMut() -> Option<T>) -> Result<T, Ended> {
        let mut found = None;
        let cancelled = self.0.cancelled.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news_due = |cancelled: &mut bool| {
            if !*cancelled {
                found = look();
            }
            !*cancelled && found.is_none()
        };
        let waited = self.0.news.wait_timeout_while(cancelled, limit, is_news_due);
        let is_cancelled = *waited.unwrap_or_else(PoisonError::into_inner).0;
        if is_cancelled { Err(Ended::Cancelled) } else { found.ok_or(Ended::Late) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_ends_is_late_or_cancelled() {
        let cancel = Cancel::default();
        let (soon, far) = (Duration::from_millis(1), Duration::from_secs(60));
        assert_eq!(cancel.wait_for(far, || 7), Ok(7));
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let never = || {
            let (hold, held) = std::sync::mpsc::channel::<()>();
            std::mem::forget(hold);
            move || held.recv().is_ok()
        };
        assert_eq!(cancel.wait_for(soon, move || held.recv().is_ok()), Err(Ended::Late));
        drop(hold);
        assert_eq!(cancel.pause(soon), Ok(()));
        let other = cancel.clone();
        let waiting = std::thread::spawn(move || other.wait_for(far, never()));
        cancel.cancel();
        assert_eq!(waiting.join().ok(), Some(Err(Ended::Cancelled)));
        assert_eq!(cancel.wait_for(far, || 7), Err(Ended::Cancelled));
        assert_eq!(cancel.pause(far), Err(Ended::Cancelled));
    }
}
