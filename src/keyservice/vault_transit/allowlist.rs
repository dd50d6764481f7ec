//! Where our token may be sent: `SOPS_HC_VAULT_ALLOWLIST` (sops 3.13.2 `hcvault/keysource.go`, `parseAllowlistString`).

/// Addresses, or their beginnings.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Allowlist {
    All,
    /// Each ends in `/`.
    Only(Vec<String>),
}

impl Allowlist {
    /// `all`, which nothing also means, `none`, or beginnings of addresses. An empty entry is refused: its number, from 1.
    pub(super) fn parse(text: &str) -> Result<Self, usize> {
        match text {
            "" | "all" => return Ok(Self::All),
            "none" => return Ok(Self::Only(Vec::new())),
            _ => {}
        }
        let entries = text.split(',').enumerate().map(|(at, entry)| match entry.trim_matches(' ') {
            "" => Err(at + 1),
            entry if entry.ends_with('/') => Ok(entry.to_owned()),
            entry => Ok(format!("{entry}/")),
        });
        entries.collect::<Result<_, _>>().map(Self::Only)
    }

    pub(super) fn allows(&self, address: &str) -> bool {
        let whole = format!("{address}/");
        match self {
            Self::All => true,
            Self::Only(beginnings) => beginnings.iter().any(|beginning| whole.starts_with(beginning.as_str())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_that_of_sops() {
        let allows = |list: &str, address: &str| Allowlist::parse(list).map(|list| list.allows(address));
        for (list, address, allowed) in [
            ("", "https://a", true),
            ("all", "https://a", true),
            ("none", "https://a", false),
            ("https://a", "https://a", true),
            ("https://a/", "https://a", true),
            (" https://b , https://a ", "https://a", true),
            ("https://a", "https://a.evil", false),
            ("https://a", "https://a:8200", false),
            ("https://A", "https://a", false),
            // words among addresses are addresses
            ("all,https://b", "https://a", false),
        ] {
            assert_eq!(allows(list, address), Ok(allowed), "{list} {address}");
        }
        assert_eq!((allows("https://a,", "x"), allows(" ", "x"), allows("a, ,b", "x")), (Err(2), Err(1), Err(2)));
    }
}
