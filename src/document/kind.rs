//! Which format a document is in: by what it holds, then by its name.

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

    /// The kind of an encrypted file, by the shape of its metadata; `None` when it holds none.
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
        if begins(b"[sops]") || begins(b"[sops.") || begins(b"[[sops.") {
            let quoted = memchr::memmem::find(text, b"mac = \"").is_some();
            return Some(if quoted { Self::Toml } else { Self::Ini });
        }
        (begins(b"sops = {") || begins(b"sops={") || begins(b"sops {")).then_some(Self::Hcl)
    }

    /// The kind of a file. What an encrypted file holds decides before its name, save between kinds that read each other.
    pub fn of(name: Option<&str>, bytes: &[u8]) -> Option<Self> {
        let named = name.and_then(Self::from_name);
        match (Self::of_encrypted(bytes), named) {
            (Some(Self::Json), Some(Self::Yaml)) => Some(Self::Yaml),
            // sops takes files of the formats that it does not have for bytes, whatever they are called
            (Some(Self::Json), named) if named != Some(Self::Json) && is_binary_envelope(bytes) => Some(Self::Binary),
            (Some(Self::Dotenv), Some(Self::Properties)) => Some(Self::Properties),
            (Some(found), _) => Some(found),
            (None, named) => named,
        }
    }
}

/// Whether a JSON file is what sops makes of arbitrary bytes: one value under `data`.
fn is_binary_envelope(bytes: &[u8]) -> bool {
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
    fn an_encrypted_file_is_known_by_what_it_holds() {
        for (name, text, kind) in [
            (None, "a: ENC[\nsops:\n    mac: x\n", Some(Kind::Yaml)),
            (Some("a.yaml"), "{\"a\": \"ENC[\", \"sops\": {}}", Some(Kind::Yaml)),
            (Some("a"), "{\"a\": \"ENC[\", \"sops\": {}}", Some(Kind::Json)),
            (Some("a.yaml"), "A=ENC[\nsops_mac=x\n", Some(Kind::Dotenv)),
            (Some("a.properties"), "A=ENC[\nsops_mac=x\n", Some(Kind::Properties)),
            (Some("tls.key"), "{\n\t\"data\": \"ENC[x]\",\n\t\"sops\": {}\n}", Some(Kind::Binary)),
            (Some("a.toml"), "{\n\t\"data\": \"ENC[x]\",\n\t\"sops\": {}\n}", Some(Kind::Binary)),
            (Some("a.json"), "{\n\t\"data\": \"ENC[x]\",\n\t\"sops\": {}\n}", Some(Kind::Json)),
            (Some("a.yaml"), "{\n\t\"data\": \"ENC[x]\",\n\t\"sops\": {}\n}", Some(Kind::Yaml)),
            (Some("tls.json"), "{\n\t\"data\": \"ENC[x]\",\n\t\"sops\": {}\n}", Some(Kind::Json)),
            (Some("a"), "{\"data\": \"x\", \"b\": 1, \"sops\": {}}", Some(Kind::Json)),
            (None, "[a]\nb = ENC[x]\n\n[sops]\nmac = ENC[x]\n", Some(Kind::Ini)),
            (None, "b = \"ENC[x]\"\n\n[sops]\nmac = \"ENC[x]\"\n", Some(Kind::Toml)),
            (None, "b = \"ENC[x]\"\nsops = {\n}\n", Some(Kind::Hcl)),
            (None, "a: 1\n", None),
            (Some("x.ini"), "a: 1 # sops\n", Some(Kind::Ini)),
        ] {
            assert_eq!(Kind::of(name, text.as_bytes()), kind, "{name:?} {text}");
        }
    }
}
