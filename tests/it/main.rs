//! The one integration test binary; one module per subject.

mod corpus;
mod interop;
mod peers;
