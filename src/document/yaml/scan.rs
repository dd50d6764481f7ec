//! The scanner: text to tokens, in the line of libyaml, because the reader of sops (go-yaml v3) is of that line and decides
//! what a scalar is and what a comment belongs to. It builds no values: tokens are byte ranges.

use super::chars::{at, break_len, is_blank, is_blankz, is_break, is_breakz, is_marker, is_word};
use super::error::YamlError;
use super::node::ScalarStyle;
use super::shape::Problem;
use super::token::{CommentRun, Mark, Side, Token, TokenKind};

/// Deepest nesting of collections that is read. Kubernetes' own schemas stay below 40.
pub const MAX_DEPTH: usize = 256;

/// Largest scalar that is read, in bytes: far above any secret, and a bound on the buffers that hold one.
pub const MAX_SCALAR: usize = 64 << 20;

/// Longest implicit key, in characters (YAML 1.2 §7.4.2).
const MAX_SIMPLE_KEY: i64 = 1024;

#[derive(Clone, Copy, Default)]
pub(super) struct SimpleKey {
    pub possible: bool,
    required: bool,
    token_number: usize,
    mark: Mark,
}

pub(super) struct Scanner<'t> {
    pub text: &'t [u8],
    pub pos: usize,
    line: i64,
    line_start: i64,
    /// Line breaks since the last character that was not blank.
    pub newlines: i64,
    pub tokens: Vec<Token>,
    pub head: usize,
    parsed: usize,
    available: bool,
    started: bool,
    pub indent: i32,
    indents: Vec<i32>,
    pub simple_key_allowed: bool,
    simple_keys: Vec<SimpleKey>,
    pub flow_level: usize,
    pub comments: Vec<CommentRun>,
    pub comments_head: usize,
    /// What YAML 1.2 allows and the readers of YAML 1.1 refuse.
    pub odd: Vec<Problem>,
    /// Every comment of the text: `#` to the end of its line.
    pub comment_lines: Vec<(u32, u32)>,
}

impl<'t> Scanner<'t> {
    /// A scanner at `start`, past a byte order mark when there is one.
    pub fn new(text: &'t [u8], start: usize) -> Self {
        Self {
            text,
            pos: start,
            line: 0,
            line_start: start as i64,
            newlines: 0,
            tokens: Vec::with_capacity(64),
            head: 0,
            parsed: 0,
            available: false,
            started: false,
            indent: -1,
            indents: Vec::new(),
            simple_key_allowed: true,
            simple_keys: vec![SimpleKey::default()],
            flow_level: 0,
            comments: Vec::new(),
            comments_head: 0,
            odd: Vec::new(),
            comment_lines: Vec::new(),
        }
    }

    pub fn column(&self) -> i64 {
        self.pos as i64 - self.line_start
    }

    pub fn mark(&self) -> Mark {
        Mark { index: self.pos as i64, line: self.line, column: self.column() }
    }

    pub fn fail<T>(&self, offset: i64, problem: &'static str) -> Result<T, YamlError> {
        Err(YamlError::at(self.text, usize::try_from(offset).unwrap_or(0), problem))
    }

    pub fn fail_here<T>(&self, problem: &'static str) -> Result<T, YamlError> {
        self.fail(self.pos as i64, problem)
    }

    /// Steps over one byte (or a whole character when the caller knows it is ASCII).
    pub fn skip(&mut self) {
        if !is_blank(self.text, self.pos) {
            self.newlines = 0;
        }
        self.pos += 1;
    }

    /// Steps over a line break, if there is one.
    pub fn skip_line(&mut self) {
        let len = break_len(self.text, self.pos);
        if len > 0 {
            self.pos += len;
            self.line += 1;
            self.line_start = self.pos as i64;
            self.newlines += 1;
        }
    }

    /// The next token, without taking it.
    pub fn peek(&mut self) -> Result<Token, YamlError> {
        if !self.available {
            self.fetch_more()?;
        }
        Ok(self.tokens[self.head])
    }

    /// Takes the token that `peek` showed.
    pub fn take(&mut self) {
        self.available = false;
        self.parsed += 1;
        self.head += 1;
        // The last two tokens stay reachable: comments are tied to them.
        if self.head > 1024 {
            let keep = self.head - 4;
            self.tokens.drain(..keep);
            self.head = 4;
        }
    }

    /// Comments need two tokens of lookahead (go-yaml `yaml_parser_fetch_more_tokens`).
    fn fetch_more(&mut self) -> Result<(), YamlError> {
        loop {
            if self.head + 2 < self.tokens.len() && !self.head_may_be_key()? {
                break;
            }
            self.fetch_next()?;
        }
        self.available = true;
        Ok(())
    }

    fn head_may_be_key(&mut self) -> Result<bool, YamlError> {
        let parsed = self.parsed;
        // Token numbers grow with the flow level.
        let at = self.simple_keys.partition_point(|key| key.token_number < parsed);
        for index in at..self.simple_keys.len() {
            if self.simple_keys[index].token_number != parsed {
                break;
            }
            if self.simple_keys[index].possible && self.key_is_valid(index)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn fetch_next(&mut self) -> Result<(), YamlError> {
        if !self.started {
            self.started = true;
            let mark = self.mark();
            self.push(TokenKind::StreamStart, mark, self.pos);
            return Ok(());
        }
        let scan_mark = self.mark();
        self.scan_to_next_token()?;
        self.unroll_indent(self.column(), scan_mark);
        if self.pos >= self.text.len() {
            return self.fetch_stream_end();
        }
        let byte = self.text[self.pos];
        if self.column() == 0 {
            if byte == b'%' {
                return self.fetch_directive();
            }
            if is_marker(self.text, self.pos) {
                return self.fetch_document_marker(byte);
            }
        }
        let mut comment_mark = self.mark();
        if let Some(last) = self.tokens.last()
            && (self.flow_level == 0 && byte == b':' || self.flow_level > 0 && byte == b',')
        {
            comment_mark = last.start;
        }
        self.fetch_content(byte)?;
        if self.tokens.last().is_some_and(|token| token.kind == TokenKind::BlockEntry) {
            return Ok(());
        }
        self.scan_line_comment(comment_mark);
        Ok(())
    }

    fn fetch_content(&mut self, byte: u8) -> Result<(), YamlError> {
        let flow = self.flow_level > 0;
        let next_blank = is_blankz(self.text, self.pos + 1);
        match byte {
            b'[' => self.fetch_flow_start(TokenKind::FlowSequenceStart),
            b'{' => self.fetch_flow_start(TokenKind::FlowMappingStart),
            b']' => self.fetch_flow_end(TokenKind::FlowSequenceEnd),
            b'}' => self.fetch_flow_end(TokenKind::FlowMappingEnd),
            b',' => self.fetch_flow_entry(),
            b'-' if next_blank => self.fetch_block_entry(),
            b'?' if flow || next_blank => self.fetch_key(),
            b':' if flow || next_blank => self.fetch_value(),
            b'*' => self.fetch_anchor(TokenKind::Alias),
            b'&' => self.fetch_anchor(TokenKind::Anchor),
            b'!' => self.fetch_tag(),
            b'|' if !flow => self.fetch_block_scalar(ScalarStyle::Literal),
            b'>' if !flow => self.fetch_block_scalar(ScalarStyle::Folded),
            b'\'' => self.fetch_flow_scalar(ScalarStyle::Single),
            b'"' => self.fetch_flow_scalar(ScalarStyle::Double),
            b'\t' => self.fail_here("a tab cannot stand here: YAML indents with spaces"),
            b' ' | b'#' | b'|' | b'>' | b'%' | b'@' | b'`' => {
                self.fail_here("found a character that cannot start any value")
            }
            _ => self.fetch_plain_scalar(),
        }
    }

    fn push(&mut self, kind: TokenKind, start: Mark, end: usize) {
        self.tokens.push(Token::new(kind, start, end, self.indent));
    }

    fn push_scalar(&mut self, token: Token) -> Result<(), YamlError> {
        if token.end.saturating_sub(token.start.index as usize) > MAX_SCALAR {
            return self.fail(token.start.index, "a value is larger than 64 MiB");
        }
        self.tokens.push(token);
        Ok(())
    }

    /// A directive that the parser needs to know; others leave no token.
    pub fn push_directive(&mut self, kind: Option<TokenKind>, start: Mark, end: usize) {
        if let Some(kind) = kind {
            self.push(kind, start, end);
        }
    }

    /// One-byte tokens.
    fn push_indicator(&mut self, kind: TokenKind) {
        let mark = self.mark();
        self.skip();
        self.push(kind, mark, self.pos);
    }

    fn key_is_valid(&mut self, index: usize) -> Result<bool, YamlError> {
        let key = self.simple_keys[index];
        if !key.possible {
            return Ok(false);
        }
        if key.mark.line < self.line || self.characters_since(key.mark.index) > MAX_SIMPLE_KEY {
            if key.required {
                return self.fail(key.mark.index, "could not find expected ':'");
            }
            self.simple_keys[index].possible = false;
            return Ok(false);
        }
        Ok(true)
    }

    fn characters_since(&self, index: i64) -> i64 {
        let bytes = self.pos as i64 - index;
        if bytes <= MAX_SIMPLE_KEY || bytes > 4 * MAX_SIMPLE_KEY {
            return bytes;
        }
        let start = usize::try_from(index).unwrap_or(0);
        self.text[start..self.pos].iter().filter(|byte| **byte & 0xC0 != 0x80).count() as i64
    }

    fn save_simple_key(&mut self) -> Result<(), YamlError> {
        let required = self.flow_level == 0 && i64::from(self.indent) == self.column();
        if self.simple_key_allowed {
            let key = SimpleKey {
                possible: true,
                required,
                token_number: self.parsed + (self.tokens.len() - self.head),
                mark: self.mark(),
            };
            self.remove_simple_key()?;
            if let Some(last) = self.simple_keys.last_mut() {
                *last = key;
            }
        }
        Ok(())
    }

    fn remove_simple_key(&mut self) -> Result<(), YamlError> {
        let Some(last) = self.simple_keys.last_mut() else {
            return Ok(());
        };
        if last.possible {
            if last.required {
                let at = last.mark.index;
                return self.fail(at, "could not find expected ':'");
            }
            last.possible = false;
        }
        Ok(())
    }

    fn roll_indent(
        &mut self,
        column: i64,
        number: Option<usize>,
        kind: TokenKind,
        mark: Mark,
    ) -> Result<(), YamlError> {
        if self.flow_level > 0 || i64::from(self.indent) >= column {
            return Ok(());
        }
        if self.indents.len() >= MAX_DEPTH {
            return self.fail_here("collections are nested too deeply");
        }
        self.indents.push(self.indent);
        self.indent = i32::try_from(column).unwrap_or(i32::MAX);
        let token = Token::new(kind, mark, mark.index as usize, self.indent);
        match number {
            None => self.tokens.push(token),
            Some(number) => self.tokens.insert(self.head + (number - self.parsed), token),
        }
        Ok(())
    }

    /// Closes blocks that are indented deeper than `column`. A block end is put before comments that were indented like the
    /// ending block's parent (go-yaml `yaml_parser_unroll_indent`).
    fn unroll_indent(&mut self, column: i64, scan_mark: Mark) {
        if self.flow_level > 0 {
            return;
        }
        let mut block_mark = scan_mark;
        block_mark.index -= 1;
        while i64::from(self.indent) > column {
            let mut stop_index = block_mark.index;
            for comment in self.comments.iter().rev() {
                if comment.end.index < stop_index {
                    break;
                }
                if comment.start.column == i64::from(self.indent) + 1 {
                    block_mark = comment.start;
                }
                stop_index = comment.scan.index;
            }
            let end = usize::try_from(block_mark.index).unwrap_or(0);
            self.push(TokenKind::BlockEnd, block_mark, end);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    fn fetch_stream_end(&mut self) -> Result<(), YamlError> {
        if self.column() != 0 {
            self.line += 1;
            self.line_start = self.pos as i64;
        }
        self.unroll_indent(-1, self.mark());
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        let mark = self.mark();
        self.push(TokenKind::StreamEnd, mark, self.pos);
        Ok(())
    }

    fn fetch_directive(&mut self) -> Result<(), YamlError> {
        self.unroll_indent(-1, self.mark());
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        self.scan_directive()
    }

    fn fetch_document_marker(&mut self, byte: u8) -> Result<(), YamlError> {
        self.unroll_indent(-1, self.mark());
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.mark();
        self.skip();
        self.skip();
        self.skip();
        let kind = if byte == b'-' { TokenKind::DocumentStart } else { TokenKind::DocumentEnd };
        self.push(kind, start, self.pos);
        Ok(())
    }

    fn fetch_flow_start(&mut self, kind: TokenKind) -> Result<(), YamlError> {
        self.save_simple_key()?;
        if self.flow_level >= MAX_DEPTH {
            return self.fail_here("collections are nested too deeply");
        }
        let number = self.parsed + (self.tokens.len() - self.head);
        self.simple_keys.push(SimpleKey { token_number: number, mark: self.mark(), ..SimpleKey::default() });
        self.flow_level += 1;
        self.simple_key_allowed = true;
        self.push_indicator(kind);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: TokenKind) -> Result<(), YamlError> {
        self.remove_simple_key()?;
        if self.flow_level > 0 {
            self.flow_level -= 1;
            self.simple_keys.pop();
        }
        self.simple_key_allowed = false;
        self.push_indicator(kind);
        Ok(())
    }

    fn fetch_flow_entry(&mut self) -> Result<(), YamlError> {
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        self.push_indicator(TokenKind::FlowEntry);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Result<(), YamlError> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return self.fail_here("a list item is not allowed here");
            }
            self.roll_indent(self.column(), None, TokenKind::BlockSequenceStart, self.mark())?;
        }
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        self.push_indicator(TokenKind::BlockEntry);
        Ok(())
    }

    fn fetch_key(&mut self) -> Result<(), YamlError> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return self.fail_here("a mapping key is not allowed here");
            }
            self.roll_indent(self.column(), None, TokenKind::BlockMappingStart, self.mark())?;
        }
        self.remove_simple_key()?;
        self.simple_key_allowed = self.flow_level == 0;
        self.push_indicator(TokenKind::Key);
        Ok(())
    }

    fn fetch_value(&mut self) -> Result<(), YamlError> {
        let last = self.simple_keys.len() - 1;
        if self.key_is_valid(last)? {
            let key = self.simple_keys[last];
            let at = self.head + (key.token_number - self.parsed);
            let token = Token::new(TokenKind::Key, key.mark, key.mark.index as usize, self.indent);
            self.tokens.insert(at, token);
            self.roll_indent(key.mark.column, Some(key.token_number), TokenKind::BlockMappingStart, key.mark)?;
            self.simple_keys[last].possible = false;
            self.simple_key_allowed = false;
        } else {
            if self.flow_level == 0 {
                if !self.simple_key_allowed {
                    return self.fail_here("a mapping value is not allowed here");
                }
                self.roll_indent(self.column(), None, TokenKind::BlockMappingStart, self.mark())?;
            }
            self.simple_key_allowed = self.flow_level == 0;
        }
        self.push_indicator(TokenKind::Value);
        Ok(())
    }

    fn fetch_anchor(&mut self, kind: TokenKind) -> Result<(), YamlError> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.mark();
        self.skip();
        while is_word(self.text, self.pos) {
            self.skip();
        }
        let ends = is_blankz(self.text, self.pos)
            || matches!(at(self.text, self.pos), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
        if self.pos as i64 == start.index + 1 || !ends {
            return self.fail(start.index, "expected the name of an anchor: letters, digits, '-' and '_'");
        }
        self.push(kind, start, self.pos);
        Ok(())
    }

    fn fetch_tag(&mut self) -> Result<(), YamlError> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.mark();
        self.scan_tag()?;
        self.push(TokenKind::Tag, start, self.pos);
        Ok(())
    }

    fn fetch_block_scalar(&mut self, style: ScalarStyle) -> Result<(), YamlError> {
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        let token = self.scan_block_scalar(style)?;
        self.push_scalar(token)
    }

    fn fetch_flow_scalar(&mut self, style: ScalarStyle) -> Result<(), YamlError> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.mark();
        let line = self.line;
        self.scan_quoted(style)?;
        let lines = self.line > line;
        let token = Token::new(TokenKind::Scalar, start, self.pos, self.indent);
        self.push_scalar(Token { style, lines, ..token })
    }

    fn fetch_plain_scalar(&mut self) -> Result<(), YamlError> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.mark();
        let (end, lines) = self.scan_plain()?;
        let token = Token::new(TokenKind::Scalar, start, end, self.indent);
        self.push_scalar(Token { lines, ..token })
    }

    fn scan_to_next_token(&mut self) -> Result<(), YamlError> {
        let scan_mark = self.mark();
        loop {
            let tabs = self.flow_level > 0 || !self.simple_key_allowed;
            while at(self.text, self.pos) == b' ' || tabs && at(self.text, self.pos) == b'\t' {
                self.pos += 1;
            }
            self.entry_comment_becomes_head();
            if at(self.text, self.pos) == b'#' {
                self.scan_comments(scan_mark);
            }
            if !is_break(self.text, self.pos) {
                break;
            }
            self.skip_line();
            if self.flow_level == 0 {
                self.simple_key_allowed = true;
            }
        }
        Ok(())
    }

    /// `- # comment` above an item's content is the head of that content.
    fn entry_comment_becomes_head(&mut self) {
        let [.., a, b] = self.tokens.as_slice() else {
            return;
        };
        let entry = a.kind == TokenKind::BlockSequenceStart && b.kind == TokenKind::BlockEntry;
        let mark = self.mark();
        let at_break = is_break(self.text, self.pos);
        if let Some(comment) = self.comments.last_mut()
            && entry
            && comment.side == Side::Line
            && !comment.lines.is_empty()
            && !at_break
        {
            comment.side = Side::Head;
            if comment.start.line == mark.line - 1 {
                comment.token = mark;
            }
        }
    }

    /// Reads to the end of the line and notes it as a comment.
    pub fn read_comment_line(&mut self) -> u32 {
        let start = self.pos;
        while !is_breakz(self.text, self.pos) {
            self.pos += 1;
        }
        self.newlines = 0;
        self.comment_lines.push((start as u32, self.pos as u32));
        (self.comment_lines.len() - 1) as u32
    }
}
