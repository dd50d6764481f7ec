//! What `why --json` prints.

use serde::Serialize;

use super::Answer;
use crate::failure::{Failure, Kind};
use crate::keyservice::report::Tried;
use crate::keyservice::{Looked, Names, Outcome, names};
use crate::sops::key::MasterKey;
use crate::sops::rules::identity;

#[derive(Serialize)]
struct Row<'a> {
    file: &'a str,
    can_open: bool,
    /// The first line, as people read it.
    message: &'a str,
    groups_needed: usize,
    groups: Vec<Group<'a>>,
    looked: Vec<Place>,
    rule: Option<Rule<'a>>,
    hints: &'a [String],
}

#[derive(Serialize)]
struct Group<'a> {
    opens: bool,
    keys: Vec<Key<'a>>,
}

#[derive(Serialize)]
struct Key<'a> {
    kind: &'static str,
    name: Option<&'a str>,
    recipient: String,
    /// `fits`, `no_identity`, `not_asked`, `not_supported` or `failed`.
    outcome: &'static str,
    error: Option<String>,
}

#[derive(Serialize)]
struct Place {
    place: String,
    /// `gave`, `not_set`, `missing`, `locked`, `not_run`, `used`, `failed` or `other`.
    outcome: &'static str,
    recipients: Vec<String>,
    error: Option<String>,
}

#[derive(Serialize)]
struct Rule<'a> {
    place: &'a str,
    agrees: bool,
    differences: &'a [String],
}

/// All answers as a list.
///
/// # Errors
/// None that is known.
pub fn text(answers: &[Answer], names: &Names) -> Result<String, Failure> {
    let rows: Vec<Row<'_>> = answers.iter().map(|answer| row(answer, names)).collect();
    let text = serde_json::to_string_pretty(&rows).map_err(|error| Failure::of(Kind::CannotEmit, &error))?;
    Ok(format!("{text}\n"))
}

fn row<'a>(answer: &'a Answer, names: &'a Names) -> Row<'a> {
    let groups = answer.examined.groups.iter().map(|group| Group {
        opens: group.opened,
        keys: group.keys.iter().map(|(key, tried)| entry(key, tried.as_ref(), names)).collect(),
    });
    Row {
        file: &answer.file,
        can_open: answer.examined.failed.is_none(),
        message: &answer.report.message,
        groups_needed: answer.examined.needed,
        groups: groups.collect(),
        looked: answer.examined.looked.iter().map(place).collect(),
        rule: answer.policy.as_ref().map(|policy| Rule {
            place: &policy.place,
            agrees: policy.differences.is_empty(),
            differences: &policy.differences,
        }),
        hints: &answer.report.hints,
    }
}

fn entry<'a>(key: &MasterKey, tried: Option<&Tried>, names: &'a Names) -> Key<'a> {
    let (outcome, error) = match tried {
        None => ("fits", None),
        Some(Tried::NoIdentityFits) => ("no_identity", None),
        Some(Tried::NotAsked) => ("not_asked", None),
        Some(Tried::NotSupported) => ("not_supported", None),
        Some(Tried::Broken(error)) => ("failed", Some(error.to_string())),
    };
    Key { kind: names::kind_word(key), name: names.name_of(key), recipient: identity(key), outcome, error }
}

fn place(looked: &Looked) -> Place {
    let (outcome, recipients, error) = match &looked.outcome {
        Outcome::Gave { recipients, .. } => ("gave", recipients.clone(), None),
        Outcome::Used => ("used", vec![], None),
        Outcome::NotSet => ("not_set", vec![], None),
        Outcome::Missing => ("missing", vec![], None),
        Outcome::Locked => ("locked", vec![], None),
        Outcome::NotRun => ("not_run", vec![], None),
        Outcome::Failed(why) => ("failed", vec![], Some(why.clone())),
    };
    Place { place: looked.label.clone(), outcome, recipients, error }
}
