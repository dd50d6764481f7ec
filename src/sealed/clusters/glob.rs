//! Patterns for paths, as `.gitignore` and editors have them: `*` and `?` within one name, `**` across folders, `[ab]`, `{a,b}`.

use regex::Regex;

/// Longer patterns are nobody's.
const LONGEST: usize = 1000;

/// One pattern.
#[derive(Clone, Debug)]
pub(super) struct Glob(Regex);

impl Glob {
    /// `None` when a bracket or a brace is not closed.
    pub(super) fn new(pattern: &str) -> Option<Self> {
        let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
        if pattern.len() > LONGEST {
            return None;
        }
        Regex::new(&translated(pattern)?).ok().map(Self)
    }

    pub(super) fn matches(&self, path: &str) -> bool {
        self.0.is_match(path.strip_prefix("./").unwrap_or(path))
    }
}

fn translated(pattern: &str) -> Option<String> {
    let mut out = String::from("(?s)^");
    let mut rest = pattern;
    let mut braces = 0_u32;
    while let Some(letter) = rest.chars().next() {
        let starts_name = rest.len() == pattern.len() || pattern[..pattern.len() - rest.len()].ends_with('/');
        if let Some(after) = rest.strip_prefix("**/").filter(|_| starts_name) {
            out.push_str("(?:.*/)?");
            rest = after;
            continue;
        }
        if rest == "**" && starts_name {
            out.push_str(".*");
            break;
        }
        rest = &rest[letter.len_utf8()..];
        match letter {
            '*' => {
                // two stars inside a name are one
                rest = rest.trim_start_matches('*');
                out.push_str("[^/]*");
            }
            '?' => out.push_str("[^/]"),
            '[' => rest = class(rest, &mut out)?,
            '{' => {
                braces += 1;
                out.push_str("(?:");
            }
            ',' if braces > 0 => out.push('|'),
            '}' if braces > 0 => {
                braces -= 1;
                out.push(')');
            }
            '\\' => {
                let escaped = rest.chars().next()?;
                rest = &rest[escaped.len_utf8()..];
                out.push_str(&regex::escape(escaped.encode_utf8(&mut [0; 4])));
            }
            other => out.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
    out.push('$');
    (braces == 0).then_some(out)
}

/// A set of letters; returns what follows it.
fn class<'a>(rest: &'a str, out: &mut String) -> Option<&'a str> {
    let (negated, body) = match rest.strip_prefix(['!', '^']) {
        Some(body) => (true, body),
        None => (false, rest),
    };
    // a bracket that comes first is a member
    let first = body.chars().next()?.len_utf8();
    let end = first + body[first..].find(']')?;
    out.push_str(if negated { "[^/" } else { "[" });
    for letter in body[..end].chars() {
        if letter != '-' && !letter.is_alphanumeric() {
            out.push('\\');
        }
        out.push(letter);
    }
    out.push(']');
    Some(&body[end + 1..])
}

#[cfg(test)]
mod tests {
    use super::Glob;

    fn matches(pattern: &str, path: &str) -> bool {
        Glob::new(pattern).unwrap().matches(path)
    }

    #[test]
    fn stars_stay_in_a_folder_and_two_do_not() {
        for path in ["clusters/eu/a.yaml", "clusters/eu/x/y.yaml", "clusters/eu/.hidden"] {
            assert!(matches("clusters/eu/**", path));
        }
        assert!(!matches("clusters/eu/**", "clusters/us/a.yaml"));
        assert!(!matches("clusters/eu/**", "xclusters/eu/a.yaml"));
        assert!(matches("clusters/eu/*", "clusters/eu/a.yaml") && !matches("clusters/eu/*", "clusters/eu/x/y"));
        assert!(matches("**/sealed/*.yaml", "sealed/a.yaml") && matches("**/sealed/*.yaml", "a/b/sealed/c.yaml"));
        assert!(!matches("**/sealed/*.yaml", "unsealed/a.yaml"));
        assert!(matches("./a?.y{a,}ml", "ab.yaml") && matches("a?.y{a,}ml", "./ab.yml"));
        assert!(matches("a**b", "axxb") && !matches("a**b", "ax/b"));
        assert!(matches("**", "a/b"));
    }

    #[test]
    fn letters_of_patterns_are_letters() {
        assert!(matches("a.b", "a.b") && !matches("a.b", "axb"));
        assert!(matches("a[0-9x]", "a7") && matches("a[0-9x]", "ax") && !matches("a[0-9x]", "ay"));
        assert!(matches("a[!0-9]", "ay") && !matches("a[!0-9]", "a7") && !matches("a[!0-9]", "a/"));
        assert!(matches("a[]^]", "a]") && matches("a[]^]", "a^"));
        assert!(matches(r"a\*", "a*") && !matches(r"a\*", "ab"));
        assert!(matches("a,b}", "a,b}"));
    }

    #[test]
    fn what_is_not_closed_is_refused() {
        for pattern in ["[", "a[b", "{a", "a\\", "[]", "{a,{b}"] {
            assert!(Glob::new(pattern).is_none(), "{pattern}");
        }
        assert!(Glob::new(&"a".repeat(1001)).is_none());
    }
}
