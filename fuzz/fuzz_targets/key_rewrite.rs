//! See `external.rs`.

#![no_main]

#[allow(dead_code, reason = "a target is one of the functions")]
#[path = "../../tests/it/fuzz/external.rs"]
mod external;

libfuzzer_sys::fuzz_target!(|data: &[u8]| external::key_rewrite(data));
