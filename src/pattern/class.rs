//! Character classes: `[…]`, `\d`, `\pL`, `[[:alpha:]]`.

use std::fmt::Write;

use super::Problem;
use super::scan::Scanner;

/// A class that matches nothing, for code points that no text can hold.
pub(super) const NOTHING: &str = r"[a&&b]";

/// The general categories that every release of Go knows. Scripts are left to the crate's tables.
const CATEGORIES: [&str; 37] = [
    "C", "Cc", "Cf", "Co", "Cs", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl", "No", "P",
    "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs", "Any",
];

/// The POSIX names, which both engines know with the same (ASCII) meaning.
const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

/// Writes a code point so that it means nothing but itself, inside and outside of a class.
pub(super) fn push_code(code: u32, out: &mut String) {
    match char::from_u32(code) {
        Some(plain) if plain.is_ascii_alphanumeric() || plain == '_' || !plain.is_ascii() => {
            out.push(plain);
        }
        Some(_) => push_hex(code, out),
        None => out.push_str(NOTHING),
    }
}

fn push_hex(code: u32, out: &mut String) {
    // writing to a String cannot fail
    let _ = write!(out, "\\x{{{code:X}}}");
}

/// `\d`, `\W` and the like, as bracketed classes; they may stand inside another class. Nothing is read otherwise.
pub(super) fn perl(scanner: &mut Scanner<'_>) -> Option<&'static str> {
    [
        (r"\d", "[0-9]"),
        (r"\D", "[^0-9]"),
        (r"\s", r"[\t\n\x0C\r\x20]"),
        (r"\S", r"[^\t\n\x0C\r\x20]"),
        (r"\w", "[0-9A-Za-z_]"),
        (r"\W", "[^0-9A-Za-z_]"),
    ]
    .into_iter()
    .find_map(|(go, ours)| scanner.take(go).then_some(ours))
}

/// `\pL`, `\P{Greek}`, `\p{^Lu}`; writes them and says so. Nothing is read otherwise.
pub(super) fn unicode(scanner: &mut Scanner<'_>, out: &mut String) -> Result<bool, Problem> {
    let start = scanner.rest();
    let mut negated = match start.get(..2) {
        Some(r"\p") => false,
        Some(r"\P") => true,
        _ => return Ok(false),
    };
    scanner.next();
    scanner.next();
    let problem = |text: &str| Problem::Class(text.to_owned());
    let letter = scanner.rest();
    let mut name = match scanner.next() {
        Some('{') => scanner.take_until("}").ok_or_else(|| problem(start))?,
        Some(_) => scanner.since(letter),
        None => return Err(problem(start)),
    };
    if let Some(rest) = name.strip_prefix('^') {
        negated = !negated;
        name = rest;
    }
    let class = match name {
        // the crate has no surrogates, for no text has
        "Cs" => NOTHING.to_owned(),
        "Any" => r"\p{Any}".to_owned(),
        _ if CATEGORIES.contains(&name) => format!(r"\p{{gc={name}}}"),
        _ if is_script(name) => format!(r"\p{{sc={name}}}"),
        _ => return Err(problem(scanner.since(start))),
    };
    out.push_str(if negated { "[^" } else { "[" });
    out.push_str(&class);
    out.push(']');
    Ok(true)
}

/// Whether the crate's tables have a script of that name. Go's names are capitalised words joined by underscores.
fn is_script(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.chars().all(|next| next.is_ascii_alphabetic() || next == '_')
        && ::regex::Regex::new(&format!(r"\p{{sc={name}}}")).is_ok()
}

/// A `[…]`; the bracket comes next.
pub(super) fn bracketed(scanner: &mut Scanner<'_>, out: &mut String) -> Result<(), Problem> {
    scanner.next();
    out.push('[');
    if scanner.take("^") {
        out.push('^');
    }
    let mut first = true;
    while first || !scanner.take("]") {
        first = false;
        if posix(scanner, out)? || unicode(scanner, out)? {
            continue;
        }
        if let Some(class) = perl(scanner) {
            out.push_str(class);
            continue;
        }
        range(scanner, out)?;
    }
    out.push(']');
    Ok(())
}

/// `[:alpha:]` or `[:^alpha:]`. Without the closing `:]` the bracket is just a bracket.
fn posix(scanner: &mut Scanner<'_>, out: &mut String) -> Result<bool, Problem> {
    let Some(inner) = scanner.rest().strip_prefix("[:") else {
        return Ok(false);
    };
    let Some((name, _)) = inner.split_once(":]") else {
        return Ok(false);
    };
    let whole = format!("[:{name}:]");
    if !POSIX.contains(&name.strip_prefix('^').unwrap_or(name)) {
        return Err(Problem::Class(whole));
    }
    scanner.take(&whole);
    out.push_str(&whole);
    Ok(true)
}

/// A character or a range of them.
fn range(scanner: &mut Scanner<'_>, out: &mut String) -> Result<(), Problem> {
    let start = scanner.rest();
    let low = character(scanner)?;
    let is_range = scanner.rest().strip_prefix('-').is_some_and(|end| !end.is_empty() && !end.starts_with(']'));
    if !is_range {
        push_code(low, out);
        return Ok(());
    }
    scanner.next();
    let high = character(scanner)?;
    if high < low {
        return Err(Problem::Class(scanner.since(start).to_owned()));
    }
    // surrogates are no characters, so a range that touches them is cut there
    let before = (low, high.min(0xd7ff));
    let after = (low.max(0xe000), high);
    let mut written = false;
    for (low, high) in [before, after] {
        if low <= high {
            push_hex(low, out);
            out.push('-');
            push_hex(high, out);
            written = true;
        }
    }
    if !written {
        out.push_str(NOTHING);
    }
    Ok(())
}

fn character(scanner: &mut Scanner<'_>) -> Result<u32, Problem> {
    match scanner.peek() {
        None => Err(Problem::MissingBracket),
        Some('\\') => scanner.escape(),
        Some(plain) => {
            scanner.next();
            Ok(plain.into())
        }
    }
}
