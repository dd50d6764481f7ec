//! What every input must satisfy, one plain function per fuzz target. A function returns for every input that is fine and
//! panics for a finding. Shared by the bounded loop in `tests/it/fuzz.rs` and by the cargo-fuzz package in `fuzz/`, so it
//! needs nothing but the pure rooms.

use sealant::document::edits::Edits;
use sealant::document::format::{Change, Event, Format};
use sealant::document::kind::DocumentKind;
use sealant::document::open::{Reading, open};
use sealant::document::path::KeyPath;
use sealant::document::scalar::{Context, Style, TypeWord, append_plain_bytes, spell, type_word};
use sealant::document::tree::{Kind, Node};
use sealant::document::value::Value;
use sealant::document::yaml::{Document, NodeKind, Visit, WalkError, emit};
use sealant::pattern;
use sealant::sops::cipher::{self, IV_LENGTH, ValueCipher};
use sealant::sops::file::{EncryptedFile, FileError, Plain, Settings, SopsFile, encrypt, is_encrypted_file};
use sealant::sops::key::{DataKey, KeyGroup, MasterKey, WrappedKey};
use sealant::sops::mac::Mac;
use sealant::sops::metadata::Metadata;
use sealant::sops::rules::Config;
use sealant::sops::selector;
use sealant::sops::selector::{Selection, Selector};
use zeroize::Zeroizing;

/// Splits an input of `decrypt_hostile`: what follows is the plain text of a layout entry, sealed under the right key.
pub const LAYOUT_MARK: &str = "\n%%layout%%\n";

/// The key that the hostile files are encrypted under.
pub fn data_key() -> DataKey {
    DataKey::from_bytes(&[7; 32]).expect("32 bytes")
}

/// How the targets encrypt.
pub fn settings(selection: Selection) -> Settings {
    Settings {
        selection,
        mac_only_encrypted: false,
        allow_empty: true,
        allow_unrepresentable: false,
        groups: vec![KeyGroup(vec![WrappedKey {
            key: MasterKey::Age { recipient: "age195n0dtwu22qx3qmgmppt3vsz70p8lhdjr5kr69hewryfpvwvuftqku3egv".into() },
            enc: "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n".into(),
            created_at: None,
        }])],
        shamir_threshold: 0,
        version: "3.13.2".into(),
        now: "2026-11-22T20:49:18Z".into(),
        unknown: Vec::new(),
    }
}

/// A number that depends on the whole input: what a target chooses by.
fn choice(data: &[u8]) -> usize {
    let hash = data
        .iter()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3));
    (hash >> 17) as usize
}

/// A YAML text: every node is where it says, every value can be written again, edits change what they name and nothing
/// else, and encryption is undone to the byte.
pub fn document_round_trip(data: &[u8]) {
    let Ok(document) = Document::from_bytes(data.to_vec()) else {
        return;
    };
    assert_eq!(document.text().as_bytes(), data, "the text is kept");
    let choice = choice(data);
    look_at_every_node(&document, choice);
    if document.problems().is_empty() && document.documents() > 0 {
        edits(&document, choice);
    }
    let selections = [
        Selection::Default,
        Selection::UnencryptedSuffix("a".into()),
        Selection::EncryptedSuffix("a".into()),
        Selection::EncryptedRegex("a|b|^k".into()),
        Selection::UnencryptedRegex("^[a-k]".into()),
        Selection::UnencryptedCommentRegex("a |clear".into()),
        Selection::EncryptedCommentRegex("a |#enc".into()),
    ];
    let mut settings = settings(selections[choice % selections.len()].clone());
    settings.mac_only_encrypted = (choice >> 8).is_multiple_of(3);
    settings.allow_unrepresentable = (choice >> 10).is_multiple_of(2);
    encryption(&document, &settings);
}

fn look_at_every_node(document: &Document, choice: usize) {
    for id in 0..document.nodes() as u32 {
        let (span, full) = (document.span(id), document.full_span(id));
        assert!(full.start <= span.start && full.end >= span.start);
        assert!(document.text().get(full).is_some(), "a span is of characters");
        if document.kind(id) == NodeKind::Scalar
            && let Ok(value) = document.value(id)
            && (document.nodes() < 40 || (id as usize + choice).is_multiple_of(17))
        {
            spelling(&value);
        }
    }
    for row in 0..document.comments() as u32 {
        assert!(document.text()[document.comment(row)].starts_with('#'));
    }
    for index in 0..document.documents() {
        let mut depth = 0_i64;
        let walked = document.walk::<FileError>(index, |visit| {
            depth += match visit {
                Visit::Open(_) | Visit::EnterKey(..) | Visit::EnterItem(_) | Visit::Alias(_) => 1,
                Visit::Close | Visit::Leave | Visit::AliasEnd => -1,
                _ => 0,
            };
            Ok(())
        });
        assert!(walked.is_err() || depth == 0, "a walk is balanced");
    }
}

/// A value written in any style, in any place, reads back.
fn spelling(value: &Value<'_>) {
    if matches!(value, Value::Bytes(_) | Value::BigInt(_)) {
        return;
    }
    let styles = [Style::Plain, Style::Single, Style::Double, Style::Literal, Style::Folded];
    for (style, in_flow) in styles.into_iter().flat_map(|style| [(style, false), (style, true)]) {
        let context = Context { in_flow, is_key: false, parent_indent: 0, crlf: false, str_tag: false };
        let mut text = String::from(if in_flow { "k: [" } else { "k: " });
        spell(value, style, &context, &mut text);
        text.push_str(if in_flow { "]\n" } else { "\nz: 1\n" });
        let again = Document::parse(text).expect("a spelled value is YAML");
        let path = if in_flow { "k[0]" } else { "k" };
        let path = KeyPath::parse(path).expect("a path");
        let id = again.find(0, &path).expect("the value is where it was written");
        let read = again.value(id).expect("a value");
        assert!(same(value, &read), "a spelled value reads back as itself ({style:?}, flow {in_flow})");
    }
}

/// Type and bytes agree; unlike `==`, a NaN is itself.
fn same(left: &Value<'_>, right: &Value<'_>) -> bool {
    plain(left) == plain(right)
}

fn plain(value: &Value<'_>) -> Option<(TypeWord, Vec<u8>)> {
    let mut bytes = Vec::new();
    append_plain_bytes(value, &mut bytes).then(|| (type_word(value), bytes))
}

type Leaves = Vec<(KeyPath, Option<(TypeWord, Vec<u8>)>)>;

/// Every scalar of a document with its path.
fn leaves(document: &Document, index: usize) -> Result<Leaves, WalkError<FileError>> {
    let mut trail = sealant::document::trail::Trail::default();
    let mut leaves = Vec::new();
    document.walk::<FileError>(index, |visit| {
        match visit {
            Visit::EnterKey(key, _) => trail.enter_key(key),
            Visit::EnterItem(at) => trail.enter_item(at),
            Visit::Leave => drop(trail.leave()),
            Visit::Scalar { id, .. } => {
                leaves.push((trail.path(), document.value(id).ok().as_ref().and_then(plain)));
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(leaves)
}

fn spliced(document: &Document, change: &Change) -> String {
    let text = document.text();
    [&text[..change.span.start], &change.text, &text[change.span.end..]].concat()
}

/// One value set, one added, one removed: the rest is what it was.
fn edits(document: &Document, choice: usize) {
    let Ok(before) = leaves(document, 0) else {
        return;
    };
    let chosen = before.get(choice % before.len().max(1)).filter(|(path, _)| !path.0.is_empty());
    let Some((path, _)) = chosen else {
        return;
    };
    let values = [
        Kind::Str("new".into()),
        Kind::Str("two\nlines\n".into()),
        Kind::Str(" # : ".into()),
        Kind::Int(-5),
        Kind::Null,
        Kind::Map(Vec::new()),
    ];
    let value = Node::new(values[choice % values.len()].clone());
    if let Ok(change) = document.set(0, path, &value) {
        edited(document, &change, &before, path, Some(&value));
    }
    let mut added = path.clone();
    added.0.pop();
    added.0.push(sealant::document::path::Step::Key("added # key".into()));
    if let Ok(change) = document.set(0, &added, &value) {
        edited(document, &change, &before, &added, Some(&value));
    }
    if let Ok(change) = document.unset(0, path) {
        edited(document, &change, &before, path, None);
    }
}

fn edited(document: &Document, change: &Change, before: &Leaves, path: &KeyPath, value: Option<&Node>) {
    let after = Document::parse(spliced(document, change));
    // An anchor may have gone, or an alias now stands for something else.
    if document.has_aliases() {
        return;
    }
    let what = if value.is_some() { "set" } else { "unset" };
    let after = after.unwrap_or_else(|error| panic!("after {what} the text is YAML: {error}"));
    assert_eq!(after.documents(), document.documents(), "{what} keeps the documents");
    let now = leaves(&after, 0).expect("no aliases");
    let parent = &path.0[..path.0.len() - 1];
    let below = |other: &KeyPath| other.0.starts_with(&path.0);
    let outside = |leaves: &Leaves| -> Leaves {
        // Positions behind a removed item move up.
        let moved = |other: &KeyPath| value.is_none() && other.0.starts_with(parent);
        let kept = |other: &KeyPath| !below(other) && !moved(other);
        leaves.iter().filter(|(other, _)| kept(other)).cloned().collect()
    };
    assert!(outside(before) == outside(&now), "{what} leaves the other values alone");
    if value.is_none() {
        let inside = |leaves: &Leaves| leaves.iter().filter(|(other, _)| other.0.starts_with(parent)).count();
        let gone = before.iter().filter(|(other, _)| below(other)).count();
        assert_eq!(inside(before) - gone, inside(&now), "unset removes one value");
    }
    if let Some(value) = value {
        let id = after.find(0, path).expect("a value that was set is there");
        let read = after.tree(id).expect("a tree");
        assert!(without_lines(&read) == without_lines(value), "a value that was set reads back");
    }
}

/// Encrypts and opens again; the same again with the ciphertexts of the first time.
pub fn encryption(document: &Document, settings: &Settings) {
    let key = data_key();
    let encrypted = match encrypt(document, &key, settings, None) {
        Ok(encrypted) => encrypted,
        Err(
            error @ (FileError::Unfaithful
            | FileError::Value { .. }
            | FileError::BadMac
            | FileError::NoMac
            | FileError::MacMismatch
            | FileError::NotEncrypted
            | FileError::Metadata(_)
            | FileError::Yaml(_)),
        ) => panic!("the engine's own check refused its work: {error}"),
        Err(_) => return,
    };
    let file = EncryptedFile::parse(encrypted.text.clone()).expect("what was encrypted is a file");
    assert!(is_encrypted_file(file.document()));
    let (decrypted, mut reuse) = file.decrypt_for_reuse(&key).expect("what was encrypted opens");
    assert!(decrypted.text.as_str() == document.text(), "every byte comes back");
    let again = encrypt(document, &key, settings, Some(&mut reuse)).expect("encrypts again");
    assert!(again.text == encrypted.text, "nothing changed, so the file is the same");
    assert!(!again.changed, "nothing changed");
}

/// A damaged or malicious encrypted file: an error or a document, and with the MAC checked always a document.
pub fn decrypt_hostile(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (text, layout) = match text.split_once(LAYOUT_MARK) {
        Some((text, layout)) => (text, Some(layout)),
        None => (text, None),
    };
    let Ok(mut file) = EncryptedFile::parse(text.to_owned()) else {
        return;
    };
    let key = data_key();
    if let Some(layout) = layout {
        let mut sealed = String::new();
        let cipher = ValueCipher::new(&key);
        let mut scratch = Zeroizing::default();
        let bound = b"sealant_layout";
        cipher.seal(layout.as_bytes(), TypeWord::Str, bound, &[9; IV_LENGTH], &mut scratch, &mut sealed);
        file.metadata.layout = Some(sealed);
    }
    if let Ok(decrypted) = file.decrypt(&key, false) {
        let text = decrypted.text.as_str().to_owned();
        Document::parse(text).expect("a text whose MAC was right is YAML");
    }
    let _ = file.decrypt(&key, true);
    if let Ok((decrypted, mut reuse)) = file.decrypt_for_reuse(&key)
        && let Ok(document) = Document::parse(decrypted.text.as_str().to_owned())
    {
        let settings = settings(file.metadata.selection.clone());
        let _ = encrypt(&document, &key, &settings, Some(&mut reuse));
    }
}

/// A text of a format that is not YAML: its leaves are where it says, metadata leaves no trace, and encryption is undone to the
/// byte; as an encrypted file it is an error or a document.
fn format_round_trip(kind: DocumentKind, data: &[u8]) {
    let choice = choice(data);
    let reading = Reading { commented_json: choice.is_multiple_of(2), faithful_dotenv: !choice.is_multiple_of(3) };
    if let Ok(file) = SopsFile::parse(kind, Zeroizing::new(data.to_vec())) {
        let _ = file.decrypt(&data_key(), true);
        if let Ok((decrypted, _)) = file.decrypt_for_reuse(&data_key(), false) {
            let plain = file.parse_plain(Zeroizing::new(decrypted.bytes().to_vec()), &decrypted);
            plain.expect("what was opened under its MAC is a document");
        }
    }
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(document) = open(kind, text.to_owned(), reading) else {
        return;
    };
    assert!(document.text() == text, "the text is kept");
    leaves_are_where_they_say(document.as_ref());
    if matches!(document.metadata(), Ok(None)) {
        let node =
            Metadata { mac: "m".into(), lastmodified: settings(Selection::Default).now, ..no_metadata() }.write();
        let mut edits = Edits::default();
        document.insert_metadata(&node, &mut edits);
        let with = edits.apply(text);
        let read = document.reparse(with.as_str().to_owned(), document.reading()).expect("metadata leaves a document");
        assert!(matches!(read.metadata(), Ok(Some(_))), "metadata that was put in is found");
        let mut edits = Edits::default();
        read.remove_metadata(&mut edits);
        assert!(edits.apply(&with).as_str() == text, "metadata leaves no trace");
    }
    let plain = Plain::parse(kind, Zeroizing::new(data.to_vec()), reading).expect("it was read before");
    format_encryption(&plain, choice);
}

fn no_metadata() -> Metadata {
    let settings = settings(Selection::Default);
    Metadata {
        groups: settings.groups,
        shamir_threshold: 0,
        lastmodified: String::new(),
        mac: String::new(),
        selection: Selection::Default,
        mac_only_encrypted: false,
        version: settings.version,
        layout: None,
        unknown: Vec::new(),
    }
}

fn leaves_are_where_they_say(document: &dyn Format) {
    let mut depth = 0_i64;
    let mut spans = Vec::new();
    for event in document.events() {
        match *event {
            Event::Open(_) => depth += 1,
            Event::Close => depth -= 1,
            Event::Scalar(leaf) => spans.push(document.span(leaf)),
            Event::Comment(comment) => spans.push(document.comment(comment)),
            Event::Key(key) => assert!(document.path_key(key).len() <= document.key(key).len()),
            Event::Item => {}
        }
        assert!(depth >= 0);
    }
    assert!(depth == 0, "the events are balanced");
    spans.sort_by_key(|span| (span.start, span.end));
    assert!(spans.iter().all(|span| document.text().get(span.clone()).is_some()), "a span is of characters");
    assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start), "no two spans overlap");
}

fn format_encryption(plain: &Plain, choice: usize) {
    let selections = [
        Selection::Default,
        Selection::EncryptedSuffix("a".into()),
        Selection::EncryptedRegex("a|b|^k".into()),
        Selection::UnencryptedRegex("^[a-k]".into()),
        Selection::UnencryptedCommentRegex("a |clear".into()),
        Selection::EncryptedCommentRegex("a |#enc".into()),
    ];
    let mut settings = settings(selections[choice % selections.len()].clone());
    settings.mac_only_encrypted = (choice >> 8).is_multiple_of(3);
    settings.allow_unrepresentable = (choice >> 10).is_multiple_of(2);
    let key = data_key();
    let encrypted = match plain.encrypt(&key, &settings, None) {
        Ok(encrypted) => encrypted,
        Err(
            error @ (FileError::Unfaithful
            | FileError::Value { .. }
            | FileError::BadMac
            | FileError::NoMac
            | FileError::MacMismatch
            | FileError::NotEncrypted
            | FileError::Metadata(_)
            | FileError::Format(_)),
        ) => panic!("the engine's own check refused its work: {error}"),
        Err(_) => return,
    };
    let file = SopsFile::parse(plain.kind(), Zeroizing::new(encrypted.text.clone().into_bytes()));
    let file = file.expect("what was encrypted is a file");
    let (decrypted, mut reuse) = file.decrypt_for_reuse(&key, false).expect("what was encrypted opens");
    assert!(decrypted.bytes() == plain.bytes(), "every byte comes back");
    let again = file.parse_plain(Zeroizing::new(plain.bytes().to_vec()), &decrypted).expect("reads again");
    let again = again.encrypt(&key, &settings, Some(&mut reuse)).expect("encrypts again");
    assert!(again.text == encrypted.text && !again.changed, "nothing changed, so the file is the same");
}

/// [`format_round_trip`] of Json.
pub fn json_round_trip(data: &[u8]) {
    format_round_trip(DocumentKind::Json, data);
}

/// [`format_round_trip`] of Dotenv.
pub fn dotenv_round_trip(data: &[u8]) {
    format_round_trip(DocumentKind::Dotenv, data);
}

/// [`format_round_trip`] of Ini.
pub fn ini_round_trip(data: &[u8]) {
    format_round_trip(DocumentKind::Ini, data);
}

/// [`format_round_trip`] of Toml.
pub fn toml_round_trip(data: &[u8]) {
    format_round_trip(DocumentKind::Toml, data);
}

/// [`format_round_trip`] of Hcl.
pub fn hcl_round_trip(data: &[u8]) {
    format_round_trip(DocumentKind::Hcl, data);
}

/// [`format_round_trip`] of Properties.
pub fn properties_round_trip(data: &[u8]) {
    format_round_trip(DocumentKind::Properties, data);
}

/// Any text as a `.sops.yaml`.
pub fn sops_yaml(data: &[u8]) {
    let Ok(document) = Document::from_bytes(data.to_vec()) else {
        return;
    };
    for index in 0..document.documents() {
        let Ok(tree) = document.tree(document.root(index)) else {
            continue;
        };
        match Config::read(&tree, "some/.sops.yaml") {
            Ok(config) => {
                for path in ["", "a", "prod/secrets.yaml", "é\n"] {
                    config.rule_for(path);
                }
                for rule in &config.rules {
                    Selector::compile(&rule.selection).expect("a rule's pattern is known to compile");
                }
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

/// Any text as a key path: what is read shows as a text that reads as the same path, and finds what was set under it.
pub fn key_path(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let path = match KeyPath::parse(text) {
        Ok(path) => path,
        Err(error) => {
            assert!((1..=text.chars().count() + 1).contains(&error.at), "the place is in the text");
            return;
        }
    };
    let shown = path.to_string();
    if shown.len() <= sealant::document::path::MAX_LENGTH {
        assert!(KeyPath::parse(&shown).as_ref() == Ok(&path), "a shown path reads back");
    }
    for text in ["a: {b: [x, {c: d}]}\nk: v\n", "{a: 1, b: []}", "a:\n- b: 1\n- |\n  text\n"] {
        let document = Document::parse(text.into()).expect("YAML");
        let _ = document.unset(0, &path);
        let Ok(change) = document.set(0, &path, &Node::text("value")) else {
            continue;
        };
        let after = Document::parse(spliced(&document, &change)).expect("a set value leaves YAML");
        let id = after.find(0, &path).expect("a set value is found");
        assert!(matches!(after.value(id), Ok(Value::Str(text)) if text == "value"));
    }
}

/// Any text as metadata, as a pattern, as a ciphertext and as a value.
pub fn metadata_mac(data: &[u8]) {
    if let Ok(document) = Document::from_bytes(data.to_vec()) {
        for index in 0..document.documents() {
            if let Ok(tree) = document.tree(document.root(index)) {
                metadata(tree.get("sops").unwrap_or(&tree));
            }
        }
    }
    let mut mac = Mac::new(data.len().is_multiple_of(2));
    data.chunks(7).for_each(|chunk| mac.add(chunk));
    let mac = mac.finish();
    assert!(mac.same_as_stored(mac.expose().as_bytes()));
    assert!(!mac.same_as_stored(data));
    let cipher = ValueCipher::new(&data_key());
    let mut plain = Zeroizing::default();
    if let Ok(text) = std::str::from_utf8(data) {
        let refused = cipher.open(text, b"a:", &mut plain);
        let shape = !matches!(refused, Err(cipher::CipherError::NotEncrypted));
        assert!(cipher::is_encrypted(text) || !shape, "what opens is seen as encrypted");
        if text.len() < 200 && pattern::compile(text).is_ok() {
            let selection = Selection::EncryptedRegex(text.into());
            let selector = Selector::compile(&selection).expect("the pattern compiles");
            let mut walk: selector::SelectorWalk<'_> = selector.walk();
            walk.open();
            walk.enter_key(text);
            walk.leaf();
        }
    }
    if !data.is_empty() {
        let mut sealed = String::new();
        let mut scratch = Zeroizing::default();
        cipher.seal(data, TypeWord::Bytes, b"a:", &[3; IV_LENGTH], &mut scratch, &mut sealed);
        assert!(cipher::is_encrypted(&sealed));
        let opened = cipher.open(&sealed, b"a:", &mut plain).expect("opens");
        assert!(opened.type_word == TypeWord::Bytes && plain.as_slice() == data);
    }
}

fn metadata(node: &Node) {
    let metadata = match Metadata::read(node) {
        Ok(metadata) => metadata,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    metadata.mac_aad().expect("a timestamp that was read is one");
    let written = metadata.write();
    let again = Metadata::read(&written).expect("what is written is read");
    assert!(without_lines(&again.write()) == without_lines(&written), "nothing is lost in memory");
    let mut block = String::new();
    emit::block("sops", &written, 0, "\n", &mut block);
    let mut flow = String::from("{");
    emit::flow("sops", &written, &mut flow);
    flow.push('}');
    for text in [block, flow] {
        let document = Document::parse(text).expect("emitted metadata is YAML");
        let tree = document.tree(document.root(0)).expect("a tree");
        let sops = tree.get("sops").expect("its entry");
        let read = Metadata::read(sops).expect("emitted metadata is read");
        assert!(without_lines(&read.write()) == without_lines(&written), "nothing is lost in YAML");
    }
}

/// The same tree as if it had not been read from a file; a NaN becomes text, to be equal to itself.
fn without_lines(node: &Node) -> Node {
    Node::new(match &node.kind {
        Kind::List(items) => Kind::List(items.iter().map(without_lines).collect()),
        Kind::Map(entries) => Kind::Map(
            entries
                .iter()
                .map(|(key, value)| {
                    let key = sealant::document::tree::Key { name: key.name.clone(), line: 0 };
                    (key, without_lines(value))
                })
                .collect(),
        ),
        Kind::Float(value) if value.is_nan() => Kind::Str("NaN".into()),
        other => other.clone(),
    })
}
