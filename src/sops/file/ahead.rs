//! A second thread that opens or seals values ahead of the walk that needs them, for documents large enough to be worth it.
//!
//! It walks the document on its own and hands over what it made, in order, with the node it belongs to. Whatever it does not
//! deliver, the walk does itself: the outcome never depends on it.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use zeroize::Zeroizing;

use super::follow::follow;
use super::place::{self, MetadataSkip};
use crate::document::scalar::{type_word, write_plain_bytes};
use crate::document::trail::Trail;
use crate::document::value::Value;
use crate::document::yaml::{Document, Visit};
use crate::sops::cipher::{CipherError, IvSource, Opened, ValueCipher};
use crate::sops::selector::Selector;

/// Nodes, or steps through a document, from which a thread costs less than it saves.
const WORTH: usize = 4096;
/// Bytes handed over at once.
const BATCH: usize = 1 << 16;
/// Batches that wait at most: what is opened ahead takes memory.
const WAITING: usize = 8;

/// The walk that needs no more stops the one ahead.
pub(super) struct Enough;

struct Row<T> {
    id: u32,
    end: usize,
    outcome: T,
}

/// Values in order: their bytes, one after the other, in a buffer that never grows.
struct Batch<T> {
    rows: Vec<Row<T>>,
    bytes: Zeroizing<Vec<u8>>,
}

impl<T> Batch<T> {
    fn with_room(room: usize) -> Self {
        Self { rows: Vec::new(), bytes: Zeroizing::new(Vec::with_capacity(room)) }
    }
}

/// Where the thread puts what it made.
pub(super) struct Sink<T> {
    sender: SyncSender<Batch<T>>,
    batch: Batch<T>,
}

impl<T> Sink<T> {
    /// Hands over what was made of `id`.
    pub(super) fn push(&mut self, id: u32, bytes: &[u8], outcome: T) -> Result<(), Enough> {
        if self.batch.bytes.capacity() - self.batch.bytes.len() < bytes.len() {
            self.flush(bytes.len())?;
        }
        self.batch.bytes.extend_from_slice(bytes);
        self.batch.rows.push(Row { id, end: self.batch.bytes.len(), outcome });
        Ok(())
    }

    fn flush(&mut self, room: usize) -> Result<(), Enough> {
        let full = std::mem::replace(&mut self.batch, Batch::with_room(room.max(BATCH)));
        self.sender.send(full).map_err(|_| Enough)
    }
}

/// What the thread has made, taken in the order of the walk.
pub(super) struct Ahead<T> {
    receiver: Receiver<Batch<T>>,
    batch: Batch<T>,
    next: usize,
    start: usize,
}

impl<T: Copy> Ahead<T> {
    /// What was made of `id`, when it is next in line.
    pub(super) fn take(&mut self, id: u32) -> Option<(&[u8], T)> {
        while self.next == self.batch.rows.len() {
            self.batch = self.receiver.recv().ok()?;
            (self.next, self.start) = (0, 0);
        }
        let row = &self.batch.rows[self.next];
        if row.id != id {
            return None;
        }
        let bytes = &self.batch.bytes[self.start..row.end];
        (self.next, self.start) = (self.next + 1, row.end);
        Some((bytes, row.outcome))
    }
}

/// Runs `walk`, with `work` on a thread beside it when a document has so many `nodes` that it is worth it.
///
/// `walk` owns what it is given, and so drops it even when it panics: the thread then stops at its next batch.
pub(super) fn beside<T: Send, R>(
    nodes: usize,
    work: impl FnOnce(&mut Sink<T>) + Send,
    walk: impl FnOnce(Option<Ahead<T>>) -> R,
) -> R {
    if nodes < WORTH {
        return walk(None);
    }
    let (sender, receiver) = sync_channel(WAITING);
    thread::scope(|scope| {
        let started = thread::Builder::new().spawn_scoped(scope, move || {
            let mut sink = Sink { sender, batch: Batch::with_room(BATCH) };
            work(&mut sink);
            // The walk may have ended early.
            let _ = sink.flush(0);
        });
        // Without a thread the walk does all of it.
        let ahead = started.is_ok().then(|| Ahead { receiver, batch: Batch::with_room(0), next: 0, start: 0 });
        walk(ahead)
    })
}

/// Opens every selected value of an encrypted document.
pub(super) fn open_all(
    document: &Document,
    cipher: &ValueCipher,
    selector: &Selector,
    sink: &mut Sink<Result<Opened, CipherError>>,
) {
    let mut plain = Zeroizing::new(Vec::new());
    for index in 0..document.documents() {
        if index > 0 && place::is_own_document(document, index) {
            continue;
        }
        let (mut walk, mut trail, mut skip) = (selector.walk(), Trail::default(), MetadataSkip::default());
        let walked = document.walk::<Enough>(index, |visit| {
            if skip.over(&visit, trail.depth()) {
                return Ok(());
            }
            let Visit::Scalar { id, .. } = visit else {
                follow(&visit, document, &mut walk, &mut trail);
                return Ok(());
            };
            match document.value(id).map(Zeroizing::new).as_deref() {
                Ok(Value::Str(text)) if walk.leaf() && !text.is_empty() => {
                    let outcome = cipher.open(text, trail.bound().as_bytes(), &mut plain);
                    sink.push(id, &plain, outcome)
                }
                _ => Ok(()),
            }
        });
        if walked.is_err() {
            return;
        }
    }
}

/// Seals every selected value of a plain document that holds no aliases.
pub(super) fn seal_all(document: &Document, cipher: &ValueCipher, selector: &Selector, sink: &mut Sink<()>) {
    let (mut plain, mut scratch) = (Zeroizing::new(Vec::new()), Zeroizing::new(Vec::new()));
    let mut ciphertext = String::new();
    let mut ivs = IvSource::new();
    for index in 0..document.documents() {
        let (mut walk, mut trail) = (selector.walk(), Trail::default());
        let walked = document.walk::<Enough>(index, |visit| {
            let Visit::Scalar { id, .. } = visit else {
                follow(&visit, document, &mut walk, &mut trail);
                return Ok(());
            };
            if !walk.leaf() {
                return Ok(());
            }
            let value = Zeroizing::new(document.value(id).unwrap_or(Value::Null));
            if !write_plain_bytes(&value, &mut plain) || plain.is_empty() {
                return Ok(());
            }
            let iv = ivs.next().map_err(|_| Enough)?;
            ciphertext.clear();
            let bound = trail.bound().as_bytes();
            cipher.seal(&plain, type_word(&value), bound, &iv, &mut scratch, &mut ciphertext);
            sink.push(id, ciphertext.as_bytes(), ())
        });
        if walked.is_err() {
            return;
        }
    }
}
