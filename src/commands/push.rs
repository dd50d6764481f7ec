//! `sealant push`: the values of Secrets into stores, once, as PushSecrets say.

use std::sync::Arc;

use serde_json::json;

use super::session::Session;
use super::syncing::input::{self, InputArgs, LoginArgs};
use super::syncing::lines::{Line, shown};
use super::syncing::report::{kind, trouble};
use super::syncing::run::{self, Run};
use crate::external::keys::Values;
use crate::external::push::{Entry, Named as Only, PushProblem, clashes, entries};
use crate::external::resource::push::{Named, PushDeletionPolicy, PushSelector, PushStoreRef, UpdatePolicy};
use crate::external::resource::select::{StoreKind, StoreRef};
use crate::external::resource::{PushSecret, Store};
use crate::external::target;
use crate::external::value::Flavour;
use crate::failure::{Failure, Kind};
use crate::fsio::{clock, output};
use crate::secret::SecretBytes;
use crate::store::{Kept, Push, Remote, StoreCause, StoreError};
use crate::sync::answers::flavour;
use crate::sync::{Inventory, Placed, Stores, round};

/// The command line.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    login: LoginArgs,
    /// Write nothing; say what would be pushed where
    #[arg(long)]
    dry_run: bool,
}

const EXAMPLES: &str = "\
The Secrets come from the manifests given (encrypted with SOPS, too), else from the cluster of --context. What others wrote to a
store is never overwritten.

Examples:
  sealant push app/ --dry-run
  sealant push push.yaml --with stores/ --with secrets/ --as-me";

/// What became of one value.
struct Pushed {
    name: (String, String),
    store: String,
    remote: String,
    verb: &'static str,
}

/// Runs it.
///
/// # Errors
/// A manifest that is wrong, a key that is not there, a store that refuses.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let input = input::read(session, &args.input)?;
    if input.inventory.push_secrets.is_empty() {
        return Err(Failure::new(Kind::NoDocument, "there is no PushSecret in the input")
            .hint("name files or folders with manifests of kind PushSecret"));
    }
    let Run { inventory, stores, .. } = run::begin(session, input, &args.login);
    let (mut pushed, mut failed) = (Vec::new(), Vec::new());
    for placed in &inventory.push_secrets {
        if placed.item.deletion_policy == PushDeletionPolicy::Delete {
            session.warn(&format!(
                "{}: deletionPolicy Delete: what an earlier run pushed and this one does not stays, as nobody remembers it",
                placed.item.name
            ));
        }
        one(args, &inventory, &stores, placed, &mut pushed, &mut failed);
    }
    stores.close();
    report(args, session, &pushed, &failed)
}

fn line(inventory: &Inventory, placed: &Placed<PushSecret>, what: Vec<String>) -> Line {
    let item = &placed.item;
    Line {
        place: format!("{}:{}", placed.place.file, item.line),
        name: (inventory.namespace(item.namespace.as_deref()).to_owned(), item.name.clone()),
        what,
        ..Line::default()
    }
}

fn of_store(line: Line, error: StoreError) -> Line {
    let mut what = line.what;
    what.push(error.what);
    Line { what, kind: Some(kind(error.cause)), hints: error.hint.into_iter().collect(), ..line }
}

fn one(
    args: &Args,
    inventory: &Inventory,
    stores: &Stores,
    placed: &Placed<PushSecret>,
    pushed: &mut Vec<Pushed>,
    failed: &mut Vec<Line>,
) {
    let blank = || line(inventory, placed, Vec::new());
    let at = |wrong: PushProblem| Line {
        place: format!("{}:{}", placed.place.file, wrong.line),
        ..line(inventory, placed, vec![wrong.to_string()])
    };
    let sources = match sources(stores, &placed.item) {
        Ok(sources) => sources,
        Err(error) => return failed.push(of_store(blank(), error)),
    };
    let targets = match targets(inventory, &placed.item) {
        Ok(targets) => targets,
        Err(error) => return failed.push(of_store(blank(), error)),
    };
    for values in sources {
        let values = match templated(stores, &placed.item, values) {
            Ok(values) => values,
            Err(what) => return failed.push(line(inventory, placed, what)),
        };
        let entries = match entries(&placed.item, &values, clock::timestamp()) {
            Ok(entries) => entries,
            Err(wrong) => return failed.extend(wrong.into_iter().map(at)),
        };
        for target in &targets {
            let entries: Vec<&Entry> = entries.iter().filter(|entry| is_for(entry, target)).collect();
            let wrong = clashes(entries.iter().copied(), flavour(&target.provider) == Flavour::ParameterStore);
            if !wrong.is_empty() {
                failed.extend(wrong.into_iter().map(at));
                continue;
            }
            for entry in entries {
                match send(args, stores, &placed.item, target, entry) {
                    Ok(verb) => pushed.push(Pushed {
                        name: blank().name,
                        store: target.name.clone(),
                        remote: remote(entry),
                        verb,
                    }),
                    Err(error) => {
                        let error = StoreError { what: format!("{}: {}", entry.path, error.what), ..error };
                        failed.push(of_store(blank(), error));
                    }
                }
            }
        }
    }
}

fn remote(entry: &Entry) -> String {
    match &entry.property {
        Some(property) => format!("{}#{property}", entry.remote_key),
        None => entry.remote_key.clone(),
    }
}

fn is_for(entry: &Entry, store: &Store) -> bool {
    match &entry.stores {
        None => true,
        Some(Only::Name(name)) => store.name == *name,
        Some(Only::Labels(selector)) => selector.matches(&store.labels),
    }
}

fn send(
    args: &Args,
    stores: &Stores,
    spec: &PushSecret,
    store: &Store,
    entry: &Entry,
) -> Result<&'static str, StoreError> {
    let key = stores.key(&store.reference(), spec.namespace.as_deref());
    let client = stores.client(&key)?;
    let remote = Remote { key: entry.remote_key.clone(), property: entry.property.clone() };
    if spec.update_policy == UpdatePolicy::IfNotExists && client.exists(&remote)? {
        return Ok("exists");
    }
    if args.dry_run {
        return Ok("would push");
    }
    let push =
        Push { remote: &remote, value: &entry.value, whole: entry.key.is_none(), metadata: entry.metadata.as_ref() };
    Ok(match client.push(&push)? {
        Kept::Unchanged => "unchanged",
        Kept::Written | Kept::Deleted => "pushed",
    })
}

/// The values of the Secrets that are meant.
fn sources(stores: &Stores, spec: &PushSecret) -> Result<Vec<Values>, StoreError> {
    let (inventory, around) = (stores.inventory(), stores.around());
    let namespace = spec.namespace.as_deref();
    let copy = |values: &Values| -> Values {
        values.iter().map(|(key, value)| (key.clone(), SecretBytes::new(value.expose().to_vec()))).collect()
    };
    let missing = |name: &str| StoreError::new(StoreCause::Invalid, format!("there is no Secret {name}"));
    match &spec.selector {
        PushSelector::Secret(Named::Name(name)) => {
            if let Some(values) = inventory.secret(namespace, name) {
                return Ok(vec![copy(&values)]);
            }
            let found = around.secret(inventory.namespace(namespace), name)?;
            Ok(vec![copy(&*found.ok_or_else(|| missing(name))?)])
        }
        PushSelector::Secret(Named::Labels(selector)) => {
            let names: Vec<String> = inventory
                .secrets_of(namespace)
                .filter(|(_, labels)| selector.matches(labels))
                .map(|(name, _)| name.to_owned())
                .collect();
            if names.is_empty() {
                return Err(StoreError::new(StoreCause::Invalid, "no Secret of the manifests has these labels"));
            }
            Ok(names.iter().filter_map(|name| inventory.secret(namespace, name)).map(|values| copy(&values)).collect())
        }
        PushSelector::Generator(generator) => {
            Ok(vec![crate::sync::generated(stores, generator, namespace, &spec.name, 0)?])
        }
    }
}

fn templated(stores: &Stores, spec: &PushSecret, values: Values) -> Result<Values, Vec<String>> {
    let Some(template) = &spec.template else { return Ok(values) };
    let mut lookup = |kind: target::Kind, name: &str| round::looked_up(stores, spec.namespace.as_deref(), kind, name);
    let before: Values =
        values.iter().map(|(key, value)| (key.clone(), SecretBytes::new(value.expose().to_vec()))).collect();
    let made = target::render(template, values, &mut lookup, clock::timestamp(), "spec.template")
        .map_err(|wrong| wrong.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    // what the Secret has stays, the template adds to it
    let mut all = before;
    all.extend(made.data);
    Ok(all)
}

/// The stores that are meant.
fn targets(inventory: &Inventory, spec: &PushSecret) -> Result<Vec<Arc<Store>>, StoreError> {
    let mut found = Vec::new();
    for PushStoreRef { kind, by } in &spec.store_refs {
        match by {
            Named::Name(name) => {
                let reference = StoreRef { name: name.clone(), kind: *kind };
                let store = inventory.store(&reference, spec.namespace.as_deref()).ok_or_else(|| {
                    StoreError::new(StoreCause::Invalid, format!("there is no {} {name}", kind.as_str()))
                        .hint("give the manifest of the store along with that of the PushSecret")
                })?;
                found.push(store.item.clone());
            }
            Named::Labels(selector) => {
                let namespace = inventory.namespace(spec.namespace.as_deref());
                let is_here = |store: &Store| {
                    store.kind == StoreKind::ClusterSecretStore
                        || inventory.namespace(store.namespace.as_deref()) == namespace
                };
                let all = inventory.stores().filter(|placed| placed.item.kind == *kind && is_here(&placed.item));
                found.extend(
                    all.filter(|placed| selector.matches(&placed.item.labels)).map(|placed| placed.item.clone()),
                );
            }
        }
    }
    if found.is_empty() {
        return Err(StoreError::new(StoreCause::Invalid, "no store has these labels"));
    }
    Ok(found)
}

fn report(args: &Args, session: &Session, pushed: &[Pushed], failed: &[Line]) -> Result<(), Failure> {
    if session.json() {
        let rows = pushed.iter().map(|one| {
            json!({"pushSecret": {"namespace": one.name.0, "name": one.name.1}, "store": one.store,
                   "remote": one.remote, "status": one.verb})
        });
        let wrong = failed.iter().map(|line| {
            json!({"pushSecret": {"namespace": line.name.0, "name": line.name.1}, "place": line.place,
                   "problems": line.what, "hints": line.hints, "status": "failed"})
        });
        let report = json!({"pushed": rows.collect::<Vec<_>>(), "failed": wrong.collect::<Vec<_>>()});
        output::data(format!("{report}\n").as_bytes())?;
    } else {
        for one in pushed {
            let line = match one.verb {
                "pushed" | "would push" => {
                    format!("{}: {} {} to {}", shown(&one.name), one.verb, one.remote, one.store)
                }
                verb => format!("{}: {} of {}: {verb}", shown(&one.name), one.remote, one.store),
            };
            if args.dry_run { output::data(format!("{line}\n").as_bytes())? } else { session.say(&line) }
        }
    }
    trouble("pushes", failed, pushed.len()).map_or(Ok(()), Err)
}
