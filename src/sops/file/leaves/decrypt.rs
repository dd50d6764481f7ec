//! Decrypting a file: values in place, metadata out, the MAC checked before anything is handed over.

use ring::digest::{Context, SHA256};
use zeroize::Zeroizing;

use super::ahead::open_all;
use super::encrypt::line_of;
use super::steps::{READING, Steps, comment_place};
use crate::document::edits::Edits;
use crate::document::format::{Event, Format};
use crate::document::scalar::{TypeWord, from_plain_bytes, plain_room, write_plain_bytes};
use crate::document::value::Value;
use crate::secret::{SecretBytes, make_room};
use crate::sops::cipher::{CipherError, Opened, ValueCipher, is_encrypted};
use crate::sops::file::ahead::{self, Ahead};
use crate::sops::file::decrypt::{check_mac, open_layout};
use crate::sops::file::decrypted::Decrypted;
use crate::sops::file::error::{FileError, ValueError};
use crate::sops::file::layout::{Layout, Spelling};
use crate::sops::file::reuse::{Reuse, Stamp};
use crate::sops::key::DataKey;
use crate::sops::mac::Mac;
use crate::sops::metadata::Metadata;
use crate::sops::selector::Selector;

/// An encrypted file of a format that is not YAML.
#[derive(Debug)]
pub(in crate::sops::file) struct LeavesFile {
    pub document: Box<dyn Format>,
    pub metadata: Metadata,
}

impl LeavesFile {
    /// Reads the metadata of a parsed file.
    pub(in crate::sops::file) fn new(document: Box<dyn Format>) -> Result<Self, FileError> {
        let node = document.metadata()?.ok_or(FileError::NotEncrypted)?;
        let metadata = Metadata::read(&node)?;
        Ok(Self { document, metadata })
    }

    /// Decrypts everything; with `reuse`, every ciphertext is remembered.
    pub(in crate::sops::file) fn decrypt(
        &self,
        key: &DataKey,
        ignore_mac: bool,
        mut reuse: Option<&mut Reuse>,
    ) -> Result<Decrypted, FileError> {
        let cipher = ValueCipher::new(key);
        let layout_plain = open_layout(&self.metadata, &cipher);
        let layout = Layout::read(&layout_plain);
        let selector = Selector::compile_lenient(&self.metadata.selection);
        let read = self.read(&cipher, &selector, &layout, reuse.as_deref_mut())?;
        let mut stored = Zeroizing::new(Vec::new());
        if !ignore_mac {
            check_mac(&self.metadata, &cipher, &read.mac.finish(), &mut stored)?;
        }
        if let Some(reuse) = reuse {
            reuse.stamp = Some(Stamp {
                lastmodified: self.metadata.lastmodified.clone(),
                mac: self.metadata.mac.clone(),
                mac_plain: SecretBytes::new(stored.to_vec()).into(),
                layout: self.metadata.layout.clone(),
                layout_plain: SecretBytes::new(layout_plain.to_vec()).into(),
            });
        }
        let reading = match layout.get(READING) {
            Some(Spelling::Alias(name)) => Some(name.clone()),
            _ => None,
        };
        if layout.is_empty() || self.reads_as(&read.decrypted.text, reading.as_deref(), &read.digest) {
            return Ok(Decrypted { reading, ..read.decrypted });
        }
        // A spelling that no longer fits its surroundings: the values are what counts.
        let none = Layout::default();
        Ok(self.read(&cipher, &selector, &none, None)?.decrypted)
    }

    fn read(
        &self,
        cipher: &ValueCipher,
        selector: &Selector,
        layout: &Layout,
        reuse: Option<&mut Reuse>,
    ) -> Result<Read, FileError> {
        let document = self.document.as_ref();
        ahead::beside(
            document.events().len(),
            |sink| open_all(document, cipher, selector, sink),
            |ahead| self.read_beside(ahead, cipher, selector, layout, reuse),
        )
    }

    fn read_beside(
        &self,
        ahead: Option<Ahead<Result<Opened, CipherError>>>,
        cipher: &ValueCipher,
        selector: &Selector,
        layout: &Layout,
        reuse: Option<&mut Reuse>,
    ) -> Result<Read, FileError> {
        let document = self.document.as_ref();
        let mut reader = Reader {
            ahead,
            file: self,
            document,
            cipher,
            layout,
            reuse,
            steps: Steps::new(document, selector),
            mac: Mac::new(self.metadata.mac_only_encrypted),
            digest: Context::new(&SHA256),
            edits: Edits::default(),
            plain: Zeroizing::default(),
            hashed: Zeroizing::default(),
            unreadable_comments: Vec::new(),
            values: 0,
        };
        for event in document.events() {
            match *event {
                Event::Scalar(leaf) => reader.scalar(leaf)?,
                Event::Comment(comment) => reader.comment(comment)?,
                Event::Key(key) => add(&mut reader.digest, b"k", document.key(key).as_bytes()),
                _ => {}
            }
            reader.steps.follow(*event);
        }
        document.remove_metadata(&mut reader.edits);
        let decrypted = Decrypted {
            text: reader.edits.apply(document.text()),
            unreadable_comments: reader.unreadable_comments,
            values: reader.values,
            not_text: None,
            reading: None,
            comment_bounds: Vec::new(),
        };
        Ok(Read { decrypted, mac: reader.mac, digest: reader.digest.finish().as_ref().to_vec() })
    }

    /// Whether a plain text holds the keys and values of `digest`, in their order.
    fn reads_as(&self, text: &str, reading: Option<&str>, digest: &[u8]) -> bool {
        let Ok(document) = self.document.reparse(text.to_owned(), reading) else { return false };
        let selector = Selector::compile_lenient(&self.metadata.selection);
        let mut steps = Steps::new(document.as_ref(), &selector);
        let mut found = Context::new(&SHA256);
        let mut bytes = Zeroizing::new(Vec::new());
        for event in document.events() {
            match *event {
                Event::Scalar(leaf) => {
                    let chosen = steps.selects_leaf();
                    let value = if chosen { document.value(leaf) } else { document.clear_value(leaf) };
                    write_plain_bytes(&Zeroizing::new(value), &mut bytes);
                    add(&mut found, b"v", &bytes);
                }
                Event::Comment(comment) => drop(steps.selects_comment(&document.comment_text(comment))),
                Event::Key(key) => add(&mut found, b"k", document.key(key).as_bytes()),
                _ => {}
            }
            steps.follow(*event);
        }
        found.finish().as_ref() == digest
    }
}

fn add(digest: &mut Context, kind: &[u8], bytes: &[u8]) {
    digest.update(kind);
    digest.update(&(bytes.len() as u64).to_le_bytes());
    digest.update(bytes);
}

struct Read {
    decrypted: Decrypted,
    mac: Mac,
    digest: Vec<u8>,
}

struct Reader<'a> {
    ahead: Option<Ahead<Result<Opened, CipherError>>>,
    file: &'a LeavesFile,
    document: &'a dyn Format,
    cipher: &'a ValueCipher,
    layout: &'a Layout,
    reuse: Option<&'a mut Reuse>,
    steps: Steps<'a>,
    mac: Mac,
    digest: Context,
    edits: Edits,
    plain: Zeroizing<Vec<u8>>,
    hashed: Zeroizing<Vec<u8>>,
    unreadable_comments: Vec<usize>,
    values: usize,
}

impl Reader<'_> {
    fn bad(&self, leaf: usize, error: impl Into<ValueError>) -> FileError {
        let line = line_of(self.document, self.document.span(leaf).start);
        FileError::Value { path: self.steps.trail.path(), line, error: error.into() }
    }

    fn scalar(&mut self, leaf: usize) -> Result<(), FileError> {
        let document = self.document;
        let place = self.steps.place();
        let value = Zeroizing::new(document.value(leaf));
        let ciphertext = match &*value {
            _ if !self.steps.selects_leaf() => return self.clear(leaf, &place, &value, false),
            Value::Null => return self.clear(leaf, &place, &value, true),
            Value::Str(text) if text.is_empty() => return self.clear(leaf, &place, &value, true),
            Value::Str(text) => text,
            _ => return Err(self.bad(leaf, ValueError::InClear)),
        };
        let opened = self.open(leaf, ciphertext);
        let bound = self.steps.trail.bound();
        let type_word = match opened {
            Ok(opened) => opened.type_word,
            Err(CipherError::NotEncrypted) => return Err(self.bad(leaf, ValueError::InClear)),
            Err(error) => return Err(self.bad(leaf, error)),
        };
        self.values += 1;
        if let Some(reuse) = self.reuse.as_deref_mut() {
            reuse.add(place.clone(), bound, type_word, &self.plain, ciphertext, false);
        }
        let plain = std::mem::take(&mut self.plain);
        let value = Zeroizing::new(match (type_word, std::str::from_utf8(&plain)) {
            (TypeWord::Str, Ok(text)) => Value::Str(text.into()),
            _ => from_plain_bytes(&plain, type_word).map_err(|_| self.bad(leaf, ValueError::BadType))?,
        });
        write_plain_bytes(&value, &mut self.hashed);
        self.mac.add(&self.hashed);
        add(&mut self.digest, b"v", &self.hashed);
        self.write(leaf, &place, &value)?;
        drop(value);
        self.plain = plain;
        Ok(())
    }

    fn open(&mut self, leaf: usize, ciphertext: &str) -> Result<Opened, CipherError> {
        let id = u32::try_from(leaf).ok();
        if let Some((plain, outcome)) = self.ahead.as_mut().zip(id).and_then(|(ahead, id)| ahead.take(id)) {
            make_room(&mut self.plain, plain.len());
            self.plain.extend_from_slice(plain);
            return outcome;
        }
        self.cipher.open(ciphertext, self.steps.trail.bound().as_bytes(), &mut self.plain)
    }

    /// A value that is not encrypted.
    fn clear(&mut self, leaf: usize, place: &str, value: &Value<'_>, selected: bool) -> Result<(), FileError> {
        let counted = write_plain_bytes(value, &mut self.hashed);
        if counted && (selected || !self.file.metadata.mac_only_encrypted) {
            self.mac.add(&self.hashed);
        }
        add(&mut self.digest, b"v", &self.hashed);
        if let Some(Spelling::Scalar { raw, .. }) = self.layout.get(place) {
            self.edits.replace(self.document.span(leaf), raw);
        }
        Ok(())
    }

    fn write(&mut self, leaf: usize, place: &str, value: &Value<'_>) -> Result<(), FileError> {
        let document = self.document;
        if let Some(Spelling::Scalar { raw, .. }) = self.layout.get(place) {
            self.edits.replace(document.span(leaf), raw);
            return Ok(());
        }
        let mut spelled = Ok(());
        self.edits.replace_by(plain_room(value), |out| {
            spelled = document.spell(leaf, value, out);
            document.span(leaf)
        });
        spelled.map_err(|error| FileError::Unspellable {
            path: self.steps.trail.path(),
            line: line_of(document, document.span(leaf).start),
            what: error.0,
        })
    }

    fn comment(&mut self, comment: usize) -> Result<(), FileError> {
        let document = self.document;
        let text = document.comment_text(comment);
        if !self.steps.selects_comment(&text) || !is_encrypted(&text) {
            return Ok(());
        }
        let span = document.comment(comment);
        // sops reads some comments into the section before or after.
        let mut bounds: Vec<&str> = vec![self.steps.trail.bound()];
        bounds.extend(self.steps.trail.outer());
        let opened = bounds.into_iter().find(|bound| {
            let opened = self.cipher.open(&text, bound.as_bytes(), &mut self.plain);
            opened.is_ok_and(|opened| opened.type_word == TypeWord::Comment)
        });
        let (Some(bound), Ok(plain)) = (opened, std::str::from_utf8(&self.plain)) else {
            self.unreadable_comments.push(line_of(document, span.start));
            return Ok(());
        };
        let place = comment_place(comment);
        if let Some(reuse) = self.reuse.as_deref_mut() {
            reuse.add(place.clone(), bound, TypeWord::Comment, plain.as_bytes(), &text, false);
        }
        if let Some(Spelling::Scalar { raw, .. }) = self.layout.get(&place) {
            self.edits.replace(span, raw);
            return Ok(());
        }
        self.edits.replace_by(plain.len(), |out| {
            document.spell_comment(comment, plain, out);
            span
        });
        Ok(())
    }
}
