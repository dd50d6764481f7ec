//! age plugins: programs `age-plugin-NAME` that wrap for `age1NAME1…` and unwrap with `AGE-PLUGIN-NAME-1…` (C2SP
//! age-plugin). They may talk to a person, and they may hang.

mod session;
mod stanza;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use age_core::format::{FileKey, Stanza};
use age_core::primitives::bech32_decode;
use age_core::secrecy::ExposeSecret;

use self::session::Session;
use super::hybrid::file_key;
use super::person::Person;
use crate::keyservice::KeyError;
use crate::secret::SecretText;

/// How plugins are run.
#[derive(Clone, Debug)]
pub struct PluginSettings {
    /// How long a plugin may be silent before it is given up.
    pub patience: Duration,
    /// Where the programs are; `None`: in `PATH`.
    pub folder: Option<PathBuf>,
}

impl Default for PluginSettings {
    fn default() -> Self {
        Self { patience: Duration::from_secs(60), folder: None }
    }
}

/// A recipient or an identity of a plugin, with the plugin's program.
pub(super) struct PluginName {
    /// `age-plugin-NAME`.
    pub(super) program: String,
    text: SecretText,
}

impl PluginName {
    /// Reads `age1NAME1…`; `None` when it is damaged.
    pub(super) fn of_recipient(text: &str) -> Option<Self> {
        Self::parse(text, |prefix| prefix.strip_prefix("age1"))
    }

    /// Reads `AGE-PLUGIN-NAME-1…`; `None` when it is damaged.
    pub(super) fn of_identity(text: &str) -> Option<Self> {
        Self::parse(text, |prefix| prefix.strip_prefix("AGE-PLUGIN-")?.strip_suffix('-'))
    }

    fn parse(text: &str, name: impl Fn(&str) -> Option<&str>) -> Option<Self> {
        let prefix = bech32_decode(text, |_| (), |_| Ok(()), |hrp, _| Ok(hrp.to_string())).ok()?;
        let name = name(&prefix)?.to_ascii_lowercase();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte);
        if name.is_empty() || !name.bytes().all(fits) {
            return None;
        }
        Some(Self { program: format!("age-plugin-{name}"), text: SecretText::new(text.to_owned()) })
    }
}

/// All plugins, and what is known of each. One runs at a time of each kind: their devices and people can do one thing.
pub(super) struct Plugins {
    settings: PluginSettings,
    person: Person,
    by_program: Mutex<HashMap<String, Arc<Mutex<State>>>>,
}

#[derive(Default)]
struct State {
    /// Why it is not run again.
    broken: Option<KeyError>,
    /// Secrets that it was content with, by its prompts.
    answers: HashMap<String, SecretText>,
}

/// What a plugin wrapped: stanzas and their labels.
pub(super) type Wrapped = (Vec<Stanza>, HashSet<String>);

impl Plugins {
    pub(super) fn new(settings: PluginSettings, person: Person) -> Self {
        Self { settings, person, by_program: Mutex::default() }
    }

    fn state(&self, program: &str) -> Arc<Mutex<State>> {
        let mut all = self.by_program.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(program.to_owned()).or_default().clone()
    }

    /// Why a plugin is not run any more, if so.
    pub(super) fn failure(&self, program: &str) -> Option<KeyError> {
        self.state(program).lock().unwrap_or_else(PoisonError::into_inner).broken.clone()
    }

    /// Runs a plugin, unless it has failed before in this run. Whoever was asked for a secret in vain is not asked again.
    fn run<T>(
        &self,
        program: &str,
        protocol: &str,
        talk: impl FnOnce(&mut Session) -> Result<T, KeyError>,
    ) -> Result<T, KeyError> {
        let state = self.state(program);
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = &state.broken {
            return Err(error.clone());
        }
        let known = state.answers.iter().map(|(prompt, answer)| (prompt.clone(), copy(answer))).collect();
        let (folder, patience) = (self.settings.folder.as_deref(), self.settings.patience);
        let mut session = match Session::start(program, folder, protocol, patience, &self.person, known) {
            Ok(session) => session,
            Err(error) => {
                state.broken = Some(error.clone());
                return Err(error);
            }
        };
        let result = talk(&mut session);
        match &result {
            Ok(_) => {
                state.answers.extend(std::mem::take(&mut session.answers));
                session.finish();
            }
            // what a plugin says of one key need not hold for the next; what is wrong with it does
            Err(error) if session.asked || error.hint().is_some() => state.broken = Some(error.clone()),
            Err(_) => {}
        }
        result
    }

    /// Wraps a file key for a recipient.
    ///
    /// # Errors
    /// [`KeyError`] of the plugin.
    pub(super) fn wrap(&self, recipient: &PluginName, key: &FileKey) -> Result<Wrapped, KeyError> {
        self.run(&recipient.program, "recipient-v1", |session| {
            session.send("add-recipient", &[recipient.text.expose()], b"");
            session.send("wrap-file-key", &[], key.expose_secret());
            session.send("extension-labels", &[], b"");
            session.send("done", &[], b"");
            let (mut stanzas, mut labels, mut failed) = (Vec::new(), HashSet::new(), None);
            while let Some(mut stanza) = session.next()? {
                match stanza.tag.as_str() {
                    "recipient-stanza" if stanza.args.len() >= 2 && stanza.args[0] == "0" => {
                        let args = stanza.args.split_off(2);
                        let tag = stanza.args.pop().unwrap_or_default();
                        stanzas.push(Stanza { tag, args, body: stanza.body });
                    }
                    "labels" => labels = stanza.args.into_iter().collect(),
                    "error" => failed = failed.or_else(|| Some(session.said(&stanza))),
                    _ => {
                        session.send("unsupported", &[], b"");
                        continue;
                    }
                }
                session.send("ok", &[], b"");
            }
            match failed {
                Some(error) => Err(error),
                None if stanzas.is_empty() => Err(session.trouble("wrapped nothing")),
                None => Ok((stanzas, labels)),
            }
        })
    }

    /// The file key of one of the stanzas; `None` when the identity fits none of them.
    ///
    /// # Errors
    /// [`KeyError`] of the plugin.
    pub(super) fn unwrap(&self, identity: &PluginName, stanzas: &[Stanza]) -> Result<Option<FileKey>, KeyError> {
        self.run(&identity.program, "identity-v1", |session| {
            session.send("add-identity", &[identity.text.expose()], b"");
            for stanza in stanzas {
                let args: Vec<&str> =
                    ["0", &stanza.tag].into_iter().chain(stanza.args.iter().map(String::as_str)).collect();
                session.send("recipient-stanza", &args, &stanza.body);
            }
            session.send("done", &[], b"");
            let (mut key, mut failed) = (None, None);
            while let Some(stanza) = session.next()? {
                match stanza.tag.as_str() {
                    "file-key" if key.is_none() && stanza.args == ["0"] => {
                        let body = zeroize::Zeroizing::new(stanza.body);
                        key = Some(file_key(&body).ok_or_else(|| session.trouble("gave a key of the wrong length"))?);
                    }
                    "error" => failed = failed.or_else(|| Some(session.said(&stanza))),
                    _ => {
                        session.send("unsupported", &[], b"");
                        continue;
                    }
                }
                session.send("ok", &[], b"");
            }
            match (key, failed) {
                (Some(key), _) => Ok(Some(key)),
                (None, Some(error)) => Err(error),
                (None, None) => Ok(None),
            }
        })
    }
}

fn copy(secret: &SecretText) -> SecretText {
    SecretText::new(secret.expose().to_owned())
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
