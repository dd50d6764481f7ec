//! INI texts: sections (some again), both comment marks and delimiters, quotes, values of several lines.

use super::{Ends, WORDS, finish, names, remark};
use crate::corpus::rng::Rng;

/// A text.
pub(super) fn document(rng: &mut Rng) -> String {
    let mut out = String::from(if rng.percent(3) { "\u{FEFF}" } else { "" });
    let ends = Ends::new(rng);
    if rng.percent(40) {
        entries(rng, &ends, &mut out);
    }
    let sections: &[&str] = &[
        "db",
        "web server",
        "DEFAULT",
        "a.b",
        "nested]x",
        "quote\"d",
        "ключ",
        "secret_enc",
        "s_unencrypted",
        "db",
        " padded ",
    ];
    for _ in 0..rng.below(4) {
        noise(rng, &ends, &mut out);
        out.push_str(rng.pick(&["", "", "", "  ", "\t"]));
        out.push('[');
        out.push_str(rng.pick(sections));
        out.push(']');
        out.push_str(rng.pick(&["", "", "", "", " ; behind", " # behind", "  "]));
        ends.push(rng, &mut out);
        entries(rng, &ends, &mut out);
    }
    noise(rng, &ends, &mut out);
    finish(rng, &mut out);
    out
}

fn noise(rng: &mut Rng, ends: &Ends, out: &mut String) {
    while rng.percent(22) {
        if rng.percent(60) {
            out.push_str(rng.pick(&["; ", "#", ";", "  # ", ";; "]));
            out.push_str(&remark(rng));
        } else if rng.percent(30) {
            out.push_str("   ");
        }
        ends.push(rng, out);
    }
}

fn entries(rng: &mut Rng, ends: &Ends, out: &mut String) {
    for name in names(rng, 5) {
        noise(rng, ends, out);
        out.push_str(rng.pick(&["", "", "", "", "    "]));
        if rng.percent(6) {
            out.push_str(&format!("`{name}:=`"));
        } else {
            out.push_str(&name);
        }
        out.push_str(rng.pick(&["=", " = ", ": ", " =", "= ", "  =  ", " : "]));
        value(rng, ends, out);
        ends.push(rng, out);
    }
}

fn value(rng: &mut Rng, ends: &Ends, out: &mut String) {
    let word = rng.pick(WORDS);
    match rng.below(14) {
        0 => {}
        1 => out.push_str(&format!("\"{word}\"")),
        2 => out.push_str(&format!("'{word} \"x\"'")),
        3 => out.push_str(&format!("`{word} # ; \"`")),
        4 => out.push_str(&format!("\"\"\"{word}` \"q\" #\"\"\"")),
        5 => {
            out.push_str(&format!("\"\"\"{word}"));
            ends.push(rng, out);
            out.push_str("  second = line ; no comment\"\"\"");
        }
        6 => {
            out.push_str(&format!("{word} \\"));
            ends.push(rng, out);
            out.push_str("   goes on");
        }
        7 => out.push_str(&format!("{word} ; inline")),
        8 => out.push_str(&format!("{word} # {}", remark(rng).trim())),
        9 => out.push_str(&format!("{word}=x:y")),
        10 => out.push_str(
            rng.pick(&["\"", "'", "\"a\" b", "\" padded \"", "`a", "%(x)s", "\"\"", "a\\nb"]).trim_start_matches('`'),
        ),
        _ => out.push_str(word),
    }
}
