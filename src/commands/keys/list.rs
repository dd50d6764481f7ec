//! `sealant keys list`.

use super::own_recipients;
use crate::commands::identities;
use crate::commands::session::Session;
use crate::failure::Failure;
use crate::fsio::output;
use crate::fsio::printable::sanitize;
use crate::keyservice::names;

/// The command line.
#[derive(clap::Args, Debug)]
pub struct Args {}

/// A recipient.
pub struct Row {
    /// Whose it is, by `keys/NAME.pub`.
    pub name: Option<String>,
    /// What kind of key it is, in sops's words.
    pub kind: &'static str,
    /// The recipient, or whatever a key of its kind is called by.
    pub recipient: String,
    /// Whether its private key is at hand.
    pub yours: bool,
}

/// Runs it.
///
/// # Errors
/// A file in `keys/` that is no recipients file.
pub fn run(_args: &Args, session: &Session) -> Result<(), Failure> {
    let rows = rows(session)?;
    if session.json() {
        return print_json(&rows);
    }
    if rows.is_empty() {
        session.say("there is no key: neither one of yours nor a keys/NAME.pub here");
        session.say("make one with: sealant keys new NAME");
    }
    Ok(output::data(table(&rows).as_bytes())?)
}

/// Prints rows as `--json` shows them.
///
/// # Errors
/// What the file system says of standard output.
fn print_json(rows: &[Row]) -> Result<(), Failure> {
    let as_json = |row: &Row| serde_json::json!({"name": row.name, "kind": row.kind, "recipient": row.recipient, "yours": row.yours});
    let list: Vec<_> = rows.iter().map(as_json).collect();
    let text = format!("{}\n", serde_json::Value::from(list));
    Ok(output::data(text.as_bytes())?)
}

/// Prints the rows of a name, or of the user when there is none, in the same way.
///
/// # Errors
/// A file in `keys/` that is no recipients file; what the file system says of standard output.
pub fn print_json_of(session: &Session, name: Option<&str>) -> Result<(), Failure> {
    let mut rows = rows(session)?;
    rows.retain(|row| match name {
        None => row.yours,
        Some(name) => row.name.as_deref() == Some(name),
    });
    print_json(&rows)
}

/// Everybody in `keys/`, and the user's own recipients that have no name there.
///
/// # Errors
/// A file in `keys/` that is no recipients file.
pub fn rows(session: &Session) -> Result<Vec<Row>, Failure> {
    let own = own_recipients(session);
    let row = |name: Option<&str>, recipient: String, yours: bool| Row {
        name: name.map(str::to_owned),
        kind: names::key(&recipient).map_or("age", |key| names::kind_word(&key)),
        recipient,
        yours,
    };
    let mut rows = Vec::new();
    for (name, recipients) in identities::named(&session.names_root())? {
        for recipient in recipients {
            let yours = own.iter().any(|mine| is_same(mine, &recipient));
            rows.push(row(Some(&name), recipient, yours));
        }
    }
    for recipient in own {
        if !rows.iter().any(|row| is_same(&row.recipient, &recipient)) {
            rows.push(row(None, recipient, true));
        }
    }
    Ok(rows)
}

fn is_same(left: &str, right: &str) -> bool {
    left == right
        || matches!((names::key(left), names::key(right)), (Some(left), Some(right)) if names::is_same(&left, &right))
}

fn table(rows: &[Row]) -> String {
    let shown = |row: &Row| match &row.name {
        Some(name) => sanitize(name).into_owned(),
        None => "(no name here)".to_owned(),
    };
    let width = |of: &dyn Fn(&Row) -> usize| rows.iter().map(of).max().unwrap_or(0);
    let names = width(&|row| shown(row).chars().count());
    let kinds = width(&|row| row.kind.len());
    let mut text = String::new();
    for row in rows {
        let mark = if row.yours { "  yours" } else { "" };
        let recipient = sanitize(&row.recipient);
        // the kind says nothing where there is only one
        let kind =
            if rows.iter().all(|row| row.kind == "age") { String::new() } else { format!("{:kinds$}  ", row.kind) };
        text.push_str(&format!("{:names$}  {kind}{recipient}{mark}\n", shown(row)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_safe() {
        let row = |name: Option<&str>, kind, yours| Row {
            name: name.map(str::to_owned),
            kind,
            recipient: "age1x".into(),
            yours,
        };
        let text = table(&[row(Some("al\x1bice"), "age", false), row(None, "age", true)]);
        assert_eq!(text, "al\\u{1b}ice     age1x\n(no name here)  age1x  yours\n");
        let text = table(&[row(Some("a"), "age", false), row(Some("b"), "gcp_kms", false)]);
        assert_eq!(text, "a  age      age1x\nb  gcp_kms  age1x\n");
    }
}
