//! Tests of plugins, with shell scripts as plugins.

#![allow(clippy::disallowed_methods, reason = "tests write scripts")]

use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::keyservice::age::{AgeKeys, AskPassphrase, Given, IdentitySource};
use crate::keyservice::{Cause, KeyService};
use crate::secret::SecretBytes;
use crate::sops::key::{MasterKey, WrappedKey};

const RECIPIENT: &str = "age1test10qdmzv9q";
const IDENTITY: &str = "AGE-PLUGIN-TEST-10Q32NLXM";

/// Wraps by doing nothing at all; `before` runs before the answer.
fn honest(before: &str) -> String {
    format!(
        "while read -r arrow kind index tag; do\n\
         case \"$kind $tag\" in 'wrap-file-key ' | 'recipient-stanza test') read -r key ;; 'done ') read -r end; break ;; esac\n\
         done\n{before}\n\
         case $1 in *recipient-v1) echo '-> recipient-stanza 0 test' ;; *) echo '-> file-key 0' ;; esac\n\
         echo \"$key\"; read -r answer; read -r end; printf -- '-> done\\n\\n'\n"
    )
}

/// Counts questions, and answers `1234`.
struct Clerk {
    asked: Arc<AtomicUsize>,
    told: Arc<Mutex<Vec<String>>>,
}

impl AskPassphrase for Clerk {
    fn ask(&self, _: &str) -> Option<SecretText> {
        None
    }

    fn ask_secret(&self, plugin: &str, prompt: &str) -> Option<SecretText> {
        assert_eq!((plugin, prompt), ("age-plugin-test", "PIN"));
        self.asked.fetch_add(1, Ordering::SeqCst);
        Some(SecretText::new("1234".into()))
    }

    fn tell(&self, plugin: &str, message: &str) -> bool {
        self.told.lock().unwrap().push(format!("{plugin}: {message}"));
        true
    }
}

struct Bench {
    _folder: tempfile::TempDir,
    keys: AgeKeys,
    asked: Arc<AtomicUsize>,
    told: Arc<Mutex<Vec<String>>>,
}

fn bench(script: &str) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("age-plugin-test");
    // not opened for writing by us, so that no fork of another test keeps it busy
    let written = std::process::Command::new("sh")
        .args(["-c", "printf '#!/bin/sh\\n%s' \"$1\" > \"$0\" && chmod 700 \"$0\""])
        .arg(&path)
        .arg(script)
        .status();
    assert!(written.unwrap().success());
    assert!(path.metadata().unwrap().permissions().mode() & 0o100 != 0);
    let (asked, told) = (Arc::default(), Arc::default());
    let clerk = Clerk { asked: Arc::clone(&asked), told: Arc::clone(&told) };
    let given = Given::File(SecretBytes::new(IDENTITY.as_bytes().to_vec()));
    let settings = PluginSettings { patience: Duration::from_millis(1500), folder: Some(folder.path().to_owned()) };
    let source = IdentitySource { label: "here".into(), given };
    let keys = AgeKeys::new(vec![source], clerk).with_plugins(settings);
    Bench { _folder: folder, keys, asked, told }
}

fn key() -> MasterKey {
    MasterKey::Age { recipient: RECIPIENT.into() }
}

/// As a plugin that works would wrap it.
fn wrapped() -> WrappedKey {
    let enc = bench(&honest("")).keys.wrap(&key(), b"secret").unwrap().unwrap();
    WrappedKey { key: key(), enc, created_at: None }
}

#[test]
fn both_ways() {
    let bench = bench(&honest("printf -- '-> msg\\naGkbWzFtIQ\\n'; read -r answer; read -r end"));
    let enc = bench.keys.wrap(&key(), b"secret").unwrap().unwrap();
    let wrapped = WrappedKey { key: key(), enc, created_at: None };
    assert_eq!(bench.keys.unwrap(&wrapped).unwrap().unwrap().expose(), b"secret");
    assert_eq!(*bench.told.lock().unwrap(), ["age-plugin-test: hi [1m!", "age-plugin-test: hi [1m!"]);
    assert!(bench.keys.has_plugins());
    assert!(bench.keys.recipients().is_empty());
}

#[test]
fn a_pin_is_asked_for_once() {
    let ask = "printf -- '-> request-secret\\nUElO\\n'; read -r answer; read -r pin; [ \"$pin\" = MTIzNA ] || exit 1";
    let bench = bench(&honest(ask));
    let wrapped = wrapped();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert!(bench.keys.unwrap(&wrapped).unwrap().is_some()));
        }
    });
    assert_eq!(bench.asked.load(Ordering::SeqCst), 1);
}

#[test]
fn nobody_is_asked_again_after_a_wrong_pin() {
    let ask = "printf -- '-> request-secret\\nUElO\\n'; read -r answer; read -r pin\n\
               printf -- '-> error internal\\nd3JvbmcgUElO\\n'; read -r answer; read -r end; printf -- '-> done\\n\\n'; exit";
    let bench = bench(&honest(ask));
    for _ in 0..3 {
        let error = bench.keys.unwrap(&wrapped()).unwrap_err();
        assert_eq!(error.to_string(), "age-plugin-test: wrong PIN");
    }
    assert_eq!(bench.asked.load(Ordering::SeqCst), 1);
}

#[test]
fn what_goes_wrong_is_told_with_the_name_and_a_hint() {
    let wrapped = wrapped();
    for (script, text) in [
        ("exit 3", "age-plugin-test ended without an answer: exit status: 3"),
        ("printf '\\033[31mhello\\n'", "age-plugin-test does not speak age's plugin protocol"),
        ("echo noise >&2; cat /dev/zero", "age-plugin-test does not speak age's plugin protocol"),
        ("exec sleep 60", "age-plugin-test said nothing for 1 seconds"),
        ("while :; do printf -- '-> msg\\n\\n' || exit; done", "age-plugin-test does not come to an end"),
    ] {
        let bench = bench(script);
        let error = bench.keys.unwrap(&wrapped).unwrap_err();
        assert_eq!((error.cause(), error.to_string().as_str()), (Some(Cause::Program), text));
        assert!(error.hint().is_some());
        // it has had its chance
        assert_eq!(bench.keys.wrap(&key(), b"x").unwrap_err(), error);
    }
}

#[test]
fn a_plugin_that_is_not_there() {
    let bench = bench("");
    let other = MasterKey::Age { recipient: "age1nonexistentplugin1pt5d8z".into() };
    let error = bench.keys.wrap(&other, b"x").unwrap_err();
    assert_eq!(error.to_string(), "age-plugin-nonexistentplugin is not installed");
    assert!(error.hint().unwrap().contains("awesome-age"));
}

#[test]
fn one_that_wraps_nothing_or_knows_nothing() {
    let done =
        "while read -r arrow kind; do [ \"$kind\" = done ] && break; done; read -r end; printf -- '-> done\\n\\n'";
    let bench = bench(done);
    assert!(bench.keys.unwrap(&wrapped()).unwrap().is_none());
    assert_eq!(bench.keys.wrap(&key(), b"x").unwrap_err().to_string(), "age-plugin-test wrapped nothing");
}
