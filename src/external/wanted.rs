//! What an ExternalSecret asks for, once everything is fetched, merged and run through its template: the keys and metadata that it
//! wants on its Secret, before anything is known of the Secret that exists.

use std::collections::BTreeMap;
use std::fmt;

use crate::secret::SecretBytes;

/// The wanted part of a Secret. The existing keys that stay beside it, the marks and the owner are no part of it.
#[derive(Default)]
pub struct Wanted {
    /// `data`, decoded.
    pub data: BTreeMap<String, SecretBytes>,
    /// `type`; as it is when `None`.
    pub secret_type: Option<String>,
    /// Labels: those of the template, or all of the ExternalSecret when it has none.
    pub labels: BTreeMap<String, String>,
    /// Annotations, likewise.
    pub annotations: BTreeMap<String, String>,
    /// Finalizers that are added, and never taken away.
    pub finalizers: Vec<String>,
    /// Whether the Secret is to be `immutable`.
    pub immutable: bool,
}

/// Labels and annotations may be printed by a template, so only their names are shown.
impl fmt::Debug for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wanted")
            .field("data", &self.data)
            .field("secret_type", &self.secret_type)
            .field("labels", &self.labels.keys())
            .field("annotations", &self.annotations.keys())
            .field("finalizers", &self.finalizers)
            .field("immutable", &self.immutable)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_is_redacted() {
        let text = || [("k".to_owned(), "hunter2".to_owned())].into();
        let wanted = Wanted {
            data: [("k".to_owned(), SecretBytes::new(b"hunter2".to_vec()))].into(),
            labels: text(),
            annotations: text(),
            ..Wanted::default()
        };
        let shown = format!("{wanted:?}");
        assert!(shown.contains("[REDACTED]") && !shown.contains("hunter2"), "{shown}");
    }
}
