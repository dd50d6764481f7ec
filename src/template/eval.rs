//! Runs a template, as `text/template/exec.go` of Go 1.26 does it.

use super::error::{Fault, Limit, Problem};
use super::format;
use super::functions::{Args, Function, Parameter};
use super::methods;
use super::options::{Env, MissingKey};
use super::parser::Placed;
use super::text::Buffer;
use super::tree::{Branch, Command, Node, Number, Operand, OperandKind, Pipe, Templates};
use super::value::{Element, List, Map, Value};

type Outcome<T> = Result<T, Placed>;

/// What comes after a list of nodes.
#[derive(PartialEq)]
enum Flow {
    Next,
    Break,
    Continue,
}

/// A running template.
pub(super) struct State<'a> {
    text: &'a str,
    templates: &'a Templates,
    env: &'a Env<'a>,
    /// The variables of the current template, the innermost last.
    variables: Vec<(&'a str, Value)>,
    out: Buffer,
    /// How much deeper it may go.
    depth: usize,
}

/// Runs the template `name` with `data`.
pub(super) fn run(
    name: &str,
    text: &str,
    templates: &Templates,
    data: &Value,
    env: &Env<'_>,
) -> Result<Buffer, Placed> {
    let limits = &env.options.limits;
    let mut state = State {
        text,
        templates,
        env,
        variables: vec![("$", data.clone())],
        out: Buffer::new(limits.output),
        depth: limits.depth,
    };
    let list = templates.get(name).ok_or_else(|| (0, Problem::NoTemplate(name.to_owned())))?;
    state.walk(data, list)?;
    Ok(state.out)
}

impl<'a> State<'a> {
    fn step(&self, at: usize) -> Outcome<()> {
        self.env.step(1).map_err(|limit| (at, limit.into()))
    }

    fn deeper<T>(&mut self, at: usize, inside: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        self.depth = self.depth.checked_sub(1).ok_or((at, Limit::Depth.into()))?;
        let result = inside(self);
        self.depth += 1;
        result
    }

    fn walk(&mut self, dot: &Value, list: &'a [Node]) -> Outcome<Flow> {
        for node in list {
            match node {
                Node::Text(range) => {
                    self.step(range.start)?;
                    self.out.push(&self.text.as_bytes()[range.clone()]);
                    self.check_output(range.start)?;
                }
                Node::Action(pipe) => {
                    let value = self.pipeline(dot, pipe)?;
                    if pipe.variables.is_empty() {
                        self.print(pipe.at, &value)?;
                    }
                }
                Node::If(branch) => {
                    let flow = self.scope(branch, |state| state.branch(dot, branch, false))?;
                    if flow != Flow::Next {
                        return Ok(flow);
                    }
                }
                Node::With(branch) => {
                    let flow = self.scope(branch, |state| state.branch(dot, branch, true))?;
                    if flow != Flow::Next {
                        return Ok(flow);
                    }
                }
                Node::Range(branch) => {
                    let flow = self.scope(branch, |state| state.range(dot, branch))?;
                    if flow != Flow::Next {
                        return Ok(flow);
                    }
                }
                Node::Template { at, name, pipe } => self.template(dot, *at, name, pipe.as_ref())?,
                Node::Break => return Ok(Flow::Break),
                Node::Continue => return Ok(Flow::Continue),
            }
        }
        Ok(Flow::Next)
    }

    fn check_output(&self, at: usize) -> Outcome<()> {
        if self.out.overflown() { Err((at, Limit::Output.into())) } else { Ok(()) }
    }

    fn print(&mut self, at: usize, value: &Value) -> Outcome<()> {
        match value {
            Value::Text(text) => self.out.push(text.bytes()),
            Value::Missing | Value::Nil => self.out.push(b"<no value>"),
            value => format::print(&mut self.out, std::slice::from_ref(value)).map_err(|limit| (at, limit.into()))?,
        }
        self.check_output(at)
    }

    /// Runs a branch one level deeper; the variables of its inside are gone afterwards.
    fn scope(&mut self, branch: &'a Branch, inside: impl FnOnce(&mut Self) -> Outcome<Flow>) -> Outcome<Flow> {
        let variables = self.variables.len();
        let flow = self.deeper(branch.pipe.at, inside)?;
        self.variables.truncate(variables);
        Ok(flow)
    }

    fn branch(&mut self, dot: &Value, branch: &'a Branch, with: bool) -> Outcome<Flow> {
        let value = self.pipeline(dot, &branch.pipe)?;
        if value.truth() {
            self.walk(if with { &value } else { dot }, &branch.list)
        } else {
            self.otherwise(dot, branch)
        }
    }

    fn otherwise(&mut self, dot: &Value, branch: &'a Branch) -> Outcome<Flow> {
        match &branch.otherwise {
            Some(list) => self.walk(dot, list),
            None => Ok(Flow::Next),
        }
    }

    fn range(&mut self, dot: &Value, branch: &'a Branch) -> Outcome<Flow> {
        let value = self.pipeline(dot, &branch.pipe)?;
        let at = branch.pipe.at;
        match &value {
            Value::List(list) if !list.items().is_empty() => {
                for (index, item) in list.items().iter().enumerate() {
                    if !self.iterate(branch, Value::Int(index as i64), item)? {
                        break;
                    }
                }
                Ok(Flow::Next)
            }
            Value::Map(map) if !map.is_empty() => {
                self.env.charge_values(map.len()).map_err(|limit| (at, limit.into()))?;
                for (key, item) in map.entries() {
                    if !self.iterate(branch, Value::Text(key), &item)? {
                        break;
                    }
                }
                Ok(Flow::Next)
            }
            Value::List(_) | Value::Map(_) | Value::Missing | Value::Nil => self.otherwise(dot, branch),
            value => self.range_number(dot, branch, value),
        }
    }

    fn range_number(&mut self, dot: &Value, branch: &'a Branch, value: &Value) -> Outcome<Flow> {
        let at = branch.pipe.at;
        let (end, of): (u64, fn(u64) -> Value) = match value {
            Value::Int(n) => (u64::try_from(*n).unwrap_or_default(), |n| Value::Int(n as i64)),
            Value::Int64(n) => (u64::try_from(*n).unwrap_or_default(), |n| Value::Int64(n as i64)),
            Value::Duration(n) => (u64::try_from(*n).unwrap_or_default(), |n| Value::Duration(n as i64)),
            Value::Month(n) => (u64::try_from(*n).unwrap_or_default(), |n| Value::Month(n as i64)),
            Value::Weekday(n) => (u64::try_from(*n).unwrap_or_default(), |n| Value::Weekday(n as i64)),
            Value::Uint8(n) => (u64::from(*n), |n| Value::Uint8(n as u8)),
            Value::Uint64(n) => (*n, Value::Uint64),
            value => return Err((at, Problem::NoRange(value.type_name()))),
        };
        if branch.pipe.variables.len() > 1 {
            return Err((at, Problem::RangeVariables));
        }
        if end == 0 {
            return self.otherwise(dot, branch);
        }
        for n in 0..end {
            if !self.iterate(branch, Value::Missing, &of(n))? {
                break;
            }
        }
        Ok(Flow::Next)
    }

    /// One round; whether there is to be another one.
    fn iterate(&mut self, branch: &'a Branch, index: Value, item: &Value) -> Outcome<bool> {
        self.step(branch.pipe.at)?;
        let mark = self.variables.len();
        let names = &branch.pipe.variables;
        match (branch.pipe.assigns, names.as_slice()) {
            (true, [name]) => self.assign(branch.pipe.at, name, item.clone())?,
            (true, [first, second]) => {
                self.assign(branch.pipe.at, first, index)?;
                self.assign(branch.pipe.at, second, item.clone())?;
            }
            (false, [_]) => self.variables[mark - 1].1 = item.clone(),
            (false, [_, _]) => {
                self.variables[mark - 1].1 = item.clone();
                self.variables[mark - 2].1 = index;
            }
            _ => {}
        }
        let flow = self.walk(item, &branch.list)?;
        self.variables.truncate(mark);
        Ok(flow != Flow::Break)
    }

    fn template(&mut self, dot: &Value, at: usize, name: &str, pipe: Option<&'a Pipe>) -> Outcome<()> {
        let templates = self.templates;
        let list = templates.get(name).ok_or_else(|| (at, Problem::NoTemplate(name.to_owned())))?;
        let dot = match pipe {
            Some(pipe) => self.pipeline(dot, pipe)?,
            None => Value::Missing,
        };
        let variables = std::mem::replace(&mut self.variables, vec![("$", dot.clone())]);
        self.deeper(at, |state| state.walk(&dot, list))?;
        self.variables = variables;
        Ok(())
    }

    fn assign(&mut self, at: usize, name: &str, value: Value) -> Outcome<()> {
        let variable = self.variables.iter_mut().rev().find(|(known, _)| *known == name);
        variable.ok_or_else(|| (at, Problem::NoVariable(name.to_owned())))?.1 = value;
        Ok(())
    }

    fn variable(&self, at: usize, name: &str) -> Outcome<Value> {
        let variable = self.variables.iter().rev().find(|(known, _)| *known == name);
        Ok(variable.ok_or_else(|| (at, Problem::NoVariable(name.to_owned())))?.1.clone())
    }

    fn pipeline(&mut self, dot: &Value, pipe: &'a Pipe) -> Outcome<Value> {
        let value = self.deeper(pipe.at, |state| {
            let mut last = None;
            for command in &pipe.commands {
                let value = state.command(dot, command, last)?;
                // a nil inside an interface is nothing at all from here on
                last = Some(if value.is_nil() { Value::Missing } else { value });
            }
            Ok(last.unwrap_or(Value::Missing))
        })?;
        for name in &pipe.variables {
            if pipe.assigns {
                self.assign(pipe.at, name, value.clone())?;
            } else {
                self.variables.push((name, value.clone()));
            }
        }
        Ok(value)
    }

    fn command(&mut self, dot: &Value, command: &'a Command, last: Option<Value>) -> Outcome<Value> {
        let word = &command.words[0];
        self.step(word.at)?;
        let arguments = &command.words[1..];
        match &word.kind {
            OperandKind::Field(path) => return self.fields(dot, dot.clone(), word.at, path, arguments, last),
            OperandKind::Chain(operand, path) => {
                let value = self.chain_start(dot, operand)?;
                return self.fields(dot, value, word.at, path, arguments, last);
            }
            OperandKind::Identifier(function) => return self.call(dot, word.at, function, None, arguments, last),
            OperandKind::Variable(path) if path.len() > 1 => {
                let value = self.variable(word.at, &path[0])?;
                return self.fields(dot, value, word.at, &path[1..], arguments, last);
            }
            _ => {}
        }
        if !arguments.is_empty() || last.is_some() {
            return Err((word.at, Problem::NotAFunction));
        }
        match &word.kind {
            OperandKind::Nil => Err((word.at, Problem::NilCommand)),
            OperandKind::Pipe(pipe) => self.pipeline(dot, pipe),
            _ => self.simple(dot, word),
        }
    }

    /// The value of a word that has no arguments and calls nothing.
    fn simple(&mut self, dot: &Value, word: &'a Operand) -> Outcome<Value> {
        match &word.kind {
            OperandKind::Dot => Ok(dot.clone()),
            OperandKind::Bool(value) => Ok(Value::Bool(*value)),
            OperandKind::Text(text) => Ok(Value::Text(text.clone())),
            OperandKind::Number(number) => ideal(*number).map_err(|problem| (word.at, problem)),
            OperandKind::Variable(path) => self.variable(word.at, &path[0]),
            _ => Ok(Value::Nil),
        }
    }

    fn chain_start(&mut self, dot: &Value, operand: &'a Operand) -> Outcome<Value> {
        match &operand.kind {
            OperandKind::Pipe(pipe) => self.pipeline(dot, pipe),
            OperandKind::Identifier(function) => self.call(dot, operand.at, function, None, &[], None),
            OperandKind::Nil => Err((operand.at, Problem::NilCommand)),
            _ => self.simple(dot, operand),
        }
    }

    fn fields(
        &mut self,
        dot: &Value,
        mut value: Value,
        at: usize,
        path: &'a [String],
        arguments: &'a [Operand],
        last: Option<Value>,
    ) -> Outcome<Value> {
        // the parser makes no path that is empty
        let Some((final_name, names)) = path.split_last() else { return Ok(value) };
        for name in names {
            value = self.field(dot, value, at, name, &[], None)?;
        }
        self.field(dot, value, at, final_name, arguments, last)
    }

    fn field(
        &mut self,
        dot: &Value,
        receiver: Value,
        at: usize,
        name: &str,
        arguments: &'a [Operand],
        last: Option<Value>,
    ) -> Outcome<Value> {
        let missing_key = self.env.options.missing_key;
        if let Some(method) = methods::find(&receiver, name) {
            return self.call(dot, at, method, Some(receiver), arguments, last);
        }
        match receiver {
            Value::Missing if missing_key == MissingKey::Error => Err((at, Problem::NoKey(name.to_owned()))),
            Value::Missing => Ok(Value::Missing),
            Value::Nil => Err((at, Problem::FieldOfNil(name.to_owned()))),
            Value::Map(_) if !arguments.is_empty() || last.is_some() => Err((at, Problem::NotAFunction)),
            Value::Certificate(certificate, _) if name == "Cert" => Ok(Value::Text(certificate)),
            Value::Certificate(_, key) if name == "Key" => Ok(Value::Text(key)),
            Value::Map(map) => match (map.get(name.as_bytes()), missing_key) {
                (Some(value), _) => Ok(value),
                (None, MissingKey::Invalid) => Ok(Value::Missing),
                (None, MissingKey::Zero) => Ok(map.element().zero()),
                (None, MissingKey::Error) => Err((at, Problem::NoKey(name.to_owned()))),
            },
            other => Err((at, Problem::NoField { field: name.to_owned(), of: other.type_name() })),
        }
    }

    fn call(
        &mut self,
        dot: &Value,
        at: usize,
        function: &'static Function,
        receiver: Option<Value>,
        arguments: &'a [Operand],
        last: Option<Value>,
    ) -> Outcome<Value> {
        let got = arguments.len() + usize::from(last.is_some());
        let (wanted, at_least) = function.arity();
        if got < wanted || (got > wanted && !at_least) {
            let function = function.name.to_owned();
            return Err((at, Problem::ArgumentCount { function, wanted, at_least, got }));
        }
        if matches!(function.name, "and" | "or") && receiver.is_none() {
            return self.short_circuit(dot, function, arguments, last);
        }
        let mut values = Vec::with_capacity(got + 1);
        values.extend(receiver);
        for (index, operand) in arguments.iter().enumerate() {
            values.push(self.argument(dot, function, index, operand)?);
        }
        if let Some(last) = last {
            values.push(validate(at, function, got - 1, last)?);
        }
        (function.run)(self.env, &Args(values)).map_err(|fault| (at, failed(function, arguments, fault)))
    }

    /// `and` and `or` evaluate no more than they must.
    fn short_circuit(
        &mut self,
        dot: &Value,
        function: &'static Function,
        arguments: &'a [Operand],
        last: Option<Value>,
    ) -> Outcome<Value> {
        let mut value = Value::Missing;
        for (index, operand) in arguments.iter().enumerate() {
            value = self.argument(dot, function, index, operand)?;
            if value.truth() == (function.name == "or") {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }

    fn argument(
        &mut self,
        dot: &Value,
        function: &'static Function,
        index: usize,
        operand: &'a Operand,
    ) -> Outcome<Value> {
        let value = match &operand.kind {
            OperandKind::Dot => dot.clone(),
            OperandKind::Nil => Value::Missing,
            OperandKind::Field(path) => self.fields(dot, dot.clone(), operand.at, path, &[], None)?,
            OperandKind::Variable(path) => {
                let value = self.variable(operand.at, &path[0])?;
                self.fields(dot, value, operand.at, &path[1..], &[], None)?
            }
            OperandKind::Pipe(pipe) => self.pipeline(dot, pipe)?,
            OperandKind::Identifier(function) => self.call(dot, operand.at, function, None, &[], None)?,
            OperandKind::Chain(start, path) => {
                let value = self.chain_start(dot, start)?;
                self.fields(dot, value, operand.at, path, &[], None)?
            }
            OperandKind::Number(number) => {
                return constant(operand.at, function, index, *number);
            }
            OperandKind::Bool(_) | OperandKind::Text(_) => self.simple(dot, operand)?,
        };
        validate(operand.at, function, index, value)
    }
}

/// A failed call as a problem. The text of `fail` is shown when it stands in the template.
fn failed(function: &Function, arguments: &[Operand], fault: Fault) -> Problem {
    let fault = match (fault, arguments) {
        (Fault::Told(None), [Operand { kind: OperandKind::Text(text), .. }, ..]) => {
            Fault::Told(Some(String::from_utf8_lossy(text.bytes()).into_owned()))
        }
        (Fault::Limit(limit), _) => return limit.into(),
        (fault, _) => fault,
    };
    Problem::Call { function: function.name.to_owned(), fault }
}

fn wrong_type(at: usize, function: &Function, index: usize, got: String) -> Placed {
    let wanted = function.parameter(index).name();
    (at, Problem::ArgumentType { function: function.name.to_owned(), at: index + 1, wanted, got })
}

/// The value, if it can be this argument.
fn validate(at: usize, function: &Function, index: usize, value: Value) -> Outcome<Value> {
    let parameter = function.parameter(index);
    let value = match (parameter, value) {
        (Parameter::Any, Value::Missing) => Value::Nil,
        (Parameter::Dict, Value::Missing) => Value::Map(Map::nil(Element::Any)),
        (Parameter::List, Value::Missing) => Value::List(List::nil(Element::Any)),
        (_, value) => value,
    };
    let fits = match (parameter, &value) {
        (Parameter::Dict, Value::Map(map)) => map.element() == Element::Any,
        (Parameter::List, Value::List(list)) => list.element() == Element::Any,
        (Parameter::Any | Parameter::Reflect, _)
        | (Parameter::Text, Value::Text(_))
        | (Parameter::Int, Value::Int(_))
        | (Parameter::Float, Value::Float(_))
        | (Parameter::Bool, Value::Bool(_))
        | (Parameter::Time, Value::Time(_))
        | (Parameter::Certificate, Value::Certificate(..))
        | (Parameter::Duration, Value::Duration(_)) => true,
        _ => false,
    };
    if fits { Ok(value) } else { Err(wrong_type(at, function, index, value.type_name())) }
}

/// A number constant as an argument: it takes the type of the parameter.
fn constant(at: usize, function: &Function, index: usize, number: Number) -> Outcome<Value> {
    let value = match function.parameter(index) {
        Parameter::Int => number.int.map(Value::Int),
        Parameter::Duration => number.int.map(Value::Duration),
        Parameter::Uint32 => number.uint.map(|uint| Value::Uint64(uint & 0xffff_ffff)),
        Parameter::Float => number.float.map(Value::Float),
        Parameter::Any | Parameter::Reflect => Some(ideal(number).map_err(|problem| (at, problem))?),
        _ => None,
    };
    value.ok_or_else(|| wrong_type(at, function, index, "a number".into()))
}

/// A number constant where nothing says its type.
fn ideal(number: Number) -> Result<Value, Problem> {
    match number {
        Number { complex: Some((real, imaginary)), .. } => Ok(Value::Complex(real, imaginary)),
        Number { float: Some(float), looks_float: true, .. } => Ok(Value::Float(float)),
        Number { int: Some(int), .. } => Ok(Value::Int(int)),
        _ => Err(Problem::NumberOverflow),
    }
}
