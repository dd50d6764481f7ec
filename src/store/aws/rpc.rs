//! Requests of our own to services that speak JSON 1.1: signed, with limits in time and size. Only what the SDK's crates would
//! cost too much for.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::session::{Place, Session};
use super::tally::is_absent;
use super::trouble::Fault;
use crate::net::aws::{connector, domain};
use crate::store::{StoreCause, StoreError};

/// Ten parameters of 8 KiB with what belongs to them are far below.
const LIMIT: usize = 4 * 1024 * 1024;
const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// A service.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect {
    pub(super) place: Place,
    /// The beginning of the host where cryptography is as FIPS wants it.
    pub(super) fips: &'static str,
    /// Its name in signatures.
    pub(super) signing: &'static str,
    /// What stands before the operation in `X-Amz-Target`.
    pub(super) target: &'static str,
}

/// See the file's description.
pub(super) struct Rpc {
    dialect: Dialect,
    connector: SharedHttpConnector,
    url: String,
    region: String,
    /// What the service is called in messages.
    pub(super) host: String,
    limit: Duration,
}

#[derive(Deserialize)]
struct Said {
    #[serde(rename = "__type")]
    kind: Option<String>,
    code: Option<String>,
    #[serde(alias = "Message")]
    message: Option<String>,
}

impl Rpc {
    /// In the region of the session, or in that one.
    pub(super) fn new(session: &Session, own: Option<&str>, dialect: Dialect, region: Option<&str>) -> Self {
        let region = region.unwrap_or(&session.settings.region).to_owned();
        let named = session.address(own, dialect.place);
        let host = match named {
            Some(_) => session.host(own, dialect.place),
            None => {
                let fips = if session.config.use_fips() == Some(true) { dialect.fips } else { dialect.place.host };
                format!("{fips}.{region}.{}", domain(&region))
            }
        };
        let url = named.map_or_else(|| format!("https://{host}/"), |url| format!("{}/", url.trim_end_matches('/')));
        let patience = session.settings.patience;
        let connector = connector(patience, session.config.sleep_impl());
        Self { dialect, connector, url, region, host, limit: patience.attempt }
    }

    /// One operation, repeated while that is worth it.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        session: &Session,
        operation: &'static str,
        question: &impl Serialize,
    ) -> Result<T, Fault> {
        // a value may be in it, which has 8 KiB at most: room for all of it, so that nothing is left behind when it grows
        let mut body = Zeroizing::new(Vec::with_capacity(64 * 1024));
        serde_json::to_writer(&mut *body, question).map_err(|_| unsendable())?;
        let answer = session.ask(true, || self.once(session, operation, &body)).await?;
        serde_json::from_slice(&answer).map_err(|_| {
            let host = &self.host;
            Fault::Known(StoreError::new(StoreCause::Odd, format!("{host} gives an answer that is not one of AWS")))
        })
    }

    async fn once(&self, session: &Session, operation: &'static str, body: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let credentials = session.identity.get().await.map_err(Fault::Known)?;
        let request = self.signed(&credentials, operation, body, (session.settings.clock)())?;
        let exchange = async {
            let failed = |error: &(dyn std::error::Error + 'static)| Fault::Failed(crate::net::aws::chain(error));
            let response = self.connector.call(request).await.map_err(|error| failed(&error))?;
            read(response).await
        };
        let sent = session.calls.sent(operation);
        let outcome = timeout(self.limit, exchange).await.unwrap_or(Err(Fault::Late));
        sent.over(outcome.as_ref().map_or_else(is_absent, |_| true));
        outcome
    }

    fn signed(
        &self,
        credentials: &Credentials,
        operation: &str,
        body: &[u8],
        now: std::time::SystemTime,
    ) -> Result<HttpRequest, Fault> {
        let target = format!("{}.{operation}", self.dialect.target);
        let headers = [("content-type", CONTENT_TYPE), ("x-amz-target", target.as_str())];
        let identity = credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.dialect.signing)
            .time(now)
            .settings(SigningSettings::default())
            .build()
            .map_err(|_| unsendable())?
            .into();
        let signable = SignableRequest::new("POST", &self.url, headers.into_iter(), SignableBody::Bytes(body));
        let signed = sign(signable.map_err(|_| unsendable())?, &params).map_err(|_| unsendable())?;
        let (instructions, _signature) = signed.into_parts();
        let mut request = HttpRequest::new(SdkBody::from(body.to_vec()));
        request.set_method("POST").map_err(|_| unsendable())?;
        request.set_uri(self.url.as_str()).map_err(|_| unsendable())?;
        let agent = [("user-agent", concat!("sealant/", env!("CARGO_PKG_VERSION")))];
        for (name, value) in headers.into_iter().chain(agent).chain(instructions.headers()) {
            request.headers_mut().try_insert(name.to_owned(), value.to_owned()).map_err(|_| unsendable())?;
        }
        Ok(request)
    }
}

fn unsendable() -> Fault {
    Fault::Known(StoreError::new(StoreCause::Invalid, "the request to AWS cannot be written"))
}

/// The body of a good answer; what a bad one says.
async fn read(response: HttpResponse) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let status = response.status().as_u16();
    let header = response.headers().get("x-amzn-errortype").map(str::to_owned);
    let length = response.headers().get("content-length").and_then(|text| text.parse::<usize>().ok());
    let mut stream = ByteStream::new(response.into_body());
    let mut body = Zeroizing::new(Vec::with_capacity(length.unwrap_or(64 * 1024).min(LIMIT)));
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| Fault::Failed(crate::net::aws::chain(&error)))?;
        if body.len() + chunk.len() > LIMIT {
            return Err(Fault::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    if (200..300).contains(&status) {
        return Ok(body);
    }
    Err(said(header.as_deref(), &body, status))
}

/// What a bad answer says: its header `x-amzn-errortype`, its body and its status.
pub(super) fn said(header: Option<&str>, body: &[u8], status: u16) -> Fault {
    let said: Option<Said> = serde_json::from_slice(body).ok();
    let kind = said.as_ref().and_then(|said| said.kind.clone().or_else(|| said.code.clone()));
    let kind = kind.or_else(|| header.map(str::to_owned));
    // headers have an address behind the code
    let kind = kind.as_deref().map(|kind| kind.split(':').next().unwrap_or_default());
    Fault::said(kind, said.as_ref().and_then(|said| said.message.as_deref()), status)
}
