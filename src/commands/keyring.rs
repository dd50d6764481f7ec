//! The key services of this machine, each with what it needs of the environment. A new kind of key is one line here.

#[cfg(feature = "aws")]
mod aws_kms;
#[cfg(feature = "azure")]
mod azure_kv;
#[cfg(feature = "gcp")]
mod gcp_kms;
mod pgp;
#[cfg(feature = "keyservice")]
pub mod remote;
#[cfg(feature = "vault")]
mod vault_transit;

use std::sync::Arc;

use super::identities;
use super::session::Session;
use crate::keyservice::KeyService;
use crate::keyservice::absent::Absent;
use crate::keyservice::huawei_kms::HuaweiKms;
use crate::sops::key::MasterKey;

/// All of them, those on this machine first. Nothing is read and nobody is called before a key needs it. The last ones know
/// the kinds that this build leaves out, and say so.
pub fn services(session: &Session) -> Vec<Arc<dyn KeyService>> {
    let mut services: Vec<Arc<dyn KeyService>> = vec![
        Arc::new(identities::age_keys(&session.env, &session.global.identity)),
        // before gpg, as whoever names keys in a file wants them used
        #[cfg(feature = "pgp")]
        Arc::new(pgp::native(&session.env)),
        Arc::new(pgp::service(&session.env)),
        #[cfg(feature = "vault")]
        Arc::new(vault_transit::service(&session.env)),
        #[cfg(feature = "aws")]
        Arc::new(aws_kms::service(&session.env)),
        #[cfg(feature = "gcp")]
        Arc::new(gcp_kms::service(&session.env)),
        #[cfg(feature = "azure")]
        Arc::new(azure_kv::service(&session.env)),
        Arc::new(HuaweiKms),
    ];
    for (is_there, absent) in OPTIONAL {
        if !is_there {
            services.push(Arc::new(absent));
        }
    }
    services
}

/// The kinds that a build may leave out, and whether this one has them.
const OPTIONAL: [(bool, Absent); 4] = [
    (
        cfg!(feature = "aws"),
        Absent { handles: |key| matches!(key, MasterKey::Kms { .. }), what: "AWS KMS", feature: "aws" },
    ),
    (
        cfg!(feature = "vault"),
        Absent { handles: |key| matches!(key, MasterKey::HcVault { .. }), what: "Vault transit", feature: "vault" },
    ),
    (
        cfg!(feature = "gcp"),
        Absent { handles: |key| matches!(key, MasterKey::GcpKms { .. }), what: "Google Cloud KMS", feature: "gcp" },
    ),
    (
        cfg!(feature = "azure"),
        Absent { handles: |key| matches!(key, MasterKey::AzureKv { .. }), what: "Azure Key Vault", feature: "azure" },
    ),
];
