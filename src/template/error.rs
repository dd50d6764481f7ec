//! What goes wrong with a template: where, in which function, and what is missing, never a value.

/// A template cannot be read or rendered. It holds no value, only words of the template itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("template `{name}`, line {line}, column {column}: {problem}")]
pub struct TemplateError {
    /// The name of the template.
    pub name: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Something that cannot stand where it stands.
    #[error("unexpected {what} in {context}")]
    Unexpected {
        /// The kind of token.
        what: String,
        /// What was being read.
        context: &'static str,
    },
    /// Another error in the text.
    #[error("{0}")]
    Syntax(&'static str),
    /// No function has this name.
    #[error("there is no function `{0}`")]
    NoFunction(String),
    /// Nothing declares this variable.
    #[error("the variable `{0}` is not declared")]
    NoVariable(String),
    /// Nothing defines this template.
    #[error("no template `{0}` is defined")]
    NoTemplate(String),
    /// A template is defined twice.
    #[error("the template `{0}` is defined twice")]
    DefinedTwice(String),
    /// The data has no such key, and that is to be an error.
    #[error("there is no key `{0}`")]
    NoKey(String),
    /// A value of this type has no fields.
    #[error("a value of type {of} has no field `{field}`")]
    NoField {
        /// The field.
        field: String,
        /// The type.
        of: String,
    },
    /// A field of nil.
    #[error("`{0}` is asked of nil")]
    FieldOfNil(String),
    /// Arguments for what is no function.
    #[error("arguments are given to what is no function")]
    NotAFunction,
    /// `nil` where a value must stand.
    #[error("nil is no command")]
    NilCommand,
    /// A number that its type cannot hold.
    #[error("a number is too large for an int")]
    NumberOverflow,
    /// The wrong number of arguments.
    #[error("`{function}` takes {}{wanted} argument{}, not {got}", if *at_least { "at least " } else { "" }, if *wanted == 1 { "" } else { "s" })]
    ArgumentCount {
        /// The function.
        function: String,
        /// How many it takes.
        wanted: usize,
        /// Whether it takes more, too.
        at_least: bool,
        /// How many it got.
        got: usize,
    },
    /// An argument of a wrong type.
    #[error("`{function}` takes a {wanted} as argument {at}, not {got}")]
    ArgumentType {
        /// The function.
        function: String,
        /// Which argument, from 1.
        at: usize,
        /// The type it takes.
        wanted: &'static str,
        /// The type it got.
        got: String,
    },
    /// `range` over a value that has no elements.
    #[error("range cannot go through a value of type {0}")]
    NoRange(String),
    /// Two variables for the elements of an integer.
    #[error("range over an integer has one variable only")]
    RangeVariables,
    /// A function failed.
    #[error("`{function}`: {fault}")]
    Call {
        /// The function.
        function: String,
        /// Why.
        fault: Fault,
    },
    /// A limit was reached.
    #[error(transparent)]
    Limit(#[from] Limit),
}

/// Why a function failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Anything that can be said without a value.
    #[error("{0}")]
    Because(&'static str),
    /// The template calls `fail`, with this text if it stands in the template itself.
    #[error("{}", .0.as_deref().unwrap_or("the template says that it must fail"))]
    Told(Option<String>),
    /// It cannot take a value of this type.
    #[error("a value of type {0} cannot be used here")]
    Type(String),
    /// Values of these types cannot be compared.
    #[error("a value of type {0} cannot be compared with one of type {1}")]
    Compare(String, String),
    /// We know it, but do not have it.
    #[error("this function is not supported")]
    Unsupported,
    /// A limit was reached.
    #[error(transparent)]
    Limit(#[from] Limit),
}

/// What a template may not exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    /// The text of the template.
    #[error("the template is too long")]
    Length,
    /// Parentheses, blocks, or templates within templates; or lists within lists.
    #[error("it is nested too deeply")]
    Depth,
    /// The number of steps.
    #[error("it takes too many steps")]
    Steps,
    /// The length of the result.
    #[error("the result is too long")]
    Output,
    /// What functions make on the way.
    #[error("it needs too much memory")]
    Memory,
}
