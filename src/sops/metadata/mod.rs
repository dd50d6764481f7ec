//! The `sops` block of a file: who can open it, its MAC, and which leaves are secret.
//!
//! Reads what every sops release since 3.0 wrote and writes the form of 3.13 (`stores/stores.go`, `stores/metadata.go`):
//! fields in alphabetical order at every level, empty lists left out. Reading is as lenient as there: names without
//! regard to case, `"2"` for 2, one object for a list of one. Beyond sops, a timestamp without quotes is accepted, and
//! top-level fields that are not known here are kept and written back. Unknown fields of single keys are dropped.

mod fields;
mod keys;
mod timestamp;

use crate::document::tree::{Key, Kind, Node};
use crate::sops::key::KeyGroup;
use crate::sops::selector::Selection;

use fields::Fields;
pub use keys::in_file_order;

/// The field under which our own layout record is kept. Other tools ignore and drop it.
const LAYOUT: &str = "sealant_layout";

/// The lists of keys, and everything else that is understood.
const KNOWN: [&str; 20] = [
    "age",
    "azure_kv",
    "encrypted_comment_regex",
    "encrypted_regex",
    "encrypted_suffix",
    "gcp_kms",
    "hc_vault",
    "hckms",
    "key_groups",
    "kms",
    "lastmodified",
    "mac",
    "mac_only_encrypted",
    "pgp",
    LAYOUT,
    "shamir_threshold",
    "unencrypted_comment_regex",
    "unencrypted_regex",
    "unencrypted_suffix",
    "version",
];

/// What a file says about itself.
#[derive(Clone, PartialEq, Debug)]
pub struct Metadata {
    /// Who can open the file. With one group any of its keys is enough; with several each opens one share.
    pub groups: Vec<KeyGroup>,
    /// How many groups are needed; 0 when not said, which means all.
    pub shamir_threshold: usize,
    /// When a value last changed (RFC 3339).
    pub lastmodified: String,
    /// The encrypted MAC; empty when the file has none.
    pub mac: String,
    /// Which leaves are secret.
    pub selection: Selection,
    /// Values in clear are not covered by the MAC.
    pub mac_only_encrypted: bool,
    /// The release whose format this is.
    pub version: String,
    /// The encrypted record of spellings that ciphertext cannot carry (`sealant_layout`).
    pub layout: Option<String>,
    /// Fields not known here, in their order.
    pub unknown: Vec<(String, Node)>,
}

/// Why the metadata cannot be used. Holds names of fields, never what is in them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// The `sops` entry is a scalar, a list or null.
    #[error("the sops entry is not a mapping")]
    NotAMapping,
    /// A field has another shape than expected.
    #[error("the sops metadata field `{field}` should be {expected}")]
    WrongType {
        /// The field, with its list and position when it is inside one.
        field: String,
        /// What it should be.
        expected: &'static str,
        /// The line it is on; 0 when it was not read from a file.
        line: usize,
    },
    /// A timestamp is missing or is not RFC 3339.
    #[error("the sops metadata field `{field}` should be an RFC 3339 timestamp such as 2026-01-31T12:00:00Z")]
    Timestamp {
        /// The field, with its list and position when it is inside one.
        field: String,
        /// The line it is on; 0 when it is missing or was not read from a file.
        line: usize,
    },
    /// More than one of the six settings that say which leaves are secret.
    #[error("the sops metadata has both `{first}` and `{second}`, of which there can be only one")]
    TwoSelections {
        /// One of them.
        first: &'static str,
        /// Another.
        second: &'static str,
    },
    /// Nobody could ever open the file.
    #[error("the sops metadata lists no keys")]
    NoKeys,
}

impl Metadata {
    /// Reads the value of a document's `sops` key.
    ///
    /// # Errors
    /// [`MetadataError`] names the first field that cannot be understood.
    pub fn read(node: &Node) -> Result<Self, MetadataError> {
        let Kind::Map(items) = &node.kind else {
            return Err(MetadataError::NotAMapping);
        };
        let fields = Fields::top(items);
        let (lastmodified, line) = fields.text_and_line("lastmodified")?;
        if timestamp::in_seconds(&lastmodified).is_none() {
            return Err(MetadataError::Timestamp { field: fields.path("lastmodified"), line });
        }
        Ok(Self {
            groups: keys::read_groups(&fields)?,
            shamir_threshold: fields.number("shamir_threshold")?,
            lastmodified,
            mac: fields.text("mac")?,
            selection: read_selection(&fields)?,
            mac_only_encrypted: fields.flag("mac_only_encrypted")?,
            version: fields.text("version")?,
            layout: Some(fields.text(LAYOUT)?).filter(|layout| !layout.is_empty()),
            unknown: items
                .iter()
                .filter(|(key, _)| !KNOWN.iter().any(|known| known.eq_ignore_ascii_case(&key.name)))
                .map(|(key, value)| (key.name.clone(), value.clone()))
                .collect(),
        })
    }

    /// The block as sops 3.13 writes it. Unknown fields take their place in the alphabet; among equals, and inside
    /// them, their order is kept.
    pub fn write(&self) -> Node {
        let mut items = keys::write_groups(&self.groups);
        let mut push = |name: &str, value: Node| items.push((name.to_owned(), value));
        if self.shamir_threshold != 0 {
            let threshold = i64::try_from(self.shamir_threshold).unwrap_or(i64::MAX);
            push("shamir_threshold", Node::new(Kind::Int(threshold)));
        }
        push("lastmodified", Node::text(&self.lastmodified));
        push("mac", Node::text(&self.mac));
        let (name, value) = self.selection.field();
        if !value.is_empty() {
            push(name, Node::text(value));
        }
        if self.mac_only_encrypted {
            push("mac_only_encrypted", Node::new(Kind::Bool(true)));
        }
        push("version", Node::text(&self.version));
        if let Some(layout) = &self.layout {
            push(LAYOUT, Node::text(layout));
        }
        items.extend(self.unknown.iter().cloned());
        sorted_map(items)
    }

    /// The additional data of the encrypted MAC: `lastmodified` as Go prints it after reading it, that is, without
    /// fractions of a second and with `Z` for a zero offset (sops 3.13.2 `cmd/sops/common/common.go`).
    ///
    /// # Errors
    /// [`MetadataError::Timestamp`] when `lastmodified` is not RFC 3339.
    pub fn mac_aad(&self) -> Result<String, MetadataError> {
        timestamp::in_seconds(&self.lastmodified)
            .ok_or_else(|| MetadataError::Timestamp { field: "lastmodified".into(), line: 0 })
    }
}

fn read_selection(fields: &Fields<'_>) -> Result<Selection, MetadataError> {
    let mut found: Option<(&'static str, Selection)> = None;
    for name in Selection::FIELDS {
        let Some(selection) = Selection::from_field(name, &fields.text(name)?) else {
            continue;
        };
        if let Some((first, _)) = found {
            return Err(MetadataError::TwoSelections { first, second: name });
        }
        found = Some((name, selection));
    }
    Ok(found.map(|(_, selection)| selection).unwrap_or_default())
}

/// A mapping in the order of the names' bytes, as Go sorts them.
fn sorted_map(mut items: Vec<(String, Node)>) -> Node {
    items.sort_by(|(left, _), (right, _)| left.cmp(right));
    Node::new(Kind::Map(items.into_iter().map(|(name, value)| (Key { name, line: 0 }, value)).collect()))
}

#[cfg(test)]
mod tests;
