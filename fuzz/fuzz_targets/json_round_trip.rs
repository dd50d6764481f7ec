//! See `targets.rs`.

#![no_main]

#[allow(dead_code, reason = "a target is one of the functions")]
#[path = "../../tests/it/fuzz/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::json_round_trip(data));
