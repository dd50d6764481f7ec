//! Scalars as byte ranges: plain, quoted and block. Values are decoded later, when somebody asks.

use super::chars::{at, is_blank, is_blankz, is_break, is_breakz, is_marker, stops};
use super::error::YamlError;
use super::node::ScalarStyle;
use super::scan::Scanner;
use super::shape::{Problem, ProblemKind};
use super::token::{Token, TokenKind};

const STOPS: [bool; 256] = stops();

impl Scanner<'_> {
    /// Moves over characters that are ordinary in every kind of scalar.
    fn skip_ordinary(&mut self) {
        let start = self.pos;
        while let Some(byte) = self.text.get(self.pos)
            && !STOPS[usize::from(*byte)]
        {
            self.pos += 1;
        }
        if self.pos > start {
            self.newlines = 0;
        }
    }

    /// Reads a plain scalar; gives the end of its last character, and whether it goes over several lines.
    pub(super) fn scan_plain(&mut self) -> Result<(usize, bool), YamlError> {
        let start = self.pos as i64;
        let indent = i64::from(self.indent) + 1;
        let mut end = self.pos;
        let mut leading_blanks = false;
        let mut lines = false;
        loop {
            if self.column() == 0 && is_marker(self.text, self.pos) || at(self.text, self.pos) == b'#' {
                break;
            }
            let word = self.pos;
            self.scan_plain_word();
            if self.pos > word {
                lines |= leading_blanks;
                leading_blanks = false;
                end = self.pos;
            }
            if !is_blank(self.text, self.pos) && !is_break(self.text, self.pos) {
                break;
            }
            loop {
                if is_blank(self.text, self.pos) {
                    if leading_blanks && self.column() < indent && self.text[self.pos] == b'\t' {
                        return self.fail(start, "a tab stands where indentation is expected");
                    }
                    self.pos += 1;
                } else if is_break(self.text, self.pos) {
                    leading_blanks = true;
                    self.skip_line();
                } else {
                    break;
                }
            }
            if self.flow_level == 0 && self.column() < indent {
                break;
            }
        }
        if leading_blanks {
            self.simple_key_allowed = true;
        }
        Ok((end, lines))
    }

    /// Most of a word of block context in one step: up to the next blank or break only `:` before it means anything.
    fn skip_plain_run(&mut self) {
        let rest = &self.text[self.pos..];
        let end = memchr::memchr3(b' ', b'\n', b'\t', rest).unwrap_or(rest.len());
        let end = memchr::memchr3(b'\r', 0xC2, 0xE2, &rest[..end]).unwrap_or(end);
        let end = end - rest[..end].iter().rev().take_while(|byte| **byte == b':').count();
        if end > 0 {
            self.newlines = 0;
            self.pos += end;
        }
    }

    fn scan_plain_word(&mut self) {
        if self.flow_level == 0 {
            self.skip_plain_run();
        }
        loop {
            self.skip_ordinary();
            if is_blankz(self.text, self.pos) {
                return;
            }
            let byte = self.text[self.pos];
            let ends = byte == b':' && is_blankz(self.text, self.pos + 1)
                || self.flow_level > 0 && matches!(byte, b',' | b'?' | b'[' | b']' | b'{' | b'}');
            if ends {
                return;
            }
            self.newlines = 0;
            self.pos += 1;
        }
    }

    /// Reads a quoted scalar, quotes included.
    pub(super) fn scan_quoted(&mut self, style: ScalarStyle) -> Result<(), YamlError> {
        let start = self.pos as i64;
        let quote = self.text[self.pos];
        self.skip();
        loop {
            if self.column() == 0 && is_marker(self.text, self.pos) {
                return self.fail(start, "a document marker stands inside a quoted value");
            }
            if self.pos >= self.text.len() {
                return self.fail(start, "a quoted value is not closed");
            }
            self.scan_quoted_word(style, quote)?;
            if at(self.text, self.pos) == quote {
                break;
            }
            while is_blank(self.text, self.pos) || is_break(self.text, self.pos) {
                if is_blank(self.text, self.pos) {
                    self.pos += 1;
                } else {
                    self.skip_line();
                }
            }
        }
        self.skip();
        Ok(())
    }

    fn scan_quoted_word(&mut self, style: ScalarStyle, quote: u8) -> Result<(), YamlError> {
        loop {
            self.skip_ordinary();
            if is_blankz(self.text, self.pos) {
                return Ok(());
            }
            let byte = self.text[self.pos];
            if byte == quote {
                if style == ScalarStyle::Single && at(self.text, self.pos + 1) == b'\'' {
                    self.pos += 2;
                    continue;
                }
                return Ok(());
            }
            self.newlines = 0;
            if style == ScalarStyle::Double && byte == b'\\' {
                if is_break(self.text, self.pos + 1) {
                    self.pos += 1;
                    self.skip_line();
                    return Ok(());
                }
                self.scan_escape()?;
            } else {
                self.pos += 1;
            }
        }
    }

    fn scan_escape(&mut self) -> Result<(), YamlError> {
        let digits = match at(self.text, self.pos + 1) {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            b'0' | b'a' | b'b' | b't' | b'\t' | b'n' | b'v' | b'f' | b'r' | b'e' | b' ' | b'"' | b'\'' | b'\\'
            | b'N' | b'_' | b'L' | b'P' => 0,
            // YAML 1.2 and JSON have `\/`; the readers of YAML 1.1 do not know it.
            b'/' => {
                self.odd.push(Problem { offset: self.pos, kind: ProblemKind::SlashEscape });
                0
            }
            _ => return self.fail_here("found an unknown escape"),
        };
        let hex = self.text.get(self.pos + 2..self.pos + 2 + digits).and_then(|hex| std::str::from_utf8(hex).ok());
        let Some(hex) = hex else {
            return self.fail_here("expected hexadecimal digits");
        };
        if digits > 0 {
            let code = u32::from_str_radix(hex, 16).ok().filter(|_| !hex.starts_with('+'));
            if code.and_then(char::from_u32).is_none() {
                return self.fail_here("expected hexadecimal digits of a Unicode character");
            }
        }
        self.pos += 2 + digits;
        Ok(())
    }

    /// Reads a block scalar: header, content and trailing blank lines.
    pub(super) fn scan_block_scalar(&mut self, style: ScalarStyle) -> Result<Token, YamlError> {
        let start = self.mark();
        self.skip();
        let increment = self.scan_block_header(start.index)?;
        while is_blank(self.text, self.pos) {
            self.pos += 1;
        }
        if at(self.text, self.pos) == b'#' {
            self.scan_line_comment(start);
        }
        if !is_breakz(self.text, self.pos) {
            return self.fail(start.index, "expected a comment or a line break after '|' or '>'");
        }
        self.skip_line();
        let mut indent = if increment > 0 { i64::from(self.indent.max(0)) + increment } else { 0 };
        let mut end = self.scan_block_breaks(&mut indent, start.index)?;
        while self.column() == indent && self.pos < self.text.len() {
            while !is_breakz(self.text, self.pos) {
                let rest = &self.text[self.pos..];
                let len = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
                self.pos += self.line_len(len);
            }
            self.newlines = 0;
            self.skip_line();
            end = self.scan_block_breaks(&mut indent, start.index)?;
        }
        let indent = i32::try_from(indent).unwrap_or(i32::MAX);
        let token = Token::new(TokenKind::Scalar, start, end, indent);
        Ok(Token { style, parent: self.indent, lines: true, ..token })
    }

    /// Shortens `len` when one of the rare multi-byte line breaks comes first.
    fn line_len(&self, len: usize) -> usize {
        let line = &self.text[self.pos..self.pos + len];
        let mut from = 0;
        while let Some(found) = memchr::memchr2(0xC2, 0xE2, &line[from..]) {
            if is_break(self.text, self.pos + from + found) {
                return from + found;
            }
            from += found + 1;
        }
        len
    }

    fn scan_block_header(&mut self, start: i64) -> Result<i64, YamlError> {
        let mut increment = 0;
        let mut chomped = false;
        for _ in 0..2 {
            match at(self.text, self.pos) {
                b'+' | b'-' if !chomped => {
                    chomped = true;
                    self.skip();
                }
                b'0' => return self.fail(start, "an indentation indicator cannot be 0"),
                digit @ b'1'..=b'9' if increment == 0 => {
                    increment = i64::from(digit - b'0');
                    self.skip();
                }
                _ => break,
            }
        }
        Ok(increment)
    }

    /// Eats indentation and empty lines; finds the indentation when it is not known. Gives the end of the last empty line.
    fn scan_block_breaks(&mut self, indent: &mut i64, start: i64) -> Result<usize, YamlError> {
        let mut end = self.pos;
        let mut deepest = 0;
        loop {
            while (*indent == 0 || self.column() < *indent) && at(self.text, self.pos) == b' ' {
                self.pos += 1;
            }
            deepest = deepest.max(self.column());
            if (*indent == 0 || self.column() < *indent) && at(self.text, self.pos) == b'\t' {
                return self.fail(start, "a tab stands where the indentation of a block is expected");
            }
            if !is_break(self.text, self.pos) {
                break;
            }
            self.skip_line();
            end = self.pos;
        }
        if *indent == 0 {
            *indent = deepest.max(i64::from(self.indent) + 1).max(1);
        }
        Ok(end)
    }
}
