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
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpConnector};

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

/// For the SDK's own requests.
pub fn client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        build(settings.cloned(), components.and_then(|components| components.sleep_impl()))
    })
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
