//! The person at the terminal, as the key services know them: passphrases, and what plugins want to say and to know.

use crate::fsio::printable::sanitize;
use crate::fsio::{output, terminal};
use crate::keyservice::age::AskPassphrase;
use crate::secret::SecretText;

/// Asks on the terminal; without one there is nobody.
#[derive(Debug)]
pub struct AtTerminal;

fn somebody_is_there() -> bool {
    terminal::stderr_is_terminal() || terminal::stdin_is_terminal()
}

impl AskPassphrase for AtTerminal {
    fn ask(&self, label: &str) -> Option<SecretText> {
        let prompt = format!("passphrase for {label}: ");
        somebody_is_there().then(|| terminal::prompt_secret(&prompt).ok())?
    }

    fn ask_secret(&self, plugin: &str, prompt: &str) -> Option<SecretText> {
        let prompt = format!("{plugin}: {prompt} ");
        somebody_is_there().then(|| terminal::prompt_secret(&prompt).ok())?
    }

    fn ask_plain(&self, plugin: &str, prompt: &str) -> Option<String> {
        if !terminal::stderr_is_terminal() || !terminal::stdin_is_terminal() {
            return None;
        }
        output::say(&format!("{plugin}: {prompt}"));
        terminal::read_line().ok()
    }

    fn choose(&self, plugin: &str, question: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        let question = match no {
            Some(no) => format!("{plugin}: {question} (y: {}, n: {})", sanitize(yes), sanitize(no)),
            None => format!("{plugin}: {question} (y: {})", sanitize(yes)),
        };
        if !terminal::stderr_is_terminal() || !terminal::stdin_is_terminal() {
            return None;
        }
        terminal::confirm(&question).ok()
    }

    fn tell(&self, plugin: &str, message: &str) -> bool {
        output::say(&format!("{plugin}: {message}"));
        true
    }
}
