//! Asking: every store for all that is wanted of it, at the same time, each thing once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::generate;
use super::inventory::Placed;
use super::stores::{StoreKey, Stores};
use crate::external::gather::{Answer, Request, wanted};
use crate::external::resource::ExternalSecret;
use crate::external::resource::aws::AwsService;
use crate::external::resource::store::Provider;
use crate::external::value::Flavour;
use crate::external::{Fetched, Find, Reference};
use crate::secret::SecretBytes;
use crate::store::{StoreCause, StoreClient, StoreError};

/// So many stores, and so many generators, are asked at a time.
const AT_ONCE: usize = 8;

type One = Result<Option<Fetched>, StoreError>;
type Many = Result<Vec<(String, Fetched)>, StoreError>;
type Generated = Result<BTreeMap<String, SecretBytes>, StoreError>;

/// What is wanted of one store.
#[derive(Default)]
struct Wants {
    references: BTreeSet<Reference>,
    finds: BTreeSet<Find>,
}

/// What one store answered.
struct Asked {
    flavour: Flavour,
    references: HashMap<Reference, One>,
    finds: HashMap<Find, Many>,
}

/// Whether the store works, for all that the error says: that one of its secrets is not for us says nothing about it.
fn is_working(error: &StoreError) -> bool {
    use StoreCause::{Login, Throttled, Tls, Unavailable, Unreachable};
    !matches!(error.cause, Unreachable | Tls | Unavailable | Throttled | Login)
}

impl Asked {
    fn is_working(&self) -> bool {
        let references = self.references.values().filter_map(|answer| answer.as_ref().err());
        references.chain(self.finds.values().filter_map(|answer| answer.as_ref().err())).all(is_working)
    }
}

/// All answers of a round.
#[derive(Default)]
pub struct Answers {
    stores: HashMap<StoreKey, Result<Asked, StoreError>>,
    /// By number of the ExternalSecret and of its entry.
    generated: HashMap<(usize, usize), Generated>,
}

impl Answers {
    /// Asks for everything that `items` want.
    pub fn ask(stores: &Stores, items: &[Placed<ExternalSecret>]) -> Self {
        let mut wants: BTreeMap<StoreKey, Wants> = BTreeMap::new();
        let mut generators = Vec::new();
        for (number, placed) in items.iter().enumerate() {
            let namespace = placed.item.namespace.as_deref();
            for request in wanted(&placed.item) {
                match request {
                    Request::Secret { store, reference } => {
                        wants.entry(stores.key(&store, namespace)).or_default().references.insert(reference);
                    }
                    Request::Find { store, find } => {
                        wants.entry(stores.key(&store, namespace)).or_default().finds.insert(find);
                    }
                    Request::Generate { generator, entry } => {
                        generators.push(((number, entry), generator, &placed.item));
                    }
                }
            }
        }
        let wants: Vec<(StoreKey, Wants)> = wants.into_iter().collect();
        let answered = parallel(&wants, |(key, wants)| ask_one(stores, key, wants));
        for ((key, _), answered) in wants.iter().zip(&answered) {
            stores.answered(key, answered.as_ref().is_ok_and(Asked::is_working));
        }
        let stores_answers = wants.iter().map(|(key, _)| key.clone()).zip(answered).collect();
        let made = parallel(&generators, |((_, entry), generator, item)| {
            generate::generate(stores, generator, item.namespace.as_deref(), &item.name, *entry)
        });
        let generated = generators.iter().map(|(key, ..)| *key).zip(made).collect();
        Self { stores: stores_answers, generated }
    }

    /// The answer to a request of the ExternalSecret with this number.
    pub fn answer(&self, stores: &Stores, number: usize, item: &ExternalSecret, request: &Request) -> Answer<'_> {
        match self.find(stores, number, item, request) {
            Ok(answer) => answer,
            Err(error) => Answer::Failed(error.what),
        }
    }

    /// The trouble behind an answer that failed.
    pub fn error(
        &self,
        stores: &Stores,
        number: usize,
        item: &ExternalSecret,
        request: &Request,
    ) -> Option<StoreError> {
        self.find(stores, number, item, request).err()
    }

    fn find(
        &self,
        stores: &Stores,
        number: usize,
        item: &ExternalSecret,
        request: &Request,
    ) -> Result<Answer<'_>, StoreError> {
        let nobody = || StoreError::new(StoreCause::Odd, "nobody was asked");
        let asked = |store| match self.stores.get(&stores.key(store, item.namespace.as_deref())) {
            Some(Ok(asked)) => Ok(asked),
            Some(Err(error)) => Err(error.clone()),
            None => Err(nobody()),
        };
        Ok(match request {
            Request::Secret { store, reference } => {
                let asked = asked(store)?;
                match asked.references.get(reference).ok_or_else(nobody)? {
                    Ok(Some(fetched)) => Answer::Secret(asked.flavour, fetched),
                    Ok(None) => Answer::Missing,
                    Err(error) => return Err(error.clone()),
                }
            }
            Request::Find { store, find } => {
                let asked = asked(store)?;
                match asked.finds.get(find).ok_or_else(nobody)? {
                    Ok(found) => Answer::Found(asked.flavour, found),
                    Err(error) => return Err(error.clone()),
                }
            }
            Request::Generate { entry, .. } => match self.generated.get(&(number, *entry)).ok_or_else(nobody)? {
                Ok(values) => Answer::Generated(values),
                Err(error) => return Err(error.clone()),
            },
        })
    }
}

fn ask_one(stores: &Stores, key: &StoreKey, wants: &Wants) -> Result<Asked, StoreError> {
    let flavour = flavour(&stores.resource(key)?.item.provider);
    let client: Arc<dyn StoreClient> = stores.client(key)?;
    let references: Vec<Reference> = wants.references.iter().cloned().collect();
    let answers = if references.is_empty() { Vec::new() } else { client.fetch(&references) };
    let references = references.into_iter().zip(answers).collect();
    let finds = wants.finds.iter().map(|find| (find.clone(), client.find(find))).collect();
    Ok(Asked { flavour, references, finds })
}

/// How what a store keeps is read.
pub fn flavour(provider: &Provider) -> Flavour {
    match provider {
        Provider::Vault(_) => Flavour::Vault,
        Provider::Aws(provider) if provider.service == AwsService::ParameterStore => Flavour::ParameterStore,
        Provider::Aws(_) => Flavour::Aws,
        Provider::Kubernetes(_) => Flavour::Kubernetes,
        Provider::Fake(_) => Flavour::Fake,
        Provider::File(_) => Flavour::File,
    }
}

/// The results, in the order of the items; a few at a time.
fn parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = Mutex::new(0_usize);
    let mut results: Vec<(usize, R)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..items.len().min(AT_ONCE))
            .map(|_| {
                scope.spawn(|| {
                    let mut done = Vec::new();
                    loop {
                        let at = {
                            let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
                            *next += 1;
                            *next - 1
                        };
                        let Some(item) = items.get(at) else { return done };
                        done.push((at, work(item)));
                    }
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    });
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}
