//! The Parameter Store of AWS Systems Manager (external-secrets 2.9 `providers/v1/aws/parameterstore/parameterstore.go`).
//!
//! | file | what it is for |
//! |---|---|
//! | `calls` | the operations, as AWS spells them |
//! | `read` | values and tags, by ten where that is allowed |
//! | `find` | parameters by name, path and tags |
//! | `push` | writing and removing |

mod calls;
mod find;
mod push;
mod read;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::rpc::{Dialect, Rpc};
use super::session::{Place, Session};
use super::trouble::{Asked, Fault};
use super::words::{partition, shown};
use crate::external::{Fetched, Find, Reference};
use crate::store::{Call, Check, Kept, Push, Remote, StoreCause, StoreClient, StoreError};

const SSM: Dialect =
    Dialect { place: Place { id: "ssm", host: "ssm" }, fips: "ssm-fips", signing: "ssm", target: "AmazonSSM" };

/// See the file's description.
pub(super) struct ParameterStore(Arc<Inner>);

/// What its requests share.
struct Inner {
    session: Session,
    rpc: Rpc,
    /// Whether we were told that many at once are not for us.
    is_single: AtomicBool,
}

impl ParameterStore {
    pub(super) fn new(session: Session) -> Self {
        let rpc = Rpc::new(&session, session.settings.endpoints.ssm.as_deref(), SSM, None);
        Self(Arc::new(Inner { session, rpc, is_single: AtomicBool::new(false) }))
    }
}

impl Inner {
    /// The name that AWS gets.
    fn name(&self, key: &str) -> String {
        format!("{}{key}", self.session.settings.prefix)
    }

    /// What a request that failed means for people.
    fn trouble(&self, action: &str, name: &str, fault: &Fault) -> StoreError {
        let region = &self.session.settings.region;
        let resource = match name {
            "" => "*".to_owned(),
            arn if arn.starts_with("arn:") => arn.to_owned(),
            name => {
                format!("arn:{}:ssm:{region}:ACCOUNT:parameter/{}", partition(region), name.trim_start_matches('/'))
            }
        };
        let what = match name {
            "" => "the parameters of the account".to_owned(),
            name => format!("the parameter {}", shown(name)),
        };
        let access = &self.session.access;
        Asked { action, what: &what, resource: &resource, access, host: &self.rpc.host, region }.trouble(fault)
    }
}

impl StoreClient for ParameterStore {
    fn fetch(&self, references: &[Reference]) -> Vec<Result<Option<Fetched>, StoreError>> {
        read::fetch(&self.0, references)
    }

    fn find(&self, find: &Find) -> Result<Vec<(String, Fetched)>, StoreError> {
        find::find(&self.0, find)
    }

    fn push(&self, value: &Push<'_>) -> Result<Kept, StoreError> {
        push::push(&self.0, value)
    }

    fn delete(&self, remote: &Remote) -> Result<Kept, StoreError> {
        push::delete(&self.0, remote)
    }

    fn exists(&self, remote: &Remote) -> Result<bool, StoreError> {
        let name = self.0.name(&remote.key);
        self.0.session.run(1, async { read::there(&self.0, &name).await })?
    }

    fn check(&self, references: &[Reference]) -> Result<Check, StoreError> {
        let inner = &self.0;
        inner.session.run(references.len(), async {
            let (identity, notes) = inner.session.whoami(references.is_empty()).await?;
            let names: Vec<_> = references.iter().map(|reference| inner.name(&reference.key)).collect();
            let work = |name: String| {
                let inner = Arc::clone(inner);
                async move {
                    match read::there(&inner, &name).await {
                        Ok(true) => None,
                        Ok(false) => {
                            let what = format!("there is no parameter {}", shown(&name));
                            Some(StoreError::new(StoreCause::Invalid, what))
                        }
                        Err(error) => Some(error),
                    }
                }
            };
            let readable = super::many::each(names, inner.session.settings.concurrency, work).await;
            let place = format!("AWS Parameter Store in {} ({})", inner.session.settings.region, inner.rpc.host);
            Ok(Check { place, identity, notes, readable })
        })?
    }

    fn calls(&self) -> Vec<Call> {
        self.0.session.calls.all()
    }
}
