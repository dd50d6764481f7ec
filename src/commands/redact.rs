//! Keeps secrets out of a stream of output, in whatever pieces it comes. Pure.
//!
//! What is looked for is each value, each of its lines, and both as a program might print them: without the blanks around
//! them, as JSON, as part of a URL, in base64 (also as a part of something longer, and broken into lines, which JSON may spell
//! as `\n`). Texts shorter than [`SHORTEST`] bytes are not: they would be found everywhere. Everything that is found, be it
//! overlapping, becomes one [`MASK`].

mod heads;

use std::collections::BTreeSet;

use zeroize::Zeroizing;

use crate::fsio::run::Filter;
use heads::Heads;

/// What is shown instead.
pub const MASK: &str = "[redacted]";
/// Shorter values are not looked for.
pub const SHORTEST: usize = 4;
/// Words that tell nobody anything, and stand everywhere.
const NO_SECRETS: [&str; 3] = ["true", "false", "null"];
/// As many bytes of base64 have to depend on the value alone for that piece of it to be looked for.
const SHORTEST_PIECE: usize = 8;
/// Longer texts are looked for in pieces of this length: what is held back, and compared at every byte, stays bounded.
const LONGEST_PIECE: usize = 1024;
/// By so much pieces overlap, so that what is found of them is one; and before so many characters of base64 no line break is
/// looked for, as every line that ends with the first of them would be held back.
const OVERLAP: usize = 4;
/// So many bytes every piece has, and no line break is looked for among them.
const HEAD: usize = 4;
const _: () = assert!(HEAD <= SHORTEST && HEAD <= SHORTEST_PIECE && HEAD <= OVERLAP);
/// The most bytes of a line break, with the indentation after it.
const LONGEST_BREAK: usize = 64;

/// What is looked for.
pub struct Secrets {
    exact: Patterns,
    /// Base64, which may be broken into lines.
    breakable: Patterns,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets([REDACTED])")
    }
}

impl Secrets {
    /// Looks for these values in all their forms.
    pub fn new<'v>(values: impl IntoIterator<Item = &'v str>) -> Self {
        let mut all = BTreeSet::new();
        for value in values {
            all.extend([value, value.trim()]);
            all.extend(value.lines().map(str::trim));
        }
        let mut secrets = Self { exact: Patterns::default(), breakable: Patterns::default() };
        for value in all {
            secrets.add_forms(value);
        }
        secrets.exact.sort();
        secrets.breakable.sort();
        secrets
    }

    fn add_forms(&mut self, value: &str) {
        if value.len() < SHORTEST || NO_SECRETS.iter().any(|word| word.eq_ignore_ascii_case(value)) {
            return;
        }
        let mut forms: Vec<_> = json_forms(value).into_iter().chain(url_forms(value)).map(wiped).collect();
        // with a line break at its end masked as well, lines would run into each other
        let bare = value.trim_end_matches(['\n', '\r']);
        forms.push(wiped(if bare.len() < SHORTEST { value } else { bare }.to_owned()));
        self.exact.add(forms, 0);
        let forms = base64_forms(value.as_bytes());
        // where a break is among its first characters, the rest is looked for
        self.breakable.add(forms, OVERLAP - 1);
    }

    /// How much of the beginning of `bytes` is secret, and whether more bytes could change that.
    fn at(&self, bytes: &[u8]) -> (usize, bool) {
        let (exact, more) = self.exact.at(bytes, |_| 0);
        let (broken, more_broken) =
            self.breakable.at(bytes, |(depth, rest)| if depth < OVERLAP { 0 } else { line_break(rest) });
        (exact.max(broken), more || more_broken)
    }

    /// A filter for one stream.
    pub fn filter(&self) -> Redactor<'_> {
        Redactor { secrets: self, held: Zeroizing::default(), covered: 0 }
    }
}

fn wiped(text: String) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.into_bytes())
}

/// The length of the line break and indentation that `bytes` begin with, as they are or as JSON spells them.
fn line_break(bytes: &[u8]) -> usize {
    let mut at = 0;
    while at <= LONGEST_BREAK {
        at += match (&bytes[at..], at) {
            ([b'\r' | b'\n', ..], _) => 1,
            ([b' ' | b'\t', ..], 1..) => 1,
            ([b'\\', b'r' | b'n', ..], _) => 2,
            ([b'\\', b't', ..], 1..) => 2,
            // what comes next tells
            ([b'\\'], _) => return bytes.len(),
            _ => return at,
        };
    }
    0
}

/// Texts, and the pieces of them that are looked for, in the order of their bytes.
#[derive(Default)]
struct Patterns {
    texts: Vec<Zeroizing<Vec<u8>>>,
    pieces: Vec<Piece>,
    /// Where the pieces with each first byte begin, and where the last ones end.
    firsts: Vec<usize>,
    heads: Heads,
}

#[derive(Clone, Copy)]
struct Piece {
    text: usize,
    start: usize,
    end: usize,
}

impl Patterns {
    /// Adds texts; each of their pieces also without up to `skips` of its first bytes.
    fn add(&mut self, mut texts: Vec<Zeroizing<Vec<u8>>>, skips: usize) {
        texts.sort_by(|left, right| left.cmp(right));
        texts.dedup();
        for text in texts {
            let (length, mut start) = (text.len(), 0);
            loop {
                let end = length.min(start + LONGEST_PIECE);
                for skipped in 0..=skips {
                    if skipped == 0 || end - start >= skipped + SHORTEST_PIECE {
                        self.pieces.push(Piece { text: self.texts.len(), start: start + skipped, end });
                    }
                }
                if end == length {
                    break;
                }
                start = (end - OVERLAP).min(length - LONGEST_PIECE);
            }
            self.texts.push(text);
        }
    }

    fn sort(&mut self) {
        let Self { texts, pieces, firsts, heads } = self;
        let bytes = |piece: &Piece| &texts[piece.text][piece.start..piece.end];
        pieces.retain(|piece| piece.start < piece.end);
        pieces.sort_unstable_by(|left, right| bytes(left).cmp(bytes(right)));
        pieces.dedup_by(|left, right| bytes(left) == bytes(right));
        let start = |first: usize| pieces.partition_point(|piece| usize::from(bytes(piece)[0]) < first);
        *firsts = (0..=256).map(start).collect();
        let head = |piece| bytes(piece).first_chunk().map_or(0, |head| u32::from_be_bytes(*head));
        *heads = Heads::new(pieces.iter().map(head));
    }

    /// How much of the beginning of `bytes` the longest piece covers, and whether more bytes could change that. `gap` says how
    /// many bytes to pass over after so many bytes of a piece.
    fn at(&self, bytes: &[u8], gap: impl Fn((usize, &[u8])) -> usize) -> (usize, bool) {
        let Some(&first) = bytes.first() else { return (0, false) };
        let (range, seen) = match bytes.first_chunk::<HEAD>() {
            Some(head) => (self.heads.find(u32::from_be_bytes(*head)), HEAD),
            None => (self.firsts[usize::from(first)]..self.firsts[usize::from(first) + 1], 1),
        };
        let mut pieces = &self.pieces[range];
        let byte = |piece: &Piece, depth: usize| self.texts[piece.text][piece.start + depth];
        let (mut depth, mut at, mut found) = (seen, seen, 0);
        // all of them begin with what was seen so far, so one that ends here is the first
        while let Some(next) = pieces.first() {
            if next.end - next.start == depth {
                found = at;
                pieces = &pieces[1..];
                continue;
            }
            at += gap((depth, &bytes[at..]));
            let Some(&seen) = bytes.get(at) else { return (found, true) };
            if let [only] = pieces {
                // most of the way there is just one left
                if byte(only, depth) != seen {
                    break;
                }
            } else {
                let from = pieces.partition_point(|piece| byte(piece, depth) < seen);
                let to = from + pieces[from..].partition_point(|piece| byte(piece, depth) == seen);
                pieces = &pieces[from..to];
            }
            depth += 1;
            at += 1;
        }
        (found, false)
    }
}

/// One stream. Only what might be the beginning of a secret is held back.
pub struct Redactor<'s> {
    secrets: &'s Secrets,
    held: Zeroizing<Vec<u8>>,
    /// So many of the held bytes belong to something that was found, and was masked already.
    covered: usize,
}

impl Redactor<'_> {
    fn run(&mut self, last: bool, out: &mut Vec<u8>) {
        let mut at = 0;
        while at < self.held.len() {
            let (found, undecided) = self.secrets.at(&self.held[at..]);
            if undecided && !last {
                break;
            }
            if found > 0 {
                if self.covered == 0 {
                    out.extend_from_slice(MASK.as_bytes());
                }
                self.covered = self.covered.max(found);
            }
            if self.covered > 0 {
                self.covered -= 1;
            } else {
                out.push(self.held[at]);
            }
            at += 1;
        }
        // what stays is moved, and what it leaves behind is wiped
        let rest = self.held.len() - at;
        self.held.copy_within(at.., 0);
        self.held[rest..].fill(0);
        self.held.truncate(rest);
    }
}

impl Filter for Redactor<'_> {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let length = self.held.len() + bytes.len();
        if self.held.capacity() < length {
            // a vector that grows by itself leaves its old content behind
            let mut larger = Zeroizing::new(Vec::with_capacity(length.next_power_of_two()));
            larger.extend_from_slice(&self.held);
            self.held = larger;
        }
        self.held.extend_from_slice(bytes);
        self.run(false, out);
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.run(true, out);
    }
}

/// As JSON writers differ: with and without `\/`, with other characters than ASCII as they are or as `\u`, and as Go does
/// with `<`, `>` and `&`.
fn json_forms(value: &str) -> Vec<String> {
    let spell = |slash: bool, html: bool, ascii: bool, upper: bool| {
        let mut out = String::new();
        for c in value.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\u{8}' => out.push_str("\\b"),
                '\u{c}' => out.push_str("\\f"),
                '/' if slash => out.push_str("\\/"),
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' if html => push_escape(c, upper, &mut out),
                c if c < ' ' || c == '\u{7f}' && ascii => push_escape(c, upper, &mut out),
                c if !c.is_ascii() && ascii => push_escape(c, upper, &mut out),
                c => out.push(c),
            }
        }
        out
    };
    let mut forms = Vec::new();
    for slash in [false, true] {
        for html in [false, true] {
            for ascii in [false, true] {
                for upper in [false, true] {
                    forms.push(spell(slash, html, ascii, upper));
                }
            }
        }
    }
    forms
}

fn push_escape(c: char, upper: bool, out: &mut String) {
    let mut units = [0; 2];
    for unit in c.encode_utf16(&mut units) {
        out.push_str(&if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") });
    }
}

/// As part of a URL: a blank as `%20` or `+`, other characters as `%xx` in either case, and with the characters left alone
/// that most encoders, JavaScript's or the URL standard's leave alone.
fn url_forms(value: &str) -> Vec<String> {
    const KEPT: [&str; 4] = ["-_.~", "-_.~/", "-_.!~*'()", "-_.~!*'();:@&=+$,/?#[]"];
    let mut forms = Vec::new();
    for kept in KEPT {
        for (blank, upper) in [("%20", true), ("+", true), ("%20", false), ("+", false)] {
            let mut out = String::new();
            for byte in value.bytes() {
                let c = char::from(byte);
                if c.is_ascii_alphanumeric() || kept.contains(c) {
                    out.push(c);
                } else if c == ' ' {
                    out.push_str(blank);
                } else {
                    out.push_str(&if upper { format!("%{byte:02X}") } else { format!("%{byte:02x}") });
                }
            }
            forms.push(out);
        }
    }
    forms
}

/// In base64 with either alphabet: alone, and inside something longer, where one or two bytes stand before it. Then only
/// the characters count that depend on nothing else.
fn base64_forms(value: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut forms = Vec::new();
    for alphabet in [base64_simd::STANDARD_NO_PAD, base64_simd::URL_SAFE_NO_PAD] {
        forms.push(wiped(alphabet.encode_to_string(value)));
        for before in 0..3 {
            let mut padded = Zeroizing::new(Vec::with_capacity(before + value.len()));
            padded.resize(before, 0);
            padded.extend_from_slice(value);
            let text = wiped(alphabet.encode_to_string(padded.as_slice()));
            // characters that hold bits of the bytes before, and of whatever comes after
            let start = (before * 8).div_ceil(6);
            let end = padded.len() * 8 / 6;
            if end.saturating_sub(start) >= SHORTEST_PIECE {
                forms.push(Zeroizing::new(text[start..end].to_vec()));
            }
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redact(secrets: &[&str], pieces: &[&[u8]]) -> String {
        let secrets = Secrets::new(secrets.iter().copied());
        let mut filter = secrets.filter();
        let mut out = Vec::new();
        for piece in pieces {
            filter.push(piece, &mut out);
        }
        filter.finish(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn values_are_masked_across_pieces() {
        assert_eq!(redact(&["hunter2"], &[b"a hunter2 b"]), "a [redacted] b");
        assert_eq!(redact(&["hunter2"], &[b"a hun", b"ter", b"2 b"]), "a [redacted] b");
        assert_eq!(redact(&["hunter2"], &[b"hunter", b"1 hunte"]), "hunter1 hunte");
        assert_eq!(redact(&["hunter2", "hunter"], &[b"hunter3 hunter2"]), "[redacted]3 [redacted]");
        // overlapping ones are one
        assert_eq!(redact(&["abcdef", "defghi"], &[b"xabcdefghiy"]), "x[redacted]y");
        assert_eq!(redact(&["abab"], &[b"ababab!"]), "[redacted]!");
    }

    #[test]
    fn forms_are_masked() {
        let secret = "p/ss \"w\u{f6}rd\"<&>\nline two";
        for text in [
            "p/ss \\\"w\u{f6}rd\\\"<&>\\nline two",
            "p\\/ss \\\"w\\u00f6rd\\\"\\u003c\\u0026\\u003e\\nline two",
            "p%2Fss%20%22w%C3%B6rd%22%3C%26%3E%0Aline%20two",
            "p%2fss+%22w%c3%b6rd%22%3c%26%3e%0aline+two",
            "cC9zcyAid8O2cmQiPCY-CmxpbmUgdHdv",
            "cC9zcyAid8O2cmQiPCY+CmxpbmUgdHdv",
        ] {
            assert_eq!(redact(&[secret], &[text.as_bytes()]), "[redacted]", "{text}");
        }
        // one line of several
        assert_eq!(redact(&[secret], &[b"  line two\n"]), "  [redacted]\n");
        // what basic authentication sends
        let header = base64_simd::STANDARD.encode_to_string("user:correct horse");
        assert!(redact(&["correct horse"], &[header.as_bytes()]).contains(MASK));
    }

    #[test]
    fn blanks_around_a_value_do_not_hide_it() {
        assert_eq!(redact(&["hunter2\n"], &[b"is hunter2."]), "is [redacted].");
        assert_eq!(redact(&["hunter2\n"], &[b"hunter2\nhunter2\r\n"]), "[redacted]\n[redacted]\r\n");
        assert_eq!(redact(&["  hunter2 x "], &[b"<hunter2 x>"]), "<[redacted]>");
        assert_eq!(redact(&["\thunter2\n\n"], &[b"hunter2"]), "[redacted]");
        let printed = base64_simd::STANDARD.encode_to_string("hunter2");
        assert!(redact(&["hunter2\n"], &[printed.as_bytes()]).starts_with(MASK));
    }

    #[test]
    fn base64_of_several_lines_is_masked() {
        let secret: String = (0..90_u8).map(|at| char::from(b'!' + at)).collect();
        let text = base64_simd::STANDARD.encode_to_string(format!("{secret}\n"));
        for (width, line_break) in
            [(76, "\n"), (64, "\n"), (64, "\r\n"), (76, "\n    "), (9, "\n"), (76, "\\n"), (64, "\\r\\n")]
        {
            let shown = redact(&[&secret], &[wrap(&text, width, line_break).as_bytes()]);
            assert_eq!(shown, "[redacted]Cg==", "{width}");
        }
        // lines that only begin like it are not held back
        let secrets = Secrets::new([secret.as_str()]);
        let mut filter = secrets.filter();
        let mut out = Vec::new();
        filter.push(format!("ready {}\n", &text[..3]).as_bytes(), &mut out);
        assert!(out.ends_with(b"\n"));
        // nor is anything because of blank lines without end
        filter.push(&text.as_bytes()[..20], &mut out);
        filter.push(&[b'\n'; 100], &mut out);
        assert_eq!(&out[out.len() - 100..], [b'\n'; 100]);
    }

    fn wrap(text: &str, width: usize, line_break: &str) -> String {
        let lines: Vec<&str> = text.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
        lines.join(line_break)
    }

    #[test]
    fn long_values_cost_little_and_are_one_mask() {
        let mut state = 1_u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b'a' + (state >> 24) as u8 % 26)
        };
        for line in [usize::MAX, 50] {
            let value: String = (0..99_999).map(|at| if at % line == line - 1 { '\n' } else { random() }).collect();
            let secrets = Secrets::new([value.as_str()]);
            let encoded = wrap(&base64_simd::STANDARD.encode_to_string(&value), 76, "\n");
            for (text, rest) in [(value.as_str(), 0), (&encoded, 4)] {
                let mut filter = secrets.filter();
                let mut out = Vec::new();
                for piece in format!("<{text}>").as_bytes().chunks(8192) {
                    filter.push(piece, &mut out);
                    assert!(filter.held.len() < 4 * LONGEST_PIECE);
                }
                filter.finish(&mut out);
                let out = String::from_utf8(out).unwrap();
                assert!(out.starts_with("<[redacted]") && out.ends_with('>'));
                assert!(out.len() <= "<[redacted]>".len() + rest, "{}", out.len());
            }
        }
    }

    #[test]
    fn short_ones_are_left_alone() {
        assert_eq!(redact(&["1", "", "abc", "true", "Null"], &[b"1 abc true Null"]), "1 abc true Null");
    }

    #[test]
    fn only_possible_beginnings_are_held_back() {
        let secrets = Secrets::new(["hunter2"]);
        let mut filter = secrets.filter();
        let mut out = Vec::new();
        filter.push(b"password: ", &mut out);
        assert_eq!(out, b"password: ");
        filter.push(b"hu", &mut out);
        assert_eq!(out, b"password: ");
        filter.push(b"t", &mut out);
        assert_eq!(out, b"password: hut");
    }

    proptest! {
        /// However the output is cut: the same comes out, no form of a secret is in it, and without secrets nothing changes.
        #[test]
        fn pieces_do_not_matter(
            secrets in prop::collection::vec("[ab\\n\"/é]{4,9}", 1..4),
            words in prop::collection::vec("[abc/ ]{0,6}", 1..6),
            cuts in prop::collection::vec(0_usize..200, 0..12),
            form in 0_usize..5,
        ) {
            let mut text = Vec::new();
            for (at, word) in words.iter().enumerate() {
                text.extend_from_slice(word.as_bytes());
                let secret = &secrets[at % secrets.len()];
                let forms = [
                    secret.clone(),
                    json_forms(secret)[form % 16].clone(),
                    url_forms(secret)[form].clone(),
                    base64_simd::STANDARD.encode_to_string(secret),
                    base64_simd::URL_SAFE_NO_PAD.encode_to_string(secret),
                ];
                text.extend_from_slice(forms[form].as_bytes());
            }
            let given: Vec<&str> = secrets.iter().map(String::as_str).collect();
            let whole = redact(&given, &[&text]);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
            prop_assert_eq!(&redact(&given, &pieces), &whole);
            let bare = whole.replace(MASK, "\u{0}");
            for secret in &secrets {
                prop_assert!(!bare.contains(secret.as_str()));
                prop_assert!(!bare.contains(&base64_simd::STANDARD.encode_to_string(secret)));
            }
            prop_assert_eq!(redact(&[], &[&text]), String::from_utf8_lossy(&text).into_owned());
        }

        /// However base64 is broken into lines, and those are cut: nothing of it stays but what belongs to the neighbours, and
        /// up to three characters before a break.
        #[test]
        fn lines_of_base64_do_not_matter(
            before in "[a-z]{0,90}",
            secret in "[A-Z0-9 é]{20,300}",
            after in "[a-z]{0,9}",
            width in prop::sample::select(vec![20_usize, 64, 76]),
            line_break in prop::sample::select(vec!["\n", "\r\n", "\n  ", "\\n", "\\r\\n\\t"]),
            cuts in prop::collection::vec(0_usize..600, 0..12),
        ) {
            let text = base64_simd::STANDARD.encode_to_string(format!("{before}{secret}{after}"));
            let text = wrap(&text, width, line_break);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &text.as_bytes()[pair[0]..pair[1]]).collect();
            let shown = redact(&[&secret], &pieces);
            prop_assert_eq!(&shown, &redact(&[&secret], &[text.as_bytes()]));
            prop_assert!(shown.contains(MASK), "{shown}");
            let rest = [MASK, "\\r", "\\n", "\\t"].iter().fold(shown.clone(), |rest, gone| rest.replace(gone, ""));
            let rest = rest.bytes().filter(|byte| !byte.is_ascii_whitespace()).count();
            let neighbours = (before.len() * 4).div_ceil(3) + (after.len() * 4).div_ceil(3);
            prop_assert!(rest <= neighbours + 2 + 2 + 2 * 3, "{shown}");
        }
    }
}
