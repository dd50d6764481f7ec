//! Leftovers of a merge in a YAML text: they read as anything but what they are.

use super::error::YamlError;
use crate::document::intake::{CONFLICT, is_middle_marker};

/// Where the first conflict of a text that is no YAML begins.
pub(super) fn in_broken(text: &str) -> Option<YamlError> {
    let start = lines_with(text, "<<<<<<< ").next()?;
    let closed = lines_with(text, ">>>>>>> ").any(|end| end > start);
    closed.then(|| YamlError::at(text.as_bytes(), start, CONFLICT))
}

/// Where the first conflict of a text begins that is YAML all the same: all three markers, so that nothing is refused that
/// somebody may have written. Block scalars are always indented: no line of theirs begins with a marker.
pub(super) fn in_document(text: &str) -> Option<YamlError> {
    let start = lines_with(text, "<<<<<<< ").next()?;
    let end = lines_with(text, ">>>>>>> ").last()?;
    let is_middle = |at: usize| is_middle_marker(text[at..].lines().next().unwrap_or_default());
    let closed = lines_with(text, "=======").any(|at| start < at && at < end && is_middle(at));
    closed.then(|| YamlError::at(text.as_bytes(), start, CONFLICT))
}

/// Where lines begin that start with `marker`.
fn lines_with<'t>(text: &'t str, marker: &'static str) -> impl Iterator<Item = usize> + 't {
    let first = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
    let begins = move |at: &usize| *at == first || matches!(text.as_bytes()[at - 1], b'\n' | b'\r');
    memchr::memmem::find_iter(text.as_bytes(), marker).filter(begins)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::yaml::Document;

    fn error(text: &str) -> Option<(usize, &'static str)> {
        Document::parse(text.to_owned()).err().map(|error| (error.line, error.problem))
    }

    #[test]
    fn conflicts_are_named() {
        for (text, line) in [
            ("user: shop\n<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> theirs\n", 2),
            ("<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> theirs\n", 1),
            ("a: 1\r\n<<<<<<< HEAD\r\nb: 1\r\n=======\r\nb: 2\r\n>>>>>>> theirs\r\n", 2),
            ("a:\n  b: 1\n<<<<<<< HEAD\n  c: 1\n||||||| base\n=======\n  c: 2\n>>>>>>> theirs\nd: 1\n", 3),
            // one side empty
            ("a: 1\n<<<<<<< HEAD\n=======\nb: 2\n>>>>>>> theirs\n", 2),
            // texts that are YAML all the same
            ("<<<<<<< HEAD\nx\n=======\ny\n>>>>>>> theirs\n", 1),
            ("a: \"x\n<<<<<<< HEAD\n=======\n>>>>>>> theirs\n\"\n", 2),
        ] {
            assert_eq!(error(text), Some((line, CONFLICT)), "{text:?}");
        }
    }

    #[test]
    fn what_only_looks_like_one_is_text() {
        for text in [
            "a: |\n  <<<<<<< HEAD\n  =======\n  >>>>>>> theirs\n",
            "--- |\n <<<<<<< HEAD\n =======\n >>>>>>> theirs\n",
            "<<<<<<< HEAD\n",
            "a: \"<<<<<<< b\"\n",
            "- <<<<<<< HEAD\n  =======\n  >>>>>>> theirs\n",
        ] {
            assert_eq!(error(text), None, "{text:?}");
        }
        // broken for another reason
        assert_ne!(error("a: [\n<<<<<<< HEAD\n").map(|(_, problem)| problem), Some(CONFLICT));
    }
}
