//! Damaged and malicious texts of every format: an error or a document, never a crash, never other values than were encrypted.

use std::time::{Duration, Instant};

use sealant::document::edits::Edits;
use sealant::document::format::{Event, Format};
use sealant::document::kind::DocumentKind;
use sealant::document::open::{Reading, open};
use sealant::document::scalar::write_plain_bytes;
use sealant::document::tree::{Kind, Node};
use sealant::sops::file::{FileError, Plain, SopsFile};
use sealant::sops::selector::Selection;
use zeroize::Zeroizing;

use super::leaves::{ENCRYPTED, read};
use super::{Made, data_key, kinds};
use crate::lossless::settings;

/// Everything that a format has, in few bytes.
pub fn sample(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Json | DocumentKind::Yaml => {
            "{\"a\": \"b\\n\\u00e9\", \"n\": [1, -2.5e3, true, null, \"\", {}],\n \"c_unencrypted\": {\"d\": \"é\"}}\n"
        }
        DocumentKind::Dotenv => "# c\nA=b\nexport B='c # d'\nC_unencrypted=e\nD=\"f\n\\\"g\"\nE= # h\n\nF=i\r\n",
        DocumentKind::Ini => {
            "; c\na = b\n[s] ; d\nc : 'e' # f\ng_unencrypted = h\ni = `j;k`\nl = \"\"\"m\nn\"\"\"\n[s]\nz = y \\\n  x"
        }
        DocumentKind::Binary => "any\0bytes\n",
        DocumentKind::Toml => {
            "# c\na = \"b\\u00e9\"\nn = [1, -2.5e3, true, '''x\ny''', 1979-05-27T07:32:00Z,\n]\n[t.\"u v\"]\nc_unencrypted = 'd'\n[[l]]\ne = {f = 1, g = \"\"}\n[[l]]\n"
        }
        DocumentKind::Hcl => {
            "# c\na = \"b\\n$${x}\"\nn = [1, -2.5e3, true, null, {p = \"q\"}] // d\nblock \"x\" {\n  c_unencrypted = \"e\" /* f */\n}\nh = <<-EOT\n  text\n  EOT\n"
        }
        DocumentKind::Properties => "# c\na=b\n! d\ne.f : g\\u00e9\\\n   h\ni j\nk_unencrypted = l\\tm\nn\n",
    }
}

fn encrypted(kind: DocumentKind) -> String {
    let plain = Made::new(kind, sample(kind)).plain().unwrap();
    plain.encrypt(&data_key(), &allowing(), None).unwrap().text
}

fn allowing() -> sealant::sops::file::Settings {
    let mut settings = settings(Selection::Default, false);
    settings.allow_unrepresentable = true;
    settings
}

/// The values that the MAC covers: all that are neither empty nor null.
fn values(document: &dyn Format) -> Vec<Vec<u8>> {
    let scalars = document.events().iter().filter_map(|event| match event {
        Event::Scalar(leaf) => Some(document.value(*leaf)),
        _ => None,
    });
    let plain = scalars.map(|value| {
        let mut bytes = Zeroizing::new(Vec::new());
        write_plain_bytes(&value, &mut bytes);
        bytes.to_vec()
    });
    plain.filter(|bytes| !bytes.is_empty()).collect()
}

/// The values of an encrypted file.
fn decrypted_values(kind: DocumentKind, bytes: Vec<u8>) -> Result<Vec<Vec<u8>>, FileError> {
    let decrypted = SopsFile::parse(kind, Zeroizing::new(bytes))?.decrypt(&data_key(), false)?;
    if kind == DocumentKind::Binary {
        return Ok(vec![decrypted.bytes().to_vec()]);
    }
    let faithful_dotenv = decrypted.reading.is_some();
    let document = open(kind, decrypted.text.to_string(), Reading { commented_json: true, faithful_dotenv });
    let document = document.unwrap_or_else(|error| panic!("what was decrypted is no document: {error}"));
    Ok(values(document.as_ref()))
}

/// Any text as a plain document and as an encrypted one.
fn survives(kind: DocumentKind, bytes: &[u8]) {
    for faithful_dotenv in [true, false] {
        let reading = Reading { commented_json: true, faithful_dotenv };
        match Plain::parse(kind, Zeroizing::new(bytes.to_vec()), reading) {
            Ok(plain) => {
                assert_eq!(plain.bytes(), bytes);
                let _ = plain.is_encrypted();
                plain.tree().unwrap();
            }
            Err(FileError::Format(error)) => {
                let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
                assert!(error.line >= 1 && error.line <= lines && error.column >= 1, "{error}");
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn cut_and_flipped_plain_texts() {
    for kind in kinds() {
        let sample = sample(kind).as_bytes();
        for at in 0..sample.len() {
            survives(kind, &sample[..at]);
            survives(kind, &sample[at..]);
            for new in [sample[at] ^ 1, sample[at] ^ 0x80, 0, b'"', b'\n', b'\\', b'=', b'[', b'}', b'\r', b'#'] {
                let mut bytes = sample.to_vec();
                bytes[at] = new;
                survives(kind, &bytes);
            }
        }
    }
}

#[test]
fn cut_and_flipped_encrypted_files() {
    for kind in kinds() {
        let text = encrypted(kind).into_bytes();
        let right = decrypted_values(kind, text.clone()).unwrap();
        let judge = |bytes: Vec<u8>, what: &str| {
            if let Ok(found) = decrypted_values(kind, bytes.clone()) {
                assert_eq!(found, right, "{what}\n{}", bytes.escape_ascii());
            }
        };
        for at in 0..text.len() {
            judge(text[..at].to_vec(), "cut");
            for new in [text[at] ^ 1, text[at] ^ 0x20, b'\n', b'#'] {
                let mut bytes = text.clone();
                bytes[at] = new;
                judge(bytes, "flipped");
            }
        }
    }
}

/// Each line, and each two neighbours, taken out or said twice.
#[test]
fn lines_lost_and_doubled() {
    for kind in kinds().filter(|kind| *kind != DocumentKind::Binary) {
        let text = encrypted(kind);
        let right = decrypted_values(kind, text.clone().into_bytes()).unwrap();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        for at in 0..lines.len() {
            let without = [&lines[..at], &lines[at + 1..]].concat().concat();
            let doubled = [&lines[..at], &[lines[at]], &lines[at..]].concat().concat();
            let mut swapped = lines.clone();
            swapped.swap(at, (at + 1) % lines.len());
            for changed in [without, doubled, swapped.concat()] {
                if let Ok(found) = decrypted_values(kind, changed.clone().into_bytes()) {
                    assert_eq!(found, right, "line {}\n{changed}", at + 1);
                }
            }
        }
    }
}

/// The file with other metadata.
fn with_metadata(kind: DocumentKind, text: &str, node: &Node) -> String {
    let document = read(kind, text, ENCRYPTED);
    let mut edits = Edits::default();
    document.remove_metadata(&mut edits);
    let without = edits.apply(text);
    let document = read(kind, &without, ENCRYPTED);
    let mut edits = Edits::default();
    document.insert_metadata(node, &mut edits);
    edits.apply(&without).to_string()
}

#[test]
fn metadata_without_a_field() {
    for kind in kinds() {
        let text = encrypted(kind);
        let right = decrypted_values(kind, text.clone().into_bytes()).unwrap();
        let node = read(kind, &text, ENCRYPTED).metadata().unwrap().unwrap();
        assert_eq!(with_metadata(kind, &text, &node), text, "{kind:?}: metadata in and out");
        let Kind::Map(fields) = &node.kind else { panic!("no mapping") };
        for at in 0..fields.len() {
            let mut left = fields.clone();
            let (key, _) = left.remove(at);
            let changed = with_metadata(kind, &text, &Node::new(Kind::Map(left)));
            let result = decrypted_values(kind, changed.into_bytes());
            match key.name.as_str() {
                "mac" | "lastmodified" | "age" => assert!(result.is_err(), "{kind:?}: without {}", key.name),
                // A record of spellings, and what only sops asks for.
                _ => assert!(result.is_err() || result.unwrap() == right || key.name == "sealant_layout"),
            }
        }
        let empty = with_metadata(kind, &text, &Node::new(Kind::Map(Vec::new())));
        assert!(decrypted_values(kind, empty.into_bytes()).is_err());
    }
}

#[test]
fn metadata_twice() {
    for kind in kinds() {
        let text = encrypted(kind);
        let json = matches!(kind, DocumentKind::Json | DocumentKind::Binary);
        let (from, to) = if json {
            (text.find("\"sops\"").unwrap(), text.rfind('}').unwrap())
        } else {
            let marks = ["\n[sops]", "\nsops_", "\nsops.", "\nsops =", "\n[sops."];
            (marks.iter().filter_map(|mark| text.find(mark)).min().unwrap(), text.len())
        };
        let block = &text[from..to];
        let twice = format!("{}{}{block}{}", &text[..to], if json { ", " } else { "" }, &text[to..]);
        let result = decrypted_values(kind, twice.clone().into_bytes());
        assert!(result.is_err(), "{kind:?}: metadata twice is accepted\n{twice}");
    }
}

#[test]
fn conflict_markers_are_named() {
    let blocks: &[(DocumentKind, &str)] = &[
        (DocumentKind::Json, "{\n<<<<<<< ours\n\"a\": 1\n=======\n\"a\": 2\n>>>>>>> theirs\n}\n"),
        (DocumentKind::Dotenv, "A=1\n<<<<<<< ours\nB=2\n=======\nB=3\n>>>>>>> theirs\n"),
        (DocumentKind::Ini, "[s]\n<<<<<<< ours\nb=2\n=======\nb=3\n>>>>>>> theirs\n"),
        (DocumentKind::Toml, "a=1\n<<<<<<< ours\nb=2\n=======\nb=3\n>>>>>>> theirs\n"),
        (DocumentKind::Hcl, "a=1\n<<<<<<< ours\nb=2\n=======\nb=3\n>>>>>>> theirs\n"),
        (DocumentKind::Properties, "a=1\n<<<<<<< ours\nb=2\n=======\nb=3\n>>>>>>> theirs\n"),
    ];
    for (kind, text) in blocks {
        let error = Made::new(*kind, text).plain().unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("conflict"), "{kind:?}: {error}");
        let error = SopsFile::parse(*kind, Zeroizing::new(text.as_bytes().to_vec())).unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("conflict"), "{kind:?}: {error}");
    }
}

/// Deeper than any stack.
#[test]
fn nesting_without_end() {
    const DEEP: usize = 100_000;
    let all: &[(DocumentKind, &[&str])] = &[
        (DocumentKind::Json, &["[", "{\"a\":", "[{\"a\":", "{\"sops\":{\"a\":[", "/*"]),
        (DocumentKind::Dotenv, &["sops_a__map_", "sops_a__list_0__map_", "export ", "\"", "\\", "A=\"\n"]),
        (DocumentKind::Ini, &["[", "[[sops]\n", "a__map_", "\"\"\"", "`", "[sops]\na__list_0__map_b=1\n", "\\\n"]),
        (DocumentKind::Binary, &["[", "{\"data\":"]),
        (DocumentKind::Toml, &["a=[", "[", "[[", "a.", "a={b=", "[a.", "a=[[", "{", "\"\"\"", "a=[{b=["]),
        (
            DocumentKind::Hcl,
            &["a {\n", "a=[", "a={b=", "(", "\"${", "a \"b\" ", "${", "a=(", "<<A\n", "a=f(", "a = -", "[for "],
        ),
        (DocumentKind::Properties, &["a.", "sops.a.", "sops_a__map_", "\\", "\\u", "sops.a[0]."]),
    ];
    for (kind, pieces) in all {
        for piece in *pieces {
            for (start, end) in [("", ""), ("a = ", ""), ("[sops]\n", "=1\n"), ("sops_", "=1\n"), ("", "=1\n")] {
                let begin = Instant::now();
                survives(*kind, format!("{start}{}{end}", piece.repeat(DEEP)).as_bytes());
                let took = begin.elapsed();
                assert!(took < Duration::from_secs(20), "{kind:?} {start:?} {piece:?}: {took:?}");
            }
        }
    }
}

/// A line of 20 MB, for a build without optimisation; an optimised one reads 100 MB in the time.
#[test]
fn a_very_long_line_and_very_many_lines() {
    let size = if cfg!(debug_assertions) { 20_000_000 } else { 100_000_000 };
    let long = "x".repeat(size);
    for kind in kinds() {
        let (start, end) = match kind {
            DocumentKind::Json => ("{\"a\": \"", "\"}"),
            DocumentKind::Toml | DocumentKind::Hcl => ("a = \"", "\"\n"),
            _ => ("a=", "\n"),
        };
        let begin = Instant::now();
        let text = [start, &long, end].concat();
        let reading = Reading { commented_json: false, faithful_dotenv: true };
        let plain = Plain::parse(kind, Zeroizing::new(text.into_bytes()), reading).unwrap();
        assert!(!plain.is_encrypted());
        drop(plain);
        let _ = SopsFile::parse(kind, Zeroizing::new(long.clone().into_bytes())).unwrap_err();
        let entry = |at: usize| match kind {
            DocumentKind::Json => format!("\"k{at}\": 1,\n"),
            _ => format!("k{at} = 1 \n"),
        };
        let many: String = (0..20_000).map(entry).collect();
        let many = if kind == DocumentKind::Json { format!("{{{many}\"z\": 1}}") } else { many };
        let plain = Plain::parse(kind, Zeroizing::new(many.into_bytes()), reading).unwrap();
        let encrypted = plain.encrypt(&data_key(), &allowing(), None).unwrap();
        assert!(kind == DocumentKind::Binary || encrypted.values > 0);
        let took = begin.elapsed();
        println!("{}: {took:?}", kind.word());
        assert!(took < Duration::from_secs(40), "{kind:?}: {took:?}");
    }
}

#[test]
fn odd_bytes() {
    for kind in kinds() {
        for bytes in [
            &b"\0"[..],
            b"a=1\0\n",
            b"\xFF\xFE a=1",
            b"\xFE\xFFa",
            b"a = \xC3\n",
            b"\xEF\xBB",
            b"\xEF\xBB\xBF",
            b"\xEF\xBB\xBF\xEF\xBB\xBFa=1",
            b"\r",
            b"a=1\rb=2\r",
            b"a=1\n\rb=2\r\n\n",
            b"\x0B\x0C\x1B[31m=1",
            b"\xE2\x80\xA8a=1",
        ] {
            survives(kind, bytes);
            let _ = decrypted_values(kind, bytes.to_vec());
        }
        if kind != DocumentKind::Binary {
            let error = Plain::parse(kind, Zeroizing::new(b"\xFF".to_vec()), ENCRYPTED).unwrap_err();
            assert!(matches!(error, FileError::Format(_)), "{kind:?}: {error}");
        }
    }
}

/// Through the program: an exit code, the place, and nothing written.
#[test]
fn the_program_says_where_and_writes_nothing() {
    let sandbox = crate::sandbox::Sandbox::new();
    let files: &[(&str, &[u8], &str)] = &[
        ("a.json", b"{\n  \"password\": \"x\",\n  \"b\" 1\n}\n", "secret/a.json:3"),
        ("b.json", b"{\n<<<<<<< ours\n", "secret/b.json:2"),
        ("c.json", b"{\"password\": \"\xFF\"}", "secret/c.json:1"),
        ("a.env", b"password=x\n>>>>>>> theirs\n", "secret/a.env:2"),
        ("b.env", b"password=x\nno equals\n", "secret/b.env:2"),
        ("a.ini", b"[s]\npassword\n", "secret/a.ini:2"),
        ("b.ini", b"[s]\npassword = a\0b\n", "secret/b.ini:2"),
        ("a.toml", b"password = \"x\"\nb = \n", "secret/a.toml:2"),
        ("a.tfvars", b"password = \"x\"\nb = [\n", "secret/a.tfvars:2"),
        ("a.properties", b"password = x\n<<<<<<< ours\n", "secret/a.properties:2"),
    ];
    for (name, bytes, place) in files {
        let path = format!("secret/{name}");
        std::fs::write(sandbox.path(&path), bytes).unwrap();
        for command in ["encrypt", "decrypt"] {
            let ended = sandbox.run(&[command, "-i", &path]);
            assert!(ended.code.is_some_and(|code| code != 0), "{command} {name}: {:?}", ended.code);
            assert!(ended.stderr.contains(place), "{command} {name}: {}", ended.stderr);
            assert_eq!(std::fs::read(sandbox.path(&path)).unwrap(), *bytes, "{command} {name}");
        }
    }
}

#[test]
fn the_samples_hold_what_they_should() {
    for kind in kinds() {
        let text = encrypted(kind);
        assert!(kind == DocumentKind::Binary || values(read(kind, &text, ENCRYPTED).as_ref()).len() >= 4, "{kind:?}");
        assert!(!decrypted_values(kind, text.into_bytes()).unwrap().is_empty());
    }
}
