//! JSON texts: every escape and number spelling, blanks of every kind, arrays on top, byte order marks, comments on request.

use super::{Ends, NAMES, WORDS};
use crate::corpus::rng::Rng;

struct Style {
    /// What one level is indented by; `None` puts all on one line.
    unit: Option<&'static str>,
    after_colon: &'static str,
    after_comma: &'static str,
    ends: Ends,
    wild: bool,
    commented: bool,
}

/// A text; with `commented` one that may hold comments and trailing commas.
pub(super) fn document(rng: &mut Rng, commented: bool) -> String {
    let style = Style {
        unit: *[Some("  "), Some("\t"), Some("    "), None, Some(""), Some("   ")].get(rng.below(6)).unwrap(),
        after_colon: rng.pick(&[" ", "", "  "]),
        after_comma: rng.pick(&[" ", ""]),
        ends: Ends::new(rng),
        wild: rng.percent(20),
        commented,
    };
    let mut out = String::from(if rng.percent(4) { "\u{FEFF}" } else { "" });
    gap(rng, &style, &mut out);
    let map = !rng.percent(8);
    collection(rng, &style, 0, map, &mut out);
    if rng.percent(80) {
        style.ends.push(rng, &mut out);
    }
    gap(rng, &style, &mut out);
    out
}

fn gap(rng: &mut Rng, style: &Style, out: &mut String) {
    if style.wild && rng.percent(20) {
        out.push_str(rng.pick(&[" ", "\t", "\n", "\r\n", "  \n ", "\r"]));
    }
    if style.commented && rng.percent(10) {
        out.push_str(rng.pick(&["/* c */", "/* two\nlines, { */", "// c, \"x\": 1\n", "//\n", "/**/"]));
    }
}

fn line(rng: &mut Rng, style: &Style, level: usize, out: &mut String) {
    if let Some(unit) = style.unit {
        style.ends.push(rng, out);
        out.push_str(&unit.repeat(level));
    }
}

fn collection(rng: &mut Rng, style: &Style, level: usize, map: bool, out: &mut String) {
    out.push(if map { '{' } else { '[' });
    let count = if level == 0 { 1 + rng.below(6) } else { rng.below(4) };
    let mut used: Vec<String> = Vec::new();
    for at in 0..count {
        line(rng, style, level + 1, out);
        gap(rng, style, out);
        if map {
            let key = key(rng, &used);
            used.push(key.clone());
            quoted(rng, &key, out);
            gap(rng, style, out);
            out.push(':');
            out.push_str(style.after_colon);
            gap(rng, style, out);
        }
        value(rng, style, level, out);
        gap(rng, style, out);
        let last = at + 1 == count;
        if !last || (style.commented && rng.percent(15)) {
            out.push(',');
        }
        if !last && style.unit.is_none() {
            out.push_str(style.after_comma);
        }
    }
    if count > 0 || rng.percent(20) {
        line(rng, style, level, out);
    }
    gap(rng, style, out);
    out.push(if map { '}' } else { ']' });
}

fn key(rng: &mut Rng, used: &[String]) -> String {
    let odd: &[&str] = &["", "a b", "a.b", "日本", "q\"q", "back\\slash", "tab\there", "sops_", "ключ", "0"];
    let mut key = if rng.percent(12) { rng.pick(odd) } else { rng.pick(NAMES) }.to_owned();
    while used.contains(&key) {
        key.push('x');
    }
    key
}

fn value(rng: &mut Rng, style: &Style, level: usize, out: &mut String) {
    match rng.below(12) {
        0 | 1 if level < 5 => collection(rng, style, level + 1, true, out),
        2 if level < 5 => collection(rng, style, level + 1, false, out),
        3 => out.push_str(rng.pick(&["true", "false"])),
        4 => out.push_str("null"),
        5 | 6 => out.push_str(rng.pick(NUMBERS)),
        7 => out.push_str("\"\""),
        _ => string(rng, out),
    }
}

/// Numbers that sops keeps, and some that it does not.
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "1",
    "-17",
    "9223372036854775807",
    "-9223372036854775808",
    "1.5",
    "1.50",
    "-0.0",
    "1e3",
    "1E+3",
    "2.5e-7",
    "100.0",
    "0.1",
    "1e21",
    "123456789012",
    "6.02214076e23",
    "5e-324",
    "1.0e0",
    "9007199254740993",
    "3.141592653589793",
    "0e5",
    "18446744073709551616",
    "0.1000000000000000055511151231257827",
];

fn string(rng: &mut Rng, out: &mut String) {
    let mut text = String::new();
    for _ in 0..1 + rng.below(3) {
        text.push_str(rng.pick(WORDS));
        if rng.percent(25) {
            text.push_str(
                rng.pick(&["\n", "\t", "\"", "\\", "/", "\u{7f}", "\u{2028}", "<&>", "\u{0}", "\r\n", "\\n", "\u{1b}"]),
            );
        }
    }
    quoted(rng, &text, out);
}

/// Escaped where that is needed, and now and then where it is not.
fn quoted(rng: &mut Rng, text: &str, out: &mut String) {
    let eager = rng.percent(15);
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' if rng.percent(80) => out.push_str("\\n"),
            '\t' if rng.percent(80) => out.push_str("\\t"),
            '/' if eager => out.push_str("\\/"),
            '\0'..='\u{1f}' => out.push_str(&format!("\\u{:04X}", u32::from(char))),
            _ if eager && rng.percent(40) => {
                let mut units = [0; 2];
                for unit in char.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            _ => out.push(char),
        }
    }
    if rng.percent(2) {
        out.push_str("\\ud800");
    }
    out.push('"');
}
