//! Any bytes as one value: JSON with the ciphertext under `data` (sops 3.13.2 `stores/json/store.go`, `BinaryStore`).

use zeroize::Zeroizing;

use super::decrypt::check_mac;
use super::decrypted::Decrypted;
use super::encrypt::{Encrypted, Settings};
use super::error::{FileError, ValueError};
use super::finish::Sealing;
use super::layout::Layout;
use super::leaves::decrypt::LeavesFile;
use super::reuse::{Reuse, Stamp};
use crate::document::edits::Edits;
use crate::document::format::{Event, Format};
use crate::document::json;
use crate::document::path::{KeyPath, Step};
use crate::document::scalar::TypeWord;
use crate::document::value::Value;
use crate::secret::SecretBytes;
use crate::sops::cipher::{IvSource, ValueCipher};
use crate::sops::key::DataKey;
use crate::sops::mac::Mac;
use crate::sops::selector::{Selection, Selector};

/// The key of the value.
const KEY: &str = "data";
/// What binds the value to it.
const BOUND: &str = "data:";

/// Encrypts bytes. The selection plays no part: there is one value.
pub(super) fn encrypt(
    bytes: &[u8],
    key: &DataKey,
    settings: &Settings,
    mut reuse: Option<&mut Reuse>,
) -> Result<Encrypted, FileError> {
    let settings = Settings { selection: Selection::Default, ..settings.clone() };
    let cipher = ValueCipher::new(key);
    let mut ivs = IvSource::new();
    let mut mac = Mac::new(settings.mac_only_encrypted);
    mac.add(bytes);
    // Nothing but letters, digits and punctuation that JSON takes as it is.
    let mut text = format!("{{\n\t\"{KEY}\": \"");
    let mut all_kept = true;
    if !bytes.is_empty() {
        if let Some(reuse) = reuse.as_deref_mut() {
            reuse.forget_uses();
        }
        let old = reuse.as_deref_mut().and_then(|reuse| reuse.take(KEY, BOUND, TypeWord::Str, bytes));
        match old {
            Some(old) => text.push_str(old.ciphertext),
            None => {
                all_kept = false;
                let mut scratch = Zeroizing::default();
                cipher.seal(bytes, TypeWord::Str, BOUND.as_bytes(), &ivs.next()?, &mut scratch, &mut text);
            }
        }
    }
    text.push_str("\"\n}\n");
    let sealing = Sealing { settings: &settings, cipher: &cipher, reuse: reuse.as_deref(), all_kept };
    let (metadata, changed) = sealing.metadata(mac, &Layout::default(), &mut ivs)?;
    let document = json::parse(text, json::Dialect::Strict)?;
    let mut edits = Edits::default();
    document.insert_metadata(&metadata.write(), &mut edits);
    let text = std::mem::take(&mut *edits.apply(document.text()));
    let fresh = usize::from(!all_kept);
    let encrypted = Encrypted { text, values: 1, fresh, comments: 0, changed, clear_copies: Vec::new() };
    if opens_again(bytes, &encrypted, key) { Ok(encrypted) } else { Err(FileError::Unfaithful) }
}

fn opens_again(bytes: &[u8], encrypted: &Encrypted, key: &DataKey) -> bool {
    let again = || {
        let document = json::parse(encrypted.text.clone(), json::Dialect::Strict).ok()?;
        let file = LeavesFile::new(Box::new(document)).ok()?;
        decrypt(&file, key, false, None).ok()
    };
    again().is_some_and(|opened| opened.bytes() == bytes)
}

/// Decrypts the one value. Settings of the metadata are honoured, as sops honours them on reading.
pub(super) fn decrypt(
    file: &LeavesFile,
    key: &DataKey,
    ignore_mac: bool,
    reuse: Option<&mut Reuse>,
) -> Result<Decrypted, FileError> {
    let document = file.document.as_ref();
    let leaf = only_leaf(document).ok_or(FileError::NotBinary)?;
    let bad = |error: ValueError| FileError::Value { path: KeyPath(vec![Step::Key(KEY.to_owned())]), line: 1, error };
    let Value::Str(ciphertext) = document.value(leaf) else { return Err(bad(ValueError::InClear)) };
    let cipher = ValueCipher::new(key);
    let mut plain = Zeroizing::new(Vec::new());
    let selector = Selector::compile_lenient(&file.metadata.selection);
    let mut walk = selector.walk();
    walk.open();
    walk.enter_key(KEY);
    let selected = walk.leaf();
    let mut mac = Mac::new(file.metadata.mac_only_encrypted);
    if !selected {
        plain.extend_from_slice(ciphertext.as_bytes());
    } else if !ciphertext.is_empty() {
        let opened = cipher.open(&ciphertext, BOUND.as_bytes(), &mut plain).map_err(|error| bad(error.into()))?;
        if opened.type_word != TypeWord::Str && opened.type_word != TypeWord::Bytes {
            return Err(bad(ValueError::BadType));
        }
    }
    if selected || !file.metadata.mac_only_encrypted {
        mac.add(&plain);
    }
    let mut stored = Zeroizing::new(Vec::new());
    if !ignore_mac {
        check_mac(&file.metadata, &cipher, &mac.finish(), &mut stored)?;
    }
    if let Some(reuse) = reuse {
        if !plain.is_empty() {
            reuse.add(KEY.to_owned(), BOUND, TypeWord::Str, &plain, &ciphertext, false);
        }
        reuse.stamp = Some(Stamp {
            lastmodified: file.metadata.lastmodified.clone(),
            mac: file.metadata.mac.clone(),
            mac_plain: SecretBytes::new(stored.to_vec()).into(),
            layout: None,
            layout_plain: SecretBytes::default().into(),
        });
    }
    Ok(Decrypted::of_bytes(plain, usize::from(selected)))
}

/// The leaf under `data`, when it is the only one.
fn only_leaf(document: &dyn Format) -> Option<usize> {
    match document.events() {
        [Event::Open(_), Event::Key(key), Event::Scalar(leaf), Event::Close] if document.key(*key) == KEY => {
            Some(*leaf)
        }
        _ => None,
    }
}
