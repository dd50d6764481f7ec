//! What a process that holds secrets asks of the system: no core dumps, and room for many open files.

/// Makes a panic say where it happened and nothing else: its message may hold the text that is being worked on.
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        use std::io::Write as _;
        let at = panic.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        let text = "please report it, with the shape of the file but without its values";
        // nobody to tell when standard error is gone
        drop(writeln!(std::io::stderr(), "sealant: internal error{at}\nhint: this is a defect of sealant: {text}"));
    }));
}

/// Handles that must stay free: standard streams, the signal pipe, the threads that wait for the disk, folders.
#[cfg(unix)]
const SPARE_FILES: usize = 32;

/// Turns core dumps off and, on Linux, keeps other processes of the same user from reading our memory.
/// Best effort: a system that refuses leaves us as we were. Child programs are not concerned.
pub fn harden_process() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// How many files may be held open at once, out of `wanted`. The limit is raised as far as the system allows when it is too
/// low.
pub fn room_for_files(wanted: usize) -> usize {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let needed = wanted.saturating_add(SPARE_FILES) as u64;
        let mut limit = getrlimit(Resource::Nofile);
        if limit.current.is_some_and(|current| current < needed) {
            limit.current = limit.maximum;
            // macOS says "no limit" but takes no more than this
            if limit.current.is_none() && cfg!(target_vendor = "apple") {
                limit.current = Some(10_240);
            }
            _ = setrlimit(Resource::Nofile, limit);
        }
        match getrlimit(Resource::Nofile).current {
            Some(current) => wanted.min(usize::try_from(current).unwrap_or(usize::MAX).saturating_sub(SPARE_FILES)),
            None => wanted,
        }
    }
    #[cfg(not(unix))]
    wanted
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

    #[test]
    fn limits_are_set() {
        super::harden_process();
        assert_eq!(getrlimit(Resource::Core).current, Some(0));
        assert_eq!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
        assert_eq!(super::room_for_files(1), 1);
        let room = super::room_for_files(usize::MAX) as u64;
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
        assert!(limit.current.is_none_or(|limit| room < limit));
    }
}
