//! `sealant keyservice`: lets other processes and machines use the keys of this one, by the protocol of sops (sops 3.13.2
//! `keyservice/server.go`). There is no password and no encryption in that protocol: who can connect can decrypt.

use std::sync::{Arc, Mutex, PoisonError};

use super::keyring;
use super::session::Session;
use crate::failure::{Failure, Kind};
use crate::fsio::{output, signals, socket, terminal};
use crate::keyservice::remote::address::Address;
use crate::keyservice::remote::server::{self, Listener, Operation, Watch};
use crate::sops::key::MasterKey;

/// Where sops listens when nobody says it.
const DEFAULT: &str = "127.0.0.1:5000";

/// The command line.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// `tcp` or `unix`
    #[arg(long, alias = "net", value_name = "NETWORK", default_value = "tcp")]
    pub network: String,
    /// Where to listen: HOST:PORT, or the absolute path of a socket
    #[arg(long, alias = "addr", value_name = "ADDRESS", default_value = DEFAULT)]
    pub address: String,
    /// Ask on the terminal before each request is answered
    #[arg(long)]
    pub prompt: bool,
    /// Name every request on standard error
    #[arg(long)]
    pub verbose: bool,
}

const EXAMPLES: &str = "\
Whoever can connect can decrypt, and data keys are not encrypted on the way: use a socket, or an address
of this machine only, and a tunnel (ssh -R) where another machine is to use it.

Examples:
  sealant keyservice --network unix --address /run/user/1000/keys.sock
  sealant keyservice --prompt
  ssh -R 5000:127.0.0.1:5000 server
  sealant decrypt --keyservice tcp://127.0.0.1:5000 config/prod/app.yml    there";

/// Serves until a signal ends it.
///
/// # Errors
/// An address that cannot be one, or cannot be used.
pub fn run(args: &Args, session: &Session) -> Result<(), Failure> {
    let bad = |why: &str| {
        Failure::new(Kind::Generic, format!("--network {} --address {}: {why}", args.network, args.address))
            .hint("write --network tcp --address 127.0.0.1:5000, or --network unix --address /PATH")
    };
    let address = Address::of(&args.network, &args.address).map_err(bad)?;
    let busy = |error: std::io::Error| Failure::new(Kind::Generic, format!("cannot listen at {address}: {error}"));
    let (listener, _file) = listen(&address).map_err(busy)?;
    if !address.is_local() {
        session.warn(&format!(
            "{address} can be reached from other machines: whoever connects can decrypt, and data keys are not encrypted \
             on the way"
        ));
    }
    let (stop, stopped) = server::stop();
    let installed = signals::install();
    installed.map_err(|error| Failure::new(Kind::Generic, format!("signals cannot be received: {error}")))?;
    signals::on_stop(move || stop.now());
    session.say(&format!("listening at {address}; Ctrl-C ends it"));
    let watch = Arc::new(Person { prompt: args.prompt, verbose: args.verbose, asked: Mutex::new(()) });
    // services of others are not passed on: two servers could ask each other without end
    let served = server::serve(listener, keyring::services(session), watch, stopped);
    served.map_err(|error| Failure::new(Kind::Generic, error.to_string()))
}

type Held = Option<socket::SocketFile>;

#[cfg(unix)]
fn listen(address: &Address) -> std::io::Result<(Listener, Held)> {
    match address {
        Address::Tcp { host, port } => Ok((Listener::Tcp(socket::listen_tcp(host, *port)?), None)),
        Address::Unix(path) => {
            let (listener, file) = socket::listen_unix(path)?;
            Ok((Listener::Unix(listener), Some(file)))
        }
    }
}

#[cfg(not(unix))]
fn listen(address: &Address) -> std::io::Result<(Listener, Held)> {
    match address {
        Address::Tcp { host, port } => Ok((Listener::Tcp(socket::listen_tcp(host, *port)?), None)),
        Address::Unix(_) => Err(std::io::ErrorKind::Unsupported.into()),
    }
}

/// The person at the terminal of the server.
struct Person {
    prompt: bool,
    verbose: bool,
    /// One question at a time.
    asked: Mutex<()>,
}

impl Watch for Person {
    fn allows(&self, operation: Operation, key: &MasterKey) -> bool {
        if !self.prompt {
            return true;
        }
        let _one = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        // the words of sops; nobody there is a no
        let text = format!("Received {} request using {}. Respond to request?", operation.word(), shown(key));
        terminal::confirm(&text).unwrap_or(false)
    }

    fn ended(&self, operation: Operation, key: &MasterKey, trouble: Option<&str>) {
        if self.verbose {
            let outcome = trouble.unwrap_or("done");
            output::say(&format!("{} with {}: {outcome}", operation.word(), shown(key)));
        }
    }
}

fn shown(key: &MasterKey) -> String {
    crate::keyservice::Names::new().show_key(key)
}
