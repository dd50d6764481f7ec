//! The functions that templates call: what they take, and where they are.

mod builtin;
mod case;
mod cast;
mod certificates;
mod compare;
mod crypto;
mod dates;
mod decimal;
mod defaults;
mod dicts;
mod encoding;
mod issue;
mod json;
mod keystores;
mod lists;
mod numbers;
mod paths;
mod random;
mod reflection;
mod regexes;
mod string_lists;
mod strings;
mod urls;
mod versions;
mod wrap;
mod yaml;

use std::collections::HashMap;
use std::sync::LazyLock;

use super::error::Fault;
use super::format;
use super::options::{Env, FunctionSet};
use super::text::Text;
use super::value::{Map, Value};

/// What a function gives.
pub(super) type Outcome = Result<Value, Fault>;

/// A function: its name, its parameters, and its body.
///
/// Each letter of `parameters` is the Go type of one: `s` string, `i` int, `u` uint32, `f` float64, `b` bool,
/// `a` interface{}, `r` reflect.Value, `d` map[string]interface{}, `l` []interface{}, `t` time.Time,
/// `n` time.Duration, `c` sprig's certificate. A `*` at the end says that the last one may come any number of times.
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) parameters: &'static str,
    pub(super) run: fn(&Env<'_>, &Args) -> Outcome,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// A row of a table of functions.
pub(super) const fn function(
    name: &'static str,
    parameters: &'static str,
    run: fn(&Env<'_>, &Args) -> Outcome,
) -> Function {
    Function { name, parameters, run }
}

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parameter {
    Text,
    Int,
    Uint32,
    Float,
    Bool,
    Any,
    Reflect,
    Dict,
    List,
    Time,
    Duration,
    Certificate,
}

impl Parameter {
    fn of(letter: u8) -> Self {
        match letter {
            b's' => Self::Text,
            b'i' => Self::Int,
            b'u' => Self::Uint32,
            b'f' => Self::Float,
            b'b' => Self::Bool,
            b'r' => Self::Reflect,
            b'd' => Self::Dict,
            b'l' => Self::List,
            b't' => Self::Time,
            b'n' => Self::Duration,
            b'c' => Self::Certificate,
            _ => Self::Any,
        }
    }

    /// The name of the type, for people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Int => "int",
            Self::Uint32 => "uint32",
            Self::Float => "float64",
            Self::Bool => "bool",
            Self::Any | Self::Reflect => "value",
            Self::Dict => "map[string]interface {}",
            Self::List => "[]interface {}",
            Self::Time => "time.Time",
            Self::Duration => "time.Duration",
            Self::Certificate => "certificate",
        }
    }
}

impl Function {
    /// The number of parameters that must be given, and whether more may.
    pub(super) fn arity(&self) -> (usize, bool) {
        match self.parameters.strip_suffix('*') {
            Some(all) => (all.len() - 1, true),
            None => (self.parameters.len(), false),
        }
    }

    /// The type of parameter `at`; the last one again and again if it may come any number of times.
    pub(super) fn parameter(&self, at: usize) -> Parameter {
        let letters = self.parameters.trim_end_matches('*').as_bytes();
        Parameter::of(letters.get(at).or(letters.last()).copied().unwrap_or(b'a'))
    }
}

/// The arguments of a call. They have the types that the parameters say, so that each getter finds its own.
pub(super) struct Args(pub(super) Vec<Value>);

impl Args {
    pub(super) fn any(&self, at: usize) -> &Value {
        &self.0[at]
    }

    pub(super) fn bytes(&self, at: usize) -> &[u8] {
        match &self.0[at] {
            Value::Text(text) => text.bytes(),
            _ => b"",
        }
    }

    pub(super) fn text(&self, at: usize) -> Text {
        match &self.0[at] {
            Value::Text(text) => text.clone(),
            _ => Text::default(),
        }
    }

    pub(super) fn int(&self, at: usize) -> i64 {
        self.0[at].signed().unwrap_or_default()
    }

    pub(super) fn float(&self, at: usize) -> f64 {
        match &self.0[at] {
            Value::Float(float) => *float,
            _ => 0.0,
        }
    }

    pub(super) fn bool(&self, at: usize) -> bool {
        matches!(&self.0[at], Value::Bool(true))
    }

    pub(super) fn dict(&self, at: usize) -> Option<&Map> {
        match &self.0[at] {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The arguments from `at` on.
    pub(super) fn rest(&self, at: usize) -> &[Value] {
        self.0.get(at..).unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The function of this name.
pub(super) fn find(name: &str, set: FunctionSet) -> Option<&'static Function> {
    static BUILTIN: LazyLock<Names> = LazyLock::new(|| names(&[builtin::TABLE]));
    static SPRIG: LazyLock<Names> = LazyLock::new(|| names(SPRIG_TABLES));
    static EXTERNAL_SECRETS: LazyLock<Names> = LazyLock::new(|| {
        // what comes later replaces what sprig has
        names(&[SPRIG_TABLES, EXTERNAL_SECRETS_TABLES].concat())
    });
    let sprig = match set {
        FunctionSet::Builtin => None,
        FunctionSet::Sprig => SPRIG.get(name),
        FunctionSet::ExternalSecrets => EXTERNAL_SECRETS.get(name),
    };
    sprig.or_else(|| BUILTIN.get(name)).copied()
}

type Names = HashMap<&'static str, &'static Function>;

const SPRIG_TABLES: &[&[Function]] = &[
    case::TABLE,
    crypto::TABLE,
    dates::TABLE,
    decimal::TABLE,
    defaults::TABLE,
    dicts::TABLE,
    encoding::TABLE,
    issue::TABLE,
    json::TABLE,
    lists::TABLE,
    numbers::TABLE,
    paths::TABLE,
    random::TABLE,
    reflection::TABLE,
    regexes::TABLE,
    string_lists::TABLE,
    strings::TABLE,
    urls::TABLE,
    versions::TABLE,
    wrap::TABLE,
];

const EXTERNAL_SECRETS_TABLES: &[&[Function]] = &[
    certificates::EXTERNAL_SECRETS,
    crypto::EXTERNAL_SECRETS,
    encoding::EXTERNAL_SECRETS,
    keystores::EXTERNAL_SECRETS,
    yaml::EXTERNAL_SECRETS,
];

fn names(tables: &[&'static [Function]]) -> Names {
    tables.iter().flat_map(|table| table.iter()).map(|function| (function.name, function)).collect()
}

/// A value as a string: a text as it is, everything else as `%v` prints it.
fn text_of(env: &Env<'_>, value: &Value) -> Result<Text, Fault> {
    if let Value::Text(text) = value {
        return Ok(text.clone());
    }
    let mut out = env.buffer();
    format::print(&mut out, std::slice::from_ref(value))?;
    env.finish(out)
}
