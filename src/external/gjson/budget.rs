//! How much work one path may make.

use std::cell::Cell;

/// Bytes that are looked at or made.
const WORK: usize = 64 << 20;

/// Parts of a path within each other.
const DEPTH: usize = 128;

/// A path asks for more work than anybody needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the path asks for too much work")]
pub struct TooMuchWork;

/// What is left.
pub(super) struct Budget {
    work: Cell<usize>,
    depth: Cell<usize>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { work: Cell::new(WORK), depth: Cell::new(DEPTH) }
    }
}

impl Budget {
    /// Takes `bytes` of work.
    pub(super) fn charge(&self, bytes: usize) -> Result<(), TooMuchWork> {
        self.work.set(self.work.get().checked_sub(bytes).ok_or(TooMuchWork)?);
        Ok(())
    }

    /// Does something one level deeper.
    pub(super) fn deeper<T>(&self, act: impl FnOnce() -> Result<T, TooMuchWork>) -> Result<T, TooMuchWork> {
        let depth = self.depth.get();
        self.depth.set(depth.checked_sub(1).ok_or(TooMuchWork)?);
        let outcome = act();
        self.depth.set(depth);
        outcome
    }
}
