//! The parser: tokens to the node arena, with every comment attached to the node that go-yaml v3 attaches it to
//! (`parserc.go` for the order in which comments are picked up, `decode.go` for the moves between nodes).

use std::collections::HashMap;

use super::error::YamlError;
use super::node::{Extra, NONE, Node, NodeId, NodeKind, Root, ScalarStyle};
use super::parse_props::Props;
use super::scan::{MAX_DEPTH, Scanner};
use super::shape::{Problem, ProblemKind};
use super::token::{BLANK, Side, Token, TokenKind};

/// Comments picked up since the last node, as rows of the comment table.
#[derive(Default)]
pub(super) struct Pending {
    head: Vec<u32>,
    line: Vec<u32>,
    foot: Vec<u32>,
    stem: Vec<u32>,
}

/// What the parser leaves behind.
#[derive(Default)]
pub(super) struct Parsed {
    pub nodes: Vec<Node>,
    pub extras: Vec<Extra>,
    pub comments: Vec<(u32, u32)>,
    pub roots: Vec<Root>,
    pub problems: Vec<Problem>,
    pub aliases: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Block,
    BlockOrIndentless,
    Flow,
}

pub(super) struct Parser<'t> {
    pub(super) scanner: Scanner<'t>,
    pub(super) pending: Pending,
    pub(super) out: Parsed,
    pub(super) anchors: HashMap<&'t str, NodeId>,
    pub(super) tags: Vec<(&'t str, &'t str)>,
    pub(super) flow_depth: usize,
    pub(super) depth: usize,
    /// End of the last `---`: a directive behind it belongs to the next document.
    marker_end: usize,
}

/// Parses a whole stream; `start` is past a byte order mark.
pub(super) fn parse(text: &str, start: usize) -> Result<Parsed, YamlError> {
    let mut parser = Parser {
        scanner: Scanner::new(text.as_bytes(), start),
        pending: Pending::default(),
        out: Parsed { nodes: Vec::with_capacity(text.len() / 24 + 16), ..Parsed::default() },
        anchors: HashMap::new(),
        tags: Vec::new(),
        flow_depth: 0,
        depth: 0,
        marker_end: 0,
    };
    parser.stream(text, start)?;
    let mut out = parser.out;
    let dangling = |problem: &&Problem| {
        problem.kind == ProblemKind::UnknownDirective && !leads_to_document(&text[problem.offset..])
    };
    if let Some(problem) = parser.scanner.odd.iter().find(dangling) {
        let expected = "expected the start of a document ('---') after a directive";
        return Err(YamlError::at(text.as_bytes(), problem.offset, expected));
    }
    out.problems.append(&mut parser.scanner.odd);
    out.comments = parser.scanner.comment_lines;
    Ok(out)
}

/// Whether the directive that `text` starts with has a `---` after it, other directives and comments aside.
fn leads_to_document(text: &str) -> bool {
    let mut lines = text.split(['\n', '\r']).skip_while(|line| {
        let line = line.trim();
        line.is_empty() || line.starts_with(['%', '#'])
    });
    let marked = |line: &str| {
        line.strip_prefix("---").is_some_and(|rest| rest.trim_start().len() < rest.len() || rest.is_empty())
    };
    lines.next().is_some_and(marked)
}

impl<'t> Parser<'t> {
    pub(super) fn peek(&mut self) -> Result<Token, YamlError> {
        let token = self.scanner.peek()?;
        self.unfold_comments(&token);
        Ok(token)
    }

    pub(super) fn take(&mut self) {
        self.scanner.take();
    }

    /// Moves the comments that stand before `token` to the pending ones.
    fn unfold_comments(&mut self, token: &Token) {
        while let Some(run) = self.scanner.comments.get_mut(self.scanner.comments_head) {
            if token.start.index < run.token.index || run.side == Side::Head && token.kind == TokenKind::BlockEnd {
                break;
            }
            let lines = std::mem::take(&mut run.lines);
            // As after use in go-yaml: an emptied run ends every backward search.
            run.end.index = 0;
            run.scan.index = 0;
            run.start.column = 0;
            let side = match run.side {
                Side::Head => &mut self.pending.head,
                Side::Line => &mut self.pending.line,
                Side::Foot => &mut self.pending.foot,
            };
            side.extend(lines);
            self.scanner.comments_head += 1;
        }
    }

    fn stream(&mut self, text: &'t str, start: usize) -> Result<(), YamlError> {
        self.peek()?;
        self.take();
        let mut from = start;
        let mut implicit = true;
        loop {
            let mut token = self.peek()?;
            if !implicit {
                while token.kind == TokenKind::DocumentEnd {
                    self.take();
                    from = token.end;
                    token = self.peek()?;
                }
            }
            if token.kind == TokenKind::StreamEnd {
                return Ok(());
            }
            let mut root = Root { start: from, node: NONE, ..Root::default() };
            self.document(text, &mut root, implicit)?;
            let end = self.peek()?;
            let directive = self.directive_after_content().unwrap_or(text.len());
            root.end = directive.min(end.start.index as usize);
            let closed = end.kind == TokenKind::DocumentEnd;
            if closed {
                self.take();
                from = end.end;
            } else {
                from = root.end;
            }
            let comments = std::mem::take(&mut self.pending);
            root.foot = if comments.foot.is_empty() { comments.head } else { comments.foot };
            self.out.roots.push(root);
            self.tags.clear();
            implicit = false;
        }
    }

    /// Where the first directive stands that follows the content of a document without `...` between them.
    fn directive_after_content(&self) -> Option<usize> {
        let odd = self.scanner.odd.iter().filter(|problem| problem.kind == ProblemKind::UnknownDirective);
        odd.map(|problem| problem.offset).filter(|offset| *offset >= self.marker_end).min()
    }

    fn document(&mut self, text: &'t str, root: &mut Root, implicit: bool) -> Result<(), YamlError> {
        let token = self.peek()?;
        let directive = matches!(token.kind, TokenKind::Version | TokenKind::TagDirective | TokenKind::DocumentStart);
        if implicit && !directive {
            root.head = self.split_document_head();
            root.node = self.node(text, Place::Block)?;
            return Ok(());
        }
        self.directives(text)?;
        let token = self.peek()?;
        if token.kind != TokenKind::DocumentStart {
            return self.scanner.fail(token.start.index, "expected the start of a document ('---')");
        }
        self.take();
        self.marker_end = token.end;
        root.marker = true;
        let token = self.peek()?;
        let empty = matches!(
            token.kind,
            TokenKind::Version
                | TokenKind::TagDirective
                | TokenKind::DocumentStart
                | TokenKind::DocumentEnd
                | TokenKind::StreamEnd
        );
        root.node = if empty { self.empty_scalar(token.start.index as usize) } else { self.node(text, Place::Block)? };
        Ok(())
    }

    /// Comments above the last empty line belong to the document, the others to its first node.
    fn split_document_head(&mut self) -> Vec<u32> {
        let head = &mut self.pending.head;
        match head.iter().rposition(|line| *line == BLANK) {
            Some(blank) if blank > 0 => {
                let rest = head.split_off(blank + 1);
                std::mem::replace(head, rest)
            }
            _ => Vec::new(),
        }
    }

    fn push(&mut self, node: Node) -> NodeId {
        self.out.nodes.push(node);
        (self.out.nodes.len() - 1) as NodeId
    }

    /// The end of a block is the byte before its mark, as in go-yaml, which may be in the middle of a character.
    fn boundary(&self, at: usize) -> usize {
        let text = self.scanner.text;
        (at..text.len()).find(|at| text[*at] & 0xC0 != 0x80).unwrap_or(text.len())
    }

    pub(super) fn empty_scalar(&mut self, at: usize) -> NodeId {
        let at = self.boundary(at) as u32;
        self.push(Node {
            kind: NodeKind::Scalar,
            style: ScalarStyle::Plain,
            in_flow: self.flow_depth > 0,
            flow: false,
            lines: false,
            start: at,
            end: at,
            first: NONE,
            next: NONE,
            indent: -1,
            extra: NONE,
        })
    }

    pub(super) fn extra(&mut self, id: NodeId) -> &mut Extra {
        let row = self.out.nodes[id as usize].extra;
        if row != NONE {
            return &mut self.out.extras[row as usize];
        }
        let row = self.out.extras.len();
        self.out.extras.push(Extra::default());
        self.out.nodes[id as usize].extra = row as u32;
        &mut self.out.extras[row]
    }

    /// Gives the pending comments to `id`.
    fn attach(&mut self, id: NodeId) {
        self.pending.stem.clear();
        if self.pending.head.is_empty() && self.pending.line.is_empty() && self.pending.foot.is_empty() {
            return;
        }
        let pending = std::mem::take(&mut self.pending);
        let extra = self.extra(id);
        extra.head = pending.head;
        extra.line = pending.line;
        extra.foot = pending.foot;
    }

    pub(super) fn foot(&self, id: NodeId) -> bool {
        let row = self.out.nodes[id as usize].extra;
        row != NONE && !self.out.extras[row as usize].foot.is_empty()
    }

    pub(super) fn move_foot(&mut self, from: NodeId, to: NodeId) {
        let lines = std::mem::take(&mut self.extra(from).foot);
        self.extra(to).foot = lines;
    }

    pub(super) fn node(&mut self, text: &'t str, place: Place) -> Result<NodeId, YamlError> {
        let token = self.peek()?;
        if self.depth >= MAX_DEPTH {
            return self.scanner.fail(token.start.index, "collections are nested too deeply");
        }
        if token.kind == TokenKind::Alias {
            return self.alias(text, token);
        }
        let start = token.start.index as usize;
        let props = self.props(text)?;
        let token = self.peek()?;
        let id = match token.kind {
            TokenKind::BlockEntry if place == Place::BlockOrIndentless => self.open(&token, NodeKind::List, false),
            TokenKind::Scalar => {
                let id = self.scalar(&token);
                self.set_props(text, id, props);
                self.attach(id);
                self.take();
                return Ok(id);
            }
            TokenKind::FlowSequenceStart => self.open(&token, NodeKind::List, true),
            TokenKind::FlowMappingStart => self.open(&token, NodeKind::Map, true),
            TokenKind::BlockSequenceStart if place != Place::Flow => self.open(&token, NodeKind::List, false),
            TokenKind::BlockMappingStart if place != Place::Flow => self.open(&token, NodeKind::Map, false),
            _ if !props.is_empty() => {
                let end = [&props.anchor, &props.tag].into_iter().flatten().map(|range| range.end).max();
                let id = self.empty_scalar(end.unwrap_or(start));
                self.set_props(text, id, props);
                return Ok(id);
            }
            _ => return self.scanner.fail(token.start.index, "expected a value"),
        };
        self.set_props(text, id, props);
        let stem = std::mem::take(&mut self.pending.stem);
        if self.out.nodes[id as usize].flow {
            self.attach(id);
        } else if !stem.is_empty() && token.kind != TokenKind::BlockEntry {
            self.extra(id).head = stem;
        } else {
            self.pending.stem = stem;
        }
        self.depth += 1;
        self.collection(text, id, token.kind)?;
        self.depth -= 1;
        Ok(id)
    }

    fn collection(&mut self, text: &'t str, id: NodeId, kind: TokenKind) -> Result<(), YamlError> {
        match kind {
            TokenKind::BlockEntry => self.indentless_sequence(text, id),
            TokenKind::BlockSequenceStart => self.block_sequence(text, id),
            TokenKind::BlockMappingStart => self.block_mapping(text, id),
            _ => {
                self.flow_depth += 1;
                let done = if kind == TokenKind::FlowSequenceStart {
                    self.flow_sequence(text, id)
                } else {
                    self.flow_mapping(text, id)
                };
                self.flow_depth -= 1;
                done
            }
        }
    }

    fn alias(&mut self, text: &'t str, token: Token) -> Result<NodeId, YamlError> {
        let name = &text[token.start.index as usize + 1..token.end];
        let Some(target) = self.anchors.get(name).copied() else {
            return self.scanner.fail(token.start.index, "an alias refers to an anchor that is not defined before it");
        };
        let open = self.out.nodes[target as usize].end == u32::MAX;
        if open {
            return self.scanner.fail(token.start.index, "an alias stands inside the value that it refers to");
        }
        self.out.aliases += 1;
        let id = self.push(Node {
            kind: NodeKind::Alias,
            style: ScalarStyle::Plain,
            in_flow: self.flow_depth > 0,
            flow: false,
            lines: false,
            start: token.start.index as u32,
            end: token.end as u32,
            first: target,
            next: NONE,
            indent: token.indent,
            extra: NONE,
        });
        self.attach(id);
        self.take();
        Ok(id)
    }

    fn scalar(&mut self, token: &Token) -> NodeId {
        self.push(Node {
            kind: NodeKind::Scalar,
            style: token.style,
            in_flow: self.flow_depth > 0,
            flow: false,
            lines: token.lines,
            start: token.start.index as u32,
            end: token.end as u32,
            first: token.parent as u32,
            next: NONE,
            indent: token.indent,
            extra: NONE,
        })
    }

    /// A collection whose end is not known yet (`u32::MAX`).
    pub(super) fn open(&mut self, token: &Token, kind: NodeKind, flow: bool) -> NodeId {
        self.push(Node {
            kind,
            style: ScalarStyle::Plain,
            in_flow: self.flow_depth > 0,
            flow,
            lines: false,
            start: token.start.index as u32,
            end: u32::MAX,
            first: NONE,
            next: NONE,
            indent: i32::try_from(token.start.column).unwrap_or(i32::MAX),
            extra: NONE,
        })
    }

    fn set_props(&mut self, text: &'t str, id: NodeId, props: Props) {
        if props.is_empty() {
            return;
        }
        if let Some(range) = &props.anchor {
            self.anchors.insert(&text[range.start + 1..range.end], id);
        }
        let extra = self.extra(id);
        extra.anchor = props.anchor;
        extra.tag = props.tag;
        extra.tag_name = props.tag_name;
    }

    pub(super) fn child(&mut self, parent: NodeId, last: &mut NodeId, child: NodeId) {
        if *last == NONE {
            self.out.nodes[parent as usize].first = child;
        } else {
            self.out.nodes[*last as usize].next = child;
        }
        *last = child;
    }

    pub(super) fn close(&mut self, id: NodeId, end: usize) {
        let start = self.out.nodes[id as usize].start;
        let end = self.boundary(end);
        self.out.nodes[id as usize].end = (end as u32).max(start);
    }

    /// The comments of an end token replace those of the start, as in go-yaml.
    pub(super) fn close_with_comments(&mut self, id: NodeId) {
        let pending = std::mem::take(&mut self.pending);
        let has_extra = self.out.nodes[id as usize].extra != NONE;
        if has_extra || !pending.line.is_empty() || !pending.foot.is_empty() {
            let extra = self.extra(id);
            extra.line = pending.line;
            extra.foot = pending.foot;
        }
    }

    fn block_sequence(&mut self, text: &'t str, id: NodeId) -> Result<(), YamlError> {
        self.peek()?;
        self.take();
        let mut last = NONE;
        loop {
            let token = self.peek()?;
            match token.kind {
                TokenKind::BlockEntry => {
                    let item = self.sequence_entry(text, token, false)?;
                    self.child(id, &mut last, item);
                }
                TokenKind::BlockEnd => {
                    self.close(id, token.start.index as usize);
                    // A sequence end takes no comments, and clears those that its start had.
                    self.clear_line_and_foot(id);
                    self.take();
                    return Ok(());
                }
                _ => {
                    return self.scanner.fail(token.start.index, "expected '-' or the end of the list");
                }
            }
        }
    }

    pub(super) fn clear_line_and_foot(&mut self, id: NodeId) {
        let row = self.out.nodes[id as usize].extra;
        if row != NONE {
            self.out.extras[row as usize].line.clear();
            self.out.extras[row as usize].foot.clear();
        }
    }

    fn sequence_entry(&mut self, text: &'t str, token: Token, indentless: bool) -> Result<NodeId, YamlError> {
        let prior_head = self.pending.head.len();
        self.take();
        self.split_stem(prior_head)?;
        let next = self.peek()?;
        let empty = matches!(next.kind, TokenKind::BlockEntry | TokenKind::BlockEnd)
            || indentless && matches!(next.kind, TokenKind::Key | TokenKind::Value);
        if empty { Ok(self.empty_scalar(token.end)) } else { self.node(text, Place::Block) }
    }

    /// Comments above a `- ` whose item is itself a block collection belong to that collection as a whole.
    fn split_stem(&mut self, prior_head: usize) -> Result<(), YamlError> {
        if prior_head == 0 {
            return Ok(());
        }
        let token = self.peek()?;
        if matches!(token.kind, TokenKind::BlockSequenceStart | TokenKind::BlockMappingStart) {
            let rest = self.pending.head.split_off(prior_head);
            self.pending.stem = std::mem::replace(&mut self.pending.head, rest);
        }
        Ok(())
    }

    fn indentless_sequence(&mut self, text: &'t str, id: NodeId) -> Result<(), YamlError> {
        let mut last = NONE;
        loop {
            let token = self.peek()?;
            if token.kind != TokenKind::BlockEntry {
                self.close(id, token.start.index as usize);
                self.clear_line_and_foot(id);
                return Ok(());
            }
            let item = self.sequence_entry(text, token, true)?;
            self.child(id, &mut last, item);
        }
    }

    fn block_mapping(&mut self, text: &'t str, id: NodeId) -> Result<(), YamlError> {
        self.peek()?;
        self.take();
        let mut last = NONE;
        let mut previous_key = NONE;
        loop {
            let token = self.peek()?;
            let key = match token.kind {
                TokenKind::Key => {
                    self.take();
                    let next = self.peek()?;
                    if matches!(next.kind, TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd) {
                        self.empty_scalar(token.end)
                    } else {
                        self.node(text, Place::BlockOrIndentless)?
                    }
                }
                TokenKind::BlockEnd => {
                    self.close(id, token.start.index as usize);
                    self.close_with_comments(id);
                    if previous_key != NONE && self.foot(id) {
                        self.move_foot(id, previous_key);
                    }
                    self.take();
                    return Ok(());
                }
                TokenKind::Value => self.empty_scalar(token.start.index as usize),
                _ => return self.scanner.fail(token.start.index, "expected a key"),
            };
            if token.kind == TokenKind::Value {
                self.out.problems.push(Problem { offset: token.start.index as usize, kind: ProblemKind::EmptyKey });
            }
            self.child(id, &mut last, key);
            if previous_key != NONE && self.foot(key) {
                self.move_foot(key, previous_key);
            }
            let value = self.mapping_value(text)?;
            self.child(id, &mut last, value);
            if !self.foot(key) && self.foot(value) {
                self.move_foot(value, key);
            }
            previous_key = key;
        }
    }

    fn mapping_value(&mut self, text: &'t str) -> Result<NodeId, YamlError> {
        let token = self.peek()?;
        if token.kind != TokenKind::Value {
            return Ok(self.empty_scalar(token.start.index as usize));
        }
        self.take();
        let next = self.peek()?;
        if matches!(next.kind, TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd) {
            return Ok(self.empty_scalar(token.end));
        }
        self.node(text, Place::BlockOrIndentless)
    }
}
