//! The key services of this machine, each with what it needs of the environment. A new kind of key is one line here.

mod aws_kms;

use std::sync::Arc;

use super::identities;
use super::session::Session;
use crate::keyservice::KeyService;

/// All of them, those on this machine first. Nothing is read and nobody is called before a key needs it.
pub fn services(session: &Session) -> Vec<Arc<dyn KeyService>> {
    vec![Arc::new(identities::age_keys(&session.env, &session.global.identity)), aws_kms::service(&session.env)]
}
