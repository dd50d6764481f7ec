//! Where a walk stands: the keys and positions from the root, and the text that sops binds values to.

use super::path::{KeyPath, Step};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Frame {
    /// Length of the bound text before the key.
    Key(usize),
    Item(usize),
}

/// Keys and positions from the root of a document.
#[derive(Clone, Default)]
pub struct Trail {
    bound: String,
    frames: Vec<Frame>,
}

impl Trail {
    /// Down into the value of a key.
    pub fn enter_key(&mut self, key: &str) {
        self.frames.push(Frame::Key(self.bound.len()));
        self.bound.push_str(key);
        self.bound.push(':');
    }

    /// Down into an item.
    pub fn enter_item(&mut self, index: usize) {
        self.frames.push(Frame::Item(index));
    }

    /// Up again; true when that left a key.
    pub fn leave(&mut self) -> bool {
        let Some(Frame::Key(len)) = self.frames.pop() else {
            return false;
        };
        self.bound.truncate(len);
        true
    }

    /// The keys from the root.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.steps().filter_map(|step| match step {
            StepRef::Key(key) => Some(key),
            StepRef::Index(_) => None,
        })
    }

    /// The additional data of values here: every key followed by `:`; a lone `:` at the root (sops 3.13.2 `sops.go`, `Encrypt`).
    pub fn bound(&self) -> &str {
        if self.bound.is_empty() { ":" } else { &self.bound }
    }

    /// How deep.
    pub fn depth(&self) -> usize {
        self.frames.len()
    }

    /// The bound texts of the collections around, nearest first.
    pub fn outer(&self) -> impl Iterator<Item = &str> {
        let lens = self.frames.iter().rev().filter_map(|frame| match frame {
            Frame::Key(len) => Some(*len),
            Frame::Item(_) => None,
        });
        lens.map(|len| if len == 0 { ":" } else { &self.bound[..len] })
    }

    fn steps(&self) -> impl Iterator<Item = StepRef<'_>> {
        self.frames.iter().enumerate().map(|(at, frame)| match frame {
            Frame::Item(index) => StepRef::Index(*index),
            Frame::Key(start) => {
                let next = self.frames[at + 1..].iter().find_map(|frame| match frame {
                    Frame::Key(start) => Some(*start),
                    Frame::Item(_) => None,
                });
                StepRef::Key(&self.bound[*start..next.unwrap_or(self.bound.len()) - 1])
            }
        })
    }

    /// The path as people write it.
    pub fn path(&self) -> KeyPath {
        KeyPath(self.steps().map(StepRef::to_step).collect())
    }

    /// A text that is equal exactly for equal paths of equal documents.
    pub fn write_id(&self, document: usize, out: &mut String) {
        use std::fmt::Write as _;
        let _ = write!(out, "{document}");
        for step in self.steps() {
            let _ = match step {
                StepRef::Key(key) => write!(out, "/{}:{key}", key.len()),
                StepRef::Index(index) => write!(out, "#{index}"),
            };
        }
    }
}

#[derive(Clone, Copy)]
enum StepRef<'a> {
    Key(&'a str),
    Index(usize),
}

impl StepRef<'_> {
    fn to_step(self) -> Step {
        match self {
            Self::Key(key) => Step::Key(key.to_owned()),
            Self::Index(index) => Step::Index(index),
        }
    }
}
