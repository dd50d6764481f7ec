//! From tokens to trees, as `text/template/parse/parse.go` of Go 1.26 does it.

use std::collections::HashMap;

use super::error::{Limit, Problem, TemplateError};
use super::functions;
use super::lexer::{Kind, Token, tokens};
use super::number;
use super::options::{FunctionSet, Options};
use super::text::Text;
use super::tree::{Branch, Command, List, Node, Number, Operand, OperandKind, Pipe, Templates};
use super::unquote;

/// A problem and where it is.
pub(super) type Placed = (usize, Problem);

/// Parses all templates of `text`; that of the text itself is called `name`.
pub(super) fn parse(name: &str, text: &str, options: &Options<'_>) -> Result<Templates, TemplateError> {
    if text.len() > options.limits.text {
        return Err(located(name, "", (0, Limit::Length.into())));
    }
    let (left, right) = options.delimiters;
    let mut parser = Parser {
        text,
        tokens: tokens(text, left, right),
        next: 0,
        depth: options.limits.depth,
        ranges: 0,
        variables: vec!["$".to_owned()],
        templates: HashMap::new(),
        functions: options.functions,
    };
    parser.run(name).map_err(|problem| located(name, text, problem))?;
    Ok(parser.templates)
}

/// The error with line and column.
pub(super) fn located(name: &str, text: &str, (at, problem): Placed) -> TemplateError {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    TemplateError {
        name: name.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        problem,
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    next: usize,
    /// How much deeper it may go.
    depth: usize,
    /// How many `range` are open.
    ranges: usize,
    variables: Vec<String>,
    templates: Templates,
    functions: FunctionSet,
}

/// What ends a list.
enum End {
    End,
    Else,
}

impl<'a> Parser<'a> {
    fn token(&self) -> Token {
        // the last token is the end
        self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    fn take(&mut self) -> Token {
        let token = self.token();
        self.next += 1;
        token
    }

    fn skip_spaces(&mut self) {
        while self.token().kind == Kind::Space {
            self.next += 1;
        }
    }

    fn take_non_space(&mut self) -> Token {
        self.skip_spaces();
        self.take()
    }

    fn peek_non_space(&mut self) -> Token {
        self.skip_spaces();
        self.token()
    }

    fn source(&self, token: Token) -> &'a str {
        &self.text[token.start..token.end]
    }

    fn unexpected(&self, token: Token, context: &'static str) -> Placed {
        let problem = match token.kind {
            Kind::Error(message) => Problem::Syntax(message),
            kind => Problem::Unexpected { what: self.describe(kind, token), context },
        };
        (token.start, problem)
    }

    fn describe(&self, kind: Kind, token: Token) -> String {
        match kind {
            Kind::Eof => "end of the text".into(),
            Kind::String | Kind::RawString => "string".into(),
            Kind::CharConstant => "character constant".into(),
            Kind::Number | Kind::Complex => "number".into(),
            Kind::Space => "space".into(),
            Kind::Text => "text".into(),
            _ => format!("`{}`", self.source(token)),
        }
    }

    fn expect(&mut self, kind: Kind, context: &'static str) -> Result<Token, Placed> {
        let token = self.take_non_space();
        if token.kind == kind { Ok(token) } else { Err(self.unexpected(token, context)) }
    }

    /// One level deeper, and back.
    fn deeper<T>(&mut self, at: usize, inside: impl FnOnce(&mut Self) -> Result<T, Placed>) -> Result<T, Placed> {
        self.depth = self.depth.checked_sub(1).ok_or((at, Limit::Depth.into()))?;
        let result = inside(self);
        self.depth += 1;
        result
    }

    fn run(&mut self, name: &str) -> Result<(), Placed> {
        let mut root = vec![];
        while self.token().kind != Kind::Eof {
            if self.token().kind == Kind::LeftDelim {
                let start = self.next;
                self.next += 1;
                if self.peek_non_space().kind == Kind::Define {
                    self.next += 1;
                    self.definition()?;
                    continue;
                }
                self.next = start;
            }
            let at = self.token();
            match self.text_or_action()? {
                Ok(node) => root.push(node),
                Err(_) => return Err((at.start, Problem::Syntax("an `end` or `else` without what it belongs to"))),
            }
        }
        let end = self.token().start;
        self.add(name.to_owned(), root, end)
    }

    /// `{{define "name"}} … {{end}}`; the word was read.
    fn definition(&mut self) -> Result<(), Placed> {
        const CONTEXT: &str = "define clause";
        let token = self.take_non_space();
        let name = self.template_name(token, CONTEXT)?;
        self.expect(Kind::RightDelim, CONTEXT)?;
        let list = self.body_of_its_own(token.start, CONTEXT)?;
        self.add(name, list, token.start)
    }

    /// The list of a template, which sees no variables but `$`.
    fn body_of_its_own(&mut self, at: usize, context: &'static str) -> Result<List, Placed> {
        let variables = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
        let ranges = std::mem::take(&mut self.ranges);
        let (list, end) = self.deeper(at, Self::item_list)?;
        self.variables = variables;
        self.ranges = ranges;
        match end {
            End::End => Ok(list),
            End::Else => Err((at, Problem::Unexpected { what: "`else`".into(), context })),
        }
    }

    fn add(&mut self, name: String, list: List, at: usize) -> Result<(), Placed> {
        let earlier_is_empty = self.templates.get(&name).is_none_or(|earlier| self.is_empty(earlier));
        if earlier_is_empty {
            self.templates.insert(name, list);
        } else if !self.is_empty(&list) {
            return Err((at, Problem::DefinedTwice(name)));
        }
        Ok(())
    }

    /// Whether there is nothing but spaces.
    fn is_empty(&self, list: &[Node]) -> bool {
        list.iter().all(|node| matches!(node, Node::Text(range) if self.text[range.clone()].trim().is_empty()))
    }

    fn item_list(&mut self) -> Result<(List, End), Placed> {
        let mut list = vec![];
        while self.peek_non_space().kind != Kind::Eof {
            match self.text_or_action()? {
                Ok(node) => list.push(node),
                Err(end) => return Ok((list, end)),
            }
        }
        Err((self.token().start, Problem::Syntax("the text ends before an `end`")))
    }

    fn text_or_action(&mut self) -> Result<Result<Node, End>, Placed> {
        let token = self.take_non_space();
        match token.kind {
            Kind::Text => Ok(Ok(Node::Text(token.start..token.end))),
            Kind::LeftDelim => self.action(),
            _ => Err(self.unexpected(token, "input")),
        }
    }

    fn action(&mut self) -> Result<Result<Node, End>, Placed> {
        let token = self.take_non_space();
        Ok(Ok(match token.kind {
            Kind::Block => self.block()?,
            Kind::Break => self.leave(token, Node::Break)?,
            Kind::Continue => self.leave(token, Node::Continue)?,
            Kind::Else => {
                // `else if` and `else with` leave their second word
                if !matches!(self.peek_non_space().kind, Kind::If | Kind::With) {
                    self.expect(Kind::RightDelim, "else")?;
                }
                return Ok(Err(End::Else));
            }
            Kind::End => {
                self.expect(Kind::RightDelim, "end")?;
                return Ok(Err(End::End));
            }
            Kind::If => Node::If(self.branch(token, "if")?),
            Kind::With => Node::With(self.branch(token, "with")?),
            Kind::Range => Node::Range(self.branch(token, "range")?),
            Kind::Template => self.template()?,
            _ => {
                self.next -= 1;
                Node::Action(self.pipeline("command", Kind::RightDelim)?)
            }
        }))
    }

    fn leave(&mut self, token: Token, node: Node) -> Result<Node, Placed> {
        self.expect(Kind::RightDelim, "break or continue")?;
        if self.ranges == 0 {
            return Err((token.start, Problem::Syntax("break or continue outside of a range")));
        }
        Ok(node)
    }

    fn branch(&mut self, token: Token, context: &'static str) -> Result<Branch, Placed> {
        let variables = self.variables.len();
        let pipe = self.pipeline(context, Kind::RightDelim)?;
        let ranges = usize::from(context == "range");
        self.ranges += ranges;
        let inside = self.deeper(token.start, Self::item_list);
        self.ranges -= ranges;
        let (list, end) = inside?;
        let mut otherwise = None;
        if matches!(end, End::Else) {
            let next = self.token();
            otherwise = Some(match (context, next.kind) {
                ("if", Kind::If) => {
                    self.next += 1;
                    vec![Node::If(self.deeper(token.start, |parser| parser.branch(next, "if"))?)]
                }
                ("with", Kind::With) => {
                    self.next += 1;
                    vec![Node::With(self.deeper(token.start, |parser| parser.branch(next, "with"))?)]
                }
                _ => match self.deeper(token.start, Self::item_list)? {
                    (list, End::End) => list,
                    (_, End::Else) => return Err((next.start, Problem::Syntax("an `else` after an `else`"))),
                },
            });
        }
        self.variables.truncate(variables);
        Ok(Branch { pipe, list, otherwise })
    }

    fn block(&mut self) -> Result<Node, Placed> {
        const CONTEXT: &str = "block clause";
        let token = self.take_non_space();
        let name = self.template_name(token, CONTEXT)?;
        let pipe = self.pipeline(CONTEXT, Kind::RightDelim)?;
        let list = self.body_of_its_own(token.start, CONTEXT)?;
        self.add(name.clone(), list, token.start)?;
        Ok(Node::Template { at: token.start, name, pipe: Some(pipe) })
    }

    fn template(&mut self) -> Result<Node, Placed> {
        const CONTEXT: &str = "template clause";
        let token = self.take_non_space();
        let name = self.template_name(token, CONTEXT)?;
        let pipe = if self.peek_non_space().kind == Kind::RightDelim {
            self.next += 1;
            None
        } else {
            Some(self.pipeline(CONTEXT, Kind::RightDelim)?)
        };
        Ok(Node::Template { at: token.start, name, pipe })
    }

    fn template_name(&self, token: Token, context: &'static str) -> Result<String, Placed> {
        match token.kind {
            Kind::String | Kind::RawString => {
                let name = self.string(token)?;
                Ok(String::from_utf8_lossy(name.bytes()).into_owned())
            }
            _ => Err(self.unexpected(token, context)),
        }
    }

    fn string(&self, token: Token) -> Result<Text, Placed> {
        unquote::string(self.source(token)).ok_or((token.start, Problem::Syntax("a string with a wrong escape")))
    }

    fn pipeline(&mut self, context: &'static str, end: Kind) -> Result<Pipe, Placed> {
        let mut pipe = Pipe { at: self.peek_non_space().start, variables: vec![], assigns: false, commands: vec![] };
        self.declarations(&mut pipe, context)?;
        loop {
            let token = self.take_non_space();
            match token.kind {
                kind if kind == end => break,
                Kind::Bool
                | Kind::CharConstant
                | Kind::Complex
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::RawString
                | Kind::String
                | Kind::Variable
                | Kind::LeftParen => {
                    self.next -= 1;
                    pipe.commands.push(self.command()?);
                }
                _ => return Err(self.unexpected(token, context)),
            }
        }
        if pipe.commands.is_empty() {
            return Err((pipe.at, Problem::Syntax("a value is missing")));
        }
        for command in &pipe.commands[1..] {
            let first = &command.words[0];
            if matches!(
                first.kind,
                OperandKind::Bool(_)
                    | OperandKind::Dot
                    | OperandKind::Nil
                    | OperandKind::Number(_)
                    | OperandKind::Text(_)
            ) {
                return Err((first.at, Problem::Syntax("something after `|` that cannot be called")));
            }
        }
        Ok(pipe)
    }

    fn declarations(&mut self, pipe: &mut Pipe, context: &'static str) -> Result<(), Placed> {
        loop {
            let token = self.peek_non_space();
            if token.kind != Kind::Variable {
                return Ok(());
            }
            let start = self.next;
            self.next += 1;
            let next = self.peek_non_space();
            let name = self.source(token).to_owned();
            match next.kind {
                Kind::Assign | Kind::Declare => {
                    pipe.assigns = next.kind == Kind::Assign;
                    self.next += 1;
                    pipe.variables.push(name.clone());
                    self.variables.push(name);
                    return Ok(());
                }
                Kind::Char if self.source(next) == "," => {
                    self.next += 1;
                    pipe.variables.push(name.clone());
                    self.variables.push(name);
                    if context != "range" || pipe.variables.len() >= 2 {
                        return Err((next.start, Problem::Syntax("too many declarations")));
                    }
                    if !matches!(self.peek_non_space().kind, Kind::Variable | Kind::RightDelim | Kind::RightParen) {
                        return Err((next.start, Problem::Syntax("range can only declare variables")));
                    }
                }
                _ => {
                    self.next = start;
                    return Ok(());
                }
            }
        }
    }

    fn command(&mut self) -> Result<Command, Placed> {
        let mut words = vec![];
        loop {
            self.skip_spaces();
            let at = self.token().start;
            if let Some(operand) = self.operand()? {
                words.push(operand);
            }
            let token = self.take();
            match token.kind {
                Kind::Space => continue,
                Kind::RightDelim | Kind::RightParen => self.next -= 1,
                Kind::Pipe => {}
                _ => return Err(self.unexpected(token, "operand")),
            }
            if words.is_empty() {
                return Err((at, Problem::Syntax("an empty command")));
            }
            return Ok(Command { words });
        }
    }

    fn operand(&mut self) -> Result<Option<Operand>, Placed> {
        let Some(term) = self.term()? else { return Ok(None) };
        let mut fields = vec![];
        while self.token().kind == Kind::Field {
            let field = self.take();
            fields.push(self.source(field)[1..].to_owned());
        }
        if fields.is_empty() {
            return Ok(Some(term));
        }
        let kind = match term.kind {
            OperandKind::Field(mut path) => {
                path.append(&mut fields);
                OperandKind::Field(path)
            }
            OperandKind::Variable(mut path) => {
                path.append(&mut fields);
                OperandKind::Variable(path)
            }
            OperandKind::Bool(_)
            | OperandKind::Text(_)
            | OperandKind::Number(_)
            | OperandKind::Nil
            | OperandKind::Dot => {
                return Err((term.at, Problem::Syntax("a `.` after what has no fields")));
            }
            kind => OperandKind::Chain(Box::new(Operand { at: term.at, kind }), fields),
        };
        Ok(Some(Operand { at: term.at, kind }))
    }

    fn term(&mut self) -> Result<Option<Operand>, Placed> {
        let token = self.take_non_space();
        let source = self.source(token);
        let kind = match token.kind {
            Kind::Identifier => {
                let function = functions::find(source, self.functions);
                OperandKind::Identifier(function.ok_or((token.start, Problem::NoFunction(source.to_owned())))?)
            }
            Kind::Dot => OperandKind::Dot,
            Kind::Nil => OperandKind::Nil,
            Kind::Variable => {
                if !self.variables.iter().any(|known| known == source) {
                    return Err((token.start, Problem::NoVariable(source.to_owned())));
                }
                OperandKind::Variable(vec![source.to_owned()])
            }
            Kind::Field => OperandKind::Field(vec![source[1..].to_owned()]),
            Kind::Bool => OperandKind::Bool(source == "true"),
            Kind::Number | Kind::Complex | Kind::CharConstant => {
                let number = self.number(token).map_err(|message| (token.start, Problem::Syntax(message)))?;
                OperandKind::Number(number)
            }
            Kind::LeftParen => OperandKind::Pipe(Box::new(
                self.deeper(token.start, |parser| parser.pipeline("parenthesized pipeline", Kind::RightParen))?,
            )),
            Kind::String | Kind::RawString => OperandKind::Text(self.string(token)?),
            _ => {
                self.next -= 1;
                return Ok(None);
            }
        };
        Ok(Some(Operand { at: token.start, kind }))
    }

    fn number(&self, token: Token) -> Result<Number, &'static str> {
        let source = self.source(token);
        match token.kind {
            Kind::CharConstant => {
                unquote::character(source).map(number::character).ok_or("a malformed character constant")
            }
            Kind::Complex => number::complex_constant(source),
            _ => number::constant(source),
        }
    }
}
