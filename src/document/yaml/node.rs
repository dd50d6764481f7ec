//! The parsed document: an arena of nodes with byte spans over the original text.

use std::ops::Range;

/// Index of a node in its document.
pub type NodeId = u32;

pub(super) const NONE: u32 = u32::MAX;

/// What a node is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NodeKind {
    /// A mapping; its children alternate key, value.
    Map,
    /// A sequence.
    List,
    /// A scalar.
    Scalar,
    /// An alias (`*name`).
    Alias,
}

/// How a scalar is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScalarStyle {
    /// Bare.
    Plain,
    /// `'…'`.
    Single,
    /// `"…"`.
    Double,
    /// `|`.
    Literal,
    /// `>`.
    Folded,
}

impl ScalarStyle {
    /// Literal or folded.
    pub fn is_block(self) -> bool {
        matches!(self, Self::Literal | Self::Folded)
    }
}

/// One node, 32 bytes. Positions are bytes of the original text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub kind: NodeKind,
    pub style: ScalarStyle,
    /// Inside a flow collection.
    pub in_flow: bool,
    /// Collections: written in flow style.
    pub flow: bool,
    /// Scalars: written on more than one line.
    pub lines: bool,
    pub start: u32,
    pub end: u32,
    /// First child; for an alias, the node it stands for; for a written scalar, the indentation of the enclosing block.
    pub first: u32,
    pub next: u32,
    /// Block scalars: column of the content; collections: column of their first token; other scalars: indentation of the enclosing block.
    pub indent: i32,
    /// Row of [`Extra`], or `NONE`.
    pub extra: u32,
}

/// What only few nodes have: properties and comments.
#[derive(Clone, Default, Debug)]
pub(super) struct Extra {
    pub anchor: Option<Range<usize>>,
    pub tag: Option<Range<usize>>,
    /// The tag in short form: `!!int`, `!custom`, `!`.
    pub tag_name: Option<Box<str>>,
    /// Rows of the comment table.
    pub head: Vec<u32>,
    pub line: Vec<u32>,
    pub foot: Vec<u32>,
}

/// One document of the stream.
#[derive(Clone, Default, Debug)]
pub(super) struct Root {
    pub node: u32,
    /// From the first byte after the previous document's end marker.
    pub start: usize,
    /// End of the document's content: the next marker line, or the end of the text.
    pub end: usize,
    /// Opened by `---`.
    pub marker: bool,
    pub head: Vec<u32>,
    pub foot: Vec<u32>,
}
