//! What a program that keeps running stands on, whatever it keeps up to date.
//!
//! | file | what it is for |
//! |---|---|
//! | [`schedule`] | who is due when |
//! | [`stop`] | the end, a reload and news, for everybody who waits |

pub mod schedule;
pub mod stop;
