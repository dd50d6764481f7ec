//! PEM blocks among other text, read as leniently as Go's `encoding/pem` reads them (RFC 7468; RFC 1421 for headers).

use base64_simd::STANDARD;
use zeroize::Zeroizing;

/// One block.
pub struct Block<'a> {
    /// What it says it is, such as `CERTIFICATE`.
    pub label: &'a str,
    /// Whether there are headers before the base64; encrypted keys of old have them.
    pub has_headers: bool,
    /// The content, wiped when dropped.
    pub content: Zeroizing<Vec<u8>>,
    /// The block as it is written, with its first and last line.
    pub text: &'a [u8],
}

/// The blocks of `input`, in order. What is not a whole block is skipped.
pub fn blocks(input: &[u8]) -> impl Iterator<Item = Block<'_>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        while from < input.len() {
            let (start, next) = (from, line_end(input, from));
            from = next;
            let Some(label) = border(&input[start..next], b"-----BEGIN ") else { continue };
            if let Some((block, end)) = block(input, start, next, label) {
                from = end;
                return Some(block);
            }
        }
        None
    })
}

/// The offset behind the line that begins at `start`.
fn line_end(input: &[u8], start: usize) -> usize {
    memchr::memchr(b'\n', &input[start..]).map_or(input.len(), |at| start + at + 1)
}

/// The label of a line that begins and ends a block.
fn border<'a>(line: &'a [u8], word: &[u8]) -> Option<&'a str> {
    let label = line.trim_ascii_end().strip_prefix(word)?.strip_suffix(b"-----")?;
    std::str::from_utf8(label).ok()
}

/// The block whose first line spans `start..body`, and the offset behind it.
fn block<'a>(input: &'a [u8], start: usize, body: usize, label: &'a str) -> Option<(Block<'a>, usize)> {
    let mut has_headers = false;
    let mut base64 = Zeroizing::new(Vec::with_capacity(input.len() - body));
    let mut from = body;
    while from < input.len() {
        let end = line_end(input, from);
        let line = &input[from..end];
        if let Some(last) = border(line, b"-----END ") {
            let content = Zeroizing::new(STANDARD.decode_to_vec(base64.as_slice()).ok()?);
            return (last == label).then(|| (Block { label, has_headers, content, text: &input[start..end] }, end));
        }
        if base64.is_empty() && line.contains(&b':') {
            has_headers = true;
        } else {
            base64.extend(line.iter().filter(|byte| !byte.is_ascii_whitespace()));
        }
        from = end;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Vec<(String, Vec<u8>, bool)> {
        blocks(text.as_bytes()).map(|b| (b.label.to_owned(), b.content.to_vec(), b.has_headers)).collect()
    }

    #[test]
    fn blocks_are_found_among_other_text() {
        let text = "junk\n-----BEGIN A-----\nAQ\n ID\r\n-----END A-----\nmore\n-----BEGIN B B-----  \nk: v\nl: w\n\nBAUG\n-----END B B-----";
        let want = [("A".to_owned(), vec![1, 2, 3], false), ("B B".to_owned(), vec![4, 5, 6], true)];
        assert_eq!(labels(text), want);
    }

    #[test]
    fn what_is_no_whole_block_is_skipped() {
        let good = "-----BEGIN A-----\nAQID\n-----END A-----\n";
        for broken in [
            "-----BEGIN A-----\nAQID\n",
            "-----BEGIN A-----\nAQID\n-----END B-----\n",
            "-----BEGIN A-----\nA!ID\n-----END A-----\n",
            "-----BEGIN A----\n",
            " -----BEGIN B-----\n",
        ] {
            assert_eq!(labels(&format!("{broken}{good}")), [("A".to_owned(), vec![1, 2, 3], false)], "{broken}");
        }
        assert_eq!(labels(""), []);
        assert_eq!(labels("-----BEGIN A-----"), []);
    }
}
