//! Where a Vault is, and the URLs below it. Pure.

use std::fmt;

use super::error::VaultError;

/// The address of a Vault: scheme, host and perhaps a port and a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Address {
    tls: bool,
    /// `host[:port][/path]`, without `/` at its end.
    rest: String,
}

impl Address {
    /// Reads one.
    ///
    /// # Errors
    /// [`VaultError::Address`].
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        let refuse = |why| Err(VaultError::Address(why));
        let text = text.trim();
        let (tls, rest) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
            Some(("unix", _)) => return refuse("unix sockets are not supported"),
            _ => return refuse("it has to begin with https:// or http://"),
        };
        if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
            return refuse("it has blanks or characters that are not ASCII");
        }
        let rest = rest.trim_end_matches('/');
        let authority = rest.split('/').next().unwrap_or_default();
        if authority.contains('@') {
            return refuse("it has a user name or a password in it");
        }
        if rest.contains(['?', '#', '\\', '%']) {
            return refuse("it has characters that an address cannot have");
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (authority, None),
        };
        if host.is_empty() || port.is_some_and(|port| port.parse::<u16>().is_err()) {
            return refuse("host or port cannot be read");
        }
        Ok(Self { tls, rest: rest.to_owned() })
    }

    /// Whether what is said is encrypted.
    pub fn is_tls(&self) -> bool {
        self.tls
    }

    /// Whether it is this machine.
    pub fn is_local(&self) -> bool {
        let authority = self.authority();
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => host,
            _ => authority,
        };
        let loopback = host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback());
        loopback || host == "[::1]" || host.eq_ignore_ascii_case("localhost")
    }

    /// Host and port.
    pub fn authority(&self) -> &str {
        self.rest.split('/').next().unwrap_or_default()
    }

    /// The address as a word that a shell takes as it is: it may come from a file that anybody wrote.
    pub fn for_shell(&self) -> String {
        for_shell(&self.to_string())
    }

    /// The same place under another name.
    pub(super) fn with_host(&self, name: &str) -> Result<Self, VaultError> {
        let port = match self.authority().rsplit_once(':') {
            Some((_, port)) if !port.contains(']') => format!(":{port}"),
            _ => String::new(),
        };
        let path = &self.rest[self.authority().len()..];
        let host_fits = !name.contains(['/', ':']);
        let rest = if host_fits { format!("{name}{port}{path}") } else { String::new() };
        Self::parse(&format!("{}://{rest}", if self.tls { "https" } else { "http" }))
    }

    /// The URL of a path of the API. Empty parts are left out, as the client of Vault does; everything unusual is encoded.
    ///
    /// # Errors
    /// [`VaultError::Path`] for `.` and `..`, which would lead elsewhere.
    pub fn url(&self, path: &str) -> Result<String, VaultError> {
        let mut url = format!("{self}/v1");
        for part in path.split('/').filter(|part| !part.is_empty()) {
            if part == "." || part == ".." {
                return Err(VaultError::Path(path.to_owned()));
            }
            url.push('/');
            for byte in part.bytes() {
                match byte {
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => url.push(char::from(byte)),
                    _ => url.push_str(&format!("%{byte:02X}")),
                }
            }
        }
        Ok(url)
    }
}

/// A text as one word of a shell.
pub fn for_shell(text: &str) -> String {
    shlex::try_quote(text).map_or_else(|_| "…".to_owned(), std::borrow::Cow::into_owned)
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.tls { "https" } else { "http" }, self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, shown, tls, local) in [
            ("https://vault.example:8200", "https://vault.example:8200", true, false),
            (" HTTP://127.0.0.1:8200/ ", "http://127.0.0.1:8200", false, true),
            ("http://[::1]:8200/prefix/", "http://[::1]:8200/prefix", false, true),
            ("https://[2001:db8::1]", "https://[2001:db8::1]", true, false),
            ("http://127.0.0.1.example", "http://127.0.0.1.example", false, false),
            ("https://LocalHost", "https://LocalHost", true, true),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!((address.to_string().as_str(), address.is_tls(), address.is_local()), (shown, tls, local));
        }
    }

    #[test]
    fn a_shell_takes_it_as_one_word() {
        let word = |text: &str| Address::parse(text).unwrap().for_shell();
        assert_eq!(word("https://vault.example:8200"), "https://vault.example:8200");
        assert_eq!(word("https://h;reboot"), "'https://h;reboot'");
        assert_eq!(word("https://h/$(reboot)"), "'https://h/$(reboot)'");
    }

    #[test]
    fn another_name_keeps_port_and_path() {
        let named = |text: &str, name| Address::parse(text).unwrap().with_host(name).map(|address| address.to_string());
        assert_eq!(named("https://10.0.0.1:8200/p", "vault.example").unwrap(), "https://vault.example:8200/p");
        assert_eq!(named("https://[::1]", "vault.example").unwrap(), "https://vault.example");
        for name in ["", "a/b", "a:1", "me@h"] {
            assert!(named("https://h", name).is_err(), "{name}");
        }
    }

    #[test]
    fn what_is_no_address() {
        for text in [
            "",
            "vault.example:8200",
            "ftp://x",
            "unix:///run/vault.sock",
            "https://",
            "https:///x",
            "https://:8200",
            "https://h:port",
            "https://h:99999",
            "https://me:hunter2@h",
            "https://h/?q",
            "https://h/#f",
            "https://h h",
            "https://h/%2e",
            "https://h\\x",
        ] {
            let error = Address::parse(text).unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn urls_stay_below() {
        let address = Address::parse("https://h/p").unwrap();
        let url = |path: &str| address.url(path).unwrap();
        assert_eq!(url("secret/data//a/b"), "https://h/p/v1/secret/data/a/b");
        assert_eq!(url("/s/a b?c#d%e/\u{e9}/"), "https://h/p/v1/s/a%20b%3Fc%23d%25e/%C3%A9");
        for path in ["s/../sys/seal", "s/.", ".."] {
            assert!(matches!(address.url(path), Err(VaultError::Path(_))), "{path}");
        }
    }
}
