//! Where a key service listens, as sops spells it: `tcp://host:port` or `unix:///path`. Pure.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// The address of a key service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Address {
    /// A host and port.
    Tcp {
        /// A name or an IP address, without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// A socket in the file system.
    Unix(PathBuf),
}

/// An address that cannot be one.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{text} is no address of a key service: {why}")]
pub struct AddressError {
    /// What was given, cut to size.
    text: String,
    why: &'static str,
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// [`AddressError`], which says what is wrong.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let bad = |why| AddressError { text: super::cut(text), why };
        let (network, rest) = text.split_once("://").ok_or_else(|| bad("it has no tcp:// or unix:// in front"))?;
        Self::of(network, rest).map_err(bad)
    }

    /// The same from its two parts, as the server's options have them.
    ///
    /// # Errors
    /// What is wrong.
    pub fn of(network: &str, rest: &str) -> Result<Self, &'static str> {
        match network {
            "tcp" => tcp(rest),
            "unix" if rest.starts_with('/') => Ok(Self::Unix(PathBuf::from(rest))),
            "unix" => Err("the path of the socket has to be absolute: unix:///run/keys.sock"),
            _ => Err("only tcp:// and unix:// are known"),
        }
    }

    /// Whether what is sent there stays on this machine, as far as the text tells.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Unix(_) => true,
            Self::Tcp { host, .. } => match host.parse::<IpAddr>() {
                Ok(address) => address.is_loopback(),
                Err(_) => host.eq_ignore_ascii_case("localhost"),
            },
        }
    }

    /// The socket's path, of those that have one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Unix(path) => Some(path),
            Self::Tcp { .. } => None,
        }
    }
}

fn tcp(rest: &str) -> Result<Address, &'static str> {
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = rest.rsplit_once(':').ok_or("it has no port")?;
    let port = port.bytes().all(|c| c.is_ascii_digit()).then(|| port.parse().ok()).flatten();
    let port = port.ok_or("its port is no number up to 65535")?;
    let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(inner) if inner.parse::<std::net::Ipv6Addr>().is_ok() => inner,
        Some(_) => return Err("what is in brackets is no IPv6 address"),
        None if host.is_empty() => return Err("it has no host"),
        None if host.contains(':') => return Err("an IPv6 address has to be in brackets: tcp://[::1]:5000"),
        None => host,
    };
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if !host.chars().all(known) || host.len() > 253 {
        return Err("its host has a character that no host name has");
    }
    Ok(Address::Tcp { host: host.to_owned(), port })
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "tcp://[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "tcp://{host}:{port}"),
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_ones_read_as_they_are_written() {
        for (text, local) in [
            ("tcp://127.0.0.1:5000", true),
            ("tcp://127.8.0.1:1", true),
            ("tcp://localhost:5000", true),
            ("tcp://[::1]:5000", true),
            ("tcp://[2001:db8::1]:5000", false),
            ("tcp://0.0.0.0:5000", false),
            ("tcp://keys.example.org:65535", false),
            ("tcp://localhost.example.org:1", false),
            ("unix:///run/keys.sock", true),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!((address.to_string().as_str(), address.is_local()), (text, local));
        }
        assert_eq!(Address::parse("tcp://h:1/").unwrap().to_string(), "tcp://h:1");
    }

    #[test]
    fn bad_ones_say_why() {
        for (text, why) in [
            ("", "no tcp://"),
            ("127.0.0.1:5000", "no tcp://"),
            ("http://127.0.0.1:5000", "only tcp"),
            ("tcp://127.0.0.1", "no port"),
            ("tcp://:5000", "no host"),
            ("tcp://h:", "no number"),
            ("tcp://h:65536", "no number"),
            ("tcp://h:+1", "no number"),
            ("tcp://::1:5000", "in brackets"),
            ("tcp://[h]:5000", "no IPv6"),
            ("tcp://user@h:5000", "no host name has"),
            ("tcp://h\r\n:5000", "no host name has"),
            ("unix://run/keys.sock", "absolute"),
            ("unix:/run/keys.sock", "no tcp://"),
        ] {
            let error = Address::parse(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
