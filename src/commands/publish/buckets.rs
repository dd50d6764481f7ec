//! The client for Amazon S3 of one call: who we are comes from the environment, as the aws program reads it.

use super::job::Outcome;
use crate::commands::session::Session;
use crate::failure::Failure;

#[cfg(feature = "aws")]
pub use with_client::{Buckets, Object};

#[cfg(feature = "aws")]
mod with_client {
    use super::{Failure, Outcome, Session};
    use crate::commands::aws_login;
    use crate::fsio::clock;
    use crate::store::s3::{S3, S3Cause, S3Error};

    pub use crate::store::s3::Object;

    /// One client, for all buckets.
    #[derive(Debug, Default)]
    pub struct Buckets(Option<S3>);

    impl Buckets {
        /// Makes the client, if there is none yet, and finds out who we are. No bucket is asked.
        ///
        /// # Errors
        /// Settings that cannot be right; nobody is logged in.
        pub fn prepare(&mut self, session: &Session) -> Result<(), Failure> {
            if self.0.is_none() {
                let s3 = S3::load(&aws_login::login(&session.env))?;
                s3.log_in(clock::timestamp().into())?;
                self.0 = Some(s3);
            }
            Ok(())
        }

        /// Puts a file into its bucket.
        ///
        /// # Errors
        /// What S3 says.
        pub fn publish(&self, object: &Object, bytes: &[u8]) -> Result<Outcome, Failure> {
            let Some(s3) = &self.0 else {
                let text = "nobody has prepared the client for S3".to_owned();
                return Err(S3Error { cause: S3Cause::Settings, text, hint: None }.into());
            };
            s3.put(object, bytes, clock::timestamp().into())?;
            Ok(Outcome::Published(None))
        }
    }
}

#[cfg(not(feature = "aws"))]
pub use without_client::{Buckets, Object};

#[cfg(not(feature = "aws"))]
mod without_client {
    use super::{Failure, Outcome, Session};
    use crate::failure::Kind;

    fn no_client() -> Failure {
        Failure::new(Kind::Generic, "this build has no client for Amazon S3").hint("build it with the feature aws")
    }

    /// None.
    #[derive(Debug)]
    pub enum Object {}

    impl Object {
        /// There is no client.
        ///
        /// # Errors
        /// Always.
        pub fn new(_bucket: &str, _key: &str) -> Result<Self, Failure> {
            Err(no_client())
        }
    }

    /// None.
    #[derive(Debug, Default)]
    pub struct Buckets(());

    impl Buckets {
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
