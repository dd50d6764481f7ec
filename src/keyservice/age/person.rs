//! The person at the terminal, if there is one: passphrases, and what plugins want to say and to know.

use std::sync::{Arc, Mutex, PoisonError};

use crate::secret::SecretText;

/// Asks a person for a passphrase. Closures that take the place's label do; they have nobody who could talk to plugins.
pub trait AskPassphrase: Send + Sync {
    /// The passphrase for `label`; `None` when nobody can be asked.
    fn ask(&self, label: &str) -> Option<SecretText>;

    /// Whatever a plugin asks for that nobody else may see, a PIN for example. `prompt` is the plugin's text, as it came.
    fn ask_secret(&self, _plugin: &str, _prompt: &str) -> Option<SecretText> {
        None
    }

    /// Something a plugin asks for that is not secret.
    fn ask_plain(&self, _plugin: &str, _prompt: &str) -> Option<String> {
        None
    }

    /// One of a plugin's two answers to its own question; some questions have one answer only. `true` for `yes`.
    fn choose(&self, _plugin: &str, _question: &str, _yes: &str, _no: Option<&str>) -> Option<bool> {
        None
    }

    /// Something a plugin wants to say, or what has to be said about it. `false` when nobody reads it.
    fn tell(&self, _plugin: &str, _message: &str) -> bool {
        false
    }
}

impl<F: Fn(&str) -> Option<SecretText> + Send + Sync> AskPassphrase for F {
    fn ask(&self, label: &str) -> Option<SecretText> {
        self(label)
    }
}

/// One question after the other: many files are opened at once, and nobody can answer two prompts on one line.
#[derive(Clone)]
pub(super) struct Person {
    asked: Arc<dyn AskPassphrase>,
    busy: Arc<Mutex<()>>,
}

impl Person {
    pub(super) fn new(asked: impl AskPassphrase + 'static) -> Self {
        Self { asked: Arc::new(asked), busy: Arc::default() }
    }

    fn alone<T>(&self, question: impl FnOnce(&dyn AskPassphrase) -> T) -> T {
        let _turn = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        question(&*self.asked)
    }
}

impl AskPassphrase for Person {
    fn ask(&self, label: &str) -> Option<SecretText> {
        self.alone(|person| person.ask(label))
    }

    fn ask_secret(&self, plugin: &str, prompt: &str) -> Option<SecretText> {
        self.alone(|person| person.ask_secret(plugin, prompt))
    }

    fn ask_plain(&self, plugin: &str, prompt: &str) -> Option<String> {
        self.alone(|person| person.ask_plain(plugin, prompt))
    }

    fn choose(&self, plugin: &str, question: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        self.alone(|person| person.choose(plugin, question, yes, no))
    }

    fn tell(&self, plugin: &str, message: &str) -> bool {
        self.alone(|person| person.tell(plugin, message))
    }
}
