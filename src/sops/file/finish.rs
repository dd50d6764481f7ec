//! What is the same for every format once its values are ciphertexts: the layout entry, the MAC and the metadata.

use super::encrypt::Settings;
use super::error::FileError;
use super::layout::{self, Layout};
use super::reuse::Reuse;
use crate::document::scalar::TypeWord;
use crate::sops::cipher::{IvSource, ValueCipher};
use crate::sops::mac::Mac;
use crate::sops::metadata::{Metadata, in_file_order};
use zeroize::Zeroizing;

/// What an encryption used.
pub(super) struct Sealing<'a> {
    pub settings: &'a Settings,
    pub cipher: &'a ValueCipher,
    pub reuse: Option<&'a Reuse>,
    /// Whether every ciphertext is an earlier one.
    pub all_kept: bool,
}

impl Sealing<'_> {
    /// The metadata, and whether anything differs from what was reused.
    pub(super) fn metadata(
        &self,
        mac: Mac,
        layout: &Layout,
        ivs: &mut IvSource,
    ) -> Result<(Metadata, bool), FileError> {
        let mac = mac.finish();
        let settings = self.settings;
        let mut scratch = Zeroizing::default();
        let mut metadata = Metadata {
            groups: in_file_order(settings.groups.clone()),
            shamir_threshold: settings.shamir_threshold,
            lastmodified: settings.now.clone(),
            mac: String::new(),
            selection: settings.selection.clone(),
            mac_only_encrypted: settings.mac_only_encrypted,
            version: settings.version.clone(),
            layout: self.layout(layout, ivs, &mut scratch)?,
            unknown: settings.unknown.clone(),
        };
        let kept = self.reuse.and_then(|reuse| {
            let stamp = reuse.stamp.as_ref()?;
            let same = self.all_kept && reuse.all_taken() && stamp.mac_plain.expose() == mac.expose().as_bytes();
            same.then(|| stamp.clone())
        });
        let changed = kept.is_none();
        match kept {
            Some(stamp) => {
                metadata.lastmodified = stamp.lastmodified;
                metadata.mac = stamp.mac;
            }
            None => {
                let bound = metadata.mac_aad()?;
                let iv = ivs.next()?;
                let plain = mac.expose().as_bytes();
                self.cipher.seal(plain, TypeWord::Str, bound.as_bytes(), &iv, &mut scratch, &mut metadata.mac);
            }
        }
        Ok((metadata, changed))
    }

    fn layout(
        &self,
        layout: &Layout,
        ivs: &mut IvSource,
        scratch: &mut Zeroizing<Vec<u8>>,
    ) -> Result<Option<String>, FileError> {
        if layout.is_empty() {
            return Ok(None);
        }
        if let Some(old) = self.reuse.and_then(|reuse| reuse.same_layout(layout)) {
            return Ok(Some(old));
        }
        let iv = ivs.next()?;
        let mut out = String::new();
        let plain = layout.write();
        self.cipher.seal(plain.as_bytes(), TypeWord::Str, layout::BOUND.as_bytes(), &iv, scratch, &mut out);
        Ok(Some(out))
    }
}
