//! From what each ExternalSecret gave to the Secrets that are written: several may write one.

use std::collections::{BTreeMap, BTreeSet};

use crate::commands::syncing::lines::{Line, Name, shown};
use crate::commands::syncing::report::kind;
use crate::external::resource::external_secret::CreationPolicy;
use crate::manifest::limits::{self, Facts};
use crate::secret::SecretBytes;
use crate::sync::Inventory;
use crate::sync::round::{Made, Outcome};

/// What came of all.
#[derive(Default)]
pub struct Secrets {
    /// Secrets, in the order of their names.
    pub made: Vec<Made>,
    /// ExternalSecrets that make none, and why.
    pub skipped: Vec<Line>,
    /// What failed, and why.
    pub failed: Vec<Line>,
    /// Values that are left out because their stores do not have them, and the policy says so.
    pub missing: Vec<Line>,
}

/// Who should have written a Secret and could not.
#[derive(Default)]
struct Broken {
    places: BTreeSet<String>,
    kind: Option<crate::failure::Kind>,
}

/// Puts together what belongs to one Secret.
pub fn secrets(inventory: &Inventory, outcomes: Vec<Outcome>) -> Secrets {
    let mut found = Secrets::default();
    let mut targets: BTreeMap<Name, Vec<(Line, CreationPolicy, Made)>> = BTreeMap::new();
    let mut broken: BTreeMap<Name, Broken> = BTreeMap::new();
    for outcome in outcomes {
        let item = outcome.placed.item.clone();
        let line = |what: Vec<String>| Line {
            place: format!("{}:{}", outcome.placed.place.file, item.line),
            name: (inventory.namespace(item.namespace.as_deref()).to_owned(), item.name.clone()),
            what,
            kind: None,
            hints: Vec::new(),
        };
        match outcome.result {
            Err(trouble) => {
                let target = (line(Vec::new()).name.0, item.target_name().to_owned());
                if item.target.creation_policy != CreationPolicy::None {
                    let broken = broken.entry(target).or_default();
                    broken.places.insert(line(Vec::new()).place);
                    broken.kind = trouble.cause.map(kind);
                }
                found.failed.push(Line { kind: trouble.cause.map(kind), hints: trouble.hints, ..line(trouble.lines) });
            }
            Ok(_) if item.target.creation_policy == CreationPolicy::None => {
                found.skipped.push(line(vec!["its creationPolicy is None".into()]));
            }
            Ok(None) => found.skipped.push(line(vec!["there is no value for it".into()])),
            Ok(Some(made)) => {
                if !made.missing.is_empty() {
                    found.missing.push(line(made.missing.clone()));
                }
                let name = (made.namespace.clone(), made.name.clone());
                targets.entry(name).or_default().push((line(Vec::new()), item.target.creation_policy, made));
            }
        }
    }
    for (name, writers) in targets {
        if let Some(Broken { places, kind }) = broken.get(&name) {
            // half of a Secret would take the other half away from whoever uses it
            let places: Vec<&str> = places.iter().map(String::as_str).collect();
            let what = format!("the Secret {} is not complete: {} failed", shown(&name), places.join(", "));
            let lines = writers.into_iter().map(|(line, ..)| Line { what: vec![what.clone()], kind: *kind, ..line });
            found.failed.extend(lines);
            continue;
        }
        together(&name, writers, &mut found);
    }
    found
}

/// One Secret: somebody makes it, others may add to it.
fn together(name: &Name, writers: Vec<(Line, CreationPolicy, Made)>, found: &mut Secrets) {
    let is_maker = |policy: CreationPolicy| matches!(policy, CreationPolicy::Owner | CreationPolicy::Orphan);
    let makers = writers.iter().filter(|(_, policy, _)| is_maker(*policy)).count();
    if makers > 1 {
        let places: Vec<String> = writers.iter().map(|(line, ..)| line.place.clone()).collect();
        let what = format!("the Secret {} is written by several ExternalSecrets: {}", shown(name), places.join(", "));
        for (line, ..) in writers {
            let hints = vec!["give them other targets, or let all but one have creationPolicy: Merge".to_owned()];
            found.failed.push(Line { what: vec![what.clone()], hints, ..line });
        }
        return;
    }
    if writers.iter().all(|(_, policy, _)| *policy == CreationPolicy::Merge) {
        for (line, ..) in writers {
            found
                .skipped
                .push(Line { what: vec!["secret will not be created due to CreationPolicy=Merge".into()], ..line });
        }
        return;
    }
    let (makers, others): (Vec<_>, Vec<_>) = writers.into_iter().partition(|(_, policy, _)| is_maker(*policy));
    let mut all = makers.into_iter().chain(others).map(|(line, _, made)| (line, made));
    let Some((line, first)) = all.next() else { return };
    let made = all.fold(first, |mut secret, (_, more)| {
        secret.generated.retain(|key| !more.wanted.data.contains_key(key));
        secret.generated.extend(more.generated);
        let (into, from) = (&mut secret.wanted, more.wanted);
        into.data.extend(from.data);
        into.labels.extend(from.labels);
        into.annotations.extend(from.annotations);
        into.finalizers.extend(from.finalizers);
        if from.secret_type.is_some() {
            into.secret_type = from.secret_type;
        }
        secret
    });
    match refused(&made) {
        what if what.is_empty() => found.made.push(made),
        what => {
            let hints = vec!["spec.target.template names keys and the type, rewrite changes names of keys".to_owned()];
            found.failed.push(Line { what, hints, ..line });
        }
    }
}

/// What the API server would say no to.
fn refused(made: &Made) -> Vec<String> {
    let wanted = &made.wanted;
    let kind = wanted.secret_type.as_deref().unwrap_or_default();
    refusals((&made.namespace, &made.name), kind, &wanted.data, &wanted.annotations)
}

/// What the API server would say no to of a Secret with this namespace and name, type, data, and annotations.
pub fn refusals(
    (namespace, name): (&str, &str),
    kind: &str,
    data: &BTreeMap<String, SecretBytes>,
    annotations: &BTreeMap<String, String>,
) -> Vec<String> {
    let data: Vec<(&str, &[u8])> = data.iter().map(|(key, value)| (key.as_str(), value.expose())).collect();
    let has_service_account = annotations.get(limits::SERVICE_ACCOUNT).is_some_and(|name| !name.is_empty());
    let found = limits::refusals(&Facts { name, namespace, kind, data: &data, has_service_account });
    found.iter().map(|refusal| format!("Kubernetes would refuse it: {refusal}")).collect()
}
