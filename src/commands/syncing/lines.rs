//! What there is to say about one ExternalSecret.

/// A namespace, which may be empty, and a name.
pub type Name = (String, String);

/// Something about one ExternalSecret.
#[derive(Default)]
pub struct Line {
    /// `file:line`
    pub place: String,
    /// Its namespace and name.
    pub name: Name,
    /// What there is to say, a line each.
    pub what: Vec<String>,
    /// The kind of trouble, where it is one of a store or a cluster.
    pub kind: Option<crate::failure::Kind>,
    /// What to do about it.
    pub hints: Vec<String>,
}

/// `namespace/name`, or the name alone.
pub fn shown((namespace, name): &Name) -> String {
    if namespace.is_empty() { name.clone() } else { format!("{namespace}/{name}") }
}
