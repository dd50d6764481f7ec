//! The settings that a file is encrypted with: they rotate with the seed, so that each meets every construct.

use super::RECIPIENT;
use std::fs;
use std::path::Path;

/// One way to select what is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// everything but keys that end in `_unencrypted`
    Default,
    /// flag `--encrypted-regex`
    EncryptedRegex,
    /// flag `--unencrypted-regex`
    UnencryptedRegex,
    /// flag `--encrypted-suffix`
    EncryptedSuffix,
    /// flag `--unencrypted-suffix`
    UnencryptedSuffix,
    /// `--encrypted-regex`, and a MAC over encrypted values only
    MacOnlyEncrypted,
    /// a creation rule with `encrypted_comment_regex`
    EncryptedCommentRegex,
    /// a creation rule with `unencrypted_comment_regex`
    UnencryptedCommentRegex,
}

/// `Default` more often than the others.
const TURN: [Variant; 10] = [
    Variant::Default,
    Variant::EncryptedRegex,
    Variant::Default,
    Variant::UnencryptedRegex,
    Variant::EncryptedSuffix,
    Variant::Default,
    Variant::UnencryptedSuffix,
    Variant::MacOnlyEncrypted,
    Variant::EncryptedCommentRegex,
    Variant::UnencryptedCommentRegex,
];

const SECRETS: &str = "^(password|secret|token|data|env|.*_secret|.*-password)$";
const PUBLIC: &str = "^(name|host|port|metadata|image|.*_plain)$";

impl Variant {
    /// The variant of a seed.
    pub fn of(seed: u64) -> Self {
        TURN[usize::try_from(seed % TURN.len() as u64).unwrap()]
    }

    /// Writes the `.sops.yaml` that the variant needs, if any. sops has no flag for these settings.
    pub fn prepare(self, folder: &Path) {
        let setting = match self {
            Self::MacOnlyEncrypted => {
                format!("encrypted_regex: '{SECRETS}'\n    mac_only_encrypted: true")
            }
            Self::EncryptedCommentRegex => "encrypted_comment_regex: ' (user|host|key:)'".to_owned(),
            Self::UnencryptedCommentRegex => "unencrypted_comment_regex: ' (name|port|config)'".to_owned(),
            _ => return,
        };
        let rules = format!("creation_rules:\n  - age: {RECIPIENT}\n    {setting}\n");
        fs::write(folder.join(".sops.yaml"), rules).unwrap();
    }

    /// The arguments of `sops encrypt` besides the file.
    pub fn sops(self) -> Vec<&'static str> {
        match self {
            Self::Default => vec!["--age", RECIPIENT],
            Self::EncryptedRegex => vec!["--age", RECIPIENT, "--encrypted-regex", SECRETS],
            Self::UnencryptedRegex => vec!["--age", RECIPIENT, "--unencrypted-regex", PUBLIC],
            Self::EncryptedSuffix => vec!["--age", RECIPIENT, "--encrypted-suffix", "_enc"],
            Self::UnencryptedSuffix => vec!["--age", RECIPIENT, "--unencrypted-suffix", "_plain"],
            Self::MacOnlyEncrypted | Self::EncryptedCommentRegex | Self::UnencryptedCommentRegex => vec![],
        }
    }

    /// The arguments of `sealant encrypt` besides the file. A document may hold nothing that is selected.
    pub fn sealant(self) -> Vec<&'static str> {
        let mut arguments = match self {
            Self::MacOnlyEncrypted => {
                vec!["--age", RECIPIENT, "--encrypted-regex", SECRETS, "--mac-only-encrypted"]
            }
            _ => self.sops(),
        };
        arguments.push("--allow-empty");
        arguments
    }
}
