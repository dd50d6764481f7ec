//! How a template is rendered: the functions, the clock, and what it may not exceed.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use regex::bytes::Regex;

use super::error::{Fault, Limit};
use super::text::{Buffer, Text};
use super::value::Value;

/// What the key of a map that is not there gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingKey {
    /// Nothing, printed as `<no value>` (`missingkey=default`).
    #[default]
    Invalid,
    /// The zero value of the map's element type (`missingkey=zero`).
    Zero,
    /// An error (`missingkey=error`).
    Error,
}

/// Which functions a template may call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FunctionSet {
    /// Those of Go's text/template only.
    Builtin,
    /// Those and the ones of sprig 3.3.0, without `env`, `expandenv` and `getHostByName`.
    #[default]
    Sprig,
    /// Those that External Secrets 2.9 has: Go's, the ones of its copy of sprig, and its own (`runtime/template/v2`).
    ExternalSecrets,
}

/// What a template may not exceed. An excess is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Length of the template, in bytes.
    pub text: usize,
    /// Length of the result, in bytes.
    pub output: usize,
    /// Bytes that functions make on the way.
    pub work: usize,
    /// Actions, commands and elements.
    pub steps: usize,
    /// Parentheses, blocks and templates within each other.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { text: 1 << 20, output: 4 << 20, work: 64 << 20, steps: 2_000_000, depth: 100 }
    }
}

/// Finds the rules of a time zone, such as `Europe/Berlin`, in the compiled form of the time zone database (TZif).
pub type Zones<'a> = &'a dyn Fn(&str) -> Option<Vec<u8>>;

/// How a template is rendered.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// What `now` is. The local time zone is UTC.
    pub now: Timestamp,
    /// What a missing key gives.
    pub missing_key: MissingKey,
    /// Which functions there are.
    pub functions: FunctionSet,
    /// What may not be exceeded.
    pub limits: Limits,
    /// What actions stand between: `{{` and `}}`.
    pub delimiters: (&'a str, &'a str),
    /// Time zones by name; without it every one but UTC is unknown, and those are taken for UTC as Go does.
    pub zones: Option<Zones<'a>>,
}

impl Options<'_> {
    /// The usual ones, at this time.
    pub fn new(now: Timestamp) -> Self {
        Self {
            now,
            missing_key: MissingKey::default(),
            functions: FunctionSet::default(),
            limits: Limits::default(),
            delimiters: ("{{", "}}"),
            zones: None,
        }
    }
}

/// What functions have around them: the options, and what is left of the limits.
pub(super) struct Env<'a> {
    /// The options.
    pub(super) options: &'a Options<'a>,
    work: Cell<usize>,
    steps: Cell<usize>,
    patterns: RefCell<HashMap<Text, Arc<Regex>>>,
}

impl<'a> Env<'a> {
    /// Everything is left.
    pub(super) fn new(options: &'a Options<'a>) -> Self {
        Self {
            options,
            work: Cell::new(options.limits.work),
            steps: Cell::new(options.limits.steps),
            patterns: RefCell::default(),
        }
    }

    /// Takes `count` steps.
    pub(super) fn step(&self, count: usize) -> Result<(), Limit> {
        self.steps.set(self.steps.get().checked_sub(count).ok_or(Limit::Steps)?);
        Ok(())
    }

    /// Takes `bytes` bytes of memory.
    pub(super) fn charge(&self, bytes: usize) -> Result<(), Limit> {
        self.work.set(self.work.get().checked_sub(bytes).ok_or(Limit::Memory)?);
        Ok(())
    }

    /// Takes the memory of `count` values.
    pub(super) fn charge_values(&self, count: usize) -> Result<(), Limit> {
        self.step(count)?;
        self.charge(count.saturating_mul(size_of::<Value>()))
    }

    /// A buffer for as much as is left.
    pub(super) fn buffer(&self) -> Buffer {
        Buffer::new(self.work.get())
    }

    /// A compiled pattern. The last ones are kept, since templates use the same one again and again.
    pub(super) fn pattern(
        &self,
        text: &Text,
        compile: impl FnOnce(&[u8]) -> Option<Regex>,
    ) -> Result<Arc<Regex>, Fault> {
        if let Some(known) = self.patterns.borrow().get(text) {
            return Ok(known.clone());
        }
        // repetitions are what makes a program large
        let repeats = text.bytes().contains(&b'{');
        self.charge(if repeats { 1 << 20 } else { 1 << 15 })?;
        let regex = compile(text.bytes()).ok_or(Fault::Because("that is no regular expression"))?;
        let regex = Arc::new(regex);
        let mut patterns = self.patterns.borrow_mut();
        if patterns.len() >= 16 {
            patterns.clear();
        }
        patterns.insert(text.clone(), regex.clone());
        Ok(regex)
    }

    /// A string that `write` writes.
    pub(super) fn text(&self, write: impl FnOnce(&mut Buffer)) -> Result<Value, Fault> {
        let mut out = self.buffer();
        write(&mut out);
        Ok(Value::Text(self.finish(out)?))
    }

    /// What was written to a buffer of [`buffer`](Self::buffer).
    pub(super) fn finish(&self, buffer: Buffer) -> Result<Text, Fault> {
        let bytes = buffer.finish().ok_or(Limit::Memory)?;
        self.charge(bytes.len())?;
        Ok(bytes.into())
    }
}
