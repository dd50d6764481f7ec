//! The requests that we make, each with a limit in time and size, repeated where the server asks for it. No redirect is followed, as
//! the credentials would go along.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use ureq::Agent;
use ureq::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use ureq::http::{Method, Request};
use zeroize::Zeroizing;

use super::error::{Cause, ClusterError, Refusal};
use super::exec::{self, Credentials};
use super::settings::{Config, Login};
use super::transport::{self, Came, Sent};
use super::waiting::{Cancel, Ended};
use super::{path, retry};
use crate::secret::{self, SecretBytes, SecretText};

/// For one try, where nobody says otherwise.
const ATTEMPT: Duration = Duration::from_secs(60);
/// For a request with all its repetitions, where nobody says otherwise.
const WHOLE: Duration = Duration::from_secs(180);
/// An answer that is one object, or a certificate.
const SMALL: usize = 8 * 1024 * 1024;
/// A list of secrets.
pub(super) const LARGE: usize = 128 * 1024 * 1024;
/// Credentials that expire sooner are replaced now.
const MARGIN: jiff::SignedDuration = jiff::SignedDuration::from_secs(10);
pub(super) const JSON: &str = "application/json";

/// A good answer.
#[derive(Debug)]
pub struct Answer {
    /// From 200 to 206.
    pub status: u16,
    /// What came.
    pub body: SecretBytes,
}

/// How something got into the cluster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stored {
    /// It was not there before.
    Created,
    /// It took the place of what was there.
    Replaced,
}

/// One request that was sent, and what came of it.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// `GET`, for instance.
    pub method: &'static str,
    /// The object; empty for lists.
    pub name: &'a str,
    /// The status; `None` without an answer.
    pub status: Option<u16>,
    /// Whether the answer is a good one, or says that there is no such object.
    pub is_good: bool,
}

type Witness = Box<dyn Fn(&Exchange<'_>) + Send + Sync>;

/// A cluster. Threads share it.
pub struct Client {
    witness: Option<Witness>,
    config: Config,
    cancel: Cancel,
    limits: Limits,
    session: Mutex<Option<Session>>,
}

#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) attempt: Duration,
    pub(super) whole: Duration,
    pub(super) small: usize,
}

/// Who we are now, and a connection for it.
struct Session {
    agent: Agent,
    credentials: Credentials,
}

/// One request. `resource` and `name` are for messages.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) resource: &'a str,
    pub(super) name: &'a str,
    pub(super) accept: &'a str,
    pub(super) body: Option<(&'a [u8], &'a str)>,
    pub(super) secret_body: bool,
    pub(super) limit: usize,
}

impl<'a> Call<'a> {
    pub(super) fn get(path: String, resource: &'a str, name: &'a str) -> Self {
        Self { method: Method::GET, path, resource, name, accept: JSON, body: None, secret_body: false, limit: SMALL }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.config.server)
    }
}

impl Client {
    /// A client. Nothing is connected, and no program started, before the first request.
    pub fn new(config: Config) -> Self {
        let whole = config.timeout.unwrap_or(WHOLE);
        let limits = Limits { attempt: config.timeout.unwrap_or(ATTEMPT), whole, small: SMALL };
        Self { witness: None, config, cancel: Cancel::default(), limits, session: Mutex::new(None) }
    }

    #[cfg(test)]
    pub(super) fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    #[cfg(test)]
    pub(super) fn config_mut(&mut self) -> &mut Config {
        &mut self.config
    }

    /// Tells `witness` of every request once it is over, also of one that repeats another.
    #[must_use]
    pub fn witnessed_by(mut self, witness: impl Fn(&Exchange<'_>) + Send + Sync + 'static) -> Self {
        self.witness = Some(Box::new(witness));
        self
    }

    fn witness(&self, call: &Call<'_>, outcome: Option<&Outcome>) {
        let (status, is_good) = match outcome {
            Some(Outcome::Answer(answer)) => (Some(answer.status), true),
            Some(Outcome::Refused(error, _)) => (error.status, is_missing(error, call.name)),
            Some(Outcome::Broken(error)) => (error.status, false),
            None => (None, false),
        };
        let method = match call.method.as_str() {
            "GET" => "GET",
            "POST" => "POST",
            "PATCH" => "PATCH",
            "DELETE" => "DELETE",
            _ => "PUT",
        };
        if let Some(witness) = &self.witness {
            witness(&Exchange { method, name: call.name, status, is_good });
        }
    }

    /// What stops its requests.
    pub fn canceller(&self) -> Cancel {
        self.cancel.clone()
    }

    /// Where it is.
    pub fn server(&self) -> String {
        self.config.server.to_string().trim_end_matches('/').to_owned()
    }

    /// The name of the first port of a service; empty when it has none.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub fn service_port_name(&self, namespace: &str, name: &str) -> Result<String, ClusterError> {
        #[derive(Deserialize, Default)]
        struct Port {
            #[serde(default)]
            name: String,
        }
        #[derive(Deserialize, Default)]
        struct Spec {
            #[serde(default)]
            ports: Vec<Port>,
        }
        #[derive(Deserialize)]
        struct Service {
            #[serde(default)]
            spec: Spec,
        }
        let path = path::service(namespace, name)?;
        let answer = self.call(&Call::get(path, "services", name))?;
        let service: Service = parsed(&answer)?;
        Ok(service.spec.ports.into_iter().next().unwrap_or_default().name)
    }

    /// What a service answers to GET, through the API server.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub fn proxy_get(
        &self,
        namespace: &str,
        service: &str,
        port_name: &str,
        path: &str,
        accept: &str,
    ) -> Result<Vec<u8>, ClusterError> {
        let name = format!("http:{service}:{port_name}");
        let path = path::proxy(namespace, &name, path)?;
        let answer = self.call(&Call { accept, ..Call::get(path, "services", &name) })?;
        Ok(answer.body.expose().to_vec())
    }

    /// What a service answers to POST, through the API server. Bad answers are errors, of which 409 is [`Cause::Conflict`].
    ///
    /// # Errors
    /// [`ClusterError`].
    pub fn proxy_post(
        &self,
        namespace: &str,
        service: &str,
        port_name: &str,
        path: &str,
        body: &[u8],
        content_type: &str,
    ) -> Result<Answer, ClusterError> {
        let name = format!("http:{service}:{port_name}");
        let path = path::proxy(namespace, &name, path)?;
        let accept = "application/json, */*";
        self.call(&Call {
            method: Method::POST,
            accept,
            body: Some((body, content_type)),
            ..Call::get(path, "services", &name)
        })
    }

    /// A secret, as JSON.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub fn secret(&self, namespace: &str, name: &str) -> Result<SecretBytes, ClusterError> {
        let path = format!("{}/{}", path::secrets(Some(namespace))?, path::segment(name)?);
        Ok(self.call(&Call::get(path, "secrets", name))?.body)
    }

    /// The secrets with these labels (`a=b,c`), as a list in JSON; of all namespaces when none is given.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub fn secrets(&self, namespace: Option<&str>, labels: &str) -> Result<SecretBytes, ClusterError> {
        let path = match labels {
            "" => path::secrets(namespace)?,
            labels => format!("{}?labelSelector={}", path::secrets(namespace)?, path::escaped(labels)),
        };
        Ok(self.call(&Call { limit: LARGE, ..Call::get(path, "secrets", "") })?.body)
    }

    /// Puts a secret, which is JSON, into the cluster, in the place of one with its name if there is one.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub fn create_or_replace_secret(&self, namespace: &str, name: &str, json: &[u8]) -> Result<Stored, ClusterError> {
        let path = path::secrets(Some(namespace))?;
        let body = Some((json, JSON));
        let create = Call { method: Method::POST, body, secret_body: true, ..Call::get(path.clone(), "secrets", "") };
        match self.call(&create) {
            Ok(_) => return Ok(Stored::Created),
            Err(error) if error.cause == Cause::Conflict => {}
            Err(error) => return Err(error),
        }
        let path = format!("{path}/{}", path::segment(name)?);
        self.call(&Call { method: Method::PUT, body, secret_body: true, ..Call::get(path, "secrets", name) })?;
        Ok(Stored::Replaced)
    }

    /// The version of the API server, such as `v1.33.1`.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub fn version(&self) -> Result<String, ClusterError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Version {
            git_version: String,
        }
        let version: Version = parsed(&self.call(&Call::get("/version".into(), "", ""))?)?;
        Ok(version.git_version)
    }

    /// Whether the API server says that it is ready.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub fn ready(&self) -> Result<(), ClusterError> {
        self.call(&Call { accept: "*/*", ..Call::get("/readyz".into(), "", "") }).map(drop)
    }

    pub(super) fn call(&self, call: &Call<'_>) -> Result<Answer, ClusterError> {
        let (agent, authorization) = self.log_in()?;
        let answer = self.repeated(&agent, call, authorization.as_ref());
        match &answer {
            Err(error) if error.cause == Cause::Cancelled => agent.shutdown(),
            Err(error) if error.cause == Cause::Unauthorized && matches!(self.config.login, Login::Plugin(_)) => {
                // the program is asked again the next time
                *self.session.lock().unwrap_or_else(PoisonError::into_inner) = None;
            }
            _ => {}
        }
        answer
    }

    /// A connection, and what to say on it.
    fn log_in(&self) -> Result<(Agent, Option<HeaderValue>), ClusterError> {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let is_good =
            |session: &Session| session.credentials.expires.is_none_or(|end| end > (self.config.now)() + MARGIN);
        let current = match session.take().filter(is_good) {
            Some(current) => current,
            None => self.begin()?,
        };
        let current = session.insert(current);
        let header = match &self.config.login {
            Login::None => None,
            Login::Token(token) => Some(bearer(token.expose())?),
            Login::TokenFile(path) => {
                let read = (self.config.read)(path);
                let text = read.map_err(|error| {
                    let text = super::error::io_text("open", path, &error);
                    ClusterError::new(
                        Cause::BadConfig,
                        format!("failed to read token file {:?}: {text}", path.display().to_string()),
                    )
                })?;
                let token = std::str::from_utf8(text.expose()).unwrap_or_default().trim();
                if token.is_empty() {
                    let text = format!("read empty token from file {:?}", path.display().to_string());
                    return Err(ClusterError::new(Cause::BadConfig, text));
                }
                Some(bearer(token)?)
            }
            Login::Basic(user, password) => {
                let pair = Zeroizing::new(format!("{user}:{}", password.expose()));
                let encoded = Zeroizing::new(base64_simd::STANDARD.encode_to_string(pair.as_bytes()));
                Some(authorization("Basic", &encoded)?)
            }
            Login::Plugin(_) => current.credentials.token.as_ref().map(|token| bearer(token.expose())).transpose()?,
        };
        Ok((current.agent.clone(), header))
    }

    fn begin(&self) -> Result<Session, ClusterError> {
        let credentials = match &self.config.login {
            Login::Plugin(plugin) => exec::run(plugin)?,
            _ => Credentials::default(),
        };
        let own = credentials.own.as_ref().or(self.config.own.as_ref());
        Ok(Session { agent: transport::agent(&self.config, own, self.limits.attempt)?, credentials })
    }

    fn repeated(
        &self,
        agent: &Agent,
        call: &Call<'_>,
        authorization: Option<&HeaderValue>,
    ) -> Result<Answer, ClusterError> {
        let request = self.shown(call);
        let begin = (self.config.now)();
        let left = || {
            let passed = Duration::try_from((self.config.now)().duration_since(begin)).unwrap_or_default();
            self.limits.whole.saturating_sub(passed)
        };
        let ended = |ended| match ended {
            Ended::Cancelled => ClusterError::new(Cause::Cancelled, format!("{request}: cancelled")),
            Ended::Late => transport::late(&request, self.limits.whole),
        };
        let mut tries = 0;
        loop {
            let mut random = [0];
            // without randomness the pauses are merely all alike
            _ = secret::random(&mut random);
            let sent = self.request(call, authorization)?;
            let (agent, limit) = (agent.clone(), self.limit(call));
            let came = self.cancel.wait_for(left(), move || transport::exchange(&agent, sent, limit));
            let came = came.map_err(|error| {
                self.witness(call, None);
                ended(error)
            })?;
            let outcome = match came {
                Ok(came) => self.understood(call, came, authorization, &request),
                Err(error) => {
                    Outcome::Broken(transport::no_answer(&request, &error, &self.config, self.limits.attempt))
                }
            };
            self.witness(call, Some(&outcome));
            let pause = match &outcome {
                Outcome::Answer(_) => None,
                Outcome::Refused(error, after) => {
                    retry::pause(error.status.unwrap_or_default(), after.as_deref(), random[0])
                }
                Outcome::Broken(error) => {
                    // what may have been done already is not done again
                    let again = call.method == Method::GET
                        && (error.text.ends_with(": EOF") || error.text.ends_with("reset by peer"));
                    again.then(|| retry::pause_after_break(random[0]))
                }
            };
            let Some(pause) = pause.filter(|_| tries < retry::MOST) else { return outcome.into() };
            let left = left();
            self.cancel.pause(pause.min(left)).map_err(ended)?;
            if pause >= left {
                return Err(ended(Ended::Late));
            }
            tries += 1;
        }
    }

    fn limit(&self, call: &Call<'_>) -> usize {
        if call.limit == SMALL { self.limits.small } else { call.limit }
    }

    fn understood(&self, call: &Call<'_>, came: Came, authorization: Option<&HeaderValue>, request: &str) -> Outcome {
        let status = came.status;
        if (300..400).contains(&status) {
            return Outcome::Broken(redirected(request, status, came.location.as_deref()));
        }
        let Some(body) = came.body else {
            let text = format!("{request}: the answer is larger than {} bytes", self.limit(call));
            return Outcome::Broken(ClusterError { status: Some(status), ..ClusterError::new(Cause::BadAnswer, text) });
        };
        if (200..=206).contains(&status) {
            return Outcome::Answer(Answer { status, body });
        }
        let hidden = self.hidden(authorization);
        let refusal = Refusal {
            status,
            method: call.method.as_str(),
            resource: call.resource,
            name: call.name,
            content_type: came.content_type.as_deref(),
            body: body.expose(),
            hidden: &[hidden.expose()],
            secret_body: call.secret_body,
        };
        Outcome::Refused(refusal.error(), came.retry_after)
    }

    /// What no message may repeat.
    fn hidden(&self, authorization: Option<&HeaderValue>) -> SecretText {
        let said = authorization.and_then(|value| value.to_str().ok()).unwrap_or_default();
        SecretText::new(said.split_once(' ').map_or("", |(_, secret)| secret).to_owned())
    }

    fn request(&self, call: &Call<'_>, authorization: Option<&HeaderValue>) -> Result<Sent, ClusterError> {
        let mut builder = Request::builder()
            .method(call.method.clone())
            .uri(format!("{}{}", self.server(), call.path))
            .header(ACCEPT, call.accept);
        if let Some(value) = authorization {
            builder = builder.header(AUTHORIZATION, value);
        }
        let acting = &self.config.impersonation;
        if !acting.user.is_empty() {
            builder = builder.header("impersonate-user", &acting.user);
            if !acting.uid.is_empty() {
                builder = builder.header("impersonate-uid", &acting.uid);
            }
            for group in &acting.groups {
                builder = builder.header("impersonate-group", group);
            }
            for (key, value) in
                acting.extra.iter().flat_map(|(key, values)| values.iter().map(move |value| (key, value)))
            {
                builder = builder.header(format!("impersonate-extra-{}", path::escaped(&key.to_lowercase())), value);
            }
        }
        if let Some((_, content_type)) = call.body {
            builder = builder.header(CONTENT_TYPE, content_type);
        }
        let body = call.body.map(|(body, _)| Zeroizing::new(body.to_vec()));
        let bad = "the name of the user, uid or group to act as cannot be sent";
        builder.body(body).map_err(|_| ClusterError::new(Cause::BadConfig, bad))
    }

    /// `Get "https://…"`, as Go prints requests.
    fn shown(&self, call: &Call<'_>) -> String {
        let verb = match call.method.as_str() {
            "GET" => "Get",
            "POST" => "Post",
            "PATCH" => "Patch",
            "DELETE" => "Delete",
            _ => "Put",
        };
        format!("{verb} \"{}{}\"", self.server(), call.path)
    }
}

/// Whether the server says that there is no object of this name: `secrets "a" not found`. One that does not know its kind, or is
/// no cluster, says 404, too; what client-go makes of that has the name without quotes.
pub(super) fn is_missing(error: &ClusterError, name: &str) -> bool {
    error.cause == Cause::NotFound && !name.is_empty() && error.text.contains(&format!("{name:?}"))
}

enum Outcome {
    Answer(Answer),
    /// With what the server says about when to come again.
    Refused(ClusterError, Option<String>),
    Broken(ClusterError),
}

impl From<Outcome> for Result<Answer, ClusterError> {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Answer(answer) => Ok(answer),
            Outcome::Refused(error, _) | Outcome::Broken(error) => Err(error),
        }
    }
}

fn redirected(request: &str, status: u16, location: Option<&str>) -> ClusterError {
    // a query may hold what is secret
    let to = location.and_then(|location| location.split(['?', '#']).next()).unwrap_or("an unnamed place");
    let to: String = to.rsplit('@').next().unwrap_or_default().chars().take(300).collect();
    let text = format!("{request}: redirects to {to}, which is not followed, as the credentials would go along");
    let error =
        ClusterError::new(Cause::Server, text).hint("if you trust that place, name it as the server in the kubeconfig");
    ClusterError { status: Some(status), ..error }
}

pub(super) fn parsed<T: for<'de> Deserialize<'de>>(answer: &Answer) -> Result<T, ClusterError> {
    serde_json::from_slice(answer.body.expose()).map_err(|_| {
        ClusterError::new(Cause::BadAnswer, "the answer is not one of a Kubernetes API server")
            .hint("is the server in the kubeconfig the address of a cluster?")
    })
}

fn bearer(token: &str) -> Result<HeaderValue, ClusterError> {
    authorization("Bearer", token)
}

fn authorization(scheme: &str, secret: &str) -> Result<HeaderValue, ClusterError> {
    let text = Zeroizing::new(format!("{scheme} {secret}"));
    let mut value = HeaderValue::from_str(&text)
        .map_err(|_| ClusterError::new(Cause::BadConfig, "the token has characters that no token has"))?;
    value.set_sensitive(true);
    Ok(value)
}
