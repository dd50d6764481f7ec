//! The way to AWS: the SDK's HTTP client with TLS by rustls and ring, through the proxy of the environment if there is one,
//! as in sops.

use std::error::Error;
use std::time::Duration;

use aws_sdk_kms::config::interceptors::InterceptorContext;
use aws_sdk_kms::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_kms::config::{SharedAsyncSleep, SharedHttpClient};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

use super::words::will_not_pass;

/// How long we wait.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For one try.
    pub attempt: Duration,
    /// For everything: credentials, tries, pauses.
    pub whole: Duration,
}

impl Patience {
    /// In seconds.
    pub const fn seconds(connect: u64, attempt: u64, whole: u64) -> Self {
        Self {
            connect: Duration::from_secs(connect),
            attempt: Duration::from_secs(attempt),
            whole: Duration::from_secs(whole),
        }
    }
}

/// The SDK reads answers whole: twenty secrets of 64 KiB, each byte escaped, are no more than this.
const LARGEST: usize = 16 * 1024 * 1024;

/// For the SDK's own requests. Its answers are none that do not end.
pub fn client() -> SharedHttpClient {
    SharedHttpClient::new(Bounded(Builder::new().build_with_connector_fn(|settings, components| {
        build(settings.cloned(), components.and_then(|components| components.sleep_impl()))
    })))
}

/// An answer has more bytes than we take.
#[derive(Debug, thiserror::Error)]
#[error("the answer is too large")]
pub struct TooLarge;

#[derive(Debug)]
struct Bounded<T>(T);

impl HttpClient for Bounded<SharedHttpClient> {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Bounded(self.0.http_connector(settings, components)))
    }
}

impl HttpConnector for Bounded<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move {
            let mut answer = answer.await?;
            let mut stream = ByteStream::new(answer.take_body());
            let mut body = Vec::new();
            while let Some(chunk) = stream.next().await {
                let chunk = chunk.map_err(|error| ConnectorError::io(error.into()))?;
                if body.len() + chunk.len() > LARGEST {
                    return Err(ConnectorError::other(TooLarge.into(), None));
                }
                body.extend_from_slice(&chunk);
            }
            *answer.body_mut() = SdkBody::from(body);
            Ok(answer)
        })
    }
}

/// For requests of ours. `sleep` is the SDK's clock.
pub fn connector(patience: Patience, sleep: Option<SharedAsyncSleep>) -> SharedHttpConnector {
    let settings = HttpConnectorSettings::builder().connect_timeout(patience.connect).build();
    SharedHttpConnector::new(build(Some(settings), sleep))
}

fn build(settings: Option<HttpConnectorSettings>, sleep: Option<SharedAsyncSleep>) -> Connector {
    let mut builder = Connector::builder()
        .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
        .proxy_config(ProxyConfig::from_env());
    builder.set_connector_settings(settings);
    builder.set_sleep_impl(sleep);
    builder.build()
}

/// Nobody waits three times for a host that is not there, or for a certificate to become good.
#[derive(Debug)]
pub struct OnlyWhatMayPass;

impl ClassifyRetry for OnlyWhatMayPass {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(Err(error)) = context.output_or_error() else {
            return RetryAction::NoActionIndicated;
        };
        let source: Option<&(dyn Error + 'static)> = error.as_connector_error().map(|error| error as _);
        match source.is_some_and(will_not_pass) {
            true => RetryAction::RetryForbidden,
            false => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "OnlyWhatMayPass"
    }
}
