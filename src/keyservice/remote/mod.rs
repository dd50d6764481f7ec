//! Key services in other processes, over the gRPC protocol of sops: as client and as server (sops 3.13.2 `keyservice`).
//!
//! There is neither TLS nor a login, as in sops: whoever reaches the socket may ask, and the data key crosses it in clear.
//!
//! | file | what it is for |
//! |---|---|
//! | [`address`] | where a key service listens |
//! | [`server`] | our keys for others |
//! | `messages`, `codec` | the protocol |

pub mod address;
mod codec;
mod messages;
pub mod server;

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tonic::client::Grpc;
use tonic::codegen::http::Uri;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use self::address::Address;
use self::codec::Proto;
use self::messages::{DECRYPT, DecryptRequest, DecryptResponse, ENCRYPT, EncryptRequest, EncryptResponse, Key, LIMIT};
use super::{Cause, KeyError, KeyService};
use crate::net::runtime::{RuntimeError, block_on};
use crate::secret::{self, SecretBytes};
use crate::sops::key::{MasterKey, WrappedKey};

/// What a server says is cut to so many characters.
const LONGEST_TEXT: usize = 200;
/// How often a request is made at most.
const TRIES: u32 = 3;
/// The pause before the second try of a server that has too much to do.
const PAUSE: Duration = Duration::from_millis(200);

/// How long we wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// For a connection.
    pub connect: Duration,
    /// For a request with its answer, and all tries: the server may have a person to ask.
    pub call: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), call: Duration::from_secs(60) }
    }
}

/// One key service at an address. One connection, made at the first key and kept.
pub struct RemoteKeys {
    address: Address,
    limits: Limits,
    channel: OnceCell<Channel>,
}

/// Why a request came to nothing.
enum Trouble {
    Connect(tonic::transport::Error),
    Status(Status),
}

impl RemoteKeys {
    /// Nobody is called yet.
    pub fn new(address: Address, limits: Limits) -> Self {
        Self { address, limits, channel: OnceCell::new() }
    }

    /// Makes a request, again when the server has too much to do or an old connection has ended.
    fn call<E, D>(&self, path: &'static str, message: impl Fn() -> E) -> Result<D, KeyError>
    where
        E: prost::Message + 'static,
        D: prost::Message + Default + 'static,
    {
        let asked = block_on(self.limits.call, async {
            let mut tries = 1;
            loop {
                let trouble = match self.ask(path, message()).await {
                    Err(Trouble::Status(status)) if tries < TRIES && is_worth_another_try(&status) => status,
                    other => return other,
                };
                if trouble.code() == Code::ResourceExhausted {
                    tokio::time::sleep(pause(tries)).await;
                }
                tries += 1;
            }
        });
        match asked {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(Trouble::Connect(error))) => Err(self.unreachable(&innermost(&error))),
            Ok(Err(Trouble::Status(status))) => Err(self.refused(&status)),
            Err(RuntimeError::Late(limit)) => Err(self.unreachable(&format!("no answer within {limit:?}"))),
            Err(error @ RuntimeError::Start(_)) => Err(KeyError::service(Cause::Unreachable, error.to_string())),
        }
    }

    async fn ask<E, D>(&self, path: &'static str, message: E) -> Result<D, Trouble>
    where
        E: prost::Message + 'static,
        D: prost::Message + Default + 'static,
    {
        let channel = self.channel.get_or_try_init(|| self.connect()).await.map_err(Trouble::Connect)?;
        let mut grpc = Grpc::new(channel.clone()).max_decoding_message_size(LIMIT).max_encoding_message_size(LIMIT);
        grpc.ready().await.map_err(Trouble::Connect)?;
        let path = PathAndQuery::from_static(path);
        let answer = grpc.unary(Request::new(message), path, Proto::<E, D>::new()).await;
        answer.map(tonic::Response::into_inner).map_err(Trouble::Status)
    }

    async fn connect(&self) -> Result<Channel, tonic::transport::Error> {
        match &self.address {
            Address::Tcp { host, port } => {
                // the name has only characters that may stand there
                let bracketed = if host.contains(':') { format!("[{host}]") } else { host.clone() };
                let endpoint = Endpoint::from_shared(format!("http://{bracketed}:{port}"))?;
                let (host, port) = (host.clone(), *port);
                let connect = move |_: Uri| {
                    let host = host.clone();
                    async move {
                        let stream = TcpStream::connect((host.as_str(), port)).await?;
                        stream.set_nodelay(true)?;
                        Ok::<_, std::io::Error>(hyper_util::rt::TokioIo::new(stream))
                    }
                };
                let endpoint = endpoint.connect_timeout(self.limits.connect);
                endpoint.connect_with_connector(tower::service_fn(connect)).await
            }
            #[cfg(unix)]
            Address::Unix(path) => {
                let endpoint = Endpoint::from_static("http://localhost").connect_timeout(self.limits.connect);
                let path = path.clone();
                let connect = move |_: Uri| {
                    let path = path.clone();
                    async move { tokio::net::UnixStream::connect(path).await.map(hyper_util::rt::TokioIo::new) }
                };
                endpoint.connect_with_connector(tower::service_fn(connect)).await
            }
            #[cfg(not(unix))]
            Address::Unix(_) => {
                let connect = |_: Uri| async {
                    Err::<hyper_util::rt::TokioIo<TcpStream>, _>(std::io::Error::from(std::io::ErrorKind::Unsupported))
                };
                Endpoint::from_static("http://localhost").connect_with_connector(tower::service_fn(connect)).await
            }
        }
    }

    fn unreachable(&self, why: &str) -> KeyError {
        let text = format!("the key service at {} cannot be reached: {}", self.address, cut(why));
        KeyError::service(Cause::Unreachable, text).with_hint(match self.address.path() {
            Some(path) => {
                format!("start it where the keys are: sealant keyservice --network unix --address {}", path.display())
            }
            None => "start it where the keys are: sealant keyservice, or correct --keyservice".to_owned(),
        })
    }

    /// What a status means. Those with a source come from our side of the connection, not from the server.
    fn refused(&self, status: &Status) -> KeyError {
        let at = &self.address;
        if let Some(source) = std::error::Error::source(status) {
            let why = innermost(source);
            return match status.code() {
                Code::Unavailable => self.unreachable(&why),
                _ => KeyError::service(
                    Cause::Unreachable,
                    format!("the connection to the key service at {at} broke: {}", cut(&why)),
                ),
            };
        }
        let said = cut(status.message());
        let (cause, what) = match status.code() {
            Code::Unavailable => (Cause::Unreachable, "is not available"),
            Code::DeadlineExceeded | Code::Cancelled => (Cause::Unreachable, "gave up"),
            Code::PermissionDenied | Code::Unauthenticated => (Cause::Denied, "refuses"),
            Code::NotFound => (Cause::Unusable, "does not find the key"),
            Code::FailedPrecondition | Code::Unknown | Code::Aborted => (Cause::Unusable, "cannot use the key"),
            Code::InvalidArgument => (Cause::Unusable, "does not accept the key"),
            Code::ResourceExhausted => (Cause::Throttled, "has too much to do"),
            Code::Unimplemented => (Cause::BadAnswer, "does not serve this"),
            _ => (Cause::BadAnswer, "gave no answer that can be understood"),
        };
        let colon = if said.is_empty() { "" } else { ": " };
        KeyError::service(cause, format!("the key service at {at} {what}{colon}{said}"))
    }

    fn bad_answer(&self, what: &str) -> KeyError {
        KeyError::service(Cause::BadAnswer, format!("the key service at {} answered with {what}", self.address))
    }
}

impl KeyService for RemoteKeys {
    /// What it knows is known there only.
    fn handles(&self, _: &MasterKey) -> bool {
        true
    }

    fn endpoint(&self, _: &MasterKey) -> Option<String> {
        Some(self.address.to_string())
    }

    fn wrap(&self, key: &MasterKey, secret: &[u8]) -> Result<Option<String>, KeyError> {
        let request = || EncryptRequest { key: Some(Key::from(key)), bytes: secret.to_vec() };
        let mut answer: EncryptResponse = self.call(ENCRYPT, request)?;
        match String::from_utf8(std::mem::take(&mut answer.bytes)) {
            Ok(enc) if enc.is_empty() => Err(self.bad_answer("nothing")),
            // it goes into a text file as it is
            Ok(enc) if enc.contains('\0') => Err(self.bad_answer("something that is no wrapped key")),
            Ok(enc) => Ok(Some(enc)),
            Err(_) => Err(self.bad_answer("something that is no wrapped key")),
        }
    }

    fn unwrap(&self, wrapped: &WrappedKey) -> Result<Option<SecretBytes>, KeyError> {
        let request = || DecryptRequest { key: Some(Key::from(&wrapped.key)), bytes: wrapped.enc.as_bytes().to_vec() };
        let mut answer: DecryptResponse = self.call(DECRYPT, request)?;
        Ok(Some(SecretBytes::new(std::mem::take(&mut answer.bytes))))
    }
}

/// An operation may be repeated without harm. What broke before an answer came is tried again, as is a server that asks
/// for patience.
fn is_worth_another_try(status: &Status) -> bool {
    let from_here = std::error::Error::source(status).is_some();
    match status.code() {
        Code::ResourceExhausted => !from_here,
        // the connection was an old one, and is made again
        Code::Unavailable | Code::Unknown | Code::Cancelled | Code::Internal => from_here,
        _ => false,
    }
}

/// Longer each time, and not the same for everybody.
fn pause(tries: u32) -> Duration {
    let mut jitter = [0];
    // without randomness everybody waits alike
    _ = secret::random(&mut jitter);
    PAUSE * 2_u32.pow(tries - 1) * (256 + u32::from(jitter[0])) / 512
}

/// The last of the causes, which is the system's: those above say no more than "transport error".
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    let text = error.to_string();
    // the number that Rust adds says nothing to people
    match text.find(" (os error ") {
        Some(at) => text[..at].to_lowercase(),
        None => text.to_lowercase(),
    }
}

/// One line of what somebody else says: cut to size, control characters escaped.
fn cut(text: &str) -> String {
    let mut short: String = text
        .chars()
        .take(LONGEST_TEXT)
        .flat_map(|c| {
            if c == '\n' {
                vec![' ']
            } else if c.is_control() {
                c.escape_default().collect()
            } else {
                vec![c]
            }
        })
        .collect();
    if text.chars().nth(LONGEST_TEXT).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote() -> RemoteKeys {
        RemoteKeys::new(Address::parse("tcp://127.0.0.1:1").unwrap(), Limits::default())
    }

    #[test]
    fn statuses_have_causes() {
        for (code, cause) in [
            (Code::Unavailable, Cause::Unreachable),
            (Code::DeadlineExceeded, Cause::Unreachable),
            (Code::PermissionDenied, Cause::Denied),
            (Code::Unauthenticated, Cause::Denied),
            (Code::NotFound, Cause::Unusable),
            (Code::Unknown, Cause::Unusable),
            (Code::ResourceExhausted, Cause::Throttled),
            (Code::Unimplemented, Cause::BadAnswer),
            (Code::DataLoss, Cause::BadAnswer),
        ] {
            let error = remote().refused(&Status::new(code, "so\n\x1b[2J it is"));
            assert_eq!(error.cause(), Some(cause), "{error}");
            assert!(error.to_string().ends_with(r": so \u{1b}[2J it is"), "{error}");
        }
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(cut(&"x".repeat(1000)).chars().count(), LONGEST_TEXT + 1);
        let error = remote().refused(&Status::new(Code::NotFound, ""));
        assert_eq!(error.to_string(), "the key service at tcp://127.0.0.1:1 does not find the key");
    }

    #[test]
    fn pauses_grow() {
        assert!((PAUSE / 2..PAUSE).contains(&pause(1)), "{:?}", pause(1));
        assert!((PAUSE..PAUSE * 2).contains(&pause(2)), "{:?}", pause(2));
    }
}
