//! The values of klog's flags: checked as klog 2.140 checks them, so that a command line that is wrong is wrong here too. What
//! they would do is nothing that this program does. Pure.

use super::flags::LogKind;
use super::grammar::quoted;

const MODULES: &str = "syntax error: expect comma-separated list of filename=N";
const TRACE: &str = "syntax error: expect file.go:234";

/// What is wrong with the value of such a flag.
///
/// # Errors
/// klog's words.
pub fn check(kind: LogKind, value: &str) -> Result<(), String> {
    match kind {
        LogKind::Text | LogKind::Bool => Ok(()),
        LogKind::Uint => unsigned(value),
        LogKind::Level => int32(value).map(drop),
        LogKind::Severity => {
            let known = ["INFO", "WARNING", "ERROR", "FATAL"].contains(&value.to_uppercase().as_str());
            if known { Ok(()) } else { int32(value).map(drop) }
        }
        LogKind::Modules => value.split(',').filter(|module| !module.is_empty()).try_for_each(module),
        LogKind::Trace if value.is_empty() => Ok(()),
        LogKind::Trace => trace(value),
    }
}

/// As Go's `strconv.ParseInt` with base 10 and 32 bits.
fn int32(value: &str) -> Result<i32, String> {
    let digits = value.strip_prefix(['+', '-']).unwrap_or(value);
    let problem = match value.parse() {
        Ok(number) => return Ok(number),
        Err(_) if !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()) => "value out of range",
        Err(_) => "invalid syntax",
    };
    Err(format!("strconv.ParseInt: parsing {}: {problem}", quoted(value)))
}

/// As Go's `flag` reads a `uint64`: any base that Go has.
fn unsigned(value: &str) -> Result<(), String> {
    let plain = value.replace('_', "").to_lowercase();
    let (digits, base) = match plain.as_bytes() {
        [b'0', b'x', ..] => (&plain[2..], 16),
        [b'0', b'b', ..] => (&plain[2..], 2),
        [b'0', b'o', ..] => (&plain[2..], 8),
        [b'0', _, ..] => (&plain[1..], 8),
        _ => (plain.as_str(), 10),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(base)) {
        return Err("parse error".to_owned());
    }
    u64::from_str_radix(digits, base).map(drop).map_err(|_| "value out of range".to_owned())
}

fn module(module: &str) -> Result<(), String> {
    let level = match module.split_once('=') {
        Some((name, level)) if !name.is_empty() && !level.contains('=') => int32(level).ok(),
        _ => None,
    };
    match level {
        Some(0..) => Ok(()),
        Some(_) => Err("negative value for vmodule level".to_owned()),
        None => Err(MODULES.to_owned()),
    }
}

fn trace(value: &str) -> Result<(), String> {
    let line = match value.split_once(':') {
        Some((file, line)) if file.contains('.') => line.parse::<i64>().map_err(|_| TRACE)?,
        _ => return Err(TRACE.to_owned()),
    };
    if line <= 0 { Err("negative or zero value for level".to_owned()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_klogs() {
        for (kind, value, error) in [
            (LogKind::Level, "10", None),
            (LogKind::Level, "x", Some("strconv.ParseInt: parsing \"x\": invalid syntax")),
            (LogKind::Level, "99999999999", Some("strconv.ParseInt: parsing \"99999999999\": value out of range")),
            (LogKind::Severity, "warning", None),
            (LogKind::Severity, "7", None),
            (LogKind::Severity, "", Some("strconv.ParseInt: parsing \"\": invalid syntax")),
            (LogKind::Uint, "0x1f", None),
            (LogKind::Uint, "-1", Some("parse error")),
            (LogKind::Uint, "99999999999999999999", Some("value out of range")),
            (LogKind::Modules, "a=1,,b*=2", None),
            (LogKind::Modules, "a=b", Some(MODULES)),
            (LogKind::Modules, "a=-1", Some("negative value for vmodule level")),
            (LogKind::Trace, "x.go:12", None),
            (LogKind::Trace, "x:12", Some(TRACE)),
            (LogKind::Trace, "x.go:0", Some("negative or zero value for level")),
        ] {
            assert_eq!(check(kind, value), error.map_or(Ok(()), |error| Err(error.to_owned())), "{value}");
        }
    }
}
