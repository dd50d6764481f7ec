//! Decrypting a file: values in place, metadata out, the MAC checked before anything is handed over.

use ring::digest::{Context, SHA256};
use zeroize::Zeroizing;

use super::ahead::{self, Ahead};
use super::bounds::bounds_to_try;
use super::decrypted::Decrypted;
use super::encrypt::EMPTY_COMMENT;
use super::error::{FileError, ValueError};
use super::follow::{follow, stopped};
use super::layout::{self, Layout, Spelling};
use super::orphans;
use super::place::{self, MetadataSkip};
use super::reuse::{Reuse, Stamp};
use crate::document::edits::Edits;
use crate::document::scalar::{TypeWord, from_plain_bytes, write_plain_bytes};
use crate::document::trail::Trail;
use crate::document::value::Value;
use crate::document::yaml::{Document, NodeId, NodeKind, ScalarStyle, Visit};
use crate::secret::{SecretBytes, make_room};
use crate::sops::cipher::{CipherError, Opened, ValueCipher, is_encrypted};
use crate::sops::key::DataKey;
use crate::sops::mac::{Mac, MacText};
use crate::sops::metadata::Metadata;
use crate::sops::selector::{Selector, SelectorWalk};

/// A parsed SOPS file.
#[derive(Debug)]
pub struct EncryptedFile {
    document: Document,
    /// Its metadata.
    pub metadata: Metadata,
}

/// Where in a stream the metadata is: the first document, or a last one of its own.
fn metadata_document(document: &Document) -> Option<usize> {
    let last = document.documents().checked_sub(1)?;
    if place::find(document, 0).is_some() {
        return Some(0);
    }
    place::is_own_document(document, last).then_some(last)
}

/// The metadata of a parsed text, if it holds any.
pub(super) fn metadata_of(document: &Document) -> Option<Result<Metadata, FileError>> {
    let (_, value) = place::find(document, metadata_document(document)?)?;
    let read = || Ok(Metadata::read(&document.tree(value)?)?);
    Some(read())
}

/// Whether a parsed text is a SOPS file.
pub fn is_encrypted_file(document: &Document) -> bool {
    metadata_document(document)
        .and_then(|index| place::find(document, index))
        .is_some_and(|(_, value)| document.kind(value) == NodeKind::Map)
}

impl EncryptedFile {
    /// Parses an encrypted file.
    ///
    /// # Errors
    /// [`FileError::NotEncrypted`] without a `sops` entry, [`FileError::Yaml`] and [`FileError::Metadata`].
    pub fn parse(text: String) -> Result<Self, FileError> {
        Self::from_document(Document::parse(text)?)
    }

    /// The same from a document.
    ///
    /// # Errors
    /// As [`EncryptedFile::parse`].
    pub fn from_document(document: Document) -> Result<Self, FileError> {
        let index = metadata_document(&document).ok_or(FileError::NotEncrypted)?;
        let (_, value) = place::find(&document, index).ok_or(FileError::NotEncrypted)?;
        let metadata = Metadata::read(&document.tree(value)?)?;
        Ok(Self { document, metadata })
    }

    /// The text of the file.
    pub fn into_text(self) -> String {
        std::mem::take(&mut *self.document.into_text())
    }

    /// The document as it stands in the file.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Decrypts everything; with `ignore_mac` the file's integrity is not checked.
    ///
    /// # Errors
    /// [`FileError::Value`] for the first value that does not open, then the MAC's errors.
    pub fn decrypt(&self, key: &DataKey, ignore_mac: bool) -> Result<Decrypted, FileError> {
        self.run(key, ignore_mac, None, false)
    }

    /// Decrypts, and says what every comment should be bound to. That can be many times as long as the file, so that it is only
    /// for files that were just encrypted.
    pub(super) fn decrypt_for_check(&self, key: &DataKey) -> Result<Decrypted, FileError> {
        self.run(key, false, None, true)
    }

    /// Decrypts, and remembers every ciphertext for another encryption under the same data key.
    ///
    /// # Errors
    /// As [`EncryptedFile::decrypt`].
    pub fn decrypt_for_reuse(&self, key: &DataKey) -> Result<(Decrypted, Reuse), FileError> {
        let mut reuse = Reuse::default();
        let decrypted = self.run(key, false, Some(&mut reuse), false)?;
        Ok((decrypted, reuse))
    }

    /// The same for a file whose integrity is not checked.
    ///
    /// # Errors
    /// [`FileError::Value`] for the first value that does not open.
    pub fn decrypt_for_reuse_unchecked(&self, key: &DataKey) -> Result<(Decrypted, Reuse), FileError> {
        let mut reuse = Reuse::default();
        let decrypted = self.run(key, true, Some(&mut reuse), false)?;
        Ok((decrypted, reuse))
    }

    fn run(
        &self,
        key: &DataKey,
        ignore_mac: bool,
        mut reuse: Option<&mut Reuse>,
        with_bounds: bool,
    ) -> Result<Decrypted, FileError> {
        let cipher = ValueCipher::new(key);
        let layout_plain = open_layout(&self.metadata, &cipher);
        let layout = Layout::read(&layout_plain);
        let selector = Selector::compile_lenient(&self.metadata.selection);
        let document = &self.document;
        let mut reader = ahead::beside(
            document.nodes(),
            |sink| ahead::open_all(document, &cipher, &selector, sink),
            |ahead| {
                let mut reader = Reader::new(self, &cipher, &layout, reuse.as_deref_mut());
                reader.ahead = ahead;
                reader.comment_bounds = with_bounds.then(|| vec![None; document.comments()]);
                reader.run(&selector)?;
                reader.ahead = None;
                Ok::<_, FileError>(reader)
            },
        )?;
        let mac = std::mem::replace(&mut reader.mac, Mac::new(false)).finish();
        let mut stored = Zeroizing::new(Vec::new());
        if !ignore_mac {
            check_mac(&self.metadata, &cipher, &mac, &mut stored)?;
        }
        let digest = std::mem::replace(&mut reader.digest, Context::new(&SHA256)).finish();
        let decrypted = reader.finish();
        if let Some(reuse) = reuse {
            reuse.stamp = Some(Stamp {
                lastmodified: self.metadata.lastmodified.clone(),
                mac: self.metadata.mac.clone(),
                mac_plain: SecretBytes::new(stored.to_vec()).into(),
                layout: self.metadata.layout.clone(),
                layout_plain: SecretBytes::new(layout_plain.to_vec()).into(),
            });
        }
        if layout.is_empty() || value_digest(&decrypted.text).is_some_and(|found| found == digest.as_ref()) {
            return Ok(decrypted);
        }
        // A spelling that no longer fits its surroundings: the values are what counts.
        let none = Layout::default();
        let mut reader = Reader::new(self, &cipher, &none, None);
        reader.comment_bounds = with_bounds.then(|| vec![None; self.document.comments()]);
        reader.run(&selector)?;
        Ok(reader.finish())
    }
}

/// The text of the layout entry; nothing when there is none, or it does not open.
pub(super) fn open_layout(metadata: &Metadata, cipher: &ValueCipher) -> Zeroizing<Vec<u8>> {
    let mut plain = Zeroizing::new(Vec::new());
    if let Some(text) = &metadata.layout
        && cipher.open(text, layout::BOUND.as_bytes(), &mut plain).is_err()
    {
        plain.clear();
    }
    plain
}

/// Compares the MAC of what was read with that of the metadata, which is left in `stored`.
pub(super) fn check_mac(
    metadata: &Metadata,
    cipher: &ValueCipher,
    mac: &MacText,
    stored: &mut Zeroizing<Vec<u8>>,
) -> Result<(), FileError> {
    if metadata.mac.is_empty() {
        return Err(FileError::NoMac);
    }
    let bound = metadata.mac_aad()?;
    cipher.open(&metadata.mac, bound.as_bytes(), stored).map_err(|_| FileError::BadMac)?;
    if mac.same_as_stored(stored) { Ok(()) } else { Err(FileError::MacMismatch) }
}

/// Digest of the values of a plain text, in the order of the walk; `None` when it is not YAML.
fn value_digest(text: &str) -> Option<Vec<u8>> {
    let document = Document::parse(text.to_owned()).ok()?;
    let mut digest = Context::new(&SHA256);
    let mut buffer = Zeroizing::default();
    for index in 0..document.documents() {
        let root = document.root(index);
        document
            .walk::<FileError>(index, |visit| {
                match visit {
                    Visit::Scalar { id, .. } if id == root => {}
                    Visit::Scalar { id, .. } => {
                        let value = Zeroizing::new(document.value(id).unwrap_or(Value::Null));
                        write_plain_bytes(&value, &mut buffer);
                        add_value(&mut digest, &value, &buffer);
                    }
                    Visit::EnterKey(key, _) => add_step(&mut digest, key),
                    Visit::EnterItem(_) => add_step(&mut digest, "\0item"),
                    _ => {}
                }
                Ok(())
            })
            .ok()?;
    }
    Some(digest.finish().as_ref().to_vec())
}

fn add_step(digest: &mut Context, key: &str) {
    digest.update(b"k");
    digest.update(&(key.len() as u64).to_le_bytes());
    digest.update(key.as_bytes());
}

fn add_value(digest: &mut Context, value: &Value<'_>, bytes: &[u8]) {
    let kind: &[u8] = match value {
        Value::Null => b"n",
        Value::Bool(_) => b"b",
        Value::Int(_) | Value::BigInt(_) => b"i",
        Value::Float(_) => b"f",
        Value::Time(_) => b"t",
        Value::Str(_) | Value::Bytes(_) => b"s",
    };
    digest.update(kind);
    digest.update(&(bytes.len() as u64).to_le_bytes());
    digest.update(bytes);
}

struct Reader<'a> {
    file: &'a EncryptedFile,
    cipher: &'a ValueCipher,
    layout: &'a Layout,
    reuse: Option<&'a mut Reuse>,
    trail: Trail,
    index: usize,
    skip: MetadataSkip,
    ahead: Option<Ahead<Result<Opened, CipherError>>>,
    mac: Mac,
    digest: Context,
    edits: Edits,
    plain: Zeroizing<Vec<u8>>,
    hashed: Zeroizing<Vec<u8>>,
    place: String,
    last_bound: String,
    visited: Vec<bool>,
    comment_bounds: Option<Vec<Option<String>>>,
    /// Where they start, in bytes.
    unreadable_comments: Vec<usize>,
    values: usize,
    /// First item of a list that holds nothing but encrypted comments.
    comment_list: Option<NodeId>,
}

impl<'a> Reader<'a> {
    fn new(file: &'a EncryptedFile, cipher: &'a ValueCipher, layout: &'a Layout, reuse: Option<&'a mut Reuse>) -> Self {
        Self {
            file,
            cipher,
            layout,
            reuse,
            trail: Trail::default(),
            index: 0,
            skip: MetadataSkip::default(),
            ahead: None,
            mac: Mac::new(file.metadata.mac_only_encrypted),
            digest: Context::new(&SHA256),
            edits: Edits::default(),
            plain: Zeroizing::default(),
            hashed: Zeroizing::default(),
            place: String::new(),
            last_bound: String::new(),
            visited: vec![false; file.document.comments()],
            comment_bounds: None,
            unreadable_comments: Vec::new(),
            values: 0,
            comment_list: None,
        }
    }

    fn run(&mut self, selector: &Selector) -> Result<(), FileError> {
        let document = &self.file.document;
        let removed =
            place::remove(document, |index| self.layout.get(&layout::absent_place(index)).is_some(), &mut self.edits);
        for index in 0..document.documents() {
            self.index = index;
            self.trail = Trail::default();
            self.skip = MetadataSkip::default();
            if index > 0 && place::is_own_document(document, index) {
                continue;
            }
            let mut walk = selector.walk();
            document.walk(index, |visit| self.visit(&visit, &mut walk)).map_err(stopped)?;
        }
        let visited = std::mem::take(&mut self.visited);
        orphans::each(document, &visited, selector, |row, trail| {
            let start = document.comment(row).start;
            let before = removed.partition_point(|span| span.end <= start);
            if !removed.get(before).is_some_and(|span| span.contains(&start)) {
                std::mem::swap(&mut self.trail, trail);
                self.comment(row);
                std::mem::swap(&mut self.trail, trail);
            }
            Ok(())
        })
    }

    fn finish(self) -> Decrypted {
        Decrypted {
            text: self.edits.apply(self.file.document.text()),
            unreadable_comments: self.file.document.lines(self.unreadable_comments),
            values: self.values,
            not_text: None,
            reading: None,
            comment_bounds: self.comment_bounds.unwrap_or_default(),
        }
    }

    fn visit(&mut self, visit: &Visit<'_>, walk: &mut SelectorWalk<'_>) -> Result<(), FileError> {
        let document = &self.file.document;
        if self.skip.over(visit, self.trail.depth()) {
            if let Visit::Comment { row, .. } = visit {
                self.visited[*row as usize] = true;
            }
            return Ok(());
        }
        match visit {
            Visit::Scalar { id, copy } => {
                let selected = walk.leaf();
                return self.scalar(*id, *copy, selected);
            }
            Visit::Comment { row, copy } => {
                let selected = walk.comment(document.comment_text(*row));
                if !copy {
                    self.visited[*row as usize] = true;
                    if selected {
                        self.comment(*row);
                    }
                }
                return Ok(());
            }
            Visit::Open(id) => {
                self.note_comment_list(*id);
                if self.trail.depth() > 0 {
                    self.restore_alias(*id);
                }
            }
            Visit::EnterKey(key, id) if !self.layout.is_empty() => {
                add_step(&mut self.digest, key);
                follow(visit, document, walk, &mut self.trail);
                if let Some(Spelling::Alias(raw)) = self.layout.get(&layout::key_place(&self.trail, self.index)) {
                    self.edits.replace(document.span(*id), raw);
                }
                return Ok(());
            }
            Visit::EnterItem(_) if !self.layout.is_empty() => add_step(&mut self.digest, "\0item"),
            _ => {}
        }
        follow(visit, document, walk, &mut self.trail);
        Ok(())
    }

    /// A list of nothing but comments, as sops writes it, is an empty list with comments.
    fn note_comment_list(&mut self, id: NodeId) {
        let document = &self.file.document;
        let is_comment =
            |item| document.kind(item) == NodeKind::Scalar && document.scalar_text(item).ends_with(",type:comment]");
        if document.kind(id) == NodeKind::List && document.items(id).all(is_comment) {
            self.comment_list = document.items(id).next();
        }
    }

    fn recorded(&mut self) -> Option<&'a Spelling> {
        if self.layout.is_empty() {
            return None;
        }
        self.place.clear();
        self.trail.write_id(self.index, &mut self.place);
        self.layout.get(&self.place)
    }

    /// A collection that stands for an alias becomes that alias again.
    fn restore_alias(&mut self, id: NodeId) {
        if let Some(Spelling::Alias(raw)) = self.recorded() {
            self.edits.replace(self.file.document.full_span(id), raw);
        }
    }

    fn line(&self, offset: usize) -> usize {
        self.file.document.position(offset).0
    }

    fn bad(&self, id: NodeId, error: impl Into<ValueError>) -> FileError {
        let line = self.line(self.file.document.span(id).start);
        FileError::Value { path: self.trail.path(), line, error: error.into() }
    }

    fn scalar(&mut self, id: NodeId, copy: bool, selected: bool) -> Result<(), FileError> {
        let document = &self.file.document;
        self.last_bound.clear();
        self.last_bound.push_str(self.trail.bound());
        if !selected {
            return self.clear(id);
        }
        let ciphertext = match document.value(id).unwrap_or(Value::Null) {
            Value::Null => return self.clear(id),
            Value::Str(text) if text.is_empty() => return self.clear(id),
            Value::Str(text) => text,
            _ => return Err(self.bad(id, ValueError::InClear)),
        };
        let type_word = match self.open(id, &ciphertext) {
            Ok(opened) => opened.type_word,
            Err(CipherError::NotEncrypted) => return Err(self.bad(id, ValueError::InClear)),
            Err(error) => return Err(self.bad(id, error)),
        };
        if type_word == TypeWord::Comment {
            return self.list_comment(id);
        }
        self.values += 1;
        self.remember(id, type_word, &ciphertext);
        let plain = std::mem::take(&mut self.plain);
        let value = Zeroizing::new(match (type_word, std::str::from_utf8(&plain)) {
            (TypeWord::Str, Ok(text)) => {
                self.mac.add(&plain);
                if !self.layout.is_empty() && self.trail.depth() > 0 {
                    add_value(&mut self.digest, &Value::Str(text.into()), &plain);
                }
                Value::Str(text.into())
            }
            _ => {
                let value = from_plain_bytes(&plain, type_word).map_err(|_| self.bad(id, ValueError::BadType))?;
                write_plain_bytes(&value, &mut self.hashed);
                self.mac.add(&self.hashed);
                if !self.layout.is_empty() && self.trail.depth() > 0 {
                    add_value(&mut self.digest, &value, &self.hashed);
                }
                value
            }
        });
        if !copy {
            self.write(id, &value);
        }
        drop(value);
        self.plain = plain;
        Ok(())
    }

    fn open(&mut self, id: NodeId, ciphertext: &str) -> Result<Opened, CipherError> {
        if let Some((plain, outcome)) = self.ahead.as_mut().and_then(|ahead| ahead.take(id)) {
            make_room(&mut self.plain, plain.len());
            self.plain.extend_from_slice(plain);
            return outcome;
        }
        self.cipher.open(ciphertext, self.trail.bound().as_bytes(), &mut self.plain)
    }

    fn write(&mut self, id: NodeId, value: &Value<'_>) {
        let document = &self.file.document;
        match self.recorded() {
            Some(Spelling::Alias(raw)) => self.edits.replace(document.full_span(id), raw),
            Some(Spelling::Scalar { part, raw }) => {
                self.edits.replace(document.part_span(id, *part), raw);
            }
            None => self.edits.replace_by(document.spelled_room(id, value), |out| document.write_plain(id, value, out)),
        }
    }

    /// A value that is not encrypted.
    fn clear(&mut self, id: NodeId) -> Result<(), FileError> {
        let value = Zeroizing::new(self.file.document.value(id).unwrap_or(Value::Null));
        let counted = write_plain_bytes(&value, &mut self.hashed);
        if counted && !self.file.metadata.mac_only_encrypted {
            self.mac.add(&self.hashed);
        }
        if !self.layout.is_empty() && self.trail.depth() > 0 {
            add_value(&mut self.digest, &value, &self.hashed);
            if let Some(Spelling::Alias(raw)) = self.recorded() {
                self.edits.replace(self.file.document.full_span(id), raw);
            }
        }
        Ok(())
    }

    fn remember(&mut self, id: NodeId, type_word: TypeWord, ciphertext: &str) {
        let document = &self.file.document;
        if let Some(reuse) = self.reuse.as_deref_mut() {
            let mut place = String::new();
            self.trail.write_id(self.index, &mut place);
            // A block scalar reads its line breaks as part of the text.
            let ciphertext = ciphertext.rfind(']').map_or(ciphertext, |end| &ciphertext[..=end]);
            let bare = document.style(id) == ScalarStyle::Plain && !document.in_flow(id);
            reuse.add(place, self.trail.bound(), type_word, &self.plain, ciphertext, bare);
        }
    }

    /// sops writes an encrypted comment of a list as an item; it becomes a comment line again.
    fn list_comment(&mut self, id: NodeId) -> Result<(), FileError> {
        let document = &self.file.document;
        let start = document.full_span(id).start;
        let before = document.text()[..start].trim_end_matches([' ', '\t']);
        if document.in_flow(id) || !before.ends_with('-') {
            return Err(self.bad(id, ValueError::CommentInFlow));
        }
        let dash = before.len() - 1;
        let only = self.comment_list == Some(id);
        let plain = std::mem::take(&mut self.plain);
        let text = String::from_utf8_lossy(&plain);
        self.edits.replace_by(text.len(), |out| {
            out.push_str(if only { "[] #" } else { "#" });
            push_comment(&text, "\n", out);
            dash..document.span(id).end
        });
        drop(text);
        self.plain = plain;
        Ok(())
    }

    /// The bounds to try for a comment: where it is read, then around it, as sops may have read it elsewhere before.
    fn comment(&mut self, row: u32) {
        let document = &self.file.document;
        let span = document.comment(row);
        let text = &document.text()[span.start + 1..span.end];
        if !is_encrypted(text) {
            return;
        }
        if let Some(bounds) = &mut self.comment_bounds {
            bounds[row as usize] = Some(self.trail.bound().to_owned());
        }
        let bounds = bounds_to_try(&self.trail, &self.last_bound);
        let opened = self.cipher.open_first(text, &bounds, &mut self.plain);
        let Ok((Opened { type_word: TypeWord::Comment, .. }, bound)) = opened else {
            self.unreadable_comments.push(span.start);
            return;
        };
        if let Some(reuse) = self.reuse.as_deref_mut() {
            reuse.add(format!("comment {row}"), bound, TypeWord::Comment, &self.plain, text, false);
        }
        let plain = String::from_utf8_lossy(&self.plain);
        let plain = if plain == EMPTY_COMMENT { "" } else { &*plain };
        self.edits.replace_by(plain.len(), |out| {
            push_comment(plain, document.line_end(), out);
            span.start + 1..span.end
        });
    }
}

/// Every further line of a comment gets a `#` of its own.
fn push_comment(text: &str, line_end: &str, out: &mut String) {
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            out.push_str(line_end);
            out.push('#');
        }
        out.push_str(line);
    }
}
