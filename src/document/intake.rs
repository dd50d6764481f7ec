//! What every line format looks at before it reads: characters that no such file holds, and leftovers of a merge.

use super::format::FormatError;

/// What is said of a file that was committed in the middle of a merge.
pub(crate) const CONFLICT: &str = "this file has unresolved Git conflict markers";

/// Refuses NUL bytes and the markers that can be nothing else.
pub(super) fn check(text: &str) -> Result<(), FormatError> {
    if let Some(at) = memchr::memchr(0, text.as_bytes()) {
        return Err(FormatError::at(text, at, "a NUL byte cannot stand here"));
    }
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ") {
            return Err(FormatError::at(text, at, CONFLICT));
        }
        at += line.len();
    }
    Ok(())
}

/// Whether a line is the marker in the middle, which can also be the underline of a heading inside a value.
pub(super) fn is_middle_marker(line: &str) -> bool {
    line.trim_end() == "======="
}

/// The end of the line that begins at or contains `at`, its line break included.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    memchr::memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |found| at + found + 1)
}

/// Where the line that contains `at` begins.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    memchr::memrchr(b'\n', &text.as_bytes()[..at]).map_or(0, |found| found + 1)
}

/// The line break of the first line.
pub(super) fn line_break(text: &str) -> &'static str {
    match memchr::memchr(b'\n', text.as_bytes()) {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// A span with the one line break before it, when it reaches to the end of a text that has none there: what is left has none
/// either.
pub(super) fn with_break_before(text: &str, span: std::ops::Range<usize>) -> std::ops::Range<usize> {
    if span.end < text.len() || text.ends_with('\n') {
        return span;
    }
    let before = &text[..span.start];
    let kept = before.strip_suffix("\r\n").or_else(|| before.strip_suffix('\n')).unwrap_or(before);
    kept.len()..span.end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_and_markers() {
        for (text, line, column) in [("a\0", 1, 2), ("a=1\n<<<<<<< ours\n", 2, 1), ("\n\n>>>>>>> theirs", 3, 1)] {
            let error = check(text).unwrap_err();
            assert_eq!((error.line, error.column), (line, column), "{text:?}");
        }
        assert_eq!(check(" <<<<<<< a\n<<<<<<<\n=======\na <<<<<<< b"), Ok(()));
        assert!(is_middle_marker("=======\r\n") && !is_middle_marker("======== \n"));
    }
}
