//! A plain text with the metadata of its file beside it, for people to look at.

use zeroize::Zeroizing;

use super::error::FileError;
use super::place;
use super::plain::{Content, Plain};
use crate::document::edits::Edits;
use crate::document::yaml::Document;
use crate::sops::metadata::Metadata;

impl Plain {
    /// The text with metadata where an encrypted file has it; `None` where that could not be taken out again: of bytes, and
    /// where it would become a part of the last value.
    pub fn with_metadata(&self, metadata: &Metadata) -> Option<Zeroizing<String>> {
        let mut edits = Edits::default();
        let text = match self.content() {
            Content::Yaml(document) => {
                place::insert(document, &metadata.write(), &mut edits);
                edits.apply(document.text())
            }
            Content::Leaves(document) => {
                document.insert_metadata(&metadata.write(), &mut edits);
                edits.apply(document.text())
            }
            Content::Binary(_) => return None,
        };
        let back = self.without_metadata(text.as_str().to_owned(), metadata).ok()?;
        (back.as_bytes() == self.bytes()).then(|| Zeroizing::new(text.as_str().to_owned()))
    }

    /// What has become of such a text, without the metadata, which has to be what was shown.
    ///
    /// # Errors
    /// [`FileError::MetadataEdited`], and those of parsing.
    pub fn without_metadata(&self, text: String, shown: &Metadata) -> Result<Zeroizing<String>, FileError> {
        let mut edits = Edits::default();
        let bare = match self.content() {
            Content::Yaml(_) => {
                let document = Document::parse(text)?;
                let mut found = 0;
                for index in 0..document.documents() {
                    let Some((_, value)) = place::find(&document, index) else { continue };
                    found += 1;
                    let same = Metadata::read(&document.tree(value)?).is_ok_and(|metadata| metadata == *shown);
                    same.then_some(()).ok_or(FileError::MetadataEdited)?;
                }
                (found > 0).then_some(()).ok_or(FileError::MetadataEdited)?;
                place::remove(&document, |_| true, &mut edits);
                edits.apply(document.text())
            }
            Content::Leaves(old) => {
                let document = old.reparse(text, old.reading())?;
                let metadata = document.metadata().ok().flatten().and_then(|node| Metadata::read(&node).ok());
                (metadata.as_ref() == Some(shown)).then_some(()).ok_or(FileError::MetadataEdited)?;
                document.remove_metadata(&mut edits);
                edits.apply(document.text())
            }
            Content::Binary(_) => return Err(FileError::NotBinary),
        };
        Ok(Zeroizing::new(bare.as_str().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::kind::DocumentKind;
    use crate::document::open::Reading;
    use crate::sops::file::{Settings, SopsFile};
    use crate::sops::key::{DataKey, KeyGroup, MasterKey, WrappedKey};

    fn metadata() -> Metadata {
        let key = MasterKey::Age { recipient: "age1alice".into() };
        let group = KeyGroup(vec![WrappedKey { key, enc: "-- alice --\n".into(), created_at: None }]);
        let settings = Settings { allow_empty: true, groups: vec![group], ..Settings::new("2026-01-15T10:00:00Z") };
        let plain = Plain::parse(DocumentKind::Yaml, b"a: x\n".to_vec().into(), Reading::default()).unwrap();
        let text = plain.encrypt(&DataKey::generate().unwrap(), &settings, None).unwrap().text;
        let file = SopsFile::parse(DocumentKind::Yaml, text.into_bytes().into()).unwrap();
        file.metadata().clone()
    }

    #[test]
    fn shown_and_taken_out_again() {
        let metadata = metadata();
        for (kind, text) in [
            (DocumentKind::Yaml, "# c\na: x # y\n\n# end\n"),
            (DocumentKind::Yaml, "{a: x}\n"),
            (DocumentKind::Yaml, "a: x\n---\nb: y\n"),
            (DocumentKind::Json, "{\n  \"a\": \"x\"\n}\n"),
            (DocumentKind::Dotenv, "A=x\n# end\n"),
            (DocumentKind::Ini, "[s]\n; c\na = x\n"),
        ] {
            let plain = Plain::parse(kind, text.as_bytes().to_vec().into(), Reading::default()).unwrap();
            let shown = plain.with_metadata(&metadata).unwrap();
            assert!(shown.contains("age1alice"), "{text}");
            let edited = shown.replacen('x', "changed", 1);
            let bare = plain.without_metadata(edited, &metadata).unwrap();
            assert_eq!(*bare, text.replacen('x', "changed", 1));
            for wrong in [shown.replace("age1alice", "age1bob"), text.to_owned()] {
                let error = plain.without_metadata(wrong, &metadata).unwrap_err();
                assert!(matches!(error, FileError::MetadataEdited), "{text}: {error}");
            }
        }
        let bytes = Plain::parse(DocumentKind::Binary, b"x".to_vec().into(), Reading::default()).unwrap();
        assert!(bytes.with_metadata(&metadata).is_none());
    }
}
