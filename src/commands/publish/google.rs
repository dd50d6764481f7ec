//! The client for Google Cloud Storage of one call: who we are are Google's application default credentials, as for sops, or
//! nobody where the environment names an emulator.

use super::job::Outcome;
use crate::commands::session::Session;
use crate::failure::Failure;

#[cfg(feature = "gcp")]
pub use with_client::{Google, Object};

#[cfg(feature = "gcp")]
mod with_client {
    use super::{Failure, Outcome, Session};
    use crate::fsio::env::Var;
    use crate::net::google::{GoogleError, Identity, Login};
    use crate::store::gcs::{Gcs, GcsError};

    pub use crate::store::gcs::Object;

    /// One client, for all buckets.
    #[derive(Debug, Default)]
    pub struct Google(Option<Gcs>);

    impl Google {
        /// Makes the client, if there is none yet, and finds out who we are. No bucket is asked.
        ///
        /// # Errors
        /// Settings that cannot be right; nobody is logged in.
        pub fn prepare(&mut self, session: &Session) -> Result<(), Failure> {
            if self.0.is_none() {
                let gcs = match session.env.text(Var::StorageEmulatorHost) {
                    Some(address) => Gcs::emulator(address)?,
                    None => {
                        let identity = Identity::new(&Login::Default).map_err(GcsError::Client)?;
                        Gcs::new(identity, session.env.text(Var::GoogleCloudUniverseDomain))?
                    }
                };
                gcs.log_in()?;
                self.0 = Some(gcs);
            }
            Ok(())
        }

        /// Puts a file into its bucket.
        ///
        /// # Errors
        /// What Google says.
        pub fn publish(&self, object: &Object, bytes: &[u8]) -> Result<Outcome, Failure> {
            let Some(gcs) = &self.0 else {
                let text = "nobody has prepared the client for Google Cloud Storage".to_owned();
                return Err(GcsError::Client(GoogleError::Credentials(text)).into());
            };
            gcs.put(object, bytes)?;
            Ok(Outcome::Published(None))
        }
    }
}

#[cfg(not(feature = "gcp"))]
pub use without_client::{Google, Object};

#[cfg(not(feature = "gcp"))]
mod without_client {
    use super::{Failure, Outcome, Session};
    use crate::failure::Kind;

    fn no_client() -> Failure {
        Failure::new(Kind::Generic, "this build has no client for Google Cloud Storage")
            .hint("build it with the feature gcp")
    }

    /// None.
    #[derive(Debug)]
    pub enum Object {}

    impl Object {
        /// There is no client.
        ///
        /// # Errors
        /// Always.
        pub fn new(_bucket: &str, _name: &str) -> Result<Self, Failure> {
            Err(no_client())
        }
    }

    /// None.
    #[derive(Debug, Default)]
    pub struct Google(());

    impl Google {
        /// There is no client.
        ///
        /// # Errors
        /// Always.
        pub fn prepare(&mut self, _session: &Session) -> Result<(), Failure> {
            Err(no_client())
        }

        /// There is no client.
        ///
        /// # Errors
        /// Always.
        pub fn publish(&self, object: &Object, _bytes: &[u8]) -> Result<Outcome, Failure> {
            match *object {}
        }
    }
}
