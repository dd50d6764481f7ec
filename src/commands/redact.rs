//! Keeps secrets out of a stream of output, in whatever pieces it comes. Pure.
//!
//! What is looked for is each value, each of its lines, and both as a program might print them: as JSON, as part of a URL,
//! in base64 (also as a part of something longer). Texts shorter than [`SHORTEST`] bytes are not: they would be found
//! everywhere. Everything that is found, be it overlapping, becomes one [`MASK`].

use zeroize::Zeroizing;

use crate::fsio::run::Filter;

/// What is shown instead.
pub const MASK: &str = "[redacted]";
/// Shorter values are not looked for.
pub const SHORTEST: usize = 4;
/// Words that tell nobody anything, and stand everywhere.
const NO_SECRETS: [&str; 3] = ["true", "false", "null"];
/// As many bytes of base64 have to depend on the value alone for that piece of it to be looked for.
const SHORTEST_PIECE: usize = 8;

/// What is looked for.
pub struct Secrets {
    /// By their first byte.
    patterns: Vec<Vec<Zeroizing<Vec<u8>>>>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets([REDACTED])")
    }
}

impl Secrets {
    /// Looks for these values in all their forms.
    pub fn new<'v>(values: impl IntoIterator<Item = &'v str>) -> Self {
        let mut secrets = Self { patterns: vec![Vec::new(); 256] };
        for value in values {
            secrets.add_forms(value);
            let lines: Vec<&str> = value.lines().map(str::trim).collect();
            if lines.len() > 1 {
                lines.into_iter().for_each(|line| secrets.add_forms(line));
            }
        }
        for patterns in &mut secrets.patterns {
            patterns.sort_by(|left, right| right.len().cmp(&left.len()).then_with(|| left.cmp(right)));
            patterns.dedup();
        }
        secrets
    }

    fn add_forms(&mut self, value: &str) {
        if value.len() < SHORTEST || NO_SECRETS.contains(&value) {
            return;
        }
        self.add(value.as_bytes().to_vec());
        for form in json_forms(value) {
            self.add(form.into_bytes());
        }
        for form in url_forms(value) {
            self.add(form.into_bytes());
        }
        for form in base64_forms(value.as_bytes()) {
            self.add(form);
        }
    }

    fn add(&mut self, pattern: Vec<u8>) {
        let pattern = Zeroizing::new(pattern);
        if let Some(first) = pattern.first() {
            self.patterns[usize::from(*first)].push(pattern);
        }
    }

    /// How much of the beginning of `bytes` is secret, and whether more bytes could change that.
    fn at(&self, bytes: &[u8]) -> (usize, bool) {
        let patterns = bytes.first().map_or(&[][..], |first| self.patterns[usize::from(*first)].as_slice());
        let mut undecided = false;
        for pattern in patterns {
            if bytes.starts_with(pattern) {
                return (pattern.len(), undecided);
            }
            undecided |= pattern.starts_with(bytes);
        }
        (0, undecided)
    }

    /// A filter for one stream.
    pub fn filter(&self) -> Redactor<'_> {
        Redactor { secrets: self, held: Zeroizing::default(), covered: 0 }
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
fn base64_forms(value: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    for alphabet in [base64_simd::STANDARD_NO_PAD, base64_simd::URL_SAFE_NO_PAD] {
        let whole = alphabet.encode_to_string(value);
        forms.push(whole.into_bytes());
        for before in 0..3 {
            let mut padded = vec![0; before];
            padded.extend_from_slice(value);
            let text = alphabet.encode_to_string(&padded).into_bytes();
            // characters that hold bits of the bytes before, and of whatever comes after
            let start = (before * 8).div_ceil(6);
            let end = padded.len() * 8 / 6;
            if end.saturating_sub(start) >= SHORTEST_PIECE {
                forms.push(text[start..end].to_vec());
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
    fn short_ones_are_left_alone() {
        assert_eq!(redact(&["1", "", "abc", "true"], &[b"1 abc true"]), "1 abc true");
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
    }
}
