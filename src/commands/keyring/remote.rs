//! Key services in other processes: which are named, and whether keys of this machine are used.

use std::sync::Arc;

use crate::commands::session::{Global, Session};
use crate::failure::{Failure, Kind};
use crate::fsio::env::{Env, Var};
use crate::keyservice::KeyService;
use crate::keyservice::remote::address::Address;
use crate::keyservice::remote::{Limits, RemoteKeys};

/// What the variables of sops say where the command line says nothing.
pub fn from_environment(mut global: Global, env: &Env) -> Global {
    if global.keyservice.is_empty() {
        let listed = env.text(Var::SopsKeyservice).unwrap_or_default().split(',').map(str::trim);
        global.keyservice = listed.filter(|address| !address.is_empty()).map(str::to_owned).collect();
    }
    // the spellings of Go's booleans
    let no = |text: &str| matches!(text, "0" | "f" | "F" | "false" | "FALSE" | "False");
    global.no_local_keys |= env.text(Var::SopsEnableLocalKeyservice).is_some_and(no);
    global
}

/// Whether there is anybody to ask.
///
/// # Errors
/// Keys of this machine are not wanted, and nobody else was named.
pub fn check(session: &Session) -> Result<(), Failure> {
    if !session.global.no_local_keys || !addresses(session)?.is_empty() {
        return Ok(());
    }
    let text = "no keys: those of this machine are not to be used, and no key service was named";
    Err(Failure::new(Kind::CannotOpen, text)
        .hint("name one with --keyservice tcp://HOST:PORT, or leave out --no-local-keys"))
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_what_the_command_line_does_not() {
        let env = || {
            Env::from_pairs([(Var::SopsKeyservice, "tcp://a:1, unix:///b,"), (Var::SopsEnableLocalKeyservice, "False")])
        };
        let global = from_environment(Global::default(), &env());
        assert_eq!((global.keyservice.len(), global.no_local_keys), (2, true));
        let given = Global { keyservice: vec!["tcp://c:1".into()], ..Global::default() };
        assert_eq!(from_environment(given, &env()).keyservice, ["tcp://c:1"]);
        let session = |global| Session::within("/".into(), Env::default(), global);
        assert!(check(&session(global)).is_ok());
        let nobody = Global { no_local_keys: true, ..Global::default() };
        assert_eq!(check(&session(nobody)).unwrap_err().kind(), Kind::CannotOpen);
        let bad = Global { keyservice: vec!["http://a".into()], ..Global::default() };
        assert!(addresses(&session(bad)).is_err());
    }
}
