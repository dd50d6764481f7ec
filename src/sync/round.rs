//! One go: from ExternalSecrets to what each wants on its Secret.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::answers::Answers;
use super::inventory::Placed;
use super::stores::Stores;
use crate::external::gather::{Assembled, EntryError, Request, assemble, wanted};
use crate::external::resource::ExternalSecret;
use crate::external::resource::external_secret::Source;
use crate::external::resource::generator::GeneratorSpec;
use crate::external::target::{self, Kind};
use crate::external::wanted::Wanted;
use crate::store::{StoreCause, StoreError};

/// What came of one ExternalSecret.
#[derive(Debug)]
pub struct Outcome {
    /// Which.
    pub placed: Placed<ExternalSecret>,
    /// What it wants; `None` when not one of its values is there.
    pub result: Result<Option<Made>, Trouble>,
}

/// What is wanted on a Secret, and which.
#[derive(Debug)]
pub struct Made {
    /// The namespace; empty when nobody says one.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The rest.
    pub wanted: Wanted,
    /// Values that their stores do not have, which is no error here: which entry, and which key.
    pub missing: Vec<String>,
    /// Keys whose values come from random generators: others than last time, and as good.
    pub generated: BTreeSet<String>,
}

/// Why there is nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Trouble {
    /// What is wrong, a line for each entry.
    pub lines: Vec<String>,
    /// What to do about it.
    pub hints: Vec<String>,
    /// The worst of what stores said.
    pub cause: Option<StoreCause>,
}

/// Fetches what all of them want, and puts it together.
pub fn resolve(stores: &Stores, items: &[Placed<ExternalSecret>], now: Timestamp) -> Vec<Outcome> {
    let answers = Answers::ask(stores, items);
    let one = |(number, placed): (usize, &Placed<ExternalSecret>)| Outcome {
        placed: placed.clone(),
        result: put_together(stores, &answers, number, &placed.item, now),
    };
    items.iter().enumerate().map(one).collect()
}

fn put_together(
    stores: &Stores,
    answers: &Answers,
    number: usize,
    item: &ExternalSecret,
    now: Timestamp,
) -> Result<Option<Made>, Trouble> {
    let answer = |request: &Request| answers.answer(stores, number, item, request);
    let gathered = assemble(item, now, &answer).map_err(|errors| trouble(stores, answers, number, item, &errors))?;
    let Assembled { data, missing, generated, .. } = gathered;
    let count = data.len();
    if data.is_empty() {
        return Ok(None);
    }
    let namespace = item.namespace.as_deref();
    let mut lookup = |kind: Kind, name: &str| looked_up(stores, namespace, kind, name);
    let wanted = target::wanted(item, data, &mut lookup, now).map_err(|problems| Trouble {
        lines: problems.iter().map(ToString::to_string).collect(),
        ..Trouble::default()
    })?;
    let missing = missing.iter().map(|missing| match &missing.key {
        Some(key) => format!("{}: the store has no {key}", missing.path),
        None => format!("{}: nothing was found", missing.path),
    });
    let generated = random_keys(stores, item, &generated, count, &wanted);
    Ok(Some(Made {
        namespace: stores.inventory().namespace(namespace).to_owned(),
        name: item.target_name().to_owned(),
        wanted,
        missing: missing.collect(),
        generated,
    }))
}

/// The keys whose values are random. What a template prints is, as far as can be told, when all that it is given is.
fn random_keys(
    stores: &Stores,
    item: &ExternalSecret,
    gathered: &BTreeMap<String, usize>,
    count: usize,
    wanted: &Wanted,
) -> BTreeSet<String> {
    let is_random = |at: &usize| match item.data_from.get(*at).map(|entry| &entry.source) {
        Some(Source::Generator(reference)) => {
            let found = stores.inventory().generator(reference, item.namespace.as_deref());
            found.is_some_and(|placed| {
                matches!(placed.item.spec, GeneratorSpec::Password(_) | GeneratorSpec::Uuid | GeneratorSpec::SshKey(_))
            })
        }
        _ => false,
    };
    let random = gathered.iter().filter(|(_, at)| is_random(at)).map(|(key, _)| key.clone());
    let random: BTreeSet<String> = random.collect();
    match &item.target.template {
        None => random,
        Some(_) if random.len() == count => wanted.data.keys().cloned().collect(),
        Some(_) => BTreeSet::new(),
    }
}

type Texts = BTreeMap<String, Vec<u8>>;

/// The object that a template names: from the manifests, else from around. `None` when there is none.
///
/// # Errors
/// There is nobody to ask.
pub fn looked_up(stores: &Stores, namespace: Option<&str>, kind: Kind, name: &str) -> Result<Option<Texts>, String> {
    let (inventory, around) = (stores.inventory(), stores.around());
    let place = inventory.namespace(namespace);
    let words = |error: StoreError| error.what;
    Ok(match kind {
        Kind::Secret => {
            let found = match inventory.secret(namespace, name) {
                Some(values) => Some(values),
                None => around.secret(place, name).map_err(words)?,
            };
            found.map(|values| values.iter().map(|(key, value)| (key.clone(), value.expose().to_vec())).collect())
        }
        Kind::ConfigMap => {
            let found = match inventory.config_map(namespace, name) {
                Some(texts) => Some(texts),
                None => around.config_map(place, name).map_err(words)?,
            };
            found.map(|texts| texts.iter().map(|(key, text)| (key.clone(), text.clone().into_bytes())).collect())
        }
    })
}

/// What failed, with what stores have to say about it.
fn trouble(stores: &Stores, answers: &Answers, number: usize, item: &ExternalSecret, errors: &[EntryError]) -> Trouble {
    let requests = wanted(item);
    let behind: Vec<StoreError> =
        requests.iter().filter_map(|request| answers.error(stores, number, item, request)).collect();
    let hints: BTreeSet<String> = behind.iter().filter_map(|error| error.hint.clone()).collect();
    // what passes by itself is the lesser trouble
    let worst = behind.iter().max_by_key(|error| !error.is_passing());
    Trouble {
        lines: errors.iter().map(ToString::to_string).collect(),
        hints: hints.into_iter().collect(),
        cause: worst.map(|error| error.cause),
    }
}
