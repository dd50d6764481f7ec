//! The SealedSecret scheme: values that everybody can seal with a cluster's certificate and only the cluster can open.
//!
//! Mirrors bitnami-labs/sealed-secrets 0.36 `pkg/crypto` and `pkg/apis/sealedsecrets/v1alpha1`. Pure: bytes, keys and `now` are
//! arguments.
//!
//! | file | what it is for |
//! |---|---|
//! | [`scope`] | what a sealed value is bound to |
//! | [`blob`] | the layout of one sealed value |
//! | [`pem`] | PEM blocks, read as Go reads them |
//! | [`certificate`] | the certificate of a sealing key |
//! | [`public`] | sealing |
//! | [`private`] | opening, with one key |
//! | [`chain`] | opening, with all keys at hand |
//! | [`clusters`] | `sealant.yaml`: which clusters there are |
//! | [`mod@file`] | the SealedSecrets of a file, and changing their items in place |
//! | [`keyfile`] | the files that private keys come in |
//! | [`resource`] | the SealedSecret resource |

pub mod blob;
pub mod certificate;
pub mod chain;
pub mod clusters;
pub mod file;
pub mod keyfile;
pub mod pem;
pub mod private;
pub mod public;
pub mod resource;
pub mod scope;

pub use certificate::{Certificate, CertificateError};
pub use chain::{KeyChain, NoKeyOpens};
pub use keyfile::{KeyFileError, SealingKey};
pub use private::{KeyError, OpenError, PrivateKey};
pub use public::{PublicKey, SealError};
pub use resource::SealedSecret;
pub use scope::Scope;
