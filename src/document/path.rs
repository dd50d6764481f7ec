//! Key paths as people write them: `db.users[0].password`, `"a.b".c`, and sops's `["db"]["x"]`.

/// One step of a key path.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum Step {
    /// A mapping key.
    Key(String),
    /// A position in a list, from 0.
    Index(usize),
}

/// Where a value is in a document. Shown in the dotted form.
#[derive(Clone, PartialEq, Eq, Debug, Hash, Default)]
pub struct KeyPath(pub Vec<Step>);
