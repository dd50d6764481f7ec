//! What the daemon's metrics say of stores: how often they were asked, and which of them work.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::daemon::metrics::{Registry, table};
use crate::external::resource::select::StoreKind;
use crate::store::calls::Totals;
use crate::sync::Inventory;
use crate::sync::stores::StoreName;

/// See the file's description.
pub struct Numbers {
    registry: Arc<Registry>,
    /// The calls of all stores that were there before those of now.
    before: Totals,
    /// Those with series.
    known: BTreeSet<StoreName>,
}

impl Numbers {
    /// Nobody was asked yet.
    pub fn new(registry: Arc<Registry>) -> Self {
        Self { registry, before: Totals::default(), known: BTreeSet::new() }
    }

    /// After a round: which stores were asked in it and whether they work, and all calls since they are open.
    pub fn tell(&mut self, asked: BTreeMap<StoreName, bool>, calls: &Totals) {
        for (store, is_working) in asked {
            let (kind, namespace, name) = &store;
            let family = match kind {
                StoreKind::SecretStore => &table::SECRET_STORE_CONDITION,
                StoreKind::ClusterSecretStore => &table::CLUSTER_SECRET_STORE_CONDITION,
            };
            self.registry.set_condition(family, [name, namespace], "Ready", is_working);
            let up = f64::from(u8::from(is_working));
            self.registry.set(&table::STORE_UP, [name, namespace, kind.as_str()], up);
            self.known.insert(store);
        }
        let mut totals = self.before.clone();
        totals.add(&calls.all());
        self.count(&totals);
    }

    /// After a reload: all stores were closed, having been called so often, and those of `inventory` are there now. What was counted
    /// stays, stores that are gone do not. The calls that closed them are told after the next round.
    pub fn replaced(&mut self, calls: &Totals, inventory: &Inventory) {
        self.before.add(&calls.all());
        let there: BTreeSet<StoreName> = inventory.stores().map(|placed| inventory.store_name(&placed.item)).collect();
        for store in std::mem::take(&mut self.known) {
            if there.contains(&store) {
                self.known.insert(store);
                continue;
            }
            let (kind, namespace, name) = &store;
            let families = match kind {
                StoreKind::SecretStore => &table::OF_SECRET_STORE,
                StoreKind::ClusterSecretStore => &table::OF_CLUSTER_SECRET_STORE,
            };
            self.registry.forget(families, &[name, namespace]);
            self.registry.forget(&table::OF_STORE, &[name, namespace, kind.as_str()]);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a rounded count will do")]
    fn count(&self, totals: &Totals) {
        for call in totals.all() {
            let status = if call.ok { "success" } else { "error" };
            self.registry.set_count(&table::PROVIDER_CALLS, [call.provider, call.call, status], call.count as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest;
    use crate::store::calls::{Calls, VAULT};
    use crate::sync::Place;

    fn inventory(manifests: &str) -> Inventory {
        let mut inventory = Inventory::new("prod");
        for object in manifest::read(manifests.as_bytes()).unwrap() {
            inventory.add(&Arc::new(Place::default()), &object).unwrap();
        }
        inventory
    }

    fn store(kind: &str, name: &str) -> String {
        format!(
            "apiVersion: external-secrets.io/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {{provider: {{fake: {{data: []}}}}}}\n---\n"
        )
    }

    fn totals(calls: &Calls) -> Totals {
        let mut totals = Totals::default();
        totals.add(&calls.all());
        totals
    }

    #[test]
    fn counts_never_fall_and_what_is_gone_is_forgotten() {
        let registry = Arc::new(Registry::new());
        let mut numbers = Numbers::new(registry.clone());
        let says = |line: &str| registry.render(0).lines().any(|found| found == line);
        let read = |status: &str, count: u64| {
            format!(
                "externalsecret_provider_api_calls_count{{provider=\"HashiCorp/Vault\",call=\"ReadSecretData\",status=\"{status}\"}} {count}"
            )
        };
        let ready = |family: &str, name: &str, namespace: &str, status: &str, value: u8| {
            format!(
                "{family}{{name=\"{name}\",namespace=\"{namespace}\",condition=\"Ready\",status=\"{status}\"}} {value}"
            )
        };
        let up = |name: &str, namespace: &str, kind: &str, value: u8| {
            format!("sealant_store_up{{name=\"{name}\",namespace=\"{namespace}\",kind=\"{kind}\"}} {value}")
        };
        let both = inventory(&(store("SecretStore", "a") + &store("ClusterSecretStore", "b")));
        let names: Vec<StoreName> = both.stores().map(|placed| both.store_name(&placed.item)).collect();
        let calls = Calls::new(VAULT);
        (0..3).for_each(|_| calls.count("ReadSecretData", true));
        calls.count("ReadSecretData", false);
        numbers.tell(names.iter().map(|name| (name.clone(), name.2 == "a")).collect(), &totals(&calls));
        for line in [
            read("success", 3),
            read("error", 1),
            ready("secretstore_status_condition", "a", "prod", "True", 1),
            ready("secretstore_status_condition", "a", "prod", "False", 0),
            ready("clustersecretstore_status_condition", "b", "", "False", 1),
            up("a", "prod", "SecretStore", 1),
            up("b", "", "ClusterSecretStore", 0),
        ] {
            assert!(says(&line), "{line}\n{}", registry.render(0));
        }
        // who was not asked again stays as it was
        numbers.tell(BTreeMap::new(), &totals(&calls));
        assert!(says(&up("b", "", "ClusterSecretStore", 0)) && says(&read("success", 3)));

        numbers.replaced(&totals(&calls), &inventory(&store("SecretStore", "a")));
        assert!(says(&up("a", "prod", "SecretStore", 1)) && says(&read("success", 3)));
        let shown = registry.render(0);
        assert!(!shown.contains("clustersecretstore") && !shown.contains("ClusterSecretStore"), "{shown}");
        let anew = Calls::new(VAULT);
        anew.count("ReadSecretData", true);
        numbers.tell(BTreeMap::new(), &totals(&anew));
        assert!(says(&read("success", 4)) && says(&read("error", 1)));
    }
}
