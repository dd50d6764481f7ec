//! `sealant store check`: can I reach it, as whom, and what may I read?

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::commands::session::Session;
use crate::commands::syncing::input::{self, InputArgs, LoginArgs};
use crate::commands::syncing::report::kind;
use crate::commands::syncing::run::{self, Run};
use crate::external::Reference;
use crate::external::gather::{Request, wanted};
use crate::failure::{Failure, Kind};
use crate::fsio::output;
use crate::store::{Check, StoreError};
use crate::sync::Stores;
use crate::sync::stores::StoreKey;

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    login: LoginArgs,
    /// Only the store of this name
    #[arg(long, value_name = "NAME")]
    store: Option<String>,
    /// Whether this may be read, too; may be repeated
    #[arg(long, value_name = "KEY")]
    read: Vec<String>,
}

const EXAMPLES: &str = "\
Every store of the manifests is asked for what their ExternalSecrets want of it. No value is printed, and none is read where the
store can tell without.

Examples:
  sealant store check app/
  sealant store check store.yaml --read app/db --as-me";

/// Runs it.
///
/// # Errors
/// A store that does not answer, does not let us in, or does not let us read something.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let input = input::read(session, &args.input)?;
    let Run { stores, .. } = run::begin(session, input, &args.login);
    let asked = asked(args, &stores);
    if asked.is_empty() {
        return Err(Failure::new(Kind::NoDocument, "there is no such store in the input")
            .hint("name files or folders with manifests of kind SecretStore or ClusterSecretStore"));
    }
    let mut answers = Vec::new();
    for (key, references) in asked {
        let references: Vec<Reference> = references.into_iter().collect();
        let answer = stores.client(&key).and_then(|client| client.check(&references));
        answers.push((key, references, answer));
    }
    stores.close();
    report(session, &answers)
}

/// Every store with what is wanted of it.
fn asked(args: &Args, stores: &Stores) -> BTreeMap<StoreKey, BTreeSet<Reference>> {
    let mut asked: BTreeMap<StoreKey, BTreeSet<Reference>> = BTreeMap::new();
    let inventory = stores.inventory();
    for placed in inventory.stores() {
        let key = stores.key(&placed.item.reference(), placed.item.namespace.as_deref());
        asked.entry(key).or_default().extend(args.read.iter().map(|key| Reference::value(key.as_str())));
    }
    for placed in &inventory.external_secrets {
        for request in wanted(&placed.item) {
            if let Request::Secret { store, reference } = request {
                asked.entry(stores.key(&store, placed.item.namespace.as_deref())).or_default().insert(reference);
            }
        }
    }
    asked.retain(|key, _| args.store.as_ref().is_none_or(|name| key.reference.name == *name));
    // a ClusterSecretStore that namespaces ask is not asked for itself as well
    let named: BTreeSet<_> =
        asked.iter().filter(|(_, wants)| !wants.is_empty()).map(|(key, _)| key.reference.clone()).collect();
    asked.retain(|key, wants| !wants.is_empty() || !named.contains(&key.reference));
    asked
}

type Answer = (StoreKey, Vec<Reference>, Result<Check, StoreError>);

fn title(key: &StoreKey) -> String {
    let StoreKey { reference, namespace } = key;
    match namespace.as_str() {
        "" => format!("{} {}", reference.kind.as_str(), reference.name),
        namespace => format!("{} {} ({namespace})", reference.kind.as_str(), reference.name),
    }
}

fn report(session: &Session, answers: &[Answer]) -> Result<(), Failure> {
    let mut text = String::new();
    let mut errors: Vec<(String, &StoreError)> = Vec::new();
    let mut rows = Vec::new();
    for (key, references, answer) in answers {
        let title = title(key);
        match answer {
            Err(error) => {
                text.push_str(&format!("{title}: not usable\n"));
                rows.push(json!({"store": title, "ok": false, "problem": error.what, "hint": error.hint}));
                errors.push((title, error));
            }
            Ok(check) => {
                let who = check.identity.as_ref().map_or(String::new(), |who| format!(", as {who}"));
                text.push_str(&format!("{title}: {}{who}\n", check.place));
                for note in &check.notes {
                    text.push_str(&format!("  {note}\n"));
                }
                let mut reads = Vec::new();
                let is_fine = check.readable.iter().all(Option::is_none);
                for (reference, error) in references.iter().zip(&check.readable) {
                    let verdict = if error.is_some() { "NOT readable" } else { "readable" };
                    text.push_str(&format!("  {}: {verdict}\n", reference.key));
                    reads.push(json!({"key": reference.key, "readable": error.is_none(),
                                      "problem": error.as_ref().map(|error| error.what.clone()),
                                      "hint": error.as_ref().and_then(|error| error.hint.clone())}));
                    errors.extend(error.as_ref().map(|error| match error.what.starts_with(&reference.key) {
                        true => (title.clone(), error),
                        false => (format!("{title}: {}", reference.key), error),
                    }));
                }
                rows.push(json!({"store": title, "ok": is_fine, "place": check.place,
                                 "identity": check.identity, "notes": check.notes, "keys": reads}));
            }
        }
    }
    let text = if session.json() { format!("{}\n", json!({"stores": rows})) } else { text };
    output::data(text.as_bytes())?;
    let Some((_, first)) = errors.first() else { return Ok(()) };
    let summary = match errors.as_slice() {
        [(title, error)] => format!("{title}: {}", error.what),
        several => format!("{} things cannot be used or read", several.len()),
    };
    let mut failure = Failure::new(kind(first.cause), summary);
    if errors.len() > 1 {
        for (title, error) in &errors {
            failure = failure.detail(format!("{title}: {}", error.what));
        }
    }
    let hints: BTreeSet<&String> = errors.iter().filter_map(|(_, error)| error.hint.as_ref()).collect();
    Err(hints.into_iter().fold(failure, |failure, hint| failure.hint(hint.as_str())))
}
