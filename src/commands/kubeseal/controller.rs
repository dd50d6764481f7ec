//! All that asks a cluster: its configuration, and the controller behind the API server's proxy.

#[cfg(feature = "kube")]
pub use with_cluster::{Controller, Refusal, namespace};
#[cfg(not(feature = "kube"))]
pub use without_cluster::{Controller, Refusal, namespace};

#[cfg(feature = "kube")]
mod with_cluster {
    use crate::commands::cluster;
    use crate::commands::kubeseal::call::Call;
    use crate::commands::kubeseal::exit::Exit;
    use crate::fsio::output;
    use crate::k8s::{Cause, Client, ClusterError, Loaded, Overrides};
    use crate::secret::{SecretBytes, SecretText};

    const JSON: &str = "application/json";

    /// The namespace that kubeconfig files and the container say.
    ///
    /// # Errors
    /// Nothing says one, or the files cannot be used.
    pub fn namespace(call: &Call) -> Result<String, Exit> {
        Ok(load(call)?.namespace()?.name)
    }

    /// The controller of a cluster.
    pub struct Controller<'a> {
        client: Client,
        namespace: &'a str,
        name: &'a str,
        port: String,
    }

    /// Why the controller did not do what it was asked.
    pub enum Refusal {
        /// It cannot open the SealedSecret.
        CannotOpen,
        /// Something else; what client-go says.
        Other(String),
    }

    impl From<ClusterError> for Refusal {
        fn from(error: ClusterError) -> Self {
            match error.cause {
                Cause::Conflict => Self::CannotOpen,
                _ => Self::Other(error.text),
            }
        }
    }

    impl<'a> Controller<'a> {
        /// Finds its service.
        ///
        /// # Errors
        /// No cluster is configured, it cannot be reached, or there is no such service.
        pub fn connect(call: &'a Call) -> Result<Self, Exit> {
            let client = Client::new(load(call)?.config()?);
            let (namespace, name) = (call.given.text("controller-namespace"), call.given.text("controller-name"));
            let port = client.service_port_name(namespace, name).map_err(|error| {
                Exit::new(format!(
                    "cannot get sealed secret service: {}.\nPlease, use the flag --controller-name and \
                     --controller-namespace to set up the name and namespace of the sealed secrets controller",
                    error.text
                ))
            })?;
            Ok(Self { client, namespace, name, port })
        }

        /// Its newest certificate.
        ///
        /// # Errors
        /// It gives none.
        pub fn certificate(&self) -> Result<Vec<u8>, Exit> {
            let accept = "application/x-pem-file, */*";
            self.client
                .proxy_get(self.namespace, self.name, &self.port, "/v1/cert.pem", accept)
                .map_err(|error| Exit::new(format!("cannot fetch certificate: {}", error.text)))
        }

        /// Whether it can open a SealedSecret.
        ///
        /// # Errors
        /// [`Refusal`].
        pub fn verify(&self, json: &[u8]) -> Result<(), Refusal> {
            self.post("/v1/verify", json).map(drop)
        }

        /// The SealedSecret under its newest key, as JSON.
        ///
        /// # Errors
        /// [`Refusal`].
        pub fn rotate(&self, json: &[u8]) -> Result<SecretBytes, Refusal> {
            self.post("/v1/rotate", json)
        }

        fn post(&self, path: &str, json: &[u8]) -> Result<SecretBytes, Refusal> {
            Ok(self.client.proxy_post(self.namespace, self.name, &self.port, path, json, JSON)?.body)
        }
    }

    fn load(call: &Call) -> Result<Loaded, Exit> {
        let given = &call.given;
        let text = |name| given.text(name).to_owned();
        let path = |name| given.some(name).map(Into::into);
        let secret = |name| SecretText::new(text(name));
        let overrides = Overrides {
            kubeconfig: path("kubeconfig"),
            cluster: text("cluster"),
            user: text("user"),
            context: text("context"),
            namespace: call.explicit_namespace().unwrap_or_default().to_owned(),
            server: text("server"),
            tls_server_name: text("tls-server-name"),
            insecure_skip_tls_verify: given.is_on("insecure-skip-tls-verify"),
            client_certificate: path("client-certificate"),
            client_key: path("client-key"),
            certificate_authority: path("certificate-authority"),
            token: secret("token"),
            impersonate: text("as"),
            impersonate_uid: text("as-uid"),
            impersonate_groups: given.all("as-group").map(str::to_owned).collect(),
            username: text("username"),
            password: secret("password"),
            request_timeout: text("request-timeout"),
            proxy_url: text("proxy-url"),
            disable_compression: given.is_on("disable-compression"),
        };
        let loaded = cluster::load(overrides, &call.env)?;
        if let Some(warning) = loaded.warning() {
            output::warn(&warning);
        }
        Ok(loaded)
    }
}

#[cfg(not(feature = "kube"))]
mod without_cluster {
    use std::marker::PhantomData;

    use crate::commands::kubeseal::call::Call;
    use crate::commands::kubeseal::exit::Exit;
    use crate::secret::SecretBytes;

    fn no_cluster() -> Exit {
        Exit::new("this sealant was built without a client for clusters: name a certificate with --cert")
    }

    /// Nothing says one.
    ///
    /// # Errors
    /// Always.
    pub fn namespace(_: &Call) -> Result<String, Exit> {
        Err(no_cluster())
    }

    /// There is none.
    pub struct Controller<'a>(std::convert::Infallible, PhantomData<&'a ()>);

    /// Never happens.
    #[allow(dead_code, reason = "there is nobody who could refuse")]
    pub enum Refusal {
        /// It cannot open the SealedSecret.
        CannotOpen,
        /// Something else.
        Other(String),
    }

    impl<'a> Controller<'a> {
        /// Always fails.
        ///
        /// # Errors
        /// Always.
        pub fn connect(_: &'a Call) -> Result<Self, Exit> {
            Err(no_cluster())
        }

        /// Never called.
        ///
        /// # Errors
        /// Never.
        pub fn certificate(&self) -> Result<Vec<u8>, Exit> {
            match self.0 {}
        }

        /// Never called.
        ///
        /// # Errors
        /// Never.
        pub fn verify(&self, _: &[u8]) -> Result<(), Refusal> {
            match self.0 {}
        }

        /// Never called.
        ///
        /// # Errors
        /// Never.
        pub fn rotate(&self, _: &[u8]) -> Result<SecretBytes, Refusal> {
            match self.0 {}
        }
    }
}
