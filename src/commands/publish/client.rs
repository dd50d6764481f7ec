//! The Vaults of one call: their settings from the environment, read as the vault program does, and what is sent there.

use super::job::{Job, Outcome};
use crate::commands::session::Session;
use crate::failure::Failure;
use crate::fsio::env::Var;
use crate::sops::rules::VaultPlace;

/// Where Vault is when nobody says it.
const DEFAULT_ADDRESS: &str = "https://127.0.0.1:8200";

/// Where Vault is when the rule does not say it.
pub fn default_address(session: &Session) -> &str {
    session.env.text(Var::VaultAddr).unwrap_or(DEFAULT_ADDRESS)
}

#[cfg(feature = "vault")]
pub use with_client::Clients;

#[cfg(feature = "vault")]
mod with_client {
    use std::collections::BTreeMap;
    use std::collections::btree_map::Entry;
    use std::time::Duration;

    use super::{Failure, Job, Outcome, Session, Var, VaultPlace, default_address};
    use crate::failure::Kind;
    use crate::fsio::folder;
    use crate::fsio::read::{KEY_LIMIT, read_stream};
    use crate::secret::SecretText;
    use crate::store::vault::{Address, Roots, Settings, Vault, VaultError};

    /// Where the vault program keeps its token, in the home folder.
    const TOKEN_FILE: &str = ".vault-token";
    const TOKEN_LIMIT: u64 = 64 * 1024;
    const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);
    const DEFAULT_RETRIES: u32 = 2;

    /// By address.
    #[derive(Debug, Default)]
    pub struct Clients(BTreeMap<String, Vault>);

    impl Clients {
        /// Makes the client for a place, if there is none yet. Nothing is sent.
        ///
        /// # Errors
        /// Settings that cannot be right.
        pub fn prepare(&mut self, session: &Session, place: &VaultPlace) -> Result<(), Failure> {
            let text = place.address.as_deref().unwrap_or_else(|| default_address(session));
            if let Entry::Vacant(vacant) = self.0.entry(key(place)) {
                vacant.insert(Vault::new(settings(session, text)?)?);
            }
            Ok(())
        }

        /// Sends a job, unless the same is there already.
        ///
        /// # Errors
        /// What the store says.
        pub fn publish(&self, job: &Job, warn: &mut dyn FnMut(&str)) -> Result<Outcome, Failure> {
            let Some(vault) = self.0.get(&key(&job.place)) else {
                return Err(VaultError::Address("nobody has prepared it").into());
            };
            if job.place.versioned {
                match vault.read_v2(&job.path) {
                    Ok(Some(there)) if job.content.is_same(there.value()) => return Ok(Outcome::UpToDate),
                    Ok(_) => {}
                    // a token may be allowed to write only
                    Err(error) if error.is_forbidden() => warn(&format!(
                        "Cannot check if destination secret already exists in {}. New version will be created even if \
                         the data has not been changed.",
                        job.path
                    )),
                    Err(error) => return Err(error.into()),
                }
            }
            let body = job.content.body(job.place.versioned)?;
            Ok(Outcome::Published(vault.write(&job.path, body.as_bytes())?))
        }
    }

    fn key(place: &VaultPlace) -> String {
        place.address.clone().unwrap_or_default()
    }

    fn settings(session: &Session, address: &str) -> Result<Settings, Failure> {
        let env = &session.env;
        let address = Address::parse(address)?;
        if !address.is_tls() && !address.is_local() {
            session.warn(&format!("{address} has no TLS: whoever is on the way can read the token and the values"));
        }
        let timeout = match env.text(Var::VaultClientTimeout) {
            Some(text) => duration(text).ok_or_else(|| unreadable(Var::VaultClientTimeout, "10s"))?,
            None => DEFAULT_TIMEOUT,
        };
        let retries = match env.text(Var::VaultMaxRetries) {
            Some(text) => text.parse().map_err(|_| unreadable(Var::VaultMaxRetries, "2"))?,
            None => DEFAULT_RETRIES,
        };
        let namespace = env.text(Var::VaultNamespace).map(str::to_owned);
        let roots = roots(session, &address)?;
        Ok(Settings { address, token: token(session)?, namespace, roots, timeout, retries })
    }

    fn roots(session: &Session, address: &Address) -> Result<Roots, Failure> {
        let skip = match session.env.text(Var::VaultSkipVerify) {
            Some(text) => go_bool(text).ok_or_else(|| unreadable(Var::VaultSkipVerify, "true"))?,
            None => false,
        };
        if skip && address.is_tls() {
            session.warn(&format!(
                "VAULT_SKIP_VERIFY: the certificate of {address} is not looked at; whoever is on the way can read the \
                 token and the values"
            ));
            return Ok(Roots::Any);
        }
        match session.env.path(Var::VaultCacert) {
            Some(path) if !skip => Ok(Roots::Only(std::mem::take(&mut *read_stream(path, KEY_LIMIT)?))),
            _ => Ok(Roots::System),
        }
    }

    fn token(session: &Session) -> Result<SecretText, Failure> {
        let set = session.env.secret(Var::VaultToken).filter(|token| !token.expose().trim().is_empty());
        if let Some(token) = set {
            return Ok(SecretText::new(token.expose().trim().to_owned()));
        }
        let file = session.env.home().map(|home| home.join(TOKEN_FILE)).filter(|path| folder::exists(path));
        let Some(file) = file else {
            let text = "there is no token for Vault: neither VAULT_TOKEN nor ~/.vault-token";
            return Err(Failure::new(Kind::StoreRefuses, text).hint("log in with: vault login"));
        };
        let bytes = read_stream(&file, TOKEN_LIMIT)?;
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        Ok(SecretText::new(text.trim().to_owned()))
    }

    fn unreadable(var: Var, example: &str) -> Failure {
        let text = format!("{} cannot be read", var.name());
        Failure::new(Kind::Generic, text).hint(format!("write it like {example}"))
    }

    /// As Go's `strconv.ParseBool`.
    fn go_bool(text: &str) -> Option<bool> {
        match text {
            "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
            "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
            _ => None,
        }
    }

    /// Seconds, or a number with a unit. A limit of nothing would be none.
    fn duration(text: &str) -> Option<Duration> {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let number: u64 = number.parse().ok().filter(|number| *number > 0)?;
        let unit = match unit {
            "ms" => return Some(Duration::from_millis(number)),
            "" | "s" => 1,
            "m" => 60,
            "h" => 3600,
            _ => return None,
        };
        number.checked_mul(unit).map(Duration::from_secs)
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::commands::session::Global;
        use crate::fsio::env::Env;

        #[test]
        fn durations_and_switches() {
            let seconds = |text| duration(text).map(|duration| duration.as_secs_f64());
            assert_eq!(["5", "1500ms", "2m", "1h"].map(seconds), [Some(5.0), Some(1.5), Some(120.0), Some(3600.0)]);
            assert_eq!(["", "0", "s", "-1", "1.5s", "1d", "99999999999999999999"].map(seconds), [None; 7]);
            assert_eq!([go_bool("T"), go_bool("0"), go_bool("yes")], [Some(true), Some(false), None]);
        }

        #[test]
        fn the_token_is_in_the_environment_or_at_home() {
            let home = tempfile::tempdir().unwrap();
            let session = |token: &str| {
                let env = Env::from_pairs([(Var::Home, home.path().as_os_str()), (Var::VaultToken, token.as_ref())]);
                Session::within(home.path().into(), env, Global::default())
            };
            assert_eq!(token(&session("")).unwrap_err().kind(), Kind::StoreRefuses);
            std::fs::write(home.path().join(TOKEN_FILE), "at-home\n").unwrap();
            assert_eq!(token(&session(" ")).unwrap().expose(), "at-home");
            assert_eq!(token(&session("set\n")).unwrap().expose(), "set");
        }
    }
}

#[cfg(not(feature = "vault"))]
pub use without_client::Clients;

#[cfg(not(feature = "vault"))]
mod without_client {
    use super::{Failure, Job, Outcome, Session, VaultPlace};
    use crate::failure::Kind;

    /// None.
    #[derive(Debug, Default)]
    pub struct Clients(());

    impl Clients {
        /// There is no client.
        ///
        /// # Errors
        /// Always.
        pub fn prepare(&mut self, _session: &Session, _place: &VaultPlace) -> Result<(), Failure> {
            Err(Failure::new(Kind::Generic, "this build has no client for Vault")
                .hint("build it with the feature vault"))
        }

        /// There is no client.
        ///
        /// # Errors
        /// Always.
        pub fn publish(&self, job: &Job, _warn: &mut dyn FnMut(&str)) -> Result<Outcome, Failure> {
            _ = (&job.place, &job.path, &job.content);
            Err(Failure::new(Kind::Generic, "this build has no client for Vault"))
        }
    }
}
