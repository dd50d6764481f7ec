//! AWS Secrets Manager (external-secrets 2.9 `providers/v1/aws/secretsmanager/secretsmanager.go`).
//!
//! | file | what it is for |
//! |---|---|
//! | `read` | values and tags, by twenty where that is allowed |
//! | `find` | secrets by name, path and tags |
//! | `push` | writing and removing |

mod find;
mod push;
mod read;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use aws_sdk_secretsmanager::Client;

use self::read::Wanted;
use super::identity;
use super::session::{Place, Session};
use super::tally::Tally;
use super::trouble::{Asked, Fault};
use super::words::{partition, shown};
use crate::external::{Fetched, Find, Part, Reference};
use crate::net::aws::OnlyWhatMayPass;
use crate::store::{Call, Check, Kept, Push, Remote, StoreCause, StoreClient, StoreError};

const PLACE: Place = Place { id: "Secrets Manager", host: "secretsmanager" };

/// See the file's description.
pub(super) struct SecretsManager(Arc<Inner>);

/// What its requests share.
struct Inner {
    session: Session,
    client: Client,
    host: String,
    /// Whether we were told that many at once are not for us.
    is_single: AtomicBool,
}

impl SecretsManager {
    pub(super) fn new(session: Session) -> Self {
        let own = session.settings.endpoints.secrets_manager.as_deref();
        let mut builder = aws_sdk_secretsmanager::config::Builder::from(&session.config)
            .retry_classifier(OnlyWhatMayPass)
            .interceptor(Tally::new(session.calls.clone()))
            .credentials_provider(identity::provider(&session.identity));
        if let Some(url) = own {
            builder = builder.endpoint_url(url);
        }
        let host = session.host(own, PLACE);
        let client = Client::from_conf(builder.build());
        Self(Arc::new(Inner { session, client, host, is_single: AtomicBool::new(false) }))
    }
}

impl Inner {
    /// The id that AWS gets.
    fn id(&self, key: &str) -> String {
        format!("{}{key}", self.session.settings.prefix)
    }

    /// What a request that failed means for people.
    fn trouble(&self, action: &str, id: &str, fault: &Fault) -> StoreError {
        let region = &self.session.settings.region;
        let resource = match id {
            "" => "*".to_owned(),
            arn if arn.starts_with("arn:") => arn.to_owned(),
            name => format!("arn:{}:secretsmanager:{region}:ACCOUNT:secret:{name}-??????", partition(region)),
        };
        let what =
            if id.is_empty() { "the secrets of the account".to_owned() } else { format!("the secret {}", shown(id)) };
        let access = &self.session.access;
        Asked { action, what: &what, resource: &resource, access, host: &self.host, region }.trouble(fault)
    }
}

impl StoreClient for SecretsManager {
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
        push::exists(&self.0, remote)
    }

    fn check(&self, references: &[Reference]) -> Result<Check, StoreError> {
        let inner = &self.0;
        let rows = references.len();
        inner.session.run(rows, async {
            let (identity, mut notes) = inner.session.whoami(references.is_empty()).await?;
            let ids: Vec<_> = references.iter().map(|reference| inner.id(&reference.key)).collect();
            let work = |id: String| {
                let inner = Arc::clone(inner);
                async move {
                    match read::describe(&inner, &id).await {
                        Ok(Some(_)) => None,
                        Ok(None) => {
                            Some(StoreError::new(StoreCause::Invalid, format!("there is no secret {}", shown(&id))))
                        }
                        Err(error) => Some(error),
                    }
                }
            };
            let readable = super::many::each(ids, inner.session.settings.concurrency, work).await;
            let place = format!("AWS Secrets Manager in {} ({})", inner.session.settings.region, inner.host);
            let note = "secrets are described, not read: whether secretsmanager:GetSecretValue is allowed is not tried";
            notes.push(note.to_owned());
            Ok(Check { place, identity, notes, readable })
        })?
    }

    fn calls(&self) -> Vec<Call> {
        self.0.session.calls.all()
    }
}

/// A reference as AWS is asked for it.
fn wanted(inner: &Inner, reference: &Reference) -> Result<Wanted, StoreError> {
    if reference.key.is_empty() {
        return Err(StoreError::new(StoreCause::Invalid, "a secret without a name cannot be asked for"));
    }
    let id = inner.id(&reference.key);
    Ok(match (reference.part, reference.version.as_deref().filter(|version| !version.is_empty())) {
        (Part::Metadata, _) => Wanted::Tags(id),
        (Part::Value, None | Some("AWSCURRENT")) => Wanted::Current(id),
        (Part::Value, Some(version)) => match version.strip_prefix("uuid/") {
            Some(version) => Wanted::Version(id, version.to_owned()),
            None => Wanted::Stage(id, version.to_owned()),
        },
    })
}
