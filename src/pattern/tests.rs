//! Patterns that the two engines read differently. Each row was checked with Go 1.26 `regexp`.

use proptest::prelude::*;

use super::*;

/// Pattern, texts that match, texts that do not.
type Row = (&'static str, &'static [&'static str], &'static [&'static str]);

const ROWS: &[Row] = &[
    // ASCII classes
    (r"^\d$", &["7"], &["٣", "x"]),
    (r"^\D$", &["٣", "x", "\n"], &["7"]),
    (r"^\w$", &["a", "_", "9"], &["é", "-"]),
    (r"^\W$", &["é", "-"], &["a"]),
    (r"^\s$", &[" ", "\t", "\n", "\u{c}", "\r"], &["\u{b}", "\u{a0}"]),
    (r"^\S$", &["\u{b}", "\u{a0}"], &[" "]),
    (r"^[\d\s]$", &["7", " "], &["٣", "\u{a0}"]),
    (r"^[^\W]$", &["a"], &["é"]),
    (r"^[\D]$", &["٣"], &["7"]),
    (r"\bx", &["x", "éx", " x"], &["ax"]),
    (r"\Bx", &["ax"], &["x", "éx"]),
    (r"é\B", &["é", "éé"], &["éa"]),
    // classes that hold what the crate takes as operators
    (r"^[a[]$", &["a", "["], &["b"]),
    (r"^[[a]$", &["a", "["], &["b"]),
    (r"^[a&&b]$", &["a", "&", "b"], &["c"]),
    (r"^[a--b]$", &[], &[]),
    (r"^[!--]$", &["!", "-", "("], &["a"]),
    (r"^[a~~b]$", &["a", "~", "b"], &["c"]),
    (r"^[a-c&&[b]$", &["a", "&", "["], &["d"]),
    (r"^[]a]$", &["]", "a"], &["b"]),
    (r"^[^]a]$", &["b"], &["]", "a"]),
    (r"^[a-]$", &["a", "-"], &["b"]),
    (r"^[-a]$", &["a", "-"], &["b"]),
    (r"^[\d-z]$", &["1", "-", "z"], &["a"]),
    (r"^[[:alpha:]é]$", &["a", "é"], &["1", "ü"]),
    (r"^[[:^alpha:]]$", &["1", "é"], &["a"]),
    (r"^[[:a]$", &["[", ":", "a"], &["b"]),
    (r"^[[:space:]]$", &["\u{b}", " "], &["\u{a0}"]),
    (r"^[\x{D800}-\x{E000}]$", &["\u{e000}"], &["\u{d7ff}"]),
    // literals
    (r"^{$", &["{"], &["x"]),
    (r"^a{$", &["a{"], &["a"]),
    (r"^a{,2}$", &["a{,2}"], &["a", "aa"]),
    (r"^a{01}$", &["a{01}"], &["a"]),
    (r"^a{1,02}$", &["a{1,02}"], &["a"]),
    (r"^x{y}$", &["x{y}"], &["x"]),
    (r"^a}]$", &["a}]"], &["a"]),
    (r"^\<\>\_\-\#\ \&\~\@$", &["<>_-# &~@"], &[""]),
    (r"^\Qa.b*\E+$", &["a.b*", "a.b**"], &["axb"]),
    (r"^\Qa(b", &["a(b"], &["ab"]),
    (r"^a\Q\E*$", &["", "aa"], &["b"]),
    (r"^\101\060\0$", &["A0\0"], &["a"]),
    (r"^\18$", &[], &[]),
    (r"^\x41\x{1F600}\a\f\t\n\r\v$", &["A😀\u{7}\u{c}\t\n\r\u{b}"], &["A"]),
    ("^é{2}$", &["éé"], &["é"]),
    ("# not a comment", &["# not a comment"], &["#notacomment"]),
    // groups and flags
    (r"^(?i)ab$", &["AB", "ab"], &["ac"]),
    (r"^(?i:a)b$", &["Ab"], &["AB"]),
    (r"^a(?i)b|c$", &["aB", "C"], &["Ab"]),
    (r"^(a(?i)b)c$", &["aBc"], &["aBC"]),
    (r"^(?i)k$", &["k", "K", "\u{212a}"], &["x"]),
    (r"^(?i)\w$", &["s", "\u{17f}", "\u{212a}"], &["é"]),
    (r"^(?i)[[:lower:]]$", &["a", "A", "\u{17f}"], &["1"]),
    (r"^(?i)[^k]$", &["x"], &["K", "\u{212a}"]),
    (r"^(?ii-i)a$", &["a"], &["A"]),
    (r"^(?)a$", &["a"], &["b"]),
    (r"^(?:)a$", &["a"], &["b"]),
    (r"^a.b$", &["axb", "aéb", "a\rb"], &["a\nb"]),
    (r"^(?s)a.b$", &["a\nb"], &["ab"]),
    (r"^(?s-s:a.b)$", &["axb"], &["a\nb"]),
    (r"a$", &["a", "b\na"], &["a\n"]),
    (r"(?m)^a$", &["b\na\nc", "a\n"], &["ab"]),
    (r"\Aa\z", &["a"], &["a\n", "b\na"]),
    (r"^(?P<n>a)(?<m>b)(?P<1x>c)$", &["abc"], &["ab"]),
    (r"^(?U)a+$", &["aa"], &[""]),
    (r"^[^a]$", &["\n", "b"], &["a"]),
    // repetition
    (r"^a{2}b{1,}c{0,1}$", &["aab", "aabbc"], &["ab"]),
    (r"^a+?$", &["a", "aa"], &[""]),
    (r"^(?:a+(?i)?)$", &["", "a"], &["A"]),
    (r"^(a*)*$", &["", "aaa"], &["b"]),
    (r"^(a|b|)$", &["a", "b", ""], &["c"]),
    (r"^(|a)+$", &["", "a", "aa"], &["b"]),
    (r"^()$", &[""], &["a"]),
    (r"^*a", &["a", "ba"], &["b"]),
    (r"^(?:a{10}){100}$", &[], &["a"]),
    (r"^(a{1000}|b)c{1000}$", &[], &["a"]),
    // Unicode
    (r"^\pL$", &["é", "a"], &["1"]),
    (r"^\PL$", &["1"], &["é"]),
    (r"^\p{^L}$", &["1"], &["é"]),
    (r"^\P{^L}$", &["é"], &["1"]),
    (r"^\p{Greek}$", &["α"], &["a"]),
    (r"^[\p{Lu}\d]$", &["A", "1"], &["a"]),
    (r"^(?i)\p{Lu}$", &["A", "a"], &["1"]),
    (r"^\p{Any}$", &["a", "\n"], &[""]),
    (r"^.$", &["é", "😀"], &["e\u{301}"]),
];

/// What both engines, or only Go, refuse.
const REFUSED: &[(&str, &str)] = &[
    ("(", "a `)` is missing"),
    ("(?i", "a `)` is missing"),
    ("a)", "there is a `)` without `(`"),
    ("[a", "a `]` is missing"),
    ("[]", "a `]` is missing"),
    ("[[:alpha:]", "a `]` is missing"),
    ("[[:alfa:]]", "`[:alfa:]` is no character class or range"),
    ("[b-a]", "`b-a` is no character class or range"),
    (r"[a-\d]", r"`\d` is no escape sequence"),
    ("*", "`*` has nothing to repeat"),
    ("a|*", "`*` has nothing to repeat"),
    ("(+a)", "`+` has nothing to repeat"),
    ("{2}", "`{2}` has nothing to repeat"),
    ("(?i)*", "`*` has nothing to repeat"),
    ("a**", "`**` repeats a repetition"),
    ("x*+", "`*+` repeats a repetition"),
    ("a{2}{3}", "`{2}{3}` repeats a repetition"),
    ("a???", "`???` repeats a repetition"),
    ("a{1001}", "`{1001}` is no possible number of repetitions (at most 1000)"),
    ("a{2,1}", "`{2,1}` is no possible number of repetitions (at most 1000)"),
    ("a{99999999999999}", "`{99999999999999}` is no possible number of repetitions (at most 1000)"),
    ("(a{100}){11}", "`{11}` is no possible number of repetitions (at most 1000)"),
    ("((a{100})*b){11}", "`{11}` is no possible number of repetitions (at most 1000)"),
    (r"\q", r"`\q` is no escape sequence"),
    (r"\1", r"`\1` is no escape sequence"),
    (r"\8", r"`\8` is no escape sequence"),
    (r"\E", r"`\E` is no escape sequence"),
    (r"\Z", r"`\Z` is no escape sequence"),
    (r"\C", r"`\C` is no escape sequence"),
    (r"\é", r"`\é` is no escape sequence"),
    (r"\x{}", r"`\x{}` is no escape sequence"),
    (r"\x{110000}", r"`\x{110000}` is no escape sequence"),
    (r"\u0041", r"`\u` is no escape sequence"),
    ("a\\", "it ends in a backslash"),
    ("[\\", "it ends in a backslash"),
    (r"\pX", r"`\pX` is no character class or range"),
    (r"\p", r"`\p` is no character class or range"),
    (r"\p{Klingon}", r"`\p{Klingon}` is no character class or range"),
    (r"\p{Alphabetic}", r"`\p{Alphabetic}` is no character class or range"),
    ("(?x)a", "`(?x` is not supported; look-around and other Perl extensions never are"),
    ("(?=a)", "`(?=` is not supported; look-around and other Perl extensions never are"),
    ("(?!a)", "`(?!` is not supported; look-around and other Perl extensions never are"),
    ("(?-)a", "`(?-)` is not supported; look-around and other Perl extensions never are"),
    ("(?i--s)a", "`(?i--` is not supported; look-around and other Perl extensions never are"),
    ("(?<=a)", "`(?<=a)` is no group name"),
    ("(?P<>a)", "`(?P<>` is no group name"),
    ("(?P<é>a)", "`(?P<é>` is no group name"),
];

#[test]
fn patterns_mean_what_they_mean_in_go() {
    for (pattern, yes, no) in ROWS {
        if yes.is_empty() && no.is_empty() {
            assert!(compile(pattern).is_err(), "{pattern}");
            continue;
        }
        let compiled = compile(pattern).unwrap_or_else(|error| panic!("{error}"));
        for text in *yes {
            assert!(compiled.is_match(text), "{pattern} should match {text:?}; it became {compiled}");
        }
        for text in *no {
            assert!(!compiled.is_match(text), "{pattern} should not match {text:?}; it became {compiled}");
        }
    }
}

#[test]
fn what_go_refuses_is_refused() {
    for (pattern, problem) in REFUSED {
        let error = compile(pattern).map(|_| ()).expect_err(pattern);
        assert_eq!(error.to_string(), format!("invalid regular expression `{pattern}`: {problem}"));
        assert!(matches!(error, RegexError::Syntax { .. }), "{pattern}");
    }
}

#[test]
fn size_is_limited() {
    let too_large = |pattern: &str| matches!(compile(pattern), Err(RegexError::TooLarge { .. }));
    assert!(too_large(r"(?:\pL{30}){33}x(?:\pL{30}){33}x(?:\pL{30}){33}"));
    assert!(too_large(&"a".repeat(MAX_PATTERN_LENGTH + 1)));
    assert!(too_large(&format!("{}{}", "(".repeat(400), ")".repeat(400))));
    assert!(compile(&"a".repeat(1000)).is_ok());
}

fn piece() -> impl Strategy<Value = String> {
    let fixed = proptest::sample::select(vec![
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "*",
        "+",
        "?",
        "|",
        "^",
        "$",
        ".",
        "\\",
        "-",
        "&&",
        "~~",
        "a",
        "é",
        "😀",
        "0",
        "1",
        ",",
        ":",
        "(?i)",
        "(?P<",
        ">",
        "[:alpha:]",
        r"\Q",
        r"\E",
        r"\d",
        r"\p{",
        r"\x{",
        r"\b",
        "^",
        "D800",
        "Greek",
        "x",
        "s",
        "{2}",
        "{3,}",
    ]);
    prop_oneof![9 => fixed.prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// No input panics, and what the translator accepts, the crate accepts, unless it is too large.
    #[test]
    fn any_pattern_is_answered(pieces in proptest::collection::vec(piece(), 0..16)) {
        let pattern = pieces.concat();
        match compile(&pattern) {
            Ok(compiled) => { compiled.is_match("aé0"); }
            Err(RegexError::Syntax { .. }) => {}
            Err(RegexError::TooLarge { .. }) => prop_assert!(false, "{pattern:?}"),
        }
    }

    #[test]
    fn quoted_text_matches_itself(text in "[^\\\\]{0,20}") {
        let pattern = format!(r"^\Q{text}\E$");
        prop_assert!(compile(&pattern).unwrap().is_match(&text));
    }
}
