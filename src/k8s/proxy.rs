//! The proxy on the way to a cluster: the one that its kubeconfig names, else the one of the environment, as Go's
//! `http.ProxyFromEnvironment` finds it (golang.org/x/net v0.38.0 `http/httpproxy/proxy.go`). URLs of proxies may hold
//! passwords: no text repeats them.

use std::net::IpAddr;

use ureq::http::Uri;

use super::settings::Surroundings;

/// Whether a `proxy-url` can be used.
///
/// # Errors
/// Why not.
pub(super) fn check(text: &str) -> Result<(), String> {
    parse(text).map(drop)
}

/// A `proxy-url`.
///
/// # Errors
/// Why it is none.
pub(super) fn parse(text: &str) -> Result<Uri, String> {
    let scheme = text.split_once("://").map_or("", |(scheme, _)| scheme);
    if !matches!(scheme, "http" | "https" | "socks5") {
        return Err(format!("unsupported scheme {scheme:?}, must be http, https, or socks5"));
    }
    let uri: Uri = text.parse().map_err(|_| "could not parse the URL of the proxy".to_owned())?;
    if uri.host().is_none_or(str::is_empty) {
        return Err("could not parse the URL of the proxy".to_owned());
    }
    Ok(uri)
}

/// The proxy of the environment for requests to `server`.
///
/// # Errors
/// It names something that is no proxy.
pub(super) fn of_environment(server: &Uri, around: &Surroundings) -> Result<Option<Uri>, String> {
    let named = if server.scheme_str() == Some("https") { &around.https_proxy } else { &around.http_proxy };
    let Some(text) = named.as_deref().filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let host = server.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let port = server.port_u16().unwrap_or(if server.scheme_str() == Some("https") { 443 } else { 80 });
    if !uses_proxy(&host, port, around.no_proxy.as_deref().unwrap_or_default()) {
        return Ok(None);
    }
    let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let text = text.replacen("socks5h://", "socks5://", 1);
    parse(&text).map(Some).map_err(|fault| format!("invalid proxy address in the environment: {fault}"))
}

fn uses_proxy(host: &str, port: u16, no_proxy: &str) -> bool {
    let ip: Option<IpAddr> = host.parse().ok();
    if host == "localhost" || ip.is_some_and(|ip| ip.is_loopback()) {
        return false;
    }
    !no_proxy.split(',').map(|entry| entry.trim().to_ascii_lowercase()).any(|entry| excepts(&entry, host, ip, port))
}

/// Whether one entry of `NO_PROXY` is for the host: `*`, a network, an address, a domain, each of the latter two with or without a
/// port.
fn excepts(entry: &str, host: &str, ip: Option<IpAddr>, port: u16) -> bool {
    if entry.is_empty() {
        return false;
    }
    if entry == "*" {
        return true;
    }
    if let Some((network, bits)) = entry.split_once('/') {
        return match (network.parse(), bits.parse(), ip) {
            (Ok(network), Ok(bits), Some(ip)) => is_within(ip, network, bits),
            _ => false,
        };
    }
    let (name, of_port) = match entry.rsplit_once(':') {
        Some((name, digits)) if !name.contains(':') || name.ends_with(']') => (name, digits.parse::<u16>().ok()),
        _ => (entry, None),
    };
    if of_port.is_some_and(|of_port| of_port != port) {
        return false;
    }
    let name = name.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = name.parse::<IpAddr>() {
        return ip == Some(address);
    }
    let name = name.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(name);
    match name.strip_prefix('.') {
        // only what is below
        Some(domain) => host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')),
        None => host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')),
    }
}

fn is_within(ip: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (ip.to_canonical(), network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) if bits <= 32 => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            ip.to_bits() & mask == network.to_bits() & mask
        }
        (IpAddr::V6(ip), IpAddr::V6(network)) if bits <= 128 => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            ip.to_bits() & mask == network.to_bits() & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceptions() {
        for (no_proxy, host, port, uses) in [
            ("", "api.example", 443, true),
            ("", "localhost", 443, false),
            ("", "127.0.0.9", 443, false),
            ("", "::1", 443, false),
            ("*", "api.example", 443, false),
            ("other, Example", "api.example", 443, false),
            (".example", "api.example", 443, false),
            (".example", "example", 443, true),
            ("*.example", "api.example", 443, false),
            ("ample", "api.example", 443, true),
            ("api.example:6443", "api.example", 443, true),
            ("api.example:443", "api.example", 443, false),
            ("10.0.0.0/8", "10.1.2.3", 443, false),
            ("10.0.0.0/8", "11.1.2.3", 443, true),
            ("10.0.0.0/0", "11.1.2.3", 443, false),
            ("fd00::/8", "fd12::1", 443, false),
            ("10.0.0.0/99", "10.0.0.0", 443, true),
            ("fd12::1", "fd12::1", 443, false),
            ("[fd12::1]:80", "fd12::1", 443, true),
        ] {
            assert_eq!(uses_proxy(host, port, no_proxy), uses, "{no_proxy:?} {host}:{port}");
        }
    }

    #[test]
    fn proxies() {
        for text in ["http://p:3128", "https://p", "socks5://p:1080", "http://me:hunter2@p"] {
            parse(text).unwrap();
        }
        for text in ["p:3128", "ftp://p", "http://", "socks4://me:hunter2@p", "http://me:hunter2@p x"] {
            assert!(!parse(text).unwrap_err().contains("hunter2"), "{text}");
        }
    }
}
