//! What gpg says about its keys: the lines of `--with-colons` (GnuPG 2.2 `doc/DETAILS`).

use super::fingerprint::Fingerprint;
use super::words::{day, shown};

/// So many keys of a listing are looked at.
const MOST_KEYS: usize = 10_000;

/// A key and its subkeys.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Key {
    /// The first user id, fit for a message.
    pub owner: Option<String>,
    /// The key itself first, then the subkeys.
    pub parts: Vec<Part>,
}

/// A key or subkey.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Part {
    /// The whole fingerprint; empty when the listing has none.
    pub fingerprint: String,
    /// Revoked, expired and so on; one letter.
    pub validity: char,
    /// When it expires, or has expired.
    pub expires: Option<String>,
    /// What it is for; one letter each.
    pub uses: String,
    /// The serial number of the card that the secret key is on.
    pub card: Option<String>,
}

impl Part {
    /// Whether it is for encryption, be it valid or not.
    pub fn encrypts(&self) -> bool {
        self.uses.contains('e')
    }
}

impl Key {
    /// The key without its subkeys.
    pub fn primary(&self) -> Option<&Part> {
        self.parts.first()
    }

    /// The one that is meant.
    pub fn part(&self, fingerprint: &Fingerprint) -> Option<&Part> {
        self.parts.iter().find(|part| fingerprint.names(&part.fingerprint))
    }

    /// Whose it is, in the middle of a sentence.
    pub fn whose(&self) -> String {
        match &self.owner {
            Some(owner) => format!("the key of {owner}"),
            None => "this key".to_owned(),
        }
    }
}

/// The keys of a listing of public or secret keys.
pub fn read(text: &str) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        let field = |number: usize| fields.get(number - 1).copied().unwrap_or_default();
        if matches!(field(1), "pub" | "sec") {
            if keys.len() >= MOST_KEYS {
                break;
            }
            keys.push(Key::default());
        }
        let Some(key) = keys.last_mut() else {
            continue;
        };
        match field(1) {
            "pub" | "sec" | "sub" | "ssb" => key.parts.push(Part {
                fingerprint: String::new(),
                validity: field(2).chars().next().unwrap_or('-'),
                expires: day(field(7)),
                uses: field(12).to_owned(),
                // `+`: the secret key is here; `#`: it is not
                card: Some(field(15)).filter(|serial| serial.len() > 1).map(shown),
            }),
            "fpr" | "fp2" => {
                if let Some(part) = key.parts.last_mut()
                    && part.fingerprint.is_empty()
                    && field(10).bytes().all(|byte| byte.is_ascii_hexdigit())
                {
                    part.fingerprint = field(10).to_owned();
                }
            }
            "uid" if key.owner.is_none() => key.owner = Some(shown(&unescaped(field(10)))),
            _ => {}
        }
    }
    keys
}

/// gpg writes colons, backslashes and control characters as `\x3a`.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("\\x") {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        match rest.get(at + 2..at + 4).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[at + 4..];
            }
            None => {
                bytes.extend_from_slice(b"\\x");
                rest = &rest[at + 2..];
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LISTING: &str = "\
tru::1:1795596508:0:3:1:5
sec:e:2048:1:4CAAA06C559E70E1:1577836800:1578700800::u:::sc:::D2760001240102000005000011110000::23::0:
fpr:::::::::AA9DF0343EDFD7ABDB9D1BA84CAAA06C559E70E1:
grp:::::::::2B2C:
uid:e::::1577836800::BB8B::Old \\x3a) <old@x.example>::::::::::0:
uid:e::::1577836800::BB8B::Second::::::::::0:
ssb:e:2048:1:6AC6CD812D846047:1577923200:1578355200:::::e:::+:::23:
fpr:::::::::720F7C62F469A3CC59B210066AC6CD812D846047:
pub:u:255:22:82B704C30FEAD4D9:1795596499:::u:::scESC:::::ed25519:::0:
";

    #[test]
    fn keys_are_read_with_subkeys_owners_and_cards() {
        let keys = read(LISTING);
        assert_eq!(keys.len(), 2);
        assert_eq!(keys[0].whose(), "the key of Old :) <old@x.example>");
        assert_eq!(keys[1].whose(), "this key");
        let [primary, subkey] = &keys[0].parts[..] else { panic!("two parts") };
        assert_eq!(primary.card.as_deref(), Some("D2760001240102000005000011110000"));
        assert_eq!(
            (primary.validity, primary.expires.as_deref(), primary.encrypts()),
            ('e', Some("2020-01-11"), false)
        );
        assert_eq!((subkey.card.as_ref(), subkey.encrypts()), (None, true));
        let wanted = Fingerprint::parse("6AC6CD812D846047!").unwrap();
        assert_eq!(keys[0].part(&wanted), Some(subkey));
        assert_eq!(keys[1].part(&wanted), None);
        assert!(read("").is_empty() && read("uid:::::::::x:\nfpr\n").is_empty());
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(pub|uid|fpr|sub|:|\\\\x|[0-9a-fé\n\u{1b}]){0,80}") {
            for key in read(&text) {
                prop_assert!(!key.whose().contains('\x1b'));
            }
        }
    }
}
