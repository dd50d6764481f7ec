//! Tokens, marks and comment runs: what the scanner hands to the parser.

use super::node::ScalarStyle;

/// A place in the text. `column` counts bytes; only ASCII stands before a token on its line where columns matter.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Mark {
    pub index: i64,
    pub line: i64,
    pub column: i64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TokenKind {
    StreamStart,
    StreamEnd,
    Version,
    TagDirective,
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias,
    Anchor,
    Tag,
    Scalar,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub kind: TokenKind,
    pub start: Mark,
    pub end: usize,
    pub style: ScalarStyle,
    /// Block scalars: column of the content. Other scalars: indentation of the enclosing block.
    pub indent: i32,
    /// Block scalars: indentation of the enclosing block.
    pub parent: i32,
    /// A scalar on more than one line.
    pub lines: bool,
}

impl Token {
    /// A token without the facts that only some scalars have.
    pub fn new(kind: TokenKind, start: Mark, end: usize, indent: i32) -> Self {
        Self { kind, start, end, style: ScalarStyle::Plain, indent, parent: indent, lines: false }
    }
}

/// Which side of its token a run of comment lines belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    Head,
    Line,
    Foot,
}

/// A blank line inside a run of comments.
pub(super) const BLANK: u32 = u32::MAX;

/// A run of comment lines, waiting for the token that it belongs to. `lines` indexes the comment table; [`BLANK`] marks an empty line.
#[derive(Clone, Debug)]
pub(super) struct CommentRun {
    pub scan: Mark,
    pub token: Mark,
    pub start: Mark,
    pub end: Mark,
    pub side: Side,
    pub lines: Vec<u32>,
}
