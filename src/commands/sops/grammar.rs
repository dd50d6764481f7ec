//! The argument grammar of sops: that of urfave/cli v1 over Go's `flag` package (sops 3.13.2 `cmd/sops/main.go`). Pure.
//!
//! One dash or two, `--name value` or `--name=value`, no clusters. Parsing ends at the first positional; for subcommands the
//! flags that are known are first moved before the positionals, each with the word after it, be that its value or not.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use crate::fsio::env::Var;

/// What follows a flag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Nothing, or `=true`, `=false`.
    Bool,
    /// A text; the last one counts.
    Text,
    /// A whole number.
    Number,
    /// A text each time; all count.
    List,
}

/// One flag.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    /// Its name without dashes.
    pub name: &'static str,
    /// Its other names.
    pub aliases: &'static [&'static str],
    /// What follows.
    pub kind: Kind,
    /// The variable that stands for it when it is not given.
    pub var: Option<Var>,
    /// One line of help.
    pub help: &'static str,
}

impl Flag {
    /// Whether it goes by `name`.
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

/// A command line that does not fit. Its text is that of Go's `flag` package.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Misuse {
    /// Nobody knows this flag.
    #[error("flag provided but not defined: -{0}")]
    Undefined(String),
    /// The value is missing.
    #[error("flag needs an argument: -{0}")]
    NoArgument(String),
    /// Neither true nor false.
    #[error("invalid boolean value {value:?} for -{name}: parse error")]
    NotBool {
        /// The flag.
        name: String,
        /// What was given.
        value: String,
    },
    /// Not a number.
    #[error("invalid value {value:?} for flag -{name}: parse error")]
    NotNumber {
        /// The flag.
        name: String,
        /// What was given.
        value: String,
    },
    /// `---x`, `--=x`.
    #[error("bad flag syntax: {0}")]
    BadSyntax(String),
}

/// What was given.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Given {
    flags: BTreeMap<&'static str, Vec<OsString>>,
    /// The positionals.
    pub rest: Vec<OsString>,
}

impl Given {
    /// Whether a flag is on; `None` when nothing was said about it.
    pub fn switch(&self, name: &str) -> Option<bool> {
        self.last(name).and_then(OsStr::to_str).and_then(read_bool)
    }

    /// Whether a flag is on.
    pub fn is_on(&self, name: &str) -> bool {
        self.switch(name).unwrap_or(false)
    }

    /// The value of a flag; `None` when it was not given, or is empty or not text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.last(name)?.to_str().filter(|text| !text.is_empty())
    }

    /// The value of a flag as it is; `None` when it was not given or is empty.
    pub fn os(&self, name: &str) -> Option<&OsStr> {
        self.last(name).filter(|value| !value.is_empty())
    }

    /// The value of a flag that takes a number; 0 when it was not given.
    pub fn number(&self, name: &str) -> i64 {
        self.last(name).and_then(OsStr::to_str).and_then(read_number).unwrap_or(0)
    }

    /// Whether the flag was given at all.
    pub fn has(&self, name: &str) -> bool {
        self.flags.contains_key(name)
    }

    /// Every value of a flag that may be repeated.
    pub fn all(&self, name: &str) -> Vec<String> {
        let values = self.flags.get(name).map_or(&[][..], Vec::as_slice);
        values.iter().map(|value| value.to_string_lossy().into_owned()).collect()
    }

    /// Puts in what the environment says where the command line says nothing.
    pub fn fill<'v>(&mut self, flags: &[Flag], var: impl Fn(Var) -> Option<&'v OsStr>) {
        for flag in flags.iter().filter(|flag| !self.flags.contains_key(flag.name)).collect::<Vec<_>>() {
            let Some(value) = flag.var.and_then(&var).filter(|value| !value.is_empty()) else {
                continue;
            };
            let values = match flag.kind {
                Kind::List => value.to_string_lossy().split(',').map(|one| one.trim().into()).collect(),
                _ => vec![value.to_owned()],
            };
            self.flags.insert(flag.name, values);
        }
    }

    fn last(&self, name: &str) -> Option<&OsStr> {
        self.flags.get(name)?.last().map(OsString::as_os_str)
    }
}

/// As Go's `strconv.ParseBool`.
fn read_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// A number as Go's `strconv.ParseInt` with base 0 takes it, without the underscores.
fn read_number(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (digits, base) = match lower.as_bytes() {
        [b'0', b'x', ..] => (&lower[2..], 16),
        [b'0', b'o', ..] => (&lower[2..], 8),
        [b'0', b'b', ..] => (&lower[2..], 2),
        [b'0', _, ..] => (&lower[1..], 8),
        _ => (lower.as_str(), 10),
    };
    let plain = digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    plain.then(|| i64::from_str_radix(digits, base).ok()).flatten().map(|number| sign * number)
}

/// The name in `-name`, `--name` or `--name=value`, and the value; `None` for what is no flag at all.
fn split(word: &OsStr) -> Option<(&str, Option<&str>)> {
    let text = word.to_str()?;
    let bare = text.strip_prefix("--").or_else(|| text.strip_prefix('-'))?;
    if bare.is_empty() {
        return None;
    }
    Some(match bare.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (bare, None),
    })
}

/// Moves the flags that are known before the positionals (urfave/cli v1.22 `command.go`, `reorderArgs`).
fn reorder(flags: &[Flag], words: &[OsString]) -> Vec<OsString> {
    let known = |word: &OsStr| split(word).is_some_and(|(name, _)| flags.iter().any(|flag| flag.is_called(name)));
    let (mut moved, mut others) = (Vec::new(), Vec::new());
    let mut value_may_follow = false;
    for (at, word) in words.iter().enumerate() {
        if value_may_follow && !known(word) {
            value_may_follow = false;
            moved.push(word.clone());
        } else if word == "--" {
            others.extend_from_slice(&words[at..]);
            break;
        } else if known(word) {
            value_may_follow = !word.to_string_lossy().contains('=');
            moved.push(word.clone());
        } else {
            others.push(word.clone());
        }
    }
    moved.append(&mut others);
    moved
}

/// Reads a command line; with `anywhere` flags may follow positionals, as for subcommands.
///
/// # Errors
/// [`Misuse`].
pub fn parse(flags: &[Flag], words: &[OsString], anywhere: bool) -> Result<Given, Misuse> {
    let words = if anywhere { reorder(flags, words) } else { words.to_vec() };
    let mut given = Given::default();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        if word == "--" {
            break;
        }
        let Some((name, value)) = split(&word) else {
            given.rest.push(word);
            break;
        };
        if name.is_empty() || name.starts_with('-') {
            return Err(Misuse::BadSyntax(word.to_string_lossy().into_owned()));
        }
        let Some(flag) = flags.iter().find(|flag| flag.is_called(name)) else {
            return Err(Misuse::Undefined(name.to_owned()));
        };
        let value: OsString = match (flag.kind, value) {
            (Kind::Bool, None) => "true".into(),
            (_, Some(value)) => value.into(),
            (_, None) => words.next().ok_or_else(|| Misuse::NoArgument(name.to_owned()))?,
        };
        check(flag, name, &value)?;
        given.flags.entry(flag.name).or_default().push(value);
    }
    given.rest.extend(words);
    Ok(given)
}

fn check(flag: &Flag, name: &str, value: &OsStr) -> Result<(), Misuse> {
    let text = value.to_string_lossy();
    let owned = || (name.to_owned(), text.clone().into_owned());
    match flag.kind {
        Kind::Bool if read_bool(&text).is_none() => {
            let (name, value) = owned();
            Err(Misuse::NotBool { name, value })
        }
        Kind::Number if read_number(&text).is_none() => {
            let (name, value) = owned();
            Err(Misuse::NotNumber { name, value })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn flag(name: &'static str, aliases: &'static [&'static str], kind: Kind) -> Flag {
        Flag { name, aliases, kind, var: None, help: "" }
    }

    const FLAGS: [Flag; 4] = [
        flag("in-place", &["i"], Kind::Bool),
        flag("output-type", &[], Kind::Text),
        flag("threshold", &["t"], Kind::Number),
        flag("age", &["a"], Kind::List),
    ];

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    /// `name=value` of all that was given, then the positionals after `|`.
    fn read(line: &str, anywhere: bool) -> String {
        match parse(&FLAGS, &words(line), anywhere) {
            Ok(given) => {
                let values = given.flags.iter().flat_map(|(name, values)| {
                    values.iter().map(move |value| format!("{name}={}", value.to_string_lossy()))
                });
                let rest = given.rest.iter().map(|word| word.to_string_lossy().into_owned());
                let all: Vec<String> = values.chain(["|".to_owned()]).chain(rest).collect();
                all.join(" ")
            }
            Err(misuse) => misuse.to_string(),
        }
    }

    #[test]
    fn flags_before_positionals() {
        for (line, expected) in [
            ("", "|"),
            ("f", "| f"),
            ("-i f", "in-place=true | f"),
            ("--i f", "in-place=true | f"),
            ("-in-place f", "in-place=true | f"),
            ("--in-place=false f", "in-place=false | f"),
            ("-i=0 f", "in-place=0 | f"),
            ("--output-type json f", "output-type=json | f"),
            ("-output-type=json f", "output-type=json | f"),
            ("--output-type= f", "output-type= | f"),
            ("--output-type -i f", "output-type=-i | f"),
            ("-a x -a=y --age z", "age=x age=y age=z |"),
            ("--output-type a --output-type b", "output-type=a output-type=b |"),
            ("-t 3 f", "threshold=3 | f"),
            ("-t 0x10", "threshold=0x10 |"),
            ("f -i", "| f -i"),
            ("-- -i f", "| -i f"),
            ("-", "| -"),
            ("- -i", "| - -i"),
            ("-i true", "in-place=true | true"),
            ("-x f", "flag provided but not defined: -x"),
            ("--x=1 f", "flag provided but not defined: -x"),
            ("-ia f", "flag provided but not defined: -ia"),
            ("--output-type", "flag needs an argument: -output-type"),
            ("-a", "flag needs an argument: -a"),
            ("-i=maybe", "invalid boolean value \"maybe\" for -i: parse error"),
            ("-t x", "invalid value \"x\" for flag -t: parse error"),
            ("---i", "bad flag syntax: ---i"),
            ("--=x", "bad flag syntax: --=x"),
        ] {
            assert_eq!(read(line, false), expected, "{line}");
        }
    }

    #[test]
    fn flags_anywhere() {
        for (line, expected) in [
            ("f --output-type json", "output-type=json | f"),
            ("f -i", "in-place=true | f"),
            ("f -i --output-type json", "in-place=true output-type=json | f"),
            // the word after a flag goes with it, and a positional ends the flags: as in sops
            ("-i f --output-type json", "in-place=true | f --output-type json"),
            ("f -- -i", "| f -- -i"),
            ("f path -5", "| f path -5"),
            ("f --unknown", "| f --unknown"),
            ("--unknown f", "flag provided but not defined: -unknown"),
            ("f --output-type=json g", "output-type=json | f g"),
            ("f --output-type -- g", "output-type=-- | f g"),
            ("-a - f", "age=- | f"),
        ] {
            assert_eq!(read(line, true), expected, "{line}");
        }
    }

    #[test]
    fn variables_fill_gaps() {
        const WITH: [Flag; 2] =
            [Flag { var: Some(Var::SopsConfig), ..FLAGS[1] }, Flag { var: Some(Var::SopsAgeRecipients), ..FLAGS[3] }];
        let var = |var| match var {
            Var::SopsAgeRecipients => Some(OsStr::new("x, y")),
            Var::SopsConfig => Some(OsStr::new("c")),
            _ => None,
        };
        let mut given = parse(&WITH, &words("--output-type z"), false).unwrap();
        given.fill(&WITH, var);
        assert_eq!((given.text("output-type"), given.all("age")), (Some("z"), vec!["x".to_owned(), "y".to_owned()]));
        let mut given = Given::default();
        given.fill(&WITH, var);
        assert_eq!(given.text("output-type"), Some("c"));
    }

    #[test]
    fn numbers_as_go_reads_them() {
        for (text, number) in [("12", Some(12)), ("-3", Some(-3)), ("0x1F", Some(31)), ("010", Some(8)), ("1.5", None)]
        {
            assert_eq!(read_number(text), number, "{text}");
        }
        assert_eq!(read_number("--3"), None);
    }
}
