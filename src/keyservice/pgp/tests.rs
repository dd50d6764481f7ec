//! A gpg that says what it is told to: what becomes of its answers, and how often it is called.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use super::*;

const FP: &str = "33E6082439B9FC5BDD52B5494BC4A8DCFC017E3C";
const ARMOR: &str =
    "-----BEGIN PGP MESSAGE-----\n\nhQEMA7stivAYj2WDAQgAyS5wC4gBQf5HHtwo0on+tm6pi7rrkdMc\n-----END PGP MESSAGE-----\n";
const SECRET_LISTING: &str = "\
sec:u:255:22:4BC4A8DCFC017E3C:1795596499:::u:::scESC:::CARD::ed25519:::0:
fpr:::::::::33E6082439B9FC5BDD52B5494BC4A8DCFC017E3C:
uid:u::::1795596499::74BB::Alice <a@x.example>::::::::::0:
ssb:u:255:18:BB2D8AF0188F6583:1795596499::::::e:::CARD::cv25519::
fpr:::::::::8D5F86D054C6E09B804B049BBB2D8AF0188F6583:
";

type Counts = Arc<[AtomicUsize; 3]>;

/// A gpg that fails to decrypt and to encrypt with this on standard error, and lists that; and how often it did either.
fn gpg(stderr: &str, listing: &str) -> (PgpKeys, Counts) {
    let (stderr, listing) = (stderr.to_owned(), listing.to_owned());
    let counts = Counts::default();
    let counted = counts.clone();
    let service = PgpKeys::new("gpg", "the keyring of gpg", move |call| {
        let kind = ["--decrypt", "--encrypt"].iter().position(|what| call.arguments.contains(what)).unwrap_or(2);
        counted[kind].fetch_add(1, Ordering::Relaxed);
        assert_eq!(call.may_ask, kind == 0);
        Ok(match kind {
            2 => Answer { ok: true, stdout: SecretBytes::new(listing.clone().into_bytes()), stderr: String::new() },
            _ => Answer { ok: false, stdout: SecretBytes::default(), stderr: stderr.clone() },
        })
    });
    (service, counts)
}

fn count(counts: &Counts) -> [usize; 3] {
    std::array::from_fn(|kind| counts[kind].load(Ordering::Relaxed))
}

fn wrapped(enc: &str) -> WrappedKey {
    WrappedKey { key: key(FP), enc: enc.into(), created_at: None }
}

fn key(fingerprint: &str) -> MasterKey {
    MasterKey::Pgp { fingerprint: fingerprint.into() }
}

/// What is said when gpg does not decrypt.
fn refused(stderr: &str, listing: &str) -> String {
    let error = gpg(stderr, listing).0.unwrap(&wrapped(ARMOR)).unwrap_err();
    format!("{error} | {}", error.hint().unwrap_or_default())
}

/// What is said when gpg does not encrypt.
fn not_encrypted(stderr: &str, listing: &str, fingerprint: &str) -> String {
    let error = gpg(stderr, listing).0.wrap(&key(fingerprint), b"x").unwrap_err();
    format!("{error} | {}", error.hint().unwrap_or_default())
}

fn pkdecrypt(number: u32) -> String {
    format!(
        "[GNUPG:] ENC_TO BB2D8AF0188F6583 18 0\ngpg: public key decryption failed: Some Words\n[GNUPG:] ERROR pkdecrypt_failed {number}\n[GNUPG:] DECRYPTION_FAILED\ngpg: decryption failed: No secret key\n"
    )
}

#[test]
fn reasons_are_named() {
    let here = SECRET_LISTING.replace("CARD", "+");
    let starts = |number, listing: &str, text: &str| {
        let said = refused(&pkdecrypt(number), listing);
        assert!(said.starts_with(text), "{said}");
    };
    starts(
        11,
        &here,
        "wrong passphrase for the key of Alice <a@x.example> | try the passphrase with: gpg --dry-run --passwd 33E6",
    );
    starts(99, &here, "the passphrase for the key of Alice <a@x.example> was not given: cancelled | ");
    starts(62, &here, "the passphrase for the key of Alice <a@x.example> was not given in time | ");
    starts(
        83_918_950,
        &here,
        "gpg-agent has no way to ask for the passphrase of the key of Alice <a@x.example>: Some Words | ",
    );
    starts(54, "", "gpg cannot use the secret half of this key: Some Words | ");
    let card = SECRET_LISTING.replace("CARD", "D2760001240102000005000011110000");
    let missing = "the secret half of the key of Alice <a@x.example> is on card D2760001240102000005000011110000, which is \
                   not inserted | insert card D2760001240102000005000011110000";
    starts(112, &card, missing);
    starts(99, &card, missing);
    starts(87, &card, "wrong PIN for the key of Alice <a@x.example> | ");
    starts(130, &card, "the card with the secret half of the key of Alice <a@x.example> takes no PIN any more | ");
    starts(119, &card, "gpg cannot use the card with the secret half of");
    starts(112, "", "the card with the secret half of this key is not inserted | insert card");
}

#[test]
fn others_keys_are_no_errors_and_nobody_is_asked_twice() {
    let (service, counts) = gpg("[GNUPG:] NO_SECKEY BB2D8AF0188F6583\n[GNUPG:] DECRYPTION_FAILED\n", "");
    assert!(service.looked().is_empty());
    for _ in 0..3 {
        assert!(service.unwrap(&wrapped(ARMOR)).unwrap().is_none());
    }
    assert_eq!(count(&counts), [1, 0, 0]);
    // whoever does not give the passphrase does not give it for the next file either
    let (service, counts) = gpg(&pkdecrypt(99), SECRET_LISTING);
    let errors: Vec<KeyError> = (0..3).map(|_| service.unwrap(&wrapped(ARMOR)).unwrap_err()).collect();
    assert!(errors.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(count(&counts), [1, 0, 1]);
    // an agent that is not there is not there for any key
    let (service, counts) = gpg("gpg: can't connect to the agent: x\n[GNUPG:] NO_SECKEY BB2D8AF0188F6583\n", "");
    for enc in [ARMOR, "-----BEGIN PGP MESSAGE-----\nother"] {
        let error = service.unwrap(&wrapped(enc)).unwrap_err();
        assert!(error.to_string().contains("gpg-agent"), "{error}");
        assert_eq!(error.hint(), Some("see what is wrong with: gpgconf --launch gpg-agent"));
    }
    assert_eq!(count(&counts), [1, 0, 0]);
}

#[test]
fn damaged_messages_are_named() {
    let damaged = |stderr: &str| refused(stderr, "");
    assert!(damaged("[GNUPG:] NODATA 1\n").contains("it is not an OpenPGP message"));
    assert!(
        damaged("[GNUPG:] ENC_TO BB 1 0\n[GNUPG:] DECRYPTION_FAILED\n").contains("it was changed after it was written")
    );
    assert!(damaged("gpg: out of core\n").starts_with("gpg cannot decrypt: out of core"));
    let (service, counts) = gpg("", "");
    let huge = wrapped(&"x".repeat(MAX_WRAPPED + 1));
    assert!(service.unwrap(&huge).is_err());
    assert_eq!(count(&counts), [0, 0, 0]);
}

#[test]
fn unusable_public_keys_are_named() {
    let unusable = "gpg: AA: skipped: Unusable public key\n[GNUPG:] INV_RECP 0 AA\n";
    let listing = |primary: &str, uses: &str, sub: &str| {
        format!(
            "pub:{primary}:255:22:4BC4A8DCFC017E3C:1:1578700800::u:::{uses}:::::ed25519:::0:\nfpr:::::::::{FP}:\n\
             uid:u::::1::74BB::Alice <a@x.example>::::::::::0:\n{sub}"
        )
    };
    let sub = |validity: &str, uses: &str| {
        format!(
            "sub:{validity}:255:18:BB2D8AF0188F6583:1:1578355200:::::{uses}:::::cv25519::\nfpr:::::::::8D5F86D054C6E09B804B049BBB2D8AF0188F6583:\n"
        )
    };
    let starts = |listing: &str, fingerprint: &str, text: &str| {
        let said = not_encrypted(unusable, listing, fingerprint);
        assert!(said.starts_with(text), "{said}");
    };
    let alice = "the key of Alice <a@x.example>";
    starts(&listing("e", "sc", &sub("e", "e")), FP, &format!("{alice} expired on 2020-01-11 | if it was extended"));
    starts(&listing("r", "sc", &sub("r", "e")), FP, &format!("{alice} was revoked | ask its owner"));
    starts(
        &listing("u", "scESCD", &sub("u", "e")),
        FP,
        &format!("{alice} is disabled | enable it with: gpg --edit-key"),
    );
    starts(&listing("u", "scSC", ""), FP, &format!("{alice} has no subkey for encryption | its owner adds one"));
    starts(
        &listing("u", "scSC", &sub("e", "e")),
        FP,
        &format!("the subkey for encryption of {alice} expired on 2020-01-07"),
    );
    starts(&listing("u", "scSC", &sub("r", "e")), FP, &format!("every subkey for encryption of {alice} was revoked"));
    let exact = "8D5F86D054C6E09B804B049BBB2D8AF0188F6583!";
    starts(&listing("u", "scSC", &sub("e", "e")), exact, &format!("this subkey of {alice} expired on 2020-01-07"));
    starts(&listing("u", "scSC", &sub("r", "e")), exact, &format!("this subkey of {alice} was revoked"));
    starts(
        &listing("u", "scSC", &sub("u", "s")),
        exact,
        &format!("exactly this part of {alice} is not for encryption"),
    );
    starts("", FP, "gpg has no public key with this fingerprint | get it with: gpg --recv-keys 33E6");
    starts("", "4BC4A8DC", "gpg has no public key");
    let said = not_encrypted("gpg: no space\n", "", FP);
    assert!(said.starts_with("gpg cannot encrypt: no space"), "{said}");
}

#[test]
fn a_short_id_has_to_be_somebodys_alone() {
    let other = "AAAABBBBCCCCDDDDAAAABBBBCCCCDDDDFC017E3C";
    let line =
        |fingerprint: &str| format!("pub:u:255:22:X:1:::u:::scESC:::::ed25519:::0:\nfpr:::::::::{fingerprint}:\n");
    let said = not_encrypted("", &(line(FP) + &line(other)), "FC017E3C");
    assert_eq!(
        said,
        format!("gpg has several keys with the short id FC017E3C | name the whole fingerprint: {FP} or {other}")
    );
    let error = gpg("", "").0.wrap(&key("not hex"), b"x").unwrap_err();
    assert!(error.to_string().starts_with("`not hex` is not an OpenPGP fingerprint"), "{error}");
}

#[test]
fn a_program_that_is_not_there_is_called_once() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let service = PgpKeys::new("/opt/gpg", "the keyring of gpg", move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        Err(NoAnswer::NotInstalled)
    });
    let errors = [service.unwrap(&wrapped(ARMOR)).unwrap_err(), service.wrap(&key(FP), b"x").unwrap_err()];
    for error in errors {
        assert_eq!(error.to_string(), "the program /opt/gpg is not installed");
        assert!(error.hint().unwrap().contains("SOPS_GPG_EXEC"));
    }
    assert!(matches!(&service.looked()[..], [Looked { outcome: Outcome::Failed(_), .. }]));
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[test]
fn secret_keys_are_told_after_a_failure() {
    let (service, _) = gpg("[GNUPG:] NO_SECKEY BB2D8AF0188F6583\n", SECRET_LISTING);
    assert!(service.unwrap(&wrapped(ARMOR)).unwrap().is_none());
    let alice = Looked {
        label: "the keyring of gpg, Alice <a@x.example>".into(),
        outcome: Outcome::Gave { recipients: vec![FP.into()], plugins: Vec::new() },
    };
    assert_eq!(service.looked(), [alice]);
    let (service, _) = gpg("[GNUPG:] NO_SECKEY BB2D8AF0188F6583\n", &SECRET_LISTING.repeat(MOST_TOLD + 5));
    assert!(service.unwrap(&wrapped(ARMOR)).unwrap().is_none());
    let looked = service.looked();
    assert_eq!(looked.len(), MOST_TOLD + 1);
    assert!(matches!(&looked[MOST_TOLD].outcome, Outcome::Gave { recipients, .. } if recipients.len() == 5));
}
