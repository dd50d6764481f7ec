//! The fields of a manifest, taken one by one: each is known or an error, has its type or is an error.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use crate::document::near::nearest;
use crate::document::tree::{Key, Kind, Node};
use crate::external::resource::Problem;
use crate::external::resource::external_secret::ApiVersion;
use crate::manifest::limits;

/// No manifest that somebody wrote has more problems; the work for more is saved.
const MOST_PROBLEMS: usize = 500;
/// Longest part of a name that is shown, in characters.
const LONGEST_SHOWN: usize = 80;

/// What reading one object has found so far, and what decides about its fields.
pub(super) struct Reading {
    problems: RefCell<Vec<Problem>>,
    /// Which fields there are.
    pub(super) version: ApiVersion,
    /// Whether the object is in no namespace.
    pub(super) cluster: bool,
    /// The namespace of the object, if it says.
    pub(super) namespace: Option<String>,
}

impl Reading {
    pub(super) fn new(version: ApiVersion, cluster: bool) -> Self {
        Self { problems: RefCell::default(), version, cluster, namespace: None }
    }

    fn add(&self, line: usize, path: String, what: String, nearest: Option<&str>) {
        let mut problems = self.problems.borrow_mut();
        if problems.len() < MOST_PROBLEMS {
            problems.push(Problem { line, path, what, nearest: nearest.map(str::to_owned) });
        }
    }

    fn is_full(&self) -> bool {
        self.problems.borrow().len() >= MOST_PROBLEMS
    }

    /// What was read, or what is wrong in the order of the lines.
    pub(super) fn finish<T>(self, read: Option<T>, line: usize) -> Result<T, Vec<Problem>> {
        let mut problems = self.problems.into_inner();
        match read {
            Some(read) if problems.is_empty() => Ok(read),
            None if problems.is_empty() => {
                let what = "cannot be read".to_owned();
                Err(vec![Problem { line, path: String::new(), what, nearest: None }])
            }
            _ => {
                // what is looked at twice is told once
                let mut seen = HashSet::new();
                problems.retain(|problem| seen.insert((problem.line, problem.path.clone(), problem.what.clone())));
                problems.sort_by_key(|problem| problem.line);
                Err(problems)
            }
        }
    }
}

/// One value, and where it is.
pub(super) struct Field<'a> {
    pub(super) reading: &'a Reading,
    pub(super) path: String,
    pub(super) line: usize,
    pub(super) node: &'a Node,
}

/// A map whose fields are taken.
pub(super) struct Map<'a> {
    pub(super) reading: &'a Reading,
    pub(super) path: String,
    pub(super) line: usize,
    entries: &'a [(Key, Node)],
}

impl<'a> Field<'a> {
    pub(super) fn wrong(&self, what: impl Into<String>) {
        self.reading.add(self.line, self.path.clone(), what.into(), None);
    }

    pub(super) fn wrong_near(&self, what: &str, nearest: Option<&str>) {
        self.reading.add(self.line, self.path.clone(), what.to_owned(), nearest);
    }

    fn wrong_type(&self, wanted: &str) {
        let (found, quotes) = match &self.node.kind {
            Kind::Null => ("nothing", ""),
            Kind::Bool(_) => ("a boolean", "; write it in quotes"),
            Kind::Int(_) | Kind::Float(_) => ("a number", "; write it in quotes"),
            Kind::Time(_) | Kind::Str(_) => ("text", ""),
            Kind::List(_) => ("a list", ""),
            Kind::Map(_) => ("a map", ""),
        };
        let quotes = if wanted == "text" { quotes } else { "" };
        self.wrong(format!("has to be {wanted}, not {found}{quotes}"));
    }

    /// A map with no fields but these.
    pub(super) fn map(&self, known: &[&'static str]) -> Option<Map<'a>> {
        let map = self.open_map()?;
        for (key, _) in map.entries.iter().filter(|(key, _)| !known.contains(&key.name.as_str())) {
            if self.reading.is_full() {
                break;
            }
            self.reading.add(
                key.line,
                map.at(&key.name),
                "there is no such field".to_owned(),
                nearest(&key.name, known),
            );
        }
        Some(map)
    }

    /// A map with fields of any name, each only once.
    pub(super) fn open_map(&self) -> Option<Map<'a>> {
        let Kind::Map(entries) = &self.node.kind else {
            self.wrong_type("a map");
            return None;
        };
        let map = Map { reading: self.reading, path: self.path.clone(), line: self.line, entries };
        let mut seen = HashSet::new();
        for (key, _) in entries.iter().filter(|(key, _)| !seen.insert(key.name.as_str())) {
            self.reading.add(key.line, map.at(&key.name), "is there more than once".to_owned(), None);
        }
        Some(map)
    }

    pub(super) fn list(&self) -> Option<Vec<Field<'a>>> {
        let Kind::List(items) = &self.node.kind else {
            self.wrong_type("a list");
            return None;
        };
        let item = |(at, node): (usize, &'a Node)| Field {
            reading: self.reading,
            path: format!("{}[{at}]", self.path),
            line: node.line,
            node,
        };
        Some(items.iter().enumerate().map(item).collect())
    }

    pub(super) fn text(&self) -> Option<&'a str> {
        match &self.node.kind {
            Kind::Str(text) | Kind::Time(text) => Some(text),
            _ => {
                self.wrong_type("text");
                None
            }
        }
    }

    fn boolean(&self) -> Option<bool> {
        let Kind::Bool(value) = self.node.kind else {
            self.wrong_type("true or false");
            return None;
        };
        Some(value)
    }

    fn number(&self, least: i64, most: i64) -> Option<i64> {
        match self.node.kind {
            Kind::Int(value) if (least..=most).contains(&value) => Some(value),
            Kind::Int(_) => {
                self.wrong(format!("has to be from {least} to {most}"));
                None
            }
            _ => {
                self.wrong_type("a whole number");
                None
            }
        }
    }

    pub(super) fn word<T: Copy>(&self, words: &[(&'static str, T)]) -> Option<T> {
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            let what = match known[..] {
                [only] => format!("has to be {only}"),
                _ => format!("has to be one of {}", known.join(", ")),
            };
            self.reading.add(self.line, self.path.clone(), what, nearest(text, &known));
        }
        found.map(|(_, value)| *value)
    }

    /// Nanoseconds, as Go reads a duration.
    pub(super) fn duration(&self) -> Option<i64> {
        let duration = crate::template::parse_duration(self.text()?);
        if duration.is_none() {
            self.wrong("is no duration such as 1h30m, 15s or 0");
        }
        duration
    }

    /// Text for which `fits` holds.
    pub(super) fn fitting(&self, fits: fn(&str) -> bool, what: &str) -> Option<String> {
        let text = self.text()?;
        if !fits(text) {
            self.wrong(what);
            return None;
        }
        Some(text.to_owned())
    }

    pub(super) fn name(&self) -> Option<String> {
        self.fitting(limits::is_name, "cannot be the name of an object: small letters, digits, `-` and `.`")
    }

    pub(super) fn namespace(&self) -> Option<String> {
        self.fitting(limits::is_label, "cannot be the name of a namespace: small letters, digits and `-`")
    }

    pub(super) fn key(&self) -> Option<String> {
        self.fitting(limits::is_key, "cannot be the key of a Secret: letters, digits, `-`, `_` and `.`")
    }

    /// A regular expression of Go's.
    pub(super) fn regexp(&self) -> Option<(String, regex::Regex)> {
        let text = self.text()?;
        match crate::pattern::compile(text) {
            Ok(compiled) => Some((text.to_owned(), compiled)),
            Err(error) => {
                self.wrong(error.to_string());
                None
            }
        }
    }

    /// Anything, as JSON.
    pub(super) fn json(&self) -> serde_json::Value {
        json(self.node)
    }
}

/// Trees are as deep as the reader lets them be.
fn json(node: &Node) -> serde_json::Value {
    match &node.kind {
        Kind::Null => serde_json::Value::Null,
        Kind::Bool(value) => (*value).into(),
        Kind::Int(value) => (*value).into(),
        Kind::Float(value) => (*value).into(),
        Kind::Time(text) | Kind::Str(text) => text.as_str().into(),
        Kind::List(items) => items.iter().map(json).collect(),
        Kind::Map(entries) => {
            serde_json::Value::Object(entries.iter().map(|(key, node)| (key.name.clone(), json(node))).collect())
        }
    }
}

impl<'a> Map<'a> {
    fn at(&self, name: &str) -> String {
        let shown: String = name.chars().take(LONGEST_SHOWN).flat_map(char::escape_debug).collect();
        if self.path.is_empty() { shown } else { format!("{}.{shown}", self.path) }
    }

    /// Adds a problem of the map as a whole.
    pub(super) fn wrong(&self, what: impl Into<String>) {
        self.reading.add(self.line, self.path.clone(), what.into(), None);
    }

    /// Adds a problem of a field, which need not be there.
    pub(super) fn wrong_at(&self, name: &str, what: impl Into<String>) {
        let line = self.get(name).map_or(self.line, |field| field.line);
        self.reading.add(line, self.at(name), what.into(), None);
    }

    /// A field that is there; null is not.
    pub(super) fn get(&self, name: &str) -> Option<Field<'a>> {
        let (key, node) = self.entries.iter().find(|(key, _)| key.name == name)?;
        (node.kind != Kind::Null).then(|| self.field(key, node))
    }

    fn field(&self, key: &Key, node: &'a Node) -> Field<'a> {
        Field { reading: self.reading, path: self.at(&key.name), line: key.line, node }
    }

    /// All fields with their names, those that are null left out.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'a str, Field<'a>)> {
        let there = self.entries.iter().filter(|(_, node)| node.kind != Kind::Null);
        there.map(|(key, node)| (key.name.as_str(), self.field(key, node)))
    }

    /// A problem when the field is not there; when it is, but wrong, there is one already.
    pub(super) fn need<T>(&self, name: &str, value: Option<T>) -> Option<T> {
        if value.is_none() && self.get(name).is_none() {
            self.wrong_at(name, "is missing");
        }
        value
    }

    /// Problems for fields that the older version of the API lacks.
    pub(super) fn only_v1(&self, names: &[&str]) {
        if self.reading.version == ApiVersion::V1Beta1 {
            for field in names.iter().filter_map(|name| self.get(name)) {
                field.wrong("is not in v1beta1; write apiVersion: external-secrets.io/v1");
            }
        }
    }

    /// Problems for fields that are not supported.
    pub(super) fn unsupported(&self, names: &[&str], why: &str) {
        for field in names.iter().filter_map(|name| self.get(name)) {
            field.wrong(format!("is not supported{why}"));
        }
    }

    /// Which of the fields are there.
    pub(super) fn present(&self, names: &[&'static str]) -> Vec<&'static str> {
        names.iter().copied().filter(|name| self.get(name).is_some()).collect()
    }

    /// Exactly one of the fields; a problem else.
    pub(super) fn one_of(&self, names: &[&'static str]) -> Option<&'static str> {
        match self.present(names)[..] {
            [only] => Some(only),
            [] => {
                self.wrong(format!("needs one of {}", names.join(", ")));
                None
            }
            [..] => {
                self.wrong(format!("has to have only one of {}", names.join(", ")));
                None
            }
        }
    }

    pub(super) fn map(&self, name: &str, known: &[&'static str]) -> Option<Map<'a>> {
        self.get(name)?.map(known)
    }

    /// A map whose problems were or will be told elsewhere.
    pub(super) fn map_quietly(&self, name: &str) -> Option<Map<'a>> {
        let field = self.get(name)?;
        let Kind::Map(entries) = &field.node.kind else { return None };
        Some(Map { reading: self.reading, path: field.path, line: field.line, entries })
    }

    pub(super) fn needed_map(&self, name: &str, known: &[&'static str]) -> Option<Map<'a>> {
        self.need(name, self.map(name, known))
    }

    pub(super) fn list(&self, name: &str) -> Vec<Field<'a>> {
        self.get(name).and_then(|field| field.list()).unwrap_or_default()
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.text().map(str::to_owned)
    }

    /// Text that is there and not empty; else a problem.
    pub(super) fn needed_text(&self, name: &str) -> Option<String> {
        let text = self.need(name, self.text(name))?;
        if text.is_empty() {
            self.wrong_at(name, "is empty");
            return None;
        }
        Some(text)
    }

    /// Text that is neither missing nor empty, or `default`.
    pub(super) fn text_or(&self, name: &str, default: &str) -> String {
        self.given(name).unwrap_or_else(|| default.to_owned())
    }

    /// Text, if it is not empty.
    pub(super) fn given(&self, name: &str) -> Option<String> {
        self.text(name).filter(|text| !text.is_empty())
    }

    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        self.list(name).iter().filter_map(|item| item.text()).map(str::to_owned).collect()
    }

    pub(super) fn text_map(&self, name: &str) -> BTreeMap<String, String> {
        let Some(map) = self.get(name).and_then(|field| field.open_map()) else { return BTreeMap::new() };
        map.fields().filter_map(|(name, field)| Some((name.to_owned(), field.text()?.to_owned()))).collect()
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.get(name).and_then(|field| field.boolean()).unwrap_or(false)
    }

    pub(super) fn number(&self, name: &str, least: i64, most: i64) -> Option<i64> {
        self.get(name)?.number(least, most)
    }

    pub(super) fn word<T: Copy + Default>(&self, name: &str, words: &[(&'static str, T)]) -> T {
        self.get(name).and_then(|field| field.word(words)).unwrap_or_default()
    }

    /// A duration, zero when it is negative.
    pub(super) fn duration(&self, name: &str) -> Option<Duration> {
        let nanoseconds = self.get(name)?.duration()?;
        Some(Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0)))
    }

    pub(super) fn needed_name(&self, name: &str) -> Option<String> {
        self.need(name, self.get(name).and_then(|field| field.name()))
    }
}
