//! Directives, and the tag and anchor before a value.

use std::ops::Range;

use super::error::YamlError;
use super::parse::Parser;
use super::shape::{Problem, ProblemKind};
use super::token::TokenKind;

/// Most handles that a document may declare: each use looks through them.
const MAX_TAGS: usize = 64;

/// The tag and the anchor of one node.
#[derive(Default)]
pub(super) struct Props {
    pub anchor: Option<Range<usize>>,
    pub tag: Option<Range<usize>>,
    pub tag_name: Option<Box<str>>,
}

impl Props {
    pub fn is_empty(&self) -> bool {
        self.anchor.is_none() && self.tag.is_none()
    }
}

impl<'t> Parser<'t> {
    pub(super) fn directives(&mut self, text: &'t str) -> Result<(), YamlError> {
        let mut versions = 0;
        loop {
            let token = self.peek()?;
            let line = &text[token.start.index as usize..token.end];
            match token.kind {
                TokenKind::Version => {
                    versions += 1;
                    if versions > 1 {
                        return self.scanner.fail(token.start.index, "expected only one %YAML directive");
                    }
                    if line.rsplit(['.', ' ', '\t']).next() != Some("1") {
                        self.out
                            .problems
                            .push(Problem { offset: token.start.index as usize, kind: ProblemKind::YamlVersion });
                    }
                }
                TokenKind::TagDirective => {
                    let mut words = line.split([' ', '\t']).filter(|word| !word.is_empty()).skip(1);
                    let (Some(handle), Some(prefix)) = (words.next(), words.next()) else {
                        return self.scanner.fail(token.start.index, "expected a handle and a prefix after %TAG");
                    };
                    if self.tags.len() >= MAX_TAGS {
                        return self.scanner.fail(token.start.index, "expected at most 64 %TAG directives");
                    }
                    if self.tags.iter().any(|(known, _)| *known == handle) {
                        return self.scanner.fail(token.start.index, "expected each %TAG handle once");
                    }
                    self.tags.push((handle, prefix));
                }
                _ => return Ok(()),
            }
            self.take();
        }
    }

    pub(super) fn props(&mut self, text: &'t str) -> Result<Props, YamlError> {
        let mut props = Props::default();
        loop {
            let token = self.peek()?;
            let range = token.start.index as usize..token.end;
            match token.kind {
                TokenKind::Anchor if props.anchor.is_none() => props.anchor = Some(range),
                TokenKind::Tag if props.tag.is_none() => {
                    props.tag_name = Some(self.resolve_tag(&text[range.clone()], token.start.index)?);
                    props.tag = Some(range);
                }
                _ => return Ok(props),
            }
            self.take();
        }
    }

    /// The tag in short form (`!!int` for `tag:yaml.org,2002:int`).
    fn resolve_tag(&self, raw: &str, at: i64) -> Result<Box<str>, YamlError> {
        let core = "tag:yaml.org,2002:";
        let long = if let Some(uri) = raw.strip_prefix("!<") {
            uri.trim_end_matches('>').to_owned()
        } else {
            let (handle, suffix) = match raw[1..].find('!') {
                Some(end) => raw.split_at(end + 2),
                None => raw.split_at(1),
            };
            let declared = self.tags.iter().find(|(known, _)| *known == handle).map(|(_, prefix)| *prefix);
            let prefix = match (declared, handle) {
                (Some(prefix), _) if !suffix.is_empty() => prefix,
                (_, "!") => "!",
                (None, "!!") => core,
                _ => {
                    return self.scanner.fail(at, "a tag uses a handle that no %TAG declares");
                }
            };
            format!("{prefix}{suffix}")
        };
        let long = percent_decode(&long);
        Ok(match long.strip_prefix(core) {
            Some(name) => format!("!!{name}").into(),
            None => long.into(),
        })
    }
}

fn percent_decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = (*first == b'%').then(|| tail.get(..2)).flatten();
        let code = hex.and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code {
            Some(code) => {
                bytes.push(code);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
