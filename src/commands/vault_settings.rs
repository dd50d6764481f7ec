//! What the environment says about Vault and OpenBao, read as the vault program does: for `publish` and for transit keys.

use std::time::Duration;

use crate::failure::{Failure, Kind};
use crate::fsio::env::{Env, Var};
use crate::fsio::folder;
use crate::fsio::read::{KEY_LIMIT, read_stream};
use crate::fsio::walk::{Walk, walk};
use crate::keyservice::vault_transit::login_hint;
use crate::net::vault::{Address, ClientPem, Roots, Settings};
use crate::secret::{SecretBytes, SecretText};

/// Where the vault program keeps its token, in the home folder.
const TOKEN_FILE: &str = ".vault-token";
const TOKEN_LIMIT: u64 = 64 * 1024;
const DEFAULT_RETRIES: u32 = 2;
/// So many files of certificates are read.
const MOST_AUTHORITIES: usize = 1000;

/// Everything that a client for `address` is given. `timeout` holds when the environment names none.
///
/// # Errors
/// No token; values and files that cannot be read.
pub fn settings(
    env: &Env,
    address: Address,
    timeout: Duration,
    warn: &mut dyn FnMut(&str),
) -> Result<Settings, Failure> {
    if !address.is_tls() && !address.is_local() {
        warn(&format!("{address} has no TLS: whoever is on the way can read the token and the values"));
    }
    let timeout = match env.text(Var::VaultClientTimeout) {
        Some(text) => duration(text).ok_or_else(|| unreadable(Var::VaultClientTimeout, "10s"))?,
        None => timeout,
    };
    let retries = match env.text(Var::VaultMaxRetries) {
        Some(text) => text.parse().map_err(|_| unreadable(Var::VaultMaxRetries, "2"))?,
        None => DEFAULT_RETRIES,
    };
    // a token first: without one nothing else matters
    let token = token(env, &address)?;
    let namespace = env.text(Var::VaultNamespace).map(str::to_owned);
    let roots = roots(env, &address, warn)?;
    let server_name = env.text(Var::VaultTlsServerName).filter(|_| address.is_tls()).map(str::to_owned);
    let own = if address.is_tls() { own_certificate(env)? } else { None };
    Ok(Settings { address, token, namespace, roots, server_name, own, timeout, retries })
}

fn roots(env: &Env, address: &Address, warn: &mut dyn FnMut(&str)) -> Result<Roots, Failure> {
    let skip = match env.text(Var::VaultSkipVerify) {
        Some(text) => go_bool(text).ok_or_else(|| unreadable(Var::VaultSkipVerify, "true"))?,
        None => false,
    };
    if !address.is_tls() {
        return Ok(Roots::System);
    }
    if skip {
        warn(&format!(
            "VAULT_SKIP_VERIFY: the certificate of {address} is not looked at; whoever is on the way can read the \
             token and the values"
        ));
        return Ok(Roots::Any);
    }
    if let Some(path) = env.path(Var::VaultCacert) {
        return Ok(Roots::Only(std::mem::take(&mut *read_stream(path, KEY_LIMIT)?)));
    }
    let Some(folder) = env.path(Var::VaultCapath) else {
        return Ok(Roots::System);
    };
    let found = walk(&[folder.to_owned()], Walk { max_files: MOST_AUTHORITIES, ..Walk::default() })?;
    let mut pem = Vec::new();
    // of folders made by c_rehash every file is also there as a link
    for file in found.files {
        pem.extend_from_slice(&read_stream(&file, KEY_LIMIT)?);
        pem.push(b'\n');
    }
    Ok(Roots::Only(pem))
}

fn own_certificate(env: &Env) -> Result<Option<ClientPem>, Failure> {
    let (certificate, key) = match (env.path(Var::VaultClientCert), env.path(Var::VaultClientKey)) {
        (Some(certificate), Some(key)) => (certificate, key),
        (None, None) => return Ok(None),
        _ => {
            let text = "VAULT_CLIENT_CERT and VAULT_CLIENT_KEY belong together, but only one is set";
            return Err(Failure::new(Kind::BadConfig, text).hint("set both, or neither"));
        }
    };
    let certificates = std::mem::take(&mut *read_stream(certificate, KEY_LIMIT)?);
    let key = SecretBytes::new(std::mem::take(&mut *read_stream(key, KEY_LIMIT)?));
    Ok(Some(ClientPem { certificates, key }))
}

/// The token of the vault program, of whoever runs us.
///
/// # Errors
/// There is none.
pub fn token(env: &Env, address: &Address) -> Result<SecretText, Failure> {
    let set = env.secret(Var::VaultToken).filter(|token| !token.expose().trim().is_empty());
    if let Some(token) = set {
        return Ok(SecretText::new(token.expose().trim().to_owned()));
    }
    let file = env.home().map(|home| home.join(TOKEN_FILE)).filter(|path| folder::exists(path));
    let Some(file) = file else {
        let text = "there is no token for Vault: neither VAULT_TOKEN nor ~/.vault-token";
        return Err(Failure::new(Kind::StoreRefuses, text).hint(login_hint(address)));
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

    const MINUTE: Duration = Duration::from_secs(60);

    fn address() -> Address {
        Address::parse("https://vault.example:8200").unwrap()
    }

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
        let env =
            |token: &str| Env::from_pairs([(Var::Home, home.path().as_os_str()), (Var::VaultToken, token.as_ref())]);
        let failure = token(&env(""), &address()).unwrap_err();
        assert_eq!(failure.kind(), Kind::StoreRefuses);
        assert!(failure.hints()[0].starts_with("log in with: vault login -address=https://vault.example:8200 "));
        std::fs::write(home.path().join(TOKEN_FILE), "at-home\n").unwrap();
        assert_eq!(token(&env(" "), &address()).unwrap().expose(), "at-home");
        assert_eq!(token(&env("set\n"), &address()).unwrap().expose(), "set");
    }

    #[test]
    fn certificates_come_from_a_file_or_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one.pem"), folder.path().join("two.pem"));
        std::fs::write(&one, "ONE").unwrap();
        std::fs::write(&two, "TWO").unwrap();
        let of = |pairs: &[(Var, &std::ffi::OsStr)]| {
            let env = Env::from_pairs(pairs.iter().copied().chain([(Var::VaultToken, "t".as_ref())]));
            settings(&env, address(), MINUTE, &mut |_| {})
        };
        let pem = |settings: Settings| match settings.roots {
            Roots::Only(pem) => String::from_utf8(pem).unwrap(),
            other => panic!("{other:?}"),
        };
        let whole = [(Var::VaultCapath, folder.path().as_os_str())];
        assert_eq!(pem(of(&whole).unwrap()), "ONE\nTWO\n");
        let both = [(Var::VaultCacert, two.as_os_str()), whole[0]];
        assert_eq!(pem(of(&both).unwrap()), "TWO");
        assert_eq!(of(&[(Var::VaultClientCert, one.as_os_str())]).unwrap_err().kind(), Kind::BadConfig);
        let own = of(&[(Var::VaultClientCert, one.as_os_str()), (Var::VaultClientKey, two.as_os_str())]).unwrap().own;
        assert_eq!(own.map(|own| own.certificates).unwrap(), b"ONE");
    }
}
