//! The fuzz targets on the stable tool chain: a bounded loop of mutated seeds over each.
//!
//! `SEALANT_FUZZ_SECONDS` (10) is shared by the targets; `SEALANT_FUZZ_SEED` repeats a run. An input that fails is kept
//! under `target/tmp/fuzz`, and the message says how to run it again (`SEALANT_FUZZ_INPUT=FILE`). The input being run is
//! always there too, for the failures that end the process. `SEALANT_FUZZ_SEEDS=FOLDER` only writes the seeds there: what
//! libFuzzer starts `decrypt_hostile` from, whose seeds are encrypted on the spot.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

pub mod external;
mod found;
mod keys;
pub mod mutate;
mod sealed;
mod seeds;
pub mod targets;

use mutate::{Random, mutate};

const TARGETS: u32 = 18;
/// One input of [`mutate::MAX_INPUT`] bytes takes milliseconds; a machine under load is given room.
const SLOW: Duration = Duration::from_secs(20);
/// What the whole process may have used at its peak.
const MAX_MEMORY_KIB: u64 = 4 * 1024 * 1024;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz")
}

/// The most memory this process ever used, where the system says.
fn peak_memory_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn run(name: &str, target: fn(&[u8])) {
    if let Some(file) = std::env::var_os("SEALANT_FUZZ_INPUT") {
        return target(&fs::read(file).unwrap());
    }
    let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let seed = number("SEALANT_FUZZ_SEED").unwrap_or(clock.as_nanos() as u64);
    let budget = Duration::from_secs(number("SEALANT_FUZZ_SECONDS").unwrap_or(10)) / TARGETS;
    fs::create_dir_all(folder()).unwrap();
    let current = folder().join(format!("{name}.current"));
    let seeds = seeds::of(name);
    assert!(!seeds.is_empty(), "no seeds for {name}");
    if let Some(to) = std::env::var_os("SEALANT_FUZZ_SEEDS") {
        let to = Path::new(&to).join(name);
        fs::create_dir_all(&to).unwrap();
        seeds.iter().enumerate().for_each(|(at, seed)| fs::write(to.join(at.to_string()), seed).unwrap());
        return;
    }
    let mut random = Random::new(seed);
    let begin = Instant::now();
    let mut runs = 0_usize;
    while begin.elapsed() < budget || runs < seeds.len() {
        let input = match seeds.get(runs) {
            Some(seed) => seed.clone(),
            None => mutate(&mut random, &seeds),
        };
        runs += 1;
        fs::write(&current, &input).unwrap();
        let started = Instant::now();
        let caught = std::panic::catch_unwind(|| target(&input));
        let slow = started.elapsed() > SLOW;
        if caught.is_err() || slow {
            let kept = folder().join(format!("{name}-{seed}-{runs}"));
            fs::write(&kept, &input).unwrap();
            let what = if slow { "took too long" } else { "failed" };
            panic!(
                "{name} {what} in run {runs} of SEALANT_FUZZ_SEED={seed}; again: SEALANT_FUZZ_INPUT={} cargo test --test it fuzz_{name}",
                kept.display()
            );
        }
    }
    fs::remove_file(&current).unwrap();
    let peak = peak_memory_kib().unwrap_or(0);
    assert!(peak < MAX_MEMORY_KIB, "{name} used {peak} KiB (SEALANT_FUZZ_SEED={seed})");
    println!("{name}: {runs} inputs, seed {seed}");
}

#[test]
fn fuzz_document_round_trip() {
    run("document_round_trip", targets::document_round_trip);
}

#[test]
fn fuzz_decrypt_hostile() {
    run("decrypt_hostile", targets::decrypt_hostile);
}

#[test]
fn fuzz_sops_yaml() {
    run("sops_yaml", targets::sops_yaml);
}

#[test]
fn fuzz_key_path() {
    run("key_path", targets::key_path);
}

#[test]
fn fuzz_metadata_mac() {
    run("metadata_mac", targets::metadata_mac);
}

#[test]
fn fuzz_json_round_trip() {
    run("json_round_trip", targets::json_round_trip);
}

#[test]
fn fuzz_dotenv_round_trip() {
    run("dotenv_round_trip", targets::dotenv_round_trip);
}

#[test]
fn fuzz_ini_round_trip() {
    run("ini_round_trip", targets::ini_round_trip);
}

#[test]
fn fuzz_toml_round_trip() {
    run("toml_round_trip", targets::toml_round_trip);
}

#[test]
fn fuzz_hcl_round_trip() {
    run("hcl_round_trip", targets::hcl_round_trip);
}

#[test]
fn fuzz_properties_round_trip() {
    run("properties_round_trip", targets::properties_round_trip);
}

#[test]
fn fuzz_keys_hostile() {
    run("keys_hostile", keys::keys_hostile);
}

#[test]
fn fuzz_sealed_hostile() {
    run("sealed_hostile", sealed::sealed_hostile);
}

#[test]
fn fuzz_resource_read() {
    run("resource_read", external::resource_read);
}

#[test]
fn fuzz_gjson_get() {
    run("gjson_get", external::gjson_get);
}

#[test]
fn fuzz_gjson_set() {
    run("gjson_set", external::gjson_set);
}

#[test]
fn fuzz_template_yaml() {
    run("template_yaml", external::template_yaml);
}

#[test]
fn fuzz_key_rewrite() {
    run("key_rewrite", external::key_rewrite);
}
