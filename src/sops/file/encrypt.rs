//! Encrypting a document: every selected value and comment becomes a ciphertext in place, then the metadata is added, and the
//! result is opened again and compared before anybody sees it.

use zeroize::Zeroizing;

use super::ahead::{self, Ahead};
use super::check::{Check, self_check};
use super::error::FileError;
use super::expand::Expansion;
use super::finish::Sealing;
use super::follow::{follow, is_secret, stopped};
use super::layout::{self, Layout, Spelling};
use super::reuse::Reuse;
use super::{orphans, place};
use crate::document::edits::Edits;
use crate::document::scalar::{TypeWord, type_word, write_plain_bytes};
use crate::document::trail::Trail;
use crate::document::tree::Node;
use crate::document::value::Value;
use crate::document::yaml::{BREAKS, Document, NodeId, NodeKind, Part, Visit};
use crate::secret::make_room_for_text;
use crate::sops::cipher::{IvSource, ValueCipher, is_encrypted};
use crate::sops::key::{DataKey, KeyGroup};
use crate::sops::mac::Mac;
use crate::sops::selector::{Selection, Selector, SelectorWalk};

/// Most bytes that one byte of a text can be written as (`\\xNN`).
const LONGEST_ESCAPE: usize = 4;

/// How often a comment is encrypted anew when its ciphertext matches the rule's pattern.
const COMMENT_ATTEMPTS: usize = 16;

/// Stands for an empty comment in a list: sops decrypts an empty one to an empty string, and so adds an item to the list.
pub(super) const EMPTY_COMMENT: &str = "\u{2060}";

/// The sops release whose format we write. Real sops compares it with its own.
pub const VERSION: &str = "3.13.2";

/// How a document is to be encrypted.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which values.
    pub selection: Selection,
    /// Whether clear values stay out of the MAC.
    pub mac_only_encrypted: bool,
    /// Accept that nothing is selected.
    pub allow_empty: bool,
    /// Accept shapes that sops cannot read, where the value is not in doubt.
    pub allow_unrepresentable: bool,
    /// Who can open the file: the wrapped data key.
    pub groups: Vec<KeyGroup>,
    /// How many groups are needed.
    pub shamir_threshold: usize,
    /// The version to state; sops compares it.
    pub version: String,
    /// Now, as RFC 3339 in UTC with seconds.
    pub now: String,
    /// Metadata of others, kept.
    pub unknown: Vec<(String, Node)>,
}

impl Settings {
    /// The usual settings, for nobody yet: set `groups` and `selection`. `now` is RFC 3339 in UTC with seconds.
    pub fn new(now: &str) -> Self {
        Self {
            selection: Selection::Default,
            mac_only_encrypted: false,
            allow_empty: false,
            allow_unrepresentable: false,
            groups: Vec::new(),
            shamir_threshold: 0,
            version: VERSION.to_owned(),
            now: now.to_owned(),
            unknown: Vec::new(),
        }
    }
}

/// An encrypted document.
#[derive(Debug)]
pub struct Encrypted {
    /// The file.
    pub text: String,
    /// How many values are encrypted.
    pub values: usize,
    /// How many of them have a new ciphertext, not an earlier one.
    pub fresh: usize,
    /// How many comments are encrypted.
    pub comments: usize,
    /// Whether anything differs from what was reused.
    pub changed: bool,
    /// Aliases of encrypted values that stand where the rule leaves values in clear, by line: the value can be read there.
    pub clear_copies: Vec<usize>,
}

/// Encrypts `document` under `key`; ciphertexts of `reuse` are kept for values that did not change.
///
/// # Errors
/// [`FileError`] for shapes that cannot be represented, a rule that selects nothing, and anything that would not open again.
pub fn encrypt(
    document: &Document,
    key: &DataKey,
    settings: &Settings,
    mut reuse: Option<&mut Reuse>,
) -> Result<Encrypted, FileError> {
    place::check(document, settings.allow_unrepresentable)?;
    check_shapes(document, settings)?;
    let selector = Selector::compile(&settings.selection)?;
    let cipher = ValueCipher::new(key);
    let mut bounds: Option<Vec<Option<String>>> = None;
    let mut moved = false;
    for _ in 0..3 {
        if let Some(reuse) = reuse.as_deref_mut() {
            reuse.forget_uses();
        }
        let reuse = reuse.as_deref_mut();
        // Ciphertexts that are kept need not be made, and those of aliases are made elsewhere.
        let sequential = reuse.is_some() || document.has_aliases();
        let write = |ahead| {
            let mut writer = Writer::new(document, &cipher, &selector, settings, reuse, bounds.as_deref());
            writer.ahead = ahead;
            let encrypted = writer.run()?;
            Ok::<_, FileError>((encrypted, std::mem::take(&mut writer.comment_bounds)))
        };
        let (mut encrypted, comment_bounds) = if sequential {
            write(None)?
        } else {
            ahead::beside(document.nodes(), |sink| ahead::seal_all(document, &cipher, &selector, sink), write)?
        };
        match self_check(document, &mut encrypted, &comment_bounds, key) {
            Check::Same => return Ok(encrypted),
            Check::ReadElsewhere(read) => {
                moved = true;
                bounds = Some(read);
            }
            Check::CommentLost => {
                moved = true;
                break;
            }
            Check::Differs => {
                moved = false;
                break;
            }
        }
    }
    // Selection by comment depends on where comments are read, and ciphertexts can move them.
    Err(if moved || selector.reads_comments() { FileError::CommentRule } else { FileError::Unfaithful })
}

fn check_shapes(document: &Document, settings: &Settings) -> Result<(), FileError> {
    for problem in document.problems() {
        if problem.kind.is_final() || !settings.allow_unrepresentable {
            let line = document.position(problem.offset).0;
            return Err(FileError::Shape { line, kind: problem.kind });
        }
    }
    Ok(())
}

struct Writer<'a> {
    document: &'a Document,
    cipher: &'a ValueCipher,
    selector: &'a Selector,
    settings: &'a Settings,
    reuse: Option<&'a mut Reuse>,
    ahead: Option<Ahead<()>>,
    given_bounds: Option<&'a [Option<String>]>,
    walk: SelectorWalk<'a>,
    trail: Trail,
    index: usize,
    mac: Mac,
    ivs: IvSource,
    edits: Edits,
    layout: Layout,
    /// Scalars that are encrypted in place.
    chosen: Vec<bool>,
    /// Aliases that have to be written out.
    expanded: Vec<bool>,
    expansion: Option<Expansion>,
    /// Whether each collection around is a list.
    lists: Vec<bool>,
    in_list: bool,
    visited: Vec<bool>,
    comment_bounds: Vec<Option<String>>,
    plain: Zeroizing<Vec<u8>>,
    probe: Zeroizing<String>,
    scratch: Zeroizing<Vec<u8>>,
    place: String,
    ciphertext: String,
    values: usize,
    comments: usize,
    fresh: usize,
    fresh_values: usize,
    /// Where they start, in bytes.
    clear_copies: Vec<usize>,
}

impl<'a> Writer<'a> {
    fn new(
        document: &'a Document,
        cipher: &'a ValueCipher,
        selector: &'a Selector,
        settings: &'a Settings,
        reuse: Option<&'a mut Reuse>,
        given_bounds: Option<&'a [Option<String>]>,
    ) -> Self {
        let aliased = if document.has_aliases() { document.nodes() } else { 0 };
        Self {
            document,
            cipher,
            selector,
            settings,
            reuse,
            ahead: None,
            given_bounds,
            walk: selector.walk(),
            trail: Trail::default(),
            index: 0,
            mac: Mac::new(settings.mac_only_encrypted),
            ivs: IvSource::new(),
            edits: Edits::default(),
            layout: Layout::default(),
            chosen: vec![false; aliased],
            expanded: vec![false; aliased],
            expansion: None,
            lists: Vec::new(),
            in_list: false,
            visited: vec![false; document.comments()],
            comment_bounds: vec![None; document.comments()],
            plain: Zeroizing::default(),
            probe: Zeroizing::default(),
            scratch: Zeroizing::default(),
            place: String::new(),
            ciphertext: String::new(),
            values: 0,
            comments: 0,
            fresh: 0,
            fresh_values: 0,
            clear_copies: Vec::new(),
        }
    }

    fn run(&mut self) -> Result<Encrypted, FileError> {
        if self.document.has_aliases() {
            self.choose()?;
        }
        let document = self.document;
        for index in 0..document.documents() {
            self.index = index;
            self.walk = self.selector.walk();
            self.trail = Trail::default();
            if place::is_absent(document, index) {
                self.layout.record(layout::absent_place(index), Spelling::Alias(String::new()));
            }
            document.walk(index, |visit| self.visit(&visit)).map_err(stopped)?;
        }
        let visited = std::mem::take(&mut self.visited);
        orphans::each(document, &visited, self.selector, |row, trail| {
            std::mem::swap(&mut self.trail, trail);
            let done = self.encrypt_comment(row);
            std::mem::swap(&mut self.trail, trail);
            done
        })?;
        if self.values == 0 && !self.settings.allow_empty {
            return Err(FileError::NothingSelected);
        }
        self.check_open_end()?;
        self.finish()
    }

    /// Which scalars are encrypted, and with that which aliases cannot stay.
    fn choose(&mut self) -> Result<(), FileError> {
        let document = self.document;
        for index in 0..document.documents() {
            let mut walk = self.selector.walk();
            let mut trail = Trail::default();
            let mut aliases: Vec<NodeId> = Vec::new();
            document
                .walk::<FileError>(index, |visit| {
                    if let Visit::Comment { row, copy } = visit {
                        // A copied comment would be bound to the path of its original.
                        let text = document.comment_text(row);
                        if walk.comment(text) && copy && !text.is_empty() {
                            aliases.iter().for_each(|alias| self.expanded[*alias as usize] = true);
                        }
                        return Ok(());
                    }
                    follow(&visit, document, &mut walk, &mut trail);
                    match visit {
                        Visit::Alias(id) => {
                            if self.expanded[id as usize] {
                                aliases.iter().for_each(|alias| self.expanded[*alias as usize] = true);
                            }
                            aliases.push(id);
                        }
                        Visit::AliasEnd => drop(aliases.pop()),
                        Visit::Scalar { id, copy } => {
                            let chosen = walk.leaf() && is_secret(document, id);
                            if copy && (chosen || self.chosen[id as usize]) {
                                aliases.iter().for_each(|alias| self.expanded[*alias as usize] = true);
                            } else if !copy {
                                self.chosen[id as usize] = chosen;
                            }
                        }
                        _ => {}
                    }
                    Ok(())
                })
                .map_err(stopped)?;
        }
        Ok(())
    }

    fn visit(&mut self, visit: &Visit<'_>) -> Result<(), FileError> {
        match visit {
            Visit::Comment { row, copy } => {
                let selected = self.walk.comment(self.document.comment_text(*row));
                if !copy {
                    self.visited[*row as usize] = true;
                    if selected {
                        self.encrypt_comment(*row)?;
                    }
                }
                return Ok(());
            }
            Visit::Scalar { id, copy } => return self.scalar(*id, *copy),
            Visit::Alias(id) => self.alias(*id),
            Visit::AliasEnd => self.alias_end(),
            Visit::Open(id) => {
                self.lists.push(self.in_list);
                self.in_list = self.document.kind(*id) == NodeKind::List;
                if let Some(expansion) = &mut self.expansion {
                    expansion.open(self.document.kind(*id));
                }
            }
            Visit::Close => {
                self.in_list = self.lists.pop().unwrap_or(false);
                if let Some(expansion) = &mut self.expansion {
                    expansion.close();
                }
            }
            Visit::EnterKey(key, id) => {
                follow(visit, self.document, &mut self.walk, &mut self.trail);
                match &mut self.expansion {
                    Some(expansion) => expansion.key(key),
                    None => self.alias_key(key, *id),
                }
                return Ok(());
            }
            Visit::EnterItem(_) => {
                if let Some(expansion) = &mut self.expansion {
                    expansion.item();
                }
            }
            Visit::Leave | Visit::ItemDone => {}
        }
        follow(visit, self.document, &mut self.walk, &mut self.trail);
        Ok(())
    }

    fn alias(&mut self, id: NodeId) {
        if let Some(expansion) = &mut self.expansion {
            expansion.nest();
        } else if self.expanded[id as usize] {
            let mut expansion = Expansion::new(id);
            expansion.nest();
            self.expansion = Some(expansion);
            self.place.clear();
            self.trail.write_id(self.index, &mut self.place);
            let raw = self.document.text()[self.document.span(id)].to_owned();
            self.layout.record(self.place.clone(), Spelling::Alias(raw));
        }
    }

    /// A key that is an alias of an encrypted value is written out: keys are never encrypted.
    fn alias_key(&mut self, text: &str, id: NodeId) {
        let document = self.document;
        let target = document.resolve_alias(id);
        if target != id && self.chosen[target as usize] {
            let raw = document.text()[document.span(id)].to_owned();
            self.layout.record(layout::key_place(&self.trail, self.index), Spelling::Alias(raw));
            self.edits.replace_by(text.len(), |out| {
                Expansion::write_key(text, out);
                document.span(id)
            });
        }
    }

    fn alias_end(&mut self) {
        if self.expansion.as_mut().is_some_and(Expansion::unnest)
            && let Some(expansion) = self.expansion.take()
        {
            let span = self.document.span(expansion.alias());
            self.edits.replace(span, &expansion.into_text());
        }
    }

    fn scalar(&mut self, id: NodeId, copy: bool) -> Result<(), FileError> {
        let document = self.document;
        let value = Zeroizing::new(document.value(id).unwrap_or(Value::Null));
        let hashed = write_plain_bytes(&value, &mut self.plain);
        if let Value::Str(text) = &*value
            && is_encrypted(text)
        {
            return Err(FileError::LooksEncrypted { path: self.trail.path(), line: self.line(id) });
        }
        let chosen = self.walk.leaf();
        if hashed && (chosen || !self.settings.mac_only_encrypted) {
            self.mac.add(&self.plain);
        }
        let secret = chosen && hashed && !self.plain.is_empty();
        if secret && (!copy || self.expansion.is_some()) {
            self.values += usize::from(!copy);
            self.encrypt_scalar(id, copy, &value)?;
        } else if copy && let Some(expansion) = &mut self.expansion {
            let original = self.chosen[id as usize];
            if original && !chosen {
                let alias = expansion.alias();
                self.clear_copies.push(document.span(alias).start);
            }
            expansion.clear(&value);
        }
        Ok(())
    }

    fn line(&self, id: NodeId) -> usize {
        self.document.position(self.document.span(id).start).0
    }

    fn encrypt_scalar(&mut self, id: NodeId, copy: bool, value: &Value<'_>) -> Result<(), FileError> {
        let type_word = type_word(value);
        let mut ciphertext = std::mem::take(&mut self.ciphertext);
        ciphertext.clear();
        let bare = self.seal(id, type_word, &mut ciphertext)?;
        self.place_cipher(id, copy, value, &ciphertext, bare);
        self.ciphertext = ciphertext;
        Ok(())
    }

    fn place_cipher(&mut self, id: NodeId, copy: bool, value: &Value<'_>, ciphertext: &str, bare: bool) {
        if copy {
            if let Some(expansion) = &mut self.expansion {
                expansion.cipher(|out| out.push_str(ciphertext));
            }
            return;
        }
        let document = self.document;
        make_room_for_text(&mut self.probe, document.spelled_room(id, value) * LONGEST_ESCAPE);
        if bare && let Some(span) = document.bare_spot(id, value, &mut self.probe) {
            self.edits.replace(span, ciphertext);
            return;
        }
        let (spot, site) = document.cipher_spot(id);
        let raw = &document.text()[spot.span.clone()];
        self.probe.clear();
        let fits = site.write_plain(value, &mut self.probe) && self.probe.as_str() == raw;
        if !fits || spot.part == Part::Node {
            self.place.clear();
            self.trail.write_id(self.index, &mut self.place);
            self.layout
                .record(self.place.clone(), Spelling::Scalar { part: spot.part, raw: Zeroizing::new(raw.to_owned()) });
        }
        self.edits.replace_by(ciphertext.len(), |out| {
            document.write_cipher(id, &spot, &site, ciphertext, out);
            spot.span
        });
    }

    /// Appends the ciphertext of `self.plain`; true when it is an earlier one that stood bare.
    fn seal(&mut self, id: NodeId, type_word: TypeWord, out: &mut String) -> Result<bool, FileError> {
        if let Some(reuse) = self.reuse.as_deref_mut() {
            self.place.clear();
            self.trail.write_id(self.index, &mut self.place);
            if let Some(old) = reuse.take(&self.place, self.trail.bound(), type_word, &self.plain) {
                out.push_str(old.ciphertext);
                return Ok(old.bare);
            }
        }
        self.fresh += 1;
        self.fresh_values += 1;
        if let Some((sealed, ())) = self.ahead.as_mut().and_then(|ahead| ahead.take(id))
            && let Ok(sealed) = std::str::from_utf8(sealed)
        {
            out.push_str(sealed);
            return Ok(false);
        }
        let iv = self.ivs.next()?;
        self.cipher.seal(&self.plain, type_word, self.trail.bound().as_bytes(), &iv, &mut self.scratch, out);
        Ok(false)
    }

    fn encrypt_comment(&mut self, row: u32) -> Result<(), FileError> {
        let span = self.document.comment(row);
        let mut text = &self.document.text()[span.start + 1..span.end];
        if text.is_empty() {
            if !self.in_list {
                return Ok(());
            }
            text = EMPTY_COMMENT;
        }
        if is_encrypted(text) {
            let line = self.document.position(span.start).0;
            return Err(FileError::CommentLooksEncrypted { line });
        }
        let given = self.given_bounds.and_then(|bounds| bounds.get(row as usize)).and_then(Option::as_ref);
        let bound = given.cloned().unwrap_or_else(|| self.trail.bound().to_owned());
        self.comments += 1;
        let ciphertext = self.seal_comment(row, &bound, text)?;
        self.edits.replace(span.start + 1..span.end, &ciphertext);
        self.comment_bounds[row as usize] = Some(bound);
        Ok(())
    }

    /// The ciphertext of a comment. One that the rule takes for a marker is no use, as for sops (3.13.2 `sops.go`, `Encrypt`); a
    /// short pattern can be in the base64 by chance, so that some more are tried.
    fn seal_comment(&mut self, row: u32, bound: &str, text: &str) -> Result<String, FileError> {
        let mut ciphertext = String::new();
        let old = self.reuse.as_deref_mut().and_then(|reuse| {
            reuse
                .take(&format!("comment {row}"), bound, TypeWord::Comment, text.as_bytes())
                .map(|old| ciphertext.push_str(old.ciphertext))
        });
        if old.is_some() && !self.selector.misreads_encrypted_comment(&ciphertext) {
            return Ok(ciphertext);
        }
        self.fresh += 1;
        for _ in 0..COMMENT_ATTEMPTS {
            ciphertext.clear();
            let iv = self.ivs.next()?;
            let plain = text.as_bytes();
            self.cipher.seal(plain, TypeWord::Comment, bound.as_bytes(), &iv, &mut self.scratch, &mut ciphertext);
            if !self.selector.misreads_encrypted_comment(&ciphertext) {
                return Ok(ciphertext);
            }
        }
        Err(FileError::CommentPattern { setting: self.settings.selection.field().0 })
    }

    /// A clear block scalar that ends the file without a line break gains one when metadata follows.
    fn check_open_end(&self) -> Result<(), FileError> {
        let (document, last) = (self.document, self.document.documents() - 1);
        let tail = document.text().rsplit(BREAKS).next().unwrap_or_default();
        if tail.is_empty() || document.content_end(last) < document.text().len() {
            return Ok(());
        }
        // Blanks without a line break would become one more empty line of the block.
        let grows = |id: &NodeId| tail.trim().is_empty() || !self.edits.covers(document.spot(*id).span.start);
        match document.open_block(last).filter(grows) {
            Some(id) => Err(FileError::OpenBlockAtEnd { line: self.line(id) }),
            None => Ok(()),
        }
    }

    fn finish(&mut self) -> Result<Encrypted, FileError> {
        let mac = std::mem::replace(&mut self.mac, Mac::new(false));
        let sealing = Sealing {
            settings: self.settings,
            cipher: self.cipher,
            reuse: self.reuse.as_deref(),
            all_kept: self.fresh == 0,
        };
        let (metadata, changed) = sealing.metadata(mac, &self.layout, &mut self.ivs)?;
        place::insert(self.document, &metadata.write(), &mut self.edits);
        let mut text = std::mem::take(&mut self.edits).apply(self.document.text());
        let mut clear_copies = self.document.lines(std::mem::take(&mut self.clear_copies));
        clear_copies.dedup();
        Ok(Encrypted {
            text: std::mem::take(&mut *text),
            values: self.values,
            fresh: self.fresh_values,
            comments: self.comments,
            changed,
            clear_copies,
        })
    }
}
