//! What happened, in lines on standard error: JSON for machines, text for a person at a terminal.
//!
//! Messages are part of the program, and fields are names and numbers: nothing here takes a value of a secret. Lines are
//! bounded, have no control characters, and the same line again and again is told once in a while with how often it was.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};

use crate::fsio::{clock, output, printable, terminal};

/// A field is cut after so many bytes.
const LONGEST_FIELD: usize = 512;
/// Fields that would make a line longer are left out.
const LONGEST_LINE: usize = 4_096;
/// Room for the end of a line that is full.
const ROOM: usize = 64;
/// The same line is told once in so many milliseconds.
const FOLD: u64 = 60_000;
/// So many lines are remembered.
const MAX_REMEMBERED: usize = 256;

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Somebody has to do something.
    Error,
    /// Something is wrong, and may become right by itself.
    Warn,
    /// What a reader wants to know.
    Info,
    /// What helps to find a mistake.
    Debug,
}

impl Level {
    /// All of them, from what matters most.
    pub const ALL: [Self; 4] = [Self::Error, Self::Warn, Self::Info, Self::Debug];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }

    /// The level with this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.word() == word)
    }
}

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object each.
    Json,
    /// Text for people.
    Text,
}

impl Format {
    /// Text when a person reads standard error, otherwise JSON.
    pub fn for_stderr() -> Self {
        if terminal::stderr_is_terminal() { Self::Text } else { Self::Json }
    }
}

/// What is said of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field<'a> {
    /// A name, a path, the text of an error: never a value.
    Name(&'a str),
    /// A count, or a time in the unit that the key names.
    Number(u64),
}

impl<'a> From<&'a str> for Field<'a> {
    fn from(name: &'a str) -> Self {
        Self::Name(name)
    }
}

impl From<u64> for Field<'_> {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

/// The keys and values of one line.
pub type Fields<'a> = &'a [(&'static str, Field<'a>)];

/// Where lines go: whole ones, with their end.
type Sink = Box<dyn Fn(&str) + Send + Sync>;

/// A log; shared by all threads.
pub struct Log {
    level: Level,
    format: Format,
    sink: Sink,
    remembered: Mutex<HashMap<u64, Remembered>>,
}

/// A line that was told a short while ago.
struct Remembered {
    told: u64,
    /// How often it came since.
    folded: u64,
    level: Level,
    /// The line after its time.
    rest: String,
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log").field("level", &self.level).field("format", &self.format).finish_non_exhaustive()
    }
}

impl Log {
    /// A log on standard error that leaves out what matters less than `level`.
    pub fn to_stderr(level: Level, format: Format) -> Self {
        Self::new(level, format, output::log_line)
    }

    /// A log that hands its lines to `sink`.
    pub fn new(level: Level, format: Format, sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { level, format, sink: Box::new(sink), remembered: Mutex::default() }
    }

    /// Somebody has to do something.
    pub fn error(&self, message: &'static str, fields: Fields<'_>) {
        self.line(Level::Error, message, fields);
    }

    /// Something is wrong, and may become right by itself.
    pub fn warn(&self, message: &'static str, fields: Fields<'_>) {
        self.line(Level::Warn, message, fields);
    }

    /// What a reader wants to know.
    pub fn info(&self, message: &'static str, fields: Fields<'_>) {
        self.line(Level::Info, message, fields);
    }

    /// What helps to find a mistake.
    pub fn debug(&self, message: &'static str, fields: Fields<'_>) {
        self.line(Level::Debug, message, fields);
    }

    /// One line. The same as a minute ago is only counted.
    pub fn line(&self, level: Level, message: &'static str, fields: Fields<'_>) {
        if level <= self.level {
            self.line_at(clock::monotonic_millis(), level, message, fields);
        }
    }

    /// Tells what was only counted: before the end, and once in a while.
    pub fn flush(&self) {
        self.flush_at(u64::MAX);
    }

    fn line_at(&self, now: u64, level: Level, message: &'static str, fields: Fields<'_>) {
        let mut hasher = DefaultHasher::new();
        (level, message, fields).hash(&mut hasher);
        let id = hasher.finish();
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = remembered.get_mut(&id) {
            line.folded += 1;
            if now.saturating_sub(line.told) >= FOLD {
                line.told = now;
                let folded = std::mem::take(&mut line.folded);
                // the last of them is this one
                self.tell(level, &line.rest, folded.saturating_sub(1));
            }
            return;
        }
        if remembered.len() >= MAX_REMEMBERED {
            remembered.retain(|_, line| {
                let stays = now.saturating_sub(line.told) < FOLD;
                if !stays && line.folded > 0 {
                    self.tell(line.level, &line.rest, line.folded);
                }
                stays
            });
        }
        let rest = match self.format {
            Format::Json => json(level, message, fields),
            Format::Text => text(level, message, fields),
        };
        self.tell(level, &rest, 0);
        // a flood of different lines is told, and not remembered
        if remembered.len() < MAX_REMEMBERED {
            remembered.insert(id, Remembered { told: now, folded: 0, level, rest });
        }
    }

    /// Tells what was counted by lines that were told more than a minute before `now`.
    fn flush_at(&self, now: u64) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ended: Vec<Remembered> = remembered
            .extract_if(|_, line| now.saturating_sub(line.told) >= FOLD)
            .map(|(_, line)| line)
            .filter(|line| line.folded > 0)
            .collect();
        ended.sort_by_key(|line| line.told);
        for line in ended {
            self.tell(line.level, &line.rest, line.folded);
        }
    }

    /// `repeated`: how often it came since it was told, without being told.
    fn tell(&self, _: Level, rest: &str, repeated: u64) {
        let now = clock::now_with_millis();
        let line = match (self.format, repeated) {
            (Format::Json, 0) => format!("{{\"ts\":\"{now}\",{rest}}}\n"),
            (Format::Json, _) => format!("{{\"ts\":\"{now}\",{rest},\"repeated\":{repeated}}}\n"),
            (Format::Text, 0) => format!("{now} {rest}\n"),
            (Format::Text, _) => format!("{now} {rest} repeated={repeated}\n"),
        };
        (self.sink)(&line);
    }
}

/// The line without its time and braces.
fn json(level: Level, message: &str, fields: Fields<'_>) -> String {
    let mut out = format!("\"level\":\"{}\",\"msg\":", level.word());
    push_json(&mut out, message);
    for (key, field) in fields {
        let before = out.len();
        out.push(',');
        push_json(&mut out, key);
        out.push(':');
        match field {
            Field::Name(name) => push_json(&mut out, name),
            // writing to a String cannot fail
            Field::Number(number) => _ = write!(out, "{number}"),
        }
        if out.len() > LONGEST_LINE - ROOM {
            out.truncate(before);
            out.push_str(",\"truncated\":true");
            break;
        }
    }
    out
}

/// A string of JSON, without anything that a terminal would obey or hide.
fn push_json(out: &mut String, text: &str) {
    let (text, more) = cut(text);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if is_odd(c) => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    _ = write!(out, "\\u{unit:04x}");
                }
            }
            c => out.push(c),
        }
    }
    out.push_str(more);
    out.push('"');
}

fn is_odd(c: char) -> bool {
    let mut bytes = [0; 4];
    printable::sanitize(c.encode_utf8(&mut bytes)).len() != c.len_utf8()
}

fn text(level: Level, message: &str, fields: Fields<'_>) -> String {
    let mut out = format!("{:5} {}", level.word().to_uppercase(), printable::sanitize(cut(message).0));
    for (key, field) in fields {
        let before = out.len();
        _ = match field {
            Field::Name(name) => {
                let (name, more) = cut(name);
                let name = printable::sanitize(name);
                let plain = !name.is_empty() && !name.contains([' ', '"', '=']);
                match plain {
                    true => write!(out, " {key}={name}{more}"),
                    false => write!(out, " {key}=\"{}{more}\"", name.replace('"', "\\\"")),
                }
            }
            Field::Number(number) => write!(out, " {key}={number}"),
        };
        if out.len() > LONGEST_LINE - ROOM {
            out.truncate(before);
            out.push_str(" …");
            break;
        }
    }
    out
}

/// The beginning of a text that is too long, and what to put after it.
fn cut(text: &str) -> (&str, &'static str) {
    match text.len() > LONGEST_FIELD {
        true => (&text[..text.floor_char_boundary(LONGEST_FIELD)], "…"),
        false => (text, ""),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn log(level: Level, format: Format) -> (Log, Arc<Mutex<Vec<String>>>) {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
        (Log::new(level, format, move |line| sink.lock().unwrap().push(line.to_owned())), lines)
    }

    fn taken(lines: &Mutex<Vec<String>>) -> Vec<String> {
        std::mem::take(&mut lines.lock().unwrap())
    }

    #[test]
    fn json_and_text() {
        let fields: Fields<'_> =
            &[("name", "shop/\"db\"\n\u{1b}[1m\u{202e}".into()), ("ms", 12.into()), ("e", "".into())];
        let (json, lines) = log(Level::Info, Format::Json);
        json.info("synced", fields);
        json.debug("not told", &[]);
        let told = taken(&lines);
        assert_eq!(told.len(), 1);
        let after = &told[0][told[0].find(",\"level\"").unwrap()..];
        let wanted = r#","level":"info","msg":"synced","name":"shop/\"db\"\n\u001b[1m\u202e","ms":12,"e":""}"#;
        assert_eq!(after, format!("{wanted}\n"));
        let value: Value = serde_json::from_str(&told[0]).unwrap();
        assert_eq!(value["name"], "shop/\"db\"\n\u{1b}[1m\u{202e}");
        assert!(value["ts"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
        let (text, lines) = log(Level::Debug, Format::Text);
        text.warn("failed", fields);
        text.error("once more", &[("name", "a".into())]);
        let told = taken(&lines);
        assert_eq!(&told[0][24..], " WARN  failed name=\"shop/\\\"db\\\"\\n\\u{1b}[1m\\u{202e}\" ms=12 e=\"\"\n");
        assert_eq!(&told[1][24..], " ERROR once more name=a\n");
        assert_eq!(format!("{text:?}"), "Log { level: Debug, format: Text, .. }");
    }

    #[test]
    fn levels() {
        for at in Level::ALL {
            let (log, lines) = log(at, Format::Json);
            Level::ALL.into_iter().for_each(|level| log.line(level, "x", &[]));
            assert_eq!(taken(&lines).len(), Level::ALL.iter().filter(|level| **level <= at).count());
            assert_eq!(Level::named(at.word()), Some(at));
        }
        assert_eq!(Level::named("loud"), None);
    }

    #[test]
    fn the_same_again_is_counted() {
        let (log, lines) = log(Level::Info, Format::Json);
        let line = |now, name: &str| log.line_at(now, Level::Warn, "failed", &[("name", name.into())]);
        for n in 0..100 {
            line(n, "a");
        }
        line(100, "b");
        assert_eq!(taken(&lines).len(), 2);
        log.flush_at(FOLD - 1);
        assert_eq!(taken(&lines).len(), 0);
        line(FOLD, "a");
        let told = taken(&lines);
        assert!(told.len() == 1 && told[0].ends_with(",\"name\":\"a\",\"repeated\":99}\n"), "{told:?}");
        line(FOLD + 1, "a");
        log.flush();
        let told = taken(&lines);
        assert!(told.len() == 1 && told[0].ends_with(",\"name\":\"a\",\"repeated\":1}\n"), "{told:?}");
        // as if it had never been
        line(FOLD + 2, "a");
        assert!(taken(&lines)[0].ends_with(",\"name\":\"a\"}\n"));
        // other lines are told, however many, and memory is bounded
        for n in 0..10 * MAX_REMEMBERED {
            line(FOLD + 3, &n.to_string());
        }
        assert_eq!(taken(&lines).len(), 10 * MAX_REMEMBERED);
        assert_eq!(log.remembered.lock().unwrap().len(), MAX_REMEMBERED);
        line(3 * FOLD, "fresh");
        assert_eq!(log.remembered.lock().unwrap().len(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn lines_are_bounded_and_whole(names in proptest::collection::vec("\\PC{0,20}|\\p{C}{0,20}|\\p{C}{300}|[a-zé\\u{1b}]{600}", 0..20)) {
            for format in [Format::Json, Format::Text] {
                let (log, lines) = log(Level::Info, format);
                let fields: Vec<(&'static str, Field<'_>)> = names.iter().map(|name| ("key", name.as_str().into())).collect();
                log.info("message", &fields);
                let told = taken(&lines);
                prop_assert!(told.len() == 1 && told[0].len() <= LONGEST_LINE);
                let line = told[0].strip_suffix('\n').unwrap();
                prop_assert_eq!(printable::sanitize(line), line);
                if format == Format::Json {
                    prop_assert!(serde_json::from_str::<Value>(line).is_ok(), "{}", line);
                }
            }
        }
    }
}
