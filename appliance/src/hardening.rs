//! What this process gives up before it holds anything worth taking: core dumps, new privileges, and
//! calls of the kernel that a signing daemon never needs. The systemd unit takes more; this holds
//! without it.

mod syscalls;

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, dumpable_behavior, getrlimit, set_dumpable_behavior,
    setrlimit,
};

/// Turns core dumps and new privileges off and denies the calls, for all threads of this process and
/// what it might start.
///
/// # Errors
/// What could not be turned off, and what to do.
pub fn harden() -> Result<(), String> {
    if getrlimit(Resource::Core).current != Some(0) {
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        setrlimit(Resource::Core, none)
            .map_err(|error| format!("core dumps cannot be turned off: {error}"))?;
    }
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|error| format!("the process cannot be made undumpable: {error}"))?;
    syscalls::deny()
}

/// What is in force, as the operating system tells it.
///
/// # Errors
/// What is not, and what to do.
pub fn in_force() -> Result<String, String> {
    let cores = getrlimit(Resource::Core).current == Some(0);
    let dumpable = dumpable_behavior().map_err(|error| error.to_string())?;
    if !cores || dumpable != DumpableBehavior::NotDumpable {
        return Err("core dumps are on; start with the unit in `deploy/systemd`".to_owned());
    }
    let status = std::fs::read_to_string("/proc/self/status")
        .map_err(|error| format!("cannot read `/proc/self/status`: {error}"))?;
    let told = |name: &str| {
        let mut lines = status.lines();
        lines
            .find_map(|line| line.strip_prefix(name))
            .map(str::trim)
    };
    if told("NoNewPrivs:") != Some("1") || told("Seccomp:") != Some("2") {
        return Err(
            "new privileges, or calls of the kernel that are never needed, are not denied; this kernel \
             lacks seccomp filters"
                .to_owned(),
        );
    }
    Ok(format!(
        "core dumps are off, no new privileges, {} calls of the kernel denied",
        syscalls::count()
    ))
}

/// Keeps every page of this process out of swap, for custody that has key bytes in memory. Pages
/// are locked as they come into use: allocators reserve far more than that.
///
/// # Errors
/// The operating system refuses: the limit on locked memory is too low.
pub fn lock_memory() -> std::io::Result<()> {
    let all = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE;
    Ok(mlockall(all | MlockAllFlags::ONFAULT)?)
}
