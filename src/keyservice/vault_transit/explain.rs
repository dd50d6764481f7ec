//! What a server's refusal means, and what to do about it. Whoever reads it has read the key's address before. Never repeats a token, a ciphertext or a plaintext.

use crate::keyservice::error::{Cause, KeyError};
use crate::net::vault::{Address, VaultError, for_shell};

/// What was to be done with a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wish {
    /// To see whether it is there.
    Look,
    Encrypt,
    Decrypt,
}

/// A request that failed.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) wish: Wish,
    pub(super) address: &'a Address,
    pub(super) engine: &'a str,
    pub(super) key: &'a str,
    /// What was to be decrypted.
    pub(super) enc: Option<&'a str>,
    /// The server does not know the token.
    pub(super) token_is_bad: bool,
}

const ALLOWLIST: &str = "SOPS_HC_VAULT_ALLOWLIST";

pub(super) fn empty_entry(number: usize) -> KeyError {
    KeyError::service(Cause::Malformed, format!("{ALLOWLIST}'s entry {number} is empty"))
        .with_hint(format!("write {ALLOWLIST} as all, none, or addresses separated by commas"))
}

pub(super) fn not_allowed(address: &str) -> KeyError {
    let address: String = address.chars().filter(|c| !c.is_control()).take(200).collect();
    KeyError::service(Cause::Denied, format!("Allowlist does not allow {address}: no token was sent"))
        .with_hint(format!("if you trust that Vault, add its address to {ALLOWLIST}"))
}

pub(super) fn malformed(error: &VaultError) -> KeyError {
    KeyError::service(Cause::Malformed, error.to_string())
        .with_hint("a key is written like https://vault.example.com:8200/v1/transit/keys/KEY")
}

/// What the environment says cannot be used.
pub(super) fn bad_settings(error: &VaultError, address: &Address) -> KeyError {
    let (cause, hint) = match error {
        VaultError::Token => (Cause::NoCredentials, login(address)),
        VaultError::Namespace => (Cause::Unreachable, "the namespace is in VAULT_NAMESPACE".to_owned()),
        VaultError::OwnCertificate => (
            Cause::Unreachable,
            "the files are those of VAULT_CLIENT_CERT and VAULT_CLIENT_KEY; they have to be PEM".to_owned(),
        ),
        VaultError::NoSystemRoots => {
            (Cause::Unreachable, "install the package ca-certificates, or name a file in VAULT_CACERT".to_owned())
        }
        _ => (
            Cause::Unreachable,
            "VAULT_CACERT and VAULT_CAPATH name files in PEM, VAULT_TLS_SERVER_NAME a host".to_owned(),
        ),
    };
    KeyError::service(cause, error.to_string()).with_hint(hint)
}

pub(super) fn odd_answer(field: &str) -> KeyError {
    KeyError::service(Cause::BadAnswer, format!("the server's answer has no usable {field}"))
        .with_hint("is that the address of a Vault or OpenBao, and the engine one of type transit?")
}

/// An error of a request.
pub(super) fn error(error: &VaultError, asked: &Asked<'_>) -> KeyError {
    let address = asked.address;
    let at = address.for_shell();
    let (cause, text, hint) = match error {
        VaultError::Refused { status, messages, .. } => return refused(*status, messages, asked),
        VaultError::Unreachable { why, .. } => (
            Cause::Unreachable,
            format!("the server cannot be reached: {why}"),
            format!("is the address right, and does the server run? try: vault status -address={at}"),
        ),
        VaultError::Timeout { .. } => (
            Cause::Unreachable,
            "the server does not answer in time".to_owned(),
            "VAULT_CLIENT_TIMEOUT allows more time, such as 60s".to_owned(),
        ),
        VaultError::Tls { why, .. } => (
            Cause::Unreachable,
            format!("the TLS connection to the server cannot be trusted: {why}"),
            "if the certificate is from an authority of your own, name its file in VAULT_CACERT".to_owned(),
        ),
        VaultError::Redirect { to, .. } => (
            Cause::BadAnswer,
            format!("the server redirects to {to}, which is not followed, as the token would go along"),
            "if you trust that place, name it in the key's address: the active server, or one in front of all"
                .to_owned(),
        ),
        VaultError::Path(_) => (
            Cause::Malformed,
            error.to_string(),
            "a key is written like https://vault.example.com:8200/v1/transit/keys/KEY".to_owned(),
        ),
        _ => return odd_answer("JSON"),
    };
    KeyError::service(cause, text).with_hint(hint)
}

/// The server has answered, but not as we want.
fn refused(status: u16, messages: &[String], asked: &Asked<'_>) -> KeyError {
    let Asked { address, engine, key, .. } = *asked;
    let at = address.for_shell();
    let has = |words: &str| messages.iter().any(|message| message.contains(words));
    let (cause, text, hint) = match status {
        403 if asked.token_is_bad => (
            Cause::NoCredentials,
            "the server does not know the token: it has expired, was revoked, or is for another Vault".to_owned(),
            login(address),
        ),
        403 => {
            let verb = if asked.wish == Wish::Decrypt { "decrypt" } else { "encrypt" };
            (
                Cause::Denied,
                format!("permission denied: the token may not use {engine}/{verb}/{key}"),
                format!("ask whoever manages that Vault for the capability update on {engine}/{verb}/{key}"),
            )
        }
        404 if has("namespace not found") => (
            Cause::Unusable,
            "the server has no such namespace".to_owned(),
            format!("the namespace is in VAULT_NAMESPACE; try: vault namespace list -address={at}"),
        ),
        404 if asked.wish == Wish::Look && messages.is_empty() => no_key(asked),
        404 => (
            Cause::Unusable,
            format!("there is no transit engine at {engine}"),
            format!("is the namespace (VAULT_NAMESPACE) right? the engines: vault secrets list -address={at}"),
        ),
        400 => return bad_request(messages, asked),
        429 => (
            Cause::Throttled,
            "the server has had too many requests, and says so after several tries".to_owned(),
            "wait, or let VAULT_MAX_RETRIES allow more tries".to_owned(),
        ),
        503 if has("sealed") => (
            Cause::Unreachable,
            "the server is sealed".to_owned(),
            format!("ask whoever manages that Vault to unseal it: vault operator unseal -address={at}"),
        ),
        _ => (
            if matches!(status, 502..=504) { Cause::Unreachable } else { Cause::BadAnswer },
            format!("the server answers {status}{}", said(messages)),
            "the server's log says more".to_owned(),
        ),
    };
    KeyError::service(cause, text).with_hint(hint)
}

/// It has something against the key or the ciphertext.
fn bad_request(messages: &[String], asked: &Asked<'_>) -> KeyError {
    let Asked { address, engine, key, enc, .. } = *asked;
    let has = |words: &str| messages.iter().any(|message| message.contains(words));
    let version = enc.and_then(version).map_or_else(String::new, |version| format!(" {version}"));
    let settings =
        format!("vault read -address={} {}", address.for_shell(), for_shell(&format!("{engine}/keys/{key}")));
    let (cause, text, hint) = if has("encryption key not found") {
        no_key(asked)
    } else if has("too old") || has("disallowed by policy") {
        (
            Cause::Unusable,
            format!("version{version} of {engine}/keys/{key} may not decrypt any more (min_decryption_version)"),
            format!(
                "ask whoever manages that Vault to lower min_decryption_version for a moment, then run: sealant rotate -i \
                 FILE; now: {settings}"
            ),
        )
    } else if has("too new") {
        (
            Cause::Ciphertext,
            format!("{engine}/keys/{key} has no version{version}: it was made anew, or this is another Vault"),
            format!("compare its versions with the Vault that the file was encrypted with: {settings}"),
        )
    } else if has("'context'") {
        (
            Cause::Unusable,
            format!("{engine}/keys/{key} is a derived key, and files have no place for its context"),
            "use a transit key that is not derived".to_owned(),
        )
    } else if has("not supported") {
        (Cause::Unusable, format!("{engine}/keys/{key} is of a type that cannot encrypt"), settings)
    } else if has("ciphertext") || has("message authentication") {
        (
            Cause::Ciphertext,
            format!("the wrapped key is not one of {engine}/keys/{key}, or was changed"),
            "restore the file's key entries from its Git history".to_owned(),
        )
    } else {
        (Cause::Unusable, format!("the server answers 400{}", said(messages)), settings)
    };
    KeyError::service(cause, text).with_hint(hint)
}

fn no_key(asked: &Asked<'_>) -> (Cause, String, String) {
    let Asked { address, engine, key, .. } = *asked;
    let (at, path) = (address.for_shell(), for_shell(&format!("{engine}/keys/{key}")));
    let hint = match asked.wish {
        Wish::Decrypt => format!(
            "was it deleted, or is the namespace (VAULT_NAMESPACE) another one? the keys: vault list \
             -address={at} {}",
            for_shell(&format!("{engine}/keys"))
        ),
        Wish::Look | Wish::Encrypt => {
            format!("if the name is right, make it first: vault write -f -address={at} {path}")
        }
    };
    (Cause::Unusable, format!("there is no key {key} in {engine}"), hint)
}

/// The number in `vault:v3:…`.
fn version(enc: &str) -> Option<u32> {
    enc.split(':').nth(1)?.strip_prefix('v')?.parse().ok()
}

/// The command that gets a token for `address`.
pub fn login(address: &Address) -> String {
    format!("log in with: vault login -address={0} (or: bao login -address={0})", address.for_shell())
}

fn said(messages: &[String]) -> String {
    messages.iter().map(|message| format!(": {message}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(wish: Wish, status: u16, message: &str, token_is_bad: bool) -> KeyError {
        let address = Address::parse("https://vault.example:8200").unwrap();
        let enc = (wish == Wish::Decrypt).then_some("vault:v3:hunter2");
        let asked = Asked { wish, address: &address, engine: "transit", key: "k", enc, token_is_bad };
        let messages = (!message.is_empty()).then(|| message.to_owned()).into_iter().collect();
        error(&VaultError::Refused { request: "PUT x".into(), status, messages }, &asked)
    }

    /// The messages are those of OpenBao 2.7.2.
    #[test]
    fn refusals_say_what_to_do() {
        use Cause::{BadAnswer, Ciphertext, Denied, NoCredentials, Throttled, Unreachable, Unusable};
        use Wish::{Decrypt, Encrypt, Look};
        for (wish, status, message, cause, words, hint) in [
            (Decrypt, 403, "permission denied", Denied, "use transit/decrypt/k", "update on transit/decrypt/k"),
            (Encrypt, 403, "permission denied", Denied, "use transit/encrypt/k", "update on transit/encrypt/k"),
            (Look, 404, "", Unusable, "no key k in transit", "vault write -f -address=https://vault.example:8200 tr"),
            (Decrypt, 400, "encryption key not found", Unusable, "no key k in transit", "vault list -address="),
            (Look, 404, "no handler for route \"x\"", Unusable, "no transit engine at transit", "vault secrets list"),
            (Decrypt, 404, "namespace not found", Unusable, "no such namespace", "VAULT_NAMESPACE"),
            (
                Decrypt,
                400,
                "ciphertext or signature version is disallowed by policy (too old)",
                Unusable,
                "version 3 of transit/keys/k may not decrypt any more (min_decryption_version)",
                "sealant rotate -i FILE",
            ),
            (Decrypt, 400, "invalid ciphertext: version is too new", Ciphertext, "has no version 3", "vault read"),
            (Decrypt, 400, "invalid ciphertext: no prefix", Ciphertext, "not one of transit/keys/k", "Git history"),
            (Decrypt, 400, "cipher: message authentication failed", Ciphertext, "or was changed", "Git history"),
            (Encrypt, 400, "missing 'context' for key derivation", Unusable, "derived key", "not derived"),
            (Encrypt, 400, "message encryption not supported for key type", Unusable, "cannot encrypt", "vault read"),
            (Decrypt, 503, "Vault is sealed", Unreachable, "is sealed", "vault operator unseal -address="),
            (Decrypt, 429, "", Throttled, "too many requests", "VAULT_MAX_RETRIES"),
            (Decrypt, 502, "oh", Unreachable, "answers 502: oh", "log"),
            (Decrypt, 500, "oh", BadAnswer, "answers 500: oh", "log"),
            (Decrypt, 418, "", BadAnswer, "answers 418", "log"),
        ] {
            let error = explained(wish, status, message, false);
            assert_eq!(error.cause(), Some(cause), "{error}");
            assert!(error.to_string().contains(words), "{words}\n{error}");
            let said = error.hint().unwrap();
            assert!(said.contains(hint), "{hint}\n{said}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
        let error = explained(Decrypt, 403, "permission denied", true);
        assert_eq!(error.cause(), Some(NoCredentials));
        assert!(error.hint().unwrap().starts_with("log in with: vault login -address=https://vault.example:8200 "));
    }
}
