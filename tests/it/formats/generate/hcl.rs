//! HCL texts: attributes, objects, lists, blocks, heredocs, all three kinds of comment.

use super::{Ends, WORDS, finish, names, remark};
use crate::corpus::rng::Rng;

/// A text.
pub(super) fn document(rng: &mut Rng) -> String {
    let mut out = String::new();
    let ends = Ends::new(rng);
    body(rng, &ends, 0, &mut out);
    finish(rng, &mut out);
    out
}

fn body(rng: &mut Rng, ends: &Ends, level: usize, out: &mut String) {
    let indent = "  ".repeat(level);
    for (at, name) in names(rng, 6).into_iter().enumerate() {
        noise(rng, ends, &indent, out);
        out.push_str(&indent);
        if level < 3 && rng.percent(12) {
            out.push_str(&format!("block{at} {}{{", rng.pick(&["", "\"label\" ", "\"one\" \"two\" "])));
            ends.push(rng, out);
            body(rng, ends, level + 1, out);
            out.push_str(&indent);
            out.push('}');
        } else {
            out.push_str(&name);
            out.push_str(rng.pick(&[" = ", "=", "    = "]));
            value(rng, ends, level, true, out);
            // Nothing may stand behind a heredoc.
            if !out.ends_with("EOT") {
                out.push_str(rng.pick(&["", "", "", "", " # enc: behind", " // behind", " /* behind */"]));
            }
        }
        ends.push(rng, out);
    }
    noise(rng, ends, &indent, out);
}

fn noise(rng: &mut Rng, ends: &Ends, indent: &str, out: &mut String) {
    while rng.percent(22) {
        match rng.below(4) {
            0 => {}
            1 => out.push_str(&format!("{indent}#{}", remark(rng))),
            2 => out.push_str(&format!("{indent}//{}", remark(rng))),
            _ => out.push_str(&format!("{indent}/* {}\n   two */", remark(rng))),
        }
        ends.push(rng, out);
    }
}

fn value(rng: &mut Rng, ends: &Ends, level: usize, lines: bool, out: &mut String) {
    let word = rng.pick(WORDS);
    let scalars: &[&str] =
        &["1", "-17", "1.5", "1.50", "1e3", "true", "false", "null", "9223372036854775807", "0", "2.5e-7"];
    match rng.below(11) {
        0 | 1 => out.push_str(rng.pick(scalars)),
        2 => out.push_str("\"\""),
        3 => out.push_str(&format!("\"{word} \\\"q\\\" \\\\ \\t \\u00e9 $${{x}} %%{{y}}\"")),
        4 if lines => {
            out.push_str(rng.pick(&["<<EOT", "<<-EOT"]));
            ends.push(rng, out);
            out.push_str(&format!("  {word}"));
            ends.push(rng, out);
            out.push_str("    more # text \"\\");
            ends.push(rng, out);
            out.push_str("EOT");
        }
        5 | 6 if level < 4 => list(rng, ends, level, lines, out),
        7 if level < 4 => object(rng, ends, level, lines, out),
        _ => out.push_str(&format!("\"{word}\"")),
    }
}

fn list(rng: &mut Rng, ends: &Ends, level: usize, lines: bool, out: &mut String) {
    let broken = lines && rng.percent(40);
    out.push('[');
    let count = rng.below(4);
    for at in 0..count {
        if broken {
            ends.push(rng, out);
            out.push_str("    ");
        }
        value(rng, ends, level + 1, false, out);
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

fn object(rng: &mut Rng, ends: &Ends, level: usize, lines: bool, out: &mut String) {
    let broken = lines && rng.percent(60);
    out.push('{');
    let names = names(rng, 3);
    let count = names.len();
    for (at, name) in names.into_iter().enumerate() {
        if broken {
            ends.push(rng, out);
            out.push_str("    ");
        } else {
            out.push(' ');
        }
        match rng.below(4) {
            0 => out.push_str(&format!("\"{name} x\"")),
            _ => out.push_str(&name),
        }
        out.push_str(rng.pick(&[" = ", "=", " : "]));
        value(rng, ends, level + 1, false, out);
        if at + 1 < count && (!broken || rng.percent(30)) {
            out.push(',');
        }
    }
    if broken && count > 0 {
        ends.push(rng, out);
    }
    out.push_str(if broken { "}" } else { " }" });
}
