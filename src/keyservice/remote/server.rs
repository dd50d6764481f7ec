//! Our keys for others: answers `Encrypt` and `Decrypt`. Who may be answered is asked before anything is done.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
#[cfg(unix)]
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio_stream::Stream;
use tonic::codegen::http::{Request as HttpRequest, Response as HttpResponse};
use tonic::codegen::{BoxFuture, Context, Poll, Service};
use tonic::server::{Grpc, UnaryService};
use tonic::transport::Server;
use tonic::transport::server::Connected;
use tonic::{Code, Request, Response, Status};

use super::codec::Proto;
use super::messages::{DECRYPT, DecryptRequest, DecryptResponse, ENCRYPT, EncryptRequest, EncryptResponse, Key, LIMIT};
use crate::keyservice::report::Tried;
use crate::keyservice::ring::{KeyRing, WrapError};
use crate::keyservice::{Cause, KeyError, KeyService};
use crate::net::runtime::{self, RuntimeError};
use crate::sops::key::{MasterKey, WrappedKey};

/// How many keys are used at the same time.
const AT_ONCE: usize = 16;
/// How many requests may be under way or wait for their turn; more are turned away.
const WAITING: usize = 256;
/// How many requests one connection may have under way.
const STREAMS: u32 = 64;
/// What is under way at the end has so long to finish.
const GRACE: Duration = Duration::from_secs(3);
/// A connection whose other end is gone is noticed after this.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// A socket that is being listened on.
#[derive(Debug)]
pub enum Listener {
    /// TCP.
    Tcp(TcpListener),
    /// A socket in the file system.
    #[cfg(unix)]
    Unix(UnixListener),
}

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// To wrap a data key.
    Encrypt,
    /// To unwrap one.
    Decrypt,
}

impl Operation {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Encrypt => "encrypt",
            Self::Decrypt => "decrypt",
        }
    }
}

/// Who looks at the requests. Called from threads of their own, which may wait.
pub trait Watch: Send + Sync {
    /// Whether this may be done; asked before it is.
    fn allows(&self, operation: Operation, key: &MasterKey) -> bool;

    /// What came of it: `None` is good. Never a secret.
    fn ended(&self, operation: Operation, key: &MasterKey, trouble: Option<&str>);
}

/// Ends a server.
#[derive(Debug)]
pub struct Stop(oneshot::Sender<()>);

/// The other end of [`Stop`].
#[derive(Debug)]
pub struct Stopped(oneshot::Receiver<()>);

/// Both ends.
pub fn stop() -> (Stop, Stopped) {
    let (send, receive) = oneshot::channel();
    (Stop(send), Stopped(receive))
}

impl Stop {
    /// Now: no request is taken any more.
    pub fn now(self) {
        // a server that has ended already needs no telling
        _ = self.0.send(());
    }
}

/// Why a server cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// No runtime.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The socket.
    #[error("the socket cannot be used: {0}")]
    Socket(#[from] io::Error),
    /// Anything else.
    #[error("the server cannot go on: {0}")]
    Transport(#[from] tonic::transport::Error),
}

/// Serves `services` until `stopped`.
///
/// # Errors
/// [`ServeError`].
pub fn serve(
    listener: Listener,
    services: Vec<Arc<dyn KeyService>>,
    watch: Arc<dyn Watch>,
    stopped: Stopped,
) -> Result<(), ServeError> {
    let keys = Keys(Arc::new(Shared {
        services,
        watch,
        turns: Arc::new(Semaphore::new(AT_ONCE)),
        places: Arc::new(Semaphore::new(WAITING)),
    }));
    runtime::runtime()?.block_on(async {
        match listener {
            Listener::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                let listener = tokio::net::TcpListener::from_std(listener)?;
                run(tokio_stream::wrappers::TcpListenerStream::new(listener), keys, stopped).await
            }
            #[cfg(unix)]
            Listener::Unix(listener) => {
                listener.set_nonblocking(true)?;
                let listener = tokio::net::UnixListener::from_std(listener)?;
                run(tokio_stream::wrappers::UnixListenerStream::new(listener), keys, stopped).await
            }
        }
    })
}

async fn run<S>(
    incoming: impl Stream<Item = io::Result<S>>,
    keys: Keys,
    Stopped(stopped): Stopped,
) -> Result<(), ServeError>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Connected + Unpin + Send + 'static,
{
    let (begin, begun) = oneshot::channel();
    let signal = async {
        // whoever can stop us may also just go away
        _ = stopped.await;
        _ = begin.send(());
    };
    let server = Server::builder()
        .max_concurrent_streams(STREAMS)
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_max_header_list_size(16 << 10)
        .serve_with_incoming_shutdown(keys, incoming, signal);
    let patience = async {
        match begun.await {
            Ok(()) => tokio::time::sleep(GRACE).await,
            // the server has ended by itself
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        ended = server => Ok(ended?),
        () = patience => Ok(()),
    }
}

/// The service `KeyService` of the protocol.
#[derive(Clone)]
struct Keys(Arc<Shared>);

struct Shared {
    services: Vec<Arc<dyn KeyService>>,
    watch: Arc<dyn Watch>,
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Service<HttpRequest<tonic::body::Body>> for Keys {
    type Response = HttpResponse<tonic::body::Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequest<tonic::body::Body>) -> Self::Future {
        let keys = self.clone();
        Box::pin(async move {
            Ok(match request.uri().path() {
                ENCRYPT => {
                    let codec = Proto::<EncryptResponse, EncryptRequest>::new();
                    Grpc::new(codec).max_decoding_message_size(LIMIT).unary(keys, request).await
                }
                DECRYPT => {
                    let codec = Proto::<DecryptResponse, DecryptRequest>::new();
                    Grpc::new(codec).max_decoding_message_size(LIMIT).unary(keys, request).await
                }
                _ => Status::unimplemented("only KeyService is served here").into_http(),
            })
        })
    }
}

impl UnaryService<EncryptRequest> for Keys {
    type Response = EncryptResponse;
    type Future = BoxFuture<Response<EncryptResponse>, Status>;

    fn call(&mut self, request: Request<EncryptRequest>) -> Self::Future {
        let mut message = request.into_inner();
        let key = message.key.take();
        Box::pin(self.clone().answer(Operation::Encrypt, key, move |ring, key| {
            let enc = ring.wrap_one(&key, &message.bytes).map_err(|error| of_wrapping(&error))?;
            Ok(EncryptResponse { bytes: enc.into_bytes() })
        }))
    }
}

impl UnaryService<DecryptRequest> for Keys {
    type Response = DecryptResponse;
    type Future = BoxFuture<Response<DecryptResponse>, Status>;

    fn call(&mut self, request: Request<DecryptRequest>) -> Self::Future {
        let mut message = request.into_inner();
        let key = message.key.take();
        Box::pin(self.clone().answer(Operation::Decrypt, key, move |ring, key| {
            let enc = String::from_utf8(std::mem::take(&mut message.bytes))
                .map_err(|_| (Code::InvalidArgument, "the wrapped key is no text".to_owned()))?;
            let wrapped = WrappedKey { key, enc, created_at: None };
            let secret = ring.unwrap_one(&wrapped).map_err(|tried| of_unwrapping(&tried))?;
            Ok(DecryptResponse { bytes: secret.expose().to_vec() })
        }))
    }
}

/// What a client is told.
type Refusal = (Code, String);

impl Keys {
    /// One request, from its key to the answer; the work is done in a thread that may wait.
    async fn answer<A: Send + 'static>(
        self,
        operation: Operation,
        key: Option<Key>,
        work: impl FnOnce(&KeyRing, MasterKey) -> Result<A, Refusal> + Send + 'static,
    ) -> Result<Response<A>, Status> {
        // the words of sops
        let key = key.and_then(Key::into_master).ok_or_else(|| Status::not_found("Must provide a key"))?;
        let place = self.0.places.clone().try_acquire_owned();
        let place = place.map_err(|_| Status::resource_exhausted("too many requests at the same time"))?;
        let turn = self.0.turns.clone().acquire_owned().await;
        let turn = turn.map_err(|_| Status::unavailable("the server is ending"))?;
        let (send, receive) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            // held to the end of the work, also when nobody waits for it any more
            let _held = (place, turn);
            // a client that has gone while others were answered is not asked about
            if send.is_closed() {
                return;
            }
            _ = send.send(self.0.answer(operation, key, work));
        });
        // a thread that panicked has sent nothing
        let answer = receive.await.map_err(|_| Status::internal("the request could not be handled"))?;
        answer.map(Response::new).map_err(|(code, text)| Status::new(code, text))
    }
}

impl Shared {
    fn answer<A>(
        &self,
        operation: Operation,
        key: MasterKey,
        work: impl FnOnce(&KeyRing, MasterKey) -> Result<A, Refusal>,
    ) -> Result<A, Refusal> {
        let shown = key.clone();
        let answer = match self.watch.allows(operation, &key) {
            // a ring remembers what it has unwrapped and who does not answer: a server must do neither
            true => work(&KeyRing::new(self.services.clone()), key),
            // the words of sops
            false => Err((Code::PermissionDenied, "Request rejected by user".to_owned())),
        };
        self.watch.ended(operation, &shown, answer.as_ref().err().map(|(_, text)| text.as_str()));
        answer
    }
}

fn of_wrapping(error: &WrapError) -> Refusal {
    match error {
        WrapError::Key { source, .. } => of_key(source),
        _ => (Code::Unimplemented, "keys of this kind are not served here".to_owned()),
    }
}

fn of_unwrapping(tried: &Tried) -> Refusal {
    match tried {
        Tried::Broken(error) => of_key(error),
        Tried::NoIdentityFits => (Code::FailedPrecondition, "no identity of the key service fits".to_owned()),
        _ => (Code::Unimplemented, "keys of this kind are not served here".to_owned()),
    }
}

/// `Unavailable` is not among the codes: it would mean ourselves, and the client would ask for nothing else here.
fn of_key(error: &KeyError) -> Refusal {
    let code = match error.cause() {
        Some(Cause::Malformed | Cause::Ciphertext) => Code::InvalidArgument,
        Some(Cause::Denied) => Code::PermissionDenied,
        Some(Cause::Throttled) => Code::ResourceExhausted,
        Some(Cause::Unusable) => Code::FailedPrecondition,
        Some(Cause::Unreachable | Cause::NoCredentials | Cause::BadAnswer | Cause::Program) => Code::Unknown,
        None => Code::InvalidArgument,
    };
    (code, error.to_string())
}
