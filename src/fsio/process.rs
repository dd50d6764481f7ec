//! What we use of the machine.

/// What a process uses; `None` where the system does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Memory that is in RAM, in bytes.
    pub resident_bytes: Option<u64>,
    /// Time spent computing, in seconds.
    pub cpu_seconds: Option<f64>,
    /// Files and sockets that are open.
    pub open_files: Option<u64>,
    /// How many may be open.
    pub most_open_files: Option<u64>,
}

/// What this process uses now.
pub fn usage() -> Usage {
    Usage {
        resident_bytes: resident(),
        cpu_seconds: cpu_seconds(),
        open_files: open_files(),
        most_open_files: most_open_files(),
    }
}

/// The line `VmRSS:  1234 kB` of `/proc/self/status`.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let size = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    size.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|size| size.saturating_mul(1_024))
}

#[cfg(unix)]
#[expect(clippy::cast_precision_loss, reason = "seconds of computing are few")]
fn cpu_seconds() -> Option<f64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(time.tv_sec as f64 + time.tv_nsec as f64 / 1e9)
}

#[cfg(not(unix))]
fn cpu_seconds() -> Option<f64> {
    None
}

fn open_files() -> Option<u64> {
    let entries = std::fs::read_dir("/proc/self/fd").ok()?;
    // one of them is what we list them with
    u64::try_from(entries.count()).ok().map(|count| count.saturating_sub(1))
}

#[cfg(unix)]
fn most_open_files() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

#[cfg(not(unix))]
fn most_open_files() -> Option<u64> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn the_system_tells() {
        let usage = super::usage();
        assert!(usage.resident_bytes.unwrap() > 100_000);
        assert!(usage.cpu_seconds.unwrap() > 0.0);
        assert!(usage.open_files.unwrap() >= 3);
        assert!(usage.most_open_files.is_none_or(|most| most >= usage.open_files.unwrap()));
    }
}
