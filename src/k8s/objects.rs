//! The verbs for objects of any kind: get, list, apply, delete, and tokens of service accounts.

use serde::Deserialize;
use ureq::http::Method;

use super::client::{Call, Client, JSON, LARGE, is_missing, parsed};
use super::error::{Cause, ClusterError};
use super::path;
use crate::secret::{SecretBytes, SecretText};

/// What server-side apply takes; JSON is YAML.
const APPLY: &str = "application/apply-patch+yaml";

/// A kind of object, as paths name it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Resource<'a> {
    /// The API group; nothing for the core one.
    pub group: &'a str,
    /// Its version, such as `v1`.
    pub version: &'a str,
    /// The plural in lower case, such as `secrets`.
    pub plural: &'a str,
}

impl Resource<'static> {
    /// Secrets.
    pub const SECRETS: Self = Self { group: "", version: "v1", plural: "secrets" };
    /// ConfigMaps.
    pub const CONFIG_MAPS: Self = Self { group: "", version: "v1", plural: "configmaps" };
}

/// How something is applied.
#[derive(Clone, Copy, Debug)]
pub struct Apply<'a> {
    /// Who owns the fields (`fieldManager`).
    pub manager: &'a str,
    /// Whether fields of other managers are taken over; a conflict otherwise.
    pub force: bool,
    /// Whether nothing is kept (`dryRun=All`).
    pub dry_run: bool,
}

impl Client {
    /// An object, as JSON; `None` when there is none.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub fn object(
        &self,
        kind: Resource<'_>,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<SecretBytes>, ClusterError> {
        let path = format!("{}/{}", path::objects(kind, namespace)?, path::segment(name)?);
        match self.call(&Call::get(path, kind.plural, name)) {
            Ok(answer) => Ok(Some(answer.body)),
            Err(error) if is_missing(&error, name) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Objects with these labels (`a=b,c`), as a list in JSON; of all namespaces when none is given.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub fn objects(
        &self,
        kind: Resource<'_>,
        namespace: Option<&str>,
        labels: &str,
    ) -> Result<SecretBytes, ClusterError> {
        let path = path::objects(kind, namespace)?;
        let path = if labels.is_empty() { path } else { format!("{path}?labelSelector={}", path::escaped(labels)) };
        Ok(self.call(&Call { limit: LARGE, ..Call::get(path, kind.plural, "") })?.body)
    }

    /// Applies an object, which is JSON, on the server's side; returns what it is then.
    ///
    /// # Errors
    /// [`ClusterError`]; fields that another manager owns are [`Cause::Conflict`] unless `force` is set.
    pub fn apply(
        &self,
        kind: Resource<'_>,
        namespace: Option<&str>,
        name: &str,
        json: &[u8],
        how: Apply<'_>,
    ) -> Result<SecretBytes, ClusterError> {
        let place = format!("{}/{}", path::objects(kind, namespace)?, path::segment(name)?);
        let dry = if how.dry_run { "&dryRun=All" } else { "" };
        let path = format!("{place}?fieldManager={}&force={}{dry}", path::escaped(how.manager), how.force);
        let call = Call {
            method: Method::PATCH,
            body: Some((json, APPLY)),
            secret_body: true,
            ..Call::get(path, kind.plural, name)
        };
        Ok(self.call(&call)?.body)
    }

    /// Merges `json` into an object that is there; null takes a field away (RFC 7386).
    ///
    /// # Errors
    /// [`ClusterError`].
    pub fn merge_patch(
        &self,
        kind: Resource<'_>,
        namespace: Option<&str>,
        name: &str,
        json: &[u8],
        manager: &str,
    ) -> Result<SecretBytes, ClusterError> {
        let place = format!("{}/{}", path::objects(kind, namespace)?, path::segment(name)?);
        let path = format!("{place}?fieldManager={}", path::escaped(manager));
        let call = Call {
            method: Method::PATCH,
            body: Some((json, "application/merge-patch+json")),
            secret_body: true,
            ..Call::get(path, kind.plural, name)
        };
        Ok(self.call(&call)?.body)
    }

    /// Deletes an object, if it is still the one with this `uid`; whether there was one.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub fn delete_object(
        &self,
        kind: Resource<'_>,
        namespace: Option<&str>,
        name: &str,
        uid: &str,
        dry_run: bool,
    ) -> Result<bool, ClusterError> {
        let path = format!("{}/{}", path::objects(kind, namespace)?, path::segment(name)?);
        let mut options = serde_json::json!({"kind": "DeleteOptions", "apiVersion": "v1"});
        if !uid.is_empty() {
            options["preconditions"] = serde_json::json!({"uid": uid});
        }
        if dry_run {
            options["dryRun"] = serde_json::json!(["All"]);
        }
        let body = options.to_string();
        let call =
            Call { method: Method::DELETE, body: Some((body.as_bytes(), JSON)), ..Call::get(path, kind.plural, name) };
        match self.call(&call) {
            Ok(_) => Ok(true),
            Err(error) if error.cause == Cause::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A token of a service account (TokenRequest), for `seconds`.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub fn service_account_token(
        &self,
        namespace: &str,
        name: &str,
        audiences: &[String],
        seconds: u64,
    ) -> Result<SecretText, ClusterError> {
        #[derive(Deserialize)]
        struct Status {
            token: String,
        }
        #[derive(Deserialize)]
        struct Request {
            status: Status,
        }
        let kind = Resource { group: "", version: "v1", plural: "serviceaccounts" };
        let path = format!("{}/{}/token", path::objects(kind, Some(namespace))?, path::segment(name)?);
        let body = serde_json::json!({
            "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
            "spec": {"audiences": audiences, "expirationSeconds": seconds},
        })
        .to_string();
        let call =
            Call { method: Method::POST, body: Some((body.as_bytes(), JSON)), ..Call::get(path, kind.plural, name) };
        let request: Request = parsed(&self.call(&call)?)?;
        Ok(SecretText::new(request.status.token))
    }
}
