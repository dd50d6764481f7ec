//! The document in the order in which sops walks its tree, comments where sops's reader puts them and aliases expanded
//! (sops 3.13.2 `stores/yaml/store.go`, `sops.go` `walkBranch`).

use super::document::Document;
use super::node::{NodeId, NodeKind};

/// Visits that come from expanding aliases, at most; above it the document is a bomb.
pub const MAX_ALIAS_VISITS: usize = 1_000_000;

/// Deepest walk, aliases included.
const MAX_WALK_DEPTH: usize = 1024;

/// One step of the walk.
pub enum Visit<'a> {
    /// A collection begins (a list of active comments opens).
    Open(NodeId),
    /// It ends.
    Close,
    /// Down into the value of a key: its text and its node.
    EnterKey(&'a str, NodeId),
    /// Down into an item.
    EnterItem(usize),
    /// Up again.
    Leave,
    /// A comment line, as a row of the comment table.
    Comment {
        /// The row.
        row: u32,
        /// A copy made by expanding an alias.
        copy: bool,
    },
    /// A scalar.
    Scalar {
        /// The node.
        id: NodeId,
        /// A copy made by expanding an alias.
        copy: bool,
    },
    /// An alias begins to be expanded; the visits up to `AliasEnd` belong to it.
    Alias(NodeId),
    /// The expansion ends.
    AliasEnd,
    /// An entry or item, with all below it, is done.
    ItemDone,
}

/// Why a walk stopped.
#[derive(Debug, thiserror::Error)]
pub enum WalkError<E> {
    /// The visitor's own error.
    #[error(transparent)]
    Visitor(#[from] E),
    /// Aliases expand to more than [`MAX_ALIAS_VISITS`] values, or too deep.
    #[error("line {line}: aliases expand to more than {MAX_ALIAS_VISITS} values")]
    AliasBomb {
        /// Line, from 1, of the alias that is not expanded within another one.
        line: usize,
    },
}

struct Walk<'d, F> {
    document: &'d Document,
    visit: F,
    copies: usize,
    /// The alias being expanded, the outermost.
    alias: Option<NodeId>,
    copied: usize,
    depth: usize,
}

impl Document {
    /// Walks one document of the stream.
    ///
    /// # Errors
    /// The visitor's error, or [`WalkError::AliasBomb`].
    pub fn walk<E>(&self, document: usize, visit: impl FnMut(Visit<'_>) -> Result<(), E>) -> Result<(), WalkError<E>> {
        let root = &self.parsed().roots[document];
        let mut walk = Walk { document: self, visit, copies: 0, alias: None, copied: 0, depth: 0 };
        let id = root.node;
        if self.kind(id) == NodeKind::Scalar {
            walk.rows(&root.head)?;
            walk.comments_of(id, true)?;
            walk.scalar(id)?;
            return walk.rows(&root.foot);
        }
        walk.emit(Visit::Open(id))?;
        walk.rows(&root.head)?;
        walk.comments_of(id, true)?;
        walk.inside(id)?;
        walk.comments_of(id, false)?;
        walk.rows(&root.foot)?;
        walk.emit(Visit::Close)
    }

    /// Walks one node as sops walks it in place, without its own comments.
    ///
    /// # Errors
    /// As [`Document::walk`].
    pub fn walk_node<E>(&self, id: NodeId, visit: impl FnMut(Visit<'_>) -> Result<(), E>) -> Result<(), WalkError<E>> {
        Walk { document: self, visit, copies: 0, alias: None, copied: 0, depth: 0 }.value(id, true)
    }
}

impl<E, F: FnMut(Visit<'_>) -> Result<(), E>> Walk<'_, F> {
    fn emit(&mut self, visit: Visit<'_>) -> Result<(), WalkError<E>> {
        if self.copies > 0 {
            self.copied += 1;
            if self.copied > MAX_ALIAS_VISITS {
                return Err(self.bomb());
            }
        }
        (self.visit)(visit).map_err(WalkError::Visitor)
    }

    fn bomb(&self) -> WalkError<E> {
        let start = self.alias.map_or(0, |alias| self.document.span(alias).start);
        WalkError::AliasBomb { line: self.document.position(start).0 }
    }

    fn rows(&mut self, rows: &[u32]) -> Result<(), WalkError<E>> {
        let copy = self.copies > 0;
        for row in rows {
            if *row != u32::MAX {
                self.emit(Visit::Comment { row: *row, copy })?;
            }
        }
        Ok(())
    }

    /// Head and line comments (`before`), or foot comments.
    fn comments_of(&mut self, id: NodeId, before: bool) -> Result<(), WalkError<E>> {
        let document = self.document;
        let Some(extra) = document.extra(id) else {
            return Ok(());
        };
        if before {
            self.rows(&extra.head)?;
            self.rows(&extra.line)
        } else {
            self.rows(&extra.foot)
        }
    }

    fn scalar(&mut self, id: NodeId) -> Result<(), WalkError<E>> {
        let copy = self.copies > 0;
        self.emit(Visit::Scalar { id, copy })
    }

    /// A value; `handled` says that its own comments were already given.
    fn value(&mut self, id: NodeId, handled: bool) -> Result<(), WalkError<E>> {
        self.depth += 1;
        if self.depth > MAX_WALK_DEPTH {
            return Err(self.bomb());
        }
        match self.document.kind(id) {
            NodeKind::Scalar => self.scalar(id)?,
            NodeKind::Alias => {
                self.emit(Visit::Alias(id))?;
                if self.copies == 0 {
                    self.alias = Some(id);
                }
                self.copies += 1;
                self.value(self.document.resolve_alias(id), false)?;
                self.copies -= 1;
                self.emit(Visit::AliasEnd)?;
            }
            NodeKind::Map | NodeKind::List => {
                self.emit(Visit::Open(id))?;
                if !handled {
                    self.comments_of(id, true)?;
                }
                self.inside(id)?;
                if !handled {
                    self.comments_of(id, false)?;
                }
                self.emit(Visit::Close)?;
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn inside(&mut self, id: NodeId) -> Result<(), WalkError<E>> {
        if self.document.kind(id) == NodeKind::Map { self.map(id) } else { self.list(id) }
    }

    fn map(&mut self, id: NodeId) -> Result<(), WalkError<E>> {
        let document = self.document;
        for (key, value) in document.entries(id) {
            self.comments_of(key, true)?;
            let handled = matches!(document.kind(value), NodeKind::Scalar | NodeKind::Alias);
            if handled {
                self.comments_of(value, true)?;
            }
            let text = document.key_text(key);
            self.emit(Visit::EnterKey(&text, key))?;
            self.value(value, handled)?;
            self.emit(Visit::Leave)?;
            self.emit(Visit::ItemDone)?;
            if handled {
                self.comments_of(value, false)?;
            }
            self.comments_of(key, false)?;
        }
        Ok(())
    }

    fn list(&mut self, id: NodeId) -> Result<(), WalkError<E>> {
        let document = self.document;
        for (index, item) in document.items(id).enumerate() {
            self.comments_of(item, true)?;
            self.emit(Visit::EnterItem(index))?;
            self.value(item, true)?;
            self.emit(Visit::Leave)?;
            self.emit(Visit::ItemDone)?;
            self.comments_of(item, false)?;
        }
        Ok(())
    }
}
