//! The command line as pflag 1.0.10 reads it, and variables that preset flags. Pure.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::csv;
use super::flags::{self, Flag, Kind, LogKind, RE_ENCRYPT, ROTATE};
use super::log;
use crate::sealed::Scope;

/// What cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Misuse {
    /// `-h`: the page is wanted.
    #[error("pflag: help requested")]
    Help,
    /// The words are pflag's.
    #[error("{0}")]
    Wrong(String),
}

/// The flags that were given, by variable or on the command line.
#[derive(Default)]
pub struct Given {
    values: BTreeMap<&'static str, Vec<Zeroizing<String>>>,
    /// What has to be said about flags, in order.
    pub notices: Vec<String>,
}

impl Given {
    /// Takes presets from variables, and then the words after the program's name. A preset that makes no sense is ignored.
    ///
    /// # Errors
    /// [`Misuse`]; what was given before it is there.
    pub fn read<'a>(
        &mut self,
        words: impl IntoIterator<Item = &'a str>,
        preset: impl Fn(&str) -> Option<Zeroizing<String>>,
    ) -> Result<(), Misuse> {
        for flag in flags::FLAGS.iter().chain(flags::find(ROTATE)).filter(|flag| flag.has_preset()) {
            if let Some(value) = preset(&flag.variable()) {
                // upstream says nothing either
                _ = self.set(flag, &value);
            }
        }
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            match word.strip_prefix('-') {
                Some("-") => break,
                Some(long) if long.starts_with('-') => self.long(word, &mut words)?,
                Some(letters) if !letters.is_empty() => self.letters(letters, &mut words)?,
                // an operand, which nobody looks at
                _ => {}
            }
        }
        Ok(())
    }

    fn long<'a>(&mut self, word: &str, rest: &mut impl Iterator<Item = &'a str>) -> Result<(), Misuse> {
        let text = &word[2..];
        if text.starts_with(['-', '=']) {
            return Err(Misuse::Wrong(format!("bad flag syntax: {word}")));
        }
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let flag = flags::find(name).ok_or_else(|| Misuse::Wrong(format!("unknown flag: --{name}")))?;
        let value = match value {
            Some(value) => value,
            None if flag.is_switch() => "true",
            None => rest.next().ok_or_else(|| Misuse::Wrong(format!("flag needs an argument: --{name}")))?,
        };
        self.set_from_line(flag, value)
    }

    /// Letters without values, and one that may have one.
    fn letters<'a>(&mut self, letters: &str, rest: &mut impl Iterator<Item = &'a str>) -> Result<(), Misuse> {
        let Some(letter) = letters.chars().next() else {
            return Ok(());
        };
        let after = &letters[letter.len_utf8()..];
        // no letter stands for a switch, so whatever follows is a value
        let flag = match flags::find_short(letter) {
            Some(flag) => flag,
            None if letter == 'h' => return Err(Misuse::Help),
            None => {
                // pflag looks at one byte
                let byte = char::from(letters.as_bytes()[0]);
                return Err(Misuse::Wrong(format!("unknown shorthand flag: {} in -{letters}", quoted_char(byte))));
            }
        };
        let value = match after.strip_prefix('=') {
            Some(value) if !value.is_empty() => value,
            _ if !after.is_empty() => after,
            _ => rest.next().ok_or_else(|| {
                Misuse::Wrong(format!("flag needs an argument: {} in -{letters}", quoted_char(letter)))
            })?,
        };
        self.set_from_line(flag, value)
    }

    fn set_from_line(&mut self, flag: &'static Flag, value: &str) -> Result<(), Misuse> {
        self.set(flag, value).map_err(|cause| {
            let shown = match flag.short {
                Some(letter) => format!("-{letter}, --{}", flag.name),
                None => format!("--{}", flag.name),
            };
            Misuse::Wrong(format!("invalid argument {} for \"{shown}\" flag: {cause}", quoted(value)))
        })?;
        if flag.name == ROTATE {
            self.notices.push(format!("Flag --{ROTATE} has been deprecated, please use --{RE_ENCRYPT} instead"));
        }
        Ok(())
    }

    /// Sets a flag, or adds to it; what is wrong with the value else.
    fn set(&mut self, flag: &'static Flag, value: &str) -> Result<(), String> {
        let name = if flag.name == ROTATE { RE_ENCRYPT } else { flag.name };
        let one = |text: &str| vec![Zeroizing::new(text.to_owned())];
        match flag.kind {
            Kind::Text => drop(self.values.insert(name, one(value))),
            Kind::Bool => {
                let state = boolean(value)
                    .ok_or_else(|| format!("strconv.ParseBool: parsing {}: invalid syntax", quoted(value)))?;
                self.values.insert(name, one(if state { "true" } else { "false" }));
            }
            Kind::Scope => {
                let scope: Scope =
                    value.parse().map_err(|error: crate::sealed::scope::UnknownScope| error.to_string())?;
                self.values.insert(name, one(&scope.to_string()));
            }
            Kind::List => {
                let values = match value {
                    "" => Vec::new(),
                    _ => csv::first_record(value).map_err(|error| error.to_string())?,
                };
                self.values.entry(name).or_default().extend(values.into_iter().map(Zeroizing::new));
            }
            Kind::Array => self.values.entry(name).or_default().push(Zeroizing::new(value.to_owned())),
            Kind::Log(LogKind::Bool) => drop(boolean(value).ok_or("parse error")?),
            Kind::Log(kind) => log::check(kind, value)?,
        }
        Ok(())
    }

    /// A text as it was given, or the default.
    pub fn text(&self, name: &str) -> &str {
        let given = self.values.get(name).and_then(|values| values.last());
        given.map_or_else(|| flags::find(name).map_or("", |flag| flag.default), |text| text.as_str())
    }

    /// Whether somebody said so, and not the default.
    pub fn is_given(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// A text that is not empty, as it was given or the default.
    pub fn some(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// Whether a switch is on.
    pub fn is_on(&self, name: &str) -> bool {
        self.text(name) == "true"
    }

    /// All values of a flag that takes several.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.values.get(name).into_iter().flatten().map(|text| text.as_str())
    }
}

/// As Go's `strconv.ParseBool`.
fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// As Go's `%q`.
pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            _ => out.push_str(&escaped(character)),
        }
    }
    out.push('"');
    out
}

fn quoted_char(character: char) -> String {
    match character {
        '\'' => "'\\''".to_owned(),
        _ => format!("'{}'", escaped(character)),
    }
}

fn escaped(character: char) -> String {
    match character {
        '\\' => "\\\\".to_owned(),
        '\u{7}' => "\\a".to_owned(),
        '\u{8}' => "\\b".to_owned(),
        '\u{c}' => "\\f".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\u{b}' => "\\v".to_owned(),
        '\0'..='\u{1f}' | '\u{7f}' => format!("\\x{:02x}", u32::from(character)),
        _ if character.is_control() => format!("\\u{:04x}", u32::from(character)),
        _ => character.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str], variables: &[(&str, &str)]) -> (Given, Result<(), String>) {
        let mut given = Given::default();
        let preset = |name: &str| {
            variables.iter().find(|(other, _)| *other == name).map(|(_, value)| Zeroizing::new((*value).to_owned()))
        };
        let outcome = given.read(words.iter().copied(), preset).map_err(|misuse| misuse.to_string());
        (given, outcome)
    }

    #[test]
    fn values_stand_after_the_flag_or_in_it() {
        let (given, outcome) =
            read(&["--cert", "c", "-nq", "-w=x", "-fz=1", "op", "--raw", "--name=", "-", "-o", "YAML"], &[]);
        assert_eq!(outcome, Ok(()));
        let texts =
            ["cert", "namespace", "sealed-secret-file", "secret-file", "name", "format"].map(|name| given.text(name));
        assert_eq!(texts, ["c", "q", "x", "z=1", "", "YAML"]);
        assert!(given.is_on("raw") && !given.is_on("validate"));
        assert_eq!(given.text("controller-name"), "sealed-secrets-controller");
        assert_eq!((given.some("name"), given.some("scope")), (None, Some("strict")));
    }

    #[test]
    fn nothing_is_read_after_two_dashes() {
        let (given, outcome) = read(&["--", "--nope", "--raw"], &[]);
        assert_eq!((outcome, given.is_on("raw")), (Ok(()), false));
    }

    #[test]
    fn errors_are_those_of_pflag() {
        for (word, error) in [
            ("--nope=1", "unknown flag: --nope"),
            ("--vers", "unknown flag: --vers"),
            ("-x", "unknown shorthand flag: 'x' in -x"),
            ("-xyz", "unknown shorthand flag: 'x' in -xyz"),
            ("--=x", "bad flag syntax: --=x"),
            ("---x", "bad flag syntax: ---x"),
            ("--cert", "flag needs an argument: --cert"),
            ("-n", "flag needs an argument: 'n' in -n"),
            ("-h", "pflag: help requested"),
            (
                "--raw=maybe",
                "invalid argument \"maybe\" for \"--raw\" flag: strconv.ParseBool: parsing \"maybe\": invalid syntax",
            ),
            (
                "--scope=foo",
                "invalid argument \"foo\" for \"--scope\" flag: must be one of: strict, namespace-wide, cluster-wide",
            ),
            ("-vx", "invalid argument \"x\" for \"-v, --v\" flag: strconv.ParseInt: parsing \"x\": invalid syntax"),
            ("--one_output=x", "invalid argument \"x\" for \"--one_output\" flag: parse error"),
            ("--from-file=\n", "invalid argument \"\\n\" for \"--from-file\" flag: EOF"),
        ] {
            assert_eq!(read(&[word], &[]).1, Err(error.to_owned()), "{word}");
        }
    }

    #[test]
    fn variables_preset_and_lists_add_up() {
        let variables = [
            ("SEALED_SECRETS_SCOPE", "cluster-wide"),
            ("SEALED_SECRETS_RAW", "nonsense"),
            ("SEALED_SECRETS_FROM_FILE", "a,\"b,c\""),
            ("SEALED_SECRETS_CONTROLLER_NAME", ""),
            ("SEALED_SECRETS_FORMAT", "yaml"),
            ("SEALED_SECRETS_V", "x"),
        ];
        let (given, outcome) = read(&["--from-file=d", "--format", "json", "--from-file="], &variables);
        assert_eq!(outcome, Ok(()));
        assert_eq!(
            (given.text("scope"), given.text("controller-name"), given.text("format")),
            ("cluster-wide", "", "json")
        );
        assert_eq!(given.all("from-file").collect::<Vec<_>>(), ["a", "b,c", "d"]);
        assert!(!given.is_on("raw"));
    }

    #[test]
    fn rotate_is_another_name_and_told_about() {
        let (given, _) = read(&["--rotate", "--rotate=false"], &[]);
        assert!(!given.is_on("re-encrypt"));
        let notice = "Flag --rotate has been deprecated, please use --re-encrypt instead";
        assert_eq!(given.notices, [notice, notice]);
        let (given, _) = read(&[], &[("SEALED_SECRETS_ROTATE", "1")]);
        assert!(given.is_on("re-encrypt") && given.notices.is_empty());
    }

    #[test]
    fn quotes_are_gos() {
        assert_eq!(quoted("a\"\\\n\u{1}é\u{85}"), "\"a\\\"\\\\\\n\\x01é\\u0085\"");
    }
}
