//! The one that works: who is due is fetched in one round, written where it changed, and given its next time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Args;
use super::numbers::Numbers;
use super::watch::Watching;
use crate::commands::session::Session;
use crate::commands::syncing::input::{self, InputArgs};
use crate::commands::syncing::lines::{Line, Name, shown};
use crate::commands::syncing::surroundings::Surroundings;
use crate::commands::syncing::{made, output};
use crate::daemon::log::Log;
use crate::daemon::metrics::{Registry, table};
use crate::daemon::schedule::{Pace, Schedule, spread};
use crate::daemon::stop::Stop;
use crate::external::resource::external_secret::{CreationPolicy, RefreshPolicy};
use crate::external::resource::store::Provider;
use crate::external::resource::{ExternalSecret, Store};
use crate::failure::Failure;
use crate::fsio::clock;
use crate::fsio::write;
#[cfg(feature = "vault")]
use crate::store::StoreError;
use crate::sync::round::{self, Made, Outcome};
use crate::sync::{Placed, Stores};

/// Longest time that nobody looks at the clock.
const LONGEST: Duration = Duration::from_secs(60);
/// So many are fetched in one round: a round holds their values.
const AT_ONCE: usize = 2_000;

/// One ExternalSecret.
struct Item {
    placed: Placed<ExternalSecret>,
    pace: Pace,
    /// When it went well last, in milliseconds of the clock that only goes forward.
    good: Option<u64>,
    /// The Secret that it writes.
    target: Name,
    /// The file that it was written to.
    file: Option<PathBuf>,
}

impl Item {
    /// Whether others have to be fetched together with it.
    fn writes(&self) -> bool {
        self.placed.item.target.creation_policy != CreationPolicy::None
    }
}

/// See the file's description.
pub struct Keeper<'a> {
    args: &'a Args,
    /// What is read anew with everything else: the configuration, keys.
    session: Arc<Session>,
    log: Arc<Log>,
    registry: Arc<Registry>,
    ready: Arc<AtomicBool>,
    stores: Option<Stores>,
    numbers: Numbers,
    items: BTreeMap<String, Item>,
    /// Who writes which Secret.
    targets: BTreeMap<Name, BTreeSet<String>>,
    schedule: Schedule<String>,
    /// What [`input::Input::others`] was.
    others: u64,
}

impl<'a> Keeper<'a> {
    /// Nothing is read yet.
    pub fn new(
        args: &'a Args,
        session: &Session,
        log: Arc<Log>,
        registry: Arc<Registry>,
        ready: Arc<AtomicBool>,
    ) -> Self {
        let session = session.share();
        let (items, targets, schedule) = (BTreeMap::new(), BTreeMap::new(), Schedule::new());
        let numbers = Numbers::new(registry.clone());
        Self { args, session, log, registry, ready, stores: None, numbers, items, targets, schedule, others: 0 }
    }

    /// Works until `stop` is set.
    pub fn run(&mut self, stop: &Stop, watching: &Watching) {
        self.read(stop, false);
        while !stop.is_set() {
            self.work(stop);
            self.renew();
            let is_tried = |item: &Item| item.good.is_some() || item.pace.failures() > 0;
            if self.stores.is_some() && self.items.values().all(is_tried) {
                self.ready.store(true, Ordering::Relaxed);
            }
            let news = stop.wait_for_news(self.pause());
            if news.stopped {
                break;
            }
            if news.reload || watching.take() {
                // whoever asks for a reload wants all values anew
                self.read(stop, news.reload);
            }
        }
        if let Some(stores) = self.stores.take() {
            #[cfg(feature = "vault")]
            self.not_ended(&stores.leases().revoke());
            stores.close();
        }
    }

    /// Until somebody is due.
    fn pause(&self) -> Duration {
        let now = clock::monotonic_millis();
        let due = self.schedule.next().map(|at| Duration::from_millis(at.saturating_sub(now)));
        #[cfg(feature = "vault")]
        let lease = self.stores.as_ref().and_then(|stores| stores.leases().next(clock::timestamp()));
        #[cfg(not(feature = "vault"))]
        let lease: Option<Duration> = None;
        due.into_iter().chain(lease).min().unwrap_or(LONGEST).min(LONGEST)
    }

    /// Reads all manifests. When anything is wrong with them, everything goes on as it was.
    fn read(&mut self, stop: &Stop, mut all: bool) {
        let paths = InputArgs {
            paths: vec![self.args.dir.clone()],
            with: self.args.with.clone(),
            namespace: self.args.namespace.clone(),
        };
        let session = self.session.share();
        let mut input = match input::read(&session, &paths) {
            Ok(input) => input,
            Err(failure) => return self.wrong(&failure),
        };
        self.session = session;
        let locked = std::mem::take(&mut input.locked);
        let around = Arc::new(Surroundings::new(self.session.share(), &self.args.login, locked));
        around.stop_with(stop);
        let inventory = Arc::new(input.inventory);
        self.log.info(
            "manifests read",
            &[
                ("externalSecrets", (inventory.external_secrets.len() as u64).into()),
                ("stores", (inventory.stores().count() as u64).into()),
            ],
        );
        let now = clock::monotonic_millis();
        // another store, another credential: nobody knows whom it concerns
        all |= std::mem::replace(&mut self.others, input.others) != input.others;
        // its files are no manifests: whatever changed in the folder may have been one
        let has_files = |placed: &Placed<Store>| matches!(placed.item.provider, Provider::File(_));
        all |= inventory.stores().any(has_files);
        let mut gone: BTreeSet<String> = self.items.keys().cloned().collect();
        for placed in &inventory.external_secrets {
            let namespace = placed.item.namespace.as_deref();
            let key = inventory.shown(namespace, &placed.item.name);
            let target = (inventory.namespace(namespace).to_owned(), placed.item.target_name().to_owned());
            if self.items.get(&key).is_some_and(|item| item.target != target) {
                // it writes another Secret now: for the old one it is gone
                self.forget(&key, now);
            }
            gone.remove(&key);
            if self.adopt(&key, placed, target, all) {
                self.schedule.set(key, now);
            }
        }
        for key in gone {
            self.forget(&key, now);
        }
        let new = Stores::new(inventory, around);
        #[cfg(feature = "vault")]
        let new = match &self.stores {
            Some(old) => new.with_leases(old.leases().clone()),
            None => new,
        };
        if let Some(old) = self.stores.take() {
            old.close();
            self.numbers.replaced(&old.calls_of_closed(), new.inventory());
        }
        self.stores = Some(new);
    }

    /// Takes in what a manifest says; whether it is due now. `all` when anything else has changed.
    fn adopt(&mut self, key: &str, placed: &Placed<ExternalSecret>, target: Name, all: bool) -> bool {
        let Some(item) = self.items.get_mut(key) else {
            let item =
                Item { placed: placed.clone(), pace: Pace::new(), good: None, target: target.clone(), file: None };
            if item.writes() {
                self.targets.entry(target).or_default().insert(key.to_owned());
            }
            self.items.insert(key.to_owned(), item);
            return true;
        };
        let changed = item.placed.item != placed.item;
        item.placed = placed.clone();
        let fellows = self.targets.entry(target).or_default();
        if item.writes() {
            fellows.insert(key.to_owned())
        } else {
            fellows.remove(key)
        };
        // external-secrets 2.9 pkg/controllers/externalsecret, shouldRefresh
        match placed.item.refresh_policy {
            RefreshPolicy::Periodic => changed || all,
            RefreshPolicy::OnChange => changed || (all && item.good.is_none()),
            RefreshPolicy::CreatedOnce => (changed || all) && item.good.is_none(),
        }
    }

    fn wrong(&self, failure: &Failure) {
        self.log.error(
            "the manifests cannot be read; everything goes on as it was",
            &[("error", failure.message().into())],
        );
        for detail in failure.details() {
            self.log.error(
                "the manifests cannot be read; everything goes on as it was",
                &[("error", detail.as_str().into())],
            );
        }
    }

    /// Somebody took the ExternalSecret away.
    fn forget(&mut self, key: &str, now: u64) {
        let Some(item) = self.items.remove(key) else { return };
        self.schedule.remove(&key.to_owned());
        let name = self.name(&item.placed.item);
        self.registry.forget(&table::OF_EXTERNAL_SECRET, &[&name.1, &name.0]);
        let fellows = self.targets.entry(item.target).or_default();
        fellows.remove(key);
        if !fellows.is_empty() {
            // they write the Secret without what it wrote
            fellows.iter().for_each(|fellow| self.schedule.set(fellow.clone(), now));
            return self.log.info("no longer asked for; others write the secret", &[("name", key.into())]);
        }
        #[cfg(feature = "vault")]
        if let Some(stores) = self.stores.as_ref().filter(|_| self.args.prune) {
            self.not_ended(&stores.leases().revoke_of(key));
        }
        match item.file.filter(|_| self.args.prune) {
            Some(file) => match write::remove(&file) {
                Ok(()) => self.log.info("secret deleted", &[("name", key.into())]),
                Err(error) => self
                    .log
                    .error("secret not deleted", &[("name", key.into()), ("error", error.to_string().as_str().into())]),
            },
            None => self.log.info("no longer asked for; the file stays", &[("name", key.into())]),
        }
    }

    fn name(&self, item: &ExternalSecret) -> Name {
        let given = item.namespace.clone().or_else(|| self.args.namespace.clone());
        (given.unwrap_or_default(), item.name.clone())
    }

    #[cfg(feature = "vault")]
    fn not_ended(&self, troubles: &[(String, StoreError)]) {
        for (about, error) in troubles {
            self.log
                .warn("a lease was not ended", &[("of", about.as_str().into()), ("error", error.what.as_str().into())]);
        }
    }

    /// Everybody who is due.
    fn work(&mut self, stop: &Stop) {
        while !stop.is_set() {
            let now = clock::monotonic_millis();
            let due = self.schedule.due_at_most(now, AT_ONCE);
            if due.is_empty() {
                return;
            }
            let due = self.with_fellows(due);
            self.round(&due, stop);
        }
    }

    /// And all who write the same Secrets: what one of them alone wants is not the whole Secret.
    fn with_fellows(&mut self, due: Vec<String>) -> Vec<String> {
        let mut all = due.clone();
        let mut known: BTreeSet<String> = due.into_iter().collect();
        for at in 0..all.len() {
            let Some(item) = all.get(at).and_then(|key| self.items.get(key)).filter(|item| item.writes()) else {
                continue;
            };
            for fellow in self.targets.get(&item.target).into_iter().flatten() {
                if known.insert(fellow.clone()) {
                    self.schedule.remove(fellow);
                    all.push(fellow.clone());
                }
            }
        }
        all
    }

    fn round(&mut self, due: &[String], stop: &Stop) {
        let Some(stores) = &self.stores else { return };
        stores.forget_failed();
        let begin = clock::monotonic_millis();
        let placed: Vec<_> = due.iter().filter_map(|key| self.items.get(key)).map(|item| item.placed.clone()).collect();
        let outcomes = round::resolve(stores, &placed, clock::timestamp());
        self.numbers.tell(stores.asked(), &stores.calls());
        let inventory = stores.inventory().clone();
        let names: Vec<Name> = outcomes.iter().map(|outcome| self.name(&outcome.placed.item)).collect();
        let targets: BTreeMap<Name, Vec<String>> = targets(&outcomes, &names);
        let secrets = made::secrets(&inventory, outcomes);
        let elapsed = Duration::from_millis(clock::monotonic_millis().saturating_sub(begin));
        let mut fine: BTreeSet<String> = names.iter().map(shown).collect();
        for line in &secrets.failed {
            fine.remove(&shown(&line.name));
            // what nobody waited for has not failed
            if !stop.is_set() {
                self.failed(line);
            }
        }
        for line in &secrets.skipped {
            self.log.debug(
                "left out",
                &[("name", shown(&line.name).as_str().into()), ("why", line.what.join("; ").as_str().into())],
            );
        }
        for made in secrets.made {
            let of = targets.get(&(made.namespace.clone(), made.name.clone())).cloned().unwrap_or_default();
            if let Err(line) = self.write(made, &of) {
                for key in &of {
                    fine.remove(key);
                }
                self.failed(&line);
            }
        }
        for key in fine {
            self.succeeded(&key, elapsed);
        }
    }

    /// Writes one Secret; those who make it are `of`.
    fn write(&mut self, made: Made, of: &[String]) -> Result<(), Box<Line>> {
        let name = (made.namespace.clone(), made.name.clone());
        let written = output::places(&self.args.output, &self.session, vec![made], false);
        let places = written.map_err(|failure| {
            Box::new(Line {
                name: name.clone(),
                what: std::iter::once(failure.message().to_owned()).chain(failure.details().iter().cloned()).collect(),
                ..Line::default()
            })
        })?;
        for place in places {
            if !place.changes.is_empty() {
                let changes = place.changes.join(", ");
                self.log.info(
                    "secret written",
                    &[("name", shown(&name).as_str().into()), ("keys", changes.as_str().into())],
                );
            }
            for key in of {
                if let Some(item) = self.items.get_mut(key) {
                    item.file.clone_from(&place.path);
                }
            }
        }
        Ok(())
    }

    fn failed(&mut self, line: &Line) {
        let key = shown(&line.name);
        self.log.warn(
            "not synced; what is there stays",
            &[
                ("name", key.as_str().into()),
                ("error", line.what.join("; ").as_str().into()),
                ("hint", line.hints.join("; ").as_str().into()),
            ],
        );
        let labels = [line.name.1.as_str(), line.name.0.as_str()];
        self.registry.count(&table::SYNC_CALLS, labels);
        self.registry.count(&table::SYNC_ERRORS, labels);
        self.registry.set_condition(&table::EXTERNAL_SECRET_CONDITION, labels, "Ready", false);
        let now = clock::monotonic_millis();
        if let Some(item) = self.items.get_mut(&key) {
            let wait = item.pace.failed(&key);
            self.schedule.set(key, now + wait);
        }
    }

    fn succeeded(&mut self, key: &str, elapsed: Duration) {
        let Some(item) = self.items.get_mut(key) else { return };
        let spec = item.placed.item.clone();
        let is_first = item.good.is_none();
        let now = clock::monotonic_millis();
        item.good = Some(now);
        let interval = u64::try_from(spec.refresh_interval.as_millis()).unwrap_or(u64::MAX);
        let repeats = spec.refresh_policy == RefreshPolicy::Periodic && interval > 0;
        let wait = item.pace.succeeded(key, interval);
        if repeats {
            // what began together is spread over its interval first
            let wait = if is_first { spread(key, interval).max(1_000) } else { wait };
            self.schedule.set(key.to_owned(), now.saturating_add(wait));
        }
        let name = self.name(&spec);
        let labels = [name.1.as_str(), name.0.as_str()];
        self.registry.count(&table::SYNC_CALLS, labels);
        self.registry.set_condition(&table::EXTERNAL_SECRET_CONDITION, labels, "Ready", true);
        self.registry.set(&table::EXTERNAL_SECRET_DURATION, labels, elapsed.as_nanos() as f64);
        let moment = u64::try_from(clock::timestamp().as_millisecond()).unwrap_or_default();
        self.registry.happened(&table::LAST_SYNC, labels, moment);
        self.registry.observe(&table::SYNC_SECONDS, ["success"], elapsed.as_secs_f64());
    }

    fn renew(&mut self) {
        #[cfg(feature = "vault")]
        if let Some(stores) = &self.stores {
            let renewed = stores.leases().renew(clock::timestamp());
            for (about, error) in renewed.lost {
                self.log.warn(
                    "a lease was not renewed",
                    &[("of", about.as_str().into()), ("error", error.what.as_str().into())],
                );
            }
            let now = clock::monotonic_millis();
            for key in renewed.again.into_iter().filter(|key| self.items.contains_key(key)) {
                self.schedule.set(key, now);
            }
            self.registry.set(&table::LEASES, [], stores.leases().count() as f64);
            self.numbers.tell(stores.asked(), &stores.calls());
        }
        let overdue = self.schedule.next().map_or(0, |at| clock::monotonic_millis().saturating_sub(at));
        self.registry.set(&table::OVERDUE, [], overdue as f64 / 1000.0);
    }
}

/// Who makes which Secret.
fn targets(outcomes: &[Outcome], names: &[Name]) -> BTreeMap<Name, Vec<String>> {
    let mut targets: BTreeMap<Name, Vec<String>> = BTreeMap::new();
    for (outcome, name) in outcomes.iter().zip(names) {
        let target = (name.0.clone(), outcome.placed.item.target_name().to_owned());
        targets.entry(target).or_default().push(shown(name));
    }
    targets
}
