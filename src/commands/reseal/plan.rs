//! What is to become of every item.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use super::counted;
use crate::commands::seal::with::{self, Opened};
use crate::commands::session::Session;
use crate::failure::{Failure, Kind};
use crate::fsio::output;
use crate::sealed::file::{Item, Object};
use crate::sealed::{Certificate, KeyChain};
use crate::secret::SecretBytes;

/// One item.
pub struct Job<'a> {
    /// The name of its file.
    pub file: &'a str,
    /// The file, by its position.
    pub read: usize,
    /// The object in the file, by its position.
    pub number: usize,
    /// The object, without its items.
    pub object: Arc<Object>,
    /// The item.
    pub item: &'a Item,
    /// The certificate that it should be under.
    pub certificate: &'a Certificate,
}

impl Job<'_> {
    /// Opens it, to see under which key it is.
    pub fn examine(&self, chain: &KeyChain) -> Fate {
        let opened = with::open(chain, &self.object, self.item);
        let problem = opened.problem(&self.object);
        match opened {
            Opened::Value(_, key) if key == self.certificate.fingerprint() => Fate::Current,
            Opened::Value(value, key) => Fate::Older { value, key },
            _ => Fate::Unopened(problem.unwrap_or_default()),
        }
    }
}

/// What becomes of an item.
pub enum Fate {
    /// It is under the newest key.
    Current,
    /// It is under another one: it is sealed anew.
    Older {
        /// Its value.
        value: SecretBytes,
        /// The fingerprint of the key that opened it.
        key: String,
    },
    /// It does not open; why.
    Unopened(String),
}

/// All items.
pub struct Plan<'a> {
    /// In the order of the files.
    pub rows: Vec<(&'a Job<'a>, Fate)>,
}

#[derive(Serialize)]
struct Row<'a> {
    file: &'a str,
    line: usize,
    namespace: &'a str,
    name: &'a str,
    scope: String,
    item: &'a str,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_key: Option<&'a str>,
    new_key: &'a str,
}

impl<'a> Plan<'a> {
    /// What was found out about `jobs`.
    pub fn new(jobs: &'a [Job<'a>], fates: Vec<Fate>) -> Self {
        Self { rows: jobs.iter().zip(fates).collect() }
    }

    /// Those that are sealed anew.
    pub fn changed(&self) -> impl Iterator<Item = (&'a Job<'a>, &Fate)> {
        self.rows.iter().filter(|(_, fate)| matches!(fate, Fate::Older { .. })).map(|(job, fate)| (*job, fate))
    }

    /// How many files they are in.
    pub fn files(&self) -> usize {
        self.changed().map(|(job, _)| job.read).collect::<BTreeSet<_>>().len()
    }

    /// The newest certificates under which nothing was found.
    pub fn newest_without_key(&self) -> Vec<&str> {
        let unopened = self.rows.iter().filter(|(_, fate)| matches!(fate, Fate::Unopened(_)));
        let wanted: BTreeSet<&str> = unopened.map(|(job, _)| job.certificate.fingerprint()).collect();
        let current = self.rows.iter().filter(|(_, fate)| matches!(fate, Fate::Current));
        let known: BTreeSet<&str> = current.map(|(job, _)| job.certificate.fingerprint()).collect();
        wanted.difference(&known).copied().collect()
    }

    /// For people: a line for each object, and the sum.
    pub fn show(&self, session: &Session) {
        let mut lines: Vec<(usize, usize, String, Vec<&str>)> = Vec::new();
        for (job, _) in self.changed() {
            match lines.last_mut() {
                Some((read, number, _, keys)) if (*read, *number) == (job.read, job.number) => keys.push(&job.item.key),
                _ => {
                    let head = format!("{}:{}: {}", job.file, job.object.line, job.object.title());
                    lines.push((job.read, job.number, head, vec![&job.item.key]));
                }
            }
        }
        for (_, _, head, keys) in &lines {
            session.say(&format!("{head}: {}", keys.join(", ")));
        }
        let of = |wanted: fn(&Fate) -> bool| self.rows.iter().filter(|(_, fate)| wanted(fate)).count();
        let older = of(|fate| matches!(fate, Fate::Older { .. }));
        let current = of(|fate| matches!(fate, Fate::Current));
        let left = of(|fate| matches!(fate, Fate::Unopened(_)));
        let mut text = match older {
            0 => "no item is under an older key".to_owned(),
            1 => "1 item is under an older key".to_owned(),
            count => format!("{count} items are under older keys"),
        };
        if current > 0 {
            text.push_str(&format!(", {} under the newest", counted(current, "item")));
        }
        if left > 0 {
            text.push_str(&format!(", {} left because no key opens them", counted(left, "item")));
        }
        session.say(&text);
    }

    /// For scripts.
    ///
    /// # Errors
    /// What the file system says of standard output.
    pub fn print(&self, done: bool) -> Result<(), Failure> {
        let rows: Vec<Row<'_>> = self.rows.iter().map(|(job, fate)| row(job, fate, done)).collect();
        let text = serde_json::to_string_pretty(&rows).map_err(|error| Failure::of(Kind::CannotEmit, &error))?;
        Ok(output::data(format!("{text}\n").as_bytes())?)
    }
}

fn row<'r>(job: &'r Job<'_>, fate: &'r Fate, done: bool) -> Row<'r> {
    let (action, old_key) = match fate {
        Fate::Current => ("current", None),
        Fate::Older { key, .. } if done => ("resealed", Some(key.as_str())),
        Fate::Older { key, .. } => ("reseal", Some(key.as_str())),
        Fate::Unopened(_) => ("left", None),
    };
    Row {
        file: job.file,
        line: job.item.line,
        namespace: &job.object.namespace,
        name: &job.object.name,
        scope: job.object.scope.to_string(),
        item: &job.item.key,
        action,
        old_key,
        new_key: job.certificate.fingerprint(),
    }
}
