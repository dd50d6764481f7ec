//! One key after the other, or many at once: local keys first, remote ones together, each wrapped key once in a run.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use super::WrapError;
use crate::keyservice::KeyService;
use crate::keyservice::error::{Cause, KeyError};
use crate::keyservice::names::{self, Names};
use crate::keyservice::report::{KeyReport, Tried};
use crate::secret::SecretBytes;
use crate::sops::key::{KeyGroup, MasterKey, WrappedKey};
use crate::sops::rules::identity;

/// Nobody waits longer for a remote key. Services give up earlier by themselves and say why.
pub(super) const DEADLINE: Duration = Duration::from_secs(90);
/// How many remote calls are under way at most.
pub(super) const AT_ONCE: usize = 16;
/// Kinds that are tried first when the caller names no order, as in sops.
const DEFAULT_ORDER: [&str; 2] = ["age", "pgp"];

/// No answer in time.
pub(super) fn late() -> KeyError {
    KeyError::service(Cause::Unreachable, format!("no answer within {} seconds", DEADLINE.as_secs()))
}

/// The services and what they have said in this run. Clones share everything.
#[derive(Clone)]
pub(super) struct Attempts {
    pub(super) services: Arc<Vec<Arc<dyn KeyService>>>,
    pub(super) order: Option<Vec<String>>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// By kind, key, ciphertext and service.
    answers: Mutex<HashMap<Asked, Arc<OnceLock<Answer>>>>,
    /// Places that did not answer, or where nobody is logged in.
    closed: Mutex<HashMap<String, KeyError>>,
    under_way: Mutex<usize>,
    one_ended: Condvar,
}

type Asked = (usize, &'static str, String, String);
type Answer = Result<Option<SecretBytes>, KeyError>;

/// One service to be asked for one key of a group.
#[derive(Clone, Copy)]
struct Attempt {
    /// Of the group's key.
    key: usize,
    service: usize,
    /// Where the kind stands in the decryption order.
    rank: usize,
    remote: bool,
    /// How much the service says that it takes.
    effort: u8,
}

impl Attempts {
    pub(super) fn new(services: Vec<Arc<dyn KeyService>>) -> Self {
        Self { services: Arc::new(services), order: None, state: Arc::default() }
    }

    /// Whether the first service that knows this kind of key needs a network for it.
    pub(super) fn is_remote(&self, key: &MasterKey) -> bool {
        let first = self.services.iter().find(|service| service.handles(key));
        first.is_some_and(|service| service.endpoint(key).is_some())
    }

    /// By the first service that can; services are tried in turn, as in sops.
    pub(super) fn wrap(&self, key: &MasterKey, secret: &[u8]) -> Result<WrappedKey, WrapError> {
        let mut first_error = None;
        for service in self.services.iter().filter(|service| service.handles(key)) {
            let settle_and_wrap = || {
                let key = service.settle(key)?.unwrap_or_else(|| key.clone());
                let enc = service.wrap(&key, secret)?;
                Ok(enc.map(|enc| WrappedKey { key, enc, created_at: None }))
            };
            match self.guarded(service.endpoint(key), settle_and_wrap) {
                Ok(Some(wrapped)) => return Ok(wrapped),
                Ok(None) => {}
                Err(error) => _ = first_error.get_or_insert(error),
            }
        }
        let shown = Names::new().show_key(key);
        Err(match first_error {
            Some(source) => WrapError::Key { key: shown, source },
            None => WrapError::NotSupported(shown),
        })
    }

    /// By the first service that can, whatever the length of what comes out.
    pub(super) fn unwrap_one(&self, wrapped: &WrappedKey) -> Result<SecretBytes, Tried> {
        self.unwrap_by(wrapped, |_| true)
    }

    /// The same by services of this machine only.
    pub(super) fn unwrap_here(&self, wrapped: &WrappedKey) -> Result<SecretBytes, Tried> {
        self.unwrap_by(wrapped, |service| service.endpoint(&wrapped.key).is_none())
    }

    fn unwrap_by(&self, wrapped: &WrappedKey, wanted: impl Fn(&dyn KeyService) -> bool) -> Result<SecretBytes, Tried> {
        let mut outcome = None;
        let knows = |at: &usize| self.services[*at].handles(&wrapped.key) && wanted(&*self.services[*at]);
        for service in (0..self.services.len()).filter(knows) {
            let answer = self.ask(service, wrapped);
            let length = answer.as_ref().ok().and_then(Option::as_ref).map_or(0, |secret| secret.expose().len());
            if let Some(secret) = take(answer, length, &mut outcome) {
                return Ok(secret);
            }
        }
        Err(outcome.unwrap_or(Tried::NotSupported))
    }

    /// Tries the keys of a group until one opens.
    pub(super) fn unwrap_group(
        &self,
        group: &KeyGroup,
        length: usize,
        tried: &mut Vec<KeyReport>,
    ) -> Option<SecretBytes> {
        let mut outcomes: Vec<Option<Tried>> = vec![None; group.0.len()];
        let attempts = self.attempts(group);
        let stages = attempts.chunk_by(|one, next| one.remote && next.remote && self.are_equal(*one, *next));
        // the file says how many keys there are, and anybody may have written the file
        for stage in stages.flat_map(|stage| stage.chunks(AT_ONCE)) {
            if let Some(secret) = self.stage(group, stage, length, &mut outcomes) {
                report(self, group, &outcomes, tried, true);
                return Some(secret);
            }
        }
        report(self, group, &outcomes, tried, false);
        None
    }

    /// Remote keys that may be tried at the same time: nobody has put one before the other.
    fn are_equal(&self, one: Attempt, next: Attempt) -> bool {
        self.order.is_none() || one.rank == next.rank
    }

    /// In the order in which they are made.
    fn attempts(&self, group: &KeyGroup) -> Vec<Attempt> {
        let mut attempts = Vec::new();
        for (key, wrapped) in group.0.iter().enumerate() {
            let rank = self.rank(&wrapped.key);
            for (service, known) in self.services.iter().enumerate().filter(|(_, known)| known.handles(&wrapped.key)) {
                let (remote, effort) = (known.endpoint(&wrapped.key).is_some(), known.effort(&wrapped.key));
                attempts.push(Attempt { key, service, rank, remote, effort });
            }
        }
        match self.order {
            Some(_) => attempts.sort_by_key(|one| (one.rank, one.remote, one.effort)),
            None => attempts.sort_by_key(|one| (one.remote, one.rank, one.effort)),
        }
        attempts
    }

    fn rank(&self, key: &MasterKey) -> usize {
        let word = names::kind_word(key);
        let place = match &self.order {
            Some(order) => order.iter().position(|kind| kind == word),
            None => DEFAULT_ORDER.iter().position(|kind| *kind == word),
        };
        place.unwrap_or(usize::MAX)
    }

    /// One local attempt, or remote ones at once: whoever is first has it, the others are left alone.
    fn stage(
        &self,
        group: &KeyGroup,
        stage: &[Attempt],
        length: usize,
        outcomes: &mut [Option<Tried>],
    ) -> Option<SecretBytes> {
        if let [only] = stage
            && !only.remote
        {
            return take(self.ask(only.service, &group.0[only.key]), length, &mut outcomes[only.key]);
        }
        let (send, receive) = mpsc::channel();
        for attempt in stage {
            let (this, wrapped, send, attempt) = (self.clone(), group.0[attempt.key].clone(), send.clone(), *attempt);
            // whoever waits may be content with another answer already
            thread::spawn(move || _ = send.send((attempt.key, this.ask(attempt.service, &wrapped))));
        }
        drop(send);
        for _ in stage {
            let Ok((key, answer)) = receive.recv_timeout(DEADLINE) else {
                for attempt in stage {
                    outcomes[attempt.key].get_or_insert_with(|| Tried::Broken(late()));
                }
                return None;
            };
            if let Some(secret) = take(answer, length, &mut outcomes[key]) {
                return Some(secret);
            }
        }
        None
    }

    /// Asks a service, once for each wrapped key in a run.
    fn ask(&self, service: usize, wrapped: &WrappedKey) -> Answer {
        let known = &self.services[service];
        let asked = (service, names::kind_word(&wrapped.key), identity(&wrapped.key), wrapped.enc.clone());
        let mut answers = self.state.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let cell = answers.entry(asked).or_default().clone();
        // others need not wait for this one
        drop(answers);
        let answer = cell.get_or_init(|| self.guarded(known.endpoint(&wrapped.key), || known.unwrap(wrapped)));
        match answer {
            Ok(secret) => Ok(secret.as_ref().map(|secret| SecretBytes::new(secret.expose().to_vec()))),
            Err(error) => Err(error.clone()),
        }
    }

    /// A call to a place on the network: not too many at once, and not to places that did not answer.
    fn guarded<T>(&self, endpoint: Option<String>, call: impl FnOnce() -> Result<T, KeyError>) -> Result<T, KeyError> {
        let Some(endpoint) = endpoint else {
            return call();
        };
        let _turn = Turn::take(&self.state);
        let closed = &self.state.closed;
        if let Some(error) = closed.lock().unwrap_or_else(PoisonError::into_inner).get(&endpoint) {
            return Err(error.clone());
        }
        let answer = call();
        if let Err(error) = &answer
            && error.is_of_the_place()
        {
            closed.lock().unwrap_or_else(PoisonError::into_inner).insert(endpoint, error.clone());
        }
        answer
    }
}

/// A place among those who may call somebody at the same time.
struct Turn<'a>(&'a State);

impl<'a> Turn<'a> {
    fn take(state: &'a State) -> Self {
        let mut under_way = state.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        while *under_way >= AT_ONCE {
            under_way = state.one_ended.wait(under_way).unwrap_or_else(PoisonError::into_inner);
        }
        *under_way += 1;
        Self(state)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.under_way.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.one_ended.notify_one();
    }
}

/// The secret, if the answer holds one of the right length; else what is to be reported. What several services say about
/// the same key: a failure says more than that nothing fits.
fn take(answer: Answer, length: usize, outcome: &mut Option<Tried>) -> Option<SecretBytes> {
    let new = match answer {
        Ok(Some(secret)) if secret.expose().len() == length => return Some(secret),
        Ok(Some(_)) => Tried::Broken(KeyError::NotADataKey),
        Ok(None) => Tried::NoIdentityFits,
        Err(error) => Tried::Broken(error),
    };
    if !matches!(outcome, Some(Tried::Broken(_))) {
        *outcome = Some(new);
    }
    None
}

/// In the order of the attempts. Of a group that opened only those are told that failed before.
fn report(attempts: &Attempts, group: &KeyGroup, outcomes: &[Option<Tried>], tried: &mut Vec<KeyReport>, opened: bool) {
    let mut order: Vec<usize> = (0..outcomes.len()).collect();
    order.sort_by_key(|at| attempts.rank(&group.0[*at].key));
    for at in order {
        let outcome = match &outcomes[at] {
            Some(outcome) => outcome.clone(),
            None if opened => continue,
            None => Tried::NotSupported,
        };
        tried.push(KeyReport { key: group.0[at].key.clone(), outcome });
    }
}

#[cfg(test)]
mod tests;
