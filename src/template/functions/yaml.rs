//! External Secrets' functions for YAML (`runtime/template/v2/yaml.go`). Neither has errors: `toYaml` gives nothing instead, and
//! `fromYaml` a map with the error in it.

use super::{Args, Function, Outcome, function};
use crate::template::error::{Fault, Limit};
use crate::template::options::Env;
use crate::template::value::Value;
use crate::template::yaml::{self, YamlError};

pub(super) const EXTERNAL_SECRETS: &[Function] = &[function("fromYaml", "s", from), function("toYaml", "a", to)];

fn to(env: &Env<'_>, args: &Args) -> Outcome {
    let mut out = env.buffer();
    match yaml::encode(&mut out, args.any(0)) {
        Ok(()) => {
            let text = env.finish(out)?;
            Ok(text.bytes().strip_suffix(b"\n").map(Value::text).unwrap_or(Value::Text(text)))
        }
        Err(Fault::Limit(limit)) => Err(limit.into()),
        Err(_) => Ok(Value::text("")),
    }
}

fn from(env: &Env<'_>, args: &Args) -> Outcome {
    env.charge(args.bytes(0).len())?;
    let error = match yaml::dict(args.bytes(0), &|count| env.charge_values(count).is_ok()) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let text = match error {
        YamlError::TooMuch { .. } => return Err(Limit::Memory.into()),
        YamlError::Syntax { line, problem } => {
            format!("error converting YAML to JSON: yaml: line {line}: {problem}")
        }
        YamlError::Kind { found, .. } => {
            let kind = match found {
                "a list" => "array",
                "a text" => "string",
                "a boolean" => "bool",
                _ => "number",
            };
            format!(
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
            )
        }
    };
    Ok(Value::dict([("Error", Value::text(text))]))
}
