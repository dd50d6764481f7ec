//! Vectors, round trips and odd input. The vectors were made with sops 3.13.2 and, for the odd IVs, Go 1.26
//! `cipher.NewGCMWithNonceSize`.

use proptest::prelude::*;

use super::*;

const VECTOR: &str = "ENC[AES256_GCM,data:f6SdJOI=,iv:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=,\
                      tag:TEFu+ejkdT0ijPtelDWwfg==,type:str]";

const ODD_IV: &str = "ENC[AES256_GCM,data:kfU3o9v8aZIySgwoBrVub0imaPnMB9WEX3g1WH3BhZBE3GDSNsapG9Tr94c=,iv:8A==,tag:cR4kXuym0OobaZ8weKbc1Q==,type:str]";

fn counting_key() -> DataKey {
    let bytes: Vec<u8> = (0..32).collect();
    DataKey::from_bytes(&bytes).unwrap()
}

fn cipher() -> ValueCipher {
    ValueCipher::new(&counting_key())
}

fn seal(plain: &[u8], type_word: TypeWord, aad: &str, iv: &[u8; 32]) -> String {
    let mut out = String::new();
    cipher().seal(plain, type_word, aad.as_bytes(), iv, &mut Zeroizing::default(), &mut out);
    out
}

fn open(text: &str, aad: &str) -> Result<(Vec<u8>, Opened), CipherError> {
    let mut plain = Zeroizing::new(b"left over".to_vec());
    let result = cipher().open(text, aad.as_bytes(), &mut plain);
    if result.is_err() {
        assert!(plain.is_empty(), "nothing is left behind");
    }
    result.map(|opened| (plain.to_vec(), opened))
}

#[test]
fn the_vector_of_sops() {
    let iv: [u8; 32] = std::array::from_fn(|at| at as u8 + 0x20);
    assert_eq!(seal(b"hello", TypeWord::Str, "a:b:", &iv), VECTOR);
    let opened = Opened { type_word: TypeWord::Str, iv: Some(iv) };
    assert_eq!(open(VECTOR, "a:b:"), Ok((b"hello".to_vec(), opened)));
}

/// Values of a file that sops 3.13.2 wrote, with the paths that bind them.
#[test]
fn values_of_a_real_file() {
    let key = [
        0x56, 0x2e, 0x20, 0xa5, 0xd1, 0xe9, 0x8b, 0x25, 0xb8, 0x5d, 0x5e, 0xbf, 0xf2, 0x6d, 0xd6, 0x9c, 0xa9, 0x87,
        0x2b, 0xec, 0x23, 0xd0, 0xc4, 0xb4, 0x0e, 0xeb, 0x42, 0x7b, 0xfc, 0x08, 0x13, 0x43,
    ];
    let cipher = ValueCipher::new(&DataKey::from_bytes(&key).unwrap());
    let rows = [
        (
            "ENC[AES256_GCM,data:u/Yl9p4TQV4R1kEt,iv:ApTkvbvs8bmcGr6KYGE0a+J195I1In4Bfj5N1xNxOY0=,tag:gmRMoOl0Mb2wzp5z/a+Dng==,type:comment]",
            ":",
            " top comment",
            TypeWord::Comment,
        ),
        (
            "ENC[AES256_GCM,data:BU4=,iv:Vl/HuuVFIJA6WCTj3UxzIl7V3aCsftDXpYlVAkCS+Mc=,tag:yL+/tyGqggqgZmgI3TDxGA==,type:int]",
            "int:",
            "42",
            TypeWord::Int,
        ),
        (
            "ENC[AES256_GCM,data:GF/+5m34POIL5KDwYYzRBp7Oxa9t91Jl6g==,iv:nrduE20grXKRLImZl/Fw9QsZhG89aVqt6vI4CRxOOzM=,tag:La1CfQGQGy7q/MAd9JfEbA==,type:time]",
            "ts:",
            "2006-01-02T15:04:05+07:06",
            TypeWord::Time,
        ),
        (
            "ENC[AES256_GCM,data:Eg==,iv:FApo55x/wnbOTBsnzO0OrKK6qSlNymepfqVeu17SB2w=,tag:xSiO+soRslndf5PsGbENsQ==,type:str]",
            "nested:a:b:",
            "x",
            TypeWord::Str,
        ),
        (
            "ENC[AES256_GCM,data:fQ==,iv:tLtbRIomnfFNr1SMQP/J0Cs56k0nZySLTo4uJgcaHSQ=,tag:cGxZwMT6z8UOQo8tP9jDLQ==,type:int]",
            "nested:list:",
            "2",
            TypeWord::Int,
        ),
        (
            "ENC[AES256_GCM,data:9KUIoa47WTXSQ3J9Fempr9mHHoY7rnnOzxZb12sUM8Y2Z98yP9Lm/HsAyI7sgltIGsfd7I96hmQS7H5ckIkkFm5FPOmjWE6rCAbgPoNMPdzmjMiSk3adXLaQhAvNB8K4BVai6xhFIK9VQxn168n8rPirBrn2TjSGY3lZXAWvuDQ=,iv:Dz5ncfV6wCjHSxK4jzA6WrcE6kaaeX9XIFCG4w3yPi0=,tag:UEFx/x0XMH6bkX0FKR/lGw==,type:str]",
            "2026-11-22T20:49:18Z",
            "ACE9D998E08A7D8690D50AFAEBCBD76C06EB0B0BEBFC21AB3ACB5C4B48582A0076E83CDF4FE7E76F5BC6B3CDF9B1506E06CA4528FD3764CF26E30CE364990151",
            TypeWord::Str,
        ),
    ];
    let mut plain = Zeroizing::default();
    for (text, aad, expected, type_word) in rows {
        let opened = cipher.open(text, aad.as_bytes(), &mut plain).unwrap();
        assert_eq!(plain.as_slice(), expected.as_bytes(), "{aad}");
        assert_eq!(opened.type_word, type_word);
        // and the same text again from the same IV
        let mut again = String::new();
        let iv = opened.iv.unwrap();
        cipher.seal(&plain, type_word, aad.as_bytes(), &iv, &mut Zeroizing::default(), &mut again);
        assert_eq!(again, text);
    }
}

#[test]
fn a_value_is_bound_to_its_place_and_key() {
    assert_eq!(open(VECTOR, "a:c:"), Err(CipherError::Tampered));
    let other = ValueCipher::new(&DataKey::from_bytes(&[7; 32]).unwrap());
    let result = other.open(VECTOR, b"a:b:", &mut Zeroizing::default());
    assert_eq!(result, Err(CipherError::Tampered));
}

#[test]
fn every_changed_character_is_noticed() {
    let head = text::PREFIX.len();
    let tail = VECTOR.find(",type:").unwrap();
    for at in head..tail {
        let mut bytes = VECTOR.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        match open(&changed, "a:b:") {
            Err(_) => {}
            // the low bits of a last character mean nothing; Go ignores them as well
            Ok((plain, _)) => {
                assert_eq!(plain, b"hello");
                assert_eq!(VECTOR.as_bytes()[at + 1], b'=', "character {at}");
            }
        }
    }
}

#[test]
fn ivs_of_any_length_open() {
    let values = [
        ODD_IV,
        "ENC[AES256_GCM,data:Aki7btvg7Rf/I/SjKdkhAVirmfiGtHCJ3As+UHaxxtuhtiwqzKF8T67hm0w=,iv:8PHy8/T19vc=,tag:tGNv1xHbMyL9PEl0BNcPdA==,type:str]",
        "ENC[AES256_GCM,data:CCY1YRBPt1TzmJn96zhCwniAN+JXaSq4NDpcwzIf8mh6MHngJKPd/PY/uhs=,iv:8PHy8/T19vf4+fr7,tag:fjisngN5srKu510M5iRWZw==,type:str]",
        "ENC[AES256_GCM,data:2UFqTv31i+fEij2iaFya3hqFLpuXzpSyy/gYGzHze7eqfev6FP8hPirRFuw=,iv:8PHy8/T19vf4+fr7/P3+/w==,tag:/Jp36LGgCuVfbKMcaA3y3Q==,type:str]",
        "ENC[AES256_GCM,data:p7HrhO/gkjZrZAuHL524f0TIiAUhbmhA4IPJERCoaly+tNxWIs/gvFlxds8=,iv:8PHy8/T19vf4+fr7/P3+/wA=,tag:oEk01E5LwtmqItSPOVxX+w==,type:str]",
        "ENC[AES256_GCM,data:n600LlgsjdqWCV7+7XBGNxe73RPU4M+CSgWEcsyPraf7G3lSWaEZdpbVqPo=,iv:8PHy8/T19vf4+fr7/P3+/wABAgMEBQYHCAkKCwwNDg==,tag:cBXLSarp/VYg/ZuanBndNA==,type:str]",
        "ENC[AES256_GCM,data:1sQEZooAvqng4Z7PBDZSD/sBIupJs4wFVnXpHTQq0LLqyPYyKco1CVX7ifM=,iv:8PHy8/T19vf4+fr7/P3+/wABAgMEBQYHCAkKCwwNDg8Q,tag:IXdAlTK3ZOEOeCvbRThPdw==,type:str]",
        "ENC[AES256_GCM,data:FupObjITIyrEuftFjxl4vE0kBmIKjoixxkINKh+qYQVNdS0l85LMpsFRJSk=,iv:8PHy8/T19vf4+fr7/P3+/wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJicoKSor,tag:c9UByY+e1WBJTHzdpNo+gg==,type:str]",
    ];
    for value in values {
        let (plain, opened) = open(value, "a:b:").unwrap();
        assert_eq!(plain, b"a value longer than one block, of odd length", "{value}");
        assert_eq!(opened.iv, None);
        assert_eq!(open(value, "a:"), Err(CipherError::Tampered), "{value}");
    }
}

#[test]
fn what_the_form_allows() {
    let with = |data: &str, iv: &str, tag: &str, word: &str| {
        format!("ENC[AES256_GCM,data:{data},iv:{iv},tag:{tag},type:{word}]")
    };
    let iv = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
    let tag = "TEFu+ejkdT0ijPtelDWwfg==";
    let good = [
        format!("{VECTOR} and more"),
        format!("{VECTOR}\nmore, on a new line]"),
        with("f6Sd\rJOI=", iv, tag, "str"),
        with("f6SdJOJ=", iv, tag, "str"),
    ];
    for text in &good {
        assert_eq!(open(text, "a:b:").unwrap().0, b"hello", "{text}");
    }
    let bad = [
        ("", CipherError::NotEncrypted),
        ("hello", CipherError::NotEncrypted),
        (&VECTOR[1..], CipherError::NotEncrypted),
        (&VECTOR[..VECTOR.len() - 1], CipherError::NotEncrypted),
        (&with("", iv, tag, "str"), CipherError::NotEncrypted),
        (&with("f6SdJOI=", "", tag, "str"), CipherError::NotEncrypted),
        (&with("f6SdJOI=", iv, "", "str"), CipherError::NotEncrypted),
        (&with("f6SdJOI=", iv, tag, ""), CipherError::NotEncrypted),
        (&with("f6S\ndJOI=", iv, tag, "str"), CipherError::NotEncrypted),
        (&with("f6SdJOI", iv, tag, "str"), CipherError::Malformed),
        (&with("f6SdJO I=", iv, tag, "str"), CipherError::Malformed),
        (&with("f6SdJOI=", "ü", tag, "str"), CipherError::Malformed),
        (&with("f6SdJOI=", "\r", tag, "str"), CipherError::BadLength),
        (&with("f6SdJOI=", iv, "TEFu", "str"), CipherError::BadLength),
        (&with("f6SdJOI=", iv, tag, "strange"), CipherError::UnknownType),
        (&with("f6SdJOI=", iv, tag, "str,type:int"), CipherError::Malformed),
    ];
    for (text, error) in bad {
        assert_eq!(open(text, "a:b:"), Err(error), "{text:?}");
    }
    // type:bytes is never written, but opens
    assert_eq!(open(&with("f6SdJOI=", iv, tag, "bytes"), "a:b:").unwrap().1.type_word, TypeWord::Bytes);
}

#[test]
fn the_border_between_data_and_tag_does_not_matter() {
    // "hello" encrypted, then its tag, cut after the first byte instead of after the fifth
    let mut joined = STANDARD.decode_to_vec("f6SdJOI=").unwrap();
    joined.extend(STANDARD.decode_to_vec("TEFu+ejkdT0ijPtelDWwfg==").unwrap());
    let (data, tag) = joined.split_at(1);
    let text = format!(
        "ENC[AES256_GCM,data:{},iv:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=,tag:{},type:str]",
        STANDARD.encode_to_string(data),
        STANDARD.encode_to_string(tag)
    );
    assert_eq!(open(&text, "a:b:").unwrap().0, b"hello");
}

#[test]
fn ivs_are_never_repeated() {
    let mut source = IvSource::new();
    let ivs: std::collections::HashSet<_> = (0..1000).map(|_| source.next().unwrap()).collect();
    assert_eq!(ivs.len(), 1000);
    assert!(!ivs.contains(&[0; 32]));
}

#[test]
fn debug_is_redacted() {
    assert_eq!(format!("{:?}", cipher()), "[REDACTED]");
    assert_eq!(format!("{:?}", IvSource::new()), "[REDACTED]");
    let opened = open(VECTOR, "a:b:").unwrap().1;
    assert!(!format!("{opened:?}").contains("hello"));
}

#[test]
fn errors_hold_no_part_of_a_value() {
    for text in ["hunter2", "ENC[AES256_GCM,data:hunter2,iv:hunter2,tag:hunter2,type:hunter2]"] {
        let error = open(text, "hunter2:").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}

#[test]
fn a_buffer_that_is_too_small_is_replaced_not_grown() {
    let mut buffer = Zeroizing::new(Vec::with_capacity(8));
    buffer.extend_from_slice(b"secret");
    make_room(&mut buffer, 4);
    assert!(buffer.is_empty());
    make_room(&mut buffer, 100);
    assert!(buffer.is_empty() && buffer.capacity() >= 100);
}

fn any_type() -> impl Strategy<Value = TypeWord> {
    proptest::sample::select(vec![
        TypeWord::Str,
        TypeWord::Int,
        TypeWord::Float,
        TypeWord::Bool,
        TypeWord::Time,
        TypeWord::Bytes,
        TypeWord::Comment,
    ])
}

/// Text made of the pieces that matter, so that odd borders come up often.
fn nearly_encrypted() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(vec![
        "ENC[AES256_GCM,data:",
        "AA==",
        ",iv:",
        ",tag:",
        ",type:",
        "str",
        "]",
        "x",
        ",",
        "\n",
        "é",
        "[",
        ":",
        "",
    ]);
    proptest::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_is_sealed_opens(
        plain in proptest::collection::vec(any::<u8>(), 1..200),
        type_word in any_type(),
        aad in ".{0,20}",
        iv in any::<[u8; 32]>(),
    ) {
        let text = seal(&plain, type_word, &aad, &iv);
        prop_assert!(is_encrypted(&text));
        prop_assert_eq!(open(&text, &aad), Ok((plain, Opened { type_word, iv: Some(iv) })));
    }

    /// The hand-written scanner against the expression of sops itself.
    #[test]
    fn borders_are_those_of_the_expression(tail in nearly_encrypted(), whole in any::<bool>()) {
        let text = if whole { tail } else { format!("ENC[AES256_GCM,data:{tail}") };
        let expression = ::regex::Regex::new(
            r"^ENC\[AES256_GCM,data:(.+),iv:(.+),tag:(.+),type:(.+)\]",
        ).unwrap();
        let expected = expression.captures(&text).map(|found| {
            [1, 2, 3, 4].map(|group| found.get(group).unwrap().as_str().to_owned())
        });
        let parts = text::split(&text).map(|parts| {
            [parts.data, parts.iv, parts.tag, parts.type_word].map(str::to_owned)
        });
        prop_assert_eq!(is_encrypted(&text), expected.is_some());
        prop_assert_eq!(parts, expected);
    }

    #[test]
    fn hostile_text_never_panics(text in "\\PC{0,80}", aad in ".{0,8}") {
        let _ = open(&text, &aad);
        let _ = open(&format!("ENC[AES256_GCM,data:{text},iv:{text},tag:{text},type:str]"), &aad);
    }
}

/// For every bound that was tried, a comment was taken apart and copied again.
#[test]
fn the_first_bound_that_fits_opens() {
    let text = seal(b"hello", TypeWord::Comment, "a:b:", &[7; 32]);
    for text in [text.as_str(), ODD_IV] {
        let mut plain = Zeroizing::default();
        let (opened, bound) = cipher().open_first(text, &["x:", "y:", "a:b:", "a:b:"], &mut plain).unwrap();
        let same = open(text, "a:b:").unwrap();
        assert_eq!((plain.to_vec(), opened, bound), (same.0, same.1, "a:b:"));
        assert_eq!(cipher().open_first(text, &["x:", "y:"], &mut plain).unwrap_err(), CipherError::Tampered);
        assert!(plain.is_empty(), "nothing is left behind");
    }
}
