//! Nothing is handed out that was not opened again and compared, byte for byte.

use super::decrypt::EncryptedFile;
use super::encrypt::Encrypted;
use crate::document::yaml::Document;
use crate::sops::key::DataKey;

/// What opening it again found.
pub(super) enum Check {
    Same,
    /// sops binds a comment to the mapping in which it reads it, and reads one elsewhere now that values are ciphertexts.
    ReadElsewhere(Vec<Option<String>>),
    /// A comment is read where the rule does not select it, and stays a ciphertext.
    CommentLost,
    Differs,
}

fn only_comments_differ(plain: &str, opened: &str) -> bool {
    let mut lines = plain.lines().zip(opened.lines()).filter(|(plain, opened)| plain != opened);
    plain.lines().count() == opened.lines().count() && lines.all(|(_, opened)| opened.contains("#ENC[AES256_GCM,"))
}

/// Opens what was encrypted, and compares every byte.
pub(super) fn self_check(
    document: &Document,
    encrypted: &mut Encrypted,
    own: &[Option<String>],
    key: &DataKey,
) -> Check {
    let Ok(file) = EncryptedFile::parse(std::mem::take(&mut encrypted.text)) else { return Check::Differs };
    let Ok(opened) = file.decrypt_for_check(key) else { return Check::Differs };
    encrypted.text = file.into_text();
    let same = opened.text.as_str() == document.text();
    let read = opened.comment_bounds;
    let bound_alike = own.len() != read.len() || own.iter().zip(&read).all(|(own, read)| own.is_none() || own == read);
    if same && bound_alike {
        Check::Same
    } else if own.len() == read.len() && (same || !opened.unreadable_comments.is_empty()) {
        Check::ReadElsewhere(read)
    } else if only_comments_differ(document.text(), &opened.text) {
        Check::CommentLost
    } else {
        Check::Differs
    }
}
