//! Shapes that sops's reader refuses or reads otherwise, found before anything is written.

use std::collections::HashSet;
use std::fmt;

use zeroize::Zeroizing;

use super::document::Document;
use super::node::{NodeId, NodeKind};
use crate::document::value::Value;

/// One such shape and where it starts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// Byte offset in the text.
    pub offset: usize,
    /// Which shape.
    pub kind: ProblemKind,
}

/// The shapes; each is a row of `docs/compatibility.md`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum ProblemKind {
    /// A key twice in one mapping (go-yaml: "mapping key … already defined").
    DuplicateKey,
    /// A key that is not text (sops: "Only string keys are supported").
    NonStringKey,
    /// A collection as a key.
    ComplexKey,
    /// An entry without a key.
    EmptyKey,
    /// An integer above 2^63-1 (sops: "unknown type: uint64").
    BigInteger,
    /// A document that is a list.
    TopLevelList,
    /// A document that is a single value.
    TopLevelScalar,
    /// A directive `%YAML 1.2` (go-yaml: "found incompatible YAML document").
    YamlVersion,
    /// A directive other than `%YAML` and `%TAG` (go-yaml: "found unknown directive name").
    UnknownDirective,
    /// The escape `\/` (go-yaml: "found unknown escape character").
    SlashEscape,
    /// A tag that contradicts its value, such as `!!int abc`.
    TagMismatch,
    /// `<<` with something that is not a mapping or a list of mappings.
    BadMerge,
}

impl ProblemKind {
    /// Every shape, for tables and tests.
    pub const ALL: [Self; 12] = [
        Self::DuplicateKey,
        Self::NonStringKey,
        Self::ComplexKey,
        Self::EmptyKey,
        Self::BigInteger,
        Self::TopLevelList,
        Self::TopLevelScalar,
        Self::YamlVersion,
        Self::UnknownDirective,
        Self::SlashEscape,
        Self::TagMismatch,
        Self::BadMerge,
    ];

    /// Never worked on, not even when asked: what the value is would be a guess, or no ciphertext could carry it.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            Self::DuplicateKey
                | Self::TagMismatch
                | Self::ComplexKey
                | Self::EmptyKey
                | Self::BadMerge
                | Self::BigInteger
        )
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DuplicateKey => "duplicate key in a mapping",
            Self::NonStringKey => "key that is not text (sops refuses it; quote the key)",
            Self::ComplexKey => "list or mapping used as a key",
            Self::EmptyKey => "entry without a key",
            Self::BigInteger => "integer above 9223372036854775807 (sops refuses it; quote the value)",
            Self::TopLevelList => "document that is a list (sops refuses it)",
            Self::TopLevelScalar => "document that is a single value (sops refuses it)",
            Self::YamlVersion => "%YAML directive other than 1.1 (sops refuses it; remove the line)",
            Self::UnknownDirective => "directive that is neither %YAML nor %TAG (sops refuses it; remove the line)",
            Self::SlashEscape => "escape \\/ in double quotes (sops refuses it; write /)",
            Self::TagMismatch => "value that contradicts its tag",
            Self::BadMerge => "merge key '<<' whose value is not a mapping",
        })
    }
}

/// All problems of a document, in the order of the text.
pub(super) fn find(document: &Document) -> Vec<Problem> {
    let mut problems = document.parsed().problems.clone();
    for root in &document.parsed().roots {
        match document.kind(root.node) {
            NodeKind::List => problems.push(Problem { offset: root.start, kind: ProblemKind::TopLevelList }),
            NodeKind::Scalar
                if !matches!(document.value(root.node).map(Zeroizing::new).as_deref(), Ok(Value::Null)) =>
            {
                problems.push(Problem { offset: document.span(root.node).start, kind: ProblemKind::TopLevelScalar });
            }
            _ => {}
        }
    }
    for id in 0..document.parsed().nodes.len() as NodeId {
        match document.kind(id) {
            NodeKind::Map => map_problems(document, id, &mut problems),
            NodeKind::List => document.items(id).for_each(|item| scalar_problem(document, item, &mut problems)),
            _ => {}
        }
    }
    problems.sort_by_key(|problem| problem.offset);
    problems
}

fn scalar_problem(document: &Document, id: NodeId, problems: &mut Vec<Problem>) {
    if document.kind(id) != NodeKind::Scalar || is_surely_text(document, id) {
        return;
    }
    let offset = document.span(id).start;
    match document.value(id).map(Zeroizing::new).as_deref() {
        Ok(Value::BigInt(_)) => problems.push(Problem { offset, kind: ProblemKind::BigInteger }),
        Err(_) => problems.push(Problem { offset, kind: ProblemKind::TagMismatch }),
        Ok(_) => {}
    }
}

/// Text without a closer look: quoted or in a block, or beginning with a letter that begins no other type.
fn is_surely_text(document: &Document, id: NodeId) -> bool {
    let first = document.text().as_bytes().get(document.span(id).start);
    let lettered =
        first.is_some_and(|byte| byte.is_ascii_alphabetic() && !b"yYnNtTfFoO".contains(byte) || *byte == b'_');
    document.tag(id).is_none() && !document.span(id).is_empty() && (!document.is_plain(id) || lettered)
}

/// Small mappings are compared pairwise; larger ones use a set.
const SMALL: usize = 8;

fn map_problems(document: &Document, id: NodeId, problems: &mut Vec<Problem>) {
    let mut few: Vec<std::borrow::Cow<'_, str>> = Vec::new();
    let mut many: HashSet<std::borrow::Cow<'_, str>> = HashSet::new();
    for (key, value) in document.entries(id) {
        let offset = document.span(key).start;
        let target = document.resolve_alias(key);
        if document.kind(target) != NodeKind::Scalar {
            scalar_problem(document, value, problems);
            problems.push(Problem { offset, kind: ProblemKind::ComplexKey });
            continue;
        }
        scalar_problem(document, value, problems);
        if !is_surely_text(document, target) && !matches!(document.value(target), Ok(Value::Str(_))) {
            problems.push(Problem { offset, kind: ProblemKind::NonStringKey });
        }
        let text = document.scalar_text(target);
        if text == "<<" && document.is_plain(target) && !merges(document, value) {
            problems.push(Problem { offset, kind: ProblemKind::BadMerge });
        }
        let known = if many.is_empty() { few.contains(&text) } else { many.contains(&text) };
        if known {
            problems.push(Problem { offset, kind: ProblemKind::DuplicateKey });
        } else if many.is_empty() && few.len() < SMALL {
            few.push(text);
        } else {
            many.extend(few.drain(..));
            many.insert(text);
        }
    }
}

fn merges(document: &Document, value: NodeId) -> bool {
    let value = document.resolve_alias(value);
    let is_map = |id| document.kind(document.resolve_alias(id)) == NodeKind::Map;
    match document.kind(value) {
        NodeKind::Map => true,
        NodeKind::List => document.items(value).all(is_map),
        _ => false,
    }
}
