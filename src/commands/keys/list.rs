//! `sealant keys list`.

use super::own_recipients;
use crate::commands::identities;
use crate::commands::session::Session;
use crate::failure::Failure;
use crate::fsio::output;
use crate::fsio::printable::sanitize;
use crate::keyservice::names::comparable;

/// The command line.
#[derive(clap::Args, Debug)]
pub struct Args {}

/// A recipient.
pub struct Row {
    /// Whose it is, by `keys/NAME.pub`.
    pub name: Option<String>,
    /// The recipient.
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
pub fn print_json(rows: &[Row]) -> Result<(), Failure> {
    let list: Vec<_> = rows
        .iter()
        .map(|row| serde_json::json!({"name": row.name, "recipient": row.recipient, "yours": row.yours}))
        .collect();
    let text = format!("{}\n", serde_json::Value::from(list));
    Ok(output::data(text.as_bytes())?)
}

/// Everybody in `keys/`, and the user's own recipients that have no name there.
///
/// # Errors
/// A file in `keys/` that is no recipients file.
pub fn rows(session: &Session) -> Result<Vec<Row>, Failure> {
    let own = own_recipients(session);
    let named = identities::named(&session.names_root())?;
    let mut rows = Vec::new();
    for (name, recipients) in named {
        for recipient in recipients {
            rows.push(Row {
                name: Some(name.clone()),
                yours: own.iter().any(|own| comparable(own) == comparable(&recipient)),
                recipient,
            });
        }
    }
    for recipient in own {
        if !rows.iter().any(|row| comparable(&row.recipient) == comparable(&recipient)) {
            rows.push(Row { name: None, recipient, yours: true });
        }
    }
    Ok(rows)
}

fn table(rows: &[Row]) -> String {
    let shown = |row: &Row| match &row.name {
        Some(name) => sanitize(name).into_owned(),
        None => "(no name here)".to_owned(),
    };
    let width = rows.iter().map(|row| shown(row).chars().count()).max();
    let width = width.unwrap_or(0);
    let mut text = String::new();
    for row in rows {
        let mark = if row.yours { "  yours" } else { "" };
        let recipient = sanitize(&row.recipient);
        text.push_str(&format!("{:width$}  {recipient}{mark}\n", shown(row)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_safe() {
        let row = |name: Option<&str>, yours| Row { name: name.map(str::to_owned), recipient: "age1x".into(), yours };
        let text = table(&[row(Some("al\x1bice"), false), row(None, true)]);
        assert_eq!(text, "al\\u{1b}ice     age1x\n(no name here)  age1x  yours\n");
    }
}
