//! The same file for other people: only the metadata is replaced, no value, no MAC and no time is touched.

use super::decrypt::EncryptedFile;
use super::error::FileError;
use super::place;
use crate::document::edits::Edits;
use crate::document::yaml::Document;
use crate::sops::key::{DataKey, KeyGroup};
use crate::sops::metadata::in_file_order;

impl EncryptedFile {
    /// The file with other key groups, which have to wrap `key`. The outcome is opened again and compared.
    ///
    /// # Errors
    /// [`FileError::Unfaithful`] when that gives another plain text; what decrypting says.
    pub fn with_groups(&self, groups: Vec<KeyGroup>, threshold: usize, key: &DataKey) -> Result<String, FileError> {
        let mut metadata = self.metadata.clone();
        metadata.groups = in_file_order(groups);
        metadata.shamir_threshold = threshold;
        let mut edits = Edits::default();
        // where metadata stands alone it goes as a whole, and comes back as it was put there
        place::remove(self.document(), |_| true, &mut edits);
        let bare = edits.apply(self.document().text());
        let document = Document::parse(bare.as_str().to_owned())?;
        let mut edits = Edits::default();
        place::insert(&document, &metadata.write(), &mut edits);
        let text = edits.apply(document.text());
        let new = Self::parse(text.as_str().to_owned())?;
        let before = self.decrypt(key, true)?;
        let after = new.decrypt(key, true)?;
        let same = before.text == after.text && new.metadata == metadata;
        if same { Ok(text.as_str().to_owned()) } else { Err(FileError::Unfaithful) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sops::file::{Settings, encrypt};
    use crate::sops::key::{MasterKey, WrappedKey};
    use crate::sops::selector::Selection;

    fn group(name: &str) -> KeyGroup {
        let key = MasterKey::Age { recipient: name.into() };
        KeyGroup(vec![WrappedKey { key, enc: format!("-- {name} --\n"), created_at: None }])
    }

    fn encrypted(text: &str, key: &DataKey) -> EncryptedFile {
        let settings = Settings {
            selection: Selection::default(),
            mac_only_encrypted: false,
            allow_empty: true,
            allow_unrepresentable: true,
            groups: vec![group("age1alice")],
            shamir_threshold: 0,
            version: "3.13.2".into(),
            now: "2026-01-15T10:00:00Z".into(),
            unknown: vec![],
        };
        let document = Document::parse(text.to_owned()).unwrap();
        EncryptedFile::parse(encrypt(&document, key, &settings, None).unwrap().text).unwrap()
    }

    #[test]
    fn kinds_of_keys_may_come_in_any_order() {
        let key = DataKey::generate().unwrap();
        let old = encrypted("a: secret\n", &key);
        let mut mixed = group("age1alice");
        let gcp = MasterKey::GcpKms { resource_id: "projects/p".into() };
        let created_at = Some("2026-01-15T10:00:00Z".to_owned());
        mixed.0.push(WrappedKey { key: gcp.clone(), enc: "x".into(), created_at });
        let new = EncryptedFile::parse(old.with_groups(vec![mixed], 0, &key).unwrap()).unwrap();
        assert_eq!(new.metadata.groups[0].0[0].key, gcp);
    }

    #[test]
    fn only_the_keys_change() {
        let key = DataKey::generate().unwrap();
        for text in [
            "a: secret # why\nb:\n- 1\n# end\n",
            "a: secret",
            "{a: secret, b: [1]}\n",
            "{}\n",
            "---\na: 1\n---\n# nothing\n---\nb: 2\n",
            "- list\n- of things\n",
            "  indented: |\n    block\n",
            "a: 1\n...\n",
            "a: '~'\r\nb: x\r\n",
        ] {
            let old = encrypted(text, &key);
            let new = old.with_groups(vec![group("age1bob"), group("age1carol")], 2, &key).unwrap();
            let new = EncryptedFile::parse(new).unwrap();
            assert_eq!(*new.decrypt(&key, false).unwrap().text, text);
            assert_eq!(new.metadata.groups, [group("age1bob"), group("age1carol")]);
            assert_eq!(
                (&new.metadata.mac, &new.metadata.lastmodified),
                (&old.metadata.mac, &old.metadata.lastmodified)
            );
            // and back: byte for byte what it was
            let back = new.with_groups(vec![group("age1alice")], 0, &key).unwrap();
            assert_eq!(back, old.document().text(), "{text}");
        }
    }
}
