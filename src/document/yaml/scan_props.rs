//! Directives and tags.

use super::chars::{at, is_blank, is_blankz, is_breakz, is_word};
use super::error::YamlError;
use super::scan::Scanner;
use super::shape::{Problem, ProblemKind};
use super::token::TokenKind;

impl Scanner<'_> {
    /// `%YAML 1.2` and `%TAG !h! prefix`; the whole line. Other directives are ignored, as YAML 1.2 §6.8 asks.
    pub(super) fn scan_directive(&mut self) -> Result<(), YamlError> {
        let start = self.mark();
        self.skip();
        let name_start = self.pos;
        while is_word(self.text, self.pos) {
            self.skip();
        }
        let kind = match &self.text[name_start..self.pos] {
            b"YAML" => Some(TokenKind::Version),
            b"TAG" => Some(TokenKind::TagDirective),
            _ => None,
        };
        let mut end = self.pos;
        match kind {
            Some(TokenKind::Version) => {
                self.skip_blanks();
                let version = self.pos;
                while matches!(at(self.text, self.pos), b'0'..=b'9' | b'.') {
                    self.skip();
                }
                if !self.text[version..self.pos].starts_with(b"1.") || !is_blankz(self.text, self.pos) {
                    return self.fail(start.index, "expected a version 1.x after %YAML");
                }
                end = self.pos;
            }
            Some(_) => {
                self.skip_blanks();
                self.scan_tag_handle(true)?;
                if !is_blank(self.text, self.pos) {
                    return self.fail_here("expected a blank after the handle of %TAG");
                }
                self.skip_blanks();
                let prefix = self.pos;
                self.scan_uri()?;
                if self.pos == prefix || !is_blankz(self.text, self.pos) {
                    return self.fail_here("expected the prefix of %TAG");
                }
                end = self.pos;
            }
            None => {
                self.odd.push(Problem { offset: start.index as usize, kind: ProblemKind::UnknownDirective });
                while !is_breakz(self.text, self.pos) && at(self.text, self.pos) != b'#' {
                    self.skip();
                }
            }
        }
        self.skip_blanks();
        if at(self.text, self.pos) == b'#' {
            // Readers drop this comment; it is listed so that it is treated like every other.
            self.read_comment_line();
        }
        if !is_breakz(self.text, self.pos) {
            return self.fail_here("expected a comment or a line break after a directive");
        }
        self.skip_line();
        self.push_directive(kind, start, end);
        Ok(())
    }

    fn skip_blanks(&mut self) {
        while is_blank(self.text, self.pos) {
            self.pos += 1;
        }
    }

    /// `!`, `!name`, `!!name`, `!handle!name`, `!<uri>`.
    pub(super) fn scan_tag(&mut self) -> Result<(), YamlError> {
        if at(self.text, self.pos + 1) == b'<' {
            self.skip();
            self.skip();
            let uri = self.pos;
            self.scan_uri()?;
            if self.pos == uri || at(self.text, self.pos) != b'>' {
                return self.fail_here("expected '>' at the end of a tag");
            }
            self.skip();
        } else {
            let handle = self.scan_tag_handle(false)?;
            let suffix = self.pos;
            self.scan_uri()?;
            if handle && self.pos == suffix {
                return self.fail_here("expected a name after the handle of a tag");
            }
        }
        // YAML 1.2 also lets a tag end at `,` inside a flow collection.
        let ends = is_blankz(self.text, self.pos)
            || self.flow_level > 0 && matches!(at(self.text, self.pos), b',' | b']' | b'}');
        if !ends {
            return self.fail_here("expected a blank or a line break after a tag");
        }
        Ok(())
    }

    /// Reads `!`, `!!` or `!word!`; true when it is a handle that needs a name after it.
    fn scan_tag_handle(&mut self, directive: bool) -> Result<bool, YamlError> {
        if at(self.text, self.pos) != b'!' {
            return self.fail_here("expected '!'");
        }
        self.skip();
        let word = self.pos;
        while is_word(self.text, self.pos) {
            self.skip();
        }
        if at(self.text, self.pos) == b'!' {
            self.skip();
            return Ok(true);
        }
        if directive && self.pos > word {
            return self.fail_here("expected '!' at the end of a tag handle");
        }
        Ok(false)
    }

    fn scan_uri(&mut self) -> Result<(), YamlError> {
        loop {
            let byte = at(self.text, self.pos);
            if byte == b'%' {
                let hex = |offset| at(self.text, self.pos + offset).is_ascii_hexdigit();
                if !hex(1) || !hex(2) {
                    return self.fail_here("expected two hexadecimal digits after '%' in a tag");
                }
                self.pos += 3;
            } else if is_word(self.text, self.pos) || b";/?:@&=+$,.!~*'()[]".contains(&byte) && byte != 0 {
                self.skip();
            } else {
                return Ok(());
            }
        }
    }
}
