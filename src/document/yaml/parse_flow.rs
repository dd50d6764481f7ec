//! Flow collections: `[…]`, `{…}` and the pairs without braces inside `[…]`.

use super::error::YamlError;
use super::node::{NONE, NodeId, NodeKind};
use super::parse::{Parser, Place};
use super::shape::{Problem, ProblemKind};
use super::token::TokenKind;

impl<'t> Parser<'t> {
    /// Steps over the `,` between entries; false at the closing bracket.
    fn flow_entry(&mut self, first: bool, end: TokenKind) -> Result<bool, YamlError> {
        let token = self.peek()?;
        if token.kind == end {
            return Ok(false);
        }
        if first {
            return Ok(true);
        }
        if token.kind != TokenKind::FlowEntry {
            return self.scanner.fail(token.start.index, "expected ',' or the closing bracket");
        }
        self.take();
        Ok(self.peek()?.kind != end)
    }

    fn close_flow(&mut self, id: NodeId) -> Result<(), YamlError> {
        let token = self.peek()?;
        self.close(id, token.end);
        self.close_with_comments(id);
        self.take();
        Ok(())
    }

    pub(super) fn flow_sequence(&mut self, text: &'t str, id: NodeId) -> Result<(), YamlError> {
        self.peek()?;
        self.take();
        let mut last = NONE;
        let mut first = true;
        while self.flow_entry(first, TokenKind::FlowSequenceEnd)? {
            first = false;
            let token = self.peek()?;
            let item = if token.kind == TokenKind::Key {
                let pair = self.open(&token, NodeKind::Map, true);
                self.take();
                self.single_pair(text, pair)?;
                pair
            } else {
                self.node(text, Place::Flow)?
            };
            self.child(id, &mut last, item);
        }
        self.close_flow(id)
    }

    /// `[ key: value ]`: a mapping of one entry without braces.
    fn single_pair(&mut self, text: &'t str, id: NodeId) -> Result<(), YamlError> {
        let mut last = NONE;
        let token = self.peek()?;
        let ends = [TokenKind::Value, TokenKind::FlowEntry, TokenKind::FlowSequenceEnd];
        // go-yaml steps over the token here and loses it; the value is read as written instead.
        let key = if ends.contains(&token.kind) {
            self.out.problems.push(Problem { offset: token.start.index as usize, kind: ProblemKind::EmptyKey });
            self.empty_scalar(token.start.index as usize)
        } else {
            self.node(text, Place::Flow)?
        };
        self.child(id, &mut last, key);
        let value = self.flow_value(text, TokenKind::FlowSequenceEnd)?;
        self.child(id, &mut last, value);
        if !self.foot(key) && self.foot(value) {
            self.move_foot(value, key);
        }
        let end = self.out.nodes[value as usize].end as usize;
        self.close(id, end);
        self.clear_line_and_foot(id);
        Ok(())
    }

    fn flow_value(&mut self, text: &'t str, end: TokenKind) -> Result<NodeId, YamlError> {
        let token = self.peek()?;
        if token.kind == TokenKind::Value {
            self.take();
            let next = self.peek()?;
            if next.kind != TokenKind::FlowEntry && next.kind != end {
                return self.node(text, Place::Flow);
            }
            return Ok(self.empty_scalar(next.start.index as usize));
        }
        Ok(self.empty_scalar(token.start.index as usize))
    }

    pub(super) fn flow_mapping(&mut self, text: &'t str, id: NodeId) -> Result<(), YamlError> {
        self.peek()?;
        self.take();
        let mut last = NONE;
        let mut first = true;
        while self.flow_entry(first, TokenKind::FlowMappingEnd)? {
            first = false;
            let token = self.peek()?;
            let (key, value) = if token.kind == TokenKind::Key {
                self.take();
                let next = self.peek()?;
                let empty = [TokenKind::Value, TokenKind::FlowEntry, TokenKind::FlowMappingEnd].contains(&next.kind);
                let key =
                    if empty { self.empty_scalar(next.start.index as usize) } else { self.node(text, Place::Flow)? };
                (key, self.flow_value(text, TokenKind::FlowMappingEnd)?)
            } else {
                let key = self.node(text, Place::Flow)?;
                let next = self.peek()?.start.index as usize;
                (key, self.empty_scalar(next))
            };
            self.child(id, &mut last, key);
            self.child(id, &mut last, value);
            if !self.foot(key) && self.foot(value) {
                self.move_foot(value, key);
            }
        }
        self.close_flow(id)
    }
}
