//! Key services in other processes: which are named, and whether keys of this machine are used.

use std::sync::Arc;

use crate::commands::session::Session;
use crate::failure::{Failure, Kind};
use crate::keyservice::KeyService;
use crate::keyservice::remote::address::Address;
use crate::keyservice::remote::{Limits, RemoteKeys};

/// The addresses of `--keyservice`.
///
/// # Errors
/// The first that is malformed.
pub fn addresses(session: &Session) -> Result<Vec<Address>, Failure> {
    let named = session.global.keyservice.iter().filter(|text| !text.is_empty());
    let bad = |error: crate::keyservice::remote::address::AddressError| {
        Failure::new(Kind::Generic, error.to_string()).hint("write tcp://HOST:PORT or unix:///PATH")
    };
    named.map(|text| Address::parse(text).map_err(bad)).collect()
}

/// `local` services unless they are not wanted, then remote ones. Warns of those that are reached over a network.
pub fn with_remote(session: &Session, local: Vec<Arc<dyn KeyService>>) -> Vec<Arc<dyn KeyService>> {
    let mut services = if session.global.no_local_keys { Vec::new() } else { local };
    // whoever named a malformed one has been told
    for address in addresses(session).unwrap_or_default() {
        if !address.is_local() {
            session.warn(&format!("{address} is on another machine: data keys go there without encryption"));
        }
        services.push(Arc::new(RemoteKeys::new(address, Limits::default())));
    }
    services
}
