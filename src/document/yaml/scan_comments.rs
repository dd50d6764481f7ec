//! Which token a comment belongs to, decided exactly as go-yaml v3 decides it (`yaml_parser_scan_comments`,
//! `yaml_parser_scan_line_comment`): sops binds an encrypted comment to the mapping that its reader puts it in.

use super::chars::{at, is_blank, is_break, is_breakz};
use super::scan::Scanner;
use super::token::{BLANK, CommentRun, Mark, Side, TokenKind};

/// How far go-yaml looks past blanks for the next comment.
const LOOK_AHEAD: usize = 512;

/// The run of comment lines being collected.
struct Run {
    scan: Mark,
    token: Mark,
    start: Mark,
    lines: Vec<u32>,
}

impl Run {
    /// Emits what was collected as the foot of earlier content.
    fn flush_foot(&mut self, end: Mark, comments: &mut Vec<CommentRun>) {
        comments.push(CommentRun {
            scan: self.scan,
            token: self.token,
            start: self.start,
            end,
            side: Side::Foot,
            lines: std::mem::take(&mut self.lines),
        });
        self.scan = end;
        self.token = end;
    }
}

impl Scanner<'_> {
    /// A comment on the same line as the token that was just read.
    pub(super) fn scan_line_comment(&mut self, token: Mark) {
        if self.newlines > 0 {
            return;
        }
        let mut peek = self.pos;
        while peek < self.pos + LOOK_AHEAD && is_blank(self.text, peek) {
            peek += 1;
        }
        if peek >= self.pos + LOOK_AHEAD || at(self.text, peek) != b'#' {
            return;
        }
        self.pos = peek;
        let start = self.mark();
        let line = self.read_comment_line();
        let zero = Mark::default();
        self.comments.push(CommentRun { scan: zero, token, start, end: zero, side: Side::Line, lines: vec![line] });
    }

    /// Comments on lines of their own, from the `#` at the current position to the next token.
    pub(super) fn scan_comments(&mut self, scan_mark: Mark) {
        let Some(mut owner) = self.tokens.last().copied() else {
            return;
        };
        if owner.kind == TokenKind::FlowEntry
            && let [.., before, _] = self.tokens.as_slice()
        {
            owner = *before;
        }
        let mut run = Run { scan: scan_mark, token: owner.start, start: Mark::default(), lines: Vec::new() };
        let mut next_indent = i64::from(self.indent.max(0));
        let mut recent_empty = false;
        let mut first_empty = self.newlines <= 1;
        let Mark { mut line, mut column, .. } = self.mark();
        let foot_line = self.foot_line(scan_mark);
        let mut peek = 0;
        while peek < LOOK_AHEAD {
            column += 1;
            let here = self.pos + peek;
            if is_blank(self.text, here) {
                peek += 1;
                continue;
            }
            let byte = at(self.text, here);
            let closes_flow = self.flow_level > 0 && matches!(byte, b']' | b'}');
            let mark = Mark { index: here as i64, line, column };
            if closes_flow || is_breakz(self.text, here) {
                if closes_flow || !recent_empty {
                    let dedented = run.start.column - 1 < next_indent;
                    let foot = run.start.line == foot_line && owner.kind != TokenKind::Value || dedented;
                    if closes_flow || first_empty && foot {
                        if !run.lines.is_empty() {
                            if dedented {
                                run.token = run.start;
                            }
                            run.flush_foot(mark, &mut self.comments);
                        }
                    } else if !run.lines.is_empty() && here < self.text.len() {
                        run.lines.push(BLANK);
                    }
                }
                if !is_break(self.text, here) {
                    break;
                }
                first_empty = false;
                recent_empty = true;
                column = 0;
                line += 1;
                peek += 1;
                continue;
            }
            if !run.lines.is_empty() && column - 1 < next_indent && column != run.start.column {
                run.flush_foot(mark, &mut self.comments);
            }
            if byte != b'#' {
                break;
            }
            if run.lines.is_empty() {
                run.start = mark;
            }
            recent_empty = false;
            self.advance_to(here);
            let id = self.read_comment_line();
            run.lines.push(id);
            peek = 1;
            column = 0;
            line = self.mark().line;
            next_indent = i64::from(self.indent.max(0));
        }
        if !run.lines.is_empty() {
            let end = Mark { index: (self.pos + peek) as i64 - 1, line, column };
            let Run { scan, start, lines, .. } = run;
            self.comments.push(CommentRun { scan, token: start, start, end, side: Side::Head, lines });
        }
    }

    /// The line on which a comment must start to be the foot of what came before it.
    fn foot_line(&self, scan_mark: Mark) -> i64 {
        if scan_mark.line <= 0 {
            return -1;
        }
        let mark = self.mark();
        let below_content = self.newlines == 0 && mark.column > 1;
        mark.line - self.newlines + 1 + i64::from(below_content)
    }

    fn advance_to(&mut self, target: usize) {
        while self.pos < target {
            if is_break(self.text, self.pos) {
                self.skip_line();
            } else {
                self.skip();
            }
        }
    }
}
