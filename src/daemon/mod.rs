//! What a program that keeps running stands on, whatever it keeps up to date.
//!
//! | file | what it is for |
//! |---|---|
//! | [`http`] | health and numbers, for whoever asks |
//! | [`log`] | what happened, in lines |
//! | [`metrics`] | numbers for Prometheus |
//! | [`schedule`] | who is due when |
//! | [`stop`] | the end, a reload and news, for everybody who waits |

pub mod http;
pub mod log;
pub mod metrics;
pub mod schedule;
pub mod stop;
