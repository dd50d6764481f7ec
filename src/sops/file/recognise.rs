//! Which format a file is in, when nobody says it: its name's, if it reads as that, else what its metadata shows it to be.
//!
//! A clear text can look like anything. What it looks like counts only when there is complete metadata to be read in it.

use zeroize::Zeroizing;

use super::decrypt::metadata_of;
use super::error::FileError;
use super::plain::{Content, Plain};
use crate::document::format::Format;
use crate::document::kind::{DocumentKind, is_binary_envelope};
use crate::document::open::{Reading, open};
use crate::sops::metadata::Metadata;

impl Plain {
    /// Parses bytes under a name; with `literal` a `.env` file is read as sops reads it.
    ///
    /// # Errors
    /// Not a document of the format that the name says.
    pub fn recognise(name: Option<&str>, bytes: Zeroizing<Vec<u8>>, literal: bool) -> Result<Self, FileError> {
        let named = name.and_then(DocumentKind::from_name);
        let shown = match DocumentKind::of_encrypted(&bytes) {
            // sops takes files of the formats that it does not have for bytes, whatever they are called
            Some(DocumentKind::Json) if named != Some(DocumentKind::Json) && is_binary_envelope(&bytes) => {
                Some(DocumentKind::Binary)
            }
            shown => shown,
        };
        let Some(named) = named else {
            let found = shown.and_then(|shown| Self::read(shown, bytes.clone(), literal).ok());
            return found.filter(Self::is_encrypted).map_or_else(|| Self::guess(bytes), Ok);
        };
        // YAML reads JSON, and what one spells the other means
        let same = |other: DocumentKind| {
            other == named
                || (named == DocumentKind::Yaml && matches!(other, DocumentKind::Json | DocumentKind::Binary))
        };
        let other = shown.filter(|shown| !same(*shown)).map(|shown| (shown, bytes.clone()));
        let own = Self::read(named, bytes, literal);
        if let Some((other, bytes)) = other
            && !own.as_ref().is_ok_and(Self::is_complete)
            && let Ok(found) = Self::read(other, bytes, literal)
            && found.is_complete()
        {
            return Ok(found);
        }
        own
    }

    /// Parses bytes of a known format; ciphertexts stand where sops looks for them, whatever the reading of the plain text is.
    ///
    /// # Errors
    /// As [`Plain::parse`].
    pub fn read(kind: DocumentKind, bytes: Zeroizing<Vec<u8>>, literal: bool) -> Result<Self, FileError> {
        let reading = |faithful_dotenv| Reading { commented_json: true, faithful_dotenv };
        let may_be_file = kind == DocumentKind::Dotenv && memchr::memmem::find(&bytes, b"sops_").is_some();
        if may_be_file
            && !literal
            && let Ok(file) = Self::parse(kind, bytes.clone(), reading(false))
            && file.is_encrypted()
        {
            return Ok(file);
        }
        Self::parse(kind, bytes, reading(!literal))
    }

    /// Whether it is an encrypted file whose metadata can be read, and has a MAC and a version (as sops asks, 3.13.2
    /// `cmd/sops/subcommand/filestatus`).
    pub fn is_complete(&self) -> bool {
        let metadata = match self.content() {
            Content::Yaml(document) => metadata_of(document).and_then(Result::ok),
            Content::Leaves(document) => of_leaves(document.as_ref()),
            Content::Binary(bytes) => std::str::from_utf8(bytes).ok().and_then(|text| {
                let document = open(DocumentKind::Json, text.to_owned(), Reading::default()).ok()?;
                of_leaves(document.as_ref())
            }),
        };
        metadata.is_some_and(|metadata| !metadata.version.is_empty() && !metadata.mac.is_empty())
    }
}

fn of_leaves(document: &dyn Format) -> Option<Metadata> {
    Metadata::read(&document.metadata().ok()??).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sops::file::{Settings, SopsFile};
    use crate::sops::key::{DataKey, KeyGroup, MasterKey, WrappedKey};

    fn bytes(text: &str) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(text.as_bytes().to_vec())
    }

    fn encrypted(kind: DocumentKind, text: &str) -> String {
        let key = MasterKey::Age { recipient: "age1alice".into() };
        let group = KeyGroup(vec![WrappedKey { key, enc: "-- x --\n".into(), created_at: None }]);
        let settings = Settings { groups: vec![group], ..Settings::new("2026-01-15T10:00:00Z") };
        let key = DataKey::from_bytes(&[7; 32]).unwrap();
        Plain::read(kind, bytes(text), false).unwrap().encrypt(&key, &settings, None).unwrap().text
    }

    const SAMPLES: [(DocumentKind, &str, &str); 8] = [
        (DocumentKind::Yaml, "a.yaml", "a: x\n"),
        (DocumentKind::Json, "a.json", "{\"a\": \"x\"}\n"),
        (DocumentKind::Dotenv, "a.env", "A=x\n"),
        (DocumentKind::Ini, "a.ini", "[a]\nb = x\n"),
        (DocumentKind::Binary, "a.bin", "-----BEGIN\n"),
        (DocumentKind::Toml, "a.toml", "[a]\nb = \"x\"\n"),
        (DocumentKind::Hcl, "a.tfvars", "a = \"x\"\n"),
        (DocumentKind::Properties, "a.properties", "a.b=x\n"),
    ];

    #[test]
    fn encrypted_files_are_known_by_any_name() {
        for (kind, own, text) in SAMPLES {
            let text = encrypted(kind, text);
            for name in [None, Some(own), Some("a.conf"), Some("a.yaml"), Some("a.ini"), Some("a.toml")] {
                let found = Plain::recognise(name, bytes(&text), false).unwrap();
                assert!(found.is_complete(), "{kind:?} as {name:?}");
                // these read each other's files, or are one in the other
                let twin = match (kind, name) {
                    (DocumentKind::Properties, name) if name != Some(own) => DocumentKind::Dotenv,
                    (DocumentKind::Json | DocumentKind::Binary, Some("a.yaml")) => DocumentKind::Yaml,
                    _ => kind,
                };
                assert_eq!(found.kind(), twin, "{kind:?} as {name:?}");
                SopsFile::from_plain(found).unwrap();
            }
        }
    }

    /// Clear texts that hold what looks like the metadata of another format were taken for that.
    #[test]
    fn a_clear_text_is_what_its_name_says() {
        for (name, text) in [
            ("net.ini", "[net]\nmac = \"00:11\"\npassword = hunter2\n"),
            ("net.ini", "[sops_x]\nmac = \"00:11\"\n[sopsy]\na=1\n"),
            ("n.toml", "[a]\ntool = \"sops\"\npassword = \"hunter2\"\n"),
            ("n.ini", "[a]\ntool = \"sops\"\n"),
            ("t.tfvars", "sops_version = \"3.9.0\"\npassword = \"x\"\n"),
            ("t.toml", "a = \"\"\"\nsops:\nsops_mac=1\n\"\"\"\n"),
            ("vars.yaml", "sops_version: 3.9.0\n"),
            ("v.properties", "mac = \"x\"\nsops.tool = y\n"),
        ] {
            let found = Plain::recognise(Some(name), bytes(text), false).unwrap();
            assert_eq!(Some(found.kind()), DocumentKind::from_name(name), "{name}: {text}");
            assert!(!found.is_complete(), "{name}: {text}");
        }
    }

    /// Names that sops keeps, in a text that is not encrypted.
    #[test]
    fn metadata_that_is_none_is_not_complete() {
        for (name, text) in [
            ("a.env", "sops_version=1\nPASSWORD=hunter2\n"),
            ("c.json", "{\"sops\": {\"note\": 1}, \"password\": \"hunter2\"}"),
            ("d.tfvars", "password = \"hunter2\"\nsops = { x = 1 }\n"),
            ("e.yaml", "sops: {note: 1}\npassword: x\n"),
            ("f.ini", "[sops]\nx=1\n[a]\npassword=x\n"),
        ] {
            let found = Plain::recognise(Some(name), bytes(text), false).unwrap();
            assert!(found.is_encrypted() && !found.is_complete(), "{name}: {text}");
        }
    }
}
