//! Key paths as people write them: `db.users[0].password`, `"a.b".c`, and sops's `["db"]["x"][0]`.
//!
//! ```text
//! path    = first { next }
//! first   = key | quoted | bracket
//! next    = "." key | "." quoted | bracket
//! key     = text without . [ ] " and control characters, not empty, not starting with '
//! quoted  = a JSON string: "a.b", "tab\tinside", "\u00e9"
//! bracket = "[" digits "]" | "[\"" raw "\"]" | "['" raw "']"
//! ```
//!
//! Inside brackets there are no escapes, as in sops (`cmd/sops/main.go`, `parseTreePath`): the key ends at
//! the first closing quote that `]` follows. A number outside brackets is a key (`a.0`), never a position.
//! [`KeyPath`] displays in the dotted form and quotes where it must, so that every path that is not empty
//! parses back to itself.

use std::fmt;
use std::str::FromStr;

/// Longest path text that is read, in bytes: far above any real path, and a bound on the work.
pub const MAX_LENGTH: usize = 64 * 1024;
/// Most steps a path may have: deeper than the document engines allow documents to be.
pub const MAX_STEPS: usize = 1024;

/// One step of a key path.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum Step {
    /// A mapping key.
    Key(String),
    /// A position in a list, from 0.
    Index(usize),
}

/// Where a value is in a document. Shown in the dotted form.
#[derive(Clone, PartialEq, Eq, Debug, Hash, Default)]
pub struct KeyPath(pub Vec<Step>);

/// A key path that cannot be read: where and why. Never holds the text.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("bad key path at character {at}: {problem}")]
pub struct PathError {
    /// Position of the offending character, from 1.
    pub at: usize,
    /// What is wrong there.
    pub problem: PathProblem,
}

/// What can be wrong with a key path.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PathProblem {
    /// Nothing was given.
    #[error("the path is empty")]
    Empty,
    /// The text is longer than [`MAX_LENGTH`].
    #[error("the path is longer than {MAX_LENGTH} bytes")]
    TooLong,
    /// There are more than [`MAX_STEPS`] steps.
    #[error("the path has more than {MAX_STEPS} steps")]
    TooManySteps,
    /// Two dots, a dot at either end, or a dot before a bracket.
    #[error("expected a key (an empty key is written \"\")")]
    NoKey,
    /// Something other than `.` or `[` follows a finished step.
    #[error("expected \".\" or \"[\" here")]
    NoSeparator,
    /// A character that only a quoted key may hold.
    #[error("this character needs a quoted key, such as \"a.b\"")]
    NeedsQuotes,
    /// A quoted key without its end.
    #[error("the quoted key that starts here has no closing quote")]
    OpenQuote,
    /// A bracket without its end.
    #[error("the \"[\" here has no closing \"]\"")]
    OpenBracket,
    /// A bracket that holds neither a number nor a quoted key.
    #[error("expected a position such as [0] or a quoted key such as [\"name\"]")]
    NotAnIndex,
    /// A position that no list can have.
    #[error("the position is too large")]
    HugeIndex,
    /// A backslash sequence JSON does not know.
    #[error("unknown escape sequence")]
    BadEscape,
}

impl KeyPath {
    /// Reads a path in any of the three spellings, which may be mixed.
    ///
    /// # Errors
    /// [`PathError`] with the position of the first character that does not fit.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        if text.is_empty() {
            return Err(PathError { at: 1, problem: PathProblem::Empty });
        }
        if text.len() > MAX_LENGTH {
            return Err(PathError { at: 1, problem: PathProblem::TooLong });
        }
        let mut reader = Reader { text, at: 0 };
        let mut steps = Vec::new();
        while reader.at < text.len() {
            if steps.len() == MAX_STEPS {
                return Err(reader.error(PathProblem::TooManySteps));
            }
            let step = match reader.peek() {
                Some('[') => reader.bracket()?,
                Some('.') if !steps.is_empty() => {
                    reader.at += 1;
                    reader.key()?
                }
                _ if steps.is_empty() => reader.key()?,
                _ => return Err(reader.error(PathProblem::NoSeparator)),
            };
            steps.push(step);
        }
        Ok(Self(steps))
    }

    /// Whether this path names the whole document.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for KeyPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => {
                    if position > 0 {
                        f.write_str(".")?;
                    }
                    if is_bare(key) {
                        f.write_str(key)?;
                    } else {
                        write_quoted(key, f)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The unread rest of a path.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn error(&self, problem: PathProblem) -> PathError {
        self.error_at(self.at, problem)
    }

    fn error_at(&self, byte: usize, problem: PathProblem) -> PathError {
        PathError { at: self.text[..byte].chars().count() + 1, problem }
    }

    /// A bare or JSON-quoted key.
    fn key(&mut self) -> Result<Step, PathError> {
        match self.peek() {
            None | Some('.' | '[') => return Err(self.error(PathProblem::NoKey)),
            Some('"') => return self.quoted(),
            Some('\'') => return Err(self.error(PathProblem::NeedsQuotes)),
            Some(_) => {}
        }
        let rest = self.rest();
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        if let Some(bad) = rest[..end].find(|c| !bare_char(c)) {
            return Err(self.error_at(self.at + bad, PathProblem::NeedsQuotes));
        }
        let key = rest[..end].to_owned();
        self.at += end;
        Ok(Step::Key(key))
    }

    /// A JSON string, the reader standing on its opening quote.
    fn quoted(&mut self) -> Result<Step, PathError> {
        let start = self.at;
        self.at += 1;
        let mut key = String::new();
        while let Some(c) = self.peek() {
            let here = self.at;
            self.at += c.len_utf8();
            match c {
                '"' => return Ok(Step::Key(key)),
                '\\' => match self.escape() {
                    Some(c) => key.push(c),
                    None => return Err(self.error_at(here, PathProblem::BadEscape)),
                },
                c => key.push(c),
            }
        }
        Err(self.error_at(start, PathProblem::OpenQuote))
    }

    /// What follows a backslash; `None` when JSON does not know it.
    fn escape(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(match c {
            '"' | '\\' | '/' => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let first = self.hex()?;
                if !(0xD800..0xDC00).contains(&first) {
                    // a lone low half is no character: from_u32 says so
                    return char::from_u32(first);
                }
                self.at += self.rest().starts_with("\\u").then_some(2)?;
                let second = self.hex()?;
                let low = second.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
                char::from_u32(0x10000 + ((first - 0xD800) << 10) + low)?
            }
            _ => return None,
        })
    }

    /// Four hexadecimal digits.
    fn hex(&mut self) -> Option<u32> {
        let digits = self.rest().get(..4)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let value = u32::from_str_radix(digits, 16).ok()?;
        self.at += 4;
        Some(value)
    }

    /// `[0]`, `["raw"]` or `['raw']`, the reader standing on the bracket.
    fn bracket(&mut self) -> Result<Step, PathError> {
        let inside = &self.rest()[1..];
        for close in ["\"]", "']"] {
            if inside.starts_with(&close[..1]) {
                let Some(length) = inside[1..].find(close) else {
                    return Err(self.error(PathProblem::OpenBracket));
                };
                let key = inside[1..=length].to_owned();
                self.at += length + 4;
                return Ok(Step::Key(key));
            }
        }
        let Some(length) = inside.find(']') else {
            return Err(self.error(PathProblem::OpenBracket));
        };
        let digits = &inside[..length];
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(self.error_at(self.at + 1, PathProblem::NotAnIndex));
        }
        let Ok(index) = digits.parse() else {
            return Err(self.error_at(self.at + 1, PathProblem::HugeIndex));
        };
        self.at += length + 2;
        Ok(Step::Index(index))
    }
}

/// Whether a bare key may hold `c` anywhere.
fn bare_char(c: char) -> bool {
    !matches!(c, '.' | '[' | ']' | '"') && !c.is_control()
}

/// Whether `key` is shown without quotes. Stricter than reading: blanks and invisible characters are quoted,
/// so that what is shown can be seen and copied.
fn is_bare(key: &str) -> bool {
    !key.is_empty() && !key.starts_with('\'') && key.chars().all(|c| bare_char(c) && !c.is_whitespace() && c != '\\')
}

fn write_quoted(key: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    use fmt::Write as _;

    f.write_char('"')?;
    for c in key.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(text: &str) -> Step {
        Step::Key(text.into())
    }

    fn steps(text: &str) -> Vec<Step> {
        KeyPath::parse(text).expect(text).0
    }

    #[test]
    fn the_three_spellings() {
        assert_eq!(steps("db.users[0].password"), [key("db"), key("users"), Step::Index(0), key("password")]);
        assert_eq!(steps(r#""a.b".c"#), [key("a.b"), key("c")]);
        assert_eq!(steps(r#"["db"]["x"][0]"#), [key("db"), key("x"), Step::Index(0)]);
        assert_eq!(steps(r#"['db'].x["y.z"]"#), [key("db"), key("x"), key("y.z")]);
    }

    #[test]
    fn keys_that_look_like_something_else() {
        assert_eq!(steps("a.0"), [key("a"), key("0")]);
        assert_eq!(steps("a b.c-d_e"), [key("a b"), key("c-d_e")]);
        assert_eq!(steps(r#""".x"#), [key(""), key("x")]);
        assert_eq!(steps("it's"), [key("it's")]);
        assert_eq!(steps("[007]"), [Step::Index(7)]);
    }

    #[test]
    fn brackets_are_raw_and_quotes_are_json() {
        assert_eq!(steps(r#"["a\n"]"#), [key(r"a\n")]);
        assert_eq!(steps(r#""a\n\u00e9\ud83d\ude00\/""#), [key("a\né😀/")]);
        assert_eq!(steps(r#"["a]b"]"#), [key("a]b")]);
    }

    #[test]
    fn errors_say_where_and_why() {
        use PathProblem as P;
        for (text, at, problem) in [
            ("", 1, P::Empty),
            (".a", 1, P::NoKey),
            ("a..b", 3, P::NoKey),
            ("a.", 3, P::NoKey),
            ("a.[0]", 3, P::NoKey),
            ("é]", 2, P::NeedsQuotes),
            ("a\"b", 2, P::NeedsQuotes),
            ("'a'", 1, P::NeedsQuotes),
            ("\"a\"b", 4, P::NoSeparator),
            ("[0]b", 4, P::NoSeparator),
            ("x.\"a", 3, P::OpenQuote),
            ("a[0", 2, P::OpenBracket),
            ("a[\"b]", 2, P::OpenBracket),
            ("a[\"]", 2, P::OpenBracket),
            ("a[]", 3, P::NotAnIndex),
            ("a[-1]", 3, P::NotAnIndex),
            ("[99999999999999999999999]", 2, P::HugeIndex),
            (r#""\x""#, 2, P::BadEscape),
            (r#""\ud800""#, 2, P::BadEscape),
            (r#""\ud800\u0041""#, 2, P::BadEscape),
            (r#""\u00+1""#, 2, P::BadEscape),
            (r#""\u12"#, 2, P::BadEscape),
        ] {
            assert_eq!(KeyPath::parse(text), Err(PathError { at, problem }), "{text}");
        }
    }

    #[test]
    fn limits() {
        let deep = "[0]".repeat(MAX_STEPS + 1);
        assert_eq!(KeyPath::parse(&deep).expect_err("deep").problem, PathProblem::TooManySteps);
        assert!(KeyPath::parse(&deep[3..]).is_ok());
        let long = "a".repeat(MAX_LENGTH + 1);
        assert_eq!(KeyPath::parse(&long).expect_err("long").problem, PathProblem::TooLong);
    }

    #[test]
    fn errors_do_not_repeat_the_text() {
        let error = KeyPath::parse("hunter2\"hunter2").expect_err("quote inside");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }

    #[test]
    fn display_quotes_only_where_needed() {
        for shown in [r#"db.users[0].password"#, r#""a.b".c"#, r#""".x"#, r#""a\tb"[3]"#, "[0][1].a"] {
            assert_eq!(KeyPath::parse(shown).expect(shown).to_string(), shown);
        }
        assert!(KeyPath::default().is_root());
    }

    fn any_step() -> impl Strategy<Value = Step> {
        prop_oneof![
            any::<usize>().prop_map(Step::Index),
            any::<String>().prop_map(Step::Key),
            r#"[a-c."'\[\]\\ ]{0,4}"#.prop_map(Step::Key),
        ]
    }

    proptest! {
        #[test]
        fn shown_paths_parse_back(steps in prop::collection::vec(any_step(), 1..8)) {
            let path = KeyPath(steps);
            prop_assert_eq!(KeyPath::parse(&path.to_string()), Ok(path));
        }

        #[test]
        fn no_text_panics(text in any::<String>(), odd in r#"[a."'\[\]\\u0dé-]{0,12}"#) {
            for text in [text, odd] {
                if let Ok(path) = KeyPath::parse(&text) {
                    prop_assert_eq!(KeyPath::parse(&path.to_string()), Ok(path));
                }
            }
        }
    }
}
