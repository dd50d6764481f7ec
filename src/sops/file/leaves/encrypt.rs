//! Encrypting a document: selected values and comments become ciphertexts in place, the metadata is added, and the result is
//! opened again and compared before anybody sees it.

use zeroize::Zeroizing;

use super::ahead::seal_all;
use super::decrypt::LeavesFile;
use super::steps::{READING, Steps, comment_place};
use crate::document::edits::Edits;
use crate::document::format::{Event, Format};
use crate::document::scalar::{TypeWord, plain_room, type_word, write_plain_bytes};
use crate::document::value::Value;
use crate::document::yaml::Part;
use crate::secret::{make_room, make_room_for_text};
use crate::sops::cipher::{IvSource, ValueCipher, is_encrypted};
use crate::sops::file::ahead::{self, Ahead};
use crate::sops::file::encrypt::{Encrypted, Settings};
use crate::sops::file::error::FileError;
use crate::sops::file::finish::Sealing;
use crate::sops::file::layout::{Layout, Spelling};
use crate::sops::file::reuse::Reuse;
use crate::sops::key::DataKey;
use crate::sops::mac::Mac;
use crate::sops::selector::Selector;

/// How often a comment is encrypted anew when its ciphertext matches the rule's pattern.
const COMMENT_ATTEMPTS: usize = 16;

/// A name that a rule selects without what stands before it.
const ONLY_BY_PATH: &str = "the rule selects this name, but sops reads \"export\" as a part of it: let the pattern begin with \
                            ^(export )? or the like";

/// A key that a rule selects where nothing can be encrypted.
const INSIDE: &str = "the rule selects a key inside this expression, which cannot be encrypted";

/// Most bytes that one byte of a text can be written as (`\u00XX`).
const LONGEST_ESCAPE: usize = 6;

/// Encrypts `document` under `key`; ciphertexts of `reuse` are kept for values that did not change.
pub(in crate::sops::file) fn encrypt(
    document: &dyn Format,
    key: &DataKey,
    settings: &Settings,
    mut reuse: Option<&mut Reuse>,
) -> Result<Encrypted, FileError> {
    check(document, settings)?;
    let selector = Selector::compile(&settings.selection)?;
    let cipher = ValueCipher::new(key);
    // A spelling is recorded where the style of a ciphertext does not carry it. Should that ever not be enough, all are.
    for record_all in [false, true] {
        if let Some(reuse) = reuse.as_deref_mut() {
            reuse.forget_uses();
        }
        let reuse = reuse.as_deref_mut();
        // Ciphertexts that are kept need not be made.
        let steps = if reuse.is_some() { 0 } else { document.events().len() };
        let encrypted = ahead::beside(
            steps,
            |sink| seal_all(document, &cipher, &selector, sink),
            |ahead| {
                let mut writer = Writer::new(document, &cipher, &selector, settings, reuse);
                (writer.record_all, writer.ahead) = (record_all, ahead);
                writer.run()
            },
        )?;
        if opens_again(document, &encrypted, key) {
            return Ok(encrypted);
        }
    }
    Err(FileError::Unfaithful)
}

fn check(document: &dyn Format, settings: &Settings) -> Result<(), FileError> {
    if !matches!(document.metadata(), Ok(None)) {
        return Err(FileError::AlreadyEncrypted { line: document.metadata_line() });
    }
    for odd in document.unrepresentable() {
        if odd.is_final || !settings.allow_unrepresentable {
            let line = line_of(document, odd.offset);
            return Err(FileError::Unrepresentable { line, what: odd.what, is_final: odd.is_final });
        }
    }
    Ok(())
}

/// The line of a byte, from 1.
pub(super) fn line_of(document: &dyn Format, offset: usize) -> usize {
    memchr::memchr_iter(b'\n', &document.text().as_bytes()[..offset]).count() + 1
}

fn opens_again(document: &dyn Format, encrypted: &Encrypted, key: &DataKey) -> bool {
    let again = || {
        let parsed = document.reparse(encrypted.text.clone(), None).ok()?;
        let file = LeavesFile::new(parsed).ok()?;
        file.decrypt(key, false, None).ok()
    };
    again().is_some_and(|opened| opened.text.as_str() == document.text())
}

struct Writer<'a> {
    document: &'a dyn Format,
    cipher: &'a ValueCipher,
    selector: &'a Selector,
    settings: &'a Settings,
    reuse: Option<&'a mut Reuse>,
    ahead: Option<Ahead<()>>,
    steps: Steps<'a>,
    /// The key that was entered last.
    key: Option<usize>,
    record_all: bool,
    mac: Mac,
    ivs: IvSource,
    edits: Edits,
    layout: Layout,
    plain: Zeroizing<Vec<u8>>,
    probe: Zeroizing<String>,
    scratch: Zeroizing<Vec<u8>>,
    values: usize,
    comments: usize,
    fresh: usize,
    fresh_values: usize,
}

impl<'a> Writer<'a> {
    fn new(
        document: &'a dyn Format,
        cipher: &'a ValueCipher,
        selector: &'a Selector,
        settings: &'a Settings,
        reuse: Option<&'a mut Reuse>,
    ) -> Self {
        Self {
            document,
            cipher,
            selector,
            settings,
            reuse,
            ahead: None,
            steps: Steps::new(document, selector),
            key: None,
            record_all: false,
            mac: Mac::new(settings.mac_only_encrypted),
            ivs: IvSource::new(),
            edits: Edits::default(),
            layout: Layout::default(),
            plain: Zeroizing::default(),
            probe: Zeroizing::default(),
            scratch: Zeroizing::default(),
            values: 0,
            comments: 0,
            fresh: 0,
            fresh_values: 0,
        }
    }

    fn run(mut self) -> Result<Encrypted, FileError> {
        let document = self.document;
        for event in document.events() {
            match *event {
                Event::Scalar(leaf) => self.scalar(leaf)?,
                Event::Comment(comment) => self.comment(comment)?,
                Event::Key(key) => self.key = Some(key),
                _ => {}
            }
            self.steps.follow(*event);
        }
        if self.values == 0 && !self.settings.allow_empty {
            return Err(FileError::NothingSelected);
        }
        if let Some(reading) = document.reading() {
            self.layout.record(READING.to_owned(), Spelling::Alias(reading.to_owned()));
        }
        let sealing = Sealing {
            settings: self.settings,
            cipher: self.cipher,
            reuse: self.reuse.as_deref(),
            all_kept: self.fresh == 0,
        };
        let (metadata, changed) = sealing.metadata(self.mac, &self.layout, &mut self.ivs)?;
        document.insert_metadata(&metadata.write(), &mut self.edits);
        let mut text = self.edits.apply(document.text());
        Ok(Encrypted {
            text: std::mem::take(&mut *text),
            values: self.values,
            fresh: self.fresh_values,
            comments: self.comments,
            changed,
            clear_copies: Vec::new(),
        })
    }

    fn scalar(&mut self, leaf: usize) -> Result<(), FileError> {
        let document = self.document;
        let place = self.steps.place();
        let chosen = self.steps.selects_leaf();
        let line = || line_of(document, document.span(leaf).start);
        let value = if chosen { document.value(leaf) } else { document.clear_value(leaf) };
        let value = Zeroizing::new(value);
        if let Value::Str(text) = &*value
            && is_encrypted(text)
        {
            return Err(FileError::LooksEncrypted { path: self.steps.trail.path(), line: line() });
        }
        if !chosen && self.selected_by_path() {
            return Err(FileError::NotAValue { path: self.steps.trail.path(), line: line(), what: ONLY_BY_PATH });
        }
        if !chosen && self.selects_inside(leaf) {
            return Err(FileError::NotAValue { path: self.steps.trail.path(), line: line(), what: INSIDE });
        }
        let obstacle = if chosen { document.not_a_value(leaf) } else { document.unrepresentable_in_clear(leaf) };
        // No flag allows either: what stays in clear and is read as something else is nothing that could be opened again.
        if let Some(what) = obstacle {
            return Err(FileError::NotAValue { path: self.steps.trail.path(), line: line(), what });
        }
        let hashed = write_plain_bytes(&value, &mut self.plain);
        if hashed && (chosen || !self.settings.mac_only_encrypted) {
            self.mac.add(&self.plain);
        }
        if !chosen {
            return Ok(());
        }
        let raw = &document.text()[document.span(leaf)];
        make_room_for_text(&mut self.probe, raw.len().max(plain_room(&value)) * LONGEST_ESCAPE + 8);
        let spelled = document.spell_in_file(leaf, &value, &mut self.probe);
        let carried = spelled.is_ok() && self.probe.as_str() == raw;
        if hashed && !self.plain.is_empty() {
            self.values += 1;
            let mut ciphertext = String::new();
            self.seal(Some(leaf), &place, type_word(&value), &mut ciphertext)?;
            self.put(leaf, &Value::Str(ciphertext.as_str().into()))?;
        } else if document.clear_value(leaf) != *value {
            // sops would read something here, and expect a ciphertext.
            self.edits.replace(document.span(leaf), "");
        } else {
            return Ok(());
        }
        if !carried || self.record_all {
            let raw = Zeroizing::new(raw.to_owned());
            self.layout.record(place, Spelling::Scalar { part: Part::Scalar, raw });
        }
        Ok(())
    }

    /// Whether the rule would select the key as people write it, and does not as sops reads it (`export NAME`): the value would
    /// stay in clear, and nobody would notice.
    fn selected_by_path(&self) -> bool {
        let differs = |key: &usize| self.document.path_key(*key) != self.document.key(*key);
        let Some(key) = self.key.filter(|key| !self.selector.reads_comments() && differs(key)) else {
            return false;
        };
        let mut walk = self.selector.walk();
        walk.open();
        walk.enter_key(self.document.path_key(key));
        walk.leaf()
    }

    /// Whether the rule would select a key inside this leaf if it could see it: its value would stay in clear.
    fn selects_inside(&self, leaf: usize) -> bool {
        if self.selector.reads_comments() {
            return false;
        }
        let hidden = self.document.hidden_keys(leaf);
        if hidden.is_empty() {
            return false;
        }
        let mut walk = self.selector.walk();
        walk.open();
        self.steps.trail.keys().for_each(|key| walk.enter_key(key));
        hidden.iter().any(|key| {
            walk.enter_key(key);
            let selected = walk.leaf();
            walk.leave_key();
            selected
        })
    }

    fn put(&mut self, leaf: usize, value: &Value<'_>) -> Result<(), FileError> {
        let document = self.document;
        let mut spelled = Ok(());
        self.edits.replace_by(plain_room(value), |out| {
            spelled = document.spell_in_file(leaf, value, out);
            document.span(leaf)
        });
        spelled.map_err(|error| FileError::Unspellable {
            path: self.steps.trail.path(),
            line: line_of(document, document.span(leaf).start),
            what: error.0,
        })
    }

    /// Appends the ciphertext of `self.plain`, which is that of `leaf` unless it is a comment.
    fn seal(
        &mut self,
        leaf: Option<usize>,
        place: &str,
        type_word: TypeWord,
        out: &mut String,
    ) -> Result<(), FileError> {
        let bound = self.steps.trail.bound();
        if let Some(reuse) = self.reuse.as_deref_mut()
            && let Some(old) = reuse.take(place, bound, type_word, &self.plain)
        {
            out.push_str(old.ciphertext);
            return Ok(());
        }
        self.fresh += 1;
        self.fresh_values += usize::from(type_word != TypeWord::Comment);
        let ahead = leaf.and_then(|leaf| self.ahead.as_mut()?.take(u32::try_from(leaf).ok()?));
        if let Some(sealed) = ahead.and_then(|(sealed, ())| std::str::from_utf8(sealed).ok()) {
            out.push_str(sealed);
            return Ok(());
        }
        let iv = self.ivs.next()?;
        self.cipher.seal(&self.plain, type_word, bound.as_bytes(), &iv, &mut self.scratch, out);
        Ok(())
    }

    /// The ciphertext of the comment in `self.plain`. One that the rule takes for a marker is no use, as for sops (3.13.2
    /// `sops.go`, `Encrypt`); a short pattern can be in the base64 by chance, so that some more are tried.
    fn seal_comment(&mut self, place: &str) -> Result<String, FileError> {
        let mut ciphertext = String::new();
        self.seal(None, place, TypeWord::Comment, &mut ciphertext)?;
        for _ in 0..COMMENT_ATTEMPTS {
            if !self.selector.misreads_encrypted_comment(&ciphertext) {
                return Ok(ciphertext);
            }
            ciphertext.clear();
            self.fresh += 1;
            let (bound, iv) = (self.steps.trail.bound().as_bytes(), self.ivs.next()?);
            self.cipher.seal(&self.plain, TypeWord::Comment, bound, &iv, &mut self.scratch, &mut ciphertext);
        }
        Err(FileError::CommentPattern { setting: self.settings.selection.field().0 })
    }

    fn comment(&mut self, comment: usize) -> Result<(), FileError> {
        let document = self.document;
        let text = document.comment_text(comment);
        if !self.steps.selects_comment(&text) || text.is_empty() {
            return Ok(());
        }
        let span = document.comment(comment);
        if is_encrypted(&text) {
            return Err(FileError::CommentLooksEncrypted { line: line_of(document, span.start) });
        }
        let place = comment_place(comment);
        make_room(&mut self.plain, text.len());
        self.plain.extend_from_slice(text.as_bytes());
        let ciphertext = self.seal_comment(&place)?;
        self.comments += 1;
        let raw = &document.text()[span.clone()];
        make_room_for_text(&mut self.probe, raw.len() * LONGEST_ESCAPE + 8);
        document.spell_comment(comment, &text, &mut self.probe);
        if self.probe.as_str() != raw || self.record_all {
            let raw = Zeroizing::new(raw.to_owned());
            self.layout.record(place, Spelling::Scalar { part: Part::Scalar, raw });
        }
        self.edits.replace_by(ciphertext.len(), |out| {
            document.spell_comment(comment, &ciphertext, out);
            span
        });
        Ok(())
    }
}
