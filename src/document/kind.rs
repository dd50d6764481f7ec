//! Which format a document is in: what its name says, and what its metadata looks like.

/// The document formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// YAML, in several documents.
    Yaml,
    /// JSON; comments only on request.
    Json,
    /// `NAME=value` lines.
    Dotenv,
    /// Sections of keys and values.
    Ini,
    /// Any bytes, encrypted as one value.
    Binary,
    /// TOML.
    Toml,
    /// HCL as in `.tfvars`.
    Hcl,
    /// Java properties.
    Properties,
}

/// Endings that say that a file is encrypted, and nothing of its format.
const WRAPPERS: [&str; 4] = [".enc", ".sops", ".encrypted", ".decrypted"];

impl DocumentKind {
    /// Every kind.
    pub const ALL: [Self; 8] =
        [Self::Yaml, Self::Json, Self::Dotenv, Self::Ini, Self::Binary, Self::Toml, Self::Hcl, Self::Properties];

    /// The word for it on command lines; the first five are sops's own (3.13.2 `cmd/sops/formats`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Json => "json",
            Self::Dotenv => "dotenv",
            Self::Ini => "ini",
            Self::Binary => "binary",
            Self::Toml => "toml",
            Self::Hcl => "hcl",
            Self::Properties => "properties",
        }
    }

    /// The kind of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// The kind that a file's name says, `.enc` and `.sops` at its end aside; `None` for endings that say nothing.
    pub fn from_name(path: &str) -> Option<Self> {
        let mut name = path.rsplit(['/', '\\']).next().unwrap_or(path).to_ascii_lowercase();
        while let Some(inner) = WRAPPERS.iter().find_map(|end| name.strip_suffix(end)) {
            name.truncate(inner.len());
        }
        let ends = |end: &str| name.ends_with(end);
        Some(match () {
            () if ends(".yaml") || ends(".yml") => Self::Yaml,
            () if ends(".json") || ends(".jsonc") => Self::Json,
            () if ends(".env") || name.starts_with(".env.") => Self::Dotenv,
            () if ends(".ini") => Self::Ini,
            () if ends(".toml") => Self::Toml,
            () if ends(".tfvars") || ends(".hcl") => Self::Hcl,
            () if ends(".properties") => Self::Properties,
            () => return None,
        })
    }

    /// The kind that the metadata of an encrypted file is spelled for; `None` when nothing looks like metadata. A clear text can
    /// look the same: whoever asks has to read the metadata before believing it.
    pub fn of_encrypted(bytes: &[u8]) -> Option<Self> {
        memchr::memmem::find(bytes, b"sops")?;
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let quoted = memchr::memmem::find(text, b"\"sops\"").is_some();
        if quoted && matches!(text.trim_ascii_start().first(), Some(b'{' | b'[')) {
            return Some(Self::Json);
        }
        let lines = || text.split(|byte| *byte == b'\n');
        let begins = |start: &[u8]| lines().any(|line| line.starts_with(start));
        if begins(b"sops:") || begins(b"\"sops\":") {
            return Some(Self::Yaml);
        }
        if begins(b"sops_mac") || begins(b"sops_version") || begins(b"sops_lastmodified") {
            return Some(Self::Dotenv);
        }
        let section = [&b"\n[sops]"[..], b"\n[sops.", b"\n[[sops."].into_iter();
        let section = section.filter_map(|header| memchr::memmem::find(text, header)).min();
        let section = section.or_else(|| text.starts_with(b"[sops").then_some(0));
        if let Some(start) = section {
            let quoted = memchr::memmem::find(&text[start..], b"mac = \"").is_some();
            return Some(if quoted { Self::Toml } else { Self::Ini });
        }
        (begins(b"sops = {") || begins(b"sops={") || begins(b"sops {")).then_some(Self::Hcl)
    }
}

/// Whether a JSON file looks like what sops makes of arbitrary bytes: one value under `data`.
pub fn is_binary_envelope(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    let inner = start.strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    let after = inner.and_then(|inner| inner.strip_prefix(b"\"data\""));
    let Some(rest) = after else { return false };
    let rest = rest.trim_ascii_start();
    let Some(rest) = rest.strip_prefix(b":").map(<[u8]>::trim_ascii_start) else { return false };
    // A ciphertext holds no quote, so that its end is the next one; an empty one is empty.
    let Some(end) = rest.strip_prefix(b"\"").and_then(|rest| memchr::memchr(b'"', rest).map(|at| &rest[at + 1..]))
    else {
        return false;
    };
    let next = end.trim_ascii_start().strip_prefix(b",").map(<[u8]>::trim_ascii_start);
    next.is_some_and(|next| next.starts_with(b"\"sops\""))
}

#[cfg(test)]
mod tests {
    use super::DocumentKind as Kind;

    #[test]
    fn names_say_the_kind() {
        for (name, kind) in [
            ("a.yaml", Some(Kind::Yaml)),
            ("dir.json/a.YML", Some(Kind::Yaml)),
            ("a.enc.json", Some(Kind::Json)),
            ("a.json.enc", Some(Kind::Json)),
            ("a.toml.sops.enc", Some(Kind::Toml)),
            (".env", Some(Kind::Dotenv)),
            ("prod.env", Some(Kind::Dotenv)),
            (".env.local", Some(Kind::Dotenv)),
            ("x.ini", Some(Kind::Ini)),
            ("prod.auto.tfvars", Some(Kind::Hcl)),
            ("app.properties", Some(Kind::Properties)),
            ("db.config", None),
            ("tls.key", None),
            (".enc", None),
        ] {
            assert_eq!(Kind::from_name(name), kind, "{name}");
        }
    }

    #[test]
    fn metadata_looks_like_a_format() {
        for (text, kind) in [
            ("a: ENC[\nsops:\n    mac: x\n", Some(Kind::Yaml)),
            ("{\"a\": \"ENC[\", \"sops\": {}}", Some(Kind::Json)),
            ("A=ENC[\nsops_mac=x\n", Some(Kind::Dotenv)),
            ("{\n\t\"data\": \"ENC[x]\",\n\t\"sops\": {}\n}", Some(Kind::Json)),
            ("{\"data\": \"x\", \"b\": 1, \"sops\": {}}", Some(Kind::Json)),
            ("[a]\nb = ENC[x]\n\n[sops]\nmac = ENC[x]\n", Some(Kind::Ini)),
            ("b = \"ENC[x]\"\n\n[sops]\nmac = \"ENC[x]\"\n", Some(Kind::Toml)),
            ("b = \"ENC[x]\"\nsops = {\n}\n", Some(Kind::Hcl)),
            ("a: 1 # sops\n", None),
            ("[net]\nmac = \"00:11\"\n[sops]\nmac = ENC[x]\n", Some(Kind::Ini)),
        ] {
            assert_eq!(Kind::of_encrypted(text.as_bytes()), kind, "{text}");
        }
    }
}
