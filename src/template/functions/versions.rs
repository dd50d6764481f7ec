//! sprig's functions for semantic versions.

use std::sync::Arc;

use super::{Args, Function, function};
use crate::template::error::Fault;
use crate::template::semver::{Version, check};
use crate::template::value::Value;

pub(super) const TABLE: &[Function] = &[
    function("semver", "s", |_, args| Ok(Value::Version(Arc::new(version(args, 0)?)))),
    function("semverCompare", "ss", |env, args| {
        env.step(args.bytes(0).len())?;
        let constraint = text(args, 0).ok_or(Fault::Because("that is no constraint"))?;
        // the peer reads the constraint first
        let version = version(args, 1);
        let verdict = check(constraint, version.as_ref().unwrap_or(&Version::default())).map_err(Fault::Because)?;
        version.map(|_| Value::Bool(verdict))
    }),
];

/// Longer versions and constraints are none.
const MAX_LENGTH: usize = 4096;

fn text(args: &Args, at: usize) -> Option<&str> {
    let bytes = args.bytes(at);
    if bytes.len() > MAX_LENGTH { None } else { std::str::from_utf8(bytes).ok() }
}

fn version(args: &Args, at: usize) -> Result<Version, Fault> {
    text(args, at).and_then(Version::parse).ok_or(Fault::Because("that is no semantic version"))
}
