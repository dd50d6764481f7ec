//! TOML texts: tables, lists of tables, dotted and quoted keys, every kind of value and number, comments everywhere.

use super::{Ends, WORDS, finish, names, remark};
use crate::corpus::rng::Rng;

/// A text.
pub(super) fn document(rng: &mut Rng) -> String {
    let mut out = String::new();
    let ends = Ends::new(rng);
    entries(rng, &ends, "", &mut out);
    for (at, name) in names(rng, 4).into_iter().enumerate() {
        noise(rng, &ends, &mut out);
        let name = format!("t{at}_{name}");
        match rng.below(4) {
            0 => {
                for _ in 0..1 + rng.below(3) {
                    header(rng, &ends, &format!("[[{name}]]"), &mut out);
                    entries(rng, &ends, "", &mut out);
                }
            }
            1 => header(rng, &ends, &format!("[{name}.\"a.b\" . 'c']"), &mut out),
            2 => header(rng, &ends, &format!("[ {name} ]"), &mut out),
            _ => header(rng, &ends, &format!("[{name}]"), &mut out),
        }
        entries(rng, &ends, "", &mut out);
    }
    noise(rng, &ends, &mut out);
    finish(rng, &mut out);
    out
}

fn header(rng: &mut Rng, ends: &Ends, text: &str, out: &mut String) {
    out.push_str(rng.pick(&["", "", "  "]));
    out.push_str(text);
    out.push_str(rng.pick(&["", "", " # behind"]));
    ends.push(rng, out);
}

fn noise(rng: &mut Rng, ends: &Ends, out: &mut String) {
    while rng.percent(22) {
        if rng.percent(65) {
            out.push_str(rng.pick(&["#", "  #"]));
            out.push_str(&remark(rng));
        }
        ends.push(rng, out);
    }
}

fn entries(rng: &mut Rng, ends: &Ends, prefix: &str, out: &mut String) {
    for (at, name) in names(rng, 5).into_iter().enumerate() {
        // Names of earlier entries of a repeated table do not meet these.
        let name = format!("{name}_{at}{}{prefix}", rng.below(1000));
        noise(rng, ends, out);
        out.push_str(rng.pick(&["", "", "", "  "]));
        match rng.below(8) {
            0 => out.push_str(&format!("\"{name} \\u00e9\"")),
            1 => out.push_str(&format!("'{name} \\x'")),
            2 => out.push_str(&format!("{name}.sub")),
            3 => out.push_str(&format!("{name} . \"s u b\"")),
            _ => out.push_str(&name),
        }
        out.push_str(rng.pick(&[" = ", "=", "= ", "   =\t"]));
        value(rng, ends, 0, true, out);
        out.push_str(rng.pick(&["", "", "", " # enc: inline", "  "]));
        ends.push(rng, out);
    }
}

const SCALARS: &[&str] = &[
    "1",
    "+17",
    "-1_000",
    "0xDEAD_beef",
    "0o755",
    "0b1010",
    "1.5",
    "-0.0",
    "6.02e23",
    "1e3",
    "inf",
    "-inf",
    "true",
    "false",
    "9223372036854775807",
    "1979-05-27T07:32:00Z",
    "1979-05-27T00:32:00.999999-07:00",
    "1979-05-27 07:32:00Z",
    "1.50",
];

fn value(rng: &mut Rng, ends: &Ends, depth: usize, lines: bool, out: &mut String) {
    let word = rng.pick(WORDS);
    match rng.below(12) {
        0 | 1 => out.push_str(rng.pick(SCALARS)),
        2 => out.push_str("\"\""),
        3 => out.push_str(&format!("'{word} \\ # \"'")),
        4 => out.push_str(&format!("\"{word} \\\"q\\\" \\\\ \\t \\u00e9 #\"")),
        5 if lines => {
            out.push_str("\"\"\"");
            ends.push(rng, out);
            out.push_str(&format!("{word} \"\" \\"));
            ends.push(rng, out);
            out.push_str("   more\\n");
            ends.push(rng, out);
            out.push_str("\"\"\"");
        }
        6 if lines => {
            out.push_str("'''");
            out.push_str(word);
            ends.push(rng, out);
            out.push_str(" it's # \\ '''");
        }
        7 | 8 if depth < 3 => list(rng, ends, depth, lines, out),
        9 if depth < 3 => {
            out.push_str("{ ");
            for (at, name) in names(rng, 3).into_iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                out.push_str(&name);
                out.push_str(rng.pick(&[" = ", "="]));
                value(rng, ends, depth + 1, false, out);
            }
            out.push_str(" }");
        }
        _ => out.push_str(&format!("\"{word}\"")),
    }
}

fn list(rng: &mut Rng, ends: &Ends, depth: usize, lines: bool, out: &mut String) {
    out.push('[');
    let broken = lines && rng.percent(40);
    let count = rng.below(4);
    for at in 0..count {
        if broken {
            ends.push(rng, out);
            out.push_str("  ");
            if rng.percent(15) {
                out.push_str("# in a list");
                ends.push(rng, out);
            }
        }
        value(rng, ends, depth + 1, lines, out);
        if at + 1 < count || (broken && rng.percent(50)) {
            out.push(',');
            out.push_str(if broken { "" } else { " " });
        }
    }
    if broken {
        ends.push(rng, out);
    }
    out.push(']');
}
