//! The parsed template.

use std::collections::HashMap;
use std::ops::Range;

use super::functions::Function;
use super::text::Text;

/// All templates of one text, by name.
pub(super) type Templates = HashMap<String, List>;

/// Nodes one after the other.
pub(super) type List = Vec<Node>;

/// A piece of a template.
#[derive(Debug)]
pub(super) enum Node {
    /// Text to be written as it is.
    Text(Range<usize>),
    /// `{{pipeline}}`
    Action(Pipe),
    /// `{{if}}`
    If(Branch),
    /// `{{with}}`
    With(Branch),
    /// `{{range}}`
    Range(Branch),
    /// `{{template}}`
    Template { at: usize, name: String, pipe: Option<Pipe> },
    /// `{{break}}`
    Break,
    /// `{{continue}}`
    Continue,
}

/// What `if`, `with` and `range` have.
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) pipe: Pipe,
    pub(super) list: List,
    pub(super) otherwise: Option<List>,
}

/// A pipeline, with the variables that get its value.
#[derive(Debug)]
pub(super) struct Pipe {
    pub(super) at: usize,
    pub(super) variables: Vec<String>,
    /// The variables are assigned, not declared.
    pub(super) assigns: bool,
    pub(super) commands: Vec<Command>,
}

/// A command: a function or a value, and its arguments.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) words: Vec<Operand>,
}

/// A word of a command.
#[derive(Debug)]
pub(super) struct Operand {
    pub(super) at: usize,
    pub(super) kind: OperandKind,
}

/// What a word is.
#[derive(Debug)]
pub(super) enum OperandKind {
    Dot,
    Nil,
    Bool(bool),
    Number(Number),
    Text(Text),
    /// `.a.b`
    Field(Vec<String>),
    /// `$a.b`; the variable first
    Variable(Vec<String>),
    /// A function.
    Identifier(&'static Function),
    /// `(pipeline)`
    Pipe(Box<Pipe>),
    /// `(pipeline).a.b`
    Chain(Box<Operand>, Vec<String>),
}

/// A number constant: what it is as a value of each type, if it can be one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Number {
    pub(super) int: Option<i64>,
    pub(super) uint: Option<u64>,
    pub(super) float: Option<f64>,
    pub(super) complex: Option<(f64, f64)>,
    /// It is written as a float.
    pub(super) looks_float: bool,
}
