//! What is encrypted decrypts to the same bytes; nothing around it changes; what did not change keeps its ciphertext.

use std::collections::BTreeMap;

use sealant::document::edits::Edits;
use sealant::document::kind::DocumentKind;
use sealant::document::path::Step;
use sealant::document::tree::Node;
use sealant::sops::file::{FileError, Settings, SopsFile};
use sealant::sops::selector::Selection;
use zeroize::Zeroizing;

use super::generate::document;
use super::leaves::{ENCRYPTED, Frame, Leaf, leaves, read};
use super::{Made, data_key, kinds, tamper};
use crate::lossless::settings;

/// Documents of one format.
const DOCUMENTS: u64 = 330;

/// Every kind of selection in turn, with both kinds of MAC.
pub fn settings_of(seed: u64) -> Settings {
    let selection = match seed % 8 {
        0 | 1 => Selection::Default,
        2 => Selection::EncryptedSuffix("_enc".into()),
        3 => Selection::UnencryptedSuffix("_plain".into()),
        4 => Selection::EncryptedRegex("^(pass|tok|a|k)".into()),
        5 => Selection::UnencryptedRegex("^(host|port|data)".into()),
        6 => Selection::EncryptedCommentRegex("enc:".into()),
        _ => Selection::UnencryptedCommentRegex("clear:".into()),
    };
    let mut settings = settings(selection, seed / 8 % 3 == 1);
    settings.allow_unrepresentable = !(seed / 3).is_multiple_of(4);
    settings
}

/// Whether a selection by keys takes a leaf; `None` when comments decide. Written anew, to judge the other one.
fn selects(selection: &Selection, leaf: &Leaf) -> Option<bool> {
    let starts = |words: &[&str]| leaf.bound().iter().any(|key| words.iter().any(|word| key.starts_with(word)));
    let ends = |end: &str| leaf.bound().iter().any(|key| key.ends_with(end));
    Some(match selection {
        Selection::Default => !ends("_unencrypted"),
        Selection::EncryptedSuffix(_) => ends("_enc"),
        Selection::UnencryptedSuffix(_) => !ends("_plain"),
        Selection::EncryptedRegex(_) => starts(&["pass", "tok", "a", "k"]),
        Selection::UnencryptedRegex(_) => !starts(&["host", "port", "data"]),
        _ => return None,
    })
}

/// Why a document is refused, when it may be.
pub fn refusal(error: &FileError) -> Option<&'static str> {
    Some(match error {
        FileError::Unrepresentable { is_final: true, .. } => "sops would read another value",
        FileError::Unrepresentable { .. } => "sops cannot read it",
        FileError::NotAValue { .. } => "sops could not read it in clear",
        FileError::AlreadyEncrypted { .. } => "it looks encrypted",
        FileError::Format(_) => "it is not valid",
        _ => return None,
    })
}

/// All that holds for one document; the reason when it is refused.
fn check(made: &Made, settings: &Settings, what: &str) -> Result<(), &'static str> {
    let key = data_key();
    let failed = |error: &FileError| -> ! { panic!("{what}: {error}\n{}", made.shown()) };
    let plain = match made.plain() {
        Ok(plain) => plain,
        Err(error) => return Err(refusal(&error).unwrap_or_else(|| failed(&error))),
    };
    let encrypted = match plain.encrypt(&key, settings, None) {
        Ok(encrypted) => encrypted,
        Err(error) => return Err(refusal(&error).unwrap_or_else(|| failed(&error))),
    };
    let bytes = || Zeroizing::new(encrypted.text.clone().into_bytes());
    let file = SopsFile::parse(made.kind, bytes()).unwrap_or_else(|error| failed(&error));
    let (decrypted, mut reuse) = file.decrypt_for_reuse(&key, false).unwrap_or_else(|error| failed(&error));
    assert_eq!(decrypted.bytes(), made.bytes, "{what}: {}\n{}", made.shown(), encrypted.text);
    assert!(decrypted.unreadable_comments.is_empty(), "{what}: {}", made.shown());
    around(made, settings, &encrypted.text, what);
    let again = file.parse_plain(Zeroizing::new(made.bytes.clone()), &decrypted).unwrap();
    let second = again.encrypt(&key, settings, Some(&mut reuse)).unwrap();
    assert_eq!(second.text, encrypted.text, "{what}: a second encryption over the first changed it\n{}", made.shown());
    assert!(!second.changed, "{what}");
    Ok(())
}

/// Nothing but what is encrypted differs, and what is encrypted is what the rule selects.
fn around(made: &Made, settings: &Settings, encrypted: &str, what: &str) {
    if made.kind == DocumentKind::Binary {
        assert!(!encrypted.contains("hunter2"));
        return;
    }
    let text = std::str::from_utf8(&made.bytes).unwrap();
    let before = read(made.kind, text, made.reading);
    let after = read(made.kind, encrypted, ENCRYPTED);
    let mut edits = Edits::default();
    after.remove_metadata(&mut edits);
    let without = edits.apply(after.text());
    let bare = read(made.kind, &without, ENCRYPTED);
    let (one, two) = (Frame::of(before.as_ref()), Frame::of(bare.as_ref()));
    one.check(what);
    Frame::of(after.as_ref()).check(what);
    one.assert_same_around(&two, &two.empty(bare.as_ref()), what);
    for (clear, sealed) in leaves(before.as_ref()).iter().zip(leaves(after.as_ref())) {
        assert_eq!(clear.path, sealed.path, "{what}");
        if let Some(selected) = selects(&settings.selection, clear) {
            let wanted = selected && !clear.is_empty() && !clear.is_null;
            assert_eq!(sealed.is_encrypted(), wanted, "{what}: {}\n{}", clear.path, made.shown());
        }
    }
}

/// Runs one check per seed, all of them, and shows the first failures.
fn every_seed<R>(kind: DocumentKind, seeds: u64, check: impl Fn(u64) -> R) -> Vec<R> {
    let mut failed = Vec::new();
    let mut results = Vec::new();
    for seed in 0..seeds {
        // A failure is printed where it happens.
        let quiet = failed.len() >= 3;
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(seed))) {
            Ok(result) => results.push(result),
            Err(_) if quiet => break,
            Err(_) => failed.push(seed),
        }
    }
    assert!(failed.is_empty(), "{}: seeds {failed:?} fail", kind.word());
    results
}

fn come_back(kind: DocumentKind) {
    let mut refused: BTreeMap<&str, usize> = BTreeMap::new();
    let results = every_seed(kind, DOCUMENTS + 170, |seed| {
        check(&document(kind, seed), &settings_of(seed), &format!("{} seed {seed}", kind.word()))
    });
    let mut done = 0;
    for result in results {
        match result {
            Ok(()) => done += 1,
            Err(reason) => *refused.entry(reason).or_default() += 1,
        }
    }
    eprintln!("{}: {done} documents came back, refused: {refused:?}", kind.word());
    assert!(done >= 300, "{}: only {done} documents, refused: {refused:?}", kind.word());
}

/// `None` when there is no value to change.
fn change_one(made: &Made, settings: &Settings, seed: u64) -> Option<()> {
    let (key, kind) = (data_key(), made.kind);
    let plain = made.plain().ok()?;
    let encrypted = plain.encrypt(&key, settings, None).ok()?;
    let before = leaves(read(kind, &encrypted.text, ENCRYPTED).as_ref());
    let words = leaves(read(kind, std::str::from_utf8(&made.bytes).unwrap(), made.reading).as_ref());
    let chosen = before.iter().zip(&words).position(|(sealed, clear)| {
        sealed.is_encrypted() && words.iter().filter(|other| other.written == clear.written).count() == 1
    })?;
    // A format may have no place for it; then it says so.
    let text = plain.set(&words[chosen].written, &Node::text("another value")).ok()?;
    let changed = Made { bytes: text.as_bytes().to_vec(), ..made.clone() };
    let file = SopsFile::parse(kind, Zeroizing::new(encrypted.text.clone().into_bytes())).unwrap();
    let (_, mut reuse) = file.decrypt_for_reuse(&key, false).unwrap();
    let plain = changed.plain().unwrap_or_else(|error| panic!("seed {seed}: {error}\n{}", changed.shown()));
    let second = plain.encrypt(&key, settings, Some(&mut reuse)).unwrap();
    assert!(second.changed);
    let after = leaves(read(kind, &second.text, ENCRYPTED).as_ref());
    assert_eq!(before.len(), after.len(), "seed {seed}\n{}", made.shown());
    for (at, (old, new)) in before.iter().zip(&after).enumerate() {
        assert_eq!(old.text != new.text, at == chosen, "seed {seed}: {}\n{}", old.path, made.shown());
    }
    let file = SopsFile::parse(kind, Zeroizing::new(second.text.into_bytes())).unwrap();
    assert_eq!(file.decrypt(&key, false).unwrap().bytes(), changed.bytes);
    Some(())
}

#[test]
fn one_changed_value_changes_one_ciphertext() {
    for kind in kinds().filter(|kind| *kind != DocumentKind::Binary) {
        let done = every_seed(kind, DOCUMENTS, |seed| change_one(&document(kind, seed), &settings_of(seed), seed));
        let done = done.into_iter().flatten().count();
        eprintln!("{}: {done} documents with one changed value", kind.word());
        assert!(done >= 100, "{}: only {done}", kind.word());
    }
}

#[test]
fn tampering_is_seen() {
    for kind in kinds() {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        let tried = every_seed(kind, DOCUMENTS, |seed| {
            let made = document(kind, seed);
            let settings = settings_of(seed);
            let encrypted = made.plain().ok()?.encrypt(&data_key(), &settings, None).ok()?;
            let context = format!("{} seed {seed}\n{}", kind.word(), made.shown());
            Some(tamper::all(kind, &encrypted.text, &settings, &context))
        });
        tried.into_iter().flatten().flatten().for_each(|way| *seen.entry(way).or_default() += 1);
        eprintln!("{}: {seen:?}", kind.word());
        for way in tamper::ways(kind) {
            assert!(seen.get(way).is_some_and(|count| *count >= 20), "{}: {way}: {seen:?}", kind.word());
        }
    }
}

/// Bytes that JSON, YAML and dotenv would take for their own, and the empty file.
#[test]
fn any_bytes_come_back() {
    let settings = settings(Selection::EncryptedRegex("^nothing$".into()), false);
    let texts: [&[u8]; 9] = [
        b"",
        b"\0",
        b"{}",
        b"{\"data\": 1, \"x\": 2}\n",
        b"a: b\n",
        b"A=b",
        b"\xFF\xFE\x00",
        b"\xEF\xBB\xBF",
        b"\r\n\r",
    ];
    for bytes in texts {
        let made = Made { bytes: bytes.to_vec(), ..Made::new(DocumentKind::Binary, "") };
        check(&made, &settings, "binary").unwrap();
    }
}

/// A pattern that every encrypted comment matches cannot be used, one that a few match by chance can.
#[test]
fn a_comment_pattern_that_ciphertexts_match() {
    for (kind, text) in [
        (DocumentKind::Dotenv, "# clear xY\nA=b\n# other\nB=c\n"),
        (DocumentKind::Ini, "[s]\n; clear xY\na = b\n; other\nb = c\n"),
        (DocumentKind::Toml, "# clear xY\na = \"b\"\n# other\nb = \"c\"\n"),
        (DocumentKind::Hcl, "# clear xY\na = \"b\"\n# other\nb = \"c\"\n"),
        (DocumentKind::Properties, "# clear xY\na=b\n# other\nb=c\n"),
    ] {
        let made = Made::new(kind, text);
        let always = settings(Selection::UnencryptedCommentRegex("ENC|clear".into()), false);
        let refused = made.plain().unwrap().encrypt(&data_key(), &always, None);
        assert!(matches!(refused, Err(FileError::CommentPattern { .. })), "{kind:?}: {refused:?}");
        for _ in 0..40 {
            let sometimes = settings(Selection::UnencryptedCommentRegex("xY|Q=".into()), false);
            assert_eq!(check(&made, &sometimes, kind.word()), Ok(()));
        }
    }
}

/// To sops every line of such a value is a line of its own, so that no flag can let it stay in clear.
#[test]
fn a_dotenv_value_of_several_lines_never_stays_in_clear() {
    for text in ["A_unencrypted=\"one\nB=two\"\nC=d\n", "A_unencrypted='one\ntwo'\nC=d\n"] {
        let mut settings = settings(Selection::Default, true);
        settings.allow_unrepresentable = true;
        let refused = Made::new(DocumentKind::Dotenv, text).plain().unwrap().encrypt(&data_key(), &settings, None);
        assert!(matches!(refused, Err(FileError::NotAValue { line: 1, .. })), "{text:?}: {refused:?}");
    }
}

/// Texts at the edges of what a format is.
#[test]
fn small_documents_come_back() {
    let texts: &[(DocumentKind, &[&str])] = &[
        (
            DocumentKind::Json,
            &["{}", "{ }\n", "[]", "[\n]", "{\"a\":\"b\"}", "[\"a\"]", "[{}]", "{\"a\":[]}", "\u{FEFF}{\"a\":1}"],
        ),
        (
            DocumentKind::Dotenv,
            &["", "\n", "A=", "A=b", "#c", "# c\n\n", "A=b\r\n", "A==", "\n\nA='b'\n\n", "A=\"\"\n"],
        ),
        (
            DocumentKind::Ini,
            &[
                "",
                "\n",
                "a=",
                "a=b",
                ";c",
                "[s]",
                "[s]\n",
                "a=b\r\n",
                "[s]\r\na=b\r\n\r\n",
                "; c\n[s] ; d\na = 'b' ; e\n",
            ],
        ),
        (
            DocumentKind::Toml,
            &["", "\n", "a=1", "#c", "[s]", "[s]\n", "a=\"b\"\r\n", "[[l]]\n[[l]]\na=1", "a={}\n", "a=[ ]\n"],
        ),
        (
            DocumentKind::Hcl,
            &["", "\n", "a=1", "#c", "b {}", "b {}\n", "a=\"b\"\r\n", "l = []\n", "o = {}\n", "a = <<E\nx\nE\n"],
        ),
        (DocumentKind::Properties, &["", "\n", "a=", "a=b", "#c", "!c\n", "a b\r\n", "a", ":", "a\\\n b", "a=b\\"]),
    ];
    for (kind, texts) in texts {
        for text in *texts {
            let mut settings = settings(Selection::Default, false);
            settings.allow_unrepresentable = true;
            let result = check(&Made::new(*kind, text), &settings, &format!("{kind:?} {text:?}"));
            assert_eq!(result, Ok(()), "{kind:?} {text:?}");
        }
    }
}

/// A tool that drops the record of spellings costs the spelling, never the value.
#[test]
fn a_carriage_return_is_of_the_spelling() {
    let made = Made::new(DocumentKind::Dotenv, "A=b\r\nB='c'\r\n");
    let encrypted = made.plain().unwrap().encrypt(&data_key(), &settings(Selection::Default, false), None).unwrap();
    let kept = |line: &&str| !line.starts_with("sops_sealant_layout");
    let text: String = encrypted.text.split_inclusive('\n').filter(kept).collect();
    assert_ne!(text, encrypted.text);
    let file = SopsFile::parse(DocumentKind::Dotenv, Zeroizing::new(text.into_bytes())).unwrap();
    assert_eq!(file.decrypt(&data_key(), false).unwrap().text.as_str(), "A=b\nB=c\n");
}

/// What this test found, by name, so that it stays found.
#[test]
fn found() {
    for (what, text) in [
        ("a carriage return behind a ciphertext", "a=b\r\nk='c'\r\n"),
        ("an empty line that ends in a carriage return", "a='b'\r\n\r\nk=c\r\n"),
        ("an indented comment in clear", "  # c\na='b'\n"),
        ("an empty value with quotes that ends the file", "a=b\nk=''"),
        ("an empty value with a comment that ends the file", "a=b\nk= # c"),
        ("quotes inside a file that both readings read alike", "a=b'c\"\n"),
    ] {
        let mut settings = settings(Selection::EncryptedRegex("^(pass|tok|a|k)".into()), false);
        settings.allow_unrepresentable = true;
        assert_eq!(check(&Made::new(DocumentKind::Dotenv, text), &settings, what), Ok(()), "{what}");
    }
}

/// Only values under keys are named by the keys.
#[test]
fn a_path_leads_to_its_leaf() {
    let document = read(DocumentKind::Json, "{\"a\":[{\"b\":1}]}", ENCRYPTED);
    let found = leaves(document.as_ref());
    assert_eq!(found[0].path.0, [Step::Key("a".into()), Step::Index(0), Step::Key("b".into())]);
    assert_eq!(found[0].bound(), ["a", "b"]);
}

#[test]
fn json_documents_come_back() {
    come_back(DocumentKind::Json);
}

#[test]
fn dotenv_documents_come_back() {
    come_back(DocumentKind::Dotenv);
}

#[test]
fn ini_documents_come_back() {
    come_back(DocumentKind::Ini);
}

#[test]
fn binary_documents_come_back() {
    come_back(DocumentKind::Binary);
}

#[test]
fn toml_documents_come_back() {
    come_back(DocumentKind::Toml);
}

#[test]
fn hcl_documents_come_back() {
    come_back(DocumentKind::Hcl);
}

#[test]
fn properties_documents_come_back() {
    come_back(DocumentKind::Properties);
}
