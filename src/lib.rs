//! Sealant moves secret values between a person's editor, a Git repository, a secret store and a
//! cluster, and nothing but the secret value changes on the way.
//!
//! The map. Arrows point down only; siblings never import each other.
//!
//! | room | what it is for |
//! |---|---|
//! | [`commands`] | drive: one file per subcommand |
//! | [`sync`] | drive: from ExternalSecrets to what their Secrets hold |
//! | [`daemon`] | drive: what keeps running: schedules, health, metrics, logs |
//! | [`failure`] | drive: errors of every room turned into exit codes and hints |
//! | [`fsio`] | outside world: files, standard input, terminal, environment |
//! | [`keyservice`] | outside world: who can wrap and unwrap a data key |
//! | [`store`] | outside world: where secrets live outside of files |
//! | [`k8s`] | outside world: a Kubernetes cluster |
//! | [`net`] | below these three: what they share of the network |
//! | [`sops`] | pure: the SOPS file |
//! | [`external`] | pure: ExternalSecrets, their stores, and what becomes of their values |
//! | [`sealed`] | pure: the SealedSecret scheme |
//! | [`manifest`] | pure: Kubernetes manifests, read and printed as Go does it |
//! | [`template`] | pure: Go's text/template with the functions of sprig |
//! | [`document`] | pure: text as leaves with byte spans |
//! | [`pattern`] | leaf: regular expressions as Go reads them |
//! | [`secret`] | leaf: wiping types and the one random source |
//!
//! # As a library
//!
//! The pure rooms need no feature: [`sops::file`] encrypts and decrypts bytes under a data key. With the default features the
//! key services wrap and unwrap that key, too:
//!
#![cfg_attr(feature = "cli", doc = "```")]
#![cfg_attr(not(feature = "cli"), doc = "```ignore")]
//! use sealant::document::kind::DocumentKind;
//! use sealant::document::open::Reading;
//! use sealant::keyservice::KeyRing;
//! use sealant::keyservice::age::{AgeKeys, Given, IdentitySource, generate};
//! use sealant::secret::{SecretBytes, SecretText};
//! use sealant::sops::file::{Plain, Settings, SopsFile};
//! use sealant::sops::key::{DataKey, MasterKey};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let alice = generate();
//!
//! // encrypt a .env file for Alice
//! let recipient = MasterKey::Age { recipient: alice.recipient.clone() };
//! let key = DataKey::generate()?;
//! let (groups, shamir_threshold) =
//!     KeyRing::new(vec![std::sync::Arc::new(AgeKeys::without_identities())]).wrap_all(&[vec![recipient]], 0, &key)?;
//! let plain = Plain::parse(DocumentKind::Dotenv, b"TOKEN=hunter2\n".to_vec().into(), Reading::default())?;
//! let settings = Settings { groups, shamir_threshold, ..Settings::new("2026-11-25T12:00:00Z") };
//! let text = plain.encrypt(&key, &settings, None)?.text;
//!
//! // and open it with her identity
//! let identity = SecretBytes::new(alice.identity.expose().as_bytes().to_vec());
//! let source = IdentitySource { label: "alice".into(), given: Given::File(identity) };
//! let nobody = |_: &str| -> Option<SecretText> { None };
//! let ring = KeyRing::new(vec![std::sync::Arc::new(AgeKeys::new(vec![source], nobody))]);
//! let file = SopsFile::parse(DocumentKind::Dotenv, text.into_bytes().into())?;
//! let key = ring.unwrap(&file.metadata().groups, file.metadata().shamir_threshold).map_err(|_| "not for us")?;
//! assert_eq!(file.decrypt(&key, false)?.bytes(), b"TOKEN=hunter2\n");
//! # Ok(())
//! # }
//! ```

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests set up files and look at them"))]

#[cfg(feature = "cli")]
pub mod commands;
#[cfg(feature = "cli")]
pub mod daemon;
pub mod document;
pub mod external;
#[cfg(feature = "cli")]
pub mod failure;
#[cfg(feature = "cli")]
pub mod fsio;
#[cfg(feature = "kube")]
pub mod k8s;
#[cfg(feature = "cli")]
pub mod keyservice;
pub mod manifest;
#[cfg(feature = "cli")]
pub mod net;
pub mod pattern;
pub mod sealed;
pub mod secret;
pub mod sops;
#[cfg(feature = "cli")]
pub mod store;
#[cfg(feature = "cli")]
pub mod sync;
pub mod template;
