//! Comparing what a program printed with what a case expects.

/// Whether `actual` is `expected`, in which a line `...` stands for any number of lines and `[..]` for any part of a line.
pub fn matches(expected: &str, actual: &str) -> bool {
    let expected: Vec<&str> = expected.split_inclusive('\n').collect();
    let actual: Vec<&str> = actual.split_inclusive('\n').collect();
    lines(&expected, &actual)
}

fn lines(expected: &[&str], actual: &[&str]) -> bool {
    match expected.split_first() {
        None => actual.is_empty(),
        Some((first, rest)) if first.trim_end() == "..." => {
            (0..=actual.len()).any(|skipped| lines(rest, &actual[skipped..]))
        }
        Some((first, rest)) => {
            actual.split_first().is_some_and(|(line, others)| line_matches(first, line) && lines(rest, others))
        }
    }
}

fn line_matches(expected: &str, actual: &str) -> bool {
    let mut parts = expected.split("[..]");
    let Some(mut actual) = actual.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return actual.is_empty();
    };
    for part in middle {
        match actual.find(part) {
            Some(at) => actual = &actual[at + part.len()..],
            None => return false,
        }
    }
    actual.ends_with(last)
}

#[test]
fn wildcards() {
    for (expected, actual, fits) in [
        ("", "", true),
        ("a\n", "a\n", true),
        ("a\n", "a", false),
        ("a [..] c\n", "a b c\n", true),
        ("a [..] c [..]d\n", "a b c d\n", true),
        ("a[..]\n", "ab\nc\n", false),
        ("...\n", "", true),
        ("a\n...\nd\n", "a\nb\nc\nd\n", true),
        ("a\n...\nd\n", "a\nb\nc\n", false),
    ] {
        assert_eq!(matches(expected, actual), fits, "{expected:?} {actual:?}");
    }
}
