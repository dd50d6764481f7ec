//! How often the API of a store was asked, by the names that External Secrets Operator has for it (external-secrets 2.9
//! `runtime/constants/constants.go`), and ours for what it does not do.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The key-value stores of Vault and OpenBao.
pub const VAULT: &str = "HashiCorp/Vault";
/// AWS Secrets Manager.
pub const SECRETS_MANAGER: &str = "AWS/SecretsManager";
/// The Parameter Store of AWS.
pub const PARAMETER_STORE: &str = "AWS/ParameterStore";
/// Secrets of a cluster.
pub const KUBERNETES: &str = "Kubernetes";

/// How often one call was made with one outcome, since its client was opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Call {
    /// Whose API it is: `HashiCorp/Vault`.
    pub provider: &'static str,
    /// The call: `ReadSecretData`.
    pub call: &'static str,
    /// Whether it was answered well. That there is no such secret is a good answer.
    pub ok: bool,
    /// How often.
    pub count: u64,
}

/// Counts the requests of one client, each when it is over; shared by its threads.
#[derive(Debug)]
pub struct Calls {
    provider: &'static str,
    counts: Mutex<BTreeMap<(&'static str, bool), u64>>,
}

impl Calls {
    /// None was made yet.
    pub fn new(provider: &'static str) -> Self {
        Self { provider, counts: Mutex::default() }
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<(&'static str, bool), u64>> {
        // numbers are no worse for a thread that panicked elsewhere
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more.
    pub fn count(&self, call: &'static str, ok: bool) {
        *self.locked().entry((call, ok)).or_default() += 1;
    }

    /// One more that is on its way.
    pub fn sent(self: &Arc<Self>, call: &'static str) -> Sent {
        Sent { calls: self.clone(), call, is_over: AtomicBool::new(false) }
    }

    /// All of them so far.
    pub fn all(&self) -> Vec<Call> {
        let row =
            |(&(call, ok), &count): (&(&'static str, bool), &u64)| Call { provider: self.provider, call, ok, count };
        self.locked().iter().map(row).collect()
    }
}

/// A request on its way: counted once, as failed when nobody waits for its answer any more.
#[derive(Debug)]
pub struct Sent {
    calls: Arc<Calls>,
    call: &'static str,
    is_over: AtomicBool,
}

impl Sent {
    /// It was answered, well or not; what is said after that does not count.
    pub fn over(&self, ok: bool) {
        if !self.is_over.swap(true, Ordering::Relaxed) {
            self.calls.count(self.call, ok);
        }
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.over(false);
    }
}

/// The calls of several clients together.
#[derive(Clone, Default, Debug)]
pub struct Totals(BTreeMap<(&'static str, &'static str, bool), u64>);

impl Totals {
    /// Those of one more.
    pub fn add(&mut self, calls: &[Call]) {
        for Call { provider, call, ok, count } in calls {
            *self.0.entry((provider, call, *ok)).or_default() += count;
        }
    }

    /// All of them, by name.
    pub fn all(&self) -> Vec<Call> {
        self.0.iter().map(|(&(provider, call, ok), &count)| Call { provider, call, ok, count }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(calls: &[Call]) -> Vec<(&'static str, bool, u64)> {
        calls.iter().map(|call| (call.call, call.ok, call.count)).collect()
    }

    #[test]
    fn each_is_counted_once() {
        let calls = Arc::new(Calls::new(VAULT));
        assert_eq!(calls.all(), []);
        calls.count("Login", true);
        calls.count("Login", false);
        calls.count("Login", true);
        let sent = calls.sent("ReadSecretData");
        assert_eq!(calls.all().len(), 2, "on its way");
        sent.over(true);
        sent.over(false);
        drop(sent);
        drop(calls.sent("ReadSecretData"));
        let expected =
            [("Login", false, 1), ("Login", true, 2), ("ReadSecretData", false, 1), ("ReadSecretData", true, 1)];
        assert_eq!(rows(&calls.all()), expected);
        assert!(calls.all().iter().all(|call| call.provider == VAULT));
    }

    #[test]
    fn threads_lose_none() {
        let calls = Calls::new(KUBERNETES);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|n| calls.count("GetSecret", n % 2 == 0)));
            }
        });
        assert_eq!(rows(&calls.all()), [("GetSecret", false, 2000), ("GetSecret", true, 2000)]);
    }

    #[test]
    fn clients_are_summed_by_provider() {
        let (one, other, third) = (Calls::new(VAULT), Calls::new(VAULT), Calls::new(KUBERNETES));
        for calls in [&one, &other, &other, &third] {
            calls.count("ListSecrets", true);
        }
        let mut totals = Totals::default();
        for calls in [&one, &other, &third] {
            totals.add(&calls.all());
        }
        let call = |provider, count| Call { provider, call: "ListSecrets", ok: true, count };
        assert_eq!(totals.all(), [call(VAULT, 3), call(KUBERNETES, 1)]);
    }
}
