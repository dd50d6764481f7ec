//! The stores that are open. Each is opened once, at its first use, and serves everybody who may use it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::around::Around;
use super::credentials::Credentials;
use super::inventory::{Inventory, Placed};
use super::open;
use crate::external::resource::Store;
use crate::external::resource::select::{StoreKind, StoreRef};
use crate::store::calls::Totals;
use crate::store::{StoreCause, StoreClient, StoreError};

/// One store as one namespace sees it: references without a namespace in a ClusterSecretStore lead to that of whoever asks.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct StoreKey {
    /// Its name and kind.
    pub reference: StoreRef,
    /// Its namespace, or that of whoever asks.
    pub namespace: String,
}

type Opened = Result<Arc<dyn StoreClient>, StoreError>;

/// A store by itself, whoever asks: its kind, its namespace (nothing for those of the cluster) and its name.
pub type StoreName = (StoreKind, String, String);

/// See the file's description.
pub struct Stores {
    inventory: Arc<Inventory>,
    around: Arc<dyn Around>,
    open: Mutex<BTreeMap<StoreKey, Arc<OnceLock<Opened>>>>,
    /// The calls of those that were closed.
    closed: Mutex<Totals>,
    /// Whether each worked when it was asked.
    working: Mutex<BTreeMap<StoreName, bool>>,
    #[cfg(feature = "vault")]
    leases: Arc<super::leases::Leases>,
}

impl Stores {
    /// None is open yet.
    pub fn new(inventory: Arc<Inventory>, around: Arc<dyn Around>) -> Self {
        Self {
            inventory,
            around,
            open: Mutex::default(),
            closed: Mutex::default(),
            working: Mutex::default(),
            #[cfg(feature = "vault")]
            leases: Arc::default(),
        }
    }

    /// Goes on with what was made for a while before.
    #[cfg(feature = "vault")]
    #[must_use]
    pub fn with_leases(mut self, leases: Arc<super::leases::Leases>) -> Self {
        self.leases = leases;
        self
    }

    /// The resources at hand.
    pub fn inventory(&self) -> &Arc<Inventory> {
        &self.inventory
    }

    /// What was made for a while.
    #[cfg(feature = "vault")]
    pub fn leases(&self) -> &Arc<super::leases::Leases> {
        &self.leases
    }

    /// What is around.
    pub fn around(&self) -> &Arc<dyn Around> {
        &self.around
    }

    /// How a reference in an object of `namespace` is looked up.
    pub fn key(&self, reference: &StoreRef, namespace: Option<&str>) -> StoreKey {
        StoreKey { reference: reference.clone(), namespace: self.inventory.namespace(namespace).to_owned() }
    }

    fn find(&self, key: &StoreKey) -> Result<&Placed<Store>, StoreError> {
        let StoreRef { name, kind } = &key.reference;
        let found = self.inventory.store(&key.reference, Some(&key.namespace));
        let placed = found.ok_or_else(|| {
            let kind = kind.as_str();
            let names: Vec<String> = self
                .inventory
                .stores()
                .map(|placed| format!("{} {}", placed.item.kind.as_str(), shown(&placed.item)))
                .collect();
            let error = StoreError::new(
                StoreCause::Invalid,
                match key.namespace.as_str() {
                    namespace if !namespace.is_empty() && *kind == *"SecretStore" => {
                        format!("there is no {kind} {name} in the namespace {namespace}")
                    }
                    _ => format!("there is no {kind} {name}"),
                },
            );
            match names.is_empty() {
                true => error.hint("give the manifest of the store along with that of the ExternalSecret"),
                false => error.hint(format!("there are: {}", names.join(", "))),
            }
        })?;
        if *kind == StoreKind::ClusterSecretStore {
            let labels = self.inventory.namespace_labels(&key.namespace);
            if !placed.item.allows(&key.namespace, &labels) {
                let what = format!(
                    "using cluster store \"{name}\" is not allowed from namespace \"{}\": denied by spec.condition",
                    key.namespace
                );
                return Err(StoreError::new(StoreCause::Denied, what));
            }
        }
        Ok(placed)
    }

    /// The resource that a reference leads to.
    ///
    /// # Errors
    /// There is none, or it is not for this namespace.
    pub fn resource(&self, key: &StoreKey) -> Result<Placed<Store>, StoreError> {
        self.find(key).cloned()
    }

    /// The client for a store.
    ///
    /// # Errors
    /// There is no such store, or it cannot be opened; the same error for everybody until [`forget_failed`](Self::forget_failed).
    pub fn client(&self, key: &StoreKey) -> Opened {
        let slot = self.open.lock().unwrap_or_else(PoisonError::into_inner).entry(key.clone()).or_default().clone();
        slot.get_or_init(|| {
            let placed = self.find(key)?;
            let credentials =
                Credentials::new(self.inventory.clone(), self.around.clone(), &placed.item, &key.namespace);
            open::store(placed, &credentials)
        })
        .clone()
    }

    /// Gives up a client that cannot be opened, so that the next one who asks tries again.
    pub fn forget_failed(&self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, slot| !matches!(slot.get(), Some(Err(_))));
    }

    /// Gives back what was taken.
    pub fn close(&self) {
        for slot in std::mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner)).into_values() {
            if let Some(Ok(client)) = slot.get() {
                client.close();
                self.closed.lock().unwrap_or_else(PoisonError::into_inner).add(&client.calls());
            }
        }
    }

    /// How often the APIs of stores were asked that are closed by now. Leases are none of them: they may go on with other stores.
    pub fn calls_of_closed(&self) -> Totals {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often the APIs of all stores were asked, also of those that are closed by now, and for leases.
    pub fn calls(&self) -> Totals {
        let mut totals = self.calls_of_closed();
        for slot in self.open.lock().unwrap_or_else(PoisonError::into_inner).values() {
            if let Some(Ok(client)) = slot.get() {
                totals.add(&client.calls());
            }
        }
        #[cfg(feature = "vault")]
        totals.add(&self.leases.calls().all());
        totals
    }

    /// Somebody asked a store: it worked, or it did not. Who asks for a store that is none, or not for them, says nothing.
    pub(super) fn answered(&self, key: &StoreKey, is_working: bool) {
        if let Ok(placed) = self.find(key) {
            let mut working = self.working.lock().unwrap_or_else(PoisonError::into_inner);
            // one of the cluster is asked for each namespace by itself
            *working.entry(self.inventory.store_name(&placed.item)).or_insert(true) &= is_working;
        }
    }

    /// The stores that were asked since this was called last, and whether they worked each time.
    pub fn asked(&self) -> BTreeMap<StoreName, bool> {
        std::mem::take(&mut *self.working.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Stores {
    fn drop(&mut self) {
        self.close();
    }
}

fn shown(store: &Store) -> String {
    match &store.namespace {
        Some(namespace) => format!("{namespace}/{}", store.name),
        None => store.name.clone(),
    }
}
