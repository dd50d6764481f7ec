//! Why a key cannot be used, in words, and what to do about it.

use super::NoAnswer;
use super::answer::{Refusal, Said};
use super::fingerprint::Fingerprint;
use super::listing::{Key, Part};
use crate::keyservice::error::{Cause, KeyError};

/// No answer at all.
pub fn no_answer(program: &str, trouble: &NoAnswer, may_ask: bool) -> KeyError {
    let error = |text: String| KeyError::service(Cause::Program, text);
    match trouble {
        NoAnswer::NotInstalled => error(format!("the program {program} is not installed")).with_hint(format!(
            "install GnuPG (apt install gnupg), or name the program in SOPS_GPG_EXEC{}",
            if cfg!(feature = "pgp") {
                ", or a file with exported keys in SEALANT_PGP_KEY_FILE"
            } else {
                "; a binary built with the feature pgp needs none"
            }
        )),
        NoAnswer::TooLate(seconds) if may_ask => error(format!(
            "{program} did not end within {seconds} seconds: it may be waiting for a passphrase or a card"
        ))
        .with_hint("start its agent again with: gpgconf --kill gpg-agent"),
        NoAnswer::TooLate(seconds) => error(format!("{program} did not end within {seconds} seconds"))
            .with_hint("see whether another gpg holds a lock, and try: gpg --list-keys"),
        NoAnswer::Failed(why) => error(why.clone()),
    }
}

/// gpg works, but its agent, which has the secret keys, does not.
pub fn no_agent(program: &str) -> KeyError {
    KeyError::service(Cause::Program, format!("{program} cannot start or reach gpg-agent, which has the secret keys"))
        .with_hint("see what is wrong with: gpgconf --launch gpg-agent")
}

/// Nobody has given us the public key.
pub fn no_public_key(key: &Fingerprint) -> KeyError {
    let digits = &key.digits;
    KeyError::service(Cause::Unusable, "gpg has no public key with this fingerprint")
        .with_hint(format!("get it with: gpg --recv-keys {digits}, or from a file with: gpg --import FILE"))
}

/// A short id that is not enough.
pub fn namesakes(key: &Fingerprint, one: &str, other: &str) -> KeyError {
    KeyError::service(Cause::Malformed, format!("gpg has several keys with the short id {}", key.digits))
        .with_hint(format!("name the whole fingerprint: {one} or {other}"))
}

/// gpg does not encrypt for the key.
pub fn cannot_encrypt(program: &str, key: &Fingerprint, found: Option<&Key>, said: Said<'_>) -> KeyError {
    let Some(found) = found else {
        // it may have failed before it looked for the key
        if said.has("INV_RECP") {
            return no_public_key(key);
        }
        return other(Cause::Program, &format!("{program} cannot encrypt"), said);
    };
    unusable(key, found)
        .unwrap_or_else(|| other(Cause::Unusable, &format!("{program} cannot encrypt for {}", found.whose()), said))
}

/// What is wrong with a public key, if anything is.
pub fn unusable(key: &Fingerprint, found: &Key) -> Option<KeyError> {
    let (text, hint) = of_the_key(key, found).or_else(|| of_the_subkeys(key, found))?;
    Some(KeyError::service(Cause::Unusable, text).with_hint(hint))
}

/// What is wrong with the key itself, or with exactly the part that was named; and what to do.
fn of_the_key(key: &Fingerprint, found: &Key) -> Option<(String, String)> {
    let (whose, digits) = (found.whose(), &key.digits);
    let primary = found.primary()?;
    match primary.validity {
        'r' => return Some((format!("{whose} was revoked"), replace())),
        'e' => return Some((format!("{whose} expired{}", on(primary)), newer(key))),
        _ if primary.uses.contains('D') => {
            let enable = format!("enable it with: gpg --edit-key {digits} enable save");
            return Some((format!("{whose} is disabled"), enable));
        }
        _ => {}
    }
    let part = found.part(key).filter(|_| key.exact)?;
    match part.validity {
        'r' => Some((format!("this subkey of {whose} was revoked"), replace())),
        'e' => Some((format!("this subkey of {whose} expired{}", on(part)), newer(key))),
        _ if !part.encrypts() => Some((
            format!("exactly this part of {whose} is not for encryption"),
            "name a subkey for encryption before the `!`, or leave the `!` out".to_owned(),
        )),
        _ => None,
    }
}

/// Why none of its subkeys can be encrypted for; and what to do.
fn of_the_subkeys(key: &Fingerprint, found: &Key) -> Option<(String, String)> {
    let (whose, digits) = (found.whose(), &key.digits);
    let encrypting: Vec<&Part> = found.parts.iter().filter(|part| part.encrypts()).collect();
    if encrypting.is_empty() {
        let add = format!("its owner adds one with: gpg --quick-add-key {digits} default encr");
        return Some((format!("{whose} has no subkey for encryption"), add));
    }
    if encrypting.iter().all(|part| part.validity == 'r') {
        return Some((format!("every subkey for encryption of {whose} was revoked"), newer(key)));
    }
    if encrypting.iter().all(|part| matches!(part.validity, 'r' | 'e')) {
        let last = encrypting.iter().filter(|part| part.validity == 'e').max_by_key(|part| part.expires.as_ref());
        let on = last.map(|part| on(part)).unwrap_or_default();
        return Some((format!("the subkey for encryption of {whose} expired{on}"), newer(key)));
    }
    None
}

/// What to do about a key that has become useless.
fn replace() -> String {
    "ask its owner for a new key, and put the new fingerprint into the rule".to_owned()
}

/// What to do about a key that has expired.
fn newer(key: &Fingerprint) -> String {
    let digits = &key.digits;
    format!(
        "if it was extended, get the new version with: gpg --recv-keys {digits}, or from a file with: gpg --import FILE"
    )
}

/// When a part has expired.
fn on(part: &Part) -> String {
    part.expires.as_ref().map(|day| format!(" on {day}")).unwrap_or_default()
}

/// The secret key is here, and was not used.
pub fn refused(
    program: &str,
    refusal: Refusal,
    key: Option<&Fingerprint>,
    found: Option<&Key>,
    said: Said<'_>,
) -> KeyError {
    let whose = found.map_or_else(|| "this key".to_owned(), Key::whose);
    // nobody else can say which subkey it was: one on a card is the likely one
    let cards = found.into_iter().flat_map(|found| &found.parts).filter(|part| part.encrypts() || part.card.is_some());
    let card = cards.filter_map(|part| part.card.as_deref()).next_back();
    let refuses = |text: String| KeyError::service(Cause::NoCredentials, text);
    let secret = match card {
        Some(_) => "PIN",
        None => "passphrase",
    };
    let insert = |card: &str| {
        refuses(format!("the secret half of {whose} is on card {card}, which is not inserted"))
            .with_hint(format!("insert card {card}, and see whether gpg finds it with: gpg --card-status"))
    };
    match (refusal, card) {
        (Refusal::WrongPassphrase, _) => refuses(format!("wrong {secret} for {whose}")).with_hint(match key {
            Some(key) if card.is_none() => {
                format!("try the passphrase with: gpg --dry-run --passwd {}", key.digits)
            }
            _ => "run it again with the right one".to_owned(),
        }),
        (Refusal::NoCard | Refusal::Cancelled, Some(card)) => insert(card),
        (Refusal::NoCard, None) => refuses(format!("the card with the secret half of {whose} is not inserted"))
            .with_hint("insert card and see whether gpg finds it with: gpg --card-status"),
        (Refusal::Cancelled, None) => refuses(format!("the passphrase for {whose} was not given: cancelled"))
            .with_hint("run it again, and give the passphrase"),
        (Refusal::TimedOut, _) => refuses(format!("the {secret} for {whose} was not given in time"))
            .with_hint(format!("run it again, and give the {secret}")),
        (Refusal::CannotAsk, _) => other(
            Cause::NoCredentials,
            &format!("gpg-agent has no way to ask for the {secret} of {whose}"),
            said_by(said, "public key decryption failed: "),
        )
        .with_hint(
            "run it in a terminal, install a pinentry (apt install pinentry-curses), or give the agent the passphrase before \
             with gpg-preset-passphrase",
        ),
        (Refusal::PinBlocked, _) => refuses(format!("the card with the secret half of {whose} takes no PIN any more"))
            .with_hint("unblock it with: gpg --card-edit, admin, passwd"),
        (Refusal::NoCardDaemon, _) => refuses(format!("{program} cannot use the card with the secret half of {whose}"))
            .with_hint("see what is wrong with: gpg --card-status (it needs the package scdaemon)"),
        (Refusal::Other | Refusal::NoSecretKey, _) => other(
            Cause::NoCredentials,
            &format!("{program} cannot use the secret half of {whose}"),
            said_by(said, "public key decryption failed: "),
        ),
    }
}

/// What stands in the file cannot be opened by anybody.
pub fn not_a_message(program: &str, said: Said<'_>) -> KeyError {
    let is_none = said.0.is_empty() || said.has("NODATA") || said.has("BADARMOR");
    if is_none && !said.has("ENC_TO") {
        return KeyError::service(Cause::Ciphertext, "the wrapped key is damaged: it is not an OpenPGP message");
    }
    // a wrong check sum of the armor has no status line of its own
    if said.has("DECRYPTION_FAILED") || said.has("BADMDC") || said.has("ENC_TO") || said.0.contains("CRC error") {
        return damaged();
    }
    other(Cause::Program, &format!("{program} cannot decrypt"), said)
}

/// It is for a key that is here, and does not open.
pub fn damaged() -> KeyError {
    KeyError::service(Cause::Ciphertext, "the wrapped key is damaged: it was changed after it was written")
}

/// The words after `what`, if somebody said them; otherwise all.
fn said_by<'a>(said: Said<'a>, what: &str) -> Said<'a> {
    match said.0.lines().rfind(|line| line.contains(what)).and_then(|line| line.split_once(what)) {
        Some((_, words)) => Said(words),
        None => said,
    }
}

fn other(cause: Cause, text: &str, said: Said<'_>) -> KeyError {
    match said.last_words() {
        Some(words) => KeyError::service(cause, format!("{text}: {words}")),
        None => KeyError::service(cause, text),
    }
}
