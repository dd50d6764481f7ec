//! Counts the requests of one store where they leave: the SDK repeats them on its own.

use std::sync::Arc;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};

use super::rpc;
use super::trouble::Fault;
use crate::store::calls::{Calls, Sent};

/// The operations that are asked for, as AWS names them.
const OPERATIONS: [&str; 14] = [
    "BatchGetSecretValue",
    "CreateSecret",
    "DeleteResourcePolicy",
    "DeleteSecret",
    "DescribeSecret",
    "GetResourcePolicy",
    "GetSecretValue",
    "ListSecrets",
    "PutResourcePolicy",
    "PutSecretValue",
    "RemoveRegionsFromReplication",
    "ReplicateSecretToRegions",
    "TagResource",
    "UntagResource",
];

/// See the file's description.
#[derive(Debug)]
pub(super) struct Tally(Arc<Calls>);

impl Tally {
    /// Counts there.
    pub(super) fn new(calls: Arc<Calls>) -> Self {
        Self(calls)
    }
}

/// The attempt that is on its way.
#[derive(Debug)]
struct Attempt(Sent);

impl Storable for Attempt {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Tally {
    fn name(&self) -> &'static str {
        "Tally"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let name = cfg.load::<Metadata>().map(Metadata::name).unwrap_or_default();
        let name = OPERATIONS.into_iter().find(|known| *known == name).unwrap_or("Other");
        cfg.interceptor_state().store_put(Attempt(self.0.sent(name)));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let is_good = match (context.output_or_error(), context.response()) {
            (Some(Ok(_)), _) => true,
            (_, Some(response)) => {
                let header = response.headers().get("x-amzn-errortype");
                let body = response.body().bytes().unwrap_or_default();
                is_absent(&rpc::said(header, body, response.status().as_u16()))
            }
            _ => false,
        };
        if let Some(Attempt(sent)) = cfg.load::<Attempt>() {
            sent.over(is_good);
        }
        Ok(())
    }
}

/// Whether AWS says no more than that there is no such secret.
pub(super) fn is_absent(fault: &Fault) -> bool {
    matches!(fault.code(), "ResourceNotFound" | "ParameterNotFound")
}
