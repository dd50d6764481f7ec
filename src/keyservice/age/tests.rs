//! Tests of the age key service.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use age::armor::{ArmoredWriter, Format};
use age::secrecy::{ExposeSecret, SecretString};
use age::{Encryptor, x25519};
use proptest::prelude::*;

use super::*;
use crate::keyservice::{Cause, Outcome};
use crate::secret::SecretText;

const SSH: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN alice@host";
const ECDSA: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBBDSh0pUW3A6a4KXpFd/DMTEaz10/1pX0fnEB8RMgsx3uwsWCrI7HPUUDzgRlXS8p1blzQc8Hv8nFDDS8WY1JZ4=";

fn nobody(_: &str) -> Option<SecretText> {
    None
}

fn text_of(identity: &x25519::Identity) -> String {
    identity.to_string().expose_secret().to_owned()
}

fn service(given: Given) -> AgeKeys {
    AgeKeys::new(vec![IdentitySource { label: "here".into(), given }], nobody)
}

fn file(text: impl Into<Vec<u8>>) -> Given {
    Given::File(SecretBytes::new(text.into()))
}

fn outcome(service: &AgeKeys) -> Outcome {
    service.looked().remove(0).outcome
}

fn wrapped_for(identity: &x25519::Identity, secret: &[u8]) -> WrappedKey {
    let recipient = identity.to_public().to_string();
    let key = MasterKey::Age { recipient };
    let enc = AgeKeys::without_identities().wrap(&key, secret).unwrap().unwrap();
    WrappedKey { key, enc, created_at: None }
}

/// An identity file with a passphrase that costs next to nothing to test.
fn locked(text: &str, armored: bool) -> Vec<u8> {
    let mut recipient = age::scrypt::Recipient::new(SecretString::from("correct horse".to_owned()));
    recipient.set_work_factor(2);
    let encryptor = Encryptor::with_recipients(std::iter::once(&recipient as _)).unwrap();
    let format = if armored { Format::AsciiArmor } else { Format::Binary };
    let armor = ArmoredWriter::wrap_output(Vec::new(), format).unwrap();
    let mut writer = encryptor.wrap_output(armor).unwrap();
    writer.write_all(text.as_bytes()).unwrap();
    writer.finish().unwrap().finish().unwrap()
}

#[test]
fn wraps_for_one_recipient_with_a_final_newline() {
    let identity = x25519::Identity::generate();
    let wrapped = wrapped_for(&identity, &[7; 32]);
    assert!(wrapped.enc.starts_with("-----BEGIN AGE ENCRYPTED FILE-----\n"));
    assert!(wrapped.enc.ends_with("-----END AGE ENCRYPTED FILE-----\n"));
    let opened = service(file(text_of(&identity))).unwrap(&wrapped).unwrap().unwrap();
    assert_eq!(opened.expose(), [7; 32]);
}

/// A data key wrapped by sops 3.13.2, and the throw-away identity it was wrapped for.
#[test]
fn opens_what_sops_wrapped() {
    const IDENTITY: &str = "AGE-SECRET-KEY-1YDYNU25DR2AN2ALNC64VZZ3YVLS0SA4TKPQX5C3CKPYFW70LR36QX2XHSR";
    const RECIPIENT: &str = "age1n8cennjgz7efz2tdarlhhr5lqyth75kdv9vxnfp46rkru3hlq3qsn8mhln";
    const ENC: &str = "-----BEGIN AGE ENCRYPTED FILE-----\n\
        YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBOUTRINGNDN2puNDNBbDcw\n\
        N1JVSExRWHJjcUduc0lNYWN3QkhTTWNvUmxzClJvbFEvM0VYQzZ1Ny9pc1c4c0cy\n\
        cjZZM3pLcGt5NnMydmNhaU1sYlhLZm8KLS0tIHEzUFFCc3B6NVVheE1wQlB6enRO\n\
        cWNqa2F3VlBuempxa0FIcWNjdmR4aVkKkUFoW+i++gDsb8QG4Du8GR+UP8Somdd/\n\
        0YLFXZKaVaYYH8AHPfxQyGetvsagVH8c6X8wxPbTXaTRJhhQRKNahw==\n\
        -----END AGE ENCRYPTED FILE-----\n";
    const KEY_BEGINS: [u8; 8] = [0x56, 0x2e, 0x20, 0xa5, 0xd1, 0xe9, 0x8b, 0x25];

    let service = service(file(IDENTITY));
    assert_eq!(service.recipients(), [RECIPIENT]);
    let key = MasterKey::Age { recipient: RECIPIENT.into() };
    let wrapped = WrappedKey { key, enc: ENC.into(), created_at: None };
    let opened = service.unwrap(&wrapped).unwrap().unwrap();
    assert_eq!((opened.expose().len(), &opened.expose()[..8]), (32, &KEY_BEGINS[..]));
}

#[test]
fn three_answers() {
    let [mine, other] = [x25519::Identity::generate(), x25519::Identity::generate()];
    let service = service(file(text_of(&mine)));
    let mut wrapped = wrapped_for(&other, b"secret");
    assert!(service.unwrap(&wrapped).unwrap().is_none());
    let pgp = MasterKey::Pgp { fingerprint: "FBC7".into() };
    assert!(service.wrap(&pgp, b"x").unwrap().is_none());
    assert!(!service.handles(&pgp));
    assert!(service.unwrap(&WrappedKey { key: pgp, ..wrapped.clone() }).unwrap().is_none());
    wrapped.enc = "ENC".into();
    assert_eq!(service.unwrap(&wrapped).unwrap_err(), KeyError::NotAnAgeFile);
    // the payload's last bytes: header and identity still fit
    let damaged = wrapped_for(&mine, &[1; 32]);
    let mut bytes = binary(&damaged.enc).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    let enc = base64_simd::STANDARD.encode_to_string(&bytes);
    let enc = format!("-----BEGIN AGE ENCRYPTED FILE-----\n{enc}\n-----END AGE ENCRYPTED FILE-----\n");
    let error = service.unwrap(&WrappedKey { enc, ..damaged }).unwrap_err();
    assert_eq!(error, KeyError::Damaged);
}

#[test]
fn armor_may_have_been_folded_or_indented() {
    let identity = x25519::Identity::generate();
    let mut wrapped = wrapped_for(&identity, b"secret");
    let service = service(file(text_of(&identity)));
    let armor = wrapped.enc.clone();
    for enc in [
        armor.replace('\n', " "),
        armor.replace('\n', "\r\n"),
        format!("  {}", armor.replace('\n', "\n  ")),
        armor.trim_end().to_owned(),
    ] {
        wrapped.enc = enc;
        assert_eq!(service.unwrap(&wrapped).unwrap().unwrap().expose(), b"secret");
    }
}

#[test]
fn reads_files_for_several_recipients() {
    let [a, b] = [x25519::Identity::generate(), x25519::Identity::generate()];
    let both = [a.to_public(), b.to_public()];
    let encryptor = Encryptor::with_recipients(both.iter().map(|r| r as _)).unwrap();
    let armor = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor).unwrap();
    let mut writer = encryptor.wrap_output(armor).unwrap();
    writer.write_all(b"secret").unwrap();
    let enc = String::from_utf8(writer.finish().unwrap().finish().unwrap()).unwrap();
    let key = MasterKey::Age { recipient: a.to_public().to_string() };
    let wrapped = WrappedKey { key, enc, created_at: None };
    // b is not the recipient the entry names, but the file is for b too
    assert!(service(file(text_of(&b))).unwrap(&wrapped).unwrap().is_some());
}

#[test]
fn oversized_secrets_are_no_data_keys() {
    let identity = x25519::Identity::generate();
    let wrapped = wrapped_for(&identity, &[0; 5000]);
    let error = service(file(text_of(&identity))).unwrap(&wrapped).unwrap_err();
    assert_eq!(error, KeyError::NotADataKey);
}

#[test]
fn identity_files_are_read_as_sops_reads_them() {
    let identity = x25519::Identity::generate();
    let (text, recipient) = (text_of(&identity), identity.to_public().to_string());
    let gave = |count: usize| Outcome::Gave { recipients: vec![recipient.clone(); count], plugins: Vec::new() };
    let of = |text: String| outcome(&service(file(text)));
    assert_eq!(of(format!("# created\r\n\r\n{text}\r\n{text}")), gave(2));
    assert_eq!(of(String::new()), gave(0));
    let words = Given::Words(SecretBytes::new(format!("{text} {text}\n#\n{text}").into_bytes()));
    assert_eq!(outcome(&service(words)), gave(3));
    let hybrid = generate_post_quantum().unwrap();
    let all = format!("AGE-PLUGIN-TEST-10Q32NLXM\n{text}\n{}", hybrid.identity.expose());
    let plugins = vec!["age-plugin-test".to_owned()];
    assert_eq!(of(all), Outcome::Gave { recipients: vec![recipient.clone(), hybrid.recipient], plugins });

    let failed = |why: &str| Outcome::Failed(why.into());
    assert_eq!(of(format!("{text} {text}")), failed("line 1 is a damaged identity (a character is wrong or missing)"));
    assert_eq!(of(format!("{text}\n {text}")), failed("line 2 has blanks around the identity"));
    assert_eq!(of(recipient.clone()), failed("line 1 is a recipient, not an identity"));
    let ssh = "line 1 is an SSH key: name its file with SOPS_AGE_SSH_PRIVATE_KEY_FILE or --identity";
    assert_eq!(of("-----BEGIN OPENSSH PRIVATE KEY-----".into()), failed(ssh));
    assert_eq!(of("-----BEGIN PGP".into()), failed("line 1 is an SSH or PGP key, not an age identity"));
    let damaged = failed("line 1 is a damaged identity (a character is wrong or missing)");
    assert_eq!(of("AGE-PLUGIN-TEST-10Q32NLXX".into()), damaged);
    assert_eq!(of("AGE-SECRET-KEY-PQ-1QQQQ".into()), damaged);
    assert_eq!(of("hunter2".into()), failed("line 1 is not an age identity"));
    assert_eq!(outcome(&service(file(vec![0xff]))), failed("it is not text"));
}

#[test]
fn a_passphrase_is_asked_for_once_and_last() {
    let [locked_one, at_hand] = [x25519::Identity::generate(), x25519::Identity::generate()];
    for armored in [true, false] {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let sources = vec![
            IdentitySource { label: "locked".into(), given: file(locked(&text_of(&locked_one), armored)) },
            IdentitySource { label: "open".into(), given: file(text_of(&at_hand)) },
        ];
        let service = AgeKeys::new(sources, move |label: &str| {
            assert_eq!(label, "locked");
            count.fetch_add(1, Ordering::SeqCst);
            Some(SecretText::new("correct horse".into()))
        });
        assert!(service.unwrap(&wrapped_for(&at_hand, b"x")).unwrap().is_some());
        assert_eq!((asked.load(Ordering::SeqCst), outcome(&service)), (0, Outcome::Locked));
        let wrapped = wrapped_for(&locked_one, b"x");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| assert!(service.unwrap(&wrapped).unwrap().is_some()));
            }
        });
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        assert_eq!(service.recipients().len(), 2);
    }
}

#[test]
fn what_cannot_be_unlocked_says_why() {
    let identity = x25519::Identity::generate();
    let wrapped = wrapped_for(&identity, b"x");
    let try_with = |file: Vec<u8>, answer: Option<&'static str>| {
        let source = IdentitySource { label: "f".into(), given: Given::File(SecretBytes::new(file)) };
        let service = AgeKeys::new(vec![source], move |_: &str| answer.map(|a| SecretText::new(a.into())));
        assert!(service.unwrap(&wrapped).unwrap().is_none());
        outcome(&service)
    };
    let failed = |why: &str| Outcome::Failed(why.into());
    let good = locked(&text_of(&identity), true);
    assert_eq!(try_with(good.clone(), Some("wrong")), failed("incorrect passphrase"));
    assert_eq!(try_with(good.clone(), None), failed("it needs a passphrase, and there is nobody to ask"));
    assert_eq!(try_with(good[..80].to_vec(), Some("correct horse")), failed("it is a damaged age file"));
    let not_scrypt = binary(&wrapped.enc).unwrap();
    assert_eq!(try_with(not_scrypt, Some("x")), failed("it is encrypted, but not with a passphrase"));
}

#[test]
fn commands_run_only_when_needed_and_once_for_each_recipient() {
    let [mine, other] = [x25519::Identity::generate(), x25519::Identity::generate()];
    let runs = Arc::new(AtomicUsize::new(0));
    let (count, text) = (runs.clone(), text_of(&mine));
    let expected = mine.to_public().to_string();
    let service = service(Given::Command(Box::new(move |recipient| {
        count.fetch_add(1, Ordering::SeqCst);
        if recipient != expected {
            return Err("it failed".into());
        }
        Ok(SecretBytes::new(text.clone().into_bytes()))
    })));
    assert_eq!(outcome(&service), Outcome::NotRun);
    let wrapped = wrapped_for(&mine, b"x");
    for _ in 0..3 {
        assert!(service.unwrap(&wrapped).unwrap().is_some());
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    assert!(service.unwrap(&wrapped_for(&other, b"x")).unwrap().is_none());
    assert_eq!(runs.load(Ordering::SeqCst), 2);
    assert!(matches!(outcome(&service), Outcome::Gave { recipients, .. } if recipients.len() == 1));
}

#[test]
fn recipients_are_told_apart_by_prefix() {
    let good = x25519::Identity::generate().to_public().to_string();
    let hybrid = generate_post_quantum().unwrap().recipient;
    for recipient in [&good, &format!("  {good}\n"), &hybrid, "age1test10qdmzv9q", SSH] {
        assert_eq!(check_recipient(recipient), Ok(()), "{recipient}");
    }
    let damaged = [&good[..40], "hello", &hybrid[..1000], "age1pq1abc", "age1yubikey1abc", "age1pwn/pwn19gt89dfz"];
    for recipient in damaged {
        assert_eq!(check_recipient(recipient), Err(KeyError::BadRecipient), "{recipient}");
    }
    for (recipient, why) in [
        ("ssh-ed25519 AAAA me", "not a valid SSH public key (a character is wrong or missing)"),
        (ECDSA, "ecdsa-sha2-nistp256 keys cannot decrypt: only ssh-ed25519 and ssh-rsa can"),
    ] {
        let error = check_recipient(recipient).unwrap_err();
        assert_eq!((error.cause(), error.to_string().as_str()), (Some(Cause::Malformed), why));
    }
}

/// Opens the file of `key` for `recipient` alone.
fn unwrap_with(service: &AgeKeys, recipient: &str, secret: &[u8]) -> Option<Vec<u8>> {
    let key = MasterKey::Age { recipient: recipient.to_owned() };
    let enc = AgeKeys::without_identities().wrap(&key, secret).unwrap().unwrap();
    let opened = service.unwrap(&WrappedKey { key, enc, created_at: None }).unwrap()?;
    Some(opened.expose().to_vec())
}

#[test]
fn post_quantum_keys_open_what_was_wrapped_for_them() {
    let [mine, other] = [(); 2].map(|()| generate_post_quantum().unwrap());
    let service = service(file(mine.identity.expose()));
    assert_eq!(service.recipients().concat(), mine.recipient);
    assert_eq!(unwrap_with(&service, &mine.recipient, b"x").unwrap(), b"x");
    assert_eq!(unwrap_with(&service, &other.recipient, b"x"), None);
}

#[test]
fn what_is_at_hand_takes_the_least() {
    let [mine, other] = [(); 2].map(|()| x25519::Identity::generate());
    let service = service(file(format!("{}\nAGE-PLUGIN-TEST-10Q32NLXM", text_of(&mine))));
    let effort = |recipient: String| service.effort(&MasterKey::Age { recipient });
    assert_eq!(effort(mine.to_public().to_string()), 0);
    assert_eq!(effort("age1test10qdmzv9q".into()), 1);
    assert_eq!(effort(other.to_public().to_string()), 3);
}

#[test]
fn a_broken_plugin_stops_nobody_else() {
    let [mine, other] = [(); 2].map(|()| x25519::Identity::generate());
    let folder = std::path::PathBuf::from("/nonexistent");
    let settings = PluginSettings { folder: Some(folder), ..PluginSettings::default() };
    let with = service(file(format!("AGE-PLUGIN-TEST-10Q32NLXM\n{}", text_of(&mine)))).with_plugins(settings);
    assert!(with.unwrap(&wrapped_for(&mine, b"x")).unwrap().is_some());
    // files for somebody else are none of the plugin's business, so far as anybody knows
    assert!(with.unwrap(&wrapped_for(&other, b"x")).unwrap().is_none());
    let Outcome::Gave { plugins, .. } = outcome(&with) else { panic!("it gave") };
    assert_eq!(plugins, ["age-plugin-test is not installed"]);
}

#[test]
fn debug_is_redacted() {
    let identity = x25519::Identity::generate();
    let text = text_of(&identity);
    let given = file(text.clone());
    assert_eq!(format!("{given:?}"), "File([REDACTED])");
    let service = service(given);
    let shown = format!("{service:?}");
    assert!(!shown.contains(&text[20..]), "{shown}");
    assert!(shown.contains(&identity.to_public().to_string()));
}

proptest! {
    #[test]
    fn hostile_input_never_panics(enc in ".{0,300}", identities in ".{0,80}", cut in 0..500usize) {
        let identity = x25519::Identity::generate();
        let mut wrapped = wrapped_for(&identity, b"x");
        let service = service(file(format!("{identities}\n{}", text_of(&identity))));
        let cut = cut.min(wrapped.enc.len());
        let short = wrapped.enc[..cut].to_owned();
        for enc in [enc, short] {
            wrapped.enc = enc;
            _ = service.unwrap(&wrapped);
        }
    }
}
