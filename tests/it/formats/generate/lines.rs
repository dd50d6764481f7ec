//! dotenv and Java properties: one entry a line, more or less.

use super::{Ends, WORDS, finish, names, remark};
use crate::corpus::rng::Rng;

fn noise(rng: &mut Rng, ends: &Ends, marks: &[&str], out: &mut String) {
    while rng.percent(25) {
        if rng.percent(70) {
            out.push_str(rng.pick(marks));
            out.push_str(&remark(rng));
        }
        ends.push(rng, out);
    }
}

/// A `.env` file: `export`, quotes, several lines and inline comments only where they are understood.
pub(super) fn dotenv(rng: &mut Rng, faithful: bool) -> String {
    let mut out = String::from(if faithful && rng.percent(3) { "\u{FEFF}" } else { "" });
    let mut ends = Ends::new(rng);
    if !faithful {
        // An empty line that ends in a carriage return is none to sops.
        ends.end = "\n";
        ends.mixed = false;
    }
    for name in names(rng, 8) {
        noise(rng, &ends, &["#"], &mut out);
        let name = if rng.percent(60) { name.to_uppercase() } else { name };
        if faithful && rng.percent(15) {
            out.push_str(rng.pick(&["export ", "export  ", "  ", "\t"]));
        }
        out.push_str(&name);
        if faithful && rng.percent(8) {
            out.push(' ');
        }
        out.push('=');
        dotenv_value(rng, faithful, &mut out);
        out.push_str(if !faithful && rng.percent(10) { "\r" } else { "" });
        ends.push(rng, &mut out);
    }
    noise(rng, &ends, &["#"], &mut out);
    finish(rng, &mut out);
    out
}

fn dotenv_value(rng: &mut Rng, faithful: bool, out: &mut String) {
    let word = rng.pick(WORDS);
    if !faithful {
        let odd: &[&str] = &["", " ", "\"q\"", "'q", "a # b", "a=b=c", "a\\nb", "  padded  ", "\"", "#", "$X `y`"];
        out.push_str(if rng.percent(50) { rng.pick(odd) } else { word });
        return;
    }
    match rng.below(11) {
        0 => {}
        1 => out.push_str(&format!("'{word} # \"in\" $X'")),
        2 => out.push_str(&format!("\"{word} # it's\"")),
        3 => out.push_str(&format!("\"{word}\\nnext \\\"q\\\" \\\\ \\$X\"")),
        4 => out.push_str(&format!("\"{word}\n\n second = line\n# third\"")),
        5 => out.push_str(&format!("'{word}\n -----END'")),
        6 => out.push_str(&format!("{word} # inline {}", rng.pick(WORDS))),
        7 => out.push_str(&format!("  \"{word}\"  # inline")),
        8 => out.push_str(rng.pick(&["\"\"", "''", "\"\" # c", " ", " # c"])),
        9 => out.push_str(&format!("{word}#not=a'comment\"")),
        _ => out.push_str(word),
    }
}

/// A `.properties` file: every separator, escapes, lines that go on.
pub(super) fn properties(rng: &mut Rng) -> String {
    let mut out = String::new();
    let ends = Ends::new(rng);
    for name in names(rng, 8) {
        noise(rng, &ends, &["#", "!", "  #", "\t!"], &mut out);
        out.push_str(rng.pick(&["", "", "", "  ", "\t"]));
        out.push_str(&name.replace('_', rng.pick(&["_", ".", "\\ ", "\\=", "\\u0041", "\\:"])));
        out.push_str(rng.pick(&["=", " = ", ":", ": ", " ", "\t", "= ", " :"]));
        let word = rng.pick(WORDS);
        match rng.below(8) {
            0 => {}
            1 => {
                out.push_str(word);
                out.push_str(" \\");
                ends.push(rng, &mut out);
                out.push_str("    and more");
            }
            2 => out.push_str(&format!("{word}\\tx\\n\\u00e9\\\\ \\q")),
            3 => out.push_str(&format!("{word} # no comment = here")),
            4 => out.push_str(&format!("{word}  ")),
            _ => out.push_str(word),
        }
        ends.push(rng, &mut out);
    }
    noise(rng, &ends, &["#", "!"], &mut out);
    finish(rng, &mut out);
    out
}
