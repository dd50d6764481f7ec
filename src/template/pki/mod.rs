//! Keys, certificates and the stores that hold them, in the forms that templates turn into each other.

pub(super) mod certificate;
pub(super) mod der;
pub(super) mod issue;
pub(super) mod jwk;
pub(super) mod pem;
pub(super) mod pkcs12;
pub(super) mod private;
