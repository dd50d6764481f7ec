//! Tests of the hybrid keys against published vectors: those of HPKE's draft and of C2SP's CCTV.

use std::io::Read;

use age::{Decryptor, Identity as _};

use super::*;

const VECTOR: &str = include_str!("../../../../tests/vectors/age/hpke-mlkem768x25519.json");

/// One of the draft's vectors.
pub(in crate::keyservice::age) struct Vector {
    pub(in crate::keyservice::age) info: Vec<u8>,
    pub(in crate::keyservice::age) shared_secret: Vec<u8>,
    pub(in crate::keyservice::age) key: Vec<u8>,
    pub(in crate::keyservice::age) base_nonce: Vec<u8>,
    secret_key: Vec<u8>,
    public_key: Vec<u8>,
    encapsulated: Vec<u8>,
    random: Vec<u8>,
    aad: Vec<u8>,
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

pub(in crate::keyservice::age) fn vector() -> Vector {
    let json: serde_json::Value = serde_json::from_str(VECTOR).unwrap();
    let field = |name: &str| unhex(json[name].as_str().unwrap());
    Vector {
        info: field("info"),
        shared_secret: field("shared_secret"),
        key: field("key"),
        base_nonce: field("base_nonce"),
        secret_key: field("skRm"),
        public_key: field("pkRm"),
        encapsulated: field("enc"),
        random: field("ikmE"),
        aad: unhex(json["encryptions"][0]["aad"].as_str().unwrap()),
    }
}

fn identity(seed: &[u8]) -> Identity {
    Identity::from_seed(Zeroizing::new(seed.try_into().unwrap()))
}

fn bytes(recipient: &Recipient) -> Vec<u8> {
    [recipient.lattice.as_bytes().as_slice(), recipient.curve.as_bytes()].concat()
}

#[test]
fn the_key_encapsulation_is_the_published_one() {
    let vector = vector();
    assert!(!vector.aad.is_empty(), "age uses none");
    let identity = identity(&vector.secret_key);
    let public = identity.to_public();
    assert_eq!(bytes(&public), vector.public_key);
    assert_eq!(identity.decapsulate(&vector.encapsulated).unwrap()[..], vector.shared_secret);
    let (shared, encapsulated) = public.encapsulate(vector.random[..].try_into().unwrap()).unwrap();
    assert_eq!(encapsulated, vector.encapsulated);
    assert_eq!(shared[..], vector.shared_secret);
}

#[test]
fn text_and_back() {
    let identity = Identity::generate().unwrap();
    let text = identity.to_text().unwrap();
    assert!(text.expose().starts_with("AGE-SECRET-KEY-PQ-1"));
    let again = Identity::parse(text.expose()).unwrap();
    assert_eq!(*again.seed, *identity.seed);
    let public = identity.to_public().to_string();
    assert_eq!((public.len(), &public[..7]), (1959, "age1pq1"));
    assert_eq!(bytes(&Recipient::parse(&public).unwrap()), bytes(&identity.to_public()));
    assert!(Identity::parse(&public).is_none());
    assert!(Recipient::parse(text.expose()).is_none());
    assert!(Recipient::parse(&public[..1900]).is_none());
    assert!(Recipient::parse(&public.to_uppercase()).is_none());
}

#[test]
fn keys_with_unreduced_coefficients_are_refused() {
    let mut raw = bytes(&Identity::generate().unwrap().to_public());
    let text = |raw: &[u8]| bech32_encode(Hrp::parse(RECIPIENT).unwrap(), raw);
    assert!(Recipient::parse(&text(&raw)).is_some());
    // the first coefficient becomes 4095; the modulus is 3329
    raw[0] = 0xff;
    raw[1] |= 0x0f;
    assert!(Recipient::parse(&text(&raw)).is_none());
    raw.pop();
    assert!(Recipient::parse(&text(&raw)).is_none());
}

#[test]
fn stanzas_of_other_kinds_are_passed_over() {
    let identity = Identity::generate().unwrap();
    let stanza = Stanza { tag: "X25519".into(), args: vec![], body: vec![0; 32] };
    assert!(identity.unwrap_stanza(&stanza).is_none());
    for args in [vec![], vec!["AA".into()], vec!["!".into()], vec!["AA".into(), "AA".into()]] {
        let stanza = Stanza { tag: STANZA.into(), args, body: vec![0; 32] };
        assert!(matches!(identity.unwrap_stanza(&stanza), Some(Err(DecryptError::InvalidHeader))));
    }
}

/// Header lines, and the age file after the empty one.
fn parse(vector: &[u8]) -> (Vec<(String, String)>, &[u8]) {
    let end = vector.windows(2).position(|two| two == b"\n\n").unwrap();
    let head = std::str::from_utf8(&vector[..end]).unwrap();
    let lines = head.lines().map(|line| line.split_once(": ").unwrap());
    (lines.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(), &vector[end + 2..])
}

/// What comes of the file: the payload's SHA-256, or the vectors' word for the failure.
fn outcome(file: &[u8], identities: &[Box<dyn age::Identity>]) -> String {
    let Ok(decryptor) = Decryptor::new_buffered(file) else {
        return "header failure".into();
    };
    match decryptor.decrypt(identities.iter().map(|one| &**one)) {
        Err(DecryptError::NoMatchingKeys) => "no match".into(),
        Err(DecryptError::InvalidHeader) => "header failure".into(),
        Err(other) => other.to_string(),
        Ok(mut reader) => {
            let mut payload = Vec::new();
            reader.read_to_end(&mut payload).unwrap();
            let hash = ring::digest::digest(&ring::digest::SHA256, &payload);
            hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
        }
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a test may read its vectors")]
fn all_published_files_come_out_as_they_should() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/age/cctv");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let vector = std::fs::read(&path).unwrap();
        let (head, file) = parse(&vector);
        let all = |key: &str| head.iter().filter(|(name, _)| name == key).map(|(_, v)| v.clone()).collect::<Vec<_>>();
        let identities: Vec<Box<dyn age::Identity>> = all("identity")
            .iter()
            .map(|text| match Identity::parse(text) {
                Some(identity) => Box::new(identity) as Box<dyn age::Identity>,
                None => Box::new(text.parse::<age::x25519::Identity>().unwrap()),
            })
            .collect();
        let expected = match all("expect")[0].as_str() {
            "success" => all("payload")[0].clone(),
            failure => failure.to_owned(),
        };
        assert_eq!(outcome(file, &identities), expected, "{}", path.display());
        seen += 1;
    }
    assert_eq!(seen, 17);
}
