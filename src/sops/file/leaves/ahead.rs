//! Opening and sealing values on a second thread, ahead of the walk that needs them: see the file of this name above.

use zeroize::Zeroizing;

use super::steps::Steps;
use crate::document::format::{Event, Format};
use crate::document::scalar::{type_word, write_plain_bytes};
use crate::document::value::Value;
use crate::sops::cipher::{CipherError, IvSource, Opened, ValueCipher};
use crate::sops::file::ahead::{Enough, Sink};
use crate::sops::selector::Selector;

/// Follows the document, and stops when the walk needs no more.
fn each_selected(
    document: &dyn Format,
    selector: &Selector,
    mut visit: impl FnMut(u32, &Value<'_>, &[u8]) -> Result<(), Enough>,
) -> Result<(), Enough> {
    let mut steps = Steps::new(document, selector);
    for event in document.events() {
        match *event {
            Event::Scalar(leaf) if steps.selects_leaf() => {
                let value = Zeroizing::new(document.value(leaf));
                visit(u32::try_from(leaf).map_err(|_| Enough)?, &value, steps.trail.bound().as_bytes())?;
            }
            Event::Comment(comment) => drop(steps.selects_comment(&document.comment_text(comment))),
            _ => {}
        }
        steps.follow(*event);
    }
    Ok(())
}

/// Opens every selected value of an encrypted document.
pub(super) fn open_all(
    document: &dyn Format,
    cipher: &ValueCipher,
    selector: &Selector,
    sink: &mut Sink<Result<Opened, CipherError>>,
) {
    let mut plain = Zeroizing::new(Vec::new());
    // An early end is the walk's own wish.
    let _ = each_selected(document, selector, |leaf, value, bound| match value {
        Value::Str(text) if !text.is_empty() => {
            let outcome = cipher.open(text, bound, &mut plain);
            sink.push(leaf, &plain, outcome)
        }
        _ => Ok(()),
    });
}

/// Seals every selected value of a plain document.
pub(super) fn seal_all(document: &dyn Format, cipher: &ValueCipher, selector: &Selector, sink: &mut Sink<()>) {
    let (mut plain, mut scratch) = (Zeroizing::new(Vec::new()), Zeroizing::new(Vec::new()));
    let mut ciphertext = String::new();
    let mut ivs = IvSource::new();
    // As above; and without randomness the walk finds out itself.
    let _ = each_selected(document, selector, |leaf, value, bound| {
        if !write_plain_bytes(value, &mut plain) || plain.is_empty() {
            return Ok(());
        }
        let iv = ivs.next().map_err(|_| Enough)?;
        ciphertext.clear();
        cipher.seal(&plain, type_word(value), bound, &iv, &mut scratch, &mut ciphertext);
        sink.push(leaf, ciphertext.as_bytes(), ())
    });
}
